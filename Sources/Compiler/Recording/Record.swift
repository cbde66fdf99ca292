package import Diagnostics
import Linker
import Snapshot
package import YAMLTree

/// Where recorded manifests come from: `REPO@SHA`.
package struct RecordSource: Sendable {
  package let text: String

  /// Manifests that were given on the command line: 'record' names their repository when it renews them.
  package static let handover = RecordSource(unchecked: "manifests that were adopted")

  private init(unchecked text: String) {
    self.text = text
  }

  /// Why a text is no source, in the user's words.
  package struct Fault: Error, Sendable {
    package let message: String
    package let help: String
  }

  /// Reads `REPO@SHA`: something before the last `@`, 7 to 40 hexadecimal digits after it. The text goes into
  /// files, so it may hold no password and no line end.
  package init(_ text: String) throws(Fault) {
    let form = "write REPO@SHA, for example https://github.com/bcgov/helm-charts@05dc98c"
    guard let at = text.lastIndex(of: "@"), at > text.startIndex else {
      throw Fault(message: "'\(printable(text))' names no commit of a repository", help: form)
    }
    let digits = text[text.index(after: at)...].utf8
    let isHexadecimal = digits.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
        UInt8(ascii: "A")...UInt8(ascii: "F"):
        true
      default: false
      }
    }
    guard 7...40 ~= digits.count, isHexadecimal else {
      throw Fault(
        message: "what follows the last '@' is not 7 to 40 hexadecimal digits of a commit", help: form)
    }
    let repository = text[..<at]
    guard repository.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      throw Fault(message: "the repository's name holds a space or a character beyond ASCII", help: form)
    }
    guard !Self.holdsCredentials(repository) else {
      throw Fault(
        message: "the repository's address holds a user or a password, which would be written to files",
        help: "leave it out: https://HOST/PATH@SHA")
    }
    self.text = text
  }

  /// True for `https://user:token@host/…`; `git@host:path` and `ssh://git@host/…` hold no secret.
  private static func holdsCredentials(_ repository: Substring) -> Bool {
    guard let scheme = repository.firstRange(of: "://") else { return false }
    let authority = repository[scheme.upperBound...].prefix { !"/?#".contains($0) }
    guard let at = authority.lastIndex(of: "@") else { return false }
    return authority[..<at].contains(":") || repository[..<scheme.lowerBound].lowercased().hasPrefix("http")
  }
}

/// `linkwright record`: manifests that are rendered elsewhere, reduced to what Linkwright reads.
package enum Record {
  package struct Options: Sendable {
    /// Only these namespaces are replaced; empty: the whole cluster.
    package var namespaces: [String] = []
    /// The namespace of objects that name none.
    package var defaultNamespace: String?
    /// The same for files that have one of their own, by path.
    package var namespacesByFile: [String: String] = [:]
    package var limits = TreeLimits()

    package init() {}
  }

  private static let signature = "# Recorded from "

  private static func header(_ source: RecordSource) -> String {
    "Recorded from \(source.text) by 'linkwright record'; do not edit."
  }

  /// Makes the snapshot of a cluster: files of namespaces that the input does not have are removed, since a
  /// snapshot is a state. With `options.namespaces` only their files are written or removed, and objects of
  /// cluster scope stay as they are on record.
  /// - Parameters:
  ///   - existing: the cluster's files on record, as `RecordingPlace.existing` gives them.
  package static func reduce(
    _ inputs: [SourceFile], from source: RecordSource, at place: RecordingPlace, existing: [SourceFile],
    options: Options = Options()
  ) -> Recording {
    let dump = Dump(inputs, limits: options.limits)
    let limit = Set(options.namespaces)
    let snapshot = Reduction(
      dump, .recorded, defaultNamespace: options.defaultNamespace, namespacesByFile: options.namespacesByFile
    ) { object, namespace in
      if object.isMadeByController { return false }
      // An object without a namespace is reported, limit or not.
      guard !limit.isEmpty else { return true }
      if KindTable.recorded[object.id]?.kind.scope == .cluster { return false }
      return namespace.map(limit.contains) ?? true
    }
    var findings = dump.findings + snapshot.findings
    if snapshot.objects.isEmpty, !findings.containErrors {
      findings.append(
        Diagnostic(
          RecordingRules.unusableInput,
          limit.isEmpty
            ? "the input holds no object that Linkwright reads"
            : "the input holds no object that Linkwright reads in \(options.namespaces.joined(separator: ", "))",
          at: inputs.first.map { Label(SourceRange(wholeFile: $0)) },
          help: ["to empty a record, remove its files"], notes: [snapshot.leftOutSummary].compactMap { $0 }))
    }
    guard !findings.containErrors else { return Recording(findings: findings) }
    let byPath = Dictionary(grouping: snapshot.objects.values) { place.path(namespace: $0.namespace) }
    let onRecord = Dictionary(existing.map { ($0.path, $0) }) { first, _ in first }
    var files: [Recording.File] = []
    for (path, objects) in byPath.sorted(by: { utf8Precedes($0.key, $1.key) }) {
      let content = RecordingText.write(header(source), objects)
      if let file = onRecord[path], !isOwn(file) {
        findings.append(conflict(file))
      } else if let fault = place.fault(path: path) {
        findings.append(fault)
      } else if onRecord[path]?.bytes != content {
        files.append(Recording.File(path: path, content: content))
      }
    }
    let replaced = limit.isEmpty ? nil : Set(options.namespaces.map { place.path(namespace: $0) })
    for file in existing
    where byPath[file.path] == nil && isOwn(file) && replaced?.contains(file.path) != false {
      files.append(Recording.File(path: file.path, content: nil))
    }
    guard !findings.containErrors else { return Recording(findings: findings) }
    files.sort { utf8Precedes($0.path, $1.path) }
    return Recording(
      files: files, findings: findings.inReportOrder(), summary: summary(snapshot, place, byPath.count, files)
    )
  }

  private static func isOwn(_ file: SourceFile) -> Bool { RecordingText.starts(file, with: signature) }

  private static func conflict(_ file: SourceFile) -> Diagnostic {
    Diagnostic(
      RecordingRules.recordingConflict, "\(file.path) was not written by 'linkwright record'",
      at: Label(SourceRange(wholeFile: file)),
      help: ["move it to another file, or remove it"])
  }

  private static func summary(
    _ snapshot: Reduction, _ place: RecordingPlace, _ count: Int, _ files: [Recording.File]
  ) -> [String] {
    let removed = files.count { $0.content == nil }
    return [
      "recorded \(snapshot.objects.count) objects of \(place.cluster) in \(count) files: "
        + "\(files.count - removed) written, \(removed) removed"
    ] + files.filter { $0.content == nil }.map { "removed: \($0.path)" }
      + [snapshot.leftOutSummary].compactMap { $0 }
  }
}
