/// Turns libyaml's code point numbers into byte offsets.
///
/// Marks come nearly in order, so a cursor walks from one to the next: linear over a whole file.
struct CodePointOffsets {
  private let isASCII: Bool
  /// The byte at which libyaml began to count.
  private let base: Int
  private var codePoint = 0
  private var byte: Int

  init(isASCII: Bool, from base: Int = 0) {
    self.isASCII = isASCII
    self.base = base
    byte = base
  }

  /// The byte offset of a code point.
  mutating func byte(of target: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
    if isASCII { return min(base + target, bytes.count) }
    while codePoint < target, byte < bytes.count {
      byte += 1
      while byte < bytes.count, bytes[byte] & 0xC0 == 0x80 { byte += 1 }
      codePoint += 1
    }
    while codePoint > target, byte > base {
      byte -= 1
      while byte > base, bytes[byte] & 0xC0 == 0x80 { byte -= 1 }
      codePoint -= 1
    }
    return byte
  }
}
