import Compiler
import Diagnostics
import Reachability
import Testing

/// What global Services, exports and identities open beyond the connections: planted, and found at what opens it.
@Suite struct MeshExactnessTests {
  private static func service(
    _ cluster: String, _ name: String, annotations: String? = "service.cilium.io/global: \"true\"",
    ports: String = "{name: http, port: 80}", file: String = "more"
  ) -> String {
    """
    -- workloads/\(cluster)/\(file).yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: \(name), namespace: default\(annotations.map { ", annotations: {\($0)}" } ?? "")}
    spec: {selector: {name: \(name)}, ports: [\(ports)]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: \(name), namespace: default}
    spec:
      selector: {matchLabels: {name: \(name)}}
      template: {metadata: {labels: {name: \(name)}}, spec: {containers: [{name: c, image: nginx}]}}

    """
  }

  private static func connection(_ name: String, from client: String, to targets: String, _ more: String = "")
    -> String
  {
    """
    -- connections/\(name).yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: \(name), namespace: default}
    spec:
      from: [{clusters: [\(client)], podSelector: {matchLabels: {name: x-wing}}}]
      to: {clusters: [\(targets)], service: rebel-base, ports: [80]}
      \(more)

    """
  }

  /// The patch for the Service of a client's cluster, by a template that shares it.
  private static let sharingTemplate = """
    -- templates/cluster-mesh/global-service-patch.yaml --
    apiVersion: v1
    kind: Service
    metadata:
      name: ${service.name}
      namespace: ${service.namespace}
      annotations: {service.cilium.io/global: "true"}

    """

  private static let third = """
    -- clusters/cluster03.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: cluster03}
    spec:
      network: {podCIDRs: [10.3.0.0/16], serviceCIDRs: [10.103.0.0/16], baseline: []}
      apiServer: {certificateAuthorityFile: pki/ca.crt, expose: {address: 10.6.124.68, nodePort: 31933}}
      cilium: {id: 3, chartVersion: 1.20.0, mesh: {ips: [10.6.124.68, 10.6.125.68]}}
    -- links/mesh.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: mesh}
    spec:
      clusterMesh:
        members: [cluster01, cluster02, cluster03]
        certificates: {method: certmanager, issuerRef: {kind: ClusterIssuer, name: clustermesh-ca}, sharedAuthority: true}

    """

  struct Plant: Sendable, CustomTestStringConvertible {
    let name: String
    let files: String
    /// Rule ids and parts of message and help, one per finding.
    let found: [(rule: String, message: String, help: String)]
    var testDescription: String { name }

    init(_ name: String, _ files: String, _ found: [(String, String, String)]) {
      self.name = name
      self.files = files
      self.found = found.map { (rule: $0.0, message: $0.1, help: $0.2) }
    }
  }

  static let plants: [Plant] = [
    Plant("nothing planted", "", []),
    Plant(
      "global in both members, without a connection",
      service("cluster01", "moon") + service("cluster02", "moon"),
      [
        (
          "LW7227", "default/moon of cluster01 is global and shared: clients of cluster02",
          "declare the connection"
        ),
        (
          "LW7227", "default/moon of cluster02 is global and shared: clients of cluster01",
          "declare the connection"
        ),
      ]),
    Plant(
      "one of them shares nothing",
      service(
        "cluster01", "moon",
        annotations: "service.cilium.io/global: \"true\", service.cilium.io/shared: \"false\"")
        + service("cluster02", "moon"),
      [("LW7227", "default/moon of cluster02 is global and shared: clients of cluster01", "declare")]),
    Plant(
      "the older annotation",
      service("cluster01", "moon", annotations: "io.cilium/global-service: \"true\"")
        + service(
          "cluster02", "moon",
          annotations: "io.cilium/global-service: \"true\", io.cilium/shared-service: \"false\""),
      [("LW7227", "default/moon of cluster01 is global and shared", "")]),
    Plant("global in one member alone", service("cluster01", "moon"), []),
    Plant(
      "no pods behind it",
      service("cluster01", "moon")
        + service("cluster02", "moon").replacing("selector: {name: moon}", with: "selector: {name: sun}"),
      [("LW7227", "default/moon of cluster01 is global and shared", "")]),
    Plant(
      "the client's own Service, made global by the program",
      service("cluster01", "rebel-base", annotations: nil), []),
    Plant(
      "the client's own Service, made global by a template that shares it",
      service("cluster01", "rebel-base", annotations: nil) + sharingTemplate,
      [
        (
          "LW7224", "default/rebel-base of cluster01 is global and shared: clients of cluster02",
          "service.cilium.io/shared: \"false\""
        )
      ]),
    Plant(
      "the client's own Service, made global by its author", service("cluster01", "rebel-base"),
      [
        (
          "LW7227", "default/rebel-base of cluster01 is global and shared",
          "service.cilium.io/shared: \"false\""
        )
      ]),
    Plant(
      "a third member that no connection names",
      third
        + service(
          "cluster03", "rebel-base",
          annotations: "service.cilium.io/global: \"true\", service.cilium.io/shared: \"false\""),
      [
        (
          "LW7227", "default/rebel-base of cluster03 is global: its clients are led to pods of cluster02",
          "name cluster03 among the connection's clients"
        )
      ]),
    Plant(
      "a client of one target that reaches the other",
      third + service("cluster03", "rebel-base") + connection("third", from: "cluster02", to: "cluster03"),
      [
        (
          "LW7227", "default/rebel-base of cluster01 is global: its clients are led to pods of cluster03",
          "to.clusters"
        )
      ]),
    Plant(
      "known and meant",
      third + service("cluster03", "rebel-base")
        + connection("third", from: "cluster02", to: "cluster03", "exposure: {acknowledged: the-team}"), []),
    Plant(
      "another port",
      service(
        "cluster02", "rebel-base", ports: "{name: http, port: 80}, {name: admin, port: 81}",
        file: "rebel-base"),
      [("LW7228", "with port 81 (admin) TCP, which no connection uses", "declare the port")]),
    Plant(
      "another port that policies keep closed",
      service(
        "cluster02", "rebel-base", ports: "{name: http, port: 80}, {name: admin, port: 81}",
        file: "rebel-base")
        + JudgementTests.policy(
          "cluster02", "default",
          "{podSelector: {matchLabels: {name: rebel-base}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {name: x-wing, io.cilium.k8s.policy.cluster: cluster01}}}], ports: [{port: 80}]}]}"
        ), []),
  ]

  @Test(arguments: plants)
  func excessOfAMeshIsFound(_ plant: Plant) throws {
    let compilation = try FixtureFleet(base: "clustermesh").overlaid(by: plant.files).compile()
    try Self.expect(plant.found, in: compilation)
  }

  private static func expect(
    _ expected: [(rule: String, message: String, help: String)], in compilation: Compilation
  ) throws {
    #expect(!compilation.failed, "\(compilation.findingsText)")
    let found = compilation.findings.filter { $0.rule.id.hasPrefix("LW722") || $0.rule.id == "LW7230" }
    try #require(found.map(\.rule.id) == expected.map(\.rule), "\(compilation.findingsText)")
    for (finding, wanted) in zip(found, expected) {
      #expect(finding.message.contains(wanted.message), "\(finding.goldenText)")
      #expect(finding.help.joined().contains(wanted.help), "\(finding.goldenText)")
      #expect(finding.primary != nil)
    }
  }

  /// What would be enough names the clients' cluster: without it a peer means pods of the policy's own.
  @Test func remedyNamesTheCluster() throws {
    let files = JudgementTests.policy(
      "cluster02", "default", "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: []}]}")
    let compilation = try FixtureFleet(base: "clustermesh").overlaid(by: files).compile()
    let finding = try #require(
      compilation.findings.first { $0.rule.id == "LW7230" }, "\(compilation.findingsText)")
    #expect(
      finding.help.joined().contains("io.cilium.k8s.policy.cluster: cluster01"), "\(finding.goldenText)")
  }

  // MARK: Exports

  /// With exports, a member that has the namespace imports, and one without a connection is excess.
  @Test func exportsThatNobodyNeeds() throws {
    let link = """
      -- links/mesh.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: mesh}
      spec:
        clusterMesh:
          members: [cluster01, cluster02]
          services: mcs
          certificates: {method: certmanager, issuerRef: {kind: ClusterIssuer, name: clustermesh-ca}, sharedAuthority: true}

      """
    let export = """
      -- workloads/cluster02/export.yaml --
      apiVersion: multicluster.x-k8s.io/v1alpha1
      kind: ServiceExport
      metadata: {name: moon, namespace: default}

      """
    let files =
      link + Self.service("cluster02", "rebel-base", annotations: nil, file: "rebel-base")
      + Self.service("cluster02", "moon", annotations: nil) + export
    let compilation = try FixtureFleet(base: "clustermesh").overlaid(by: files).compile()
    let found = compilation.findings.filter { $0.rule.id == "LW7227" }
    #expect(
      found.map(\.message) == [
        "ServiceExport default/moon of cluster02 leads clients of cluster01 to pods that no connection reaches"
      ], "\(compilation.findingsText)")
    #expect(found.first?.primary?.range.file.path == "workloads/cluster02/export.yaml")
  }

  // MARK: Identities

  private static func identities(_ rule: String, selector: String = "app: details") -> String {
    """
    -- templates/tetrate/+identities.yaml --
    $scope: target
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: details, namespace: "${place.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
    spec: {selector: {matchLabels: {\(selector)}}, action: ALLOW, rules: [\(rule)]}

    """
  }

  /// About the target's pods alone: the gateway's, in the same namespace, know no identity.
  private static func written(_ rules: String, namespace: String = "bookinfo") -> String {
    let selector = namespace == "bookinfo" ? "selector: {matchLabels: {app: details}}, " : ""
    return """
      -- workloads/cluster-1/identities.yaml --
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata: {name: mine, namespace: \(namespace)}
      spec: {\(selector)action: ALLOW, rules: [\(rules)]}

      """
  }

  static let admitting: [Plant] = [
    Plant("the clients alone", identities("{from: [{source: {namespaces: [bookinfo]}}]}"), []),
    Plant(
      "the clients' principals",
      identities(
        "{from: [{source: {principals: [cluster.local/ns/bookinfo/sa/sleep, \"*/ns/bookinfo/sa/default\"]}}]}"
      ), []),
    Plant(
      "another namespace", identities("{from: [{source: {namespaces: [bookinfo, others]}}]}"),
      [("LW7229", "admits namespace others", "namespaces: [bookinfo]")]),
    Plant(
      "another namespace's principal",
      identities(
        "{from: [{source: {principals: [cluster.local/ns/others/sa/a]}}, {source: {namespaces: [bookinfo]}}]}"
      ), [("LW7229", "admits namespace others", "namespaces: [bookinfo]")]),
    Plant(
      "a pattern", identities("{from: [{source: {namespaces: [\"book*\"]}}]}"),
      [("LW7229", "whoever is like 'book*'", "namespaces: [bookinfo]")]),
    Plant(
      "every identity", identities("{from: [{source: {principals: [\"*\"]}}]}"),
      [("LW7229", "admits everybody", "namespaces: [bookinfo]")]),
    Plant(
      "everybody", identities("{to: [{operation: {ports: [\"9080\"]}}]}"),
      [("LW7229", "admits everybody", "namespaces: [bookinfo]")]),
    Plant(
      "everybody but one", identities("{from: [{source: {notNamespaces: [others]}}]}"),
      [("LW7229", "admits everybody", "namespaces: [bookinfo]")]),
    Plant(
      "another port",
      identities(
        "{from: [{source: {namespaces: [bookinfo]}}], to: [{operation: {ports: [\"9080\", \"15000\"]}}]}"),
      [("LW7229", "to port 15000", "ports: [\"9080\"]")]),
    Plant(
      "other pods",
      identities("{from: [{source: {namespaces: [bookinfo]}}]}", selector: "tier: front") + """
        -- workloads/cluster-1/more.yaml --
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: front, namespace: bookinfo}
        spec:
          selector: {matchLabels: {tier: front}}
          template: {metadata: {labels: {tier: front}}, spec: {containers: [{name: c, image: c}]}}

        """,
      [
        ("LW7229", "to Deployment front", "leaves Deployment front (tier=front) out"),
        ("LW7229", "admits namespace bookinfo", "take the policy out"),
      ]),
    Plant(
      "an author admits everybody", written("{to: [{operation: {ports: [\"9080\"]}}]}"),
      [("LW7230", "admits everybody to pods of Service bookinfo/details", "name the clients")]),
    Plant(
      "an author's rule that is empty, for all namespaces", written("{}", namespace: "istio-system"),
      [("LW7230", "admits everybody", "name the clients")]),
    Plant(
      "an author admits a namespace of the cluster",
      written("{from: [{source: {namespaces: [bookinfo, istio-system]}}]}"), []),
    Plant(
      "an author admits a namespace of nowhere",
      written("{from: [{source: {namespaces: [bookinfo, elsewhere]}}]}"),
      [("LW7230", "admits namespace elsewhere, which cluster-1 does not have", "take it out")]),
    Plant("conditions narrow it", written("{when: [{key: \"request.headers[x]\", values: [a]}]}"), []),
  ]

  @Test(arguments: admitting)
  func excessOfIdentitiesIsFound(_ plant: Plant) throws {
    let compilation = try FixtureFleet(base: "tetrate").overlaid(
      by: plant.files
        + "-- workloads/cluster-1/istio.yaml --\napiVersion: v1\nkind: Namespace\nmetadata: {name: istio-system}\n"
    ).compile()
    try Self.expect(plant.found, in: compilation)
  }

  // MARK: Policies of authors

  private static func admit(_ rules: String) -> String {
    JudgementTests.policy(
      "gold", "a1b2c3-dev", "{podSelector: {}, policyTypes: [Ingress], ingress: [\(rules)]}")
  }

  private static let router =
    "{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}}"

  static let wide: [Plant] = [
    Plant("the router alone", admit("{from: [\(router)], ports: [{port: 8000}]}"), []),
    Plant("everybody", admit("{}"), [("LW7230", "admits everybody to every port of", "write '")]),
    Plant(
      "an empty from", admit("{from: [], ports: [{port: 8000}]}"),
      [("LW7230", "admits everybody to TCP 8000 of", "write 'from: [{namespaceSelector")]),
    Plant(
      "all addresses beside the router", admit("{from: [\(router), {ipBlock: {cidr: 0.0.0.0/0}}]}"),
      [("LW7230", "admits everybody", "take ingress[0].from[1] out")]),
    Plant(
      "pods of every namespace", admit("{from: [\(router), {namespaceSelector: {}}], ports: [{port: 8000}]}"),
      [("LW7230", "admits pods of every namespace to TCP 8000 of", "take ingress[0].from[1] out")]),
    Plant(
      "pods of every namespace with a label",
      admit("{from: [\(router), {namespaceSelector: {}, podSelector: {matchLabels: {app: probe}}}]}"), []),
    Plant("pods of the own namespace", admit("{from: [\(router), {podSelector: {}}]}"), []),
    Plant("another port", admit("{from: [\(router)], ports: [{port: 8000}]}, {ports: [{port: 8080}]}"), []),
    Plant("a network", admit("{from: [\(router), {ipBlock: {cidr: 10.0.0.0/8}}]}"), []),
  ]

  @Test(arguments: wide)
  func policyThatAdmitsEverybodyAnyway(_ plant: Plant) throws {
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(by: plant.files).compile()
    try Self.expect(plant.found, in: compilation)
    for finding in compilation.findings where finding.rule.id == "LW7230" {
      #expect(finding.primary?.range.file.path.hasPrefix("workloads/gold/") ?? false)
    }
  }
}
