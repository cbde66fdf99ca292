import Diagnostics
import Snapshot
import YAMLTree

/// A value of a document that is being written: ordered, with comments.
indirect enum SpecValue: Equatable, Sendable {
  case text(String)
  case integer(Int)
  /// A number as it is written, where it is no integer that fits.
  case number(String)
  case boolean(Bool)
  case null
  case list([SpecValue])
  case map(SpecMap)

  /// Copies what somebody wrote. Linear.
  init(_ node: Node) {
    switch node.kind {
    case .null, .alias: self = .null
    case .boolean: self = .boolean(node.boolean ?? false)
    case .integer: self = node.integer.map { .integer($0) } ?? .number(node.text)
    case .float: self = .number(node.text)
    case .string: self = .text(node.text)
    case .sequence: self = .list(node.elements.map { SpecValue($0) })
    case .mapping: self = .map(SpecMap(node.entries.map { SpecMap.Entry($0.key.text, SpecValue($0.value)) }))
    }
  }

  static func texts(_ texts: some Sequence<String>) -> SpecValue { .list(texts.map { .text($0) }) }

  static func map(_ entries: KeyValuePairs<String, SpecValue?>) -> SpecValue { .map(SpecMap(entries)) }

  /// `{matchLabels: …}`
  static func selector(_ labels: [(key: String, value: String)]) -> SpecValue {
    .map(["matchLabels": .map(SpecMap(labels.map { SpecMap.Entry($0.key, .text($0.value)) }))])
  }

  var map: SpecMap? { if case .map(let map) = self { map } else { nil } }
}

/// A mapping in the order in which it is written.
struct SpecMap: Equatable, Sendable {
  struct Entry: Equatable, Sendable {
    var key: String
    var value: SpecValue
    /// Lines above the entry.
    var comment: [String] = []
    /// Behind the value, on its line.
    var remark: String?

    init(_ key: String, _ value: SpecValue, comment: [String] = [], remark: String? = nil) {
      self.key = key
      self.value = value
      self.comment = comment
      self.remark = remark
    }

    static func == (a: Entry, b: Entry) -> Bool { a.key == b.key && a.value == b.value }
  }

  var entries: [Entry]

  init(_ entries: [Entry] = []) { self.entries = entries }

  /// Leaves out what is nil.
  init(_ pairs: KeyValuePairs<String, SpecValue?>) {
    entries = pairs.compactMap { key, value in value.map { Entry(key, $0) } }
  }

  subscript(key: String) -> SpecValue? {
    get { entries.first { $0.key == key }?.value }
    set {
      guard let index = entries.firstIndex(where: { $0.key == key }) else {
        if let newValue { entries.append(Entry(key, newValue)) }
        return
      }
      if let newValue { entries[index].value = newValue } else { entries.remove(at: index) }
    }
  }

  var isEmpty: Bool { entries.isEmpty }

  /// Adds an entry with what is to be said about it.
  mutating func add(_ key: String, _ value: SpecValue?, comment: [String] = [], remark: String? = nil) {
    if let value { entries.append(Entry(key, value, comment: comment, remark: remark)) }
  }

  /// What has to be laid over this mapping to give another; nil where no overlay does, since it takes nothing away.
  func overlay(to other: SpecMap) -> SpecMap? {
    var result = SpecMap()
    for entry in entries where other[entry.key] == nil { return nil }
    for entry in other.entries {
      guard let mine = self[entry.key] else {
        result.add(entry.key, entry.value)
        continue
      }
      if mine == entry.value { continue }
      guard let map = mine.map, let theirs = entry.value.map else {
        result.add(entry.key, entry.value)
        continue
      }
      guard let inner = map.overlay(to: theirs) else { return nil }
      result.add(entry.key, .map(inner))
    }
    return result
  }
}

/// The text of documents: block style, short values in flow style, as people write them.
struct SpecText {
  private static let width = 88

  /// A document with a comment above it.
  static func document(_ map: SpecMap, comment: [String]) -> [UInt8] {
    var lines = comment.map { $0.isEmpty ? "#" : "# " + $0 }
    block(map, 0, &lines)
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  private static func block(_ map: SpecMap, _ indent: Int, _ lines: inout [String]) {
    let space = String(repeating: " ", count: indent)
    for entry in map.entries {
      lines += entry.comment.map { "\(space)# \($0)" }
      let remark = entry.remark.map { "  # \($0)" } ?? ""
      let key = "\(space)\(scalar(entry.key)):"
      if let text = inline(entry.value, room: width - key.count - 1, depth: indent) {
        lines.append("\(key) \(text)\(remark)")
        continue
      }
      lines.append(key + remark)
      switch entry.value {
      case .map(let inner): block(inner, indent + 2, &lines)
      case .list(let items): list(items, indent, &lines)
      default: break
      }
    }
  }

  private static func list(_ items: [SpecValue], _ indent: Int, _ lines: inout [String]) {
    let space = String(repeating: " ", count: indent)
    for item in items {
      guard case .map(let map) = item, !map.isEmpty else {
        lines.append("\(space)- \(flow(item))")
        continue
      }
      var inner: [String] = []
      block(map, indent + 2, &inner)
      // Comments of the first entry stand above the dash.
      let first = inner.firstIndex { !$0.drop { $0 == " " }.hasPrefix("#") } ?? 0
      lines += inner[..<first].map { space + $0.dropFirst(indent + 2) }
      lines.append("\(space)- \(inner[first].dropFirst(indent + 2))")
      lines += inner[(first + 1)...]
    }
  }

  /// The value on its key's line; nil for what reads better below it.
  private static func inline(_ value: SpecValue, room: Int, depth: Int) -> String? {
    switch value {
    case .map(let map) where !map.isEmpty:
      guard depth >= 4, !hasComments(map) else { return nil }
    case .list(let items) where !items.isEmpty:
      guard items.allSatisfy({ $0.map == nil }) else { return nil }
    default: break
    }
    let text = flow(value)
    return text.count <= max(room, 20) || isScalar(value) ? text : nil
  }

  private static func hasComments(_ map: SpecMap) -> Bool {
    map.entries.contains { !$0.comment.isEmpty || $0.remark != nil || $0.value.map.map(hasComments) == true }
  }

  private static func isScalar(_ value: SpecValue) -> Bool {
    switch value {
    case .map, .list: false
    default: true
    }
  }

  private static func flow(_ value: SpecValue) -> String {
    switch value {
    case .text(let text): scalar(text)
    case .integer(let number): String(number)
    case .number(let text): text
    case .boolean(let isTrue): isTrue ? "true" : "false"
    case .null: "null"
    case .list(let items): "[\(items.map(flow).joined(separator: ", "))]"
    case .map(let map):
      "{\(map.entries.map { "\(scalar($0.key)): \(flow($0.value))" }.joined(separator: ", "))}"
    }
  }

  /// A string as every reader takes it; on one line.
  private static func scalar(_ text: String) -> String {
    var builder = TreeBuilder(file: SourceFile(path: "", bytes: []), capacity: 1)
    builder.beginDocument()
    // A line end would make a block of it, which no flow mapping can hold.
    builder.string(text.replacing("\n", with: " "))
    let bytes = builder.finish().root.map { YAMLWriter.write($0) } ?? []
    return String(decoding: bytes.dropLast(), as: UTF8.self)
  }
}
