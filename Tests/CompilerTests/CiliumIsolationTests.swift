import Compiler
import Diagnostics
import FleetSpec
import Linker
import Output
import Parallel
import Reachability
import Testing

/// Cilium takes its own policies and NetworkPolicies together. Whoever isolates the pods at an end, what opens the way is
/// emitted, on every type of link.
@Suite struct CiliumIsolationTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let fleet: String
    /// The cluster document, with Cilium as its plugin.
    let cluster: String
    /// Where the policy is to be written.
    let workloads: String
    let policy: String
    /// Part of the path of what must be emitted.
    let emitted: String
    var testDescription: String { name }
  }

  private static func cilium(_ name: String, _ spec: String) -> String {
    "-- clusters/\(name).yaml --\napiVersion: linkwright.dev/v1alpha1\nkind: Cluster\nmetadata: {name: \(name)}\n"
      + "spec: {\(spec)}\n"
  }

  private static func policy(
    _ namespace: String, _ spec: String, kind: String = "CiliumNetworkPolicy"
  ) -> String {
    let place = kind == "CiliumNetworkPolicy" ? ", namespace: \(namespace)" : ""
    return "apiVersion: cilium.io/v2\nkind: \(kind)\nmetadata: {name: closed\(place)}\nspec: {\(spec)}\n"
  }

  private static let detailsClient = cilium(
    "cluster-2",
    "network: {profile: cilium-1.19, podCIDRs: [10.2.0.0/16], baseline: []}, tetrate: {network: net-2}")
  private static let detailsTarget = cilium(
    "cluster-1",
    "network: {profile: cilium-1.19, podCIDRs: [10.1.0.0/16], baseline: []}, tetrate: {network: net-1}")
  private static let gatewayClient = cilium(
    "cluster-b",
    "kubernetesVersion: \"1.31\", network: {profile: cilium-1.19, serviceCIDRs: [10.96.0.0/16], baseline: []}, "
      + "clusterAPI: {managementCluster: mgmt, namespace: dev-team}, dns: {corefile: dns/cluster-b/Corefile}")
  private static let fixedClusters =
    "-- clusters/c.yaml --\n\n" + cilium("silver", "distribution: openshift")
    + cilium("emerald", "distribution: openshift, network: {profile: cilium-1.19, baseline: []}")
  private static let porterTarget = cilium(
    "gold", "distribution: openshift, network: {profile: cilium-1.19, baseline: []}")

  static let cases: [Case] = [
    Case(
      name: "static, egressDeny alone", fleet: "Tests/CompilerTests/Cases/static-observed/input",
      cluster: fixedClusters,
      workloads: "workloads/emerald/closed.yaml",
      policy: policy(
        "a1b2c3-prod", "endpointSelector: {}, egressDeny: [{icmps: [{fields: [{type: 8, family: IPv4}]}]}]"),
      emitted: "emerald/manifests/a1b2c3-prod/networkpolicy-"),
    Case(
      name: "static, of the whole cluster by the namespace's label",
      fleet: "Tests/CompilerTests/Cases/static-observed/input",
      cluster: fixedClusters,
      workloads: "workloads/emerald/closed.yaml",
      policy: policy(
        "",
        "endpointSelector: {matchLabels: {\"k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name\": "
          + "a1b2c3-prod}}, egress: [{}]", kind: "CiliumClusterwideNetworkPolicy"),
      emitted: "emerald/manifests/a1b2c3-prod/networkpolicy-"),
    Case(
      name: "Tetrate, out", fleet: "Tests/CompilerTests/Fleets/tetrate", cluster: detailsClient,
      workloads: "workloads/cluster-2/closed.yaml",
      policy: policy("bookinfo", "endpointSelector: {matchLabels: {app: sleep}}, egress: [{}]"),
      emitted: "cluster-2/manifests/bookinfo/networkpolicy-"),
    Case(
      name: "Tetrate, in", fleet: "Tests/CompilerTests/Fleets/tetrate", cluster: detailsTarget,
      workloads: "workloads/cluster-1/closed.yaml",
      policy: policy("bookinfo", "endpointSelector: {matchLabels: {\"k8s:app\": details}}, ingress: [{}]"),
      emitted: "cluster-1/manifests/bookinfo/networkpolicy-"),
    Case(
      name: "GatewayDNS, out", fleet: "Tests/CompilerTests/Fleets/gateway-dns", cluster: gatewayClient,
      workloads: "workloads/cluster-b/closed.yaml",
      policy: policy("demo", "endpointSelector: {}, egress: [{toEndpoints: [{}]}]"),
      emitted: "cluster-b/manifests/demo/networkpolicy-allow-kuard-to-kuard-cluster-a.yaml"),
    Case(
      name: "GatewayDNS, out, a NetworkPolicy", fleet: "Tests/CompilerTests/Fleets/gateway-dns",
      cluster: gatewayClient, workloads: "workloads/cluster-b/closed.yaml",
      policy:
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed, namespace: demo}\n"
        + "spec: {podSelector: {}, policyTypes: [Egress]}\n",
      emitted: "cluster-b/manifests/demo/networkpolicy-allow-kuard-to-kuard-cluster-a.yaml"),
    Case(
      name: "Porter, in", fleet: "Tests/CompilerTests/Fleets/porter-pair", cluster: porterTarget,
      workloads: "workloads/gold/closed.yaml",
      policy: policy("a1b2c3-dev", "endpointSelector: {matchLabels: {name: yourapp}}, ingress: [{}]"),
      emitted: "gold/manifests/a1b2c3-dev/networkpolicy-"),
  ]

  private static func egress(_ compilation: Compilation) -> [JudgedCrossing] {
    compilation.judgement?.crossings.filter { judged in
      judged.verdict == .refuted && [.egress, .ingress].contains(judged.decisiveHop?.kind)
    } ?? []
  }

  @Test(arguments: cases)
  func whatOpensTheWayIsEmitted(_ planted: Case) throws {
    let fleet = try FixtureFleet(directory: planted.fleet)
    let compilation = try fleet.overlaid(
      by: planted.cluster + "-- \(planted.workloads) --\n" + planted.policy
    ).compile()
    let policies = compilation.output.files.filter { $0.path.contains(planted.emitted) }
    #expect(policies.count == 1, "\(policies.map(\.path)) \(compilation.findingsText)")
    #expect(Self.egress(compilation).isEmpty, "\(compilation.findingsText)")
    let judgement = try #require(compilation.judgement)
    #expect(judgement.disputes(mapping: AllCores()).isEmpty)
  }

  /// What a rule of Cilium's denies, nothing that is emitted opens: the denial is told at its place.
  @Test func denialsStay() throws {
    let compilation = try FixtureFleet(base: "gateway-dns").overlaid(
      by: Self.gatewayClient + "-- workloads/cluster-b/closed.yaml --\n"
        + Self.policy("demo", "endpointSelector: {}, egressDeny: [{toCIDR: [203.0.113.0/24]}]")
    ).compile()
    let finding = compilation.findings.first { $0.rule.id == "LW7201" }
    #expect(finding?.message.contains("denies traffic") == true, "\(compilation.findingsText)")
    #expect(finding?.secondary.first?.range.file.path == "workloads/cluster-b/closed.yaml")
    #expect(!Self.egress(compilation).isEmpty)
  }

  /// A policy of Cilium's that lets the clients out already is the proof, and nothing is emitted.
  @Test func whatLetsOutAlreadyIsTheProof() throws {
    let compilation = try FixtureFleet(base: "gateway-dns").overlaid(
      by: Self.gatewayClient + "-- workloads/cluster-b/client.yaml --\n"
        + """
        apiVersion: v1
        kind: Pod
        metadata: {name: client, namespace: demo, labels: {app: client}}
        spec: {containers: [{name: c, image: curl}]}

        """ + "-- workloads/cluster-b/closed.yaml --\n"
        + Self.policy(
          "demo",
          """
          endpointSelector: {}, egress: [{toCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.128/25]}],
            toPorts: [{ports: [{port: "80", protocol: TCP}]}]},
            {toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system, "k8s:k8s-app": kube-dns}}],
            toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchPattern: "*"}]}}]}]
          """)
    ).compile()
    #expect(!compilation.output.files.contains { $0.path.contains("networkpolicy-") })
    #expect(
      compilation.satisfiedLines.contains { $0.contains("CiliumNetworkPolicy demo/closed") },
      "\(compilation.reportText)")
    #expect(Self.egress(compilation).isEmpty, "\(compilation.findingsText)")
  }

  /// Where Cilium's kinds have no effect, a policy for open pods would close them.
  @Test func elsewhereNothingIsEmitted() throws {
    let client = Self.gatewayClient.replacing("cilium-1.19", with: "calico")
    let compilation = try FixtureFleet(base: "gateway-dns").overlaid(
      by: client + "-- workloads/cluster-b/closed.yaml --\n"
        + Self.policy("demo", "endpointSelector: {}, egress: [{}]")
    ).compile()
    #expect(!compilation.output.files.contains { $0.path.contains("networkpolicy-") })
  }

  /// What is emitted and what is judged go by the same answer.
  @Test(arguments: NetworkProfile.all.map(\.name).filter { $0 != NetworkProfile.npGuard })
  func profilesAgree(_ profile: String) throws {
    let compilation = try FixtureFleet(base: "gateway-dns").overlaid(
      by: Self.gatewayClient.replacing("cilium-1.19", with: profile)
    ).compile()
    let cluster = try #require(compilation.judgement?.fleet.clusters["cluster-b"])
    #expect(cluster.model.cluster.enforcesCiliumPolicies == (cluster.profile.enforcesCiliumPolicies == .yes))
  }
}
