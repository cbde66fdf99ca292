import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// A Service without selector and the addresses behind it: how a cluster names something outside it.
struct ExternalEndpoint {
  struct Port {
    /// May be nil only where there is one port.
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
  /// Nil: the Service's name with `-1`.
  var sliceName: String?
  /// Labels that the author gives the Service.
  var labels: [String: String] = [:]

  private var isIPv6: Bool { addresses.contains { $0.contains(":") } }

  private var variables: TemplateFields {
    [
      "external": .map([
        "namespace": .string(namespace), "name": .string(name), "slice": .string(sliceName ?? "\(name)-1"),
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
      variables: variables, labels: labels)
  }

  /// An EndpointSlice, or Endpoints where the fleet asks for them: never both, since a controller copies
  /// Endpoints into slices.
  func endpointsEmission(cluster: String, api: Fleet.EndpointsAPI) -> Emission {
    switch api {
    case .endpointSlice:
      Emission(
        cluster: cluster, part: .manifests, template: "shared/external-endpoint-slice.yaml",
        identity: ObjectIdentity(
          apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", namespace: namespace,
          name: sliceName ?? "\(name)-1"),
        variables: variables)
    case .endpoints:
      Emission(
        cluster: cluster, part: .manifests, template: "shared/external-endpoints.yaml",
        identity: ObjectIdentity(apiVersion: "v1", kind: "Endpoints", namespace: namespace, name: name),
        variables: variables)
    }
  }

  // MARK: What exists

  /// Emits the Service and its endpoints, or keeps manifests that are just so.
  func emit(to cluster: String, in model: FleetModel, _ lowered: inout LoweredUnit) {
    for emission in [
      serviceEmission(cluster: cluster), endpointsEmission(cluster: cluster, api: model.fleet.endpoints),
    ] {
      if let existing = model.clusters[cluster]?.declared.objects[emission.identity], isMet(by: existing) {
        lowered.satisfied.append(Satisfied(cluster: cluster, identity: emission.identity, manifest: existing))
      } else {
        lowered.emissions.append(emission)
      }
    }
  }

  /// True for a manifest that leads where this one would.
  private func isMet(by manifest: Manifest) -> Bool {
    switch manifest.kind {
    case "Service":
      let spec = manifest.node["spec"]
      guard (spec?["selector"]?.count ?? 0) == 0, spec?["type"]?.text != "ExternalName",
        labels.allSatisfy({ manifest.labels[$0.key] == $0.value })
      else { return false }
      return agrees(spec?["ports"]) { $0.service }
    case "Endpoints":
      guard let subset = manifest.node["subsets"]?.elements.first(where: { _ in true }),
        manifest.node["subsets"]?.count == 1
      else { return false }
      return Set(subset["addresses"]?.elements.compactMap { $0["ip"]?.text } ?? []) == Set(addresses)
        && agrees(subset["ports"]) { $0.target }
    default:
      let known =
        manifest.node["endpoints"]?.elements.flatMap { $0["addresses"]?.elements.map(\.text) ?? [] } ?? []
      return manifest.labels["kubernetes.io/service-name"] == name && Set(known) == Set(addresses)
        && agrees(manifest.node["ports"]) { $0.target }
    }
  }

  /// True for the same ports, whatever they are called where there is only one.
  private func agrees(_ list: Node?, _ number: (Port) -> Int) -> Bool {
    guard list?.count == ports.count else { return false }
    return zip(list?.elements.map { $0 } ?? [], ports).allSatisfy { node, port in
      node["port"]?.integer == number(port) && (node["protocol"]?.text ?? "TCP") == port.transport.rawValue
        && (ports.count == 1 || node["name"]?.text == port.name)
    }
  }
}
