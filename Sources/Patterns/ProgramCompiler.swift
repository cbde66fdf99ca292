/// Turns a syntax tree into a program, from its end to its start, so that every target is known when needed.
struct ProgramCompiler {
  private let limits: PatternLimits
  private var instructions: [Program.Instruction] = [.match]
  private var transitions: [Program.Transition] = []
  /// Branches by their edges: equal ones are shared, as the tails of UTF-8 sequences mostly are.
  private var branches: [[Program.Transition]: Int32] = [:]
  private var visits = 0
  /// The quantifier being unrolled, to point at when the program grows too large.
  private var quantifierOffset = 0

  private init(limits: PatternLimits) {
    self.limits = limits
  }

  /// The program of a tree; throws when unrolled repetitions make it too large.
  static func compile(_ node: SyntaxNode, limits: PatternLimits) throws(PatternError) -> Program {
    var compiler = ProgramCompiler(limits: limits)
    let start = try compiler.compile(node, next: 0)
    return Program(instructions: compiler.instructions, transitions: compiler.transitions, start: start)
  }

  /// Adds the instructions of a node that goes on at `next`, and returns where they start.
  private mutating func compile(_ node: SyntaxNode, next: Int32) throws(PatternError) -> Int32 {
    visits += 1
    try checkSize()
    switch node {
    case .empty:
      return next
    case .scalar(let scalar):
      return try compileSet([.init(scalar, scalar)], next: next)
    case .set(let set):
      return try compileSet(set.intervals, next: next)
    case .assertion(let assertion):
      return try emit(.assertion(assertion, next: next))
    case .concatenation(let nodes):
      var next = next
      for node in nodes.reversed() { next = try compile(node, next: next) }
      return next
    case .alternation(let nodes):
      var start: Int32?
      for node in nodes.reversed() {
        let branch = try compile(node, next: next)
        start = if let start { try emit(.split(preferred: branch, other: start)) } else { branch }
      }
      return start ?? next
    case .repetition(let repetition):
      return try compile(repetition, next: next)
    }
  }

  private mutating func compile(
    _ repetition: SyntaxNode.Repetition, next: Int32
  ) throws(PatternError) -> Int32 {
    quantifierOffset = repetition.offset
    let body = repetition.body
    var start = next
    var copies = repetition.minimum
    if let maximum = repetition.maximum {
      for _ in 0..<max(0, maximum - repetition.minimum) {
        let inner = try compile(body, next: start)
        start = try emit(split(repetition, into: inner, past: next))
      }
    } else {
      let loop = try emit(.match)
      let inner = try compile(body, next: loop)
      instructions[Int(loop)] = split(repetition, into: inner, past: next)
      if copies > 0 {
        copies -= 1
        start = inner
      } else if body.isNullable {
        // As Perl does, try the body once before stopping: x* is (?:x+)?.
        start = try emit(split(repetition, into: inner, past: next))
      } else {
        start = loop
      }
    }
    for _ in 0..<copies { start = try compile(body, next: start) }
    return start
  }

  private func split(
    _ repetition: SyntaxNode.Repetition, into inner: Int32, past next: Int32
  ) -> Program.Instruction {
    repetition.isGreedy ? .split(preferred: inner, other: next) : .split(preferred: next, other: inner)
  }

  private mutating func emit(_ instruction: Program.Instruction) throws(PatternError) -> Int32 {
    try checkSize()
    instructions.append(instruction)
    return Int32(instructions.count - 1)
  }

  private func checkSize() throws(PatternError) {
    if max(visits, instructions.count, transitions.count) >= limits.programSize {
      throw PatternError(
        offset: quantifierOffset,
        message: "the pattern is too large once its repetitions are written out; use smaller counts")
    }
  }

  // MARK: Characters

  private typealias Interval = ScalarSet.Interval

  private mutating func compileSet(_ intervals: [Interval], next: Int32) throws(PatternError) -> Int32 {
    // The fast way for plain ASCII.
    if let only = intervals.first, intervals.count == 1, only.last < 0x80 {
      return try emit(.byte(first: UInt8(only.first), last: UInt8(only.last), next: next))
    }
    var edges: [Program.Transition] = []
    for interval in Self.clip(intervals, 0, 0x7F) {
      edges.append(.init(first: UInt8(interval.first), last: UInt8(interval.last), next: next))
    }
    edges += try sequences(Self.clip(intervals, 0x80, 0x7FF), lead: 0xC0, continuations: 1, next: next)
    // The surrogates between the two have no UTF-8 form.
    let threeBytes = Self.clip(intervals, 0x800, 0xD7FF) + Self.clip(intervals, 0xE000, 0xFFFF)
    edges += try sequences(threeBytes, lead: 0xE0, continuations: 2, next: next)
    edges += try sequences(
      Self.clip(intervals, 0x10000, ScalarSet.lastScalar), lead: 0xF0, continuations: 3, next: next)
    return try intern(edges)
  }

  private static func clip(_ intervals: [Interval], _ first: UInt32, _ last: UInt32) -> [Interval] {
    var clipped: [Interval] = []
    for interval in intervals where interval.first <= last && interval.last >= first {
      clipped.append(Interval(max(interval.first, first), min(interval.last, last)))
    }
    return clipped
  }

  /// The edges for the leading byte of UTF-8 sequences with a number of continuation bytes, whose values lie
  /// in the intervals. Six bits go into each continuation byte; equal remainders share their instructions.
  private mutating func sequences(
    _ intervals: [Interval], lead: UInt8, continuations: Int, next: Int32
  ) throws(PatternError) -> [Program.Transition] {
    if continuations == 0 {
      return intervals.map {
        Program.Transition(first: lead + UInt8($0.first), last: lead + UInt8($0.last), next: next)
      }
    }
    let shift = UInt32(6 * continuations)
    let mask = (UInt32(1) << shift) - 1
    var edges: [Program.Transition] = []
    var partial: [Interval] = []
    var index = 0
    var rest = intervals.first
    while let interval = rest {
      let digit = interval.first >> shift
      let isWhole = interval.first & mask == 0 && interval.last >= interval.first | mask
      // Either a run of leading bytes with all remainders, or a part of one leading byte.
      let lastDigit = isWhole ? (interval.last + 1) >> shift - 1 : digit
      let end = min(interval.last, lastDigit << shift | mask)
      partial.append(Interval(interval.first & mask, end & mask))
      if end < interval.last {
        rest = Interval(end + 1, interval.last)
      } else {
        index += 1
        rest = index < intervals.count ? intervals[index] : nil
      }
      if let rest, rest.first >> shift == digit { continue }
      let tails = try sequences(partial, lead: 0x80, continuations: continuations - 1, next: next)
      let target = try intern(tails)
      partial.removeAll()
      if let last = edges.last, last.next == target, UInt32(last.last) + 1 == UInt32(lead) + digit {
        edges[edges.count - 1].last = lead + UInt8(lastDigit)
      } else {
        edges.append(.init(first: lead + UInt8(digit), last: lead + UInt8(lastDigit), next: target))
      }
    }
    return edges
  }

  /// The instruction with these edges, which may exist already.
  private mutating func intern(_ edges: [Program.Transition]) throws(PatternError) -> Int32 {
    if let known = branches[edges] { return known }
    let index: Int32
    if let only = edges.first, edges.count == 1 {
      index = try emit(.byte(first: only.first, last: only.last, next: only.next))
    } else {
      index = try emit(.branch(start: Int32(transitions.count), count: Int32(edges.count)))
      transitions += edges
    }
    branches[edges] = index
    return index
  }
}
