import Diagnostics
import Linker
import Reachability
import Testing

@testable import Compiler

/// What TSB tells the sidecars of a workspace.
@Suite struct WorkspaceDefaultsTests {
  /// Services of other clusters are in namespace xcp-multicluster: sidecars that are told of other hosts only cannot
  /// call them.
  @Test(arguments: [
    ("./*", false), ("xcp-multicluster/*", true), ("*/*", true),
  ]) func reachabilityOfSidecars(_ host: String, _ isSeen: Bool) throws {
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet(base: "tetrate").overlaid(
      by: """
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
            workspaceDefaults: {defaultTrafficSetting: {reachability: {mode: CUSTOM, hosts: ["\(host)"]}}}
            configCluster: cluster-1
            gateway: {name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: 172.18.255.175}}

        """
    ).compile(options)
    let judged = try #require(compilation.judgement?.crossings.first)
    #expect(judged.verdict == (isSeen ? .proved : .refuted), "\(compilation.findingsText)")
    if !isSeen { #expect(judged.decisiveHop?.kind == .name) }
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }

  private static func link(_ defaults: String) -> String {
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
        workspaceDefaults: \(defaults)
        configCluster: cluster-1
        gateway: {name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: 172.18.255.175}}

    """
  }

  /// A default that lets in some callers only: whom, the running TSB knows.
  @Test(arguments: [
    ("{mode: CUSTOM, serviceAccounts: [other/x]}", ConnectionVerdict.depends), ("{mode: WORKSPACE}", .proved),
  ]) func authorizationOfSidecars(_ authorization: String, _ verdict: ConnectionVerdict) throws {
    var options = CompileOptions()
    options.isParanoid = true
    let files = Self.link("{defaultSecuritySetting: {authorization: \(authorization)}}")
    let compilation = try FixtureFleet(base: "tetrate").overlaid(by: files).compile(options)
    let judged = try #require(compilation.judgement?.crossings.first)
    #expect(judged.verdict == verdict, "\(compilation.findingsText)")
    if verdict == .depends { #expect(judged.decisiveHop?.kind == .ingress) }
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }
}
