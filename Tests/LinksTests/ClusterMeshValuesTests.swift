import Compiler
import Diagnostics
import Foundation
import JSONSchema
import Output
import TestSupport
import Testing
import YAMLTree

/// The Helm values of members: legal for each chart, and every key one that the chart knows.
@Suite struct ClusterMeshValuesTests {
  /// A kind of certificates, of address and of chart that must work together.
  struct Variant: Sendable, CustomTestStringConvertible {
    let chart: String
    let mesh: String
    let certificates: String
    var cilium = ""
    var services = "global"
    var testDescription: String { "\(chart) \(mesh) \(certificates) \(cilium) \(services)" }
  }

  static let charts = ["1.16.19", "1.17.18", "1.18.12", "1.19.6", "1.20.0"]

  static let variants: [Variant] = charts.flatMap { chart in
    let meshes = [
      "{ips: [10.6.124.67, 10.6.125.67], nodePort: 32400, replicas: 2, kvstoremesh: true}",
      "{serviceType: LoadBalancer, address: mesh.example.com, serviceAnnotations: {a: b}}",
      "{serviceType: ClusterIP, ips: [10.102.0.9], authMode: migration, serverNames: [10.102.0.9, m.example.com]}",
    ]
    let certificates = [
      "{method: certmanager, issuerRef: {kind: ClusterIssuer, name: ca}, sharedAuthority: true, validityDays: 90}",
      "{method: cronJob, hubble: true}", "{method: userProvided, caBundle: {name: roots, useSecret: true}}",
      "{method: helm, releasedByHelm: true, sharedAuthority: true, validityDays: 90}",
    ]
    return meshes.flatMap { mesh in
      certificates.map { Variant(chart: chart, mesh: mesh, certificates: $0) }
    } + [
      Variant(
        chart: chart, mesh: meshes[0], certificates: certificates[1],
        cilium: "mcsapi: {coreDNS: configured}", services: "mcs")
    ]
  }

  static func fleet(_ variant: Variant) throws -> ExampleFleet {
    var fleet = try ExampleFleet.base()
    for number in [1, 2] {
      let mesh = number == 2 ? variant.mesh : "{ips: [10.6.124.66, 10.6.125.66], authMode: migration}"
      fleet["clusters/cluster0\(number).yaml"] = """
        apiVersion: linkwright.dev/v1alpha1
        kind: Cluster
        metadata: {name: cluster0\(number)}
        spec:
          network: {podCIDRs: [10.\(number).0.0/16], serviceCIDRs: [10.10\(number).0.0/16], baseline: []}
          cilium:
            id: \(number)
            chartVersion: \(variant.chart)
            routingMode: tunnel
            tunnelProtocol: geneve
            tunnelPort: 6081
            encryption: wireguard
            kubeProxyReplacement: true
            endpointSliceSynchronization: true
            mesh: \(mesh)
            \(variant.cilium)
        """
    }
    fleet["links/mesh.yaml"] = """
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: mesh}
      spec:
        clusterMesh:
          members: [cluster01, cluster02]
          domain: mesh.example.org
          authMode: migration
          services: \(variant.services)
          certificates: \(variant.certificates)
      """
    return fleet
  }

  static let schema = Result {
    let path = Repository.path("Tests/LinksTests/Data/cilium-1.20.0-values.schema.json")
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    return try #require(Tree.parse(text: text, path: path).tree.root)
  }

  /// The chart's schema, compiled once.
  static let compiled = Result {
    let root = try schema.get()
    var registry = SchemaRegistry()
    registry.add(root, at: "https://example.com/values.json")
    return try CompiledSchema.compile(
      root: root, at: "https://example.com/values.json", registry: registry,
      options: SchemaOptions(dialect: .draft07, assertsFormats: true))
  }

  /// Names of values that only older charts have.
  static let older = ["clustermesh.apiserver.tls.server", "clustermesh.enableMCSAPISupport"]

  @Test(arguments: variants)
  func valuesAreLegal(_ variant: Variant) throws {
    let compilation = try Self.fleet(variant).compile()
    // Certificates of one's own cannot be checked for a domain of one's own: that is an error, and meant.
    let errors = compilation.findings.filter { $0.severity == .error && $0.rule.id != "LW3018" }
    #expect(errors.isEmpty, "\(compilation.lines)")
    for cluster in ["cluster01", "cluster02"] {
      let text = try #require(compilation.text("rendered/\(cluster)/fragments/cilium-values.yaml"))
      try Self.check(text, chart: variant.chart)
    }
  }

  /// Every key stands in the chart's schema, and every value keeps it. Helm drops null before it looks.
  static func check(_ text: String, chart: String) throws {
    let values = try checkAgainstSchema(text)
    let clusters = try #require(values.at("clustermesh", "config", "clusters"))
    let takesMap = chart.hasPrefix("1.19") || chart.hasPrefix("1.20")
    #expect(clusters.kind == (takesMap ? .mapping : .sequence))
  }

  @discardableResult
  private static func checkAgainstSchema(_ text: String) throws -> Node {
    let values = try #require(Tree.parse(text: withoutNulls(text), path: "values.yaml").tree.root)
    let root = try schema.get()
    let compiled = try Self.compiled.get()
    let violations = compiled.validate(values)
    #expect(violations.isEmpty, "\(violations)\n\(text)")
    checkKeys(values, root, "")
    return values
  }

  /// Whatever the rules' examples of good fleets emit is legal as well.
  @Test(arguments: ClusterMeshRuleTests.exampled)
  func valuesOfExamplesAreLegal(_ id: String) throws {
    let example = try #require(RuleCatalogue.rule(id)?.passing)
    let compilation = try ExampleFleet.base().overlaid(by: example.files).compile()
    var count = 0
    for file in compilation.output.files where file.path.hasSuffix("/fragments/cilium-values.yaml") {
      try Self.checkAgainstSchema(String(decoding: file.content, as: UTF8.self))
      count += 1
    }
    #expect(count >= 2)
  }

  /// Where each chart has the switch, and CoreDNS where the chart can configure it and clients are.
  @Test(arguments: charts)
  func exportsAreSwitchedOn(_ chart: String) throws {
    let takesSection = chart.hasPrefix("1.19") || chart.hasPrefix("1.20")
    let fleet = try Self.fleet(
      Variant(
        chart: chart, mesh: "{ips: [10.6.124.67, 10.6.125.67], nodePort: 32400}",
        certificates: "{method: cronJob}",
        cilium: takesSection ? "" : "mcsapi: {coreDNS: configured}", services: "mcs"))
    let compilation = try fleet.compile()
    #expect(!compilation.failed, "\(compilation.lines)")
    for (cluster, hasClients) in [("cluster01", true), ("cluster02", false)] {
      let text = try #require(compilation.text("rendered/\(cluster)/fragments/cilium-values.yaml"))
      let mesh = try #require(Tree.parse(text: text, path: "values.yaml").tree.root?["clustermesh"])
      #expect(mesh.at("mcsapi", "enabled")?.boolean == (takesSection ? true : nil))
      #expect(mesh["enableMCSAPISupport"]?.boolean == (takesSection ? nil : true))
      #expect(
        mesh.at("mcsapi", "corednsAutoConfigure", "enabled")?.boolean
          == (takesSection && hasClients ? true : nil))
    }
    #expect(compilation.lines.contains("LW3065") == !takesSection, "\(compilation.lines)")
    let export = "rendered/cluster02/manifests/default/serviceexport-rebel-base.yaml"
    #expect(compilation.text(export)?.contains("apiVersion: multicluster.x-k8s.io/v1alpha1") == true)
    #expect(!compilation.output.files.contains { $0.path.contains("serviceimport") })
  }

  private static func withoutNulls(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasSuffix(": null") }
      .joined(separator: "\n")
  }

  private static func checkKeys(_ values: Node, _ schema: Node, _ path: String) {
    guard let properties = schema["properties"] else { return }
    for (key, value) in values.entries {
      let name = path.isEmpty ? key.text : "\(path).\(key.text)"
      guard !older.contains(name) else { continue }
      guard let inner = properties[key.text] else {
        Issue.record("the chart has no value \(name)")
        continue
      }
      checkKeys(value, inner, name)
    }
  }

  @Test(arguments: ["examples/clustermesh", "examples/clustermesh-five", "examples/clustermesh-mcs"])
  func examplesAreLegal(_ directory: String) throws {
    let compilation = try ExampleFleet(directory: directory).compile()
    #expect(!compilation.failed, "\(compilation.lines)")
    for cluster in compilation.clusters {
      let text = try #require(compilation.text("rendered/\(cluster)/fragments/cilium-values.yaml"))
      try Self.check(text, chart: cluster == "lon" ? "1.18" : "1.20")
    }
  }

  /// What the author declares for members with chart-specific settings arrives.
  @Test func declaredSettingsArrive() throws {
    let fleet = try Self.fleet(
      Variant(
        chart: "1.20.0", mesh: "{ips: [10.6.124.67, 10.6.125.67]}", certificates: "{method: cronJob}",
        cilium:
          "policyDefaultLocalCluster: true\n    defaultGlobalNamespace: true\n    cacheTTL: 5m"
      ))
    let text = try #require(try fleet.compile().text("rendered/cluster02/fragments/cilium-values.yaml"))
    for line in [
      "policyDefaultLocalCluster: true", "defaultGlobalNamespace: true", "cacheTTL: 5m", "type: wireguard",
      "routingMode: tunnel", "tunnelPort: 6081", "method: cronJob", "schedule: 0 0 1 */4 *",
      "- '*.mesh.example.org'",
    ] {
      let plain = line.replacing("'", with: "")
      #expect(text.replacing("\"", with: "").replacing("'", with: "").contains(plain), "\(line)\n\(text)")
    }
  }
}
