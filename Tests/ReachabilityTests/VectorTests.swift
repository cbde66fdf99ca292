import Diagnostics
import Foundation
import Kubernetes
import Reachability
import TestSupport
import Testing
import YAMLTree

/// The truth tables of upstream's end-to-end tests: 48 tests, 526 cells, written by hand upstream and so
/// independent of any evaluator. Three tests put a pod's address in an ipBlock, which holds where the plugin
/// compares ipBlock with pods: the profile is `calico`.
@Suite struct VectorTests {
  @Test func everyCellAgrees() throws {
    var cells = 0
    var wrong: [String] = []
    for probe in try VectorProbe.all() {
      let engine = PolicyEngine(probe.network)
      let naive = NaiveEvaluator(probe.network)
      for (source, destination, expected) in probe.cells {
        cells += 1
        let answer = engine.connections(from: .pod(source), to: .pod(destination))
        let may = answer.may.contains(probe.port, probe.transport)
        let must = answer.must.contains(probe.port, probe.transport)
        let slow = naive.passes(
          from: .pod(source), to: .pod(destination), port: Int(probe.port), probe.transport)
        if may != expected || must != expected || slow != Ternary(expected) {
          wrong.append(
            "\(probe.name): \(probe.network.description(of: source)) to \(probe.network.description(of: destination)) "
              + "\(probe.transport.rawValue) \(probe.port): expected \(expected), may \(may), must \(must), naive \(slow)"
          )
        }
      }
    }
    #expect(wrong == [])
    #expect(cells == 526)
  }
}

/// One table of the vectors: a cluster, a port, and who reaches whom.
struct VectorProbe {
  let name: String
  let network: ClusterNetwork
  let port: UInt16
  let transport: TransportProtocol
  let cells: [(source: Int, destination: Int, expected: Bool)]

  static func all() throws -> [VectorProbe] {
    let url = Repository.root.appendingPathComponent(
      "Tests/ReachabilityTests/Vectors/networkpolicy-vectors.json")
    let parsed = Tree.parse(SourceFile(path: "vectors.json", bytes: Array(try Data(contentsOf: url))))
    let tests = try #require(parsed.tree.root?["tests"])
    return try tests.elements.flatMap { test in
      try (test["steps"].map { Array($0.elements) } ?? []).enumerated().flatMap { index, step in
        let network = try self.network(test, step)
        return try (step["probes"].map { Array($0.elements) } ?? []).map {
          try VectorProbe("\(test["name"]?.text ?? "")/\(index)", network, $0)
        }
      }
    }
  }

  private static func network(_ test: Node, _ step: Node) throws -> ClusterNetwork {
    var network = ClusterNetwork(profile: try #require(NetworkProfile.named("calico")))
    let names = test["pods"].map { $0.elements.map(\.text) } ?? []
    for namespace in Set(names.map { String($0.prefix { $0 != "/" }) }).sorted() {
      var labels = [("ns", namespace)]
      for (key, value) in step["nsLabels"]?[namespace]?.entries.map({ ($0.text, $1.text) }) ?? [] {
        labels.append((key, value))
      }
      network.namespaces.append(NamespaceFacts(name: namespace, labels: Labels(pairs: labels)))
    }
    for name in names {
      let parts = name.split(separator: "/").map(String.init)
      var labels = [("pod", parts[1])]
      for (key, value) in step["podLabels"]?[name]?.entries.map({ ($0.text, $1.text) }) ?? [] {
        labels.append((key, value))
      }
      var ports: [NamedPort] = []
      for port in test["ports"].map({ $0.elements.compactMap(\.integer) }) ?? [] {
        for text in test["protocols"].map({ $0.elements.map(\.text) }) ?? [] {
          let transport = try #require(TransportProtocol(rawValue: text))
          ports.append(
            NamedPort(name: "serve-\(port)-\(text.lowercased())", number: UInt16(port), transport: transport))
        }
      }
      network.pods.append(
        PodFacts(
          namespace: try #require(network.namespaces.firstIndex { $0.name == parts[0] }), name: parts[1],
          kind: "Pod",
          labels: Labels(pairs: labels), namedPorts: ports,
          addresses: [try #require(IPAddress(test["podIPs"]?[name]?.text ?? ""))]))
    }
    for node in step["policies"].map({ Array($0.elements) }) ?? [] {
      let manifest = try #require(Manifest(node))
      network.policies.append(manifest)
      network.policyNamespaces.append(
        try #require(network.namespaces.firstIndex { $0.name == manifest.namespace }))
    }
    return network
  }

  private init(_ name: String, _ network: ClusterNetwork, _ probe: Node) throws {
    self.name = name
    self.network = network
    port = UInt16(try #require(probe["port"]?.integer))
    transport = try #require(TransportProtocol(rawValue: probe["protocol"]?.text ?? ""))
    var cells: [(source: Int, destination: Int, expected: Bool)] = []
    let names = network.pods.indices.map { network.description(of: $0) }
    for (source, row) in probe["expected"]?.entries.map({ ($0.text, $1) }) ?? [] {
      for (destination, expected) in row.entries where !expected.isNull {
        cells.append(
          (
            try #require(names.firstIndex(of: source)), try #require(names.firstIndex(of: destination.text)),
            expected.boolean == true
          ))
      }
    }
    self.cells = cells
  }
}
