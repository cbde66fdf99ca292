/// SHA-1 as git uses it for object names (FIPS 180-4).
///
/// It names content; it is not used as a defence against forged content. Allocates nothing: objects are named by the
/// ten thousand.
package struct SHA1: Sendable {
  private var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0
  )
  /// The beginning of a block; what lies behind `pendingCount` is left over.
  private var pending = InlineArray<64, UInt8>(repeating: 0)
  private var pendingCount = 0
  private var length: UInt64 = 0

  package init() {}

  /// Adds bytes to the message. Linear in their number.
  package mutating func update(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let base = bytes.baseAddress else { return }
    length &+= UInt64(bytes.count)
    var offset = 0
    if pendingCount > 0 {
      while pendingCount < 64, offset < bytes.count {
        pending[pendingCount] = base[offset]
        pendingCount += 1
        offset += 1
      }
      guard pendingCount == 64 else { return }
      compressPending()
    }
    while bytes.count - offset >= 64 {
      compress(UnsafeRawPointer(base + offset))
      offset += 64
    }
    while offset < bytes.count {
      pending[pendingCount] = base[offset]
      pendingCount += 1
      offset += 1
    }
  }

  /// Adds bytes to the message.
  package mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBufferPointer { update($0) }
  }

  /// The digest as five big-endian words, first word first.
  package consuming func finish() -> (UInt32, UInt32, UInt32, UInt32, UInt32) {
    let bits = length &* 8
    pending[pendingCount] = 0x80
    pendingCount += 1
    if pendingCount > 56 {
      for index in pendingCount..<64 { pending[index] = 0 }
      compressPending()
    }
    for index in pendingCount..<56 { pending[index] = 0 }
    for index in 0..<8 {
      pending[56 + index] = UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * index))
    }
    compressPending()
    return state
  }

  private mutating func compressPending() {
    let block = pending
    block.span.withUnsafeBytes { if let start = $0.baseAddress { compress(start) } }
    pendingCount = 0
  }

  /// The words in turn instead of moving through five variables, and sixteen words of the schedule instead of eighty:
  /// twice as fast as the specification's own wording.
  private mutating func compress(_ block: UnsafeRawPointer) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 16) { schedule in
      var (a, b, c, d, e) = state
      @inline(__always) func load(_ index: Int) -> UInt32 {
        let word = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
        schedule[index] = word
        return word
      }
      @inline(__always) func mix(_ index: Int) -> UInt32 {
        let word =
          schedule[(index + 13) & 15] ^ schedule[(index + 8) & 15] ^ schedule[(index + 2) & 15]
          ^ schedule[index & 15]
        schedule[index & 15] = word << 1 | word >> 31
        return schedule[index & 15]
      }
      @inline(__always) func choose(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 { z ^ (x & (y ^ z)) }
      @inline(__always) func parity(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 { x ^ y ^ z }
      @inline(__always) func majority(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 {
        (x & y) | (z & (x ^ y))
      }
      @inline(__always) func step(_ x: UInt32, _ y: inout UInt32, _ last: inout UInt32, _ added: UInt32) {
        last = last &+ (x << 5 | x >> 27) &+ added
        y = y << 30 | y >> 2
      }
      /// Five rounds, after which every variable has its name again.
      @inline(__always) func rounds(
        _ first: Int, _ constant: UInt32, _ function: (UInt32, UInt32, UInt32) -> UInt32,
        _ word: (Int) -> UInt32
      ) {
        step(a, &b, &e, function(b, c, d) &+ constant &+ word(first))
        step(e, &a, &d, function(a, b, c) &+ constant &+ word(first + 1))
        step(d, &e, &c, function(e, a, b) &+ constant &+ word(first + 2))
        step(c, &d, &b, function(d, e, a) &+ constant &+ word(first + 3))
        step(b, &c, &a, function(c, d, e) &+ constant &+ word(first + 4))
      }
      rounds(0, 0x5A82_7999, choose, load)
      rounds(5, 0x5A82_7999, choose, load)
      rounds(10, 0x5A82_7999, choose, load)
      rounds(15, 0x5A82_7999, choose) { $0 < 16 ? load($0) : mix($0) }
      rounds(20, 0x6ED9_EBA1, parity, mix)
      rounds(25, 0x6ED9_EBA1, parity, mix)
      rounds(30, 0x6ED9_EBA1, parity, mix)
      rounds(35, 0x6ED9_EBA1, parity, mix)
      rounds(40, 0x8F1B_BCDC, majority, mix)
      rounds(45, 0x8F1B_BCDC, majority, mix)
      rounds(50, 0x8F1B_BCDC, majority, mix)
      rounds(55, 0x8F1B_BCDC, majority, mix)
      rounds(60, 0xCA62_C1D6, parity, mix)
      rounds(65, 0xCA62_C1D6, parity, mix)
      rounds(70, 0xCA62_C1D6, parity, mix)
      rounds(75, 0xCA62_C1D6, parity, mix)
      state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e)
    }
  }
}
