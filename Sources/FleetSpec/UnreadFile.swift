package import Diagnostics

/// A file that could not be read to its end: what it declares is not known, so nothing may be concluded from what is
/// missing.
package struct UnreadFile: Sendable {
  /// Where the file's own error is.
  package let place: SourceRange
  private let file: SourceFile

  /// Nil for a file in which nothing was wrong.
  package init?(_ file: SourceFile, findings: [Diagnostic]) {
    guard let place = findings.first(where: { $0.severity == .error })?.primary?.range else { return nil }
    self.place = place
    self.file = file
  }

  package var path: String { file.path }

  /// True when the file may declare something of that name. Linear in the file.
  package func mayHold(_ name: String) -> Bool {
    file.bytes.isEmpty || file.bytes.firstRange(of: Array(name.utf8)) != nil
  }
}
