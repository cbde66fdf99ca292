/// The bounds that keep compiling and matching cheap whatever a pattern says.
struct PatternLimits: Sendable {
  /// Largest count in `x{n,m}`; the value RE2 documents.
  var repetitionCount = 1000
  /// How deep groups may nest: the parser and the compiler recurse once per level.
  var nestingDepth = 250
  /// Largest number of syntax nodes and character ranges a pattern may write out.
  var syntaxWeight = 200_000
  /// Largest number of instructions and visits to syntax nodes while repetitions are unrolled.
  var programSize = 100_000
  /// Largest number of entries in the transition table of the deterministic automaton (4 bytes each).
  var automatonEntries = 131_072
  /// Largest number of elementary steps spent on building the automaton, before giving it up.
  var automatonWork = 2_000_000

  static let standard = PatternLimits()
}
