package import YAMLTree

/// A port number or a port's name (IntOrString of the Kubernetes API).
package enum PortReference: Hashable, Sendable {
  case number(Int)
  case name(String)

  package init?(_ node: Node?) {
    guard let node else { return nil }
    if let number = node.integer {
      self = .number(number)
    } else if let name = node.string {
      self = .name(name)
    } else {
      return nil
    }
  }

  package var description: String {
    switch self {
    case .number(let number): String(number)
    case .name(let name): name
    }
  }
}

/// A transport protocol as Services and policies write it.
package enum TransportProtocol: String, Sendable, Hashable, CaseIterable {
  case tcp = "TCP"
  case udp = "UDP"
  case sctp = "SCTP"
}

/// One port of a Service.
package struct ServicePort: Sendable {
  package let name: String?
  package let number: Int
  /// Where the pods listen; the Service's own port when the manifest names none.
  package let target: PortReference
  package let transport: TransportProtocol
  package let nodePort: Int?
  /// The node of `port`, or of the list item where it is missing.
  package let node: Node
  /// The node of `targetPort`; nil where the manifest names none.
  package let targetNode: Node?
  /// The node of `protocol`; nil where the manifest names none.
  package let transportNode: Node?

  init?(_ node: Node) {
    guard let number = node["port"]?.integer else { return nil }
    name = node["name"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    self.number = number
    targetNode = node["targetPort"].flatMap { $0.isNull ? nil : $0 }
    target = PortReference(targetNode) ?? .number(number)
    transportNode = node["protocol"].flatMap { $0.isNull ? nil : $0 }
    transport = transportNode?.string.flatMap(TransportProtocol.init) ?? .tcp
    nodePort = node["nodePort"]?.integer
    self.node = node["port"] ?? node
  }

  /// `5432`, or `5432 (postgres)`.
  package var description: String { name.map { "\(number) (\($0))" } ?? String(number) }
}

/// A Service as its manifest declares it.
package final class Service: Sendable {
  package let key: NamespacedName
  package let type: String
  package let isHeadless: Bool
  package let selector: Labels
  package let ports: [ServicePort]
  package let manifest: Manifest
  /// True when a Connection declared it because its manifest lives elsewhere.
  package let isInline: Bool

  package init(_ manifest: Manifest, namespace: String, isInline: Bool = false) {
    key = NamespacedName(namespace, manifest.name)
    let spec = manifest.node["spec"] ?? manifest.node
    type = spec["type"]?.string ?? "ClusterIP"
    isHeadless = spec["clusterIP"]?.string == "None"
    selector = Labels(spec["selector"])
    ports = spec["ports"]?.elements.compactMap(ServicePort.init) ?? []
    self.manifest = manifest
    self.isInline = isInline
  }

  /// The addresses that the manifest gives it. Linear in them.
  package var addresses: [IPAddress] {
    let spec = manifest.node["spec"]
    let texts = [spec?["clusterIP"]?.string] + (spec?["clusterIPs"]?.elements.map(\.string) ?? [])
    return texts.compactMap { $0.flatMap { IPAddress($0) } }
  }

  /// Ports whose number is no number: an API server refuses them.
  package var unreadablePorts: [Node] {
    manifest.node.at("spec", "ports")?.elements.compactMap { $0["port"] }.filter { $0.integer == nil } ?? []
  }

  /// The port that a reference by number or name means.
  package func port(_ reference: PortReference) -> ServicePort? {
    switch reference {
    case .number(let number): ports.first { $0.number == number }
    case .name(let name): ports.first { $0.name == name }
    }
  }

  /// The ports that a reference means: a number may stand once for each protocol.
  package func ports(_ reference: PortReference) -> [ServicePort] {
    switch reference {
    case .number(let number): ports.filter { $0.number == number }
    case .name: port(reference).map { [$0] } ?? []
    }
  }

  /// The node of `spec.type`, or of the name where the type is left to its default.
  package var typeNode: Node { manifest.node.at("spec", "type") ?? manifest.nameNode }
}
