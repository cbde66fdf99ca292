/// Text as it is shown on a terminal or in a log: control characters made visible, so that no source text
/// can move the cursor, change colours or reorder what stands beside it, and columns known.
package enum VisibleText {
  /// How one character is shown.
  struct Cell {
    let text: String
    /// Terminal columns: 0, 1 or 2; more for characters that are spelt out.
    let width: Int
  }

  /// One scalar; `column` (from 0) places tab stops, every four columns.
  static func cell(_ scalar: Unicode.Scalar, at column: Int = 0) -> Cell {
    switch scalar.value {
    case 0x20..<0x7F: return Cell(text: String(scalar), width: 1)
    case 0x09:
      let width = 4 - column % 4
      return Cell(text: String(repeating: " ", count: width), width: width)
    case 0..<0x20: return Cell(text: picture(0x2400 + scalar.value), width: 1)
    case 0x7F: return Cell(text: picture(0x2421), width: 1)
    default:
      if scalar.value < 0xA0 || isInvisible(scalar) {
        let text = "<U+" + hexadecimal(scalar.value) + ">"
        return Cell(text: text, width: text.utf8.count)
      }
      return Cell(text: String(scalar), width: DisplayWidth.of(scalar))
    }
  }

  /// A message in one line, nothing in it invisible.
  package static func line(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars {
      if scalar == "\t" { shown += " " } else { shown += cell(scalar).text }
    }
    return shown
  }

  /// Characters that have no shape of their own: directional controls, line and paragraph separators,
  /// zero-width spaces, byte order marks, tags and noncharacters. The joiners that emoji and scripts need
  /// are not among them.
  static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0xAD, 0x61C, 0x180E, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
      0xFFF9...0xFFFB, 0xE0001...0xE007F:
      true
    default: scalar.value & 0xFFFE == 0xFFFE || 0xFDD0...0xFDEF ~= scalar.value
    }
  }

  private static func picture(_ value: UInt32) -> String {
    Unicode.Scalar(value).map { String($0) } ?? "?"
  }

  private static func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
  }
}
