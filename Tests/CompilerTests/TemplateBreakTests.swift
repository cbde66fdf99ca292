import Compiler
import Diagnostics
import Foundation
import Linker
import Reachability
import TestSupport
import Testing

/// Built-in templates with one thing changed, as a team's own template may have it: what no longer works is refuted, and
/// what nobody can tell depends. The judge shares nothing with what emitted the objects.
@Suite struct TemplateBreakTests {
  struct Break: Sendable, CustomTestStringConvertible {
    let name: String
    let fleet: String
    let template: String
    let old: String
    let new: String
    let hop: Hop.Kind
    let rule: String
    var testDescription: String { name }

    init(
      _ name: String, in fleet: String, _ template: String, _ old: String, _ new: String, at hop: Hop.Kind,
      _ rule: String
    ) {
      self.name = name
      self.fleet = fleet
      self.template = template
      self.old = old
      self.new = new
      self.hop = hop
      self.rule = rule
    }
  }

  private static let istio = "examples/tetrate-bookinfo-istio"
  private static let mesh = "examples/clustermesh-five"
  private static let gitops = "examples/tetrate-bookinfo-gitops"
  private static let fixed = "Tests/CompilerTests/Cases/static-observed/input"

  static let breaks: [Break] = [
    Break(
      "a Gateway that takes HTTP", in: istio, "istio/gateway", "protocol: TLS", "protocol: HTTP",
      at: .gateway,
      "LW7204"),
    Break(
      "a Gateway for another namespace", in: istio, "istio/gateway", "hosts: ${gateway.hosts}",
      "hosts: [\"other/*\"]", at: .gateway, "LW7204"),
    Break(
      "an entry outside the mesh", in: istio, "istio/service-entry", "MESH_INTERNAL", "MESH_EXTERNAL",
      at: .address, "LW7203"),
    Break(
      "an entry for another namespace", in: istio, "istio/service-entry", "spec:\n",
      "spec:\n  exportTo: [other]\n", at: .name, "LW7202"),
    Break(
      "an entry that is not balanced", in: istio, "istio/service-entry", "${entry.resolution}", "NONE",
      at: .address, "LW7203"),
    Break(
      "an entry with another port", in: istio, "istio/service-entry", "ports: ${entry.ports}",
      "ports: [{name: http, number: 9090, protocol: HTTP}]", at: .name, "LW7202"),
    Break(
      "endpoints that are not ready", in: fixed, "shared/external-endpoint-slice", "ready: true",
      "ready: false", at: .name, "LW7202"),
    Break(
      "a slice of names", in: fixed, "shared/external-endpoint-slice", "${external.addressType}", "FQDN",
      at: .name, "LW7202"),
    Break(
      "a Service with another port", in: fixed, "shared/external-service", "port: ${each.port}\n",
      "port: 9999\n", at: .name, "LW7202"),
    Break(
      "a Service for the own node", in: fixed, "shared/external-service", "spec:\n",
      "spec:\n  internalTrafficPolicy: Local\n", at: .name, "LW7202"),
    Break(
      "a member without number", in: mesh, "cluster-mesh/cilium-values", "id: ${member.id}", "id: 0",
      at: .tunnel, "LW7209"),
    Break(
      "a member of another name", in: mesh, "cluster-mesh/cilium-values", "name: ${member.name}", "name: zzz",
      at: .tunnel, "LW7209"),
    Break(
      "an API at another port", in: mesh, "cluster-mesh/cilium-values", "service: ${apiserver.service}",
      "service: {type: NodePort, nodePort: 31111}", at: .tunnel, "LW7209"),
    Break(
      "a headless Service without remote endpoints", in: mesh, "cluster-mesh/cilium-values",
      "${mesh.endpointSliceSynchronization}", "false", at: .name, "LW7202"),
    Break(
      "a ConfigMap with another host", in: "examples/gateway-dns", "shared/peer-config-map",
      "host: ${peer.host}", "host: wrong.example.com", at: .name, "LW7202"),
    Break(
      "a ConfigMap with another port", in: "examples/gateway-dns", "shared/peer-config-map",
      "port: ${peer.port}\n", "port: \"9999\"\n", at: .name, "LW7202"),
    Break(
      "a Service of a third cluster with another port",
      in: "Tests/CompilerTests/Cases/porter-outside-client/input",
      "shared/external-service", "port: ${each.port}\n", "port: 9999\n", at: .name, "LW7202"),
    Break(
      "a workspace of nobody", in: gitops, "tetrate/workspace",
      "    tsb.tetrate.io/tenant: ${object.tenant}\n", "", at: .gateway, "LW7204"),
    Break(
      "clusters without networks", in: gitops, "tetrate/cluster", "  network: ${cluster.network}\n", "",
      at: .tunnel, "LW7209"),
  ]

  /// What is left to a chart's or an installer's default: other values may say it.
  static let omissions: [Break] = [
    Break(
      "a member that says neither name nor number", in: mesh, "cluster-mesh/cilium-values",
      "cluster:\n  name: ${member.name}\n  id: ${member.id}\n", "", at: .tunnel, "LW7210"),
    Break(
      "a member without number", in: mesh, "cluster-mesh/cilium-values", "  id: ${member.id}\n", "",
      at: .tunnel, "LW7210"),
    Break(
      "a gateway that says nothing of its Service", in: gitops, "tetrate/gateway",
      "      service: ${gateway.service}\n", "", at: .gateway, "LW7210"),
  ]

  @Test(arguments: breaks)
  func changedTemplateIsRefuted(_ planted: Break) throws {
    let text = try String(
      contentsOf: Repository.root.appendingPathComponent("templates/\(planted.template).yaml"),
      encoding: .utf8)
    #expect(text.contains(planted.old))
    let files =
      "-- templates/\(planted.template).yaml --\n"
      + text.replacingOccurrences(of: planted.old, with: planted.new)
    let fleet = try FixtureFleet(directory: planted.fleet)
    let before = try #require(try fleet.compile().judgement)
    #expect(before.count(.refuted) == 0)
    let compilation = try fleet.overlaid(by: files).compile()
    let found = compilation.findings.filter { $0.rule.id == planted.rule }
    #expect(!found.isEmpty, "\(compilation.findingsText)")
    let judgement = try #require(compilation.judgement)
    let broken = judgement.crossings.filter { $0.verdict == .refuted }
    #expect(broken.contains { $0.decisiveHop?.kind == planted.hop }, "\(compilation.findingsText)")
    #expect(
      judgement.disputes(mapping: AllCores()).isEmpty,
      "\(judgement.disputes(mapping: AllCores()).map(\.goldenText))")
  }

  /// Where Linkwright writes the names of virtual servers, what the operator once wrote and somebody observed hides nothing.
  @Test(arguments: [("ready: true", "ready: false"), ("port: ${each.targetPort}", "port: 4999")])
  func observedEndpointsHideNoTemplate(_ old: String, _ new: String) throws {
    let path = "shared/external-endpoint-slice.yaml"
    let text = try String(
      contentsOf: Repository.root.appendingPathComponent("templates/\(path)"), encoding: .utf8)
    #expect(text.contains(old))
    func observed(_ cluster: String, _ other: String, _ address: String, _ port: Int) -> String {
      """
      -- observed/\(cluster)/names.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: db-\(other), namespace: c6af30-prod}
      spec: {ports: [{name: sql, port: 5432}]}
      ---
      apiVersion: v1
      kind: Endpoints
      metadata: {name: db-\(other), namespace: c6af30-prod}
      subsets: [{addresses: [{ip: \(address)}], ports: [{name: sql, port: \(port)}]}]

      """
    }
    let fleet = try FixtureFleet(directory: "Tests/CompilerTests/Cases/porter-emit-slices/input").overlaid(
      by: observed("gold", "golddr", "142.34.64.70", 36760)
        + observed("golddr", "gold", "142.34.229.70", 37650))
    let before = try fleet.compile()
    #expect(before.judgement?.count(.refuted) == 0, "\(before.findingsText)")
    let after = try fleet.overlaid(
      by: "-- templates/\(path) --\n" + text.replacingOccurrences(of: old, with: new)
    ).compile()
    let judgement = try #require(after.judgement)
    #expect(judgement.count(.refuted) == 2, "\(after.findingsText)")
    #expect(judgement.disputes(mapping: AllCores()).isEmpty)
  }

  @Test(arguments: omissions)
  func whatATemplateLeavesOutDepends(_ planted: Break) throws {
    let text = try String(
      contentsOf: Repository.root.appendingPathComponent("templates/\(planted.template).yaml"),
      encoding: .utf8)
    #expect(text.contains(planted.old))
    let files =
      "-- templates/\(planted.template).yaml --\n"
      + text.replacingOccurrences(of: planted.old, with: planted.new)
    let compilation = try FixtureFleet(directory: planted.fleet).overlaid(by: files).compile()
    #expect(
      compilation.findings.contains { $0.rule.id == planted.rule }, "\(compilation.findingsText)")
    let judgement = try #require(compilation.judgement)
    #expect(judgement.count(.refuted) == 0 && judgement.count(.proved) == 0, "\(compilation.findingsText)")
    #expect(
      judgement.crossings.contains { $0.openHops.contains { $0.kind == planted.hop } },
      "\(compilation.findingsText)")
    #expect(judgement.disputes(mapping: AllCores()).isEmpty)
  }

  /// A gateway without a type is UNIFIED.
  @Test func gatewayOfAnotherTypeOpensMore() throws {
    let text = try String(
      contentsOf: Repository.root.appendingPathComponent("templates/tetrate/gateway.yaml"), encoding: .utf8)
    let files =
      "-- templates/tetrate/gateway.yaml --\n"
      + text.replacingOccurrences(of: "  type: EASTWEST\n", with: "")
    let compilation = try FixtureFleet(directory: Self.gitops).overlaid(by: files).compile()
    #expect(
      compilation.findings.contains { $0.rule.id == "LW7224" && $0.message.contains("ports 80 and 443") },
      "\(compilation.findingsText)")
    let before = try FixtureFleet(directory: Self.gitops).compile()
    #expect(!before.findings.contains { $0.message.contains("ports 80 and 443") })
  }

  /// A host of the Service's own namespace is as good as a name.
  @Test func gatewayForTheOwnNamespaceHolds() throws {
    let text = try String(
      contentsOf: Repository.root.appendingPathComponent("templates/istio/gateway.yaml"), encoding: .utf8)
    let files =
      "-- templates/istio/gateway.yaml --\n"
      + text.replacingOccurrences(of: "hosts: ${gateway.hosts}", with: "hosts: [\"bookinfo/*\"]")
    let judgement = try #require(
      try FixtureFleet(directory: Self.istio).overlaid(by: files).compile().judgement)
    #expect(judgement.count(.refuted) == 0)
    #expect(judgement.disputes(mapping: AllCores()).isEmpty)
  }

  /// What a consumer leaves out, and which of two manifests is applied, nobody can tell.
  @Test func whatIsLeftOutDepends() throws {
    for (fleet, kind, hop) in [
      (Self.istio, "ServiceEntry", Hop.Kind.name),
      ("Tests/CompilerTests/Fleets/porter-pair", "TransportServerClaim", .loadBalancer),
    ] {
      let base = try FixtureFleet(directory: fleet)
      let text = String(decoding: try #require(base.files["linkwright.yaml"]), as: UTF8.self)
      let name = try #require(text.firstMatch(of: /name: *([a-z0-9-]+)/)).1
      let compilation = try base.overlaid(
        by: """
          -- linkwright.yaml --
          apiVersion: linkwright.dev/v1alpha1
          kind: Fleet
          metadata: {name: \(name)}
          spec: {output: {consumer: {type: argocd, version: "3", excludedKinds: [\(kind)]}}}

          """
      ).compile()
      let judgement = try #require(compilation.judgement)
      #expect(judgement.count(.depends) > 0, "\(kind) \(compilation.findingsText)")
      #expect(judgement.count(.refuted) == 0, "\(kind) \(compilation.findingsText)")
      #expect(judgement.crossings.contains { $0.decisiveHop?.kind == hop }, "\(kind)")
      #expect(compilation.findings.contains { $0.rule.id == "LW1507" }, "\(compilation.findingsText)")
      #expect(judgement.disputes(mapping: AllCores()).isEmpty)
    }
  }

  @Test(arguments: [
    "selector: {name: other}, ports: [{port: 8000}]",
    "selector: {name: yourapp}, ports: [{port: 8000, targetPort: 9999}]",
  ])
  func twoManifestsOfOneServiceDepend(_ spec: String) throws {
    for file in ["a.yaml", "zz.yaml"] {
      let compilation = try FixtureFleet(base: "porter-pair").overlaid(
        by: """
          -- workloads/gold/\(file) --
          apiVersion: v1
          kind: Service
          metadata: {name: yourservice, namespace: a1b2c3-dev}
          spec: {\(spec)}
          -- workloads/gold/other-\(file) --
          apiVersion: apps/v1
          kind: Deployment
          metadata: {name: other, namespace: a1b2c3-dev}
          spec:
            selector: {matchLabels: {name: other}}
            template: {metadata: {labels: {name: other}}, spec: {containers: [{name: app, image: other}]}}

          """
      ).compile()
      #expect(compilation.findings.contains { $0.rule.id == "LW1301" }, "\(compilation.findingsText)")
      let judgement = try #require(compilation.judgement)
      let toGold = judgement.crossings.filter { $0.crossing.target.cluster == "gold" }
      #expect(!toGold.isEmpty && toGold.allSatisfy { $0.verdict != .proved }, "\(compilation.findingsText)")
      #expect(judgement.disputes(mapping: AllCores()).isEmpty)
    }
  }
}
