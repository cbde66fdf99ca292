import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What a namespace's policies say, in the words of hops.
extension NamespaceSlice {
  var key: Key { Key(cluster: cluster.name, namespace: namespace) }

  /// True where the cluster's DNS runs. Pods of every primary network ask it: OVN-Kubernetes leaves that way open.
  private var isOfResolver: Bool {
    namespace == ClusterResolver(cluster.model.cluster.distribution).pod.namespace
  }

  var baselineQuestion: Question {
    guard !cluster.isClosedByDefault else {
      return Question(
        "whether pods of \(cluster.name) that no policy selects are shut: cilium-config says 'enable-policy: always'",
        at: cluster.model.cluster.name.node.range,
        help:
          "list a policy that selects every pod and admits nothing in spec.network.baseline: then what opens the way is written"
      )
    }
    return Question(
      "which policies the platform puts into every namespace of \(cluster.name)",
      at: cluster.model.cluster.name.node.range,
      help: "list them in spec.network.baseline; 'baseline: []' says there are none")
  }

  /// True when no policy isolates the pod in a direction, nor may.
  func isOpen(_ pod: Int, _ direction: NetworkPolicy.Direction) -> Bool {
    engine.isOpen(pod, direction)
  }

  // MARK: Senders

  /// Whether a pod's policies admit a sender to a port, and what it hangs on.
  func admits(_ sender: Sender, to pod: Int, _ port: UInt16, _ transport: TransportProtocol) -> (
    answer: Ternary, questions: [Question]
  ) {
    switch sender {
    case .client: return (.depends, [Question("what address the client has")])
    case .pods(let peers, _):
      var answer = Ternary.yes
      var questions: [Question] = []
      for peer in peers {
        let (one, hangsOn) = admits(peer, to: pod, port, transport)
        answer = answer && one
        questions += hangsOn
      }
      return (answer, questions)
    case .platform(let peer, let guises, let others, let description):
      // What the load balancer sends leaves no pod of the platform: their own policies let nothing out that it is.
      let (answer, questions) = admits(peer, to: pod, port, transport, isPod: false)
      let inGuises = guises.map {
        (peer: $0, answer: admits($0, to: pod, port, transport, isPod: false).answer)
      }
      let refused = inGuises.first { $0.answer != .yes }
      if answer == .yes, refused == nil { return (.yes, []) }
      // Whoever it is, a rule that admits every address admits it.
      if engine.admitsEveryone(to: pod, port, transport) { return (.yes, []) }
      if answer == .yes, let refused {
        return (
          .depends,
          [
            Question(
              "whether \(description) arrives from \(refused.peer.name) as well, which the policies do not admit",
              help:
                "select namespaces by labels that namespace \(refused.peer.namespace) has too: \(refused.peer.namespaceLabels.description)"
            )
          ]
        )
      }
      if answer == .depends { return (.depends, questions) }
      for other in guises + others where admits(other, to: pod, port, transport, isPod: false).answer.may {
        return (.depends, [Question("whether \(description) counts as \(other.name)")])
      }
      let nodes = engine.network.nodeNetworks
      if !nodes.isEmpty, engine.admits(AddressBlock(nodes), to: pod, port, transport).may {
        return (.depends, [Question("whether \(description) arrives with the address of a node")])
      }
      return (.no, [])
    case .networks(let networks, _):
      let answer = engine.admits(AddressBlock(networks), to: pod, port, transport)
      return (answer, [Question("which of these addresses arrives at the pod")])
    case .outside where engine.admitsPodsAlone(to: pod, port, transport): return (.no, [])
    case .unknown(let description), .outside(let description):
      var isPod = true
      if case .outside = sender { isPod = false }
      if engine.admitsEveryone(to: pod, port, transport, withPods: isPod) { return (.yes, []) }
      return (
        engine.opensAnywhere(pod, .ingress, port, transport) ? .depends : .no,
        [Question("whether the policies admit \(description)")]
      )
    }
  }

  /// - Parameter isPod: false for a sender that only looks like the peer.
  private func admits(
    _ peer: PeerPod, to pod: Int, _ port: UInt16, _ transport: TransportProtocol, isPod: Bool = true
  ) -> (answer: Ternary, questions: [Question]) {
    guard let number = number(ofPeer: peer.id) else { return (.no, []) }
    guard isPod else {
      let answer = engine.enters(from: .pod(number), to: pod, port, transport)
      guard answer == .depends else { return (answer, []) }
      return (answer, engine.openQuestions(from: .pod(number), to: .pod(pod), .ingress).asked)
    }
    // What lets the sender out is asked in its own namespace.
    var answer = engine.enters(from: .pod(number), to: pod, port, transport)
    if !isOfResolver { answer = answer && engine.meet(.pod(number), .pod(pod)) }
    guard answer == .depends else { return (answer, []) }
    return (answer, engine.openQuestions(from: .pod(number), to: .pod(pod), .ingress).asked)
  }

  // MARK: Why it passes

  /// The rules that let a pod out, and the policies they stand in.
  func places(
    _ direction: NetworkPolicy.Direction, _ pods: [Int], _ destination: Endpoint, _ port: UInt16,
    _ transport: TransportProtocol
  ) -> [Label] {
    decisions(pods.map { (.pod($0), destination) }, direction, port, transport).map { label($0) }
  }

  func reason(
    _ direction: NetworkPolicy.Direction, _ pods: [Int], _ destination: Endpoint, _ port: UInt16,
    _ transport: TransportProtocol
  ) -> String {
    words(decisions(pods.map { (.pod($0), destination) }, direction, port, transport), direction)
  }

  func admittingPlaces(
    _ sender: Sender, _ pods: [(pod: Int, port: Int)], _ transport: TransportProtocol
  ) -> [Label] {
    pods.flatMap { pod, port in
      decisions(
        endpoints(of: sender).map { ($0, .pod(pod)) }, .ingress, UInt16(clamping: port),
        transport
      ).map { label($0) }
    }.withoutRepeatedPlaces
  }

  func admittingText(
    _ sender: Sender, _ pods: [(pod: Int, port: Int)], _ transport: TransportProtocol
  ) -> String {
    let all = pods.flatMap { pod, port in
      decisions(
        endpoints(of: sender).map { ($0, .pod(pod)) }, .ingress, UInt16(clamping: port),
        transport)
    }
    return "\(words(all, .ingress)), sees \(sender.description)"
  }

  private func endpoints(of sender: Sender) -> [Endpoint] {
    if case .networks(let networks, _) = sender { return networks.prefix(1).map { .address($0.address) } }
    return sender.pods.compactMap { number(ofPeer: $0.id).map { .pod($0) } }
  }

  /// The decisions that open the pairs, each policy once.
  private func decisions(
    _ pairs: [(Endpoint, Endpoint)], _ direction: NetworkPolicy.Direction, _ port: UInt16,
    _ transport: TransportProtocol
  ) -> [Trace.Decision] {
    var found: [Trace.Decision] = []
    for (source, destination) in pairs {
      let sides = engine.trace(from: source, to: destination, port: port, transport).sides
      for side in sides where side.direction == direction {
        for decision in side.decisions
        where decision.opens == .yes
          && !found.contains(where: { $0.policy.identity == decision.policy.identity })
        {
          found.append(decision)
        }
      }
    }
    return found
  }

  private func words(_ decisions: [Trace.Decision], _ direction: NetworkPolicy.Direction) -> String {
    guard !decisions.isEmpty else { return "admitted" }
    // A policy that admits several pods for one reason is told once.
    return decisions.map { decision in
      let verb = decision.opens == .yes ? "admits" : "may admit"
      return
        "\(decision.policy.kind) \(decision.policy.name) \(direction == .ingress ? verb : "lets out") (\(decision.reason))"
    }.withoutRepetitions.joined(separator: ", ")
  }

  /// A decision's place: the rule, or the connection that an emitted policy serves.
  private func label(_ decision: Trace.Decision) -> Label {
    object(of: decision).map { $0.subject == nil ? Label(decision.range) : $0.label() }
      ?? Label(decision.range)
  }

  func object(of decision: Trace.Decision) -> KnownObject? {
    policies.first {
      $0.object.manifest.node.tree === decision.policy.node.tree && $0.object.name == decision.policy.name
    }?.object
  }

  // MARK: Why it fails

  func closedEgress(
    _ pod: Int, to destination: Endpoint, _ port: UInt16, _ transport: TransportProtocol,
    _ description: String, isHostNetwork: Bool = false
  ) -> Fault {
    let trace = engine.trace(from: .pod(pod), to: destination, port: port, transport)
    if let denial = denial(in: trace, .egress, JudgementRules.egress, subjects[pod].description, description)
    {
      return denial
    }
    return Fault(
      JudgementRules.egress,
      "the policies of \(namespace) in \(cluster.name) do not let \(subjects[pod].description) out to \(description)",
      at: closing(trace, .egress),
      help: [
        isHostNetwork
          ? "\(description) runs in its node's network, where labels do not count: admit \(transport.rawValue) \(port) to the addresses of the nodes, or take the pods out of it"
          : "add an egress rule that admits \(transport.rawValue) \(port) to \(description), in the network plugin's terms: after the Service has chosen the address"
      ])
  }

  /// A rule that denies outright: no other rule mends that.
  private func denial(
    in trace: Trace, _ direction: NetworkPolicy.Direction, _ rule: Rule, _ source: String,
    _ destination: String
  ) -> Fault? {
    for decision in trace.sides.filter({ $0.direction == direction }).flatMap(\.decisions)
    where decision.opens == .no && decision.rule != nil && decision.selects == .yes {
      return Fault(
        rule,
        "\(decision.policy.identity.description) of \(cluster.name) denies traffic from \(source) to \(destination): \(decision.reason)",
        at: [denyingPlace(decision)],
        help: [
          "take the rule out, or narrow it: what a rule denies, no other rule admits"
        ])
    }
    return nil
  }

  /// The rule itself, or what emits the policy.
  private func denyingPlace(_ decision: Trace.Decision) -> Label {
    guard let object = object(of: decision), object.subject != nil else {
      return Label(decision.range, decision.reason)
    }
    return object.label(decision.reason)
  }

  func closedResolver(_ pod: Int, _ resolver: ClusterResolver) -> Fault {
    let trace = engine.trace(
      from: .pod(pod), to: .pod(resolvers.first ?? pod), port: resolver.port, .udp)
    if let denial = denial(
      in: trace, .egress, JudgementRules.name, subjects[pod].description, "the cluster's DNS")
    {
      return denial
    }
    return Fault(
      JudgementRules.name,
      "\(subjects[pod].description) of \(namespace) in \(cluster.name) cannot ask for names: its policies let no DNS out",
      at: closing(trace, .egress),
      help: [
        "admit UDP and TCP \(resolver.port) to the pods of \(resolver.pod.namespace)"
      ])
  }

  func closedIngress(_ pod: Int, from sender: Sender, _ port: UInt16, _ transport: TransportProtocol) -> Fault
  {
    if let denial = denied(pod, from: sender, port, transport, JudgementRules.ingress) { return denial }
    let isolating = Set(engine.selecting(pod, .ingress)).sorted()
    return Fault(
      JudgementRules.ingress,
      "no policy of \(namespace) in \(cluster.name) admits \(sender.description) to port \(port) of \(subjects[pod].description)",
      at: isolating.prefix(3).flatMap { number in
        let object = policies[number].object
        return object.labels("isolates the pods", madeAt: object.node.at("spec", "ingress"))
      },
      help: [
        sender.pods.contains(where: \.isHostNetwork)
          ? "some of these run in their nodes' network, where labels do not count: admit the addresses of the nodes to \(transport.rawValue) \(port), or take the pods out of it"
          : sender.isOfUnknownAddress
            ? "add a policy that selects the pods and admits \(transport.rawValue) \(port) without 'from': nobody knows with which address \(sender.description) arrives; one that does: {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: allow-from-outside, namespace: \(namespace)}, spec: {podSelector: {matchLabels: {\(subjects[pod].labels.items.map { "\($0.key): \"\($0.value)\"" }.joined(separator: ", "))}}, policyTypes: [Ingress], ingress: [{ports: [{protocol: \(transport.rawValue), port: \(port)}]}]}}"
            : "add a policy that selects the pods and admits \(sender.description) to \(transport.rawValue) \(port): policies see pod ports, not Service ports"
      ])
  }

  /// A rule of some policy that denies a sender outright; nil where policies only admit others.
  func denied(
    _ pod: Int, from sender: Sender, _ port: UInt16, _ transport: TransportProtocol, _ rule: Rule,
    as destination: String? = nil
  ) -> Fault? {
    var senders = endpoints(of: sender)
    // Any address will do for whoever has one that nobody knows.
    if senders.isEmpty, sender.isOfUnknownAddress { senders = [.address(IPAddress(ipv4: 0xC000_0201))] }
    for endpoint in senders {
      let trace = engine.trace(from: endpoint, to: .pod(pod), port: port, transport)
      if trace.answer == .no,
        let denial = denial(
          in: trace, .ingress, rule, sender.description, destination ?? subjects[pod].description)
      {
        return denial
      }
    }
    return nil
  }

  private func closing(_ trace: Trace, _ direction: NetworkPolicy.Direction) -> [Label] {
    let sides = trace.sides.filter { $0.direction == direction }
    let section: StaticString = direction == .ingress ? "ingress" : "egress"
    let labels = sides.flatMap(\.decisions).flatMap { decision in
      object(of: decision).map { $0.labels(decision.reason, madeAt: $0.node.at("spec", section)) }
        ?? [Label(decision.range, decision.reason)]
    }
    return Array(labels.withoutRepeatedPlaces.prefix(3))
  }

  /// True when some rule lets the pod out to somebody at a UDP port.
  func mayAskSomebody(_ pod: Int, port: UInt16) -> Bool { engine.opensAnywhere(pod, .egress, port, .udp) }
}

extension [Label] {
  /// Each place once.
  var withoutRepeatedPlaces: [Label] {
    var seen: Set<SourceRange> = []
    return filter { seen.insert($0.range).inserted }
  }
}
