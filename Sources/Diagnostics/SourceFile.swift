import Synchronization

/// A text that findings can point into: its path from the fleet's root and its bytes, as they are.
///
/// A class because every range of a file shares one copy of its bytes.
package final class SourceFile: Sendable {
  /// The path from the root of the source, with `/`.
  package let path: String
  package let bytes: [UInt8]
  private let lines: Mutex<[Int]?> = Mutex(nil)
  /// Code points before each block of bytes, for files with long lines.
  private let blockStarts: Mutex<[Int]?> = Mutex(nil)
  private static let block = 4096

  package init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }

  /// The byte offset at which each line starts. A line ends at LF alone, as editors and CI platforms
  /// count (YAML 1.1 also ends lines at U+2028, which would move every position after it).
  package var lineStarts: [Int] {
    lines.withLock { cached in
      if let cached { return cached }
      var starts = [0]
      for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
      cached = starts
      return starts
    }
  }

  /// A place as people count: both numbers start at 1, the column counts code points.
  package struct Position: Sendable, Hashable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
      self.line = line
      self.column = column
    }
  }

  /// The position of a byte offset; offsets beyond the end are the end. Logarithmic in the lines, and independent of
  /// their length.
  package func position(of offset: Int) -> Position {
    let starts = lineStarts
    let clamped = min(max(offset, 0), bytes.count)
    var low = 0
    var high = starts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= clamped { low = middle } else { high = middle }
    }
    var index = starts[low]
    if index == 0, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = min(3, clamped) }
    return Position(line: low + 1, column: codePoints(in: index..<max(index, clamped)) + 1)
  }

  /// The code points that begin in a range of bytes.
  private func codePoints(in range: Range<Int>) -> Int {
    guard range.count > 2 * Self.block else { return count(range) }
    let before = codePointsBeforeBlocks
    let (first, last) = (range.lowerBound / Self.block + 1, range.upperBound / Self.block)
    return count(range.lowerBound..<first * Self.block) + before[last] - before[first]
      + count(last * Self.block..<range.upperBound)
  }

  private func count(_ range: Range<Int>) -> Int {
    var count = 0
    for index in range where bytes[index] & 0xC0 != 0x80 { count += 1 }
    return count
  }

  private var codePointsBeforeBlocks: [Int] {
    blockStarts.withLock { cached in
      if let cached { return cached }
      var starts = [0]
      var total = 0
      for (offset, byte) in bytes.enumerated() {
        if byte & 0xC0 != 0x80 { total += 1 }
        if (offset + 1) % Self.block == 0 { starts.append(total) }
      }
      cached = starts
      return starts
    }
  }

  /// The bytes of a line (numbered from 1) without its line end and without a byte order mark; none for a
  /// line that does not exist.
  package func bounds(ofLine line: Int) -> Range<Int> {
    let starts = lineStarts
    guard line >= 1, line <= starts.count else { return bytes.count..<bytes.count }
    var start = starts[line - 1]
    var end = line < starts.count ? starts[line] - 1 : bytes.count
    if start == 0, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
    if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return start..<max(start, end)
  }

  /// A line (numbered from 1) without its line end, decoded with replacement characters.
  package func text(ofLine line: Int) -> String {
    String(decoding: bytes[bounds(ofLine: line)], as: UTF8.self)
  }
}

/// A range of bytes in a source file, half open.
package struct SourceRange: Sendable, Hashable {
  package let file: SourceFile
  package let start: Int
  package let end: Int

  package init(file: SourceFile, start: Int, end: Int) {
    self.file = file
    self.start = start
    self.end = max(start, end)
  }

  /// The start of a file, for findings about the file as a whole.
  package init(wholeFile file: SourceFile) {
    self.init(file: file, start: 0, end: 0)
  }

  package var startPosition: SourceFile.Position { file.position(of: start) }
  package var endPosition: SourceFile.Position { file.position(of: end) }

  package static func == (a: SourceRange, b: SourceRange) -> Bool {
    a.file === b.file && a.start == b.start && a.end == b.end
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(file))
    hasher.combine(start)
    hasher.combine(end)
  }
}
