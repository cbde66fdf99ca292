import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// One connection: its names, for people and for programs.
struct GatewayConnection: PlannedUnit {
  let link: GatewayDNSLink
  let connection: BoundConnection
  let model: FleetModel

  var key: String { "gatewayDNS/\(link.link.name.value)/connections/\(connection.id.description)" }

  func lower() -> LoweredUnit {
    var lowered = LoweredUnit(
      connections: [connection.id.description],
      subject: Label(connection.connection.name.node.range, "while emitting this connection"))
    for target in connection.targets {
      guard let member = link.member(target.cluster), member.isGateway else { continue }
      let own = GatewayConnectionSettings(connection, target: target.cluster)
      let host = link.host(own.host(of: target), in: member)
      lowered.remarks.append(
        Remark(
          .name,
          "clients call \(target.service.key.description) of \(target.cluster) at \(host):\(own.port)"))
      letOut(to: target, own.port, in: member, &lowered)
      for client in Self.places(connection.clients(of: target)) {
        let settings = GatewayConnectionSettings(connection, target: target.cluster, client: client.cluster)
        emitExternalName(host, settings, client, target, &lowered)
        publish(host, settings, client, member, &lowered)
        lowered.occasions += occasion(host, settings, client, target).map { [$0] } ?? []
      }
    }
    return lowered
  }

  /// Isolated clients get a policy to the gateway's addresses.
  private func letOut(
    to target: BoundTarget, _ port: Int, in member: GatewayMember, _ lowered: inout LoweredUnit
  ) {
    let addresses: [IPAddress]?
    switch PublishedAddress(member, link) {
    case .known(let known): addresses = known.compactMap { IPAddress($0.value) }
    case .unusable: return
    case .unknown: addresses = nil
    }
    let pending = EgressPolicies(
      model: model, clients: connection.clients(of: target), networks: addresses?.map(IPNetwork.init(only:)),
      ports: [PodPort(.number(port), .tcp)], template: "gateway-dns/egress-policy.yaml"
    ).emit(into: &lowered) { lowered in
      GatewayNames(link: link, model: model).name(
        .egressPolicy, cluster: target.cluster, service: target.service.key.name,
        connection: connection.id.name, &lowered.findings)
    }
    guard !pending.isEmpty else { return }
    lowered.pending.append(
      Pending(
        cluster: member.name, namespace: link.service.namespace,
        fact: "the load balancer's address of Service \(link.service.name)", objects: pending,
        resources: "svc"))
  }

  /// Where templates that the fleet adds are rendered.
  private func occasion(
    _ host: String, _ settings: GatewayConnectionSettings, _ client: BoundClient, _ target: BoundTarget
  ) -> Occasion? {
    guard let cluster = client.cluster else { return nil }
    let service = target.service.key
    return Occasion(
      "client", cluster: cluster, namespace: client.namespace,
      variables: [
        "link": .string(link.link.name.value),
        "service": .map(["name": .string(service.name), "namespace": .string(service.namespace)]),
        "target": .map(["cluster": .string(target.cluster)]),
        "external": .map(["host": .string(host), "port": .integer(settings.port)]),
      ])
  }

  /// One client per cluster and namespace: several selectors share what is emitted.
  private static func places(_ clients: [BoundClient]) -> [BoundClient] {
    var seen: Set<String> = []
    return clients.filter { client in
      client.cluster.map { seen.insert("\($0)/\(client.namespace)").inserted } ?? false
    }
  }

  private func emitExternalName(
    _ host: String, _ settings: GatewayConnectionSettings, _ client: BoundClient, _ target: BoundTarget,
    _ lowered: inout LoweredUnit
  ) {
    guard let cluster = client.cluster else { return }
    let name: String
    switch settings.externalName {
    case .none: return
    case .named(let given): name = given.value
    case .templated:
      let names = GatewayNames(link: link, model: model)
      guard
        let given = names.name(
          .externalName, cluster: target.cluster, service: target.service.key.name, &lowered.findings)
      else { return }
      name = given
    }
    let identity = ObjectIdentity(apiVersion: "v1", kind: "Service", namespace: client.namespace, name: name)
    if let existing = model.clusters[cluster]?.declared.objects[identity],
      existing.node.at("spec", "type")?.text == "ExternalName",
      existing.node.at("spec", "externalName")?.text == host,
      settings.labels.allSatisfy({ existing.labels[$0.key] == $0.value })
    {
      lowered.satisfied.append(Satisfied(cluster: cluster, identity: identity, manifest: existing))
      return
    }
    lowered.emissions.append(
      Emission(
        cluster: cluster, part: .manifests, template: "gateway-dns/external-name.yaml", identity: identity,
        variables: [
          "external": .map([
            "namespace": .string(client.namespace), "name": .string(name), "host": .string(host),
          ])
        ], labels: settings.labels))
  }

  private func publish(
    _ host: String, _ settings: GatewayConnectionSettings, _ client: BoundClient, _ member: GatewayMember,
    _ lowered: inout LoweredUnit
  ) {
    guard let cluster = client.cluster, let configMap = connection.connection.publishedConfigMap,
      // With several targets the first one is published.
      member.name == connection.targets.first(where: { $0.cluster != cluster })?.cluster
    else { return }
    let identity = ObjectIdentity(
      apiVersion: "v1", kind: "ConfigMap", namespace: client.namespace, name: configMap.value)
    let address = PublishedAddress(member, link).addresses?.first?.value
    lowered.emissions.append(
      Emission(
        cluster: cluster,
        part: model.clusters[cluster]?.declared.objects[identity] == nil ? .manifests : .components,
        template: "shared/peer-config-map.yaml", identity: identity,
        variables: [
          "configMap": .map(["name": .string(configMap.value), "namespace": .string(client.namespace)]),
          "peer": .map([
            "host": .string(host), "port": .string(String(settings.port)), "address": .optional(address),
            "addressPort": .optional(address.map { _ in String(settings.port) }),
          ]),
        ]))
  }
}
