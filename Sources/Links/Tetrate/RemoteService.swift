import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// A Service of other clusters as the mesh of one cluster knows it: the endpoints are gateways.
struct RemoteService: Sendable {
  struct Port: Sendable {
    let name: String
    let number: Int
    /// As Istio reads it from the port's name; nil where the name does not say.
    let transport: String?
    let hasName: Bool
  }

  struct Endpoint: Sendable {
    let member: TetrateMember
    let address: GatewayAddress
  }

  let key: NamespacedName
  let service: Service
  let ports: [Port]
  let endpoints: [Endpoint]

  init(_ service: Service, endpoints: [Endpoint]) {
    key = service.key
    self.service = service
    self.endpoints = endpoints
    ports = service.ports.filter { $0.transport == .tcp }.map { port in
      Port(
        name: port.name ?? "tcp-\(port.number)", number: port.number,
        transport: Self.transport(port, of: service), hasName: port.name != nil)
    }
  }

  var host: String { "\(key.name).\(key.namespace).svc.cluster.local" }

  var isPending: Bool { endpoints.contains { $0.address.isPending } }

  /// True when a gateway has a DNS name instead of addresses.
  var hasNames: Bool {
    endpoints.contains { endpoint in
      if case .name = endpoint.address { return true }
      return false
    }
  }

  /// Istio's protocol of a port: from appProtocol, else from the name up to its first '-' (istio.io, protocol
  /// selection).
  private static func transport(_ port: ServicePort, of service: Service) -> String? {
    let list = service.manifest.node.at("spec", "ports") ?? service.manifest.node["ports"]
    let entry = list?.elements.first { $0["port"]?.integer == port.number }
    let declared = entry?["appProtocol"]?.text
    if port.name?.hasPrefix("grpc-web") == true || declared == "grpc-web" { return "HTTP" }
    let word = declared ?? port.name?.split(separator: "-").first.map(String.init)
    return switch word {
    case "http": "HTTP"
    case "http2", "kubernetes.io/h2c": "HTTP2"
    case "https": "HTTPS"
    case "grpc": "GRPC"
    case "mongo": "MONGO"
    case "tls": "TLS"
    case "tcp", "mysql", "redis": "TCP"
    default: nil
    }
  }

  // MARK: Values

  /// The ports and endpoints for the template of a ServiceEntry.
  var entryValues: TemplateFields {
    let ports = ports.map { port -> TemplateValue in
      .map([
        "name": .string(port.name), "number": .integer(port.number),
        "protocol": .string(port.transport ?? "TCP"),
      ])
    }
    let endpoints = endpoints.flatMap { endpoint in
      endpoint.address.texts.map { address -> TemplateValue in
        .map([
          "address": .string(address), "ports": gatewayPorts,
          "network": .optional(endpoint.member.network?.value),
          "locality": .optional(endpoint.member.locality?.value),
          "cluster": .string(endpoint.member.name.value),
        ])
      }
    }
    return [
      "host": .string(host), "service": .string(key.name), "serviceNamespace": .string(key.namespace),
      "resolution": .string(hasNames ? "DNS" : "STATIC"), "ports": .list(ports),
      "endpoints": .list(endpoints),
    ]
  }

  /// Every port of the Service is port 15443 of the gateway.
  var gatewayPorts: TemplateValue {
    var map: TemplateFields = [:]
    for port in ports { map[port.name] = .integer(InstallGateway.port) }
    return .map(map)
  }

  // MARK: What is not certain

  /// What of the expected ServiceEntry is not certain, a line each.
  var entryDoubts: [String] {
    var doubts = [
      "metadata.name: 'global' is the prefix of the default isolation boundary",
      "metadata.annotations: xcp.tetrate.io/contentHash is added by XCP",
    ]
    if endpoints.contains(where: { $0.member.locality == nil }) {
      doubts.append("spec.endpoints[].locality: XCP discovers it")
    }
    if hasNames {
      doubts.append(
        "spec.resolution and spec.endpoints[].address: an edge that resolves names may write addresses instead"
      )
    }
    return doubts + portDoubts
  }

  /// What of the expected WorkloadEntry is not certain, a line each.
  var workloadDoubts: [String] {
    [
      "metadata.name: 32 hexadecimal digits follow",
      "spec.labels and spec.ports: not documented, as Istio needs them",
    ] + portDoubts
  }

  private var portDoubts: [String] {
    var doubts: [String] = []
    if ports.count != 1 || ports.first?.transport != "HTTP" {
      doubts.append("spec.ports: known for a single HTTP port only")
    }
    if ports.contains(where: { !$0.hasName }) { doubts.append("spec.ports[].name: the Service names none") }
    return doubts
  }
}
