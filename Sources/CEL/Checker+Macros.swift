/// Macros that bind variables.
extension Checker {
  mutating func comprehension(_ macro: Comprehension, _ range: Range<Int>) -> Checked {
    let source = check(macro.range)
    let (key, element, isList) = elementTypes(source.type, macro.range.range)
    let types = macro.variables.count == 2 ? [key, element] : [isList == false ? key : element]
    var slots: [Int] = []
    for (name, type) in zip(macro.variables, types) { slots.append(push(name.text, type)) }
    var condition: Checked?
    if let part = macro.condition {
      let checked = check(part)
      require(checked, .bool, part.range)
      condition = checked
    }
    let body = check(macro.body)
    pop(slots.count)
    let type = resultType(macro, body, element: types[0], key: key, isList: isList)
    let loop = Evaluation.Loop(
      range: source.code, rangeRange: macro.range.range, slots: slots, condition: condition?.code,
      conditionRange: macro.condition?.range ?? macro.body.range, body: body.code,
      bodyRange: macro.body.range,
      wholeRange: range)
    return Checked(type, Evaluation.comprehension(macro.kind, loop))
  }

  /// The types of key and element; `isList` is nil when that is not known yet.
  private mutating func elementTypes(
    _ type: CELType, _ range: Range<Int>
  ) -> (key: CELType, element: CELType, isList: Bool?) {
    switch inference.resolve(type) {
    case .list(let element): return (.int, element, true)
    case .map(let key, let value): return (key, value, false)
    case .nullable(let inner): return elementTypes(inner, range)
    case .dyn, .variable: return (.dyn, .dyn, nil)
    case .unknown: return (.unknown, .unknown, nil)
    case .optional:
      report("this is an optional, not a list", at: range, help: "take its value with '.orValue([])' first")
    case .record(let record):
      report("\(record.name) is an object with fields, not a list or map", at: range)
    case let other:
      report("this is \(article(inference.settled(other))), not a list or map", at: range)
    }
    return (.unknown, .unknown, nil)
  }

  private mutating func resultType(
    _ macro: Comprehension, _ body: Checked, element: CELType, key: CELType, isList: Bool?
  ) -> CELType {
    switch macro.kind {
    case .all, .exists, .existsOne:
      require(body, .bool, macro.body.range)
      return .bool
    case .filter:
      require(body, .bool, macro.body.range)
      return .list(element)
    case .map, .transformList: return .list(body.type)
    case .transformMap: return .map(key: key, value: body.type)
    case .transformMapEntry:
      switch inference.resolve(body.type) {
      case .map, .dyn, .variable, .unknown: return body.type
      default:
        report("this must be a map of one entry, as in {k: v}", at: macro.body.range)
        return .unknown
      }
    case .sortBy:
      if isList == false { report("only a list can be sorted", at: macro.range.range) }
      switch inference.resolve(body.type) {
      case .int, .uint, .double, .bool, .string, .bytes, .timestamp, .duration, .quantity, .dyn, .variable,
        .unknown, .nullable:
        break
      case let other:
        report("\(article(inference.settled(other))) has no order to sort by", at: macro.body.range)
      }
      return .list(element)
    }
  }

  mutating func bind(_ name: Name, _ value: Syntax, _ body: Syntax) -> Checked {
    let checked = check(value)
    let slot = push(name.text, checked.type)
    let result = check(body)
    pop(1)
    return Checked(result.type, Evaluation.bind(checked.code, slot, result.code))
  }

  mutating func optionalMap(
    _ base: Syntax, _ name: Name, _ body: Syntax, _ isFlat: Bool, _ range: Range<Int>
  ) -> Checked {
    let checked = check(base)
    let inner: CELType
    switch inference.resolve(checked.type) {
    case .optional(let type): inner = type
    case .dyn, .variable: inner = .dyn
    case .unknown: inner = .unknown
    case let other:
      report("this is \(article(inference.settled(other))), not an optional", at: base.range)
      inner = .unknown
    }
    let slot = push(name.text, inner)
    let result = check(body)
    pop(1)
    if isFlat {
      let target = CELType.optional(inference.fresh())
      require(result, target, body.range)
    }
    return Checked(
      isFlat ? result.type : .optional(result.type),
      Evaluation.optionalMap(checked.code, slot, result.code, isFlat: isFlat, base.range, body.range))
  }
}
