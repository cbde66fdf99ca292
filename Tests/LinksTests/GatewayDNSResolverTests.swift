import Compiler
import Diagnostics
import Foundation
import Kubernetes
import Linker
import Output
import TestSupport
import Testing
import YAMLTree

/// The resolvers of clusters: Corefile, coredns-custom, OpenShift's DNS operator.
@Suite struct GatewayDNSResolverTests {
  static let openShift = """
    -- clusters/cluster-b.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: cluster-b}
    spec:
      distribution: openshift
      network: {baseline: []}
      clusterAPI: {managementCluster: mgmt, namespace: dev-team}

    """

  static func operatorDNS(_ servers: String) -> String {
    """
    apiVersion: operator.openshift.io/v1
    kind: DNS
    metadata: {name: default}
    spec:
      servers: \(servers)

    """
  }

  static let corporate =
    "{name: corporate, zones: [corp.test], forwardPlugin: {policy: Sequential, upstreams: [192.0.2.53, \"192.0.2.54:5353\"]}}"

  static func compile(_ files: String) throws -> Compilation {
    try GatewayDNSTests.base().overlaid(by: files).compile()
  }

  // MARK: OpenShift

  @Test func theWholeListOfServersIsWritten() throws {
    let compilation = try Self.compile(
      Self.openShift + "-- observed/cluster-b/_cluster.yaml --\n" + Self.operatorDNS("[\(Self.corporate)]"))
    #expect(compilation.lines == "")
    let object = try GatewayDNSTests.root(
      compilation.text("rendered/cluster-b/manifests/_cluster/dns-default.yaml"))
    let servers = try #require(object.at("spec", "servers"))
    #expect(servers.elements.map { $0["name"]?.text } == ["corporate", "xcc-dns"])
    let first = try #require(servers.elements.first { _ in true })
    #expect(first.isEqual(to: try GatewayDNSTests.root(Self.corporate)))
    let wanted =
      "{name: xcc-dns, zones: [xcc.test], forwardPlugin: {policy: Random, upstreams: [10.96.0.60]}}"
    #expect(servers.elements.contains { (try? $0.isEqual(to: GatewayDNSTests.root(wanted))) == true })
  }

  @Test func anEarlierEntryIsReplacedInItsPlace() throws {
    let old = "{name: xcc-dns, zones: [xcc.test], forwardPlugin: {upstreams: [10.96.9.9]}}"
    let compilation = try Self.compile(
      Self.openShift + "-- observed/cluster-b/_cluster.yaml --\n"
        + Self.operatorDNS("[\(old), \(Self.corporate)]"))
    let object = try GatewayDNSTests.root(
      compilation.text("rendered/cluster-b/manifests/_cluster/dns-default.yaml"))
    #expect(
      object.at("spec", "servers")?.elements.map { $0["name"]?.text } == ["xcc-dns", "corporate"])
    #expect(
      !(compilation.text("rendered/cluster-b/manifests/_cluster/dns-default.yaml") ?? "").contains(
        "10.96.9.9"))
  }

  /// What somebody else forwards is never taken over: neither an entry nor a block.
  @Test func anotherServersZoneIsRefused() throws {
    let theirs = "{name: corp, zones: [xcc.test], forwardPlugin: {upstreams: [192.0.2.53]}}"
    for place in ["observed/cluster-b/_cluster.yaml", "workloads/cluster-b/dns.yaml"] {
      let compilation = try Self.compile(
        Self.openShift + "-- \(place) --\n" + Self.operatorDNS("[\(theirs)]"))
      #expect(
        compilation.lines.contains(
          "error[LW4033] \(place):5: entry 'corp' of the DNS operator serves xcc.test"),
        "\(compilation.lines)")
      #expect(compilation.failed)
    }
    let block = try Self.compile(
      "-- dns/cluster-b/Corefile --\n.:53 {\n    errors\n}\nxcc.test {\n    forward . 192.0.2.53\n}\n")
    #expect(block.lines.contains("error[LW4109] dns/cluster-b/Corefile:4"), "\(block.lines)")
    let earlier = try Self.compile(
      "-- dns/cluster-b/Corefile --\n.:53 {\n    errors\n}\nxcc.test {\n    forward . 10.96.9.9\n}\n")
    #expect(earlier.lines == "")
  }

  @Test func anEmptyCorefileIsNotACorefile() throws {
    let compilation = try Self.compile("-- dns/cluster-b/Corefile --\n# later\n")
    #expect(compilation.failed && compilation.lines.contains("error[LW4112] dns/cluster-b/Corefile:1"))
    #expect(!compilation.output.files.contains { $0.path == "rendered/cluster-b/fragments/Corefile" })
  }

  @Test func aManifestOfTheOperatorGetsAPatchOrIsEnough() throws {
    let patched = try Self.compile(
      Self.openShift + "-- workloads/cluster-b/dns.yaml --\n" + Self.operatorDNS("[\(Self.corporate)]"))
    #expect(patched.text("rendered/cluster-b/components/_cluster-dns-default/dns-default.yaml") != nil)
    #expect(patched.text("rendered/cluster-b/manifests/_cluster/dns-default.yaml") == nil)
    let own = "{name: stub, zones: [xcc.test], forwardPlugin: {upstreams: [10.96.0.60]}}"
    let satisfied = try Self.compile(
      Self.openShift + "-- workloads/cluster-b/dns.yaml --\n" + Self.operatorDNS("[\(own)]"))
    #expect(satisfied.lines == "")
    #expect(!satisfied.output.files.contains { $0.path.contains("dns-default") })
    #expect(
      satisfied.satisfiedLines == ["satisfied: DNS default in cluster-b by workloads/cluster-b/dns.yaml:3"])
  }

  /// Without knowing the others' entries the list would wipe them: it waits.
  @Test func anUnknownListIsPending() throws {
    let compilation = try Self.compile(Self.openShift)
    #expect(!compilation.failed)
    #expect(compilation.pending.map(\.fact) == ["the servers of the DNS operator"])
    #expect(!compilation.output.files.contains { $0.path.contains("dns-default") })
    #expect(
      compilation.findings.flatMap(\.help).contains {
        $0.contains("oc --context cluster-b -n openshift-dns get dns.operator -o yaml")
      })
  }

  // MARK: coredns-custom

  @Test func aKeyOfCorednsCustom() throws {
    let cluster = Self.openShift.replacing(
      "distribution: openshift", with: "dns: {resolver: configMap}")
    let compilation = try Self.compile(cluster)
    #expect(compilation.lines == "")
    let object = try GatewayDNSTests.root(
      compilation.text("rendered/cluster-b/manifests/kube-system/configmap-coredns-custom.yaml"))
    #expect(
      object.at("data")?["xcc-dns.server"]?.text == "xcc.test {\n    forward . 10.96.0.60\n    reload\n}\n")
    let patched = try Self.compile(
      cluster + """
        -- workloads/cluster-b/custom.yaml --
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: coredns-custom, namespace: kube-system}
        data: {"corp.server": "corp.test {\\n    forward . 192.0.2.53\\n}\\n"}
        """)
    #expect(patched.lines == "")
    #expect(
      patched.text(
        "rendered/cluster-b/components/kube-system-configmap-coredns-custom/configmap-coredns-custom.yaml")
        != nil)
    let served = try Self.compile(
      cluster + """
        -- observed/cluster-b/kube-system.yaml --
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: coredns-custom, namespace: kube-system}
        data:
          corp.server: |
            xcc.test {
                forward . 192.0.2.53
            }
        """)
    #expect(served.lines.contains("error[LW4109] observed/cluster-b/kube-system.yaml:6"), "\(served.lines)")
  }

  // MARK: Corefile

  @Test func aDeclaredConfigMapIsPatchedOrEnough() throws {
    let cluster = Self.openShift.replacing("  distribution: openshift\n", with: "")
    let text = "    .:53 {\n        errors\n    }\n"
    let head =
      "-- workloads/cluster-b/coredns.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: coredns, namespace: kube-system}\ndata:\n  Corefile: |\n"
    let patched = try Self.compile(cluster + head + text)
    #expect(patched.lines == "")
    let path = "rendered/cluster-b/components/kube-system-configmap-coredns/configmap-coredns.yaml"
    let merged = try GatewayDNSTests.root(patched.text(path)).at("data", "Corefile")?.text
    let lines = try #require(merged).split(separator: "\n").map { "    \($0)\n" }.joined()
    let enough = try Self.compile(cluster + head + lines)
    #expect(enough.lines == "")
    #expect(enough.text(path) == nil)
    #expect(enough.text("rendered/cluster-b/fragments/Corefile") == merged)
    #expect(
      enough.satisfiedLines == [
        "satisfied: ConfigMap kube-system/coredns in cluster-b by workloads/cluster-b/coredns.yaml:3"
      ])
  }

  /// A Corefile that cannot be read is an error at its line, wherever it stands, and never a rewrite.
  @Test func anUnreadableCorefileIsNotRewritten() throws {
    let inFile = try Self.compile("-- dns/cluster-b/Corefile --\n.:53 {\n    errors\n")
    #expect(inFile.failed && inFile.lines.contains("error[LW4101] dns/cluster-b/Corefile:1"))
    let cluster = Self.openShift.replacing("  distribution: openshift\n", with: "")
    let observed = try Self.compile(
      cluster + """
        -- observed/cluster-b/kube-system.yaml --
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: coredns, namespace: kube-system}
        data:
          Corefile: |
            .:53 {
                errors
            }
            other {
        """)
    #expect(
      observed.failed && observed.lines.contains("error[LW4101] observed/cluster-b/kube-system.yaml:9"),
      "\(observed.lines)")
    #expect(!observed.output.files.contains { $0.path == "rendered/cluster-b/fragments/Corefile" })
  }
}
