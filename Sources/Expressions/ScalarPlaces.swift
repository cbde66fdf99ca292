package import Diagnostics
package import YAMLTree

/// Where the bytes of a scalar's text stand in its source: an expression is read from the text, and what is wrong
/// with it is shown in the file, across quotes, escapes, folded lines and indentation.
package struct ScalarPlaces: Sendable {
  private let node: Node
  /// For each byte of the text, and for its end, the offset in the source.
  private let offsets: [Int]

  /// Linear in the scalar's source.
  package init(_ node: Node) {
    self.node = node
    let text = Array(node.text.utf8)
    let source = node.tree.file.bytes
    let range = node.range
    var offsets: [Int] = []
    offsets.reserveCapacity(text.count + 1)
    var position = min(range.start, source.count)
    let end = min(range.end, source.count)
    switch node.style {
    case .singleQuoted, .doubleQuoted: position += 1
    case .literal, .folded:
      while position < end, source[position] != UInt8(ascii: "\n") { position += 1 }
      position += 1
    case .plain: break
    }
    while offsets.count < text.count, position < end {
      let byte = text[offsets.count]
      if node.style == .doubleQuoted, source[position] == UInt8(ascii: "\\") {
        position += Self.escape(source, position, end, text, &offsets)
      } else if source[position] == byte {
        offsets.append(position)
        position += 1
        if node.style == .singleQuoted, byte == UInt8(ascii: "'") { position += 1 }
      } else if Self.isSpace(source[position]) {
        // A folded line end stands for one space; indentation stands for nothing.
        if source[position] == UInt8(ascii: "\n"), byte == UInt8(ascii: " ") { offsets.append(position) }
        position += 1
      } else {
        break
      }
    }
    let last = offsets.last.map { $0 + 1 } ?? range.start
    while offsets.count <= text.count { offsets.append(min(last, max(range.end, range.start))) }
    self.offsets = offsets
  }

  /// The place of a range of the text.
  package func range(_ bytes: Range<Int>) -> SourceRange {
    let first = min(max(bytes.lowerBound, 0), offsets.count - 1)
    let last = min(max(bytes.upperBound - 1, first), offsets.count - 1)
    let end = bytes.isEmpty ? offsets[first] : offsets[last] + 1
    return SourceRange(file: node.tree.file, start: offsets[first], end: max(end, offsets[first]))
  }

  /// Takes one escape; returns how many bytes of source it is long.
  private static func escape(
    _ source: [UInt8], _ position: Int, _ end: Int, _ text: [UInt8], _ offsets: inout [Int]
  ) -> Int {
    guard position + 1 < end else { return 1 }
    let length: Int
    switch source[position + 1] {
    case UInt8(ascii: "x"): length = 4
    case UInt8(ascii: "u"): length = 6
    case UInt8(ascii: "U"): length = 10
    case UInt8(ascii: "\n"): return 2
    default: length = 2
    }
    // One code point of the text: its first byte and the bytes that go on with it.
    offsets.append(position)
    while offsets.count < text.count, text[offsets.count] & 0xC0 == 0x80 { offsets.append(position) }
    return length
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t")
      || byte == UInt8(ascii: "\r")
  }
}
