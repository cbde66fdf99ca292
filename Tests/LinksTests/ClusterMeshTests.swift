import Compiler
import Diagnostics
import Foundation
import Kubernetes
import Linker
import Output
import Snapshot
import TestSupport
import Testing

/// Meshes as a whole: pending addresses, kubeconfigs as kubectl reads them, policies.
@Suite struct ClusterMeshTests {
  // MARK: Size

  @Test func threeHundredMembers() throws {
    let compilation = try Self.large(members: 300, maximum: 255).compile()
    #expect(compilation.failed)
    #expect(compilation.lines.contains("error[LW3007] links/mesh.yaml"))
    let fits = try Self.large(members: 300, maximum: 511).compile()
    #expect(!fits.failed, "\(fits.lines)")
    #expect(fits.text("rendered/c300/fragments/cilium-values.yaml")?.contains("c299:") == true)
  }

  static func large(members: Int, maximum: Int) throws -> ExampleFleet {
    var fleet = try ExampleFleet(directory: "Tests/CompilerTests/Fleets/none")
    fleet["linkwright.yaml"] = "apiVersion: linkwright.dev/v1alpha1\nkind: Fleet\nmetadata: {name: large}\n"
    fleet["links/mesh.yaml"] = """
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: mesh}
      spec:
        clusterMesh:
          clusterSelector: {}
          maxConnectedClusters: \(maximum)
          certificates: {method: cronJob}
      """
    for id in 1...members {
      fleet["clusters/c\(id).yaml"] = """
        apiVersion: linkwright.dev/v1alpha1
        kind: Cluster
        metadata: {name: c\(id)}
        spec:
          network: {podCIDRs: [10.\(id / 256).\(id % 256).0/24], baseline: []}
          cilium: {id: \(id), chartVersion: 1.20.0, mesh: {ips: [172.16.\(id / 100).\(id % 100), 172.17.\(id / 100).\(id % 100)]}}
        """
    }
    return fleet
  }

  // MARK: Pending

  @Test func unknownAddressIsPendingAndNothingOnRecordIsLost() throws {
    var fleet = try ExampleFleet(directory: "examples/clustermesh-five")
    let pending = try fleet.compile()
    #expect(!pending.failed)
    #expect(pending.pending.map(\.cluster) == ["nyc"])
    #expect(pending.text("rendered/ams/fragments/cilium-values.yaml")?.contains("nyc") == false)
    // The address becomes known, the output is recorded, and the observation is lost again.
    fleet["observed/nyc/kube-system.yaml"] = fleet["observed/fra/kube-system.yaml"]
    let known = try fleet.compile()
    #expect(known.pending.isEmpty)
    #expect(known.text("rendered/ams/fragments/cilium-values.yaml")?.contains("nyc:") == true)
    for file in known.output.files { fleet[file.path] = String(decoding: file.content, as: UTF8.self) }
    fleet["observed/nyc/kube-system.yaml"] = nil
    let lost = try fleet.compile()
    #expect(lost.failed)
    #expect(lost.lines.contains("peer nyc of ams would go"), "\(lost.lines)")
    var options = CompileOptions()
    options.prunesPending = true
    #expect(try !fleet.compile(options).failed)
  }

  // MARK: Objects

  @Test func objectsHoldWhatTheChartWouldMake() throws {
    var fleet = try ExampleFleet.base()
    let link = try #require(fleet["links/mesh.yaml"])
    fleet["links/mesh.yaml"] = link + "    emit: objects\n"
    let compilation = try fleet.compile()
    #expect(compilation.lines == "")
    let values = try #require(compilation.text("rendered/cluster01/fragments/cilium-values.yaml"))
    #expect(!values.contains("clusters:") && values.contains("enabled: false"))
    func data(_ name: String, _ key: String) throws -> String {
      let text = try #require(compilation.text("rendered/cluster01/manifests/kube-system/\(name).yaml"))
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("  \(key): ") })
      let bytes = try #require(Data(base64Encoded: String(line.dropFirst(key.count + 4))))
      return String(decoding: bytes, as: UTF8.self)
    }
    #expect(
      try data("secret-cilium-clustermesh", "cluster02") == """
        endpoints:
        - https://clustermesh-apiserver.kube-system.svc:2379
        trusted-ca-file: /var/lib/cilium/clustermesh/local-etcd-client-ca.crt
        key-file: /var/lib/cilium/clustermesh/local-etcd-client.key
        cert-file: /var/lib/cilium/clustermesh/local-etcd-client.crt
        """)
    let remote = try data("secret-cilium-kvstoremesh", "cluster02")
    #expect(remote.hasPrefix("endpoints:\n- https://cluster02.mesh.cilium.io:32379\ntrusted-ca-file: "))
    #expect(
      remote.hasSuffix("- hostname: cluster02.mesh.cilium.io\n  ips: \n    - 10.6.124.67\n    - 10.6.125.67"))
    let users = try #require(
      compilation.text("rendered/cluster01/manifests/kube-system/configmap-clustermesh-remote-users.yaml"))
    #expect(users.contains("- name: remote-cluster02"))
  }

  // MARK: Kubeconfigs

  @Test(.enabled(if: Program.find("kubectl") != nil, "kubectl is not installed"))
  func kubectlMergesTheFragments() throws {
    let kubectl = try #require(Program.find("kubectl"))
    let compilation = try ExampleFleet(directory: "examples/clustermesh").compile()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "kubeconfig-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ text: String, _ name: String) throws -> String {
      let path = folder.appendingPathComponent(name)
      try Data(text.utf8).write(to: path)
      return path.path
    }
    var paths: [String] = []
    for cluster in ["cluster01", "cluster02"] {
      let text = try #require(compilation.text("rendered/\(cluster)/fragments/kubeconfig-\(cluster).yaml"))
      #expect(!text.contains("current-context"))
      paths.append(try write(text, "\(cluster).yaml"))
      for file in ["\(cluster).crt", "\(cluster).key"] { _ = try write("stand-in\n", file) }
    }
    let whole = try write(
      try #require(compilation.text("rendered/cluster01/fragments/kubeconfig.yaml")), "whole.yaml")
    let own = try write(
      "apiVersion: v1\nkind: Config\ncurrent-context: kubernetes-admin@cluster.local\n", "own.yaml")
    func view(_ files: [String]) throws -> String {
      let output = try kubectl.run(
        ["config", "view", "--flatten", "--raw"], environment: ["KUBECONFIG": files.joined(separator: ":")])
      #expect(output.status == 0, "\(output.errorText)")
      return output.text
    }
    // In any order the reader's own context stays, and the parts give what the whole gives.
    let merged = try view(paths + [own])
    #expect(merged.contains("current-context: kubernetes-admin@cluster.local"))
    #expect(try view([own, whole]) == merged)
    #expect(try view([own] + paths.reversed()) == merged)
    #expect(
      merged.contains("server: https://10.6.124.66:31936")
        && merged.contains("server: https://10.6.124.67:31466"))
    let contexts = try kubectl.run(
      ["config", "get-contexts", "-o", "name"], environment: ["KUBECONFIG": whole])
    #expect(contexts.text == "cluster01\ncluster02\n")
  }

  // MARK: Policies

  static let isolating = """
    -- workloads/cluster02/deny.yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: deny, namespace: default}
    spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
    -- workloads/cluster01/deny.yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: deny, namespace: default}
    spec: {podSelector: {}, policyTypes: [Ingress, Egress]}

    """

  @Test func policiesComeInPairsWhereBothSidesAreIsolated() throws {
    let open = try ExampleFleet.base().compile()
    #expect(!open.output.files.contains { $0.path.contains("networkpolicy") })
    let closed = try ExampleFleet.base().overlaid(by: Self.isolating).compile()
    #expect(closed.lines == "")
    let ingress = try #require(
      closed.text("rendered/cluster02/manifests/default/networkpolicy-allow-from-mesh-rebel-base.yaml"))
    #expect(ingress.contains("io.cilium.k8s.policy.cluster: cluster01") && ingress.contains("name: x-wing"))
    let egress = try #require(
      closed.text("rendered/cluster01/manifests/default/networkpolicy-allow-to-mesh-rebel-base.yaml"))
    #expect(
      egress.contains("io.cilium.k8s.policy.cluster: cluster02") && egress.contains("k8s-app: kube-dns"))
  }

  /// A CiliumNetworkPolicy isolates as well, here with a key that names the label's source.
  @Test func ciliumPolicyIsolates() throws {
    let fleet = try ExampleFleet.base().overlaid(
      by: """
        -- workloads/cluster02/cilium.yaml --
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: closed, namespace: default}
        spec:
          endpointSelector: {matchLabels: {"k8s:name": rebel-base}}
          ingress: [{fromEndpoints: [{matchLabels: {name: other}}]}]
        """)
    let path = "rendered/cluster02/manifests/default/networkpolicy-allow-from-mesh-rebel-base.yaml"
    #expect(try fleet.compile().text(path) != nil)
  }

  @Test func policyThatAdmitsTheClientIsKept() throws {
    let fleet = try ExampleFleet.base().overlaid(
      by: Self.isolating + """
        -- workloads/cluster02/allow.yaml --
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: allow, namespace: default}
        spec:
          podSelector: {matchLabels: {name: rebel-base}}
          ingress:
          - from: [{podSelector: {matchLabels: {name: x-wing, io.cilium.k8s.policy.cluster: cluster01}}}]
            ports: [{port: 80}]
        """)
    let compilation = try fleet.compile()
    #expect(compilation.satisfied.contains { $0.identity.name == "allow" })
    #expect(
      compilation.text("rendered/cluster02/manifests/default/networkpolicy-allow-from-mesh-rebel-base.yaml")
        == nil)
  }

  // MARK: Examples

  /// The checked-in output is what the examples compile to.
  @Test(arguments: ["examples/clustermesh", "examples/clustermesh-five", "examples/clustermesh-mcs"])
  func exampleGivesItsRecordedOutput(_ directory: String) throws {
    let compilation = try ExampleFleet(directory: directory).compile()
    for file in compilation.output.files {
      let recorded = try Data(contentsOf: Repository.root.appendingPathComponent("\(directory)/\(file.path)"))
      #expect(Array(recorded) == file.content, "\(file.path): run 'linkwright build \(directory)'")
    }
  }
}
