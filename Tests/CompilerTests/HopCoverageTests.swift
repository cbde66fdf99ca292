import Diagnostics
import Linker
import Output
import Reachability
import Testing

@testable import Compiler

/// Every hop that a carrier has is broken by some test, and found there.
///
/// | hop | porter | static | clusterMesh | gatewayDNS | tetrate with TSB | tetrate, Istio alone |
/// |---|---|---|---|---|---|---|
/// | egress, name, address | planted | planted | planted | planted | planted | planted |
/// | load balancer, gateway | planted | planted | none | planted | planted | planted |
/// | tunnel | none | none | planted | none | planted | planted (remote secrets) |
/// | Service, target port, pod | after linking | after linking | after linking | after linking | after linking | after linking |
/// | ingress | planted | planted | planted | planted | planted | planted |
///
/// What stands beside the way (the clients' DNS, sleeping workloads, Istio's own objects) is broken in `CallerBreakTests`.
///
/// What the linker's own checks find first is broken after linking: the judge is asked about a fleet that has changed.
/// A client's hop has nothing that could fail: pods without a manifest are pods all the same.
@Suite struct HopCoverageTests {
  typealias Break = JudgementTests.Break

  private static func tetrateEgress(_ rules: String) -> String {
    JudgementTests.template(
      "tetrate/egress-policy.yaml",
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata:
        name: ${policy.name}
        namespace: ${policy.namespace}
        labels: ${common.labels}
        annotations: ${common.annotations}
      spec:
        podSelector: {}
        policyTypes: [Egress]
        egress: [\(rules)]
      """) + JudgementTests.policy("cluster-2", "bookinfo", "{podSelector: {}, policyTypes: [Egress]}")
  }

  private static let toGateway = "{to: [{ipBlock: {cidr: 172.18.255.175/32}}], ports: [{port: 15443}]}"
  private static let wayOut = "{to: [{ipBlock: {cidr: 172.18.255.99/32}}], ports: [{port: 15443}]}"
  private static let dns =
    "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{protocol: UDP, port: 53}]}"

  private static func tctl(_ template: String, _ spec: String) -> String {
    "-- links/east-west.yaml --\n" + TetrateJudgementTests.tctl
      + JudgementTests.template(
        "tetrate/tctl-\(template).yaml",
        """
        apiVersion: api.tsb.tetrate.io/v2
        kind: \(template == "workspace-setting" ? "WorkspaceSetting" : "OrganizationSetting")
        metadata:
          name: ${object.name}
          organization: ${object.organization}
        \(template == "workspace-setting" ? "  tenant: ${object.tenant}\n  workspace: ${object.workspace}\n" : "")spec: \(spec)
        """)
  }

  static let tetrate: [Break] = [
    Break("no DNS for the client", over: "tetrate", tetrateEgress(toGateway), at: .name, "LW7202"),
    Break(
      "a Sidecar that hides other clusters' Services", over: "tetrate",
      """
      -- workloads/cluster-2/sidecar.yaml --
      apiVersion: networking.istio.io/v1
      kind: Sidecar
      metadata: {name: default, namespace: bookinfo}
      spec: {egress: [{hosts: ["./*", "istio-system/*"]}]}

      """, at: .name, "LW7202"),
    Break(
      "a file for tctl that exposes nothing", over: "tetrate",
      tctl("workspace-setting", "{defaultEastWestGatewaySettings: []}"), at: .gateway, "LW7204"),
    Break(
      "a file for tctl that exposes other labels", over: "tetrate",
      tctl(
        "workspace-setting",
        "{defaultEastWestGatewaySettings: [{workloadSelector: {namespace: bookinfo, labels: {app: eastwest-gateway}}, exposedServices: [{serviceLabels: {app: reviews}}]}]}"
      ), at: .gateway, "LW7204"),
    Break(
      "a file for tctl that joins no networks", over: "tetrate",
      tctl("organization-setting", "{networkSettings: {networkReachability: {net-1: net-2}}}"), at: .tunnel,
      "LW7209"),
  ]

  /// A policy about the target's pods; without a selector it would be about the gateway's as well, which know no identity.
  private static func authorization(_ spec: String) -> String {
    let selector = spec.contains("selector") ? "" : "selector: {matchLabels: {app: details}}, "
    return """
      -- workloads/cluster-1/authorization.yaml --
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata: {name: mine, namespace: bookinfo}
      spec: {\(selector)\(spec.dropFirst())

      """
  }

  /// What sidecars let in, beside network policies.
  static let authorizations: [Break] = [
    Break("nobody is authorized", over: "tetrate", authorization("{}"), at: .ingress, "LW7207"),
    Break(
      "everybody is denied", over: "tetrate", authorization("{action: DENY, rules: [{}]}"), at: .ingress,
      "LW7207"),
    Break(
      "another namespace is authorized", over: "tetrate",
      authorization("{rules: [{from: [{source: {namespaces: [other]}}]}]}"), at: .ingress, "LW7207"),
    Break(
      "another port is authorized", over: "tetrate",
      authorization(
        "{selector: {matchLabels: {app: details}}, rules: [{to: [{operation: {ports: [\"15443\"]}}]}]}"),
      at: .ingress, "LW7207"),
  ]

  @Test(arguments: [
    ("{rules: [{}]}", ConnectionVerdict.proved), ("{selector: {matchLabels: {app: reviews}}}", .proved),
    (
      "{rules: [{from: [{source: {namespaces: [\"book*\"]}}], to: [{operation: {ports: [\"9080\"]}}]}]}",
      .proved
    ),
    ("{action: DENY, rules: [{from: [{source: {notNamespaces: [bookinfo]}}]}]}", .proved),
    ("{rules: [{from: [{source: {principals: [cluster.local/ns/bookinfo/sa/default]}}]}]}", .proved),
    ("{rules: [{from: [{source: {principals: [cluster.local/ns/bookinfo/sa/sleep]}}]}]}", .refuted),
    (
      "{rules: [{from: [{source: {principals: [\"spiffe://cluster.local/ns/bookinfo/sa/default\"]}}]}]}",
      .refuted
    ),
    ("{rules: [{from: [{source: {principals: [example.org/ns/bookinfo/sa/default]}}]}]}", .depends),
    ("{rules: [{from: [{source: {requestPrincipals: [\"*\"]}}]}]}", .depends),
    (
      "{rules: [{from: [{source: {namespaces: [bookinfo]}}], to: [{operation: {methods: [GET]}}]}]}", .depends
    ),
    ("{action: AUDIT, rules: [{}]}", .proved),
    // What targetRefs choose is no sidecar of these pods; a waypoint of their Service may stand before them.
    (
      "{targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: a}], action: DENY, rules: [{}]}",
      .proved
    ),
    ("{targetRefs: [{kind: Service, group: \"\", name: details}], action: DENY, rules: [{}]}", .depends),
    // Methods, paths and hosts that take everything; lists that are empty.
    ("{rules: [{to: [{operation: {methods: [\"*\"], paths: [\"/*\"], hosts: []}}]}]}", .proved),
    ("{rules: [{to: [{operation: {paths: [/private]}}]}]}", .depends),
    ("{action: DENY, rules: [{to: [{operation: {notPaths: [\"/*\"]}}]}]}", .proved),
    // Addresses: the gateway's pods lie in 10.1.0.0/16.
    ("{rules: [{from: [{source: {ipBlocks: [10.0.0.0/8]}}]}]}", .proved),
    ("{rules: [{from: [{source: {ipBlocks: [10.2.0.0/16, 192.0.2.1]}}]}]}", .refuted),
    ("{rules: [{from: [{source: {ipBlocks: [10.1.7.0/24]}}]}]}", .depends),
    ("{rules: [{from: [{source: {notIpBlocks: [10.1.0.0/16]}}]}]}", .refuted),
    ("{action: DENY, rules: [{from: [{source: {notIpBlocks: [10.1.0.0/16]}}]}]}", .proved),
    ("{rules: [{from: [{source: {remoteIpBlocks: [10.2.0.0/16]}}]}]}", .depends),
    // Conditions.
    ("{rules: [{when: [{key: source.namespace, values: [bookinfo]}]}]}", .proved),
    ("{rules: [{when: [{key: source.namespace, values: [other]}]}]}", .refuted),
    ("{rules: [{when: [{key: source.namespace, notValues: [bookinfo]}]}]}", .refuted),
    ("{rules: [{when: [{key: source.principal, values: [\"*/sa/default\"]}]}]}", .proved),
    ("{rules: [{when: [{key: destination.port, values: [\"9080\"]}]}]}", .proved),
    ("{rules: [{when: [{key: destination.port, values: [\"80\"]}]}]}", .refuted),
    ("{rules: [{when: [{key: source.ip, values: [10.2.0.0/16]}]}]}", .refuted),
    (
      "{rules: [{when: [{key: connection.sni, values: [\"*details.bookinfo.svc.cluster.local\"]}]}]}", .proved
    ),
    ("{rules: [{when: [{key: connection.sni, values: [www.example.com]}]}]}", .refuted),
    ("{rules: [{when: [{key: \"request.headers[x]\", values: [a]}]}]}", .depends),
    ("{rules: [{to: [{operation: {notPorts: [\"9080\"]}}]}]}", .refuted),
    ("{rules: [{from: [{source: {notNamespaces: [bookinfo]}}]}]}", .refuted),
    // What is true of the one rule does not help the other.
    (
      "{rules: [{from: [{source: {namespaces: [other]}}]}, {when: [{key: source.ip, values: [10.9.0.0/16]}]}]}",
      .refuted
    ),
  ])
  func authorizationIsEvaluatedOrAsked(_ spec: String, _ verdict: ConnectionVerdict) throws {
    let compilation = try FixtureFleet(base: "tetrate").overlaid(by: Self.authorization(spec)).compile()
    let judgement = try #require(compilation.judgement)
    #expect(judgement.crossings.map(\.verdict) == [verdict], "\(compilation.findingsText)")
    #expect(judgement.disputes(mapping: AllCores()).isEmpty)
  }

  /// Where a port carries no HTTP, a rule that asks for something of a request admits nothing and denies all the same; where
  /// nothing tells what it carries, it hangs on that.
  @Test(arguments: [
    ("tcp", "{rules: [{to: [{operation: {methods: [GET]}}]}]}", ConnectionVerdict.refuted),
    ("tcp", "{action: DENY, rules: [{to: [{operation: {methods: [GET], ports: [\"9080\"]}}]}]}", .refuted),
    ("tcp", "{action: DENY, rules: [{to: [{operation: {methods: [GET], ports: [\"80\"]}}]}]}", .proved),
    (
      "tcp", "{rules: [{to: [{operation: {paths: [/x]}}]}, {to: [{operation: {ports: [\"9080\"]}}]}]}",
      .proved
    ),
    ("tcp", "{rules: [{from: [{source: {remoteIpBlocks: [10.1.0.0/16]}}]}]}", .proved),
    ("tcp", "{rules: [{when: [{key: \"request.headers[x]\", values: [a]}]}]}", .refuted),
    ("grpc-web", "{rules: [{to: [{operation: {methods: [GET]}}]}]}", .depends),
    ("other", "{rules: [{to: [{operation: {methods: [\"*\"]}}]}]}", .depends),
    ("other", "{action: DENY, rules: [{to: [{operation: {methods: [GET]}}]}]}", .depends),
  ])
  func requestsOfPortsWithoutHTTP(_ name: String, _ spec: String, _ verdict: ConnectionVerdict) throws {
    let base = try FixtureFleet(base: "tetrate")
    let path = "workloads/cluster-1/details.yaml"
    let text = String(decoding: try #require(base.files[path]), as: UTF8.self)
    let files = "-- \(path) --\n" + text.replacing("name: http, port", with: "name: \(name), port")
    let compilation = try base.overlaid(by: files).overlaid(by: Self.authorization(spec)).compile()
    let judgement = try #require(compilation.judgement)
    #expect(judgement.crossings.map(\.verdict) == [verdict], "\(compilation.findingsText)")
    #expect(judgement.disputes(mapping: AllCores()).isEmpty)
  }

  private static let secrets = TetrateJudgementTests.istioFleet.replacing(
    "cluster-1: 172.18.255.175}}",
    with: "cluster-1: 172.18.255.175}}\n    istio: {discovery: remoteSecret}")

  private static func networkLabel(_ network: String) -> String {
    secrets
      + JudgementTests.template(
        "istio/network-label-patch.yaml",
        """
        apiVersion: v1
        kind: ${object.kind}
        metadata:
          name: ${object.name}
          namespace: ${object.namespace}
          annotations: ${common.annotations}
          labels: {topology.istio.io/network: \(network)}
        """)
  }

  static let istio: [Break] = [
    Break(
      "no way out to the gateway", over: "tetrate",
      TetrateJudgementTests.istioFleet + tetrateEgress("\(dns), \(wayOut)"), at: .egress, "LW7201"),
    Break(
      "a ServiceEntry with another host", over: "tetrate",
      TetrateJudgementTests.istioFleet
        + JudgementTests.template(
          "istio/service-entry.yaml",
          """
          apiVersion: networking.istio.io/v1
          kind: ServiceEntry
          metadata:
            name: ${entry.name}
            namespace: ${entry.namespace}
            labels: ${common.labels}
            annotations: ${common.annotations}
          spec:
            hosts: [reviews.bookinfo.svc.cluster.local]
            resolution: STATIC
            ports: [{name: http, number: 9080, protocol: HTTP}]
            endpoints: [{address: 172.18.255.175, ports: {http: 15443}, labels: {security.istio.io/tlsMode: istio}}]
          """), at: .name, "LW7202"),
    Break("one network for both clusters", over: "tetrate", networkLabel("net-1"), at: .tunnel, "LW7209"),
  ]

  @Test(arguments: tetrate + istio + authorizations)
  func breakIsFoundAtItsHop(_ planted: Break) throws {
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile()
    let judgement = try #require(compilation.judgement)
    let crossing = try #require(judgement.crossings.first, "\(compilation.findingsText)")
    #expect(crossing.verdict == .refuted, "\(compilation.findingsText)")
    #expect(crossing.decisiveHop?.kind == planted.hop, "\(compilation.findingsText)")
    let finding = try #require(
      compilation.findings.first { $0.rule.id == planted.rule }, "\(compilation.findingsText)")
    // Found at a place, with what mends it.
    #expect(finding.primary?.range.file.path.hasPrefix("connections/") == true && !finding.help.isEmpty)
    #expect(judgement.disputes(mapping: AllCores()).isEmpty)
  }

  // MARK: After linking

  struct Change: Sendable, CustomTestStringConvertible {
    let base: String
    /// The link in another form.
    var link = ""
    let path: String
    let old: String
    let new: String
    let hop: Hop.Kind
    let rule: String
    var testDescription: String { "\(base) \(link.isEmpty ? "" : "in another form ")\(old) → \(new)" }
  }

  private static func details(_ link: String) -> [Change] {
    let path = "workloads/cluster-1/details.yaml"
    let port = "{name: http, port: 9080}"
    return [
      Change(
        base: "tetrate", link: link, path: path, old: "selector: {app: details}",
        new: "selector: {app: gone}",
        hop: .pod, rule: "LW7208"),
      Change(
        base: "tetrate", link: link, path: path, old: port, new: "{name: http, port: 9080, targetPort: gone}",
        hop: .targetPort, rule: "LW7206"),
      Change(
        base: "tetrate", link: link, path: path, old: port, new: "{name: http, port: 9081}", hop: .service,
        rule: "LW7205"),
    ]
  }

  static let changes: [Change] =
    [
      Change(
        base: "porter-pair", path: "workloads/gold/yourservice.yaml", old: "selector: {name: yourapp}",
        new: "selector: {name: gone}", hop: .pod, rule: "LW7208"),
      Change(
        base: "porter-pair", path: "workloads/gold/yourservice.yaml", old: "targetPort: 8000",
        new: "targetPort: gone", hop: .targetPort, rule: "LW7206"),
      Change(
        base: "porter-pair", path: "workloads/gold/yourservice.yaml", old: "port: 8000,", new: "port: 8001,",
        hop: .service, rule: "LW7205"),
      Change(
        base: "porter-silver", path: "workloads/silver/clamav.yaml", old: "selector: {app: clamav}",
        new: "selector: {app: gone}", hop: .pod, rule: "LW7208"),
      Change(
        base: "porter-silver", path: "workloads/silver/clamav.yaml", old: "targetPort: 3310",
        new: "targetPort: gone", hop: .targetPort, rule: "LW7206"),
      Change(
        base: "porter-silver", path: "workloads/silver/clamav.yaml", old: "{port: 3310,", new: "{port: 3311,",
        hop: .service, rule: "LW7205"),
      Change(
        base: "gateway-dns", path: "workloads/cluster-a/kuard.yaml", old: "selector: {app: kuard}",
        new: "selector: {app: gone}", hop: .pod, rule: "LW7208"),
      Change(
        base: "gateway-dns", path: "workloads/cluster-a/kuard.yaml", old: "targetPort: 8080",
        new: "targetPort: gone", hop: .targetPort, rule: "LW7206"),
      Change(
        base: "gateway-dns", path: "workloads/cluster-a/kuard.yaml", old: "port: 80, target",
        new: "port: 81, target",
        hop: .service, rule: "LW7205"),
      Change(
        base: "clustermesh", path: "workloads/cluster02/rebel-base.yaml",
        old: "spec: {selector: {name: rebel-base}", new: "spec: {selector: {name: gone}", hop: .pod,
        rule: "LW7208"),
      Change(
        base: "clustermesh", path: "workloads/cluster02/rebel-base.yaml", old: "targetPort: 80",
        new: "targetPort: gone", hop: .targetPort, rule: "LW7206"),
      Change(
        base: "clustermesh", path: "workloads/cluster02/rebel-base.yaml", old: "port: 80, targetPort",
        new: "port: 81, targetPort", hop: .service, rule: "LW7205"),
    ] + details("") + details(TetrateJudgementTests.istioFleet)

  @Test(arguments: changes)
  func changeAfterLinkingIsFound(_ change: Change) throws {
    let good = try FixtureFleet(base: change.base).overlaid(by: change.link)
    let text = String(decoding: try #require(good.files[change.path]), as: UTF8.self)
    let changed = text.replacing(change.old, with: change.new)
    #expect(changed != text)
    let bad = good.overlaid(by: "-- \(change.path) --\n\(changed)")
    let workings = try #require(try good.compile().workings)
    let model = try #require(try bad.compile().workings).model
    let fragments = workings.units.flatMap(\.fragments).map {
      EmittedFragment(cluster: $0.cluster, name: $0.name, content: $0.content, subject: $0.subject)
    }
    let fleet = JudgedFleet(
      model, emitted: workings.units.flatMap(\.judged), fragments: fragments, mapping: AllCores())
    let judgement = Judgement(
      fleet, links: workings.plan.links, connections: workings.plan.connections, mapping: AllCores())
    let crossing = try #require(judgement.crossings.first)
    #expect(crossing.verdict == .refuted && crossing.decisiveHop?.kind == change.hop, "\(crossing.openHops)")
    guard case .broken(let fault)? = crossing.decisiveHop?.state else { return }
    #expect(fault.rule.id == change.rule && !fault.help.isEmpty)
    #expect(judgement.disputes(mapping: AllCores()).isEmpty)
  }

  // MARK: The table

  @Test(arguments: [
    ("porter-pair", "", JudgementTests.porter), ("porter-silver", "", JudgementTests.fixed),
    ("clustermesh", "", MeshJudgementTests.breaks + MeshJudgementTests.hops + CallerBreakTests.others),
    ("gateway-dns", "", GatewayDNSJudgementTests.breaks),
    ("tetrate", "", TetrateJudgementTests.control + tetrate),
    ("tetrate", TetrateJudgementTests.istioFleet, TetrateJudgementTests.istio + istio),
    ("tetrate", secrets, istio),
  ])
  func everyHopIsBroken(_ base: String, _ link: String, _ breaks: [Break]) throws {
    let judgement = try #require(try FixtureFleet(base: base).overlaid(by: link).compile().judgement)
    let trace = try #require(judgement.crossings.first.flatMap { judgement.trace(of: $0.crossing) })
    var broken = Set(breaks.filter { $0.base == base }.map(\.hop))
    broken.formUnion(Self.changes.filter { $0.base == base && $0.link.isEmpty == link.isEmpty }.map(\.hop))
    if link == Self.secrets {
      // The rest of the way is that of the other form.
      #expect(broken.contains(.tunnel) && trace.hops.contains { $0.kind == .tunnel })
      return
    }
    let missing = Set(trace.hops.map(\.kind)).subtracting(broken).subtracting([.client])
    #expect(missing.isEmpty, "\(missing)")
  }
}
