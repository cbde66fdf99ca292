import Compiler
import Diagnostics
import Output
import Reachability
import Testing

/// Connections that share a Service, policies without a place, templates whose policies Cilium refuses, and keys that
/// nobody tells.
@Suite struct SharedEndpointTests {
  private static let second = """
    -- connections/second.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: second, namespace: a1b2c3-prod}
    spec:
      from: [{clusters: [emerald], podSelector: {matchLabels: {app: other}}}]
      to: {clusters: [silver], service: clamav, ports: [%]}
      exposure: {acknowledged: span-bc}
    -- workloads/emerald/other.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: other, namespace: a1b2c3-prod}
    spec:
      selector: {matchLabels: {app: other}}
      template: {metadata: {labels: {app: other}}, spec: {containers: [{name: other, image: i}]}}
    -- workloads/silver/clamav.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: clamav, namespace: a1b2c3-prod}
    spec: {selector: {app: clamav}, ports: [{name: scan, port: 3310, targetPort: 3310}, {name: stats, port: 3311, targetPort: 3311}]}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: clamav, namespace: a1b2c3-prod}
    spec:
      selector: {matchLabels: {app: clamav}}
      serviceName: clamav
      template: {metadata: {labels: {app: clamav}}, spec: {containers: [{name: clamav, image: i}]}}

    """

  private func compile(_ base: String, _ files: String) throws -> Compilation {
    var options = CompileOptions()
    options.isParanoid = true
    return try FixtureFleet(base: base).overlaid(by: files).compile(options)
  }

  /// Two connections of one namespace to one target have one Service, with the ports of both.
  @Test(arguments: ["3310", "3311"])
  func connectionsOfOneNamespaceShareTheirService(_ port: String) throws {
    let compilation = try compile("porter-silver", Self.second.replacing("%", with: port))
    #expect(!compilation.findings.contains { $0.severity == .error }, "\(compilation.findingsText)")
    let services = compilation.output.files.filter { $0.path.hasSuffix("/service-clamav-silver.yaml") }
    #expect(services.count == 1)
    let text = String(decoding: try #require(services.first).content, as: UTF8.self)
    #expect(text.contains("a1b2c3-prod/clamav,a1b2c3-prod/second"), "\(text)")
    #expect(text.contains("port: 3310") && text.contains("port: 3311") == (port == "3311"), "\(text)")
    #expect(compilation.judgement?.crossings.allSatisfy { $0.verdict == .proved } == true)
  }

  /// Connections with names of their own keep a Service each.
  @Test func connectionsWithNamesOfTheirOwnShareNothing() throws {
    let named = Self.second.replacing("%", with: "3310").replacing(
      "exposure: {acknowledged: span-bc}",
      with: "exposure: {acknowledged: span-bc}\n  static: {serviceName: scanner}")
    let compilation = try compile("porter-silver", named)
    let services = compilation.output.files.map(\.path).filter { $0.contains("/service-") }
    #expect(services.count == 2, "\(services) \(compilation.findingsText)")
  }

  /// Where a policy stands that names no namespace, nobody knows.
  @Test func policyWithoutANamespaceIsAQuestion() throws {
    let compilation = try compile(
      "porter-silver",
      """
      -- workloads/silver/policy.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: closed}
      spec: {podSelector: {}, policyTypes: [Ingress]}

      """)
    let crossing = try #require(compilation.judgement?.crossings.first)
    #expect(crossing.verdict == .depends && crossing.decisiveHop?.kind == .ingress)
    let finding = try #require(compilation.findings.first { $0.rule.id == "LW7210" })
    #expect(finding.primary?.range.file.path == "workloads/silver/policy.yaml")
  }

  /// A field that Cilium does not know is left out of an emitted policy: the template is told.
  @Test func templateOfARefusedPolicyIsTold() throws {
    let compilation = try compile(
      "clustermesh",
      """
      -- templates/cluster-mesh/+open.yaml --
      $scope: service
      apiVersion: cilium.io/v2
      kind: CiliumNetworkPolicy
      metadata: {name: open, namespace: "${place.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
      spec: {endpointSelector: {matchLabels: {name: rebel-base}}, ingress: [{from: [{podSelector: {}}]}]}

      """)
    let finding = try #require(
      compilation.findings.first { $0.rule.id == "LW7401" }, "\(compilation.findingsText)")
    #expect(finding.primary?.range.file.path == "templates/cluster-mesh/+open.yaml")
    #expect(finding.message.contains("'from'"))
  }

  /// A Component whose directory a kustomization lists is applied, and one that none lists is taken as applied.
  @Test func listedComponentIsNoAssumption() throws {
    let told = try compile("clustermesh", "").findings.first { $0.rule.id == "LW7212" }
    let words = (told?.message ?? "").split { $0 == " " || $0 == "," }
    guard let file = words.first(where: { $0.hasPrefix("rendered/") }) else { return }
    let directory = file.split(separator: "/").dropLast().joined(separator: "/")
    let cluster = file.split(separator: "/")[1]
    let listed = try compile(
      "clustermesh",
      """
      -- workloads/\(cluster)/kustomization.yaml --
      apiVersion: kustomize.config.k8s.io/v1beta1
      kind: Kustomization
      resources: [x-wing.yaml]
      components: [../../\(directory)]

      """)
    #expect(
      !listed.findings.contains { $0.rule.id == "LW7212" && $0.message.contains(file) },
      "\(listed.findingsText)")
  }

  /// Clients that ask the published ConfigMap for a key which it has not do not start.
  @Test(arguments: [("host", ConnectionVerdict.proved), ("hots", .refuted)])
  func keysAreThoseOfTheConfigMap(_ key: String, _ verdict: ConnectionVerdict) throws {
    let compilation = try compile(
      "porter-silver",
      """
      -- connections/clamav.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec:
        from: [{clusters: [emerald]}]
        to: {clusters: [silver], service: clamav, ports: [3310]}
        publish: {configMap: clamav-peer}
        exposure: {acknowledged: span-bc}
      -- workloads/emerald/scanner.yaml --
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: scanner, namespace: a1b2c3-prod}
      spec:
        selector: {matchLabels: {app: scanner}}
        template:
          metadata: {labels: {app: scanner}}
          spec: {containers: [{name: scanner, image: i, env: [{name: HOST, valueFrom: {configMapKeyRef: {name: clamav-peer, key: \(key)}}}]}]}

      """)
    #expect(compilation.judgement?.crossings.first?.verdict == verdict, "\(compilation.findingsText)")
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }

  /// A node port that two Services ask for is one's alone.
  @Test func nodePortsAreTakenOnce() throws {
    let service = { (name: String) in
      """
      apiVersion: v1
      kind: Service
      metadata: {name: \(name), namespace: a1b2c3-dev}
      spec: {type: NodePort, selector: {name: yourapp}, ports: [{port: 8000, targetPort: 8000, nodePort: 30100}]}
      """
    }
    let compilation = try compile(
      "porter-pair",
      """
      -- workloads/gold/yourservice.yaml --
      \(service("yourservice"))
      ---
      \(service("twin"))
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: yourapp, namespace: a1b2c3-dev}
      spec:
        selector: {matchLabels: {name: yourapp}}
        template: {metadata: {labels: {name: yourapp}}, spec: {containers: [{name: app, image: i, ports: [{containerPort: 8000}]}]}}

      """)
    let crossing = try #require(compilation.judgement?.crossings.first)
    #expect(crossing.verdict == .depends && crossing.decisiveHop?.kind == .service, "\(crossing.openHops)")
  }
}
