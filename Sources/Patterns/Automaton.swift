/// A deterministic automaton that answers whether a pattern matches anywhere: one table look-up per byte.
///
/// Immutable after building, so any number of tasks may run it at once without a lock or an allocation.
struct Automaton: Sendable {
  /// Offsets into the table stand for states; the first two states absorb.
  static let dead: UInt32 = 0

  /// The class of every byte: bytes of one class are told apart nowhere in the program.
  private let classes: [UInt8]
  /// One row per state with one column per class, and a last one for the end of the text.
  private let table: [UInt32]
  private let start: UInt32
  /// Length of a row, and the offset of the accepting state.
  private let stride: UInt32

  init(classes: [UInt8], table: [UInt32], start: UInt32, stride: UInt32) {
    self.classes = classes
    self.table = table
    self.start = start
    self.stride = stride
  }

  /// Whether the pattern matches anywhere in the text; at most one step per byte, and no allocation.
  func matches(_ text: Span<UInt8>) -> Bool {
    let classes = classes.span
    let table = table.span
    var state = start
    for index in text.indices {
      // Dead and accepting are the first two rows.
      if state <= stride { return state != Self.dead }
      state = table[Int(state) + Int(classes[Int(text[index])])]
    }
    if state <= stride { return state != Self.dead }
    return table[Int(state + stride) - 1] != Self.dead
  }
}
