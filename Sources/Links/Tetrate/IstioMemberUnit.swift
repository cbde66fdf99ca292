import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// A member of a mesh without TSB: its network's name, and the gateway where it exposes Services.
struct IstioMemberUnit: PlannedUnit {
  static let networkLabel = "topology.istio.io/network"

  let traffic: TetrateTraffic
  let member: TetrateMember

  private var link: TetrateLink { traffic.link }

  var key: String { "tetrate/\(link.name)/members/\(member.cluster)" }

  func lower() -> LoweredUnit {
    var lowered = LoweredUnit(
      connections: [], subject: Label(link.link.name.node.range, "while emitting this link"))
    guard let network = member.network?.value else { return lowered }
    let settings = link.settings
    label(
      ObjectIdentity(apiVersion: "v1", kind: "Namespace", namespace: nil, name: settings.systemNamespace),
      network, &lowered)
    guard traffic.targets[member.cluster] != nil else { return lowered }
    if let gateway = traffic.gateways[member.cluster] { lowered.occasions.append(gateway.occasion(of: link)) }
    if let service = traffic.gateways[member.cluster].flatMap({
      IstioGatewayService.key($0, in: traffic.model)
    }) {
      label(
        ObjectIdentity(apiVersion: "v1", kind: "Service", namespace: service.namespace, name: service.name),
        network, &lowered)
    }
    emitGateway(&lowered)
    GatewayAdmission.emit(traffic, in: member.cluster, into: &lowered)
    return lowered
  }

  /// The network's name on an object that the mesh's owner keeps.
  private func label(_ identity: ObjectIdentity, _ network: String, _ lowered: inout LoweredUnit) {
    let existing = traffic.model.clusters[member.cluster]?.declared.objects[identity]
    if let existing, existing.labels[Self.networkLabel] == network {
      lowered.satisfied.append(Satisfied(cluster: member.cluster, identity: identity, manifest: existing))
      return
    }
    lowered.emissions.append(
      Emission(
        cluster: member.cluster, part: .components, template: "istio/network-label-patch.yaml",
        identity: identity,
        variables: [
          "object": .map([
            "kind": .string(identity.kind), "name": .string(identity.name),
            "namespace": .optional(identity.namespace), "network": .string(network),
          ])
        ]))
  }

  private func emitGateway(_ lowered: inout LoweredUnit) {
    let choice = link.settings.gateway
    let hosts = traffic.passedHosts(in: member.cluster)
    if let existing = IstioGateway.all(in: traffic.model.clusters[member.cluster]).first(where: {
      $0.isPassThrough && $0.selector == choice.labels && $0.manifest.namespace == choice.namespace
        && Self.passes(hosts, $0.hosts)
    }) {
      lowered.satisfied.append(
        Satisfied(
          cluster: member.cluster, identity: existing.manifest.identity, manifest: existing.manifest))
      return
    }
    guard
      let name = TetrateNames.name(
        "istioGateway", link, cluster: member.cluster, in: traffic.model, &lowered.findings)
    else { return }
    lowered.emissions.append(
      Emission(
        cluster: member.cluster, part: .manifests, template: "istio/gateway.yaml",
        identity: ObjectIdentity(
          apiVersion: "networking.istio.io/v1", kind: "Gateway", namespace: choice.namespace, name: name),
        variables: [
          "gateway": .map([
            "name": .string(name), "namespace": .string(choice.namespace), "selector": choice.labels.value,
            "hosts": .list(hosts.map { .string($0) }),
          ])
        ]))
  }
}

extension IstioMemberUnit {
  /// True where a Gateway takes all the hosts: by their names, or by wildcards.
  private static func passes(_ hosts: [String], _ patterns: [String]) -> Bool {
    hosts.allSatisfy { host in
      patterns.contains { host == $0 || $0 == "*" || $0.hasPrefix("*.") && host.hasSuffix($0.dropFirst()) }
    }
  }
}

extension TetrateTraffic {
  /// The hosts that a member's gateway passes on: those that the link lists, else those of the Services that connections
  /// reach there, and no other.
  func passedHosts(in cluster: String) -> [String] {
    link.settings.passedHosts
      ?? (targets[cluster] ?? []).map { "\($0.name).\($0.namespace).svc.cluster.local" }.sorted()
  }
}

/// Which Service stands in front of a gateway's pods.
enum IstioGatewayService {
  /// As the link names it, else the Service whose selector the gateway's pods meet.
  static func key(_ gateway: EastWestGateway, in model: FleetModel) -> NamespacedName? {
    if let service = gateway.service { return service }
    let declared = model.clusters[gateway.cluster]?.declared.services ?? [:]
    return declared.values.filter { service in
      service.key.namespace == gateway.namespace && !service.selector.isEmpty
        && LabelSelector(equality: service.selector).matches(gateway.choice.labels)
    }.map(\.key).min()
  }
}

/// A Gateway of networking.istio.io as far as port 15443 is concerned.
struct IstioGateway: Sendable {
  let manifest: Manifest
  let selector: Labels
  /// The server on port 15443.
  let server: Node

  init?(_ manifest: Manifest) {
    guard manifest.kind == "Gateway", manifest.identity.group == "networking.istio.io",
      let server = manifest.node.at("spec", "servers")?.elements.first(where: {
        $0.at("port", "number")?.integer == InstallGateway.port
      })
    else { return nil }
    self.manifest = manifest
    selector = Labels(manifest.node.at("spec", "selector"))
    self.server = server
  }

  var mode: Node? { server.at("tls", "mode") }
  var isPassThrough: Bool { mode?.text == "AUTO_PASSTHROUGH" }
  var hosts: [String] { server["hosts"]?.elements.map(\.text) ?? [] }

  static func all(in cluster: ClusterModel?) -> [IstioGateway] {
    (cluster?.declared.objects.values.compactMap { IstioGateway($0) } ?? []).sorted {
      ($0.manifest.namespace ?? "", $0.manifest.name) < ($1.manifest.namespace ?? "", $1.manifest.name)
    }
  }
}
