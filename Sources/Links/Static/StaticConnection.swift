import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// One connection over a static link: the unit that owns its Services and endpoints.
struct StaticConnection: PlannedUnit {
  let link: StaticLink
  let connection: BoundConnection
  let model: FleetModel
  /// Places whose Service several connections use: a unit of its own emits it.
  var shared: Set<StaticPlace> = []

  var scope: UnitScope? { UnitScope([connection]) }

  var key: String {
    "static/\(link.link.name.value)/\(connection.id.description)"
      + shared.map { " beside \($0.description)" }.sorted().joined()
  }

  func lower() -> LoweredUnit {
    var lowered = LoweredUnit(
      connections: [connection.id.description],
      subject: Label(connection.connection.name.node.range, "while emitting this connection"))
    for target in connection.targets {
      lowered.findings += unusableAddresses(of: target)
      let known = knownAddresses(of: target)
      let policies = EgressPolicies(
        model: model, clients: connection.clients(of: target),
        networks: known?.compactMap { IPAddress($0) }.map(IPNetwork.init(only:)),
        ports: ports(of: target), template: "static/egress-policy.yaml"
      ).emit(into: &lowered) { name("egressPolicy", .subdomain, target, &$0) }
      for client in Self.places(connection.clients(of: target)) {
        guard let name = consumerName(target, client, &lowered) else { continue }
        emit(name, client, target, known, policies, &lowered)
        if let cluster = client.cluster {
          lowered.occasions.append(
            Occasion(
              "client", cluster: cluster, namespace: client.namespace,
              variables: [
                "service": .map(["name": .string(name), "namespace": .string(client.namespace)]),
                "target": .map([
                  "cluster": .string(target.cluster), "name": .string(target.service.key.name),
                  "namespace": .string(target.service.key.namespace),
                ]),
              ]))
        }
      }
    }
    return lowered
  }

  /// The ports at the address of a target, each once.
  private func ports(of target: BoundTarget) -> [PodPort] {
    let mapped = connection.section("static", in: target.cluster)?["ports"]
    var seen: Set<PodPort> = []
    return target.ports.map { bound in
      let number = mapped?[String(bound.port.number)]?.integer ?? bound.port.number
      return PodPort(.number(number), bound.port.transport)
    }.filter { seen.insert($0).inserted }
  }

  /// One client per cluster and namespace: several selectors share the Service.
  static func places(_ clients: [BoundClient]) -> [BoundClient] {
    var seen: Set<String> = []
    return clients.filter { client in
      client.cluster.map { seen.insert("\($0)/\(client.namespace)").inserted } ?? false
    }
  }

  func consumerName(
    _ target: BoundTarget, _ client: BoundClient, _ lowered: inout LoweredUnit
  ) -> String? {
    if let name = connection.section("static", in: client.cluster ?? "")?["serviceName"]?.string {
      return name
    }
    return name("service", .label, target, &lowered)
  }

  /// A name from the naming template.
  func name(
    _ object: String, _ syntax: Naming.Syntax, _ target: BoundTarget, _ lowered: inout LoweredUnit
  ) -> String? {
    let use = TemplateUse(link: link.link.name.value, connections: [connection.id.description])
    return Naming(
      "static/names.yaml", for: use, at: connection.connection.name.node, in: model
    ).name(
      object, syntax, for: key,
      [
        "service": .map([
          "name": .string(target.service.key.name), "namespace": .string(target.service.key.namespace),
        ]),
        "cluster": .string(target.cluster), "link": .string(link.link.name.value),
        "connection": .string(connection.id.name),
      ], &lowered.findings)
  }

  private func emit(
    _ name: String, _ client: BoundClient, _ target: BoundTarget, _ known: [String]?,
    _ policies: [Placement], _ lowered: inout LoweredUnit
  ) {
    guard let cluster = client.cluster else { return }
    guard let known else {
      let service = ObjectIdentity(apiVersion: "v1", kind: "Service", namespace: client.namespace, name: name)
      lowered.pending.append(
        Pending(
          cluster: target.cluster, namespace: target.service.key.namespace,
          fact: "the load balancer's address of Service \(target.service.key.name)",
          objects: (shared.contains(StaticPlace(client, target))
            ? [] : [Placement(cluster, .manifests, service)])
            + policies.filter { $0.cluster == cluster },
          resources: "svc"))
      return
    }
    let addresses = usable(known, in: cluster)
    if !shared.contains(StaticPlace(client, target)) {
      external(name, client.namespace, cluster, target.cluster, target.ports, addresses)
        .emit(to: cluster, in: model, &lowered)
    }
    publish(name, client, cluster, target, addresses, &lowered)
  }

  /// The Service of a place and what is behind it.
  func external(
    _ name: String, _ namespace: String, _ cluster: String, _ target: String, _ ports: [BoundPort],
    _ addresses: [String]
  ) -> ExternalEndpoint {
    let mapped = connection.section("static", in: target)?["ports"]
    let section = connection.section("static", in: cluster)
    let names = section?["portNames"]
    return ExternalEndpoint(
      namespace: namespace, name: name, addresses: addresses,
      ports: ports.map { bound in
        ExternalEndpoint.Port(
          name: names?[String(bound.port.number)]?.string
            ?? (ports.count > 1 ? bound.port.name ?? "port-\(bound.port.number)" : nil),
          service: bound.port.number,
          target: mapped?[String(bound.port.number)]?.integer ?? bound.port.number,
          transport: bound.port.transport)
      }, sliceName: section?["endpointSliceName"]?.string,
      labels: Dictionary(
        section?["labels"]?.entries.map { ($0.key.text, $0.value.text) } ?? []
      ) { first, _ in first })
  }

  /// Those of one family that Services of the client's cluster are of: IPv4 where there are such, since a slice holds one
  /// family.
  func usable(_ addresses: [String], in cluster: String) -> [String] {
    let networks = model.clusters[cluster]?.cluster.serviceCIDRs.compactMap { IPNetwork($0.value) } ?? []
    let possible = addresses.filter { text in
      guard let address = IPAddress(text), !networks.isEmpty else { return true }
      return networks.contains { $0.address.isIPv6 == address.isIPv6 }
    }
    let first = possible.filter { IPAddress($0)?.isIPv6 == false }
    return first.isEmpty ? (possible.isEmpty ? addresses : possible) : first
  }

  /// The addresses of a target; nil while nobody has observed one.
  func knownAddresses(of target: BoundTarget) -> [String]? {
    switch link.addresses[target.cluster] {
    case .declared(let addresses): return addresses.map(\.value)
    case .observed:
      let addresses = observedAddresses(of: target).filter { IPAddress($0.text)?.endpointFault == nil }
      return addresses.isEmpty ? nil : addresses.compactMap(\.string)
    case nil: return nil
    }
  }

  private func observedAddresses(of target: BoundTarget) -> [Node] {
    let observed = model.clusters[target.cluster]?.observed.services[target.service.key]
    let ingress = observed?.manifest.node.at("status", "loadBalancer", "ingress")
    return ingress?.elements.compactMap { $0["ip"] } ?? []
  }

  /// Observed addresses that no endpoint can have.
  private func unusableAddresses(of target: BoundTarget) -> [Diagnostic] {
    guard case .observed? = link.addresses[target.cluster] else { return [] }
    return observedAddresses(of: target).compactMap { node in
      guard let fault = IPAddress(node.text)?.endpointFault else { return nil }
      return Diagnostic(
        StaticRules.address, "\(node.text) is \(fault): no load balancer has it", at: node.range, "observed",
        help: ["observe \(target.cluster) again, or mend the file if it was edited"])
    }
  }

  private func publish(
    _ name: String, _ client: BoundClient, _ cluster: String, _ target: BoundTarget, _ addresses: [String],
    _ lowered: inout LoweredUnit
  ) {
    guard let configMap = connection.connection.publishedConfigMap(in: cluster),
      let port = target.ports.first?.port.number
    else { return }
    let mapped = connection.section("static", in: target.cluster)?["ports"]?[String(port)]?.integer
    let identity = ObjectIdentity(
      apiVersion: "v1", kind: "ConfigMap", namespace: client.namespace, name: configMap.value)
    let isOwned = model.clusters[cluster]?.declared.objects[identity] != nil
    lowered.emissions.append(
      Emission(
        cluster: cluster, part: isOwned ? .components : .manifests, template: "shared/peer-config-map.yaml",
        identity: identity,
        variables: [
          "configMap": .map(["name": .string(configMap.value), "namespace": .string(client.namespace)]),
          "peer": .map([
            "host": .string("\(name).\(client.namespace).svc.cluster.local"), "port": .string(String(port)),
            "address": .optional(addresses.first), "addressPort": .string(String(mapped ?? port)),
          ]),
        ]))
  }
}
