import FleetSpec
package import Kubernetes
package import YAMLTree

/// A policy that isolates pods of a namespace in a direction, of whatever kind.
package struct IsolatingPolicy: Sendable {
  package let manifest: Manifest
  /// The pods of the namespace that it selects.
  package let podSelector: LabelSelector
  /// The selector as its manifest writes it; absent where a NetworkPolicy could not write it so.
  package let selectorNode: Node?
}

/// What is known of the policies that apply to some pods in one direction.
package enum Isolation: Sendable {
  /// No policy selects the pods in this direction.
  case open
  /// Nobody said what the platform puts into every namespace.
  case unknown
  /// These policies select pods; the first is named in messages.
  case isolated([IsolatingPolicy])
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

  /// The policies that isolate pods of a namespace: the one place where it is decided whether a way must be opened.
  /// Cilium takes its own policies and NetworkPolicies together: all of them isolate, and what any admits passes.
  ///
  /// Linear in the policies of the namespace and in those of the whole cluster.
  package func isolating(in namespace: String, _ direction: NetworkPolicy.Direction) -> [IsolatingPolicy] {
    let plain = policies(in: namespace).lazy.filter { $0.isolates(direction) }.map {
      IsolatingPolicy(
        manifest: $0.manifest, podSelector: $0.podSelector,
        selectorNode: $0.manifest.node.at("spec", "podSelector"))
    }
    return plain
      + ciliumPolicies(in: namespace).filter { $0.isolates(direction) }.map {
        // Its keys may carry the source of the label, which those of a NetworkPolicy may not.
        IsolatingPolicy(manifest: $0.manifest, podSelector: $0.podSelector, selectorNode: nil)
      }
  }

  /// Cilium's own policies for pods of a namespace, where they take effect.
  package func ciliumPolicies(in namespace: String) -> [CiliumPolicy] {
    let own = declared.ciliumPolicies[namespace] ?? []
    guard !own.isEmpty || !declared.clusterwideCiliumPolicies.isEmpty, cluster.enforcesCiliumPolicies else {
      return []
    }
    let labels = namespaceLabels(namespace)
    return (own + declared.clusterwideCiliumPolicies).filter { $0.concerns(namespace: labels) }
  }

  /// The labels of a namespace, its name among them.
  package func namespaceLabels(_ namespace: String) -> Labels {
    (declared.namespaces[namespace]?.labels ?? Labels()).setting(
      "kubernetes.io/metadata.name", to: namespace)
  }

  /// Whether pods are isolated. Pods are isolated as soon as one policy selects one of them.
  package func isolation(
    of podLabels: [Labels], in namespace: String, _ direction: NetworkPolicy.Direction
  ) -> Isolation {
    let selecting = isolating(in: namespace, direction).filter { policy in
      policy.podSelector.selectsEverything || podLabels.contains(where: policy.podSelector.matches)
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
