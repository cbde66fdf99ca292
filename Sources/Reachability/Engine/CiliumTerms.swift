import Kubernetes

/// Peers of Cilium's and of admin policies.
extension EvaluationTables {
  /// Pods by all that a plugin knows of them; host-network pods are part of their node.
  mutating func evaluate(_ selector: EndpointSelector) -> TermAnswer {
    let pods = CompiledSelector(selector.pods, &vocabulary)
    var (may, must) = (PeerSet(), PeerSet())
    var questions: OpenQuestions = []
    for (index, namespaceAnswer) in namespaces(selector.namespaces) {
      if namespaceAnswer == .depends { questions.insert(.namespaceLabels) }
      let (reaches, hangsOn) = matchesCluster(of: index, selector.cluster)
      questions.formUnion(hangsOn)
      let inScope = namespaceAnswer && reaches
      guard inScope.may else { continue }
      classes.classesOfNamespace[index].forEach { number in
        guard !classes.isHostNetwork[Int(number)] else { return }
        let matches = pods.matches(classes.labels(of: number), runtime: classes.runtimeLabels)
        if matches == .depends { questions.insert(.runtimeLabels) }
        let answer = inScope && matches
        if answer.may { may.classes.append(number) }
        if answer.must { must.classes.append(number) }
      }
    }
    return intern(may, must, questions)
  }

  /// Addresses that are no pod's; nodes as the profile says.
  mutating func evaluateOutside(_ block: AddressBlock) -> TermAnswer {
    var (may, must) = (
      PeerSet(ipv4: block.ipv4, ipv6: block.ipv6), PeerSet(ipv4: block.ipv4, ipv6: block.ipv6)
    )
    let nodes = PeerSet(ipv4: nodeNetworks.ipv4, ipv6: nodeNetworks.ipv6)
    if !profile.ipBlockMatchesNodes.may { may = may.subtracting(nodes) }
    if !profile.ipBlockMatchesNodes.must { must = must.subtracting(nodes) }
    guard profile.ipBlockMatchesNodes.may else { return intern(may, must, []) }
    let hosts = addresses.hosts.covered(by: block, within: nodeNetworks)
    may.classes = hosts.may
    if profile.ipBlockMatchesNodes.must { must.classes = hosts.must }
    return intern(may, must, [.ipBlockAndNodes, .addresses])
  }

  /// Whoever has an address of the block, pods too unless the profile says otherwise; host-network pods have their
  /// node's.
  mutating func evaluateNetworks(_ block: AddressBlock) -> TermAnswer {
    var (may, must) = (
      PeerSet(ipv4: block.ipv4, ipv6: block.ipv6), PeerSet(ipv4: block.ipv4, ipv6: block.ipv6)
    )
    let hosts = addresses.hosts.covered(by: block, within: nodeNetworks)
    let pods = addresses.pods.covered(by: block, within: podNetworks)
    let gate = profile.networksMatchPods
    if gate.may { may.classes = hosts.may.union(pods.may) }
    if gate.must { must.classes = hosts.must.union(pods.must) }
    return intern(may, must, gate == .depends ? [.addresses, .ipBlockAndPods] : .addresses)
  }

  // MARK: Entities

  mutating func evaluate(_ entities: CiliumEntities) -> TermAnswer {
    if entities.contains(.all) { return intern(everyone, everyone, []) }
    var (may, must) = (PeerSet(), PeerSet())
    var questions: OpenQuestions = []
    func add(_ sure: PeerSet, perhaps: PeerSet, _ question: OpenQuestions) {
      must = must.union(sure)
      may = may.union(sure).union(perhaps)
      if !perhaps.isEmpty { questions.formUnion(question) }
    }
    let nodes = PeerSet(ipv4: nodeNetworks.ipv4, ipv6: nodeNetworks.ipv6)
    let podRange = PeerSet(ipv4: podNetworks.ipv4, ipv6: podNetworks.ipv6)
    let (hosts, remoteHosts) = hostClasses
    var world = PeerSet()
    if entities.contains(.worldIPv4) { world.ipv4 = .all }
    if entities.contains(.worldIPv6) { world.ipv6 = .all }
    world = world.subtracting(nodes)
    // An address among the pods' may be anybody's.
    add(world.subtracting(podRange), perhaps: world, .addresses)
    let anyNode = hosts.union(nodes)
    switch (entities.contains(.host), entities.contains(.remoteNode)) {
    case (true, true): add(anyNode.union(remoteHosts), perhaps: PeerSet(), [])
    case (true, false): add(PeerSet(), perhaps: anyNode, .placement)
    case (false, true): add(remoteHosts, perhaps: anyNode, .placement)
    case (false, false): break
    }
    let local = PeerSet(classes: localClasses)
    if entities.contains(.cluster) {
      add(local.union(anyNode).union(remoteHosts), perhaps: podRange, .addresses)
    }
    if entities.contains(.clusterMesh) {
      add(
        PeerSet(classes: classes.all).subtracting(hosts).subtracting(remoteHosts),
        perhaps: hosts.union(remoteHosts).union(nodes), .hostNetwork)
    }
    if entities.contains(.cluster) || entities.contains(.apiServer) {
      let server = PeerSet(ipv4: apiServerNetworks.ipv4, ipv6: apiServerNetworks.ipv6)
      let isKnown = !server.isEmpty
      add(
        server, perhaps: isKnown ? hosts : PeerSet(ipv4: .all, ipv6: .all).union(hosts), .apiServer)
    }
    if entities.contains(.proxies) || entities.contains(.unmanaged) {
      add(
        PeerSet(), perhaps: podRange.isEmpty ? PeerSet(ipv4: .all, ipv6: .all) : podRange, .liveFacts)
    }
    if entities.contains(.unmanaged) { add(PeerSet(), perhaps: local.subtracting(hosts), .liveFacts) }
    return intern(may, must, questions)
  }

  /// Peers that only the running cluster knows: nobody for sure.
  mutating func somebody(
    pods: Bool, nodes: Bool, addresses: Bool, _ question: OpenQuestions
  ) -> TermAnswer {
    var may = PeerSet()
    let (hosts, remoteHosts) = hostClasses
    let anyHost = hosts.union(remoteHosts)
    if pods { may = may.union(PeerSet(classes: classes.all).subtracting(anyHost)) }
    if nodes {
      may = may.union(anyHost)
      may = may.union(
        nodeNetworks.isEmpty
          ? PeerSet(ipv4: .all, ipv6: .all) : PeerSet(ipv4: nodeNetworks.ipv4, ipv6: nodeNetworks.ipv6))
    }
    if addresses { may = may.union(PeerSet(ipv4: .all, ipv6: .all)) }
    return intern(may, PeerSet(), question)
  }

  private var hostNetworkClasses: [Int32] {
    (0..<Int32(clamping: classes.count)).filter { classes.isHostNetwork[Int($0)] }
  }

  /// Classes of host-network pods, here and in other clusters.
  private var hostClasses: (here: PeerSet, elsewhere: PeerSet) {
    var (here, elsewhere) = (PeerSet(), PeerSet())
    for number in hostNetworkClasses {
      if network.namespaces[Int(classes.namespace[Int(number)])].isRemote {
        elsewhere.classes.append(number)
      } else {
        here.classes.append(number)
      }
    }
    return (here, elsewhere)
  }
}
