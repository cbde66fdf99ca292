import Compiler
import Diagnostics
import Linker
import Reachability

extension Command {
  fileprivate static let output = Option(
    name: "--output", short: "-o", value: "FORMAT", help: "Print as text or json", choices: ["text", "json"])
  fileprivate static let from = Option(
    name: "--from", value: "PLACE",
    help: "Connections of a client: CLUSTER or CLUSTER/NAMESPACE, or the name of a network outside")
  fileprivate static let to = Option(
    name: "--to", value: "PLACE",
    help: "Connections to a target: CLUSTER, CLUSTER/NAMESPACE or CLUSTER/NAMESPACE/SERVICE")

  /// `linkwright explain`
  static let explain = Command(
    name: "explain", summary: "Show a connection hop by hop, or why a file of the output is there",
    arguments: ["[DIR]", "[NAMESPACE/CONNECTION | FILE | mesh | LINK]"],
    options: [from, to, output, .ref, .staged, .workloads, .color, .quiet, .verbose],
    discussion: """
      A connection: every hop from the client's pods to the target's, with its verdict, what it rests on, and what \
      people must do beside (firewall requests). A file of the output: the connection, the template and the source \
      lines that made it. With --from or --to, every connection between two places. -v also names the manifests \
      behind each hop. 'mesh', or the name of one mesh's Link: which ports must be open between the networks of its \
      members, pair by pair, as a request to whoever owns the firewalls.

      Verdicts: proved; depends (on what nobody has said); pending (an observation is missing); refuted. Exit status: \
      0 explained; 1 a connection is refuted, or --from and --to find none; 2 wrong usage, an unknown name or a failure.
      """,
    example: "linkwright explain c6af30-prod/patroni-replication"
  ) { parsed throws(CommandFailure) in
    var parsed = parsed
    let asksBetween = parsed.has(from) || parsed.has(to)
    let subject = asksBetween ? nil : parsed.takeLastArgument()
    if let subject, parsed.positional.isEmpty, FileSystem.exists("\(subject)/\(Compiler.fleetFile)") {
      throw CommandFailure(
        message: "'\(subject)' is a fleet: say what of it shall be explained",
        help: "name a connection as well: linkwright explain \(subject) NAMESPACE/CONNECTION")
    }
    if subject == nil, !asksBetween {
      throw CommandFailure(
        message: "'explain' needs a connection, a file of the output, --from or --to",
        help: "'linkwright help explain' shows how")
    }
    if asksBetween, let given = parsed.positional.first, !FileSystem.isDirectory(given) {
      throw CommandFailure(
        message: "with --from or --to only the fleet's directory is named, and '\(given)' is none",
        help: "leave out --from and --to to explain '\(given)'")
    }
    let compiling = try Compiling(parsed)
    let answer = Explaining(
      compiling: compiling, isJSON: parsed.last(output) == "json", isVerbose: parsed.has(.verbose))
    guard let subject else {
      return try answer.between(from: parsed.last(from), to: parsed.last(to))
    }
    return try answer.explain(subject)
  }
}

/// Answers of `explain`.
struct Explaining {
  let compiling: Compiling
  let isJSON: Bool
  let isVerbose: Bool

  private var compilation: Compilation { compiling.compilation }

  func explain(_ subject: String) throws(CommandFailure) -> ExitCode {
    if let explanation = compilation.explanation(ofConnection: subject) {
      let code = print(explanation)
      guard !explanation.errors.isEmpty else { return code }
      try compiling.reporting.print(explanation.errors)
      compiling.reporting.summarize(
        "connection \(subject) is refused for the errors above, whatever its hops say")
      return .findings
    }
    if compilation.declaredConnections.contains(subject) {
      try compiling.reporting.print(compilation.findings.filter { $0.severity == .error })
      compiling.reporting.summarize("connection \(subject) has no trace: its names are not bound")
      return .findings
    }
    if let code = try openings(subject) { return code }
    for path in candidates(subject) {
      if let explanation = compilation.explanation(ofFile: path, try Compiling.compiler()) {
        print(explanation)
        return .success
      }
    }
    let known = compilation.declaredConnections
    if compilation.findings.containErrors {
      try compiling.reporting.print(compilation.findings.filter { $0.severity == .error })
    }
    throw CommandFailure(
      message: "there is no connection and no file of the output '\(subject)'",
      help: Suggestions.nearest(subject, among: known) ?? "the connections are \(listed(known))")
  }

  /// A path as people type it: from the fleet's root, from the working directory, or from the repository's root.
  private func candidates(_ subject: String) -> [String] {
    var paths = [subject.hasPrefix("./") ? String(subject.dropFirst(2)) : subject]
    let prefix = compiling.source.prefix
    if !prefix.isEmpty, paths[0].hasPrefix(prefix) { paths.append(String(paths[0].dropFirst(prefix.count))) }
    if let directory = compiling.source.directory, subject.hasPrefix(directory + "/") {
      paths.append(String(subject.dropFirst(directory.count + 1)))
    }
    if let directory = compiling.source.directory.flatMap(FileSystem.resolve),
      let file = FileSystem.resolve(subject), file.hasPrefix(directory + "/")
    {
      paths.append(String(file.dropFirst(directory.count + 1)))
    }
    return paths
  }

  // MARK: Connections

  private func print(_ explanation: ConnectionExplanation) -> ExitCode {
    if isJSON {
      var writer = JSONWriter()
      writer.object { writer in
        writer.key("connection")
        writer.string(explanation.id)
        writer.key("path")
        writer.string(explanation.place.range.file.path)
        writer.key("line")
        writer.integer(explanation.place.range.startPosition.line)
        writer.key("traces")
        writer.array(of: explanation.traces) { $1.write(to: &$0) }
        writer.key("errors")
        writer.array(of: explanation.errors) { writer, finding in
          writer.object { writer in
            writer.member("rule", finding.rule.id)
            writer.member("message", finding.message)
          }
        }
        writer.key("remarks")
        writer.array(of: explanation.remarks) { writer, remark in
          writer.object { writer in
            writer.key("topic")
            writer.string(remark.topic.rawValue)
            writer.key("text")
            writer.string(remark.text)
          }
        }
        writer.key("files")
        writer.array(of: explanation.files) { $0.string($1) }
      }
      Terminal.print(writer.finish())
    } else {
      var text = explanation.traces.map { $0.text(showsPlaces: isVerbose) }.joined(separator: "\n")
      if explanation.traces.isEmpty {
        text = "\(explanation.id): its carrier has no model to be judged by\n"
      }
      for remark in explanation.remarks {
        text += "\n\(remark.topic == .firewall ? "firewall request" : remark.topic.rawValue): \(remark.text)"
      }
      if !explanation.remarks.isEmpty { text += "\n" }
      if isVerbose, !explanation.files.isEmpty {
        text += "\nfiles:\n" + explanation.files.map { "  \($0)\n" }.joined()
      }
      Terminal.print(text)
    }
    return explanation.traces.contains { $0.verdict == .refuted } ? .findings : .success
  }

  func between(from: String?, to: String?) throws(CommandFailure) -> ExitCode {
    let source = Self.parts(from)
    let destination = Self.parts(to)
    for cluster in [source?.first, destination?.first].compactMap({ $0 })
    where !compilation.clusters.contains(cluster) && cluster == destination?.first {
      throw CommandFailure(
        message: "there is no Cluster '\(cluster)'",
        help: Suggestions.nearest(cluster, among: compilation.clusters)
          ?? "the clusters are \(listed(compilation.clusters))")
    }
    let traces = compilation.traces { cluster, namespace in
      Self.matches([cluster, namespace], source)
    } to: { cluster, namespace, service in
      Self.matches([cluster, namespace, service], destination)
    }
    if traces.isEmpty, let cluster = source?.first, !compilation.clusters.contains(cluster),
      let near = Suggestions.nearest(cluster, among: compilation.clusters)
    {
      throw CommandFailure(message: "no connection begins in '\(cluster)'", help: near)
    }
    if isJSON {
      var writer = JSONWriter()
      writer.array(of: traces) { $1.write(to: &$0) }
      Terminal.print(writer.finish())
    } else {
      Terminal.print(traces.map { $0.text(showsPlaces: isVerbose) }.joined(separator: "\n"))
    }
    if traces.isEmpty { compiling.reporting.summarize("no declared connection leads there") }
    return traces.isEmpty || traces.contains { $0.verdict == .refuted } ? .findings : .success
  }

  private static func parts(_ text: String?) -> [String]? { text?.split(separator: "/").map(String.init) }

  private static func matches(_ values: [String], _ wanted: [String]?) -> Bool {
    guard let wanted else { return true }
    return wanted.count <= values.count && zip(values, wanted).allSatisfy { $0 == $1 }
  }

  // MARK: Files

  private func print(_ explanation: FileExplanation) {
    func line(_ label: Label) -> Int { label.range.startPosition.line }
    guard !isJSON else {
      var writer = JSONWriter()
      writer.object { writer in
        writer.key("path")
        writer.string(explanation.path)
        writer.key("what")
        writer.string(explanation.what)
        writer.key("connections")
        writer.array(of: explanation.connections) { $0.string($1) }
        if let template = explanation.template {
          writer.key("template")
          writer.object { writer in
            writer.key("path")
            writer.string(template.path)
            writer.key("builtIn")
            writer.boolean(template.isBuiltIn)
            writer.key("summary")
            writer.string(template.summary)
          }
        }
        writer.key("sources")
        writer.array(of: (explanation.subject.map { [$0] } ?? []) + explanation.sources) { writer, label in
          writer.object { writer in
            writer.key("path")
            writer.string(label.range.file.path)
            writer.key("line")
            writer.integer(line(label))
            writer.key("text")
            writer.string(label.text)
          }
        }
      }
      Terminal.print(writer.finish())
      return
    }
    var text = "\(explanation.path)\n  \(explanation.what)\n"
    if let template = explanation.template {
      text += "  why: \(template.summary)\n"
      text +=
        "  template: \(template.path) (\(template.isBuiltIn ? "built in" : "overridden by the fleet"))\n"
    }
    if let subject = explanation.subject {
      let names = explanation.connections.isEmpty ? "" : " (\(listed(explanation.connections)))"
      text += "  for: \(subject.range.file.path):\(line(subject))\(names)\n"
    }
    for source in explanation.sources {
      text += "  \(source.text): \(source.range.file.path):\(line(source))\n"
    }
    Terminal.print(text)
  }
}
