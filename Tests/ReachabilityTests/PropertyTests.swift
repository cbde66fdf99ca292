import Kubernetes
import Reachability
import TestSupport
import Testing
import YAMLTree

/// The engine against the naive evaluator, and laws that hold whatever the rules are. Every failure prints the
/// seed; `TEST_SEED` repeats a run.
@Suite struct PropertyTests {
  private static func endpoints(_ network: ClusterNetwork) -> [Endpoint] {
    network.pods.indices.map { .pod($0) }
      + RandomNetwork.addresses.compactMap { IPAddress($0).map { Endpoint.address($0) } }
  }

  /// The first packet on which the evaluators differ.
  static func difference(_ network: ClusterNetwork, _ engine: PolicyEngine) -> String? {
    let naive = NaiveEvaluator(network)
    for source in endpoints(network) {
      for destination in endpoints(network) {
        guard case (.address, .address) = (source, destination) else {
          let answer = engine.connections(from: source, to: destination)
          for transport in TransportProtocol.allCases {
            for port in RandomNetwork.ports {
              let fast = Ternary(
                may: answer.may.contains(port, transport), must: answer.must.contains(port, transport))
              let slow = naive.passes(from: source, to: destination, port: Int(port), transport)
              if fast != slow {
                return
                  "\(source) to \(destination) \(transport.rawValue) \(port): engine \(fast), naive \(slow)"
              }
            }
          }
          continue
        }
      }
    }
    return nil
  }

  /// A network as far as a failure needs it.
  private static func words(_ network: ClusterNetwork) -> String {
    let policies = network.policies.map { String(decoding: YAMLWriter.write($0.node), as: UTF8.self) }
    let pods = network.pods.enumerated().map { index, pod in
      "\(index): \(network.description(of: index)) \(pod.kind) \(pod.labels.description) \(pod.namedPorts) host \(pod.isHostNetwork) \(pod.addresses.map(\.description)) \(pod.runtimeLabels)"
    }
    return (policies + pods + ["\(network.services)", "\(network.addressGroups)", "\(network.profile)"])
      .joined(separator: "\n")
  }

  @Test func engineEqualsNaive() {
    let seed = SeededGenerator.seed()
    for round in SeededGenerator.rounds(40) {
      var random = RandomNetwork(seed: seed &+ round)
      var network = random.network()
      network.add(random.policies(0...6))
      let difference = Self.difference(network, PolicyEngine(network))
      #expect(difference == nil, "TEST_SEED=\(seed &+ round)\n\(Self.words(network))")
      if difference != nil { return }
    }
  }

  /// Policies of every kind in one cluster.
  @Test func engineEqualsNaiveWithOtherKinds() {
    let seed = SeededGenerator.seed()
    for round in SeededGenerator.rounds(40) {
      var random = RandomNetwork(seed: seed &+ round)
      var network = random.network()
      if random.chance(70) {
        network.profile.enforcesCiliumPolicies = .yes
        network.profile.enforcesAdminPolicies = .yes
      }
      network.add(random.mixedPolicies(1...5))
      let difference = Self.difference(network, PolicyEngine(network))
      #expect(difference == nil, "TEST_SEED=\(seed &+ round)\n\(Self.words(network))")
      if difference != nil { return }
    }
  }

  /// Policies replaced, added and removed one by one: the engine says what a fresh one says of the result,
  /// prepared for the changes or not.
  @Test(arguments: [false, true]) func changedPoliciesEqualFreshEvaluation(_ isPrepared: Bool) {
    let seed = SeededGenerator.seed()
    for round in SeededGenerator.rounds(25) {
      var random = RandomNetwork(seed: seed &+ round)
      var network = random.network()
      network.add(random.mixedPolicies(2...5))
      var changes: [(manifest: Manifest, namespace: Int)] = []
      for _ in 0..<5 {
        var changed = network
        changed.policies = []
        changed.policyNamespaces = []
        changed.add(random.mixedPolicies(1...1))
        if let manifest = changed.policies.first {
          changes.append((manifest, changed.policyNamespaces[0]))
        }
      }
      var engine = PolicyEngine(network, preparedFor: isPrepared ? changes.map(\.manifest) : [])
      var removed: Set<Int> = []
      var hasForgotten = !isPrepared
      for (manifest, namespace) in changes {
        // A policy's place is taken by one of its kind and namespace. Other groups have a NetworkPolicy too, which np-guard's
        // conventions leave out: that is another number of parts.
        let same = network.policies.indices.filter {
          network.policyNamespaces[$0] == namespace && network.policies[$0].kind == manifest.kind
            && network.policies[$0].identity.group == manifest.identity.group
        }
        if let index = same.first, random.chance(60) {
          let wasIncremental = engine.replace(policy: index, with: manifest)
          // Another number of parts evaluates the cluster anew, and that forgets what was prepared for.
          if !wasIncremental {
            #expect(hasForgotten || network.policies[index].kind.hasPrefix("Cilium"))
            hasForgotten = true
          }
          network.policies[index] = manifest
          removed.remove(index)
        } else if random.chance(50) {
          let wasIncremental = engine.add(manifest, namespace: namespace)
          #expect(wasIncremental || hasForgotten)
          network.policies.append(manifest)
          network.policyNamespaces.append(namespace)
        } else if !network.policies.isEmpty {
          let index = random.some(0...network.policies.count - 1)
          engine.remove(policy: index)
          removed.insert(index)
        }
      }
      var expected = network
      let kept = network.policies.indices.filter { !removed.contains($0) }
      expected.policies = kept.map { network.policies[$0] }
      expected.policyNamespaces = kept.map { network.policyNamespaces[$0] }
      let difference = Self.difference(expected, engine)
      #expect(difference == nil, "TEST_SEED=\(seed &+ round)\n\(Self.words(expected))")
      if difference != nil { return }
    }
  }

  /// A policy that selects pods which are isolated already can only open.
  @Test func addingAPolicyToIsolatedPodsOnlyOpens() {
    let seed = SeededGenerator.seed()
    for round in SeededGenerator.rounds(20) {
      var random = RandomNetwork(seed: seed &+ round)
      var network = random.network()
      for namespace in ["a", "b", "c", "d"] {
        network.add(
          """
          apiVersion: networking.k8s.io/v1
          kind: NetworkPolicy
          metadata: {name: isolate, namespace: \(namespace)}
          spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
          """)
      }
      network.add(random.policies(0...3))
      let before = PolicyEngine(network)
      network.add(random.policies(1...1))
      let after = PolicyEngine(network)
      for source in Self.endpoints(network) {
        for destination in network.pods.indices where network.profile.hostNetworkIsPod != .depends {
          let (old, new) = (
            before.connections(from: source, to: .pod(destination)),
            after.connections(from: source, to: .pod(destination))
          )
          #expect(old.may.subtracting(new.may).isEmpty, "TEST_SEED=\(seed &+ round)")
          #expect(old.must.subtracting(new.must).isEmpty, "TEST_SEED=\(seed &+ round)")
        }
      }
    }
  }

  /// Policies add up: two sets of NetworkPolicies that isolate the same pods open what either opens.
  @Test func unionsCommute() {
    let seed = SeededGenerator.seed()
    for round in SeededGenerator.rounds(40) {
      var random = RandomNetwork(seed: seed &+ round)
      var network = random.network()
      // Where it is open whether a pod is isolated at all, the sets do not share their subjects.
      network.profile.hostNetworkIsPod = .no
      for namespace in ["a", "b", "c", "d"] {
        network.add(
          """
          apiVersion: networking.k8s.io/v1
          kind: NetworkPolicy
          metadata: {name: isolate, namespace: \(namespace)}
          spec: {podSelector: {}, policyTypes: [Ingress]}
          """)
      }
      let (first, second) = (random.policies(1...3), random.policies(1...3))
      func engine(_ texts: [String]) -> PolicyEngine {
        var network = network
        for text in texts {
          network.add(text.replacing("policyTypes: [Egress]", with: "policyTypes: [Ingress]"))
        }
        return PolicyEngine(network)
      }
      let (a, b, both) = (engine([first]), engine([second]), engine([second, first]))
      for address in RandomNetwork.addresses.compactMap({ IPAddress($0) }) {
        for pod in network.pods.indices {
          let answers = [a, b, both].map { $0.connections(from: .address(address), to: .pod(pod)) }
          #expect(answers[0].may.union(answers[1].may) == answers[2].may, "TEST_SEED=\(seed &+ round)")
          #expect(answers[0].must.union(answers[1].must) == answers[2].must, "TEST_SEED=\(seed &+ round)")
        }
      }
    }
  }

  /// The order of policies, pods and namespaces does not matter; nor do names.
  @Test func orderAndNamesDoNotMatter() throws {
    let seed = SeededGenerator.seed()
    for round in SeededGenerator.rounds(40) {
      var random = RandomNetwork(seed: seed &+ round)
      var network = random.network()
      network.add(random.mixedPolicies(1...6))
      let engine = PolicyEngine(network)
      var turned = network
      turned.policies.reverse()
      turned.policyNamespaces.reverse()
      turned.pods = network.pods.reversed().map {
        PodFacts(
          namespace: $0.namespace, name: "other-\($0.name)", kind: $0.kind, labels: $0.labels,
          runtimeLabels: $0.runtimeLabels, namedPorts: $0.namedPorts, isHostNetwork: $0.isHostNetwork,
          addresses: $0.addresses, serviceAccount: $0.serviceAccount)
      }
      let again = PolicyEngine(turned)
      let last = network.pods.count - 1
      for source in network.pods.indices {
        for destination in network.pods.indices {
          let first = engine.connections(from: .pod(source), to: .pod(destination))
          let second = again.connections(from: .pod(last - source), to: .pod(last - destination))
          #expect(first == second, "TEST_SEED=\(seed &+ round)")
        }
      }
    }
  }

  /// The table of all pairs says what the single questions say.
  @Test func pairTableEqualsSingleQuestions() {
    let seed = SeededGenerator.seed()
    for round in SeededGenerator.rounds(40) {
      var random = RandomNetwork(seed: seed &+ round)
      var network = random.network()
      network.add(random.mixedPolicies(1...6))
      let engine = PolicyEngine(network)
      for (reading, part) in [(PairTable.Reading.may, \PairAnswer.may), (.must, \.must)] {
        let table = PairTable(engine, reading)
        for source in network.pods.indices {
          for destination in network.pods.indices where source != destination {
            let expected = engine.connections(from: .pod(source), to: .pod(destination))[keyPath: part]
            #expect(
              table.ports(from: source, to: destination, engine) == expected, "TEST_SEED=\(seed &+ round)")
          }
        }
      }
    }
  }
}
