package import Kubernetes

/// What one class of pods may exchange in one direction, under both readings.
struct Row: Sendable, Hashable {
  /// What one entry opens: interned peers and ports.
  struct Entry: Hashable, Sendable {
    let peers: Int32
    let ports: Int32
  }

  /// Nil: everything.
  let may: [Entry]?
  let must: [Entry]?
}

/// The policies of one cluster, evaluated for classes of pods: linear in policies times the classes that they
/// concern, never in pairs of pods.
package struct PolicyEngine: Sendable {
  private(set) var tables: EvaluationTables
  /// All parts of all policies, in the order of the network's policies.
  private(set) var policies: [CompiledPolicy] = []
  /// Where each policy's parts begin, and the end of all.
  private var firstPart: [Int] = []
  /// Rows of each class, numbers into `rows`.
  private(set) var ingressRow: [Int32] = []
  private(set) var egressRow: [Int32] = []
  private(set) var rows: [Row] = []
  private var rowNumbers: [[Int32]: Int32] = [:]
  private var policiesOfNamespace: [[Int32]] = []
  private var clusterwidePolicies: [Int32] = []

  /// Evaluates a cluster. Policies that are not valid open and close as far as they can be read;
  /// `PolicyChecks` reports them.
  ///
  /// Pods are told apart as far as the network's policies and `others` do: a change to one of those is then
  /// evaluated without looking at the rest of the cluster. For two states of a cluster, pass the policies of the
  /// other state.
  package init(_ network: ClusterNetwork, preparedFor others: [Manifest] = []) {
    var rules: [PolicyRules] = []
    rules.reserveCapacity(network.policies.count)
    for (index, manifest) in network.policies.enumerated() {
      rules += PolicyRules.all(
        manifest, number: index, namespace: network.policyNamespaces[index], network: network)
    }
    var numbers: [String: Int] = [:]
    for (index, namespace) in network.namespaces.enumerated() where !others.isEmpty && !namespace.isRemote {
      numbers[namespace.name] = index
    }
    let prepared = others.flatMap { manifest in
      let own = numbers[manifest.namespace ?? "default"]
      let isClusterwide =
        PolicyKind(manifest)?.isClusterwide(manifest) ?? true || network.namespaces.isEmpty
      return PolicyRules.all(
        manifest, number: 0, namespace: isClusterwide ? ClusterNetwork.clusterScope : own ?? 0,
        network: network)
    }
    self.init(network, rules, preparedFor: prepared)
  }

  init(_ network: ClusterNetwork, _ rules: [PolicyRules], preparedFor others: [PolicyRules] = []) {
    tables = EvaluationTables(network, rules + others)
    policiesOfNamespace = Array(repeating: [], count: network.namespaces.count)
    policies.reserveCapacity(rules.count)
    for policy in rules { append(policy) }
    var part = 0
    for index in network.policies.indices {
      firstPart.append(part)
      while part < rules.count, rules[part].manifest == index { part += 1 }
    }
    firstPart.append(part)
    let count = tables.classes.count
    ingressRow = Array(repeating: 0, count: count)
    egressRow = Array(repeating: 0, count: count)
    for number in 0..<Int32(clamping: count) { updateRows(of: number) }
  }

  private mutating func append(_ rules: PolicyRules) {
    let index = Int32(clamping: policies.count)
    policies.append(CompiledPolicy(rules, &tables))
    if let namespace = rules.namespace {
      policiesOfNamespace[namespace].append(index)
    } else {
      clusterwidePolicies.append(index)
    }
  }

  package var network: ClusterNetwork { tables.network }
  /// How many classes the pods fall into.
  package var classCount: Int { tables.classes.count }
  /// How many different sets of peers are held.
  package var peerSetCount: Int { tables.peerSets.count }
  package var rowCount: Int { rows.count }

  /// The class of a pod of the network.
  func podClass(of pod: Int) -> Int32 { tables.classes.classOfPod[pod] }

  /// The parts of policies that may select a class and say something about a direction.
  func selecting(_ number: Int32, _ direction: NetworkPolicy.Direction) -> [Int] {
    let own = policiesOfNamespace[Int(tables.classes.namespace[Int(number)])]
    return (own + clusterwidePolicies).map(Int.init).filter {
      policies[$0].section(direction) != nil && policies[$0].maySelect.contains(number)
    }
  }

  // MARK: Change

  /// Puts another text of one policy in its place and evaluates what it concerns.
  ///
  /// Linear in the classes that the old and the new text select. A policy that looks at labels, port names
  /// or addresses that no policy looked at before evaluates the cluster anew; then the result is false.
  @discardableResult
  package mutating func replace(policy index: Int, with manifest: Manifest) -> Bool {
    guard network.policies.indices.contains(index) else { return true }
    let parts = firstPart[index]..<firstPart[index + 1]
    let rules = PolicyRules.all(
      manifest, number: index, namespace: network.policyNamespaces[index], network: network)
    tables.replace(policy: index, with: manifest)
    let isInPlace = zip(parts, rules).allSatisfy { policies[$0].rules.namespace == $1.namespace }
    guard rules.count == parts.count, isInPlace, rules.allSatisfy(tables.vocabulary.covers) else {
      var all = policies.map(\.rules)
      all.replaceSubrange(parts, with: rules)
      self = PolicyEngine(network, all)
      return false
    }
    evaluate(zip(parts, rules).map { ($0, $1) })
    return true
  }

  /// Adds a policy at the end, as `replace` does. `namespace` is an index into the network's namespaces, or
  /// `ClusterNetwork.clusterScope`.
  @discardableResult
  package mutating func add(_ manifest: Manifest, namespace: Int) -> Bool {
    let index = network.policies.count
    let rules = PolicyRules.all(manifest, number: index, namespace: namespace, network: network)
    tables.add(manifest, namespace: namespace)
    guard rules.allSatisfy(tables.vocabulary.covers) else {
      self = PolicyEngine(network, policies.map(\.rules) + rules)
      return false
    }
    var concerned = IntervalSet<Int32>()
    for rules in rules {
      append(rules)
      concerned = concerned.union(policies[policies.count - 1].maySelect)
    }
    firstPart.append(policies.count)
    generation += 1
    updateRows(ofAll: concerned)
    return true
  }

  /// Takes a policy's effect away. Its manifest keeps its place in the network, so that the numbers of others
  /// stay what they are.
  package mutating func remove(policy index: Int) {
    guard network.policies.indices.contains(index) else { return }
    evaluate((firstPart[index]..<firstPart[index + 1]).map { ($0, policies[$0].rules.withoutEffect) })
  }

  /// Rows are kept by the policies that make them: changed ones have a new meaning.
  private mutating func evaluate(_ changes: [(part: Int, rules: PolicyRules)]) {
    generation += 1
    var concerned = IntervalSet<Int32>()
    for (part, rules) in changes {
      concerned = concerned.union(policies[part].maySelect)
      policies[part] = CompiledPolicy(rules, &tables)
      concerned = concerned.union(policies[part].maySelect)
    }
    updateRows(ofAll: concerned)
  }

  private mutating func updateRows(ofAll classes: IntervalSet<Int32>) {
    for interval in classes.intervals {
      for number in interval.lower...interval.upper { updateRows(of: number) }
    }
  }

  /// Distinguishes rows made before and after a change of a policy.
  private var generation: Int32 = 0

  // MARK: Rows

  private mutating func updateRows(of number: Int32) {
    ingressRow[Int(number)] = row(of: number, .ingress)
    egressRow[Int(number)] = row(of: number, .egress)
  }

  private mutating func row(of number: Int32, _ direction: NetworkPolicy.Direction) -> Int32 {
    var key: [Int32] = [direction == .ingress ? 0 : 1, generation]
    var hasRestrictedGrants = false
    var isPlain = true
    func consider(_ index: Int32) {
      let policy = policies[Int(index)]
      guard let section = policy.section(direction), policy.maySelect.contains(number) else { return }
      key.append(index * 2 + (policy.mustSelect.contains(number) ? 1 : 0))
      if section.hasRestrictedGrants { hasRestrictedGrants = true }
      if !section.isPlain { isPlain = false }
    }
    for index in policiesOfNamespace[Int(tables.classes.namespace[Int(number)])] { consider(index) }
    for index in clusterwidePolicies { consider(index) }
    let selecting = Array(key.dropFirst(2))
    // No policy has this number.
    let isUnlisted = mayBeIsolatedUnseen(number)
    if isUnlisted { key.append(.min) }
    if hasRestrictedGrants { key.append(-1 - tables.classes.portSignature[Int(number)]) }
    if let known = rowNumbers[key] { return known }
    let row =
      isPlain
      ? plainRow(selecting, number, direction, isUnlisted: isUnlisted)
      : stagedRow(selecting, number, direction, isUnlisted: isUnlisted)
    rows.append(direction == .ingress ? admittingNode(row) : row)
    let rowNumber = Int32(clamping: rows.count - 1)
    rowNumbers[key] = rowNumber
    return rowNumber
  }

  /// True where policies that nobody has listed may select a class. Such policies may isolate; that they would open
  /// anything is not assumed.
  func mayBeIsolatedUnseen(_ number: Int32) -> Bool {
    let namespace = Int(tables.classes.namespace[Int(number)])
    return network.unlistedNamespaces.contains(namespace) && !network.namespaces[namespace].isRemote
      && (!tables.classes.isHostNetwork[Int(number)] || tables.profile.hostNetworkIsPod.may)
  }

  /// A node reaches its own pods (kubelet probes): a host-network pod may be on the node of any of them.
  private mutating func admittingNode(_ row: Row) -> Row {
    guard let may = row.may, !tables.localNodes.isEmpty else { return row }
    let node = Row.Entry(
      peers: tables.peerSets.intern(tables.localNodes), ports: tables.portSets.intern(.all))
    return Row(may: merged(may + [node]), must: row.must)
  }

  func enforcement(_ direction: NetworkPolicy.Direction) -> Ternary {
    direction == .egress ? tables.profile.enforcesEgress : .yes
  }

  /// The grants of a policy for a class, in the order of its rules.
  func grants(_ policy: Int32, _ direction: NetworkPolicy.Direction, _ number: Int32) -> [Grant] {
    guard let section = policies[Int(policy)].section(direction) else { return [] }
    guard section.hasRestrictedGrants else { return section.grants }
    return section.grants.filter { $0.subjects?.contains(number) ?? true }
  }

  /// Facts 1.1, for policies that select for sure (odd numbers) and policies that may select; all of them
  /// isolate, and only allow.
  private mutating func plainRow(
    _ selecting: [Int32], _ number: Int32, _ direction: NetworkPolicy.Direction, isUnlisted: Bool
  ) -> Row {
    let enforced = enforcement(direction)
    guard enforced.may else { return Row(may: nil, must: nil) }
    guard !selecting.isEmpty else { return Row(may: nil, must: isUnlisted ? [] : nil) }
    let isSurelyIsolated = selecting.contains { $0 & 1 == 1 }
    var may: [Grant] = []
    var must: [[Row.Entry]] = []
    for item in selecting {
      let grants = grants(item / 2, direction, number)
      may += grants
      if item & 1 == 1 || !isSurelyIsolated {
        must.append(grants.map { Row.Entry(peers: $0.mustPeers, ports: $0.mustPorts) })
      }
    }
    let mayEntries = merged(may.map { Row.Entry(peers: $0.mayPeers, ports: $0.mayPorts) })
    if isUnlisted, !isSurelyIsolated { must.append([]) }
    let mustEntries =
      isSurelyIsolated
      ? merged(must.flatMap { $0 })
      : must.dropFirst().reduce(merged(must[0])) { intersection($0, merged($1)) }
    return Row(may: isSurelyIsolated && enforced.must ? mayEntries : nil, must: mustEntries)
  }

  /// Keeps a relation as a row's entries; nil for everything.
  mutating func entries(_ relation: Relation) -> [Row.Entry]? {
    let everything = Relation(tables.everyone, .all)
    if everything.subtracting(relation).isEmpty { return nil }
    return relation.parts.map {
      Row.Entry(peers: tables.peerSets.intern($0.peers), ports: tables.portSets.intern($0.ports))
    }
  }

  /// One entry per set of ports, without those that open nothing.
  private mutating func merged(_ entries: [Row.Entry]) -> [Row.Entry] {
    var result: [Row.Entry] = []
    for entry in entries {
      if tables.peerSets[entry.peers].isEmpty || tables.portSets[entry.ports].isEmpty { continue }
      guard let index = result.firstIndex(where: { $0.ports == entry.ports }) else {
        result.append(entry)
        continue
      }
      guard result[index].peers != entry.peers else { continue }
      let union = tables.peerSets[result[index].peers].union(tables.peerSets[entry.peers])
      result[index] = Row.Entry(peers: tables.peerSets.intern(union), ports: entry.ports)
    }
    return result
  }

  /// What both lists open: for policies of which at least one selects, but none surely.
  private mutating func intersection(_ a: [Row.Entry], _ b: [Row.Entry]) -> [Row.Entry] {
    var result: [Row.Entry] = []
    for left in a {
      for right in b {
        let peers = tables.peerSets[left.peers].intersection(tables.peerSets[right.peers])
        let ports = tables.portSets[left.ports].intersection(tables.portSets[right.ports])
        if peers.isEmpty || ports.isEmpty { continue }
        result.append(Row.Entry(peers: tables.peerSets.intern(peers), ports: tables.portSets.intern(ports)))
      }
    }
    return merged(result)
  }

  // MARK: Questions

  /// Every set of peers that a row names.
  var namedPeers: [Int32] {
    var numbers: Set<Int32> = []
    for row in rows {
      for entry in (row.may ?? []) + (row.must ?? []) { numbers.insert(entry.peers) }
    }
    return numbers.sorted()
  }

  /// True where no policy makes a difference between two classes of one namespace. Linear in the sets of peers that rows
  /// name.
  func treatsAlike(_ a: Int32, _ b: Int32, _ named: [Int32]) -> Bool {
    rows[Int(ingressRow[Int(a)])] == rows[Int(ingressRow[Int(b)])]
      && rows[Int(egressRow[Int(a)])] == rows[Int(egressRow[Int(b)])]
      && named.allSatisfy {
        tables.peerSets[$0].classes.contains(a) == tables.peerSets[$0].classes.contains(b)
      }
  }

  /// What may and must pass between two ends. A pod asked about itself stands for one pod where its kind is
  /// `Pod`, else for two pods of one template.
  package func connections(from source: Endpoint, to destination: Endpoint) -> PairAnswer {
    if case .pod(let pod) = source, source == destination, network.pods[pod].kind == "Pod" {
      // A pod cannot block access to itself.
      return PairAnswer(may: .all, must: .all)
    }
    var answer = PairAnswer(
      may: passes(source, destination) { $0.may }, must: passes(source, destination) { $0.must })
    let meet = meet(source, destination)
    if !meet.may { answer.may = PortSet() }
    if !meet.must { answer.must = PortSet() }
    return answer
  }

  /// Whether two ends are in one network.
  func meet(_ source: Endpoint, _ destination: Endpoint) -> Ternary {
    guard case (.pod(let a), .pod(let b)) = (source, destination), !tables.classesOfNetwork.isEmpty else {
      return .yes
    }
    return network.meet(network.pods[a].namespace, network.pods[b].namespace)
  }

  private func passes(
    _ source: Endpoint, _ destination: Endpoint, _ reading: (Row) -> [Row.Entry]?
  ) -> PortSet {
    var ports = PortSet.all
    if case .pod(let pod) = source {
      ports = opened(reading(rows[Int(egressRow[Int(podClass(of: pod))])]), to: point(destination))
      if ports.isEmpty { return ports }
    }
    if case .pod(let pod) = destination {
      let ingress = opened(reading(rows[Int(ingressRow[Int(podClass(of: pod))])]), to: point(source))
      ports = ports.isAll ? ingress : ports.intersection(ingress)
    }
    return ports
  }

  func point(_ endpoint: Endpoint) -> PeerPoint {
    switch endpoint {
    case .pod(let pod): .podClass(podClass(of: pod))
    case .address(let address):
      address.isIPv6 ? .ipv6(address.bits) : .ipv4(UInt32(truncatingIfNeeded: address.bits))
    }
  }

  func opened(_ entries: [Row.Entry]?, to peer: PeerPoint) -> PortSet {
    guard let entries else { return .all }
    var ports = PortSet()
    for entry in entries where tables.peerSets[entry.peers].contains(peer) {
      let more = tables.portSets[entry.ports]
      ports = ports.isEmpty ? more : ports.union(more)
    }
    return ports
  }
}
