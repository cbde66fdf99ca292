import Diagnostics
import Kubernetes
import Reachability
import TestSupport
import Testing
import YAMLTree

@Suite struct PlatformTests {
  @Test func filesAreComplete() {
    #expect(PlatformNamespaces.all.map(\.name) == ["kubernetes", "openshift"])
    #expect(PlatformNamespaces.all.flatMap(\.faults) == [])
  }

  @Test(arguments: [
    "namespaces: []", "platform: p\nnamespaces: [{name: n, pod: {name: p}}]",
    "platform: p\nnamespaces: [{name: n, origin: o}]",
    "platform: p\nnamespaces: [{name: n, origin: o, pod: {name: p, ports: [{name: x}]}}]", "platform: [",
  ])
  func faultsAreFound(_ text: String) {
    #expect(!PlatformNamespaces(SourceFile(path: "platforms/x.yaml", bytes: Array(text.utf8))).faults.isEmpty)
  }

  @Test func profilesAreComplete() {
    #expect(NetworkProfile.faults == [])
    #expect(
      NetworkProfile.all.map(\.name) == [
        "kubernetes", "calico", "cilium-1.18", "cilium-1.19", "np-guard", "openshift-sdn", "ovn-kubernetes",
      ])
    #expect(NetworkProfile.kubernetes.ipBlockMatchesPods == .depends)
    #expect(NetworkProfile.kubernetes.enforcesEgress == .yes)
  }

  private static func profile(_ change: (String) -> String) -> [String] {
    let switches = NetworkProfile.switches.map { "  \($0.name): {answer: depends, origin: nobody}\n" }
    let text =
      "profile: p\nsummary: s\nswitches:\n" + switches.joined()
      + "  assumesNoOtherLabels: {answer: false, origin: nobody}\n"
    return NetworkProfile.read(SourceFile(path: "profiles/p.yaml", bytes: Array(change(text).utf8))).faults
  }

  /// A file that answers not all, too much, or without saying where from.
  @Test(arguments: [
    ("profile: p\n", "profile: q\n"), ("summary: s\n", ""), ("profile: p\n", "profile: p\norder: 1\n"),
    ("  enforcesEgress: {answer: depends, origin: nobody}\n", ""),
    ("enforcesEgress: {answer: depends, origin: nobody}", "enforcesEgress: {answer: depends}"),
    ("enforcesEgress: {answer: depends, origin: nobody}", "enforcesEgress: {answer: maybe, origin: nobody}"),
    (
      "enforcesEgress: {answer: depends, origin: nobody}",
      "enforcesEgress: {answer: true, origin: a, note: b}"
    ),
    ("enforcesEgress:", "enforceEgress:"),
    ("assumesNoOtherLabels: {answer: false", "assumesNoOtherLabels: {answer: depends"),
    ("switches:", "switches: ["),
  ])
  func faultsOfProfilesAreFound(_ old: String, _ new: String) {
    #expect(Self.profile { $0 } == [])
    #expect(!Self.profile { $0.replacing(old, with: new) }.isEmpty)
  }

  /// What the documentation of OpenShift tells users to write finds its peers, and what is not told depends.
  @Test(arguments: [
    (
      "ingress: [{from: [{namespaceSelector: {matchLabels: {policy-group.network.openshift.io/ingress: \"\"}}}]}]",
      "openshift-ingress/router-default", Ternary.yes
    ),
    (
      "ingress: [{from: [{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: monitoring}}}]}]",
      "openshift-monitoring/prometheus-k8s", .yes
    ),
    (
      "ingress: [{from: [{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: monitoring}}}]}]",
      "openshift-ingress/router-default", .no
    ),
    (
      "ingress: [{from: [{namespaceSelector: {matchLabels: {somebody: else}}}]}]",
      "openshift-ingress/router-default", .depends
    ),
  ])
  func peers(_ spec: String, _ from: String, _ expected: Ternary) throws {
    let text =
      RuleTests.manifests
      + "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: a}\nspec: {\(spec)}\n"
    var manifests: [Manifest] = []
    for document in Tree.parse(text: text, path: "cluster.yaml").tree.documents {
      Manifest.all(in: document) { manifests.append($0) }
    }
    let network = ManifestNetwork(
      manifests, profile: try #require(NetworkProfile.named("ovn-kubernetes")),
      platform: .named("openshift")
    ).network
    let answer = PolicyEngine(network).connections(
      from: try RuleTests.endpoint(from, network), to: try RuleTests.endpoint("a/web", network))
    #expect(Ternary(may: answer.may.contains(80, .tcp), must: answer.must.contains(80, .tcp)) == expected)
  }

  /// Names of the DNS pods' ports, as OpenShift's documentation writes them.
  @Test func namedPortsOfDNS() throws {
    let text =
      RuleTests.manifests
      + "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: a}\nspec: {egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-dns}}}], ports: [{port: dns, protocol: UDP}]}]}\n"
    var manifests: [Manifest] = []
    for document in Tree.parse(text: text, path: "cluster.yaml").tree.documents {
      Manifest.all(in: document) { manifests.append($0) }
    }
    let network = ManifestNetwork(
      manifests, profile: try #require(NetworkProfile.named("ovn-kubernetes")),
      platform: .named("openshift")
    ).network
    let answer = PolicyEngine(network).connections(
      from: try RuleTests.endpoint("a/web", network),
      to: try RuleTests.endpoint("openshift-dns/dns-default", network))
    #expect(answer.must.description == "UDP 5353")
  }
}
