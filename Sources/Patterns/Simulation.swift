/// Runs a program directly, all threads in step (Pike's algorithm): time is linear in the text times the size of
/// the program, and memory linear in the size of the program.
struct Simulation: ~Copyable {
  /// Instructions in the order of their preference, each with the place where its match started.
  private struct Threads {
    var instructions: [Int32] = []
    var starts: [Int] = []
    /// Step at which each instruction was last added.
    var marks: [Int]

    init(capacity: Int) {
      marks = [Int](repeating: -1, count: capacity)
    }

    mutating func removeAll() {
      instructions.removeAll(keepingCapacity: true)
      starts.removeAll(keepingCapacity: true)
    }
  }

  private let program: Program
  private var current: Threads
  private var following: Threads
  private var pending: [Int32] = []
  /// Visits to instructions that are still allowed; negative once they are used up, and then the search has ended
  /// without an answer.
  private(set) var work: Int

  init(_ program: Program, work: Int = .max) {
    self.program = program
    // Setting up the marks.
    self.work = work - program.instructions.count >> 3
    current = Threads(capacity: program.instructions.count)
    following = Threads(capacity: program.instructions.count)
  }

  /// The leftmost match that starts at `from` or later, the preferred one among those that start there.
  /// With `anyMatch` the first end that is found will do.
  mutating func search(_ text: borrowing Span<UInt8>, from: Int, anyMatch: Bool) -> Range<Int>? {
    var best: Range<Int>?
    var position = from
    while position <= text.count, work >= 0 {
      let next = position < text.count ? Int(text[position]) : Assertion.edge
      if best == nil, canStart(at: position, next: next) {
        let previous = position > 0 ? Int(text[position - 1]) : Assertion.edge
        add(program.start, startedAt: position, position, (previous, next), following: false)
      }
      if current.instructions.isEmpty, best != nil || program.isAnchored { break }
      step(text, position, &best)
      if best != nil, anyMatch { return best }
      swap(&current, &following)
      following.removeAll()
      position += 1
    }
    return best
  }

  /// A match starts between characters, and when it must start at the start of the text, nowhere else.
  private func canStart(at position: Int, next: Int) -> Bool {
    (position == 0 || !program.isAnchored) && (next == Assertion.edge || next & 0xC0 != 0x80)
  }

  /// Lets every thread consume the byte at a position; a thread that accepts ends those less preferred.
  private mutating func step(_ text: borrowing Span<UInt8>, _ position: Int, _ best: inout Range<Int>?) {
    let byte = position < text.count ? text[position] : 0
    work -= 1 + current.instructions.count
    let after = position + 1 < text.count ? Int(text[position + 1]) : Assertion.edge
    for index in current.instructions.indices {
      let instruction = current.instructions[index]
      let start = current.starts[index]
      if case .match = program.instructions[Int(instruction)] {
        best = start..<position
        return
      }
      guard position < text.count, let target = program.target(of: instruction, on: byte) else { continue }
      add(target, startedAt: start, position + 1, (Int(byte), after), following: true)
    }
  }

  /// Adds an instruction and all that it leads to without consuming, in order of preference.
  private mutating func add(
    _ instruction: Int32, startedAt start: Int, _ position: Int, _ bytes: (previous: Int, next: Int),
    following isFollowing: Bool
  ) {
    pending.append(instruction)
    while let index = pending.popLast() {
      work -= 1
      let mark = isFollowing ? following.marks[Int(index)] : current.marks[Int(index)]
      if mark == position { continue }
      if isFollowing { following.marks[Int(index)] = position } else { current.marks[Int(index)] = position }
      switch program.instructions[Int(index)] {
      case .split(let preferred, let other):
        pending.append(other)
        pending.append(preferred)
      case .assertion(let assertion, let next):
        if assertion.holds(previous: bytes.previous, next: bytes.next) { pending.append(next) }
      case .match, .byte, .branch:
        if isFollowing {
          following.instructions.append(index)
          following.starts.append(start)
        } else {
          current.instructions.append(index)
          current.starts.append(start)
        }
      }
    }
  }
}
