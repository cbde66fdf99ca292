/// The canonical text of a tree: block style, two spaces, lists not indented under their key, LF, strings
/// quoted whenever any YAML 1.1 or 1.2 reader could take them for something else.
///
/// Equal trees give equal bytes. Linear in the tree, but for the sorting of each mapping's keys.
package struct YAMLWriter {
  /// Where a key stands among its siblings, by the hash of its text: lower first, equal by their bytes.
  package typealias KeyRank = (UInt32) -> Int

  /// An entry of the mappings that are being written.
  private struct Item {
    let rank: Int
    let key: Int
    let value: Int
  }

  private var output: [UInt8] = []
  private let rank: KeyRank?
  /// The entries of the mappings around, the innermost last: one array for all.
  private var items: [Item] = []

  /// `rank` orders keys; without it they keep the order of the tree.
  package init(rank: KeyRank? = nil, capacity: Int = 1024) {
    self.rank = rank
    output.reserveCapacity(capacity)
  }

  /// The bytes of one document, without `---`, with a final newline.
  package static func write(_ node: Node, rank: KeyRank? = nil) -> [UInt8] {
    var writer = YAMLWriter(rank: rank)
    writer.document(node)
    return writer.output.trimmed()
  }

  /// Appends one document.
  package mutating func document(_ node: Node) {
    node.tree.withRecords { document(node.index, $0) }
  }

  /// Ends the writing.
  package consuming func finish() -> [UInt8] { output }

  // MARK: Collections

  private mutating func document(_ node: Int, _ tree: TreeRecords) {
    let node = tree.target(node)
    switch tree.kind(node) {
    case .mapping where tree.count(node) > 0: mapping(node, tree, indent: 0, isFirstInline: false)
    case .sequence where tree.count(node) > 0: sequence(node, tree, indent: 0, isFirstInline: false)
    default:
      scalar(node, tree, indent: 0)
      newline()
    }
  }

  /// `isFirstInline`: the first entry continues the line of a list item's dash.
  private mutating func mapping(_ node: Int, _ tree: TreeRecords, indent: Int, isFirstInline: Bool) {
    let start = items.count
    var isSorted = true
    tree.forEachEntry(of: node) { key, value in
      let item = Item(rank: rank?(tree.hash(key)) ?? 0, key: key, value: value)
      if isSorted, items.count > start, Self.precedes(item, items[items.count - 1], tree) { isSorted = false }
      items.append(item)
    }
    if rank != nil, !isSorted { items[start...].sort { Self.precedes($0, $1, tree) } }
    for position in start..<items.count {
      if !isFirstInline || position > start { spaces(indent) }
      let item = items[position]
      entry(item.key, item.value, tree, indent: indent)
    }
    items.removeSubrange(start...)
  }

  private static func precedes(_ a: Item, _ b: Item, _ tree: TreeRecords) -> Bool {
    if a.rank != b.rank { return a.rank < b.rank }
    return tree.text(a.key).lexicographicallyPrecedes(tree.text(b.key))
  }

  private mutating func entry(_ key: Int, _ value: Int, _ tree: TreeRecords, indent: Int) {
    let start = output.count
    string(tree.text(key), indent: indent, allowsLiteral: false)
    if output.count - start > 1000 {
      // Readers accept at most 1,024 characters before the colon of a simple key.
      output.insert(contentsOf: "? ".utf8, at: start)
      newline()
      spaces(indent)
    }
    output.append(UInt8(ascii: ":"))
    switch tree.kind(value) {
    case .mapping where tree.count(value) > 0:
      newline()
      mapping(value, tree, indent: indent + 2, isFirstInline: false)
    case .sequence where tree.count(value) > 0:
      newline()
      sequence(value, tree, indent: indent, isFirstInline: false)
    default:
      output.append(UInt8(ascii: " "))
      scalar(value, tree, indent: indent)
      newline()
    }
  }

  private mutating func sequence(_ node: Int, _ tree: TreeRecords, indent: Int, isFirstInline: Bool) {
    var inline = isFirstInline
    tree.forEachElement(of: node) { element in
      if !inline { spaces(indent) }
      inline = false
      output.append(UInt8(ascii: "-"))
      output.append(UInt8(ascii: " "))
      switch tree.kind(element) {
      case .mapping where tree.count(element) > 0:
        mapping(element, tree, indent: indent + 2, isFirstInline: true)
      case .sequence where tree.count(element) > 0:
        sequence(element, tree, indent: indent + 2, isFirstInline: true)
      default:
        scalar(element, tree, indent: indent)
        newline()
      }
    }
  }

  // MARK: Scalars

  private mutating func scalar(_ node: Int, _ tree: TreeRecords, indent: Int) {
    let text = tree.text(node)
    switch tree.kind(node) {
    case .mapping: append("{}")
    case .sequence: append("[]")
    case .null: append("null")
    case .boolean: append(ScalarResolution.isTrue(text) ? "true" : "false")
    case .integer:
      if let value = ScalarResolution.integer(text) {
        integer(value)
      } else if let value = ScalarResolution.unsigned(text) {
        append(String(value))
      } else {
        output.append(contentsOf: text)
      }
    case .float: append(Self.float(ScalarResolution.float(String(decoding: text, as: UTF8.self)) ?? 0))
    case .string, .alias: string(text, indent: indent, allowsLiteral: true)
    }
  }

  private mutating func integer(_ value: Int) {
    if value >= 0, value < 10 {
      output.append(UInt8(ascii: "0") + UInt8(value))
    } else {
      append(String(value))
    }
  }

  /// Digits on both sides of a point, so that YAML 1.1 readers see a number too.
  private static func float(_ value: Double) -> String {
    if value.isNaN { return ".nan" }
    if value.isInfinite { return value < 0 ? "-.inf" : ".inf" }
    let text = value.description
    guard let e = text.firstIndex(of: "e"), !text[..<e].contains(".") else { return text }
    return text[..<e] + ".0" + text[e...]
  }

  private mutating func string(_ text: UnsafeBufferPointer<UInt8>, indent: Int, allowsLiteral: Bool) {
    switch StringStyle.choose(text, allowsLiteral: allowsLiteral) {
    case .plain: output.append(contentsOf: text)
    case .quoted: quoted(text)
    case .literal: literal(text, indent: indent + 2)
    }
  }

  /// Double quotes with JSON's escapes, which every YAML reader knows; one line however long.
  private mutating func quoted(_ text: UnsafeBufferPointer<UInt8>) {
    output.append(UInt8(ascii: "\""))
    var rest = text[...]
    while let byte = rest.first {
      if byte >= 0x80 {
        // The rest has to be decoded: some characters beyond ASCII are escaped.
        for scalar in String(decoding: rest, as: UTF8.self).unicodeScalars { quoted(scalar) }
        break
      }
      quoted(Unicode.Scalar(byte))
      rest.removeFirst()
    }
    output.append(UInt8(ascii: "\""))
  }

  private mutating func quoted(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "\"": append("\\\"")
    case "\\": append("\\\\")
    case "\n": append("\\n")
    case "\t": append("\\t")
    case "\r": append("\\r")
    default:
      if scalar.isASCII, scalar.value >= 0x20, scalar.value < 0x7F {
        output.append(UInt8(truncatingIfNeeded: scalar.value))
      } else if StringStyle.isPrintable(scalar) {
        output.append(contentsOf: Unicode.UTF8.encode(scalar) ?? Unicode.UTF8.encodedReplacementCharacter)
      } else {
        escape(scalar)
      }
    }
  }

  private mutating func escape(_ scalar: Unicode.Scalar) {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    let width = scalar.value > 0xFFFF ? 8 : 4
    append(width == 8 ? "\\U" : "\\u")
    append(String(repeating: "0", count: width - digits.count) + digits)
  }

  /// A literal block; the text has no line that a block could change.
  private mutating func literal(_ text: UnsafeBufferPointer<UInt8>, indent: Int) {
    let endsWithNewline = text.last == UInt8(ascii: "\n")
    append(endsWithNewline ? "|" : "|-")
    for line in text.dropLast(endsWithNewline ? 1 : 0).split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    {
      newline()
      guard !line.isEmpty else { continue }
      spaces(indent)
      output.append(contentsOf: line)
    }
  }

  private mutating func newline() { output.append(UInt8(ascii: "\n")) }

  private mutating func spaces(_ count: Int) {
    for _ in 0..<count { output.append(UInt8(ascii: " ")) }
  }

  private mutating func append(_ text: String) { output.append(contentsOf: text.utf8) }
}
