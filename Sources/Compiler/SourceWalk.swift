import Diagnostics
import FleetSpec
import Snapshot
import YAMLTree

/// Files of the snapshot that the fleet's patterns select, sorted by path.
struct SourceWalk {
  /// A file with the cluster that its path names.
  struct File: Sendable {
    let entry: SnapshotEntry
    let cluster: String
  }

  private(set) var spec: [SnapshotEntry] = []
  private(set) var declared: [File] = []
  private(set) var observed: [File] = []
  private(set) var templates: [SnapshotEntry] = []
  /// CustomResourceDefinitions that emitted objects are judged by.
  private(set) var definitions: [SnapshotEntry] = []
  /// YAML beside what the patterns select, in the directories that they reach, and the directories that they do not.
  private(set) var unselected: [SnapshotEntry] = []
  private(set) var unreached: [String] = []
  private(set) var findings: [Diagnostic] = []

  private let fleet: Fleet
  private let outputs: [String]

  /// Walks only directories that a pattern can reach.
  init(_ snapshot: some Snapshot, fleet: Fleet, outputs: [String]) throws(SnapshotError) {
    self.fleet = fleet
    self.outputs = outputs
    try walk("", snapshot)
    templates = try files(below: "templates", snapshot)
    definitions = try files(below: "schemas/crds", snapshot)
  }

  private mutating func walk(_ directory: String, _ snapshot: some Snapshot) throws(SnapshotError) {
    for entry in try snapshot.entries(of: directory) {
      if entry.kind == .directory {
        let sources = [fleet.spec, fleet.workloads, fleet.recorded, fleet.observed]
        guard !outputs.contains(entry.path) else { continue }
        if sources.contains(where: { $0.mayMatch(below: entry.path) }) {
          try walk(entry.path, snapshot)
        } else {
          unreached.append(entry.path)
        }
      } else {
        take(entry)
      }
    }
  }

  /// The YAML files of a directory, if there is one.
  private mutating func files(
    below directory: String, _ snapshot: some Snapshot
  ) throws(SnapshotError) -> [SnapshotEntry] {
    guard try snapshot.entry(at: directory)?.kind == .directory else { return [] }
    var files: [SnapshotEntry] = []
    for entry in try snapshot.entries(of: directory) {
      switch entry.kind {
      case .directory: files += try self.files(below: entry.path, snapshot)
      case .file, .executable: if entry.path.hasSuffix(".yaml") { files.append(entry) }
      default: reportLink(entry)
      }
    }
    return files
  }

  private mutating func take(_ entry: SnapshotEntry) {
    guard Self.isManifest(entry.path) else { return }
    let isSpec = fleet.spec.match(entry.path) != nil
    let declared = fleet.workloads.match(entry.path) ?? fleet.recorded.match(entry.path)
    let observed = fleet.observed.match(entry.path)
    guard isSpec || declared != nil || observed != nil else {
      unselected.append(entry)
      return
    }
    guard entry.kind == .file || entry.kind == .executable else {
      reportLink(entry)
      return
    }
    if isSpec {
      spec.append(entry)
    } else if let cluster = declared?.cluster {
      self.declared.append(File(entry: entry, cluster: cluster))
    } else if let cluster = observed?.cluster {
      self.observed.append(File(entry: entry, cluster: cluster))
    }
  }

  private static func isManifest(_ path: String) -> Bool {
    path.hasSuffix(".yaml") || path.hasSuffix(".yml") || path.hasSuffix(".json")
  }

  private mutating func reportLink(_ entry: SnapshotEntry) {
    let what = entry.kind == .submodule ? "a submodule" : "a symbolic link"
    findings.append(
      Diagnostic(
        CompilerRules.linkNotFollowed, "\(entry.path) is \(what), which is never followed",
        at: Label(SourceRange(wholeFile: SourceFile(path: entry.path, bytes: []))),
        help: ["put the file itself there, or exclude the path in spec.sources"]))
  }
}

/// One file, read and parsed.
struct ParsedFile: Sendable {
  let tree: Tree
  let findings: [Diagnostic]
  /// Why the repository itself could not be read: nothing can be said about the fleet then.
  var damage: SnapshotError?

  /// Reads and parses; a file that cannot be read gives an empty tree and a finding.
  ///
  /// - Parameter memo: has the trees of files that were read before, where the snapshot names contents.
  static func read(
    _ entry: SnapshotEntry, _ snapshot: some Snapshot, _ memo: (any MemoStore)? = nil
  ) -> ParsedFile {
    let trees = memo.flatMap { TreeMemo(store: $0, entry) }
    if let tree = trees?.tree() { return ParsedFile(tree: tree, findings: []) }
    do {
      let file = SourceFile(path: entry.path, bytes: try snapshot.content(of: entry))
      let parsed = Tree.parse(file)
      if parsed.findings.isEmpty { trees?.keep(parsed.tree) }
      return ParsedFile(tree: parsed.tree, findings: parsed.findings)
    } catch {
      let file = SourceFile(path: entry.path, bytes: [])
      if error.kind == .repository {
        return ParsedFile(tree: Tree.parse(file).tree, findings: [], damage: error)
      }
      if error.kind != .environment {
        return ParsedFile(tree: Tree.parse(file).tree, findings: [GitRules.finding(for: error)])
      }
      if let size = error.excessiveSize {
        let finding = YAMLRules.tooLarge(file, size: size, limit: TreeLimits().bytes)
        return ParsedFile(tree: Tree.parse(file).tree, findings: [finding])
      }
      let finding = Diagnostic(
        CompilerRules.unreadableFile, "\(entry.path) cannot be read: \(error.reason)",
        at: Label(SourceRange(wholeFile: file)), help: ["make it readable, or exclude it in spec.sources"])
      return ParsedFile(tree: Tree.parse(file).tree, findings: [finding])
    }
  }
}
