/// A name in which `*` stands for any text, also none.
package struct NamePattern: Sendable, Hashable {
  package let text: String
  /// The texts between the stars.
  private let pieces: [[UInt8]]

  package init(_ text: String) {
    self.text = text
    pieces = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
  }

  /// True for a name that the pattern describes. Linear in the name for each star.
  package func matches(_ name: String) -> Bool {
    let name = Array(name.utf8)
    guard let first = pieces.first, let last = pieces.last, name.starts(with: first) else { return false }
    if pieces.count == 1 { return name == first }
    guard name.count >= first.count + last.count, name.suffix(last.count).elementsEqual(last) else {
      return false
    }
    var rest = name[first.count..<(name.count - last.count)]
    for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
      guard let start = Self.firstIndex(of: piece, in: rest) else { return false }
      rest = rest[(start + piece.count)...]
    }
    return true
  }

  private static func firstIndex(of piece: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
    var start = bytes.startIndex
    while start + piece.count <= bytes.endIndex {
      if bytes[start..<start + piece.count].elementsEqual(piece) { return start }
      start += 1
    }
    return nil
  }
}
