import Diagnostics
import Linker
import Reachability
import Testing

@testable import Compiler

/// Planted breaks: each hop of each carrier is broken on its own, and must be found there.
@Suite struct JudgementTests {
  /// Files laid over a fleet that works, and where the connection then fails.
  struct Break: Sendable, CustomTestStringConvertible {
    let name: String
    let base: String
    let files: String
    let hop: Hop.Kind
    let rule: String
    var testDescription: String { name }

    init(_ name: String, over base: String, at hop: Hop.Kind, _ rule: String, _ files: String) {
      self.init(name, over: base, files, at: hop, rule)
    }

    init(_ name: String, over base: String, _ files: String, at hop: Hop.Kind, _ rule: String) {
      self.name = name
      self.base = base
      self.files = files
      self.hop = hop
      self.rule = rule
    }
  }

  static func policy(_ cluster: String, _ namespace: String, _ spec: String) -> String {
    """
    -- workloads/\(cluster)/policy.yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: mine, namespace: \(namespace)}
    spec: \(spec)

    """
  }

  static func template(_ path: String, _ body: String) -> String {
    """
    -- templates/\(path) --
    \(body)

    """
  }

  static func claimTemplate(_ service: String, _ port: String) -> String {
    template(
      "porter/transport-server-claim.yaml",
      """
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: "${claim.name}", namespace: "${service.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
      spec:
        overrideServicePort: ${claim.overrideServicePort}
        monitor: {type: tcp, interval: 10, timeout: 10}
        service: \(service)
        servicePort: \(port)
      """)
  }

  static func policyTemplate(_ selector: String, _ rule: String) -> String {
    template(
      "porter/network-policy.yaml",
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: "${policy.name}", namespace: "${service.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
      spec:
        podSelector: \(selector)
        policyTypes: [Ingress]
        ingress: [\(rule)]
      """)
  }

  static func egressTemplate(_ rules: String) -> String {
    template(
      "porter/egress-policy.yaml",
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: "${policy.name}", namespace: "${policy.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
      spec:
        podSelector: {}
        policyTypes: [Egress]
        egress: [\(rules)]
      """) + policy("golddr", "a1b2c3-dev", "{podSelector: {}, policyTypes: [Egress]}")
  }

  static func staticEgress(_ rules: String) -> String {
    template(
      "static/egress-policy.yaml",
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: "${policy.name}", namespace: "${policy.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
      spec:
        podSelector: {}
        policyTypes: [Egress]
        egress: [\(rules)]
      """) + policy("emerald", "a1b2c3-prod", "{podSelector: {}, policyTypes: [Egress]}")
  }

  static let dns =
    "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-dns}}}], ports: [{protocol: UDP, port: 5353}]}"

  static func endpoints(_ address: String, _ port: Int) -> String {
    """
    -- observed/golddr/endpoints.yaml --
    apiVersion: v1
    kind: Endpoints
    metadata: {name: yourservice-gold, namespace: a1b2c3-dev}
    subsets: [{addresses: [{ip: \(address)}], ports: [{port: \(port)}]}]

    """
  }

  static func server(_ spec: String, _ status: String = "{}") -> String {
    """
    -- observed/gold/a1b2c3-dev.yaml --
    apiVersion: cis.f5.com/v1
    kind: TransportServer
    metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
    spec: {virtualServerAddress: 142.34.229.70, virtualServerPort: 37650, \(spec)}
    status: \(status)

    """
  }

  /// The baseline that the platform really has: it lets its console and its operators in.
  private static let console = """
    -- baseline/deny.yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: platform-services-controlled-default}
    spec:
      podSelector: {}
      policyTypes: [Ingress]
      ingress:
      - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-operators}}
        - namespaceSelector: {matchLabels: {network.openshift.io/policy-group: console}}

    """

  static let porter: [Break] = [
    Break(
      "egress to another port", over: "porter-pair",
      egressTemplate("\(dns), {to: [{ipBlock: {cidr: \"${policy.cidr}\"}}], ports: [{port: 37651}]}"),
      at: .egress, "LW7201"),
    Break(
      "egress to another address", over: "porter-pair",
      egressTemplate("\(dns), {to: [{ipBlock: {cidr: 142.34.229.71/32}}]}"), at: .egress, "LW7201"),
    Break(
      "egress to the Service's port instead of the server's", over: "porter-pair",
      egressTemplate("\(dns), {to: [{ipBlock: {cidr: \"${policy.cidr}\"}}], ports: [{port: 8000}]}"),
      at: .egress, "LW7201"),
    Break(
      "ingress at another port, beside a platform that lets its console in", over: "porter-pair",
      policyTemplate(
        "{matchLabels: \"${policy.podSelector}\"}",
        "{from: [{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}}], ports: [{port: 1}]}"
      )
        + console, at: .ingress, "LW7207"),
    Break(
      "the platform's ingress denied above all policies", over: "porter-pair",
      """
      -- workloads/gold/admin.yaml --
      apiVersion: policy.networking.k8s.io/v1alpha1
      kind: AdminNetworkPolicy
      metadata: {name: top}
      spec:
        priority: 5
        subject: {namespaces: {}}
        ingress: [{action: Deny, from: [{namespaces: {matchLabels: {policy-group.network.openshift.io/ingress: ""}}}]}]

      """ + console, at: .ingress, "LW7207"),
    Break(
      "no DNS", over: "porter-pair",
      egressTemplate("{to: [{ipBlock: {cidr: \"${policy.cidr}\"}}], ports: [{port: \"${policy.port}\"}]}"),
      at: .name, "LW7202"),
    Break(
      "DNS at the Service's port", over: "porter-pair",
      egressTemplate(
        "{to: [{namespaceSelector: {}}], ports: [{protocol: UDP, port: 53}]}, {to: [{ipBlock: {cidr: \"${policy.cidr}\"}}], ports: [{port: \"${policy.port}\"}]}"
      ), at: .name, "LW7202"),
    Break(
      "endpoints at another port", over: "porter-pair", endpoints("142.34.229.70", 40000), at: .address,
      "LW7203"),
    Break(
      "a claim for another Service", over: "porter-pair", claimTemplate("otherservice", "8000"),
      at: .loadBalancer, "LW7204"),
    Break(
      "a claim for a target port", over: "porter-pair", claimTemplate("yourservice", "8001"),
      at: .loadBalancer, "LW7204"),
    Break(
      "a server for another Service", over: "porter-pair",
      server("pool: {service: otherservice, servicePort: 8000}"), at: .loadBalancer, "LW7204"),
    Break(
      "a server for another port", over: "porter-pair",
      server("pool: {service: yourservice, servicePort: 8001}"),
      at: .loadBalancer, "LW7204"),
    Break(
      "a refused server", over: "porter-pair",
      server("pool: {service: yourservice, servicePort: 8000}", "{status: ERROR}"), at: .loadBalancer,
      "LW7204"),
    Break(
      "ingress to other pods", over: "porter-pair",
      policyTemplate(
        "{matchLabels: {name: otherapp}}",
        "{from: [{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}}]}"),
      at: .ingress, "LW7207"),
    Break(
      "ingress to another port", over: "porter-pair",
      policyTemplate(
        "{}",
        "{from: [{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}}], ports: [{port: 8001}]}"
      ), at: .ingress, "LW7207"),
    Break(
      "ingress over another protocol", over: "porter-pair",
      policyTemplate(
        "{}",
        "{from: [{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}}], ports: [{port: 8000, protocol: UDP}]}"
      ), at: .ingress, "LW7207"),
    Break(
      "ingress from the clients instead of the load balancer", over: "porter-pair",
      policyTemplate("{}", "{from: [{podSelector: {matchLabels: {name: yourapp}}}]}"), at: .ingress, "LW7207"),
    Break(
      "ingress from the router's pods alone", over: "porter-pair",
      policyTemplate(
        "{}",
        "{from: [{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}, podSelector: {matchLabels: {ingresscontroller.operator.openshift.io/deployment-ingresscontroller: default}}}]}"
      ), at: .ingress, "LW7207"),
  ]

  static func slice(_ address: String, _ port: Int, name: String? = nil) -> String {
    template(
      "shared/external-endpoint-slice.yaml",
      """
      apiVersion: discovery.k8s.io/v1
      kind: EndpointSlice
      metadata:
        name: ${external.name}-1
        namespace: ${external.namespace}
        annotations: ${common.annotations}
        labels: {$merge: "${common.labels}", kubernetes.io/service-name: "${external.name}"}
      addressType: IPv4
      endpoints: [{addresses: [\(address)]}]
      ports: [{port: \(port), protocol: TCP\(name.map { ", name: \($0)" } ?? "")}]
      """)
  }

  /// Nobody has looked at either cluster.
  static let unobserved = "-- observed/golddr/a1b2c3-dev.yaml --\n\n-- observed/gold/a1b2c3-dev.yaml --\n\n"

  static let fixed: [Break] = [
    Break(
      "egress", over: "porter-silver", staticEgress(dns), at: .egress, "LW7201"),
    Break(
      "egress to another port", over: "porter-silver",
      staticEgress("\(dns), {to: [{ipBlock: {cidr: 142.34.194.68/32}}], ports: [{port: 3311}]}"), at: .egress,
      "LW7201"),
    Break(
      "DNS", over: "porter-silver",
      staticEgress("{to: [{ipBlock: {cidr: 142.34.194.68/32}}], ports: [{port: 3310}]}"), at: .name, "LW7202"),
    Break(
      "endpoints with another address", over: "porter-silver", slice("142.34.194.69", 3310), at: .name,
      "LW7202"),
    Break(
      "endpoints of somebody else behind the name", over: "porter-silver",
      """
      -- workloads/emerald/stray.yaml --
      apiVersion: v1
      kind: Endpoints
      metadata: {name: clamav-silver, namespace: a1b2c3-prod}
      subsets: [{addresses: [{ip: 142.34.194.99}], ports: [{port: 3310}]}]

      """, at: .address, "LW7203"),
    Break(
      "endpoints with another port", over: "porter-silver", slice("142.34.194.68", 3311), at: .address,
      "LW7203"),
    Break(
      "a port under another name", over: "porter-silver", slice("142.34.194.68", 3310, name: "clamd"),
      at: .address, "LW7203"),
    Break(
      "ingress", over: "porter-silver",
      policy("silver", "a1b2c3-prod", "{podSelector: {}, policyTypes: [Ingress]}"),
      at: .ingress, "LW7207"),
    Break(
      "ingress to another port", over: "porter-silver",
      policy(
        "silver", "a1b2c3-prod",
        "{podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 3311}]}]}"), at: .ingress,
      "LW7207"),
  ]

  @Test(arguments: porter + fixed)
  func breakIsFoundAtItsHop(_ planted: Break) throws {
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile()
    let judgement = try #require(compilation.judgement)
    let crossing = try #require(judgement.crossings.first)
    #expect(crossing.verdict == .refuted)
    #expect(crossing.decisiveHop?.kind == planted.hop, "\(compilation.findingsText)")
    let errors = compilation.findings.filter { $0.severity == .error }
    #expect(errors.map(\.rule.id) == [planted.rule], "\(compilation.findingsText)")
    #expect(compilation.failed)
  }

  @Test(arguments: ["porter-pair", "porter-silver"])
  func unbrokenFleetIsProved(_ base: String) throws {
    let judgement = try #require(try FixtureFleet(base: base).compile().judgement)
    #expect(judgement.crossings.map(\.verdict) == [.proved])
    let trace = try #require(judgement.crossings.first.flatMap { judgement.trace(of: $0.crossing) })
    #expect(trace.verdict == .proved)
    let kinds = trace.hops.map(\.kind)
    #expect(kinds.first == .client && kinds.last == .pod)
    #expect(kinds.contains(.ingress) && kinds.contains(.egress) && kinds.contains(.name))
  }

  /// What the linker's own checks keep away from the judge: it is asked about a fleet that changed after linking.
  @Test(arguments: [
    ("selector: {name: yourapp}", "selector: {name: gone}", Hop.Kind.pod, "LW7208"),
    ("targetPort: 8000", "targetPort: gone", .targetPort, "LW7206"),
    ("port: 8000,", "port: 8001,", .service, "LW7205"),
    ("type: NodePort", "type: ExternalName", .service, "LW7205"),
  ])
  func judgeDoesNotTrustTheLinker(_ old: String, _ new: String, _ hop: Hop.Kind, _ rule: String) throws {
    let good = try FixtureFleet(base: "porter-pair")
    let path = "workloads/gold/yourservice.yaml"
    let text = String(decoding: try #require(good.files[path]), as: UTF8.self)
    let changed = text.replacing(old, with: new)
    #expect(changed != text)
    let bad = good.overlaid(by: "-- \(path) --\n\(changed)")
    let workings = try #require(try good.compile().workings)
    let model = try #require(try bad.compile().workings).model
    let fleet = JudgedFleet(model, emitted: workings.units.flatMap(\.judged), mapping: AllCores())
    let judgement = Judgement(
      fleet, links: workings.plan.links, connections: workings.plan.connections, mapping: AllCores())
    let decisive = try #require(judgement.crossings.first?.decisiveHop)
    #expect(decisive.kind == hop)
    guard case .broken(let fault) = decisive.state else {
      Issue.record("not broken: \(decisive)")
      return
    }
    #expect(fault.rule.id == rule)
  }

  @Test func missingObservationIsPending() throws {
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(
      by: "-- observed/gold/a1b2c3-dev.yaml --\n"
    ).compile()
    let crossing = try #require(compilation.judgement?.crossings.first)
    #expect(crossing.verdict == .pending)
    guard case .pending(let fact)? = crossing.decisiveHop?.state else {
      Issue.record("\(String(describing: crossing.decisiveHop))")
      return
    }
    #expect(fact.fact == "the port of TransportServerClaim yourservice-tsc")
    #expect(fact.cluster == "gold")
  }

  /// An error of the judge is set aside by a reason in the Connection; others are not.
  @Test func refutationIsSuppressedWithAReason() throws {
    let broken = Self.policy("silver", "a1b2c3-prod", "{podSelector: {}, policyTypes: [Ingress]}")
    let annotated =
      broken + """
        -- connections/clamav.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Connection
        metadata:
          name: clamav
          namespace: a1b2c3-prod
          annotations: {linkwright.dev/ignore: "LW7207: the scanner's own chart admits it"}
        spec:
          from: [{clusters: [emerald]}]
          to: {clusters: [silver], service: clamav, ports: [3310]}

        """
    let compilation = try FixtureFleet(base: "porter-silver").overlaid(by: annotated).compile()
    #expect(!compilation.failed)
    #expect(
      compilation.findings.map(\.suppression) == ["the scanner's own chart admits it"],
      "\(compilation.findingsText)")
  }

  /// An error that a rule finds at its source is not found again as its consequence.
  @Test func consequencesAreNotReported() throws {
    let files = """
      -- workloads/golddr/extra.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: yourservice-gold, namespace: a1b2c3-dev}
      spec: {ports: [{port: 8000}]}

      """
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(by: files).compile()
    #expect(compilation.findings.filter { $0.severity == .error }.map(\.rule.id) == ["LW2111"])
  }
}
