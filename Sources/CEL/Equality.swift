/// True when two strings are the same code points. Swift's own `==` also holds for canonical equivalents.
func sameCodePoints(_ a: String, _ b: String) -> Bool {
  a.utf8.count == b.utf8.count && a.utf8.elementsEqual(b.utf8)
}

/// How two values that can be ordered stand to each other.
enum Order: Sendable {
  case less
  case equal
  case greater
  /// One of them is not a number.
  case unordered
}

extension CELValue {
  /// The language's `==`: numbers by value across types, NaN unlike itself, different types unlike.
  ///
  /// A step for each element, since values may hold the same list many times over.
  func equals(_ other: CELValue, _ frame: inout Frame, depth: Int = 0) throws(Failure) -> Bool {
    switch (self, other) {
    case (.null, .null): return true
    case (.bool(let a), .bool(let b)): return a == b
    case (.string(let a), .string(let b)): return sameCodePoints(a, b)
    case (.bytes(let a), .bytes(let b)): return a == b
    case (.type(let a), .type(let b)): return a == b
    case (.format(let a), .format(let b)): return a == b
    case (.timestamp(let a), .timestamp(let b)): return a == b
    case (.duration(let a), .duration(let b)): return a == b
    case (.quantity(let a), .quantity(let b)): return a == b
    case (.ip(let a), .ip(let b)): return a == b
    case (.cidr(let a), .cidr(let b)): return a == b
    case (.url(let a), .url(let b)): return a == b
    case (.semanticVersion(let a), .semanticVersion(let b)): return a.compared(to: b) == 0
    case (.optional(let a), .optional(let b)):
      guard let a, let b else { return a == nil && b == nil }
      return try a.equals(b, &frame, depth: try deeper(depth))
    case (.list(let a), .list(let b)): return try listsEqual(a, b, &frame, try deeper(depth))
    case (.map(let a), .map(let b)): return try mapsEqual(a, b, &frame, try deeper(depth))
    default: return numericOrder(other) == .equal
    }
  }

  /// How two numbers of any types stand to each other; nil when either is no number.
  func numericOrder(_ other: CELValue) -> Order? {
    switch (self, other) {
    case (.int(let a), .int(let b)): order(a, b)
    case (.uint(let a), .uint(let b)): order(a, b)
    case (.double(let a), .double(let b)): a.isNaN || b.isNaN ? .unordered : order(a, b)
    case (.int(let a), .uint(let b)): a < 0 ? .less : order(UInt64(a), b)
    case (.uint(let a), .int(let b)): b < 0 ? .greater : order(a, UInt64(b))
    case (.int(let a), .double(let b)): compare(a, b)
    case (.uint(let a), .double(let b)): compare(a, b)
    case (.double(let a), .int(let b)): compare(b, a).reversed
    case (.double(let a), .uint(let b)): compare(b, a).reversed
    default: nil
    }
  }

  /// The language's ordering; nil when the types have none between them.
  func ordered(_ other: CELValue) -> Order? {
    switch (self, other) {
    case (.string(let a), .string(let b)):
      sameCodePoints(a, b) ? .equal : (a.utf8.lexicographicallyPrecedes(b.utf8) ? .less : .greater)
    case (.bytes(let a), .bytes(let b)): a == b ? .equal : (a.lexicographicallyPrecedes(b) ? .less : .greater)
    case (.bool(let a), .bool(let b)): a == b ? .equal : (b ? .less : .greater)
    case (.timestamp(let a), .timestamp(let b)): order(a, b)
    case (.duration(let a), .duration(let b)): order(a, b)
    case (.quantity(let a), .quantity(let b)): order(a, b)
    default: numericOrder(other)
    }
  }
}

extension CELValue {
  /// The language's `==` outside an evaluation; false also for values too large to compare.
  package func isEqual(to other: CELValue) -> Bool {
    var frame = Frame(variables: [], localCount: 0, budget: CELLimits.standard.steps)
    do throws(Failure) { return try equals(other, &frame) } catch { return false }
  }
}

/// One level further into a value; 1,000 levels are deeper than any document the compiler reads.
func deeper(_ depth: Int) throws(Failure) -> Int {
  guard depth < 1000 else { throw Failure("this value is nested too deeply") }
  return depth + 1
}

extension Order {
  var reversed: Order {
    switch self {
    case .less: .greater
    case .greater: .less
    case .equal, .unordered: self
    }
  }
}

private func order<T: Comparable>(_ a: T, _ b: T) -> Order {
  a < b ? .less : (a == b ? .equal : .greater)
}

/// As doubles, which is what the language's conformance cases ask for: an integer that no double is equal to
/// equals the nearest one.
private func compare<Whole: FixedWidthInteger>(_ a: Whole, _ b: Double) -> Order {
  b.isNaN ? .unordered : order(Double(a), b)
}

private func listsEqual(
  _ a: any CELList, _ b: any CELList, _ frame: inout Frame, _ depth: Int
) throws(Failure) -> Bool {
  guard a.count == b.count else { return false }
  if a.kind != .atomic { return try unorderedEqual(a, b, &frame, depth) }
  for index in 0..<a.count {
    try frame.charge(1)
    guard try a.element(at: index).equals(b.element(at: index), &frame, depth: depth) else { return false }
  }
  return true
}

private func mapsEqual(
  _ a: any CELObject, _ b: any CELObject, _ frame: inout Frame, _ depth: Int
) throws(Failure) -> Bool {
  guard a.count == b.count else { return false }
  for key in a.keys {
    try frame.charge(1)
    guard let mine = a.value(forKey: key), let theirs = b.value(forKey: key) else { return false }
    guard try mine.equals(theirs, &frame, depth: depth) else { return false }
  }
  return true
}
