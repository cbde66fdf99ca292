import Foundation

/// Random numbers that a printed seed repeats (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The seed of this run: `TEST_SEED`; a new one for `TEST_SEED=random`; always the same otherwise, so that a change
  /// fails for what it does and not for what it drew. A test prints it when it fails.
  package static func seed() -> UInt64 {
    let wanted = ProcessInfo.processInfo.environment["TEST_SEED"]
    return wanted == "random" ? UInt64.random(in: 0...UInt64.max) : wanted.flatMap(UInt64.init) ?? 0x6C69_6E6B
  }

  /// How many cases a property test tries: `TEST_ROUNDS`, or the few of an ordinary run. The case of one seed and round is
  /// that of the seed that is larger by the round, so a failure is repeated without the rounds before it.
  package static func rounds(_ usual: UInt64) -> Range<UInt64> {
    0..<(ProcessInfo.processInfo.environment["TEST_ROUNDS"].flatMap(UInt64.init) ?? usual)
  }
}
