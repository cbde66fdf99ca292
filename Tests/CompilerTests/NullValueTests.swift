import Compiler
import Diagnostics
import Reachability
import Testing

/// API servers take null for missing in the types that are their own, and charts render such values.
@Suite struct NullValueTests {
  private static func compile(_ service: String, policy: String = "") throws -> Compilation {
    var options = CompileOptions()
    options.isParanoid = true
    return try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- workloads/gold/yourservice.yaml --
        apiVersion: v1
        kind: Service
        metadata: {name: yourservice, namespace: a1b2c3-dev}
        spec: \(service)
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: yourapp, namespace: a1b2c3-dev}
        spec:
          selector: {matchLabels: {name: yourapp}}
          template:
            metadata: {labels: {name: yourapp}}
            spec: {containers: [{name: app, image: yourapp}]}
        \(policy.isEmpty ? "" : "-- workloads/gold/policy.yaml --\n\(policy)")

        """
    ).compile(options)
  }

  private static func policy(_ spec: String) -> String {
    """
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: mine, namespace: a1b2c3-dev, annotations: null}
    spec: \(spec)
    """
  }

  @Test(arguments: [
    "{type: NodePort, selector: {name: yourapp}, ports: [{port: 8000, targetPort: null, nodePort: null}]}",
    "{type: NodePort, selector: {name: yourapp}, ports: [{port: 8000, protocol: null, name: null}]}",
    "{type: NodePort, selector: {name: yourapp}, externalIPs: null, loadBalancerIP: null, loadBalancerSourceRanges: null, externalTrafficPolicy: null, ports: [{port: 8000}]}",
  ])
  func ofServices(_ service: String) throws {
    let compilation = try Self.compile(service)
    #expect(compilation.findings.isEmpty, "\(compilation.findingsText)")
    #expect(compilation.judgement?.crossings.allSatisfy { $0.verdict == .proved } == true)
  }

  @Test(arguments: [
    "{podSelector: {matchLabels: {name: other}}, policyTypes: null, ingress: null, egress: null}",
    "{podSelector: {matchLabels: {name: other}}, ingress: [{from: null, ports: null}]}",
    "{podSelector: {matchLabels: {name: other}}, ingress: [{from: [{podSelector: {}, namespaceSelector: null}], ports: [{port: null, protocol: null}]}]}",
  ])
  func ofPolicies(_ spec: String) throws {
    let compilation = try Self.compile(
      "{type: NodePort, selector: {name: yourapp}, ports: [{port: 8000}]}", policy: Self.policy(spec))
    #expect(!compilation.findings.containErrors, "\(compilation.findingsText)")
  }

  /// What must be there is missing all the same, and a field that nobody knows is one with null, too.
  @Test(arguments: [
    ("{type: NodePort, selector: {name: yourapp}, ports: [{port: 8000, nodeport: null}]}", "nodeport"),
    ("{type: NodePort, selector: {name: yourapp}, ports: [{port: 8000}, {port: null, name: b}]}", "port"),
  ])
  func areNoExcuse(_ service: String, _ field: String) throws {
    let text = try Self.compile(service).findingsText
    #expect(text.contains("LW1304") && text.contains(field), "\(text)")
  }
}
