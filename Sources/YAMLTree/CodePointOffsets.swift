/// Turns libyaml's code point numbers into byte offsets.
///
/// Marks come nearly in order, so a cursor walks from one to the next: linear over a whole file.
struct CodePointOffsets {
  private let isASCII: Bool
  private var codePoint = 0
  private var byte = 0

  init(isASCII: Bool) {
    self.isASCII = isASCII
  }

  /// The byte offset of a code point; a byte order mark is not counted, as libyaml does not.
  mutating func byte(of target: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
    if isASCII { return min(target, bytes.count) }
    if byte == 0, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { byte = 3 }
    while codePoint < target, byte < bytes.count {
      byte += 1
      while byte < bytes.count, bytes[byte] & 0xC0 == 0x80 { byte += 1 }
      codePoint += 1
    }
    while codePoint > target, byte > 0 {
      byte -= 1
      while byte > 0, bytes[byte] & 0xC0 == 0x80 { byte -= 1 }
      codePoint -= 1
    }
    return byte
  }
}
