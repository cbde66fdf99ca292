import Kubernetes
import Reachability
import TestSupport
import Testing

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

  @Test func engineEqualsNaive() {
    let seed = SeededGenerator.seed()
    for round in 0..<60 as Range<UInt64> {
      var random = RandomNetwork(seed: seed &+ round)
      var network = random.network()
      network.add(random.policies(0...6))
      let difference = Self.difference(network, PolicyEngine(network))
      #expect(difference == nil, "TEST_SEED=\(seed &+ round)")
      if difference != nil { return }
    }
  }

  /// Policies of every kind in one cluster.
  @Test func engineEqualsNaiveWithOtherKinds() {
    let seed = SeededGenerator.seed()
    for round in 0..<60 as Range<UInt64> {
      var random = RandomNetwork(seed: seed &+ round)
      var network = random.network()
      network.add(random.mixedPolicies(1...5))
      let difference = Self.difference(network, PolicyEngine(network))
      #expect(difference == nil, "TEST_SEED=\(seed &+ round)")
      if difference != nil { return }
    }
  }

  @Test func changedPolicyEqualsFreshEvaluation() {
    let seed = SeededGenerator.seed()
    for round in 0..<30 as Range<UInt64> {
      var random = RandomNetwork(seed: seed &+ round)
      var network = random.network()
      network.add(random.policies(2...5))
      guard !network.policies.isEmpty else { continue }
      var engine = PolicyEngine(network)
      for _ in 0..<3 {
        var changed = network
        changed.policies = []
        changed.policyNamespaces = []
        changed.add(random.policies(1...1))
        guard let manifest = changed.policies.first, let index = network.policies.indices.randomElement()
        else { continue }
        network.policies[index] = manifest
        engine.replace(policy: index, with: manifest)
      }
      let difference = Self.difference(network, engine)
      #expect(difference == nil, "TEST_SEED=\(seed &+ round)")
      if difference != nil { return }
    }
  }

  /// A policy that selects pods which are isolated already can only open.
  @Test func addingAPolicyToIsolatedPodsOnlyOpens() {
    let seed = SeededGenerator.seed()
    for round in 0..<40 as Range<UInt64> {
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

  /// The order of policies, pods and namespaces does not matter; nor do names.
  @Test func orderAndNamesDoNotMatter() throws {
    let seed = SeededGenerator.seed()
    for round in 0..<40 as Range<UInt64> {
      var random = RandomNetwork(seed: seed &+ round)
      var network = random.network()
      network.add(random.policies(1...6))
      let engine = PolicyEngine(network)
      var turned = network
      turned.policies.reverse()
      turned.policyNamespaces.reverse()
      turned.pods = network.pods.reversed().map {
        PodFacts(
          namespace: $0.namespace, name: "other-\($0.name)", kind: $0.kind, labels: $0.labels,
          runtimeLabels: $0.runtimeLabels, namedPorts: $0.namedPorts, isHostNetwork: $0.isHostNetwork,
          addresses: $0.addresses)
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
    for round in 0..<40 as Range<UInt64> {
      var random = RandomNetwork(seed: seed &+ round)
      var network = random.network()
      network.add(random.policies(1...6))
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
