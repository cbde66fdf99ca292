import Foundation
import Output
import TestSupport
import Testing

@testable import Review

/// The three reports: shape, budget, and nothing that a name could break out of.
@Suite struct ReviewReportTests {
  static let jsonschema = Program.python(importing: ["jsonschema"])

  private static let service =
    "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: ns}, spec: {ports: [{name: a, port: 80}]}}"

  private static func mixed() -> Review {
    let proved = ReviewedPath.Verdict(word: "proved", isReachable: true, reason: nil)
    let refuted = ReviewedPath.Verdict(word: "refuted", isReachable: false, reason: "no policy admits it")
    return ReviewSample.review(
      [
        ReviewSample.change(nil, service),
        ReviewSample.change(service.replacing("name: s", with: "name: t"), nil),
        ReviewSample.change(
          service.replacing("name: s", with: "name: u"),
          service.replacing("name: s", with: "name: u").replacing("80", with: "81"), cluster: "golddr"),
        ReviewSample.change(nil, "{clusters: []}", cluster: "golddr", part: .fragments),
        ReviewSample.change(
          nil, "{apiVersion: v1, kind: Secret, metadata: {name: x, namespace: ns}, data: {a: c2VjcmV0}}",
          cluster: "golddr"),
      ],
      paths: PathChange.between(
        [ReviewSample.path("ns/a"), ReviewSample.path("ns/b", verdict: proved)],
        [ReviewSample.path("ns/b", verdict: refuted), ReviewSample.path("ns/c")], unknown: (.init(), .init())),
      limits: ["main has 1 error"])
  }

  @Test(.enabled(if: jsonschema != nil, "no .venv with jsonschema at the repository root"))
  func jsonMatchesItsSchema() throws {
    let python = try #require(Self.jsonschema)
    let review = Self.mixed()
    let texts = [
      ReviewFormat.json.render(
        review, stages: StagePlan(review.objects).stages, options: ReviewSample.options),
      ReviewFormat.json.render(ReviewSample.review(), options: ReviewSample.options),
    ]
    let script = """
      import sys, json, jsonschema
      schema = json.load(open(sys.argv[1]))
      jsonschema.Draft7Validator.check_schema(schema)
      # Nothing may be written that the schema does not describe.
      def strict(s):
          if isinstance(s, dict):
              if 'properties' in s: s['additionalProperties'] = False
              for v in s.values(): strict(v)
          elif isinstance(s, list):
              for v in s: strict(v)
      strict(schema)
      report = json.load(sys.stdin)
      jsonschema.validate(report, schema, jsonschema.Draft7Validator)
      report['paths'] = [{}]
      try: jsonschema.validate(report, schema, jsonschema.Draft7Validator)
      except jsonschema.ValidationError: print('refused')
      """
    for text in texts {
      let output = try python.run(
        ["-c", script, Repository.path("schemas/diff.json")], input: Array(text.utf8))
      #expect(output.status == 0, "\(output.errorText)")
      #expect(output.text == "refused\n")
      #expect(!text.contains("c2VjcmV0"))
    }
  }

  @Test func markdownStartsWithPathsThenTableThenDetails() throws {
    let text = ReviewFormat.markdown.render(Self.mixed(), options: ReviewSample.options)
    #expect(text.hasPrefix("<!-- linkwright-diff fleet -->\n"))
    let parts = [
      "**Look at these first**", "**Declared paths**", "**Not compared**", "| cluster |", "<details>",
    ]
    let places = try parts.map { try #require(text.range(of: $0)?.lowerBound, "\($0) in \(text)") }
    #expect(places == places.sorted())
    #expect(text.contains("becomes unreachable, refuted: `no policy admits it`"))
    #expect(!text.contains("c2VjcmV0") && !text.contains("Left out"))
  }

  /// A run of backticks is closed by the next run of the same length (CommonMark 6.1).
  private static func withoutCodeSpans(_ text: String) -> String {
    var runs: [Range<String.Index>] = []
    var outside = ""
    var start = text.startIndex
    runs = text.ranges(of: #/`+/#)
    var index = 0
    while index < runs.count {
      let length = text[runs[index]].count
      if let close = runs[(index + 1)...].firstIndex(where: { text[$0].count == length }) {
        outside += text[start..<runs[index].lowerBound]
        start = runs[close].upperBound
        index = close
      }
      index += 1
    }
    return outside + text[start...]
  }

  /// Names and values from a repository stay text.
  @Test func nothingBreaksOutOfTheMarkdown() {
    let evil = "a`b` <img src=x> | @octocat #1 [x](y) --> </details>\u{202E}\u{7}"
    let name = "\"\(evil.replacing("\u{7}", with: "\\a"))\""
    let review = ReviewSample.review(
      [
        ReviewSample.change(
          nil,
          "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), namespace: ns}, data: {x: \"```\\n</details>\"}}",
          cluster: evil)
      ],
      paths: PathChange.between([], [ReviewSample.path(evil)], unknown: (.init(), .init())), limits: [evil],
      fleet: evil)
    let text = ReviewFormat.markdown.render(review, options: ReviewSample.options)
    #expect(text.hasPrefix("<!-- linkwright-diff a-b---img-src-x"))
    #expect(!text.contains("\u{202E}") && !text.contains("\u{7}"))
    // Outside of code spans and fenced blocks nothing of it is left.
    var outside = text.replacing(#/(?ms)^(`{3,})yaml$.*?^\1$/#, with: "")
    outside = Self.withoutCodeSpans(outside.replacing(#/<code>[^<]*<\/code>/#, with: ""))
    for piece in ["<img", "@octocat", "[x]", "#1"] { #expect(!outside.contains(piece), "\(outside)") }
    #expect(outside.components(separatedBy: "</details>").count == 2, "\(outside)")
    #expect(outside.components(separatedBy: "-->").count == 2)
    // One row of the table, four columns each.
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("| ") && !$0.contains("cluster") }
    #expect(rows.count == 1 && rows[0].replacing("\\|", with: "").count { $0 == "|" } == 6)
    let plain = ReviewFormat.text.render(review, options: ReviewSample.options)
    #expect(!plain.contains("\u{202E}") && !plain.contains("\u{7}"))
  }

  @Test(arguments: [(0, 10_000), (10_000, 0), (10_000, 10_000), (300, 40), (1, 400)])
  func markdownKeepsWithinItsLimit(_ paths: Int, _ objects: Int) {
    let review = ReviewSample.review(
      (0..<objects).map {
        ReviewSample.change(
          nil, Self.service.replacing("name: s", with: "name: s\($0)"), cluster: "c\($0 % 50)")
      }.sorted { ObjectKey.precedes($0.key, $1.key) },
      paths: PathChange.between(
        [], (0..<paths).map { ReviewSample.path("ns/c\($0)") }, unknown: (.init(), .init())))
    for limit in [65_536, 4_000] {
      var options = ReviewSample.options
      options.limit = limit
      let text = ReviewFormat.markdown.render(review, options: options)
      #expect(text.utf8.count <= limit)
      #expect(text.contains("<details>") == text.contains("</details>"))
      #expect(
        text.components(separatedBy: "<details>").count == text.components(separatedBy: "</details>").count)
      if paths > 1000 || objects > 1000 {
        #expect(text.contains("Left out, because a comment has room for \(limit) characters: "))
        #expect(text.contains("`linkwright diff` shows everything"))
      }
      if objects > 0 { #expect(text.contains("| cluster | added |")) }
    }
  }

  @Test func emptyReviewsPrintNothingForPeople() {
    let empty = ReviewSample.review()
    #expect(empty.isEmpty)
    #expect(ReviewFormat.text.render(empty, options: ReviewSample.options) == "")
    #expect(ReviewFormat.markdown.render(empty, options: ReviewSample.options).contains("No change"))
    #expect(!ReviewSample.review(limits: ["x"]).isEmpty)
  }

  @Test func colorAddsOnlyColor() {
    var options = ReviewSample.options
    let plain = ReviewFormat.text.render(Self.mixed(), options: options)
    options.usesColor = true
    let colored = ReviewFormat.text.render(Self.mixed(), options: options)
    #expect(colored != plain && colored.replacing(#/\u{1B}\[[0-9;]*m/#, with: "") == plain)
  }
}
