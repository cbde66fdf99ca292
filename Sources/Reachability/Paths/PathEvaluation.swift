package import Diagnostics
package import FleetSpec
import Kubernetes
import Linker
package import Parallel
import YAMLTree

/// `spec.paths` of Policy documents, judged on the evaluated fleet: on declared connections, and on what policies let
/// pass inside each cluster.
///
/// A forbidden path exists where anything may pass (every doubt counts as open); a required one where it must (every
/// doubt counts as closed). A finding names one path as a witness.
package struct PathEvaluation {
  let judgement: Judgement
  let networks: [String: ClusterPaths]
  private let day: String?
  package private(set) var findings: [Diagnostic] = []

  /// Evaluates each cluster as a whole, which nothing else needs: only where a policy has paths. Linear in pairs of
  /// the pods that a path's ends choose.
  ///
  /// - Parameter day: the source's day, to be compared with the last days of exceptions.
  package init(_ policies: [Policy], _ judgement: Judgement, day: String?, mapping: some ParallelMapping) {
    self.judgement = judgement
    self.day = day
    let clusters = judgement.judge.fleet.clusters.values.sorted { $0.name < $1.name }
    guard policies.contains(where: { !$0.paths.isEmpty }) else {
      networks = [:]
      return
    }
    let made = mapping.map(clusters, piece: 1) { ClusterPaths($0) }
    networks = Dictionary(uniqueKeysWithValues: zip(clusters.map(\.name), made))
    for policy in policies {
      for path in policy.paths {
        switch path.demand {
        case .deny: deny(path, policy)
        case .require: require(path, policy)
        }
      }
    }
  }

  // MARK: Forbidden

  private mutating func deny(_ path: Policy.PathRule, _ policy: Policy) {
    for judged in judgement.crossings where judged.verdict != .refuted {
      let crossing = judged.crossing
      guard starts(crossing, at: path.from), ends(crossing, at: path.to), carries(crossing, path.ports) else {
        continue
      }
      let also = judged.verdict == .proved ? "passes" : "may pass"
      report(
        PathRules.forbidden, path, policy,
        "\(crossing.connection.id.description) \(also): \(crossing.route)",
        at: [Label(crossing.connection.connection.name.node.range, "the connection")],
        exempting: (
          crossing.connection.id.name, crossing.target.service.key.namespace, crossing.target.cluster
        ),
        witness: judgement.trace(of: crossing)?.text(),
        closing: "take the connection out, or take this client or target out of it")
    }
    for (_, network) in networks.sorted(by: { $0.key < $1.key }) {
      guard let witness = network.witness(path) else { continue }
      report(
        PathRules.forbidden, path, policy, "\(witness.words) may pass in \(network.cluster.name)",
        at: witness.places,
        exempting: (witness.target.name, witness.target.namespace, network.cluster.name),
        witness: witness.path, closing: witness.closing)
    }
    denyOpenings(path, policy)
    denyStrayOpenings(path, policy)
    denyMeshes(path, policy)
  }

  /// Ways between members of a mesh that nobody declares.
  private mutating func denyMeshes(_ path: Policy.PathRule, _ policy: Policy) {
    guard path.from.networks == nil, path.to.networks == nil else { return }
    var seen: Set<[String]> = []
    for mesh in judgement.judge.systemsInOrder.compactMap({ $0 as? ClusterMeshSystem }) {
      for (one, other) in mesh.joinedPairs where seen.insert([one, other]).inserted {
        guard let source = networks[one], let destination = networks[other] else { continue }
        let declared = judgement.crossings.map(\.crossing).filter {
          $0.client.cluster == one && $0.target.cluster == other
        }
        let ways = UndeclaredMeshPaths(source: source, destination: destination) { client, target in
          declared.contains { crossing in
            crossing.client.namespace == client.key.namespace
              && crossing.target.service.key.namespace == target.key.namespace
              && crossing.client.podSelector?.matches(client.podLabels) ?? true
              && LabelSelector(equality: crossing.target.service.selector).matches(target.podLabels)
          }
        }
        guard let witness = ways.witness(path) else { continue }
        report(
          PathRules.forbidden, path, policy, witness.words, at: witness.places,
          exempting: (witness.target.name, witness.target.namespace, witness.cluster),
          witness: witness.path, closing: witness.closing)
      }
    }
  }

  /// Ways that nobody declares: what a load balancer or a gateway serves, it serves to everybody who can send there.
  private mutating func denyOpenings(_ path: Policy.PathRule, _ policy: Policy) {
    let fleet = judgement.fleet
    let byTarget = Dictionary(grouping: judgement.crossings.map(\.crossing), by: Self.target)
    var seen: Set<String> = []
    for judged in judgement.crossings where isServed(judged) {
      let crossing = judged.crossing
      let key = crossing.target.service.key
      guard ends(crossing, at: path.to), carries(crossing, path.ports),
        let system = judgement.judge.system(of: crossing), seen.insert(Self.target(crossing)).inserted
      else { continue }
      let isDeclared = Self.declaredClients(byTarget[Self.target(crossing)] ?? [])
      for opening in system.openings(to: crossing, in: judgement.fleet) {
        let entering = { (cluster: JudgedCluster, workload: Workload) in
          system.mayEnter(crossing, from: cluster, workload, in: fleet)
        }
        guard let (words, places, lines) = sender(path.from, through: opening, isDeclared, entering)
        else { continue }
        let served = (judgement.trace(of: crossing)?.hops ?? []).filter {
          [.loadBalancer, .gateway, .service, .targetPort, .ingress, .pod].contains($0.kind)
        }.map { "  \($0.kind.rawValue): \($0.text)\n" }.joined()
        report(
          PathRules.forbidden, path, policy,
          "\(words) may reach Service \(key.description) of \(crossing.target.cluster) at \(opening.description): no policy tells who sends there",
          at: places + [Label(crossing.connection.connection.name.node.range, "asks for the address")],
          exempting: (crossing.connection.id.name, key.namespace, crossing.target.cluster),
          witness: "\(lines)  address: \(opening.description)\n\(served)",
          closing: opening.asksForIdentity
            ? "let an AuthorizationPolicy at the target admit the declared clients alone"
            : "keep the senders in by policies of their own, or do not publish the Service")
      }
    }
  }

  /// One of a path's senders that may use an opening; nil where none may.
  func sender(
    _ end: Policy.PathEnd, through opening: Opening,
    _ isDeclared: (_ cluster: String, _ namespace: String, Labels) -> Bool,
    _ mayEnter: (JudgedCluster, Workload) -> Bool
  ) -> (words: String, places: [Label], path: String)? {
    if let networks = end.networks {
      guard !opening.asksForIdentity else { return nil }
      return networks.first.map { first in
        ("network \(first.node.text)", [], "  network \(first.node.text)\n")
      }
    }
    for (name, network) in networks.sorted(by: { $0.key < $1.key }) {
      let witness = network.witness(
        from: end, through: opening, unless: { isDeclared(name, $0, $1) },
        where: { mayEnter(network.cluster, $0) })
      if let witness { return ("\(witness.words) in \(name)", witness.places, witness.path) }
    }
    return nil
  }

  /// What stands behind the address works, whoever the clients are.
  private func isServed(_ judged: JudgedCrossing) -> Bool {
    guard judged.verdict == .refuted, let kind = judged.decisiveHop?.kind else { return true }
    return [.client, .egress, .name].contains(kind)
  }

  /// A target's port, as one text.
  private static func target(_ crossing: Crossing) -> String {
    "\(crossing.target.cluster) \(crossing.target.service.key.description) \(crossing.port.port.number)"
  }

  /// The pods whose connection to the target is judged by itself.
  private static func declaredClients(_ same: [Crossing]) -> (String, String, Labels) -> Bool {
    return { cluster, namespace, labels in
      same.contains {
        $0.client.cluster == cluster && $0.client.namespace == namespace
          && $0.client.podSelector?.matches(labels) ?? true
      }
    }
  }

  // MARK: Required

  private mutating func require(_ path: Policy.PathRule, _ policy: Policy) {
    var missing: [(words: String, places: [Label], target: NamespacedName, cluster: String)] = []
    var isEmpty = true
    for (_, network) in networks.sorted(by: { $0.key < $1.key }) {
      let (gap, pairs) = network.gap(path)
      if pairs { isEmpty = false }
      if let gap {
        missing.append(
          (gap.words + " in \(network.cluster.name)", gap.places, gap.target, network.cluster.name))
      }
    }
    for judged in judgement.crossings {
      let crossing = judged.crossing
      guard starts(crossing, at: path.from), ends(crossing, at: path.to), carries(crossing, path.ports) else {
        continue
      }
      isEmpty = false
      guard judged.verdict != .proved else { continue }
      missing.append(
        (
          "\(crossing.connection.id.description) (\(crossing.route)): \(judged.verdict.rawValue)",
          [Label(crossing.connection.connection.name.node.range, "the connection")],
          crossing.target.service.key,
          crossing.target.cluster
        ))
    }
    if isEmpty {
      report(
        PathRules.missing, path, policy, "nothing leads from the one end to the other", at: [],
        exempting: ("", nil, nil), witness: nil)
    }
    for gap in missing {
      report(
        PathRules.missing, path, policy, gap.words, at: gap.places,
        exempting: (gap.target.name, gap.target.namespace, gap.cluster), witness: nil)
    }
  }

  // MARK: Ends of crossings

  private func starts(_ crossing: Crossing, at end: Policy.PathEnd) -> Bool {
    let client = crossing.client
    switch client.place {
    case .external(_, let cidrs):
      guard let networks = end.networks else { return false }
      let block = AddressBlock(cidrs.compactMap { IPNetwork($0.value) })
      return block.overlaps(AddressBlock(networks.map(\.value)))
    case .cluster(let name):
      guard end.networks == nil, let network = networks[name] else { return false }
      let slice = judgement.judge.slices[NamespaceSlice.Key(cluster: name, namespace: client.namespace)]
      let labels = judgement.judge.pods(ofClientOf: crossing, in: slice).compactMap {
        slice?.subjects[$0].labels
      }
      return network.covers(end, namespace: client.namespace, labels)
    }
  }

  private func ends(_ crossing: Crossing, at end: Policy.PathEnd) -> Bool {
    guard end.networks == nil, let network = networks[crossing.target.cluster] else { return false }
    let key = NamespaceSlice.Key(
      cluster: crossing.target.cluster, namespace: crossing.target.service.key.namespace)
    let slice = judgement.judge.slices[key]
    let labels = judgement.judge.pods(ofTargetOf: crossing, in: slice).compactMap {
      slice?.subjects[$0].labels
    }
    return network.covers(end, namespace: key.namespace, labels)
  }

  /// A path's ports are those of pods.
  private func carries(_ crossing: Crossing, _ ports: [Policy.PathPorts]?) -> Bool {
    guard let ports else { return true }
    let port = crossing.port.port
    let numbers =
      crossing.target.pods.compactMap { $0.number(of: port.target, port.transport) }
      + (crossing.target.pods.isEmpty ? [port.target.asNumber].compactMap { $0 } : [])
    return ports.contains { range in
      guard range.transport == port.transport else { return false }
      return numbers.contains { number in UInt16(exactly: number).map { range.ports.contains($0) } ?? false }
    }
  }

  // MARK: Findings

  mutating func report(
    _ rule: Rule, _ path: Policy.PathRule, _ policy: Policy, _ words: String, at places: [Label],
    exempting subject: (name: String, namespace: String?, cluster: String?), witness: String?,
    closing: String = "close the path"
  ) {
    let name = path.name.map { " '\($0.value)'" } ?? ""
    var finding = Diagnostic(
      rule, "\(path.message ?? "policy \(policy.name.value)\(name)"): \(words)", at: path.node.range,
      path.demand == .deny ? "forbidden here" : "required here", also: places,
      help: [
        path.demand == .deny
          ? "\(closing), or excuse it in spec.exceptions of the policy, with a reason"
          : "declare a connection or admit the traffic, or excuse it in spec.exceptions of the policy"
      ], notes: witness.map { ["the path:\n\($0)"] } ?? [])
    finding.severity = path.severity
    finding.suppression = exemption(policy, path, subject)
    findings.append(finding)
  }

  /// Why the policy itself lets it be; nil where it does not.
  private func exemption(
    _ policy: Policy, _ path: Policy.PathRule, _ subject: (name: String, namespace: String?, cluster: String?)
  ) -> String? {
    for exemption in policy.exemptions {
      if let names = exemption.rules, !names.contains(where: { $0.value == path.name?.value }) { continue }
      if let until = exemption.until, let day, day > until.value { continue }
      if exemption.selection.covers(
        name: subject.name, namespace: subject.namespace, cluster: subject.cluster)
      {
        return exemption.reason
      }
    }
    return nil
  }
}

extension PortReference {
  fileprivate var asNumber: Int? { if case .number(let number) = self { number } else { nil } }
}
