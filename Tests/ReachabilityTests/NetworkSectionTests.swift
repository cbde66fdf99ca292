import Kubernetes
import Reachability
import Testing

/// Pods on several networks: primary ones of OVN-Kubernetes, and those beside the cluster's own.
@Suite struct NetworkSectionTests {
  private static func render(
    _ text: String, _ profile: String = "np-guard", _ format: ConnectivityFormat = .text
  ) throws -> String {
    let network = RuleTests.network(text, try #require(NetworkProfile.named(profile)))
    return format.render(
      ConnectivityList(PolicyEngine(network.network), network), withoutDepends: profile == "np-guard")
  }

  private static func namespace(_ name: String, _ labels: String) -> String {
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: {\(labels)}}\n---\n"
  }

  private static func pod(_ name: String, networks: String? = nil) -> String {
    let parts = name.split(separator: "/")
    let annotation = networks.map { ", annotations: {k8s.v1.cni.cncf.io/networks: '\($0)'}" } ?? ""
    return
      "apiVersion: v1\nkind: Pod\nmetadata: {name: \(parts[1]), namespace: \(parts[0]), labels: {app: \(parts[1])}\(annotation)}\nspec: {containers: []}\n---\n"
  }

  private static let primary = "k8s.ovn.org/primary-user-defined-network: \"\""
  private static let everybody = "0.0.0.0-255.255.255.255[External]"

  /// Two pods in a network of their namespace, one in a network of several, one in the cluster's own.
  private static let primaries =
    namespace("blue", primary) + namespace("red", "\(primary), tenant: red")
      + """
      apiVersion: k8s.ovn.org/v1
      kind: UserDefinedNetwork
      metadata: {name: own, namespace: blue}
      spec: {topology: Layer2, layer2: {role: Primary, subnets: [203.0.113.0/24]}}
      ---
      apiVersion: k8s.ovn.org/v1
      kind: ClusterUserDefinedNetwork
      metadata: {name: tenant}
      spec: {namespaceSelector: {matchLabels: {tenant: red}}, network: {topology: Layer3, layer3: {role: Primary}}}
      ---

      """
    + pod("blue/a") + pod("blue/b") + pod("red/c")
    + ManifestSetTests.policy(
      "blue/in", "podSelector: {matchLabels: {app: a}}, ingress: [{ports: [{port: 80}]}]")
    + ManifestSetTests.policy(
      "red/in", "podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{ports: [{port: 81}]}]")

  private static let sections = """

    Permitted connectivity analyzed in primary UDN blue:
    \(everybody) => blue[udn]/a[Pod] : TCP 80
    \(everybody) => blue[udn]/b[Pod] : All Connections
    blue[udn]/a[Pod] => \(everybody) : All Connections
    blue[udn]/a[Pod] => blue[udn]/b[Pod] : All Connections
    blue[udn]/b[Pod] => \(everybody) : All Connections
    blue[udn]/b[Pod] => blue[udn]/a[Pod] : TCP 80

    Permitted connectivity analyzed in primary CUDN tenant:
    \(everybody) => red/c[Pod] : TCP 81

    Workload-to-Networks Mapping:

    """

  /// np-guard lists each network by itself, and then which workload is on which.
  @Test func primaryNetworks() throws {
    #expect(
      try Self.render(Self.primaries) == """
        Permitted connectivity analyzed in Pod network:
        all input workloads are configured with (C)UDN as their primary network interface
        \(Self.sections)blue/a[Pod]:\(" ")
        \tPrimary Network: blue[UDN]
        blue/b[Pod]:\(" ")
        \tPrimary Network: blue[UDN]
        red/c[Pod]:\(" ")
        \tPrimary Network: tenant[CUDN]

        """)
    let closed =
      Self.primaries + Self.pod("open/d")
      + ManifestSetTests.policy("open/in", "podSelector: {}, policyTypes: [Ingress, Egress]")
    #expect(
      try Self.render(closed).hasPrefix(
        "Permitted connectivity analyzed in Pod network:\nAll connections are not allowed for the workloads in the pod-network\n\(Self.sections)"
      ))
    let csv = try Self.render(Self.primaries + Self.pod("open/d"), "np-guard", .csv)
    #expect(csv.hasPrefix("src,dst,conn,network\n"))
    #expect(csv.contains("blue[udn]/b[Pod],blue[udn]/a[Pod],TCP 80,blue\n"), "\(csv)")
    #expect(csv.contains("\(Self.everybody),red/c[Pod],TCP 81,tenant\n"), "\(csv)")
    #expect(csv.contains("\(Self.everybody),open/d[Pod],All Connections,pod-network\n"), "\(csv)")
    // Other profiles list pairs, as ever.
    let other = try Self.render(Self.primaries, "ovn-kubernetes")
    #expect(other.contains("blue/b[Pod] => blue/a[Pod] : TCP 80\n") && !other.contains("Mapping"), "\(other)")
  }

  /// One definition of each namespace, with one name in their configuration: one network. A third pod is on another.
  private static let attached = """
    apiVersion: k8s.cni.cncf.io/v1
    kind: NetworkAttachmentDefinition
    metadata: {name: lan, namespace: x}
    spec: {config: '{"cniVersion": "0.3.1", "name": "backbone", "type": "ovn-k8s-cni-overlay"}'}
    ---
    apiVersion: k8s.cni.cncf.io/v1
    kind: NetworkAttachmentDefinition
    metadata: {name: lan2, namespace: z}
    spec: {config: '{"cniVersion": "0.3.1", "name": "backbone", "type": "ovn-k8s-cni-overlay"}'}
    ---

    """
    + pod("x/a", networks: "lan@eth1, z/lan2") + pod("z/b", networks: "[{\"name\": \"lan2\"}]")
    + pod("x/c", networks: "other") + pod("z/d", networks: "other")
    + ["x", "z"].map {
      ManifestSetTests.policy("\($0)/closed", "podSelector: {}, policyTypes: [Ingress, Egress]")
    }
    .joined()

  private static let multi = """
    apiVersion: k8s.cni.cncf.io/v1beta1
    kind: MultiNetworkPolicy
    metadata: {name: in, namespace: x, annotations: {k8s.v1.cni.cncf.io/policy-for: lan}}
    spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: b}}}], ports: [{port: 80}]}]}
    ---

    """

  /// What MultiNetworkPolicies admit on a network beside the cluster's own is a section under np-guard's conventions.
  @Test func networksBesideTheClusters() throws {
    #expect(
      try Self.render(Self.attached + Self.multi) == """
        Permitted connectivity analyzed in Pod network:
        All connections are not allowed for the workloads in the pod-network

        Permitted connectivity analyzed in secondary NAD backbone:
        x/a[Pod] => z/b[Pod] : All Connections
        z/b[Pod] => x/a[Pod] : TCP 80

        Workload-to-Networks Mapping:
        x/a[Pod]:\(" ")
        \tPrimary Network: pod-network
        \tSecondary Networks: backbone[NAD]
        x/c[Pod]:\(" ")
        \tPrimary Network: pod-network
        \tSecondary Networks: other[NAD]
        z/b[Pod]:\(" ")
        \tPrimary Network: pod-network
        \tSecondary Networks: backbone[NAD]
        z/d[Pod]:\(" ")
        \tPrimary Network: pod-network
        \tSecondary Networks: other[NAD]

        """)
  }

  /// Nobody knows there who enforces MultiNetworkPolicies: pods that share such a network may meet, others do not.
  @Test func whatPassesBesideDepends() throws {
    let reason = "what passes by a second network of both, which NetworkPolicies do not govern"
    for more in ["", Self.multi] {
      #expect(
        try Self.render(Self.attached + more, "ovn-kubernetes").split(separator: "\n") == [
          "x/a[Pod] => z/b[Pod] : All Connections (depends: \(reason))",
          "z/b[Pod] => x/a[Pod] : All Connections (depends: \(reason))",
        ])
    }
    let admitted =
      ManifestSetTests.policy("z/some", "podSelector: {}, ingress: [{ports: [{port: 443}]}]")
      + ManifestSetTests.policy("x/some", "podSelector: {}, policyTypes: [Egress], egress: [{}]")
    let lines = try Self.render(Self.attached + admitted, "ovn-kubernetes").split(separator: "\n")
    #expect(
      lines.filter { $0.hasPrefix("x/a[Pod] => z/b") } == [
        "x/a[Pod] => z/b[Pod] : TCP 443",
        "x/a[Pod] => z/b[Pod] : SCTP 1-65535,TCP 1-442,444-65535,UDP 1-65535 (depends: \(reason))",
      ])
  }

  /// A secondary network of OVN-Kubernetes is its namespace's own; a virtual machine names its networks in its template.
  @Test func virtualMachines() throws {
    func machine(_ name: String) -> String {
      let parts = name.split(separator: "/")
      return
        "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata: {name: \(parts[1]), namespace: \(parts[0])}\nspec: {template: {metadata: {labels: {app: m}}, spec: {networks: [{name: a, pod: {}}, {name: b, multus: {networkName: lan}}]}}}\n---\n"
    }
    func network(_ namespace: String) -> String {
      "apiVersion: k8s.ovn.org/v1\nkind: UserDefinedNetwork\nmetadata: {name: lan, namespace: \(namespace)}\nspec: {topology: Layer2, layer2: {role: Secondary}}\n---\n"
    }
    let text =
      network("x") + network("z") + ["x/a", "x/b", "z/c"].map(machine).joined()
      + ["x", "z"].map {
        ManifestSetTests.policy("\($0)/closed", "podSelector: {}, policyTypes: [Ingress, Egress]")
      }
      .joined()
    let pairs = try Self.render(text, "ovn-kubernetes").split(separator: "\n").filter { $0.hasPrefix("x/a") }
    #expect(
      pairs.map { String($0.prefix { $0 != ":" }) } == [
        "x/a[VirtualMachine] => x/a[VirtualMachine] ", "x/a[VirtualMachine] => x/b[VirtualMachine] ",
      ])
  }

  /// np-guard's graph: every workload in its namespace's box, edges in its colours.
  @Test func graph() throws {
    let text =
      Self.pod("x/a") + Self.pod("x/b") + Self.pod("z/c")
      + ["x", "z"].map {
        ManifestSetTests.policy("\($0)/closed", "podSelector: {}, policyTypes: [Ingress, Egress]")
      }
      .joined()
      + ManifestSetTests.policy("x/out", "podSelector: {}, policyTypes: [Egress], egress: [{}]")
      + ManifestSetTests.policy(
        "x/in", "podSelector: {matchLabels: {app: b}}, ingress: [{from: [{podSelector: {}}]}]")
    #expect(
      try Self.render(text, "np-guard", .dot) == """
        digraph {
        \tsubgraph "cluster_x" {
        \t\tcolor="black"
        \t\tfontcolor="black"
        \t\t"x/a[Pod]" [label="a[Pod]" color="blue" fontcolor="blue"]
        \t\t"x/b[Pod]" [label="b[Pod]" color="blue" fontcolor="blue"]
        \t\tlabel="x"
        \t}
        \tsubgraph "cluster_z" {
        \t\tcolor="black"
        \t\tfontcolor="black"
        \t\t"z/c[Pod]" [label="c[Pod]" color="blue" fontcolor="blue"]
        \t\tlabel="z"
        \t}
        \t"\(Self.everybody)" [label="\(Self.everybody)" color="red2" fontcolor="red2"]
        \t"x/a[Pod]" -> "\(Self.everybody)" [label="All Connections" color="gold2" fontcolor="darkgreen" weight=1]
        \t"x/a[Pod]" -> "x/b[Pod]" [label="All Connections" color="gold2" fontcolor="darkgreen" weight=0.5]
        \t"x/b[Pod]" -> "\(Self.everybody)" [label="All Connections" color="gold2" fontcolor="darkgreen" weight=1]
        }

        """)
  }
}
