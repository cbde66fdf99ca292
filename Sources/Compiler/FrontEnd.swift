import Diagnostics
import FleetSpec
import JSONSchema
import Kubernetes
import Linker
import Output
import Policies
import Snapshot
import Templates
import YAMLTree

/// From files to facts: everything that is done before names are bound.
struct FrontEnd {
  private(set) var fleet: Fleet?
  private(set) var specification: Specification?
  private(set) var clusters: [String: ClusterModel] = [:]
  private(set) var templates: TemplateSet
  private(set) var recordedOutput: [String: ClusterFacts] = [:]
  private(set) var recordedValues: [String: Node] = [:]
  private(set) var record = OutputRecord()
  private(set) var policies: PolicySet?
  private(set) var customResources = CustomResources()
  private(set) var findings: [Diagnostic] = []
  /// Trees by path, for suppressions and for telling whose finding one is.
  private(set) var trees: [String: Tree] = [:]
  /// What units are remembered by; nil without a memo.
  private(set) var digests: SliceDigests?
  private let memo: (any MemoStore)?
  /// Why the repository cannot be read, where that came to light while reading a file.
  private var damage: SnapshotError?
  private var digester = SliceDigester()

  init(
    _ compiler: Compiler, _ source: some Snapshot, recorded record: any Snapshot, _ options: CompileOptions,
    memo: (any MemoStore)? = nil
  ) throws(SnapshotError) {
    // A file that no digest accounts for belongs to the fleet as a whole.
    self.memo = memo
    let log = FileLog()
    let snapshot = LoggedSnapshot(source, log)
    let recorded = LoggedSnapshot(record, log)
    templates = compiler.resources.templates
    guard let entry = try snapshot.entry(at: Compiler.fleetFile), entry.kind != .directory else {
      findings.append(FleetSpecRules.missingFleet)
      return
    }
    let file = ParsedFile.read(entry, snapshot)
    if let damage = file.damage { throw damage }
    trees[entry.path] = file.tree
    findings += file.findings
    guard file.findings.isEmpty else { return }
    let (fleet, fleetFindings) = compiler.decoder.decodeFleet(file.tree)
    findings += fleetFindings
    guard let fleet, checkVersion(fleet) else { return }
    let places = OutputPlaces(fleet).findings
    findings += places + ConsumerKinds.findings(fleet, compiler.resources.objectSchemas)
    // With sources hidden all else would be about what is missing.
    guard !places.contains(where: { $0.rule.id == OutputRules.outputOverSources.id }) else { return }
    self.fleet = fleet
    let layout = OutputLayout(fleet)
    let decoder = compiler.decoder
    // The sources do not need to know what is on record, nor does either of them keep both cores at work.
    let (sources, onRecord) = concurrently {
      SourceFiles.read(snapshot, unlogged: source, fleet, outputs: layout.roots, decoder, memo)
    } _: {
      Self.record(record, layout, options)
    }
    self.record = try onRecord.get()
    let files = try sources.get()
    let walk = files.walk
    findings += walk.findings + files.strayFindings
    take(files.specification, walk.spec)
    if let specification {
      let places = OutputPlaces(fleet, in: specification).findings
      findings += places
      // Files of several clusters in one place: what followed would be about templates that are right.
      guard !places.contains(where: { $0.rule.id == OutputRules.unitPath.id }) else {
        self.specification = nil
        return
      }
      var reading = TemplateReading(templates, specification)
      for entry in walk.templates { reading.read(entry, snapshot) }
      templates = reading.templates
      findings += reading.findings
      damage = damage ?? reading.damage
    }
    readDefinitions(walk.definitions, compiler.resources, snapshot)
    policies = specification.map { PolicySet($0, compiler.policyTypes, day: options.sourceDay) }
    findings += policies?.findings ?? []
    take(files.declared, files.observed, walk, snapshot, options)
    if options.looksForFormerOutput {
      findings += try FormerOutput(fleet, layout.roots, clusters.keys).findings(in: record)
    }
    readRecordedOutput(layout, recorded)
    if let damage { throw damage }
    guard memo != nil, options.extraWorkloads.isEmpty else { return }
    for entry in log.entries { digester.add(other: entry) }
    if policies?.dependsOnDay == true { digester.add(option: options.sourceDay ?? "no day") }
    digests = digester.finish()
  }

  private static func record(
    _ snapshot: any Snapshot, _ layout: OutputLayout, _ options: CompileOptions
  ) -> Result<OutputRecord, SnapshotError> {
    do throws(SnapshotError) {
      return .success(try OutputRecord(snapshot, layout: layout, formerRoots: options.formerRoots))
    } catch {
      return .failure(error)
    }
  }

  // MARK: The specification

  private mutating func take(_ read: ReadSpecification, _ entries: [SnapshotEntry]) {
    for (entry, file) in zip(entries, read.files) {
      findings += file.findings
      damage = damage ?? file.damage
      trees[file.tree.file.path] = file.tree
      if memo != nil { digester.add(specification: entry, file.tree) }
    }
    findings += read.specification.findings
    specification = read.specification
  }

  private mutating func checkVersion(_ fleet: Fleet) -> Bool {
    guard let wanted = fleet.compilerVersion, !VersionRange(wanted.value).contains(Compiler.version) else {
      return true
    }
    findings.append(
      Diagnostic(
        FleetSpecRules.compilerVersion, "this is Linkwright \(Compiler.version)", at: wanted.node.range,
        "the fleet asks for \(wanted.value)", help: ["install a version that fits, or change compilerVersion"]
      ))
    return false
  }

  private mutating func readDefinitions(
    _ entries: [SnapshotEntry], _ resources: Resources, _ snapshot: some Snapshot
  ) {
    for entry in entries {
      let file = ParsedFile.read(entry, snapshot)
      damage = damage ?? file.damage
      trees[entry.path] = file.tree
      findings += file.findings
      customResources.add(file.tree, resources.objectSchemas.registry)
    }
    findings += customResources.findings
  }

  // MARK: Manifests

  private mutating func take(
    _ declaredFiles: [SourceFiles.ManifestFile], _ observedFiles: [SourceFiles.ManifestFile],
    _ walk: SourceWalk,
    _ snapshot: LoggedSnapshot, _ options: CompileOptions
  ) {
    guard let specification else { return }
    trees.reserveCapacity(trees.count + declaredFiles.count + observedFiles.count)
    let declared = take(declaredFiles, of: walk.declared, "declared")
    let observed = take(observedFiles, of: walk.observed, "observed")
    reportUnknownClusters(walk.declared + walk.observed, specification)
    let sorted = specification.clusters.sorted { $0.key < $1.key }
    var inputs: [[ManifestFacts]] = []
    for (name, _) in sorted {
      var files = declared[name] ?? []
      for extra in options.extraWorkloads[name] ?? [] {
        let parsed = Tree.parse(SourceFile(path: extra.path, bytes: extra.content))
        findings += parsed.findings
        trees[extra.path] = parsed.tree
        files.append(ManifestFacts(parsed.tree, findings: parsed.findings))
      }
      inputs += [files, observed[name] ?? []]
    }
    let recorded = specification.fleet.recorded
    let joined = parallelMap(inputs, piece: 1) { files in
      // A record keeps some fields only.
      ClusterFacts(files) { a, b in
        [a, b].contains { recorded.match($0.node.tree.file.path) != nil }
          && ReducedObject.areAlike(a, b, in: KindTable.recorded)
      }
    }
    for (index, (name, cluster)) in sorted.enumerated() {
      let facts = joined[2 * index]
      findings += facts.findings + joined[2 * index + 1].findings
      clusters[name] = ClusterModel(
        cluster: cluster, declared: facts, observed: joined[2 * index + 1],
        baseline: baseline(of: cluster, snapshot),
        certificateAuthority: file(
          cluster.node.at("spec", "apiServer", "certificateAuthorityFile"), snapshot),
        corefile: file(cluster.node.at("spec", "dns", "corefile"), snapshot))
    }
  }

  private mutating func take(
    _ read: [SourceFiles.ManifestFile], of files: [SourceWalk.File], _ role: String
  ) -> [String: [ManifestFacts]] {
    var byCluster: [String: [ManifestFacts]] = [:]
    for (file, content) in zip(files, read) {
      let (parsed, facts) = (content.parsed, content.facts)
      findings += parsed.findings
      findings += content.strangers
      damage = damage ?? parsed.damage
      trees[file.entry.path] = parsed.tree
      if let stray = StrayDocuments.amongManifests(facts, of: file.cluster, parsed.tree) {
        findings.append(stray)
      }
      byCluster[file.cluster, default: []].append(facts)
      if memo != nil { digester.add(role, cluster: file.cluster, file.entry, facts) }
    }
    return byCluster
  }

  private mutating func reportUnknownClusters(_ files: [SourceWalk.File], _ specification: Specification) {
    var reported: Set<String> = []
    for file in files where specification.clusters[file.cluster] == nil {
      guard !specification.isInvalid("Cluster", file.cluster), reported.insert(file.cluster).inserted else {
        continue
      }
      let names = specification.clusters.keys.sorted()
      findings.append(
        Diagnostic(
          CompilerRules.unknownClusterDirectory,
          "there is no Cluster '\(file.cluster)' for \(file.entry.path)",
          at: Label(
            SourceRange(
              wholeFile: trees[file.entry.path]?.file ?? SourceFile(path: file.entry.path, bytes: []))),
          help: [didYouMean(file.cluster, among: names) ?? "the clusters are \(listed(names))"]))
    }
  }

  /// A file that a Cluster names, whatever its content; nil where none is named or it cannot be read. The link type
  /// that needs it reports what is wrong with it.
  private func file(_ path: Node?, _ snapshot: some Snapshot) -> SourceFile? {
    guard let path = path?.string, let entry = try? snapshot.entry(at: path),
      entry.kind == .file || entry.kind == .executable, let bytes = try? snapshot.content(of: entry)
    else { return nil }
    return SourceFile(path: path, bytes: bytes)
  }

  /// The platform's policies; nil where nobody listed any.
  private mutating func baseline(of cluster: Cluster, _ snapshot: some Snapshot) -> [NetworkPolicy]? {
    guard let paths = cluster.baseline else { return nil }
    var policies: [NetworkPolicy] = []
    for path in paths {
      let entry = try? snapshot.entry(at: path.value)
      var found: [NetworkPolicy] = []
      var isReported = false
      if let entry, entry.kind == .file || entry.kind == .executable {
        let parsed = ParsedFile.read(entry, snapshot)
        damage = damage ?? parsed.damage
        findings += parsed.findings
        isReported = !parsed.findings.isEmpty
        trees[entry.path] = parsed.tree
        for manifest in ManifestFacts(parsed.tree).manifests where manifest.kind == "NetworkPolicy" {
          found.append(NetworkPolicy(manifest, namespace: ""))
        }
      }
      if found.isEmpty, !isReported {
        findings.append(
          Diagnostic(
            CompilerRules.baselineFile,
            entry == nil ? "there is no file \(path.value)" : "\(path.value) holds no NetworkPolicy",
            at: path.node.range, "in the baseline of \(cluster.name.value)",
            help: ["paths start at the fleet's root; write 'baseline: []' if the platform isolates nothing"]))
      }
      policies += found
    }
    return policies
  }

  // MARK: What was emitted before

  /// True for the path of a claim or of a list of peers.
  private static func isReadAgain(_ path: String) -> Bool {
    let name = path.utf8.suffix(
      from: path.utf8.lastIndex(of: UInt8(ascii: "/")).map(path.utf8.index(after:)) ?? path.startIndex)
    return name.starts(with: "transportserverclaim-".utf8)
      || name.elementsEqual("secret-cilium-clustermesh.yaml".utf8)
  }

  /// Claims, Helm values and lists of peers on record: renaming a claim is worth a warning, and so is another
  /// cluster id; a peer must not be lost.
  private mutating func readRecordedOutput(_ layout: OutputLayout, _ snapshot: LoggedSnapshot) {
    let memo = memo
    // One look at each path, and no copy of its entry: an output has tens of thousands.
    let named = record.present.keys.filter(Self.isReadAgain).compactMap { record.present[$0] }
      .filter { $0.kind == .file }
    // Also those of output units, which have roots of their own.
    var candidates: [String: [SnapshotEntry]] = [:]
    for entry in named.sorted(by: { utf8Precedes($0.path, $1.path) }) {
      guard let place = layout.place(ofPath: entry.path), place.part == .manifests else { continue }
      candidates[place.cluster, default: []].append(entry)
    }
    for cluster in clusters.keys.sorted() {
      let entries = candidates[cluster] ?? []
      let files = parallelMap(entries, piece: 64) { entry in
        let parsed = ParsedFile.read(entry, snapshot.base, memo)
        return (parsed.damage, ManifestFacts(parsed.tree))
      }
      for (entry, (fault, facts)) in zip(entries, files) {
        damage = damage ?? fault
        if memo != nil { digester.add("recorded", cluster: cluster, entry, facts) }
      }
      recordedOutput[cluster] = ClusterFacts(files.map(\.1))
      let values = "\(layout.fragmentRoot(cluster: cluster))/cilium-values.yaml"
      if let entry = record.present[values], entry.kind == .file {
        let parsed = ParsedFile.read(entry, snapshot)
        damage = damage ?? parsed.damage
        recordedValues[cluster] = parsed.tree.root
      }
    }
    // A member whose Cluster was renamed left its values under the old name.
    let prefix = "\(fleet?.outputPath ?? "")/"
    for path in record.present.keys where path.hasSuffix("/cilium-values.yaml") && path.hasPrefix(prefix) {
      guard let entry = record.present[path], entry.kind == .file else { continue }
      let cluster = String(entry.path.dropFirst(prefix.utf8.count).prefix { $0 != "/" })
      guard clusters[cluster] == nil,
        entry.path == "\(layout.fragmentRoot(cluster: cluster))/cilium-values.yaml"
      else { continue }
      let parsed = ParsedFile.read(entry, snapshot)
      damage = damage ?? parsed.damage
      recordedValues[cluster] = parsed.tree.root
    }
  }
}

extension FleetSpecRules {
  /// There is no Fleet at the root.
  static var missingFleet: Diagnostic {
    Diagnostic(
      noFleet, "there is no \(Compiler.fleetFile) here", at: nil,
      help: ["go to the fleet's directory, or write one with 'linkwright init'"])
  }
}
