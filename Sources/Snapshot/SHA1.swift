/// SHA-1 as git uses it for object names (FIPS 180-4).
///
/// It names content; it is not used as a defence against forged content.
package struct SHA1: Sendable {
  private var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0
  )
  private var pending: [UInt8] = []
  private var length: UInt64 = 0

  package init() {
    pending.reserveCapacity(64)
  }

  /// Adds bytes to the message. Linear in their number.
  package mutating func update(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let base = bytes.baseAddress else { return }
    length &+= UInt64(bytes.count)
    var offset = 0
    if !pending.isEmpty {
      let taken = min(64 - pending.count, bytes.count)
      pending.append(contentsOf: UnsafeBufferPointer(start: base, count: taken))
      offset = taken
      guard pending.count == 64 else { return }
      pending.withUnsafeBufferPointer { block in
        if let start = block.baseAddress { compress(UnsafeRawPointer(start)) }
      }
      pending.removeAll(keepingCapacity: true)
    }
    while bytes.count - offset >= 64 {
      compress(UnsafeRawPointer(base + offset))
      offset += 64
    }
    pending.append(contentsOf: UnsafeBufferPointer(start: base + offset, count: bytes.count - offset))
  }

  /// Adds bytes to the message.
  package mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBufferPointer { update($0) }
  }

  /// The digest as five big-endian words, first word first.
  package consuming func finish() -> (UInt32, UInt32, UInt32, UInt32, UInt32) {
    let bits = length &* 8
    var padding: [UInt8] = [0x80]
    let used = (pending.count + 1) % 64
    padding.append(contentsOf: repeatElement(0, count: used <= 56 ? 56 - used : 120 - used))
    for shift in stride(from: 56, through: 0, by: -8) {
      padding.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
    }
    update(padding)
    return state
  }

  private mutating func compress(_ block: UnsafeRawPointer) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 80) { w in
      for i in 0..<16 {
        w[i] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: i * 4, as: UInt32.self))
      }
      for i in 16..<80 {
        let x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16]
        w[i] = x << 1 | x >> 31
      }
      var (a, b, c, d, e) = state
      for i in 0..<20 { Self.round(&a, &b, &c, &d, &e, (b & c) | (~b & d), 0x5A82_7999, w[i]) }
      for i in 20..<40 { Self.round(&a, &b, &c, &d, &e, b ^ c ^ d, 0x6ED9_EBA1, w[i]) }
      for i in 40..<60 { Self.round(&a, &b, &c, &d, &e, (b & c) | (b & d) | (c & d), 0x8F1B_BCDC, w[i]) }
      for i in 60..<80 { Self.round(&a, &b, &c, &d, &e, b ^ c ^ d, 0xCA62_C1D6, w[i]) }
      state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e)
    }
  }

  @inline(__always)
  private static func round(
    _ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32, _ d: inout UInt32, _ e: inout UInt32,
    _ mixed: UInt32, _ constant: UInt32, _ word: UInt32
  ) {
    let next = (a << 5 | a >> 27) &+ mixed &+ e &+ constant &+ word
    e = d
    d = c
    c = b << 30 | b >> 2
    b = a
    a = next
  }
}
