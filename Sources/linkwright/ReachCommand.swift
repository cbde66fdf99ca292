import Compiler
import Diagnostics
import Kubernetes
import Reachability
import YAMLTree

extension Command {
  fileprivate static let manifests = Option(
    name: "--manifests", value: "DIR",
    help: "Take the manifests in DIR (or a file, or '-') for one cluster; no fleet is needed")
  fileprivate static let against = Option(
    name: "--against", value: "DIR",
    help: "With --manifests: print what changes from the manifests in DIR to these")
  fileprivate static let output = Option(
    name: "--output", short: "-o", value: "FORMAT", help: "Write the list as text, json, csv, md or dot",
    choices: ConnectivityFormat.allCases.map(\.rawValue))
  fileprivate static let profile = Option(
    name: "--profile", value: "NAME", help: "What the network plugin does where the API leaves it open",
    choices: NetworkProfile.all.map(\.name))
  fileprivate static let platform = Option(
    name: "--platform", value: "NAME", help: "Add the distribution's own namespaces: router, DNS, monitoring",
    choices: PlatformNamespaces.all.map(\.name))
  fileprivate static let from = Option(
    name: "--from", value: "PEER",
    help: "One question: the source, as namespace/name or an address; of a fleet cluster/namespace/name")
  fileprivate static let to = Option(name: "--to", value: "PEER", help: "One question: the destination")
  fileprivate static let port = Option(
    name: "--port", value: "PORT", help: "One question: the port that the pod listens on: 8080, UDP/53")

  /// `linkwright reach`
  static let reach = Command(
    name: "reach", summary: "List what can reach what, or explain one connection", arguments: ["[DIR]"],
    options: [
      manifests, against, output, profile, platform, from, to, port, .cluster, .ref, .staged, .workloads,
      .format,
      .color, .quiet, .verbose,
    ],
    discussion: """
      Evaluates policies: SOURCE => DESTINATION : PORTS, sorted. Of the fleet in DIR (default: the working directory
      and upwards) it takes what exists, what would be emitted and what the platform adds; inside of a cluster every
      pair is listed, between clusters the declared connections that are not refuted. With --manifests one plain
      directory is one cluster: all its files that end in .yaml, .yml or .json, hidden ones and those of directories
      in it too. Where an answer hangs on the network plugin or on something that nobody has told, the
      line says 'depends' and on what. Addresses outside are listed in the ranges that policies tell apart: those of
      IPv6 where the manifests know of it (a policy names such a range, a pod or Service has such an address, the
      Cluster such a network), else what is open to everybody is listed for IPv4 alone. Pods of one owner are one line;
      where policies tell them apart, '#' and the pod's name follow the owner's. Profiles:

      \(NetworkProfile.all.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))

      A fleet's clusters have theirs from the Cluster; --profile overrides it. With --from, --to and --port it
      explains one connection, policy by policy. Exit status: 0 listed, or the connection passes; 1 findings, or it
      does not, or --against finds a difference; 2 wrong usage or a failure.
      """,
    example:
      "linkwright reach --manifests deploy/ --profile ovn-kubernetes --from web/shop --to db/postgres --port 5432"
  ) { parsed throws(CommandFailure) in
    let request = ReachRequest(
      profile: parsed.last(profile).flatMap(NetworkProfile.named),
      platform: parsed.last(platform).flatMap(PlatformNamespaces.named),
      format: parsed.last(output).flatMap(ConnectivityFormat.init) ?? .text,
      isQuestion: parsed.has(from) || parsed.has(to) || parsed.has(port), from: parsed.last(from),
      to: parsed.last(to), port: parsed.last(port))
    if request.isQuestion, parsed.has(output) {
      throw CommandFailure(
        message: "one question is answered in words; --output is for lists",
        help: "leave out --output, or --from, --to and --port")
    }
    guard let directory = parsed.last(manifests) else {
      if parsed.has(against) {
        throw CommandFailure(
          message: "--against needs --manifests", help: "for a change of a fleet use 'linkwright diff'")
      }
      return try request.answerForFleet(parsed)
    }
    guard parsed.positional.isEmpty else {
      throw CommandFailure(
        message: "'reach' takes a fleet or --manifests, not both", help: "leave out '\(parsed.positional[0])'"
      )
    }
    let reporting = try Reporting(parsed, prefix: "")
    guard let old = parsed.last(against) else {
      return try request.answerForManifests(in: directory, reporting)
    }
    guard !request.isQuestion, request.format == .text else {
      throw CommandFailure(message: "--against prints a text; leave out --output, --from, --to and --port")
    }
    return try request.compare(old, with: directory, reporting)
  }
}

/// What `reach` is asked for.
private struct ReachRequest {
  let profile: NetworkProfile?
  let platform: PlatformNamespaces?
  let format: ConnectivityFormat
  let isQuestion: Bool
  let from: String?
  let to: String?
  let port: String?

  /// A list is what is asked for; a habit of ten thousand policies is said a few times.
  private static let shownOfEachRule = 20

  /// The cluster that a directory of manifests describes, and what is wrong with them.
  private func read(_ directory: String) throws(CommandFailure) -> (ManifestNetwork, [Diagnostic]) {
    var findings: [Diagnostic] = []
    var objects: [Manifest] = []
    for file in try InputFiles.read(directory) {
      // Sets of manifests with namespaces x, y and z are common, and their writers mean the letters.
      let tree = Tree.parse(SourceFile(path: file.path, bytes: file.content), lettersAreText: true)
      findings += tree.findings
      findings += DoubtfulPolicies.findings(letters: tree.letters)
      for document in tree.tree.documents {
        Manifest.objects(in: document) { node, manifest in
          if let finding = DoubtfulPolicies.finding(node, as: manifest) { findings.append(finding) }
          if let manifest { objects.append(manifest) }
        }
      }
    }
    var surroundings = ManifestNetwork.Surroundings()
    surroundings.admitsLocalNode = true
    let manifests = ManifestNetwork(
      objects, profile: profile ?? .kubernetes, platform: platform, surroundings: surroundings)
    for case let workload? in manifests.workloads { findings += DoubtfulPolicies.findings(of: workload) }
    return (manifests, findings + manifests.findings)
  }

  /// What changes between two directories; nothing is printed where nothing does.
  func compare(
    _ old: String, with new: String, _ reporting: Reporting
  ) throws(CommandFailure) -> ExitCode {
    let before = try read(old)
    let after = try read(new)
    let findings = before.1 + after.1
    try reporting.print(findings.inReportOrder(), limit: Self.shownOfEachRule)
    guard !findings.containErrors else { return .findings }
    let difference = ConnectivityDifference(
      before: (PolicyEngine(before.0.network), before.0), after: (PolicyEngine(after.0.network), after.0))
    Terminal.print(difference.text)
    return difference.changes.isEmpty ? .success : .findings
  }

  /// A plain directory of manifests as one cluster.
  func answerForManifests(in directory: String, _ reporting: Reporting) throws(CommandFailure) -> ExitCode {
    let (manifests, found) = try read(directory)
    var findings = found
    guard !findings.containErrors else {
      try reporting.print(findings.inReportOrder(), limit: Self.shownOfEachRule)
      return .findings
    }
    let engine = PolicyEngine(manifests.network)
    findings += PolicyLints(manifests, engine).findings
    try reporting.print(findings.inReportOrder(), limit: Self.shownOfEachRule)
    if isQuestion { return try ReachQuestion(engine, manifests, from: from, to: to, port: port).answer() }
    if manifests.network.pods.allSatisfy(\.isPlatform) {
      reporting.summarize("there is no workload in \(directory): nothing to list")
    }
    let isNPGuard = profile?.name == NetworkProfile.npGuard
    Terminal.print(format.render(ConnectivityList(engine, manifests), withoutDepends: isNPGuard))
    return .success
  }

  /// The fleet as it will be.
  func answerForFleet(_ parsed: ParsedArguments) throws(CommandFailure) -> ExitCode {
    let compiling = try Compiling(parsed, isCheckOnly: true)
    let compilation = compiling.compilation
    let errors = compilation.findings.filter { $0.severity == .error }
    guard let judgement = compilation.judgement else {
      try compiling.reporting.print(errors)
      return .findings
    }
    // What is wrong with the fleet is 'validate's business; its errors change what is listed, so they are said.
    try compiling.reporting.print(errors)
    let asked = parsed.all(.cluster)
    let clusters = asked.isEmpty ? compilation.clusters : asked
    if isQuestion { return try FleetQuestion(judgement, clusters, self.profile).answer(from, to, port) }
    let list = ConnectivityList(judgement, clusters: clusters, profile: profile, mapping: AllCores())
    Terminal.print(format.render(list, withoutDepends: profile?.name == NetworkProfile.npGuard))
    let counts = [ConnectionVerdict.refuted, .pending].compactMap { verdict in
      let count = judgement.count(verdict)
      return count == 0 ? nil : "\(count) \(verdict.rawValue)"
    }
    let between = counts.isEmpty ? "" : " (\(counts.joined(separator: ", ")))"
    compiling.reporting.summarize(
      "\(list.lines.count) lines; between clusters only declared connections are known\(between)")
    if list.policiesWithRangesLeftOut > 0 {
      let policies =
        list.policiesWithRangesLeftOut == 1
        ? "1 policy names" : "\(list.policiesWithRangesLeftOut) policies name"
      compiling.reporting.summarize(
        "\(policies) ranges of IPv6, which the profile '\(NetworkProfile.npGuard)' does not list")
    }
    return errors.isEmpty ? .success : .findings
  }
}
