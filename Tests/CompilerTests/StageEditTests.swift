import Compiler
import Diagnostics
import Foundation
import Output
import Review
import Snapshot
import TestSupport
import Testing
import YAMLTree

/// Changes in place, of every kind that can break a live connection: what each stage does, that the judge finds nothing
/// wrong on it, and that it is an output of its own.
@Suite struct StageEditTests {
  struct Edit: Sendable, CustomTestStringConvertible {
    let name: String
    let fleet: String
    /// Texts that are replaced in files before anything is compiled.
    var setting: [(file: String, old: String, new: String)] = []
    /// The change.
    let change: [(file: String, old: String, new: String)]
    /// The stages: actions and objects, those that controllers make left out.
    let stages: [String]
    /// What is said of the stages.
    var faults: [String] = []

    var testDescription: String { name }
  }

  private static let porter = "examples/porter-pair-emit"
  private static let silver = "examples/porter-silver"
  private static let mesh = "examples/clustermesh-five"
  private static let dns = "examples/gateway-dns"
  private static let tetrate = "examples/tetrate-bookinfo-gitops"
  private static let istio = "examples/tetrate-bookinfo-istio"

  private static func both(_ old: String, _ new: String) -> [(file: String, old: String, new: String)] {
    ["gold", "golddr"].map { ("workloads/\($0)/yourservice.yaml", old, new) }
  }

  static let edits: [Edit] = [
    Edit(
      name: "wider policy", fleet: porter,
      setting: [("links/gold-pair.yaml", "restrictPorts: false", "restrictPorts: true")],
      change: [("links/gold-pair.yaml", "restrictPorts: true", "restrictPorts: false")],
      stages: [
        "provide: change gold allow-from-f5-ingress, change golddr allow-from-f5-ingress"
      ]),
    Edit(
      name: "narrower policy", fleet: porter,
      change: [("links/gold-pair.yaml", "restrictPorts: false", "restrictPorts: true")],
      stages: ["remove: narrow gold allow-from-f5-ingress, narrow golddr allow-from-f5-ingress"]),
    Edit(
      name: "another policy name", fleet: porter,
      change: [("links/gold-pair.yaml", "name: allow-from-f5-ingress", "name: let-f5-in")],
      stages: [
        "provide: add gold let-f5-in, add golddr let-f5-in",
        "remove: remove gold allow-from-f5-ingress, remove golddr allow-from-f5-ingress",
      ]),
    Edit(
      name: "a policy that selects other pods", fleet: porter,
      change: both("yourappslabel", "newlabel")
        + [("connections/yourservice.yaml", "yourappslabel", "newlabel")],
      stages: [
        "provide: change gold allow-from-f5-ingress, add gold allow-from-f5-ingress-linkwright-former, "
          + "change golddr allow-from-f5-ingress, add golddr allow-from-f5-ingress-linkwright-former",
        "remove: remove gold allow-from-f5-ingress-linkwright-former, "
          + "remove golddr allow-from-f5-ingress-linkwright-former",
      ]),
    Edit(
      name: "renamed claim", fleet: porter,
      change: [
        ("connections/yourservice.yaml", "  exposure:", "  porter: {claimName: other-tsc}\n  exposure:")
      ],
      stages: ["provide: add gold other-tsc", "remove: remove gold yourservice-tsc"],
      faults: [
        "TransportServerClaim yourlicenceplate-dev/yourservice-tsc in gold goes, and with it the port that clients use"
      ]),
    Edit(
      name: "a claim of another port", fleet: porter,
      setting: both(
        "  - port: 8000",
        "  - {name: two, port: 8080, protocol: TCP, targetPort: 8080}\n  - name: one\n    port: 8000"),
      change: [("connections/yourservice.yaml", "8000", "8080")],
      stages: ["consume: change gold yourservice-tsc"],
      faults: ["leads from port 8000 to port 8080 in one step"]),
    Edit(
      name: "a claim's own port", fleet: porter,
      change: [
        (
          "connections/yourservice.yaml", "  exposure:", "  porter: {overrideServicePort: true}\n  exposure:"
        )
      ],
      stages: [
        "consume: change gold yourservice-golddr, change gold yourservice-tsc, change golddr yourservice-gold"
      ],
      faults: ["gives clients port 8000 instead of the port that the operator draws in one step"]),
    Edit(
      name: "renamed connection", fleet: porter,
      change: [("connections/yourservice.yaml", "  name: yourservice", "  name: mine")],
      stages: [
        "provide: change gold allow-from-f5-ingress, change gold yourservice-tsc, change golddr allow-from-f5-ingress",
        "consume: change gold yourservice-golddr, change gold yourservice-golddr, change golddr yourservice-gold, "
          + "change golddr yourservice-gold",
      ]),
    Edit(
      name: "another virtual server address", fleet: silver,
      change: [("observed/silver/d6cdc9-prod.yaml", "142.34.194.68", "142.34.194.69")],
      stages: [
        "provide: widen emerald allow-clamav-to-clamav-silver",
        "consume: change emerald clamav-peer, change emerald clamav-silver-1",
        "remove: narrow emerald allow-clamav-to-clamav-silver",
      ]),
    Edit(
      name: "another virtual server port", fleet: silver,
      change: [("observed/silver/d6cdc9-prod.yaml", "16504", "16999")],
      stages: [
        "provide: widen emerald allow-clamav-to-clamav-silver",
        "consume: change emerald clamav-peer, change emerald clamav-silver-1, change emerald clamav-silver",
        "remove: narrow emerald allow-clamav-to-clamav-silver",
      ]),
    Edit(
      // After the new claim was provided and observed: clients go over to it, then the old one goes.
      name: "the rest of a renamed claim", fleet: silver,
      setting: [
        (
          "observed/silver/d6cdc9-prod.yaml", "apiVersion: cis.f5.com/v1",
          """
          apiVersion: cis.f5.com/v1
          kind: TransportServer
          metadata: {name: other-tsc, namespace: d6cdc9-prod}
          spec: {virtualServerAddress: 142.34.194.68, virtualServerPort: 17001}
          ---
          apiVersion: cis.f5.com/v1
          """
        )
      ],
      change: [
        (
          "connections/clamav.yaml", "    overrideServicePort: true",
          "    overrideServicePort: true\n    claimName: other-tsc"
        )
      ],
      stages: [
        "provide: widen emerald allow-clamav-to-clamav-silver, add silver other-tsc",
        "consume: change emerald clamav-peer, change emerald clamav-silver-1, change emerald clamav-silver",
        "remove: narrow emerald allow-clamav-to-clamav-silver, remove silver clamav-tsc",
      ],
      faults: ["goes, and with it the port that clients use"]),
    Edit(
      name: "other clients", fleet: silver,
      change: [("connections/clamav.yaml", "app: uploads", "app: downloads")],
      stages: [
        "provide: change emerald allow-clamav-to-clamav-silver, "
          + "add emerald allow-clamav-to-clamav-silver-linkwright-former",
        "remove: remove emerald allow-clamav-to-clamav-silver-linkwright-former",
      ]),
    Edit(
      name: "clients of another namespace", fleet: silver,
      change: [("connections/clamav.yaml", "namespace: e1f2a3-prod", "namespace: e1f2a3-test")],
      stages: [
        "provide: add emerald allow-clamav-to-clamav-silver",
        "consume: add emerald clamav-peer, add emerald clamav-silver-1, add emerald clamav-silver",
        "remove: remove emerald clamav-peer, remove emerald clamav-silver-1, "
          + "remove emerald allow-clamav-to-clamav-silver, remove emerald clamav-silver",
      ]),
    Edit(
      name: "another affinity", fleet: mesh,
      change: [("connections/catalog.yaml", "affinity: remote", "affinity: local")],
      stages: ["consume: change fra catalog, change lon catalog"]),
    Edit(
      name: "one target less", fleet: mesh,
      change: [("connections/catalog.yaml", "clusters: [ams, par]", "clusters: [par]")],
      stages: ["remove: remove ams catalog, narrow fra allow-to-mesh-catalog"]),
    Edit(
      name: "another client cluster", fleet: mesh,
      change: [("connections/catalog.yaml", "clusters: [fra, lon]", "clusters: [fra, nyc]")],
      stages: [
        "provide: add nyc catalog, widen par allow-from-mesh-catalog",
        "remove: remove lon catalog, narrow par allow-from-mesh-catalog",
      ]),
    Edit(
      name: "other clients of a mesh", fleet: mesh,
      change: [("connections/catalog.yaml", "app: frontend", "app: backend")],
      stages: [
        "provide: change fra allow-to-mesh-catalog, add fra allow-to-mesh-catalog-linkwright-former, "
          + "widen par allow-from-mesh-catalog",
        "remove: remove fra allow-to-mesh-catalog-linkwright-former, narrow par allow-from-mesh-catalog",
      ]),
    Edit(
      name: "another label for GatewayDNS", fleet: dns,
      change: [
        ("links/dev-team-gateway-dns.yaml", "hasContour: \"true\"", "gateway: \"yes\""),
        ("clusters/cluster-a.yaml", "hasContour: \"true\"", "gateway: \"yes\""),
        ("clusters/cluster-b.yaml", "hasContour: \"true\"", "gateway: \"yes\""),
      ],
      stages: [
        "provide: widen mgmt cluster-a, widen mgmt cluster-b", "consume: change mgmt dev-team-gateway-dns",
        "remove: narrow mgmt cluster-a, narrow mgmt cluster-b",
      ]),
    Edit(
      name: "another gateway of TSB", fleet: tetrate,
      change: [("links/bookinfo-east-west.yaml", "name: eastwest-gateway", "name: eastwest-two")],
      stages: [
        "provide: widen cluster-1 bookinfo-ws-setting, add cluster-1 eastwest-two",
        "remove: narrow cluster-1 bookinfo-ws-setting, remove cluster-1 eastwest-gateway",
      ]),
    Edit(
      name: "a wider workspace", fleet: tetrate,
      change: [("links/bookinfo-east-west.yaml", "[\"*/bookinfo\"]", "[\"*/bookinfo\", \"*/more\"]")],
      stages: ["provide: change cluster-1 bookinfo-ws"]),
    Edit(
      name: "another gateway address", fleet: istio,
      change: [("links/bookinfo-east-west.yaml", "172.18.255.175", "172.18.255.176")],
      stages: ["consume: change cluster-2 remote-details, change cluster-2 remote-productpage"]),
    Edit(
      name: "one service less", fleet: istio,
      change: [("connections/bookinfo.yaml", "[productpage, details]", "[productpage]")],
      stages: ["remove: narrow cluster-1 cross-network-gateway, remove cluster-2 remote-details"]),
    Edit(
      name: "another address outside", fleet: "Tests/CompilerTests/Cases/static-declared/input",
      change: [("links/silver.yaml", "142.34.194.68", "142.34.194.69")],
      stages: ["consume: change emerald clamav-peer, change emerald clamav-silver-1"]),
  ]

  @Test(arguments: edits)
  func noStageBreaksAnything(_ edit: Edit) throws {
    let fixture = try FixtureFleet(directory: edit.fleet).files.filter { !$0.key.hasPrefix("rendered/") }
    let before = try Self.compile(try Self.edited(fixture, edit.setting))
    let after = try Self.compile(try Self.edited(try Self.edited(fixture, edit.setting), edit.change))
    for compilation in [before, after] {
      #expect(
        !compilation.findings.contains { $0.severity == .error && $0.suppression == nil },
        "\(compilation.findings.map(\.message))")
    }
    let fleet = try #require(after.fleet)
    let base = OutputSide(before.output, fleet: fleet)
    let changes = try ObjectComparison(from: base, to: OutputSide(after.output, fleet: fleet)).changes
    let plan = try after.proved(StagePlan(changes), from: base, former: before)
    let stages = plan.stages.map { stage in
      let steps = stage.steps.filter { $0.key.part == .manifests || $0.key.part == .components }
      return "\(stage.name.rawValue): "
        + steps.map { "\($0.action.rawValue) \($0.key.cluster) \(Self.name($0))" }.joined(separator: ", ")
    }
    #expect(stages == edit.stages)
    let faults = plan.stages.flatMap(\.faults)
    #expect(faults.count == edit.faults.count, "\(faults)")
    for (fault, expected) in zip(faults, edit.faults) { #expect(fault.contains(expected), "\(fault)") }
    try Self.play(plan, from: before, to: after)
  }

  /// Several changes at once, drawn at random: whatever they are together, no stage breaks what works before and after.
  @Test func noStageBreaksAnythingAtOnce() throws {
    let fleets = Set(Self.edits.map(\.fleet)).sorted()
    var staged = 0
    for seed in 1...UInt64(28) {
      let fleet = fleets[Int(seed) % fleets.count]
      let fixture = try FixtureFleet(directory: fleet).files.filter { !$0.key.hasPrefix("rendered/") }
      let (sides, made) = Self.drawn(fixture, fleet, seed)
      let (before, after) = (try Self.compile(sides[0]), try Self.compile(sides[1]))
      guard let layout = after.fleet, !before.failed, !after.failed else { continue }
      let base = OutputSide(before.output, fleet: layout)
      let changes = try ObjectComparison(from: base, to: OutputSide(after.output, fleet: layout)).changes
      let plan = try after.proved(StagePlan(changes), from: base, former: before)
      if plan.stages.count > 1 { staged += 1 }
      for fault in plan.stages.flatMap(\.faults) where !fault.contains("which the change removes") {
        #expect(!fault.contains(" on this stage"), "seed \(seed), \(made): \(fault)")
      }
      try Self.play(plan, from: before, to: after)
    }
    #expect(staged > 8, "\(staged) changes had stages")
  }

  /// Two states of a fleet, some changes apart.
  private static func drawn(
    _ fixture: [String: [UInt8]], _ fleet: String, _ seed: UInt64
  ) -> (sides: [[String: [UInt8]]], made: [String]) {
    var random = SeededGenerator(seed: seed)
    var files = fixture
    var sides: [[String: [UInt8]]] = []
    var made: [String] = []
    for _ in 0..<2 {
      for edit in edits.shuffled(using: &random) where edit.fleet == fleet && Bool.random(using: &random) {
        // A change whose text another one has taken is left out.
        guard let edited = applied(edit.setting + edit.change, to: files) else { continue }
        files = edited
        made.append(edit.name)
      }
      sides.append(files)
    }
    return (sides, made)
  }

  /// Nil where a text that is to be replaced is not there.
  private static func applied(
    _ edits: [(file: String, old: String, new: String)], to files: [String: [UInt8]]
  ) -> [String: [UInt8]]? {
    var files = files
    for edit in edits {
      guard let content = files[edit.file] else { return nil }
      let text = String(decoding: content, as: UTF8.self)
      guard text.contains(edit.old) else { return nil }
      files[edit.file] = Array(text.replacing(edit.old, with: edit.new).utf8)
    }
    return files
  }

  private static func name(_ step: StagePlan.Step) -> String {
    String(step.key.name.split(separator: " ").last?.split(separator: "/").last ?? "")
  }

  private static func compile(_ files: [String: [UInt8]]) throws -> Compilation {
    try Compiler(resources: try Resources()).compile(MemorySnapshot(files))
  }

  private static func edited(
    _ files: [String: [UInt8]], _ edits: [(file: String, old: String, new: String)]
  ) throws -> [String: [UInt8]] {
    var files = files
    for edit in edits {
      let text = String(decoding: try #require(files[edit.file], "\(edit.file)"), as: UTF8.self)
      #expect(text.contains(edit.old), "\(edit.file) has no '\(edit.old)'")
      files[edit.file] = Array(text.replacing(edit.old, with: edit.new).utf8)
    }
    return files
  }

  /// Every stage is an output of its own, and the last one is the later output: files are YAML, each object stands once,
  /// inventories own what is there, and kustomizations name what is there.
  private static func play(_ plan: StagePlan, from before: Compilation, to after: Compilation) throws {
    let fleet = try #require(after.fleet)
    func files(_ compilation: Compilation) -> [String: [UInt8]] {
      Dictionary(uniqueKeysWithValues: compilation.output.files.map { ($0.path, $0.content) })
    }
    var current = files(before)
    for stage in plan.stages {
      let snapshot = MemorySnapshot(current)
      var staged = try StagedOutput(
        try OutputRecord(snapshot, layout: OutputLayout(fleet)), in: snapshot, fleet: fleet)
      for item in staged.apply(stage).items { current[item.path] = item.content }
      let record = try OutputRecord(MemorySnapshot(current), layout: OutputLayout(fleet))
      #expect(record.broken.isEmpty)
      #expect(
        Set(record.owned.keys).union(record.inventories) == Set(current.keys), "\(stage.name.rawValue)")
      for (path, blob) in record.owned {
        #expect(BlobID(of: try #require(current[path])) == blob, "\(path) on \(stage.name.rawValue)")
      }
      var seen: Set<String> = []
      for (path, content) in current where path.contains("/manifests/") && path.hasSuffix(".yaml") {
        let parsed = Tree.parse(.init(path: path, bytes: content))
        let root = try #require(parsed.tree.root, "\(path)")
        #expect(parsed.findings.isEmpty, "\(path)")
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        if path.hasSuffix("/kustomization.yaml") {
          for resource in root["resources"]?.elements.map(\.text) ?? [] {
            #expect(
              current["\(folder)/\(resource)"] != nil
                || current["\(folder)/\(resource)/kustomization.yaml"] != nil,
              "\(path) names \(resource) on \(stage.name.rawValue)")
          }
        } else {
          let name = root.at("metadata", "name")?.text ?? ""
          let identity = "\(path.split(separator: "/")[1]) \(root["kind"]?.text ?? "") \(folder) \(name)"
          #expect(seen.insert(identity).inserted, "\(identity) twice on \(stage.name.rawValue)")
          let listed = current["\(folder)/kustomization.yaml"].map { String(decoding: $0, as: UTF8.self) }
          #expect(listed?.contains(String(path.split(separator: "/").last ?? "")) == true, "\(path)")
        }
      }
    }
    let wanted = files(after)
    let differing = Set(wanted.keys).union(current.keys).filter { wanted[$0] != current[$0] }
    #expect(differing.isEmpty, "\(differing.sorted())")
  }
}
