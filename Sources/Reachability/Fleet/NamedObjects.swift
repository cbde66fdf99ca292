import Kubernetes
import Linker
import YAMLTree

extension ClusterNetwork {
  /// Takes over the primary networks of namespaces, and the Services and the groups of addresses that Cilium's policies of
  /// the network name. Linear in the Services where a policy names any.
  ///
  /// Where a Service without a selector leads to is not taken over: Endpoints are judged with their connection.
  mutating func takeNamedObjects(of cluster: JudgedCluster) {
    take(cluster.primaryNetworks)
    for policy in policies where policy.identity.group == "cilium.io" {
      if services.isEmpty, Self.names(policy, ["toServices"], in: nil) {
        services = cluster.allServices.map { ServiceFacts($0) }
      }
      if addressGroups.isEmpty, Self.names(policy, ["fromCIDRSet", "toCIDRSet"], in: "cidrGroup") {
        addressGroups = cluster.addressGroups
      }
    }
  }

  /// Whether a rule has one of some lists, with an item that has a key that begins so.
  private static func names(_ policy: Manifest, _ lists: [String], in prefix: String?) -> Bool {
    let specs = [policy.node["spec"]].compactMap { $0 } + (policy.node["specs"]?.elements.map { $0 } ?? [])
    return specs.contains { spec in
      ["ingress", "ingressDeny", "egress", "egressDeny"].contains { section in
        spec[section]?.elements.contains { rule in
          lists.contains { list in
            guard let items = rule[list], items.kind == .sequence else { return false }
            guard let prefix else { return true }
            return items.elements.contains { $0.entries.contains { $0.key.text.hasPrefix(prefix) } }
          }
        } ?? false
      }
    }
  }
}

extension JudgedCluster {
  /// The Services that stand or will stand, by namespace and name.
  var allServices: [Service] {
    var services = model.declared.services
    for object in emitted.values where object.manifest.kind == "Service" {
      guard let namespace = object.manifest.namespace else { continue }
      let service = Service(object.manifest, namespace: namespace)
      if services[service.key] == nil { services[service.key] = service }
    }
    return services.values.sorted { ($0.key.namespace, $0.key.name) < ($1.key.namespace, $1.key.name) }
  }
}
