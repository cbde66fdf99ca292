package import YAMLTree

/// A networking.k8s.io/v1 NetworkPolicy, as far as the compiler must know it to leave out what already
/// stands. The exact evaluation belongs to `Reachability`.
package final class NetworkPolicy: Sendable {
  package enum Direction: Sendable {
    case ingress
    case egress
  }

  package let manifest: Manifest
  package let namespace: String
  package let podSelector: LabelSelector
  package let isolatesIngress: Bool
  package let isolatesEgress: Bool

  package init(_ manifest: Manifest, namespace: String) {
    self.manifest = manifest
    self.namespace = namespace
    let spec = manifest.node["spec"]
    podSelector = LabelSelector(spec?["podSelector"])
    let types = spec?["policyTypes"]?.elements.map(\.text) ?? []
    // API defaulting: without policyTypes always Ingress, and Egress where an egress rule stands.
    isolatesIngress = types.isEmpty || types.contains("Ingress")
    isolatesEgress = types.isEmpty ? (spec?["egress"]?.count ?? 0) > 0 : types.contains("Egress")
  }

  /// A policy that a platform puts into a namespace.
  package init(_ policy: NetworkPolicy, namespace: String) {
    manifest = policy.manifest
    self.namespace = namespace
    podSelector = policy.podSelector
    isolatesIngress = policy.isolatesIngress
    isolatesEgress = policy.isolatesEgress
  }

  package func isolates(_ direction: Direction) -> Bool {
    direction == .ingress ? isolatesIngress : isolatesEgress
  }

  /// The rules of a direction that takes effect.
  package func rules(_ direction: Direction) -> [Node] {
    guard isolates(direction) else { return [] }
    return manifest.node["spec"]?[direction == .ingress ? "ingress" : "egress"]?.elements.map { $0 } ?? []
  }

  /// True when a rule names no ports, or one of its entries is this port (by number, range or name).
  package static func rule(
    _ rule: Node, admits number: Int?, name: String?, _ transport: TransportProtocol
  ) -> Bool {
    guard let ports = rule["ports"], ports.count > 0 else { return true }
    return ports.elements.contains { entry in
      guard (entry["protocol"]?.string ?? "TCP") == transport.rawValue else { return false }
      guard let port = entry["port"], !port.isNull else { return true }
      if let first = port.integer, let number {
        return first...max(first, entry["endPort"]?.integer ?? first) ~= number
      }
      return port.string != nil && port.string == name
    }
  }

  /// The peers of an ingress rule; nil when the rule admits every source (`from` missing or empty).
  package static func peers(_ rule: Node, _ direction: Direction) -> [Node]? {
    guard let peers = rule[direction == .ingress ? "from" : "to"], peers.count > 0 else { return nil }
    return peers.elements.map { $0 }
  }
}
