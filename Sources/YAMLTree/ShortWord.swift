/// Up to seven bytes of text as one number: words that a reader knows are compared without making strings of them.
struct ShortWord: Equatable {
  private let bytes: UInt64

  /// Packs a text; longer ones are equal to no word.
  ///
  /// - Parameter foldingCase: ASCII letters of both cases are one. Other ASCII stays apart from letters.
  init(_ text: UnsafeBufferPointer<UInt8>, foldingCase: Bool = false) {
    guard text.count < 8 else {
      bytes = .max
      return
    }
    var packed: UInt64 = 1
    for byte in text {
      let isUpper = byte &- UInt8(ascii: "A") < 26
      packed = packed << 8 | UInt64(foldingCase && isUpper ? byte | 0x20 : byte)
    }
    bytes = packed
  }

  private init(_ word: StaticString) {
    self.init(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
  }

  static func all(_ words: [StaticString]) -> [ShortWord] { words.map { ShortWord($0) } }
}
