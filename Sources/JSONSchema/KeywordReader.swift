import YAMLTree

/// Reads the keywords of one schema into its record and instructions.
struct KeywordReader {
  let schema: Node
  let slot: Int32
  /// The base URI inside the schema.
  let base: URIReference
  let isStructural: Bool
  private var record = SchemaRecord()
  private var instructions: [Instruction] = []
  private var entries: [PropertyEntry] = []
  private var isEmbedded = false

  init(schema: Node, slot: Int32, base: URIReference, isStructural: Bool) {
    self.schema = schema
    self.slot = slot
    self.base = base
    self.isStructural = isStructural
  }

  mutating func read(into compiler: inout SchemaCompiler) {
    readType(&compiler)
    readFields(&compiler)
    for (key, value) in schema.entries {
      let keyword = key.text
      if readBound(keyword, value, &compiler) || readSubschemas(keyword, value, &compiler) { continue }
      if readValues(keyword, value, &compiler) { continue }
      if compiler.options.dialect == .openAPIv3 { readKubernetes(keyword, value, &compiler) }
    }
    readConditional(&compiler)
    finish(&compiler)
  }

  private mutating func finish(_ compiler: inout SchemaCompiler) {
    let start = Int32(compiler.instructions.count)
    compiler.instructions += instructions
    record.instructions = start..<Int32(compiler.instructions.count)
    if record.flags.contains(.strict) || record.additional >= 0 || record.propertyNames >= 0
      || !record.patternProperties.isEmpty
    {
      record.flags.insert(.readsEntries)
    }
    compiler.records[Int(slot)] = record
    compiler.setProperties(entries, of: slot)
    if isEmbedded { compiler.addObjectFields(to: slot, areRequired: true) }
  }

  /// The record of a schema inside this one. `inPlace` ones speak about the same value: Kubernetes' rules on
  /// unknown fields do not reach into them.
  private func subschema(_ node: Node, inPlace: Bool = false, _ compiler: inout SchemaCompiler) -> Int32 {
    compiler.slot(for: .init(node: node, base: base), isStructural: isStructural && !inPlace)
  }

  private mutating func add(
    _ operation: Instruction.Operation, _ kinds: KindSet, first: Int32 = 0, second: Int32 = 0, value: Int = 0
  ) {
    instructions.append(
      Instruction(operation: operation, kinds: kinds, first: first, second: second, value: value))
  }

  // MARK: Types and fields

  private mutating func readType(_ compiler: inout SchemaCompiler) {
    let isKubernetes = compiler.options.dialect == .openAPIv3
    if let type = schema["type"] {
      let words = type.kind == .sequence ? Array(type.elements) : [type]
      var kinds: KindSet = []
      for word in words {
        guard let name = word.string, let parsed = SchemaType(keyword: name) else {
          compiler.fault("'\(word.text)' is not a type", word)
          continue
        }
        kinds.formUnion(KindSet(type: parsed))
      }
      record.kinds = kinds
    }
    guard isKubernetes else { return }
    if schema["x-kubernetes-int-or-string"]?.boolean == true {
      record.kinds = [.integer, .integralFloat, .string]
    }
    if schema["nullable"]?.boolean == true { record.flags.insert(.nullable) }
    guard isStructural, schema["x-kubernetes-preserve-unknown-fields"]?.boolean != true,
      schema["additionalProperties"] == nil
    else { return }
    if schema["properties"] != nil || record.kinds == .mapping { record.flags.insert(.strict) }
  }

  private mutating func readFields(_ compiler: inout SchemaCompiler) {
    if let properties = schema["properties"] {
      guard properties.kind == .mapping else {
        compiler.fault("'properties' must be a mapping", properties)
        return
      }
      for (key, value) in properties.entries {
        entries.append(
          PropertyEntry(name: compiler.name(key.text), schema: subschema(value, &compiler)))
      }
    }
    guard let required = schema["required"] else { return }
    guard required.kind == .sequence else {
      compiler.fault("'required' must be a list of names", required)
      return
    }
    var bit: Int8 = 0
    let overflow = Int32(compiler.names.count)
    for element in required.elements {
      guard let text = element.string else {
        compiler.fault("'required' must be a list of names", element)
        continue
      }
      let name = compiler.name(text)
      if bit == 64 {
        compiler.names.append(name)
        continue
      }
      let position = entries.firstIndex { $0.name == name }
      let row = position ?? entries.count
      if position == nil { entries.append(PropertyEntry(name: name)) }
      guard entries[row].requiredBit < 0 else { continue }
      entries[row].requiredBit = bit
      record.required |= 1 << UInt64(bit)
      bit += 1
    }
    let end = Int32(compiler.names.count)
    if end > overflow { add(.requiredNames, .mapping, first: overflow, second: end) }
  }

  // MARK: Bounds

  private mutating func readBound(_ keyword: String, _ value: Node, _ compiler: inout SchemaCompiler) -> Bool
  {
    switch keyword {
    case "minimum": readNumber(.minimum, value, &compiler)
    case "maximum": readNumber(.maximum, value, &compiler)
    case "exclusiveMinimum": readExclusive(.exclusiveMinimum, .minimum, "minimum", value, &compiler)
    case "exclusiveMaximum": readExclusive(.exclusiveMaximum, .maximum, "maximum", value, &compiler)
    case "multipleOf": readNumber(.multipleOf, value, &compiler)
    case "minLength": readCount(.minLength, .string, value, &compiler)
    case "maxLength": readCount(.maxLength, .string, value, &compiler)
    case "minItems": readCount(.minItems, .sequence, value, &compiler)
    case "maxItems": readCount(.maxItems, .sequence, value, &compiler)
    case "minProperties": readCount(.minProperties, .mapping, value, &compiler)
    case "maxProperties": readCount(.maxProperties, .mapping, value, &compiler)
    default: return false
    }
    return true
  }

  private mutating func readNumber(
    _ operation: Instruction.Operation, _ value: Node, _ compiler: inout SchemaCompiler
  ) {
    guard let number = ExactNumber(value) else {
      compiler.fault("'\(operation.keyword)' must be a number", value)
      return
    }
    let position = Int32(compiler.numbers.count)
    compiler.numbers.append(number)
    add(
      operation, .numbers, first: position, second: number.integer == nil ? 0 : 1, value: number.integer ?? 0)
  }

  /// In OpenAPI 3.0 `exclusiveMinimum` is a boolean beside `minimum`.
  private mutating func readExclusive(
    _ operation: Instruction.Operation, _ inclusive: Instruction.Operation, _ sibling: StaticString,
    _ value: Node, _ compiler: inout SchemaCompiler
  ) {
    guard compiler.options.dialect == .openAPIv3, let isExclusive = value.boolean else {
      readNumber(operation, value, &compiler)
      return
    }
    if isExclusive, let bound = schema[sibling] { readNumber(operation, bound, &compiler) }
  }

  private mutating func readCount(
    _ operation: Instruction.Operation, _ kinds: KindSet, _ value: Node, _ compiler: inout SchemaCompiler
  ) {
    guard let count = ExactNumber(value)?.integer, count >= 0 else {
      compiler.fault("'\(operation.keyword)' must be a count", value)
      return
    }
    add(operation, kinds, value: count)
  }

  // MARK: Values

  private mutating func readValues(_ keyword: String, _ value: Node, _ compiler: inout SchemaCompiler) -> Bool
  {
    switch keyword {
    case "const":
      add(.constant, .all, first: Int32(compiler.constants.count))
      compiler.constants.append(value)
    case "enum":
      guard value.kind == .sequence else {
        compiler.fault("'enum' must be a list of values", value)
        return true
      }
      let start = Int32(compiler.constants.count)
      compiler.constants += Array(value.elements)
      add(.enumeration, .all, first: start, second: Int32(compiler.constants.count))
    case "pattern":
      guard let source = value.string else {
        compiler.fault("'pattern' must be a string", value)
        return true
      }
      if let position = compiler.pattern(source, at: value) { add(.pattern, .string, first: position) }
    case "format":
      guard compiler.options.assertsFormats, let name = value.string, let format = SchemaFormat(name: name)
      else { return true }
      add(.format, format.kinds, first: Int32(format.rawValue))
    case "uniqueItems":
      if value.boolean == true { add(.uniqueItems, .sequence) }
    default: return false
    }
    return true
  }

  // MARK: Schemas inside

  private mutating func readSubschemas(_ keyword: String, _ value: Node, _ compiler: inout SchemaCompiler)
    -> Bool
  {
    switch keyword {
    case "additionalProperties": record.additional = subschema(value, &compiler)
    case "propertyNames": record.propertyNames = subschema(value, &compiler)
    case "items": readItems(value, &compiler)
    case "contains": add(.contains, .sequence, first: subschema(value, &compiler))
    case "not": add(.not, .all, first: subschema(value, inPlace: true, &compiler))
    case "allOf": readList(.allOf, value, &compiler)
    case "anyOf": readList(.anyOf, value, &compiler)
    case "oneOf": readList(.oneOf, value, &compiler)
    case "patternProperties": readPatternProperties(value, &compiler)
    case "dependencies": readDependencies(value, &compiler)
    default: return false
    }
    return true
  }

  private mutating func readItems(_ value: Node, _ compiler: inout SchemaCompiler) {
    guard value.kind == .sequence else {
      record.items = subschema(value, &compiler)
      return
    }
    let slots = value.elements.map { subschema($0, &compiler) }
    let start = Int32(compiler.children.count)
    compiler.children += slots
    let rest = schema["additionalItems"].map { subschema($0, &compiler) } ?? SchemaRecord.none
    add(.tuple, .sequence, first: start, second: Int32(compiler.children.count), value: Int(rest))
  }

  private mutating func readList(
    _ operation: Instruction.Operation, _ value: Node, _ compiler: inout SchemaCompiler
  ) {
    guard value.kind == .sequence, value.count > 0 else {
      compiler.fault("'\(operation.keyword)' must be a list of schemas", value)
      return
    }
    let slots = value.elements.map { subschema($0, inPlace: true, &compiler) }
    let start = Int32(compiler.children.count)
    compiler.children += slots
    add(operation, .all, first: start, second: Int32(compiler.children.count))
  }

  private mutating func readPatternProperties(_ value: Node, _ compiler: inout SchemaCompiler) {
    var rows: [PatternProperty] = []
    for (key, schema) in value.entries {
      guard let position = compiler.pattern(key.text, at: key) else { continue }
      rows.append(PatternProperty(pattern: position, schema: subschema(schema, &compiler)))
    }
    let start = Int32(compiler.patternProperties.count)
    compiler.patternProperties += rows
    record.patternProperties = start..<Int32(compiler.patternProperties.count)
  }

  private mutating func readDependencies(_ value: Node, _ compiler: inout SchemaCompiler) {
    for (key, dependency) in value.entries {
      let trigger = Int32(compiler.names.count)
      compiler.names.append(compiler.name(key.text))
      if dependency.kind == .sequence {
        let start = Int32(compiler.names.count)
        for name in dependency.elements { compiler.names.append(compiler.name(name.text)) }
        add(.dependencyNames, .mapping, first: trigger, second: start, value: compiler.names.count)
      } else {
        let slot = subschema(dependency, inPlace: true, &compiler)
        add(.dependencySchema, .mapping, first: trigger, second: slot)
      }
    }
  }

  private mutating func readConditional(_ compiler: inout SchemaCompiler) {
    guard let condition = schema["if"] else { return }
    let then = schema["then"].map { subschema($0, inPlace: true, &compiler) } ?? SchemaRecord.none
    let otherwise = schema["else"].map { subschema($0, inPlace: true, &compiler) } ?? SchemaRecord.none
    guard then >= 0 || otherwise >= 0 else { return }
    let slot = subschema(condition, inPlace: true, &compiler)
    add(.conditional, .all, first: slot, second: then, value: Int(otherwise))
  }

  // MARK: Kubernetes

  private mutating func readKubernetes(_ keyword: String, _ value: Node, _ compiler: inout SchemaCompiler) {
    switch keyword {
    case "x-kubernetes-embedded-resource": isEmbedded = value.boolean == true
    case "x-kubernetes-validations":
      let rules = value.elements.compactMap { ValidationRule($0) }
      if rules.count != value.count || value.kind != .sequence {
        compiler.fault("'x-kubernetes-validations' must be a list of mappings with 'rule'", value)
      }
      compiler.rules[slot] = rules
      record.flags.insert(.hasValidationRules)
    case "x-kubernetes-list-type":
      switch value.string {
      case "set": add(.uniqueItems, .sequence)
      case "map": readListMap(value, &compiler)
      case "atomic": break
      default: compiler.fault("'x-kubernetes-list-type' must be atomic, set or map", value)
      }
    default: break
    }
  }

  private mutating func readListMap(_ value: Node, _ compiler: inout SchemaCompiler) {
    guard let keys = schema["x-kubernetes-list-map-keys"], keys.kind == .sequence, keys.count > 0,
      let items = schema["items"], items.kind == .mapping
    else {
      compiler.fault("a list of type map needs 'x-kubernetes-list-map-keys' and one schema in 'items'", value)
      return
    }
    let start = Int32(compiler.names.count)
    for key in keys.elements { compiler.names.append(compiler.name(key.text)) }
    let slot = subschema(items, &compiler)
    add(.listMap, .sequence, first: start, second: Int32(compiler.names.count), value: Int(slot))
  }
}
