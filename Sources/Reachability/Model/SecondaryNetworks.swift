import Kubernetes
import YAMLTree

/// Networks that pods are on beside the cluster's own: NetworkAttachmentDefinitions of Multus, and secondary networks of
/// OVN-Kubernetes, which make such definitions. NetworkPolicies do not govern them; MultiNetworkPolicies do, where
/// something enforces those.
package struct SecondaryNetworks: Sendable {
  /// One network with the pods on it.
  package struct Attached: Sendable {
    package let name: String
    /// Numbers of pods, ascending; the places of the same pods in `network` are those in this list.
    package let pods: [Int]
    /// What there is to evaluate: those pods and the MultiNetworkPolicies for the network.
    package let network: ClusterNetwork

    /// A pod as it is on this network; nil where it is not.
    package func endpoint(_ pod: Int) -> Endpoint? { pods.firstIndex(of: pod).map { .pod($0) } }
  }

  private struct Key: Hashable {
    /// Nil where the definition's own name makes the network one in all namespaces.
    let namespace: String?
    let name: String
  }

  private var attachments: [(pod: Int, namespace: String, name: String)] = []
  private var policies: [(manifest: Manifest, namespace: Int)] = []
  /// The network that a definition is about.
  private var definitions: [NamespacedName: Key] = [:]

  private static let annotation = "k8s.v1.cni.cncf.io/networks"
  private static let policyFor = "k8s.v1.cni.cncf.io/policy-for"

  /// True for policies of these networks.
  static func isPolicy(_ manifest: Manifest) -> Bool {
    manifest.kind == "MultiNetworkPolicy" && manifest.identity.group == "k8s.cni.cncf.io"
  }

  mutating func add(policy manifest: Manifest, namespace: Int) { policies.append((manifest, namespace)) }

  /// Takes over an object that makes such a network; others are left alone.
  mutating func add(_ manifest: Manifest, namespace: String) {
    switch (manifest.identity.group, manifest.kind) {
    case ("k8s.cni.cncf.io", "NetworkAttachmentDefinition"):
      // Definitions of several namespaces whose configuration has one name are one network.
      let text = manifest.node.at("spec", "config")?.string ?? ""
      let own = Tree.parse(text: text, path: "config").tree.root?["name"]?.string
      definitions[NamespacedName(namespace, manifest.name)] = Key(
        namespace: own == nil ? namespace : nil, name: own ?? manifest.name)
    case ("k8s.ovn.org", "UserDefinedNetwork"):
      let spec = manifest.node["spec"]
      guard ["layer2", "layer3", "localnet"].contains(where: { spec?.at($0, "role")?.string == "Secondary" })
      else { return }
      definitions[NamespacedName(namespace, manifest.name)] = Key(namespace: namespace, name: manifest.name)
    default: break
    }
  }

  /// The networks that a pod or a virtual machine asks for.
  mutating func add(_ workload: Workload, pod: Int) {
    func attach(_ text: String) {
      // namespace/name@interface
      let name = text.split(separator: "@").first.map(String.init) ?? ""
      let parts = name.split(separator: "/").map { String($0).trimmed }
      guard let last = parts.last, !last.isEmpty, parts.count <= 2 else { return }
      attachments.append((pod, parts.count == 2 ? parts[0] : workload.key.namespace, last))
    }
    if let text = workload.pod.at("metadata", "annotations")?[Self.annotation]?.string {
      if text.trimmed.hasPrefix("[") {
        for entry in Tree.parse(text: text, path: "networks").tree.root?.elements ?? Elements.none {
          guard let name = entry["name"]?.string else { continue }
          attach(entry["namespace"]?.string.map { "\($0)/\(name)" } ?? name)
        }
      } else {
        for name in text.split(separator: ",") { attach(String(name)) }
      }
    }
    for network in workload.pod.at("spec", "networks")?.elements ?? Elements.none {
      if let name = network.at("multus", "networkName")?.string { attach(name) }
    }
  }

  /// Every network that pods are on, by name. Linear in the pods and policies of each.
  func attached(in cluster: ClusterNetwork) -> [Attached] {
    guard !attachments.isEmpty else { return [] }
    var pods: [Key: Set<Int>] = [:]
    for (pod, namespace, name) in attachments {
      pods[key(namespace, name), default: []].insert(pod)
    }
    return pods.map { key, members in
      let numbers = members.sorted()
      var network = ClusterNetwork(profile: cluster.profile, namespaces: cluster.namespaces)
      network.isSecondary = true
      for index in network.namespaces.indices { network.namespaces[index].primaryNetwork = nil }
      network.pods = numbers.map { number in
        let pod = cluster.pods[number]
        // Its addresses there are another network's.
        return PodFacts(
          namespace: pod.namespace, name: pod.name, kind: pod.kind, labels: pod.labels,
          runtimeLabels: pod.runtimeLabels, namedPorts: pod.namedPorts, serviceAccount: pod.serviceAccount)
      }
      for (manifest, namespace) in policies where isAbout(manifest, cluster.namespaces[namespace].name, key) {
        network.policies.append(manifest)
        network.policyNamespaces.append(namespace)
      }
      return Attached(name: key.name, pods: numbers, network: network)
    }.sorted { $0.name == $1.name ? $0.pods.lexicographicallyPrecedes($1.pods) : $0.name < $1.name }
  }

  private func key(_ namespace: String, _ name: String) -> Key {
    definitions[NamespacedName(namespace, name)] ?? Key(namespace: namespace, name: name)
  }

  /// `policy-for` names definitions, of the policy's own namespace unless it says otherwise.
  private func isAbout(_ policy: Manifest, _ namespace: String, _ network: Key) -> Bool {
    (policy.annotation(Self.policyFor) ?? "").split(separator: ",").contains { text in
      let parts = text.split(separator: "/").map { String($0).trimmed }
      guard let name = parts.last else { return false }
      return key(parts.count == 2 ? parts[0] : namespace, name) == network
    }
  }
}

extension String {
  /// Without blanks at its ends.
  fileprivate var trimmed: String {
    guard let first = firstIndex(where: { !$0.isWhitespace }),
      let last = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(self[first...last])
  }
}
