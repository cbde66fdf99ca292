import YAMLTree

extension SchemaWalk {
  /// Below this many items each is compared with each, without allocating.
  private static let pairwiseLimit = 24

  mutating func checkList(_ instruction: Instruction, _ node: Node, _ slot: Int32) -> Bool {
    switch instruction.operation {
    case .minItems:
      return node.count >= instruction.value
        || fail(.tooFewItems(minimum: instruction.value, actual: node.count), node, slot, keyword: "minItems")
    case .maxItems:
      return node.count <= instruction.value
        || fail(
          .tooManyItems(maximum: instruction.value, actual: node.count), node, slot, keyword: "maxItems")
    case .contains:
      for element in node.elements where probe(element, instruction.first) { return true }
      return fail(.noSuchItem, node, slot, keyword: "contains")
    case .tuple: return checkTuple(instruction, node)
    default: return checkUnique(instruction, node, slot)
    }
  }

  private mutating func checkTuple(_ instruction: Instruction, _ node: Node) -> Bool {
    var isFine = true
    var position = 0
    let count = Int(instruction.second - instruction.first)
    for element in node.elements {
      let slot =
        position < count ? schema.children[Int(instruction.first) + position] : Int32(instruction.value)
      if slot >= 0, !descend(element, slot, .index(position)) {
        if !collects { return false }
        isFine = false
      }
      position += 1
    }
    return isFine
  }

  // MARK: Uniqueness

  /// `uniqueItems`, and lists of type set and map. Linear in the list where it is long.
  private mutating func checkUnique(_ instruction: Instruction, _ node: Node, _ slot: Int32) -> Bool {
    if node.count < 2 { return true }
    if !collects, node.count <= Self.pairwiseLimit { return !hasEqualPair(instruction, node) }
    var isFine = true
    var earlier: [UInt64: [Node]] = [:]
    for (position, element) in node.elements.enumerated() {
      let hash = identityHash(instruction, element)
      if let first = earlier[hash]?.first(where: { areSame(instruction, $0, element) }) {
        guard collects else { return false }
        isFine = false
        reportDuplicate(instruction, element, position, first, slot)
      } else {
        earlier[hash, default: []].append(element)
      }
    }
    return isFine
  }

  private func hasEqualPair(_ instruction: Instruction, _ node: Node) -> Bool {
    var position = 0
    for element in node.elements {
      position += 1
      var other = 0
      for later in node.elements {
        other += 1
        if other > position, areSame(instruction, element, later) { return true }
      }
    }
    return false
  }

  private mutating func reportDuplicate(
    _ instruction: Instruction, _ element: Node, _ position: Int, _ first: Node, _ slot: Int32
  ) {
    var keys: [String] = []
    if instruction.operation == .listMap {
      keys = schema.names[Int(instruction.first)..<Int(instruction.second)].map { schema.text($0) }
    }
    path.append(.index(position))
    defer { path.removeLast() }
    let keyword: StaticString =
      instruction.operation == .listMap ? "x-kubernetes-list-map-keys" : "uniqueItems"
    _ = fail(.duplicateItem(first: first, keys: keys), element, slot, keyword: keyword)
  }

  /// Equal as a whole, or in the keys of a list of type map. What is no mapping is a matter of `type`.
  private func areSame(_ instruction: Instruction, _ a: Node, _ b: Node) -> Bool {
    guard instruction.operation == .listMap else { return a.isEqual(to: b) }
    guard a.kind == .mapping, b.kind == .mapping else { return false }
    for row in instruction.first..<instruction.second {
      let x = keyValue(instruction, schema.names[Int(row)], a)
      let y = keyValue(instruction, schema.names[Int(row)], b)
      switch (x, y) {
      case (let x?, let y?):
        if !x.isEqual(to: y) { return false }
      // A key that is missing and has no default is a matter of `required`.
      default: return false
      }
    }
    return true
  }

  /// The value of a list's key: what is written, else the default, as after the API server's defaulting.
  private func keyValue(_ instruction: Instruction, _ name: NameReference, _ element: Node) -> Node? {
    if let entry = schema.entry(name, of: element) { return entry.value }
    var slot = Int32(instruction.value)
    while schema.records[Int(slot)].reference >= 0 { slot = schema.records[Int(slot)].reference }
    for row in schema.records[Int(slot)].properties where schema.properties[Int(row)].name == name {
      let property = schema.properties[Int(row)].schema
      return property >= 0 ? annotation("default", of: property) : nil
    }
    return nil
  }

  private func identityHash(_ instruction: Instruction, _ element: Node) -> UInt64 {
    guard instruction.operation == .listMap, element.kind == .mapping else { return deepHash(element) }
    var hash: UInt64 = 7
    for row in instruction.first..<instruction.second {
      let value = keyValue(instruction, schema.names[Int(row)], element)
      hash = mix(hash, value.map { deepHash($0) } ?? 0)
    }
    return hash
  }

  /// Equal for nodes that `Node.isEqual` holds equal: `1` as `1.0`, mappings in any order.
  private func deepHash(_ node: Node) -> UInt64 {
    switch node.kind {
    case .integer, .float: return mix(1, (node.number ?? 0) == 0 ? 0 : (node.number ?? 0).bitPattern)
    case .boolean: return node.boolean == true ? 2 : 3
    case .sequence: return node.elements.reduce(4) { mix($0, deepHash($1)) }
    case .mapping:
      return node.entries.reduce(5) { $0 &+ mix(UInt64($1.key.hash), deepHash($1.value)) }
    default: return mix(UInt64(node.kind.rawValue), UInt64(node.hash))
    }
  }

  private func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = (a ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: b ^ 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low &+ a
  }
}
