/// A name and where it is written.
struct Name: Sendable {
  let text: String
  let range: Range<Int>
}

/// A node of an expression as it is written, with its macros recognised.
struct Syntax: Sendable {
  let range: Range<Int>
  let form: Form
  /// Levels below and including this node.
  let height: Int

  indirect enum Form: Sendable {
    case literal(CELValue)
    case identifier(String, isRooted: Bool)
    case select(Syntax, Name, isOptional: Bool)
    /// `has(a.b)`.
    case has(Syntax, Name, isOptional: Bool)
    case index(Syntax, Syntax, isOptional: Bool)
    /// A function, a method or an operator (`_+_`, `-_`).
    case call(Name, receiver: Syntax?, [Syntax])
    case and([Syntax])
    case or([Syntax])
    case conditional(Syntax, then: Syntax, otherwise: Syntax)
    case list([Item])
    case map([Entry])
    /// `Type{field: value}`: parsed so that the refusal can say what it is.
    case message(Syntax)
    case comprehension(Comprehension)
    /// `cel.bind(name, value, body)`.
    case bind(Name, value: Syntax, body: Syntax)
    /// `optMap` and, when `isFlat`, `optFlatMap`.
    case optionalMap(Syntax, Name, body: Syntax, isFlat: Bool)
  }

  struct Item: Sendable {
    let value: Syntax
    let isOptional: Bool
  }

  struct Entry: Sendable {
    let key: Syntax
    let value: Syntax
    let isOptional: Bool
  }

  init(_ form: Form, _ range: Range<Int>, above children: Syntax...) {
    self.init(form, range, aboveAll: children)
  }

  init(_ form: Form, _ range: Range<Int>, aboveAll children: [Syntax]) {
    self.form = form
    self.range = range
    height = 1 + (children.map(\.height).max() ?? 0)
  }

  init(_ form: Form, _ range: Range<Int>, height: Int) {
    self.form = form
    self.range = range
    self.height = height
  }
}

/// A macro that visits the elements of a list or the keys of a map.
struct Comprehension: Sendable {
  enum Kind: String, Sendable {
    case all
    case exists
    case existsOne
    case map
    case filter
    case transformList
    case transformMap
    case transformMapEntry
    case sortBy
  }

  let kind: Kind
  let range: Syntax
  /// One name for the element, or two for index (or key) and value.
  let variables: [Name]
  /// What is kept, where the macro has both a condition and a transformation.
  let condition: Syntax?
  let body: Syntax
}
