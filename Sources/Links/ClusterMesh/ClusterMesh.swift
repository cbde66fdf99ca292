package import Diagnostics
package import FleetSpec
import Kubernetes
package import Linker
import YAMLTree

/// Cilium ClusterMesh: Helm values for every member, access to their API servers, global Services and the
/// policies around them.
///
/// Source of the rules: the charts of cilium/charts and the code and documentation of cilium/cilium.
package enum ClusterMesh: LinkType {
  package static let descriptor = LinkDescriptor(
    key: "clusterMesh", rules: ClusterMeshRules.all, templates: MeshTemplates.all,
    observes: [
      ReducedKind(
        group: "", kind: "Service",
        fields: [
          ["status", "loadBalancer", "ingress", "[]", "ip"],
          ["status", "loadBalancer", "ingress", "[]", "hostname"],
        ]),
      ReducedKind(
        group: "", kind: "Node", scope: .cluster, resources: ["no", "node", "nodes"],
        fields: [
          ["status", "addresses", "[]", "address"], ["status", "addresses", "[]", "type"],
        ]),
    ],
    perCluster: [PerClusterField(["affinity"], .client), PerClusterField(["syncEndpointSlices"], .client)],
    extras: MeshTemplates.extras)

  package static func bind(_ link: Link, in model: FleetModel) -> LinkBinding {
    var findings: [Diagnostic] = []
    let settings = MeshSettings(link.section)
    let members = members(of: link, in: model, &findings)
    guard !findings.contains(where: { $0.severity == .error }) else { return LinkBinding(nil, findings) }
    let mesh = MeshLink(link: link, settings: settings, bound: members)
    findings += IdentityChecks(mesh: mesh, model: model).findings()
    findings += AddressingChecks(mesh: mesh, model: model).findings()
    findings += PeerChecks(mesh: mesh, model: model).findings()
    findings += PeerNetworkChecks(mesh: mesh, model: model).findings()
    findings += CertificateChecks(mesh: mesh, model: model).findings()
    findings += VersionChecks(mesh: mesh, model: model).findings()
    findings += APIServerChecks(mesh: mesh, model: model).findings()
    findings += HostFirewallChecks(mesh: mesh, model: model).findings()
    return LinkBinding(mesh, findings)
  }

  package static func check(_ model: FleetModel) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    var first: [String: Label] = [:]
    for (_, link) in model.specification.links.sorted(by: { $0.key < $1.key })
    where link.type.value == descriptor.key {
      var ignored: [Diagnostic] = []
      for member in members(of: link, in: model, &ignored) {
        let label = Label(link.name.node.range, "the first mesh")
        guard let other = first.updateValue(label, forKey: member.cluster) else { continue }
        findings.append(
          Diagnostic(
            ClusterMeshRules.twoMeshes, "cluster '\(member.cluster)' is a member of two meshes",
            at: link.name.node.range, "the second mesh", also: [other],
            help: ["a cluster has one Cilium and one list of peers: join the two Links"]))
      }
    }
    return findings
  }

  // MARK: Members

  private static func members(
    of link: Link, in model: FleetModel, _ findings: inout [Diagnostic]
  ) -> [MeshMember] {
    let section = link.section
    let named = section["members"]
    let selector = section["clusterSelector"]
    guard (named == nil) != (selector == nil) else {
      findings.append(
        Diagnostic(
          ClusterMeshRules.members,
          "Link '\(link.name.value)' \(named == nil ? "names no members" : "names and selects its members at once")",
          at: (selector ?? link.type.node).range, "", help: ["write one of 'members' and 'clusterSelector'"]))
      return []
    }
    var places: [(name: String, node: Node)] = []
    if let selector {
      let labels = LabelSelector(selector)
      places = model.clusterNames.compactMap { name in
        guard let cluster = model.clusters[name]?.cluster, labels.matches(cluster.labels) else { return nil }
        return (name, cluster.name.node)
      }
    } else {
      places = named?.elements.map { ($0.text, $0) } ?? []
    }
    var members: [MeshMember] = []
    for place in places {
      guard let cluster = model.clusters[place.name] else {
        reportUnknown(place.name, place.node, model, &findings)
        continue
      }
      guard let settings = CiliumSettings(cluster) else {
        findings.append(
          Diagnostic(
            ClusterMeshRules.members, "cluster '\(place.name)' has no 'cilium' section", at: place.node.range,
            "a member of mesh '\(link.name.value)'",
            also: [Label(cluster.cluster.name.node.range, "the cluster")],
            help: ["add spec.cilium with 'id' and 'chartVersion' to the Cluster"]))
        continue
      }
      members.append(MeshMember(cluster: place.name, settings: settings))
    }
    if places.count < 2 {
      findings.append(
        Diagnostic(
          ClusterMeshRules.members,
          "mesh '\(link.name.value)' has \(places.count == 1 ? "one member" : "no member")",
          at: (selector ?? named ?? link.type.node).range, "a mesh joins two clusters or more",
          help: ["add members, or remove the Link"]))
    }
    return members.sorted { $0.cluster < $1.cluster }
  }

  private static func reportUnknown(
    _ name: String, _ node: Node, _ model: FleetModel, _ findings: inout [Diagnostic]
  ) {
    guard !model.specification.isInvalid("Cluster", name) else { return }
    findings.append(
      Diagnostic(
        LinkerRules.unknownCluster, "there is no Cluster '\(name)'", at: node.range, "not declared",
        help: [
          didYouMean(name, among: model.clusterNames) ?? "the clusters are \(listed(model.clusterNames))"
        ]))
  }
}
