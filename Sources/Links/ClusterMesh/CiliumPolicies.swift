import Kubernetes
import Linker
import YAMLTree

/// The CiliumNetworkPolicies of a mesh's members, found once: they isolate pods as NetworkPolicies do.
struct CiliumPolicies: Sendable {
  /// By `cluster/namespace`; policies of the whole cluster under `cluster/`.
  private var policies: [String: [Manifest]] = [:]

  /// Linear in the objects of the members.
  init(_ mesh: MeshLink, _ model: FleetModel) {
    for member in mesh.bound {
      for (identity, manifest) in model.clusters[member.cluster]?.declared.objects ?? [:]
      where identity.group == "cilium.io" {
        switch identity.kind {
        case "CiliumNetworkPolicy":
          policies["\(member.cluster)/\(identity.namespace ?? "default")", default: []].append(manifest)
        case "CiliumClusterwideNetworkPolicy": policies["\(member.cluster)/", default: []].append(manifest)
        default: break
        }
      }
    }
  }

  var isEmpty: Bool { policies.isEmpty }

  /// The policies of a namespace, without those of the whole cluster.
  func policies(cluster: String, namespace: String) -> [Manifest] {
    policies["\(cluster)/\(namespace)"] ?? []
  }

  /// What the policies select that put pods of a namespace into default deny (documentation, security/policy/intro): a
  /// section for the direction is enough, unless enableDefaultDeny says no.
  func isolating(cluster: String, namespace: String, _ direction: NetworkPolicy.Direction)
    -> [IsolatedPods.Isolating]
  {
    guard !policies.isEmpty else { return [] }
    let all = policies(cluster: cluster, namespace: namespace) + policies(cluster: cluster, namespace: "")
    let section = direction == .ingress ? "ingress" : "egress"
    return all.flatMap { manifest in
      let specs =
        [manifest.node["spec"]].compactMap { $0 } + (manifest.node["specs"]?.elements.map { $0 } ?? [])
      return specs.compactMap { spec -> IsolatedPods.Isolating? in
        guard let selector = spec["endpointSelector"],
          (spec[section]?.count ?? 0) + (spec[section + "Deny"]?.count ?? 0) > 0,
          spec["enableDefaultDeny"]?[section]?.boolean != false,
          let plain = Self.selector(selector, in: namespace)
        else { return nil }
        // Its keys may carry the source of the label, which those of a NetworkPolicy may not.
        return IsolatedPods.Isolating(selector: plain, node: nil)
      }
    }
  }

  /// A selector without what it says of the namespace; nil where it means another one.
  private static func selector(_ node: Node, in namespace: String) -> LabelSelector? {
    var requirements: [LabelSelector.Requirement] = []
    for requirement in selector(node).requirements {
      if requirement.key == "io.kubernetes.pod.namespace" {
        let own = Labels([requirement.key: namespace])
        guard LabelSelector(requirements: [requirement]).matches(own) else { return nil }
      } else {
        requirements.append(requirement)
      }
    }
    return LabelSelector(requirements: requirements)
  }

  /// A selector with keys as pods have them: Cilium lets them carry the source of the label.
  static func selector(_ node: Node) -> LabelSelector {
    func plain(_ key: String) -> String {
      for prefix in ["k8s:", "any:"] where key.hasPrefix(prefix) {
        return String(key.dropFirst(prefix.count))
      }
      return key
    }
    return LabelSelector(
      requirements: LabelSelector(node).requirements.map { requirement in
        switch requirement {
        case .isIn(let key, let values): .isIn(key: plain(key), values: values)
        case .notIn(let key, let values): .notIn(key: plain(key), values: values)
        case .exists(let key): .exists(key: plain(key))
        case .doesNotExist(let key): .doesNotExist(key: plain(key))
        }
      })
  }
}
