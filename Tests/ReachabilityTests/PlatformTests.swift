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
