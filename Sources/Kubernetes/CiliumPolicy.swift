package import YAMLTree

/// A rule set of a CiliumNetworkPolicy or a CiliumClusterwideNetworkPolicy, as far as the compiler must know it to see whom
/// it isolates. The exact evaluation belongs to `Reachability`.
package final class CiliumPolicy: Sendable {
  package let manifest: Manifest
  /// One of its specs.
  package let spec: Node
  /// What it asks of pods.
  package let podSelector: LabelSelector
  /// What it asks of their namespace: its name under `kubernetes.io/metadata.name`, and its labels.
  private let namespaces: [LabelSelector.Requirement]
  private let isolatesIngress: Bool
  private let isolatesEgress: Bool

  private static let nameLabel = "kubernetes.io/metadata.name"

  /// The rule sets of a manifest that select pods by labels of theirs. Those of hosts, of reserved endpoints and of labels
  /// that no manifest tells are left out: nobody can say whom they isolate.
  package static func all(_ manifest: Manifest) -> [CiliumPolicy] {
    let specs =
      [manifest.node["spec"]].compactMap { $0 } + (manifest.node["specs"]?.elements.map { $0 } ?? [])
    return specs.compactMap { CiliumPolicy(manifest, $0) }
  }

  private init?(_ manifest: Manifest, _ spec: Node) {
    guard let selector = spec["endpointSelector"], !selector.isNull else { return nil }
    var pods: [LabelSelector.Requirement] = []
    var namespaces: [LabelSelector.Requirement] = []
    for requirement in LabelSelector(selector).requirements {
      guard let key = Self.plain(requirement.key), key != "io.cilium.k8s.policy.serviceaccount" else {
        return nil
      }
      let ofNamespaces = "io.cilium.k8s.namespace.labels."
      if key == "io.kubernetes.pod.namespace" {
        namespaces.append(requirement.of(Self.nameLabel))
      } else if key.hasPrefix(ofNamespaces) {
        namespaces.append(requirement.of(String(key.dropFirst(ofNamespaces.count))))
      } else {
        pods.append(requirement.of(key))
      }
    }
    self.manifest = manifest
    self.spec = spec
    self.namespaces = namespaces
    podSelector = LabelSelector(requirements: pods)
    func isolates(_ allow: StaticString, _ deny: StaticString) -> Bool {
      // A section for the direction is enough (documentation, security/policy/intro), unless enableDefaultDeny says no.
      spec.at("enableDefaultDeny")?[allow]?.boolean
        ?? ((spec[allow]?.count ?? 0) + (spec[deny]?.count ?? 0) > 0)
    }
    isolatesIngress = isolates("ingress", "ingressDeny")
    isolatesEgress = isolates("egress", "egressDeny")
  }

  package func isolates(_ direction: NetworkPolicy.Direction) -> Bool {
    direction == .ingress ? isolatesIngress : isolatesEgress
  }

  /// True where it is about pods of a namespace.
  ///
  /// - Parameter labels: of the namespace, its name among them.
  package func concerns(namespace labels: Labels) -> Bool {
    namespaces.isEmpty || LabelSelector(requirements: namespaces).matches(labels)
  }

  /// A selector with keys as pods have them; requirements of reserved labels stay as they are.
  package static func selector(_ node: Node) -> LabelSelector {
    LabelSelector(
      requirements: LabelSelector(node).requirements.map { $0.of(plain($0.key) ?? $0.key) })
  }

  /// A key without the source that Cilium lets it carry; nil for the sources that are no labels of pods.
  private static func plain(_ key: String) -> String? {
    guard let colon = key.firstIndex(of: ":") else { return key }
    let source = key[..<colon]
    return source == "k8s" || source == "any" ? String(key[key.index(after: colon)...]) : nil
  }
}

extension LabelSelector.Requirement {
  /// The same requirement of another label.
  fileprivate func of(_ key: String) -> Self {
    switch self {
    case .isIn(_, let values): .isIn(key: key, values: values)
    case .notIn(_, let values): .notIn(key: key, values: values)
    case .exists: .exists(key: key)
    case .doesNotExist: .doesNotExist(key: key)
    }
  }
}
