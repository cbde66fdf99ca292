import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// Pods with known labels in a namespace of the policy's own cluster.
struct PodPeer: Sendable {
  let labels: Labels
  let namespace: String
  private let namespaceLabels: Labels

  init(labels: Labels, namespace: String, in cluster: ClusterModel) {
    self.labels = labels
    self.namespace = namespace
    namespaceLabels = cluster.namespaceLabels(namespace)
  }

  /// True when a rule's peers include these pods.
  func isAdmitted(by rule: Node, _ direction: NetworkPolicy.Direction, of policyNamespace: String) -> Bool {
    guard let peers = NetworkPolicy.peers(rule, direction) else { return true }
    return peers.contains { peer in
      guard peer["ipBlock"] == nil else { return false }
      if let namespaces = peer["namespaceSelector"] {
        guard LabelSelector(namespaces).matches(namespaceLabels) else { return false }
      } else if namespace != policyNamespace {
        return false
      }
      return LabelSelector(peer["podSelector"]).matches(labels)
    }
  }
}

extension NetworkPolicy {
  /// True when an egress rule lets out to every address of a network, at a port.
  static func rule(
    _ rule: Node, admits network: IPNetwork, _ port: Int, _ transport: TransportProtocol
  ) -> Bool {
    guard self.rule(rule, admits: port, name: nil, transport) else { return false }
    guard let peers = peers(rule, .egress) else { return true }
    return peers.contains { peer in
      guard let block = peer["ipBlock"], let cidr = block["cidr"].flatMap({ IPNetwork($0.text) }) else {
        return false
      }
      let excluded = block["except"]?.elements.contains { IPNetwork($0.text)?.overlaps(network) ?? false }
      return cidr.prefixLength <= network.prefixLength && cidr.contains(network.address) && excluded != true
    }
  }
}

extension PodPort {
  /// The port as templates of policies take it.
  var value: TemplateValue {
    let reference: TemplateValue =
      switch reference {
      case .number(let number): .integer(number)
      case .name(let name): .string(name)
      }
    return .map(["port": reference, "protocol": .string(transport.rawValue)])
  }
}
