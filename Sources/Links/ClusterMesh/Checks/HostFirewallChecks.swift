import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Cilium's own host firewall (fact 47): policies for nodes close what they do not name, the mesh's ports as well
/// (cilium/cilium#31712).
struct HostFirewallChecks {
  let mesh: MeshLink
  let model: FleetModel

  /// A port of the nodes that other members need.
  private struct Need {
    /// Any of them will do: translated before the policy sees it, or after.
    let ports: [Int]
    let transport: String
    let purpose: String
  }

  func findings() -> [Diagnostic] {
    mesh.bound.flatMap { member -> [Diagnostic] in
      let policies = hostPolicies(of: member)
      guard let first = policies.first else { return [] }
      let rules = policies.flatMap { policy in
        Self.specs(of: policy).flatMap { $0["ingress"]?.elements.map { $0 } ?? [] }
      }
      return needs(of: member).compactMap { need in
        guard !rules.contains(where: { Self.admits($0, need) }) else { return nil }
        let port = "\(need.ports[0])/\(need.transport)"
        return Diagnostic(
          ClusterMeshRules.hostFirewall,
          "policies for the nodes of \(member.cluster) admit nobody at \(port), \(need.purpose)",
          at: first.nameNode.range,
          policies.count == 1 ? "the policy" : "the first of \(policies.count) policies",
          also: [Label(member.settings.node.range, "a member of mesh '\(mesh.link.name.value)'")],
          help: ["admit the other members' nodes at \(port); 'linkwright explain mesh' lists all ports"])
      }
    }
  }

  private func needs(of member: MeshMember) -> [Need] {
    let settings = member.settings
    var needs: [Need] = []
    if settings.serviceType == .nodePort {
      needs.append(
        Need(
          ports: [settings.peerPort, CiliumSettings.servicePort], transport: "TCP",
          purpose: "where peers read its state"))
    }
    if settings.routing == "tunnel" {
      needs.append(
        Need(ports: [AddressingChecks.tunnelPort(settings)], transport: "UDP", purpose: "the mesh's tunnel"))
    }
    if settings.encryption?.value == .wireguard {
      needs.append(Need(ports: [51871], transport: "UDP", purpose: "WireGuard"))
    }
    return needs
  }

  /// Policies that select nodes and put them into default deny for what comes in.
  private func hostPolicies(of member: MeshMember) -> [Manifest] {
    let objects = model.clusters[member.cluster]?.declared.objects ?? [:]
    return objects.filter { identity, manifest in
      identity.kind == "CiliumClusterwideNetworkPolicy" && identity.group == "cilium.io"
        && Self.specs(of: manifest).contains {
          ($0["ingress"]?.count ?? 0) > 0 && $0.at("enableDefaultDeny", "ingress")?.boolean != false
        }
    }.sorted { $0.key.name < $1.key.name }.map(\.value)
  }

  private static func specs(of manifest: Manifest) -> [Node] {
    ([manifest.node["spec"]].compactMap { $0 } + (manifest.node["specs"]?.elements.map { $0 } ?? [])).filter {
      $0["nodeSelector"] != nil
    }
  }

  /// True when a rule admits somebody at the port; whom is not looked at.
  private static func admits(_ rule: Node, _ need: Need) -> Bool {
    guard let sections = rule["toPorts"] else { return rule["icmps"] == nil }
    return sections.elements.contains { section in
      guard let ports = section["ports"] else { return true }
      return ports.elements.contains { port in
        let transport = port["protocol"]?.text ?? "ANY"
        guard transport == "ANY" || transport == need.transport, let first = Int(port["port"]?.text ?? "")
        else { return false }
        let last = port["endPort"]?.integer ?? first
        return first == 0 || need.ports.contains { first <= $0 && $0 <= max(first, last) }
      }
    }
  }
}
