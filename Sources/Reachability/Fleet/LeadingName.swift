package import Kubernetes
import YAMLTree

/// A Service without selector whose endpoints lead to an address outside the cluster.
package struct LeadingName: Sendable {
  package let service: KnownObject
  package let endpoints: KnownObject
  /// The port that clients use.
  package let port: Int
}

/// What a namespace offers clients of an address.
package enum NameSearch: Sendable {
  case found(LeadingName)
  /// Endpoints hold the address, but lead to other ports, or name them differently from the Service.
  case otherPort(KnownObject)
  /// Endpoints lead there, but there is no Service that uses them.
  case noService(KnownObject)
  /// Endpoints lead there, and the Service of their name has a selector or is an alias.
  case otherService(KnownObject)
  case nothing
}

extension JudgedCluster {
  /// Looks for a name that leads to an address and port. Linear in the endpoints of the namespace.
  package func name(
    in namespace: String, leadingTo address: IPAddress, port: Int, _ transport: TransportProtocol
  ) -> NameSearch {
    var near: NameSearch = .nothing
    for object in endpoints(in: namespace) {
      let isSlice = object.manifest.kind == "EndpointSlice"
      let parts = isSlice ? [object.node] : object.node["subsets"]?.elements.map { $0 } ?? []
      // A slice is about addresses of one family, or about names.
      if isSlice, object.node["addressType"]?.text != (address.isIPv6 ? "IPv6" : "IPv4") { continue }
      for part in parts where Self.holds(part, isSlice ? "endpoints" : "addresses", address) {
        let serviceName =
          isSlice ? object.manifest.labels["kubernetes.io/service-name"] : object.manifest.name
        guard let serviceName,
          let service = self.object("v1", "Service", namespace, serviceName)
            ?? observed("v1", "Service", namespace, serviceName)
        else {
          if case .nothing = near { near = .noService(object) }
          continue
        }
        // What this compile writes for a Service takes the place of what was observed behind it.
        if object.evidence == .observed, service.evidence == .emitted { continue }
        guard Self.isSelectorless(service) else {
          if case .nothing = near { near = .otherService(service) }
          continue
        }
        if let found = Self.servicePort(service, part, port, transport) {
          return .found(LeadingName(service: service, endpoints: object, port: found))
        }
        if case .nothing = near { near = .otherPort(object) }
      }
    }
    return near
  }

  private static func holds(_ part: Node, _ key: String, _ address: IPAddress) -> Bool {
    part[key]?.elements.contains { entry in
      if let text = entry["ip"]?.text { return IPAddress(text) == address }
      // Nobody is led to an endpoint that is not ready.
      if entry.at("conditions", "ready")?.boolean == false { return false }
      return entry["addresses"]?.elements.contains { IPAddress($0.text) == address } ?? false
    } ?? false
  }

  private static func isSelectorless(_ service: KnownObject) -> Bool {
    (service.node.at("spec", "selector")?.count ?? 0) == 0
      && service.node.at("spec", "type")?.text != "ExternalName"
  }

  /// The Service port that leads to a port of the endpoints: their names must agree.
  private static func servicePort(
    _ service: KnownObject, _ part: Node, _ port: Int, _ transport: TransportProtocol
  ) -> Int? {
    for entry in part["ports"]?.elements.map({ $0 }) ?? [] where entry["port"]?.integer == port {
      guard (entry["protocol"]?.string ?? "TCP") == transport.rawValue else { continue }
      let name = entry["name"]?.text ?? ""
      for own in service.node.at("spec", "ports")?.elements.map({ $0 }) ?? [] {
        guard (own["protocol"]?.string ?? "TCP") == transport.rawValue, (own["name"]?.text ?? "") == name
        else { continue }
        return own["port"]?.integer
      }
    }
    return nil
  }
}
