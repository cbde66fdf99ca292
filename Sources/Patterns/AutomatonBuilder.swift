/// Builds the deterministic automaton of a program by the subset construction, within bounds.
///
/// A state is the set of instructions reached before any condition on the next byte is decided, together with
/// what conditions must know of the previous byte. A step first decides the conditions, then consumes.
struct AutomatonBuilder {
  private struct State: Hashable {
    /// Instructions that consume, accept or wait for a condition, ascending.
    var instructions: [Int32]
    /// A byte that stands for the previous one, or `Assertion.edge`.
    var previous: Int16
  }

  private let program: Program
  private let limits: PatternLimits
  private let usesLines: Bool
  private let usesWords: Bool
  private let startHasAssertion: Bool
  private var classes = [UInt8](repeating: 0, count: 256)
  /// One byte of every class.
  private var representatives: [UInt8] = []
  private var stride: Int { representatives.count + 1 }

  private var states: [State] = []
  private var identifiers: [State: UInt32] = [:]
  private var table: [UInt32] = []
  private var work = 0

  private var marks: [UInt32]
  private var generation: UInt32 = 0
  private var pending: [Int32] = []
  private var reached: [Int32] = []
  private var sources: [Int32] = []

  /// The automaton of a program, or nil when it would grow beyond the limits.
  static func build(_ program: Program, limits: PatternLimits) -> Automaton? {
    var builder = AutomatonBuilder(program, limits: limits)
    return builder.build()
  }

  private init(_ program: Program, limits: PatternLimits) {
    self.program = program
    self.limits = limits
    marks = [UInt32](repeating: 0, count: program.instructions.count)
    var usesLines = false
    var usesWords = false
    var hasAssertion = false
    for instruction in program.instructions {
      guard case .assertion(let assertion, _) = instruction else { continue }
      hasAssertion = true
      switch assertion {
      case .lineStart, .lineEnd: usesLines = true
      case .wordBoundary, .notWordBoundary: usesWords = true
      case .textStart, .textEnd: break
      }
    }
    self.usesLines = usesLines
    self.usesWords = usesWords
    startHasAssertion = hasAssertion && !program.isAnchored
    findClasses()
  }

  /// Groups the bytes that no edge and no condition tells apart.
  private mutating func findClasses() {
    // Where a class begins. Continuation bytes matter to where a match may start.
    var begins = [Bool](repeating: false, count: 257)
    func mark(_ first: UInt8, _ last: UInt8) {
      begins[Int(first)] = true
      begins[Int(last) + 1] = true
    }
    mark(0x80, 0xBF)
    if usesLines { mark(0x0A, 0x0A) }
    if usesWords {
      for byte: UInt8 in 0..<0x80 where Assertion.isWord(Int(byte)) { mark(byte, byte) }
    }
    for case .byte(let first, let last, _) in program.instructions { mark(first, last) }
    for transition in program.transitions { mark(transition.first, transition.last) }
    for byte in 0..<256 {
      if byte == 0 || begins[byte] { representatives.append(UInt8(byte)) }
      classes[byte] = UInt8(representatives.count - 1)
    }
  }

  private mutating func build() -> Automaton? {
    if 2 * stride > limits.automatonEntries { return nil }
    // Rows 0 and 1: dead and accepting.
    let row = UInt32(stride)
    table = [UInt32](repeating: Automaton.dead, count: stride) + [UInt32](repeating: row, count: stride)
    states = [State(instructions: [], previous: 0), State(instructions: [], previous: 1)]
    beginClosure()
    pending.append(program.start)
    let accepts = close(deciding: nil)
    // Unless anchored, every step adds the program's start by itself.
    let first = State(instructions: program.isAnchored ? reached.sorted() : [], previous: -1)
    let start = accepts ? row : identifier(of: first)
    var index = 2
    while index < states.count {
      let state = states[index]
      // Nothing to decide, so nothing to follow before consuming.
      let isSettled = program.isAnchored && !state.instructions.contains { waits($0) }
      for column in 0..<stride {
        table[index * stride + column] = step(from: state, isSettled: isSettled, column: column)
        if table.count > limits.automatonEntries || work > limits.automatonWork { return nil }
      }
      index += 1
    }
    return Automaton(classes: classes, table: table, start: start, stride: row)
  }

  /// The state after a byte of a class, or after the end of the text in the last column.
  private mutating func step(from state: State, isSettled: Bool, column: Int) -> UInt32 {
    let isEnd = column == representatives.count
    let byte = isEnd ? 0 : representatives[column]
    if !isSettled {
      beginClosure()
      pending += state.instructions
      // A match starts between characters only.
      if !program.isAnchored, isEnd || byte & 0xC0 != 0x80 { pending.append(program.start) }
      if close(deciding: (Int(state.previous), isEnd ? Assertion.edge : Int(byte))) { return UInt32(stride) }
      swap(&sources, &reached)
    }
    if isEnd { return Automaton.dead }

    beginClosure()
    work += 1
    for source in isSettled ? state.instructions : sources {
      if let target = program.target(of: source, on: byte) { pending.append(target) }
    }
    if close(deciding: nil) { return UInt32(stride) }
    if reached.isEmpty, program.isAnchored { return Automaton.dead }
    return identifier(of: State(instructions: reached.sorted(), previous: previousValue(after: byte)))
  }

  /// Whether an instruction waits for a condition.
  private func waits(_ instruction: Int32) -> Bool {
    if case .assertion = program.instructions[Int(instruction)] { true } else { false }
  }

  /// What conditions must know of a consumed byte: as few different values as possible.
  private func previousValue(after byte: UInt8) -> Int16 {
    let matters = startHasAssertion || reached.contains { waits($0) }
    guard matters else { return 0 }
    if usesLines, byte == 0x0A { return 0x0A }
    return usesWords && Assertion.isWord(Int(byte)) ? 0x61 : 0
  }

  private mutating func identifier(of state: State) -> UInt32 {
    if let known = identifiers[state] { return known }
    let identifier = UInt32(table.count)
    identifiers[state] = identifier
    states.append(state)
    table += [UInt32](repeating: Automaton.dead, count: stride)
    return identifier
  }

  // MARK: Closures

  private mutating func beginClosure() {
    generation += 1
    pending.removeAll(keepingCapacity: true)
    reached.removeAll(keepingCapacity: true)
  }

  /// Follows from `pending` everything that consumes nothing, into `reached`; conditions are followed when
  /// the bytes around are given, and kept otherwise. True when the program accepts.
  private mutating func close(deciding bytes: (previous: Int, next: Int)?) -> Bool {
    while let index = pending.popLast() {
      work += 1
      if marks[Int(index)] == generation { continue }
      marks[Int(index)] = generation
      switch program.instructions[Int(index)] {
      case .match:
        return true
      case .split(let preferred, let other):
        pending.append(other)
        pending.append(preferred)
      case .assertion(let assertion, let next):
        guard let bytes else {
          reached.append(index)
          continue
        }
        if assertion.holds(previous: bytes.previous, next: bytes.next) { pending.append(next) }
      case .byte, .branch:
        reached.append(index)
      }
    }
    return false
  }
}
