import Diagnostics
import TestSupport
import Testing

@Suite struct TextReportTests {
  private func render(_ diagnostics: [Diagnostic]) -> String {
    TextReport.render(diagnostics, options: Sample.options)
  }

  /// Marks stand under what they mark: in a text without wide characters by column, in all by width.
  @Test(arguments: [
    ("ab: 1️⃣cd2️⃣ e\n", 4, 2), ("\tab: 1️⃣cd2️⃣\n", 8, 2), ("日本: 1️⃣語2️⃣\n", 6, 2), ("e\u{301}: 1️⃣x2️⃣\n", 3, 1),
    ("a\u{0}1️⃣b2️⃣\n", 2, 1), ("\u{202E}1️⃣b2️⃣\n", 8, 1), ("\u{FEFF}1️⃣ab2️⃣\n", 0, 2), ("🎉1️⃣x2️⃣\n", 2, 1),
    ("가1️⃣x2️⃣\n", 2, 1), ("ａ1️⃣x2️⃣\n", 2, 1), ("é1️⃣x2️⃣\n", 1, 1), ("abc1️⃣\n\n2️⃣", 3, 1),
  ]) func alignment(_ text: String, _ column: Int, _ count: Int) throws {
    let lines = render([Sample.odd(text, "")]).split(separator: "\n", omittingEmptySubsequences: false)
    let marks = try #require(lines.first { $0.contains("^") })
    #expect(marks == "  | " + String(repeating: " ", count: column) + String(repeating: "^", count: count))
  }

  @Test func longLinesAreCutAroundTheRange() throws {
    for count in [0, 50, 119, 120, 121, 500, 5000, 2_000_000] {
      let filler = String(repeating: "x", count: count)
      let lines = render([Sample.odd(filler + "1️⃣yyy2️⃣" + filler + "\n", "")]).split(separator: "\n")
      let source = try #require(lines.firstIndex { $0.contains("yyy") })
      #expect(lines[source].count <= 4 + 122)
      let (text, marks) = (Array(lines[source]), Array(lines[source + 1]))
      let start = try #require(marks.firstIndex(of: "^"))
      #expect(String(text[start..<start + 3]) == "yyy")
      #expect(marks.count == start + 3)
    }
  }

  @Test func farLabelsOfALongLineAreShownApart() {
    let source = MarkedSource("1️⃣a2️⃣: " + String(repeating: "x", count: 500) + "3️⃣y4️⃣\n")
    let finding = Diagnostic(
      Sample.port, "m", at: Sample.range(source, 3, 4), "far",
      also: [Label(Sample.range(source, 1, 2), "near")])
    let text = render([finding])
    #expect(text.contains("| - near\n1 | …"))
    #expect(text.contains("^ far"))
  }

  @Test func labelsOfOneFile() {
    let lines = (1...40).map { "line\($0): 1\n" }.joined()
    let file = SourceFile(path: "f.yaml", bytes: Array(lines.utf8))
    func label(_ line: Int) -> Label {
      let bounds = file.bounds(ofLine: line)
      return Label(SourceRange(file: file, start: bounds.lowerBound, end: bounds.lowerBound + 4), "l\(line)")
    }
    let finding = Diagnostic(
      Sample.port, "m", at: label(10), also: [label(12), label(17), label(30), label(9)])
    #expect(
      render([finding]) == """
        error[LW1203]: m
          --> f.yaml:10:1
           |
         9 | line9: 1
           | ---- l9
        10 | line10: 1
           | ^^^^ l10
        11 | line11: 1
        12 | line12: 1
           | ---- l12
        ...
        17 | line17: 1
           | ---- l17
           |
          ::: f.yaml:30:1
           |
        30 | line30: 1
           | ---- l30

        1 error in 1 file

        """)
  }

  @Test func suppressedFindingsAreOnlyCounted() {
    var finding = Sample.unknownPort
    finding.suppression = "booked"
    #expect(render([finding]) == "no findings; 1 suppressed\n")
    #expect(render([]) == "no findings\n")
  }

  @Test func wholeFiles() {
    let file = SourceFile(path: "big.yaml", bytes: Array("a: 1\n".utf8))
    let text = render([Diagnostic(Sample.port, "m", at: SourceRange(wholeFile: file), help: ["h"])])
    #expect(text == "error[LW1203]: m\n --> big.yaml:1:1\n  = help: h\n\n1 error in 1 file\n")
    let emitted = SourceFile(path: "rendered/x.yaml", bytes: [])
    #expect(
      render([Diagnostic(Sample.port, "m", at: SourceRange(file: emitted, start: 3, end: 9), "t")])
        == "error[LW1203]: m\n --> rendered/x.yaml\n\n1 error in 1 file\n")
  }

  /// Any bytes and any range: no trap, and nothing that a terminal would act on.
  @Test func oddRangesNeverTrap() {
    let seed = SeededGenerator.seed()
    print("odd ranges seed \(seed)")
    var random = SeededGenerator(seed: seed)
    let pieces: [[UInt8]] = [
      [0xEF, 0xBB, 0xBF], [0x0A], [0x0D, 0x0A], [0x09], [0x1B], [0xC3], [0xFF], [0x80], Array("日".utf8),
      Array("é".utf8),
      Array("🎉".utf8), Array("abc".utf8), [0], Array(repeating: 0x61, count: 130),
      Array(repeating: 0x80, count: 2500),
      Array("\u{301}".utf8),
    ]
    for _ in 0..<1000 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0..<8, using: &random) {
        bytes += pieces[Int.random(in: 0..<pieces.count, using: &random)]
      }
      let file = SourceFile(path: "r", bytes: bytes)
      func label() -> Label {
        let bound = bytes.count + 5
        return Label(
          SourceRange(
            file: file, start: .random(in: -5...bound, using: &random),
            end: .random(in: -5...bound, using: &random)),
          "t")
      }
      let finding = Diagnostic(Sample.port, "m", at: label(), also: [label(), label()])
      for format in ReportFormat.allCases {
        let text = format.render([finding], rules: Sample.rules, options: Sample.options)
        #expect(
          !text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x7F }, "seed \(seed)")
      }
    }
  }
}
