package import Diagnostics
import FleetSpec
package import Output
package import Snapshot
import Templates
import YAMLTree

/// What a small change of the source comes to, told from an earlier compile: the part that the change can concern is
/// compiled before and after, and the difference is put upon what was there.
///
/// It is given only where it is certain to be what a full compile gives. The part as it was must come to what is on
/// record, byte for byte; both parts must be without errors; what they say may differ about their connections only; and
/// whatever hangs together over the whole fleet (totals, limits of consumers, what is shared by namespaces) must not
/// change. Anything else is nil, and the caller compiles everything.
package struct IncrementalCompile: Sendable {
  /// All findings of the fleet, in the order of reports.
  package let findings: [Diagnostic]
  /// What turns the output on record into the new one.
  package let change: OutputChange
  /// Connections that were compiled.
  package let connections: Int
  /// What to go on from next time.
  fileprivate let remembered: RememberedCompile
  fileprivate let fleet: Fleet
  fileprivate let fresh: [(path: String, id: BlobID, directory: IndexedDirectory)]
  fileprivate let index: SourceIndex

  /// Keeps what the next compile can go on from, under the output as it was written.
  package func remember(
    output: any Snapshot, options: CompileOptions, in store: any MemoStore
  ) throws(SnapshotError) {
    guard let key = try RememberedCompile.key(of: output, fleet: fleet, options: options) else { return }
    for (path, id, directory) in fresh { index.keep(directory, path, id) }
    remembered.keep(under: key, in: store)
  }
}

extension Compiler {
  /// Compiles what changed since an earlier compile; nil where everything has to be compiled.
  ///
  /// - Parameters:
  ///   - remembered: the earlier compile, found under the output that is on record.
  ///   - base: its source.
  ///   - head: the source now, called `name`.
  ///   - recorded: the output on record.
  package func compile(
    changeFrom remembered: RememberedCompile, base: any Snapshot, head: any Snapshot, named name: String,
    recorded: any Snapshot, options: CompileOptions, memo: any MemoStore
  ) throws(SnapshotError) -> IncrementalCompile? {
    guard let root = try head.entry(at: Compiler.fleetFile), let fleetID = root.blob,
      try base.entry(at: Compiler.fleetFile) == root, let fleet = try fleet(head).fleet
    else { return nil }
    let index = SourceIndex(fleet, id: fleetID, store: memo)
    guard let change = try SourceChange(index, base: base, head: head, store: memo),
      let slice = SourceSlice(change, base: base, head: head)
    else { return nil }
    var joining = IncrementalJoining(
      remembered, fleet: fleet, changed: slice.changed, connections: slice.connections)
    var connections = 0
    if !change.changes.isEmpty {
      let part = RecordSlice(recorded, layout: OutputLayout(fleet), namespaces: slice.namespaces)
      let sides = parallelMap([slice.base, slice.head], piece: 1) { side -> Compilation? in
        try? self.compile(side, recorded: part, options: options, memo: memo)
      }
      guard let before = sides[0], let after = sides[1],
        try joining.join(before, after, recorded: recorded)
      else { return nil }
      connections = after.connections
    }
    let templates = resources.templates
    guard
      let findings = joining.findings({ path in
        if let entry = try? head.entry(at: path), let content = try? head.content(of: entry) {
          return SourceFile(path: path, bytes: content)
        }
        return templates.template(inFile: path)?.tree.file
      })
    else { return nil }
    let items = joining.items
    return IncrementalCompile(
      findings: findings,
      change: OutputChange(
        items: items,
        unchanged: joining.result.fileCount - items.count { $0.kind != .removed }),
      connections: connections, remembered: joining.result.renamed(name), fleet: fleet, fresh: change.new,
      index: index)
  }
}
