import Diagnostics
import Kubernetes
import Linker
import Snapshot
import YAMLTree

/// An object with the fields that are kept of it, as canonical text.
struct ReducedObject: Sendable {
  let id: ReducedKind.ID
  /// Nil for kinds of cluster scope.
  let namespace: String?
  let name: String
  let content: [UInt8]
  /// Where the object stands in its source.
  let place: SourceRange
  /// True for an item of a list.
  let isListed: Bool

  /// Keeps the fields of a kind; the namespace is the one that was settled on.
  init(_ object: DumpedObject, _ entry: KindTable.Entry, namespace: String?) {
    id = object.id
    self.namespace = namespace
    name = object.name
    place = object.nameNode.range
    isListed = object.isListed
    var builder = TreeBuilder(file: object.node.tree.file, capacity: 48)
    builder.beginDocument()
    let root = builder.open(.mapping)
    builder.key("apiVersion")
    builder.string(object.apiVersion)
    builder.key("kind")
    builder.string(object.kind)
    builder.key("metadata")
    let metadata = builder.open(.mapping)
    var count = 1
    builder.key("name")
    builder.string(object.name)
    if let namespace {
      builder.key("namespace")
      builder.string(namespace)
      count += 1
    }
    if let node = object.node["metadata"], let selection = entry.selection.field("metadata") {
      count += selection.appendEntries(of: node, except: ["name", "namespace"], to: &builder)
    }
    builder.close(metadata, count: count)
    let rest = entry.selection.appendEntries(
      of: object.node, except: ["apiVersion", "kind", "metadata"], to: &builder)
    builder.close(root, count: 3 + rest)
    content = builder.finish().root.map { YAMLWriter.write($0, rank: KeyOrder.rank) } ?? []
  }

  /// True where nothing that is kept of two manifests differs.
  static func areAlike(_ a: Manifest, _ b: Manifest, in table: KindTable) -> Bool {
    func reduced(_ manifest: Manifest) -> [UInt8]? {
      let object = DumpedObject(
        apiVersion: manifest.node["apiVersion"]?.text ?? "", kind: manifest.kind,
        namespace: manifest.namespace, name: manifest.name, node: manifest.node, isListed: false)
      return table[object.id].map { ReducedObject(object, $0, namespace: manifest.namespace).content }
    }
    guard let first = reduced(a) else { return false }
    return first == reduced(b)
  }

  /// The order of files: kind, name, group.
  static func precedes(_ a: ReducedObject, _ b: ReducedObject) -> Bool {
    if a.id.kind != b.id.kind { return utf8Precedes(a.id.kind, b.id.kind) }
    if a.name != b.name { return utf8Precedes(a.name, b.name) }
    return utf8Precedes(a.id.group, b.id.group)
  }

  struct Key: Hashable {
    let id: ReducedKind.ID
    let namespace: String?
    let name: String
  }

  var key: Key { Key(id: id, namespace: namespace, name: name) }

  /// `Service a1b2c3-dev/db`.
  var description: String { "\(id.kind) \(namespace.map { $0 + "/" } ?? "")\(name)" }
}

/// The objects of a dump that are kept, each once.
struct Reduction: Sendable {
  private(set) var objects: [ReducedObject.Key: ReducedObject] = [:]
  private(set) var findings: [Diagnostic] = []
  /// How many objects of other kinds there were.
  private(set) var leftOut: [String: Int] = [:]

  /// - Parameters:
  ///   - defaultNamespace: for objects that name none.
  ///   - namespacesByFile: the same for files that have one of their own, by path.
  ///   - takes: false for objects that are to be left out, beside those of other kinds.
  init(
    _ dump: Dump, _ table: KindTable, defaultNamespace: String?, namespacesByFile: [String: String] = [:],
    takes: (DumpedObject, _ namespace: String?) -> Bool = { _, _ in true }
  ) {
    for object in dump.objects {
      guard let entry = table[object.id] else {
        leftOut[object.kind, default: 0] += 1
        continue
      }
      guard !object.name.isEmpty else {
        findings.append(
          Diagnostic(
            RecordingRules.unusableInput, "this \(object.kind) has no name", at: object.node.range,
            "no metadata.name",
            help: ["only objects with a name can be recorded"]))
        continue
      }
      let namespace =
        entry.kind.scope == .cluster
        ? nil
        : object.namespace ?? namespacesByFile[object.node.tree.file.path] ?? defaultNamespace
      guard takes(object, namespace), entry.takes(object.name) else {
        leftOut[object.kind, default: 0] += 1
        continue
      }
      guard entry.kind.scope == .cluster || isUsable(namespace, object) else { continue }
      add(ReducedObject(object, entry, namespace: namespace))
    }
  }

  /// A namespace becomes a file's name.
  private mutating func isUsable(_ namespace: String?, _ object: DumpedObject) -> Bool {
    guard let namespace else {
      findings.append(
        Diagnostic(
          RecordingRules.withoutNamespace, "\(object.kind) \(object.name) has no namespace",
          at: object.nameNode.range,
          "no metadata.namespace beside this name", help: ["say which one with --namespace"]))
      return false
    }
    guard !isNamespaceName(namespace) else { return true }
    findings.append(
      Diagnostic(
        RecordingRules.recordingPlace, "'\(namespace)' is not a name that a namespace can have",
        at: (object.node.at("metadata", "namespace") ?? object.nameNode).range,
        "of \(object.kind) \(object.name)",
        help: ["namespaces have lower-case letters, digits and '-', at most 63 of them"]))
    return false
  }

  private mutating func add(_ object: ReducedObject) {
    guard let first = objects[object.key] else {
      objects[object.key] = object
      return
    }
    guard first.content != object.content else { return }
    findings.append(
      Diagnostic(
        RecordingRules.twiceInInput,
        "\(object.description) stands in the input twice, with different content",
        at: object.place, "again, different", also: [Label(first.place, "first here")],
        help: ["observe or record one cluster at one moment"]))
  }

  /// `left out: 12 ReplicaSet, 3 Secret`; nil when nothing was.
  var leftOutSummary: String? {
    guard !leftOut.isEmpty else { return nil }
    let kinds = leftOut.sorted { utf8Precedes($0.key, $1.key) }.map { "\($0.value) \($0.key)" }
    return "left out: " + kinds.joined(separator: ", ")
  }
}

/// True for a DNS label (RFC 1123), which every namespace's name is.
func isNamespaceName(_ text: String) -> Bool {
  let bytes = text.utf8
  guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
  func isAlphanumeric(_ byte: UInt8) -> Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
  }
  return isAlphanumeric(first) && isAlphanumeric(last)
    && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
}
