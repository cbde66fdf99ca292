import Compiler
import Diagnostics
import Foundation
import Kubernetes
import Linker
import Output
import TestSupport
import Testing
import YAMLTree

/// What east-west links emit: beside what others own, for several links, while addresses are pending, and policies.
@Suite struct TetrateOutputTests {
  // MARK: What others own

  @Test func existingObjectsAreKept() throws {
    let compilation = try TetrateTests.base().overlaid(
      by: """
        -- workloads/cluster-1/tsb.yaml --
        apiVersion: tsb.tetrate.io/v2
        kind: WorkspaceSetting
        metadata:
          name: own
          namespace: tsb
          annotations: {tsb.tetrate.io/organization: tetrate, tsb.tetrate.io/tenant: dev, tsb.tetrate.io/workspace: bookinfo-ws}
        spec:
          defaultEastWestGatewaySettings:
          - workloadSelector: {namespace: bookinfo, labels: {app: eastwest-gateway}}
            exposedServices: [{serviceLabels: {app: details}}]
        ---
        apiVersion: tsb.tetrate.io/v2
        kind: OrganizationSetting
        metadata: {name: own, namespace: tsb, annotations: {tsb.tetrate.io/organization: tetrate}}
        spec: {networkSettings: {networkReachability: {net-2: net-1}}}
        ---
        apiVersion: tsb.tetrate.io/v2
        kind: Cluster
        metadata: {name: cluster-2, namespace: tsb, annotations: {tsb.tetrate.io/organization: tetrate}}
        spec: {network: net-2}
        ---
        apiVersion: install.tetrate.io/v1alpha1
        kind: Gateway
        metadata: {name: eastwest-gateway, namespace: bookinfo}
        spec: {type: EASTWEST, kubeSpec: {service: {type: LoadBalancer}}}
        """
    ).compile()
    #expect(compilation.lines == "")
    #expect(
      compilation.satisfied.map(\.identity.kind).sorted() == [
        "Cluster", "OrganizationSetting", "WorkspaceSetting",
      ])
    let written = compilation.output.files.map(\.path).filter { $0.contains("/manifests/bookinfo/") }
    #expect(
      written.map { String($0.split(separator: "/").last ?? "") } == [
        "cluster-cluster-1.yaml", "kustomization.yaml", "workspace-bookinfo-ws.yaml",
      ])
  }

  /// A patch replaces the list of entries: what the owner exposes at the link's own gateway stays in it.
  @Test func whatAnOwnerExposesStays() throws {
    func patch(_ entries: String) throws -> [[String]] {
      let compilation = try TetrateTests.base().overlaid(
        by: """
          -- workloads/cluster-1/tsb.yaml --
          apiVersion: tsb.tetrate.io/v2
          kind: WorkspaceSetting
          metadata:
            name: own
            namespace: tsb
            annotations: {tsb.tetrate.io/organization: tetrate, tsb.tetrate.io/tenant: dev, tsb.tetrate.io/workspace: bookinfo-ws}
          spec:
            defaultEastWestGatewaySettings: \(entries)
          """
      ).compile()
      let text = compilation.text(
        "rendered/cluster-1/components/tsb-workspacesetting-own/workspacesetting-own.yaml")
      let root = try GatewayDNSTests.root(text)
      return root.at("spec", "defaultEastWestGatewaySettings")?.elements.map { entry in
        entry["exposedServices"]?.elements.map { Labels($0["serviceLabels"]).description } ?? ["everything"]
      } ?? []
    }
    let selector = "workloadSelector: {namespace: bookinfo, labels: {app: eastwest-gateway}}"
    let other =
      "{workloadSelector: {namespace: other, labels: {app: other}}, exposedServices: [{serviceLabels: {app: third}}]}"
    #expect(
      try patch("[{\(selector), exposedServices: [{serviceLabels: {app: reviews}}]}, \(other)]") == [
        ["app=reviews", "app=details"], ["app=third"],
      ])
    #expect(try patch("[\(other)]") == [["app=third"], ["app=details"]])
  }

  /// What lacks something gets a patch that keeps what its owner wrote.
  @Test func otherObjectsArePatched() throws {
    let compilation = try TetrateTests.base().overlaid(
      by: """
        -- workloads/cluster-1/tsb.yaml --
        apiVersion: tsb.tetrate.io/v2
        kind: WorkspaceSetting
        metadata:
          name: own
          namespace: tsb
          annotations: {tsb.tetrate.io/organization: tetrate, tsb.tetrate.io/tenant: dev, tsb.tetrate.io/workspace: bookinfo-ws}
        spec:
          defaultEastWestGatewaySettings:
          - workloadSelector: {namespace: other, labels: {app: other}}
        ---
        apiVersion: tsb.tetrate.io/v2
        kind: OrganizationSetting
        metadata: {name: own, namespace: tsb, annotations: {tsb.tetrate.io/organization: tetrate}}
        spec: {networkSettings: {networkReachability: {net-1: net-2}}}
        ---
        apiVersion: tsb.tetrate.io/v2
        kind: Cluster
        metadata: {name: cluster-2, namespace: tsb, annotations: {tsb.tetrate.io/organization: tetrate}}
        spec: {tokenTtl: 1h}
        """
    ).compile()
    #expect(!compilation.failed, "\(compilation.lines)")
    let setting = try #require(
      compilation.text("rendered/cluster-1/components/tsb-workspacesetting-own/workspacesetting-own.yaml"))
    #expect(setting.contains("app: other") && setting.contains("app: eastwest-gateway"))
    let organization = try #require(
      compilation.text(
        "rendered/cluster-1/components/tsb-organizationsetting-own/organizationsetting-own.yaml"))
    #expect(organization.contains("net-2: net-1") && organization.contains("net-1: net-2"))
    let cluster = try #require(
      compilation.text("rendered/cluster-1/components/tsb-cluster-cluster-2/cluster-cluster-2.yaml"))
    #expect(cluster.contains("network: net-2") && !cluster.contains("tokenTtl"))
  }

  // MARK: Several links, several clusters

  private static let secondLink = """
    -- links/second.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: second}
    spec:
      tetrate:
        organization: tetrate
        tenant: dev
        workspace: {name: second-ws, namespaces: ["*/second"]}
        configCluster: cluster-1
        gateway: {name: second-gateway, namespace: second, addresses: {cluster-2: 172.18.255.180}}
    -- connections/second.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: second, namespace: second}
    spec:
      via: second
      from: [{clusters: [cluster-1]}]
      to: {clusters: [cluster-2], service: second, ports: [80]}
      exposure: {acknowledged: mesh}
    -- workloads/cluster-1/second.yaml --
    apiVersion: v1
    kind: Namespace
    metadata: {name: second, labels: {istio-injection: enabled}}
    -- workloads/cluster-2/second.yaml --
    apiVersion: v1
    kind: Namespace
    metadata: {name: second, labels: {istio-injection: enabled}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: second, namespace: second, labels: {app: second}}
    spec: {selector: {app: second}, ports: [{name: http, port: 80}]}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: second, namespace: second, labels: {app: second}}
    spec: {containers: [{name: second, image: second}]}

    """

  /// One OrganizationSetting for both links, with the needs of both, in one cluster.
  @Test func linksOfAnOrganizationShareItsSettings() throws {
    let compilation = try TetrateTests.base().overlaid(by: Self.secondLink).compile()
    #expect(compilation.lines == "")
    let settings = compilation.output.files.filter { $0.path.contains("organizationsetting") }
    #expect(settings.count == 1)
    let text = String(decoding: try #require(settings.first).content, as: UTF8.self)
    #expect(text.contains("net-1: net-2") && text.contains("net-2: net-1"))
    for file in compilation.output.files where file.path.hasPrefix("rendered/cluster-2/manifests/") {
      #expect(
        !String(decoding: file.content, as: UTF8.self).contains("apiVersion: tsb.tetrate.io"), "\(file.path)")
    }
  }

  static let failover = """
    -- connections/details.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: details, namespace: bookinfo}
    spec:
      from: [{clusters: [cluster-1, cluster-2]}]
      to: {match: any, service: details, ports: [9080]}
      exposure: {acknowledged: mesh}
    -- links/east-west.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: east-west}
    spec:
      tetrate:
        organization: tetrate
        tenant: dev
        workspace: {name: bookinfo-ws, namespaces: ["*/bookinfo"]}
        configCluster: cluster-1
        gateway: {name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: 172.18.255.175, cluster-2: [172.18.255.176, 172.18.255.177]}}
        failoverSettings: {failoverPriority: [topology.kubernetes.io/region]}
    -- workloads/cluster-2/details.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: details, namespace: bookinfo, labels: {app: details}}
    spec: {selector: {app: details}, ports: [{name: http, port: 9080}]}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: details, namespace: bookinfo, labels: {app: details}}
    spec: {containers: [{name: details, image: details}]}

    """

  /// A Service in both clusters: WorkloadEntries, one per address, and no ServiceEntry; reachability both ways.
  @Test func serviceInBothClustersGetsWorkloadEntries() throws {
    let compilation = try TetrateTests.base().overlaid(by: Self.failover).compile()
    #expect(compilation.lines == "")
    let expected = compilation.output.files.map(\.path).filter { $0.contains("/expected/") }
    #expect(
      expected == [
        "rendered/cluster-1/expected/bookinfo/workloadentry-k-details-2.yaml",
        "rendered/cluster-1/expected/bookinfo/workloadentry-k-details.yaml",
        "rendered/cluster-2/expected/bookinfo/workloadentry-k-details.yaml",
      ])
    let entry = try #require(compilation.text(expected[2]))
    #expect(entry.contains("address: 172.18.255.175") && entry.contains("app: details"))
    #expect(entry.contains("32 hexadecimal digits follow"))
    let setting = try #require(
      compilation.text("rendered/cluster-1/manifests/bookinfo/workspacesetting-bookinfo-ws-setting.yaml"))
    #expect(setting.contains("failoverPriority:"))
    #expect(
      compilation.text("rendered/cluster-2/manifests/bookinfo/gateway-eastwest-gateway.yaml") != nil)
  }

  // MARK: Pending

  private static func withoutAddress() throws -> ExampleFleet {
    var fleet = try TetrateTests.base()
    let link = try #require(fleet["links/east-west.yaml"])
    fleet["links/east-west.yaml"] = link.replacing(", addresses: {cluster-1: 172.18.255.175}", with: "")
    return fleet
  }

  @Test func unknownAddressIsPending() throws {
    var fleet = try Self.withoutAddress()
    let compilation = try fleet.compile()
    #expect(!compilation.failed)
    #expect(
      compilation.pending.map(\.fact) == ["the address of the east-west gateway's Service eastwest-gateway"])
    #expect(
      compilation.pending.first?.namespace == "bookinfo" && compilation.pending.first?.cluster == "cluster-1")
    #expect(!compilation.output.files.contains { $0.path.contains("/expected/") })
    // What TSB needs does not wait for it.
    #expect(compilation.output.files.contains { $0.path.contains("workspacesetting") })
    fleet["observed/cluster-1/bookinfo.yaml"] = """
      apiVersion: v1
      kind: Service
      metadata: {name: eastwest-gateway, namespace: bookinfo}
      status: {loadBalancer: {ingress: [{ip: 10.9.8.7}]}}
      """
    let known = try fleet.compile()
    #expect(known.pending.isEmpty && known.lines == "")
    #expect(
      known.text(
        "rendered/cluster-2/expected/xcp-multicluster/serviceentry-global-gwinternal-details-bookinfo-svc-cluster-local.yaml"
      )?.contains("address: 10.9.8.7") == true)
  }

  // MARK: Exposure

  /// Nothing to expose must not become an empty list, which would expose everything.
  @Test func noConnectionExposesNothing() throws {
    var fleet = try TetrateTests.base()
    fleet["connections/details.yaml"] = nil
    let compilation = try fleet.compile()
    #expect(!compilation.failed)
    #expect(!compilation.output.files.contains { $0.path.contains("workspacesetting") })
  }

  /// The label that tells the target apart is chosen; where none does, all of them.
  @Test func leastLabelsAreDerived() throws {
    func items(_ reviews: String) throws -> String {
      let compilation = try TetrateTests.base().overlaid(
        by: """
          -- workloads/cluster-1/reviews.yaml --
          apiVersion: v1
          kind: Service
          metadata: {name: reviews, namespace: bookinfo, labels: \(reviews)}
          spec: {selector: {app: reviews}, ports: [{name: http, port: 9080}]}
          """
      ).compile()
      #expect(!compilation.failed, "\(compilation.lines)")
      let text = try #require(
        compilation.text("rendered/cluster-1/manifests/bookinfo/workspacesetting-bookinfo-ws-setting.yaml"))
      let root = try #require(Tree.parse(text: text, path: "").tree.root)
      let entries = root.at("spec", "defaultEastWestGatewaySettings")?.elements.flatMap {
        $0["exposedServices"]?.elements.flatMap {
          $0["serviceLabels"]?.entries.map { "\($0.text)=\($1.text)" } ?? []
        } ?? []
      }
      return (entries ?? []).joined(separator: ",")
    }
    #expect(try items("{app: reviews}") == "app=details")
    #expect(try items("{app: details}") == "service=details")
    #expect(try items("{app: details, tier: a}") == "service=details")
    #expect(try items("{app: details, service: other}") == "service=details")
  }

  // MARK: Policies

  private static func deny(_ cluster: Int, _ types: String = "[Ingress, Egress]") -> String {
    """
    -- workloads/cluster-\(cluster)/deny.yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: deny, namespace: bookinfo}
    spec: {podSelector: {}, policyTypes: \(types)}

    """
  }

  @Test func isolatedPodsAreOpenedAsFarAsNeeded() throws {
    let open = try TetrateTests.base().compile()
    #expect(!open.output.files.contains { $0.path.contains("networkpolicy") })
    let closed = try TetrateTests.base().overlaid(by: Self.deny(1, "[Ingress]") + Self.deny(2)).compile()
    // What a profile leaves open is a note.
    #expect(!closed.findings.contains { $0.severity != .note }, "\(closed.lines)")
    let ingress = try #require(
      closed.text("rendered/cluster-1/manifests/bookinfo/networkpolicy-allow-from-eastwest-details.yaml"))
    #expect(ingress.contains("app: eastwest-gateway") && ingress.contains("port: 9080"))
    let gateway = try #require(
      closed.text("rendered/cluster-1/manifests/bookinfo/networkpolicy-allow-eastwest-east-west.yaml"))
    #expect(gateway.contains("port: 15443"))
    let egress = try #require(
      closed.text("rendered/cluster-2/manifests/bookinfo/networkpolicy-allow-to-eastwest-details.yaml"))
    #expect(egress.contains("cidr: 172.18.255.175/32") && egress.contains("app: sleep"))
    #expect(egress.contains("k8s-app: kube-dns"))
  }

  /// Nothing lets the gateway's own pods out yet: where something isolates them, the judge says so.
  @Test func gatewayThatMayNotGoOutIsRefuted() throws {
    let compilation = try TetrateTests.base().overlaid(by: Self.deny(1)).compile()
    #expect(compilation.failed && compilation.lines.contains("LW7201"), "\(compilation.lines)")
  }

  @Test func policyThatAdmitsTheGatewayIsKept() throws {
    let compilation = try TetrateTests.base().overlaid(
      by: Self.deny(1) + """
        -- workloads/cluster-1/allow.yaml --
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: allow, namespace: bookinfo}
        spec:
          podSelector: {}
          ingress: [{from: [{podSelector: {matchLabels: {app: eastwest-gateway}}}], ports: [{port: 9080}]}, {ports: [{port: 15443}]}]
        """
    ).compile()
    #expect(compilation.satisfied.filter { $0.identity.name == "allow" }.count == 2)
    #expect(!compilation.output.files.contains { $0.path.contains("networkpolicy-allow") })
  }

  // MARK: Istio

  @Test func istioEmitsEntriesAndKeepsTheRest() throws {
    let compilation = try ExampleFleet(directory: "examples/tetrate-bookinfo-istio").compile()
    #expect(compilation.lines == "")
    let paths = compilation.output.files.map(\.path)
    #expect(!paths.contains { $0.contains("/expected/") || $0.contains("/fragments/") })
    for file in compilation.output.files {
      #expect(!String(decoding: file.content, as: UTF8.self).contains("tetrate.io"), "\(file.path)")
    }
  }

  private static func istio(_ also: String) -> String {
    """
    -- links/east-west.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: east-west}
    spec:
      tetrate:
        form: istio
        gateway: {name: istio-eastwestgateway, addresses: {cluster-1: 172.18.255.175, cluster-2: 172.18.255.176}}
        \(also)
    -- workloads/cluster-1/gateway.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: istio-eastwestgateway, namespace: istio-system, labels: {topology.istio.io/network: net-1}}
    spec: {type: LoadBalancer, selector: {istio: eastwestgateway}, ports: [{name: tls, port: 15443}]}
    ---
    apiVersion: v1
    kind: Namespace
    metadata: {name: istio-system, labels: {topology.istio.io/network: net-1}}

    """
  }

  /// Labels that are there already need no patch.
  @Test func networkLabelsAreKept() throws {
    let compilation = try TetrateTests.base().overlaid(by: Self.istio("")).compile()
    #expect(!compilation.failed, "\(compilation.lines)")
    #expect(compilation.satisfied.map(\.identity.kind).sorted() == ["Namespace", "Service"])
    #expect(
      compilation.output.files.map(\.path).filter {
        $0.contains("/components/") && !$0.hasSuffix("kustomization.yaml")
      }
        == ["rendered/cluster-2/components/_cluster-namespace-istio-system/namespace-istio-system.yaml"])
  }

  /// With remote secrets only the name is needed.
  @Test func remoteSecretsNeedTheServiceOnly() throws {
    let compilation = try TetrateTests.base().overlaid(by: Self.istio("istio: {discovery: remoteSecret}"))
      .compile()
    #expect(!compilation.failed, "\(compilation.lines)")
    let service = try #require(compilation.text("rendered/cluster-2/manifests/bookinfo/service-details.yaml"))
    #expect(service.contains("port: 9080") && service.contains("app: details"))
    #expect(!compilation.output.files.contains { $0.path.contains("entry") })
  }

  @Test func serviceInBothClustersJoinsWorkloadEntries() throws {
    let files = Self.failover.components(separatedBy: "-- links/")[0]
    let workloads =
      "-- workloads/cluster-2/details.yaml --"
      + Self.failover.components(separatedBy: "-- workloads/cluster-2/details.yaml --")[1]
    let gateway = Self.istio("").components(separatedBy: "-- workloads/cluster-1/gateway.yaml --")[1]
      .replacing("net-1", with: "net-2")
    let compilation = try TetrateTests.base().overlaid(
      by: files + Self.istio("") + workloads + "-- workloads/cluster-2/gateway.yaml --" + gateway
    ).compile()
    #expect(!compilation.failed, "\(compilation.lines)")
    let entry = try #require(
      compilation.text("rendered/cluster-1/manifests/bookinfo/workloadentry-remote-details-cluster-2.yaml"))
    #expect(
      entry.contains("address: 172.18.255.176") && entry.contains("http: 15443")
        && entry.contains("app: details"))
    #expect(!compilation.output.files.contains { $0.path.contains("serviceentry") })
  }

  // MARK: Consumers of the output

  @Test(
    .enabled(if: Program.find("kubectl") != nil, "kubectl is not installed"),
    arguments: ["tetrate-bookinfo-gitops", "tetrate-bookinfo-istio"])
  func kustomizeTakesTheComponents(_ name: String) throws {
    let kubectl = try #require(Program.find("kubectl"))
    let root = Repository.root.appendingPathComponent("examples/\(name)/rendered/cluster-1")
    let built = try kubectl.run(["kustomize", root.appendingPathComponent("manifests").path])
    #expect(built.status == 0, "\(built.errorText)")
    guard name.hasSuffix("istio") else { return }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("overlay-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let component = folder.appendingPathComponent("component")
    try FileManager.default.copyItem(
      at: root.appendingPathComponent("components/istio-system-service-istio-eastwestgateway"), to: component)
    try FileManager.default.copyItem(
      at: Repository.root.appendingPathComponent("examples/\(name)/workloads/cluster-1/gateway.yaml"),
      to: folder.appendingPathComponent("gateway.yaml"))
    try Data(
      """
      apiVersion: kustomize.config.k8s.io/v1beta1
      kind: Kustomization
      resources: [gateway.yaml]
      components: [component]
      """.utf8
    ).write(to: folder.appendingPathComponent("kustomization.yaml"))
    let patched = try kubectl.run(["kustomize", folder.path])
    #expect(patched.status == 0, "\(patched.errorText)")
    #expect(patched.text.contains("topology.istio.io/network: cluster-1-network"))
  }
}
