import Kubernetes

/// One peer, normalised: equal terms are evaluated once.
struct PeerTerm: Hashable, Sendable {
  let peer: PolicyRules.Peer?
  /// The policy's namespace where the term means it; nil where it does not matter.
  let namespace: Int?

  /// `nil` stands for everyone.
  init(_ peer: PolicyRules.Peer?, policyNamespace: Int?) {
    self.peer = peer
    if case .pods(nil, _, _)? = peer { namespace = policyNamespace } else { namespace = nil }
  }
}

/// What a term stands for under both readings, and what the difference hangs on.
struct TermAnswer: Sendable {
  let may: Int32
  let must: Int32
  let questions: OpenQuestions
}

/// The state of evaluation that all policies share: vocabulary, classes, interned sets, evaluated terms.
struct EvaluationTables: Sendable {
  private(set) var network: ClusterNetwork
  var vocabulary: Vocabulary
  let classes: ClassTable
  var peerSets = InternPool<PeerSet>()
  var portSets = InternPool<PortSet>()
  private var terms: [PeerTerm: TermAnswer] = [:]
  private var namespaceSets: [LabelSelector: [(namespace: Int, answer: Ternary)]] = [:]
  private var namespaceNumbers: [String: [Int]] = [:]
  let podNetworks: AddressBlock
  let nodeNetworks: AddressBlock
  let apiServerNetworks: AddressBlock
  let profile: NetworkProfile
  let addresses: AddressIndex
  /// The classes of this cluster's pods.
  let localClasses: IntervalSet<Int32>
  /// Host-network pods of this cluster, where their node reaches its own pods whatever policies say.
  private(set) var localNodes = PeerSet()
  /// The classes of each primary network; empty where there is but one network.
  let classesOfNetwork: [String?: IntervalSet<Int32>]

  init(_ network: ClusterNetwork, _ policies: [PolicyRules]) {
    self.network = network
    profile = network.profile
    vocabulary = Vocabulary(
      policies, looksAtAddresses: Self.looksAtAddresses(network, policies),
      knowsAddresses: network.pods.contains { !$0.addresses.isEmpty })
    classes = ClassTable(network, &vocabulary)
    podNetworks = AddressBlock(network.podNetworks)
    nodeNetworks = AddressBlock(network.nodeNetworks)
    apiServerNetworks = AddressBlock(network.apiServerNetworks)
    addresses = AddressIndex(network, classes)
    var local = IntervalSet<Int32>()
    for (index, namespace) in network.namespaces.enumerated() where !namespace.isRemote {
      for interval in classes.classesOfNamespace[index].intervals {
        local.append(interval.lower, interval.upper)
      }
    }
    localClasses = local
    var networks: [String?: IntervalSet<Int32>] = [:]
    if network.namespaces.contains(where: { $0.primaryNetwork != nil }) {
      for (index, namespace) in network.namespaces.enumerated() {
        let classes = classes.classesOfNamespace[index]
        networks[namespace.primaryNetwork] = networks[namespace.primaryNetwork]?.union(classes) ?? classes
      }
    }
    classesOfNetwork = networks
    if network.admitsLocalNode, network.profile.hostNetworkIsPod != .yes {
      let classes = classes
      local.forEach { if classes.isHostNetwork[Int($0)] { localNodes.classes.append($0) } }
    }
    for (index, namespace) in network.namespaces.enumerated() {
      namespaceNumbers[namespace.name, default: []].append(index)
    }
  }

  private static func looksAtAddresses(_ network: ClusterNetwork, _ policies: [PolicyRules]) -> Bool {
    let profile = network.profile
    guard
      profile.ipBlockMatchesPods.may || profile.ipBlockMatchesNodes.may
        || policies.contains(where: \.looksAtPodAddresses)
    else { return false }
    return network.pods.contains { !$0.addresses.isEmpty }
  }

  /// Evaluates a term, or finds its answer. Linear in the classes of the namespaces that it can match.
  mutating func answer(_ term: PeerTerm) -> TermAnswer {
    if let known = terms[term] { return known }
    let answer: TermAnswer
    switch term.peer {
    case nil: answer = intern(everyone, everyone, [])
    case .nothing?: answer = intern(PeerSet(), PeerSet(), [])
    case .block(let block)?: answer = evaluate(block)
    case .pods(let namespaceSelector, let podSelector, let cluster)?:
      answer = evaluate(namespaceSelector, podSelector, cluster, in: term.namespace)
    case .endpoints(let selector)?: answer = evaluate(selector)
    case .outside(let block)?: answer = evaluateOutside(block)
    case .networks(let block)?: answer = evaluateNetworks(block)
    case .entities(let entities)?: answer = evaluate(entities)
    case .services(let services)?: answer = evaluate(services)
    case .somebody(let pods, let nodes, let addresses, let question)?:
      answer = somebody(pods: pods, nodes: nodes, addresses: addresses, question)
    }
    terms[term] = answer
    return answer
  }

  /// Every pod and every address.
  var everyone: PeerSet { PeerSet(classes: classes.all, ipv4: .all, ipv6: .all) }

  /// Keeps the new text of a policy, for traces.
  mutating func replace(policy index: Int, with manifest: Manifest) { network.policies[index] = manifest }

  mutating func add(_ manifest: Manifest, namespace: Int) {
    network.policies.append(manifest)
    network.policyNamespaces.append(namespace)
  }

  /// The answer of a term that was evaluated before.
  func known(_ term: PeerTerm) -> TermAnswer? { terms[term] }

  mutating func intern(_ may: PeerSet, _ must: PeerSet, _ questions: OpenQuestions) -> TermAnswer {
    TermAnswer(
      may: peerSets.intern(may), must: peerSets.intern(must), questions: may == must ? [] : questions)
  }

  // MARK: Selectors

  /// The namespaces that a selector may match, ascending.
  mutating func namespaces(_ selector: LabelSelector) -> [(namespace: Int, answer: Ternary)] {
    if let known = namespaceSets[selector] { return known }
    var found: [(namespace: Int, answer: Ternary)] = []
    for index in candidates(selector) {
      let answer = network.namespaces[index].matches(selector, profile)
      if answer.may { found.append((index, answer)) }
    }
    namespaceSets[selector] = found
    return found
  }

  /// By name where the selector names namespaces, else all.
  private func candidates(_ selector: LabelSelector) -> [Int] {
    for case .isIn(NamespaceFacts.nameLabel, let names) in selector.requirements {
      return Set(names).flatMap { namespaceNumbers[$0] ?? [] }.sorted()
    }
    return Array(network.namespaces.indices)
  }

  private mutating func evaluate(
    _ namespaceSelector: LabelSelector?, _ podSelector: LabelSelector?,
    _ cluster: [LabelSelector.Requirement], in own: Int?
  ) -> TermAnswer {
    var scope: [(namespace: Int, answer: Ternary)] = []
    if let namespaceSelector {
      scope = namespaces(namespaceSelector)
    } else if let own {
      // A mesh knows a namespace by its name in every cluster.
      scope = (namespaceNumbers[network.namespaces[own].name] ?? []).map { ($0, .yes) }
    }
    let selector = podSelector.map { CompiledSelector($0, &vocabulary) }
    let asNodeTraffic = hostNetworkAsNode(namespaceSelector, podSelector)
    var (may, must) = (PeerSet(), PeerSet())
    var questions: OpenQuestions = []
    for (index, namespaceAnswer) in scope {
      var inScope = namespaceAnswer
      if inScope == .depends { questions.insert(.namespaceLabels) }
      let (reaches, hangsOn) = reachesCluster(of: index, cluster)
      inScope = inScope && reaches
      questions.formUnion(hangsOn)
      guard inScope.may else { continue }
      classes.classesOfNamespace[index].forEach { number in
        var answer = inScope
        if let selector {
          let matches = selector.matches(classes.labels(of: number), runtime: classes.runtimeLabels)
          if matches == .depends { questions.insert(.runtimeLabels) }
          answer = answer && matches
        }
        if classes.isHostNetwork[Int(number)] {
          let gate = profile.hostNetworkIsPod || asNodeTraffic
          if gate == .depends { questions.insert(.hostNetwork) }
          answer = answer && gate
        }
        if answer.may { may.classes.append(number) }
        if answer.must { must.classes.append(number) }
      }
    }
    return intern(may, must, questions)
  }

  /// Whether a plain NetworkPolicy's peer is about the cluster of a namespace. Only Cilium knows the label of
  /// the cluster; to others it is one that no pod carries.
  private func reachesCluster(
    of namespace: Int, _ requirements: [LabelSelector.Requirement]
  ) -> (Ternary, OpenQuestions) {
    let isRemote = network.namespaces[namespace].isRemote
    let crosses = isRemote ? profile.selectorsCrossClusters : .yes
    guard !requirements.isEmpty else {
      return (crosses, crosses == .depends ? .otherClusters : [])
    }
    let selector = LabelSelector(requirements: requirements)
    let unlabelled = crosses && Ternary(selector.matches(Labels()))
    let (labelled, hangsOn) = matchesCluster(of: namespace, requirements)
    switch profile.enforcesCiliumPolicies {
    case .yes: return (labelled, hangsOn)
    case .no: return (unlabelled, crosses == .depends ? .otherClusters : [])
    case .depends:
      return (
        Ternary(may: labelled.may || unlabelled.may, must: labelled.must && unlabelled.must),
        hangsOn.union(.enforcement)
      )
    }
  }

  /// Whether the name of a namespace's cluster meets requirements; without any, whether selectors reach it.
  func matchesCluster(
    of namespace: Int, _ requirements: [LabelSelector.Requirement]
  ) -> (Ternary, OpenQuestions) {
    let facts = network.namespaces[namespace]
    guard !requirements.isEmpty else {
      guard facts.isRemote else { return (.yes, []) }
      return (
        profile.selectorsCrossClusters, profile.selectorsCrossClusters == .depends ? .otherClusters : []
      )
    }
    let selector = LabelSelector(requirements: requirements)
    if let name = facts.isRemote ? facts.cluster : network.clusterName {
      return (Ternary(selector.matches(Labels([CiliumLabels.cluster: name]))), [])
    }
    // There is a name, whatever it is.
    let answer = requirements.reduce(Ternary.yes) { answer, requirement in
      switch requirement {
      case .exists: answer
      case .doesNotExist: .no
      case .isIn(_, let names): answer && (names.isEmpty ? .no : .depends)
      case .notIn(_, let names): answer && (names.isEmpty ? .yes : .depends)
      }
    }
    return (answer, answer == .depends ? .clusterName : [])
  }

  /// Whether a peer includes host-network traffic of its namespaces although that is not a pod's.
  private func hostNetworkAsNode(_ namespaces: LabelSelector?, _ pods: LabelSelector?) -> Ternary {
    guard namespaces != nil else { return .no }
    guard let pods else { return profile.namespaceSelectorIncludesHostNetwork }
    return pods.selectsEverything ? profile.emptyPodSelectorIncludesHostNetwork : .no
  }

  // MARK: Subjects

  /// The classes that a policy selects, under both readings.
  mutating func subjects(of policy: PolicyRules) -> (may: IntervalSet<Int32>, must: IntervalSet<Int32>) {
    var (may, must) = (IntervalSet<Int32>(), IntervalSet<Int32>())
    if let namespace = policy.namespace, network.namespaces[namespace].isRemote { return (may, must) }
    guard policy.enforced.may else { return (may, must) }
    switch policy.subject {
    case .pods(let labels):
      guard let namespace = policy.namespace else { return (may, must) }
      let selector = CompiledSelector(labels, &vocabulary)
      classes.classesOfNamespace[namespace].forEach { number in
        var answer = selector.matches(classes.labels(of: number), runtime: classes.runtimeLabels)
        if classes.isHostNetwork[Int(number)] { answer = answer && profile.hostNetworkIsPod }
        if answer.may { may.append(number) }
        if answer.must { must.append(number) }
      }
    case .endpoints(let selector):
      let answer = answer(PeerTerm(.endpoints(selector), policyNamespace: nil))
      let local = localClasses
      may = peerSets[answer.may].classes.intersection(local)
      must = peerSets[answer.must].classes.intersection(local)
    case .anyone:
      may = policy.namespace.map { classes.classesOfNamespace[$0] } ?? localClasses
    case .hosts:
      localClasses.forEach { if classes.isHostNetwork[Int($0)] { may.append($0) } }
    }
    return (may, policy.enforced.must ? must : IntervalSet())
  }

  // MARK: Named ports

  /// Classes by what a port name means in their pods.
  func resolutions(_ name: String, _ transport: TransportProtocol, among subjects: IntervalSet<Int32>)
    -> [(classes: IntervalSet<Int32>, may: PortSet, must: PortSet)]
  {
    var bySignature: [Int32: IntervalSet<Int32>] = [:]
    subjects.forEach { bySignature[classes.portSignature[Int($0)], default: IntervalSet()].append($0) }
    var found: [(classes: IntervalSet<Int32>, may: PortSet, must: PortSet)] = []
    for (signature, members) in bySignature.sorted(by: { $0.key < $1.key }) {
      let numbers = Set(
        classes.signatures[signature].filter { $0.name == name && $0.transport == transport }.map(\.number))
      guard !numbers.isEmpty else { continue }
      var may = IntervalSet<UInt16>()
      for number in numbers.sorted() { may.append(number) }
      let must = numbers.count == 1 ? may : IntervalSet()
      found.append((members, PortSet(transport, may), PortSet(transport, must)))
    }
    return found
  }
}
