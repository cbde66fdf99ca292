/// The words of a file that could be a namespace's name, as hashes.
///
/// A word is the longest run of lower-case letters, digits and `-` without a `-` at either end. Wherever a document
/// names a namespace without escapes, the name stands there as a word. Two words with one hash only make more files
/// matter than need to.
enum WordHashes {
  /// No name of Kubernetes that has no dots is longer.
  private static let longest = 63

  /// The hash of a whole text, a word or not.
  static func hash(_ text: String) -> UInt32 {
    var text = text
    return text.withUTF8 { hash($0[...]) }
  }

  private static func hash(_ word: Slice<UnsafeBufferPointer<UInt8>>) -> UInt32 {
    var hash: UInt32 = 2_166_136_261
    for byte in word { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    // The last step mixes the high bits, which tell similar words apart.
    hash ^= hash >> 15
    return hash &* 0x85EB_CA6B
  }

  /// The words of a text, each once, in the order of their hashes. Linear, but for the order.
  static func of(_ content: [UInt8]) -> [UInt32] {
    var hashes: [UInt32] = []
    hashes.reserveCapacity(64)
    content.withUnsafeBufferPointer { bytes in
      var start = 0
      var isWord = true
      for index in 0...bytes.count {
        if index < bytes.count {
          switch bytes[index] {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"):
            continue
          case UInt8(ascii: "A")...UInt8(ascii: "Z"):
            isWord = false
            continue
          default: break
          }
        }
        if isWord, index > start {
          var word = bytes[start..<index]
          while word.first == UInt8(ascii: "-") { word.removeFirst() }
          while word.last == UInt8(ascii: "-") { word.removeLast() }
          if !word.isEmpty, word.count <= longest { hashes.append(hash(word)) }
        }
        start = index + 1
        isWord = true
      }
    }
    hashes.sort()
    var last: UInt32?
    hashes.removeAll { hash in
      defer { last = hash }
      return hash == last
    }
    return hashes
  }
}
