/// Kubernetes' list library and the list extension library.
extension FunctionTable {
  mutating func addLists() {
    addSums()
    addOrdering()
    addSlices()
    method(
      "distinct", [([.list(.variable(0))], .list(.variable(0)))],
      .unary { (value: CELValue, frame: inout Frame) throws(Failure) in
        guard case .list(let list) = value else { return nil }
        try frame.charge(list.count)
        var kept: [CELValue] = []
        for element in list.elements {
          if try !listContains(CELArray(kept), element, &frame) { kept.append(element) }
        }
        return .list(kept)
      })
    let ends: [([CELType], CELType)] = [([.list(.variable(0))], .optional(.variable(0)))]
    method(
      "first", ends,
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        guard case .list(let list) = value else { return nil }
        return .optional(list.count == 0 ? nil : list.element(at: 0))
      })
    method(
      "last", ends,
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        guard case .list(let list) = value else { return nil }
        return .optional(list.count == 0 ? nil : list.element(at: list.count - 1))
      })
    function(
      "lists.range", [([.int], .list(.int))],
      .unary { (value: CELValue, frame: inout Frame) throws(Failure) in
        guard case .int(let count) = value else { return nil }
        try frame.charge(Int(max(0, count)))
        return .list((0..<max(0, count)).map { .int($0) })
      })
  }

  private mutating func addSums() {
    let types: [CELType] = [.int, .uint, .double, .duration]
    method(
      "sum", types.map { ([.list($0)], $0) },
      .unary { (value: CELValue, frame: inout Frame) throws(Failure) in
        guard case .list(let list) = value else { return nil }
        try frame.charge(list.count)
        guard list.count > 0 else { return .int(0) }
        var sum = list.element(at: 0)
        for index in 1..<list.count {
          guard let next = try ListFunctions.plus(sum, list.element(at: index)) else { return nil }
          sum = next
        }
        return ListFunctions.isSummable(sum) ? sum : nil
      })
  }

  private mutating func addOrdering() {
    let types: [CELType] = [.int, .uint, .double, .bool, .string, .bytes, .timestamp, .duration, .quantity]
    for (name, wanted) in [("min", Order.less), ("max", Order.greater)] {
      method(
        name, types.map { ([.list($0)], $0) },
        .unary { (value: CELValue, frame: inout Frame) throws(Failure) in
          guard case .list(let list) = value else { return nil }
          try frame.charge(list.count)
          guard list.count > 0 else { throw Failure("\(name) called on empty list") }
          var best = list.element(at: 0)
          for index in 0..<list.count {
            let element = list.element(at: index)
            guard let order = element.ordered(best) else { return nil }
            if order == wanted { best = element }
          }
          return best
        })
    }
    method(
      "isSorted", types.map { ([.list($0)], .bool) },
      .unary { (value: CELValue, frame: inout Frame) throws(Failure) in
        guard case .list(let list) = value else { return nil }
        try frame.charge(list.count)
        for index in 0..<max(0, list.count - 1) {
          guard let order = list.element(at: index).ordered(list.element(at: index + 1)) else { return nil }
          if order == .greater { return .bool(false) }
        }
        return .bool(true)
      })
    method(
      "sort", types.map { ([.list($0)], .list($0)) },
      .unary { (value: CELValue, frame: inout Frame) throws(Failure) in
        guard case .list(let list) = value else { return nil }
        try frame.charge(list.count)
        return .list(try ListFunctions.sorted(list.elements.map { ($0, $0) }, &frame))
      })
  }

  private mutating func addSlices() {
    method(
      "slice", [([.list(.variable(0)), .int, .int], .list(.variable(0)))],
      .arguments { (arguments: [CELValue], frame: inout Frame) throws(Failure) in
        guard case .list(let list) = arguments[0], case .int(let start) = arguments[1],
          case .int(let end) = arguments[2]
        else { return nil }
        guard start >= 0, end >= 0 else {
          throw Failure("cannot slice(\(start), \(end)), negative indexes not supported")
        }
        guard start <= end else {
          throw Failure("cannot slice(\(start), \(end)), start index must be less than or equal to end index")
        }
        guard end <= list.count else {
          throw Failure("cannot slice(\(start), \(end)), list is length \(list.count)")
        }
        try frame.charge(Int(end - start))
        return .list((Int(start)..<Int(end)).map { list.element(at: $0) })
      })
    method(
      "flatten",
      [
        ([.list(.list(.variable(0)))], .list(.variable(0))), ([.list(.dyn)], .list(.dyn)),
        ([.list(.dyn), .int], .list(.dyn)),
      ],
      .arguments { (arguments: [CELValue], frame: inout Frame) throws(Failure) in
        guard case .list(let list) = arguments[0] else { return nil }
        var levels = Int64(1)
        if arguments.count > 1 {
          guard case .int(let value) = arguments[1] else { return nil }
          guard value >= 0 else { throw Failure("level must be non-negative") }
          levels = value
        }
        var result: [CELValue] = []
        try ListFunctions.flatten(list, levels, into: &result, &frame, 0)
        return .list(result)
      })
  }
}

/// What list functions and macros share.
enum ListFunctions {
  /// `list.indexOf(value)` and `list.lastIndexOf(value)`.
  static func index(
    _ arguments: [CELValue], _ frame: inout Frame, isLast: Bool
  ) throws(Failure) -> CELValue? {
    guard arguments.count == 2, case .list(let list) = arguments[0] else { return nil }
    for step in 0..<list.count {
      try frame.charge(1)
      let index = isLast ? list.count - 1 - step : step
      if try list.element(at: index).equals(arguments[1], &frame) { return .int(Int64(index)) }
    }
    return .int(-1)
  }

  static func isSummable(_ value: CELValue) -> Bool {
    switch value {
    case .int, .uint, .double, .duration: true
    default: false
    }
  }

  static func plus(_ a: CELValue, _ b: CELValue) throws(Failure) -> CELValue? {
    switch (a, b) {
    case (.int(let a), .int(let b)): return .int(try checked(a.addingReportingOverflow(b)))
    case (.uint(let a), .uint(let b)): return .uint(try checked(a.addingReportingOverflow(b)))
    case (.double(let a), .double(let b)): return .double(a + b)
    case (.duration(let a), .duration(let b)):
      return .duration(try CELDuration(checked: a.nanoseconds.addingReportingOverflow(b.nanoseconds)))
    default: return nil
    }
  }

  /// The values in the order of their keys; equal keys keep their order.
  static func sorted(
    _ keyed: [(key: CELValue, value: CELValue)], _ frame: inout Frame
  ) throws(Failure) -> [CELValue] {
    let count = keyed.count
    try frame.charge(count * max(1, Int.bitWidth - count.leadingZeroBitCount))
    for entry in keyed {
      guard keyed[0].key.ordered(entry.key) != nil else {
        throw Failure("no such overload: values of type \(entry.key.typeName) cannot be sorted together")
      }
    }
    let order = keyed.indices.sorted { (a: Int, b: Int) -> Bool in
      switch keyed[a].key.ordered(keyed[b].key) {
      case .less: true
      case .greater: false
      default: a < b
      }
    }
    return order.map { keyed[$0].value }
  }

  static func flatten(
    _ list: any CELList, _ levels: Int64, into result: inout [CELValue], _ frame: inout Frame, _ depth: Int
  ) throws(Failure) {
    let inner = try deeper(depth)
    for index in 0..<list.count {
      try frame.charge(1)
      let element = list.element(at: index)
      if levels > 0, case .list(let nested) = element {
        try flatten(nested, levels - 1, into: &result, &frame, inner)
      } else {
        result.append(element)
      }
    }
  }
}

/// The set library: lists taken as sets.
extension FunctionTable {
  mutating func addSets() {
    let types: [([CELType], CELType)] = [([.list(.variable(0)), .list(.variable(0))], .bool)]
    function(
      "sets.contains", types,
      .binary { (a: CELValue, b: CELValue, frame: inout Frame) throws(Failure) in
        guard case .list(let a) = a, case .list(let b) = b else { return nil }
        return .bool(try isSuperset(a, of: b, &frame))
      })
    function(
      "sets.equivalent", types,
      .binary { (a: CELValue, b: CELValue, frame: inout Frame) throws(Failure) in
        guard case .list(let a) = a, case .list(let b) = b else { return nil }
        guard try isSuperset(a, of: b, &frame) else { return .bool(false) }
        return .bool(try isSuperset(b, of: a, &frame))
      })
    function(
      "sets.intersects", types,
      .binary { (a: CELValue, b: CELValue, frame: inout Frame) throws(Failure) in
        guard case .list(let a) = a, case .list(let b) = b else { return nil }
        for index in 0..<b.count {
          if try listContains(a, b.element(at: index), &frame) { return .bool(true) }
        }
        return .bool(false)
      })
  }
}

private func isSuperset(
  _ list: any CELList, of other: any CELList, _ frame: inout Frame
) throws(Failure) -> Bool {
  for index in 0..<other.count {
    guard try listContains(list, other.element(at: index), &frame) else { return false }
  }
  return true
}
