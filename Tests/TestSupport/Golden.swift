import Foundation

/// Compares what a test made with a checked-in file.
///
/// `UPDATE_GOLDEN=1` rewrites the files; each change is still reported, so that a run that rewrote
/// something fails and is looked at.
package enum Golden {
  package static var isUpdating: Bool { ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" }

  /// nil when the file holds `actual`; otherwise what to tell: the first line that differs, or that the file
  /// was rewritten. `path` is from the repository's root.
  package static func difference(_ actual: String, from path: String) -> String? {
    difference(Array(actual.utf8), from: path)
  }

  /// The same for bytes.
  package static func difference(_ actual: [UInt8], from path: String) -> String? {
    let url = Repository.root.appendingPathComponent(path)
    let expected = (try? Data(contentsOf: url)).map(Array.init)
    if expected == actual { return nil }
    guard isUpdating else {
      guard let expected else { return "\(path) does not exist; UPDATE_GOLDEN=1 writes it" }
      return "\(path) differs; UPDATE_GOLDEN=1 rewrites it\n" + firstDifference(actual, expected)
    }
    do {
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(actual).write(to: url)
    } catch { return "\(path) cannot be written: \(error)" }
    return expected == nil ? "\(path) was written" : "\(path) was rewritten"
  }

  private static func firstDifference(_ actual: [UInt8], _ expected: [UInt8]) -> String {
    let mine = actual.split(separator: 0x0A, omittingEmptySubsequences: false)
    let theirs = expected.split(separator: 0x0A, omittingEmptySubsequences: false)
    func line(_ lines: [ArraySlice<UInt8>], _ index: Int) -> String {
      index < lines.count ? String(decoding: lines[index], as: UTF8.self) : "(end)"
    }
    var index = 0
    while index < min(mine.count, theirs.count), mine[index] == theirs[index] { index += 1 }
    return "line \(index + 1)\n  expected: \(line(theirs, index))\n  actual:   \(line(mine, index))"
  }
}
