import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Pods that are in no manifest, put into a namespace's network to see whether emitted policies let them pass.
///
/// For each peer of an emitted policy there are pods that meet it, unless connections mean all of those: a peer with
/// `In` and two values is met by two, one without labels by a pod that carries none, one for every cluster by a pod in
/// each. What connections mean is told by their selectors, not by the labels of the workloads that happen to be there.
struct Strangers {
  /// A pod with its name in findings.
  struct Stranger {
    let pod: PeerPod
    let words: String
  }

  private(set) var all: [Stranger] = []
  private let own: String
  private let ownLabels: Labels
  private let meshName: String?
  private let crossesClusters: Bool
  private let remoteClusters: [String]
  private let known: [String: [PeerPod]]
  private let platform: [PeerPod]
  private let workloads: [Labels]
  private var seenPeers: Set<String> = []
  private var seenPods: Set<String> = []

  static let otherNamespace = "another-namespace"
  static let otherCluster = "another-cluster"
  /// A peer whose selectors multiply to more is looked at along each of them alone.
  private static let limit = 256

  /// Linear in the peers of the policies times the pods of other places that connections need in one namespace.
  ///
  /// - Parameters:
  ///   - emitted: the emitted policies.
  ///   - known: pods of other places that connections need.
  ///   - workloads: labels of the namespace's own pods.
  ///   - namespaceLabels: what is known of the labels of the namespace itself.
  init(
    _ emitted: [KnownObject], besides known: [PeerPod], _ workloads: [Labels], in namespace: String,
    _ namespaceLabels: Labels, _ cluster: JudgedCluster
  ) {
    meshName = cluster.meshName
    own = namespace
    ownLabels = namespaceLabels.setting(NamespaceFacts.nameLabel, to: namespace)
    crossesClusters = cluster.meshName != nil && cluster.profile.selectorsCrossClusters.may
    self.workloads = workloads
    self.known = Dictionary(grouping: known.lazy.filter { $0.kind != "Platform" }) { $0.namespace }
    platform = known.filter { $0.kind == "Platform" }
    remoteClusters = Set(known.lazy.filter(\.isRemote).compactMap(\.meshCluster)).sorted()
    add(
      PeerPod(
        id: "stranger", namespace: Self.otherNamespace, knowsNamespaceLabels: true, name: "any pod",
        kind: "Pod"),
      "pods of any other namespace")
    if meshName != nil {
      add(
        PeerPod(
          id: "remote stranger", namespace: namespace, knowsNamespaceLabels: true, name: "any pod",
          kind: "Pod", isRemote: true, meshCluster: Self.otherCluster),
        "pods of any other cluster of the mesh")
    }
    for policy in emitted {
      let specs = [policy.node["spec"]].compactMap { $0 } + (policy.node["specs"]?.elements.map { $0 } ?? [])
      for spec in specs {
        for (list, key) in [("ingress", "from"), ("egress", "to")] {
          for rule in spec[list]?.elements.map({ $0 }) ?? [] {
            for peer in rule[key]?.elements.map({ $0 }) ?? [] where peer["ipBlock"] == nil { add(peer: peer) }
            for selector in rule["\(key)Endpoints"]?.elements.map({ $0 }) ?? [] { add(endpoints: selector) }
          }
        }
      }
    }
  }

  private mutating func add(_ pod: PeerPod, _ words: String) {
    guard seenPods.insert(pod.id).inserted else { return }
    all.append(Stranger(pod: pod, words: words))
  }

  // MARK: What a peer asks for

  /// The pods that a peer is about, one choice of each list at a time.
  private struct Shape {
    var namespaces: [String]
    /// What the namespaces carry beside their names.
    var namespaceLabels: [Labels] = [Labels()]
    var labels: [Labels] = [Labels()]
    /// Nil: those that the plugin takes a selector without cluster for.
    var clusters: [LabelSelector.Requirement] = []
  }

  private mutating func add(peer: Node) {
    let namespaces = peer["namespaceSelector"].map { LabelSelector($0) }
    let pods = LabelSelector(peer["podSelector"])
    guard seenPeers.insert("\(namespaces?.description ?? "-") \(pods.description)").inserted else { return }
    var shape = Shape(namespaces: [own])
    var podRequirements: [LabelSelector.Requirement] = []
    for requirement in pods.requirements {
      if CiliumLabels.bare(requirement.key) == CiliumLabels.cluster {
        shape.clusters.append(requirement)
      } else {
        podRequirements.append(requirement)
      }
    }
    shape.labels = Self.choices(podRequirements)
    if let namespaces { choose(namespaces.requirements, &shape) }
    add(shape)
  }

  /// Cilium's selectors hold namespaces and clusters as labels.
  private mutating func add(endpoints: Node) {
    let selector = LabelSelector(endpoints)
    // What Cilium calls by such a name is no pod.
    guard !selector.requirements.contains(where: { $0.key.hasPrefix("reserved:") }) else { return }
    guard seenPeers.insert("endpoints \(selector.description)").inserted else { return }
    var shape = Shape(namespaces: [own])
    var podRequirements: [LabelSelector.Requirement] = []
    var namespaceRequirements: [LabelSelector.Requirement] = []
    for requirement in selector.requirements {
      let key = CiliumLabels.bare(requirement.key)
      if key == CiliumLabels.cluster {
        shape.clusters.append(requirement)
      } else if key == CiliumLabels.namespace {
        namespaceRequirements.append(requirement.renamed(NamespaceFacts.nameLabel))
      } else if key.hasPrefix(CiliumLabels.namespaceLabels) {
        namespaceRequirements.append(
          requirement.renamed(String(key.dropFirst(CiliumLabels.namespaceLabels.count))))
      } else {
        podRequirements.append(requirement.renamed(key))
      }
    }
    shape.labels = Self.choices(podRequirements)
    if !namespaceRequirements.isEmpty { choose(namespaceRequirements, &shape) }
    add(shape)
  }

  /// The namespaces that requirements take in: those they name, those that are known to carry what they ask for, else
  /// one that nobody knows.
  private func choose(_ requirements: [LabelSelector.Requirement], _ shape: inout Shape) {
    var names: [String] = []
    var others: [LabelSelector.Requirement] = []
    for requirement in requirements {
      if case .isIn(NamespaceFacts.nameLabel, let values) = requirement {
        names += values
      } else if requirement.key != NamespaceFacts.nameLabel {
        others.append(requirement)
      }
    }
    if names.isEmpty, !others.isEmpty {
      let selector = LabelSelector(requirements: requirements)
      let carrying = known.values.lazy.flatMap { $0 }.filter { pod in
        selector.matches(pod.namespaceLabels.setting(NamespaceFacts.nameLabel, to: pod.namespace))
      }
      names = Set(carrying.map(\.namespace)).sorted()
      if names.isEmpty, selector.matches(ownLabels) { names = [own] }
    }
    shape.namespaces = names.isEmpty ? [Self.otherNamespace] : names
    shape.namespaceLabels = Self.choices(others)
  }

  /// Labels that meet requirements, each value that they name once.
  private static func choices(_ requirements: [LabelSelector.Requirement]) -> [Labels] {
    var all = [Labels()]
    for requirement in requirements {
      let (key, values): (String, [String])
      switch requirement {
      case .isIn(let name, let listed): (key, values) = (name, listed)
      case .exists(let name): (key, values) = (name, ["any"])
      case .notIn, .doesNotExist: continue
      }
      if all.count * values.count <= limit {
        all = all.flatMap { labels in values.map { labels.setting(key, to: $0) } }
      } else {
        let first = all[0]
        all = all.map { $0.setting(key, to: values[0]) } + values.map { first.setting(key, to: $0) }
      }
    }
    return all
  }

  /// The clusters that a peer is about, by their names in the mesh; nil for one that is in none.
  private func clusters(_ requirements: [LabelSelector.Requirement]) -> [String?] {
    guard let meshName else { return [nil] }
    if requirements.isEmpty {
      return crossesClusters ? [meshName] + remoteClusters + [Self.otherCluster] : [meshName]
    }
    var named: [String] = []
    for case .isIn(_, let values) in requirements { named += values }
    if named.isEmpty { named = [meshName] + remoteClusters + [Self.otherCluster] }
    return named.withoutRepetitions
  }

  // MARK: Whom nobody means

  private mutating func add(_ shape: Shape) {
    let clusters = clusters(shape.clusters)
    let count =
      clusters.count * shape.namespaces.count * shape.namespaceLabels.count * shape.labels.count
    // A peer that is about far too many is told by any of them.
    let namespaceLabels =
      count > Self.limit * 4 ? Array(shape.namespaceLabels.prefix(1)) : shape.namespaceLabels
    for cluster in clusters {
      for namespace in shape.namespaces {
        for place in namespaceLabels {
          for labels in shape.labels { add(cluster, namespace, place, labels) }
        }
      }
    }
  }

  private mutating func add(_ cluster: String?, _ namespace: String, _ place: Labels, _ labels: Labels) {
    let isRemote = cluster != nil && cluster != meshName
    guard !isMeant(cluster, namespace, place, labels, isRemote: isRemote) else { return }
    // Pods of the namespace's own workloads stand for themselves.
    if !isRemote, namespace == own, !labels.isEmpty,
      workloads.contains(where: { own in labels.items.allSatisfy { own[$0.key] == $0.value } })
    {
      return
    }
    add(
      PeerPod(
        id: "stranger \(cluster ?? "") \(namespace) \(place.description) \(labels.description)",
        namespace: namespace, namespaceLabels: place.setting(NamespaceFacts.nameLabel, to: namespace),
        knowsNamespaceLabels: true, name: "a pod", kind: "Pod", labels: labels, isRemote: isRemote,
        meshCluster: isRemote ? cluster : nil),
      words(isRemote ? cluster : nil, namespace, place, labels))
  }

  /// True for pods that the selector of some connection takes in.
  private func isMeant(
    _ cluster: String?, _ namespace: String, _ place: Labels, _ labels: Labels, isRemote: Bool
  ) -> Bool {
    if !isRemote {
      let isPlatform = platform.contains { pod in
        guard
          pod.namespace == namespace
            || pod.namespaceLabels.items.contains(where: { place[$0.key] == $0.value })
        else { return false }
        // kube-system holds many others beside CoreDNS; other namespaces of the platform are of one part each.
        return pod.namespace != "kube-system" || pod.labels.items.allSatisfy { labels[$0.key] == $0.value }
      }
      if isPlatform { return true }
    }
    return (known[namespace] ?? []).contains { pod in
      guard pod.isRemote == isRemote, !isRemote || pod.meshCluster == cluster else { return false }
      if let meaning = pod.meaning { return meaning.matches(labels) }
      return !labels.isEmpty && labels.items.allSatisfy { pod.labels[$0.key] == $0.value }
    }
  }

  private func words(_ remote: String?, _ namespace: String, _ place: Labels, _ labels: Labels) -> String {
    let isNeeded = known[namespace]?.contains { $0.isRemote == (remote != nil) } ?? false
    let others = isNeeded && labels.isEmpty ? "other pods" : "pods"
    let who = labels.isEmpty ? others : "pods with \(labels.description)"
    let there: String
    if namespace == Self.otherNamespace {
      there = place.isEmpty ? "any other namespace" : "namespaces with \(place.description)"
    } else {
      there = remote == nil && namespace == own ? "the namespace itself" : "namespace \(namespace)"
    }
    let cluster: String
    switch remote {
    case nil: cluster = ""
    case Self.otherCluster?: cluster = " in any other cluster of the mesh"
    case let name?: cluster = " in \(name)"
    }
    return "\(who) of \(there)\(cluster)"
  }
}

extension LabelSelector.Requirement {
  /// The same about another key.
  fileprivate func renamed(_ key: String) -> LabelSelector.Requirement {
    switch self {
    case .isIn(_, let values): .isIn(key: key, values: values)
    case .notIn(_, let values): .notIn(key: key, values: values)
    case .exists: .exists(key: key)
    case .doesNotExist: .doesNotExist(key: key)
    }
  }
}
