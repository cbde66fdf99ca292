import Compiler
import Diagnostics
import Kubernetes
import Reachability
import YAMLTree

extension Command {
  fileprivate static let manifests = Option(
    name: "--manifests", value: "DIR",
    help: "Take the manifests in DIR (or a file, or '-') for one cluster; no fleet is needed")
  fileprivate static let output = Option(
    name: "--output", short: "-o", value: "FORMAT", help: "Write the list as text, json, csv or dot",
    choices: ConnectivityFormat.allCases.map(\.rawValue))
  fileprivate static let profile = Option(
    name: "--profile", value: "NAME", help: "What the network plugin does where the API leaves it open",
    choices: NetworkProfile.all.map(\.name))
  fileprivate static let platform = Option(
    name: "--platform", value: "NAME", help: "Add the distribution's own namespaces: router, DNS, monitoring",
    choices: PlatformNamespaces.all.map(\.name))
  fileprivate static let from = Option(
    name: "--from", value: "PEER", help: "One question: the source, as namespace/name or an address")
  fileprivate static let to = Option(name: "--to", value: "PEER", help: "One question: the destination")
  fileprivate static let port = Option(
    name: "--port", value: "PORT", help: "One question: the port that the pod listens on: 8080, UDP/53")

  /// `linkwright reach`
  static let reach = Command(
    name: "reach", summary: "List what can reach what, or explain one connection",
    options: [manifests, output, profile, platform, from, to, port, .format, .color, .quiet, .verbose],
    discussion: """
      Evaluates the NetworkPolicies among the manifests: SOURCE => DESTINATION : PORTS, sorted. Where the answer hangs
      on the network plugin or on something that the manifests do not tell, the line says 'depends' and on what. Profiles:

      \(NetworkProfile.all.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))

      With --from, --to and --port it explains one connection, policy by policy. Exit status: 0 listed, or the
      connection passes; 1 findings, or it does not; 2 wrong usage or a failure.
      """,
    example:
      "linkwright reach --manifests deploy/ --profile ovn-kubernetes --from web/shop --to db/postgres --port 5432"
  ) { parsed throws(CommandFailure) in
    guard let directory = parsed.last(manifests) else {
      throw CommandFailure(
        message: "'reach' needs --manifests DIR", help: "usage: linkwright reach --manifests DIR")
    }
    let reporting = try Reporting(parsed, prefix: "")
    let profile = parsed.last(profile).flatMap(NetworkProfile.named) ?? .kubernetes
    var findings: [Diagnostic] = []
    var objects: [Manifest] = []
    for file in try InputFiles.read(directory) {
      let tree = Tree.parse(SourceFile(path: file.path, bytes: file.content))
      findings += tree.findings
      for document in tree.tree.documents { Manifest.all(in: document) { objects.append($0) } }
    }
    let manifests = ManifestNetwork(
      objects, profile: profile, platform: parsed.last(platform).flatMap(PlatformNamespaces.named))
    findings += manifests.findings
    guard !findings.containErrors else {
      try reporting.print(findings.inReportOrder())
      return .findings
    }
    let engine = PolicyEngine(manifests.network)
    findings += PolicyLints(manifests, engine).findings
    try reporting.print(findings.inReportOrder())
    if parsed.has(from) || parsed.has(to) || parsed.has(port) {
      return try ReachQuestion(engine, from: parsed.last(from), to: parsed.last(to), port: parsed.last(port))
        .answer()
    }
    let format = parsed.last(output).flatMap(ConnectivityFormat.init) ?? .text
    Terminal.print(format.render(ConnectivityList(engine), withoutDepends: profile.name == "np-guard"))
    return .success
  }
}

/// One question to the evaluator, from the command line.
private struct ReachQuestion {
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
    let parts = port.split(separator: "/").map(String.init)
    guard let number = parts.last.flatMap({ UInt16($0) }), number > 0, parts.count <= 2,
      let transport = parts.count == 2 ? TransportProtocol(rawValue: parts[0].uppercased()) : .tcp
    else { throw CommandFailure(message: "'\(port)' is no port", help: "write 8080, UDP/53 or SCTP/132") }
    self.port = number
    self.transport = transport
    sourceName = Self.name(source, from, engine)
    destinationName = Self.name(destination, to, engine)
  }

  private static func endpoint(_ text: String, _ engine: PolicyEngine) throws(CommandFailure) -> Endpoint {
    if let address = IPAddress(text) { return .address(address) }
    let network = engine.network
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
    if trace.isSelf { text += "  a pod always reaches itself\n" }
    for side in trace.sides { text += describe(side) }
    Terminal.print(text)
    return trace.answer == .yes ? .success : .findings
  }

  private func describe(_ side: Trace.Side) -> String {
    let name = ConnectivityList.name(of: side.pod, engine.network)
    let direction = side.direction == .ingress ? "ingress" : "egress"
    guard !side.decisions.isEmpty else { return "  \(direction) of \(name): no policy isolates it\n" }
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
