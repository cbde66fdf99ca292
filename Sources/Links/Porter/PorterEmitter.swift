import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// Turns a resolved claim into emissions: the claim, policies, what the operator will make, and what
/// clients outside the pair need.
struct PorterEmitter {
  let unit: PorterService
  let claim: ClaimResolution
  private var servers: [String: VirtualServer] = [:]

  init(unit: PorterService, claim: ClaimResolution) {
    self.unit = unit
    self.claim = claim
  }

  private var namespace: String { unit.service.namespace }
  private var serviceName: String { unit.service.name }

  mutating func run(into lowered: inout LoweredUnit) {
    findServers(&lowered)
    lowered.variables = variables
    emitClaim(&lowered)
    for target in unit.sides where !unit.connections(to: target.name).isEmpty {
      PorterPolicies(unit: unit, claim: claim, cluster: target).emit(into: &lowered)
    }
    for target in unit.sides { emitOperatorObjects(for: target, &lowered) }
    emitConsumers(&lowered)
    emitPublished(&lowered)
    remarkFirewall(&lowered)
    if unit.model.templates.hasExtras(Porter.descriptor.folder) { lowered.occasions = occasions }
  }

  /// What clients outside the link must have opened between the networks: the address is reachable inside the
  /// data centre only.
  private func remarkFirewall(_ lowered: inout LoweredUnit) {
    for target in unit.sides {
      let server = servers[target.name]
      for connection in unit.connections(to: target.name) {
        for client in connection.clients {
          if let cluster = client.cluster, unit.settings.members.contains(cluster) { continue }
          let source =
            switch client.place {
            case .cluster(let name): "\(client.namespace) in \(name)"
            case .external(let name, let cidrs): "\(name) (\(cidrs.map(\.value).joined(separator: ", ")))"
            }
          let address = server?.address
          let port = server?.port
          let missing = [address == nil ? "address" : nil, port == nil ? "port" : nil].compactMap { $0 }
          let what =
            "\(address ?? "the load balancer of \(target.name)") port \(port.map(String.init) ?? "of claim \(claim.name)")"
          let wait = missing.isEmpty ? "" : "; not observed yet: \(missing.joined(separator: " and "))"
          lowered.remarks.append(
            Remark(.firewall, "TCP from \(source) to \(what)\(wait)", of: [connection.id.description]))
        }
      }
    }
  }

  /// Variables that all templates of the unit share.
  private var variables: TemplateFields {
    [
      "link": .string(unit.link),
      "service": .map([
        "name": .string(serviceName, from: unit.connections[0].targets.first?.reference),
        "namespace": .string(namespace),
        "port": .integer(claim.port.port.number, from: claim.port.port.node),
      ]),
      "claim": .map([
        "name": .string(claim.name, from: claim.nameNode),
        "overrideServicePort": claim.overridesServicePort ? .boolean(true) : .none,
        "requestedPort": claim.requestedPort.map { .node($0.node) } ?? .none,
        "monitor": .map([
          "type": .string("tcp"), "interval": .integer(claim.monitorInterval),
          "timeout": .integer(claim.monitorTimeout),
        ]), "syncWave": usesSyncWaves ? .string(syncWave) : .none,
      ]),
    ]
  }

  /// One wave after the Service: a claim that meets no Service falls back to the legacy address and is not
  /// corrected until the operator's next round.
  private var syncWave: String {
    let wave =
      unit.target(in: unit.primary.name)?.service.manifest.annotation("argocd.argoproj.io/sync-wave")
      ?? unit.primary.declared.services[unit.service]?.manifest.annotation("argocd.argoproj.io/sync-wave")
    return String((wave.flatMap(SyncWave.number) ?? 0) + 1)
  }

  /// Sync waves are Argo CD's; a fleet that names another consumer does without them.
  private var usesSyncWaves: Bool { unit.model.fleet.consumer.map { $0.kind == .argocd } ?? true }

  /// Where templates that the fleet adds are rendered.
  private var occasions: [Occasion] {
    var occasions = [Occasion("claim", cluster: unit.primary.name, namespace: namespace)]
    for target in unit.sides where !unit.connections(to: target.name).isEmpty {
      occasions.append(Occasion("target", cluster: target.name, namespace: namespace))
      var seen: Set<NamespacedName> = []
      for (client, chosen) in clients(of: target) {
        guard let cluster = client.cluster,
          seen.insert(NamespacedName(client.namespace, cluster)).inserted
        else { continue }
        occasions.append(
          Occasion(
            "client", cluster: cluster, namespace: client.namespace,
            variables: [
              "target": .map(["cluster": .string(target.name)]),
              "consumer": .map([
                "name": .string(chosen ?? PorterNames.consumerName(serviceName, target.name))
              ]),
            ]))
      }
    }
    return occasions
  }

  private mutating func findServers(_ lowered: inout LoweredUnit) {
    let checks = ObservedServerChecks(unit: unit, claim: claim.name)
    lowered.findings += checks.failures()
    for cluster in unit.sides {
      guard let service = unit.target(in: cluster.name)?.service ?? cluster.declared.services[unit.service]
      else { continue }
      let server = VirtualServer(
        claim: claim.name, service: service, cluster: cluster, opposite: unit.opposite(of: cluster),
        settings: unit.settings, primary: unit.primary, claims: unit.claims)
      lowered.findings += server.findings
      servers[cluster.name] = server
    }
    lowered.findings += checks.sharedAddresses(servers) + checks.differingPorts()
  }

  // MARK: The claim

  private func emitClaim(_ lowered: inout LoweredUnit) {
    let identity = ObjectIdentity(
      apiVersion: "porter.devops.gov.bc.ca/v1alpha1", kind: "TransportServerClaim", namespace: namespace,
      name: claim.name)
    if let existing = claim.existing {
      lowered.satisfied.append(
        Satisfied(cluster: unit.primary.name, identity: identity, manifest: existing.manifest))
      return
    }
    lowered.emissions.append(
      Emission(
        cluster: unit.primary.name, part: .manifests, template: "porter/transport-server-claim.yaml",
        identity: identity,
        settled: [
          SettledField(
            ["spec", "overrideServicePort"], String(claim.overridesServicePort), absent: "false",
            help:
              "write '${claim.overrideServicePort}': the ports of clients follow from what the Connection says, 'porter: {overrideServicePort: …}'"
          )
        ]))
  }

  // MARK: What the operator makes

  /// The TransportServer in the target's cluster, and the Service and Endpoints opposite that lead to it.
  private func emitOperatorObjects(for target: ClusterModel, _ lowered: inout LoweredUnit) {
    guard let server = servers[target.name] else { return }
    let consumer = PorterNames.consumerName(serviceName, target.name)
    let transportServer = ObjectIdentity(
      apiVersion: "cis.f5.com/v1", kind: "TransportServer", namespace: namespace, name: claim.name)
    let service = ObjectIdentity(apiVersion: "v1", kind: "Service", namespace: namespace, name: consumer)
    let endpoints = ObjectIdentity(apiVersion: "v1", kind: "Endpoints", namespace: namespace, name: consumer)
    let opposite = unit.opposite(of: target)
    guard let address = server.address, let port = server.port else {
      var objects = [Placement(target.name, .expected, transportServer)]
      if let opposite, !unit.settings.emitsEndpoints {
        objects += [service, endpoints].map { Placement(opposite.name, .expected, $0) }
      }
      report(missing: server, of: target, objects: objects, &lowered)
      return
    }
    let variables: TemplateFields = [
      "server": .map([
        "address": .string(address), "port": .integer(port),
        "label": .string(VirtualServer.label(for: serviceType)),
      ]),
      "consumer": .map([
        "name": .string(consumer),
        "port": .integer(claim.overridesServicePort ? claim.port.port.number : port),
      ]),
    ]
    lowered.emissions.append(
      Emission(
        cluster: target.name, part: .expected, template: "porter/transport-server.yaml",
        identity: transportServer,
        variables: variables))
    guard let opposite, !unit.settings.emitsEndpoints else { return }
    lowered.emissions.append(
      Emission(
        cluster: opposite.name, part: .expected, template: "porter/operator-service.yaml", identity: service,
        variables: variables))
    lowered.emissions.append(
      Emission(
        cluster: opposite.name, part: .expected, template: "porter/operator-endpoints.yaml",
        identity: endpoints,
        variables: variables))
  }

  /// The operator looks at the Service of the primary only.
  private var serviceType: String {
    unit.target(in: unit.primary.name)?.service.type ?? unit.primary.declared.services[unit.service]?.type
      ?? "NodePort"
  }

  private func report(
    missing server: VirtualServer, of target: ClusterModel, objects: [Placement],
    _ lowered: inout LoweredUnit
  ) {
    let facts = [server.address == nil ? "address" : nil, server.port == nil ? "port" : nil].compactMap { $0 }
    lowered.pending.append(
      Pending(
        cluster: target.name, namespace: namespace,
        fact: "the \(facts.joined(separator: " and ")) of TransportServerClaim \(claim.name)",
        objects: objects,
        resources: "tscs,ts,svc,endpoints"))
  }

  // MARK: Consumers that the operator does not serve

  /// A selectorless Service with its address: for clients of the pair where Linkwright writes it, and for
  /// clients of other clusters.
  private func emitConsumers(_ lowered: inout LoweredUnit) {
    var done: Set<String> = []
    for client in ServedClient.all(of: unit) where done.insert(client.key).inserted {
      guard let target = unit.sides.first(where: { $0.name == client.target }) else { continue }
      emitConsumer(client.serviceName, client.namespace, client.cluster, target, &lowered)
    }
  }

  /// The clients of a target, with the name that their connection gives to the Service that they use.
  private func clients(of target: ClusterModel) -> [(client: BoundClient, serviceName: String?)] {
    unit.connections(to: target.name).flatMap { connection in
      let bound = connection.targets.first { $0.cluster == target.name && $0.service.key == unit.service }
      return (bound.map { connection.clients(of: $0) } ?? []).map { client in
        (client, client.cluster.flatMap { connection.section("porter", in: $0)?["serviceName"]?.string })
      }
    }
  }

  private func emitConsumer(
    _ name: String, _ place: String, _ cluster: String, _ target: ClusterModel, _ lowered: inout LoweredUnit
  ) {
    let usesSlices = unit.model.fleet.endpoints == .endpointSlice
    let service = ObjectIdentity(apiVersion: "v1", kind: "Service", namespace: place, name: name)
    let endpoints =
      usesSlices
      ? ObjectIdentity(
        apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", namespace: place, name: name + "-1")
      : ObjectIdentity(apiVersion: "v1", kind: "Endpoints", namespace: place, name: name)
    guard let server = servers[target.name], let address = server.address, let port = server.port else {
      report(
        missing: servers[target.name] ?? unknownServer, of: target,
        objects: [service, endpoints].map { Placement(cluster, .manifests, $0) },
        &lowered)
      return
    }
    let external = ExternalEndpoint(
      namespace: place, name: name, addresses: [address],
      ports: [
        ExternalEndpoint.Port(
          name: nil, service: claim.overridesServicePort ? claim.port.port.number : port, target: port,
          transport: .tcp)
      ])
    external.emit(to: cluster, in: unit.model, &lowered)
  }

  private var unknownServer: VirtualServer {
    VirtualServer(
      claim: claim.name,
      service: unit.target(in: unit.primary.name)?.service ?? unit.connections[0].targets[0].service,
      cluster: unit.primary, opposite: nil, settings: unit.settings, primary: unit.primary,
      claims: unit.claims)
  }

  // MARK: Published addresses

  private func emitPublished(_ lowered: inout LoweredUnit) {
    /// The target that a ConfigMap tells of, by cluster, namespace and name.
    var told: [String: String] = [:]
    for connection in unit.connections {
      for target in connection.targets where target.service.key == unit.service {
        for client in connection.clients(of: target) {
          guard let cluster = client.cluster,
            let configMap = connection.connection.publishedConfigMap(in: cluster)
          else { continue }
          let place = "\(cluster)/\(client.namespace)/\(configMap.value)"
          if let other = told[place] {
            if other != target.cluster {
              reportToldTwice(configMap, cluster, [other, target.cluster], &lowered)
            }
            continue
          }
          told[place] = target.cluster
          let identity = ObjectIdentity(
            apiVersion: "v1", kind: "ConfigMap", namespace: client.namespace, name: configMap.value)
          publish(identity, connection, target, client, cluster, &lowered)
        }
      }
    }
  }

  private func reportToldTwice(
    _ configMap: Located<String>, _ cluster: String, _ targets: [String], _ lowered: inout LoweredUnit
  ) {
    lowered.findings.append(
      Diagnostic(
        PorterRules.publishedTwice,
        "ConfigMap '\(configMap.value)' in \(cluster) would tell of \(targets.joined(separator: " and of "))",
        at: configMap.node.range, "one ConfigMap, two peers",
        help: ["declare a Connection per target cluster, each with a ConfigMap of its own"]))
  }

  private func publish(
    _ identity: ObjectIdentity, _ connection: BoundConnection, _ target: BoundTarget, _ client: BoundClient,
    _ cluster: String, _ lowered: inout LoweredUnit
  ) {
    let server = servers[target.cluster]
    let port = claim.overridesServicePort ? claim.port.port.number : server?.port
    let isOwned = unit.model.clusters[cluster]?.declared.objects[identity] != nil
    guard let port else {
      guard let model = unit.model.clusters[target.cluster] else { return }
      report(
        missing: server ?? unknownServer, of: model,
        objects: [Placement(cluster, isOwned ? .components : .manifests, identity)], &lowered)
      return
    }
    let isMember = unit.settings.members.contains(cluster)
    let chosen = isMember ? nil : connection.section("porter", in: cluster)?["serviceName"]?.string
    let host =
      "\(chosen ?? PorterNames.consumerName(serviceName, target.cluster)).\(isMember ? namespace : client.namespace).svc.cluster.local"
    lowered.emissions.append(
      Emission(
        cluster: cluster, part: isOwned ? .components : .manifests, template: "shared/peer-config-map.yaml",
        identity: identity,
        variables: [
          "configMap": .map(["name": .string(identity.name), "namespace": .string(client.namespace)]),
          "peer": .map([
            "host": .string(host), "port": .string(String(port)), "address": .optional(server?.address),
            "addressPort": .optional(server?.port.map(String.init)),
          ]),
        ], connections: [connection.id.description]))
  }
}
