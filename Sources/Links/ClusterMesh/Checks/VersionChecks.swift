import Diagnostics
import FleetSpec
import Linker
import YAMLTree

/// What each chart version knows, and what members must have in common (facts 30 to 33 and 46).
struct VersionChecks {
  let mesh: MeshLink
  let model: FleetModel

  func findings() -> [Diagnostic] {
    objects() + mesh.bound.flatMap { keys($0) + deprecated($0) + kernel($0) + profile($0) } + skew()
      + policyDefaults()
  }

  private func keys(_ member: MeshMember) -> [Diagnostic] {
    let settings = member.settings
    guard ChartVersion.known.contains(settings.chartVersion) else {
      return [
        Diagnostic(
          ClusterMeshRules.chartVersion, "chart \(settings.chartVersion.description) is not known",
          at: settings.chartNode.range, "charts 1.16 to 1.20 are known",
          help: ["use a chart of that range: values of others may have other names"])
      ]
    }
    let since: [(key: Node?, name: String, version: ChartVersion)] = [
      (settings.node.key("policyDefaultLocalCluster"), "policyDefaultLocalCluster", .v1_18),
      (settings.node.key("cacheTTL"), "cacheTTL", .v1_19),
      (settings.mesh?.key("externallyCreated"), "externallyCreated", .v1_19),
      (settings.mcsapi?.key("installCRDs"), "mcsapi.installCRDs", .v1_19),
      (settings.node.key("defaultGlobalNamespace"), "defaultGlobalNamespace", .v1_20),
    ]
    return since.compactMap { key, name, version in
      guard let key, settings.chartVersion < version else { return nil }
      return Diagnostic(
        ClusterMeshRules.chartVersion, "chart \(settings.chartVersion.description) has no \(name)",
        at: key.range,
        "known since \(version.description)",
        also: [Label(settings.chartNode.range, "the chart of \(member.cluster)")],
        help: ["remove it, or upgrade the chart: Helm would ignore it silently"])
    }
  }

  /// Without the chart's list of peers, names of peers with addresses are known from 1.20 on only.
  private func objects() -> [Diagnostic] {
    guard mesh.settings.emitsObjects, let node = mesh.settings.node["emit"],
      let old = mesh.bound.first(where: { !$0.settings.chartVersion.readsHostAliases }),
      let peer = mesh.bound.first(where: { $0.cluster != old.cluster && $0.settings.address == nil })
    else { return [] }
    return [
      Diagnostic(
        ClusterMeshRules.objectsNeedNames,
        "\(old.cluster) would not know the address of \(peer.cluster) from an object: it runs chart \(old.settings.chartVersion.description)",
        at: node.range, "known since 1.20",
        also: [Label(old.settings.chartNode.range, "the chart of \(old.cluster)")],
        help: ["use 'emit: values', upgrade \(old.cluster), or give every member a DNS name as 'address'"])
    ]
  }

  private func deprecated(_ member: MeshMember) -> [Diagnostic] {
    guard !member.settings.usesKVStoreMesh, let node = member.settings.mesh?["kvstoremesh"] else { return [] }
    return [
      Diagnostic(
        ClusterMeshRules.kvstoremesh, "\(member.cluster) runs without KVStoreMesh", at: node.range,
        "deprecated since 1.18", help: ["remove the line: KVStoreMesh will always be on"])
    ]
  }

  private func kernel(_ member: MeshMember) -> [Diagnostic] {
    guard let node = member.settings.node["kernelVersion"] else { return [] }
    let numbers = node.text.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    guard numbers.count == 2 else { return [] }
    let version = (numbers[0], numbers[1])
    let needed =
      member.settings.encryption?.value == .wireguard
      ? (5, 10, "5.10 (WireGuard itself 5.6)") : (5, 10, "5.10")
    // The kernel of Red Hat Enterprise Linux 8.10 has what is needed, apart from WireGuard.
    let isRedHats = version == (4, 18) && member.settings.encryption?.value != .wireguard
    guard version < (needed.0, needed.1), !isRedHats else { return [] }
    return [
      Diagnostic(
        ClusterMeshRules.kernel, "kernel \(node.text) of \(member.cluster) is older than \(needed.2)",
        at: node.range,
        "Cilium needs a newer one", help: ["upgrade the nodes' kernels"])
    ]
  }

  /// A profile of another release answers for a Cilium that does not run there: from 1.19 on, a policy means its own
  /// cluster.
  private func profile(_ member: MeshMember) -> [Diagnostic] {
    guard let node = model.clusters[member.cluster]?.cluster.node.at("spec", "network", "profile"),
      node.text.hasPrefix("cilium-"), let said = ChartVersion(String(node.text.dropFirst("cilium-".count)))
    else { return [] }
    let chart = member.settings.chartVersion
    let fits = chart < .v1_19 ? said < .v1_19 : !(said < .v1_19)
    guard !fits else { return [] }
    return [
      Diagnostic(
        ClusterMeshRules.profileOfAnotherRelease,
        "profile \(node.text) is not that of chart \(chart.description), which \(member.cluster) runs",
        at: node.range, "another release",
        also: [Label(member.settings.chartNode.range, "the chart of \(member.cluster)")],
        help: ["remove the line: the profile follows from the chart's version"])
    ]
  }

  private func skew() -> [Diagnostic] {
    guard let low = mesh.bound.min(by: { $0.settings.chartVersion < $1.settings.chartVersion }),
      let high = mesh.bound.max(by: { $0.settings.chartVersion < $1.settings.chartVersion }),
      high.settings.chartVersion.major == low.settings.chartVersion.major,
      high.settings.chartVersion.minor - low.settings.chartVersion.minor > 1
    else { return [] }
    return [
      Diagnostic(
        ClusterMeshRules.skew,
        "\(low.cluster) runs chart \(low.settings.chartVersion.description), \(high.cluster) \(high.settings.chartVersion.description)",
        at: low.settings.chartNode.range, "more than one minor release behind",
        also: [Label(high.settings.chartNode.range, "the newest")],
        help: ["upgrade \(low.cluster): Cilium tests meshes of neighbouring releases only"])
    ]
  }

  private func policyDefaults() -> [Diagnostic] {
    guard let first = mesh.bound.first,
      let other = mesh.bound.first(where: {
        $0.settings.policyDefaultLocalCluster != first.settings.policyDefaultLocalCluster
      })
    else { return [] }
    let place = { (member: MeshMember) in
      (member.settings.node["policyDefaultLocalCluster"] ?? member.settings.chartNode).range
    }
    let text = { (member: MeshMember) in
      member.settings.policyDefaultLocalCluster ? "the own cluster" : "every cluster"
    }
    return [
      Diagnostic(
        ClusterMeshRules.mixedPolicyDefault,
        "a policy without cluster label means \(text(other)) in \(other.cluster) and \(text(first)) in \(first.cluster)",
        at: place(other), text(other), also: [Label(place(first), text(first))],
        help: ["set policyDefaultLocalCluster alike where the chart has it (1.18 and newer)"])
    ]
  }
}
