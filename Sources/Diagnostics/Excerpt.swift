/// One line of a source file, or the part of a long one around a range, as it is shown to people.
struct Excerpt {
  /// Terminal columns of the text at most.
  private static let width = 120
  /// Columns shown before the range when a line is cut.
  private static let context = 40
  /// Bytes of a line looked at before and after the range's start; no line costs more than these.
  private static let reach = (before: 1000, after: 3000)

  /// What is shown: control characters visible, tabs as spaces, `…` where the line is cut.
  let text: String
  private let cells: [(offset: Int, column: Int)]
  private let end: (offset: Int, column: Int)
  /// Columns left out on the left, less the column of the `…`.
  private let shift: Int
  private let shown: Range<Int>

  /// The bytes `line` of a file around a byte offset.
  init(_ file: SourceFile, line: Range<Int>, around focus: Int) {
    let slice = Self.slice(file.bytes, line, around: focus)
    var cells: [(offset: Int, column: Int)] = []
    var texts: [String] = []
    var column = 0
    var offset = slice.lowerBound
    Self.decode(file.bytes[slice]) { scalar, length in
      let cell = VisibleText.cell(scalar, at: column)
      cells.append((offset, column))
      texts.append(cell.text)
      column += cell.width
      offset += length
    }
    self.cells = cells
    end = (offset, column)
    let isCutBefore = slice.lowerBound > line.lowerBound
    let isCutAfter = slice.upperBound < line.upperBound
    let place = Self.column(of: focus, cells, end)
    var first = isCutBefore ? max(0, place - Self.context) : 0
    if column - first > Self.width, place - first > Self.context { first = place - Self.context }
    shown = first..<max(first, min(column, first + Self.width))
    let cutsBefore = first > 0 || isCutBefore
    var text = cutsBefore ? "…" : ""
    for (cell, shownText) in zip(cells, texts) where shown.contains(cell.column) { text += shownText }
    if shown.upperBound < column || isCutAfter { text += "…" }
    self.text = text
    shift = cutsBefore ? first - 1 : 0
  }

  /// The columns (from 0) of a range of bytes in `text`, at least one; nil where none of them is shown.
  func columns(of range: Range<Int>) -> Range<Int>? {
    let from = Self.column(of: range.lowerBound, cells, end)
    let to = max(Self.column(of: range.upperBound, cells, end), from + 1)
    guard from <= shown.upperBound, from >= shown.lowerBound else { return nil }
    return from - shift..<max(min(to, shown.upperBound), from + 1) - shift
  }

  /// The part of a line around an offset, cut between characters.
  private static func slice(_ bytes: [UInt8], _ line: Range<Int>, around focus: Int) -> Range<Int> {
    let place = min(max(focus, line.lowerBound), line.upperBound)
    var start = max(line.lowerBound, place - reach.before)
    while start > line.lowerBound, start < place, bytes[start] & 0xC0 == 0x80 { start += 1 }
    var end = min(line.upperBound, place + reach.after)
    while end < line.upperBound, end > place, bytes[end] & 0xC0 == 0x80 { end -= 1 }
    return start..<max(start, end)
  }

  /// Each scalar with its length in bytes; what is not UTF-8 becomes a replacement character.
  private static func decode(_ bytes: ArraySlice<UInt8>, _ body: (Unicode.Scalar, Int) -> Void) {
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    while true {
      switch parser.parseScalar(from: &iterator) {
      case .valid(let encoded): body(Unicode.UTF8.decode(encoded), encoded.count)
      case .error(let length): body("\u{FFFD}", length)
      case .emptyInput: return
      }
    }
  }

  /// The column of the first character at or after an offset.
  private static func column(
    of offset: Int, _ cells: [(offset: Int, column: Int)], _ end: (offset: Int, column: Int)
  ) -> Int {
    var low = 0
    var high = cells.count
    while low < high {
      let middle = (low + high) / 2
      if cells[middle].offset < offset { low = middle + 1 } else { high = middle }
    }
    return low < cells.count ? cells[low].column : end.column
  }
}
