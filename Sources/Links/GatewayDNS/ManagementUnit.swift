import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// What the management cluster gets: the GatewayDNS object, and labels on the Cluster API objects that it selects.
struct ManagementUnit: PlannedUnit {
  let link: GatewayDNSLink
  let model: FleetModel

  static let apiVersion = "connectivity.tanzu.vmware.com/v1alpha1"

  var key: String { "gatewayDNS/\(link.link.name.value)/management" }

  func lower() -> LoweredUnit {
    var lowered = LoweredUnit(
      connections: [], subject: Label(link.link.name.node.range, "while emitting this link"))
    emitGatewayDNS(&lowered)
    var labelled: Set<String> = []
    for member in link.gateways where labelled.insert(member.sliceName).inserted { label(member, &lowered) }
    return lowered
  }

  private func emitGatewayDNS(_ lowered: inout LoweredUnit) {
    let names = GatewayNames(link: link, model: model)
    guard let name = names.name(.gatewayDNS, &lowered.findings) else { return }
    let settings = link.settings
    let identity = ObjectIdentity(
      apiVersion: Self.apiVersion, kind: "GatewayDNS", namespace: settings.namespace.value, name: name)
    if let existing = link.management.declared.objects[identity], isWanted(existing) {
      lowered.satisfied.append(
        Satisfied(cluster: link.management.name, identity: identity, manifest: existing))
      return
    }
    lowered.emissions.append(
      Emission(
        cluster: link.management.name, part: .manifests, template: "gateway-dns/gateway-dns.yaml",
        identity: identity,
        variables: [
          "gatewayDNS": .map([
            "namespace": .string(settings.namespace.value), "name": .string(name),
            "clusterSelector": settings.selectorNode.map { .node($0) } ?? .map([:]),
            "service": .string(settings.service.value),
            "resolutionType": .string(GatewayDNSSettings.loadBalancer),
          ])
        ]))
  }

  /// A manifest that asks the controller for the same. The controller reads no other resolution type.
  private func isWanted(_ existing: Manifest) -> Bool {
    let spec = existing.node["spec"]
    return spec?["service"]?.text == link.settings.service.value
      && Set(LabelSelector(spec?["clusterSelector"]).requirements) == Set(link.settings.selector.requirements)
  }

  /// The Cluster API object belongs to whoever made the cluster: it gets a patch.
  private func label(_ member: GatewayMember, _ lowered: inout LoweredUnit) {
    let registration = member.registration
    guard !registration.labels.isEmpty else { return }
    let identity = GatewayFleet.identity(of: registration)
    let existing = link.management.declared.objects[identity]
    if let existing, registration.labels.allSatisfy({ existing.labels[$0.key] == $0.value }) {
      lowered.satisfied.append(
        Satisfied(cluster: link.management.name, identity: identity, manifest: existing))
      return
    }
    let labels = registration.labels.map { ($0.key, TemplateValue.string($0.value)) }
    lowered.emissions.append(
      Emission(
        cluster: link.management.name, part: .components, template: "gateway-dns/cluster-labels.yaml",
        identity: identity,
        variables: [
          "cluster": .map([
            "apiVersion": .string(existing?.apiVersion ?? link.settings.profile.clusterAPIVersion),
            "namespace": .string(registration.namespace.value), "name": .string(registration.name.value),
            "labels": .map(TemplateFields(labels)),
          ])
        ]))
  }
}
