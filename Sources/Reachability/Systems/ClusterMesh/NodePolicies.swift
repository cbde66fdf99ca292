import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Cilium's policies that concern a crossing of the mesh otherwise than by whom they admit to pods: those for nodes, behind
/// which the tunnel ends, and rules of layer 7, whose proxy has no way back through a tunnel.
///
/// From the documentation (security/host-firewall, network/clustermesh) and cilium/cilium#31712.
enum NodePolicies {
  private static let kind = "CiliumClusterwideNetworkPolicy"

  private static func specs(_ object: KnownObject) -> [Node] {
    [object.node["spec"]].compactMap { $0 } + (object.node["specs"]?.elements.map { $0 } ?? [])
  }

  private static func isTunnelled(_ member: ClusterMeshSystem.Member) -> Bool {
    (member.cilium["routingMode"]?.text ?? "tunnel") == "tunnel"
  }

  // MARK: The nodes

  /// Policies of either end that close its nodes and name no port of the tunnel. Whether a cluster has Cilium's host
  /// firewall on, no repository tells for sure.
  static func judge(_ members: [ClusterMeshSystem.Member], _ walk: inout Walk) {
    for member in members {
      guard !walk.isOver, isTunnelled(member) else { continue }
      let closing = member.cluster.clusterwidePolicies.filter { object in
        object.manifest.kind == kind
          && specs(object).contains { spec in
            spec["nodeSelector"] != nil && (spec["ingress"]?.count ?? 0) > 0
              && spec.at("enableDefaultDeny", "ingress")?.boolean != false
          }
      }
      guard let first = closing.first else { continue }
      let port =
        member.cilium["tunnelPort"]?.integer
        ?? (member.cilium["tunnelProtocol"]?.text == "geneve" ? 6081 : 8472)
      let rules = closing.flatMap(specs).filter { $0["nodeSelector"] != nil }
        .flatMap { $0["ingress"]?.elements.map { $0 } ?? [] }
      guard !rules.contains(where: { admits($0, port) }) else { continue }
      walk.depend(
        .tunnel, in: member.cluster.name, at: [first.label()], "nodes of \(member.cluster.name)",
        on: [
          Question(
            "whether the host firewall of \(member.cluster.name) is on: policies for its nodes admit nobody at \(port)/UDP, the mesh's tunnel",
            help: "admit the other members' nodes there", isReported: true)
        ])
    }
  }

  private static func admits(_ rule: Node, _ port: Int) -> Bool {
    guard let sections = rule["toPorts"] else { return rule["icmps"] == nil }
    return sections.elements.contains { section in
      guard let ports = section["ports"] else { return true }
      return ports.elements.contains { entry in
        guard ["ANY", "UDP"].contains(entry["protocol"]?.text ?? "ANY"),
          let first = Int(entry["port"]?.text ?? "")
        else { return false }
        return first == 0 || first...max(first, entry["endPort"]?.integer ?? first) ~= port
      }
    }
  }

  // MARK: Layer 7

  /// Rules that hand what comes to the target's pods to a proxy.
  static func judgeInspection(
    _ crossing: Crossing, _ far: ClusterMeshSystem.Member, _ walk: inout Walk
  ) {
    guard !walk.isOver, isTunnelled(far) else { return }
    let service = crossing.target.service
    let workloads = far.cluster.workloads(in: service.key.namespace)
    let labels = ConnectionEnds.targets(of: service, crossing.connection, workloads).map { member -> Labels in
      switch member {
      case .workload(let number): workloads[number].podLabels
      case .special(let subject): subject.labels
      }
    }
    for object in far.cluster.otherPolicies(in: service.key.namespace)
    where object.manifest.kind == "CiliumNetworkPolicy" {
      for spec in specs(object) {
        guard let rules = inspecting(spec), selects(spec["endpointSelector"], labels) else { continue }
        walk.depend(
          .ingress, in: far.cluster.name, at: [object.label(at: rules)], "rules of layer 7",
          on: [
            Question(
              "whether the proxy of \(object.manifest.identity.description) has a way back to other clusters through the tunnel",
              help: "use rules for ports, or native routing", isReported: true)
          ])
        return
      }
    }
  }

  private static func inspecting(_ spec: Node) -> Node? {
    for rule in spec["ingress"]?.elements.map({ $0 }) ?? [] {
      for ports in rule["toPorts"]?.elements.map({ $0 }) ?? [] {
        if let rules = ports["rules"], rules.count > 0 { return rules }
      }
    }
    return nil
  }

  /// By labels alone, whatever their source is said to be.
  private static func selects(_ selector: Node?, _ pods: [Labels]) -> Bool {
    let wanted = selector?.labels("matchLabels").items ?? []
    return pods.contains { pod in
      wanted.allSatisfy { label in
        let key =
          label.key.hasPrefix("k8s:") || label.key.hasPrefix("any:")
          ? String(label.key.dropFirst(4)) : label.key
        return key.hasPrefix("io.kubernetes.pod.") || key.hasPrefix("io.cilium.") || pod[key] == label.value
      }
    }
  }
}
