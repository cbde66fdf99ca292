import Kubernetes
import Reachability
import TestSupport
import Testing
import YAMLTree

/// Lists of connections, byte for byte.
@Suite struct ListingTests {
  private static let manifests = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 2
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db, namespace: shop}
    spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c}]}}}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: agent, namespace: nodes, labels: {app: agent}}
    spec: {hostNetwork: true, containers: [{name: c}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec: {selector: {app: web}, ports: [{name: main, port: 80, targetPort: http}, {name: other, port: 81}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: web, namespace: shop}
    spec: {rules: [{http: {paths: [{backend: {service: {name: web, port: {number: 80}}}}]}}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: web, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: web}}
      policyTypes: [Ingress, Egress]
      ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 8080}, {port: 9000, endPort: 9010, protocol: UDP}]}]
      egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 53, protocol: UDP}]}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: db, namespace: shop}
    spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 5432}]}]}

    """

  private static func render(
    _ format: ConnectivityFormat, _ profile: String, _ text: String = manifests
  ) throws -> String {
    let profile = try #require(NetworkProfile.named(profile))
    let network = RuleTests.network(text, profile)
    let list = ConnectivityList(PolicyEngine(network.network), network)
    return format.render(list, withoutDepends: profile.name == NetworkProfile.npGuard)
  }

  /// np-guard: host-network pods are pods, addresses are cut at the edges of their direction's policies, a workload's
  /// traffic with itself is left out, and what an Ingress publishes comes from `{ingress-controller}`.
  @Test func npGuard() throws {
    #expect(
      try Self.render(.text, "np-guard") == """
        0.0.0.0-255.255.255.255[External] => nodes/agent[Pod] : All Connections
        nodes/agent[Pod] => 0.0.0.0-9.255.255.255[External] : All Connections
        nodes/agent[Pod] => 10.0.0.0-10.255.255.255[External] : All Connections
        nodes/agent[Pod] => 11.0.0.0-255.255.255.255[External] : All Connections
        nodes/agent[Pod] => shop/web[Deployment] : TCP 8080,UDP 9000-9010
        shop/db[StatefulSet] => 0.0.0.0-9.255.255.255[External] : All Connections
        shop/db[StatefulSet] => 10.0.0.0-10.255.255.255[External] : All Connections
        shop/db[StatefulSet] => 11.0.0.0-255.255.255.255[External] : All Connections
        shop/db[StatefulSet] => nodes/agent[Pod] : All Connections
        shop/db[StatefulSet] => shop/web[Deployment] : TCP 8080,UDP 9000-9010
        shop/web[Deployment] => 10.0.0.0-10.255.255.255[External] : UDP 53
        {ingress-controller} => shop/web[Deployment] : TCP 8080

        """)
  }

  private static let pod = """
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: a, labels: {app: web}}
    spec: {containers: []}

    """
  private static let bothWays = "policyTypes: [Ingress, Egress]"
  private static let allIPv6 = "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External]"
  private static let allIPv4 = "0.0.0.0-255.255.255.255[External]"

  /// What a rule admits is listed for IPv6 too, as soon as anything in the manifests knows of it: a range, the address of
  /// a pod or of a Service. Where nothing does, everybody is one line.
  @Test(arguments: [
    (
      "{podSelector: {}, \(bothWays), ingress: [{from: [{ipBlock: {cidr: \"::/0\"}}], ports: [{port: 80}]}]}",
      "",
      ["\(allIPv6) => a/web[Pod] : TCP 80"]
    ),
    (
      "{podSelector: {}, \(bothWays), egress: [{to: [{ipBlock: {cidr: \"::/0\"}}], ports: [{port: 80}]}]}",
      "",
      ["a/web[Pod] => \(allIPv6) : TCP 80"]
    ),
    ("{podSelector: {}, \(bothWays), ingress: [{}]}", "", ["\(allIPv4) => a/web[Pod] : All Connections"]),
    (
      "{podSelector: {}, \(bothWays), ingress: [{}]}",
      "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: a}\nspec: {ipFamilies: [IPv4, IPv6], ports: [{port: 80}]}",
      [
        "\(allIPv4) => a/web[Pod] : All Connections", "\(allIPv6) => a/web[Pod] : All Connections",
      ]
    ),
    (
      "{podSelector: {matchLabels: {app: web}}, \(bothWays), ingress: [{from: []}]}",
      "apiVersion: v1\nkind: Pod\nmetadata: {name: other, namespace: b}\nspec: {containers: []}\nstatus: {podIPs: [{ip: 10.0.0.1}, {ip: \"fd00::1\"}]}",
      [
        "\(allIPv4) => a/web[Pod] : All Connections", "\(allIPv4) => b/other[Pod] : All Connections",
        "\(allIPv6) => a/web[Pod] : All Connections", "\(allIPv6) => b/other[Pod] : All Connections",
        "b/other[Pod] => \(allIPv4) : All Connections", "b/other[Pod] => \(allIPv6) : All Connections",
        "b/other[Pod] => a/web[Pod] : All Connections",
      ]
    ),
    (
      "{podSelector: {}, \(bothWays), ingress: [{from: [{ipBlock: {cidr: \"fd00::/8\", except: [\"fd00:1::/32\"]}}]}]}",
      "",
      [
        "fd00:2::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External] => a/web[Pod] : All Connections",
        "fd00::-fd00:0:ffff:ffff:ffff:ffff:ffff:ffff[External] => a/web[Pod] : All Connections",
      ]
    ),
  ])
  func rangesOfBothFamilies(_ policy: String, _ more: String, _ expected: [String]) throws {
    let text =
      Self.pod
      + "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: a}\nspec: "
      + policy + (more.isEmpty ? "" : "\n---\n" + more)
    #expect(try Self.render(.text, "calico", text).split(separator: "\n").map(String.init) == expected)
    #expect(try !Self.render(.text, "np-guard", text).contains("::"))
  }

  /// A Route leads to the Service's ports, or to the one that it names.
  @Test(arguments: [
    ("", "All Connections"), (", port: {targetPort: main}", "TCP 8080"),
    (", port: {targetPort: http}", "TCP 8080"),
  ])
  func routes(_ port: String, _ expected: String) throws {
    let text = """
      apiVersion: v1
      kind: Pod
      metadata: {name: web, namespace: shop, labels: {app: web}}
      spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: web, namespace: shop}
      spec: {selector: {app: web}, ports: [{name: main, port: 80, targetPort: http}, {name: other, port: 81}]}
      ---
      apiVersion: route.openshift.io/v1
      kind: Route
      metadata: {name: web, namespace: shop}
      spec: {to: {kind: Service, name: web}\(port)}

      """
    let lines = try Self.render(.text, "np-guard", text).split(separator: "\n")
    #expect(
      lines.last.map(String.init)
        == "{ingress-controller} => shop/web[Pod] : \(port.isEmpty ? "TCP 8080" : expected)")
  }

  /// A policy that does not admit an unknown pod closes the way for the router too.
  @Test func closedToTheRouter() throws {
    let closed = Self.manifests.replacing(
      "from: [{namespaceSelector: {}}]", with: "from: [{podSelector: {}}]")
    #expect(try !Self.render(.text, "np-guard", closed).contains("{ingress-controller}"))
  }

  @Test func formats() throws {
    let text = """
      apiVersion: v1
      kind: Pod
      metadata: {name: a, namespace: ns, labels: {app: a}}
      spec: {containers: []}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: b, namespace: ns, labels: {app: b}}
      spec: {containers: []}
      ---
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: n, namespace: ns}
      spec:
        podSelector: {}
        policyTypes: [Ingress, Egress]
        ingress: [{from: [{podSelector: {}}], ports: [{port: 80}, {port: 443, protocol: SCTP}]}]
        egress: [{to: [{podSelector: {matchLabels: {app: b}}}]}]

      """
    #expect(try Self.render(.text, "np-guard", text) == "ns/a[Pod] => ns/b[Pod] : SCTP 443,TCP 80\n")
    #expect(
      try Self.render(.csv, "np-guard", text) == "src,dst,conn\nns/a[Pod],ns/b[Pod],\"SCTP 443,TCP 80\"\n")
    #expect(
      try Self.render(.json, "np-guard", text) == """
        [
          {
            "src": "ns/a[Pod]",
            "dst": "ns/b[Pod]",
            "conn": "SCTP 443,TCP 80"
          }
        ]

        """)
    #expect(
      try Self.render(.markdown, "np-guard", text)
        == "| src | dst | conn |\n|-----|-----|------|\n| ns/a[Pod] | ns/b[Pod] | SCTP 443,TCP 80 |\n")
    let dot = try Self.render(.dot, "np-guard", text)
    #expect(dot.hasPrefix("digraph {\n\tsubgraph \"cluster_ns\" {\n"))
    #expect(dot.contains("\t\"ns/a[Pod]\" -> \"ns/b[Pod]\" [label=\"SCTP 443,TCP 80\" color="))
    #expect(
      try Self.render(.dot, "calico", text).contains(
        "\t\"ns/a[Pod]\" -> \"ns/b[Pod]\" [label=\"SCTP 443,TCP 80\"]\n"))
  }

  /// What depends is a line of its own, with what it hangs on.
  @Test func dependingLines() throws {
    let lines = try Self.render(.text, "kubernetes").split(separator: "\n").map(String.init)
    #expect(
      lines.contains(
        "nodes/agent[Pod] => shop/web[Deployment] : TCP 8080,UDP 9000-9010 (depends: how the network plugin treats host-network pods)"
      ), "\(lines)")
    #expect(try Self.render(.csv, "kubernetes").hasPrefix("src,dst,conn,depends,reasons\n"))
  }

  /// What a block leaves open of one pod is not said of another: addresses that are told, one or several.
  @Test(arguments: [
    ("x/a", "x/b", "kubernetes", "whether the network plugin compares ipBlock with pod addresses"),
    (
      "x/b", "x/a", "kubernetes",
      "whether the network plugin compares ipBlock with pod addresses; which of a pod's several addresses a packet has"
    ),
    ("x/b", "x/a", "calico", "which of a pod's several addresses a packet has"),
    ("x/c", "x/a", "calico", "addresses that the manifests do not tell"),
  ])
  func reasonsOfOnePod(_ from: String, _ to: String, _ profile: String, _ reasons: String) throws {
    let addresses = ["a": "[{ip: \"fd00::2\"}]", "b": "[{ip: 10.0.0.1}, {ip: \"fd00::1\"}]", "c": "[]"]
    let pods = ["a", "b", "c"].map { name in
      "apiVersion: v1\nkind: Pod\nmetadata: {name: \(name), namespace: x, labels: {app: \(name)}}\nspec: {containers: []}\nstatus: {podIPs: \(addresses[name] ?? "[]")}\n---\n"
    }
    let policies = ["a", "b"].map { name in
      "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: \(name), namespace: x}\nspec: {podSelector: {matchLabels: {app: \(name)}}, ingress: [{from: [{ipBlock: {cidr: \"fd00::/64\"}}]}]}\n---\n"
    }
    let lines = try Self.render(.text, profile, (pods + policies).joined()).split(separator: "\n")
    #expect(
      lines.contains("\(from)[Pod] => \(to)[Pod] : All Connections (depends: \(reasons))"), "\(lines)")
  }

  /// np-guard cuts ranges at blocks of sections that policyTypes leaves out too.
  @Test func rangesOfSectionsWithoutEffect() throws {
    let text =
      Self.pod
      + "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: a}\nspec: {podSelector: {}, policyTypes: [Egress], ingress: [{from: [{ipBlock: {cidr: 30.0.0.0/8, except: [30.1.0.0/16]}}]}]}\n"
    #expect(
      try Self.render(.text, "np-guard", text).split(separator: "\n").map(String.init)
        == [
          "0.0.0.0-29.255.255.255", "30.0.0.0-30.0.255.255", "30.1.0.0-30.1.255.255",
          "30.2.0.0-30.255.255.255", "31.0.0.0-255.255.255.255",
        ].map { "\($0)[External] => a/web[Pod] : All Connections" })
    #expect(
      try Self.render(.text, "calico", text) == "\(Self.allIPv4) => a/web[Pod] : All Connections\n")
  }

  private static func difference(_ old: String, _ new: String, _ profile: String) throws
    -> ConnectivityDifference
  {
    let profile = try #require(NetworkProfile.named(profile))
    let (before, after) = (RuleTests.network(old, profile), RuleTests.network(new, profile))
    return ConnectivityDifference(
      before: (PolicyEngine(before.network), before), after: (PolicyEngine(after.network), after))
  }

  /// As np-guard prints differences: changed, added, removed; nothing where nothing differs.
  @Test func differences() throws {
    #expect(try Self.difference(Self.manifests, Self.manifests, "np-guard").text == "")
    let later = Self.manifests.replacing("{port: 5432}", with: "{port: 5432}, {port: 5433}")
      .replacing("name: agent", with: "name: other").replacing("cidr: 10.0.0.0/8", with: "cidr: 10.0.0.0/9")
    #expect(
      try Self.difference(Self.manifests, later, "np-guard").text.split(separator: "\n").filter {
        $0.contains("shop/db") && $0.contains("shop/web") || $0.contains("source: shop/web")
      } == [
        "diff-type: removed, source: shop/web[Deployment], destination: 10.128.0.0-10.255.255.255[External], dir1: UDP 53, dir2: No Connections"
      ])
  }

  /// Ranges that touch are one, where the same is to be said of them: neither state's edges matter then.
  @Test func differencesOfRanges() throws {
    func policy(_ ranges: String) -> String {
      Self.pod
        + "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: a}\nspec: {podSelector: {}, \(Self.bothWays), ingress: [{from: [\(ranges)], ports: [{port: 80}]}]}\n"
    }
    let old = policy("{ipBlock: {cidr: 10.0.0.0/9}}, {ipBlock: {cidr: 11.0.0.0/8}}")
    let new = policy(
      "{ipBlock: {cidr: 10.64.0.0/10}}, {ipBlock: {cidr: \"fd00::/9\"}}, {ipBlock: {cidr: \"fd80::/9\"}}")
    #expect(
      try Self.difference(old, new, "calico").text == """
        Connectivity diff:
        diff-type: added, source: fd00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External], destination: a/web[Pod], dir1: No Connections, dir2: TCP 80
        diff-type: removed, source: 10.0.0.0-10.63.255.255[External], destination: a/web[Pod], dir1: TCP 80, dir2: No Connections
        diff-type: removed, source: 11.0.0.0-11.255.255.255[External], destination: a/web[Pod], dir1: TCP 80, dir2: No Connections

        """)
    let open = try Self.difference(policy("{ipBlock: {cidr: 10.64.0.0/10}}"), Self.pod, "np-guard").text
    #expect(
      open == """
        Connectivity diff:
        diff-type: changed, source: 10.64.0.0-10.127.255.255[External], destination: a/web[Pod], dir1: TCP 80, dir2: All Connections
        diff-type: added, source: 0.0.0.0-10.63.255.255[External], destination: a/web[Pod], dir1: No Connections, dir2: All Connections
        diff-type: added, source: 10.128.0.0-255.255.255.255[External], destination: a/web[Pod], dir1: No Connections, dir2: All Connections
        diff-type: added, source: a/web[Pod], destination: 0.0.0.0-255.255.255.255[External], dir1: No Connections, dir2: All Connections

        """)
  }

  @Test func differencesNameWorkloads() throws {
    let later = Self.manifests.replacing("name: agent", with: "name: other")
    let text = try Self.difference(Self.manifests, later, "np-guard").text
    #expect(
      text.contains(
        "diff-type: added, source: nodes/other[Pod], destination: shop/web[Deployment], dir1: No Connections, dir2: TCP 8080,UDP 9000-9010, workloads-diff-info: workload nodes/other[Pod] added\n"
      ), "\(text)")
    #expect(
      text.contains(
        "diff-type: removed, source: nodes/agent[Pod], destination: shop/web[Deployment], dir1: TCP 8080,UDP 9000-9010, dir2: No Connections, workloads-diff-info: workload nodes/agent[Pod] removed\n"
      ), "\(text)")
    let two =
      Self.pod.replacing("name: web", with: "name: one") + "---\n"
      + Self.pod.replacing("name: web", with: "name: two")
    let both = try Self.difference("", two, "np-guard").text
    #expect(
      both.contains("dir2: All Connections, workloads-diff-info: workload a/one[Pod] and a/two[Pod] added\n"),
      "\(both)")
  }

  /// A difference with itself is empty, and one taken the other way round is the opposite.
  @Test func differencesAreOpposite() throws {
    let seed = SeededGenerator.seed()
    for round in 0..<15 as Range<UInt64> {
      var random = RandomNetwork(seed: seed &+ round)
      let base = random.network()
      let manifests = RuleTests.network("", base.profile)
      func engine() -> PolicyEngine {
        var network = base
        network.add(random.mixedPolicies(0...4))
        return PolicyEngine(network)
      }
      let (a, b) = (engine(), engine())
      let same = ConnectivityDifference(before: (a, manifests), after: (a, manifests))
      #expect(same.changes.isEmpty, "TEST_SEED=\(seed &+ round)")
      let there = ConnectivityDifference(before: (a, manifests), after: (b, manifests))
      let back = ConnectivityDifference(before: (b, manifests), after: (a, manifests))
      let turned = back.changes.map { change in
        "\(change.kind == .added ? "removed" : change.kind == .removed ? "added" : "changed") \(change.source) \(change.destination) \(change.after) \(change.before)"
      }
      let straight = there.changes.map {
        "\($0.kind.rawValue) \($0.source) \($0.destination) \($0.before) \($0.after)"
      }
      #expect(Set(turned) == Set(straight), "TEST_SEED=\(seed &+ round)")
    }
  }
}
