import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// One Service behind east-west gateways, in every cluster that knows it: what XCP will create there, or with
/// Istio what Linkwright emits; and the policies on its way.
struct RemoteServiceUnit: PlannedUnit {
  let traffic: TetrateTraffic
  let service: NamespacedName
  /// Steps between networks that the organization permits.
  var edges: Set<NetworkEdge> = []

  private var link: TetrateLink { traffic.link }
  private var model: FleetModel { traffic.model }
  private var isIstio: Bool { link.settings.form == .istio }
  private var connections: [BoundConnection] { traffic.byService[service] ?? [] }

  var key: String { "tetrate/\(link.name)/services/\(service.description)" }

  func lower() -> LoweredUnit {
    var lowered = LoweredUnit(
      connections: connections.map(\.id.description).sorted(),
      subject: Label(
        connections.first?.connection.name.node.range ?? link.link.name.node.range,
        "while emitting \(connections.isEmpty ? "this link" : "this connection")"))
    for member in link.bound {
      let exporters = exporters(for: member)
      guard let first = exporters.first else { continue }
      let remote = RemoteService(
        first.service,
        endpoints: exporters.compactMap { exporter in
          link.member(exporter.cluster).map {
            RemoteService.Endpoint(member: $0, address: traffic.address(of: exporter.cluster))
          }
        })
      if isIstio, link.settings.usesRemoteSecrets {
        emitService(first.service, member, &lowered)
      } else {
        emit(remote, in: member, &lowered)
      }
    }
    publish(&lowered)
    lowered.occasions = occasions
    GatewayPolicies(traffic: traffic, service: service, connections: connections).emit(into: &lowered)
    return lowered
  }

  /// Where templates that the fleet adds are rendered.
  private var occasions: [Occasion] {
    let targets = connections.flatMap(\.targets).filter { $0.service.key == service }
    let serving = Set(targets.map(\.cluster)).sorted()
    func occasion(_ scope: String, _ cluster: String, _ namespace: String) -> Occasion {
      Occasion(
        scope, cluster: cluster, namespace: namespace,
        variables: [
          "link": .string(link.name),
          "service": .map(["name": .string(service.name), "namespace": .string(service.namespace)]),
          "exporters": .list(serving.filter { $0 != cluster }.map { .string($0) }),
        ])
    }
    var clients: Set<[String]> = []
    for connection in connections {
      for target in connection.targets where target.service.key == service {
        for client in connection.clients(of: target) {
          guard let cluster = client.cluster, cluster != target.cluster else { continue }
          clients.insert([cluster, client.namespace])
        }
      }
    }
    let order = clients.sorted { $0.lexicographicallyPrecedes($1) }
    return serving.map { occasion("target", $0, service.namespace) }
      + order.map { occasion("client", $0[0], $0[1]) }
  }

  /// The clusters that expose the Service to one: where traffic is declared (Istio), or where the networks
  /// reach each other (TSB).
  private func exporters(for member: TetrateMember) -> [ExposedService] {
    if isIstio {
      var found: [String: ExposedService] = [:]
      for connection in connections {
        for target in connection.targets
        where target.service.key == service && target.cluster != member.cluster {
          guard connection.clients(of: target).contains(where: { $0.cluster == member.cluster }) else {
            continue
          }
          found[target.cluster] = ExposedService(cluster: target.cluster, service: target.service)
        }
      }
      return found.sorted { $0.key < $1.key }.map(\.value)
    }
    return (traffic.exposed[service] ?? []).filter { exposed in
      exposed.cluster != member.cluster
        && edges.permits(member.network?.value, link.member(exposed.cluster)?.network?.value)
    }
  }

  /// True when the Service exists in a cluster too: a ServiceEntry would then only decorate it.
  private func existing(in cluster: String) -> Service? {
    model.clusters[cluster]?.declared.services[service]
  }

  // MARK: Entries

  private func emit(_ remote: RemoteService, in member: TetrateMember, _ lowered: inout LoweredUnit) {
    let placements: [(Placement, TemplateFields, String)]
    if let local = existing(in: member.cluster) {
      placements = workloadEntries(remote, local, in: member, &lowered)
    } else {
      placements = serviceEntry(remote, in: member, &lowered)
    }
    if remote.isPending {
      for endpoint in remote.endpoints where endpoint.address.isPending {
        guard let gateway = traffic.gateways[endpoint.member.cluster] else { continue }
        lowered.pending.append(
          Pending(
            cluster: endpoint.member.cluster, namespace: gateway.namespace,
            fact:
              "the address of the east-west gateway's Service\(gateway.name.isEmpty ? "" : " \(gateway.name)")",
            objects: placements.map(\.0), resources: "svc"))
      }
      return
    }
    for (placement, variables, template) in placements {
      if isIstio, let existing = model.clusters[placement.cluster]?.declared.objects[placement.identity],
        IstioEntryView(existing).leads(to: remote)
      {
        lowered.satisfied.append(
          Satisfied(cluster: placement.cluster, identity: placement.identity, manifest: existing))
        continue
      }
      lowered.emissions.append(
        Emission(
          cluster: placement.cluster, part: placement.part, template: template, identity: placement.identity,
          variables: variables))
    }
  }

  private func serviceEntry(
    _ remote: RemoteService, in member: TetrateMember, _ lowered: inout LoweredUnit
  ) -> [(Placement, TemplateFields, String)] {
    let key = isIstio ? "serviceEntry" : "expectedServiceEntry"
    guard
      let name = own("serviceEntryName", in: member)
        ?? TetrateNames.name(
          key, link, service: service, cluster: member.cluster, in: model, &lowered.findings)
    else { return [] }
    let namespace = isIstio ? namespace(in: member.cluster) : "xcp-multicluster"
    var entry = remote.entryValues
    entry["name"] = .string(name)
    entry["namespace"] = .string(namespace)
    if !isIstio { entry["uncertain"] = .string(remote.entryDoubts.map { $0 + "\n" }.joined()) }
    let placement = Placement(
      member.cluster, isIstio ? .manifests : .expected, Self.identity("ServiceEntry", namespace, name))
    return [
      (
        placement, ["entry": .map(entry)],
        isIstio ? "istio/service-entry.yaml" : "tetrate/expected-service-entry.yaml"
      )
    ]
  }

  /// A name that a connection gives; with Istio alone, since TSB's entries have names of their own.
  private func own(_ key: String, in member: TetrateMember) -> String? {
    guard isIstio else { return nil }
    return connections.lazy.compactMap { $0.section("tetrate", in: member.cluster)?[key]?.string }.first
  }

  /// One entry per gateway; they join the local pods behind the Service.
  private func workloadEntries(
    _ remote: RemoteService, _ local: Service, in member: TetrateMember, _ lowered: inout LoweredUnit
  ) -> [(Placement, TemplateFields, String)] {
    var result: [(Placement, TemplateFields, String)] = []
    var used: Set<String> = []
    for endpoint in remote.endpoints {
      guard
        let base = own("workloadEntryName", in: member)
          ?? TetrateNames.name(
            isIstio ? "workloadEntry" : "expectedWorkloadEntry", link, service: service,
            cluster: endpoint.member.cluster, in: model, &lowered.findings)
      else { return [] }
      for address in endpoint.address.isPending ? [""] : endpoint.address.texts {
        var name = base
        var number = 2
        while !used.insert(name).inserted {
          name = "\(base)-\(number)"
          number += 1
        }
        var entry: TemplateFields = [
          "name": .string(name), "namespace": .string(service.namespace), "address": .string(address),
          "network": .optional(endpoint.member.network?.value), "ports": remote.gatewayPorts,
          "labels": local.selector.value, "cluster": .string(endpoint.member.name.value),
        ]
        if !isIstio { entry["uncertain"] = .string(remote.workloadDoubts.map { $0 + "\n" }.joined()) }
        result.append(
          (
            Placement(
              member.cluster, isIstio ? .manifests : .expected,
              Self.identity("WorkloadEntry", service.namespace, name)), ["entry": .map(entry)],
            isIstio ? "istio/workload-entry.yaml" : "tetrate/expected-workload-entry.yaml"
          ))
      }
    }
    return result
  }

  private static func identity(_ kind: String, _ namespace: String, _ name: String) -> ObjectIdentity {
    ObjectIdentity(apiVersion: "networking.istio.io/v1", kind: kind, namespace: namespace, name: name)
  }

  /// Where a ServiceEntry stands: the Service's namespace where the cluster has it, else that of a client.
  private func namespace(in cluster: String) -> String {
    if model.clusters[cluster]?.declared.knows(namespace: service.namespace) ?? false {
      return service.namespace
    }
    let clients = connections.flatMap(\.clients).filter { $0.cluster == cluster }.map(\.namespace)
    return clients.min() ?? service.namespace
  }

  // MARK: Services and names

  /// With remote secrets endpoints are found by istiod; the name must resolve in the client's cluster.
  private func emitService(_ target: Service, _ member: TetrateMember, _ lowered: inout LoweredUnit) {
    let identity = ObjectIdentity(
      apiVersion: "v1", kind: "Service", namespace: service.namespace, name: service.name)
    if let local = existing(in: member.cluster) {
      lowered.satisfied.append(
        Satisfied(cluster: member.cluster, identity: identity, manifest: local.manifest))
      return
    }
    let ports = target.ports.map { port -> TemplateValue in
      .map([
        "name": .optional(port.name), "port": .integer(port.number),
        "targetPort": Self.value(port.target), "protocol": .string(port.transport.rawValue),
      ])
    }
    lowered.emissions.append(
      Emission(
        cluster: member.cluster, part: .manifests, template: "istio/service.yaml", identity: identity,
        variables: [
          "service": .map([
            "name": .string(service.name), "namespace": .string(service.namespace),
            "selector": target.selector.isEmpty ? .none : target.selector.value, "ports": .list(ports),
          ])
        ]))
  }

  private static func value(_ port: PortReference) -> TemplateValue {
    switch port {
    case .number(let number): .integer(number)
    case .name(let name): .string(name)
    }
  }

  private func publish(_ lowered: inout LoweredUnit) {
    var done: Set<String> = []
    for connection in connections {
      guard let configMap = connection.connection.publishedConfigMap,
        let target = connection.targets.first(where: { $0.service.key == service }),
        let port = target.ports.first?.port.number
      else { continue }
      for client in connection.clients {
        guard let cluster = client.cluster,
          done.insert("\(cluster)/\(client.namespace)/\(configMap.value)").inserted
        else { continue }
        let identity = ObjectIdentity(
          apiVersion: "v1", kind: "ConfigMap", namespace: client.namespace, name: configMap.value)
        lowered.emissions.append(
          Emission(
            cluster: cluster,
            part: model.clusters[cluster]?.declared.objects[identity] == nil ? .manifests : .components,
            template: "shared/peer-config-map.yaml", identity: identity,
            variables: [
              "configMap": .map(["name": .string(configMap.value), "namespace": .string(client.namespace)]),
              "peer": .map([
                "host": .string("\(service.name).\(service.namespace).svc.cluster.local"),
                "port": .string(String(port)), "address": .none, "addressPort": .none,
              ]),
            ]))
      }
    }
  }
}
