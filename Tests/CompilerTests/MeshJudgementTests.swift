import Diagnostics
import Kubernetes
import Linker
import Output
import Reachability
import Testing

@testable import Compiler

/// Planted breaks in each hop of a Cilium mesh.
@Suite struct MeshJudgementTests {
  @Test func unbrokenMeshIsProved() throws {
    let compilation = try FixtureFleet(base: "clustermesh").compile()
    let judgement = try #require(compilation.judgement)
    #expect(!judgement.crossings.isEmpty)
    for judged in judgement.crossings {
      #expect(judged.verdict == .proved, "\(judgement.trace(of: judged.crossing)?.text() ?? "")")
    }
  }

  @Test(arguments: ["examples/clustermesh", "examples/clustermesh-five", "examples/clustermesh-mcs"])
  func examplesAreNotRefuted(_ path: String) throws {
    let judgement = try #require(try FixtureFleet(directory: path).compile().judgement)
    #expect(!judgement.crossings.isEmpty)
    for judged in judgement.crossings {
      #expect(judged.verdict != .refuted, "\(judgement.trace(of: judged.crossing)?.text() ?? "")")
    }
  }
}

extension MeshJudgementTests {
  /// Breaks that the mesh's own rules do not find, or that the judge must find even so.
  static let breaks: [JudgementTests.Break] = [
    JudgementTests.Break(
      "ingress", over: "clustermesh",
      template(
        "ingress-policy", "Ingress",
        "ingress: [{from: [{podSelector: {matchLabels: {name: x-wing}}}], ports: [{port: 81}]}]")
        + closed("cluster02"), at: .ingress, "LW7207"),
    JudgementTests.Break(
      "ingress without the cluster's label", over: "clustermesh",
      template(
        "ingress-policy", "Ingress", "ingress: [{from: [{podSelector: {matchLabels: {name: x-wing}}}]}]")
        + closed("cluster02"), at: .ingress, "LW7207"),
    JudgementTests.Break(
      "egress", over: "clustermesh",
      template(
        "egress-policy", "Egress", "egress: [\(dns), {to: [{podSelector: {matchLabels: {name: x-wing}}}]}]")
        + closed("cluster01"), at: .egress, "LW7201"),
    JudgementTests.Break(
      "egress without the cluster's label", over: "clustermesh",
      template(
        "egress-policy", "Egress",
        "egress: [\(dns), {to: [{podSelector: {matchLabels: {name: rebel-base}}}]}]")
        + closed("cluster01"), at: .egress, "LW7201"),
  ]

  @Test(arguments: breaks)
  func breakIsFoundAtItsHop(_ planted: JudgementTests.Break) throws {
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile()
    let judged = try #require(compilation.judgement?.crossings.first)
    #expect(judged.verdict == .refuted, "\(compilation.findingsText)")
    #expect(judged.decisiveHop?.kind == planted.hop, "\(compilation.findingsText)")
    #expect(compilation.findings.contains { $0.rule.id == planted.rule }, "\(compilation.findingsText)")
  }

  private static let dns =
    "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]}"

  private static func template(_ name: String, _ type: String, _ rules: String) -> String {
    """
    -- templates/cluster-mesh/\(name).yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: "${policy.name}", namespace: "${policy.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
    spec:
      podSelector: {}
      policyTypes: [\(type)]
      \(rules)

    """
  }

  private static func closed(_ cluster: String) -> String {
    """
    -- workloads/\(cluster)/closed.yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: closed, namespace: default}
    spec: {podSelector: {}, policyTypes: [Ingress, Egress]}

    """
  }
}

// MARK: The mesh's own hops

extension MeshJudgementTests {
  /// Every hop broken on its own, in a way that no other rule stops.
  static let hops: [JudgementTests.Break] = [
    JudgementTests.Break(
      "the clients' resolver is closed", over: "clustermesh", at: .name, "LW7202",
      JudgementTests.policy("cluster01", "kube-system", "{podSelector: {}, policyTypes: [Ingress]}")),
    JudgementTests.Break(
      "the target's clustermesh-apiserver is closed", over: "clustermesh", at: .tunnel, "LW7209",
      JudgementTests.policy(
        "cluster02", "kube-system",
        "{podSelector: {matchLabels: {k8s-app: clustermesh-apiserver}}, policyTypes: [Ingress]}")),
    JudgementTests.Break(
      "clients may not ask for names", over: "clustermesh", at: .name, "LW7202",
      template(
        "egress-policy", "Egress",
        "egress: [{to: [{podSelector: {matchLabels: {name: rebel-base, io.cilium.k8s.policy.cluster: cluster02}}}], ports: [{port: 80}]}]"
      )
        + closed("cluster01")),
    JudgementTests.Break(
      "the Service at the clients is not global", over: "clustermesh", at: .address, "LW7203",
      service(annotations: "\"${common.annotations}\"")),
    JudgementTests.Break(
      "the Service at the clients names its port otherwise", over: "clustermesh", at: .address, "LW7203",
      service(port: "web")),
    JudgementTests.Break(
      "the Service at the clients has its port over another protocol", over: "clustermesh", at: .address,
      "LW7203",
      service(transport: "UDP")),
    JudgementTests.Break(
      "no peers in the values", over: "clustermesh", at: .tunnel, "LW7209",
      values("config: {enabled: true, clusters: {}}")),
    JudgementTests.Break(
      "peers in the values switched off", over: "clustermesh", at: .tunnel, "LW7209",
      values("config: {enabled: false, clusters: \"${mesh.peers}\"}")),
    JudgementTests.Break(
      "no API server of the mesh", over: "clustermesh", at: .tunnel, "LW7209",
      values("config: {enabled: true, clusters: \"${mesh.peers}\"}", server: false)),
    JudgementTests.Break(
      "no peers in the objects", over: "clustermesh", at: .tunnel, "LW7209",
      link("emit: objects") + """
        -- templates/cluster-mesh/peers-secret.yaml --
        apiVersion: v1
        kind: Secret
        metadata: {name: "${secret.name}", namespace: "${secret.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
        type: Opaque
        data: {}

        """),
    JudgementTests.Break(
      "the target's Service is not shared", over: "clustermesh", at: .service, "LW7205",
      target("{service.cilium.io/global: \"true\", service.cilium.io/shared: \"false\"}")
        + patch("service.cilium.io/global: \"true\"")),
    JudgementTests.Break(
      "the target's Service is not global", over: "clustermesh", at: .service, "LW7205",
      target("{}") + patch("service.cilium.io/global: \"false\"")),
  ]

  /// The same for Services that cross by exports.
  static let exports: [JudgementTests.Break] = [
    JudgementTests.Break(
      "the API of exports is off", over: "clustermesh", at: .address, "LW7203",
      exporting + values("config: {enabled: true, clusters: \"${mesh.peers}\"}")),
    JudgementTests.Break(
      "CoreDNS does not know clusterset.local", over: "clustermesh", at: .name, "LW7202",
      exporting + cluster01("mcsapi: {coreDNS: configured}") + corefile("")),
  ]

  @Test(arguments: hops + exports)
  func hopIsRefuted(_ fault: JudgementTests.Break) throws {
    let compilation = try FixtureFleet(base: fault.base).overlaid(by: fault.files).compile()
    let judged = try #require(compilation.judgement?.crossings.first, "\(compilation.findingsText)")
    #expect(judged.verdict == .refuted, "\(compilation.findingsText)")
    #expect(judged.decisiveHop?.kind == fault.hop, "\(compilation.findingsText)")
    let found = compilation.findings.filter { $0.rule.id == fault.rule }
    #expect(!found.isEmpty && found.allSatisfy { !$0.help.isEmpty }, "\(compilation.findingsText)")
  }

  /// What is emitted does not arrive: the Service at the clients, or the export of the target.
  @Test(arguments: [
    ("Service", "", Hop.Kind.name, "there is no Service default/rebel-base in cluster01"),
    ("ServiceExport", exporting, .service, "is not exported: it has no ServiceExport"),
  ])
  func missingObjectIsRefuted(_ kind: String, _ files: String, _ hop: Hop.Kind, _ message: String) throws {
    let compilation = try FixtureFleet(base: "clustermesh").overlaid(by: files).compile()
    let workings = try #require(compilation.workings)
    let emitted = workings.units.flatMap(\.judged)
    #expect(emitted.contains { $0.manifest.kind == kind })
    let fragments = workings.units.flatMap(\.fragments).map {
      EmittedFragment(cluster: $0.cluster, name: $0.name, content: $0.content, subject: $0.subject)
    }
    let fleet = JudgedFleet(
      workings.model, emitted: emitted.filter { $0.manifest.kind != kind }, fragments: fragments,
      mapping: AllCores())
    let judgement = Judgement(
      fleet, links: workings.plan.links, connections: workings.plan.connections, mapping: AllCores())
    let judged = try #require(judgement.crossings.first)
    #expect(judged.verdict == .refuted && judged.decisiveHop?.kind == hop)
    let trace = judgement.trace(of: judged.crossing)?.text() ?? ""
    #expect(trace.contains(message), "\(trace)")
    #expect(judgement.disputes(mapping: AllCores()).isEmpty)
  }

  /// Exports that are whole are proved; what the Corefile says counts, where it is known.
  @Test func exportsAreProved() throws {
    let configured = Self.cluster01("mcsapi: {coreDNS: configured}")
    let known = Self.corefile("multicluster clusterset.local")
    for files in [Self.exporting, Self.exporting + configured, Self.exporting + configured + known] {
      let compilation = try FixtureFleet(base: "clustermesh").overlaid(by: files).compile()
      let judgement = try #require(compilation.judgement)
      #expect(!judgement.crossings.isEmpty)
      for judged in judgement.crossings {
        let text = judgement.trace(of: judged.crossing)?.text() ?? ""
        #expect(
          judged.verdict == .proved && text.contains("rebel-base.default.svc.clusterset.local"), "\(text)")
      }
    }
  }

  /// What nobody says is no proof: a namespace that no manifest shows, and whose export is the oldest.
  @Test func openQuestionsOfExportsAreNamed() throws {
    let elsewhere =
      Self.exporting + """
        -- workloads/cluster01/x-wing.yaml --
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: x-wing, namespace: wings}
        spec:
          selector: {matchLabels: {name: x-wing}}
          template:
            metadata: {labels: {name: x-wing}}
            spec: {containers: [{name: x-wing, image: json-mock}]}
        -- connections/rebel-base.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Connection
        metadata: {name: rebel-base, namespace: default}
        spec:
          from: [{clusters: [cluster01], namespace: wings, podSelector: {matchLabels: {name: x-wing}}}]
          to: {clusters: [cluster02], service: rebel-base, ports: [80]}

        """
    let older =
      Self.exporting + """
        -- workloads/cluster01/other.yaml --
        apiVersion: v1
        kind: Service
        metadata: {name: rebel-base, namespace: default}
        spec: {selector: {name: other}, ports: [{name: other, port: 81}]}
        ---
        apiVersion: multicluster.x-k8s.io/v1alpha1
        kind: ServiceExport
        metadata: {name: rebel-base, namespace: default}

        """
    let excluded =
      Self.exporting + """
        -- linkwright.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Fleet
        metadata: {name: clustermesh}
        spec: {output: {consumer: {type: argocd, version: "3", excludedKinds: [ServiceExport]}}}

        """
    for (files, text) in [
      (elsewhere, "whether namespace default exists"), (older, "is the oldest"),
      (excluded, "whether somebody applies ServiceExport"),
    ] {
      let compilation = try FixtureFleet(base: "clustermesh").overlaid(by: files).compile()
      let judgement = try #require(compilation.judgement)
      let judged = try #require(judgement.crossings.first)
      #expect(judged.verdict == .depends, "\(compilation.findingsText)")
      let trace = judgement.trace(of: judged.crossing)?.text() ?? ""
      #expect(trace.contains(text), "\(trace)")
      #expect(judgement.disputes(mapping: AllCores()).isEmpty)
    }
  }

  // MARK: Parts of fleets

  private static func service(
    annotations: String = "{$merge: \"${common.annotations}\", service.cilium.io/global: \"true\"}",
    port: String = "http", transport: String = "TCP"
  ) -> String {
    """
    -- templates/cluster-mesh/global-service.yaml --
    apiVersion: v1
    kind: Service
    metadata:
      name: ${service.name}
      namespace: ${service.namespace}
      labels: ${common.labels}
      annotations: \(annotations)
    spec: {selector: "${service.selector}", ports: [{name: \(port), port: 80, protocol: \(transport)}]}

    """
  }

  private static func values(_ section: String, server: Bool = true) -> String {
    """
    -- templates/cluster-mesh/cilium-values.yaml --
    cluster: {name: "${member.name}", id: "${member.id}"}
    clustermesh:
      useAPIServer: \(server)
      maxConnectedClusters: ${mesh.maxConnectedClusters}
      \(section)

    """
  }

  private static func patch(_ annotations: String) -> String {
    """
    -- templates/cluster-mesh/global-service-patch.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: "${service.name}", namespace: "${service.namespace}", annotations: {\(annotations)}}

    """
  }

  private static func target(_ annotations: String) -> String {
    """
    -- workloads/cluster02/rebel-base.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: rebel-base, namespace: default}
    spec:
      selector: {matchLabels: {name: rebel-base}}
      template:
        metadata: {labels: {name: rebel-base}}
        spec: {containers: [{name: rebel-base, image: nginx}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: rebel-base, namespace: default, annotations: \(annotations)}
    spec: {selector: {name: rebel-base}, ports: [{name: http, port: 80}]}

    """
  }

  private static func link(_ line: String) -> String {
    """
    -- links/mesh.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: mesh}
    spec:
      clusterMesh:
        members: [cluster01, cluster02]
        certificates: {method: certmanager, issuerRef: {kind: ClusterIssuer, name: ca}, sharedAuthority: true}
        \(line)

    """
  }

  static let exporting = link("services: mcs") + target("{}")

  private static func cluster01(_ line: String) -> String {
    """
    -- clusters/cluster01.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: cluster01}
    spec:
      network: {podCIDRs: [10.1.0.0/16], serviceCIDRs: [10.101.0.0/16], baseline: []}
      apiServer: {certificateAuthorityFile: pki/ca.crt, expose: {address: 10.6.124.66, nodePort: 31931}}
      cilium:
        id: 1
        chartVersion: 1.20.0
        mesh: {ips: [10.6.124.66, 10.6.125.66]}
        \(line)

    """
  }

  private static func corefile(_ option: String) -> String {
    """
    -- workloads/cluster01/coredns.yaml --
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: coredns, namespace: kube-system}
    data:
      Corefile: |
        .:53 {
            kubernetes cluster.local clusterset.local {
              pods insecure
              \(option)
            }
            forward . /etc/resolv.conf
        }

    """
  }
}

/// Imports: somebody says that CoreDNS answers for them, and the Corefile that was observed must agree.
extension MeshJudgementTests {
  @Test(arguments: [
    ("kubernetes cluster.local clusterset.local {\n multicluster clusterset.local\n }", true),
    ("kubernetes cluster.local in-addr.arpa {\n }", false),
    ("kubernetes cluster.local clusterset.local {\n multicluster other.local\n }", false),
  ]) func observedCorefileMustServeImports(_ plugin: String, _ serves: Bool) throws {
    var options = CompileOptions()
    options.isParanoid = true
    let corefile = ".:53 {\n errors\n \(plugin)\n forward . /etc/resolv.conf\n}\n"
    let compilation = try FixtureFleet(directory: "examples/clustermesh-mcs").overlaid(
      by: """
        -- clusters/west.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Cluster
        metadata: {name: west}
        spec:
          network: {podCIDRs: [10.2.0.0/16], serviceCIDRs: [10.102.0.0/16], nodeCIDRs: [172.16.2.0/24], baseline: []}
          cilium:
            id: 2
            chartVersion: 1.19.6
            mesh: {serviceType: LoadBalancer, ips: [203.0.113.2]}
            mcsapi: {coreDNS: configured}
        -- observed/west/kube-system.yaml --
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: coredns, namespace: kube-system}
        data: {Corefile: "\(corefile.replacing("\n", with: "\\n"))"}

        """
    ).compile(options)
    let judged = try #require(compilation.judgement?.crossings.first)
    #expect((judged.verdict == .refuted) == !serves, "\(compilation.findingsText)")
    if !serves { #expect(judged.decisiveHop?.kind == .name, "\(compilation.findingsText)") }
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }
}

/// Policies of Cilium that are about nodes, or about what is said over a connection.
extension MeshJudgementTests {
  static let beside: [(String, ConnectionVerdict)] = [
    (hostPolicy("[{toPorts: [{ports: [{port: \"22\", protocol: TCP}]}]}]"), .depends),
    (hostPolicy("[{toPorts: [{ports: [{port: \"8472\", protocol: UDP}]}]}]"), .proved),
    (hostPolicy("[{}]"), .proved),
    (inspected("{http: [{method: GET}]}"), .depends), (inspected("{}"), .proved),
  ]

  private static func hostPolicy(_ rules: String) -> String {
    """
    -- workloads/cluster02/nodes.yaml --
    apiVersion: cilium.io/v2
    kind: CiliumClusterwideNetworkPolicy
    metadata: {name: nodes}
    spec: {nodeSelector: {}, ingress: \(rules)}

    """
  }

  private static func inspected(_ rules: String) -> String {
    """
    -- workloads/cluster02/inspected.yaml --
    apiVersion: cilium.io/v2
    kind: CiliumNetworkPolicy
    metadata: {name: inspected, namespace: default}
    spec:
      endpointSelector: {matchLabels: {name: rebel-base}}
      ingress:
      - fromEndpoints: [{matchLabels: {name: x-wing, io.cilium.k8s.policy.cluster: cluster01}}]
        toPorts: [{ports: [{port: "80", protocol: TCP}], rules: \(rules)}]

    """
  }

  @Test(arguments: beside) func policiesBesideTheWay(_ files: String, _ verdict: ConnectionVerdict) throws {
    let compilation = try FixtureFleet(base: "clustermesh").overlaid(by: files).compile()
    #expect(compilation.judgement?.crossings.first?.verdict == verdict, "\(compilation.findingsText)")
  }
}
