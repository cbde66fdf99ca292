import Diagnostics
import Expressions
import FleetSpec
import Kubernetes
import YAMLTree

/// `linkwright.dev/ignore` annotations: a finding whose place lies in an annotated document is suppressed,
/// with the reason that is given there.
struct Suppressions {
  package static let annotation = "linkwright.dev/ignore"

  private struct Entry {
    let rule: String
    let reason: String
    /// Where the entry stands in the annotation.
    let range: SourceRange
    let document: SourceRange
  }

  private var entries: [String: [Entry]] = [:]
  private var findings: [Diagnostic] = []

  init(_ trees: [String: Tree]) {
    for (path, tree) in trees {
      // Most files have none: look at the bytes before looking at objects.
      guard tree.file.contains("linkwright.dev/ignore") else { continue }
      for document in tree.documents {
        Manifest.all(in: document) { manifest in
          guard let node = manifest.node.at("metadata", "annotations")?[Self.annotation] else { return }
          read(node, of: manifest, path)
        }
      }
    }
  }

  private mutating func read(_ node: Node, of manifest: Manifest, _ path: String) {
    let places = ScalarPlaces(node)
    for (text, bytes) in Self.parts(of: node.text) {
      let pieces = text.split(separator: ":", maxSplits: 1).map(\.trimmed)
      guard pieces.count == 2, !pieces[1].isEmpty else {
        report(places.range(bytes), "'\(text)' gives no reason", "write 'LW2104: why it is all right'")
        continue
      }
      guard RuleCatalogue.rule(pieces[0]) != nil else {
        report(
          places.range(bytes.lowerBound..<bytes.lowerBound + pieces[0].utf8.count),
          "there is no rule '\(pieces[0])'",
          didYouMean(pieces[0], among: RuleCatalogue.all.map(\.id)) ?? "'linkwright rules' lists them")
        continue
      }
      entries[path, default: []].append(
        Entry(
          rule: pieces[0].uppercased(), reason: pieces[1],
          range: places.range(bytes.lowerBound..<bytes.lowerBound + pieces[0].utf8.count),
          document: manifest.node.range))
    }
  }

  /// Entries stand on lines of their own, or after a ';' that another rule's id follows: reasons may hold ';'.
  /// - Returns: each with its place among the bytes of the text.
  private static func parts(of text: String) -> [(text: String, bytes: Range<Int>)] {
    var parts: [Range<String.Index>] = []
    for line in text.split(separator: "\n") {
      for (index, piece) in line.split(separator: ";").enumerated() {
        if index == 0 || piece.trimmed.hasPrefix("LW") {
          parts.append(piece.startIndex..<piece.endIndex)
        } else {
          parts[parts.count - 1] = parts[parts.count - 1].lowerBound..<piece.endIndex
        }
      }
    }
    return parts.compactMap { part in
      let trimmed = text[part].trimmed
      guard !trimmed.isEmpty, let start = text[part].firstIndex(where: { !$0.isWhitespace }) else {
        return nil
      }
      let offset = text.utf8.distance(from: text.startIndex, to: start)
      return (trimmed, offset..<offset + trimmed.utf8.count)
    }
  }

  private mutating func report(_ range: SourceRange, _ message: String, _ help: String) {
    findings.append(
      Diagnostic(FleetSpecRules.ignoreAnnotation, message, at: range, "in this annotation", help: [help]))
  }

  /// Errors make the output wrong and stay, unless their rule says that somebody may know better; warnings and notes
  /// can be suppressed.
  func applied(to diagnostics: [Diagnostic]) -> [Diagnostic] {
    guard !entries.isEmpty else { return diagnostics + findings }
    var used: Set<Int> = []
    let flat = entries.values.flatMap { $0 }
    let byPath = Dictionary(grouping: flat.indices) { flat[$0].range.file.path }
    var result = diagnostics.map { diagnostic in
      guard diagnostic.severity != .error || diagnostic.rule.isSuppressibleError,
        let range = diagnostic.primary?.range
      else { return diagnostic }
      for index in byPath[range.file.path] ?? [] {
        let entry = flat[index]
        guard entry.rule == diagnostic.rule.id, entry.document.start <= range.start,
          range.start <= entry.document.end
        else { continue }
        used.insert(index)
        var suppressed = diagnostic
        suppressed.suppression = entry.reason
        return suppressed
      }
      return diagnostic
    }
    // With an error, units may not have been lowered, and their findings are unknown.
    let isComplete = !diagnostics.containErrors
    for index in flat.indices where !used.contains(index) {
      let entry = flat[index]
      guard isComplete || diagnostics.contains(where: { $0.rule.id == entry.rule }) else { continue }
      let isError = diagnostics.contains {
        $0.rule.id == entry.rule && $0.severity == .error && !$0.rule.isSuppressibleError
      }
      result.append(
        Diagnostic(
          CompilerRules.unusedSuppression, "\(entry.rule) is not found in this document",
          at: entry.range, "suppresses nothing",
          help: [isError ? "errors cannot be suppressed: mend what it says" : "remove the entry"]))
    }
    return result + findings
  }
}

extension SourceFile {
  /// True when the bytes of a text stand in the file.
  func contains(_ text: StaticString) -> Bool {
    let needle = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    guard let first = needle.first, bytes.count >= needle.count else { return false }
    return bytes.withUnsafeBufferPointer { bytes in
      var index = 0
      while index <= bytes.count - needle.count {
        guard let found = bytes[index...].firstIndex(of: first) else { return false }
        if found + needle.count > bytes.count { return false }
        if UnsafeBufferPointer(rebasing: bytes[found..<found + needle.count]).elementsEqual(needle) {
          return true
        }
        index = found + 1
      }
      return false
    }
  }
}

extension StringProtocol {
  /// Without spaces and line ends around it.
  var trimmed: String {
    String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
