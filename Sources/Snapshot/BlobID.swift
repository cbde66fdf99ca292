/// The name git gives to a file's content: SHA-1 of `blob <length>\0<content>`.
package struct BlobID: Hashable, Comparable, Sendable {
  /// The digest as five big-endian words, first word first.
  package let words: (UInt32, UInt32, UInt32, UInt32, UInt32)

  /// Takes a digest as `SHA1.finish()` gives it.
  package init(words: (UInt32, UInt32, UInt32, UInt32, UInt32)) {
    self.words = words
  }

  /// Names some content. Linear in its length.
  package init(of content: [UInt8]) {
    var hash = SHA1()
    hash.update(Array("blob \(content.count)\0".utf8))
    hash.update(content)
    words = hash.finish()
  }

  /// Reads 40 hexadecimal digits; nil for anything else.
  package init?(hexadecimal text: some StringProtocol) {
    var text = String(text)
    guard let id = text.withUTF8({ BlobID(hexadecimal: $0) }) else { return nil }
    self = id
  }

  /// Reads 40 hexadecimal digits; nil for anything else.
  package init?(hexadecimal digits: UnsafeBufferPointer<UInt8>) {
    guard digits.count == 40 else { return nil }
    var isValid = true
    func word(_ index: Int) -> UInt32 {
      var word: UInt32 = 0
      for byte in digits[index * 8..<index * 8 + 8] {
        let digit: UInt8
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
        default:
          isValid = false
          return 0
        }
        word = word << 4 | UInt32(digit)
      }
      return word
    }
    words = (word(0), word(1), word(2), word(3), word(4))
    guard isValid else { return nil }
  }

  /// The 20 raw bytes, as git's object formats store them; nil when there are not 20.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 20 else { return nil }
    func word(_ index: Int) -> UInt32 {
      bytes[index * 4..<index * 4 + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
    words = (word(0), word(1), word(2), word(3), word(4))
  }

  /// 40 lower-case hexadecimal digits.
  package var hexadecimal: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(unsafeUninitializedCapacity: 40) { buffer in
      var position = 0
      for word in [words.0, words.1, words.2, words.3, words.4] {
        for shift in stride(from: 28, through: 0, by: -4) {
          buffer[position] = digits[Int(word >> UInt32(shift)) & 15]
          position += 1
        }
      }
      return 40
    }
  }

  package static func == (a: BlobID, b: BlobID) -> Bool { a.words == b.words }
  package static func < (a: BlobID, b: BlobID) -> Bool { a.words < b.words }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
  }
}
