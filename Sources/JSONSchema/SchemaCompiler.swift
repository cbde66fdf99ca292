import Patterns
import YAMLTree

/// Turns schema nodes into the tables of a `CompiledSchema`, a work list instead of recursion: schemas may
/// refer to each other in any way.
struct SchemaCompiler {
  /// What tells compiled schemas apart. The same node gives two when Kubernetes' strictness applies in one
  /// place and not in another.
  private struct Identity: Hashable {
    let tree: ObjectIdentifier
    let index: Int
    let isStructural: Bool
  }

  /// A schema that has a record but no content yet.
  private struct Pending {
    let slot: Int32
    let located: SchemaRegistry.Located
    let isStructural: Bool
  }

  var registry: SchemaRegistry
  let options: SchemaOptions
  var records: [SchemaRecord] = []
  var sources: [Node?] = []
  var instructions: [Instruction] = []
  var children: [Int32] = []
  var properties: [PropertyEntry] = []
  var patternProperties: [PatternProperty] = []
  var names: [NameReference] = []
  var nameBytes: [UInt8] = []
  var patterns: [Pattern] = []
  var constants: [Node] = []
  var numbers: [ExactNumber] = []
  var rules: [Int32: [ValidationRule]] = [:]
  var faults: [SchemaCompilationError.Fault] = []
  private var slots: [Identity: Int32] = [:]
  private var pending: [Pending] = []
  private var patternPositions: [String: Int32] = [:]
  private var nameStarts: [String: NameReference] = [:]
  private var stringSlot: Int32?
  private var mappingSlot: Int32?

  /// Patterns that are compiled already, by source: schemas of a family share most of them, and an
  /// automaton costs more than the rest of a schema.
  private(set) var knownPatterns: [String: Pattern]

  init(registry: SchemaRegistry, options: SchemaOptions, knownPatterns: [String: Pattern] = [:]) {
    self.registry = registry
    self.options = options
    self.knownPatterns = knownPatterns
  }

  mutating func compile(root: Node, at uri: String) {
    registry.add(root, at: uri)
    let isStructural = options.dialect == .openAPIv3
    _ = slot(for: .init(node: root, base: URIReference(uri)), isStructural: isStructural)
    drain()
    guard faults.isEmpty else { return }
    if isStructural { addObjectFields(to: 0, areRequired: false) }
    drain()
    guard faults.isEmpty else { return }
    var analysis = InPlaceAnalysis(self)
    analysis.run()
    faults += analysis.faults
    guard faults.isEmpty, isStructural else { return }
    makeFieldsOfBranchesKnown(analysis)
  }

  private mutating func drain() {
    while let next = pending.popLast() {
      compile(next.located, into: next.slot, isStructural: next.isStructural)
    }
  }

  mutating func fault(_ message: String, _ node: Node) {
    faults.append(.init(message: message, node: node))
  }

  /// The record of a schema, made now or earlier.
  mutating func slot(for located: SchemaRegistry.Located, isStructural: Bool) -> Int32 {
    let identity = Identity(
      tree: ObjectIdentifier(located.node.tree), index: located.node.index, isStructural: isStructural)
    if let known = slots[identity] { return known }
    let slot = newRecord(source: located.node)
    slots[identity] = slot
    pending.append(Pending(slot: slot, located: located, isStructural: isStructural))
    return slot
  }

  private mutating func newRecord(_ record: SchemaRecord = SchemaRecord(), source: Node?) -> Int32 {
    records.append(record)
    sources.append(source)
    return Int32(records.count - 1)
  }

  private mutating func compile(_ located: SchemaRegistry.Located, into slot: Int32, isStructural: Bool) {
    let schema = located.node
    if let boolean = schema.boolean {
      if !boolean { records[Int(slot)].flags.insert(.forbids) }
      return
    }
    guard schema.kind == .mapping else {
      fault("a schema must be a mapping, true or false, but this is \(schema.kind.description)", schema)
      return
    }
    if let reference = schema["$ref"] {
      guard let text = reference.string else {
        fault("'$ref' must be a string", reference)
        return
      }
      refer(to: text, at: reference, from: located.base, slot: slot, isStructural: isStructural)
      return
    }
    let base = SchemaRegistry.base(inside: schema, from: located.base)
    var keywords = KeywordReader(schema: schema, slot: slot, base: base, isStructural: isStructural)
    keywords.read(into: &self)
  }

  private mutating func refer(
    to text: String, at node: Node, from base: URIReference, slot: Int32, isStructural: Bool
  ) {
    do {
      let target = try registry.resolve(text, from: base)
      records[Int(slot)].reference = self.slot(for: target, isStructural: isStructural)
    } catch {
      switch error {
      case .unknownDocument(let uri):
        fault("'$ref' leads to '\(uri)', which is not among the known schemas", node)
      case .unknownName(let name): fault("'$ref' leads to '\(name)', but no schema has that '$id'", node)
      case .badPointer(let pointer): fault("'$ref' leads to '#\(pointer)', but nothing is there", node)
      }
    }
  }

  // MARK: Tables

  mutating func name(_ text: String) -> NameReference {
    if let known = nameStarts[text] { return known }
    let reference = NameReference(
      hash: textHash(text), start: Int32(nameBytes.count), length: Int32(text.utf8.count))
    nameBytes.append(contentsOf: text.utf8)
    nameStarts[text] = reference
    return reference
  }

  /// The position of a pattern, compiled once however often it is used.
  mutating func pattern(_ source: String, at node: Node) -> Int32? {
    if let known = patternPositions[source] { return known }
    if let known = knownPatterns[source] {
      patterns.append(known)
    } else {
      do {
        let pattern = try Pattern(source, dialect: .ecma262)
        knownPatterns[source] = pattern
        patterns.append(pattern)
      } catch {
        fault("the pattern cannot be used: \(error.message)", node)
        return nil
      }
    }
    let position = Int32(patterns.count - 1)
    patternPositions[source] = position
    return position
  }

  /// Appends rows of `properties` for one record, by ascending hash as look-ups need them.
  mutating func setProperties(_ entries: [PropertyEntry], of slot: Int32) {
    let start = Int32(properties.count)
    properties.append(contentsOf: entries.sorted { $0.name.hash < $1.name.hash })
    records[Int(slot)].properties = start..<Int32(properties.count)
    if !entries.isEmpty { records[Int(slot)].flags.insert(.readsEntries) }
  }

  /// The entries of one record.
  func entries(of slot: Int32) -> [PropertyEntry] {
    let rows = records[Int(slot)].properties
    return Array(properties[Int(rows.lowerBound)..<Int(rows.upperBound)])
  }

  // MARK: Kubernetes

  /// Gives a schema of a whole object the fields that every object has (`apiVersion`, `kind`, `metadata`),
  /// which structural schemas leave out.
  mutating func addObjectFields(to slot: Int32, areRequired: Bool) {
    var slot = slot
    while records[Int(slot)].reference >= 0 { slot = records[Int(slot)].reference }
    guard areRequired || records[Int(slot)].flags.contains(.strict) else { return }
    var entries = entries(of: slot)
    for text in ["apiVersion", "kind", "metadata"] {
      let name = name(text)
      let position = entries.firstIndex { $0.name == name }
      var entry = position.map { entries[$0] } ?? PropertyEntry(name: name)
      if entry.schema < 0 {
        // The API server takes an embedded object without a name, so only the outer one gets the schema.
        let isOuter = text == "metadata" && !areRequired
        entry.schema =
          isOuter ? metadataSlot() : text == "metadata" ? implicitMapping() : implicitString()
      }
      if areRequired, text != "metadata", entry.requiredBit < 0 {
        let bit = 64 - records[Int(slot)].required.leadingZeroBitCount
        if bit < 64 {
          entry.requiredBit = Int8(bit)
          records[Int(slot)].required |= 1 << UInt64(bit)
        }
      }
      if let position { entries[position] = entry } else { entries.append(entry) }
    }
    setProperties(entries, of: slot)
  }

  private mutating func metadataSlot() -> Int32 {
    guard let uri = options.objectMetadata else { return implicitMapping() }
    do {
      return slot(for: try registry.resolve(uri, from: URIReference("")), isStructural: true)
    } catch {
      if let root = sources[0] { fault("the schema of 'metadata' is not at '\(uri)'", root) }
      return implicitMapping()
    }
  }

  private mutating func implicitString() -> Int32 {
    let slot = stringSlot ?? newRecord(SchemaRecord(kinds: .string), source: nil)
    stringSlot = slot
    return slot
  }

  private mutating func implicitMapping() -> Int32 {
    let slot = mappingSlot ?? newRecord(SchemaRecord(kinds: .mapping), source: nil)
    mappingSlot = slot
    return slot
  }

  /// A field that only a branch (`allOf`, `anyOf`, …) names is known all the same, and a branch that takes
  /// any field lifts the strictness.
  private mutating func makeFieldsOfBranchesKnown(_ analysis: InPlaceAnalysis) {
    for slot in records.indices where records[slot].flags.contains(.strict) {
      guard let branches = analysis.branches(below: Int32(slot)) else { continue }
      var entries = entries(of: Int32(slot))
      var known = Set(entries.map(\.name))
      var isOpen = false
      for branch in branches {
        if records[Int(branch)].additional >= 0 { isOpen = true }
        for entry in self.entries(of: branch) where entry.schema >= 0 && known.insert(entry.name).inserted {
          entries.append(PropertyEntry(name: entry.name, isKnown: true))
        }
      }
      if isOpen { records[slot].flags.remove(.strict) }
      for position in entries.indices where entries[position].schema < 0 && !entries[position].isKnown {
        let name = entries[position].name
        entries[position].isKnown = branches.contains { branch in
          self.entries(of: branch).contains { $0.schema >= 0 && $0.name == name }
        }
      }
      setProperties(entries, of: Int32(slot))
    }
  }
}
