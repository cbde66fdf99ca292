package import Diagnostics

/// A source text with marks `1️⃣` … `9️⃣` in it: the text without them, and the byte at which each stood.
package struct MarkedSource: Sendable {
  package let text: String
  package let file: SourceFile
  private let offsets: [Int: Int]

  /// `path` names the file; marks may stand anywhere, each once.
  package init(_ marked: String, path: String = "test.yaml") {
    var bytes: [UInt8] = []
    var offsets: [Int: Int] = [:]
    for character in marked {
      let scalars = Array(character.unicodeScalars)
      if scalars.count == 3, scalars[1].value == 0xFE0F, scalars[2].value == 0x20E3,
        let digit = Int(String(scalars[0]))
      {
        offsets[digit] = bytes.count
      } else {
        bytes.append(contentsOf: character.utf8)
      }
    }
    text = String(decoding: bytes, as: UTF8.self)
    file = SourceFile(path: path, bytes: bytes)
    self.offsets = offsets
  }

  /// The byte offset of a mark; -1 when the text has no such mark, which no range equals.
  package func offset(_ mark: Int) -> Int { offsets[mark] ?? -1 }

  /// The bytes between two marks.
  package func range(_ from: Int, _ to: Int) -> Range<Int> {
    let (start, end) = (offset(from), offset(to))
    return start..<max(start, end)
  }
}
