import Diagnostics
import Kubernetes
import Reachability
import TestSupport
import Testing
import YAMLTree

/// What is wrong with policies is said with its rule, at its place (marks 1️⃣ to 2️⃣ in the text).
@Suite struct PolicyCheckTests {
  static let pods = """
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: a, labels: {app: web}}
    spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: a}
    spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: n, namespace: a}

    """

  static func findings(
    _ source: MarkedSource, _ profile: NetworkProfile = .kubernetes
  ) -> [Diagnostic] {
    var manifests: [Manifest] = []
    for document in Tree.parse(source.file).tree.documents {
      Manifest.all(in: document) { manifests.append($0) }
    }
    let network = ManifestNetwork(manifests, profile: profile)
    guard !network.findings.containErrors else { return network.findings }
    return network.findings + PolicyLints(network, PolicyEngine(network.network)).findings
  }

  @Test(arguments: [
    ("LW7001", "spec: {ingress: [{from: [1️⃣{}2️⃣]}]}"),
    ("LW7001", "spec: {ingress: [{from: [1️⃣{podSelector: null}2️⃣]}]}"),
    ("LW7001", "spec: {ingress: [{from: [{podSelector: {}, ipBlock: 1️⃣{cidr: 10.0.0.0/8}2️⃣}]}]}"),
    ("LW7008", "spec: {podSelector: {matchLabels: 1️⃣[app]2️⃣}}"),
    ("LW7008", "spec: {ingress: [{from: [{podSelector: {matchLabels: 1️⃣app=web2️⃣}}]}]}"),
    ("LW7002", "spec: {ingress: [{from: [{ipBlock: {cidr: 1️⃣10.0.0.0/332️⃣}}]}]}"),
    ("LW7002", "spec: {ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [1️⃣11.0.0.0/162️⃣]}}]}]}"),
    ("LW7002", "spec: {ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [1️⃣10.0.0.0/82️⃣]}}]}]}"),
    ("LW7003", "spec: {ingress: [{ports: [{port: 1️⃣02️⃣}]}]}"),
    ("LW7003", "spec: {ingress: [{ports: [{port: 1️⃣655362️⃣}]}]}"),
    ("LW7003", "spec: {ingress: [{ports: [{port: 1️⃣\"80\"2️⃣}]}]}"),
    ("LW7003", "spec: {ingress: [{ports: [{port: 1️⃣Web_Port2️⃣}]}]}"),
    ("LW7003", "spec: {ingress: [{ports: [{port: 80, endPort: 1️⃣792️⃣}]}]}"),
    ("LW7003", "spec: {ingress: [{ports: [{port: http, endPort: 1️⃣802️⃣}]}]}"),
    ("LW7003", "spec: {ingress: [{ports: [{endPort: 1️⃣802️⃣}]}]}"),
    ("LW7004", "spec: {ingress: [{ports: [{protocol: 1️⃣tcp2️⃣}]}]}"),
    ("LW7005", "spec: {podSelector: {matchExpressions: [{key: app, operator: 1️⃣Gt2️⃣, values: [\"1\"]}]}}"),
    ("LW7005", "spec: {podSelector: {matchExpressions: [{key: app, operator: In, values: 1️⃣[]2️⃣}]}}"),
    ("LW7005", "spec: {podSelector: {matchExpressions: [{key: app, operator: Exists, values: 1️⃣[a]2️⃣}]}}"),
    ("LW7005", "spec: {podSelector: {matchLabels: {1️⃣-app2️⃣: web}}}"),
    ("LW7005", "spec: {podSelector: {matchLabels: {app: 1️⃣web!2️⃣}}}"),
    ("LW7005", "spec: {podSelector: {matchLabels: {app: 1️⃣802️⃣}}}"),
    ("LW7006", "spec: {policyTypes: [1️⃣ingress2️⃣]}"),
    ("LW7006", "spec: {policyTypes: 1️⃣[Ingress, Egress, Ingress]2️⃣}"),
    (
      "LW7007",
      "spec: {}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: 1️⃣n2️⃣, namespace: a}"
    ),
    ("LW7008", "spec: {ingress: [{1️⃣form2️⃣: []}]}"),
    ("LW7008", "spec: {ingress: [{from: 1️⃣{podSelector: {}}2️⃣}]}"),
    (
      "LW7009",
      "spec: {}\n---\napiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: 1️⃣c2️⃣, namespace: a}"
    ),
    ("LW7101", "spec: {egress: 1️⃣[]2️⃣}"),
    ("LW7102", "spec: {policyTypes: [Egress], 1️⃣ingress2️⃣: [{}]}"),
    ("LW7103", "spec: {podSelector: 1️⃣{matchLabels: {app: wbe}}2️⃣}"),
    ("LW7104", "spec: {ingress: [{from: [1️⃣{podSelector: {matchLabels: {app: db}}}2️⃣]}]}"),
    ("LW7105", "spec: {ingress: [{ports: [{port: 1️⃣https2️⃣}]}]}"),
    ("LW7106", "spec: {ingress: [{ports: [{port: 1️⃣802️⃣}]}]}"),
    ("LW7113", "spec: {ingress: [{ports: [{port: 1️⃣80882️⃣}]}]}"),
    ("LW7113", "spec: {ingress: [{ports: [{port: 8080}, {protocol: UDP, port: 1️⃣80802️⃣}]}]}"),
    (
      "LW7113",
      "spec: {egress: [{ports: [{port: 53, protocol: UDP}]}, {to: [{podSelector: {}}], ports: [{port: 1️⃣90902️⃣}]}]}"
    ),
    (
      "LW7113",
      "spec: {egress: [{ports: [{port: 53, protocol: UDP}]}, {to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}}], ports: [{port: 1️⃣90902️⃣}]}]}"
    ),
    ("LW7109", "spec: {ingress: [{from: [{ipBlock: {cidr: 1️⃣10.0.0.7/82️⃣}}]}]}"),
    (
      "LW7110",
      "spec: {egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 1️⃣http2️⃣}, {port: 53, protocol: UDP}]}]}"
    ),
    (
      "LW7111",
      "spec: {ingress: [{from: [{namespaceSelector: {}}, 1️⃣{podSelector: {matchLabels: {app: web}}}2️⃣]}]}"
    ),
  ])
  func found(_ id: String, _ spec: String) throws {
    try Self.expect(id, MarkedSource(Self.pods + spec), .kubernetes)
  }

  /// A Cilium policy beside pods, a Service and a group of addresses.
  private static func withPods(_ spec: String) -> String {
    let group = "kind: CiliumCIDRGroup\nmetadata: {name: vpn}\nspec: {externalCIDRs: [10.0.0.0/8]}"
    return "\(pods)spec: {}\n---\napiVersion: cilium.io/v2\n\(group)\n---\n\(cilium(spec))"
  }

  private static func cilium(_ spec: String) -> String {
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c, namespace: a}\nspec: \(spec)\n"
  }

  private static func admin(_ kind: String, _ spec: String) -> String {
    "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: \(kind)\nmetadata: {name: \(kind.hasPrefix("Baseline") ? "default" : "p")}\nspec: \(spec)\n"
  }

  private static let ciliumFaults: [(String, String)] = [
    ("LW7401", cilium("1️⃣{ingress: [{}]}2️⃣")),
    ("LW7401", cilium("1️⃣{endpointSelector: {}}2️⃣")),
    ("LW7401", cilium("{endpointSelector: {}, nodeSelector: 1️⃣{}2️⃣, ingress: [{}]}")),
    ("LW7401", cilium("{nodeSelector: 1️⃣{}2️⃣, ingress: [{}]}")),
    ("LW7401", cilium("{endpointSelector: {}, 1️⃣ingres2️⃣: [{}], ingress: [{}]}")),
    ("LW7401", cilium("{endpointSelector: {}, ingress: 1️⃣{}2️⃣}")),
    ("LW7401", cilium("{endpointSelector: {}, ingress: [{1️⃣toEndpoints2️⃣: [{}]}]}")),
    (
      "LW7401",
      cilium("{endpointSelector: {}, ingress: [{fromEndpoints: [{}], 1️⃣fromCIDR2️⃣: [10.0.0.0/8]}]}")
    ),
    ("LW7401", cilium("{endpointSelector: {}, ingress: [{fromCIDR: [1️⃣10.0.0.0/332️⃣]}]}")),
    ("LW7401", cilium("{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 1️⃣10.0.0.12️⃣}]}]}")),
    (
      "LW7401",
      cilium("{endpointSelector: {}, egress: [{toCIDRSet: [{cidr: 10.0.0.0/8, except: [1️⃣11.0.0.0/82️⃣]}]}]}")
    ),
    ("LW7401", cilium("{endpointSelector: {}, ingress: [{fromEntities: [1️⃣wrld2️⃣]}]}")),
    ("LW7401", cilium("{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: 1️⃣802️⃣}]}]}]}")),
    ("LW7401", cilium("{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: 1️⃣\"70000\"2️⃣}]}]}]}")),
    ("LW7401", cilium("{endpointSelector: {}, ingress: [{toPorts: [{ports: [1️⃣{protocol: TCP}2️⃣]}]}]}")),
    (
      "LW7401",
      cilium("{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: \"1\", protocol: 1️⃣TPC2️⃣}]}]}]}")
    ),
    (
      "LW7401",
      cilium("{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: \"9\", endPort: 1️⃣82️⃣}]}]}]}")
    ),
    (
      "LW7401",
      cilium(
        "{endpointSelector: {}, ingressDeny: [{toPorts: [{ports: [{port: \"1\"}], 1️⃣rules2️⃣: {http: []}}]}]}")
    ),
    (
      "LW7401",
      cilium("{endpointSelector: {matchExpressions: [{key: a, operator: 1️⃣Gt2️⃣}]}, ingress: [{}]}")
    ),
    ("LW7401", cilium("{endpointSelector: {}, egress: [{toServices: [1️⃣{}2️⃣]}]}")),
    (
      "LW7401",
      cilium("{endpointSelector: {}, egress: [{toServices: [{k8sService: 1️⃣{namespace: b}2️⃣}]}]}")
    ),
    (
      "LW7401",
      cilium("{endpointSelector: {}, egress: [{toServices: [{k8sService: {1️⃣name2️⃣: a, serviceName: a}}]}]}")
    ),
    (
      "LW7401",
      cilium("{endpointSelector: {}, egress: [{toServices: [{k8sServiceSelector: 1️⃣{namespace: b}2️⃣}]}]}")
    ),
    (
      "LW7401",
      cilium(
        "{endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: a}, k8sServiceSelector: 1️⃣{selector: {}}2️⃣}]}]}"
      )
    ),
    (
      "LW7401",
      cilium("{endpointSelector: {matchExpressions: [{key: a, operator: 1️⃣In2️⃣}]}, ingress: [{}]}")
    ),
  ]

  private static let ciliumLints: [(String, String)] = [
    ("LW7103", withPods("{endpointSelector: 1️⃣{matchLabels: {app: wbe}}2️⃣, ingress: [{}]}")),
    (
      "LW7104",
      withPods(
        "{endpointSelector: {}, ingress: [{fromEndpoints: [1️⃣{matchLabels: {\"k8s:app\": wbe}}2️⃣]}]}")
    ),
    (
      "LW7105",
      withPods(
        "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: 1️⃣htpp2️⃣, protocol: TCP}]}]}]}")
    ),
    (
      "LW7404",
      withPods(
        "{endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: 1️⃣wbe2️⃣, namespace: a}}]}]}"
      )
    ),
    (
      "LW7404",
      withPods("{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidrGroupRef: 1️⃣vpm2️⃣}]}]}")
    ),
  ]

  @Test(arguments: ciliumFaults + ciliumLints)
  func foundInCilium(_ id: String, _ text: String) throws {
    try Self.expect(id, MarkedSource(text), .named("cilium-1.19") ?? .kubernetes)
  }

  @Test(arguments: [
    ("LW7402", admin("AdminNetworkPolicy", "{subject: {namespaces: {}}, priority: 1️⃣10012️⃣}")),
    ("LW7402", admin("AdminNetworkPolicy", "1️⃣{priority: 1}2️⃣")),
    ("LW7402", admin("ClusterNetworkPolicy", "{subject: {namespaces: {}}, priority: 1, tier: 1️⃣admin2️⃣}")),
    (
      "LW7402",
      admin(
        "AdminNetworkPolicy",
        "{subject: {namespaces: {}}, priority: 1, ingress: [{action: 1️⃣Accept2️⃣, from: [{namespaces: {}}]}]}")
    ),
    (
      "LW7402",
      admin(
        "BaselineAdminNetworkPolicy",
        "{subject: {namespaces: {}}, ingress: [{action: 1️⃣Pass2️⃣, from: [{namespaces: {}}]}]}")
    ),
    (
      "LW7402",
      admin(
        "AdminNetworkPolicy", "{subject: {namespaces: {}}, priority: 1, ingress: [1️⃣{action: Allow}2️⃣]}")
    ),
    (
      "LW7402",
      admin(
        "AdminNetworkPolicy",
        "{subject: {namespaces: {}}, priority: 1, ingress: [{action: Allow, from: [{1️⃣networks2️⃣: []}]}]}")
    ),
    (
      "LW7402",
      admin(
        "AdminNetworkPolicy",
        "{subject: {namespaces: {}}, priority: 1, egress: [{action: Allow, to: [{networks: [1️⃣ten2️⃣]}]}]}")
    ),
  ])
  func foundInAdminPolicies(_ id: String, _ text: String) throws {
    try Self.expect(id, MarkedSource(text), .named("ovn-kubernetes") ?? .kubernetes)
  }

  /// What np-guard's conventions leave out is said once per policy, whatever its kind, and nowhere else.
  @Test(arguments: [
    (
      "fd00::/8 and 1 more of NetworkPolicy a/n",
      "spec: {ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}, {ipBlock: {cidr: 1️⃣\"fd00::/8\"2️⃣}}, {ipBlock: {cidr: \"fe80::/10\"}}]}]}"
    ),
    (
      "::/0",
      "spec: {policyTypes: [Egress], egress: [{ports: [{port: 53}]}, {to: [{ipBlock: {cidr: 1️⃣\"::/0\"2️⃣}}]}]}"
    ),
    (
      "2001:db8::/32",
      admin(
        "AdminNetworkPolicy",
        "{subject: {namespaces: {}}, priority: 1, egress: [{action: Allow, to: [{networks: [192.0.2.0/24, 1️⃣\"2001:db8::/32\"2️⃣]}]}]}"
      )
    ),
  ])
  func rangesThatNPGuardLeavesOut(_ words: String, _ text: String) throws {
    let source = MarkedSource(text.hasPrefix("spec") ? Self.pods + text : text)
    let profile = try #require(NetworkProfile.named("np-guard"))
    try Self.expect("LW7112", source, profile)
    #expect(
      Self.findings(source, profile).map(\.message)
        == ["\(words) is not listed: the profile 'np-guard' lists IPv4 alone"])
    #expect(!Self.findings(source, .kubernetes).contains { $0.rule.id == "LW7112" })
  }

  /// A kind without effect is said once.
  @Test func kindsWithoutEffect() {
    let twice = ["c", "d"].map { name in
      "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: \(name), namespace: a}\nspec: {endpointSelector: {}, ingress: [{}]}\n"
    }
    for profile in NetworkProfile.all {
      let found = Self.findings(MarkedSource(twice.joined(separator: "---\n")), profile).map(\.rule.id)
      #expect(found == (profile.enforcesCiliumPolicies == .yes ? [] : ["LW7403"]))
    }
  }

  /// What no API server takes as a policy is refused, also where only one letter is wrong; others' kinds are not.
  @Test(arguments: [
    ("LW7010", "apiVersion: 1️⃣extensions/v1beta12️⃣\nkind: NetworkPolicy\nmetadata: {name: n}\nspec: {}"),
    ("LW7010", "apiVersion: 1️⃣networking.k8s.io/v22️⃣\nkind: NetworkPolicy\nmetadata: {name: n}\nspec: {}"),
    ("LW7010", "apiVersion: 1️⃣v12️⃣\nkind: NetworkPolicy\nmetadata: {name: n}\nspec: {}"),
    ("LW7010", "apiVersion: networking.k8s.io/v1\nkind: 1️⃣Networkpolicy2️⃣\nmetadata: {name: n}\nspec: {}"),
    ("LW7010", "apiVersion: networking.k8s.io/v1\nkind: 1️⃣NetworkPolcy2️⃣\nmetadata: {name: n}\nspec: {}"),
    ("LW7010", "apiVersion: networking.k8s.io/v1\nkind: 1️⃣NetworkPolicies2️⃣\nmetadata: {name: n}\nspec: {}"),
    ("LW7010", "apiVersion: cilium.io/v2\nkind: 1️⃣CiliumNetworkPolice2️⃣\nmetadata: {name: n}\nspec: {}"),
    ("LW7010", "apiVersion: networking.k8s.io/v1\nkind: 1️⃣NetworkPolicy2️⃣\nmetadata: {namespace: a}\nspec: {}"),
    (
      "LW7010",
      "apiVersion: networking.k8s.io/v1\nkind: 1️⃣NetworkPolicy2️⃣\nmetadata: {generateName: n-}\nspec: {}"
    ),
    ("LW7010", "apiVersion: cilium.io/v2\nkind: 1️⃣CiliumNetworkPolicy2️⃣\nmetadata: {}\nspec: {}"),
    ("LW7011", "apiVersion: 1️⃣extensions/v1beta12️⃣\nkind: Deployment\nmetadata: {name: n}\nspec: {}"),
    ("LW7011", "1️⃣apiVersion2️⃣: v1\nkindt: PodList\nitems: []"),
    ("LW7011", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: 1️⃣y2️⃣}\nspec: {containers: []}"),
    (
      "LW7010",
      "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: 1️⃣on2️⃣}\nspec: {}"
    ),
    ("", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\nspec: {}"),
    ("", "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: n}\nspec: {}"),
    ("", "apiVersion: cilium.io/v2\nkind: CiliumEgressGatewayPolicy\nmetadata: {name: n}\nspec: {}"),
    ("", "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: n}\nspec: {}"),
    ("", "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: n}\nspec: {}"),
    ("", "apiVersion: example.org/v1\nkind: ResourcePolicy\nmetadata: {name: n}\nspec: {}"),
  ])
  func manifestsThatNobodyServes(_ id: String, _ text: String) throws {
    let source = MarkedSource(text)
    let root = try #require(Tree.parse(source.file).tree.root)
    let finding = DoubtfulPolicies.finding(root, as: Manifest(root))
    #expect(finding?.rule.id ?? "" == id, "\(finding?.message ?? "")")
    if let range = finding?.primary?.range { #expect(range.start..<range.end == source.range(1, 2)) }
  }

  /// Pods of the host's network are named as what they are, where the profile takes them for their node.
  @Test(arguments: [("calico", "host's network"), ("np-guard", "")])
  func selectorsOfHostNetworkPods(_ name: String, _ words: String) throws {
    let host =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: hn, namespace: a, labels: {app: hn}}\nspec: {hostNetwork: true, containers: []}\n---\n"
    let profile = try #require(NetworkProfile.named(name))
    for policy in [
      "spec: {ingress: [{from: [{podSelector: {matchLabels: {app: hn}}}]}]}",
      "spec: {podSelector: {matchLabels: {app: hn}}, policyTypes: [Ingress]}",
    ] {
      let found = Self.findings(MarkedSource(host + Self.pods + policy), profile)
        .filter { ["LW7103", "LW7104"].contains($0.rule.id) }
      #expect(found.count == (words.isEmpty ? 0 : 1))
      #expect(found.allSatisfy { $0.message.contains(words) && $0.primary?.text.contains("a/hn") ?? false })
    }
  }

  /// Admin policies: what the CustomResourceDefinitions refuse.
  private static let adminFaults: [(String, String)] = [
    ("AdminNetworkPolicy", "{subject: {namespaces: {}}, priority: 1, 1️⃣ingres2️⃣: []}"),
    ("AdminNetworkPolicy", "{subject: 1️⃣{}2️⃣, priority: 1}"),
    ("AdminNetworkPolicy", "{subject: {namespaces: {}, 1️⃣pods2️⃣: {}}, priority: 1}"),
    ("AdminNetworkPolicy", "{subject: {namespaces: {1️⃣matchLabel2️⃣: {a: b}}}, priority: 1}"),
    ("AdminNetworkPolicy", "{subject: {namespaces: {1️⃣namespaceSelector2️⃣: {}}}, priority: 1}"),
    ("AdminNetworkPolicy", "{subject: {namespaces: {matchLabels: {a: 1️⃣x y2️⃣}}}, priority: 1}"),
    ("AdminNetworkPolicy", "{subject: {pods: {1️⃣namespaces2️⃣: {}}}, priority: 1}"),
  ]
  private static let ruleFaults: [(String, String)] = [
    ("AdminNetworkPolicy", "{action: Deny, from: [{namespaces: {}}], 1️⃣port2️⃣: []}"),
    ("AdminNetworkPolicy", "{action: Deny, from: [1️⃣{}2️⃣]}"),
    ("AdminNetworkPolicy", "{action: Deny, from: [{namespaces: {}, 1️⃣pods2️⃣: {}}]}"),
    ("AdminNetworkPolicy", "{action: Deny, from: [{namespaces: {}}], ports: [1️⃣{}2️⃣]}"),
    (
      "AdminNetworkPolicy", "{action: Deny, from: [{namespaces: {}}], ports: [{portNumber: {port: 1️⃣800002️⃣}}]}"
    ),
    (
      "AdminNetworkPolicy",
      "{action: Deny, from: [{namespaces: {}}], ports: [{portNumber: {port: 1, protocol: 1️⃣tcp2️⃣}}]}"
    ),
    (
      "AdminNetworkPolicy",
      "{action: Deny, from: [{namespaces: {}}], ports: [{portRange: {start: 10, end: 1️⃣12️⃣}}]}"
    ),
    (
      "AdminNetworkPolicy",
      "{action: Deny, from: [{namespaces: {}}], ports: [{portNumber: {port: 1}, 1️⃣namedPort2️⃣: a}]}"
    ),
    ("ClusterNetworkPolicy", "{action: Deny, from: [{namespaces: {}}], 1️⃣ports2️⃣: []}"),
    ("ClusterNetworkPolicy", "{action: Deny, from: [{namespaces: {}}], protocols: [1️⃣{}2️⃣]}"),
    ("ClusterNetworkPolicy", "{action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {}, 1️⃣udp2️⃣: {}}]}"),
    ("ClusterNetworkPolicy", "{action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {1️⃣port2️⃣: 80}}]}"),
  ]

  @Test(arguments: adminFaults) func foundInSubjects(_ kind: String, _ spec: String) throws {
    try expectRefused(kind, spec)
  }

  @Test(arguments: ruleFaults) func foundInAdminRules(_ kind: String, _ rule: String) throws {
    let tier = kind == "ClusterNetworkPolicy" ? "tier: Admin, " : ""
    try expectRefused(kind, "{\(tier)subject: {namespaces: {}}, priority: 1, ingress: [\(rule)]}")
  }

  private func expectRefused(_ kind: String, _ spec: String) throws {
    let source = MarkedSource(Self.admin(kind, spec))
    let found = Self.findings(source, try #require(.named("ovn-kubernetes")))
    #expect(found.count == 1 && found.containErrors, "\(found.map(\.message))")
    if let range = found.first?.primary?.range { #expect(range.start..<range.end == source.range(1, 2)) }
  }

  @Test func theBaselineHasOneName() throws {
    let default_ = Self.admin("BaselineAdminNetworkPolicy", "{subject: {namespaces: {}}}")
    let profile = try #require(NetworkProfile.named("ovn-kubernetes"))
    let text = default_.replacing("name: default", with: "name: p")
    #expect(Self.findings(MarkedSource(text), profile).map(\.rule.id) == ["LW7402"])
    #expect(Self.findings(MarkedSource(default_), profile).isEmpty)
  }

  /// A namespace that nobody describes, and a peer that may be in another repository.
  @Test func namespacesAndPeersElsewhere() {
    let policy =
      "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: \("shpo")}\nspec: {podSelector: {}}\n"
    let pod =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\nspec: {containers: []}\n---\n"
    #expect(Self.findings(MarkedSource(pod + policy)).map(\.rule.id) == ["LW7103"])
    func peer(_ labels: String) -> [String] {
      Self.findings(
        MarkedSource(
          Self.pods
            + "spec: {policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {\(labels)}}}], ports: [{protocol: UDP, port: 53}]}]}"
        )
      ).map(\.rule.id)
    }
    #expect(peer("k8s-app: kube-dns") == [])
    #expect(peer("app: wbe") == ["LW7104"])
  }

  /// The API server takes a direction that stands twice.
  @Test func directionsMayRepeat() {
    #expect(Self.findings(MarkedSource(Self.pods + "spec: {policyTypes: [Ingress, Ingress]}")).isEmpty)
  }

  private static func expect(_ id: String, _ source: MarkedSource, _ profile: NetworkProfile) throws {
    let found = Self.findings(source, profile)
    let finding = try #require(found.first { $0.rule.id == id }, "found \(found.map(\.rule.id))")
    let range = try #require(finding.primary?.range)
    #expect(range.start..<range.end == source.range(1, 2))
    #expect(found.count == 1, "found \(found.map { $0.rule.id + " " + $0.message })")
  }

  @Test func egressWithoutNamesAndMislabelledNamespace() {
    let text = """
      spec: {egress: [{ports: [{port: 443}]}]}
      ---
      apiVersion: v1
      kind: Namespace
      metadata: {name: a, labels: {kubernetes.io/metadata.name: b}}
      """
    #expect(Set(Self.findings(MarkedSource(Self.pods + text)).map(\.rule.id)) == ["LW7107", "LW7108"])
  }

  @Test func nothingIsWrongWithAnOrdinaryPolicy() {
    let text = """
      spec:
        podSelector: {matchLabels: {app: web}}
        policyTypes: [Ingress, Egress]
        ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}], ports: [{port: http}]}]
        egress: [{ports: [{port: 53, protocol: UDP}]}, {to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]
      """
    #expect(Self.findings(MarkedSource(Self.pods + text)).map(\.message) == [])
  }
}
