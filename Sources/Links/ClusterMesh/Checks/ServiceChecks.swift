import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Global Services: those of connections, and those that stand in manifests (facts 34 to 41).
struct ServiceChecks {
  let mesh: MeshLink
  let model: FleetModel

  private typealias Key = GlobalAnnotations.Key

  func findings(_ units: [GlobalServiceUnit]) -> [Diagnostic] {
    units.flatMap { checkUnit($0) } + declared(units)
  }

  // MARK: Services of connections

  private func checkUnit(_ unit: GlobalServiceUnit) -> [Diagnostic] {
    let targets = unit.targets
    guard let first = targets.first else { return [] }
    var findings: [Diagnostic] = []
    for target in targets.dropFirst() { findings += ports(target.service, target.cluster, first) }
    let places = Set(targets.map(\.cluster))
    for cluster in unit.consumers where !places.contains(cluster) {
      if let existing = unit.existing(in: cluster) { findings += ports(existing, cluster, first) }
    }
    findings += slices(unit, first) + namespaces(unit, targets) + affinities(unit, targets)
    findings += missingNamespaces(unit) + hostNetworks(unit) + sharedTargetPorts(unit, targets)
    return findings
  }

  /// Clients reach the Service through an object of its namespace in their own cluster.
  private func missingNamespaces(_ unit: GlobalServiceUnit) -> [Diagnostic] {
    let namespace = unit.service.namespace
    return unit.consumers.compactMap { cluster in
      guard let facts = model.clusters[cluster]?.declared, !facts.knows(namespace: namespace),
        let connection = unit.connections.first(where: { $0.clients.contains { $0.cluster == cluster } })
      else { return nil }
      return Diagnostic(
        ClusterMeshRules.missingNamespace,
        unit.isExported
          ? "Service \(unit.service.description) is imported into \(cluster) only if namespace \(namespace) exists there"
          : "Service \(unit.service.description) goes into \(cluster) as well, and namespace \(namespace) is not known there",
        at: (connection.targets.first?.reference ?? connection.connection.name.node).range,
        "no manifest of that namespace is known in \(cluster)",
        help: ["add the Namespace's manifest to the workloads of \(cluster)"])
    }
  }

  /// Pods in the network of their node do without Cilium's translation at the pod.
  private func hostNetworks(_ unit: GlobalServiceUnit) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for connection in unit.connections {
      for client in connection.clients {
        guard let cluster = client.cluster, let settings = mesh.member(cluster)?.settings,
          settings.replacesKubeProxy == false, let facts = model.clusters[cluster]?.declared
        else { continue }
        findings += (facts.workloads[client.namespace] ?? []).filter {
          $0.isHostNetwork && client.podSelector?.matches($0.podLabels) ?? true
        }.map { workload in
          Diagnostic(
            ClusterMeshRules.withoutReplacement,
            "\(workload.description) of \(cluster) runs in the host's network: it reaches pods of \(cluster) only through Service \(unit.service.description)",
            at: (workload.pod.at("spec", "hostNetwork") ?? workload.manifest.nameNode).range, "host network",
            also: (settings.node["kubeProxyReplacement"].map {
              [Label($0.range, "kube-proxy does not know remote endpoints")]
            }) ?? [],
            help: ["switch on kubeProxyReplacement, or take the pods out of the host's network"])
        }
      }
    }
    return findings
  }

  private func sharedTargetPorts(_ unit: GlobalServiceUnit, _ targets: [BoundTarget]) -> [Diagnostic] {
    let places = targets.map(\.cluster) + unit.consumers
    guard
      let old = places.lazy.compactMap({ mesh.member($0) }).first(where: {
        $0.settings.chartVersion.losesSharedTargetPorts
      })
    else { return [] }
    let findings = targets.compactMap { target -> Diagnostic? in
      var first: [String: ServicePort] = [:]
      for port in target.service.ports {
        let key = "\(port.target.description)/\(port.transport.rawValue)"
        guard let other = first[key] else {
          first[key] = port
          continue
        }
        return Diagnostic(
          ClusterMeshRules.sharedTargetPort,
          "ports \(other.description) and \(port.description) of Service \(unit.service.description) lead to one target port, and \(old.cluster) would give one of them remote endpoints",
          at: port.node.range, "target port \(port.target.description) again",
          also: [
            Label(other.node.range, "the first"),
            Label(old.settings.chartNode.range, "chart \(old.settings.chartVersion.description)"),
          ],
          help: ["keep one of the ports, let the pods listen at two, or upgrade \(old.cluster) to chart 1.20"]
        )
      }
      return nil
    }
    // The members' manifests are mostly the same: told once.
    guard var finding = findings.first else { return [] }
    for other in findings.dropFirst() {
      if let range = other.primary?.range { finding.secondary.append(Label(range, "so here")) }
    }
    return [finding]
  }

  /// Backends join by the port's name; number and target may differ.
  private func ports(_ service: Service, _ cluster: String, _ first: BoundTarget) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for bound in first.ports {
      let wanted = bound.port
      if service.ports.contains(where: { $0.name == wanted.name && $0.transport == wanted.transport }) {
        continue
      }
      let near =
        service.ports.first { $0.name == wanted.name } ?? service.ports.first { $0.number == wanted.number }
      let has =
        near.map { "port \($0.description) over \($0.transport.rawValue)" } ?? "no port \(wanted.description)"
      findings.append(
        Diagnostic(
          ClusterMeshRules.portsDiffer,
          "Service \(service.key.description) has \(has) in \(cluster), and port \(wanted.description) over \(wanted.transport.rawValue) in \(first.cluster)",
          at: (near?.node ?? service.manifest.nameNode).range, "in \(cluster)",
          also: [Label(wanted.node.range, "in \(first.cluster)")],
          help: ["give the port one name and protocol in both clusters: endpoints are joined by them"]))
    }
    return findings
  }

  private func slices(_ unit: GlobalServiceUnit, _ first: BoundTarget) -> [Diagnostic] {
    unit.consumers.compactMap { cluster in
      guard unit.needsEndpointSlices(in: cluster), let member = mesh.member(cluster),
        let node = member.settings.node["endpointSliceSynchronization"], node.boolean == false
      else { return nil }
      return Diagnostic(
        ClusterMeshRules.headless,
        "clients in \(cluster) would not see remote endpoints of Service \(unit.service.description)",
        at: node.range,
        "switched off", also: [Label(first.reference.range, "needs EndpointSlices")],
        help: ["remove the line: Linkwright switches it on where a connection needs it"])
    }
  }

  private func namespaces(_ unit: GlobalServiceUnit, _ targets: [BoundTarget]) -> [Diagnostic] {
    guard let reference = targets.first?.reference else { return [] }
    return Set(targets.map(\.cluster) + unit.consumers).sorted().compactMap { cluster in
      guard let member = mesh.member(cluster), member.settings.needsGlobalNamespaces else { return nil }
      let manifest = model.clusters[cluster]?.declared.namespaces[unit.service.namespace]
      guard manifest?.annotation("clustermesh.cilium.io/global")?.lowercased() != "true" else { return nil }
      let setting = member.settings.node["defaultGlobalNamespace"] ?? member.settings.node
      return Diagnostic(
        ClusterMeshRules.localNamespace,
        "namespace \(unit.service.namespace) of \(cluster) exchanges no Services with the mesh",
        at: (manifest?.nameNode ?? reference).range,
        manifest == nil ? "no manifest of it is known" : "not global",
        also: [Label(setting.range, "namespaces must opt in")],
        help: ["annotate the Namespace with clustermesh.cilium.io/global: \"true\" in \(cluster)"])
    }
  }

  private func affinities(_ unit: GlobalServiceUnit, _ targets: [BoundTarget]) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for connection in unit.connections.dropFirst() {
      for case let cluster? in connection.clients.map(\.cluster) {
        guard let other = connection.section("clusterMesh", in: cluster)?["affinity"],
          let first = unit.affinity(in: cluster), first.value != other.text
        else { continue }
        findings.append(
          Diagnostic(
            ClusterMeshRules.affinityConflict,
            "two connections want affinity \(first.value) and \(other.text) for Service \(unit.service.description) in \(cluster)",
            at: other.range, other.text, also: [Label(first.node.range, first.value)],
            help: ["a Service has one affinity in a cluster: agree on it"]))
      }
    }
    return findings
  }

  // MARK: Services in manifests

  private func declared(_ units: [GlobalServiceUnit]) -> [Diagnostic] {
    let reached = Set(units.map(\.service))
    var findings: [Diagnostic] = []
    var holders: [NamespacedName: [(MeshMember, Service)]] = [:]
    for member in mesh.bound {
      guard let facts = model.clusters[member.cluster]?.declared else { continue }
      for (key, service) in facts.services {
        findings += annotations(service)
        guard GlobalAnnotations.isGlobal(service.manifest) else { continue }
        holders[key, default: []].append((member, service))
        findings += nodePorts(service, member) + exports(service, facts)
      }
    }
    for (key, list) in holders.sorted(by: { $0.key < $1.key }) {
      findings += shares(key, list)
      if list.count == 1, !reached.contains(key), !model.specification.hasInvalidClusters {
        findings.append(
          Diagnostic(
            ClusterMeshRules.alone, "Service \(key.description) is global in \(list[0].0.cluster) only",
            at: list[0].1.manifest.nameNode.range, "no other member has it",
            help: ["declare a Connection to it, create it in another member, or remove the annotation"]))
      }
    }
    return findings
  }

  private func annotations(_ service: Service) -> [Diagnostic] {
    guard let annotations = service.manifest.node.at("metadata", "annotations") else { return [] }
    var findings: [Diagnostic] = []
    func report(_ message: String, _ node: Node, _ help: String, _ severity: Severity = .error) {
      findings.append(
        Diagnostic(
          ClusterMeshRules.annotation, message, at: node.range, "of Service \(service.key.description)",
          help: [help]
        )
        .with(severity))
    }
    for key in Key.allCases {
      let current = annotations[key.rawValue]
      let legacy = key.legacy.flatMap { annotations.entry($0) }
      if let current, let legacy, current.text.lowercased() != legacy.value.text.lowercased() {
        report("\(key.rawValue) and \(legacy.key.text) disagree", legacy.value, "remove \(legacy.key.text)")
      } else if let legacy {
        report(
          "\(legacy.key.text) is the old name of \(key.rawValue)", legacy.key, "use the new name", .warning)
      }
      guard let value = current ?? legacy?.value else { continue }
      let legal = key == .affinity ? ["local", "remote", "none"] : ["true", "false"]
      if value.kind != .string {
        report(
          "the value of \(key.rawValue) is \(value.kind.description), not a string", value,
          "quote it: \"\(value.text)\"")
      } else if !legal.contains(value.text.lowercased()) {
        report(
          "'\(value.text)' is no value of \(key.rawValue)", value, "write \(legal.joined(separator: " or "))")
      }
      if key == .shared || key == .affinity, !GlobalAnnotations.isGlobal(service.manifest) {
        report(
          "\(key.rawValue) has no effect on a Service that is not global", value,
          "add service.cilium.io/global: \"true\", or remove it")
      }
    }
    return findings
  }

  private func nodePorts(_ service: Service, _ member: MeshMember) -> [Diagnostic] {
    guard ["NodePort", "LoadBalancer"].contains(service.type), member.settings.replacesKubeProxy != true
    else { return [] }
    let declared = member.settings.node["kubeProxyReplacement"]
    return [
      Diagnostic(
        ClusterMeshRules.withoutReplacement,
        "node ports of global Service \(service.key.description) lead to pods of \(member.cluster) only",
        at: service.typeNode.range, "type \(service.type)",
        also: [
          Label(
            (declared ?? member.settings.node).range,
            declared == nil
              ? "no kubeProxyReplacement, which the chart leaves off"
              : "kube-proxy does not know remote endpoints")
        ],
        help: [
          declared == nil
            ? "declare 'kubeProxyReplacement: true' where it is on, or use the Service from pods only"
            : "switch on kubeProxyReplacement, or use the Service from pods only"
        ])
    ]
  }

  /// Two ways to one end would make two imports.
  private func exports(_ service: Service, _ facts: ClusterFacts) -> [Diagnostic] {
    let identity = ObjectIdentity(
      apiVersion: "multicluster.x-k8s.io/v1alpha1", kind: "ServiceExport", namespace: service.key.namespace,
      name: service.key.name)
    guard let export = facts.objects[identity] else { return [] }
    return [
      Diagnostic(
        ClusterMeshRules.exportedTwice,
        "Service \(service.key.description) is global and has a ServiceExport",
        at: export.nameNode.range, "the export", also: [Label(service.manifest.nameNode.range, "global")],
        help: ["keep one of them"])
    ]
  }

  private func shares(_ key: NamespacedName, _ list: [(MeshMember, Service)]) -> [Diagnostic] {
    let exporters = list.filter { GlobalAnnotations.isShared($0.1.manifest) }
    guard let first = list.first, list.count > 1 else { return [] }
    if exporters.isEmpty {
      return [
        Diagnostic(
          ClusterMeshRules.noExporter, "no cluster shares the endpoints of global Service \(key.description)",
          at: first.1.manifest.nameNode.range,
          "shared: \"false\" in \(list.map(\.0.cluster).joined(separator: ", "))",
          help: ["remove service.cilium.io/shared where the pods are"])
      ]
    }
    return list.compactMap { member, service in
      guard GlobalAnnotations.value(.affinity, of: service.manifest) == "remote",
        !exporters.contains(where: { $0.0.cluster != member.cluster })
      else { return nil }
      return Diagnostic(
        ClusterMeshRules.noExporter,
        "Service \(key.description) of \(member.cluster) prefers remote endpoints, and no other cluster shares any",
        at: service.manifest.nameNode.range, "affinity: remote",
        help: ["let another cluster share its endpoints, or remove the affinity"]
      ).with(.warning)
    }
  }
}
