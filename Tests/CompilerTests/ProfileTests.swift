import Diagnostics
import FleetSpec
import Foundation
import JSONSchema
import Kubernetes
import Reachability
import TestSupport
import Testing
import YAMLTree

@testable import Compiler

/// The network profile of a Cluster document, and the networks that it names.
@Suite struct ProfileTests {
  private static func cluster(_ network: String, _ more: String = "") -> String {
    """
    -- clusters/gold.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: gold}
    spec: {distribution: openshift, network: {baseline: [baseline/deny.yaml]\(network)}\(more)}

    """
  }

  private static func judged(_ files: String) throws -> JudgedCluster {
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(by: files).compile()
    return try #require(compilation.judgement?.fleet.clusters["gold"], "\(compilation.findingsText)")
  }

  /// The schema offers every profile that stands for a plugin, and no other.
  @Test func schemaOffersAllProfiles() throws {
    let names = NetworkProfile.all.map(\.name).filter { $0 != NetworkProfile.npGuard }
    for name in names { #expect(try Self.judged(Self.cluster(", profile: \(name)")).profile.name == name) }
    let wrong = try FixtureFleet(base: "porter-pair").overlaid(by: Self.cluster(", profile: np-guard"))
      .compile()
    #expect(wrong.failed)
  }

  /// The files of the profiles are what their schema says, and a Cluster may answer each of their switches.
  @Test func filesAndClusterFollowTheSchema() throws {
    func parsed(_ path: String) throws -> Node {
      let text = try String(contentsOfFile: Repository.path(path), encoding: .utf8)
      return try #require(Tree.parse(text: text, path: path).tree.root)
    }
    let directory = "Sources/Reachability/Profiles"
    let root = try parsed("\(directory)/schema.json")
    let schema = try CompiledSchema.compile(root: root, options: SchemaOptions(dialect: .draft07))
    for profile in NetworkProfile.all {
      let violations = schema.validate(try parsed("\(directory)/\(profile.name).yaml"))
      #expect(violations.map { ViolationText($0).message } == [], "\(profile.name)")
    }
    let switches = NetworkProfile.switches.map(\.name)
    let keys = try #require(root.at("properties", "switches", "properties")).entries.map { $0.key.text }
    #expect(keys == switches + ["assumesNoOtherLabels"])
    let cluster = try parsed("schemas/cluster.json")
    let network = try #require(cluster.at("properties", "spec", "properties")?["network"])
    #expect(network.at("properties", "switches", "properties")?.entries.map { $0.key.text } == switches)
  }

  /// A Cluster's own answers lie over its profile's; a wrong switch or answer is an error at its place.
  @Test func switchesOfACluster() throws {
    let known = try Self.judged(
      Self.cluster(", profile: calico, switches: {ipBlockMatchesNodes: false, enforcesAdminPolicies: true}"))
    #expect(known.profile.ipBlockMatchesNodes == .no)
    #expect(known.profile.enforcesAdminPolicies == .yes)
    #expect(known.profile.ipBlockMatchesPods == .yes)
    let open = try Self.judged(Self.cluster(", switches: {ipBlockMatchesPods: depends}"))
    #expect(open.profile.name == "ovn-kubernetes" && open.profile.ipBlockMatchesPods == .depends)
    for (wrong, near) in [
      ("ipBlockMatchNodes: true", "ipBlockMatchesNodes"), ("enforcesEgress: maybe", "depends"),
    ] {
      let compilation = try FixtureFleet(base: "porter-pair").overlaid(
        by: Self.cluster(", switches: {\(wrong)}")
      ).compile()
      let finding = try #require(compilation.findings.first { $0.severity == .error })
      #expect(finding.primary?.range.file.path == "clusters/gold.yaml")
      #expect(finding.goldenText.contains(near), "\(finding.goldenText)")
    }
  }

  @Test func wrongNameGetsTheNearest() throws {
    for (name, near) in [
      ("ovn-kubernets", "ovn-kubernetes"), ("cilium-1.9", "cilium-1.19"), ("Calico", "calico"),
    ] {
      let compilation = try FixtureFleet(base: "porter-pair").overlaid(by: Self.cluster(", profile: \(name)"))
        .compile()
      let finding = try #require(compilation.findings.first { $0.severity == .error })
      #expect(finding.primary?.range.file.path == "clusters/gold.yaml")
      #expect(finding.goldenText.contains(near), "\(finding.goldenText)")
    }
  }

  @Test func profileOfDistributionAndRelease() throws {
    #expect(try Self.judged(Self.cluster("")).profile.name == "ovn-kubernetes")
    #expect(try Self.judged(Self.cluster(", profile: openshift-sdn")).profile.name == "openshift-sdn")
  }

  /// A policy of Cilium's that lets clients out to the API server alone, judged at its address.
  @Test func apiServerIsAnEntity() throws {
    let policy = """
      -- workloads/gold/server.yaml --
      apiVersion: cilium.io/v2
      kind: CiliumNetworkPolicy
      metadata: {name: server, namespace: a1b2c3-dev}
      spec: {endpointSelector: {}, egress: [{toEntities: [kube-apiserver]}]}

      """
    let files = policy + Self.cluster(", profile: cilium-1.19, apiServerCIDRs: [192.0.2.10/32]")
    let network = try Self.judged(files).network().network
    let engine = PolicyEngine(network)
    let pod = try #require(network.pods.firstIndex { $0.name == "yourapp" })
    func answer(_ address: String) throws -> PairAnswer {
      engine.connections(from: .pod(pod), to: .address(try #require(IPAddress(address))))
    }
    #expect(try answer("192.0.2.10").must.contains(6443, .tcp))
    #expect(try !answer("192.0.2.11").may.contains(6443, .tcp))
    let wrong = try FixtureFleet(base: "porter-pair").overlaid(
      by: Self.cluster(", apiServerCIDRs: [192.0.2.10/33]")
    ).compile()
    #expect(wrong.findings.contains { $0.severity == .error && $0.message.contains("192.0.2.10/33") })
  }
}
