import Diagnostics
import Patterns
import YAMLTree

/// One validation of one value: a walk over value and schema together.
///
/// Without `collects` it stops at the first difference and allocates nothing; with it, it goes on, keeps
/// the path and writes down what differs.
struct SchemaWalk {
  let schema: CompiledSchema
  var collects: Bool
  var violations: [Violation] = []
  var ruleSites: [ValidationRuleSite] = []
  var path: [PathStep] = []
  /// The schema through which the value was reached: its description is the most specific.
  var site: Int32 = 0
  /// The value is the key of an entry: a string, whatever YAML makes of it.
  var isKey = false
  /// Fields whose value is null are taken for missing.
  var ignoresNulls = false
  /// Branches still to be tried before the check is given up: `anyOf` in recursion can ask for 2ⁿ.
  var budget = 1_000_000

  init(_ schema: CompiledSchema, collects: Bool) {
    self.schema = schema
    self.collects = collects
  }

  // MARK: Steps

  mutating func check(_ node: Node, _ slot: Int32) -> Bool {
    var slot = slot
    while schema.records[Int(slot)].reference >= 0 { slot = schema.records[Int(slot)].reference }
    let record = schema.records[Int(slot)]
    if record.flags.contains(.forbids) { return fail(.forbidden, node, slot) }
    let kind = isKey ? .string : node.kind
    if kind == .null, record.flags.contains(.nullable) { return checkNull(node, record, slot) }
    guard admits(kind, node, record) else {
      return fail(.wrongType(expected: record.kinds.types, actual: kind), node, slot, keyword: "type")
    }
    if collects, record.flags.contains(.hasValidationRules) { noteRules(node, slot) }
    var isFine = true
    switch kind {
    case .mapping where record.flags.contains(.readsEntries):
      isFine = checkEntries(node, record, slot)
    case .sequence where record.items >= 0:
      isFine = checkItems(node, record.items)
    default: break
    }
    if !isFine, !collects { return false }
    let bit = KindSet(kind: kind)
    for row in record.instructions {
      let instruction = schema.instructions[Int(row)]
      if instruction.kinds.isDisjoint(with: bit) { continue }
      if !apply(instruction, node, slot) {
        if !collects { return false }
        isFine = false
      }
    }
    return isFine
  }

  @inline(__always)
  private func admits(_ kind: NodeKind, _ node: Node, _ record: SchemaRecord) -> Bool {
    if record.kinds.contains(KindSet(kind: kind)) { return true }
    guard kind == .float, record.kinds.contains(.integralFloat) else { return false }
    return ExactNumber(node)?.isIntegral == true
  }

  /// Null under `nullable`: only the value itself is compared, as the API server does.
  private mutating func checkNull(_ node: Node, _ record: SchemaRecord, _ slot: Int32) -> Bool {
    for row in record.instructions {
      let instruction = schema.instructions[Int(row)]
      guard instruction.operation == .enumeration else { continue }
      return apply(instruction, node, slot)
    }
    return true
  }

  private func rules(_ slot: Int32) -> [ValidationRule] { schema.rulesByRecord[slot] ?? [] }

  private mutating func noteRules(_ node: Node, _ slot: Int32) {
    ruleSites += rules(slot).map { ValidationRuleSite(rule: $0, node: node, path: path) }
  }

  /// Checks a value inside the current one.
  @inline(__always)
  mutating func descend(_ node: Node, _ slot: Int32, _ step: @autoclosure () -> PathStep) -> Bool {
    guard collects else { return check(node, slot) }
    let outer = site
    site = slot
    path.append(step())
    defer {
      path.removeLast()
      site = outer
    }
    return check(node, slot)
  }

  /// Checks without writing anything down.
  mutating func probe(_ node: Node, _ slot: Int32) -> Bool {
    budget -= 1
    guard budget > 0 else { return false }
    let outer = collects
    collects = false
    defer { collects = outer }
    return check(node, slot)
  }

  // MARK: Collections

  private mutating func checkItems(_ node: Node, _ slot: Int32) -> Bool {
    var isFine = true
    var position = 0
    for element in node.elements {
      if !descend(element, slot, .index(position)) {
        if !collects { return false }
        isFine = false
      }
      position += 1
    }
    return isFine
  }

  private mutating func checkEntries(_ node: Node, _ record: SchemaRecord, _ slot: Int32) -> Bool {
    var isFine = true
    var seen: UInt64 = 0
    for (key, value) in node.entries {
      let isMissing = ignoresNulls && value.kind == .null
      var isEvaluated = false
      let row = schema.property(key, in: record.properties)
      if row >= 0, isMissing { continue }
      if row >= 0 {
        let property = schema.properties[row]
        if property.requiredBit >= 0 { seen |= 1 << UInt64(property.requiredBit) }
        isEvaluated = property.schema >= 0 || property.isKnown
        if property.schema >= 0, !checkProperty(key, value, property.schema) { isFine = false }
      }
      for row in record.patternProperties {
        let entry = schema.patternProperties[Int(row)]
        guard key.withText({ schema.patterns.matches(Int(entry.pattern), $0) }) else { continue }
        isEvaluated = true
        if !isMissing, !checkProperty(key, value, entry.schema) { isFine = false }
      }
      if isMissing, record.additional >= 0, !schema.records[Int(record.additional)].flags.contains(.forbids) {
        isEvaluated = true
      }
      if !isEvaluated, !checkAdditional(key, value, record, slot) { isFine = false }
      if record.propertyNames >= 0, !checkName(key, record.propertyNames) { isFine = false }
      if !isFine, !collects { return false }
    }
    let missing = record.required & ~seen
    return missing == 0 ? isFine : reportMissing(missing, node, record, slot)
  }

  /// Checks the value of a field that has a schema; a forbidden one is a matter of its key.
  @inline(__always)
  private mutating func checkProperty(_ key: Node, _ value: Node, _ slot: Int32) -> Bool {
    if schema.records[Int(slot)].flags.contains(.forbids) {
      return failAtKey(.forbiddenProperty(name: key.text), key, slot)
    }
    return descend(value, slot, .key(key.text))
  }

  @inline(__always)
  private mutating func checkAdditional(
    _ key: Node, _ value: Node, _ record: SchemaRecord, _ slot: Int32
  ) -> Bool {
    if record.additional >= 0, !schema.records[Int(record.additional)].flags.contains(.forbids) {
      return descend(value, record.additional, .key(key.text))
    }
    guard record.additional >= 0 || record.flags.contains(.strict) else { return true }
    guard collects else { return false }
    let known = record.properties.compactMap { row -> String? in
      let entry = schema.properties[Int(row)]
      guard entry.schema >= 0 ? !schema.records[Int(entry.schema)].flags.contains(.forbids) : entry.isKnown
      else { return nil }
      return schema.text(entry.name)
    }.sorted()
    let name = key.text
    let nearest = nearestNames(to: name, among: known)
    return failAtKey(
      .unknownProperty(name: name, nearest: nearest, known: known), key, slot, keyword: "additionalProperties"
    )
  }

  private mutating func checkName(_ key: Node, _ slot: Int32) -> Bool {
    isKey = true
    defer { isKey = false }
    return descend(key, slot, .key(key.text))
  }

  private mutating func reportMissing(_ bits: UInt64, _ node: Node, _ record: SchemaRecord, _ slot: Int32)
    -> Bool
  {
    guard collects else { return false }
    let rows = record.properties.map { schema.properties[Int($0)] }
    for entry in rows.sorted(by: { $0.requiredBit < $1.requiredBit })
    where entry.requiredBit >= 0 && bits & 1 << UInt64(entry.requiredBit) != 0 {
      failMissing(schema.text(entry.name), node, slot, field: entry.schema)
    }
    return false
  }

  // MARK: Writing down

  private mutating func failAtKey(
    _ kind: @autoclosure () -> Violation.Kind, _ key: Node, _ slot: Int32, keyword: StaticString = "$ref"
  ) -> Bool {
    guard collects else { return false }
    let source = schema.sources[Int(slot)]
    path.append(.key(key.text))
    defer { path.removeLast() }
    violations.append(
      Violation(
        kind: kind(), node: key, path: path, schemaNode: source?[keyword] ?? source, title: nil,
        description: text("description", of: slot)))
    return false
  }

  mutating func failMissing(_ name: String, _ node: Node, _ slot: Int32, field: Int32) {
    let source = schema.sources[Int(slot)]
    violations.append(
      Violation(
        kind: .missingProperty(name: name), node: node, path: path, schemaNode: source?["required"] ?? source,
        title: field >= 0 ? text("title", of: field) : nil,
        description: field >= 0 ? text("description", of: field) : nil))
  }

  mutating func fail(
    _ kind: @autoclosure () -> Violation.Kind, _ node: Node, _ slot: Int32, keyword: StaticString = "$ref"
  ) -> Bool {
    guard collects else { return false }
    let source = schema.sources[Int(slot)]
    violations.append(
      Violation(
        kind: kind(), node: node, path: path, schemaNode: source?[keyword] ?? source,
        title: text("title", of: slot) ?? text("title", of: site),
        description: text("description", of: site) ?? text("description", of: slot), isKey: isKey))
    return false
  }

  private func text(_ keyword: StaticString, of slot: Int32) -> String? {
    annotation(keyword, of: slot)?.string
  }

  /// An annotation of a schema, or of the one it refers to.
  func annotation(_ keyword: StaticString, of slot: Int32) -> Node? {
    var slot = slot
    while true {
      if let found = schema.sources[Int(slot)]?[keyword] { return found }
      let next = schema.records[Int(slot)].reference
      if next < 0 { return nil }
      slot = next
    }
  }
}
