/// Equality, order, membership and arithmetic.
extension FunctionTable {
  mutating func addOperators() {
    addEquality()
    addOrder()
    addArithmetic()
    let membership: BinaryBody = {
      (value: CELValue, container: CELValue, frame: inout Frame) throws(Failure) in
      switch container {
      case .list(let list): return .bool(try listContains(list, value, &frame))
      case .map(let map): return .bool(map.value(forKey: value) != nil)
      default: return nil
      }
    }
    let types: [([CELType], CELType)] = [
      ([.variable(0), .list(.variable(0))], .bool),
      ([.variable(0), .map(key: .variable(0), value: .variable(1))], .bool),
    ]
    function("@in", types, .binary(membership))
    function(
      "!_", [([.bool], .bool)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        if case .bool(let value) = value { .bool(!value) } else { nil }
      })
    function(
      "-_", [([.int], .int), ([.double], .double)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        switch value {
        case .int(let value): try .int(checked(Int64(0).subtractingReportingOverflow(value)))
        case .double(let value): .double(-value)
        default: nil
        }
      })
  }

  private mutating func addEquality() {
    let types: [([CELType], CELType)] = [([.variable(0), .variable(0)], .bool)]
    function(
      "_==_", types,
      .binary { (a: CELValue, b: CELValue, frame: inout Frame) throws(Failure) in
        .bool(try a.equals(b, &frame))
      })
    function(
      "_!=_", types,
      .binary { (a: CELValue, b: CELValue, frame: inout Frame) throws(Failure) in
        .bool(try !a.equals(b, &frame))
      })
  }

  private mutating func addOrder() {
    let numbers: [CELType] = [.int, .uint, .double]
    var types: [([CELType], CELType)] = []
    for type: CELType in [.bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration, .quantity] {
      types.append(([type, type], .bool))
    }
    for a in numbers {
      for b in numbers where a != b { types.append(([a, b], .bool)) }
    }
    let operators: [(String, @Sendable (Order) -> Bool)] = [
      ("_<_", { $0 == .less }), ("_<=_", { $0 == .less || $0 == .equal }),
      ("_>_", { $0 == .greater }), ("_>=_", { $0 == .greater || $0 == .equal }),
    ]
    for (name, holds) in operators {
      function(
        name, types,
        .binary { (a: CELValue, b: CELValue, _: inout Frame) throws(Failure) in
          a.ordered(b).map { .bool(holds($0)) }
        })
    }
  }

  private mutating func addArithmetic() {
    let numbers: [([CELType], CELType)] = [
      ([.int, .int], .int), ([.uint, .uint], .uint), ([.double, .double], .double),
    ]
    let sums: [([CELType], CELType)] = [
      ([.string, .string], .string), ([.bytes, .bytes], .bytes),
      ([.list(.variable(0)), .list(.variable(0))], .list(.variable(0))),
      ([.timestamp, .duration], .timestamp), ([.duration, .timestamp], .timestamp),
      ([.duration, .duration], .duration),
    ]
    let differences: [([CELType], CELType)] = [
      ([.timestamp, .timestamp], .duration), ([.timestamp, .duration], .timestamp),
      ([.duration, .duration], .duration),
    ]
    function("_+_", numbers + sums, .binary(sum))
    function("_-_", numbers + differences, .binary(difference))
    function("_*_", numbers, .binary(product))
    function("_/_", numbers, .binary(quotient))
    function("_%_", [([.int, .int], .int), ([.uint, .uint], .uint)], .binary(remainder))
  }
}

/// True when a list has an element that equals the value.
func listContains(_ list: any CELList, _ value: CELValue, _ frame: inout Frame) throws(Failure) -> Bool {
  for index in 0..<list.count {
    try frame.charge(1)
    if try list.element(at: index).equals(value, &frame) { return true }
  }
  return false
}

/// The result of an operation that did not overflow.
func checked<Whole: FixedWidthInteger>(_ result: (Whole, overflow: Bool)) throws(Failure) -> Whole {
  if result.overflow {
    throw Failure("integer overflow: the result is beyond the range of \(Whole.isSigned ? "int" : "uint")")
  }
  return result.0
}

@Sendable private func sum(_ a: CELValue, _ b: CELValue, _ frame: inout Frame) throws(Failure) -> CELValue? {
  switch (a, b) {
  case (.int(let a), .int(let b)): return .int(try checked(a.addingReportingOverflow(b)))
  case (.uint(let a), .uint(let b)): return .uint(try checked(a.addingReportingOverflow(b)))
  case (.double(let a), .double(let b)): return .double(a + b)
  case (.string(let a), .string(let b)):
    try frame.charge(bytes: a.utf8.count + b.utf8.count)
    return .string(a + b)
  case (.bytes(let a), .bytes(let b)):
    try frame.charge(bytes: a.count + b.count)
    return .bytes(a + b)
  case (.list(let a), .list(let b)):
    try frame.charge(a.count + b.count)
    return a.kind == .atomic
      ? .list(a.elements + b.elements) : .list(try union(of: a, b, &frame))
  case (.timestamp(let a), .duration(let b)), (.duration(let b), .timestamp(let a)):
    return .timestamp(try a.adding(b))
  case (.duration(let a), .duration(let b)):
    return .duration(try CELDuration(checked: a.nanoseconds.addingReportingOverflow(b.nanoseconds)))
  default: return nil
  }
}

@Sendable private func difference(_ a: CELValue, _ b: CELValue, _: inout Frame) throws(Failure) -> CELValue? {
  switch (a, b) {
  case (.int(let a), .int(let b)): return .int(try checked(a.subtractingReportingOverflow(b)))
  case (.uint(let a), .uint(let b)): return .uint(try checked(a.subtractingReportingOverflow(b)))
  case (.double(let a), .double(let b)): return .double(a - b)
  case (.timestamp(let a), .timestamp(let b)): return .duration(try a.since(b))
  case (.timestamp(let a), .duration(let b)):
    return .timestamp(
      try a.adding(try CELDuration(checked: Int64(0).subtractingReportingOverflow(b.nanoseconds))))
  case (.duration(let a), .duration(let b)):
    return .duration(try CELDuration(checked: a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)))
  default: return nil
  }
}

@Sendable private func product(_ a: CELValue, _ b: CELValue, _: inout Frame) throws(Failure) -> CELValue? {
  switch (a, b) {
  case (.int(let a), .int(let b)): return .int(try checked(a.multipliedReportingOverflow(by: b)))
  case (.uint(let a), .uint(let b)): return .uint(try checked(a.multipliedReportingOverflow(by: b)))
  case (.double(let a), .double(let b)): return .double(a * b)
  default: return nil
  }
}

@Sendable private func quotient(_ a: CELValue, _ b: CELValue, _: inout Frame) throws(Failure) -> CELValue? {
  switch (a, b) {
  case (.int, .int(0)), (.uint, .uint(0)): throw Failure("divide by zero: the divisor is 0")
  case (.int(let a), .int(let b)): return .int(try checked(a.dividedReportingOverflow(by: b)))
  case (.uint(let a), .uint(let b)): return .uint(try checked(a.dividedReportingOverflow(by: b)))
  case (.double(let a), .double(let b)): return .double(a / b)
  default: return nil
  }
}

@Sendable private func remainder(_ a: CELValue, _ b: CELValue, _: inout Frame) throws(Failure) -> CELValue? {
  switch (a, b) {
  case (.int, .int(0)), (.uint, .uint(0)): throw Failure("modulus by zero: the divisor is 0")
  case (.int(let a), .int(let b)): return .int(try checked(a.remainderReportingOverflow(dividingBy: b)))
  case (.uint(let a), .uint(let b)): return .uint(try checked(a.remainderReportingOverflow(dividingBy: b)))
  default: return nil
  }
}
