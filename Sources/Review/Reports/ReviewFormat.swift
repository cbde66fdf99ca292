/// The formats of a review, by the names that the command line knows.
package enum ReviewFormat: String, Sendable, CaseIterable {
  /// For people at a terminal.
  case text
  /// A comment on a pull request.
  case markdown
  /// One JSON object, `schemas/diff.json`.
  case json

  package struct Options: Sendable {
    /// The program's version.
    package var version: String
    /// ANSI colours; the format `text` only.
    package var usesColor = false
    /// Bytes of a comment at most; the format `markdown` only. Platforms count characters, of which there are fewer.
    package var limit = 65_536
    /// A command that shows everything, for what a comment leaves out.
    package var command = "linkwright diff"

    package init(version: String) { self.version = version }
  }

  /// The whole report with a final newline; empty for an empty review in a format for people.
  package func render(_ review: Review, stages: [StagePlan.Stage]? = nil, options: Options) -> String {
    switch self {
    case .text: ReviewText.render(review, stages: stages, options: options)
    case .markdown: ReviewMarkdown.render(review, stages: stages, options: options)
    case .json: ReviewJSON.render(review, stages: stages, options: options)
    }
  }
}
