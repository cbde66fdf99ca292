import Diagnostics
package import FleetSpec
import Output
package import Snapshot

/// What is kept of a compile without errors: enough to tell what a small change of its source comes to.
///
/// It is kept under the output that the compile gave: whoever finds that output on record can go on from there.
package struct RememberedCompile: Sendable {
  /// Names the source that was compiled; whoever keeps it says how.
  package private(set) var source: String
  /// The findings, in the order of reports.
  var findings: [[UInt8]]
  /// The contents of the files that findings point into.
  var files: [String: BlobID]
  /// What lies in each root of the output.
  var roots: [String: RootSize]
  /// The number of files of the output; 0 where nobody asked for them.
  var fileCount: Int
  var connections: Int
  var objects: Int

  /// The objects of a root that consumers sync.
  struct RootSize: Equatable {
    var objects = 0
    var bytes = 0
  }

  // MARK: Making one

  /// Nil for a compile from which nobody can go on: with errors, with exceptions that end some day, or with findings
  /// about the output on record, which is another one by then.
  ///
  /// - Parameter countsFiles: false where the files of the output would be made for this only.
  init?(_ compilation: Compilation, source: String, countsFiles: Bool = true) {
    guard !compilation.failed, compilation.heldBack.isEmpty, !compilation.dependsOnDay,
      !compilation.findings.containErrors, let fleet = compilation.fleet, compilation.record.broken.isEmpty
    else { return nil }
    self.source = source
    findings = []
    files = [:]
    roots = Self.sizes(compilation.output)
    fileCount = countsFiles ? compilation.output.files.count : 0
    connections = compilation.connections
    objects = compilation.objects
    let outputs = OutputLayout(fleet).roots.map { $0 + "/" }
    var known: [String: SourceFile] = [:]
    for finding in compilation.findings {
      // It is about files beside the output by whose name this is kept.
      if finding.rule.id == OutputRules.formerOutput.id { return nil }
      let (bytes, files) = FindingWriter.bytes(of: finding)
      findings.append(bytes)
      for file in files {
        if outputs.contains(where: { file.path.hasPrefix($0) }) { return nil }
        guard !file.bytes.isEmpty, known[file.path] !== file else { continue }
        let blob = BlobID(of: file.bytes)
        // Two files of one path: a template of the fleet's, and the one that it replaces.
        guard self.files.updateValue(blob, forKey: file.path) ?? blob == blob else { return nil }
        known[file.path] = file
      }
    }
  }

  static func sizes(_ output: OutputTree) -> [String: RootSize] {
    var sizes: [String: RootSize] = [:]
    for root in output.roots {
      sizes[root.root, default: RootSize()].objects += root.objects
      sizes[root.root, default: RootSize()].bytes += root.bytes
    }
    return sizes
  }

  init(
    source: String, findings: [[UInt8]], files: [String: BlobID], roots: [String: RootSize], fileCount: Int,
    connections: Int, objects: Int
  ) {
    self.connections = connections
    self.objects = objects
    self.source = source
    self.findings = findings
    self.files = files
    self.roots = roots
    self.fileCount = fileCount
  }

  /// The same about another source.
  func renamed(_ source: String) -> RememberedCompile {
    var copy = self
    copy.source = source
    return copy
  }

  // MARK: Keeping it

  /// Names an output and what it was asked for; nil where the snapshot cannot name it.
  package static func key(
    of output: any Snapshot, fleet: Fleet, options: CompileOptions
  ) throws(SnapshotError) -> MemoKey? {
    guard options.clusters.isEmpty, options.extraWorkloads.isEmpty, !options.isParanoid else { return nil }
    var writer = MemoWriter()
    writer.append("strict \(options.isStrict) prune \(options.prunesPending) \(fleet.name.value)")
    for root in OutputLayout(fleet).roots {
      guard let id = try output.directoryID(root) else { return nil }
      writer.append(root)
      writer.append(id)
    }
    return MemoKey(.compile, BlobID(of: writer.bytes))
  }

  /// What was kept under a key.
  package init?(_ key: MemoKey, in store: any MemoStore) {
    guard let known = store.read(key, { Self.read(MemoReader($0)) }) else { return nil }
    self = known
  }

  private static func read(_ bytes: MemoReader) -> RememberedCompile? {
    var reader = bytes
    let source = reader.text()
    let (fileCount, connections, objects) = (reader.number(), reader.number(), reader.number())
    var findings: [[UInt8]] = []
    for _ in 0..<reader.count() where reader.isValid { findings.append(reader.content()) }
    var files: [String: BlobID] = [:]
    for _ in 0..<reader.count() where reader.isValid {
      let path = reader.text()
      files[path] = reader.id()
    }
    var roots: [String: RootSize] = [:]
    for _ in 0..<reader.count() where reader.isValid {
      let root = reader.text()
      let objects = reader.number()
      roots[root] = RootSize(objects: objects, bytes: reader.number() << 24 | reader.number())
    }
    guard reader.isAtEnd else { return nil }
    return RememberedCompile(
      source: source, findings: findings, files: files, roots: roots, fileCount: fileCount,
      connections: connections, objects: objects)
  }

  package func keep(under key: MemoKey, in store: any MemoStore) {
    var writer = MemoWriter()
    writer.append(source)
    writer.append(fileCount)
    writer.append(connections)
    writer.append(objects)
    writer.append(findings.count)
    for finding in findings { writer.append(finding) }
    writer.append(files.count)
    for (path, blob) in files.sorted(by: { utf8Precedes($0.key, $1.key) }) {
      writer.append(path)
      writer.append(blob)
    }
    writer.append(roots.count)
    for (root, size) in roots.sorted(by: { utf8Precedes($0.key, $1.key) }) {
      writer.append(root)
      writer.append(size.objects)
      writer.append(size.bytes >> 24)
      writer.append(size.bytes & 0xFF_FFFF)
    }
    store.keep(writer.bytes, under: key)
  }
}

extension Compilation {
  /// Keeps what a later compile of a changed source can go on from, under the output that this one gave.
  ///
  /// - Parameters:
  ///   - snapshot: the source, whose directories have ids.
  ///   - name: what the source is asked for by.
  ///   - output: the output as it was written.
  package func remember(
    _ snapshot: any Snapshot, named name: String, output: any Snapshot, options: CompileOptions,
    in store: any MemoStore
  ) throws(SnapshotError) {
    guard let fleet, let workings, let remembered = RememberedCompile(self, source: name),
      let key = try RememberedCompile.key(of: output, fleet: fleet, options: options),
      let fleetID = try snapshot.entry(at: Compiler.fleetFile)?.blob
    else { return }
    try SourceIndex(fleet, id: fleetID, store: store).remember(snapshot, trees: workings.trees)
    remembered.keep(under: key, in: store)
  }
}
