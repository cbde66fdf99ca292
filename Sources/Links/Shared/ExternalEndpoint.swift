import FleetSpec
import Kubernetes
import Linker
import Templates

/// A Service without selector and the addresses behind it: how a cluster names something outside it.
struct ExternalEndpoint {
  struct Port {
    /// Nil only where there is one port.
    let name: String?
    /// The port that clients use.
    let service: Int
    /// The port at the address.
    let target: Int
    let transport: TransportProtocol
  }

  let namespace: String
  let name: String
  /// All of one family.
  let addresses: [String]
  let ports: [Port]

  private var isIPv6: Bool { addresses.contains { $0.contains(":") } }

  private var variables: [String: TemplateValue] {
    [
      "external": .map([
        "namespace": .string(namespace), "name": .string(name),
        "addressType": .string(isIPv6 ? "IPv6" : "IPv4"),
        "ipFamilies": isIPv6 ? .list([.string("IPv6")]) : .none,
        "addresses": .list(addresses.map { .string($0) }),
        "ports": .list(
          ports.map { port in
            .map([
              "name": .optional(port.name), "port": .integer(port.service),
              "targetPort": .integer(port.target),
              "protocol": .string(port.transport.rawValue),
            ])
          }),
      ])
    ]
  }

  func serviceEmission(cluster: String) -> Emission {
    Emission(
      cluster: cluster, part: .manifests, template: "shared/external-service.yaml",
      identity: ObjectIdentity(apiVersion: "v1", kind: "Service", namespace: namespace, name: name),
      variables: variables)
  }

  /// An EndpointSlice, or Endpoints where the fleet asks for them: never both, since a controller copies
  /// Endpoints into slices.
  func endpointsEmission(cluster: String, api: Fleet.EndpointsAPI) -> Emission {
    switch api {
    case .endpointSlice:
      Emission(
        cluster: cluster, part: .manifests, template: "shared/external-endpoint-slice.yaml",
        identity: ObjectIdentity(
          apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", namespace: namespace, name: "\(name)-1"),
        variables: variables)
    case .endpoints:
      Emission(
        cluster: cluster, part: .manifests, template: "shared/external-endpoints.yaml",
        identity: ObjectIdentity(apiVersion: "v1", kind: "Endpoints", namespace: namespace, name: name),
        variables: variables)
    }
  }
}
