import Diagnostics
import TestSupport
import Testing

/// The look of each report; `UPDATE_GOLDEN=1` rewrites the files.
@Suite struct ReportGoldenTests {
  @Test(arguments: ReportFormat.allCases) func ordinary(_ format: ReportFormat) {
    let text = format.render(Sample.ordinary, rules: Sample.rules, options: Sample.options)
    expect(text, "ordinary.\(format.rawValue)")
  }

  @Test(arguments: ReportFormat.allCases) func nothing(_ format: ReportFormat) {
    expect(format.render([], rules: [], options: Sample.options), "nothing.\(format.rawValue)")
  }

  @Test func oddities() {
    expect(TextReport.render(Sample.oddities, options: Sample.options), "oddities.text")
    expect(GitHubReport.render(Sample.oddities, options: Sample.options), "oddities.github")
  }

  @Test func color() {
    var options = Sample.options
    options.usesColor = true
    let text = TextReport.render(Sample.ordinary, options: options)
    expect(text.replacing("\u{1B}", with: "␛"), "ordinary.color.text")
    // Colour adds nothing but escape sequences.
    let plain = text.replacing(#/\u{1B}\[[0-9;]*m/#, with: "")
    #expect(plain == TextReport.render(Sample.ordinary, options: Sample.options))
  }

  /// The example of design §6, to the letter.
  @Test func designExample() {
    let text = TextReport.render([Sample.unknownPort], options: Sample.options)
    #expect(
      text == """
        error[LW1203]: Service "yourservice" has no port 8000
          --> connections/yourservice.yaml:14:13
           |
        14 |     ports: [8000, 9000]
           |             ^^^^ not a port of c6af30-prod/yourservice in golddr
           |
          ::: workloads/golddr/yourservice.yaml:9:5
           |
         9 |   - port: 8080
           |     ---------- its only port
           |
           = help: claims name a Service port, not a target port; use 8080, or add port 8000 in golddr
           = note: gold has port 8000: the two clusters of link gold-pair differ

        1 error in 1 file

        """)
  }

  private func expect(_ text: String, _ name: String) {
    #expect(Golden.difference(text, from: "Tests/DiagnosticsTests/Golden/\(name)") == nil)
  }
}
