import Diagnostics
import Kubernetes
import YAMLTree

/// Ports that policies name, and the name service that pods need.
extension PolicyLints {
  mutating func checkRulePorts(
    _ rule: PolicyRules.Rule, _ policy: CompiledPolicy, _ direction: NetworkPolicy.Direction
  ) {
    let nodes = rule.node["ports"]?.elements.map { $0 } ?? []
    guard let (classes, reach) = destinations(of: rule, policy, direction) else { return }
    for (port, node) in zip(rule.ports ?? [], nodes) {
      switch port {
      case .name(let transport, let name):
        if reach == .addresses {
          report(
            ReachabilityRules.namedPortToAddress, "'\(name)' means nothing outside of the cluster",
            node["port"] ?? node, help: "write the port's number")
        } else {
          checkName(name, transport, classes, node)
        }
      case .numbers(let transport, let range):
        guard let only = range.intervals.first, only.lower == only.upper else { continue }
        if !checkNumber(only.lower, transport, classes, node), reach == .knownPods {
          checkUndeclared(only.lower, transport, classes, node)
        }
      case .nothing: break
      }
    }
  }

  /// Whom a rule's ports are about.
  private enum Reach {
    /// Pods of the manifests alone.
    case knownPods
    /// Pods of the manifests, and perhaps others.
    case pods
    /// Addresses outside alone.
    case addresses
  }

  /// The classes of pods whose ports a rule names; nil where that is everybody.
  private func destinations(
    of rule: PolicyRules.Rule, _ policy: CompiledPolicy, _ direction: NetworkPolicy.Direction
  ) -> (classes: IntervalSet<Int32>, reach: Reach)? {
    guard direction == .egress else { return (policy.maySelect, .knownPods) }
    guard let peers = rule.peers else { return nil }
    var classes = IntervalSet<Int32>()
    var (hasPods, isKnown) = (false, true)
    for peer in peers {
      if case .block = peer {
        isKnown = false
        continue
      }
      hasPods = true
      if !isOfKnownNamespaces(peer) { isKnown = false }
      guard let answer = engine.tables.known(PeerTerm(peer, policyNamespace: policy.rules.namespace)) else {
        continue
      }
      classes = classes.union(engine.tables.peerSets[answer.may].classes)
    }
    return (classes, hasPods ? isKnown ? .knownPods : .pods : .addresses)
  }

  /// True where a peer's pods are those of the policy's own namespace, or of namespaces that have manifests here.
  private func isOfKnownNamespaces(_ peer: PolicyRules.Peer) -> Bool {
    guard case .pods(let selector, _, _) = peer else { return false }
    guard let selector else { return true }
    return selector.requirements.contains { requirement in
      guard case .isIn(NamespaceFacts.nameLabel, let names) = requirement else { return false }
      return namespacesWithPods.isSuperset(of: names)
    }
  }

  mutating func checkName(
    _ name: String, _ transport: TransportProtocol, _ classes: IntervalSet<Int32>, _ node: Node
  ) {
    let declaring = engine.tables.resolutions(name, transport, among: classes).reduce(IntervalSet<Int32>()) {
      $0.union($1.classes)
    }
    let missing = classes.subtracting(declaring)
    let pods = missing.intervals.flatMap { Array($0.lower...$0.upper) }
      .map { Int(engine.tables.classes.sample[Int($0)]) }.filter { !engine.network.pods[$0].isPlatform }
    guard !pods.isEmpty else { return }
    let names = Set(pods.flatMap { engine.network.pods[$0].namedPorts.map(\.name) })
    report(
      ReachabilityRules.unknownPortName,
      "no container declares \(transport.rawValue) port '\(name)' in \(listed(pods.map { engine.network.description(of: $0) }))",
      node["port"] ?? node, help: didYouMean(name, among: names) ?? "declare it, or write the port's number")
  }

  /// A number that is a Service's port but not the port that its pods listen on; false where it is not.
  mutating func checkNumber(
    _ number: UInt16, _ transport: TransportProtocol, _ classes: IntervalSet<Int32>, _ node: Node
  ) -> Bool {
    for service in manifests.services where !service.selector.isEmpty {
      guard let port = service.ports.first(where: { $0.number == Int(number) && $0.transport == transport }),
        port.target != .number(Int(number)),
        !service.ports.contains(where: { $0.target == .number(Int(number)) })
      else { continue }
      let selector = LabelSelector(equality: service.selector)
      let selected = classes.intervals.contains { interval in
        (interval.lower...interval.upper).contains { number in
          let index = Int(engine.tables.classes.sample[Int(number)])
          let pod = engine.network.pods[index]
          guard namespaceName(pod.namespace) == service.key.namespace, selector.matches(pod.labels) else {
            return false
          }
          let declared =
            index < manifests.workloads.count ? manifests.workloads[index]?.containerPorts ?? [] : []
          return !declared.contains { $0.number == port.number && $0.transport == transport }
        }
      }
      guard selected else { continue }
      report(
        ReachabilityRules.servicePort,
        "\(number) is the port of Service \(service.key.description), not of its pods",
        node["port"] ?? node, "its pods listen on \(port.target.description)",
        help: "write \(port.target.description)")
      return true
    }
    return false
  }

  // MARK: Numbers that nobody declares

  /// Proxies that are put into pods while they are made listen on these; no manifest of the application says so.
  private static let proxyPorts: [ClosedRange<Int>] = [4143...4143, 4190...4191, 15000...15099]

  /// A number that none of the pods declares although each declares ports. A port that is not declared may be open all the
  /// same, so one pod that declares none, or a Service or a probe that knows the number, is doubt enough.
  mutating func checkUndeclared(
    _ number: UInt16, _ transport: TransportProtocol, _ classes: IntervalSet<Int32>, _ node: Node
  ) {
    let wanted = Int(number)
    guard !classes.isEmpty, !Self.proxyPorts.contains(where: { $0.contains(wanted) }) else { return }
    var pods: [Int] = []
    var declared: Set<Int> = []
    for namespace in namespaces(of: classes) {
      for pod in podsOfNamespace[namespace] ?? [] where classes.contains(engine.podClass(of: pod)) {
        guard pod < manifests.workloads.count, let workload = manifests.workloads[pod],
          !workload.containerPorts.isEmpty
        else { return }
        for port in workload.containerPorts where port.transport == transport { declared.insert(port.number) }
        if declared.contains(wanted) || Self.probes(workload, wanted) { return }
        pods.append(pod)
      }
    }
    guard !pods.isEmpty, !isTarget(wanted, transport, of: pods) else { return }
    let names = Set(pods.map { engine.network.description(of: $0) }).sorted()
    let known = declared.sorted().map(String.init)
    report(
      ReachabilityRules.undeclaredPort,
      "no container declares \(transport.rawValue) port \(number) in \(listed(names))", node["port"] ?? node,
      help: didYouMean(String(number), among: Set(known))
        ?? (known.isEmpty
          ? "none of them declares a port of \(transport.rawValue)"
          : "those that are declared are \(listed(known))"))
  }

  /// The namespaces of classes, ascending: those of one namespace are neighbours.
  private func namespaces(of classes: IntervalSet<Int32>) -> [Int] {
    var found: [Int] = []
    for interval in classes.intervals {
      let first = Int(engine.tables.classes.namespace[Int(interval.lower)])
      let last = Int(engine.tables.classes.namespace[Int(interval.upper)])
      found += (first...last).filter { $0 > found.last ?? -1 }
    }
    return found
  }

  /// True where a Service leads to the number in one of the pods.
  private func isTarget(_ number: Int, _ transport: TransportProtocol, of pods: [Int]) -> Bool {
    manifests.services.contains { service in
      guard !service.selector.isEmpty,
        service.ports.contains(where: { $0.target == .number(number) && $0.transport == transport })
      else { return false }
      let selector = LabelSelector(equality: service.selector)
      return pods.contains { pod in
        let facts = engine.network.pods[pod]
        return namespaceName(facts.namespace) == service.key.namespace && selector.matches(facts.labels)
      }
    }
  }

  /// True where the kubelet asks the pod at that port.
  private static func probes(_ workload: Workload, _ number: Int) -> Bool {
    (workload.pod.at("spec", "containers")?.elements.map { $0 } ?? []).contains { container in
      ["livenessProbe", "readinessProbe", "startupProbe"].contains { probe in
        ["httpGet", "tcpSocket", "grpc"].contains { container.at(probe, $0, "port")?.integer == number }
      }
    }
  }

  // MARK: Names

  /// Pods that may go somewhere, but not to the name service.
  mutating func checkNameService() {
    var reported: Set<Int32> = []
    for number in 0..<Int32(clamping: engine.classCount) {
      let rowNumber = engine.egressRow[Int(number)]
      guard let entries = engine.rows[Int(rowNumber)].may else { continue }
      let reachesDNS = entries.contains { entry in
        let ports = engine.tables.portSets[entry.ports]
        return Self.nameServicePorts.contains { ports.contains($0, .udp) }
      }
      guard !reachesDNS else { continue }
      let selecting = engine.selecting(number, .egress)
      let rules = selecting.flatMap { part in
        (engine.policies[part].rules.egress?.rules ?? []).filter { $0.action == .allow }
          .map { (rule: $0, namespace: engine.policies[part].rules.namespace) }
      }
      // Pods that may go nowhere at all need no names; the name service may be in a namespace of another repository.
      guard let first = selecting.first, !rules.isEmpty,
        !rules.contains(where: { mayMeanNameService($0.rule, $0.namespace) })
      else { continue }
      // Two classes may share a row of what is known, and differ in what is not.
      guard
        !entries.isEmpty ? reported.insert(rowNumber).inserted : reported.insert(-1 - Int32(first)).inserted
      else { continue }
      let policy = engine.policies[first].rules.manifest
      // A platform's baseline, or what this program emits, is nobody's to mend here.
      guard manifests.isChecked(policy) else { continue }
      let manifest = engine.network.policies[policy]
      let pod = Int(engine.tables.classes.sample[Int(number)])
      report(
        ReachabilityRules.egressWithoutDNS, "\(engine.network.description(of: pod)) may not ask for names",
        manifest.nameNode, "isolates its egress",
        help: "admit UDP and TCP 53 (5353 on OpenShift) to the DNS pods")
    }
  }

  /// OpenShift's DNS pods listen on 5353.
  private static let nameServicePorts: [UInt16] = [53, 5353]

  /// True where a rule admits questions for names to pods that the manifests do not hold.
  private func mayMeanNameService(_ rule: PolicyRules.Rule, _ namespace: Int?) -> Bool {
    let admits =
      rule.ports?.contains { port in
        switch port {
        case .numbers(.udp, let range): Self.nameServicePorts.contains { range.contains($0) }
        case .name(.udp, _): true
        case .numbers, .name, .nothing: false
        }
      } ?? true
    guard admits, let peers = rule.peers else { return admits }
    return peers.contains { peer in
      engine.tables.known(PeerTerm(peer, policyNamespace: namespace)).map {
        engine.tables.peerSets[$0.may].isEmpty
      } ?? true
    }
  }
}
