package import Diagnostics
package import FleetSpec
import Kubernetes
import Linker
import Output
package import Snapshot
import YAMLTree

/// What `observe` or `record` comes to.
package struct Recording: Sendable {
  /// A file to be written, or removed.
  package struct File: Sendable, Equatable {
    /// From the fleet's root.
    package let path: String
    /// Nil: the file goes.
    package let content: [UInt8]?
  }

  /// Only files that change, by path; none when a finding is an error.
  package internal(set) var files: [File] = []
  package internal(set) var findings: [Diagnostic] = []
  /// What was done, in sentences without a full stop.
  package internal(set) var summary: [String] = []

  init(findings: [Diagnostic]) {
    self.findings = findings.inReportOrder()
  }

  init(files: [File], findings: [Diagnostic], summary: [String]) {
    self.files = files
    self.findings = findings
    self.summary = summary.map(printable)
  }
}

/// The directory below which a cluster's observations or records lie.
package struct RecordingPlace: Sendable {
  /// Which source of the fleet is meant.
  package enum Source: String, Sendable {
    case observed
    case recorded
  }

  /// From the fleet's root, without a slash at its end: `observed/gold`.
  package let directory: String
  let source: Fleet.Source
  let kind: Source
  let cluster: String
  private let fleet: Fleet

  /// Finds the directory in the fleet's patterns. Throws a finding when no pattern has the plain form
  /// `…/{cluster}/**`.
  package init(_ kind: Source, of cluster: String, in fleet: Fleet) throws(RecordingPlaceFault) {
    self.kind = kind
    self.cluster = cluster
    self.fleet = fleet
    source = kind == .observed ? fleet.observed : fleet.recorded
    let plain = source.inclusions.lazy.compactMap { Self.directory($0.source) }.first
    guard let plain, isClusterName(cluster) else {
      let node = fleet.node.at("spec", "sources")?[kind.rawValue] ?? fleet.name.node
      let message =
        plain == nil
        ? "spec.sources.\(kind.rawValue) does not say where a cluster's files go"
        : "'\(cluster)' is no cluster's name"
      throw RecordingPlaceFault(
        finding: Diagnostic(
          RecordingRules.recordingPlace, message, at: node.range,
          plain == nil ? "no pattern of the form 'directory/{cluster}/**'" : "",
          help: ["add the pattern '\(kind.rawValue)/{cluster}/**'"]))
    }
    directory = plain.replacing("{cluster}", with: cluster)
  }

  /// The directory of a plain pattern, with `{cluster}` in it.
  private static func directory(_ pattern: String) -> String? {
    let parts = pattern.split(separator: "/")
    guard parts.count >= 2, parts.last == "**" else { return nil }
    let directory = parts.dropLast()
    guard directory.last == "{cluster}",
      directory.dropLast().allSatisfy({ part in !part.contains { "*?{".contains($0) } })
    else { return nil }
    return directory.joined(separator: "/")
  }

  /// The file of a namespace; nil: of objects of cluster scope.
  func path(namespace: String?) -> String {
    "\(directory)/\(namespace ?? OutputLayout.clusterDirectory).yaml"
  }

  /// A finding when the fleet would not read the file that is to be written, else nil.
  func fault(path: String) -> Diagnostic? {
    guard source.match(path)?.cluster != cluster else { return nil }
    let node = fleet.node.at("spec", "sources")?[kind.rawValue] ?? fleet.name.node
    return Diagnostic(
      RecordingRules.recordingPlace, "\(path) would be written but not read", at: node.range, "excludes it",
      help: ["change the exclusion, or leave the namespace out"])
  }

  /// The files that lie below the directory now: YAML and JSON, by path. Links are passed over, as in a compile.
  package func existing(in snapshot: some Snapshot) throws(SnapshotError) -> [SourceFile] {
    var files: [SourceFile] = []
    var pending = [directory]
    while let next = pending.popLast() {
      for entry in try snapshot.entries(of: next) {
        switch entry.kind {
        case .directory: pending.append(entry.path)
        case .file, .executable:
          guard [".yaml", ".yml", ".json"].contains(where: entry.path.hasSuffix),
            source.match(entry.path) != nil
          else { continue }
          files.append(SourceFile(path: entry.path, bytes: try snapshot.content(of: entry)))
        default: continue
        }
      }
    }
    return files.sorted { utf8Precedes($0.path, $1.path) }
  }
}

/// Why there is no place.
package struct RecordingPlaceFault: Error, Sendable {
  package let finding: Diagnostic
}

/// True for a name that can stand in a path.
private func isClusterName(_ text: String) -> Bool {
  text.utf8.count <= 253 && !text.isEmpty
    && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isNamespaceName(String($0)) }
}

/// A text from the input as a summary may show it: whatever could move a cursor or change colours is `?`.
/// Names of Kubernetes objects have none of it.
func printable(_ text: String) -> String {
  text.unicodeScalars.map { 0x20..<0x7F ~= $0.value ? String($0) : "?" }.joined()
}

/// The text of files with reduced objects.
enum RecordingText {
  /// A header comment, then the objects in order, one document each.
  static func write(_ header: String, _ objects: [ReducedObject]) -> [UInt8] {
    var text = Array("# \(header)\n".utf8)
    text.reserveCapacity(text.count + objects.reduce(0) { $0 + $1.content.count + 4 })
    for (index, object) in objects.sorted(by: ReducedObject.precedes).enumerated() {
      if index > 0 { text += "---\n".utf8 }
      text += object.content
    }
    return text
  }

  /// True when a file starts with this text.
  static func starts(_ file: SourceFile, with text: String) -> Bool { file.bytes.starts(with: text.utf8) }
}
