import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// A published gateway serves whoever reaches its addresses, unless something of the gateway's own asks who it is.
extension GatewayDNSSystem {
  package func audience(
    of crossing: Crossing, _ admissions: inout Admissions, in fleet: JudgedFleet
  ) -> Audience? {
    guard let cluster = fleet.clusters[crossing.target.cluster], let registration = Registration(cluster),
      let service = publisher.service(for: registration)
    else { return nil }
    let known =
      cluster.service(service)?.object ?? cluster.observed("v1", "Service", service.namespace, service.name)
    guard SourceRanges(known, in: cluster) == nil,
      admissions.holdEverybody(
        toGatewayPods: GatewayPods(service, in: cluster).subjects, in: service.namespace, of: cluster.name),
      case .found(let route)? = routes[cluster.name]?.route(
        host(crossing, registration), to: crossing.target.service.key, crossing.port.port),
      !Self.asksWho(route.object.node["spec"])
    else { return nil }
    let addresses = openings(to: crossing, in: fleet).compactMap { $0.address?.text }
    let place = addresses.isEmpty ? "" : " at \(listed(addresses))"
    return Audience(
      JudgementRules.openAddress, "everybody who reaches the gateway \(service.description)\(place)",
      remedy:
        "narrow it with loadBalancerSourceRanges or a filter in the route, or say that it is known: exposure: {acknowledged: NETWORK}"
    )
  }

  /// Contour's ways to ask for more than a host: client certificates, an authorization server, tokens, addresses.
  private static func asksWho(_ spec: Node?) -> Bool {
    guard let host = spec?["virtualhost"] else { return false }
    return host["authorization"] != nil || host["jwtProviders"] != nil || host["ipAllowPolicy"] != nil
      || host.at("tls", "clientValidation") != nil
  }
}
