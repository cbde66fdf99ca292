import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The gateway's Service in each selected cluster: the controller drops a cluster silently where it is not as needed.
struct PublishedGatewayChecks {
  let link: GatewayDNSLink

  /// The API server takes this many addresses in one endpoint, and the controller writes one.
  private static let maximumAddresses = 100

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for member in link.gateways {
      declared(member, &findings)
      observed(member, &findings)
      if let addresses = link.settings.addresses[member.name] {
        check(addresses, &findings)
        contradiction(addresses, member, &findings)
      }
    }
    sharedAddresses(&findings)
    return findings
  }

  /// Two gateways behind one address: one of the two was copied.
  private func sharedAddresses(_ findings: inout [Diagnostic]) {
    var first: [String: (member: GatewayMember, address: Located<String>)] = [:]
    for member in link.gateways {
      for address in PublishedAddress(member, link).addresses ?? [] {
        guard let known = first[address.value] else {
          first[address.value] = (member, address)
          continue
        }
        guard known.member.name != member.name else { continue }
        findings.append(
          Diagnostic(
            GatewayDNSRules.addressTwice,
            "the gateways of \(known.member.name) and \(member.name) have one address, \(address.value)",
            at: address.node.range, "of \(member.name)",
            also: [Label(known.address.node.range, "of \(known.member.name)")],
            help: ["give each cluster its own gateway's address; observe the one again whose was copied"]))
      }
    }
  }

  private func declared(_ member: GatewayMember, _ findings: inout [Diagnostic]) {
    let facts = member.cluster.declared
    if let service = facts.services[link.service] {
      guard service.type != "LoadBalancer" else { return }
      findings.append(notLoadBalancer(service, member))
    } else if facts.knows(namespace: link.service.namespace),
      member.cluster.observed.services[link.service] == nil
    {
      let names = facts.serviceNames(in: link.service.namespace)
      findings.append(
        Diagnostic(
          GatewayDNSRules.gatewayService, "there is no Service \(link.service.description) in \(member.name)",
          at: link.settings.service.node.range, "not in the manifests of \(member.name)",
          help: [
            didYouMean(link.service.name, among: names)
              ?? "the Services of \(link.service.namespace) are \(listed(names)); the controller drops a cluster without it"
          ]))
    }
  }

  private func notLoadBalancer(_ service: Service, _ member: GatewayMember) -> Diagnostic {
    Diagnostic(
      GatewayDNSRules.gatewayService,
      "Service \(service.key.description) of \(member.name) is of type \(service.type)",
      at: service.typeNode.range,
      "not LoadBalancer", also: [Label(link.settings.service.node.range, "the gateway of this link")],
      help: ["set 'type: LoadBalancer': the controller drops every other type and removes the name"])
  }

  private func observed(_ member: GatewayMember, _ findings: inout [Diagnostic]) {
    guard let service = member.cluster.observed.services[link.service] else { return }
    if service.type != "LoadBalancer", member.cluster.declared.services[link.service] == nil {
      findings.append(notLoadBalancer(service, member))
    }
    let ingress = service.manifest.node.at("status", "loadBalancer", "ingress")
    for entry in ingress?.elements.map({ $0 }) ?? [] {
      guard entry["ip"]?.text.isEmpty ?? true, let name = entry["hostname"] else { continue }
      findings.append(
        Diagnostic(
          GatewayDNSRules.gatewayAddress,
          "the load balancer of \(link.service.description) in \(member.name) has a host name instead of an address",
          at: name.range, "the controller writes an empty address",
          also: [Label(link.settings.service.node.range, "the gateway of this link")],
          help: [
            "use a load balancer with a fixed IPv4 address: the API server refuses the slice, and the controller then leaves out others too"
          ]))
    }
    check(PublishedAddress.observed(member, link) ?? [], &findings)
  }

  /// The API server's rules for endpoints of an IPv4 slice.
  private func check(_ addresses: [Located<String>], _ findings: inout [Diagnostic]) {
    func report(_ message: String, _ address: Located<String>, _ label: String, _ help: String) {
      findings.append(
        Diagnostic(
          GatewayDNSRules.gatewayAddress, message, at: address.node.range, label,
          also: [Label(link.settings.service.node.range, "the gateway of this link")], help: [help]))
    }
    for address in addresses {
      guard let parsed = IPAddress(address.value) else {
        report(
          "'\(address.value)' is not an IP address", address, "refused in an IPv4 slice",
          "use the load balancer's IPv4 address: names are not resolved")
        continue
      }
      if parsed.isIPv6 {
        report(
          "\(address.value) is an IPv6 address", address, "refused in an IPv4 slice",
          "give the gateway an IPv4 address: the project knows no other")
      } else if let fault = parsed.endpointFault {
        report(
          "\(address.value) is \(fault)", address, "refused by the API server",
          "use the address that other clusters reach the gateway at")
      }
    }
    if addresses.count > Self.maximumAddresses, let first = addresses.dropFirst(Self.maximumAddresses).first {
      report(
        "the gateway has \(addresses.count) addresses; an endpoint takes at most \(Self.maximumAddresses)",
        first,
        "too many", "put fewer addresses in front of it")
    }
  }

  private func contradiction(
    _ declared: [Located<String>], _ member: GatewayMember, _ findings: inout [Diagnostic]
  ) {
    guard let observed = PublishedAddress.observed(member, link), let first = observed.first,
      Set(observed.map(\.value)) != Set(declared.map(\.value)), let place = declared.first
    else { return }
    findings.append(
      Diagnostic(
        GatewayDNSRules.contradiction,
        "the gateway of \(member.name) is declared at \(listed(declared.map(\.value))) and was observed at \(listed(observed.map(\.value)))",
        at: place.node.range, "declared", also: [Label(first.node.range, "observed")],
        help: ["remove the declared address, or observe the cluster again"]))
  }
}
