import Kubernetes
import Reachability
import YAMLTree

/// Clusters of any size: a hundred pods and ten policies in each namespace.
struct NetworkGenerator {
  enum Scenario: String, CaseIterable {
    /// Default deny both ways, DNS, tiers, monitoring, one rule across namespaces.
    case usual
    /// The policies select nobody: everyone talks to everyone.
    case open
    /// Every policy names address ranges of its own, with exceptions; pods have addresses, and ranges match them.
    case ranges
    /// Selectors look at a label that is different in every pod.
    case keys
    /// Every policy names ports of its own, ten for each.
    case ports
    /// Cilium's policies, with rules that deny.
    case cilium
  }

  let scenario: Scenario
  let namespaces: Int

  func network() -> ClusterNetwork {
    let profiles: [Scenario: String] = [.ranges: "calico", .cilium: "cilium-1.19"]
    var network = ClusterNetwork(profile: .named(profiles[scenario] ?? "ovn-kubernetes") ?? .kubernetes)
    network.podNetworks = [IPNetwork("10.0.0.0/8")].compactMap { $0 }
    for index in 0..<namespaces {
      network.namespaces.append(NamespaceFacts(name: "ns\(index)", labels: Labels(["team": "t\(index % 7)"])))
      for pod in 0..<100 { network.pods.append(self.pod(index, pod)) }
    }
    network.namespaces.append(NamespaceFacts(name: "dns", labels: Labels(["name": "dns"])))
    network.pods.append(
      PodFacts(namespace: namespaces, name: "dns", kind: "Pod", labels: Labels(["app": "dns"])))
    for index in 0..<namespaces {
      for (number, spec) in specs(index).enumerated() {
        add(policy(index, number, spec), index, to: &network)
      }
    }
    return network
  }

  /// Two hundred policies, each with another text.
  func changes(of network: ClusterNetwork) -> [(index: Int, manifest: Manifest)] {
    (0..<200).compactMap { number in
      let index = number * 7919 % network.policies.count
      let other = specs((index / 10 + 1) % namespaces)[(index + 3) % 10]
      return manifest(policy(index / 10, index % 10, other)).map { (index, $0) }
    }
  }

  private func pod(_ namespace: Int, _ number: Int) -> PodFacts {
    let address = "10.\(namespace / 250).\(namespace % 250).\(number + 1)"
    return PodFacts(
      namespace: namespace, name: "w\(number / 10)-\(number % 10)", kind: "Pod",
      labels: Labels([
        "app": "w\(number / 10)", "pod-template-hash": "\(namespace)x\(number / 10)", "pod": "p\(number)",
      ]), namedPorts: [NamedPort(name: "http", number: 8080, transport: .tcp)],
      addresses: scenario == .ranges ? [IPAddress(address)].compactMap { $0 } : [])
  }

  private func add(_ text: String, _ namespace: Int, to network: inout ClusterNetwork) {
    guard let manifest = manifest(text) else { return }
    network.policies.append(manifest)
    network.policyNamespaces.append(namespace)
  }

  private func manifest(_ text: String) -> Manifest? {
    Tree.parse(text: text, path: "policy.yaml").tree.root.flatMap { Manifest($0) }
  }

  private func policy(_ namespace: Int, _ number: Int, _ spec: String) -> String {
    let kind =
      scenario == .cilium
      ? "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy"
      : "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy"
    return "\(kind)\nmetadata: {name: p\(number), namespace: ns\(namespace)}\nspec: {\(spec)}\n"
  }

  /// Ten policies of a namespace.
  private func specs(_ index: Int) -> [String] {
    switch scenario {
    case .usual: usual(index)
    case .open:
      (0..<10).map { "podSelector: {matchLabels: {app: none}}, ingress: [{ports: [{port: \(8000 + $0)}]}]" }
    case .ranges:
      (0..<10).map { number in
        let (a, b) = (index / 250, index % 250)
        return "podSelector: {matchLabels: {app: w\(number)}}, policyTypes: [Ingress, Egress], "
          + "ingress: [{from: [{ipBlock: {cidr: 10.\(a).\(b).0/24, except: [10.\(a).\(b).\(number * 8)/29]}}, {ipBlock: {cidr: 172.\(a).\(b).\(number * 16)/28}}]}], "
          + "egress: [{to: [{ipBlock: {cidr: 10.\(a).\(b).0/25}}]}]"
      }
    case .keys:
      (0..<10).map { number in
        "podSelector: {matchLabels: {pod: p\(number)}}, ingress: [{from: [{podSelector: {matchExpressions: [{key: pod, operator: In, values: [p\(number + 10), p\(number + 20), p\(number + 30)]}]}}], ports: [{port: 8080}]}]"
      }
    case .ports:
      (0..<10).map { number in
        let first = 1 + (index * 100 + number * 10) % 60000
        let ports = (0..<10).map { "{port: \(first + $0 * 2 % 10), protocol: \($0 < 5 ? "TCP" : "UDP")}" }
        return
          "podSelector: {matchLabels: {app: w\(number)}}, ingress: [{from: [{podSelector: {}}], ports: [\(ports.joined(separator: ", "))]}]"
      }
    case .cilium: cilium(index)
    }
  }

  private func usual(_ index: Int) -> [String] {
    func tier(_ client: Int, _ server: Int, _ port: String) -> String {
      "podSelector: {matchLabels: {app: w\(server)}}, ingress: [{from: [{podSelector: {matchLabels: {app: w\(client)}}}], ports: [{port: \(port)}]}]"
    }
    return [
      "podSelector: {}, policyTypes: [Ingress, Egress]",
      "podSelector: {}, egress: [{to: [{namespaceSelector: {matchLabels: {name: dns}}}], ports: [{port: 53, protocol: UDP}]}]",
      "podSelector: {}, egress: [{to: [{podSelector: {}}]}]", tier(0, 1, "http"), tier(1, 2, "5432"),
      tier(2, 3, "6379"), tier(0, 4, "9000"),
      "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: dns}}}], ports: [{port: 9100}]}]",
      "podSelector: {matchLabels: {app: w0}}, ingress: [{from: [{ipBlock: {cidr: 142.34.0.0/16}}], ports: [{port: 8080}]}]",
      "podSelector: {matchLabels: {app: w5}}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns\(index / 2)}}, podSelector: {matchLabels: {app: w6}}}]}]",
    ]
  }

  private func cilium(_ index: Int) -> [String] {
    func tier(_ client: Int, _ server: Int, _ port: String) -> String {
      "endpointSelector: {matchLabels: {app: w\(server)}}, ingress: [{fromEndpoints: [{matchLabels: {app: w\(client)}}], toPorts: [{ports: [{port: \"\(port)\", protocol: TCP}]}]}]"
    }
    return [
      "endpointSelector: {}, ingress: [{}], egress: [{}]",
      "endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {\"k8s:io.kubernetes.pod.namespace\": dns}}], toPorts: [{ports: [{port: \"53\", protocol: ANY}]}]}]",
      "endpointSelector: {}, egress: [{toEndpoints: [{}]}]", tier(0, 1, "http"), tier(1, 2, "5432"),
      tier(2, 3, "6379"),
      "endpointSelector: {}, ingressDeny: [{fromEndpoints: [{matchLabels: {app: w9}}]}]",
      "endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {\"k8s:io.kubernetes.pod.namespace\": dns}}], toPorts: [{ports: [{port: \"9100\"}]}]}]",
      "endpointSelector: {matchLabels: {app: w0}}, ingress: [{fromCIDR: [142.34.0.0/16]}]",
      "endpointSelector: {matchLabels: {app: w5}}, egressDeny: [{toEntities: [world], toPorts: [{ports: [{port: \"25\"}]}]}]",
    ]
  }
}
