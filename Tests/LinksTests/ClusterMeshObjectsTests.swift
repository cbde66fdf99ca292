import Compiler
import Foundation
import TestSupport
import Testing
import YAMLTree

/// `emit: objects` gives what the chart would make of the same mesh's values, byte for byte, for every chart.
@Suite struct ClusterMeshObjectsTests {
  struct Mesh: Sendable, CustomTestStringConvertible {
    let minor: Int
    let peers: [String]
    let also: String
    let mode: String
    var testDescription: String { "1.\(minor) \(peers) \(also) \(mode)" }
  }

  private static let charts = [16: "1.16.19", 17: "1.17.18", 18: "1.18.12", 19: "1.19.6", 20: "1.20.0"]

  static let meshes: [Mesh] = (16...20).flatMap { minor -> [Mesh] in
    // Before 1.20 only names can stand in objects.
    let names = [
      "{serviceType: LoadBalancer, address: one.mesh.example.com",
      "{address: two.example.com, nodePort: 32400",
      "{serviceType: ClusterIP, address: three.mesh.cilium.io",
    ]
    let addresses = [
      "{ips: [10.6.124.66, 10.6.125.66]", "{serviceType: LoadBalancer, ips: [203.0.113.9]",
      "{serviceType: ClusterIP, ips: [\"fd00:3::10\"]",
    ]
    let peers = minor >= 20 ? [names, addresses] : [names]
    return peers.flatMap { peers in
      ["", ", kvstoremesh: false"].flatMap { also in
        ["", "authMode: legacy", "authMode: migration", "authMode: cluster"].map {
          Mesh(minor: minor, peers: peers, also: also, mode: $0)
        }
      }
    }
  }

  private static func fleet(_ mesh: Mesh, emitting form: String) throws -> ExampleFleet {
    var fleet = try ExampleFleet(directory: "Tests/CompilerTests/Fleets/none")
    fleet["linkwright.yaml"] = "apiVersion: linkwright.dev/v1alpha1\nkind: Fleet\nmetadata: {name: objects}\n"
    for (index, peer) in mesh.peers.enumerated() {
      let number = index + 1
      fleet["clusters/c\(number).yaml"] = """
        apiVersion: linkwright.dev/v1alpha1
        kind: Cluster
        metadata: {name: c\(number)}
        spec:
          network: {podCIDRs: [10.\(number).0.0/16], serviceCIDRs: [10.10\(number).0.0/16], baseline: []}
          cilium:
            id: \(number)
            chartVersion: \(charts[mesh.minor] ?? "")
            namespace: cilium
            mesh: \(peer)\(mesh.also)}

        """
    }
    fleet["links/mesh.yaml"] = """
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: mesh}
      spec:
        clusterMesh:
          members: [c1, c2, c3]
          emit: \(form)
          domain: mesh.example.org
          certificates: {method: cronJob, sharedAuthority: true}
          \(mesh.mode)

      """
    return fleet
  }

  private static func tree(_ compilation: Compilation, _ path: String) -> Node? {
    compilation.text(path).flatMap { Tree.parse(text: $0, path: path).tree.root }
  }

  /// The data of an emitted Secret; nil where there is none.
  private static func data(_ compilation: Compilation, _ cluster: String, _ name: String) -> [String: String]?
  {
    let path = "rendered/\(cluster)/manifests/cilium/secret-\(name).yaml"
    guard let root = tree(compilation, path) else { return nil }
    #expect(root.at("metadata", "namespace")?.text == "cilium")
    var data: [String: String] = [:]
    for (key, value) in root["data"]?.entries.map({ $0 }) ?? [] {
      data[key.text] = Data(base64Encoded: value.text).map { String(decoding: $0, as: UTF8.self) }
    }
    return data
  }

  @Test(arguments: meshes)
  func objectsAreWhatTheChartMakes(_ mesh: Mesh) throws {
    let asValues = try Self.fleet(mesh, emitting: "values").compile()
    let asObjects = try Self.fleet(mesh, emitting: "objects").compile()
    #expect(!asValues.failed && !asObjects.failed, "\(asValues.lines)\(asObjects.lines)")
    for cluster in ["c1", "c2", "c3"] {
      let path = "rendered/\(cluster)/fragments/cilium-values.yaml"
      let values = try #require(Self.tree(asValues, path))
      let chart = ChartReading(minor: mesh.minor, values: values, namespace: "cilium")
      #expect(Self.data(asObjects, cluster, "cilium-clustermesh") == chart.agents, "\(cluster)")
      #expect(Self.data(asObjects, cluster, "cilium-kvstoremesh") == chart.kvstoremesh, "\(cluster)")
      let users = Self.tree(
        asObjects, "rendered/\(cluster)/manifests/cilium/configmap-clustermesh-remote-users.yaml")
      let listed = users?.at("data", "users.yaml").flatMap {
        Tree.parse(text: $0.text, path: "users").tree.root
      }
      #expect(users == nil || listed != nil)
      #expect(listed?["users"]?.elements.compactMap { $0["name"]?.text } == chart.users, "\(cluster)")
      #expect(listed?["users"]?.elements.allSatisfy { $0["role"]?.text == "remote" } ?? true)
      // The release itself makes none of them, and everything else of it is the same.
      let own = try #require(Self.tree(asObjects, path))
      let release = ChartReading(minor: mesh.minor, values: own, namespace: "cilium")
      #expect(release.agents == nil && release.kvstoremesh == nil && release.users == nil)
      func rest(_ compilation: Compilation) -> [Substring] {
        (compilation.text(path) ?? "").split(separator: "\n").filter {
          $0.contains("enabled:") || !$0.hasPrefix("    ")
        }
      }
      #expect(
        rest(asValues).filter { !$0.hasPrefix("   ") } == rest(asObjects).filter { !$0.hasPrefix("   ") })
    }
  }
}
