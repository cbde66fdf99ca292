import Diagnostics
import Kubernetes
import Reachability

/// One question to the evaluator, from the command line. A workload whose pods policies tell apart is several ends: the
/// question is answered for each.
struct ReachQuestion {
  /// A pod or an address, with its name in a list.
  private struct End {
    let endpoint: Endpoint
    let name: String
    /// Where the question did not say so itself: `10.0.0.2 is x/b`.
    var note: String?
  }

  private let engine: PolicyEngine
  private let manifests: ManifestNetwork
  private var sources: [End] = []
  private var destinations: [End] = []
  private let port: UInt16
  private let transport: TransportProtocol

  init(
    _ engine: PolicyEngine, _ manifests: ManifestNetwork, from: String?, to: String?, port: String?
  ) throws(CommandFailure) {
    guard let from, let to, let port else {
      throw CommandFailure(message: "one question needs --from, --to and --port")
    }
    self.engine = engine
    self.manifests = manifests
    (self.port, transport) = try Self.port(port)
    let peers = ConnectivityList.peers(engine, manifests)
    sources = try ends(from, peers)
    destinations = try ends(to, peers)
    if case (.address?, .address?) = (sources.first?.endpoint, destinations.first?.endpoint) {
      throw CommandFailure(message: "one end must be a pod of the manifests")
    }
  }

  /// `8080`, `UDP/53`.
  static func port(
    _ text: String
  ) throws(CommandFailure) -> (number: UInt16, transport: TransportProtocol) {
    let parts = text.split(separator: "/").map(String.init)
    guard let number = parts.last.flatMap({ UInt16($0) }), number > 0, parts.count <= 2,
      let transport = parts.count == 2 ? TransportProtocol(rawValue: parts[0].uppercased()) : .tcp
    else { throw CommandFailure(message: "'\(text)' is no port", help: "write 8080, UDP/53 or SCTP/132") }
    return (number, transport)
  }

  private func ends(
    _ text: String, _ peers: [(pod: Int, name: String)]
  ) throws(CommandFailure) -> [End] {
    let network = engine.network
    if let address = IPAddress(text) { return try ends(of: address, text) }
    let named = peers.filter { peer in
      let owner = peer.name.split(separator: "#").first.map(String.init) ?? peer.name
      return [peer.name, owner, network.description(of: peer.pod)].contains(text)
    }
    if !named.isEmpty { return named.map { End(endpoint: .pod($0.pod), name: $0.name) } }
    for (index, pod) in network.pods.enumerated() {
      guard let own = pod.podName else { continue }
      let owner = ConnectivityList.name(of: index, network)
      if [network.namespaces[pod.namespace].name + "/" + own, "\(owner)#\(own)"].contains(text) {
        return [End(endpoint: .pod(index), name: "\(owner)#\(own)")]
      }
    }
    if let service = manifests.services.first(where: { $0.key.description == text }) {
      throw CommandFailure(message: "\(text) is a Service: policies are about its pods", help: help(service))
    }
    let names = Set(peers.map { network.description(of: $0.pod) })
    throw CommandFailure(
      message: "there is no workload '\(text)'",
      help: didYouMean(text, among: names) ?? "the workloads are \(listed(names.sorted()))")
  }

  /// An address that the manifests give to somebody is that one's: selectors match it.
  private func ends(of address: IPAddress, _ text: String) throws(CommandFailure) -> [End] {
    let network = engine.network
    let pods = network.pods.indices.filter { network.pods[$0].addresses.contains(address) }
    if !pods.isEmpty {
      return pods.map { pod in
        let name = ConnectivityList.name(of: pod, network)
        return End(endpoint: .pod(pod), name: name, note: "\(text) is \(name)")
      }
    }
    for service in manifests.services where service.addresses.contains(address) {
      throw CommandFailure(
        message: "\(text) is the address of Service \(service.key.description): policies are about its pods",
        help: help(service))
    }
    return [End(endpoint: .address(address), name: text)]
  }

  /// Whom to ask for instead of a Service.
  private func help(_ service: Service) -> String {
    let selector = LabelSelector(equality: service.selector)
    let network = engine.network
    let pods = network.pods.indices.filter { index in
      !service.selector.isEmpty
        && network.namespaces[network.pods[index].namespace].name == service.key.namespace
        && selector.matches(network.pods[index].labels)
    }
    let ports = service.ports.map {
      "\($0.transport == .tcp ? "" : "\($0.transport.rawValue)/")\($0.target.description)"
    }
    guard !pods.isEmpty else { return "no pod of the manifests is behind it" }
    return "ask for \(listed(Set(pods.map(network.description)).sorted())), port \(listed(ports))"
  }

  func answer() -> ExitCode {
    var code = ExitCode.success
    for source in sources {
      for destination in destinations where !answer(source, destination) { code = .findings }
    }
    return code
  }

  /// True where it passes.
  private func answer(_ source: End, _ destination: End) -> Bool {
    let trace = engine.trace(from: source.endpoint, to: destination.endpoint, port: port, transport)
    var text = "\(source.name) => \(destination.name) : \(transport.rawValue) \(port) "
    let (answer, questions, network) = beside(source, destination, trace)
    switch answer {
    case .yes: text += "passes\n"
    case .no: text += "does not pass\n"
    case .depends: text += "depends: \(questions.reasons.joined(separator: "; "))\n"
    }
    if let network {
      text += "  both are on the network '\(network)' too\(answer == .yes ? "" : ": it may pass there")\n"
    }
    for note in [source.note, destination.note].compactMap({ $0 }) { text += "  \(note)\n" }
    if let networks = trace.networks {
      let names = [networks.source, networks.destination].map { $0 ?? "the cluster's own" }
      text += "  primary networks: \(names[0]), and \(names[1])\n"
    }
    if trace.isPerhapsNode {
      text += "  \(source.name) is in its node's network: a node reaches its own pods whatever policies say\n"
    }
    if trace.isSelf { text += "  a pod always reaches itself\n" }
    for side in trace.sides { text += describe(side) }
    Terminal.print(text)
    return answer == .yes
  }

  /// The answer with what networks beside the cluster's own may let pass, and the first that does.
  private func beside(
    _ source: End, _ destination: End, _ trace: Trace
  ) -> (answer: Ternary, questions: OpenQuestions, network: String?) {
    guard trace.answer != .yes, case (.pod(let from), .pod(let to)) = (source.endpoint, destination.endpoint)
    else { return (trace.answer, trace.questions, nil) }
    for network in manifests.attachedNetworks {
      guard let from = network.endpoint(from), let to = network.endpoint(to) else { continue }
      let answer = PolicyEngine(network.network).connections(from: from, to: to)
      guard answer.may.contains(port, transport) else { continue }
      // np-guard takes MultiNetworkPolicies for enforced and such networks for connected.
      if engine.network.profile.name == NetworkProfile.npGuard { return (.yes, [], network.name) }
      return (.depends, trace.questions.union(.secondaryNetworks), network.name)
    }
    return (trace.answer, trace.questions, nil)
  }

  private func describe(_ side: Trace.Side) -> String {
    let name = ConnectivityList.name(of: side.pod, engine.network)
    let direction = side.direction == .ingress ? "ingress" : "egress"
    guard !side.decisions.isEmpty else {
      let known = side.answer == .depends ? " that is known" : ""
      return "  \(direction) of \(name): no policy\(known) isolates it\n"
    }
    let verdicts: [Ternary: String] = [.yes: "allowed", .no: "denied", .depends: "depends"]
    var text = "  \(direction) of \(name): \(verdicts[side.answer] ?? "")\n"
    for decision in side.decisions {
      let position = decision.range.startPosition
      text += "    \(decision.range.file.path):\(position.line): \(decision.policy.identity.description)"
      if decision.selects == .depends { text += " (if it selects the pod)" }
      text += ": \(decision.reason)\(decision.isAsked ? "" : " (not asked: decided before)")\n"
    }
    return text
  }
}
