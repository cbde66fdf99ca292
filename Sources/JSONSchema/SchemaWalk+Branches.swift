import YAMLTree

extension SchemaWalk {
  mutating func checkBranches(_ instruction: Instruction, _ node: Node, _ slot: Int32) -> Bool {
    let branches = Int(instruction.first)..<max(Int(instruction.first), Int(instruction.second))
    switch instruction.operation {
    case .allOf:
      var isFine = true
      for branch in branches where !check(node, schema.children[branch]) {
        guard collects else { return false }
        isFine = false
      }
      return isFine
    case .anyOf:
      for branch in branches where probe(node, schema.children[branch]) { return true }
      return explain(branches, node, slot, keyword: "anyOf")
    case .oneOf:
      var matching = 0
      for branch in branches where probe(node, schema.children[branch]) { matching += 1 }
      if matching == 1 { return true }
      if matching == 0 { return explain(branches, node, slot, keyword: "oneOf") }
      return failSeveral(branches, matching, node, slot)
    case .not:
      return !probe(node, instruction.first) || failForbidden(instruction.first, node, slot)
    default:
      let next = probe(node, instruction.first) ? instruction.second : Int32(instruction.value)
      return next < 0 || check(node, next)
    }
  }

  // MARK: Messages for branches

  /// The names that a schema requires, when it does nothing else.
  private func requiredNames(_ slot: Int32) -> [NameReference]? {
    let record = schema.records[Int(slot)]
    guard record.required != 0, record.reference < 0, record.instructions.isEmpty, record.additional < 0,
      record.propertyNames < 0, record.patternProperties.isEmpty, record.items < 0
    else { return nil }
    let entries = record.properties.map { schema.properties[Int($0)] }
    guard entries.allSatisfy({ $0.schema < 0 }) else { return nil }
    return entries.map(\.name)
  }

  /// `not: {required: [x]}` is the usual way to say "no x here": said at the field.
  private mutating func failForbidden(_ inner: Int32, _ node: Node, _ slot: Int32) -> Bool {
    guard collects else { return false }
    guard let names = requiredNames(inner), names.count == 1, let entry = schema.entry(names[0], of: node)
    else { return fail(.matchesForbidden, node, slot, keyword: "not") }
    let name = schema.text(names[0])
    path.append(.key(name))
    defer { path.removeLast() }
    return fail(.forbiddenProperty(name: name), entry.key, slot, keyword: "not")
  }

  private mutating func failSeveral(_ branches: Range<Int>, _ matching: Int, _ node: Node, _ slot: Int32)
    -> Bool
  {
    guard collects else { return false }
    let names = branches.map { requiredNames(schema.children[$0]) }
    if names.allSatisfy({ $0?.count == 1 }) {
      let present = names.compactMap { $0?.first }.filter { schema.entry($0, of: node) != nil }
      let fields = present.map { schema.text($0) }
      return fail(.exclusiveProperties(names: fields), node, slot, keyword: "oneOf")
    }
    return fail(.matchesSeveral(count: matching), node, slot, keyword: "oneOf")
  }

  /// Says what is wrong when no branch matches: the violations of the branch that the author most likely
  /// meant, or one violation for all where none stands out.
  private mutating func explain(
    _ branches: Range<Int>, _ node: Node, _ slot: Int32, keyword: StaticString
  ) -> Bool {
    guard collects, budget > 0 else { return false }
    let tried = branches.map { branch -> [Violation] in
      budget -= 1
      var walk = self
      walk.violations = []
      _ = walk.check(node, schema.children[branch])
      budget = walk.budget
      return walk.violations
    }
    let depth = path.count
    if let merged = Self.merged(tried, at: depth) { return fail(merged, node, slot, keyword: keyword) }
    let scores = tried.map { Self.distance($0, at: depth) }
    guard let best = scores.min() else { return false }
    let nearest = tried.indices.filter { scores[$0] == best }
    if nearest.count > 1, nearest.allSatisfy({ tried[$0].count == 1 && tried[$0][0].path.count == depth }) {
      return fail(.noAlternative(nearest.map { tried[$0][0] }), node, slot, keyword: keyword)
    }
    guard let first = nearest.first else { return false }
    let otherTypes = tried.joined().flatMap { violation -> [SchemaType] in
      guard case .wrongType(let expected, _) = violation.kind, violation.path.count == depth else {
        return []
      }
      return expected
    }
    violations += tried[first].map { violation in
      guard violation.path.count == depth else { return violation }
      var violation = violation
      violation.otherTypes = otherTypes
      return violation
    }
    return false
  }

  /// How far a branch is from what was written: a wrong type or value of the whole outweighs that of a
  /// field, which outweighs the number of differences.
  private static func distance(_ violations: [Violation], at depth: Int) -> Int {
    violations.reduce(0) { sum, violation in
      let isWhole = violation.path.count == depth
      switch violation.kind {
      case .wrongType, .notInEnum, .notConstant, .forbidden:
        return sum + (isWhole ? 10_000 : violation.path.count == depth + 1 ? 100 : 3)
      case .unknownProperty, .forbiddenProperty: return sum + 4
      case .missingProperty: return sum + 2
      default: return sum + 1
      }
    }
  }

  /// One violation for branches that differ in the same way: types, values, or which field is required.
  private static func merged(_ tried: [[Violation]], at depth: Int) -> Violation.Kind? {
    guard tried.allSatisfy({ $0.count == 1 && $0[0].path.count == depth }) else { return nil }
    var types: [SchemaType] = []
    var actual = NodeKind.null
    var values: [Node] = []
    var missing: [String] = []
    for violation in tried.joined() {
      switch violation.kind {
      case .wrongType(let expected, let kind):
        types += expected.filter { !types.contains($0) }
        actual = kind
      case .notInEnum(let more): values += more
      case .notConstant(let value): values.append(value)
      case .missingProperty(let name): missing.append(name)
      default: return nil
      }
    }
    switch (types.isEmpty, values.isEmpty, missing.isEmpty) {
    case (false, true, true): return .wrongType(expected: types, actual: actual)
    case (true, false, true): return .notInEnum(values: values)
    case (true, true, false): return .missingOneOf(names: missing)
    default: return nil
    }
  }
}
