package import Compiler
package import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Output
package import Snapshot
import YAMLTree

/// `linkwright adopt`: a specification for manifests that exist, and the proof of what it gives.
///
/// Pure: manifests and the fleet's files in, files to be written and a report out. Nothing that exists is ever changed.
package struct Adoption: Sendable {
  /// Files to be written, none of which exists.
  package private(set) var files: [AdoptedFile] = []
  package private(set) var findings: [Diagnostic] = []
  package private(set) var report = AdoptionReport()

  /// True when the input cannot be read as the state of clusters: nothing is to be written.
  package var isRefused: Bool {
    findings.contains { AdoptionRules.all.map(\.id).contains($0.rule.id) && $0.severity == .error }
      || refusesInput
  }
  private var refusesInput = false

  /// - Parameter snapshot: the directory that is or becomes the fleet's root.
  /// Throws only when the snapshot cannot be read.
  package init(
    _ request: AdoptionRequest, in snapshot: any Snapshot, compiler: Compiler
  ) throws(SnapshotError) {
    let input = AdoptionInput(request)
    findings = input.findings
    guard !input.findings.containErrors else {
      refusesInput = true
      findings = findings.inReportOrder()
      return
    }
    let inference = input.infer()
    findings += inference.findings
    guard !inference.connections.isEmpty || !inference.links.isEmpty || !inference.left.isEmpty else {
      findings.append(
        Diagnostic(
          AdoptionRules.nothingFound,
          "the manifests of \(listed(input.clusters.map(\.name))) hold nothing that connects clusters",
          at: input.clusters.first?.files.first.map { Label(SourceRange(wholeFile: $0)) },
          help: [
            "give the manifests of every cluster: --cluster NAME=PATH, with Services, policies and workloads"
          ]))
      return
    }
    let run = try AdoptionRun(input, inference, snapshot, compiler)
    files = run.files
    findings = (findings + run.findings).inReportOrder()
    report = run.report
  }
}

/// One run after the input was read: documents, a compile in memory, the comparison.
private struct AdoptionRun {
  private(set) var files: [AdoptedFile] = []
  private(set) var findings: [Diagnostic] = []
  private(set) var report = AdoptionReport()

  private let input: AdoptionInput
  private let inference: Inference
  /// Clusters whose files the fleet reads where they are.
  private var inPlace: Set<String> = []
  /// Files without what is taken over, by cluster.
  private var reduced: [String: [SourceFile]] = [:]
  /// Records and observations that are there and would come out otherwise.
  private var stale: [(word: String, cluster: String, path: String)] = []

  init(
    _ input: AdoptionInput, _ inference: Inference, _ snapshot: any Snapshot, _ compiler: Compiler
  ) throws(SnapshotError) {
    self.input = input
    self.inference = inference
    let hasFleet = try snapshot.entry(at: Compiler.fleetFile) != nil
    let existing = ExistingFleet(hasFleet ? try compiler.compile(snapshot) : nil)
    let patterns = workloadPatterns(existing.fleet)
    let taken = try TakenPaths(snapshot)
    let writing = DocumentWriting(input, inference, fleet: existing, workloads: patterns) {
      taken.contains($0)
    }
    files = writing.files
    reduceFiles()
    var overlay = Dictionary(files.map { ($0.path, $0.content) }) { first, _ in first }
    var fleet = existing.fleet
    if fleet == nil { fleet = try compiler.fleet(MemorySnapshot(overlay)).fleet }
    if let fleet { try record(fleet, snapshot, &overlay) }
    for cluster in input.clusters where inPlace.contains(cluster.name) {
      for file in reduced[cluster.name] ?? [] { overlay[file.path] = file.bytes }
    }
    let compilation = try compiler.compile(OverlaySnapshot(snapshot, overlay))
    // Warnings about the new specification are validate's business; here they would hide what adopt met.
    findings += compilation.findings.filter { $0.severity == .error }
    report = AdoptionReport(
      input, inference, compilation, writing,
      suggestions: stale.map { word, cluster, path in
        "\(path) exists and says something else than these manifests; 'linkwright \(word == "Record" ? "record" : "observe") --cluster \(cluster)' renews it"
      })
  }

  /// Patterns for manifests that lie in the fleet's directory; which clusters are read where they are is settled here.
  private mutating func workloadPatterns(_ fleet: Fleet?) -> [String] {
    var patterns: [String] = []
    for cluster in input.clusters
    where !cluster.isDump && input.request.defaultNamespace == nil && cluster.namespaces.isEmpty {
      if let fleet {
        if cluster.files.allSatisfy({ fleet.workloads.match($0.path)?.cluster == cluster.name }) {
          inPlace.insert(cluster.name)
        }
        continue
      }
      guard let pattern = Self.pattern(cluster) else { continue }
      inPlace.insert(cluster.name)
      if !patterns.contains(pattern) { patterns.append(pattern) }
    }
    guard patterns != ["workloads/{cluster}/**"] else { return [] }
    // At the root the pattern would take every directory for a cluster's.
    let isWide = patterns.contains { $0.hasPrefix("{cluster}") }
    return patterns
      + (isWide
        ? ["clusters", "links", "connections", "policies", "recorded", "observed", "templates", "rendered"]
          .map {
            "!\($0)/**"
          } : [])
  }

  /// `gitops/{cluster}/**` for `gitops/gold`; nil where the path does not name the cluster as a pattern can.
  private static func pattern(_ cluster: AdoptedCluster) -> String? {
    guard let path = cluster.path, !path.isEmpty else { return nil }
    var parts = path.split(separator: "/").map(String.init)
    guard let index = parts.lastIndex(where: { $0 == cluster.name || $0.hasPrefix(cluster.name + ".") })
    else {
      return nil
    }
    parts[index] = "{cluster}" + parts[index].dropFirst(cluster.name.count)
    let isFile = cluster.files.count == 1 && cluster.files[0].path == path
    return parts.joined(separator: "/") + (isFile ? "" : "/**")
  }

  /// What remains of every cluster's files when the objects are gone that Linkwright or a controller makes.
  private mutating func reduceFiles() {
    let takenOver = Dictionary(grouping: inference.takenOver, by: \.cluster)
    for cluster in input.clusters {
      var hidden = (takenOver[cluster.name] ?? []).flatMap { cluster.manifests(of: $0.identity) }
      for made in [inference.controllerMade[cluster.name], inference.imported[cluster.name]] {
        hidden += (made ?? []).flatMap(cluster.manifests)
      }
      hidden += cluster.hooks
      // Of what stands in several places the first counts, as the findings say.
      hidden += cluster.copies.values.joined()
      // A claim that stays with its owner has its findings already; what the rest gives shall be seen all the same.
      hidden += inference.left.filter {
        $0.isGap && $0.cluster == cluster.name && $0.manifest.kind == "TransportServerClaim"
      }
      .map(\.manifest)
      // Values of a release may stand beside objects, and are nothing to be recorded.
      let nodes = hidden.map(\.node) + (inPlace.contains(cluster.name) ? [] : cluster.values)
      reduced[cluster.name] = zip(
        cluster.files, HiddenObjects.files(cluster.files, without: nodes)
      ).map { file, reduced in reduced ?? file }
    }
  }

  /// Manifests from elsewhere become records, and what a cluster answered becomes observations.
  private mutating func record(
    _ fleet: Fleet, _ snapshot: any Snapshot, _ overlay: inout [String: [UInt8]]
  ) throws(SnapshotError) {
    for cluster in input.clusters where !inPlace.contains(cluster.name) {
      let manifests = (reduced[cluster.name] ?? []).filter { Self.holdsObjects($0) }
      if let place = try? RecordingPlace(.recorded, of: cluster.name, in: fleet), !manifests.isEmpty {
        var options = Record.Options()
        options.defaultNamespace = input.request.defaultNamespace
        options.namespacesByFile = cluster.namespaces
        add(
          Record.reduce(manifests, from: .handover, at: place, existing: [], options: options), cluster.name,
          "Record", try place.existing(in: snapshot), &overlay)
      }
      guard cluster.isDump, let place = try? RecordingPlace(.observed, of: cluster.name, in: fleet) else {
        continue
      }
      let answers = observed(cluster).filter { Self.holdsObjects($0) }
      guard !answers.isEmpty else { continue }
      add(
        Observation.reduce(answers, at: place, existing: []), cluster.name, "Observation",
        try place.existing(in: snapshot), &overlay)
    }
    for cluster in input.clusters where !cluster.isDump {
      guard let answers = inference.answers[cluster.name],
        let place = try? RecordingPlace(.observed, of: cluster.name, in: fleet)
      else { continue }
      let others = cluster.objects.filter { !answers.contains($0.identity) } + cluster.hooks
      let files = HiddenObjects.files(cluster.files, without: others.map(\.node) + cluster.values).compactMap
      { $0 }
      add(
        Observation.reduce(files.filter { Self.holdsObjects($0) }, at: place, existing: []), cluster.name,
        "Observation", try place.existing(in: snapshot), &overlay)
    }
  }

  /// The cluster's files with nothing but what controllers answered.
  private func observed(_ cluster: AdoptedCluster) -> [SourceFile] {
    let made = inference.controllerMade[cluster.name] ?? []
    let others =
      cluster.objects.filter { manifest in
        if inference.imported[cluster.name]?.contains(manifest.identity) == true { return true }
        if manifest.kind == "TransportServerClaim" { return manifest.node["status"] == nil }
        if manifest.kind == "Service", (manifest.node.at("status", "loadBalancer", "ingress")?.count ?? 0) > 0
        {
          return false
        }
        return !made.contains(manifest.identity)
          && inference.facts[cluster.name]?.contains(manifest.identity) != true
      } + cluster.hooks
    return HiddenObjects.files(cluster.files, without: others.map(\.node) + cluster.values).compactMap { $0 }
  }

  private static func holdsObjects(_ file: SourceFile) -> Bool {
    var holds = false
    for document in Tree.parse(file).tree.documents { Manifest.all(in: document) { _ in holds = true } }
    return holds
  }

  private mutating func add(
    _ recording: Recording, _ cluster: String, _ word: String, _ existing: [SourceFile],
    _ overlay: inout [String: [UInt8]]
  ) {
    let known = Dictionary(existing.map { ($0.path, $0.bytes) }) { first, _ in first }
    // That a dump holds no object to be observed is no fault of it.
    guard !recording.findings.containErrors else {
      if word == "Record" { findings += recording.findings }
      return
    }
    for file in recording.files {
      guard let content = file.content, overlay[file.path] == nil else { continue }
      if let before = known[file.path] {
        // The first line says who wrote it, and from what.
        func body(_ bytes: [UInt8]) -> ArraySlice<UInt8> { bytes.drop { $0 != UInt8(ascii: "\n") } }
        if body(before) != body(content) { stale.append((word, cluster, file.path)) }
        continue
      }
      overlay[file.path] = content
      files.append(AdoptedFile(path: file.path, content: content, subject: "\(word) of \(cluster)"))
    }
  }
}

/// Paths at which files of the specification exist.
private struct TakenPaths {
  private var paths: Set<String> = []

  init(_ snapshot: any Snapshot) throws(SnapshotError) {
    var pending = ["clusters", "links", "connections"]
    for entry in try snapshot.entries(of: "") where entry.kind != .directory { paths.insert(entry.path) }
    while let directory = pending.popLast() {
      for entry in try snapshot.entries(of: directory) {
        if entry.kind == .directory { pending.append(entry.path) } else { paths.insert(entry.path) }
      }
    }
  }

  func contains(_ path: String) -> Bool { paths.contains(path) }
}
