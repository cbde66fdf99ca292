import Compiler
import Diagnostics
import Reachability
import Testing
import YAMLTree

/// Planted over-exposure in what links of every type emit: policies of each kind, and objects that are no policies. Each
/// is found, at the line of the template that opens it, with the change that closes it.
@Suite struct SystemExactnessTests {
  struct Plant: Sendable, CustomTestStringConvertible {
    let name: String
    let base: String
    let files: String
    let rule: String
    /// A part of what mends it.
    let remedy: String
    var testDescription: String { name }

    init(_ name: String, over base: String, _ rule: String, _ remedy: String, _ files: String) {
      self.name = name
      self.base = base
      self.files = files
      self.rule = rule
      self.remedy = remedy
    }
  }

  private static func policy(_ template: String, _ spec: String) -> String {
    JudgementTests.template(
      template,
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata:
        name: ${policy.name}
        namespace: ${policy.namespace}
        labels: ${common.labels}
        annotations: ${common.annotations}
      spec: \(spec)
      """)
  }

  private static let closed =
    JudgementTests.policy("cluster-1", "bookinfo", "{podSelector: {}, policyTypes: [Ingress]}")
    + JudgementTests.policy("cluster-2", "bookinfo", "{podSelector: {}, policyTypes: [Egress]}")
      + """
      -- workloads/cluster-1/reviews.yaml --
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: reviews-v1, namespace: bookinfo}
      spec:
        selector: {matchLabels: {app: reviews}}
        template: {metadata: {labels: {app: reviews}}, spec: {containers: [{name: reviews, image: reviews}]}}

      """

  private static let fromGateway =
    "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: bookinfo}}, podSelector: {matchLabels: {app: eastwest-gateway}}}"

  private static func ingress(_ rule: String, selector: String = "{matchLabels: {app: details}}") -> String {
    policy(
      "tetrate/ingress-policy.yaml", "{podSelector: \(selector), policyTypes: [Ingress], ingress: [\(rule)]}")
      + closed
  }

  private static func gateway(_ rule: String, selector: String = "{matchLabels: {app: eastwest-gateway}}")
    -> String
  {
    policy(
      "tetrate/gateway-policy.yaml", "{podSelector: \(selector), policyTypes: [Ingress], ingress: [\(rule)]}")
      + closed
  }

  private static let dns =
    "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]}"

  private static func egress(_ rules: String) -> String {
    policy(
      "tetrate/egress-policy.yaml",
      "{podSelector: {matchLabels: {app: sleep}}, policyTypes: [Egress], egress: [\(rules)]}") + closed
  }

  private static let istioHosts =
    TetrateJudgementTests.istioFleet
    + JudgementTests.template(
      "istio/gateway.yaml",
      """
      apiVersion: networking.istio.io/v1
      kind: Gateway
      metadata:
        name: ${gateway.name}
        namespace: ${gateway.namespace}
        labels: ${common.labels}
        annotations: ${common.annotations}
      spec:
        selector: {istio: eastwestgateway}
        servers:
        - port: {number: 15443, name: tls, protocol: TLS}
          tls: {mode: AUTO_PASSTHROUGH}
          hosts: ["*.local"]
      """)
      + """
      -- workloads/cluster-1/ratings.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: ratings, namespace: bookinfo, labels: {app: ratings}}
      spec: {selector: {app: details}, ports: [{name: http, port: 9080}]}

      """

  /// A Cilium policy that a template adds to the pods of a Porter connection.
  private static func cilium(_ rule: String) -> String {
    """
    -- templates/porter/+cilium.yaml --
    $scope: target
    apiVersion: cilium.io/v2
    kind: CiliumNetworkPolicy
    metadata: {name: more, namespace: "${place.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
    spec:
      endpointSelector: {matchLabels: {name: yourapp}}
      ingress: [\(rule)]
    -- clusters/gold.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: gold}
    spec: {distribution: openshift, network: {profile: cilium-1.19, baseline: [baseline/deny.yaml]}}

    """
  }

  static let plants: [Plant] = [
    Plant(
      "everybody to the target", over: "tetrate", "LW7221", "write 'from: [",
      ingress("{ports: [{port: 9080}]}")),
    Plant(
      "the whole namespace to the target", over: "tetrate", "LW7221", "instead of ingress[0].from[0]",
      ingress("{from: [{podSelector: {}}], ports: [{port: 9080}]}")),
    Plant(
      "another namespace beside the gateway", over: "tetrate", "LW7221", "take ingress[0].from[1] out",
      ingress(
        "{from: [\(fromGateway), {namespaceSelector: {matchLabels: {team: others}}}], ports: [{port: 9080}]}")
    ),
    Plant(
      "a network beside the gateway", over: "tetrate", "LW7221", "take ingress[0].from[1] out",
      ingress("{from: [\(fromGateway), {ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 9080}]}")),
    Plant(
      "other ports of the target", over: "tetrate", "LW7223", "ports: [{port: 9080}]",
      ingress("{from: [\(fromGateway)]}")),
    Plant(
      "other pods beside the target", over: "tetrate", "LW7222",
      "leaves Deployment reviews-v1 (app=reviews) out",
      ingress("{from: [\(fromGateway)], ports: [{port: 9080}]}", selector: "{}")),
    Plant(
      "other ports of the gateway", over: "tetrate", "LW7223", "ports: [{port: 15443}]",
      gateway("{ports: [{port: 15443}, {port: 15021}]}")),
    Plant(
      "other pods beside the gateway", over: "tetrate", "LW7222", "out",
      gateway("{ports: [{port: 15443}]}", selector: "{}")),
    Plant(
      "a network beside the gateway's address", over: "tetrate", "LW7221",
      "{ipBlock: {cidr: 172.18.255.175/32}}",
      egress("\(dns), {to: [{ipBlock: {cidr: 172.18.0.0/16}}], ports: [{port: 15443}]}")),
    Plant(
      "every port of the gateway's address", over: "tetrate", "LW7223", "ports: [{port: 15443}]",
      egress("\(dns), {to: [{ipBlock: {cidr: 172.18.255.175/32}}]}")),
    Plant("hosts of every Service", over: "tetrate", "LW7224", "hosts: [details.bookinfo", istioHosts),
    Plant(
      "a Cilium policy for another namespace", over: "porter-pair", "LW7221", "",
      cilium(
        "{fromEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: others}}], toPorts: [{ports: [{port: \"8000\", protocol: TCP}]}]}"
      )),
    Plant(
      "a Cilium policy for the world", over: "porter-pair", "LW7221", "",
      cilium("{fromEntities: [world], toPorts: [{ports: [{port: \"8000\", protocol: TCP}]}]}")),
    Plant(
      "a claim that nobody needs", over: "porter-pair", "LW7224", "take the claim out",
      """
      -- templates/porter/+claim.yaml --
      $scope: claim
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: more, namespace: "${place.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
      spec: {service: yourservice, servicePort: 8001, monitor: {type: tcp, interval: 10, timeout: 10}}

      """),
  ]

  /// An object that a template adds to what a Porter connection emits.
  private static func added(_ object: String, _ apiVersion: String, _ spec: String) -> String {
    """
    -- templates/porter/+more.yaml --
    $scope: target
    apiVersion: \(apiVersion)
    kind: \(object)
    metadata: {name: more, namespace: "${place.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
    spec: \(spec)

    """
  }

  static let published: [Plant] = [
    Plant(
      "a load balancer", over: "porter-pair", "LW7224", "type: ClusterIP",
      added("Service", "v1", "{type: LoadBalancer, selector: {name: yourapp}, ports: [{port: 9000}]}")),
    Plant(
      "a node port", over: "porter-pair", "LW7224", "type: ClusterIP",
      added("Service", "v1", "{type: NodePort, selector: {name: yourapp}, ports: [{port: 9000}]}")),
    Plant(
      "external addresses", over: "porter-pair", "LW7224", "without externalIPs",
      added("Service", "v1", "{externalIPs: [192.0.2.1], selector: {name: yourapp}, ports: [{port: 9000}]}")),
    Plant(
      "a Route", over: "porter-pair", "LW7224", "take it out",
      added("Route", "route.openshift.io/v1", "{to: {kind: Service, name: yourservice}}")),
    Plant(
      "an Ingress", over: "porter-pair", "LW7224", "take it out",
      added(
        "Ingress", "networking.k8s.io/v1",
        "{defaultBackend: {service: {name: yourservice, port: {number: 8000}}}}")),
    Plant(
      "a Gateway for every gateway", over: "tetrate", "LW7224", "write 'selector: {istio: eastwestgateway}'",
      istioHosts.replacing("  selector: {istio: eastwestgateway}\n", with: "").replacing(
        "hosts: [\"*.local\"]", with: "hosts: [details.bookinfo.svc.cluster.local]")),
  ]

  @Test(arguments: plants + published)
  func excessIsFound(_ plant: Plant) throws {
    let compilation = try FixtureFleet(base: plant.base).overlaid(by: plant.files).compile()
    let found = compilation.findings.filter { $0.rule.id == plant.rule }
    #expect(!found.isEmpty, "\(compilation.findingsText)")
    let first = try #require(found.first)
    #expect(first.secondary.contains { $0.range.file.path.hasPrefix("templates/") }, "\(first.goldenText)")
    #expect(found.contains { $0.help.joined().contains(plant.remedy) }, "\(first.goldenText)")
    #expect(!compilation.failed, "\(compilation.findingsText)")
  }

  /// The template's line is that of the peer, not of the policy.
  @Test func findingNamesTheLineThatOpens() throws {
    let files = Self.policy(
      "tetrate/ingress-policy.yaml",
      """

        podSelector: {matchLabels: {app: details}}
        policyTypes: [Ingress]
        ingress:
        - from:
          - \(Self.fromGateway)
          - namespaceSelector: {matchLabels: {team: others}}
          ports: [{port: 9080}]
      """)
    let compilation = try FixtureFleet(base: "tetrate").overlaid(by: files + Self.closed).compile()
    let found = try #require(
      compilation.findings.first { $0.rule.id == "LW7221" }, "\(compilation.findingsText)")
    let label = try #require(found.secondary.first)
    #expect(label.range.file.path == "templates/tetrate/ingress-policy.yaml")
    #expect(label.range.startPosition.line == 14)
  }

  /// What the built-in templates emit is exact, in every example and with every baseline.
  @Test(arguments: [
    ("tetrate", closed), ("tetrate", ""), ("gateway-dns", ""), ("tetrate", TetrateJudgementTests.istioFleet),
    (
      "gateway-dns",
      GatewayDNSJudgementTests.egress("\(GatewayDNSJudgementTests.dns), \(GatewayDNSJudgementTests.gateway)")
    ),
  ])
  func whatTheProgramEmitsIsExact(_ base: String, _ files: String) throws {
    let compilation = try FixtureFleet(base: base).overlaid(by: files).compile()
    #expect(!compilation.findings.contains { $0.rule.id.hasPrefix("LW722") }, "\(compilation.findingsText)")
  }

  /// Pods that are reached with a label that a controller sets are the clients' own pods too, and need what those need.
  @Test func podsWithRuntimeLabelsNeedWhatTheirWorkloadNeeds() throws {
    let files = """
      -- workloads/golddr/prod/egress.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: mine, namespace: c6af30-prod}
      spec:
        podSelector: {}
        policyTypes: [Egress]
        egress:
        - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-dns}}}]
          ports: [{port: 5353, protocol: UDP}, {port: 5353, protocol: TCP}]

      """
    let compilation = try FixtureFleet(directory: "examples/patroni").overlaid(by: files).compile()
    let emitted = compilation.judgement?.fleet.clusters["golddr"]?.emittedObjects(in: "c6af30-prod") ?? []
    #expect(emitted.contains { $0.node.at("spec", "egress") != nil })
    #expect(!compilation.findings.contains { $0.rule.id.hasPrefix("LW722") }, "\(compilation.findingsText)")
  }

  @Test(arguments: FixtureFleet.directories(in: "examples"))
  func examplesAreExact(_ example: String) throws {
    let compilation = try FixtureFleet(directory: "examples/\(example)").compile()
    // Notes are for what a link is set to on purpose: 'networkPolicy.ports: all', a selector of several clusters.
    let found = compilation.findings.filter { $0.rule.id.hasPrefix("LW722") && $0.severity != .note }
    #expect(found.isEmpty, "\(found.map(\.goldenText).joined())")
  }

  /// What a rule says of the link itself is not said of the object again.
  @Test func linksOwnFindingIsEnough() throws {
    let files = """
      -- links/east-west.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: east-west}
      spec:
        tetrate:
          form: gitops
          organization: tetrate
          tenant: dev
          workspace: {name: bookinfo-ws, namespaces: ["*/bookinfo"]}
          configCluster: cluster-1
          exposedServices: all
          gateway: {name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: 172.18.255.175}}
      -- workloads/cluster-1/ratings.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: ratings, namespace: bookinfo, labels: {app: ratings}}
      spec: {selector: {app: details}, ports: [{name: http, port: 9080}]}

      """
    let compilation = try FixtureFleet(base: "tetrate").overlaid(by: files).compile()
    #expect(compilation.findings.contains { $0.rule.id == "LW5058" }, "\(compilation.findingsText)")
    #expect(!compilation.findings.contains { $0.rule.id == "LW7224" }, "\(compilation.findingsText)")
  }
}
