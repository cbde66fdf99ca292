import Diagnostics
import FleetSpec
import Linker
import Output
import Reachability
import Snapshot

/// Puts the difference of a part's two compiles upon what is remembered of the whole.
struct IncrementalJoining {
  private(set) var result: RememberedCompile
  /// What changes in the output.
  private(set) var items: [OutputChange.Item] = []
  private let fleet: Fleet
  /// Source files that differ.
  private let changed: Set<String>
  /// Files of connections that the part holds whole.
  private let connections: Set<String>

  init(_ remembered: RememberedCompile, fleet: Fleet, changed: Set<String>, connections: Set<String>) {
    result = remembered
    self.fleet = fleet
    self.changed = changed
    self.connections = connections
  }

  /// Joins; false where the whole may come to something else than its parts.
  mutating func join(
    _ before: Compilation, _ after: Compilation, recorded: any Snapshot
  ) throws(SnapshotError) -> Bool {
    guard join(before, after) else { return false }
    return try joinOutput(before.output, after.output, recorded)
  }

  /// Joins all but the output.
  mutating func join(_ before: Compilation, _ after: Compilation) -> Bool {
    for side in [before, after] {
      guard !side.failed, side.heldBack.isEmpty, !side.findings.containErrors, !side.dependsOnDay else {
        return false
      }
    }
    // A namespace that becomes known, or one that is named anew, may be what another connection's is held against.
    guard before.clientNamespaces == after.clientNamespaces else { return false }
    result.connections += after.connections - before.connections
    result.objects += after.objects - before.objects
    return joinSizes(before.output, after.output) && joinFindings(before.findings, after.findings)
  }

  /// Counts files, of an output that is on record.
  mutating func count(_ before: OutputTree, _ after: OutputTree) {
    result.fileCount += after.files.count - before.files.count
  }

  // MARK: Output

  private mutating func joinOutput(
    _ before: OutputTree, _ after: OutputTree, _ recorded: any Snapshot
  ) throws(SnapshotError) -> Bool {
    var old: [String: OutputFile] = [:]
    old.reserveCapacity(before.files.count)
    for file in before.files { old[file.path] = file }
    var present: [String: SnapshotEntry] = [:]
    let directories = Set((before.files + after.files).map { Self.directory(of: $0.path) })
    for directory in directories {
      for entry in try recorded.entries(of: directory) { present[entry.path] = entry }
    }
    func isOnRecord(_ file: OutputFile) -> Bool {
      guard let entry = present[file.path] else { return false }
      return entry.kind == .file && entry.blob == file.blob
    }
    for file in after.files {
      guard let previous = old.removeValue(forKey: file.path) else {
        // Somebody else's file would be in the way.
        guard present[file.path] == nil else { return false }
        items.append(.init(file, .added))
        result.fileCount += 1
        continue
      }
      let isSame = previous.blob == file.blob
      // Files that namespaces share are larger in the whole: they may stay as they are, and that is all.
      guard isOnRecord(previous) || previous.unit == nil && isSame else { return false }
      if !isSame {
        items.append(.init(file, .changed))
      }
    }
    for (path, file) in old {
      guard isOnRecord(file) else { return false }
      items.append(.init(path: path, kind: .removed))
      result.fileCount -= 1
    }
    return true
  }

  private static func directory(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }

  /// Consumers' limits are about whole roots.
  private mutating func joinSizes(_ before: OutputTree, _ after: OutputTree) -> Bool {
    let (old, new) = (RememberedCompile.sizes(before), RememberedCompile.sizes(after))
    for root in Set(old.keys).union(new.keys) {
      let before = result.roots[root] ?? .init()
      var size = before
      size.objects += (new[root]?.objects ?? 0) - (old[root]?.objects ?? 0)
      size.bytes += (new[root]?.bytes ?? 0) - (old[root]?.bytes ?? 0)
      let limits = OutputLimits(fleet)
      guard
        limits.warnings(objects: before.objects, bytes: before.bytes)
          == limits.warnings(objects: size.objects, bytes: size.bytes)
      else { return false }
      result.roots[root] = size
    }
    return true
  }

  // MARK: Findings

  /// What the parts do not both say must be about the part's connections alone, or be the same at another place in a
  /// file that changed.
  private mutating func joinFindings(_ before: [Diagnostic], _ after: [Diagnostic]) -> Bool {
    let old = before.map { FindingWriter.bytes(of: $0) }
    let new = after.map { FindingWriter.bytes(of: $0) }
    let (oldSet, newSet) = (Set(old.map(\.bytes)), Set(new.map(\.bytes)))
    let whole = Set(result.findings)
    var added: Set<[UInt8]> = []
    var twins: [[UInt8]: [[UInt8]]] = [:]
    for (index, finding) in after.enumerated() where !oldSet.contains(new[index].bytes) {
      if isLocal(finding) {
        added.insert(new[index].bytes)
      } else {
        let shape = FindingWriter.bytes(of: finding, moving: changed).bytes
        twins[shape, default: []].append(new[index].bytes)
      }
    }
    var removed: Set<[UInt8]> = []
    for (index, finding) in before.enumerated() where !newSet.contains(old[index].bytes) {
      guard whole.contains(old[index].bytes) else { return false }
      removed.insert(old[index].bytes)
      if isLocal(finding) { continue }
      let shape = FindingWriter.bytes(of: finding, moving: changed).bytes
      guard let twin = twins[shape]?.popLast() else { return false }
      added.insert(twin)
    }
    guard twins.values.allSatisfy(\.isEmpty), added.isDisjoint(with: whole) else { return false }
    for bytes in result.findings where !oldSet.contains(bytes) {
      // Said of the whole only, and about a place that is not what it was.
      if FindingReader.paths(bytes).contains(where: { changed.contains($0) }) { return false }
    }
    result.findings = result.findings.filter { !removed.contains($0) } + added.sorted(by: Self.precedes)
    for file in new.flatMap(\.files)
    where !file.bytes.isEmpty && (changed.contains(file.path) || result.files[file.path] == nil) {
      result.files[file.path] = BlobID(of: file.bytes)
    }
    return true
  }

  private static func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool { a.lexicographicallyPrecedes(b) }

  /// True for findings at a connection, which depend on its namespaces alone. What several connections
  /// hang on or wait for is said once.
  private func isLocal(_ finding: Diagnostic) -> Bool {
    guard let path = finding.primary?.range.file.path, connections.contains(path) else { return false }
    return ![JudgementRules.depends.id, JudgementRules.waits.id].contains(finding.rule.id)
  }

  /// The findings of the whole; nil when a file that they point into is not what it was.
  mutating func findings(_ file: (String) -> SourceFile?) -> [Diagnostic]? {
    var read: [String: SourceFile] = [:]
    var named: Set<String> = []
    var findings: [Diagnostic] = []
    for bytes in result.findings {
      let finding = FindingReader.finding(bytes) { path in
        named.insert(path)
        if let known = read[path] { return known }
        guard let found = file(path), BlobID(of: found.bytes) == result.files[path] else { return nil }
        read[path] = found
        return found
      }
      guard let finding else { return nil }
      findings.append(finding)
    }
    let ordered = findings.inReportOrder()
    guard ordered.count == findings.count else { return nil }
    result.findings = ordered.map { FindingWriter.bytes(of: $0).bytes }
    result.files = result.files.filter { named.contains($0.key) }
    return ordered
  }
}

extension Compilation {
  /// Which namespaces of clients nothing else knows; nil where the compile did not get so far.
  fileprivate var clientNamespaces: ClientNamespaces? {
    workings.map { ClientNamespaces($0.plan.connections, in: $0.model) }
  }
}
