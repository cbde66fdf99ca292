import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// One cluster with all its pods and policies evaluated at once, for paths between any two of them.
struct ClusterPaths: Sendable {
  /// One path, in words.
  struct Witness {
    let words: String
    let places: [Label]
    let target: NamespacedName
    /// What it passes, line by line.
    let path: String
    /// What would close it.
    var closing = "close the path"
  }

  let cluster: JudgedCluster
  private let engine: PolicyEngine
  private let workloads: [Workload]

  /// Linear in the objects of the cluster.
  init(_ cluster: JudgedCluster) {
    self.cluster = cluster
    var network = ClusterNetwork(profile: cluster.profile)
    network.takeNetworks(of: cluster.model.cluster)
    network.clusterName = cluster.meshName
    let facts = cluster.model.declared
    let names = Set(facts.workloads.keys).union(facts.namespaces.keys).union(facts.policies.keys).sorted()
    var workloads: [Workload] = []
    for (number, name) in names.enumerated() {
      let manifest = facts.namespaces[name]
      network.namespaces.append(
        NamespaceFacts(name: name, labels: manifest?.labels ?? Labels(), knowsLabels: manifest != nil))
      for workload in facts.workloads[name] ?? [] {
        workloads.append(workload)
        network.pods.append(NamespaceSlice.pod(workload, namespace: number))
      }
      for policy in NamespaceSlice.namespacedPolicies(cluster, name) {
        network.policies.append(policy.object.manifest)
        network.policyNamespaces.append(number)
      }
    }
    for policy in cluster.clusterwidePolicies {
      network.policies.append(policy.manifest)
      network.policyNamespaces.append(ClusterNetwork.clusterScope)
    }
    if cluster.model.baseline == nil { network.unlistedNamespaces = network.namespaces.indices }
    self.workloads = workloads
    network.takeNamedObjects(of: cluster)
    engine = PolicyEngine(network)
  }

  // MARK: Ends

  /// True where an end covers pods of a namespace; of unknown pods those that its selectors allow.
  func covers(_ end: Policy.PathEnd, namespace: String, _ pods: [Labels]) -> Bool {
    guard coversCluster(end), coversNamespace(end, namespace) else { return false }
    guard let selector = end.podSelector else { return true }
    return pods.contains(where: selector.matches)
  }

  private func coversCluster(_ end: Policy.PathEnd) -> Bool {
    if let names = end.clusters, !names.contains(where: { $0.matches(cluster.name) }) { return false }
    return end.clusterSelector?.matches(cluster.model.cluster.labels) ?? true
  }

  private func coversNamespace(_ end: Policy.PathEnd, _ name: String) -> Bool {
    if let pattern = end.namespaces, !pattern.matches(name) { return false }
    guard let selector = end.namespaceSelector else { return true }
    let labels = cluster.model.declared.namespaces[name]?.labels ?? Labels()
    return selector.matches(labels.setting(NamespaceFacts.nameLabel, to: name))
  }

  /// The workloads that an end covers.
  func workloads(in end: Policy.PathEnd) -> [Workload] { pods(end).map { workloads[$0] } }

  private func pods(_ end: Policy.PathEnd) -> [Int] {
    guard end.networks == nil, coversCluster(end) else { return [] }
    var namespaces: [String: Bool] = [:]
    return workloads.indices.filter { index in
      let workload = workloads[index]
      let name = workload.key.namespace
      let isCovered = namespaces[name] ?? coversNamespace(end, name)
      namespaces[name] = isCovered
      return isCovered && (end.podSelector?.matches(workload.podLabels) ?? true)
    }
  }

  /// The ends as the engine takes them: of a network one address of each part that policies tell apart.
  private func endpoints(_ end: Policy.PathEnd) -> [Endpoint] {
    guard let networks = end.networks else { return pods(end).map { .pod($0) } }
    return engine.atoms(of: networks.map(\.value)).map { .address($0) }
  }

  // MARK: Paths

  /// One pair that passes at one of the ports; nil where none does.
  func witness(_ path: Policy.PathRule) -> Witness? {
    for destination in endpoints(path.to) {
      for source in endpoints(path.from) where source != destination {
        if case (.address, .address) = (source, destination) { continue }
        let answer = engine.connections(from: source, to: destination).may
        let open = Self.wanted(path).map { answer.intersection($0) } ?? answer
        guard let (port, transport) = open.first else { continue }
        let trace = engine.trace(from: source, to: destination, port: port, transport)
        return Witness(
          words: "\(words(source)) → \(words(destination)) at \(transport.rawValue) \(port)",
          places: places(source, destination), target: target(destination, source),
          path: lines(trace, words(source)), closing: closing(trace, source, destination))
      }
    }
    return nil
  }

  /// One pod of an end that may send to an opening; nil where policies keep all of them in.
  ///
  /// - Parameter isDeclared: passes pods whose way there is declared, so that it is judged as a connection.
  func witness(
    from end: Policy.PathEnd, through opening: Opening,
    unless isDeclared: (_ namespace: String, Labels) -> Bool, where mayEnter: (Workload) -> Bool
  ) -> Witness? {
    for pod in pods(end) where !isDeclared(workloads[pod].key.namespace, workloads[pod].podLabels) {
      guard mayEnter(workloads[pod]) else { continue }
      let goal = opening.address ?? IPAddress(ipv4: 0xC000_0201)
      let port = opening.port ?? 443
      let passes =
        opening.address == nil || opening.port == nil
        ? engine.isOpen(pod, .egress)
          || !engine.connections(from: .pod(pod), to: .address(goal)).may[.tcp].intervals.isEmpty
        : engine.connections(from: .pod(pod), to: .address(goal)).may.contains(port, .tcp)
      guard passes else { continue }
      return Witness(
        words: words(.pod(pod)), places: [Label(workloads[pod].manifest.nameNode.range, "the source")],
        target: workloads[pod].key,
        path: lines(
          engine.trace(from: .pod(pod), to: .address(goal), port: port, .tcp), words(.pod(pod))))
    }
    return nil
  }

  /// What would close a path: an end that nothing isolates, else the rules that open it.
  private func closing(_ trace: Trace, _ source: Endpoint, _ destination: Endpoint) -> String {
    let isEntering = if case .pod = destination { true } else { false }
    let sides = trace.sides.filter { ($0.direction == .ingress) == isEntering }
    let opening = sides.flatMap(\.decisions).filter(\.opens.may).map(\.policy.identity.description)
    guard !opening.isEmpty else {
      return isEntering
        ? "isolate \(words(destination)) with a policy that admits whom it shall"
        : "isolate \(words(source)) with a policy that lets it out where it shall go"
    }
    return "narrow \(listed(opening.withoutRepetitions))"
  }

  /// The policies that let a packet pass, or that nothing isolates its ends.
  private func lines(_ trace: Trace, _ source: String) -> String {
    var text = "  \(source) @\(cluster.name)\n"
    for side in trace.sides {
      let name = side.direction == .ingress ? "ingress" : "egress"
      let opening = side.decisions.filter(\.opens.may)
      let reasons = opening.map { "\($0.policy.identity.description): \($0.reason)" }
      text += "  \(name): \(side.decisions.isEmpty ? "not isolated" : reasons.joined(separator: ", "))\n"
    }
    return text
  }

  /// One pair that does not surely pass, and whether there is any pair at all.
  func gap(_ path: Policy.PathRule) -> (gap: Witness?, hasPairs: Bool) {
    var hasPairs = false
    for destination in endpoints(path.to) {
      for source in endpoints(path.from) where source != destination {
        if case (.address, .address) = (source, destination) { continue }
        hasPairs = true
        let answer = engine.connections(from: source, to: destination).must
        let isThere = Self.wanted(path).map { $0.subtracting(answer).isEmpty } ?? !answer.isEmpty
        guard !isThere else { continue }
        return (
          Witness(
            words: "\(words(source)) does not surely reach \(words(destination))",
            places: places(source, destination), target: target(destination, source), path: ""), true
        )
      }
    }
    return (nil, hasPairs)
  }

  /// The ports that a path is about; nil for all.
  static func wanted(_ path: Policy.PathRule) -> PortSet? {
    path.ports.map { ports in
      ports.reduce(PortSet()) {
        $0.union(PortSet($1.transport, IntervalSet($1.ports.lowerBound, $1.ports.upperBound)))
      }
    }
  }

  private func words(_ endpoint: Endpoint) -> String {
    switch endpoint {
    case .address(let address): address.text
    case .pod(let pod): "\(workloads[pod].description) of \(workloads[pod].key.namespace)"
    }
  }

  private func target(_ destination: Endpoint, _ source: Endpoint) -> NamespacedName {
    if case .pod(let pod) = destination { return workloads[pod].key }
    if case .pod(let pod) = source { return workloads[pod].key }
    return NamespacedName("", "")
  }

  private func places(_ source: Endpoint, _ destination: Endpoint) -> [Label] {
    [(source, "the source"), (destination, "the destination")].compactMap { endpoint, text in
      guard case .pod(let pod) = endpoint else { return nil }
      return Label(workloads[pod].manifest.nameNode.range, text)
    }
  }
}
