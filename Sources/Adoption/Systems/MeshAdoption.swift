import Compiler
import Diagnostics
import Kubernetes
import YAMLTree

/// A Cilium mesh: its members' Helm values or objects, and the Services that are global.
enum MeshAdoption: SystemAdoption {
  static func infer(_ input: AdoptionInput, into inference: inout Inference) {
    let members = input.clusters.compactMap { CiliumFacts($0, chartVersion: input.request.chartVersion) }
    let complete = members.filter { $0.id != nil && $0.chartVersion != nil }
    for member in members { report(member, input, &inference) }
    guard complete.count > 1 else {
      leaveServices(input, &inference)
      return
    }
    let global = GlobalServiceAdoption(input: input, members: complete).infer(into: &inference)
    let exports = ExportAdoption(input: input, members: complete).infer(into: &inference, besides: global)
    for member in complete { describe(member, in: complete, exports, &inference) }
    // Where both stand side by side, what is exported says so itself.
    inference.links.append(
      link(complete, exportsAll: global.isEmpty && !exports.services.isEmpty, &inference))
  }

  /// Global and exported Services without a mesh that could be written.
  private static func leaveServices(_ input: AdoptionInput, _ inference: inout Inference) {
    for cluster in input.clusters {
      let services = cluster.services.values.sorted { $0.key < $1.key }
      let made = inference.imported[cluster.name] ?? []
      for manifest in services.filter(GlobalServiceAdoption.isGlobal).map(\.manifest)
        + cluster.objects(ExportAdoption.group, "ServiceExport") where !made.contains(manifest.identity)
      {
        inference.leave(
          manifest, of: cluster.name,
          because:
            "the mesh is not among the manifests: give the Helm values of Cilium of every member, or ConfigMap cilium-config and Service clustermesh-apiserver"
        )
      }
    }
  }

  private static func report(_ member: CiliumFacts, _ input: AdoptionInput, _ inference: inout Inference) {
    guard let node = member.node, member.id == nil || member.chartVersion == nil else { return }
    let missing = member.id == nil ? "its cluster id" : "the version of its chart"
    inference.findings.append(
      Diagnostic(
        AdoptionRules.serviceMissing,
        "Cilium of \(member.cluster) is no complete member: the manifests do not say \(missing)",
        at: node.range, "not adopted",
        help: [
          member.id == nil
            ? "give values with cluster.id, or ConfigMap cilium-config"
            : "say it: --chart-version 1.19.6, for example"
        ]))
  }

  private static func describe(
    _ member: CiliumFacts, in all: [CiliumFacts], _ exports: ExportAdoption.Result,
    _ inference: inout Inference
  ) {
    let name = member.name ?? member.cluster
    var said: CiliumFacts.Peer?
    for other in all where other.cluster != member.cluster {
      guard let peer = other.peers.first(where: { $0.name == name }) else { continue }
      guard let first = said else {
        said = peer
        continue
      }
      if first.ips != peer.ips || first.address != peer.address {
        inference.findings.append(
          Diagnostic(
            AdoptionRules.disagreement, "members of the mesh reach \(member.cluster) at different addresses",
            at: peer.node.range, "\(listed(peer.ips + [peer.address].compactMap { $0 }))",
            also: [Label(first.node.range, "\(listed(first.ips + [first.address].compactMap { $0 }))")],
            help: ["one list stands in the Cluster document; all members get it"]))
      }
    }
    if !member.podCIDRs.isEmpty {
      inference.describe(member.cluster, "network", .map(["podCIDRs": .texts(member.podCIDRs)]))
    }
    if var section = member.section(said) {
      if !exports.services.isEmpty {
        addExports(member, hasClients: exports.importing.contains(member.cluster), to: &section, &inference)
      }
      inference.describe(member.cluster, "cilium", .map(section))
    }
    if let values = member.values ?? member.impliedValues { inference.values[member.cluster] = values }
  }

  /// How a member serves the Multi-Cluster Services API, as it does today.
  private static func addExports(
    _ member: CiliumFacts, hasClients: Bool, to section: inout SpecMap, _ inference: inout Inference
  ) {
    var map = SpecMap()
    if member.installsDefinitions == false { map.add("installCRDs", .boolean(false)) }
    if member.configuresCoreDNS {
      if !hasClients { map.add("coreDNS", .text("auto")) }
    } else if hasClients {
      map.add(
        "coreDNS", .text("configured"),
        remark: member.answersForClusterset
          ? "its Corefile shows it" : "no manifest shows it; 'auto' would let the chart do it")
      if !member.answersForClusterset, let node = member.node {
        inference.findings.append(
          Diagnostic(
            AdoptionRules.clustersetUnshown,
            "no manifest of \(member.cluster) shows who answers for clusterset.local", at: node.range,
            "corednsAutoConfigure is not switched on here",
            help: [
              "give adopt ConfigMap kube-system/coredns too; or let the chart do it: mcsapi.coreDNS: auto in clusters/\(member.cluster).yaml"
            ]))
      }
    }
    if !map.isEmpty { section.add("mcsapi", .map(map)) }
  }

  private static func link(
    _ members: [CiliumFacts], exportsAll: Bool, _ inference: inout Inference
  ) -> LinkCandidate {
    var section = SpecMap(["members": .texts(members.map(\.cluster))])
    if exportsAll {
      section.add(
        "services", .text("mcs"), remark: "ServiceExports; clients use names below clusterset.local")
    }
    let maximums = Set(members.compactMap(\.maxConnectedClusters))
    if maximums.count == 1, let maximum = maximums.first, maximum != 255 {
      section.add("maxConnectedClusters", .integer(maximum))
    }
    let tls = members.compactMap { $0.values?.at("clustermesh", "apiserver", "tls") }
    let modes = Set(tls.compactMap { $0["authMode"]?.text })
    if modes.count == 1, let mode = modes.first { section.add("authMode", .text(mode)) }
    let domains = Set(members.compactMap { $0.values?.at("clustermesh", "config", "domain")?.text })
    if domains.count == 1, let domain = domains.first, domain != "mesh.cilium.io" {
      section.add("domain", .text(domain))
    }
    section.add("certificates", MeshCertificates(members).section(&inference))
    section.add("kubeconfig", .boolean(false), remark: "no kubeconfig was adopted; true writes fragments")
    return LinkCandidate(name: "mesh", type: "clusterMesh", section: section, anchor: nil)
  }
}
