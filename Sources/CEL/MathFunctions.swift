/// The math extension library.
extension FunctionTable {
  mutating func addMath() {
    addExtremes("math.greatest", .greater)
    addExtremes("math.least", .less)
    addRounding()
    addSigns()
    addBits()
  }

  private mutating func addExtremes(_ name: String, _ wanted: Order) {
    var overloads: [Overload] = []
    for type: CELType in [.int, .uint, .double] {
      overloads.append(Overload(isMethod: false, parameters: [type], result: type, isVariadic: true))
      overloads.append(Overload(isMethod: false, parameters: [.list(type)], result: type))
    }
    overloads.append(
      Overload(isMethod: false, parameters: [.dyn], result: .dyn, isVariadic: true, isFallback: true))
    variadic(name, overloads) { (arguments: [CELValue], frame: inout Frame) throws(Failure) in
      var values = arguments
      if arguments.count == 1, case .list(let list) = arguments[0] {
        try frame.charge(list.count)
        values = list.elements
      }
      guard var best = values.first else { throw Failure("\(name)() needs at least one number") }
      for value in values {
        guard let order = value.numericOrder(best) else { return nil }
        if order == wanted { best = value }
      }
      return best
    }
  }

  private mutating func addDouble(
    _ name: String, _ result: CELType, _ body: @escaping @Sendable (Double) -> CELValue
  ) {
    function(
      name, [([.double], result)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        if case .double(let value) = value { body(value) } else { nil }
      })
  }

  private mutating func addRounding() {
    addDouble("math.ceil", .double) { .double($0.rounded(.up)) }
    addDouble("math.floor", .double) { .double($0.rounded(.down)) }
    addDouble("math.round", .double) { .double($0.rounded(.toNearestOrAwayFromZero)) }
    addDouble("math.trunc", .double) { .double($0.rounded(.towardZero)) }
    addDouble("math.isNaN", .bool) { .bool($0.isNaN) }
    addDouble("math.isInf", .bool) { .bool($0.isInfinite) }
    addDouble("math.isFinite", .bool) { .bool($0.isFinite) }
    function(
      "math.sqrt", [([.double], .double), ([.int], .double), ([.uint], .double)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        switch value {
        case .double(let value): .double(value.squareRoot())
        case .int(let value): .double(Double(value).squareRoot())
        case .uint(let value): .double(Double(value).squareRoot())
        default: nil
        }
      })
  }

  private mutating func addSigns() {
    let types: [([CELType], CELType)] = [([.int], .int), ([.uint], .uint), ([.double], .double)]
    function(
      "math.abs", types,
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        switch value {
        case .int(let value):
          .int(value < 0 ? try checked(Int64(0).subtractingReportingOverflow(value)) : value)
        case .uint: value
        case .double(let value): .double(value.magnitude)
        default: nil
        }
      })
    function(
      "math.sign", types,
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        switch value {
        case .int(let value): .int(value.signum())
        case .uint(let value): .uint(value == 0 ? 0 : 1)
        case .double(let value): .double(value.isNaN || value == 0 ? value : (value < 0 ? -1 : 1))
        default: nil
        }
      })
  }

  private mutating func addBits() {
    let pairs: [([CELType], CELType)] = [([.int, .int], .int), ([.uint, .uint], .uint)]
    let operations: [(String, @Sendable (UInt64, UInt64) -> UInt64)] = [
      ("math.bitAnd", { $0 & $1 }), ("math.bitOr", { $0 | $1 }), ("math.bitXor", { $0 ^ $1 }),
    ]
    for (name, operation) in operations {
      function(
        name, pairs,
        .binary { (a: CELValue, b: CELValue, _: inout Frame) throws(Failure) in
          switch (a, b) {
          case (.int(let a), .int(let b)):
            .int(Int64(bitPattern: operation(UInt64(bitPattern: a), UInt64(bitPattern: b))))
          case (.uint(let a), .uint(let b)): .uint(operation(a, b))
          default: nil
          }
        })
    }
    function(
      "math.bitNot", [([.int], .int), ([.uint], .uint)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        switch value {
        case .int(let value): .int(~value)
        case .uint(let value): .uint(~value)
        default: nil
        }
      })
    for (name, isLeft) in [("math.bitShiftLeft", true), ("math.bitShiftRight", false)] {
      function(
        name, [([.int, .int], .int), ([.uint, .int], .uint)],
        .binary { (value: CELValue, count: CELValue, _: inout Frame) throws(Failure) in
          guard case .int(let count) = count else { return nil }
          if count < 0 { throw Failure("\(name)() negative offset: \(count)") }
          switch value {
          case .int(let value):
            // The shift to the right fills with zeros, as for unsigned numbers.
            let bits = UInt64(bitPattern: value)
            return .int(Int64(bitPattern: isLeft ? bits << count : bits >> count))
          case .uint(let value): return .uint(isLeft ? value << count : value >> count)
          default: return nil
          }
        })
    }
  }
}
