import Diagnostics
import Kubernetes
import Reachability
import Testing
import YAMLTree

/// Lists of small sets of manifests, worked out by hand, and what is said of policies that are refused or nearly right.
@Suite struct ManifestListTests {
  // MARK: Lists

  private static func list(_ manifests: String, _ profile: String = "np-guard") throws -> [String] {
    let network = RuleTests.network(manifests, try #require(NetworkProfile.named(profile)))
    let list = ConnectivityList(PolicyEngine(network.network), network)
    return ConnectivityFormat.text.render(list, withoutDepends: true).split(separator: "\n").map(String.init)
  }

  private static let closed = ManifestSetTests.policy(
    "a/closed", "podSelector: {}, policyTypes: [Ingress, Egress]")

  /// Pods of one owner are one line, under the owner's name and kind.
  @Test func podsOfOneOwner() throws {
    func pod(_ name: String) -> String {
      """
      apiVersion: v1
      kind: Pod
      metadata:
        name: \(name)
        namespace: a
        labels: {app: web}
        ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: u, controller: true}]
      spec: {containers: []}
      ---

      """
    }
    let admit = ManifestSetTests.policy(
      "a/in",
      "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: 80}]}]"
    )
    let out = ManifestSetTests.policy(
      "a/out",
      "podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]")
    #expect(
      try Self.list(
        ManifestSetTests.namespace("a") + pod("web-1") + pod("web-2")
          + ManifestSetTests.workload("a/client", "app: client")
          + Self.closed
          + admit + out) == ["a/client[Deployment] => a/web[ReplicaSet] : TCP 80"])
  }

  /// np-guard takes the networks of admin policies for addresses outside, and lists IPv4 alone.
  @Test func networksOfAdminPolicies() throws {
    let policies = """
      apiVersion: policy.networking.k8s.io/v1alpha1
      kind: AdminNetworkPolicy
      metadata: {name: networks}
      spec:
        priority: 70
        subject: {namespaces: {}}
        egress:
        - {action: Deny, to: [{networks: [192.0.2.8/32, "ff06::/3"]}], ports: [{portNumber: {protocol: UDP, port: 53}}]}
        - {action: Allow, to: [{networks: ["fd00::/8", 198.51.100.0/24]}]}
        - {action: Allow, to: [{namespaces: {}}]}
      ---
      apiVersion: policy.networking.k8s.io/v1alpha1
      kind: BaselineAdminNetworkPolicy
      metadata: {name: default}
      spec: {subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]}
      """
    let workloads =
      ManifestSetTests.workload("a/one", "app: one") + ManifestSetTests.workload("b/two", "app: two")
    #expect(
      try Self.list(workloads + policies) == [
        "0.0.0.0-255.255.255.255[External] => a/one[Deployment] : All Connections",
        "0.0.0.0-255.255.255.255[External] => b/two[Deployment] : All Connections",
        "a/one[Deployment] => 198.51.100.0-198.51.100.255[External] : All Connections",
        "a/one[Deployment] => b/two[Deployment] : All Connections",
        "b/two[Deployment] => 198.51.100.0-198.51.100.255[External] : All Connections",
        "b/two[Deployment] => a/one[Deployment] : All Connections",
      ])
  }

  /// A Service's port by number or name, its target by name, and a Route's by the pods' port.
  @Test func whatIsPublished() throws {
    let services = """
      apiVersion: v1
      kind: Service
      metadata: {name: web, namespace: a}
      spec: {selector: {app: web}, ports: [{name: main, port: 80, targetPort: http}, {name: admin, port: 81, targetPort: 9000}]}
      ---
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata: {name: web, namespace: a}
      spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: main}}}}]}}]}
      ---

      """
    let route = """
      apiVersion: route.openshift.io/v1
      kind: Route
      metadata: {name: web, namespace: a}
      spec: {to: {kind: Service, name: web}, port: {targetPort: admin}}
      ---

      """
    let web =
      ManifestSetTests.namespace("a")
      + ManifestSetTests.workload(
        "a/web", "app: web", ports: "{name: http, containerPort: 8080}, {containerPort: 9000}")
    let open = ManifestSetTests.policy(
      "a/open",
      "podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{namespaceSelector: {}}]}]")
    #expect(try Self.list(web + services + open) == ["{ingress-controller} => a/web[Deployment] : TCP 8080"])
    #expect(
      try Self.list(web + services + route + open) == [
        "{ingress-controller} => a/web[Deployment] : TCP 8080,9000"
      ])
    #expect(try Self.list(web + services + Self.closed) == [])
    let wrong = services.replacing("selector: {app: web}", with: "selector: {app: gone}")
    #expect(try Self.list(web + wrong + open) == [])
  }

  /// Addresses are cut where policies of the direction cut them, and joined ports are written as people read them.
  @Test func rangesAndPorts() throws {
    let policies =
      ManifestSetTests.policy(
        "a/in",
        "podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 80}, {port: 81}, {port: 90}, {protocol: UDP, port: 53}]}]"
      )
    #expect(
      try Self.list(
        ManifestSetTests.namespace("a") + ManifestSetTests.workload("a/web", "app: web") + policies) == [
          "10.0.0.0-10.0.255.255[External] => a/web[Deployment] : TCP 80-81,90,UDP 53",
          "10.2.0.0-10.255.255.255[External] => a/web[Deployment] : TCP 80-81,90,UDP 53",
        ])
  }

  /// What passes is what both ends let pass, by protocol and port.
  @Test func portsOfBothEnds() throws {
    let text =
      ManifestSetTests.workload("a/one", "app: one") + ManifestSetTests.workload("a/two", "app: two")
      + Self.closed
      + ManifestSetTests.policy(
        "a/out",
        "podSelector: {matchLabels: {app: one}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}], ports: [{port: 80}, {port: 81}, {protocol: UDP, port: 7, endPort: 9}]}]"
      )
      + ManifestSetTests.policy(
        "a/in",
        "podSelector: {matchLabels: {app: two}}, ingress: [{ports: [{port: 81}, {port: 82}, {protocol: UDP, port: 9, endPort: 11}]}]"
      )
    #expect(
      try Self.list(text).filter { !$0.contains("External") } == [
        "a/one[Deployment] => a/two[Deployment] : TCP 81,UDP 9"
      ])
  }

  /// A port of an init container is open as long as that runs: with the pod, or never.
  @Test func portsOfInitContainers() throws {
    func pod(_ name: String, _ restart: String) -> String {
      "apiVersion: v1\nkind: Pod\nmetadata: {name: \(name), namespace: a}\nspec: {initContainers: [{name: i, \(restart)ports: [{name: web, containerPort: 9000}]}], containers: []}\n---\n"
    }
    let policy = ManifestSetTests.policy(
      "a/in", "podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{ports: [{port: web}]}]")
    #expect(
      try Self.list(
        ManifestSetTests.workload("b/client", "app: c") + pod("plain", "")
          + pod("sidecar", "restartPolicy: Always, ")
          + policy
      ).filter { $0.hasPrefix("b/client") && !$0.contains("External") } == [
        "b/client[Deployment] => a/sidecar[Pod] : TCP 9000"
      ])
  }

  /// Pods of one owner that no policy tells apart are one line, whatever their labels.
  @Test func podsOfOneOwnerThatPoliciesTakeForAlike() throws {
    let pods = ["one", "two"].map { name in
      "apiVersion: v1\nkind: Pod\nmetadata: {name: set-\(name), namespace: a, labels: {v: \(name)}, ownerReferences: [{kind: ReplicaSet, name: set, controller: true}]}\nspec: {containers: []}\n---\n"
    }
    for selector in ["{key: v, operator: Exists}", "{key: v, operator: In, values: [one, two]}"] {
      let policy = ManifestSetTests.policy(
        "a/in",
        "podSelector: {matchExpressions: [\(selector)]}, policyTypes: [Ingress, Egress], egress: [{ports: [{port: 80}]}]"
      )
      #expect(
        try Self.list(pods.joined() + policy) == [
          "a/set[ReplicaSet] => 0.0.0.0-255.255.255.255[External] : TCP 80"
        ])
    }
  }

  /// A node is no workload: its static pods stand for themselves. Whoever controls a pod is its owner.
  @Test func owners() throws {
    func pod(_ name: String, _ owners: String) -> String {
      "apiVersion: v1\nkind: Pod\nmetadata: {name: \(name), namespace: a, ownerReferences: [\(owners)]}\nspec: {containers: []}\n---\n"
    }
    let text =
      pod("etcd", "{kind: Node, name: n1, controller: true}")
      + pod("web", "{kind: Other, name: o}, {kind: ReplicaSet, name: w, controller: true}")
      + pod("late", "{kind: DaemonSet, name: d}")
    func names(_ profile: String) throws -> Set<String> {
      Set(
        try Self.list(text, profile).map { String($0.split(separator: " ")[0]) }.filter { $0.hasPrefix("a/") }
      )
    }
    #expect(try names("np-guard") == ["a/etcd[Pod]", "a/w[ReplicaSet]", "a/late[Pod]"])
    #expect(try names("calico") == ["a/etcd[Pod]", "a/w[ReplicaSet]", "a/d[DaemonSet]"])
  }

  /// Items of a typed list are of its kind, as API servers answer.
  @Test func typedLists() throws {
    let text = """
      kind: PodList
      apiVersion: v1
      items:
      - metadata: {name: web, namespace: a, labels: {app: web}}
        spec: {containers: []}
      - {apiVersion: v1, kind: Pod, metadata: {name: client, namespace: b, labels: {app: client}}, spec: {containers: []}}
      ---
      apiVersion: v1
      items:
      - metadata: {name: b, labels: {team: x}}
      kind: NamespaceList
      ---
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicyList
      items:
      - metadata: {name: in, namespace: a}
        spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: x}}}], ports: [{port: 80}]}]}

      """
    #expect(
      try Self.list(text).filter { !$0.contains("External") } == ["b/client[Pod] => a/web[Pod] : TCP 80"])
  }

  /// np-guard's conventions know neither nodes nor names, and take the first port of a name.
  @Test func whatNPGuardLeavesOut() throws {
    let text =
      ManifestSetTests.workload(
        "a/one", "app: one", ports: "{name: web, containerPort: 80}, {name: web, containerPort: 81}")
      + ManifestSetTests.workload("b/two", "app: two")
      + ManifestSetTests.policy(
        "a/in", "podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{ports: [{port: web}]}]")
        + """
        apiVersion: policy.networking.k8s.io/v1alpha1
        kind: AdminNetworkPolicy
        metadata: {name: nodes}
        spec: {priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{nodes: {}}, {domainNames: [a.example]}]}]}
        """
    #expect(try Self.list(text).allSatisfy { !$0.contains("depends") })
    #expect(try Self.list(text).contains("b/two[Deployment] => a/one[Deployment] : TCP 80"))
  }

  /// Kinds of others with a template make pods too.
  @Test func workloadsOfOtherKinds() throws {
    let text =
      "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: ro, namespace: a}\nspec: {template: {metadata: {labels: {app: ro}}, spec: {containers: []}}}\n---\n"
      + ManifestSetTests.workload("a/web", "app: web")
    #expect(try Self.list(text, "calico").contains("a/web[Deployment] => a/ro[Rollout] : All Connections"))
  }

  /// The name of a Job is a label of its pods.
  @Test func jobsAndTheirNames() throws {
    let job =
      "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate, namespace: a}\nspec: {template: {spec: {restartPolicy: Never, containers: []}}}\n---\n"
    let text =
      ManifestSetTests.namespace("a") + job + ManifestSetTests.workload("a/db", "app: db")
      + ManifestSetTests.policy(
        "a/in",
        "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {batch.kubernetes.io/job-name: migrate}}}]}]"
      )
    #expect(try Self.list(text, "calico").contains("a/migrate[Job] => a/db[Deployment] : All Connections"))
  }

  /// An object that stands twice is said, unless both are the same.
  @Test func objectsThatStandTwice() throws {
    func found(_ second: String) -> [String] {
      let text =
        ManifestSetTests.namespace("a", "team: x") + ManifestSetTests.namespace("a", second)
        + ManifestSetTests.workload("a/web", "app: x") + ManifestSetTests.workload("a/web", "app: x")
      return RuleTests.network(text, .kubernetes).findings.map(\.rule.id)
    }
    #expect(found("team: y") == ["LW7012"])
    #expect(found("team: x") == [])
  }

  /// Kinds that are not evaluated make answers depend, and np-guard's conventions leave them out.
  @Test func kindsThatAreNotEvaluated() throws {
    let text =
      ManifestSetTests.workload("a/one", "app: one") + ManifestSetTests.workload("a/two", "app: two")
      + "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: g}\nspec: {}\n"
    #expect(try Self.list(text).allSatisfy { !$0.contains("depends") })
    #expect(
      try Self.list(text, "calico").allSatisfy { $0.contains("policies of a kind that is not evaluated") })
  }

  private static let networks = """
    apiVersion: v1
    kind: Namespace
    metadata: {name: blue, labels: {k8s.ovn.org/primary-user-defined-network: ""}}
    ---
    apiVersion: v1
    kind: Namespace
    metadata: {name: green, labels: {k8s.ovn.org/primary-user-defined-network: "", tenant: green}}
    ---
    apiVersion: v1
    kind: Namespace
    metadata: {name: late}
    ---
    apiVersion: k8s.ovn.org/v1
    kind: UserDefinedNetwork
    metadata: {name: own, namespace: blue}
    spec: {topology: Layer2, layer2: {role: Primary, subnets: [203.0.113.0/24]}}
    ---
    apiVersion: k8s.ovn.org/v1
    kind: UserDefinedNetwork
    metadata: {name: own, namespace: late}
    spec: {topology: Layer2, layer2: {role: Primary, subnets: [203.0.113.0/24]}}
    ---
    apiVersion: k8s.ovn.org/v1
    kind: ClusterUserDefinedNetwork
    metadata: {name: tenant}
    spec: {namespaceSelector: {matchLabels: {tenant: green}}, network: {topology: Layer3, layer3: {role: Primary}}}
    ---
    apiVersion: k8s.ovn.org/v1
    kind: UserDefinedNetwork
    metadata: {name: second, namespace: open}
    spec: {topology: Layer2, layer2: {role: Secondary}}
    ---

    """

  /// Pods of different primary networks do not meet; a network without the namespace's label is none.
  @Test func primaryNetworks() throws {
    let text =
      Self.networks
      + ["blue/a", "blue/b", "green/c", "open/d", "late/e"].map { ManifestSetTests.workload($0, "app: x") }
      .joined()
    let inside = { (lines: [String]) in
      lines.filter { !$0.contains("External") }.map { $0.replacing("[udn]", with: "") }
    }
    for profile in ["ovn-kubernetes", "np-guard"] {
      #expect(
        inside(try Self.list(text, profile)).filter { $0.contains(" => ") && !$0.hasPrefix("late") }
          .filter { !$0.contains("=> late") }.filter { line in
            // A template's pods reach each other.
            let ends = line.split(separator: " ")
            return ends[0] != ends[2]
          } == [
            "blue/a[Deployment] => blue/b[Deployment] : All Connections",
            "blue/b[Deployment] => blue/a[Deployment] : All Connections",
          ])
      #expect(
        try Self.list(text, profile).contains("late/e[Deployment] => open/d[Deployment] : All Connections"))
    }
    #expect(
      try Self.list(text, "calico").contains("blue/a[Deployment] => green/c[Deployment] : All Connections"))
    #expect(
      try Self.list(text, "kubernetes").contains(
        "blue/a[Deployment] => green/c[Deployment] : All Connections (depends: whether the network plugin keeps primary networks apart)"
      ))
  }

  /// A node reaches its own pods: what runs in a node's network may be on the node of any pod.
  @Test(arguments: ["ovn-kubernetes", "calico", "cilium-1.19"]) func localNode(_ profile: String) throws {
    let text =
      ManifestSetTests.namespace("a") + ManifestSetTests.workload("a/web", "app: web")
      + ManifestSetTests.workload("a/agent", "app: agent", spec: "hostNetwork: true, ")
      + ManifestSetTests.policy(
        "a/in",
        "podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]"
      )
    var manifests: [Manifest] = []
    for document in Tree.parse(text: text, path: "cluster.yaml").tree.documents {
      Manifest.all(in: document) { manifests.append($0) }
    }
    var surroundings = ManifestNetwork.Surroundings()
    surroundings.admitsLocalNode = true
    let network = ManifestNetwork(
      manifests, profile: try #require(.named(profile)), surroundings: surroundings)
    let lines = ConnectivityFormat.text.render(
      ConnectivityList(PolicyEngine(network.network), network))
    #expect(
      lines.contains(
        "a/agent[Deployment] => a/web[Deployment] : All Connections (depends: which node a pod runs on)\n"),
      "\(lines)")
    #expect(try !Self.list(text, profile).contains { $0.hasPrefix("a/agent[Deployment] => a/web") })
  }

  /// Pods of one owner that policies tell apart are told apart by their own names.
  @Test func podsOfOneOwnerThatDiffer() throws {
    let pods = ["one", "two"].map { name in
      "apiVersion: v1\nkind: Pod\nmetadata: {name: set-\(name), namespace: a, labels: {app: \(name)}, ownerReferences: [{kind: DaemonSet, name: set, controller: true}]}\nspec: {containers: []}\n---\n"
    }
    let policy = ManifestSetTests.policy(
      "a/in",
      "podSelector: {matchLabels: {app: two}}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}]}]"
    )
    #expect(
      try Self.list(pods.joined() + policy).contains(
        "a/set[DaemonSet] => a/set[DaemonSet]#set-two : All Connections"))
  }

  /// What the API server refuses is refused, at its place.
  @Test(arguments: [
    "ingress: [{from: [{}]}]", "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]",
    "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}]",
    "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}]",
    "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}]", "ingress: [{from: [{ipBlock: {cidr: ten}}]}]",
    "ingress: [{ports: [{port: 80, endPort: 79}]}]", "ingress: [{ports: [{endPort: 80}]}]",
    "ingress: [{ports: [{port: http, endPort: 80}]}]", "ingress: [{ports: [{port: 0}]}]",
    "ingress: [{ports: [{port: 65536}]}]", "ingress: [{ports: [{port: Not_A_Name}]}]",
    "ingress: [{ports: [{port: a-name-that-is-too-long}]}]",
    "ingress: [{ports: [{port: 80, protocol: ICMP}]}]",
    "ingress: [{from: [{podSelector: {matchLabels: {\"bad key!\": x}}}]}]",
    "ingress: [{from: [{podSelector: {matchLabels: {a: \"bad value!\"}}}]}]",
    "ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: Gt, values: [\"1\"]}]}}]}]",
    "ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: In, values: []}]}}]}]",
    "ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [x]}]}}]}]",
    "policyTypes: [Ingress, Egress, Ingress]", "policyTypes: [Inbound]",
    "ingress: [{ports: [{port: 80, endPort: 65536}]}]",
  ])
  func badPoliciesAreRefused(_ spec: String) throws {
    let text =
      ManifestSetTests.namespace("a") + ManifestSetTests.workload("a/web", "app: web")
      + ManifestSetTests.policy("a/bad", "podSelector: {}, \(spec)")
    let manifests = RuleTests.network(text, .kubernetes)
    let errors = manifests.findings.filter { $0.severity == .error }
    #expect(errors.count == 1, "\(manifests.findings.map(\.message))")
    let place = try #require(errors.first?.primary)
    #expect(place.range.startPosition.line > 1 && !(errors.first?.help.isEmpty ?? true))
  }

  @Test func twoPoliciesOfOneName() throws {
    let text =
      ManifestSetTests.policy("a/same", "podSelector: {}")
      + ManifestSetTests.policy("a/same", "podSelector: {}, policyTypes: [Egress]")
    #expect(RuleTests.network(text, .kubernetes).findings.contains { $0.severity == .error })
    // The same name in another namespace is another policy.
    let other =
      ManifestSetTests.policy("a/same", "podSelector: {}")
      + ManifestSetTests.policy("b/same", "podSelector: {}")
    #expect(!RuleTests.network(other, .kubernetes).findings.containErrors)
  }

  /// Valid, and surely not meant: with the nearest name where there is one.
  @Test(arguments: [
    (
      "a policy that selects nothing", "podSelector: {matchLabels: {app: wbe}}, policyTypes: [Ingress]", "web"
    ),
    ("a key that no pod has", "podSelector: {matchLabels: {ap: web}}, policyTypes: [Ingress]", "app"),
    ("a port that no pod has", "podSelector: {}, ingress: [{ports: [{port: htp}]}]", "http"),
    (
      "a peer that nobody carries",
      "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: clinet}}}]}]",
      "client"
    ),
    (
      "a namespace that nobody labels so",
      "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: reds}}}]}]", "red"
    ),
    (
      "a namespace of another name",
      "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: bb}}}]}]",
      "b"
    ),
  ])
  func nearMissesAreNamed(_ name: String, _ spec: String, _ nearest: String) throws {
    let text =
      ManifestSetTests.namespace("a", "team: red") + ManifestSetTests.namespace("b", "team: blue")
      + ManifestSetTests.workload("a/web", "app: web", ports: "{name: http, containerPort: 80}")
      + ManifestSetTests.workload("a/client", "app: client", ports: "{name: http, containerPort: 80}")
      + ManifestSetTests.policy("a/odd", spec)
    let manifests = RuleTests.network(text, .kubernetes)
    let found = manifests.findings + PolicyLints(manifests, PolicyEngine(manifests.network)).findings
    let warning = try #require(found.first { $0.severity == .warning }, "\(found.map(\.message))")
    let words = ([warning.message] + warning.help + warning.notes + [warning.suggestion?.replacement ?? ""])
      .joined(separator: " ")
    #expect(words.contains(nearest), "\(name): \(words)")
  }
}
