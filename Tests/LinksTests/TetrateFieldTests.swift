import Compiler
import Diagnostics
import Output
import Testing

/// Fields that a link or a Cluster hands on as they are.
@Suite struct TetrateFieldTests {
  /// What the installer takes beside labels, and what TSB says of a cluster.
  @Test(arguments: ["Gateway", "IngressGateway"]) func furtherFieldsAreHandedOn(_ kind: String) throws {
    let compilation = try TetrateTests.base().overlaid(
      by: """
        -- clusters/cluster-1.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Cluster
        metadata: {name: cluster-1}
        spec:
          network: {podCIDRs: [10.1.0.0/16], baseline: []}
          tetrate: {network: net-1, labels: {tier: production}}
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
            gateway:
              name: eastwest-gateway
              namespace: bookinfo
              kind: \(kind)
              addresses: {cluster-1: 172.18.255.175}
              deployment: {replicaCount: 2, podAnnotations: {team: books}}
              service: {labels: {tier: edge}}

        """
    ).compile()
    #expect(!compilation.findings.containErrors, "\(compilation.lines)")
    func text(_ end: String) -> String {
      let file = compilation.output.files.first { $0.path.hasSuffix(end) }
      return String(decoding: file?.content ?? [], as: UTF8.self)
    }
    let gateway = text("/\(kind.lowercased())-eastwest-gateway.yaml")
    #expect(gateway.contains("      replicaCount: 2\n"), "\(gateway)")
    #expect(gateway.contains("      podAnnotations:\n        team: books\n"), "\(gateway)")
    #expect(gateway.contains("      labels:\n        tier: edge\n"), "\(gateway)")
    #expect(text("/cluster-cluster-1.yaml").contains("  labels:\n    tier: production\n"))
  }
}
