import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Services behind the Multi-Cluster Services API (fact 41).
struct ExportChecks {
  let mesh: MeshLink
  let model: FleetModel

  /// - Parameters:
  ///   - units: those that are exported.
  ///   - importing: clusters with clients of them.
  func findings(_ units: [GlobalServiceUnit], importing: Set<String>) -> [Diagnostic] {
    let services = units.flatMap { unit -> [Diagnostic] in
      exportable(unit) + ports(unit) + conflicts(unit) + preferences(unit) + global(unit)
    }
    return services + names(importing, units) + definitions() + importsByHand() + exportsOfNothing()
  }

  // MARK: Services

  private func exportable(_ unit: GlobalServiceUnit) -> [Diagnostic] {
    unit.targets.filter { $0.service.type == "ExternalName" }.map { target in
      Diagnostic(
        ClusterMeshRules.notExportable,
        "Service \(unit.service.description) of \(target.cluster) is of type ExternalName and cannot be exported",
        at: target.service.typeNode.range, "no pods of its own",
        also: [Label(target.reference.range, "reached by this connection")],
        help: ["export the Service that the name leads to, or let clients use that name"])
    }
  }

  /// A port as the import has it.
  private struct Port: Hashable {
    let name: String?
    let number: Int
    let transport: TransportProtocol

    var description: String {
      "\(number)/\(transport.rawValue)\(name.map { " (\($0))" } ?? "")"
    }
  }

  /// The oldest export decides about the ports of the import, and nobody knows here which one that is.
  private func ports(_ unit: GlobalServiceUnit) -> [Diagnostic] {
    func ports(_ target: BoundTarget) -> Set<Port> {
      Set(target.service.ports.map { Port(name: $0.name, number: $0.number, transport: $0.transport) })
    }
    func described(_ ports: Set<Port>) -> String { listed(ports.map(\.description).sorted()) }
    guard let first = unit.targets.first else { return [] }
    let wanted = ports(first)
    return unit.targets.dropFirst().compactMap { target in
      let own = ports(target)
      guard own != wanted else { return nil }
      let place = target.service.ports.first { port in
        !wanted.contains(Port(name: port.name, number: port.number, transport: port.transport))
      }
      return Diagnostic(
        ClusterMeshRules.exportPorts,
        "Service \(unit.service.description) has \(described(own)) in \(target.cluster), and \(described(wanted)) in \(first.cluster)",
        at: (place?.node ?? target.service.manifest.nameNode).range, "in \(target.cluster)",
        also: [
          Label(
            (first.service.ports.first?.node ?? first.service.manifest.nameNode).range, "in \(first.cluster)")
        ],
        help: ["give the Service the same ports in every cluster: name, number and protocol"])
    }
  }

  /// Other fields of which an import has one value.
  private func conflicts(_ unit: GlobalServiceUnit) -> [Diagnostic] {
    guard let first = unit.targets.first else { return [] }
    let fields: [(what: String, path: [String], absent: String)] = [
      ("session affinity", ["sessionAffinity"], "None"),
      ("session affinity timeout", ["sessionAffinityConfig", "clientIP", "timeoutSeconds"], "10800"),
      ("internal traffic policy", ["internalTrafficPolicy"], "Cluster"),
      ("traffic distribution", ["trafficDistribution"], "none"),
    ]
    var findings: [Diagnostic] = []
    func spec(_ target: BoundTarget, _ path: [String]) -> Node? {
      path.reduce(target.service.manifest.node["spec"]) { $0?[$1] }
    }
    for target in unit.targets.dropFirst() {
      func report(_ what: String, _ own: String, _ other: String, _ node: Node?, _ otherNode: Node?) {
        findings.append(
          Diagnostic(
            ClusterMeshRules.exportConflict,
            "the \(what) of Service \(unit.service.description) is \(own) in \(target.cluster) and \(other) in \(first.cluster)",
            at: (node ?? target.service.manifest.nameNode).range, own,
            also: [Label((otherNode ?? first.service.manifest.nameNode).range, other)],
            help: ["write it alike in every cluster that exports the Service"]))
      }
      if target.service.isHeadless != first.service.isHeadless {
        let text = { (target: BoundTarget) in target.service.isHeadless ? "headless" : "a cluster IP" }
        report(
          "type", text(target), text(first), spec(target, ["clusterIP"]), spec(first, ["clusterIP"]))
      }
      for field in fields {
        let (a, b) = (spec(first, field.path), spec(target, field.path))
        let (one, other) = (a?.text ?? field.absent, b?.text ?? field.absent)
        if one != other { report(field.what, other, one, b, a) }
      }
    }
    return findings
  }

  /// Preferences travel with the export: they cannot differ by the clients' cluster.
  private func preferences(_ unit: GlobalServiceUnit) -> [Diagnostic] {
    guard let first = unit.preferences.first else { return [] }
    var findings: [Diagnostic] = []
    if let other = unit.preferences.first(where: { $0.affinity.value != first.affinity.value }) {
      findings.append(
        Diagnostic(
          ClusterMeshRules.affinityConflict,
          "clients in \(first.cluster) want affinity \(first.affinity.value) for Service \(unit.service.description), clients in \(other.cluster) \(other.affinity.value)",
          at: other.affinity.node.range, other.affinity.value,
          also: [Label(first.affinity.node.range, first.affinity.value)],
          help: [
            "an export carries one affinity to all clusters: agree on it, or use 'services: global' on the link"
          ]))
    }
    for target in unit.targets {
      guard let settings = mesh.member(target.cluster)?.settings, !settings.chartVersion.exportsAnnotations
      else { continue }
      findings.append(
        Diagnostic(
          ClusterMeshRules.chartVersion,
          "chart \(settings.chartVersion.description) of \(target.cluster) hands no affinity on with an export",
          at: first.affinity.node.range, "would be lost",
          also: [Label(settings.chartNode.range, "the chart of \(target.cluster)")],
          help: ["upgrade the chart, remove the affinity, or write 'services: global' for it"]))
    }
    return findings
  }

  private func global(_ unit: GlobalServiceUnit) -> [Diagnostic] {
    unit.targets.compactMap { target in
      guard !target.service.isInline, GlobalAnnotations.isGlobal(target.service.manifest) else { return nil }
      return Diagnostic(
        ClusterMeshRules.exportedTwice,
        "Service \(unit.service.description) of \(target.cluster) is global and would be exported as well",
        at: target.service.manifest.nameNode.range, "global",
        also: [
          Label(
            (unit.connections.first.flatMap(mesh.form) ?? mesh.link.name.node).range, "to be exported")
        ],
        help: ["remove service.cilium.io/global, or write 'services: global' for it"])
    }
  }

  // MARK: Clusters

  /// Names below clusterset.local are CoreDNS's work, where clients are.
  private func names(_ consuming: Set<String>, _ units: [GlobalServiceUnit]) -> [Diagnostic] {
    mesh.bound.compactMap { member in
      let settings = member.settings
      let isOpenShift = model.clusters[member.cluster]?.cluster.distribution == .openshift
      let declared = settings.mcsapi?["coreDNS"]
      let hasClients = consuming.contains(member.cluster)
      switch settings.configuresCoreDNS(hasClients: hasClients, isOpenShift: isOpenShift) {
      case .some(true) where !settings.chartVersion.configuresCoreDNS || isOpenShift:
        return Diagnostic(
          ClusterMeshRules.clustersetNames,
          isOpenShift
            ? "OpenShift's operator owns the DNS of \(member.cluster): the chart cannot configure it"
            : "chart \(settings.chartVersion.description) of \(member.cluster) cannot configure CoreDNS",
          at: (declared ?? settings.chartNode).range,
          isOpenShift ? "not kubeadm's CoreDNS" : "known since 1.19",
          help: ["make it answer for clusterset.local, and then write 'coreDNS: configured'"])
      case .some: return nil
      case nil:
        let connection = units.first { $0.consumers.contains(member.cluster) }?.connections.first
        return Diagnostic(
          ClusterMeshRules.clustersetNames, "nobody answers for clusterset.local in \(member.cluster)",
          at: settings.chartNode.range,
          isOpenShift ? "the chart cannot configure OpenShift's DNS" : "configures CoreDNS since 1.19",
          also: connection.map { [Label($0.connection.name.node.range, "has clients there")] } ?? [],
          help: [
            "give CoreDNS 1.12.2 the option 'multicluster clusterset.local' and permission to read ServiceImports, then write 'mcsapi: {coreDNS: configured}'"
          ])
      }
    }
  }

  private static let names = ["serviceexports", "serviceimports"]

  /// Before 1.19 nobody installs the kinds; later Cilium does, unless told not to.
  private func definitions() -> [Diagnostic] {
    mesh.bound.compactMap { member in
      let settings = member.settings
      let isLeftOut = settings.mcsapi?["installCRDs"]
      guard !settings.chartVersion.hasMCSSection || isLeftOut?.boolean == false else { return nil }
      let facts = model.clusters[member.cluster]?.declared
      let missing = Self.names.filter { name in
        facts?.objects[
          ObjectIdentity(
            group: "apiextensions.k8s.io", kind: "CustomResourceDefinition", namespace: nil,
            name: "\(name).multicluster.x-k8s.io")] == nil
      }
      guard !missing.isEmpty else { return nil }
      return Diagnostic(
        ClusterMeshRules.exportDefinitions,
        "no manifest of \(member.cluster) defines \(listed(missing.map { "\($0).multicluster.x-k8s.io" }))",
        at: (isLeftOut ?? settings.chartNode).range,
        isLeftOut == nil ? "installed by the chart since 1.19" : "not installed by Cilium",
        help: [
          "install the CustomResourceDefinitions of kubernetes-sigs/mcs-api before the chart, or upgrade it"
        ])
    }
  }

  private func importsByHand() -> [Diagnostic] {
    mesh.bound.flatMap { member -> [Diagnostic] in
      let objects = model.clusters[member.cluster]?.declared.objects ?? [:]
      let imports = objects.filter {
        $0.key.kind == "ServiceImport" && $0.key.group == "multicluster.x-k8s.io"
      }
      return imports.map { identity, manifest in
        Diagnostic(
          ClusterMeshRules.importByHand, "\(identity.description) of \(member.cluster) is Cilium's to write",
          at: manifest.nameNode.range, "two writers would fight",
          help: ["remove the manifest: imports follow from exports"])
      }
    }
  }

  /// An export of a Service that is not there; in namespaces of which no Service is known nobody can tell.
  private func exportsOfNothing() -> [Diagnostic] {
    mesh.bound.flatMap { member -> [Diagnostic] in
      guard let cluster = model.clusters[member.cluster] else { return [] }
      let exports = cluster.declared.objects.filter {
        $0.key.kind == "ServiceExport" && $0.key.group == "multicluster.x-k8s.io"
      }
      return exports.sorted { $0.key.description < $1.key.description }.compactMap { identity, manifest in
        let key = NamespacedName(identity.namespace ?? "default", identity.name)
        let known = cluster.declared.serviceNames(in: key.namespace)
        guard cluster.declared.services[key] == nil, cluster.observed.services[key] == nil, !known.isEmpty
        else {
          return nil
        }
        return Diagnostic(
          ClusterMeshRules.exportOfNothing,
          "\(identity.description) of \(member.cluster) exports a Service that is not there",
          at: manifest.nameNode.range, "no Service of this name",
          help: [
            didYouMean(key.name, among: known)
              ?? "an export has the name and namespace of its Service; those of \(key.namespace) are \(listed(known))"
          ])
      }
    }
  }
}
