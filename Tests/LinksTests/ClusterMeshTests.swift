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
    #expect(compilation.findings.map(\.rule.id) == ["LW7242"], "\(compilation.lines)")
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

  /// A member as people write it into a kubeconfig by hand, after the documentation of seed and client-go.
  struct Member: Sendable {
    let name: String
    let server: String
    let user: String
  }

  static let kubeconfigs: [(example: String, members: [Member])] = [
    (
      "clustermesh",
      [("cluster01", "10.6.124.66:31936"), ("cluster02", "10.6.124.67:31466")].map {
        Member(name: $0, server: $1, user: "{client-certificate: \($0).crt, client-key: \($0).key}")
      }
    ),
    (
      "clustermesh-five",
      ["ams", "fra", "lon", "nyc", "par"].map {
        Member(
          name: $0, server: "api.\($0).example.com:6443",
          user: """
            {exec: {apiVersion: client.authentication.k8s.io/v1, command: kubelogin, args: [get-token, --cluster, \($0)], interactiveMode: IfAvailable}}
            """)
      }
    ),
  ]

  /// Merging the fragments with kubectl gives what merging by hand gives, in any order, and the reader's own context
  /// stays; every member is a context.
  @Test(
    .enabled(if: Program.find("kubectl") != nil, "kubectl is not installed"), arguments: kubeconfigs.indices)
  func kubectlMergesTheFragments(_ index: Int) throws {
    let kubectl = try #require(Program.find("kubectl"))
    let (example, members) = Self.kubeconfigs[index]
    let compilation = try ExampleFleet(directory: "examples/\(example)").compile()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "kubeconfig-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ text: String, _ name: String) throws -> String {
      let path = folder.appendingPathComponent(name)
      try Data(text.utf8).write(to: path)
      return path.path
    }
    func run(_ files: [String], _ arguments: String...) throws -> String {
      let output = try kubectl.run(
        ["config"] + arguments, environment: ["KUBECONFIG": files.joined(separator: ":")])
      #expect(output.status == 0, "\(output.errorText)")
      return output.text
    }
    var parts: [String] = []
    for member in members {
      let text = try #require(
        compilation.text("rendered/\(member.name)/fragments/kubeconfig-\(member.name).yaml"))
      #expect(!text.contains("current-context"))
      parts.append(try write(text, "\(member.name).yaml"))
      for file in ["\(member.name).crt", "\(member.name).key"] { _ = try write("stand-in\n", file) }
      // Everybody gets the same file with all members.
      #expect(
        compilation.text("rendered/\(member.name)/fragments/kubeconfig.yaml")
          == compilation.text("rendered/\(members[0].name)/fragments/kubeconfig.yaml"))
    }
    let whole = try write(
      try #require(compilation.text("rendered/\(members[0].name)/fragments/kubeconfig.yaml")), "whole.yaml")
    let own = try write(
      """
      apiVersion: v1
      kind: Config
      clusters: [{name: cluster.local, cluster: {server: "https://127.0.0.1:6443"}}]
      users: [{name: kubernetes-admin, user: {token: mine}}]
      contexts: [{name: kubernetes-admin@cluster.local, context: {cluster: cluster.local, user: kubernetes-admin}}]
      current-context: kubernetes-admin@cluster.local

      """, "own.yaml")
    func authority(_ name: String) throws -> String {
      try Data(contentsOf: Repository.root.appendingPathComponent("examples/\(example)/pki/\(name)-ca.crt"))
        .base64EncodedString()
    }
    var byHand = "apiVersion: v1\nkind: Config\nclusters:\n"
    for member in members {
      byHand +=
        "- {name: \(member.name), cluster: {server: \"https://\(member.server)\", certificate-authority-data: \(try authority(member.name))}}\n"
    }
    byHand += "- {name: cluster.local, cluster: {server: \"https://127.0.0.1:6443\"}}\nusers:\n"
    for member in members { byHand += "- {name: \(member.name), user: \(member.user)}\n" }
    byHand += "- {name: kubernetes-admin, user: {token: mine}}\ncontexts:\n"
    for member in members {
      byHand += "- {name: \(member.name), context: {cluster: \(member.name), user: \(member.name)}}\n"
    }
    byHand +=
      "- {name: kubernetes-admin@cluster.local, context: {cluster: cluster.local, user: kubernetes-admin}}\n"
    byHand += "current-context: kubernetes-admin@cluster.local\n"
    let wanted = try run([write(byHand, "by-hand.yaml")], "view", "--flatten", "--raw")
    for files in [parts + [own], [own] + parts, [own] + parts.reversed(), [own, whole], [whole, own]] {
      #expect(try run(files, "view", "--flatten", "--raw") == wanted)
    }
    let names = members.map(\.name)
    #expect(try run([whole], "get-contexts", "-o", "name") == names.map { $0 + "\n" }.joined())
    #expect(
      try run(parts + [own], "get-contexts", "-o", "name").split(separator: "\n").map(String.init)
        == (names + ["kubernetes-admin@cluster.local"]).sorted())
    // Each context by itself leads to its own member.
    for member in members {
      let view = try run(
        [whole], "view", "--minify", "--context", member.name, "-o", "jsonpath={.clusters[0].cluster.server}")
      #expect(view == "https://\(member.server)")
    }
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

  /// Cilium's own policies are proof too, where nothing of them can be misread; a deny, a rule of layer 7 or a selector
  /// for other pods is none.
  @Test(arguments: [
    ("fromEndpoints: [{matchLabels: {name: x-wing, io.cilium.k8s.policy.cluster: cluster01}}]", true),
    (
      "fromEndpoints: [{matchLabels: {\"k8s:name\": x-wing, \"k8s:io.kubernetes.pod.namespace\": default, \"k8s:io.cilium.k8s.policy.cluster\": cluster01}}], toPorts: [{ports: [{port: \"80\", protocol: TCP}]}]",
      true
    ),
    ("fromEndpoints: [{matchLabels: {name: x-wing}}]", false),
    ("fromEndpoints: [{matchLabels: {name: x-wing, io.cilium.k8s.policy.cluster: cluster03}}]", false),
    ("fromEndpoints: [{matchLabels: {name: tie, io.cilium.k8s.policy.cluster: cluster01}}]", false),
    (
      "fromEndpoints: [{matchLabels: {name: x-wing, io.kubernetes.pod.namespace: b, io.cilium.k8s.policy.cluster: cluster01}}]",
      false
    ),
    (
      "fromEndpoints: [{matchLabels: {name: x-wing, io.cilium.k8s.policy.cluster: cluster01}}], toPorts: [{ports: [{port: \"81\"}]}]",
      false
    ),
    (
      "fromEndpoints: [{matchLabels: {name: x-wing, io.cilium.k8s.policy.cluster: cluster01}}], toPorts: [{ports: [{port: \"80\"}], rules: {http: [{method: GET}]}}]",
      false
    ),
    (
      "fromEndpoints: [{matchLabels: {name: x-wing, io.cilium.k8s.policy.cluster: cluster01}}]}], ingressDeny: [{fromEntities: [world]",
      false
    ),
  ])
  func ciliumPolicyThatAdmitsTheClientIsKept(_ rule: String, _ isKept: Bool) throws {
    let fleet = try ExampleFleet.base().overlaid(
      by: """
        -- workloads/cluster02/cilium.yaml --
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: allow, namespace: default}
        spec: {endpointSelector: {matchLabels: {name: rebel-base}}, ingress: [{\(rule)}]}
        """)
    let compilation = try fleet.compile()
    #expect(compilation.satisfied.contains { $0.identity.name == "allow" } == isKept)
    let path = "rendered/cluster02/manifests/default/networkpolicy-allow-from-mesh-rebel-base.yaml"
    #expect((compilation.text(path) == nil) == isKept)
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
