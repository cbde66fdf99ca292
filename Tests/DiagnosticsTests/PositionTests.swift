import Diagnostics
import TestSupport
import Testing

@Suite struct PositionTests {
  /// Columns in lines of any length, counted in code points, against counting from the line's start.
  @Test func columnsOfLongLines() {
    var generator = SeededGenerator(seed: SeededGenerator.seed())
    var text: [UInt8] = [0xEF, 0xBB, 0xBF]
    for length in [0, 5, 4095, 4096, 4097, 20_000, 70_000] {
      for _ in 0..<length {
        text += Array(["a", "é", "中", "𝄞"][Int.random(in: 0..<4, using: &generator)].utf8)
      }
      text.append(0x0A)
    }
    let file = SourceFile(path: "long.json", bytes: text)
    var offset = 0
    while offset <= text.count {
      let position = file.position(of: offset)
      var start = file.lineStarts[position.line - 1]
      if start == 0 { start = min(3, offset) }
      let column = text[start..<max(start, offset)].count { $0 & 0xC0 != 0x80 } + 1
      #expect(position.column == column, "byte \(offset)")
      offset += Int.random(in: 1...900, using: &generator)
    }
  }

  /// As many places in one line as findings may name: no line is counted through for each.
  @Test func manyPlacesInOneLine() {
    let file = SourceFile(path: "dump.json", bytes: Array(repeating: UInt8(ascii: "x"), count: 8_000_000))
    let time = ProcessorTime.measure {
      for offset in stride(from: 0, to: 8_000_000, by: 400) {
        #expect(file.position(of: offset).column == offset + 1)
      }
    }
    #expect(time < .seconds(60))
  }
}
