import Synchronization

/// A regular expression, compiled once and matched in time linear in the text.
///
/// There is no backtracking: small patterns run as a deterministic automaton, at one table look-up per byte and
/// without allocation; those whose automaton would be too large are simulated. Constructs that need backtracking
/// are refused. A value is immutable and may be used by any number of tasks at once.
package struct Pattern: Sendable {
  /// The syntax, and the meaning where syntaxes differ.
  package enum Dialect: Sendable {
    /// The patterns of JSON Schema: ECMA-262 with the `u` flag (code points, `\p{…}`), but as lenient as without
    /// it towards lone braces and escaped punctuation. Flags only as `(?i:…)` and `(?s:…)`.
    case ecma262
    /// The patterns of RE2 and of Go's `regexp`, as CEL's `matches` has them.
    case re2

    /// The name as messages show it.
    var name: String {
      switch self {
      case .ecma262: "ECMA-262"
      case .re2: "RE2"
      }
    }
  }

  /// The pattern as it was written.
  package var source: String { machine.source }
  package var dialect: Dialect { machine.dialect }
  fileprivate let machine: Machine

  /// What runs a pattern, shared by its copies.
  fileprivate final class Machine: Sendable {
    /// An automaton, or that it would be too large.
    private final class Attempt: Sendable {
      let automaton: Automaton?
      init(_ automaton: Automaton?) { self.automaton = automaton }
    }

    let source: String
    let dialect: Dialect
    let program: Program
    private let limits: PatternLimits
    private let usesAutomaton: Bool
    /// The address of an attempt that this object owns, or zero. No reference: counting those of an object that
    /// all cores use would make them take turns.
    private let attempt = Atomic<UInt>(0)

    init(
      _ source: String, _ dialect: Dialect, _ program: Program, _ limits: PatternLimits,
      usesAutomaton: Bool
    ) {
      self.source = source
      self.dialect = dialect
      self.program = program
      self.limits = limits
      self.usesAutomaton = usesAutomaton
    }

    deinit {
      if let made = UnsafeRawPointer(bitPattern: attempt.load(ordering: .acquiring)) {
        Unmanaged<Attempt>.fromOpaque(made).release()
      }
    }

    /// Gives the automaton; nil when it would be too large. Built by the first who asks: many patterns of a schema
    /// never meet a text.
    @inline(__always)
    func withAutomaton<Result>(_ body: (borrowing Automaton?) -> Result) -> Result {
      let pointer = UnsafeRawPointer(bitPattern: attempt.load(ordering: .acquiring)) ?? make()
      return Unmanaged<Attempt>.fromOpaque(pointer)._withUnsafeGuaranteedRef { body($0.automaton) }
    }

    @inline(never)
    private func make() -> UnsafeRawPointer {
      let automaton = usesAutomaton ? AutomatonBuilder.build(program, limits: limits) : nil
      let made = Unmanaged.passRetained(Attempt(automaton))
      let pointer = UnsafeRawPointer(made.toOpaque())
      let (isFirst, other) = attempt.compareExchange(
        expected: 0, desired: UInt(bitPattern: pointer), ordering: .acquiringAndReleasing)
      guard !isFirst, let known = UnsafeRawPointer(bitPattern: other) else { return pointer }
      made.release()
      return known
    }

    func matches(_ text: Span<UInt8>) -> Bool {
      if let answer = withAutomaton({ $0?.matches(text) }) { return answer }
      var simulation = Simulation(program)
      return simulation.search(text, from: 0, anyMatch: true) != nil
    }
  }

  /// Compiles a pattern; the error points into the pattern's source.
  ///
  /// Bounds: counts up to 1000 (in RE2 also the product of nested ones), groups 250 deep, 100,000 instructions.
  ///
  /// - Parameter usesAutomaton: false for a pattern that will meet few texts: building its automaton can take a
  ///   thousand times as long as matching one of them by simulation.
  package init(_ source: String, dialect: Dialect, usesAutomaton: Bool = true) throws(PatternError) {
    try self.init(source, dialect: dialect, limits: .standard, usesAutomaton: usesAutomaton)
  }

  init(
    _ source: String, dialect: Dialect, limits: PatternLimits, usesAutomaton: Bool = true
  ) throws(PatternError) {
    var parser = PatternParser(source, dialect: dialect, limits: limits)
    let tree = try parser.parse()
    if dialect == .re2 { try Self.checkNestedCounts(tree, product: 1, limits: limits) }
    let program = try ProgramCompiler.compile(tree, limits: limits)
    machine = Machine(source, dialect, program, limits, usesAutomaton: usesAutomaton)
  }

  /// How large the pattern is once its repetitions are written out, which is what compiling it costs.
  package var size: Int { machine.program.instructions.count + machine.program.transitions.count }

  /// The same pattern, without an automaton.
  package func simulated() -> Pattern {
    Pattern(machine: Machine(source, dialect, machine.program, .standard, usesAutomaton: false))
  }

  private init(machine: Machine) { self.machine = machine }

  /// True when matching is a table look-up per byte, for tests.
  var hasAutomaton: Bool { machine.withAutomaton { $0 != nil } }

  /// True when the pattern matches anywhere in the UTF-8 text.
  package func matches(_ text: Span<UInt8>) -> Bool { machine.matches(text) }

  /// True when the pattern matches anywhere in the text; nil when finding out takes more work than is allowed.
  ///
  /// - Parameter work: what may be spent, and afterwards what is left: one for each visit of the simulation to an
  ///   instruction, a few nanoseconds; one for every 16 bytes where there is an automaton.
  package func matches(_ text: String, work: inout Int) -> Bool? {
    if let answer = machine.withAutomaton({ $0?.matches(text.utf8.span) }) {
      work -= text.utf8.count >> 4
      return work < 0 ? nil : answer
    }
    var simulation = Simulation(machine.program, work: work)
    let found = simulation.search(text.utf8.span, from: 0, anyMatch: true)
    work = simulation.work
    return work < 0 ? nil : found != nil
  }

  /// `firstMatch(in:from:)` within a bound, and whether the bound was kept: a result is only one where it was.
  package func firstMatch(
    in text: [UInt8], from: Int, work: inout Int
  ) -> (match: Range<Int>?, isComplete: Bool) {
    guard from >= 0, from <= text.count else { return (nil, true) }
    if from == 0, let answer = machine.withAutomaton({ $0?.matches(text.span) }) {
      work -= text.count >> 4
      if work < 0 || !answer { return (nil, work >= 0) }
    }
    var simulation = Simulation(machine.program, work: work)
    let match = simulation.search(text.span, from: from, anyMatch: false)
    work = simulation.work
    return (match, work >= 0)
  }

  /// True when the pattern matches anywhere in the UTF-8 text.
  package func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    matches(text.span)
  }

  /// True when the pattern matches anywhere in the text.
  package func matches(_ text: String) -> Bool {
    matches(text.utf8.span)
  }

  /// The first match in the UTF-8 text that starts at byte `from` or later, as a range of bytes.
  ///
  /// Leftmost, and of the matches that start there the one that RE2 and Go prefer; Perl differs only where the
  /// body of a repetition can match nothing. What lies before `from`
  /// still counts for `^` and `\b`. An empty match lies between characters. Nil also when `from` is not within
  /// `0...text.count`. Linear in the rest of the text times the size of the pattern; allocates.
  package func firstMatch(in text: [UInt8], from: Int) -> Range<Int>? {
    guard from >= 0, from <= text.count else { return nil }
    if from == 0, machine.withAutomaton({ $0?.matches(text.span) }) == false { return nil }
    var simulation = Simulation(machine.program)
    return simulation.search(text.span, from: from, anyMatch: false)
  }

  /// Refuses nested counts whose product exceeds the limit, as RE2 and Go do: `(?:a{100}){100}`.
  private static func checkNestedCounts(
    _ node: SyntaxNode, product: Int, limits: PatternLimits
  ) throws(PatternError) {
    switch node {
    case .empty, .scalar, .set, .assertion:
      return
    case .concatenation(let nodes), .alternation(let nodes):
      for node in nodes { try checkNestedCounts(node, product: product, limits: limits) }
    case .repetition(let repetition):
      let copies = product * max(1, repetition.maximum ?? repetition.minimum)
      if copies > limits.repetitionCount {
        throw PatternError(
          offset: repetition.offset,
          message:
            "this count and those around it repeat more than \(limits.repetitionCount) times together, "
            + "the most that RE2 supports")
      }
      try checkNestedCounts(repetition.body, product: copies, limits: limits)
    }
  }
}

/// Patterns by their numbers, for a schema that all cores check with.
///
/// A pattern that is taken out of an array is counted up and down around each match, and counting those of an object
/// that all cores use makes them take turns. Here the table alone keeps them.
package struct PatternTable: Sendable {
  package let patterns: [Pattern]
  private let machines: [Unmanaged<Pattern.Machine>]

  package init(_ patterns: [Pattern]) {
    self.patterns = patterns
    machines = patterns.map { Unmanaged.passUnretained($0.machine) }
  }

  /// True when the pattern of that number matches anywhere in the UTF-8 text.
  package func matches(_ number: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    machines[number]._withUnsafeGuaranteedRef { $0.matches(text.span) }
  }
}
