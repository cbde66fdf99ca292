package import Diagnostics
import YAMLTree

/// Files of the specification in one form, comments and values untouched.
///
/// Works by edits of white space and the order of lines, never by writing a tree: what has no form of its own (quotes,
/// flow style, line breaks in texts) stays as its author wrote it. Whatever changes is parsed again and must be the same
/// documents with the same comments; otherwise only the safe part is done.
package enum SpecFormatter {
  /// What became of a file.
  package struct Result: Sendable {
    package let bytes: [UInt8]
    /// Why the file was left as it is, in the user's words.
    package let reason: String?
  }

  /// The canonical form: LF, no blanks at line ends, one blank line at most, two spaces to a level, lists as deep as
  /// their key, apiVersion, kind, metadata and spec in this order. Formatting twice is formatting once.
  ///
  /// - Parameter upgrades: deprecated spellings and older API versions are replaced as well.
  package static func format(_ file: SourceFile, upgrades: Bool) -> Result {
    let parsed = Tree.parse(file)
    guard !parsed.findings.contains(where: { $0.severity == .error }) else {
      return Result(bytes: file.bytes, reason: "it cannot be read: \(parsed.findings[0].message)")
    }
    let documents = parsed.tree.documents.filter { !$0.isNull }
    guard !documents.isEmpty else { return Result(bytes: file.bytes, reason: "it holds no document") }
    guard
      documents.allSatisfy({ $0["apiVersion"]?.text.hasPrefix("linkwright.dev/") == true })
    else {
      return Result(bytes: file.bytes, reason: "it holds documents that are not Linkwright's")
    }
    var bytes = upgrades ? upgraded(file, documents) : file.bytes
    let plain = cleaned(bytes)
    if isSame(plain, as: bytes) { bytes = plain }
    for step in [reordered, indented] {
      let next = step(bytes)
      // Order and depth may move a comment between two keys, never lose or change one.
      if isSame(next, as: bytes) { bytes = next }
    }
    return Result(bytes: bytes, reason: nil)
  }

  // MARK: Upgrades

  private static func upgraded(_ file: SourceFile, _ documents: [Node]) -> [UInt8] {
    var edits: [(range: Range<Int>, text: String)] = []
    for document in documents {
      for use in Deprecation.uses(in: document) where !use.isRepeated {
        edits.append((use.range.start..<use.range.end, use.newText))
      }
      if let version = document["apiVersion"], let latest = SpecVersions.known.last, version.text != latest,
        SpecVersions.known.contains(version.text)
      {
        edits.append((version.range.start..<version.range.end, latest))
      }
    }
    var bytes = file.bytes
    for edit in edits.sorted(by: { $0.range.lowerBound > $1.range.lowerBound }) {
      bytes.replaceSubrange(edit.range, with: Array(edit.text.utf8))
    }
    return bytes
  }

  // MARK: White space

  /// Line ends and blank lines.
  private static func cleaned(_ bytes: [UInt8]) -> [UInt8] {
    let layout = LineLayout(bytes)
    var lines: [[UInt8]] = []
    var blanks = 0
    for (index, line) in layout.lines.enumerated() {
      if layout.isInsideText(index) {
        blanks = 0
        lines.append(line)
        continue
      }
      let trimmed = Array(line.prefix(line.lastIndex { $0 != 0x20 && $0 != 0x09 }.map { $0 + 1 } ?? 0))
      blanks = trimmed.isEmpty ? blanks + 1 : 0
      if trimmed.isEmpty, blanks > 1 || lines.isEmpty { continue }
      lines.append(trimmed)
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return LineLayout.join(lines)
  }

  // MARK: Order

  private static let order = ["apiVersion", "kind", "metadata", "spec"]

  /// The keys at the top of each document in their order, with the comments right above them.
  private static func reordered(_ bytes: [UInt8]) -> [UInt8] {
    let layout = LineLayout(bytes)
    var lines = layout.lines
    for document in layout.tree.documents.reversed() where layout.isBlock(document) && !layout.hasReferences {
      let keys = document.entries.map(\.key)
      let names = keys.map(\.text)
      let wanted = names.sorted { (order.firstIndex(of: $0) ?? 9) < (order.firstIndex(of: $1) ?? 9) }
      guard names != wanted, Set(names) == Set(order).intersection(names), let last = keys.last else {
        continue
      }
      var starts = keys.map { layout.line(of: $0.range.start) }
      let first = starts[0]
      for index in starts.indices.dropFirst() {
        while starts[index] > first, layout.isComment(starts[index] - 1) { starts[index] -= 1 }
      }
      let end = layout.lastLine(ofDocumentAt: layout.line(of: last.range.start))
      let blocks = starts.indices.map { index in
        Array(lines[starts[index]..<(index + 1 < starts.count ? starts[index + 1] : end)])
      }
      let sorted = wanted.flatMap { name in names.firstIndex(of: name).map { blocks[$0] } ?? [] }
      lines.replaceSubrange(first..<end, with: sorted)
    }
    return LineLayout.join(lines)
  }

  // MARK: Depth

  private static func indented(_ bytes: [UInt8]) -> [UInt8] {
    var indentation = Indentation(LineLayout(bytes))
    return LineLayout.join(indentation.lines())
  }

  /// True for the same documents and the same comments, in whatever order.
  private static func isSame(_ new: [UInt8], as old: [UInt8]) -> Bool {
    let (a, b) = (LineLayout(new), LineLayout(old))
    let (mine, theirs) = (a.tree.documents, b.tree.documents)
    return !a.isBroken && mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.isEqual(to: $1) }
      && a.comments.sorted() == b.comments.sorted()
  }
}
