import Patterns
import YAMLTree

extension SchemaWalk {
  /// Applies one keyword to a value of a kind it is about.
  mutating func apply(_ instruction: Instruction, _ node: Node, _ slot: Int32) -> Bool {
    switch instruction.operation {
    case .enumeration, .constant: checkConstants(instruction, node, slot)
    case .minimum, .maximum, .exclusiveMinimum, .exclusiveMaximum, .multipleOf:
      checkNumber(instruction, node, slot)
    case .minLength, .maxLength, .pattern, .format: checkText(instruction, node, slot)
    case .minItems, .maxItems, .uniqueItems, .listMap, .contains, .tuple:
      checkList(instruction, node, slot)
    case .minProperties, .maxProperties, .requiredNames, .dependencySchema, .dependencyNames:
      checkFields(instruction, node, slot)
    case .allOf, .anyOf, .oneOf, .not, .conditional: checkBranches(instruction, node, slot)
    }
  }

  private mutating func checkConstants(_ instruction: Instruction, _ node: Node, _ slot: Int32) -> Bool {
    let rows =
      instruction.operation == .constant
      ? Int(instruction.first)..<Int(instruction.first) + 1 : Int(instruction.first)..<Int(instruction.second)
    for row in rows {
      let constant = schema.constants[row]
      if constant.isEqual(to: node) { return true }
      if isKey, constant.kind == .string, constant.text == node.text { return true }
    }
    guard collects else { return false }
    let schema = schema
    if instruction.operation == .constant {
      return fail(.notConstant(schema.constants[rows.lowerBound]), node, slot, keyword: "const")
    }
    return fail(.notInEnum(values: Array(schema.constants[rows])), node, slot, keyword: "enum")
  }

  private mutating func checkNumber(_ instruction: Instruction, _ node: Node, _ slot: Int32) -> Bool {
    let operation = instruction.operation
    if instruction.second == 1, let value = node.integer {
      let bound = instruction.value
      let isFine =
        switch operation {
        case .minimum: value >= bound
        case .maximum: value <= bound
        case .exclusiveMinimum: value > bound
        case .exclusiveMaximum: value < bound
        default: bound == 0 ? value == 0 : bound == -1 || value % bound == 0
        }
      if isFine { return true }
    } else {
      let bound = schema.numbers[Int(instruction.first)]
      guard let value = ExactNumber(node) else { return failNumber(operation, node, slot) }
      let isFine =
        switch operation {
        case .minimum: !(value < bound)
        case .maximum: !(bound < value)
        case .exclusiveMinimum: bound < value
        case .exclusiveMaximum: value < bound
        default: value.isMultiple(of: bound)
        }
      if isFine { return true }
    }
    return failNumber(operation, node, slot)
  }

  private mutating func failNumber(_ operation: Instruction.Operation, _ node: Node, _ slot: Int32) -> Bool {
    guard collects, let source = schema.sources[Int(slot)] else { return false }
    var bound = source[operation.keyword] ?? source
    if bound.kind == .boolean {
      // OpenAPI 3.0's `exclusiveMinimum: true`.
      bound = source[operation == .exclusiveMinimum ? "minimum" : "maximum"] ?? source
    }
    let kind: Violation.Kind =
      switch operation {
      case .minimum: .belowMinimum(bound, exclusive: false)
      case .maximum: .aboveMaximum(bound, exclusive: false)
      case .exclusiveMinimum: .belowMinimum(bound, exclusive: true)
      case .exclusiveMaximum: .aboveMaximum(bound, exclusive: true)
      default: .notMultipleOf(bound)
      }
    return fail(kind, node, slot, keyword: operation.keyword)
  }

  private mutating func checkText(_ instruction: Instruction, _ node: Node, _ slot: Int32) -> Bool {
    switch instruction.operation {
    case .pattern:
      if node.withText({ schema.patterns.matches(Int(instruction.first), $0) }) { return true }
      guard collects else { return false }
      let source = schema.patterns.patterns[Int(instruction.first)].source
      return fail(.pattern(source), node, slot, keyword: "pattern")
    case .format:
      guard let format = SchemaFormat(rawValue: UInt8(truncatingIfNeeded: instruction.first)) else {
        return true
      }
      return format.accepts(node) || fail(.format(format), node, slot, keyword: "format")
    default:
      // Code points: the bytes that do not continue one.
      let length = node.withText { text in
        var count = 0
        for byte in text where byte & 0xC0 != 0x80 { count += 1 }
        return count
      }
      if instruction.operation == .minLength {
        return length >= instruction.value
          || fail(.tooShort(minimum: instruction.value, actual: length), node, slot, keyword: "minLength")
      }
      return length <= instruction.value
        || fail(.tooLong(maximum: instruction.value, actual: length), node, slot, keyword: "maxLength")
    }
  }

  private mutating func checkFields(_ instruction: Instruction, _ node: Node, _ slot: Int32) -> Bool {
    switch instruction.operation {
    case .minProperties:
      return node.count >= instruction.value
        || fail(
          .tooFewEntries(minimum: instruction.value, actual: node.count), node, slot, keyword: "minProperties"
        )
    case .maxProperties:
      return node.count <= instruction.value
        || fail(
          .tooManyEntries(maximum: instruction.value, actual: node.count), node, slot,
          keyword: "maxProperties")
    case .dependencySchema:
      guard schema.entry(schema.names[Int(instruction.first)], of: node) != nil else { return true }
      return check(node, instruction.second)
    case .dependencyNames:
      let trigger = schema.names[Int(instruction.first)]
      guard schema.entry(trigger, of: node) != nil else { return true }
      return checkPresence(Int(instruction.second)..<instruction.value, node, slot, neededBy: trigger)
    default:
      return checkPresence(
        Int(instruction.first)..<Int(instruction.second), node, slot, neededBy: nil)
    }
  }

  private mutating func checkPresence(
    _ rows: Range<Int>, _ node: Node, _ slot: Int32, neededBy trigger: NameReference?
  ) -> Bool {
    var isFine = true
    for row in rows where schema.entry(schema.names[row], of: node) == nil {
      guard collects else { return false }
      isFine = false
      let name = schema.text(schema.names[row])
      if let trigger {
        let kind = Violation.Kind.missingDependency(name: name, neededBy: schema.text(trigger))
        _ = fail(kind, node, slot, keyword: "dependencies")
      } else {
        failMissing(name, node, slot, field: SchemaRecord.none)
      }
    }
    return isFine
  }
}
