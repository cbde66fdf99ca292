import Diagnostics

/// Operators, literals of lists and maps.
extension Checker {
  mutating func index(
    _ base: Checked, _ index: Checked, _ baseSyntax: Syntax, _ indexSyntax: Syntax, isOptional: Bool,
    _ range: Range<Int>
  ) -> Checked {
    var isChained = false
    var type = inference.resolve(base.type)
    if case .nullable(let inner) = type { type = inference.resolve(inner) }
    if case .optional(let inner) = type {
      isChained = true
      type = inference.resolve(inner)
    }
    let element: CELType
    switch type {
    case .dyn, .variable: element = .dyn
    case .unknown: element = .unknown
    case .list(let inner):
      require(index, .int, indexSyntax.range)
      element = inner
    case .map(let key, let value):
      requireKey(index, key, indexSyntax.range)
      element = value
    case .record(let record) where environment.isAdmission && index.constant != nil:
      guard case .string(let field)? = index.constant, let type = record.type(of: field) else {
        report(
          "\(record.name) has no field \(index.constant.map(Evaluation.shown) ?? "")", at: indexSyntax.range,
          help: "its fields are: \(listed(record.fieldNames))")
        element = .unknown
        break
      }
      element = type
    case .record(let record):
      report(
        "\(record.name) is no map and cannot be indexed", at: indexSyntax.range,
        help: "select its fields with '.'")
      element = .unknown
    default:
      report("\(article(inference.settled(type))) cannot be indexed", at: baseSyntax.range)
      element = .unknown
    }
    let code = Evaluation.index(base.code, index.code, isOptional: isOptional, range)
    return Checked(isOptional || isChained ? optional(element) : element, code)
  }

  private mutating func requireKey(_ index: Checked, _ key: CELType, _ range: Range<Int>) {
    let saved = inference
    if inference.accepts(key, index.type) { return }
    inference = saved
    report(
      "the keys of this map are \(inference.settled(key)), not \(inference.settled(index.type))", at: range)
  }

  /// A conditional of which either branch may be reached.
  mutating func open(
    conditional checked: Checked, _ first: Checked, _ second: Checked, _ condition: Syntax,
    _ otherwise: Syntax
  ) -> Checked {
    let saved = inference
    let result = inference.fresh()
    if !(inference.accepts(result, first.type) && inference.accepts(result, second.type)) {
      inference = saved
      // 'has(x) ? x : null' is how admission policies write a value that may be absent.
      let code = Evaluation.conditional(checked.code, first.code, second.code, condition.range)
      if inference.settled(second.type) == .null { return Checked(.nullable(first.type), code) }
      if inference.settled(first.type) == .null { return Checked(.nullable(second.type), code) }
      report(
        "the two results are of different types: \(inference.settled(first.type)) and "
          + "\(inference.settled(second.type))",
        at: otherwise.range, help: "wrap both in dyn(…) if that is meant")
      return Checked(.unknown, Evaluation.conditional(checked.code, first.code, second.code, condition.range))
    }
    return Checked(
      inference.resolve(result),
      Evaluation.conditional(checked.code, first.code, second.code, condition.range))
  }

  mutating func list(_ items: [Syntax.Item]) -> Checked {
    var element: CELType?
    var codes: [(Code, isOptional: Bool, Range<Int>)] = []
    for item in items {
      let checked = check(item.value)
      let type = item.isOptional ? unwrapped(checked, item.value.range) : checked.type
      element = element.map { inference.join($0, type) } ?? type
      codes.append((checked.code, item.isOptional, item.value.range))
    }
    let code = Evaluation.list(codes)
    return Checked(.list(element ?? inference.fresh()), code)
  }

  /// The type within an optional one, after a report when it is none.
  private mutating func unwrapped(_ checked: Checked, _ range: Range<Int>) -> CELType {
    switch inference.resolve(checked.type) {
    case .optional(let inner): return inner
    case .dyn, .variable: return .dyn
    case .unknown: return .unknown
    case let other:
      report(
        "this is \(article(inference.settled(other))) where an optional is needed", at: range,
        help: "leave out the '?'")
      return .unknown
    }
  }

  mutating func map(_ entries: [Syntax.Entry]) -> Checked {
    var key: CELType?
    var value: CELType?
    var codes: [Evaluation.Entry] = []
    for entry in entries {
      let checkedKey = mapKey(entry.key)
      let checkedValue = check(entry.value)
      checkKeyType(checkedKey.type, entry.key.range)
      let type = entry.isOptional ? unwrapped(checkedValue, entry.value.range) : checkedValue.type
      key = key.map { inference.join($0, checkedKey.type) } ?? checkedKey.type
      value = value.map { inference.join($0, type) } ?? type
      codes.append(
        Evaluation.Entry(
          key: checkedKey.code, value: checkedValue.code, isOptional: entry.isOptional,
          keyRange: entry.key.range, valueRange: entry.value.range))
    }
    return Checked(
      .map(key: key ?? inference.fresh(), value: value ?? inference.fresh()), Evaluation.map(codes))
  }

  /// A key is an expression; a bare name that is no variable is most likely meant as a string.
  private mutating func mapKey(_ key: Syntax) -> Checked {
    if case .identifier(let name, isRooted: false) = key.form, !locals.contains(where: { $0.name == name }),
      global(name, false, key.range) == nil
    {
      report(
        "unknown variable '\(name)'", at: key.range,
        help: "keys are expressions too: write '\(name)' in quotes if the string is meant")
      return .wrong
    }
    return check(key)
  }

  private mutating func checkKeyType(_ type: CELType, _ range: Range<Int>) {
    switch inference.resolve(type) {
    case .bool, .int, .uint, .string, .dyn, .variable, .unknown: break
    case let other:
      report("\(article(inference.settled(other))) cannot be a key of a map", at: range)
    }
  }
}
