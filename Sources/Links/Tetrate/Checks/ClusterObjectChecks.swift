import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Cluster objects of TSB and what Clusters say of themselves.
struct ClusterObjectChecks {
  let model: FleetModel
  let objects: [(cluster: String, object: TSBObject)]
  let links: [(link: Link, settings: TetrateSettings)]

  /// Clusters of the organization with one name: their objects would be one.
  private func checkNames(_ findings: inout [Diagnostic]) {
    guard !links.isEmpty else { return }
    var first: [String: TetrateMember] = [:]
    for name in model.clusterNames {
      guard let cluster = model.clusters[name]?.cluster else { continue }
      let member = TetrateMember(cluster)
      guard member.section != nil, let other = first.updateValue(member, forKey: member.name.value) else {
        continue
      }
      findings.append(
        Diagnostic(
          TetrateRules.nameTwice,
          "\(other.cluster) and \(member.cluster) are both named '\(member.name.value)' in TSB",
          at: member.name.node.range, "the second",
          also: [Label(other.name.node.range, "the first")],
          help: ["write the name under which each is onboarded: spec.tetrate.name"]))
    }
  }

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    var domains: [String: Node] = [:]
    func check(_ domain: String, _ node: Node) {
      guard let first = domains.updateValue(node, forKey: domain) else { return }
      findings.append(
        Diagnostic(
          TetrateRules.trustDomainTwice, "two clusters have trust domain '\(domain)'", at: node.range,
          "the second", also: [Label(first.range, "the first")],
          help: ["give every cluster a trust domain of its own"]))
    }
    for name in model.clusterNames {
      guard let cluster = model.clusters[name]?.cluster, let domain = TetrateMember(cluster).trustDomain
      else { continue }
      guard Self.isTrustDomain(domain.value) else {
        findings.append(
          Diagnostic(
            TetrateRules.trustDomain, "'\(domain.value)' cannot be a trust domain", at: domain.node.range,
            "a part of SPIFFE ids",
            help: ["use lower-case letters, digits, '.', '-' and '_': '\(name).example.net', for example"]))
        continue
      }
      // Without TSB the clusters of a mesh share one, cluster.local unless somebody says otherwise.
      if !links.isEmpty { check(domain.value, domain.node) }
    }
    checkNames(&findings)
    let own = Set(
      model.clusters.values.map { TetrateMember($0.cluster) }.filter { $0.trustDomain != nil }.map(
        \.name.value))
    for (_, object) in objects where object.manifest.kind == "Cluster" {
      let spec = object.manifest.node["spec"]
      // The Cluster document and its object say the same of one cluster.
      if let domain = spec?["trustDomain"], !own.contains(object.manifest.name) { check(domain.text, domain) }
      let old = [spec?.key("tier1Cluster"), spec?["locality"]?.key("region")].compactMap { $0 }
      for key in old {
        findings.append(
          Diagnostic(
            TetrateRules.deprecatedField, "'\(key.text)' of a Cluster is deprecated", at: key.range,
            key.text == "region" ? "XCP discovers the region" : "has no meaning any more", help: ["remove it"]
          ))
      }
    }
    return findings
  }
}
