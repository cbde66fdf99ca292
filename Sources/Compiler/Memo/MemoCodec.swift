import Snapshot

/// Appends values to bytes that `MemoReader` reads in the same order.
struct MemoWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ number: Int) {
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: number)) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ text: String) {
    append(text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  /// A text that may be missing, which is not an empty one.
  mutating func append(_ text: String?) {
    append(text == nil ? 0 : 1)
    if let text { append(text) }
  }

  mutating func append(_ content: [UInt8]) {
    append(content.count)
    bytes.append(contentsOf: content)
  }

  mutating func append(_ id: BlobID) {
    withUnsafeBytes(of: id.words) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ texts: [String]) {
    append(texts.count)
    for text in texts { append(text) }
  }

  /// Appends bytes as they are, without their number.
  mutating func append(raw content: (inout [UInt8]) -> Void) { content(&bytes) }
}

/// Reads what `MemoWriter` wrote. After a read beyond the end everything is empty and `isValid` false.
struct MemoReader {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  private(set) var isValid = true

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// True when everything was read, and nothing beyond.
  var isAtEnd: Bool { isValid && position == bytes.count }

  private mutating func take(_ count: Int) -> UnsafeRawBufferPointer {
    guard isValid, count >= 0, count <= bytes.count - position else {
      isValid = false
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  mutating func number() -> Int {
    let part = take(4)
    return part.count == 4 ? Int(part.loadUnaligned(as: UInt32.self)) : 0
  }

  /// A number of elements, each of which takes a byte at least: a damaged one reserves no memory.
  mutating func count() -> Int {
    let count = number()
    if count > bytes.count - position { isValid = false }
    return isValid ? count : 0
  }

  mutating func text() -> String {
    let count = number()
    return String(decoding: take(count), as: UTF8.self)
  }

  mutating func optionalText() -> String? { number() == 0 ? nil : text() }

  mutating func content() -> [UInt8] { Array(slice()) }

  /// Content where it lies.
  mutating func slice() -> UnsafeRawBufferPointer {
    let count = number()
    return take(count)
  }

  mutating func id() -> BlobID {
    typealias Words = (UInt32, UInt32, UInt32, UInt32, UInt32)
    let part = take(20)
    return BlobID(words: part.count == 20 ? part.loadUnaligned(as: Words.self) : (0, 0, 0, 0, 0))
  }

  mutating func texts() -> [String] {
    let count = count()
    var texts: [String] = []
    texts.reserveCapacity(count)
    for _ in 0..<count where isValid { texts.append(text()) }
    return texts
  }

  /// All that is left.
  mutating func rest() -> UnsafeRawBufferPointer { take(bytes.count - position) }
}
