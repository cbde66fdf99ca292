/// Findings for people: the excerpt of each place that contributes, with what is wrong there under it.
package enum TextReport {
  /// Labels of one file that are at most this many lines apart share an excerpt.
  private static let nearLines = 8

  /// The findings that are not suppressed, then a line that counts all.
  package static func render(_ diagnostics: [Diagnostic], options: ReportFormat.Options) -> String {
    let palette = Palette(usesColor: options.usesColor)
    var text = ""
    for diagnostic in diagnostics where diagnostic.suppression == nil {
      var entry = TextReportEntry(diagnostic, blocks(of: diagnostic), palette, options.pathPrefix)
      text += entry.render() + "\n"
    }
    return text + ReportSummary(diagnostics).text + "\n"
  }

  /// A label and whether it is the primary one.
  struct Mark {
    let label: Label
    let isPrimary: Bool
    let line: Int
  }

  /// What one arrow points to: labels of one file that lie close together, the first in the arrow.
  struct Block {
    let file: SourceFile
    var marks: [Mark]

    func isNear(_ mark: Mark) -> Bool {
      file === mark.label.range.file && marks.contains { abs($0.line - mark.line) <= nearLines }
    }
  }

  private static func blocks(of diagnostic: Diagnostic) -> [Block] {
    var blocks: [Block] = []
    let labels = (diagnostic.primary.map { [($0, true)] } ?? []) + diagnostic.secondary.map { ($0, false) }
    for (label, isPrimary) in labels {
      let mark = Mark(label: label, isPrimary: isPrimary, line: label.range.startPosition.line)
      if let index = blocks.firstIndex(where: { $0.isNear(mark) }) {
        blocks[index].marks.append(mark)
      } else {
        blocks.append(Block(file: label.range.file, marks: [mark]))
      }
    }
    return blocks
  }
}

/// One finding under construction.
private struct TextReportEntry {
  private let diagnostic: Diagnostic
  private let blocks: [TextReport.Block]
  private let palette: Palette
  private let pathPrefix: String
  /// Columns of the line numbers.
  private let gutter: Int
  private var output = ""

  init(_ diagnostic: Diagnostic, _ blocks: [TextReport.Block], _ palette: Palette, _ pathPrefix: String) {
    self.diagnostic = diagnostic
    self.blocks = blocks
    self.palette = palette
    self.pathPrefix = pathPrefix
    gutter = String(blocks.flatMap { $0.marks.map(\.line) }.max() ?? 1).utf8.count
  }

  mutating func render() -> String {
    let head = "\(diagnostic.severity.word)[\(diagnostic.rule.id)]"
    output += palette.paint(head, .severity(diagnostic.severity))
    output += palette.paint(": " + VisibleText.line(diagnostic.message), .message) + "\n"
    var needsBar = false
    for (index, block) in blocks.enumerated() {
      if needsBar { bar() }
      arrow(block, isFirst: index == 0)
      needsBar = excerpt(block)
    }
    let children =
      diagnostic.help.map { ("help", $0) } + diagnostic.notes.map { ("note", $0) }
      + [diagnostic.owner].compactMap { $0.map { ("owner", $0) } }
    if needsBar, !children.isEmpty { bar() }
    for (word, text) in children { child(word, text) }
    return output
  }

  private mutating func arrow(_ block: TextReport.Block, isFirst: Bool) {
    let range = block.marks[0].label.range
    var place = VisibleText.line(pathPrefix + range.file.path)
    if !range.file.bytes.isEmpty {
      let position = range.startPosition
      place += ":\(position.line):\(position.column)"
    }
    output += palette.paint(String(repeating: " ", count: gutter) + (isFirst ? "-->" : ":::"), .frame)
    output += " " + place + "\n"
  }

  /// The lines of a block; false when there is nothing to show of it.
  private mutating func excerpt(_ block: TextReport.Block) -> Bool {
    // A range at a file's very start without a text is about the file as a whole.
    let marks = block.marks.filter { $0.label.range.end > 0 || !$0.label.text.isEmpty }
    guard !block.file.bytes.isEmpty, !marks.isEmpty else { return false }
    bar()
    var last: Int?
    for line in Set(marks.map(\.line)).sorted() {
      if let last, line == last + 2 {
        source(Excerpt(block.file, line: block.file.bounds(ofLine: last + 1), around: 0), last + 1)
      } else if let last, line > last + 2 {
        output += palette.paint("...", .frame) + "\n"
      }
      lines(of: block.file, line, marks.filter { $0.line == line })
      last = line
    }
    return true
  }

  /// One line of the source, and a row of marks for each of its labels.
  private mutating func lines(of file: SourceFile, _ line: Int, _ marks: [TextReport.Mark]) {
    let bounds = file.bounds(ofLine: line)
    var shown: Excerpt?
    for mark in marks.sorted(by: { $0.label.range.start < $1.label.range.start }) {
      let start = min(max(mark.label.range.start, bounds.lowerBound), bounds.upperBound)
      let range = start..<max(start, min(mark.label.range.end, bounds.upperBound))
      var excerpt = shown ?? Excerpt(file, line: bounds, around: start)
      if shown != nil, excerpt.columns(of: range) == nil {
        // A long line: this label lies beyond the part that is shown.
        excerpt = Excerpt(file, line: bounds, around: start)
        shown = nil
      }
      if shown == nil { source(excerpt, line) }
      shown = excerpt
      row(excerpt.columns(of: range) ?? 0..<1, mark)
    }
  }

  private mutating func source(_ excerpt: Excerpt, _ line: Int) {
    let number = String(line)
    let padding = String(repeating: " ", count: max(0, gutter - number.utf8.count))
    output += palette.paint(padding + number + " |", .frame)
    output += (excerpt.text.isEmpty ? "" : " " + excerpt.text) + "\n"
  }

  private mutating func row(_ columns: Range<Int>, _ mark: TextReport.Mark) {
    var text = String(repeating: mark.isPrimary ? "^" : "-", count: columns.count)
    if !mark.label.text.isEmpty { text += " " + VisibleText.line(mark.label.text) }
    output += palette.paint(String(repeating: " ", count: gutter + 1) + "|", .frame)
    output += " " + String(repeating: " ", count: max(0, columns.lowerBound))
    output += palette.paint(text, mark.isPrimary ? .severity(diagnostic.severity) : .secondary) + "\n"
  }

  /// A bar without a line number.
  private mutating func bar() {
    output += palette.paint(String(repeating: " ", count: gutter + 1) + "|", .frame) + "\n"
  }

  private mutating func child(_ word: String, _ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
      VisibleText.line(String($0))
    }
    let indent = String(repeating: " ", count: gutter + 1)
    output += palette.paint(indent + "=", .frame) + " " + palette.paint(word, .message) + ": "
    let hanging = String(repeating: " ", count: gutter + 1 + 2 + word.utf8.count + 2)
    output += lines.joined(separator: "\n" + hanging) + "\n"
  }
}
