import Diagnostics
import Patterns

/// Functions and methods.
extension Checker {
  mutating func call(
    _ name: Name, on receiver: Syntax?, _ arguments: [Syntax], _ range: Range<Int>
  ) -> Checked {
    if let receiver {
      if let (prefix, isRooted) = qualifiedName(receiver) {
        for candidate in environment.candidates(prefix + "." + name.text, isRooted: isRooted) {
          guard let function = environment.functions[candidate] else { continue }
          return apply(function, name, isMethod: false, arguments, range)
        }
        if environment.functions.namespaces.contains(prefix), environment.slots[prefix] == nil {
          return unknownFunction(
            prefix + "." + name.text, receiver.range.lowerBound..<name.range.upperBound, arguments)
        }
      }
      guard let function = environment.functions[name.text], function.overloads.contains(where: \.isMethod)
      else {
        let type = check(receiver).type
        for argument in arguments where !isMacro(name.text) { _ = check(argument) }
        reportUnknownMethod(name, type)
        return .wrong
      }
      return apply(function, name, isMethod: true, [receiver] + arguments, range)
    }
    let isRooted = name.text.hasPrefix(".")
    let text = isRooted ? String(name.text.dropFirst()) : name.text
    for candidate in environment.candidates(text, isRooted: isRooted) {
      guard let function = environment.functions[candidate],
        function.overloads.contains(where: { !$0.isMethod })
      else { continue }
      return apply(function, name, isMethod: false, arguments, range)
    }
    return unknownFunction(text, name.range, arguments)
  }

  private mutating func unknownFunction(_ name: String, _ range: Range<Int>, _ arguments: [Syntax]) -> Checked
  {
    let functions = environment.functions.functions.values
    let names = functions.filter { $0.overloads.contains { !$0.isMethod } }.map(\.name).filter(isWritable)
    let isMethod = environment.functions[name] != nil
    report(
      "unknown function '\(name)'", at: range,
      help: isMethod
        ? "'\(name)' is a method; write 'value.\(name)(…)'"
        : isMacro(name)
          ? "'\(name)' is a macro on lists and maps: list.\(name)(x, …)"
          : (synonym(of: name) ?? didYouMean(name, among: names)))
    for argument in arguments where !isMacro(name) { _ = check(argument) }
    return .wrong
  }

  private func isWritable(_ name: String) -> Bool { name.utf8.first?.isLetter == true }

  private func isMacro(_ name: String) -> Bool {
    [
      "all", "exists", "exists_one", "existsOne", "map", "filter", "transformList", "transformMap",
      "transformMapEntry", "sortBy", "optMap", "optFlatMap",
    ].contains(name)
  }

  /// Names of other languages for what is here under another.
  private func synonym(of name: String) -> String? {
    let names = [
      "length": "size", "lenght": "size", "len": "size", "count": "size", "includes": "contains",
      "toLowerCase": "lowerAscii", "lower": "lowerAscii", "toUpperCase": "upperAscii", "upper": "upperAscii",
      "strip": "trim", "some": "exists", "any": "exists", "every": "all", "match": "matches", "str": "string",
      "toString": "string", "concat": "+", "equals": "==", "default": "orValue",
    ]
    return names[name].map { "that is '\($0)' here" }
  }

  private mutating func reportUnknownMethod(_ name: Name, _ type: CELType) {
    if type == .unknown { return }
    let methods = environment.functions.functions.values.filter { $0.overloads.contains(where: \.isMethod) }
    var help = didYouMean(name.text, among: methods.map(\.name))
    if isMacro(name.text) { help = "the macro '\(name.text)' takes another number of arguments" }
    if environment.functions[name.text] != nil { help = "write '\(name.text)(value)'" }
    help = synonym(of: name.text) ?? help
    report("unknown method '\(name.text)'", at: name.range, help: help)
  }

  private mutating func apply(
    _ function: Function, _ name: Name, isMethod: Bool, _ arguments: [Syntax], _ range: Range<Int>
  ) -> Checked {
    let checked = arguments.map { check($0) }
    let types = checked.map(\.type)
    guard let result = admitted(function.name, types) ?? resolve(function, isMethod, types) else {
      reportNoOverload(function, name, isMethod, checked.map(\.type), arguments)
      return .wrong
    }
    if isMethod, checked.count == 2, function.name == "or" || function.name == "orValue" {
      let takesValue = function.name == "orValue"
      return Checked(
        result, Evaluation.alternative(checked[0].code, checked[1].code, takesValue: takesValue, range))
    }
    if let body = specialised(function.name, checked, arguments, range) { return Checked(result, body) }
    guard let body = function.body(arguments: checked.count) else { return .wrong }
    var call = Checked(result, Evaluation.call(function.name, body, checked.map(\.code), range))
    if function.name == "!_", let truth = checked.first?.truth {
      call.truth = Truth(value: !truth.value, isByValue: truth.isByValue)
    }
    return call
  }

  /// The type of what rules for admission may write beyond what types allow; nil for everything else.
  private func admitted(_ function: String, _ arguments: [CELType]) -> CELType? {
    guard environment.isAdmission, arguments.count == 2 else { return nil }
    let first = inference.resolve(arguments[0])
    let second = inference.resolve(arguments[1])
    switch function {
    case "_==_", "_!=_":
      if first == .null || second == .null { return .bool }
      switch (first, second) {
      case (.record, .map), (.map, .record): return .bool
      default: return nil
      }
    case "orValue":
      guard case .optional(let inner) = first else { return nil }
      if second == .null { return .nullable(inner) }
      guard case .map = second, case .record = inference.resolve(inner) else { return nil }
      return inner
    default: return nil
    }
  }

  /// The type of the result, nil when no overload fits. With several fitting ones that differ, `dyn`.
  private mutating func resolve(_ function: Function, _ isMethod: Bool, _ arguments: [CELType]) -> CELType? {
    if arguments.contains(.unknown) { return .unknown }
    let overloads = function.overloads.filter {
      $0.isMethod == isMethod && $0.accepts(count: arguments.count)
    }
    for isFallback in [false, true] {
      var result: CELType?
      for overload in overloads where overload.isFallback == isFallback {
        let saved = inference
        var variables: [Int: CELType] = [:]
        var fits = true
        for (position, argument) in arguments.enumerated() where fits {
          let parameter = overload.parameters[min(position, overload.parameters.count - 1)]
          let instance = inference.instantiate(parameter, &variables)
          fits = inference.accepts(instance, argument)
        }
        guard fits else {
          inference = saved
          continue
        }
        let instance = inference.instantiate(overload.result, &variables)
        let type = inference.resolve(instance)
        if let known = result {
          if known != type { return .dyn }
        } else {
          result = type
        }
      }
      if let result { return result }
    }
    return nil
  }

  private mutating func reportNoOverload(
    _ function: Function, _ name: Name, _ isMethod: Bool, _ types: [CELType], _ arguments: [Syntax]
  ) {
    let shown = types.map { inference.settled($0) }
    let counts = Set(
      function.overloads.filter { $0.isMethod == isMethod && !$0.isVariadic }.map(\.parameters.count))
    if !counts.isEmpty, !counts.contains(types.count), function.overloads.allSatisfy({ !$0.isVariadic }) {
      let own = isMethod ? 1 : 0
      let wanted = counts.sorted().map { String($0 - own) }.joined(separator: " or ")
      report(
        "'\(displayed(function.name))' takes \(wanted) argument\(wanted == "1" ? "" : "s"), not \(types.count - own)",
        at: name.range)
      return
    }
    report(
      overloadMessage(function.name, shown.map(\.description)), at: name.range, help: hint(function, shown))
  }

  private func hint(_ function: Function, _ types: [CELType]) -> String? {
    if types.contains(where: { if case .optional = $0 { true } else { false } }) {
      return "take the value out of the optional with '.orValue(…)' first"
    }
    switch function.name {
    case "_==_", "_!=_":
      return types.contains(.null)
        ? "it is never null; whether a field is there is asked with has(…)"
        : "convert one of them, or compare dyn(…) if that is meant"
    case "_+_" where types.contains(.string): return "convert the other with string(…)"
    case "_+_", "_-_", "_*_", "_/_", "_%_":
      let numbers: Set<CELType> = [.int, .uint, .double]
      return types.allSatisfy(numbers.contains) ? "convert one with int(…), uint(…) or double(…)" : nil
    default: return forms(function)
    }
  }

  /// How a function is called, where that is soon said.
  private func forms(_ function: Function) -> String? {
    let forms = function.overloads.filter { !$0.isFallback }.map { overload -> String in
      let types = overload.parameters.map(\.description)
      return overload.isMethod
        ? "\(types[0]).\(function.name)(\(types.dropFirst().joined(separator: ", ")))"
        : "\(function.name)(\(types.joined(separator: ", ")))"
    }
    return forms.count > 4 || !isWritable(function.name)
      ? nil : "it is called as " + forms.joined(separator: " or ")
  }

  /// Calls whose work is partly done now: a literal regular expression is compiled, and refused, here.
  private mutating func specialised(
    _ name: String, _ checked: [Checked], _ arguments: [Syntax], _ range: Range<Int>
  ) -> Code? {
    refuseLiterals(name, checked, arguments)
    guard ["matches", "find", "findAll"].contains(name), checked.count >= 2,
      case .string(let source)? = checked[1].constant
    else { return nil }
    do throws(PatternError) {
      let pattern = try patterns.pattern(source)
      return name == "matches" && checked.count == 2
        ? Evaluation.matches(checked[0].code, pattern, range) : nil
    } catch {
      report("this regular expression is wrong: \(error.message)", at: arguments[1].range)
      return nil
    }
  }

  /// Literals with which a call can only fail: time zones by name, and what API servers check as well when a rule is
  /// compiled, durations and timestamps. The language's conformance cases want the latter to fail when evaluated.
  private mutating func refuseLiterals(_ name: String, _ checked: [Checked], _ arguments: [Syntax]) {
    guard case .string(let text)? = checked.last?.constant, let place = arguments.last?.range else { return }
    do throws(Failure) {
      switch (name, checked.count) {
      case ("duration", 1) where environment.isAdmission:
        if try CELDuration(text: text) == nil {
          throw Failure("'\(printable(text))' is no duration as in '1h30m'")
        }
      case ("timestamp", 1) where environment.isAdmission:
        if try CELTimestamp(rfc3339: text) == nil {
          throw Failure("'\(printable(text))' is no timestamp as in '2026-11-25T08:00:00Z'")
        }
      case (_, 2) where name.hasPrefix("get") && name != "get":
        _ = try zoneOffset(text)
      default: break
      }
    } catch {
      report(error.message, at: place)
    }
  }
}

/// An operator as it is written, a function by its name.
func displayed(_ function: String) -> String {
  switch function {
  case "@in": "in"
  case "!_": "!"
  case "-_": "-"
  case _ where function.hasPrefix("_") && function.hasSuffix("_") && function.count > 2:
    String(function.dropFirst().dropLast())
  default: function
  }
}

/// What is said, before and during evaluation, of arguments that a function does not take.
func overloadMessage(_ function: String, _ types: [String]) -> String {
  let shown =
    types.count < 2
    ? types.joined() : types.dropLast().joined(separator: ", ") + " and " + types[types.count - 1]
  return
    "no such overload: '\(displayed(function))' cannot be applied to \(types.isEmpty ? "nothing" : shown)"
}
