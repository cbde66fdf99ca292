package import Diagnostics
package import YAMLTree

/// The bytes of a Corefile, and where each of them stands for a reader: in a file of its own, or inside a ConfigMap.
package struct CorefileText: Sendable {
  private enum Place: Sendable {
    case file(SourceFile)
    /// A literal block of a YAML file: a line of the text starts at `starts[n]` in the file.
    case lines(SourceFile, textStarts: [Int], starts: [Int])
    /// A quoted scalar: its escapes are not followed, findings point at it as a whole.
    case scalar(SourceRange)
  }

  package let bytes: [UInt8]
  private let place: Place

  /// A Corefile in a file of its own.
  package init(_ file: SourceFile) {
    bytes = file.bytes
    place = .file(file)
  }

  /// A Corefile as the value of a ConfigMap's key. Linear in the text.
  package init(_ node: Node) {
    bytes = node.withText { Array($0) }
    let range = node.range
    if node.style == .literal, let starts = Self.lineStarts(of: bytes, in: range) {
      place = .lines(range.file, textStarts: Self.starts(bytes), starts: starts)
    } else {
      place = .scalar(range)
    }
  }

  /// The source of a part of the text.
  package func range(_ part: Range<Int>) -> SourceRange {
    switch place {
    case .file(let file): return SourceRange(file: file, start: part.lowerBound, end: part.upperBound)
    case .scalar(let range): return range
    case .lines(let file, let textStarts, let starts):
      let start = Self.translate(part.lowerBound, textStarts, starts)
      let end = Self.translate(max(part.lowerBound, part.upperBound - 1), textStarts, starts)
      return SourceRange(file: file, start: start, end: end + (part.isEmpty ? 0 : 1))
    }
  }

  /// The source of the text as a whole.
  package var start: SourceRange { range(0..<0) }

  /// What findings add where the range alone does not show the line.
  package func line(of offset: Int) -> String? {
    guard case .scalar = place else { return nil }
    let line = bytes[..<min(offset, bytes.count)].count { $0 == UInt8(ascii: "\n") }
    return "line \(line + 1) of the Corefile"
  }

  private static func starts(_ bytes: [UInt8]) -> [Int] {
    var starts = [0]
    for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
    return starts
  }

  private static func translate(_ offset: Int, _ textStarts: [Int], _ starts: [Int]) -> Int {
    var low = 0
    var high = textStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if textStarts[middle] <= offset { low = middle } else { high = middle }
    }
    guard low < starts.count else { return starts.last ?? 0 }
    return starts[low] + offset - textStarts[low]
  }

  /// Where the lines of a literal block start in the file, after their indentation; nil when the block does not
  /// stand there line by line as expected.
  private static func lineStarts(of text: [UInt8], in range: SourceRange) -> [Int]? {
    let source = range.file.bytes
    guard var position = source[range.start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    position += 1
    var starts: [Int] = []
    for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      let end = source[position...].firstIndex(of: UInt8(ascii: "\n")) ?? source.endIndex
      var content = end
      if content > position, source[content - 1] == UInt8(ascii: "\r"), line.last != UInt8(ascii: "\r") {
        content -= 1
      }
      let start = content - line.count
      guard start >= position || line.isEmpty else {
        // The last line of a text that ends with a line feed is empty and has no line in the source.
        return starts.isEmpty ? nil : starts
      }
      guard line.isEmpty || source[start..<content].elementsEqual(line) else { return nil }
      starts.append(line.isEmpty ? min(position, content) : start)
      position = min(end + 1, source.endIndex)
    }
    return starts
  }
}
