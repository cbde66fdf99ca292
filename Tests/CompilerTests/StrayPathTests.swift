import Compiler
import Diagnostics
import Testing

/// Path policies see Services that links serve to all comers though no connection names them.
@Suite struct StrayPathTests {
  private static func found(_ base: String, _ from: String, _ to: String, _ more: String) throws
    -> [Diagnostic]
  {
    let files = """
      -- policies/paths.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: paths}
      spec: {paths: [{deny: {from: \(from), to: \(to)}}]}

      """
    let compilation = try FixtureFleet(base: base).overlaid(by: files + more).compile()
    #expect(compilation.judgement != nil, "\(compilation.findingsText)")
    return compilation.findings.filter { $0.rule.id.hasPrefix("LW73") }
  }

  private static func pods(_ cluster: String, _ namespace: String, _ name: String) -> String {
    """
    -- workloads/\(cluster)/\(name).yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: \(name), namespace: \(namespace), labels: {app: \(name)}}
    spec: {type: NodePort, selector: {app: \(name)}, ports: [{name: http, port: 9080, targetPort: 9080}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: \(name), namespace: \(namespace)}
    spec:
      selector: {matchLabels: {app: \(name)}}
      template: {metadata: {labels: {app: \(name)}}, spec: {containers: [{name: app, image: i}]}}

    """
  }

  private static func link(_ exposed: String) -> String {
    """
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
        gateway: {name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: 172.18.255.175}}
        \(exposed)

    """
  }

  private static let ratings = pods("cluster-1", "bookinfo", "ratings")
  private static let toRatings = "{clusters: [cluster-1], podSelector: {matchLabels: {app: ratings}}}"

  @Test func whateverTheWorkspaceExposesIsFound() throws {
    let all = Self.ratings + Self.link("exposedServices: all")
    let found = try Self.found("tetrate", "{clusters: [cluster-2]}", Self.toRatings, all)
    #expect(found.map(\.rule.id) == ["LW7301"], "\(found.map(\.goldenText))")
    #expect(found.first?.message.contains("which no connection names") == true)
    let closed = JudgementTests.policy(
      "cluster-1", "bookinfo", "{podSelector: {matchLabels: {app: ratings}}}")
    for kept in [Self.ratings, all + closed] {
      let none = try Self.found("tetrate", "{clusters: [cluster-2]}", Self.toRatings, kept)
      #expect(none.isEmpty, "\(none.map(\.goldenText))")
    }
  }

  @Test func claimsWithoutAConnectionAreFound() throws {
    let claim =
      pods("gold", "a1b2c3-dev", "other") + """
        -- workloads/gold/claim.yaml --
        apiVersion: porter.devops.gov.bc.ca/v1alpha1
        kind: TransportServerClaim
        metadata: {name: other-tsc, namespace: a1b2c3-dev}
        spec: {service: other, servicePort: 9080, monitor: {type: tcp, interval: 20, timeout: 20}}

        """
    let opened = JudgementTests.policy(
      "gold", "a1b2c3-dev",
      "{podSelector: {matchLabels: {app: other}}, ingress: [{from: [{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}}]}]}"
    )
    let from = "{clusters: [golddr]}"
    let to = "{clusters: [gold], podSelector: {matchLabels: {app: other}}}"
    let found = try Self.found("porter-pair", from, to, claim + opened)
    #expect(found.map(\.rule.id) == ["LW7301"], "\(found.map(\.goldenText))")
    #expect(found.first?.message.contains("TransportServerClaim other-tsc") == true)
    // The platform lets nobody in where nothing is written.
    #expect(try Self.found("porter-pair", from, to, claim).isEmpty)
  }

  private func pods(_ cluster: String, _ namespace: String, _ name: String) -> String {
    Self.pods(cluster, namespace, name)
  }
}
