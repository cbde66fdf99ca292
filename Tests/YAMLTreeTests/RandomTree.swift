import Diagnostics
import TestSupport
import YAMLTree

/// A value to be written and read back.
indirect enum Value: Equatable {
  case null
  case boolean(Bool)
  case integer(Int)
  case float(Double)
  case string(String)
  case list([Value])
  case mapping([(key: String, value: Value)])

  static func == (a: Value, b: Value) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.boolean(let x), .boolean(let y)): x == y
    case (.integer(let x), .integer(let y)): x == y
    case (.float(let x), .float(let y)): x == y
    case (.string(let x), .string(let y)): x.utf8.elementsEqual(y.utf8)
    case (.list(let x), .list(let y)): x == y
    case (.mapping(let x), .mapping(let y)):
      x.count == y.count
        && zip(x, y).allSatisfy { $0.key.utf8.elementsEqual($1.key.utf8) && $0.value == $1.value }
    default: false
    }
  }

  /// What a node of a tree holds; nil for a number that does not fit.
  init?(_ node: Node) {
    switch node.kind {
    case .null: self = .null
    case .boolean: self = .boolean(node.boolean ?? false)
    case .integer:
      guard let value = node.integer else { return nil }
      self = .integer(value)
    case .float:
      guard let value = node.number else { return nil }
      self = .float(value)
    case .string: self = .string(node.text)
    case .sequence: self = .list(node.elements.compactMap { Value($0) })
    case .mapping:
      self = .mapping(node.entries.compactMap { key, value in Value(value).map { (key.text, $0) } })
    case .alias: return nil
    }
  }

  func build(in builder: inout TreeBuilder) {
    switch self {
    case .null: builder.null()
    case .boolean(let value): builder.boolean(value)
    case .integer(let value): builder.integer(value)
    case .float(let value): builder.float(value)
    case .string(let value): builder.string(value)
    case .list(let values):
      let index = builder.open(.sequence)
      for value in values { value.build(in: &builder) }
      builder.close(index, count: values.count)
    case .mapping(let entries):
      let index = builder.open(.mapping)
      for (key, value) in entries {
        builder.key(key)
        value.build(in: &builder)
      }
      builder.close(index, count: entries.count)
    }
  }

  /// The value as a tree of one document.
  var tree: Tree {
    var builder = TreeBuilder(file: .init(path: "built.yaml", bytes: []))
    builder.beginDocument()
    build(in: &builder)
    return builder.finish()
  }

  /// The value as the canonical writer writes it.
  var yaml: [UInt8] { tree.root.map { YAMLWriter.write($0) } ?? [] }
}

extension Value {
  static func random(depth: Int, using random: inout SeededGenerator) -> Value {
    switch Int.random(in: 0..<(depth > 0 ? 10 : 7), using: &random) {
    case 0: .null
    case 1: .boolean(.random(using: &random))
    case 2: .integer(.random(in: .min ... .max, using: &random) >> Int.random(in: 0..<63, using: &random))
    case 3: .float(randomFloat(using: &random))
    case 7:
      .list(
        (0..<Int.random(in: 0..<5, using: &random)).map { _ in .random(depth: depth - 1, using: &random) })
    case 8, 9: randomMapping(depth: depth, using: &random)
    default: .string(randomText(using: &random))
    }
  }

  private static func randomMapping(depth: Int, using random: inout SeededGenerator) -> Value {
    var entries: [(key: String, value: Value)] = []
    var known: Set<[UInt8]> = []
    for _ in 0..<Int.random(in: 0..<22, using: &random) {
      let key = randomText(using: &random)
      if known.insert(Array(key.utf8)).inserted {
        entries.append((key, .random(depth: depth - 1, using: &random)))
      }
    }
    return .mapping(entries)
  }

  private static func randomFloat(using random: inout SeededGenerator) -> Double {
    let value = Double(bitPattern: random.next())
    return value.isFinite ? value : 0.5
  }

  private static let pieces: [String] = [
    " ", "  ", "\n", "\n\n", ":", ": ", " #", "#", "-", "- ", "?", "'", "\"", "\\", "\t", "\r", "\r\n", "{",
    "}", "[",
    "]", ",", "&", "*", "!", "|", ">", "%", "@", "`", "~", "null", "true", "on", "0", "1", "1e3", "0x", "a",
    "b", "key",
    "é", "日本", "🎉", "\u{85}", "\u{2028}", "\u{FEFF}", "\u{0}", "\u{7F}", "\u{9F}", "\u{FFFF}", "e\u{301}",
    "<<", "=",
    "---", "...", ".", "/", "_", "$", "{{", "some longer text",
  ]

  static func randomText(using random: inout SeededGenerator) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0..<6, using: &random) {
      text += pieces[Int.random(in: 0..<pieces.count, using: &random)]
    }
    return text
  }
}
