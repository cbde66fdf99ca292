package import Diagnostics
import Kubernetes
import YAMLTree

/// What is valid in NetworkPolicies and rarely meant. Linear in the policies and the classes they concern.
package struct PolicyLints {
  package internal(set) var findings: [Diagnostic] = []
  let manifests: ManifestNetwork
  let engine: PolicyEngine
  /// The pods of each namespace, for messages.
  private(set) var podsOfNamespace: [Int: [Int]] = [:]
  private(set) var namespacesWithPods: Set<String> = []

  package init(_ manifests: ManifestNetwork, _ engine: PolicyEngine) {
    self.manifests = manifests
    self.engine = engine
    for (index, pod) in engine.network.pods.enumerated() where !pod.isPlatform {
      podsOfNamespace[pod.namespace, default: []].append(index)
    }
    namespacesWithPods = Set(podsOfNamespace.keys.map { engine.network.namespaces[$0].name })
    for policy in engine.policies where manifests.isChecked(policy.rules.manifest) {
      let manifest = engine.network.policies[policy.rules.manifest]
      if case .endpoints(let selector) = policy.rules.subject, let namespace = policy.rules.namespace {
        checkCilium(manifest, policy, selector, namespace)
        continue
      }
      // Lints are about namespaces' own policies; platform administrators select what may come.
      guard case .pods(let selector) = policy.rules.subject, let namespace = policy.rules.namespace else {
        continue
      }
      checkSections(manifest)
      checkSubjects(manifest, policy, selector, namespace)
      for (direction, section) in [
        (NetworkPolicy.Direction.ingress, policy.rules.ingress), (.egress, policy.rules.egress),
      ] {
        for rule in section?.rules ?? [] {
          checkPeers(rule, policy, direction)
          checkRulePorts(rule, policy, direction)
        }
      }
    }
    checkAdminPolicies()
    checkNameService()
  }

  mutating func report(
    _ rule: Rule, _ message: String, _ node: Node, _ text: String = "", help: String? = nil
  ) {
    findings.append(Diagnostic(rule, message, at: node.range, text, help: help.map { [$0] } ?? []))
  }

  // MARK: Directions

  private mutating func checkSections(_ manifest: Manifest) {
    guard let spec = manifest.node["spec"] else { return }
    let types = spec["policyTypes"]?.elements.map(\.text) ?? []
    if types.isEmpty, let egress = spec["egress"], egress.kind == .sequence, egress.count == 0 {
      report(
        ReachabilityRules.egressWithoutEffect, "this empty list does not deny egress", egress,
        help: "to deny all egress add 'policyTypes: [Egress]' (and Ingress, if it is meant too)")
    }
    guard !types.isEmpty else { return }
    for (section, type) in [("ingress", "Ingress"), ("egress", "Egress")] where !types.contains(type) {
      guard let rules = spec[section], rules.count > 0 else { continue }
      report(
        ReachabilityRules.sectionOutsideTypes, "these \(section) rules have no effect",
        spec.key(section) ?? rules,
        help: "add \(type) to policyTypes, or remove the rules")
    }
  }

  // MARK: Selectors

  private mutating func checkSubjects(
    _ manifest: Manifest, _ policy: CompiledPolicy, _ selector: LabelSelector, _ namespace: Int
  ) {
    let pods = podsOfNamespace[namespace] ?? []
    if pods.isEmpty { checkNamespace(of: manifest, namespace) }
    guard policy.maySelect.isEmpty, !pods.isEmpty,
      !manifests.operatorPods.contains(where: {
        $0.namespace == namespaceName(namespace) && selector.matches($0.labels)
      })
    else { return }
    if let host = hostNetworkPod(pods, selector) {
      report(
        ReachabilityRules.policySelectsNothing,
        "\(manifest.identity.description) selects pods of the host's network alone",
        manifest.node.at("spec", "podSelector") ?? manifest.nameNode, engine.network.description(of: host),
        help: hostNetworkHelp)
      return
    }
    report(
      ReachabilityRules.policySelectsNothing,
      "\(manifest.identity.description) selects no pod of \(namespaceName(namespace))",
      manifest.node.at("spec", "podSelector") ?? manifest.nameNode,
      "none has \(selector.description)",
      help: nearest(selector, among: pods))
  }

  /// A policy in a namespace that nobody describes, where one of nearly its name has pods.
  func hasNoPods(_ namespace: Int) -> String? {
    let facts = engine.network.namespaces[namespace]
    guard !facts.knowsLabels, !facts.isRemote else { return nil }
    return didYouMean(
      facts.name, among: podsOfNamespace.keys.map(namespaceName).filter { !$0.contains(facts.name) })
  }

  mutating func checkNamespace(of manifest: Manifest, _ namespace: Int) {
    guard let near = hasNoPods(namespace) else { return }
    report(
      ReachabilityRules.policySelectsNothing,
      "\(manifest.identity.description) selects nobody: there is no pod in namespace \(namespaceName(namespace))",
      manifest.node.at("metadata", "namespace") ?? manifest.nameNode, help: near)
  }

  /// A host-network pod that a selector would match.
  private func hostNetworkPod(_ pods: [Int], _ selector: LabelSelector?) -> Int? {
    pods.first { index in
      let pod = engine.network.pods[index]
      return pod.isHostNetwork && selector?.matches(pod.labels) ?? true
    }
  }

  private var hostNetworkHelp: String {
    "with the profile '\(engine.network.profile.name)' their traffic is their node's: name the nodes' addresses in an ipBlock"
  }

  func namespaceName(_ number: Int) -> String { engine.network.namespaces[number].name }

  /// What the pods carry instead.
  func nearest(_ selector: LabelSelector, among pods: [Int]) -> String? {
    let labels = pods.map { engine.network.pods[$0].labels }
    for requirement in selector.requirements {
      let key = requirement.key
      let carried = Set(labels.compactMap { $0[key] })
      switch requirement {
      case .isIn, .exists:
        if carried.isEmpty {
          let keys = Set(labels.flatMap { $0.items.map(\.key) })
          return didYouMean(key, among: keys).map { "no pod has the label '\(key)'; \($0)" }
            ?? "no pod has the label '\(key)'; the labels are \(listed(keys.sorted()))"
        }
        guard case .isIn(_, let values) = requirement, carried.isDisjoint(with: values) else { continue }
        return values.lazy.compactMap { didYouMean($0, among: carried) }.first
          ?? "'\(key)' is \(listed(carried.sorted())) there"
      case .notIn(_, let values):
        guard labels.allSatisfy({ $0[key].map(values.contains) ?? false }) else { continue }
        return "'\(key)' is \(listed(carried.sorted())) there"
      case .doesNotExist:
        guard labels.allSatisfy({ $0[key] != nil }) else { continue }
        return "every pod there has the label '\(key)'"
      }
    }
    return nil
  }

  private mutating func checkPeers(
    _ rule: PolicyRules.Rule, _ policy: CompiledPolicy, _ direction: NetworkPolicy.Direction
  ) {
    let nodes = (rule.node[direction == .ingress ? "from" : "to"]?.elements.map { $0 }) ?? []
    for (peer, node) in zip(rule.peers ?? [], nodes) {
      guard case .pods(let namespaces, let pods, let cluster) = peer, cluster.isEmpty,
        let answer = engine.tables.known(PeerTerm(peer, policyNamespace: policy.rules.namespace)),
        engine.tables.peerSets[answer.may].isEmpty
      else { continue }
      let scope = engine.network.namespaces.indices.filter { index in
        guard let namespaces else { return index == policy.rules.namespace }
        return engine.network.namespaces[index].matches(namespaces, engine.network.profile).may
      }
      let known = scope.flatMap { podsOfNamespace[$0] ?? [] }
      let help: String?
      if known.isEmpty {
        // Namespaces of other repositories are not seen here; only a near miss says something.
        guard let namespaces, scope.isEmpty, let near = nearestNamespace(namespaces) else { continue }
        help = near
      } else {
        help = pods.flatMap { nearest($0, among: known) }
        // Pods may be in namespaces of other repositories: only a near miss of a value says something.
        if let namespaces, let pods, !namesNamespaces(namespaces), !isNearMiss(pods, among: known) {
          continue
        }
      }
      if let host = hostNetworkPod(known, pods) {
        report(
          ReachabilityRules.peerSelectsNothing, "this peer selects pods of the host's network alone", node,
          engine.network.description(of: host), help: hostNetworkHelp)
        continue
      }
      report(
        ReachabilityRules.peerSelectsNothing, "this peer selects no known pod", node,
        pods.map { "none has \($0.description)" } ?? namespaces.map { "no namespace has \($0.description)" }
          ?? "",
        help: help)
    }
    checkSeparateItems(nodes)
  }

  /// True where a selector names its namespaces, so that there are no others.
  private func namesNamespaces(_ selector: LabelSelector) -> Bool {
    selector.requirements.contains {
      if case .isIn(NamespaceFacts.nameLabel, _) = $0 { true } else { false }
    }
  }

  /// True where pods carry a label with nearly the value.
  func isNearMiss(_ selector: LabelSelector, among pods: [Int]) -> Bool {
    selector.requirements.contains { requirement in
      guard case .isIn(let key, let values) = requirement else { return false }
      let carried = Set(pods.compactMap { engine.network.pods[$0].labels[key] })
      return carried.isDisjoint(with: values) && values.contains { didYouMean($0, among: carried) != nil }
    }
  }

  /// A name or a label that a namespace of the manifests nearly has. Other repositories have namespaces of their own, so
  /// nothing but a near miss is said.
  func nearestNamespace(_ selector: LabelSelector) -> String? {
    let namespaces = engine.network.namespaces.filter { !$0.isRemote }
    for requirement in selector.requirements {
      let key = requirement.key
      let values: [String]
      switch requirement {
      case .isIn(_, let wanted): values = wanted
      case .exists: values = []
      case .notIn, .doesNotExist: continue
      }
      guard key != NamespaceFacts.nameLabel else {
        let near = values.lazy.compactMap { didYouMean($0, among: namespaces.map(\.name)) }.first
        if let near { return near }
        continue
      }
      let carried = Set(namespaces.compactMap { $0.labels[key] })
      if carried.isEmpty {
        if Self.nameKeys.contains(key), values.contains(where: { namespacesWithPods.contains($0) }) {
          return "no namespace has the label '\(key)'; its name is the label \(NamespaceFacts.nameLabel)"
        }
        let keys = Set(namespaces.flatMap { $0.labels.items.map(\.key) })
        if let near = didYouMean(key, among: keys) { return "no namespace has the label '\(key)'; \(near)" }
      } else if carried.isDisjoint(with: values),
        let near = values.lazy.compactMap({ didYouMean($0, among: carried) }).first
      {
        return near
      }
    }
    return nil
  }

  /// What people take for the label of a namespace's name.
  private static let nameKeys: Set<String> = [
    "name", "namespace", "ns", "metadata.name", "kubernetes.io/name", "kubernetes.io/namespace",
    "kubernetes.io/metadata.namespace", "k8s.io/metadata.name",
  ]

  private mutating func checkSeparateItems(_ peers: [Node]) {
    for (first, second) in zip(peers, peers.dropFirst())
    where first["namespaceSelector"] != nil && first["podSelector"] == nil
      && second["namespaceSelector"] == nil
    {
      guard let pods = second["podSelector"], pods.count > 0 else { continue }
      report(
        ReachabilityRules.separateItems, "these are two peers: any pod there, and these pods here", second,
        "an item of its own", help: "remove the '-' before podSelector if both must hold")
    }
  }
}
