import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What a member's Helm values say of itself, held against what the fleet and the other members take it for.
///
/// From the documentation (network/clustermesh): every member has an id and a name of its own, which others put into
/// their configuration; they connect to the port at which its API server is served.
extension ClusterMeshSystem {
  /// Nil where nothing contradicts, and where no values are written.
  func contradiction(_ one: Member, readBy reader: Member) -> Fault? {
    guard let values = one.values else { return nil }
    let place = one.cluster.fragment("cilium-values.yaml").map { [$0.subject] } ?? []
    func fault(_ text: String, _ help: String, _ condition: ObjectCondition) -> Fault {
      Fault(
        JudgementRules.tunnel, text, at: place, help: [help],
        because: .found(
          ObjectQuery(
            of: nil, in: one.cluster.name, nil, "cilium-values.yaml", .fragments, where: [condition])))
    }
    if let id = one.cilium["id"]?.integer, let said = values.at("cluster", "id"), said.integer != id {
      return fault(
        "the Helm values of \(one.cluster.name) say 'cluster.id: \(said.text)', and the Cluster says \(id)",
        "write 'cluster.id: \(id)': a member has a number from 1 on, and no other has it",
        .number(["cluster", "id"], id))
    }
    if let said = values.at("cluster", "name"), said.text != one.name {
      return fault(
        "the Helm values of \(one.cluster.name) name it '\(said.text)', and \(reader.cluster.name) reads '\(one.name)'",
        "write 'cluster.name: \(one.name)'", .text(["cluster", "name"], [one.name]))
    }
    let service = values.at("clustermesh", "apiserver", "service")
    guard service?["type"]?.text == "NodePort", let port = service?["nodePort"]?.integer,
      one.cilium.at("mesh", "port") == nil, case .values(let clusters, _) = reader.peers,
      let entry = Self.entry(one.name, clusters), let used = entry["port"]?.integer, used != port
    else { return nil }
    return fault(
      "the Helm values of \(one.cluster.name) serve the mesh's API at node port \(port), and \(reader.cluster.name) connects to port \(used)",
      "write 'nodePort: \(used)', or say the port in spec.cilium.mesh",
      .number(["clustermesh", "apiserver", "service", "nodePort"], used))
  }

  /// What the Helm values that this compile writes leave to the chart's defaults, though the member is another: a template
  /// of the fleet's own may leave it out, and the release may have it from other values. Nil where nothing is left out.
  func unsaid(_ one: Member) -> Question? {
    guard let values = one.values else { return nil }
    var left: [String] = []
    if one.cilium["id"] != nil, values.at("cluster", "id") == nil { left.append("cluster.id") }
    if values.at("cluster", "name") == nil { left.append("cluster.name") }
    let mesh = values["clustermesh"]
    if let type = one.cilium.at("mesh", "serviceType")?.text, type != "NodePort",
      mesh?.at("apiserver", "service", "type") == nil
    {
      left.append("clustermesh.apiserver.service.type")
    }
    if let most = link.section["maxConnectedClusters"]?.integer, most != Self.chartMaximum,
      mesh?["maxConnectedClusters"] == nil
    {
      left.append("clustermesh.maxConnectedClusters")
    }
    guard let first = left.first else { return nil }
    return Question(
      "whether other values of the release say \(listed(left)): the Helm values of \(one.cluster.name) leave it to the chart's default",
      help: "write '\(first)' in the template cluster-mesh/cilium-values.yaml")
  }

  /// The chart's `clustermesh.maxConnectedClusters`.
  private static let chartMaximum = 255

  private static func entry(_ name: String, _ clusters: Node) -> Node? {
    clusters.kind == .sequence ? clusters.elements.first { $0["name"]?.text == name } : clusters[name]
  }

  /// A headless Service has its remote pods from EndpointSlices that agents write, where they are asked to.
  func headlessFault(_ service: Service, _ near: Member) -> Fault? {
    let path = ["clustermesh", "enableEndpointSliceSynchronization"]
    guard service.manifest.node.at("spec", "clusterIP")?.text == "None",
      let said = near.values?.at("clustermesh", "enableEndpointSliceSynchronization"), said.boolean == false
    else { return nil }
    return Fault(
      JudgementRules.name,
      "Service \(service.key.description) of \(near.cluster.name) is headless, and its Helm values say 'clustermesh.enableEndpointSliceSynchronization: false': its name leads to pods of \(near.cluster.name) alone",
      at: near.cluster.fragment("cilium-values.yaml").map { [$0.subject] } ?? [],
      help: ["write 'enableEndpointSliceSynchronization: true'"],
      because: .found(
        ObjectQuery(
          of: nil, in: near.cluster.name, nil, "cilium-values.yaml", .fragments,
          where: [.not(.text(path, ["false"]))])))
  }
}
