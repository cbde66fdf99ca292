package import Diagnostics
import FleetSpec
import Output
package import Snapshot

/// What a check of a changed source comes to, told from an earlier one: as `IncrementalCompile`, for whoever asks what is
/// wrong and not for the output. Source and record may both have changed.
package struct IncrementalCheck: Sendable {
  /// All findings of the fleet, in the order of reports.
  package let findings: [Diagnostic]
  /// Of the whole fleet.
  package let connections: Int
  package let objects: Int
  package let fileCount: Int
  fileprivate let remembered: RememberedCompile
  fileprivate let fresh: [(path: String, id: BlobID, directory: IndexedDirectory)]
  fileprivate let index: SourceIndex
}

/// A source with the output on record that it is checked with.
package struct CheckedSide: Sendable {
  package let source: any Snapshot
  package let record: any Snapshot

  package init(source: any Snapshot, record: any Snapshot) {
    self.source = source
    self.record = record
  }
}

/// The checks that later ones can go on from, by command and options: the last few sources with what they were
/// checked against.
package struct CheckHistory: Sendable {
  /// A check that was made.
  package struct Check: Sendable, Equatable {
    /// Names the source.
    package let source: BlobID
    /// Names the output on record; the same text, the same record.
    package let record: String

    package init(source: BlobID, record: String) {
      self.source = source
      self.record = record
    }
  }

  /// The newest first.
  package private(set) var checks: [Check] = []
  private let purpose: String

  /// More are not remembered.
  private static let limit = 8

  /// - Parameter purpose: the command, the options and whatever else findings depend on.
  package init(_ purpose: String, in store: any MemoStore) {
    self.purpose = purpose
    checks = store.read(Self.key("history", purpose), { Self.read(MemoReader($0)) }) ?? []
  }

  private static func read(_ bytes: MemoReader) -> [Check]? {
    var reader = bytes
    var checks: [Check] = []
    for _ in 0..<reader.count() where reader.isValid {
      let source = reader.id()
      checks.append(Check(source: source, record: reader.text()))
    }
    return reader.isAtEnd ? checks : nil
  }

  private static func key(_ what: String, _ texts: String...) -> MemoKey {
    var writer = MemoWriter()
    writer.append(what)
    writer.append(texts)
    return MemoKey(.check, BlobID(of: writer.bytes))
  }

  /// Where the report of a check is kept.
  ///
  /// - Parameter day: the day of the source, for exceptions that end.
  package func reportKey(_ check: Check, day: String?) -> MemoKey {
    Self.key("report", purpose, check.source.hexadecimal, check.record, day ?? "no day")
  }

  private func baseKey(_ check: Check) -> MemoKey {
    Self.key("base", purpose, check.source.hexadecimal, check.record)
  }

  /// What can be gone on from.
  package func remembered(_ check: Check, in store: any MemoStore) -> RememberedCompile? {
    RememberedCompile(baseKey(check), in: store)
  }

  /// Makes a check the last one.
  private mutating func add(_ check: Check, in store: any MemoStore) {
    checks = [check] + checks.filter { $0 != check }.prefix(Self.limit - 1)
    var writer = MemoWriter()
    writer.append(checks.count)
    for check in checks {
      writer.append(check.source)
      writer.append(check.record)
    }
    store.keep(writer.bytes, under: Self.key("history", purpose))
  }

  /// Keeps what a check of the whole fleet came to. One from which nobody can go on is not kept.
  ///
  /// - Parameter countsFiles: true where the files of the output are counted from then on.
  package mutating func keep(
    _ check: Check, _ compilation: Compilation, of source: any Snapshot, countsFiles: Bool,
    in store: any MemoStore
  ) {
    guard let fleet = compilation.fleet, let workings = compilation.workings,
      let remembered = RememberedCompile(
        compilation, source: check.source.hexadecimal, countsFiles: countsFiles),
      let fleetID = try? source.entry(at: Compiler.fleetFile)?.blob,
      (try? SourceIndex(fleet, id: fleetID, store: store).remember(source, trees: workings.trees)) != nil
    else { return }
    remembered.keep(under: baseKey(check), in: store)
    add(check, in: store)
  }

  /// Keeps what a check came to that was told from another.
  package mutating func keep(_ check: Check, _ told: IncrementalCheck, in store: any MemoStore) {
    guard checks.first != check else { return }
    for (path, id, directory) in told.fresh { told.index.keep(directory, path, id) }
    told.remembered.keep(under: baseKey(check), in: store)
    add(check, in: store)
  }
}

extension Compiler {
  /// Checks what changed since an earlier check; nil where everything has to be compiled.
  ///
  /// - Parameters:
  ///   - remembered: what the check of `base` came to.
  ///   - name: what the source of `head` is called.
  ///   - comparesOutput: true for whoever asks whether the output on record is what the source gives: it was for `base`,
  ///     and a result says that it is for `head`.
  package func check(
    changeFrom remembered: RememberedCompile, _ base: CheckedSide, _ head: CheckedSide, named name: String,
    options: CompileOptions, comparesOutput: Bool, memo: any MemoStore
  ) throws(SnapshotError) -> IncrementalCheck? {
    guard let root = try head.source.entry(at: Compiler.fleetFile), let fleetID = root.blob,
      try base.source.entry(at: Compiler.fleetFile) == root, let fleet = try fleet(head.source).fleet
    else { return nil }
    let layout = OutputLayout(fleet)
    guard let records = try RecordChange(base.record, head.record, layout: layout) else { return nil }
    let index = SourceIndex(fleet, id: fleetID, store: memo)
    guard let change = try SourceChange(index, base: base.source, head: head.source, store: memo),
      let slice = SourceSlice(
        change, base: base.source, head: head.source, alsoAbout: records.namespaces)
    else { return nil }
    // Inventories that lie where no output goes any more are looked for beside the sources.
    if options.looksForFormerOutput, change.others.contains(where: { $0.contains("/inventory/") }) {
      return nil
    }
    var joining = IncrementalJoining(
      remembered, fleet: fleet, changed: slice.changed, connections: slice.connections)
    if !change.changes.isEmpty || !records.isEmpty {
      func part(_ record: any Snapshot) -> any Snapshot {
        RecordSlice(record, layout: layout, namespaces: slice.namespaces)
      }
      let parts = [(slice.base, part(base.record)), (slice.head, part(head.record))]
      let sides = parallelMap(parts, piece: 1) { source, record -> Compilation? in
        try? self.compile(source, recorded: record, options: options, memo: memo)
      }
      guard let before = sides[0], let after = sides[1], joining.join(before, after) else { return nil }
      if comparesOutput {
        let isSame = try records.isOutput(before.output, after.output)
        guard isSame else { return nil }
        joining.count(before.output, after.output)
      }
    }
    let templates = templateTexts
    let files = joining.result.files
    guard
      let findings = joining.findings({ path in
        guard let id = files[path] else { return nil }
        return head.source.file(path, id) ?? templates.file(path, id)
      })
    else { return nil }
    return IncrementalCheck(
      findings: findings, connections: joining.result.connections, objects: joining.result.objects,
      fileCount: joining.result.fileCount, remembered: joining.result.renamed(name), fresh: change.new,
      index: index)
  }
}
