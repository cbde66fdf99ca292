/// Literals of lists and maps, and what binds variables.
extension Evaluation {
  static func list(_ items: [(Code, isOptional: Bool, Range<Int>)]) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      var values: [CELValue] = []
      values.reserveCapacity(items.count)
      for (code, isOptional, range) in items {
        let value = try code(&frame)
        if isOptional {
          if let inner = try optional(value, range) { values.append(inner) }
        } else {
          values.append(value)
        }
      }
      return .list(values)
    }
  }

  private static func optional(_ value: CELValue, _ range: Range<Int>) throws(CELError) -> CELValue? {
    guard case .optional(let inner) = value else {
      throw Failure("no such overload: this is \(withArticle(value.typeName)), not an optional").at(range)
    }
    return inner
  }

  /// One entry of a map literal.
  struct Entry: Sendable {
    let key: Code
    let value: Code
    let isOptional: Bool
    let keyRange: Range<Int>
    let valueRange: Range<Int>
  }

  static func map(_ entries: [Entry]) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      var map = CELDictionary()
      for entry in entries {
        let key = try entry.key(&frame)
        var value = try entry.value(&frame)
        if entry.isOptional {
          guard let inner = try optional(value, entry.valueRange) else { continue }
          value = inner
        }
        try insert(value, for: key, into: &map, entry.keyRange)
      }
      return .map(map)
    }
  }

  private static func insert(
    _ value: CELValue, for key: CELValue, into map: inout CELDictionary, _ range: Range<Int>
  ) throws(CELError) {
    switch map.insert(value, for: key) {
    case .added: break
    case .replaced: throw Failure("Failed with repeated key: \(shown(key)) is in the map twice").at(range)
    case .refused:
      throw Failure("unsupported key type: \(withArticle(key.typeName)) cannot be a key").at(range)
    }
  }

  static func bind(_ value: @escaping Code, _ slot: Int, _ body: @escaping Code) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      frame.locals[slot] = try value(&frame)
      return try body(&frame)
    }
  }

  static func optionalMap(
    _ base: @escaping Code, _ slot: Int, _ body: @escaping Code, isFlat: Bool, _ baseRange: Range<Int>,
    _ bodyRange: Range<Int>
  ) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      guard let inner = try optional(try base(&frame), baseRange) else { return .optional(nil) }
      frame.locals[slot] = inner
      let result = try body(&frame)
      return isFlat ? .optional(try optional(result, bodyRange)) : .optional(result)
    }
  }

  // MARK: Comprehensions

  /// A macro that visits elements.
  struct Loop: Sendable {
    let range: Code
    let rangeRange: Range<Int>
    let slots: [Int]
    let condition: Code?
    let conditionRange: Range<Int>
    let body: Code
    let bodyRange: Range<Int>
    let wholeRange: Range<Int>

    /// Calls `visit` for each element, with the variables set, until it returns false.
    func forEach(
      _ frame: inout Frame, _ visit: (inout Frame, _ key: CELValue) throws(CELError) -> Bool
    ) throws(CELError) {
      let value = try range(&frame)
      switch value {
      case .list(let list):
        for index in 0..<list.count {
          try spend(&frame)
          let key = CELValue.int(Int64(index))
          if slots.count == 2 { frame.locals[slots[0]] = key }
          frame.locals[slots[slots.count - 1]] = list.element(at: index)
          guard try visit(&frame, key) else { return }
        }
      case .map(let map):
        for key in map.keys {
          try spend(&frame)
          frame.locals[slots[0]] = key
          if slots.count == 2 { frame.locals[slots[1]] = map.value(forKey: key) ?? .null }
          guard try visit(&frame, key) else { return }
        }
      default:
        throw Failure("no such overload: \(withArticle(value.typeName)) has no elements to visit").at(
          rangeRange)
      }
    }

    private func spend(_ frame: inout Frame) throws(CELError) {
      do throws(Failure) { try frame.charge(1) } catch { throw error.at(wholeRange) }
    }

    /// True when there is no condition or it holds.
    func holds(_ frame: inout Frame) throws(CELError) -> Bool {
      guard let condition else { return true }
      return try bool(condition, &frame, conditionRange)
    }

    func bool(_ code: Code, _ frame: inout Frame, _ range: Range<Int>) throws(CELError) -> Bool {
      let value = try code(&frame)
      guard case .bool(let isTrue) = value else {
        throw Failure("no such overload: this is \(withArticle(value.typeName)), not a bool").at(range)
      }
      return isTrue
    }
  }

  static func comprehension(_ kind: Comprehension.Kind, _ loop: Loop) -> Code {
    switch kind {
    case .all: quantifier(loop, decisive: false)
    case .exists: quantifier(loop, decisive: true)
    case .existsOne: existsOne(loop)
    case .map, .transformList: transformList(loop)
    case .filter: filter(loop)
    case .transformMap: transformMap(loop)
    case .transformMapEntry: transformMapEntry(loop)
    case .sortBy: sortBy(loop)
    }
  }

  /// `all` and `exists`: like `&&` and `||` over the elements, with their treatment of errors.
  private static func quantifier(_ loop: Loop, decisive: Bool) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      var failure: CELError?
      var decided = false
      try loop.forEach(&frame) { (frame: inout Frame, _: CELValue) throws(CELError) -> Bool in
        do throws(CELError) {
          decided = try loop.bool(loop.body, &frame, loop.bodyRange) == decisive
        } catch {
          if error.kind == .budget { throw error }
          if failure == nil { failure = error }
        }
        return !decided
      }
      if decided { return .bool(decisive) }
      if let failure { throw failure }
      return .bool(!decisive)
    }
  }

  private static func existsOne(_ loop: Loop) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      var count = 0
      try loop.forEach(&frame) { (frame: inout Frame, _: CELValue) throws(CELError) -> Bool in
        if try loop.bool(loop.body, &frame, loop.bodyRange) { count += 1 }
        return true
      }
      return .bool(count == 1)
    }
  }

  private static func transformList(_ loop: Loop) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      var values: [CELValue] = []
      try loop.forEach(&frame) { (frame: inout Frame, _: CELValue) throws(CELError) -> Bool in
        if try loop.holds(&frame) { values.append(try loop.body(&frame)) }
        return true
      }
      return .list(values)
    }
  }

  private static func filter(_ loop: Loop) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      var values: [CELValue] = []
      try loop.forEach(&frame) { (frame: inout Frame, _: CELValue) throws(CELError) -> Bool in
        let element = frame.locals[loop.slots[0]]
        if try loop.bool(loop.body, &frame, loop.bodyRange) { values.append(element) }
        return true
      }
      return .list(values)
    }
  }

  private static func transformMap(_ loop: Loop) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      var map = CELDictionary()
      try loop.forEach(&frame) { (frame: inout Frame, key: CELValue) throws(CELError) -> Bool in
        if try loop.holds(&frame) { try insert(try loop.body(&frame), for: key, into: &map, loop.bodyRange) }
        return true
      }
      return .map(map)
    }
  }

  private static func transformMapEntry(_ loop: Loop) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      var map = CELDictionary()
      try loop.forEach(&frame) { (frame: inout Frame, _: CELValue) throws(CELError) -> Bool in
        guard try loop.holds(&frame) else { return true }
        let value = try loop.body(&frame)
        guard case .map(let entries) = value else {
          throw Failure("no such overload: this is \(withArticle(value.typeName)), not a map").at(
            loop.bodyRange)
        }
        for key in entries.keys {
          try insert(entries.value(forKey: key) ?? .null, for: key, into: &map, loop.bodyRange)
        }
        return true
      }
      return .map(map)
    }
  }

  private static func sortBy(_ loop: Loop) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      var keyed: [(key: CELValue, value: CELValue)] = []
      try loop.forEach(&frame) { (frame: inout Frame, _: CELValue) throws(CELError) -> Bool in
        let element = frame.locals[loop.slots[0]]
        keyed.append((try loop.body(&frame), element))
        return true
      }
      do throws(Failure) {
        return .list(try ListFunctions.sorted(keyed, &frame))
      } catch {
        throw error.at(loop.bodyRange)
      }
    }
  }
}
