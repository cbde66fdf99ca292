import Diagnostics
import Kubernetes
import Linker
import Output
import Reachability
import Snapshot
import Templates
import YAMLTree

/// Rendered units by all that they depend on.
///
/// A unit that points into a file which it does not name as read cannot be restored, and is not kept.
struct UnitMemo: Sendable {
  let store: any MemoStore
  let digests: SliceDigests
  let trees: [String: Tree]
  let templates: TemplateSet

  /// The unit of an earlier compile, or what `render` makes of it.
  func rendered(_ unit: any PlannedUnit, _ render: () -> RenderedUnit) -> RenderedUnit {
    guard let key = digests.key(of: unit) else { return render() }
    if let known = store.read(key, { restore($0, key: unit.key) }) { return known }
    let made = render()
    // What another unit used up may be missing from this one.
    guard !templates.exhaustion.wasMet else { return made }
    var encoder = UnitEncoder(memo: self)
    if let bytes = encoder.encode(made) { store.keep(bytes, under: key) }
    return made
  }

  /// The file of that path: one of the fleet's, or a template.
  func file(_ path: String) -> SourceFile? {
    if let tree = trees[path] { return tree.file }
    return templates.template(inFile: path)?.tree.file
  }

  private func restore(_ bytes: UnsafeRawBufferPointer, key: String) -> RenderedUnit? {
    var decoder = UnitDecoder(memo: self, bytes)
    return decoder.decode(key: key)
  }
}

/// Every field of what a unit comes to, in order. `MemoTests` compares the lists with the types themselves, so that a
/// new field is not left out.
package enum MemoFields {
  package static let unit = ["key", "lowered", "objects", "fragments", "breaches", "judged"]
  /// Emptied after rendering: emissions, fragments, occasions, variables.
  package static let lowered = [
    "variables", "emissions", "fragments", "occasions", "pending", "satisfied", "findings", "remarks",
    "connections",
    "subject",
  ]
  package static let remark = ["topic", "text", "connections"]
  package static let judged = ["cluster", "manifest", "isPatch", "subject", "connections", "template"]
  package static let object = [
    "cluster", "part", "identity", "content", "knownBlob", "path", "unit", "subject", "template",
  ]
  package static let fragment = ["cluster", "name", "content", "blob", "unit", "subject", "template"]
  package static let finding = [
    "rule", "severity", "message", "primary", "secondary", "help", "notes", "suggestion", "suppression",
    "owner",
  ]
  package static let pending = [
    "cluster", "namespace", "fact", "objects", "resources", "losses", "fragments",
  ]
  package static let satisfied = ["cluster", "identity", "manifest"]
}

/// Writes a unit; nil for one that cannot be restored.
private struct UnitEncoder {
  let memo: UnitMemo
  fileprivate var writer = MemoWriter()
  fileprivate var isRestorable = true

  init(memo: UnitMemo) { self.memo = memo }

  mutating func encode(_ unit: RenderedUnit) -> [UInt8]? {
    let lowered = unit.lowered
    // What breaks a policy is judged again each time: exceptions are counted over the whole fleet.
    guard unit.breaches.isEmpty else { return nil }
    guard lowered.emissions.isEmpty, lowered.fragments.isEmpty, lowered.occasions.isEmpty,
      lowered.variables.isEmpty
    else { return nil }
    writer.append(lowered.connections)
    append(lowered.subject)
    writer.append(lowered.findings.count)
    for finding in lowered.findings { append(finding) }
    writer.append(lowered.pending.count)
    for item in lowered.pending { append(item) }
    writer.append(lowered.satisfied.count)
    for item in lowered.satisfied { append(item) }
    writer.append(unit.objects.count)
    for object in unit.objects { append(object, of: unit) }
    writer.append(unit.fragments.count)
    for fragment in unit.fragments { append(fragment, of: unit) }
    writer.append(lowered.remarks.count)
    for remark in lowered.remarks {
      writer.append(remark.topic.rawValue)
      writer.append(remark.text)
      writer.append(remark.connections)
    }
    writer.append(unit.judged.count)
    for object in unit.judged { append(object, of: unit) }
    return isRestorable ? writer.bytes : nil
  }

  private mutating func append(_ range: SourceRange) {
    if memo.file(range.file.path) !== range.file { isRestorable = false }
    writer.append(range.file.path)
    writer.append(range.start)
    writer.append(range.end)
  }

  private mutating func append(_ label: Label) {
    append(label.range)
    writer.append(label.text)
  }

  private mutating func append(_ finding: Diagnostic) {
    // Both are decided later, over all findings.
    if finding.suppression != nil || finding.owner != nil { isRestorable = false }
    if RuleCatalogue.rule(exactly: finding.rule.id) == nil { isRestorable = false }
    writer.append(finding.rule.id)
    writer.append(finding.severity.rawValue)
    writer.append(finding.message)
    let labels = [finding.primary].compactMap { $0 } + finding.secondary
    writer.append(finding.primary == nil ? 0 : 1)
    writer.append(labels.count)
    for label in labels { append(label) }
    writer.append(finding.help)
    writer.append(finding.notes)
    writer.append(finding.suggestion == nil ? 0 : 1)
    if let suggestion = finding.suggestion {
      append(suggestion.range)
      writer.append(suggestion.replacement)
    }
  }

  private mutating func append(_ identity: ObjectIdentity) {
    writer.append(identity.group)
    writer.append(identity.kind)
    writer.append(identity.namespace)
    writer.append(identity.name)
  }

  private mutating func append(_ item: Pending) {
    writer.append(item.cluster)
    writer.append(item.namespace)
    writer.append(item.fact)
    writer.append(item.objects.count)
    for place in item.objects {
      writer.append(place.cluster)
      writer.append(place.part.memoNumber)
      append(place.identity)
    }
    writer.append(item.resources)
    writer.append(item.losses)
    writer.append(item.fragments)
  }

  private mutating func append(_ item: Satisfied) {
    let node = item.manifest.node
    let path = node.tree.file.path
    let restored = memo.trees[path].map { Node(tree: $0, index: node.index) }.flatMap { Manifest($0) }
    if memo.trees[path] !== node.tree || restored?.identity != item.manifest.identity { isRestorable = false }
    writer.append(item.cluster)
    append(item.identity)
    writer.append(path)
    writer.append(node.index)
  }

  private mutating func append(_ object: RenderedObject, of unit: RenderedUnit) {
    if object.unit != unit.key || !object.subject.isSame(as: unit.lowered.subject) { isRestorable = false }
    writer.append(object.cluster)
    writer.append(object.part.memoNumber)
    append(object.identity)
    writer.append(object.path)
    writer.append(object.knownBlob ?? BlobID(of: object.content))
    writer.append(object.content)
    append(object.template)
  }

  private mutating func append(_ fragment: RenderedFragment, of unit: RenderedUnit) {
    if fragment.unit != unit.key || !fragment.subject.isSame(as: unit.lowered.subject) {
      isRestorable = false
    }
    writer.append(fragment.cluster)
    writer.append(fragment.name)
    writer.append(fragment.blob)
    writer.append(fragment.content)
    append(fragment.template)
  }

  private mutating func append(_ template: Template?) {
    let path = template?.tree.file.path
    if let path, memo.templates.template(inFile: path) !== template { isRestorable = false }
    writer.append(path)
  }
}

extension UnitEncoder {
  private mutating func append(_ object: EmittedObject, of unit: RenderedUnit) {
    let tree = object.manifest.node.tree
    let isTemplate = memo.file(tree.file.path) === tree.file
    // Texts of an emitted tree are its own; those of a file would have to be found again.
    if !isTemplate, !tree.file.bytes.isEmpty { isRestorable = false }
    if !object.subject.isSame(as: unit.lowered.subject) || object.connections != unit.lowered.connections {
      isRestorable = false
    }
    writer.append(object.cluster)
    writer.append(object.isPatch ? 1 : 0)
    writer.append(tree.file.path)
    writer.append(isTemplate ? 1 : 0)
    writer.append(object.manifest.node.index)
    var storage: [UInt8] = []
    tree.appendStorage(to: &storage)
    writer.append(storage)
    let path = object.template?.file.path
    if let path, memo.templates.template(inFile: path)?.tree !== object.template { isRestorable = false }
    writer.append(path)
  }
}

/// Reads what `UnitEncoder` wrote.
private struct UnitDecoder {
  private let memo: UnitMemo
  private var reader: MemoReader
  private var isValid = true

  init(memo: UnitMemo, _ bytes: UnsafeRawBufferPointer) {
    self.memo = memo
    reader = MemoReader(bytes)
  }

  mutating func decode(key: String) -> RenderedUnit? {
    let connections = reader.texts()
    guard let subject = label() else { return nil }
    var unit = RenderedUnit(key: key, lowered: LoweredUnit(connections: connections, subject: subject))
    for _ in 0..<reader.count() {
      guard let finding = finding() else { return nil }
      unit.lowered.findings.append(finding)
    }
    for _ in 0..<reader.count() where reader.isValid { unit.lowered.pending.append(pending()) }
    for _ in 0..<reader.count() {
      guard let item = satisfied() else { return nil }
      unit.lowered.satisfied.append(item)
    }
    let objects = reader.count()
    unit.objects.reserveCapacity(objects)
    for _ in 0..<objects where reader.isValid {
      let cluster = reader.text()
      let part = part()
      let identity = identity()
      let path = reader.text()
      let blob = reader.id()
      unit.objects.append(
        RenderedObject(
          cluster: cluster, part: part, identity: identity, path: path, blob: blob,
          content: reader.content(), unit: key, subject: subject, template: template()))
    }
    for _ in 0..<reader.count() where reader.isValid {
      let cluster = reader.text()
      let name = reader.text()
      let blob = reader.id()
      unit.fragments.append(
        RenderedFragment(
          cluster: cluster, name: name, content: reader.content(), blob: blob, unit: key, subject: subject,
          template: template()))
    }
    for _ in 0..<reader.count() {
      guard let topic = Remark.Topic(rawValue: reader.text()) else { return nil }
      let text = reader.text()
      unit.lowered.remarks.append(Remark(topic, text, of: reader.texts()))
    }
    for _ in 0..<reader.count() {
      guard let object = judged(unit) else { return nil }
      unit.judged.append(object)
    }
    return reader.isAtEnd && isValid ? unit : nil
  }

  private mutating func template() -> Template? {
    reader.optionalText().flatMap { memo.templates.template(inFile: $0) }
  }

  private mutating func range() -> SourceRange? {
    let path = reader.text()
    let start = reader.number()
    let end = reader.number()
    return memo.file(path).map { SourceRange(file: $0, start: start, end: end) }
  }

  private mutating func label() -> Label? {
    guard let range = range() else { return nil }
    return Label(range, reader.text())
  }

  private mutating func finding() -> Diagnostic? {
    let rule = RuleCatalogue.rule(exactly: reader.text())
    let severity = Severity(rawValue: reader.number())
    let message = reader.text()
    let hasPrimary = reader.number() == 1
    var labels: [Label] = []
    for _ in 0..<reader.count() {
      guard let label = label() else { return nil }
      labels.append(label)
    }
    let help = reader.texts()
    let notes = reader.texts()
    var suggestion: Suggestion?
    if reader.number() == 1 {
      guard let range = range() else { return nil }
      suggestion = Suggestion(replace: range, with: reader.text())
    }
    guard reader.isValid, let rule, let severity, !hasPrimary || !labels.isEmpty else { return nil }
    var finding = Diagnostic(
      rule, message, at: hasPrimary ? labels.removeFirst() : nil, also: labels, help: help, notes: notes,
      suggestion: suggestion)
    finding.severity = severity
    return finding
  }

  private mutating func part() -> OutputPart {
    guard let part = OutputPart(memoNumber: reader.number()) else {
      isValid = false
      return .manifests
    }
    return part
  }

  private mutating func identity() -> ObjectIdentity {
    let group = reader.text()
    let kind = reader.text()
    let namespace = reader.optionalText()
    return ObjectIdentity(group: group, kind: kind, namespace: namespace, name: reader.text())
  }

  private mutating func pending() -> Pending {
    let cluster = reader.text()
    let namespace = reader.text()
    let fact = reader.text()
    var objects: [Placement] = []
    for _ in 0..<reader.count() where reader.isValid {
      let cluster = reader.text()
      let part = part()
      objects.append(Placement(cluster, part, identity()))
    }
    let resources = reader.text()
    let losses = reader.texts()
    return Pending(
      cluster: cluster, namespace: namespace, fact: fact, objects: objects, resources: resources,
      losses: losses, fragments: reader.texts())
  }

  private mutating func judged(_ unit: RenderedUnit) -> EmittedObject? {
    let cluster = reader.text()
    let isPatch = reader.number() == 1
    let path = reader.text()
    let file = reader.number() == 1 ? memo.file(path) : SourceFile(path: path, bytes: [])
    let index = reader.number()
    let storage = reader.slice()
    let template = template()
    guard reader.isValid, let file, let node = Tree.restored(storage, of: file)?.node(at: index),
      let manifest = Manifest(node)
    else { return nil }
    return EmittedObject(
      cluster: cluster, manifest: manifest, isPatch: isPatch, subject: unit.lowered.subject,
      connections: unit.lowered.connections, template: template?.tree)
  }

  private mutating func satisfied() -> Satisfied? {
    let cluster = reader.text()
    let identity = identity()
    let path = reader.text()
    let index = reader.number()
    guard reader.isValid, let tree = memo.trees[path], let node = tree.node(at: index),
      let manifest = Manifest(node)
    else { return nil }
    return Satisfied(cluster: cluster, identity: identity, manifest: manifest)
  }
}

extension Label {
  fileprivate func isSame(as other: Label) -> Bool { range == other.range && text == other.text }
}

extension OutputPart {
  fileprivate var memoNumber: Int {
    switch self {
    case .manifests: 0
    case .components: 1
    case .expected: 2
    }
  }

  fileprivate init?(memoNumber: Int) {
    guard let part = Self.allCases.first(where: { $0.memoNumber == memoNumber }) else { return nil }
    self = part
  }
}
