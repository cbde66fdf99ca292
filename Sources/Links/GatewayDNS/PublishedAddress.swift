import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Where a cluster's gateway is reached from outside.
enum PublishedAddress: Sendable {
  case known([Located<String>])
  /// Known, and no content for an IPv4 slice: `PublishedGatewayChecks` reports it.
  case unusable
  /// Neither declared nor observed.
  case unknown

  /// From the link, else from an observation.
  init(_ member: GatewayMember, _ link: GatewayDNSLink) {
    if let declared = link.settings.addresses[member.name] {
      self = Self.areUsable(declared) ? .known(declared) : .unusable
    } else if let ingress = Self.ingress(member, link), ingress.count > 0 {
      let observed = Self.observed(member, link) ?? []
      self = observed.count == ingress.count && Self.areUsable(observed) ? .known(observed) : .unusable
    } else {
      self = .unknown
    }
  }

  /// The addresses, where the gateway has any that are of use.
  var addresses: [Located<String>]? {
    if case .known(let addresses) = self { return addresses }
    return nil
  }

  private static func areUsable(_ addresses: [Located<String>]) -> Bool {
    addresses.allSatisfy { address in
      IPAddress(address.value).map { !$0.isIPv6 && $0.endpointFault == nil } ?? false
    }
  }

  /// What the load balancer reported; nil where the Service was not observed.
  static func ingress(_ member: GatewayMember, _ link: GatewayDNSLink) -> Node? {
    member.cluster.observed.services[link.service]?.manifest.node.at("status", "loadBalancer", "ingress")
  }

  /// The load balancer's addresses as the cluster answered; nil where the Service was not observed.
  static func observed(_ member: GatewayMember, _ link: GatewayDNSLink) -> [Located<String>]? {
    guard member.cluster.observed.services[link.service] != nil else { return nil }
    return ingress(member, link)?.elements.compactMap { entry in
      entry["ip"].flatMap { $0.text.isEmpty ? nil : Located($0.text, $0) }
    } ?? []
  }
}

/// Where a cluster's resolver finds the zone's DNS server: the cluster IP of Service dns-server.
struct ServerAddress: Sendable {
  /// Nil: neither declared nor observed.
  let address: Located<String>?
  /// Another address that is known for the same server.
  let contradiction: Located<String>?

  /// From the link, else from the Service's manifest, else from an observation.
  init(_ member: GatewayMember, _ link: GatewayDNSLink) {
    let key = NamespacedName(link.settings.profile.namespace, GatewayDNSSettings.dnsServer)
    let known = [
      link.settings.upstreams[member.name], Self.clusterIP(member.cluster.declared.services[key]),
      Self.clusterIP(member.cluster.observed.services[key]),
    ].compactMap { $0 }
    address = known.first
    contradiction = known.dropFirst().first { other in
      // Text that is no address is reported as such.
      guard let first = known.first.flatMap({ IPAddress($0.value) }), let second = IPAddress(other.value)
      else {
        return false
      }
      return first != second
    }
  }

  /// A fixed cluster IP; nil where the cluster chooses it, and for a headless Service.
  static func clusterIP(_ service: Service?) -> Located<String>? {
    guard let node = service?.manifest.node.at("spec", "clusterIP"), let text = node.string, !text.isEmpty,
      text != "None"
    else { return nil }
    return Located(text, node)
  }
}
