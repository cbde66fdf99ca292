import Diagnostics
import Kubernetes
import Reachability
import Testing
import YAMLTree

/// One case per rule of the NetworkPolicy API, written by hand: no evaluator is the oracle of the other here.
///
/// Mutation check: each of the breaks in `Mutations/README.md` beside this file makes a case of this suite, of the
/// vectors or of the properties fail.
@Suite struct RuleTests {
  /// A question and what must come out.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let spec: String
    let from: String
    let to: String
    let port: UInt16
    let transport: TransportProtocol
    let expected: Ternary
    let profile: NetworkProfile

    var testDescription: String { name }

    init(
      _ name: String, _ spec: String, _ from: String, _ to: String, _ port: UInt16,
      _ transport: TransportProtocol, _ expected: Ternary, profile: NetworkProfile = .kubernetes
    ) {
      self.name = name
      self.spec = spec
      self.from = from
      self.to = to
      self.port = port
      self.transport = transport
      self.expected = expected
      self.profile = profile
    }

    init(
      _ name: String, _ spec: String, _ from: String, _ to: String, _ port: UInt16 = 80, _ expected: Ternary,
      profile: NetworkProfile = .kubernetes
    ) {
      self.init(name, spec, from, to, port, .tcp, expected, profile: profile)
    }
  }

  /// The policy under test stands in namespace `a`, whose pods are `web`, `db`, `host` and `two`.
  static let manifests = """
    apiVersion: v1
    kind: Namespace
    metadata: {name: a, labels: {team: x}}
    ---
    apiVersion: v1
    kind: Namespace
    metadata: {name: b, labels: {team: y, kubernetes.io/metadata.name: wrong}}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: a, labels: {app: web}}
    spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}]}]}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: db, namespace: a, labels: {app: db, tier: ""}}
    spec: {containers: [{name: c, ports: [{name: http, containerPort: 9090}]}]}
    status: {podIP: 10.0.0.9}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: two, namespace: a, labels: {app: two}}
    spec: {containers: [{name: c, ports: [{name: http, containerPort: 1}]}, {name: d, ports: [{name: http, containerPort: 2}]}]}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: host, namespace: a, labels: {app: host}}
    spec: {hostNetwork: true, containers: []}
    status: {podIP: 192.168.1.7}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: dual, namespace: a, labels: {app: dual}}
    spec: {containers: []}
    status: {podIPs: [{ip: 10.0.0.20}, {ip: "fd00::20"}]}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: set, namespace: a}
    spec: {template: {metadata: {labels: {app: set}}, spec: {containers: []}}}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: b, labels: {app: web}}
    spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: unlisted, labels: {app: web}}
    spec: {containers: []}

    """

  private static func profile(_ change: (inout NetworkProfile) -> Void) -> NetworkProfile {
    var profile = NetworkProfile.kubernetes
    change(&profile)
    return profile
  }

  static let cases: [Case] = [
    // Defaulting of policyTypes
    Case("no policyTypes isolates ingress", "podSelector: {}", "b/web", "a/web", 80, .no),
    Case("no policyTypes leaves egress", "podSelector: {}", "a/web", "b/web", 80, .yes),
    Case("an egress rule isolates egress", "egress: [{to: [{podSelector: {}}]}]", "a/web", "b/web", 80, .no),
    Case("an empty egress list does not", "egress: []", "a/web", "b/web", 80, .yes),
    Case("policyTypes alone counts", "policyTypes: [Egress], ingress: []", "b/web", "a/web", 80, .yes),
    Case("null policyTypes is none", "policyTypes: null", "b/web", "a/web", 80, .no),
    Case("empty policyTypes is none", "policyTypes: []", "b/web", "a/web", 80, .no),
    // Empty and missing
    Case("an empty rule admits all", "ingress: [{}]", "8.8.8.8", "a/web", 80, .yes),
    Case(
      "an empty from admits all", "ingress: [{from: [], ports: [{port: 80}]}]", "8.8.8.8", "a/web", 80, .yes),
    Case("empty ports admit all protocols", "ingress: [{ports: []}]", "b/web", "a/web", 7, .sctp, .yes),
    Case(
      "podSelector {} as peer is the own namespace", "ingress: [{from: [{podSelector: {}}]}]", "b/web",
      "a/web", 80, .no),
    Case(
      "podSelector {} as peer is no address", "ingress: [{from: [{podSelector: {}}]}]", "8.8.8.8", "a/web",
      80, .no),
    Case(
      "namespaceSelector {} is every pod", "ingress: [{from: [{namespaceSelector: {}}]}]", "b/web", "a/web",
      80, .yes),
    Case(
      "namespaceSelector {} is no address", "ingress: [{from: [{namespaceSelector: {}}]}]", "8.8.8.8",
      "a/web", 80, .no),
    Case(
      "a null podSelector is missing",
      "ingress: [{from: [{namespaceSelector: {matchLabels: {team: y}}, podSelector: null}]}]",
      "b/web", "a/web", 80, .yes),
    // Peers
    Case(
      "items are ORed",
      "ingress: [{from: [{podSelector: {matchLabels: {app: db}}}, {namespaceSelector: {matchLabels: {team: y}}}]}]",
      "b/web", "a/web", 80, .yes),
    Case(
      "selectors of one item are ANDed",
      "ingress: [{from: [{podSelector: {matchLabels: {app: db}}, namespaceSelector: {matchLabels: {team: y}}}]}]",
      "b/web", "a/web", 80, .no),
    Case(
      "the name label is forced",
      "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}]}]", "b/web",
      "a/web", 80, .yes),
    Case(
      "another name label has no effect",
      "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: wrong}}}]}]",
      "b/web", "a/web", 80, .no),
    Case(
      "the name label without a manifest",
      "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: unlisted}}}]}]",
      "unlisted/web", "a/web", 80, .yes),
    Case(
      "an unlisted namespace's labels depend",
      "ingress: [{from: [{namespaceSelector: {matchLabels: {team: x}}}]}]", "unlisted/web", "a/web", 80,
      .depends),
    Case(
      "NotIn on an unlisted label depends",
      "ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [x]}]}}]}]",
      "unlisted/web", "a/web", 80, .depends),
    Case(
      "a null namespaceSelector is missing",
      "ingress: [{from: [{podSelector: {matchLabels: {app: web}}, namespaceSelector: null}]}]",
      "b/web", "a/web", 80, .no),
    Case(
      "every requirement of a namespace counts",
      "ingress: [{from: [{namespaceSelector: {matchLabels: {team: x}, matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [b]}]}}]}]",
      "b/web", "a/web", 80, .no),
    Case(
      "the label of a cluster is Cilium's alone",
      "ingress: [{from: [{podSelector: {matchLabels: {io.cilium.k8s.policy.cluster: near}}}]}]", "a/db",
      "a/web", 80, .no, profile: .named("calico") ?? .kubernetes),
    // Expressions
    Case(
      "NotIn matches a missing key",
      "ingress: [{from: [{podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [x]}]}}]}]",
      "a/two", "a/web", 80, .yes),
    Case(
      "In does not match a missing key",
      "ingress: [{from: [{podSelector: {matchExpressions: [{key: tier, operator: In, values: [\"\"]}]}}]}]",
      "a/two", "a/web", 80, .no),
    Case(
      "an empty value is a value",
      "ingress: [{from: [{podSelector: {matchExpressions: [{key: tier, operator: In, values: [\"\"]}]}}]}]",
      "a/db", "a/web", 80, .yes),
    Case(
      "Exists", "ingress: [{from: [{podSelector: {matchExpressions: [{key: tier, operator: Exists}]}}]}]",
      "a/two", "a/web", 80, .no),
    Case(
      "DoesNotExist",
      "ingress: [{from: [{podSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}}]}]", "a/db",
      "a/web", 80, .no),
    Case(
      "labels and expressions are ANDed",
      "ingress: [{from: [{podSelector: {matchLabels: {app: two}, matchExpressions: [{key: tier, operator: Exists}]}}]}]",
      "a/two", "a/web", 80, .no),
    Case(
      "a controller's label depends",
      "ingress: [{from: [{podSelector: {matchLabels: {apps.kubernetes.io/pod-index: \"0\"}}}]}]", "a/set",
      "a/web", 80, .depends),
    // Address blocks
    Case("ipBlock holds", "ingress: [{from: [{ipBlock: {cidr: 8.8.0.0/16}}]}]", "8.8.8.8", "a/web", 80, .yes),
    Case(
      "except leaves out", "ingress: [{from: [{ipBlock: {cidr: 8.8.0.0/16, except: [8.8.8.0/24]}}]}]",
      "8.8.8.8", "a/web", 80, .no),
    Case(
      "except does not deny",
      "ingress: [{from: [{ipBlock: {cidr: 8.8.0.0/16, except: [8.8.8.0/24]}}, {ipBlock: {cidr: 8.8.8.8/32}}]}]",
      "8.8.8.8", "a/web", 80, .yes),
    Case(
      "the last address belongs", "ingress: [{from: [{ipBlock: {cidr: 8.8.8.0/29}}]}]", "8.8.8.7", "a/web",
      80, .yes),
    Case(
      "host bits are masked", "ingress: [{from: [{ipBlock: {cidr: 8.8.8.77/24}}]}]", "8.8.8.8", "a/web", 80,
      .yes),
    Case(
      "IPv6", "ingress: [{from: [{ipBlock: {cidr: \"fd00::/8\", except: [\"fd01::/16\"]}}]}]", "fd00::1",
      "a/web", 80, .yes),
    Case(
      "IPv6 except", "ingress: [{from: [{ipBlock: {cidr: \"fd00::/8\", except: [\"fd01::/16\"]}}]}]",
      "fd01::1", "a/web", 80, .no),
    Case(
      "host bits of IPv6 are masked", "ingress: [{from: [{ipBlock: {cidr: \"fd00::77/64\"}}]}]", "fd00::1",
      "a/web", 80, .yes),
    Case(
      "a pod of both families lies in a range with both addresses",
      "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/24}}]}]", "a/dual", "a/web", 80, .depends,
      profile: .named("calico") ?? .kubernetes),
    Case(
      "0.0.0.0/0 is not IPv6", "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]", "fd00::1", "a/web", 80,
      .no),
    Case(
      "ipBlock and a pod's address", "ingress: [{from: [{ipBlock: {cidr: 10.0.0.9/32}}]}]", "a/db", "a/web",
      80, .depends),
    Case(
      "… in Calico", "ingress: [{from: [{ipBlock: {cidr: 10.0.0.9/32}}]}]", "a/db", "a/web", 80, .yes,
      profile: .named("calico") ?? .kubernetes),
    Case(
      "… in Cilium", "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]", "a/db", "a/web", 80, .no,
      profile: .named("cilium-1.19") ?? .kubernetes),
    Case(
      "… that is not told", "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]", "b/web", "a/web", 80,
      .depends, profile: .named("calico") ?? .kubernetes),
    Case(
      "except that a plugin may ignore",
      "ingress: [{from: [{ipBlock: {cidr: 8.8.0.0/16, except: [8.8.4.0/24]}}]}]", "8.8.8.8", "a/web", 80,
      .depends, profile: .named("openshift-sdn") ?? .kubernetes),
    // Ports
    Case("TCP is the default", "ingress: [{ports: [{port: 80}]}]", "b/web", "a/web", 80, .udp, .no),
    Case(
      "a port without a number is one protocol", "ingress: [{ports: [{protocol: UDP}]}]", "b/web", "a/web",
      80, .tcp, .no),
    Case("… with every number", "ingress: [{ports: [{protocol: UDP}]}]", "b/web", "a/web", 65535, .udp, .yes),
    Case("endPort belongs", "ingress: [{ports: [{port: 80, endPort: 90}]}]", "b/web", "a/web", 90, .yes),
    Case("… and no more", "ingress: [{ports: [{port: 80, endPort: 90}]}]", "b/web", "a/web", 91, .no),
    Case(
      "a port beyond the last is none", "ingress: [{ports: [{port: 70000}]}]", "b/web", "a/web", 65535, .no),
    Case(
      "SCTP isolates TCP", "ingress: [{ports: [{port: 80, protocol: SCTP}]}]", "b/web", "a/web", 80, .tcp, .no
    ),
    Case("a name per pod", "ingress: [{ports: [{port: http}]}]", "b/web", "a/web", 8080, .yes),
    Case(
      "… and another number in another", "ingress: [{ports: [{port: http}]}]", "b/web", "a/db", 9090, .yes),
    Case("… not the other's", "ingress: [{ports: [{port: http}]}]", "b/web", "a/db", 8080, .no),
    Case("a name and its protocol", "ingress: [{ports: [{port: dns}]}]", "b/web", "a/web", 53, .tcp, .no),
    Case(
      "a name that means two numbers depends", "ingress: [{ports: [{port: http}]}]", "b/web", "a/two", 2,
      .depends),
    Case(
      "egress resolves at the destination", "egress: [{ports: [{port: http}]}]", "a/db", "b/web", 8080, .yes),
    Case("… not at the source", "egress: [{ports: [{port: http}]}]", "a/db", "b/web", 9090, .no),
    Case("a name means nothing outside", "egress: [{ports: [{port: http}]}]", "a/web", "8.8.8.8", 8080, .no),
    Case(
      "a name towards a pod's address depends",
      "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.9/32}}], ports: [{port: http}]}]",
      "a/web", "a/db", 9090,
      .depends,
      profile: .named("calico") ?? .kubernetes),
    // Self, node, host network
    Case("a pod reaches itself", "policyTypes: [Ingress, Egress]", "a/web", "a/web", 80, .yes),
    Case("replicas do not", "policyTypes: [Ingress, Egress]", "a/set", "a/set", 80, .no),
    Case("host network depends as subject", "policyTypes: [Ingress]", "b/web", "a/host", 80, .depends),
    Case(
      "… is never one in OVN-K", "policyTypes: [Ingress]", "b/web", "a/host", 80, .yes,
      profile: .named("ovn-kubernetes") ?? .kubernetes),
    Case(
      "… nor a peer", "ingress: [{from: [{podSelector: {}}]}]", "a/host", "a/web", 80, .no,
      profile: .named("ovn-kubernetes") ?? .kubernetes),
    Case(
      "… its node's address is", "ingress: [{from: [{ipBlock: {cidr: 192.168.1.7/32}}]}]", "a/host", "a/web",
      80, .yes, profile: .named("calico") ?? .kubernetes),
    Case(
      "… is a pod for np-guard", "ingress: [{from: [{podSelector: {}}]}]", "a/host", "a/web", 80, .yes,
      profile: .named("np-guard") ?? .kubernetes),
    Case(
      "… by namespaceSelector where a plugin says so", "ingress: [{from: [{namespaceSelector: {}}]}]",
      "a/host", "a/web", 80, .yes,
      profile: profile {
        $0.hostNetworkIsPod = .no; $0.namespaceSelectorIncludesHostNetwork = .yes
      }),
    Case(
      "… by an empty podSelector", "ingress: [{from: [{namespaceSelector: {}, podSelector: {}}]}]", "a/host",
      "a/web", 80, .yes,
      profile: profile {
        $0.hostNetworkIsPod = .no; $0.emptyPodSelectorIncludesHostNetwork = .yes
      }),
    // Subjects
    Case("another pod is not isolated", "podSelector: {matchLabels: {app: db}}", "b/web", "a/web", 80, .yes),
    Case("another namespace is not isolated", "podSelector: {}", "a/web", "b/web", 80, .yes),
    Case(
      "a policy that may select may isolate",
      "podSelector: {matchLabels: {apps.kubernetes.io/pod-index: \"0\"}}", "b/web", "a/set", 80, .depends),
    Case(
      "… and what it admits passes either way",
      "podSelector: {matchLabels: {apps.kubernetes.io/pod-index: \"0\"}}, ingress: [{ports: [{port: 80}]}]",
      "b/web", "a/set", 80, .yes),
    Case(
      "egress that may not be enforced", "policyTypes: [Egress]", "a/web", "b/web", 80, .depends,
      profile: .named("openshift-sdn") ?? .kubernetes),
  ]

  /// A policy's new text counts, also where it tells pods apart that nobody told apart before.
  @Test func changedPolicies() throws {
    func policy(_ rule: String) throws -> Manifest {
      let text =
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: a}\nspec: {podSelector: {matchLabels: {app: web}}, ingress: [{\(rule)}]}"
      return try #require(Tree.parse(text: text, path: "n.yaml").tree.root.flatMap { Manifest($0) })
    }
    var network = Self.network(
      Self.manifests + "---\n", try #require(.named("calico"))
    ).network
    network.policies = [try policy("from: [{ipBlock: {cidr: 10.0.0.0/24}}]")]
    network.policyNamespaces = [try #require(network.namespaces.firstIndex { $0.name == "a" })]
    var engine = PolicyEngine(network)
    func passes(_ from: String, _ port: UInt16) throws -> Bool {
      engine.connections(from: try Self.endpoint(from, network), to: try Self.endpoint("a/web", network)).must
        .contains(port, .tcp)
    }
    #expect(try passes("a/db", 80))
    #expect(engine.replace(policy: 0, with: try policy("ports: [{port: 81}]")))
    #expect(try !passes("a/db", 80) && passes("a/db", 81))
    #expect(!engine.replace(policy: 0, with: try policy("from: [{ipBlock: {cidr: 10.0.0.16/28}}]")))
    #expect(try !passes("a/db", 80))
    #expect(!engine.replace(policy: 0, with: try policy("from: [{ipBlock: {cidr: 10.0.0.8/29}}]")))
    #expect(try passes("a/db", 80))
  }

  static func network(_ text: String, _ profile: NetworkProfile) -> ManifestNetwork {
    var manifests: [Manifest] = []
    for document in Tree.parse(text: text, path: "cluster.yaml").tree.documents {
      Manifest.all(in: document) { manifests.append($0) }
    }
    return ManifestNetwork(manifests, profile: profile)
  }

  static func endpoint(_ text: String, _ network: ClusterNetwork) throws -> Endpoint {
    if let address = IPAddress(text) { return .address(address) }
    return .pod(try #require(network.pods.indices.first { network.description(of: $0) == text }))
  }

  @Test(arguments: cases) func rule(_ given: Case) throws {
    let policy = """
      ---
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: under-test, namespace: a}
      spec: {\(given.spec)}
      """
    let network = Self.network(Self.manifests + policy, given.profile).network
    let (from, to) = (try Self.endpoint(given.from, network), try Self.endpoint(given.to, network))
    let engine = PolicyEngine(network)
    let answer = engine.connections(from: from, to: to)
    let fast = Ternary(
      may: answer.may.contains(given.port, given.transport),
      must: answer.must.contains(given.port, given.transport))
    #expect(fast == given.expected)
    #expect(
      NaiveEvaluator(network).passes(from: from, to: to, port: Int(given.port), given.transport)
        == given.expected)
    let trace = engine.trace(from: from, to: to, port: given.port, given.transport)
    #expect(trace.answer == given.expected)
    if given.expected == .depends { #expect(!trace.questions.isEmpty) }
  }

  /// Cilium up to 1.18 admits the pods of other clusters by a plain selector; from 1.19 it does not.
  @Test(arguments: [("cilium-1.18", Ternary.yes), ("cilium-1.19", .no), ("kubernetes", .no)])
  func selectorsAcrossClusters(_ profile: String, _ expected: Ternary) throws {
    var network = ClusterNetwork(profile: try #require(NetworkProfile.named(profile)))
    network.namespaces = [NamespaceFacts(name: "a"), NamespaceFacts(name: "b", isRemote: true)]
    network.pods = [
      PodFacts(namespace: 0, name: "web", kind: "Pod", labels: Labels(["app": "web"])),
      PodFacts(namespace: 1, name: "far", kind: "Pod", labels: Labels(["app": "far"])),
    ]
    network.add(
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: n, namespace: a}
      spec: {ingress: [{from: [{namespaceSelector: {}}]}]}
      """)
    let answer = PolicyEngine(network).connections(from: .pod(1), to: .pod(0))
    #expect(Ternary(may: answer.may.contains(80, .tcp), must: answer.must.contains(80, .tcp)) == expected)
    #expect(NaiveEvaluator(network).passes(from: .pod(1), to: .pod(0), port: 80, .tcp) == expected)
  }

  /// Whether a range is about a node's address is the profile's to say; other addresses in it always count.
  @Test(arguments: [Ternary.no, .depends, .yes]) func rangesAndNodes(_ matches: Ternary) throws {
    var network = ClusterNetwork(profile: Self.profile { $0.ipBlockMatchesNodes = matches })
    network.namespaces = [NamespaceFacts(name: "a")]
    network.pods = [PodFacts(namespace: 0, name: "web", kind: "Pod", labels: Labels())]
    network.nodeNetworks = [try #require(IPNetwork("192.168.1.0/24"))]
    network.add(
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: n, namespace: a}
      spec: {ingress: [{from: [{ipBlock: {cidr: 192.168.0.0/16}}]}]}
      """)
    for (text, expected) in [("192.168.1.5", matches), ("192.168.2.5", .yes), ("192.169.1.5", .no)] {
      let address = Endpoint.address(try #require(IPAddress(text)))
      let answer = PolicyEngine(network).connections(from: address, to: .pod(0))
      #expect(Ternary(may: answer.may.contains(80, .tcp), must: answer.must.contains(80, .tcp)) == expected)
      #expect(NaiveEvaluator(network).passes(from: address, to: .pod(0), port: 80, .tcp) == expected)
    }
  }

  /// Both ends must allow.
  @Test func clientEgressDeniesWhatTheServerAdmits() throws {
    let policies = """
      ---
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: admit, namespace: a}
      spec: {ingress: [{}]}
      ---
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: deny, namespace: b}
      spec: {policyTypes: [Egress]}
      """
    let network = Self.network(Self.manifests + policies, .kubernetes).network
    let (from, to) = (try Self.endpoint("b/web", network), try Self.endpoint("a/web", network))
    #expect(PolicyEngine(network).connections(from: from, to: to).may.isEmpty)
    #expect(NaiveEvaluator(network).passes(from: from, to: to, port: 80, .tcp) == .no)
  }
}
