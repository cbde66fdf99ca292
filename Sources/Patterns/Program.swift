/// A regular expression as a nondeterministic automaton over bytes (Thompson's construction).
///
/// Characters are compiled to their UTF-8 forms, so text that is not UTF-8 simply fails to match.
struct Program: Sendable {
  enum Instruction: Sendable {
    /// Accepts.
    case match
    /// Consumes one byte between two bounds.
    case byte(first: UInt8, last: UInt8, next: Int32)
    /// Consumes one byte by a run of `transitions`, which are ascending and disjoint; may be empty.
    case branch(start: Int32, count: Int32)
    /// Goes on in two places, of which the first is preferred.
    case split(preferred: Int32, other: Int32)
    /// Goes on when a condition holds.
    case assertion(Assertion, next: Int32)
  }

  /// One edge of a `branch`.
  struct Transition: Sendable, Hashable {
    var first: UInt8
    var last: UInt8
    var next: Int32
  }

  let instructions: [Instruction]
  let transitions: [Transition]
  /// Index of the first instruction.
  let start: Int32
  /// True when a match can start only where the text starts.
  let isAnchored: Bool

  init(instructions: [Instruction], transitions: [Transition], start: Int32) {
    self.instructions = instructions
    self.transitions = transitions
    self.start = start
    isAnchored = Self.isAnchored(instructions, from: start)
  }

  /// Where the instruction goes on after consuming a byte; nil when it consumes none or not this one.
  @inline(__always)
  func target(of instruction: Int32, on byte: UInt8) -> Int32? {
    switch instructions[Int(instruction)] {
    case .byte(let first, let last, let next):
      return first <= byte && byte <= last ? next : nil
    case .branch(let start, let count):
      for index in Int(start)..<Int(start) + Int(count) {
        let transition = transitions[index]
        if byte < transition.first { return nil }
        if byte <= transition.last { return transition.next }
      }
      return nil
    case .match, .split, .assertion:
      return nil
    }
  }

  /// Whether every way from the start passes `textStart` before it consumes or accepts.
  private static func isAnchored(_ instructions: [Instruction], from start: Int32) -> Bool {
    var seen = [Bool](repeating: false, count: instructions.count)
    var pending = [start]
    while let index = pending.popLast() {
      if seen[Int(index)] { continue }
      seen[Int(index)] = true
      switch instructions[Int(index)] {
      case .match, .byte, .branch: return false
      case .split(let preferred, let other): pending += [preferred, other]
      case .assertion(.textStart, _): continue
      case .assertion(_, let next): pending.append(next)
      }
    }
    return true
  }
}
