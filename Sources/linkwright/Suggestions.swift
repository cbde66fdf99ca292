import Diagnostics

/// "did you mean" for words of the command line.
enum Suggestions {
  static func nearest(_ word: String, among known: [String]) -> String? { didYouMean(word, among: known) }
}
