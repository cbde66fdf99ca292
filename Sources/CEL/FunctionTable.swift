/// What a call with one argument (or a method with none) does; nil when it has no overload for the value.
typealias UnaryBody = @Sendable (CELValue, inout Frame) throws(Failure) -> CELValue?
typealias BinaryBody = @Sendable (CELValue, CELValue, inout Frame) throws(Failure) -> CELValue?
typealias ArgumentsBody = @Sendable ([CELValue], inout Frame) throws(Failure) -> CELValue?

/// The work of a function for one number of arguments, a method's receiver included.
enum FunctionBody: Sendable {
  case unary(UnaryBody)
  case binary(BinaryBody)
  case arguments(ArgumentsBody)
}

/// One signature of a function.
struct Overload: Sendable {
  let isMethod: Bool
  /// The receiver's type first when the overload is a method.
  let parameters: [CELType]
  let result: CELType
  /// The last parameter may be repeated.
  var isVariadic = false
  /// Tried only when no other overload fits.
  var isFallback = false

  func accepts(count: Int) -> Bool {
    isVariadic ? count >= parameters.count : count == parameters.count
  }
}

/// A function or operator with all its overloads.
struct Function: Sendable {
  let name: String
  var overloads: [Overload] = []
  private var bodies: [Int: FunctionBody] = [:]
  private var variadicBody: ArgumentsBody?

  init(name: String) { self.name = name }

  func body(arguments count: Int) -> FunctionBody? {
    bodies[count] ?? variadicBody.map { .arguments($0) }
  }

  mutating func setBody(_ body: FunctionBody, arguments count: Int) { bodies[count] = body }

  /// Adds a body that is tried when the present one has no overload for the arguments.
  mutating func extend(with body: FunctionBody, arguments count: Int) {
    switch (bodies[count], body) {
    case (.unary(let first)?, .unary(let second)):
      bodies[count] = .unary { (value: CELValue, frame: inout Frame) throws(Failure) in
        if let result = try first(value, &frame) { return result }
        return try second(value, &frame)
      }
    case (.binary(let first)?, .binary(let second)):
      bodies[count] = .binary { (a: CELValue, b: CELValue, frame: inout Frame) throws(Failure) in
        if let result = try first(a, b, &frame) { return result }
        return try second(a, b, &frame)
      }
    default: bodies[count] = body
    }
  }

  mutating func setVariadicBody(_ body: @escaping ArgumentsBody) { variadicBody = body }
}

/// All functions by name. Functions of a namespace have it in their name (`math.greatest`).
struct FunctionTable: Sendable {
  private(set) var functions: [String: Function] = [:]
  /// What stands before the last dot of names (`math`).
  private(set) var namespaces: Set<String> = []

  subscript(name: String) -> Function? { functions[name] }

  /// Adds overloads `types -> result`, and the body for calls with their number of arguments.
  mutating func function(_ name: String, _ overloads: [([CELType], CELType)], _ body: FunctionBody) {
    for (parameters, result) in overloads {
      add(name, Overload(isMethod: false, parameters: parameters, result: result), body)
    }
  }

  /// The same for methods; the receiver is the first of the types.
  mutating func method(_ name: String, _ overloads: [([CELType], CELType)], _ body: FunctionBody) {
    for (parameters, result) in overloads {
      add(name, Overload(isMethod: true, parameters: parameters, result: result), body)
    }
  }

  /// The same for methods whose name another function has as well; its body is tried first.
  mutating func sharedMethod(_ name: String, _ overload: ([CELType], CELType), _ body: FunctionBody) {
    let (parameters, result) = overload
    functions[name, default: Function(name: name)].overloads.append(
      Overload(isMethod: true, parameters: parameters, result: result))
    functions[name]?.extend(with: body, arguments: parameters.count)
  }

  mutating func variadic(_ name: String, _ overloads: [Overload], _ body: @escaping ArgumentsBody) {
    functions[name, default: Function(name: name)].overloads += overloads
    functions[name]?.setVariadicBody(body)
    addNamespace(of: name)
  }

  private mutating func add(_ name: String, _ overload: Overload, _ body: FunctionBody) {
    functions[name, default: Function(name: name)].overloads.append(overload)
    functions[name]?.setBody(body, arguments: overload.parameters.count)
    addNamespace(of: name)
  }

  private mutating func addNamespace(of name: String) {
    if let dot = name.lastIndex(of: ".") { namespaces.insert(String(name[..<dot])) }
  }

  /// The language's own functions and Kubernetes' libraries.
  static let standard: FunctionTable = {
    var table = FunctionTable()
    table.addOperators()
    table.addConversions()
    table.addStandardStrings()
    table.addTimes()
    table.addOptionals()
    table.addStrings()
    table.addLists()
    table.addSets()
    table.addMath()
    table.addPatterns()
    table.addQuantities()
    table.addSemanticVersions()
    table.addNetwork()
    table.addURLs()
    table.addFormats()
    table.addEncoders()
    return table
  }()
}

/// A function that a host adds to an environment.
package struct CELFunction: Sendable {
  let name: String
  let overload: Overload
  let body: @Sendable ([CELValue]) throws(CELFunctionError) -> CELValue

  /// A function, or with `isMethod` a method whose first parameter is its receiver. The body is called with
  /// values of the declared types only where the checker knew them; it checks what it gets.
  package init(
    _ name: String, _ parameters: [CELType], returns result: CELType, isMethod: Bool = false,
    body: @escaping @Sendable ([CELValue]) throws(CELFunctionError) -> CELValue
  ) {
    self.name = name
    overload = Overload(isMethod: isMethod, parameters: parameters, result: result)
    self.body = body
  }
}

/// Why a host's function has no value.
package struct CELFunctionError: Error, Sendable {
  package let message: String

  package init(_ message: String) { self.message = message }
}

extension FunctionTable {
  mutating func add(_ function: CELFunction) {
    let body = function.body
    let adapted: ArgumentsBody = { (arguments: [CELValue], _: inout Frame) throws(Failure) -> CELValue? in
      do throws(CELFunctionError) {
        return try body(arguments)
      } catch {
        throw Failure(error.message)
      }
    }
    add(function.name, function.overload, .arguments(adapted))
  }
}
