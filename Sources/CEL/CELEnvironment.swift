/// The variables and functions that an expression may use.
package struct CELEnvironment: Sendable {
  /// The declared variables in the order of their slots, which is that of their names.
  package let names: [String]
  let types: [CELType]
  let slots: [String: Int]
  let functions: FunctionTable
  let container: String
  package let limits: CELLimits
  /// Values that are the same in every evaluation, by the path that reads them.
  let knownPaths: Set<[String]>
  /// The variables as far as they are known, by slot.
  let knownValues: [CELValue?]
  /// True where objects are also compared and read as where their types are not known.
  let isAdmission: Bool

  /// - Parameters:
  ///   - variables: the variables by name; a name may be qualified (`com.example.x`).
  ///   - functions: functions beside the standard ones.
  ///   - container: the scope in which names are looked up first (`com.example`), empty for none.
  ///   - known: what fields have in every evaluation, by their path (`["object", "kind"]`). A part of an expression that
  ///     what is known keeps from ever being reached may read fields that its object does not have.
  ///   - isAdmission: comparing any field with null, an object with a map, and `object['spec']` are right, as in rules
  ///     for admission, whose objects have no types when they are compiled.
  package init(
    variables: [String: CELType], functions: [CELFunction] = [], container: String = "",
    limits: CELLimits = .standard, known: [[String]: CELValue] = [:], isAdmission: Bool = false
  ) {
    self.isAdmission = isAdmission
    names = variables.keys.sorted()
    types = names.map { variables[$0] ?? .dyn }
    slots = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    var table = FunctionTable.standard
    for function in functions { table.add(function) }
    self.functions = table
    self.container = container
    self.limits = limits
    knownPaths = Set(known.keys)
    knownValues = names.map { name in Self.part(of: known, below: [name]) }
  }

  /// The value at a path, made of all that is known below it.
  private static func part(of known: [[String]: CELValue], below path: [String]) -> CELValue? {
    if let value = known[path] { return value }
    let next = Set(
      known.keys.lazy.filter { $0.count > path.count && $0.starts(with: path) }.map { $0[path.count] })
    guard !next.isEmpty else { return nil }
    return .object(
      next.sorted().compactMap { name in part(of: known, below: path + [name]).map { (name, $0) } })
  }

  /// True for a name that a variable can have: an identifier that is no word of the language.
  package static func isVariableName(_ name: String) -> Bool {
    guard let first = name.utf8.first, first.startsIdentifier,
      name.utf8.allSatisfy({ $0.startsIdentifier || $0.isDigit })
    else { return false }
    return !ReservedWords.reserved.contains(name) && !ReservedWords.literals.contains(name)
  }

  /// Values for the variables, to evaluate with. Names that are not declared are ignored.
  package func bindings(_ values: [String: CELValue] = [:]) -> CELBindings {
    var bindings = CELBindings(slots: slots)
    for (name, value) in values { bindings[name] = value }
    return bindings
  }

  /// The qualified names that a name may stand for, in the order in which they are tried.
  func candidates(_ name: String, isRooted: Bool = false) -> [String] {
    if isRooted || container.isEmpty { return [name] }
    var scopes = container.split(separator: ".")
    var names: [String] = []
    while !scopes.isEmpty {
      names.append(scopes.joined(separator: ".") + "." + name)
      scopes.removeLast()
    }
    return names + [name]
  }
}

/// The values of an environment's variables.
package struct CELBindings: Sendable {
  private let slots: [String: Int]
  private(set) var values: [CELValue?]

  init(slots: [String: Int]) {
    self.slots = slots
    values = [CELValue?](repeating: nil, count: slots.count)
  }

  /// The value of a variable; setting one that is not declared does nothing.
  package subscript(name: String) -> CELValue? {
    get { slots[name].flatMap { values[$0] } }
    set { if let slot = slots[name] { values[slot] = newValue } }
  }
}
