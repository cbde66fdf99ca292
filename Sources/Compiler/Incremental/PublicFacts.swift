import Kubernetes
import YAMLTree

/// What the manifests of a file say that policies of other namespaces can look at: pods by their labels and ports, and
/// the ports of Services; and where their own policies look at other namespaces. A change of anything else concerns the
/// manifests' own namespaces.
enum PublicFacts {
  /// Kinds of which nobody outside of their namespace takes notice, whatever they hold.
  private static let privateKinds: Set<String> = [
    "ConfigMap", "Secret", "ServiceAccount", "Role", "RoleBinding", "PersistentVolumeClaim",
    "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy", "Endpoints", "EndpointSlice",
    "TransportServerClaim", "TransportServer",
  ]

  /// The facts of a file as a text to be compared; equal texts, equal facts.
  static func text(of tree: Tree) -> String {
    var text = ""
    for document in tree.documents {
      Manifest.all(in: document) { manifest in
        if manifest.kind == "NetworkPolicy" { append(rulesBeyond: manifest, to: &text) }
        if privateKinds.contains(manifest.kind) { return }
        text += "\(manifest.identity.description) \(manifest.namespace ?? "")\n"
        if manifest.kind != "Pod", let pod = Workload.podNode(of: manifest) {
          append(Workload(manifest, pod: pod, namespace: manifest.namespace ?? ""), to: &text)
        } else {
          text += String(decoding: YAMLWriter.write(manifest.node), as: UTF8.self)
        }
      }
    }
    return text
  }

  /// The rules of a policy that speak of pods of other namespaces: whether there are any is judged with those.
  private static func append(rulesBeyond policy: Manifest, to text: inout String) {
    for (rules, peers) in [("ingress", "from"), ("egress", "to")] {
      for rule in policy.node["spec"]?[rules]?.elements.map({ $0 }) ?? [] {
        let namesOthers = rule[peers]?.elements.contains { $0["namespaceSelector"] != nil } ?? false
        // Without peers it goes to every namespace, and a named port is one of pods there.
        let goesAnywhere = rules == "egress" && (rule[peers]?.count ?? 0) == 0 && rule["ports"] != nil
        guard namesOthers || goesAnywhere else { continue }
        text += "\(policy.namespace ?? "") \(policy.name) \(rules)\n"
        text += String(decoding: YAMLWriter.write(rule), as: UTF8.self)
      }
    }
  }

  private static func append(_ workload: Workload, to text: inout String) {
    text += "host network \(workload.isHostNetwork)\n"
    for (key, value) in workload.podLabels.items.map({ ($0.key, $0.value) }).sorted(by: { $0 < $1 }) {
      text += "\(key.debugDescription) \(value.debugDescription)\n"
    }
    for port in workload.containerPorts {
      text += "port \(port.name?.debugDescription ?? "-") \(port.number) \(port.transport.rawValue)\n"
    }
  }
}
