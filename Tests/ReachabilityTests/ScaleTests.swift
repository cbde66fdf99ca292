import Foundation
import Glibc
import Kubernetes
import Reachability
import TestSupport
import Testing
import YAMLTree

/// A large cluster: prints figures, asserts only that the answer is right. `REACH_SCALE=full` makes it 100,000
/// pods and 10,000 policies (meant for release builds).
@Suite struct ScaleTests {
  /// Ten workloads of ten pods per namespace; default deny both ways, DNS, tiers, ingress group, monitoring and
  /// one rule across namespaces: ten policies.
  private static func network(namespaces: Int) -> ClusterNetwork {
    var network = ClusterNetwork(profile: .named("ovn-kubernetes") ?? .kubernetes)
    network.podNetworks = [IPNetwork("10.128.0.0/14")].compactMap { $0 }
    for index in 0..<namespaces {
      network.namespaces.append(NamespaceFacts(name: "ns\(index)", labels: Labels(["team": "t"])))
      for workload in 0..<10 {
        for pod in 0..<10 {
          network.pods.append(
            PodFacts(
              namespace: index, name: "w\(workload)-\(pod)", kind: "Pod",
              labels: Labels([
                "app": "w\(workload)", "pod-template-hash": "\(index)x\(workload)", "pod": "\(pod)",
              ]),
              namedPorts: [NamedPort(name: "http", number: 8080, transport: .tcp)]))
        }
      }
    }
    network.namespaces.append(NamespaceFacts(name: "dns", labels: Labels(["name": "dns"])))
    network.pods.append(
      PodFacts(namespace: namespaces, name: "dns", kind: "Pod", labels: Labels(["app": "dns"])))
    let text = (0..<namespaces).map(policies).joined()
    network.add(text)
    return network
  }

  private static func policies(_ index: Int) -> String {
    func policy(_ name: String, _ spec: String) -> String {
      "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: \(name), namespace: ns\(index)}\nspec: {\(spec)}\n---\n"
    }
    func tier(_ client: Int, _ server: Int, _ port: String) -> String {
      policy(
        "tier-\(client)-\(server)",
        "podSelector: {matchLabels: {app: w\(server)}}, ingress: [{from: [{podSelector: {matchLabels: {app: w\(client)}}}], ports: [{port: \(port)}]}]"
      )
    }
    return policy("deny", "podSelector: {}, policyTypes: [Ingress, Egress]")
      + policy(
        "dns",
        "podSelector: {}, egress: [{to: [{namespaceSelector: {matchLabels: {name: dns}}}], ports: [{port: 53, protocol: UDP}]}]"
      )
      + policy("out", "podSelector: {}, egress: [{to: [{podSelector: {}}]}]") + tier(0, 1, "http")
      + tier(1, 2, "5432")
      + tier(2, 3, "6379") + tier(0, 4, "9000")
      + policy(
        "monitoring",
        "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: dns}}}], ports: [{port: 9100}]}]"
      )
      + policy(
        "outside",
        "podSelector: {matchLabels: {app: w0}}, ingress: [{from: [{ipBlock: {cidr: 142.34.0.0/16}}], ports: [{port: 8080}]}]"
      )
      + policy(
        "across",
        "podSelector: {matchLabels: {app: w5}}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns\(index / 2)}}, podSelector: {matchLabels: {app: w6}}}]}]"
      )
  }

  private static func residentMegabytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
  }

  @Test func largeCluster() throws {
    let isFull = ProcessInfo.processInfo.environment["REACH_SCALE"] == "full"
    let namespaces = isFull ? 1000 : 20
    let network = Self.network(namespaces: namespaces)
    let before = Self.residentMegabytes()
    let clock = ContinuousClock()
    var engine: PolicyEngine?
    let building = clock.measure { engine = PolicyEngine(network) }
    var evaluated = try #require(engine)
    var table: PairTable?
    let joining = clock.measure { table = PairTable(evaluated, .may) }
    let pairs = try #require(table).pairCount(evaluated)
    let after = Self.residentMegabytes()
    let changed = network.policies[3]
    engine = nil
    let replacing = clock.measure { evaluated.replace(policy: 3, with: changed) }
    print(
      "reachability: \(network.pods.count) pods, \(network.policies.count) policies: \(evaluated.classCount) classes, "
        + "\(evaluated.peerSetCount) peer sets, \(evaluated.rowCount) rows; rows \(building), all pairs \(joining), "
        + "one policy \(replacing); \(after - before) MB for the result, \(after) MB in all; \(pairs) pairs")
    #expect(evaluated.classCount == namespaces * 10 + 1)
    // Each namespace: four tiers of 10 × 10; DNS is isolated by nobody and goes anywhere.
    let tiers = namespaces * 4 * 100
    let dnsBothWays = namespaces * 100 * 2 + 1
    // 'across' works where client egress allows it: only within the own namespace, which is namespace 0.
    #expect(pairs == tiers + dnsBothWays + 100)
  }
}
