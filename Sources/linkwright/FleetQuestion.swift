import Diagnostics
import Kubernetes
import Reachability

/// One question about a fleet: ends are named `cluster/namespace/name`, or are addresses.
struct FleetQuestion {
  private let judgement: Judgement
  private let clusters: [String]
  private let profile: NetworkProfile?

  init(_ judgement: Judgement, _ clusters: [String], _ profile: NetworkProfile?) {
    self.judgement = judgement
    self.clusters = clusters
    self.profile = profile
  }

  func answer(_ from: String?, _ to: String?, _ port: String?) throws(CommandFailure) -> ExitCode {
    guard let from, let to, let port else {
      throw CommandFailure(message: "one question needs --from, --to and --port")
    }
    let source = try end(from)
    let destination = try end(to)
    guard let cluster = source.cluster ?? destination.cluster else {
      throw CommandFailure(message: "one end must be a pod: cluster/namespace/name")
    }
    if let a = source.cluster, let b = destination.cluster, a != b {
      return try betweenClusters(source, destination, port)
    }
    guard let judged = judgement.fleet.clusters[cluster] else {
      throw CommandFailure(message: "there is no Cluster '\(cluster)'")
    }
    let engine = PolicyEngine(judged.network(profile: profile).network)
    return try ReachQuestion(engine, from: source.rest, to: destination.rest, port: port).answer()
  }

  /// Which cluster an end is in; nil for an address.
  private func end(_ text: String) throws(CommandFailure) -> (cluster: String?, rest: String) {
    if IPAddress(text) != nil { return (nil, text) }
    guard let slash = text.firstIndex(of: "/"), clusters.contains(String(text[..<slash])) else {
      throw CommandFailure(
        message: "'\(text)' names no cluster",
        help: "write cluster/namespace/name, or an address; the clusters are \(listed(clusters))")
    }
    return (String(text[..<slash]), String(text[text.index(after: slash)...]))
  }

  /// The declared connections from one workload to another: nothing else is known between clusters.
  private func betweenClusters(
    _ source: (cluster: String?, rest: String), _ destination: (cluster: String?, rest: String),
    _ port: String
  ) throws(CommandFailure) -> ExitCode {
    let asked = try ReachQuestion.port(port)
    func names(_ text: String, _ end: (cluster: String?, rest: String)) -> Bool {
      let full = "\(end.cluster ?? "")/\(end.rest)"
      return text == full || text.hasPrefix("\(full)[")
    }
    let lines = ConnectivityList(judgement, clusters: clusters, profile: profile, mapping: Sequential()).lines
    let found = lines.filter { line in
      line.connection != nil && names(line.source, source) && names(line.destination, destination)
        && (line.must.contains(asked.number, asked.transport)
          || line.depends.contains(asked.number, asked.transport))
    }
    guard !found.isEmpty else {
      Terminal.print(
        "\(source.cluster ?? "")/\(source.rest) => \(destination.cluster ?? "")/\(destination.rest) : \(asked.transport.rawValue) \(asked.number) is not known to pass: no connection that holds declares it\n"
      )
      return .findings
    }
    var passes = false
    for line in found {
      let isSure = line.must.contains(asked.number, asked.transport)
      passes = passes || isSure
      let verdict = isSure ? "passes" : "depends: \(line.reasons.joined(separator: "; "))"
      Terminal.print(
        "\(line.source) => \(line.destination) : \(asked.transport.rawValue) \(asked.number) \(verdict)\n  by connection \(line.connection ?? "")\n"
      )
    }
    return passes ? .success : .findings
  }
}

/// One thing after the other.
private struct Sequential: ParallelMapping {
  func map<Element: Sendable, Result: Sendable>(
    _ elements: [Element], piece: Int, _ transform: @Sendable (Element) -> Result
  ) -> [Result] {
    elements.map(transform)
  }
}
