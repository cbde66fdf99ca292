package import Kubernetes
package import YAMLTree

/// What is known of the policies that apply to some pods in one direction.
package enum Isolation: Sendable {
  /// No policy selects the pods in this direction.
  case open
  /// Nobody said what the platform puts into every namespace.
  case unknown
  /// These policies select pods; the first is named in messages.
  case isolated([NetworkPolicy])
}

extension ClusterModel {
  /// The policies of a namespace, the platform's included.
  package func policies(in namespace: String) -> [NetworkPolicy] {
    let own = declared.policies[namespace] ?? []
    guard let baseline, !baseline.isEmpty else { return own }
    let names = Set(own.lazy.map(\.manifest.name))
    return own
      + Self.standing(baseline.map(\.manifest), besides: names).map {
        NetworkPolicy($0, namespace: namespace)
      }
  }

  /// The platform's policies that stand in a namespace: not those in whose place it has one of its own of that name.
  package static func standing(_ baseline: [Manifest], besides names: Set<String>) -> [Manifest] {
    baseline.filter { !names.contains($0.name) }
  }

  /// Whether pods are isolated. Pods are isolated as soon as one policy selects one of them.
  package func isolation(
    of podLabels: [Labels], in namespace: String, _ direction: NetworkPolicy.Direction
  ) -> Isolation {
    let selecting = policies(in: namespace).filter { policy in
      policy.isolates(direction)
        && (policy.podSelector.selectsEverything || podLabels.contains(where: policy.podSelector.matches))
    }
    if !selecting.isEmpty { return .isolated(selecting) }
    return baseline == nil ? .unknown : .open
  }
}

/// A port as a policy sees it: on the pod, after the Service has chosen.
package struct PodPort: Hashable, Sendable {
  /// The number, or the name under which pods declare it.
  package let reference: PortReference
  package let transport: TransportProtocol

  package init(_ reference: PortReference, _ transport: TransportProtocol) {
    self.reference = reference
    self.transport = transport
  }
}

/// Who sends: labels of a platform's namespace whose pods carry no labels that anybody knows.
package struct NamespacePeer: Sendable {
  package let labels: Labels

  package init(labels: Labels) {
    self.labels = labels
  }

  /// True when a rule of an ingress policy admits this sender to a port.
  package func isAdmitted(by rule: Node, to port: PodPort, pod: Workload?) -> Bool {
    let number: Int?
    let name: String?
    switch port.reference {
    case .number(let value):
      number = value
      name = pod?.containerPorts.first { $0.number == value && $0.transport == port.transport }?.name
    case .name(let value):
      number = pod?.number(of: port.reference, port.transport)
      name = value
    }
    return matches(rule) && NetworkPolicy.rule(rule, admits: number, name: name, port.transport)
  }

  /// True when the rule's peers include this sender, whatever the ports.
  package func matches(_ rule: Node) -> Bool {
    guard let peers = NetworkPolicy.peers(rule, .ingress) else { return true }
    return peers.contains(where: matches(peer:))
  }

  private func matches(peer: Node) -> Bool {
    if let block = peer["ipBlock"] {
      return block["cidr"]?.text == "0.0.0.0/0" && (block["except"]?.count ?? 0) == 0
    }
    guard let namespaceSelector = peer["namespaceSelector"] else { return false }
    let podSelector = peer["podSelector"].map { LabelSelector($0) }
    return LabelSelector(namespaceSelector).matches(labels) && podSelector?.selectsEverything ?? true
  }
}
