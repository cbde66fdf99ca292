import Compiler
import Diagnostics
import Output
import Reachability
import Testing

/// Several links of one workspace: each has a gateway of its own, and TSB one setting for all of them.
@Suite struct TetrateWorkspaceTests {
  private static func link(
    _ name: String, _ gateway: String, _ address: String,
    workspace: String = "{name: bookinfo-ws, namespaces: [\"*/bookinfo\"]}"
  ) -> String {
    """
    -- links/\(name).yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: \(name)}
    spec:
      tetrate:
        form: gitops
        organization: tetrate
        tenant: dev
        workspace: \(workspace)
        configCluster: cluster-1
        gateway: {name: \(gateway), namespace: bookinfo, addresses: {cluster-1: \(address)}}

    """
  }

  private static let ratings = """
    -- workloads/cluster-1/ratings.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: ratings, namespace: bookinfo, labels: {app: ratings}}
    spec: {selector: {app: ratings}, ports: [{name: http, port: 9080}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: ratings-v1, namespace: bookinfo}
    spec:
      selector: {matchLabels: {app: ratings}}
      template:
        metadata: {labels: {app: ratings}}
        spec: {containers: [{name: ratings, image: ratings, ports: [{containerPort: 9080}]}]}
    -- connections/ratings.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: ratings, namespace: bookinfo}
    spec:
      via: second
      from: [{clusters: [cluster-2], podSelector: {matchLabels: {app: sleep}}}]
      to: {clusters: [cluster-1], service: ratings, ports: [9080]}

    """

  private static func setting(_ compilation: Compilation) -> String {
    let files = compilation.output.files.filter { $0.path.contains("/workspacesetting-") }
    #expect(files.count == 1, "\(files.map(\.path))")
    return String(decoding: files.first?.content ?? [], as: UTF8.self)
  }

  @Test(arguments: ["{name: bookinfo-ws, namespaces: [\"*/bookinfo\"]}", "bookinfo-ws"])
  func eachGatewayHasItsEntry(_ workspace: String) throws {
    let compilation = try TetrateTests.base().overlaid(
      by: Self.link("east-west", "eastwest-gateway", "172.18.255.175")
        + Self.link("second", "second-gateway", "172.18.255.177", workspace: workspace) + Self.ratings
    ).compile()
    #expect(!compilation.findings.containErrors, "\(compilation.lines)")
    let text = Self.setting(compilation)
    for part in ["app: eastwest-gateway", "app: second-gateway", "app: details", "app: ratings"] {
      #expect(text.contains(part), "\(text)")
    }
    let judged = try #require(compilation.judgement).crossings
    #expect(judged.count == 2)
    for crossing in judged { #expect(crossing.verdict == .proved, "\(compilation.lines)") }
    #expect(
      compilation.output.files.count { $0.path.contains("/manifests/") && $0.path.contains("/workspace-") }
        == 1)
  }

  /// Links that share a gateway share its entry.
  @Test func oneGatewayHasOneEntry() throws {
    func selecting(_ name: String) -> String {
      Self.link(name, "g", "172.18.255.175").replacing(
        "{name: g, namespace: bookinfo,",
        with: "{workloadSelector: {namespace: bookinfo, labels: {app: eastwest-gateway}},")
    }
    let compilation = try TetrateTests.base().overlaid(
      by: selecting("east-west") + selecting("second") + Self.ratings + """
        -- workloads/cluster-1/gateway.yaml --
        apiVersion: install.tetrate.io/v1alpha1
        kind: Gateway
        metadata: {name: eastwest-gateway, namespace: bookinfo}
        spec: {type: EASTWEST, kubeSpec: {service: {type: LoadBalancer}}}

        """
    ).compile()
    let text = Self.setting(compilation)
    #expect(text.split(separator: "workloadSelector:").count == 2, "\(text) \(compilation.lines)")
    #expect(
      text.contains("app: details") && text.contains("app: ratings"), "\(text) \(compilation.lines)")
  }

  /// A name that nobody takes is told at the author's word, and what follows from it is not.
  @Test func badOrganizationIsToldOnce() throws {
    let compilation = try TetrateTests.base().overlaid(
      by: Self.link("east-west", "eastwest-gateway", "172.18.255.175").replacing(
        "organization: tetrate", with: "organization: Acme_Corp")
    ).compile()
    let errors = compilation.findings.filter { $0.severity == .error }
    #expect(errors.map(\.rule.id) == ["LW6101"], "\(compilation.lines)")
    #expect(errors.first?.primary?.range.file.path == "links/east-west.yaml")
  }
}
