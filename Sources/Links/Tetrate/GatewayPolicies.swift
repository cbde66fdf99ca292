import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// The policies on the way through an east-west gateway: out of the clients, into the gateway, into the pods.
///
/// A policy is emitted only where pods are isolated already; one for open pods would close them.
struct GatewayPolicies {
  let traffic: TetrateTraffic
  let service: NamespacedName
  let connections: [BoundConnection]

  private var link: TetrateLink { traffic.link }
  private var model: FleetModel { traffic.model }

  func emit(into lowered: inout LoweredUnit) {
    var done: Set<String> = []
    for connection in connections {
      for target in connection.targets where target.service.key == service {
        guard !connection.clients(of: target).isEmpty, done.insert(target.cluster).inserted else { continue }
        emitIngress(target, &lowered)
      }
    }
    emitEgress(&lowered)
  }

  // MARK: Into the pods

  private func emitIngress(_ target: BoundTarget, _ lowered: inout LoweredUnit) {
    guard let cluster = model.clusters[target.cluster], let gateway = traffic.gateways[target.cluster] else {
      return
    }
    let isolated = IsolatedPods(
      target, in: cluster, runtimeLabels: connections.runtimeLabels(in: cluster.name))
    if isolated.isUnknown { lowered.findings.append(unknownBaseline(cluster)) }
    guard !isolated.selectors.isEmpty else { return }
    let ports = ports(of: target)
    let sender = PodPeer(labels: gateway.choice.labels, namespace: gateway.namespace, in: cluster)
    let labels = isolated.workloads.isEmpty ? [target.service.selector] : isolated.workloads.map(\.podLabels)
    if let proof = admission(
      labels, sender, ports, isolated.workloads.first, service.namespace, .ingress, cluster)
    {
      lowered.satisfied.append(
        Satisfied(cluster: cluster.name, identity: proof.identity, manifest: proof))
      return
    }
    guard
      let base = TetrateNames.name(
        "ingressPolicy", link, service: service, cluster: cluster.name, in: model, &lowered.findings)
    else { return }
    for (index, selector) in isolated.selectors.enumerated() {
      emit(
        "ingress-policy", index == 0 ? base : "\(base)-\(index + 1)", service.namespace, cluster.name,
        [
          "podSelector": target.service.selector.value, "selector": selector,
          "gateway": .map([
            "namespace": .string(gateway.namespace), "podLabels": gateway.choice.labels.value,
          ]),
          "ports": .list(ports.map(\.value)),
        ], &lowered)
    }
  }

  private func ports(of target: BoundTarget) -> [PodPort] {
    var seen: Set<PodPort> = []
    let wanted = connections.flatMap { connection in
      connection.targets.filter { $0.cluster == target.cluster && $0.service.key == service }.flatMap(\.ports)
    }
    return wanted.map { bound in
      let numbers = Set(target.pods.compactMap { $0.number(of: bound.port.target, bound.port.transport) })
      if numbers.count == 1, let number = numbers.first {
        return PodPort(.number(number), bound.port.transport)
      }
      return PodPort(bound.port.target, bound.port.transport)
    }.filter { seen.insert($0).inserted }
  }

  // MARK: Out of the clients

  private func emitEgress(_ lowered: inout LoweredUnit) {
    /// Exporters by group of clients.
    var groups: [String: (client: BoundClient, exporters: Set<String>)] = [:]
    for connection in connections {
      for client in connection.clients {
        guard let name = client.cluster, let cluster = model.clusters[name] else { continue }
        let exporters = connection.targets.filter { $0.service.key == service && $0.cluster != name }
        guard !exporters.isEmpty, !IsolatedPods(client, in: cluster).selectors.isEmpty else { continue }
        let key = "\(name) \(client.namespace) \(client.podSelector?.description ?? "")"
        groups[key, default: (client, [])].exporters.formUnion(exporters.map(\.cluster))
      }
    }
    var used: Set<String> = []
    for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
      emitEgress(group.client, group.exporters.sorted(), &used, &lowered)
    }
  }

  private func emitEgress(
    _ client: BoundClient, _ exporters: [String], _ used: inout Set<String>, _ lowered: inout LoweredUnit
  ) {
    guard let name = client.cluster, let cluster = model.clusters[name] else { return }
    let addresses = exporters.map { ($0, traffic.address(of: $0)) }
    for case (let exporter, .name(let host)) in addresses {
      lowered.findings.append(
        Diagnostic(
          TetrateRules.egressToName,
          "pods of \(client.namespace) in \(name) may not go out, and the gateway of \(exporter) has a name instead of an address",
          at: client.node.range, "a NetworkPolicy cannot admit \(host)",
          help: [
            "give the gateway addresses in 'gateway.addresses', or admit port \(InstallGateway.port) in a policy of your own"
          ]))
    }
    let networks = addresses.flatMap { _, address -> [IPNetwork] in
      guard case .ips(let addresses) = address else { return [] }
      return addresses.compactMap { IPAddress($0) }.map(IPNetwork.init(only:))
    }
    guard !networks.isEmpty else { return }
    let isolated = IsolatedPods(client, in: cluster)
    let pods = isolated.workloads.map(\.podLabels)
    let proof = cluster.declared.policies[client.namespace]?.first { policy in
      policy.isolatesEgress && !pods.isEmpty && pods.allSatisfy(policy.podSelector.matches)
        && networks.allSatisfy { network in
          policy.rules(.egress).contains {
            NetworkPolicy.rule($0, admits: network, InstallGateway.port, .tcp)
          }
        }
    }
    let cilium = CiliumAdmission(cluster, client.namespace, .egress)
    if let proof = proof?.manifest
      ?? cilium.policy(
        pods, [PodPort(.number(InstallGateway.port), .tcp)], peer: { cilium.names(networks, $0) })
    {
      lowered.satisfied.append(Satisfied(cluster: name, identity: proof.identity, manifest: proof))
      return
    }
    guard
      let base = TetrateNames.name(
        "egressPolicy", link, service: service, cluster: name, in: model, &lowered.findings)
    else { return }
    var number = 1
    for selector in isolated.selectors {
      var policy = number == 1 ? base : "\(base)-\(number)"
      while !used.insert("\(name)/\(client.namespace)/\(policy)").inserted {
        number += 1
        policy = "\(base)-\(number)"
      }
      emit(
        "egress-policy", policy, client.namespace, name,
        [
          "podSelector": selector,
          "networks": .list(networks.map { .string($0.description) }), "dns": ClusterDNS(cluster).value(),
        ], &lowered)
    }
  }

  // MARK: Isolation

  private func unknownBaseline(_ cluster: ClusterModel) -> Diagnostic {
    Diagnostic(
      TetrateRules.unknownBaseline,
      "nobody says what policies \(cluster.name) puts into every namespace; policies are emitted only where manifests isolate pods",
      at: cluster.cluster.name.node.range, "no spec.network.baseline",
      help: [
        "list the platform's policies in spec.network.baseline, or write 'baseline: []' if there are none"
      ])
  }

  /// The manifest of an existing policy that admits the peer to all ports; nil when there is none.
  private func admission(
    _ labels: [Labels], _ peer: PodPeer, _ ports: [PodPort], _ pod: Workload?, _ namespace: String,
    _ direction: NetworkPolicy.Direction, _ cluster: ClusterModel
  ) -> Manifest? {
    let cilium = CiliumAdmission(cluster, namespace, direction)
    return cluster.declared.policies[namespace]?.first { policy in
      policy.isolates(direction) && labels.allSatisfy(policy.podSelector.matches)
        && ports.allSatisfy { port in
          policy.rules(direction).contains { rule in
            peer.isAdmitted(by: rule, direction, of: namespace) && Self.admits(rule, port, pod)
          }
        }
    }?.manifest ?? cilium.policy(labels, ports) { cilium.names(peer, $0) }
  }

  private static func admits(_ rule: Node, _ port: PodPort, _ pod: Workload?) -> Bool {
    switch port.reference {
    case .number(let number):
      let name = pod?.containerPorts.first { $0.number == number && $0.transport == port.transport }?.name
      return NetworkPolicy.rule(rule, admits: number, name: name, port.transport)
    case .name(let name):
      return NetworkPolicy.rule(
        rule, admits: pod?.number(of: port.reference, port.transport), name: name, port.transport)
    }
  }

  // MARK: Values

  private func emit(
    _ template: String, _ name: String, _ namespace: String, _ cluster: String,
    _ variables: TemplateFields, _ lowered: inout LoweredUnit
  ) {
    let own: TemplateFields = ["name": .string(name), "namespace": .string(namespace)]
    lowered.emissions.append(
      Emission(
        cluster: cluster, part: .manifests, template: "tetrate/\(template).yaml",
        identity: ObjectIdentity(
          apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace: namespace, name: name),
        variables: ["policy": .map(own.merging(variables))]))
  }
}
