import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// One gateway: the slice with its addresses, which the controller writes into every cluster of the namespace, the
/// gateway's own included.
struct PublishedGateway: PlannedUnit {
  let link: GatewayDNSLink
  let member: GatewayMember
  let model: FleetModel

  var key: String { "gatewayDNS/\(link.link.name.value)/gateways/\(member.name)" }

  private var identity: ObjectIdentity {
    ObjectIdentity(
      apiVersion: link.settings.profile.endpointSliceVersion, kind: "EndpointSlice",
      namespace: link.settings.profile.namespace, name: member.sliceName)
  }

  func lower() -> LoweredUnit {
    var lowered = LoweredUnit(
      connections: [], subject: Label(link.link.name.node.range, "while emitting this link"))
    lowered.occasions.append(occasion)
    let addresses: [Located<String>]
    switch PublishedAddress(member, link) {
    case .known(let known): addresses = known
    case .unusable: return lowered
    case .unknown:
      lowered.pending.append(
        Pending(
          cluster: member.name, namespace: link.service.namespace,
          fact: "the load balancer's address of Service \(link.service.name)",
          objects: link.bound.map { Placement($0.name, .expected, identity) }, resources: "svc"))
      return lowered
    }
    let names = GatewayNames(link: link, model: model)
    guard let name = names.name(.gatewayDNS, &lowered.findings) else { return lowered }
    let variables = variables(addresses, gatewayDNS: name)
    for receiver in link.bound {
      lowered.emissions.append(
        Emission(
          cluster: receiver.name, part: .expected, template: "gateway-dns/endpoint-slice.yaml",
          identity: identity, variables: variables))
    }
    return lowered
  }

  /// Where templates that the fleet adds are rendered: beside the gateway's Service, whatever its address.
  private var occasion: Occasion {
    Occasion(
      "gateway", cluster: member.name, namespace: link.service.namespace,
      variables: [
        "link": .string(link.link.name.value),
        "gateway": .map([
          "cluster": .string(member.name),
          "service": .map([
            "name": .string(link.service.name), "namespace": .string(link.service.namespace),
          ]), "suffix": .string(member.suffix(link.zone)),
        ]),
      ])
  }

  private func variables(_ addresses: [Located<String>], gatewayDNS name: String) -> TemplateFields {
    let profile = link.settings.profile
    return [
      "slice": .map([
        "apiVersion": .string(profile.endpointSliceVersion), "namespace": .string(profile.namespace),
        "name": .string(member.sliceName),
        "labels": profile.labelsSlices
          ? .map(["kubernetes.io/service-name": .string(member.sliceName)]) : .none,
        "hostname": .string("*.\(member.suffix(link.zone))"),
        "reference": .string("\(link.settings.namespace.value)/\(name)"),
        "addresses": .list(addresses.map { .string($0.value) }),
      ])
    ]
  }
}
