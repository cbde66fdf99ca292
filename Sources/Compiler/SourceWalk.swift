import Diagnostics
import FleetSpec
import Policies
import Snapshot
import Templates
import YAMLTree

/// Files of the snapshot that the fleet's patterns select, sorted by path.
struct SourceWalk: Sendable {
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
    self.init(fleet, outputs)
    try walk("", snapshot)
    templates = try files(below: "templates", snapshot)
    definitions = try files(below: "schemas/crds", snapshot)
    findings.sort { $0.primary?.range.file.path ?? "" < $1.primary?.range.file.path ?? "" }
  }

  private init(_ fleet: Fleet, _ outputs: [String]) {
    self.fleet = fleet
    self.outputs = outputs
  }

  /// Directories with more entries than this are walked on all cores: a cluster's, with one for each namespace.
  private static let entriesOfOneCore = 64

  private mutating func walk(_ directory: String, _ snapshot: some Snapshot) throws(SnapshotError) {
    let entries = try snapshot.entries(of: directory)
    if Self.isSubmodule(directory, entries, snapshot) {
      let submodule = SnapshotEntry(path: directory, kind: .submodule)
      if try leadsToSources(submodule, snapshot) { reportLink(submodule) }
      return
    }
    guard entries.count > Self.entriesOfOneCore else {
      for entry in entries { try visit(entry, snapshot) }
      return
    }
    let empty = SourceWalk(fleet, outputs)
    let starts = Array(stride(from: 0, to: entries.count, by: Self.entriesOfOneCore))
    let parts = parallelMap(starts, piece: 1) { start -> Result<SourceWalk, SnapshotError> in
      var part = empty
      do throws(SnapshotError) {
        for entry in entries[start...].prefix(Self.entriesOfOneCore) { try part.visit(entry, snapshot) }
        return .success(part)
      } catch {
        return .failure(error)
      }
    }
    for part in parts { add(try part.get()) }
  }

  private mutating func visit(_ entry: SnapshotEntry, _ snapshot: some Snapshot) throws(SnapshotError) {
    switch entry.kind {
    case .directory:
      guard !outputs.contains(entry.path) else { return }
      if sources.contains(where: { $0.mayMatch(below: entry.path) }) {
        try walk(entry.path, snapshot)
      } else {
        unreached.append(entry.path)
      }
    case .symbolicLink, .submodule:
      if try leadsToSources(entry, snapshot) { reportLink(entry) } else { take(entry) }
    case .file, .executable: take(entry)
    }
  }

  /// Takes over what was found in a part of the tree.
  private mutating func add(_ part: SourceWalk) {
    spec += part.spec
    declared += part.declared
    observed += part.observed
    unselected += part.unselected
    unreached += part.unreached
    findings += part.findings
  }

  /// True for a submodule in a working tree, where it is a directory: with a repository's `.git` in it or, not checked
  /// out, with nothing. A commit has only its name.
  private static func isSubmodule(
    _ directory: String, _ entries: [SnapshotEntry], _ snapshot: some Snapshot
  ) -> Bool {
    guard !directory.isEmpty else { return false }
    return entries.isEmpty
      ? snapshot.isAbsentSubmodule(directory)
      : entries.contains { $0.kind == .file && $0.path == directory + "/.git" }
  }

  private var sources: [Fleet.Source] { [fleet.spec, fleet.workloads, fleet.recorded, fleet.observed] }

  /// True for a link to a directory, or a submodule, below which a pattern would select files if it were one.
  private func leadsToSources(_ entry: SnapshotEntry, _ snapshot: some Snapshot) throws(SnapshotError) -> Bool
  {
    guard !outputs.contains(entry.path),
      sources.contains(where: { $0.mayMatch(below: entry.path) && !$0.excludes(directory: entry.path) })
    else { return false }
    guard entry.kind == .symbolicLink else { return true }
    // Where it leads out of the fleet, nobody can tell from here.
    guard let target = try snapshot.target(ofLink: entry), let path = Self.joined(entry.path, target) else {
      return true
    }
    if path.isEmpty { return true }
    switch try snapshot.entry(at: path)?.kind {
    case .directory, .symbolicLink, .submodule: return true
    case .file, .executable: return false
    // It may lie below another link; a link that leads nowhere stands for nothing.
    case nil: return try isBelowLink(path, snapshot)
    }
  }

  private func isBelowLink(_ path: String, _ snapshot: some Snapshot) throws(SnapshotError) -> Bool {
    var above = Substring(path)
    while let slash = above.lastIndex(of: "/") {
      above = above[..<slash]
      if let entry = try snapshot.entry(at: String(above)) { return entry.kind != .directory }
    }
    return false
  }

  /// Where a link leads, from the fleet's root; nil where that is outside.
  private static func joined(_ link: String, _ target: String) -> String? {
    guard !target.hasPrefix("/") else { return nil }
    var parts = link.split(separator: "/").dropLast().map(String.init)
    for component in target.split(separator: "/") where component != "." {
      if component != ".." {
        parts.append(String(component))
      } else if parts.popLast() == nil {
        return nil
      }
    }
    return parts.joined(separator: "/")
  }

  /// The YAML files of a directory, if there is one.
  private mutating func files(
    below directory: String, _ snapshot: some Snapshot
  ) throws(SnapshotError) -> [SnapshotEntry] {
    var above = ""
    for component in directory.split(separator: "/") {
      above += (above.isEmpty ? "" : "/") + component
      guard let entry = try snapshot.entry(at: above) else { return [] }
      if entry.kind == .symbolicLink || entry.kind == .submodule { reportLink(entry) }
      guard entry.kind == .directory else { return [] }
    }
    let entries = try snapshot.entries(of: directory)
    if Self.isSubmodule(directory, entries, snapshot) {
      reportLink(SnapshotEntry(path: directory, kind: .submodule))
      return []
    }
    var files: [SnapshotEntry] = []
    for entry in entries {
      switch entry.kind {
      case .directory: files += try self.files(below: entry.path, snapshot)
      case .file, .executable:
        if entry.path.hasSuffix(".yaml") {
          files.append(entry)
        } else if Self.isManifest(entry.path) {
          reportEnding(entry)
        }
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

  /// A file that looks as if it counted.
  private mutating func reportEnding(_ entry: SnapshotEntry) {
    let isTemplate = entry.path.hasPrefix("templates/")
    findings.append(
      Diagnostic(
        isTemplate ? TemplateRules.unknownTemplate : CustomResourceRules.unusableDefinition,
        "\(entry.path) is not read: files here end in .yaml",
        at: Label(SourceRange(wholeFile: SourceFile(path: entry.path, bytes: [])), "without effect"),
        help: ["rename it to end in .yaml"]))
  }

  private mutating func reportLink(_ entry: SnapshotEntry) {
    guard !findings.contains(where: { $0.primary?.range.file.path == entry.path }) else { return }
    let what = entry.kind == .submodule ? "a submodule" : "a symbolic link"
    findings.append(
      Diagnostic(
        CompilerRules.linkNotFollowed, "\(entry.path) is \(what), which is never followed",
        at: Label(SourceRange(wholeFile: SourceFile(path: entry.path, bytes: []))),
        help: ["put the files themselves there, or exclude the path in spec.sources"]))
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
      if GitRules.isLFSPointer(file.bytes) {
        let nothing = SourceFile(path: entry.path, bytes: [])
        return ParsedFile(tree: Tree.parse(nothing).tree, findings: [GitRules.pointer(file)])
      }
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
