import Compiler
import Diagnostics
import Output
import TestSupport
import Testing

/// Every check of GatewayDNS at its place and in its words.
@Suite struct GatewayDNSFaultTests {
  /// A change of one file, and the finding that must come.
  struct Fault: Sendable, CustomTestStringConvertible {
    let path: String
    let old: String
    let new: String
    /// `error[LW4001] path:line: message`.
    let finding: String
    var testDescription: String { finding }
  }

  static let faults = [
    Fault(
      path: "links/dev-team.yaml", old: "projectcontour/envoy", new: "envoy",
      finding: "error[LW4001] links/dev-team.yaml:9: 'envoy' is not the reference of a Service"),
    Fault(
      path: "links/dev-team.yaml", old: "projectcontour/envoy", new: "a/b/c",
      finding: "error[LW4001] links/dev-team.yaml:9: 'a/b/c' is not the reference of a Service"),
    Fault(
      path: "links/dev-team.yaml", old: "projectcontour/envoy", new: "projectcontour/9envoy",
      finding:
        "error[LW4001] links/dev-team.yaml:9: 'projectcontour/9envoy' is not the reference of a Service"),
    Fault(
      path: "links/dev-team.yaml", old: "hasContour: \"true\"", new: "hasContour: \"yes\"",
      finding:
        "error[LW4006] links/dev-team.yaml:8: no cluster of dev-team in mgmt has the labels hasContour=yes"),
    Fault(
      path: "links/dev-team.yaml", old: "{hasContour: \"true\"}", new: "{hasContour: true}",
      finding: "error[LW1102] links/dev-team.yaml:8:"),
    Fault(
      path: "clusters/cluster-a.yaml", old: "{hasContour: \"true\"}", new: "{hasContour: true}",
      finding: "error[LW1102] clusters/cluster-a.yaml:7:"),
    Fault(
      path: "links/dev-team.yaml", old: "xcc.test", new: "cluster.local",
      finding:
        "error[LW4010] links/dev-team.yaml:10: the zone cluster.local collides with cluster.local, the domain of cluster-a itself"
    ),
    Fault(
      path: "links/dev-team.yaml", old: "xcc.test", new: "svc.cluster.local",
      finding: "error[LW4010] links/dev-team.yaml:10: the zone svc.cluster.local collides"),
    Fault(
      path: "links/dev-team.yaml", old: "xcc.test", new: "Xcc.test",
      finding: "error[LW4008] links/dev-team.yaml:10: 'Xcc.test' is not a DNS zone"),
    Fault(
      path: "links/dev-team.yaml", old: "managementCluster: mgmt", new: "managementCluster: mgnt",
      finding: "error[LW1201] links/dev-team.yaml:6: there is no Cluster 'mgnt'"),
    Fault(
      path: "clusters/cluster-b.yaml", old: "managementCluster: mgmt", new: "managementCluster: mgnt",
      finding: "error[LW1201] clusters/cluster-b.yaml:7: there is no Cluster 'mgnt'"),
    Fault(
      path: "links/dev-team.yaml", old: "203.0.113.10", new: "\"2001:db8::1\"",
      finding: "error[LW4021] links/dev-team.yaml:12: 2001:db8::1 is an IPv6 address"),
    Fault(
      path: "links/dev-team.yaml", old: "203.0.113.10", new: "lb.example.com",
      finding: "error[LW4021] links/dev-team.yaml:12: 'lb.example.com' is not an IP address"),
    Fault(
      path: "links/dev-team.yaml", old: "203.0.113.10", new: "169.254.1.1",
      finding: "error[LW4021] links/dev-team.yaml:12: 169.254.1.1 is a link-local address"),
    Fault(
      path: "links/dev-team.yaml", old: "zone: xcc.test", new: "zone: xcc.test\n    resolutionType: hostPort",
      finding: "error[LW4002] links/dev-team.yaml:11: there is no resolution type 'hostPort'"),
    Fault(
      path: "workloads/cluster-a/kuard.yaml", old: "kuard.gateway.cluster-a", new: "kuard.gateway.cluster-b",
      finding:
        "error[LW4042] workloads/cluster-a/kuard.yaml:19: the host kuard.gateway.cluster-b.dev-team.clusters.xcc.test never leads to cluster-a"
    ),
    Fault(
      path: "workloads/cluster-a/kuard.yaml", old: "clusters.xcc.test", new: "clusters.xcc.tset",
      finding: "error[LW4042] workloads/cluster-a/kuard.yaml:19: the host"),
    Fault(
      path: "workloads/cluster-a/kuard.yaml", old: "fqdn: kuard.", new: "fqdn: kaurd.",
      finding:
        "error[LW7204] connections/kuard.yaml:6: no route of cluster-a has the host kuard.gateway.cluster-a.dev-team.clusters.xcc.test: the gateway answers 404"
    ),
    Fault(
      path: "workloads/cluster-a/contour.yaml", old: "type: LoadBalancer", new: "type: NodePort",
      finding:
        "error[LW4020] workloads/cluster-a/contour.yaml:5: Service projectcontour/envoy of cluster-a is of type NodePort"
    ),
    Fault(
      path: "workloads/cluster-a/contour.yaml", old: "name: envoy, namespace: projectcontour}\nspec:\n  type",
      new: "name: envoi, namespace: projectcontour}\nspec:\n  type",
      finding: "error[LW4020] links/dev-team.yaml:9: there is no Service projectcontour/envoy in cluster-a"),
    Fault(
      path: "dns/cluster-b/Corefile", old: ".:53 {",
      new: "xcc.test {\n    whoami\n}\nxcc.test {\n    whoami\n}\n.:53 {",
      finding: "error[LW4102] dns/cluster-b/Corefile:4: two blocks serve xcc.test at port 53"),
    Fault(
      path: "dns/cluster-b/Corefile", old: "kubernetes cluster.local", new: "kubernetes xcc.test",
      finding:
        "error[LW4010] dns/cluster-b/Corefile:3: the zone xcc.test collides with xcc.test, which cluster-b serves itself"
    ),
    Fault(
      path: "clusters/cluster-b.yaml", old: "namespace: dev-team", new: "namespace: qa-team",
      finding:
        "error[LW4014] links/dev-team.yaml:11: cluster 'cluster-b' is not registered in dev-team of mgmt"),
  ]

  @Test(arguments: faults)
  func faultIsFoundAtItsPlace(_ fault: Fault) throws {
    var fleet = try GatewayDNSTests.base()
    let text = try #require(fleet[fault.path])
    #expect(text.contains(fault.old))
    fleet[fault.path] = text.replacing(fault.old, with: fault.new)
    let compilation = try fleet.compile()
    #expect(compilation.lines.contains(fault.finding), "\(compilation.lines)")
    #expect(compilation.failed == fault.finding.hasPrefix("error"))
    for finding in compilation.findings { #expect(!finding.help.isEmpty, "\(finding.message)") }
  }

  @Test func aHostNameOfALoadBalancerIsFoundWhereItWasObserved() throws {
    var fleet = try GatewayDNSTests.example()
    let path = "observed/cluster-a/projectcontour.yaml"
    fleet[path] = fleet[path]?.replacing("- ip: 203.0.113.10", with: "- hostname: a.elb.example.com")
    let compilation = try fleet.compile()
    #expect(
      compilation.lines.contains(
        "error[LW4021] \(path):26: the load balancer of projectcontour/envoy in cluster-a has a host name instead of an address"
      ), "\(compilation.lines)")
  }

  @Test func twoLinksOnOneClusterAndAHandWrittenObject() throws {
    let second = """
      -- links/second.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: second}
      spec:
        gatewayDNS:
          managementCluster: mgmt
          namespace: dev-team
          clusterSelector: {matchExpressions: [{key: hasContour, operator: Exists}]}
          service: ingress/nginx
          zone: xcc.test

      """
    let links = try GatewayDNSTests.base().overlaid(by: second).compile()
    #expect(
      links.lines.contains(
        "error[LW4007] links/second.yaml:3: dev-team and second both select cluster 'cluster-a'"),
      "\(links.lines)")
    let manifest = try GatewayDNSTests.base().overlaid(
      by: """
        -- workloads/mgmt/gateway-dns.yaml --
        apiVersion: connectivity.tanzu.vmware.com/v1alpha1
        kind: GatewayDNS
        metadata: {name: by-hand, namespace: dev-team}
        spec: {service: projectcontour/envoy, resolutionType: loadBalancer}
        """
    ).compile()
    #expect(
      manifest.lines.contains(
        "error[LW4007] workloads/mgmt/gateway-dns.yaml:3: dev-team and by-hand both select cluster 'cluster-a'"
      ),
      "\(manifest.lines)")
    #expect(manifest.lines.contains("warning[LW4004] workloads/mgmt/gateway-dns.yaml:3"))
  }

  /// Two links of one namespace with selectors that do not meet share the resolvers.
  @Test func twoLinksOfOneNamespaceWriteEachResolverOnce() throws {
    let compilation = try GatewayDNSTests.base().overlaid(
      by: """
        -- links/second.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Link
        metadata: {name: second}
        spec:
          gatewayDNS:
            managementCluster: mgmt
            namespace: dev-team
            clusterSelector: {matchExpressions: [{key: hasContour, operator: DoesNotExist}]}
            service: ingress/nginx
            zone: xcc.test
            addresses: {cluster-b: [203.0.113.30]}
            upstream: {cluster-a: 10.96.0.50, cluster-b: 10.96.0.60}
        -- connections/kuard.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Connection
        metadata: {name: kuard, namespace: demo}
        spec:
          via: dev-team
          from: [{clusters: [cluster-b]}]
          to: {clusters: [cluster-a], service: kuard, ports: [80]}
        """
    ).compile()
    #expect(!compilation.failed, "\(compilation.lines)")
    #expect(compilation.output.files.filter { $0.path.hasSuffix("fragments/Corefile") }.count == 2)
    #expect(
      compilation.output.files.filter { $0.path.contains("/expected/xcc-dns/endpointslice") }.count == 4)
  }

  @Test func namesThatAreTooLong() throws {
    var fleet = try GatewayDNSTests.base()
    let long = String(repeating: "a", count: 40)
    fleet["clusters/cluster-a.yaml"] = fleet["clusters/cluster-a.yaml"]?.replacing(
      "namespace: dev-team,", with: "namespace: dev-team, name: \(long)bbbbbbb,")
    let compilation = try fleet.compile()
    // dev-team + 47 + "-" + "-gateway" = 64
    #expect(
      compilation.lines.contains("error[LW4016] clusters/cluster-a.yaml:7:")
        && compilation.lines.contains("has 64 characters; its name must fit a label of 63"),
      "\(compilation.lines)")
    fleet["clusters/cluster-a.yaml"] = fleet["clusters/cluster-a.yaml"]?.replacing(
      "bbbbbbb,", with: "bbbbbb,")
    #expect(!(try fleet.compile().lines.contains("LW4016")))
  }
}
