import Diagnostics
import YAMLTree

/// A file as lines, with what of each is text, comment or structure.
struct LineLayout {
  let tree: Tree
  let isBroken: Bool
  /// Without their line ends.
  let lines: [[UInt8]]
  /// Offsets at which lines start.
  private let starts: [Int]
  /// Ranges of scalars in the order of the file.
  private let scalars: [Range<Int>]
  /// Lines that continue a scalar: their blanks may mean something.
  private let textLines: Set<Int>
  private let bytes: [UInt8]

  init(_ source: [UInt8]) {
    // Byte order marks and CR mean nothing in YAML, so the layout is that of the file without them.
    var bytes: [UInt8] = []
    bytes.reserveCapacity(source.count)
    let body = source.starts(with: [0xEF, 0xBB, 0xBF]) ? source.dropFirst(3) : source[...]
    var index = body.startIndex
    while index < body.endIndex {
      if body[index] == 0x0D, index + 1 < body.endIndex, body[index + 1] == 0x0A {
        index += 1
        continue
      }
      bytes.append(body[index])
      index += 1
    }
    self.bytes = bytes
    let parsed = Tree.parse(SourceFile(path: "", bytes: bytes))
    tree = parsed.tree
    isBroken = parsed.findings.contains { $0.severity == .error }
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
    if lines.last?.isEmpty == true { lines.removeLast() }
    self.lines = lines
    var starts: [Int] = []
    var offset = 0
    for line in lines {
      starts.append(offset)
      offset += line.count + 1
    }
    self.starts = starts
    var ranges: [Range<Int>] = []
    for document in parsed.tree.documents { Self.collect(document, bytes.count, &ranges) }
    scalars = ranges.sorted { $0.lowerBound < $1.lowerBound }
    var text: Set<Int> = []
    for range in scalars {
      let first = Self.line(of: range.lowerBound, starts)
      // A block's end may lie at the start of the line after it.
      let last = Self.line(of: max(range.lowerBound, range.upperBound - 1), starts)
      if last > first { text.formUnion((first + 1)...last) }
    }
    textLines = text
  }

  private static func collect(_ node: Node, _ end: Int, _ ranges: inout [Range<Int>]) {
    if node.isScalar {
      if node.range.end > node.range.start { ranges.append(node.range.start..<min(end, node.range.end)) }
      return
    }
    for (key, value) in node.entries {
      collect(key, end, &ranges)
      collect(value, end, &ranges)
    }
    for element in node.elements { collect(element, end, &ranges) }
  }

  static func join(_ lines: [[UInt8]]) -> [UInt8] {
    var bytes: [UInt8] = []
    for line in lines {
      bytes += line
      bytes.append(0x0A)
    }
    return bytes
  }

  // MARK: Questions

  private static func line(of offset: Int, _ starts: [Int]) -> Int {
    var low = 0
    var high = starts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }

  func line(of offset: Int) -> Int { Self.line(of: offset, starts) }

  func column(of offset: Int) -> Int { offset - starts[line(of: offset)] }

  func isInsideText(_ line: Int) -> Bool { textLines.contains(line) }

  /// The number of blanks before a line's first character.
  func indent(_ line: Int) -> Int { lines[line].prefix { $0 == 0x20 }.count }

  func isBlank(_ line: Int) -> Bool {
    !isInsideText(line) && lines[line].allSatisfy { $0 == 0x20 || $0 == 0x09 }
  }

  func isComment(_ line: Int) -> Bool {
    !isInsideText(line) && lines[line].drop { $0 == 0x20 || $0 == 0x09 }.first == UInt8(ascii: "#")
  }

  func isMarker(_ line: Int) -> Bool {
    let text = lines[line]
    return text.starts(with: Array("---".utf8)) || text.starts(with: Array("...".utf8))
      || text.first == UInt8(ascii: "%")
  }

  /// True for a collection in block style.
  func isBlock(_ node: Node) -> Bool {
    guard node.kind == .mapping || node.kind == .sequence, node.range.start < bytes.count else {
      return false
    }
    return bytes[node.range.start] != UInt8(ascii: "{") && bytes[node.range.start] != UInt8(ascii: "[")
  }

  /// True when something is named to be used again: then the order of lines is part of the meaning.
  var hasReferences: Bool {
    lines.indices.contains { index in
      !isComment(index) && lines[index].contains { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: "*") }
    }
  }

  /// The line after the document's last.
  func lastLine(ofDocumentAt line: Int) -> Int {
    var index = line
    while index < lines.count, index == line || !isMarker(index) || isInsideText(index) { index += 1 }
    return index
  }

  /// The texts of all comments, from `#` on.
  var comments: [String] {
    var comments: [String] = []
    var next = 0
    for (index, line) in lines.enumerated() {
      var previous: UInt8 = 0x20
      for (column, byte) in line.enumerated() {
        let offset = starts[index] + column
        while next < scalars.count, scalars[next].upperBound <= offset { next += 1 }
        let isText = next < scalars.count && scalars[next].contains(offset)
        if byte == UInt8(ascii: "#"), previous == 0x20 || previous == 0x09, !isText {
          let text = String(decoding: line[column...], as: UTF8.self)
          comments.append(String(text.reversed().drop { $0 == " " || $0 == "\t" }.reversed()))
          break
        }
        previous = byte
      }
    }
    return comments
  }
}

/// New indents for the lines of a file: two blanks to a level, lists as deep as their key.
struct Indentation {
  private let layout: LineLayout
  /// The indent that a line shall have, where a node starts on it.
  private var wanted: [Int: Int] = [:]

  init(_ layout: LineLayout) {
    self.layout = layout
    for document in layout.tree.documents where layout.isBlock(document) { place(document, 0) }
  }

  /// - Parameter column: where the collection's keys or dashes shall stand.
  private mutating func place(_ node: Node, _ column: Int) {
    switch node.kind {
    case .mapping:
      for (key, value) in node.entries where Self.isOwn(key, of: node) {
        set(key.range.start, column)
        guard Self.isOwn(value, of: node), layout.isBlock(value) else { continue }
        // `key: - a` is no YAML; a block value stands on lines of its own.
        place(value, value.kind == .sequence ? column : column + 2)
      }
    case .sequence:
      for element in node.elements where Self.isOwn(element, of: node) {
        guard let dash = dash(before: element.range.start) else { continue }
        set(dash, column)
        // Further blanks behind the dash are the author's.
        let depth = layout.column(of: element.range.start) - layout.column(of: dash)
        if layout.isBlock(element) { place(element, column + depth) }
      }
    default: break
    }
  }

  /// False for what an alias or a merge key brought from elsewhere.
  private static func isOwn(_ node: Node, of parent: Node) -> Bool {
    !node.isMerged && parent.range.start <= node.range.start && node.range.end <= parent.range.end
  }

  /// The offset of the dash that leads to an element.
  private func dash(before offset: Int) -> Int? {
    let line = layout.line(of: offset)
    let text = layout.lines[line]
    var column = layout.column(of: offset)
    while column > 0 {
      column -= 1
      if text[column] == UInt8(ascii: "-") { return offset - (layout.column(of: offset) - column) }
      guard text[column] == 0x20 else { return nil }
    }
    return nil
  }

  private mutating func set(_ offset: Int, _ column: Int) {
    let line = layout.line(of: offset)
    // What follows a dash moves with it.
    guard layout.indent(line) == layout.column(of: offset), wanted[line] == nil else { return }
    wanted[line] = column
  }

  /// All lines with their new indents.
  mutating func lines() -> [[UInt8]] {
    var deltas: [Int?] = layout.lines.indices.map { line in wanted[line].map { $0 - layout.indent(line) } }
    // Comments go with the line below them, or with the one above where they stand as deep as that.
    var previous: Int?
    for line in layout.lines.indices {
      if deltas[line] != nil {
        previous = line
        continue
      }
      if layout.isBlank(line) || layout.isMarker(line) && !layout.isInsideText(line) { continue }
      guard layout.isComment(line) else {
        deltas[line] = previous.flatMap { deltas[$0] } ?? 0
        continue
      }
      let next = layout.lines.indices[line...].first { wanted[$0] != nil && !layout.isMarker($0) }
      let depth = layout.indent(line)
      if let next, layout.indent(next) == depth {
        deltas[line] = deltas[next]
      } else if let previous, layout.indent(previous) == depth {
        deltas[line] = deltas[previous]
      } else {
        deltas[line] = next.flatMap { deltas[$0] } ?? previous.flatMap { deltas[$0] } ?? 0
      }
    }
    return layout.lines.indices.map { line in
      let text = layout.lines[line]
      guard let delta = deltas[line], delta != 0, !text.isEmpty else { return text }
      if delta > 0 { return Array(repeating: 0x20, count: delta) + text }
      return Array(text.dropFirst(min(-delta, layout.indent(line))))
    }
  }
}
