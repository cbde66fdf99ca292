import Diagnostics
import Kubernetes
import Reachability

/// One question to the evaluator, from the command line.
struct ReachQuestion {
  let engine: PolicyEngine
  let source: Endpoint
  let destination: Endpoint
  let port: UInt16
  let transport: TransportProtocol
  let sourceName: String
  let destinationName: String

  init(_ engine: PolicyEngine, from: String?, to: String?, port: String?) throws(CommandFailure) {
    guard let from, let to, let port else {
      throw CommandFailure(message: "one question needs --from, --to and --port")
    }
    self.engine = engine
    source = try Self.endpoint(from, engine)
    destination = try Self.endpoint(to, engine)
    if case (.address, .address) = (source, destination) {
      throw CommandFailure(message: "one end must be a pod of the manifests")
    }
    (self.port, transport) = try Self.port(port)
    sourceName = Self.name(source, from, engine)
    destinationName = Self.name(destination, to, engine)
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

  private static func endpoint(_ text: String, _ engine: PolicyEngine) throws(CommandFailure) -> Endpoint {
    if let address = IPAddress(text) { return .address(address) }
    let network = engine.network
    for (index, pod) in network.pods.enumerated() {
      guard let own = pod.podName else { continue }
      let namespace = network.namespaces[pod.namespace].name
      if text == "\(namespace)/\(own)" || text == "\(ConnectivityList.name(of: index, network))#\(own)" {
        return .pod(index)
      }
    }
    for index in network.pods.indices
    where network.description(of: index) == text || ConnectivityList.name(of: index, network) == text {
      return .pod(index)
    }
    let names = network.pods.indices.map { network.description(of: $0) }
    throw CommandFailure(
      message: "there is no workload '\(text)'",
      help: didYouMean(text, among: names) ?? "the workloads are \(listed(names.sorted()))")
  }

  private static func name(_ endpoint: Endpoint, _ text: String, _ engine: PolicyEngine) -> String {
    guard case .pod(let pod) = endpoint else { return text }
    return ConnectivityList.name(of: pod, engine.network)
  }

  func answer() -> ExitCode {
    let trace = engine.trace(from: source, to: destination, port: port, transport)
    var text = "\(sourceName) => \(destinationName) : \(transport.rawValue) \(port) "
    switch trace.answer {
    case .yes: text += "passes\n"
    case .no: text += "does not pass\n"
    case .depends: text += "depends: \(trace.questions.reasons.joined(separator: "; "))\n"
    }
    if let networks = trace.networks {
      let names = [networks.source, networks.destination].map { $0 ?? "the cluster's own" }
      text += "  primary networks: \(names[0]), and \(names[1])\n"
    }
    if trace.isPerhapsNode {
      text += "  \(sourceName) is in its node's network: a node reaches its own pods whatever policies say\n"
    }
    if trace.isSelf { text += "  a pod always reaches itself\n" }
    for side in trace.sides { text += describe(side) }
    Terminal.print(text)
    return trace.answer == .yes ? .success : .findings
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
      text += ": \(decision.reason)\n"
    }
    return text
  }
}
