import Kubernetes
import Linker
import YAMLTree

/// Which of Cilium's own policies let traffic through already. Only what cannot be misread counts: endpoints by labels,
/// addresses by ranges, ports by numbers, and no rule of layer 7 but for names; everything else leaves it to a policy of
/// Linkwright's own, which adds and never takes away.
struct CiliumAdmission {
  let cluster: ClusterModel
  let namespace: String
  let direction: NetworkPolicy.Direction

  init(_ cluster: ClusterModel, _ namespace: String, _ direction: NetworkPolicy.Direction) {
    self.cluster = cluster
    self.namespace = namespace
    self.direction = direction
  }

  private var section: StaticString { direction == .ingress ? "ingress" : "egress" }
  private var denials: StaticString { direction == .ingress ? "ingressDeny" : "egressDeny" }
  private var prefix: String { direction == .ingress ? "from" : "to" }

  /// A policy of the namespace that admits somebody to or from all of these pods at all of the ports.
  ///
  /// - Parameters:
  ///   - pods: the labels of each; nobody is asked for where there are none.
  ///   - peer: whether a rule names who is at the other end.
  func policy(_ pods: [Labels], _ ports: [PodPort], peer: (Node) -> Bool) -> Manifest? {
    guard !pods.isEmpty else { return nil }
    let policies = cluster.ciliumPolicies(in: namespace)
    guard !policies.isEmpty else { return nil }
    // A denial wins over whatever admits.
    let isDenied = policies.contains { policy in
      (policy.spec[denials]?.count ?? 0) > 0 && pods.contains(where: policy.podSelector.matches)
    }
    guard !isDenied else { return nil }
    return policies.first { policy in
      guard policy.manifest.kind == "CiliumNetworkPolicy", pods.allSatisfy(policy.podSelector.matches) else {
        return false
      }
      let rules = (policy.spec[section]?.elements.map { $0 } ?? []).filter(peer)
      return !rules.isEmpty && ports.allSatisfy { port in rules.contains { Self.admits($0, port) } }
    }?.manifest
  }

  /// True for a rule whose endpoints include pods with known labels in the own cluster.
  func names(_ peer: PodPeer, _ rule: Node) -> Bool {
    let endpoints = rule["\(prefix)Endpoints"]?.elements.map { $0 } ?? []
    let isWhole = (rule["\(prefix)Entities"]?.elements.map(\.text) ?? []).contains {
      $0 == "all" || $0 == "cluster"
    }
    return isWhole
      || endpoints.contains { selector in
        var pods: [LabelSelector.Requirement] = []
        var namesNamespace = false
        for requirement in CiliumPolicy.selector(selector).requirements {
          switch requirement.key {
          case "io.kubernetes.pod.namespace":
            namesNamespace = true
            let own = Labels([requirement.key: peer.namespace])
            guard LabelSelector(requirements: [requirement]).matches(own) else { return false }
          case let key where key.contains(":") || key.hasPrefix("io.cilium."): return false
          default: pods.append(requirement)
          }
        }
        return (namesNamespace || peer.namespace == namespace)
          && LabelSelector(requirements: pods).matches(peer.labels)
      }
  }

  /// True for a rule that lets out to every address of networks outside the cluster.
  func names(_ networks: [IPNetwork], _ rule: Node) -> Bool {
    if (rule["\(prefix)Entities"]?.elements.map(\.text) ?? []).contains(where: {
      $0 == "all" || $0 == "world"
    }) {
      return true
    }
    let blocks =
      (rule["\(prefix)CIDR"]?.elements.map { ($0.text, []) } ?? [])
      + (rule["\(prefix)CIDRSet"]?.elements.map { item in
        (item["cidr"]?.text ?? "", item["except"]?.elements.map(\.text) ?? [])
      } ?? [])
    return networks.allSatisfy { network in
      blocks.contains { cidr, exceptions in
        guard let block = IPNetwork(cidr) else { return false }
        return block.prefixLength <= network.prefixLength && block.contains(network.address)
          && !exceptions.contains { IPNetwork($0)?.overlaps(network) ?? true }
      }
    }
  }

  private static func admits(_ rule: Node, _ port: PodPort) -> Bool {
    guard let list = rule["toPorts"], list.count > 0 else { return (rule["icmps"]?.count ?? 0) == 0 }
    guard case .number(let number) = port.reference else { return false }
    return list.elements.contains { entry in
      (entry["rules"].map(admitsEveryName) ?? true)
        && entry["ports"]?.elements.contains {
          $0["port"]?.text == String(number)
            && ["ANY", port.transport.rawValue].contains($0["protocol"]?.text ?? "ANY")
        } == true
    }
  }

  /// A question for any name passes; Cilium only looks at the answers.
  private static func admitsEveryName(_ rules: Node) -> Bool {
    rules.count == 1
      && rules["dns"]?.elements.contains { $0.count == 1 && $0["matchPattern"]?.text == "*" } == true
  }
}
