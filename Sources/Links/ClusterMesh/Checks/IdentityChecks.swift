import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Names and numbers of members (facts 1 to 7).
struct IdentityChecks {
  let mesh: MeshLink
  let model: FleetModel

  func findings() -> [Diagnostic] {
    var findings = checkMaximum()
    // What the link says once is said of the first member.
    var places: Set<SourceRange> = []
    for member in mesh.bound {
      if let fault = Self.fault(ofName: member.name) {
        findings.append(
          Diagnostic(
            ClusterMeshRules.clusterName, "'\(member.name)' cannot be a cluster's name in a mesh: \(fault)",
            at: member.settings.name.node.range, fault,
            help: [
              "give another name in spec.cilium.name: at most 32 lower-case letters, digits and '-', with a letter"
            ]))
      }
      findings += checkID(member)
      findings += checkRecord(member).filter { finding in
        finding.primary.map { places.insert($0.range).inserted } ?? true
      }
    }
    return findings + checkUnique()
  }

  /// cilium/cilium pkg/clustermesh/types/types.go; and the chart writes names as unquoted keys of a Secret.
  static func fault(ofName name: String) -> String? {
    if name.utf8.count > 32 { return "it has \(name.utf8.count) characters, and 32 are allowed" }
    if name == "default" { return "'default' means no mesh" }
    let bytes = Array(name.utf8)
    let isPlain = bytes.allSatisfy { byte in
      byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
    guard isPlain, let first = bytes.first, let last = bytes.last, first != UInt8(ascii: "-"),
      last != UInt8(ascii: "-")
    else { return "only lower-case letters, digits and '-' between them are allowed" }
    if let node = Tree.parse(text: name + "\n", path: "").tree.root, node.kind != .string || node.isAmbiguous
    {
      return "the chart writes it unquoted into a Secret, where YAML reads \(node.kind.description)"
    }
    return nil
  }

  private func checkMaximum() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    if let maximum = mesh.settings.maxConnectedClusters, maximum.value != 255, maximum.value != 511 {
      findings.append(
        Diagnostic(
          ClusterMeshRules.maximum, "maxConnectedClusters is \(maximum.value)", at: maximum.node.range,
          "neither 255 nor 511",
          help: ["write 255, or 511 for larger meshes with fewer identities per cluster"]))
    } else if mesh.bound.count > mesh.settings.maximum {
      findings.append(
        Diagnostic(
          ClusterMeshRules.tooManyMembers,
          "the mesh has \(mesh.bound.count) members and maxConnectedClusters is \(mesh.settings.maximum)",
          at: (mesh.settings.maxConnectedClusters?.node ?? mesh.link.name.node).range, "too few",
          help: [
            mesh.bound.count <= 511
              ? "a new mesh may have 511; a living one cannot be changed" : "divide the mesh: 511 is the most"
          ]))
    }
    return findings
  }

  private func checkID(_ member: MeshMember) -> [Diagnostic] {
    let id = member.settings.id
    let maximum = mesh.settings.maximum == 511 ? 511 : 255
    guard 1...maximum ~= id.value else {
      return [
        Diagnostic(
          ClusterMeshRules.clusterID, "\(id.value) cannot be a cluster's id", at: id.node.range,
          id.value == 0 ? "0 means no mesh" : "not between 1 and \(maximum)",
          help: ["take a number from 1 to \(maximum) that no other member has"])
      ]
    }
    let isCloud =
      ["eni", "alibabacloud"].contains(member.settings.node["ipamMode"]?.text.lowercased() ?? "")
      || member.settings.node["chainingMode"]?.text == "aws-cni"
    guard isCloud, id.value & 0x80 != 0 else { return [] }
    let setting = member.settings.node["ipamMode"] ?? member.settings.node["chainingMode"] ?? id.node
    return [
      Diagnostic(
        ClusterMeshRules.cloudID, "id \(id.value) cannot be used with \(setting.text)", at: id.node.range,
        "has bit 128", also: [Label(setting.range, "uses that bit of packet marks")],
        help: ["take an id below 128, or from 256 to 383 with maxConnectedClusters 511"])
    ]
  }

  private func checkUnique() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    var names: [String: MeshMember] = [:]
    var ids: [Int: MeshMember] = [:]
    for member in mesh.bound {
      if let other = names.updateValue(member, forKey: member.name) {
        findings.append(
          Diagnostic(
            ClusterMeshRules.twice, "two members have the name '\(member.name)'",
            at: member.settings.name.node.range, "of cluster \(member.cluster)",
            also: [Label(other.settings.name.node.range, "of cluster \(other.cluster)")],
            help: ["give one of them another name in spec.cilium.name"]))
      }
      if let other = ids.updateValue(member, forKey: member.settings.id.value) {
        findings.append(
          Diagnostic(
            ClusterMeshRules.twice, "two members have the id \(member.settings.id.value)",
            at: member.settings.id.node.range, "of cluster \(member.cluster)",
            also: [Label(other.settings.id.node.range, "of cluster \(other.cluster)")],
            help: ["give one of them another id; a living cluster's workloads must then be restarted"]))
      }
    }
    return findings
  }

  /// The values of a cluster that no document declares any more, with the member's id: its Cluster was renamed.
  private func formerValues(_ member: MeshMember) -> Node? {
    model.recordedValues.sorted { $0.key < $1.key }.first { cluster, values in
      model.clusters[cluster] == nil && values.at("cluster", "id")?.integer == member.settings.id.value
    }?.value
  }

  /// What was compiled before: id and name live in identities of running pods.
  private func checkRecord(_ member: MeshMember) -> [Diagnostic] {
    guard let values = model.recordedValues[member.cluster] ?? formerValues(member) else { return [] }
    var findings: [Diagnostic] = []
    func changed(_ what: String, _ old: String, _ node: Node, isError: Bool) {
      var finding = Diagnostic(
        ClusterMeshRules.identityChanges,
        "the \(what) of \(member.cluster) was \(old) in the output on record",
        at: node.range, "changes",
        help: [
          isError
            ? "it cannot be changed on a living mesh: keep \(old), or take every member out of the mesh first"
            : "restart every workload of \(member.cluster) after the change, or keep \(old)"
        ])
      if isError { finding.severity = .error }
      findings.append(finding)
    }
    if let id = values.at("cluster", "id")?.integer, id != member.settings.id.value {
      changed("id", String(id), member.settings.id.node, isError: false)
    }
    if let name = values.at("cluster", "name")?.text, name != member.name {
      changed("name", name, member.settings.name.node, isError: false)
    }
    if let maximum = values.at("clustermesh", "maxConnectedClusters")?.integer,
      maximum != mesh.settings.maximum
    {
      let node = mesh.settings.maxConnectedClusters?.node ?? mesh.link.name.node
      changed("maxConnectedClusters", String(maximum), node, isError: true)
    }
    return findings
  }
}
