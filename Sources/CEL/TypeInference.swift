/// What is known about type variables, and what follows from comparing types.
struct TypeInference {
  private var bindings: [CELType?] = []

  mutating func fresh() -> CELType {
    bindings.append(nil)
    return .variable(bindings.count - 1)
  }

  /// The type with every known variable replaced.
  func resolve(_ type: CELType) -> CELType {
    switch type {
    case .variable(let index) where index < bindings.count: bindings[index].map(resolve) ?? type
    case .list(let element): .list(resolve(element))
    case .map(let key, let value): .map(key: resolve(key), value: resolve(value))
    case .optional(let value): .optional(resolve(value))
    case .nullable(let value): .nullable(resolve(value))
    default: type
    }
  }

  /// The type with what is still unknown as `dyn`.
  func settled(_ type: CELType) -> CELType {
    switch resolve(type) {
    case .variable: .dyn
    case .list(let element): .list(settled(element))
    case .map(let key, let value): .map(key: settled(key), value: settled(value))
    case .optional(let value): .optional(settled(value))
    case .nullable(let value): .nullable(settled(value))
    case let other: other
    }
  }

  /// An overload's types with variables of their own. `variables` maps the overload's variables to them.
  mutating func instantiate(_ type: CELType, _ variables: inout [Int: CELType]) -> CELType {
    switch type {
    case .variable(let index):
      if let known = variables[index] { return known }
      let new = fresh()
      variables[index] = new
      return new
    case .list(let element): return .list(instantiate(element, &variables))
    case .map(let key, let value):
      return .map(key: instantiate(key, &variables), value: instantiate(value, &variables))
    case .optional(let value): return .optional(instantiate(value, &variables))
    case .nullable(let value): return .nullable(instantiate(value, &variables))
    default: return type
    }
  }

  /// True when a value of type `source` may stand where `target` is asked for. Binds variables; the caller
  /// restores a copy when it tries and fails.
  mutating func accepts(_ target: CELType, _ source: CELType) -> Bool {
    if case .variable(let index) = target, index < bindings.count, let bound = bindings[index] {
      return widen(index, bound, with: source)
    }
    let source = shallow(source)
    switch (target, source) {
    case (.variable(let a), .variable(let b)) where a == b: return true
    case (.variable(let index), _):
      guard index < bindings.count, !mentions(source, index) else { return false }
      bindings[index] = source
      return true
    case (_, .variable(let index)):
      guard index < bindings.count, !mentions(target, index) else { return false }
      bindings[index] = target
      return true
    case (.dyn, _), (_, .dyn), (.unknown, _), (_, .unknown): return true
    case (.nullable, .null): return true
    case (.nullable(let a), .nullable(let b)), (.nullable(let a), let b): return accepts(a, b)
    case (let a, .nullable(let b)): return accepts(a, b)
    case (.list(let a), .list(let b)), (.optional(let a), .optional(let b)): return accepts(a, b)
    case (.map(let aKey, let aValue), .map(let bKey, let bValue)):
      return accepts(aKey, bKey) && accepts(aValue, bValue)
    case (_, .null): return target == .null || target.allowsNull
    default: return target == source
    }
  }

  /// A bound variable meets another type: one of the two has to hold both.
  private mutating func widen(_ index: Int, _ bound: CELType, with source: CELType) -> Bool {
    let saved = self
    if accepts(bound, source) {
      let general = mostGeneral(bound, source)
      if general != .variable(index) { bindings[index] = general }
      return true
    }
    self = saved
    guard accepts(source, bound) else {
      self = saved
      return false
    }
    bindings[index] = shallow(source)
    return true
  }

  private func shallow(_ type: CELType) -> CELType {
    var type = type
    while case .variable(let index) = type, index < bindings.count, let bound = bindings[index] {
      type = bound
    }
    return type
  }

  private func mentions(_ type: CELType, _ index: Int) -> Bool {
    switch resolve(type) {
    case .variable(let other): other == index
    case .list(let element): mentions(element, index)
    case .map(let key, let value): mentions(key, index) || mentions(value, index)
    case .optional(let value), .nullable(let value): mentions(value, index)
    default: false
    }
  }

  /// Of two types that fit each other, the one that holds both.
  func mostGeneral(_ a: CELType, _ b: CELType) -> CELType {
    switch (resolve(a), resolve(b)) {
    case (.unknown, _), (_, .unknown): return .unknown
    case (.dyn, _), (_, .dyn): return .dyn
    case (.variable, let known), (let known, .variable): return known
    case (.nullable(let a), .nullable(let b)), (.nullable(let a), let b), (let a, .nullable(let b)):
      return b == .null ? .nullable(a) : .nullable(mostGeneral(a, b))
    case (.null, let other), (let other, .null): return other
    case (.list(let a), .list(let b)): return .list(mostGeneral(a, b))
    case (.optional(let a), .optional(let b)): return .optional(mostGeneral(a, b))
    case (.map(let aKey, let aValue), .map(let bKey, let bValue)):
      return .map(key: mostGeneral(aKey, bKey), value: mostGeneral(aValue, bValue))
    case (let a, _): return a
    }
  }

  /// The type of elements of both types: `dyn` when they have nothing in common.
  mutating func join(_ a: CELType, _ b: CELType) -> CELType {
    for (target, source) in [(a, b), (b, a)] {
      let saved = self
      if accepts(target, source) { return mostGeneral(target, source) }
      self = saved
    }
    return .dyn
  }
}

extension CELType {
  /// True for the types whose values may be null without the type saying so: objects, as messages in protocol
  /// buffers may be (`oldObject == null` is common in admission policies).
  fileprivate var allowsNull: Bool {
    if case .record = self { true } else { false }
  }
}
