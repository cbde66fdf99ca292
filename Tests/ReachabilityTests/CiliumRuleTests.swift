import Kubernetes
import Reachability
import Testing
import YAMLTree

/// One case per rule of Cilium's and of admin policies, written by hand from their documentation and sources.
@Suite struct CiliumRuleTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let policy: String
    let from: String
    let to: String
    let port: UInt16
    let expected: Ternary
    var transport = TransportProtocol.tcp
    var profile = "cilium-1.19"

    var testDescription: String { name }

    init(
      _ name: String, _ policy: String, _ from: String, _ to: String, _ port: UInt16 = 80,
      _ expected: Ternary, _ transport: TransportProtocol = .tcp, profile: String = "cilium-1.19"
    ) {
      self.name = name
      self.policy = policy
      self.from = from
      self.to = to
      self.port = port
      self.expected = expected
      self.transport = transport
      self.profile = profile
    }
  }

  /// A policy of namespace `a`.
  private static func cilium(_ spec: String) -> String {
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c, namespace: a}\nspec: {\(spec)}\n"
  }

  private static func clusterwide(_ spec: String) -> String {
    "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: w}\nspec: {\(spec)}\n"
  }

  static func network(_ spec: String) -> String {
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: a}\nspec: {\(spec)}\n"
  }

  private static let group = """
    apiVersion: cilium.io/v2alpha1
    kind: CiliumCIDRGroup
    metadata: {name: g, labels: {role: vpn}}
    spec: {externalCIDRs: [8.8.0.0/16, "2001:db8::/32"]}
    ---

    """

  private static let services = """
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: b, labels: {tier: api}}
    spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: dotted, namespace: b}
    spec: {selector: {app.kubernetes.io/name: dotted}, ports: [{port: 80}]}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: dotted, namespace: b, labels: {app.kubernetes.io/name: dotted}}
    spec: {containers: []}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: outside, namespace: b}
    spec: {ports: [{port: 443}]}
    ---
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: outside-1, namespace: b, labels: {kubernetes.io/service-name: outside}}
    addressType: IPv4
    endpoints: [{addresses: [203.0.113.7]}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: pod, namespace: b}
    spec: {ports: [{port: 443}]}
    ---
    apiVersion: v1
    kind: Endpoints
    metadata: {name: pod, namespace: b}
    subsets: [{addresses: [{ip: 10.0.0.9}], ports: [{port: 443}]}]
    ---

    """

  private static func toService(_ reference: String) -> String {
    cilium("endpointSelector: {}, egress: [{toServices: [{k8sService: {\(reference)}}]}]")
  }

  private static let ciliumCases: [Case] = [
    // Isolation
    Case(
      "an empty rule isolates and admits nobody", cilium("endpointSelector: {}, ingress: [{}]"), "b/web",
      "a/web", 80, .no),
    Case(
      "a direction without rules stays open", cilium("endpointSelector: {}, egress: [{}]"), "b/web", "a/web",
      80, .yes),
    Case(
      "an empty list is no rule", cilium("endpointSelector: {}, ingress: [], egress: [{}]"), "b/web", "a/web",
      80, .yes),
    Case(
      "a rule that denies isolates too",
      cilium(
        "endpointSelector: {}, ingressDeny: [{fromEndpoints: [{matchLabels: {app: two}}]}]"), "a/db", "a/web",
      80, .no),
    Case(
      "… unless it says that it does not",
      cilium(
        "endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingressDeny: [{fromEndpoints: [{matchLabels: {app: two}}]}]"
      ), "a/db", "a/web", 80, .yes),
    Case(
      "… and still denies what it names",
      cilium(
        "endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingressDeny: [{fromEndpoints: [{matchLabels: {app: two}}]}]"
      ), "a/two", "a/web", 80, .no),
    Case(
      "a policy may isolate without a rule",
      cilium("endpointSelector: {}, enableDefaultDeny: {ingress: true}"),
      "b/web", "a/web", 80, .no),
    Case(
      "what is denied stays denied",
      cilium(
        "endpointSelector: {}, ingress: [{fromEntities: [all]}], ingressDeny: [{fromEndpoints: [{}], toPorts: [{ports: [{port: \"80\"}]}]}]"
      ), "a/db", "a/web", 80, .no),
    Case(
      "… on the ports that are named",
      cilium(
        "endpointSelector: {}, ingress: [{fromEntities: [all]}], ingressDeny: [{fromEndpoints: [{}], toPorts: [{ports: [{port: \"80\"}]}]}]"
      ), "a/db", "a/web", 81, .yes),
    Case(
      "policies of both kinds add up",
      network("podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]") + "---\n"
        + cilium("endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]"), "b/web", "a/web", 80, .yes),
    Case(
      "… and Cilium's deny comes before a NetworkPolicy",
      network("podSelector: {}, ingress: [{}]") + "---\n"
        + cilium("endpointSelector: {}, ingressDeny: [{fromEntities: [world]}]"), "8.8.8.8", "a/web", 80, .no),
    // Selectors
    Case(
      "an empty selector is the own namespace",
      cilium("endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]"),
      "b/web", "a/web", 80, .no),
    Case(
      "… all of it", cilium("endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]"), "a/db", "a/web", 80,
      .yes),
    Case(
      "a namespace by its label",
      cilium(
        "endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {\"k8s:io.kubernetes.pod.namespace\": b}}]}]"
      ), "b/web", "a/web", 80, .yes),
    Case(
      "namespaces by their own labels",
      cilium(
        "endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.namespace.labels.team: y}}]}]"
      ), "b/web", "a/web", 80, .yes),
    Case(
      "… which nobody tells of a namespace without a manifest",
      cilium(
        "endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.namespace.labels.team: y}}]}]"
      ), "unlisted/web", "a/web", 80, .depends),
    Case(
      "sources of labels",
      cilium("endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {\"any:app\": db}}]}]"),
      "a/db", "a/web", 80, .yes),
    Case(
      "a service account",
      cilium(
        "endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.serviceaccount: default}}]}]"
      ), "a/db", "a/web", 80, .yes),
    Case(
      "a clusterwide policy's selector is every namespace",
      clusterwide("endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{}]}]"), "b/web",
      "a/web", 80, .yes),
    Case(
      "… and no address",
      clusterwide("endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{}]}]"), "8.8.8.8",
      "a/web", 80, .no),
    Case(
      "endpoints are no host-network pods", cilium("endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]"),
      "a/host", "a/web", 80, .no),
    Case(
      "a host-network pod is never isolated", cilium("endpointSelector: {}, ingress: [{}]"), "b/web",
      "a/host",
      80, .yes),
    Case(
      "… but by a host policy, where that is on", clusterwide("nodeSelector: {}, ingress: [{}]"), "b/web",
      "a/host", 80, .depends),
    // Addresses
    Case(
      "addresses are never pods", cilium("endpointSelector: {}, ingress: [{fromCIDR: [0.0.0.0/0]}]"), "a/db",
      "a/web", 80, .no),
    Case(
      "an address without a length", cilium("endpointSelector: {}, ingress: [{fromCIDR: [8.8.8.8]}]"),
      "8.8.8.8", "a/web", 80, .yes),
    Case(
      "except",
      cilium("endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 8.0.0.0/8, except: [8.8.0.0/16]}]}]"),
      "8.8.8.8", "a/web", 80, .no),
    Case(
      "a group of ranges depends", cilium("endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: g}]}]"),
      "a/web", "8.8.8.8", 80, .depends),
    Case(
      "names of hosts depend", cilium("endpointSelector: {}, egress: [{toFQDNs: [{matchName: a.example}]}]"),
      "a/web", "8.8.8.8", 443, .depends),
    Case(
      "… and are no pods", cilium("endpointSelector: {}, egress: [{toFQDNs: [{matchName: a.example}]}]"),
      "a/web", "b/web", 443, .no),
    Case(
      "a group of ranges that is known",
      group
        + cilium("endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: g, except: [8.8.4.0/24]}]}]"),
      "a/web", "8.8.8.8", 80, .yes),
    Case(
      "… without what it excepts",
      group
        + cilium("endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: g, except: [8.8.4.0/24]}]}]"),
      "a/web", "8.8.4.4", 80, .no),
    Case(
      "groups by labels",
      group
        + cilium(
          "endpointSelector: {}, ingress: [{fromCIDRSet: [{cidrGroupSelector: {matchLabels: {role: vpn}}}]}]"),
      "8.8.8.8", "a/web", 80, .yes),
    Case(
      "… of which there may be others",
      group
        + cilium(
          "endpointSelector: {}, ingress: [{fromCIDRSet: [{cidrGroupSelector: {matchLabels: {role: vpn}}}]}]"),
      "9.9.9.9", "a/web", 80, .depends),
    // Services
    Case(
      "a Service is the pods that it selects", services + toService("serviceName: web, namespace: b"),
      "a/web",
      "b/web", 8080, .yes),
    Case(
      "… in its own namespace", services + toService("serviceName: web, namespace: b"), "a/web",
      "unlisted/web", 8080, .no),
    Case(
      "… and no others", services + toService("serviceName: web, namespace: b"), "a/web", "a/db", 8080, .no),
    Case(
      "… which releases before 1.17 did not follow", services + toService("serviceName: web, namespace: b"),
      "a/web", "b/web", 8080, .depends, profile: "cilium-1.18"),
    Case(
      "… nor some later ones where keys have dots", services + toService("serviceName: dotted, namespace: b"),
      "a/web", "b/dotted", 8080, .depends),
    Case(
      "a Service that nobody tells depends", services + toService("serviceName: other, namespace: b"),
      "a/web",
      "b/web", 8080, .depends),
    Case(
      "Services of one name in any namespace", services + toService("serviceName: web"), "a/web", "b/web",
      8080,
      .yes),
    Case(
      "… of which there may be others", services + toService("serviceName: web"), "a/web", "a/db", 8080,
      .depends
    ),
    Case(
      "Services by labels",
      services
        + cilium(
          "endpointSelector: {}, egress: [{toServices: [{k8sServiceSelector: {selector: {matchLabels: {tier: api}}, namespace: b}}]}]"
        ), "a/web", "b/web", 8080, .yes),
    Case(
      "a Service without a selector is its addresses",
      services + toService("serviceName: outside, namespace: b"), "a/web", "203.0.113.7", 443, .yes),
    Case(
      "… and no others", services + toService("serviceName: outside, namespace: b"), "a/web", "203.0.113.8",
      443, .no),
    Case(
      "… and no pods", services + toService("serviceName: pod, namespace: b"), "a/web", "a/db", 443, .no),
    // Entities
    Case(
      "all", cilium("endpointSelector: {}, ingress: [{fromEntities: [all]}]"), "8.8.8.8", "a/web", 80, .yes),
    Case(
      "world is no pod", cilium("endpointSelector: {}, ingress: [{fromEntities: [world]}]"), "b/web", "a/web",
      80, .no),
    Case(
      "world", cilium("endpointSelector: {}, ingress: [{fromEntities: [world]}]"), "fd00::1", "a/web", 80,
      .yes),
    Case(
      "half the world", cilium("endpointSelector: {}, ingress: [{fromEntities: [world-ipv4]}]"), "fd00::1",
      "a/web", 80, .no),
    Case(
      "cluster", cilium("endpointSelector: {}, ingress: [{fromEntities: [cluster]}]"), "b/web", "a/web", 80,
      .yes),
    Case(
      "host or another", cilium("endpointSelector: {}, ingress: [{fromEntities: [host]}]"), "a/host", "a/web",
      80, .depends),
    Case(
      "any node", cilium("endpointSelector: {}, ingress: [{fromEntities: [host, remote-node]}]"), "a/host",
      "a/web", 80, .yes),
    Case(
      "nodes are no pods", cilium("endpointSelector: {}, ingress: [{fromEntities: [host, remote-node]}]"),
      "a/db", "a/web", 80, .no),
    Case(
      "the API server is somewhere", cilium("endpointSelector: {}, egress: [{toEntities: [kube-apiserver]}]"),
      "a/web", "8.8.8.8", 6443, .depends),
    Case("none", cilium("endpointSelector: {}, ingress: [{fromEntities: [none]}]"), "a/db", "a/web", 80, .no),
    // Ports
    Case(
      "ports without peers admit everyone",
      cilium("endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: \"80\"}]}]}]"), "8.8.8.8", "a/web",
      80, .yes),
    Case(
      "… on those ports", cilium("endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: \"80\"}]}]}]"),
      "8.8.8.8", "a/web", 81, .no),
    Case(
      "no protocol is any", cilium("endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: \"80\"}]}]}]"),
      "8.8.8.8", "a/web", 80, .yes, .udp),
    Case(
      "… SCTP where it is on",
      cilium("endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: \"80\"}]}]}]"), "8.8.8.8", "a/web",
      80, .depends, .sctp),
    Case(
      "one protocol",
      cilium("endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: \"80\", protocol: TCP}]}]}]"),
      "8.8.8.8", "a/web", 80, .no, .udp),
    Case(
      "endPort",
      cilium("endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: \"80\", endPort: 90}]}]}]"),
      "8.8.8.8", "a/web", 90, .yes),
    Case(
      "zero is every port",
      cilium("endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: \"0\", protocol: TCP}]}]}]"),
      "8.8.8.8", "a/web", 4711, .yes),
    Case(
      "a name",
      cilium("endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: http, protocol: TCP}]}]}]"),
      "8.8.8.8", "a/web", 8080, .yes),
    Case(
      "requests decide above the transport layer",
      cilium(
        "endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: \"80\", protocol: TCP}], rules: {http: [{method: GET}]}}]}]"
      ), "8.8.8.8", "a/web", 80, .depends),
    Case(
      "questions for any name are open",
      cilium(
        "endpointSelector: {}, egress: [{toPorts: [{ports: [{port: \"53\", protocol: UDP}], rules: {dns: [{matchPattern: \"*\"}]}}]}]"
      ), "a/web", "b/web", 53, .yes, .udp),
    Case(
      "… for some they decide",
      cilium(
        "endpointSelector: {}, egress: [{toPorts: [{ports: [{port: \"53\", protocol: UDP}], rules: {dns: [{matchPattern: \"*.example\"}]}}]}]"
      ), "a/web", "b/web", 53, .depends, .udp),
    Case(
      "authentication depends",
      cilium("endpointSelector: {}, ingress: [{fromEntities: [all], authentication: {mode: required}}]"),
      "b/web", "a/web", 80, .depends),
    Case(
      "ICMP opens no port", cilium("endpointSelector: {}, ingress: [{icmps: [{fields: [{type: 8}]}]}]"),
      "8.8.8.8", "a/web", 80, .no),
    Case(
      "an empty list of peers depends",
      cilium("endpointSelector: {}, ingress: [{fromEndpoints: [], toPorts: [{ports: [{port: \"80\"}]}]}]"),
      "a/db", "a/web", 80, .depends),
    Case(
      "… and admits nobody without ports", cilium("endpointSelector: {}, ingress: [{fromEndpoints: []}]"),
      "a/db", "a/web", 80, .no),
    Case(
      "requirements may close anything",
      cilium(
        "endpointSelector: {}, ingress: [{fromEndpoints: [{}]}, {fromRequires: [{matchLabels: {x: y}}]}]"),
      "a/db", "a/web", 80, .depends),
    // Plugins
    Case(
      "another plugin may not know the kind", cilium("endpointSelector: {}, ingress: [{}]"), "b/web", "a/web",
      80, .depends, profile: "kubernetes"),
    Case(
      "… or does not", cilium("endpointSelector: {}, ingress: [{}]"), "b/web", "a/web", 80, .yes,
      profile: "calico"),
  ]

  @Test(arguments: ciliumCases + adminCases) func rule(_ given: Case) throws {
    let profile = try #require(NetworkProfile.named(given.profile))
    let network = RuleTests.network(RuleTests.manifests + "---\n" + given.policy, profile).network
    let from = try RuleTests.endpoint(given.from, network)
    let to = try RuleTests.endpoint(given.to, network)
    let engine = PolicyEngine(network)
    let answer = engine.connections(from: from, to: to)
    let fast = Ternary(
      may: answer.may.contains(given.port, given.transport),
      must: answer.must.contains(given.port, given.transport))
    #expect(fast == given.expected)
    let slow = NaiveEvaluator(network).passes(from: from, to: to, port: Int(given.port), given.transport)
    #expect(slow == given.expected)
    let trace = engine.trace(from: from, to: to, port: given.port, given.transport)
    #expect(trace.answer == given.expected)
    #expect(trace.questions.isEmpty == (given.expected != .depends))
  }

  /// Addresses of nodes, of pods' networks and of the API server, where they are known.
  @Test(arguments: [
    ("world", "10.1.0.1", Ternary.no), ("world", "10.2.0.1", .depends), ("world", "8.8.8.8", .yes),
    ("cluster", "10.1.0.1", .yes), ("cluster", "8.8.8.8", .no), ("cluster", "10.3.0.1", .yes),
    ("host", "10.1.0.1", .depends), ("host", "8.8.8.8", .no), ("kube-apiserver", "10.3.0.1", .yes),
    ("kube-apiserver", "8.8.8.8", .no), ("ingress", "10.2.0.1", .depends), ("ingress", "8.8.8.8", .no),
  ])
  func entitiesWhereNetworksAreKnown(_ entity: String, _ address: String, _ expected: Ternary) throws {
    var network = RuleTests.network(RuleTests.manifests, try #require(.named("cilium-1.19"))).network
    network.nodeNetworks = [IPNetwork("10.1.0.0/16")].compactMap { $0 }
    network.podNetworks = [IPNetwork("10.2.0.0/16")].compactMap { $0 }
    network.apiServerNetworks = [IPNetwork("10.3.0.1/32")].compactMap { $0 }
    network.add(Self.cilium("endpointSelector: {}, ingress: [{fromEntities: [\(entity)]}]"))
    let from = try RuleTests.endpoint(address, network)
    let to = try RuleTests.endpoint("a/web", network)
    let answer = PolicyEngine(network).connections(from: from, to: to)
    #expect(Ternary(may: answer.may.contains(80, .tcp), must: answer.must.contains(80, .tcp)) == expected)
    #expect(NaiveEvaluator(network).passes(from: from, to: to, port: 80, .tcp) == expected)
  }

  /// What a policy of a mesh says about another cluster's pods.
  @Test(arguments: [
    ("cilium-1.19", "", Ternary.no), ("cilium-1.18", "", .yes),
    ("cilium-1.19", ", io.cilium.k8s.policy.cluster: far", .yes),
    ("cilium-1.18", ", io.cilium.k8s.policy.cluster: near", .no),
  ])
  func clusters(_ profile: String, _ label: String, _ expected: Ternary) throws {
    for policy in [
      Self.cilium("endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {app: far\(label)}}]}]"),
      Self.network("podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: far\(label)}}}]}]"),
    ] {
      try expect(policy, profile, expected)
    }
  }

  /// The entity of this cluster is about it alone.
  @Test(arguments: [("cluster", Ternary.no), ("cluster-mesh", .yes), ("world", .no), ("all", .yes)])
  func entitiesOfAMesh(_ entity: String, _ expected: Ternary) throws {
    try expect(
      Self.cilium("endpointSelector: {}, ingress: [{fromEntities: [\(entity)]}]"), "cilium-1.19", expected)
  }

  private func expect(_ policy: String, _ profile: String, _ expected: Ternary) throws {
    var network = ClusterNetwork(profile: try #require(NetworkProfile.named(profile)))
    network.clusterName = "near"
    network.namespaces = [
      NamespaceFacts(name: "a"), NamespaceFacts(name: "a", isRemote: true, cluster: "far"),
    ]
    network.pods = [
      PodFacts(namespace: 0, name: "web", kind: "Pod", labels: Labels(["app": "web"])),
      PodFacts(namespace: 1, name: "far", kind: "Pod", labels: Labels(["app": "far"])),
    ]
    network.add(policy)
    let answer = PolicyEngine(network).connections(from: .pod(1), to: .pod(0))
    #expect(Ternary(may: answer.may.contains(80, .tcp), must: answer.must.contains(80, .tcp)) == expected)
    #expect(NaiveEvaluator(network).passes(from: .pod(1), to: .pod(0), port: 80, .tcp) == expected)
  }
}
