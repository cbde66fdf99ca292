import Compiler
import Foundation
import Output
import TestSupport
import Testing
import YAMLTree

/// Tetrate's page on communication across clusters (Bookinfo in cluster-1, sleep in cluster-2). Its listings, with
/// the indentation that they lost in print, must be what the examples emit, field by field.
@Suite struct TetrateDocumentTests {
  private static let gateway = """
    apiVersion: install.tetrate.io/v1alpha1
    kind: IngressGateway
    metadata:
      name: eastwest-gateway
      namespace: bookinfo
    spec:
      eastWestOnly: true
    """

  /// ${ORG} and ${TEN} are the example's.
  private static let wholeWorkspace = """
    apiVersion: api.tsb.tetrate.io/v2
    kind: WorkspaceSetting
    metadata:
      organization: tetrate
      tenant: dev
      workspace: bookinfo-ws
      name: bookinfo-ws-setting
    spec:
      defaultEastWestGatewaySettings:
      - workloadSelector:
          namespace: bookinfo
          labels:
            app: eastwest-gateway
    """

  private static let someServices = """
    apiVersion: api.tsb.tetrate.io/v2
    kind: WorkspaceSetting
    metadata:
      organization: tetrate
      tenant: dev
      workspace: bookinfo-ws
      name: bookinfo-ws-setting
    spec:
      defaultEastWestGatewaySettings:
      - workloadSelector:
          namespace: eastwest
          labels:
            app: eastwest-gateway
        exposedServices:
        - serviceLabels:
            failover: enable
        - serviceLabels:
            app: details
    """

  /// What the page sets in the user interface.
  private static let reachability = """
    networkSettings:
      networkReachability:
        cluster-2-network: cluster-1-network
    """

  static let tctl = "examples/tetrate-bookinfo"
  static let gitops = "examples/tetrate-bookinfo-gitops"

  private static func tree(_ text: String) throws -> Node {
    try #require(Tree.parse(text: text, path: "listing").tree.root)
  }

  private static func emitted(_ path: String, of compilation: Compilation) throws -> Node {
    try tree(#require(compilation.text(path), "\(path) is not emitted"))
  }

  @Test func gatewayIsTheListing() throws {
    let compilation = try ExampleFleet(directory: Self.tctl).compile()
    let object = try Self.emitted(
      "rendered/cluster-1/manifests/bookinfo/ingressgateway-eastwest-gateway.yaml", of: compilation)
    let listing = try Self.tree(Self.gateway)
    for path in ["apiVersion", "kind", "spec"] {
      #expect(try #require(object[path]).isEqual(to: #require(listing[path])), "\(path)")
    }
    #expect(object.at("metadata", "name")?.text == "eastwest-gateway")
    #expect(object.at("metadata", "namespace")?.text == "bookinfo")
  }

  /// As a file for tctl the whole document is the listing, with nothing added.
  @Test func workspaceSettingIsTheListing() throws {
    let compilation = try ExampleFleet(directory: Self.tctl).compile()
    let object = try Self.emitted(
      "rendered/cluster-1/fragments/tctl-workspacesetting-bookinfo-ws-setting.yaml", of: compilation)
    #expect(try object.isEqual(to: Self.tree(Self.wholeWorkspace)))
  }

  @Test func fineTunedSettingIsTheListingInBothForms() throws {
    let listing = try Self.tree(Self.someServices)
    var fleet = try ExampleFleet(directory: Self.gitops)
    let object = try Self.emitted(
      "rendered/cluster-1/manifests/bookinfo/workspacesetting-bookinfo-ws-setting.yaml", of: fleet.compile())
    let settings = try #require(object.at("spec", "defaultEastWestGatewaySettings"))
    #expect(try settings.isEqual(to: #require(listing.at("spec", "defaultEastWestGatewaySettings"))))
    #expect(object["apiVersion"]?.text == "tsb.tetrate.io/v2")
    for key in ["organization", "tenant", "workspace"] {
      #expect(
        object.at("metadata", "annotations")?["tsb.tetrate.io/\(key)"]?.text
          == listing.at("metadata")?[key]?.text)
    }
    let link = try #require(fleet["links/bookinfo-east-west.yaml"])
    fleet["links/bookinfo-east-west.yaml"] =
      link.replacing("form: gitops", with: "form: tctl")
      .replacing("    failoverSettings: {topologyChoice: CLUSTER}\n", with: "")
    let compilation = try fleet.compile()
    let file = try Self.emitted(
      "rendered/cluster-1/fragments/tctl-workspacesetting-bookinfo-ws-setting.yaml", of: compilation)
    #expect(file.isEqual(to: listing))
    #expect(
      !compilation.output.files.contains { file in
        file.path.contains("/manifests/")
          && String(decoding: file.content, as: UTF8.self).contains("tsb.tetrate.io/v2")
      }, "what tctl applies is never synced")
  }

  @Test func reachabilityGoesFromTheConsumer() throws {
    for (directory, path) in [
      (Self.tctl, "fragments/tctl-organizationsetting-tetrate-settings.yaml"),
      (Self.gitops, "manifests/bookinfo/organizationsetting-tetrate-settings.yaml"),
    ] {
      let object = try Self.emitted(
        "rendered/cluster-1/\(path)", of: ExampleFleet(directory: directory).compile())
      #expect(try #require(object["spec"]).isEqual(to: Self.tree(Self.reachability)))
    }
  }

  @Test func clustersHaveTheirNetworks() throws {
    let compilation = try ExampleFleet(directory: Self.tctl).compile()
    for number in [1, 2] {
      let object = try Self.emitted(
        "rendered/cluster-1/fragments/tctl-cluster-cluster-\(number).yaml", of: compilation)
      #expect(object.at("spec", "network")?.text == "cluster-\(number)-network")
      #expect(object.at("metadata", "organization")?.text == "tetrate")
    }
  }

  /// The page: cluster-2 gets ServiceEntries for the Bookinfo services. Its own Service sleep gets none.
  @Test func clientsAreToldOfTheServices() throws {
    let compilation = try ExampleFleet(directory: Self.tctl).compile()
    let expected = compilation.output.files.map(\.path).filter { $0.contains("/expected/") }
    #expect(
      expected == [
        "rendered/cluster-2/expected/bookinfo/workloadentry-k-sleep.yaml"
      ]
        + ["details", "productpage", "ratings", "reviews"].map {
          "rendered/cluster-2/expected/xcp-multicluster/serviceentry-global-gwinternal-\($0)-bookinfo-svc-cluster-local.yaml"
        })
  }

  /// Field by field what a running control plane made of one HTTP Service.
  @Test func serviceEntryHasTheObservedShape() throws {
    let object = try Self.emitted(
      "rendered/cluster-2/expected/xcp-multicluster/serviceentry-global-gwinternal-details-bookinfo-svc-cluster-local.yaml",
      of: ExampleFleet(directory: Self.gitops).compile())
    let observed = try Self.tree(
      """
      hosts: [details.bookinfo.svc.cluster.local]
      location: MESH_INTERNAL
      resolution: STATIC
      exportTo: ["*"]
      ports: [{name: http, number: 9080, protocol: HTTP}]
      endpoints:
      - address: 172.18.255.175
        ports: {http: 15443}
        network: cluster-1-network
        labels: {security.istio.io/tlsMode: istio, xcp.tetrate.io/cluster: cluster-1}
      """)
    #expect(try #require(object["spec"]).isEqual(to: observed))
    let doubts = object.at("metadata", "annotations", "linkwright.dev/uncertain")?.text ?? ""
    #expect(doubts.contains("locality") && doubts.contains("contentHash") && !doubts.contains("resolution"))
  }
}
