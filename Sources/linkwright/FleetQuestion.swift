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
    let manifests = judged.network(profile: profile)
    let engine = PolicyEngine(manifests.network)
    return try ReachQuestion(engine, manifests, from: source.rest, to: destination.rest, port: port).answer()
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

  /// The declared connections from one workload to another, hop by hop: nothing else is known between clusters.
  private func betweenClusters(
    _ source: (cluster: String?, rest: String), _ destination: (cluster: String?, rest: String),
    _ port: String
  ) throws(CommandFailure) -> ExitCode {
    let (number, transport) = try ReachQuestion.port(port)
    let from = "\(source.cluster ?? "")/\(source.rest)"
    let to = "\(destination.cluster ?? "")/\(destination.rest)"
    let title = "\(from) => \(to) : \(transport.rawValue) \(number)"
    let found = judgement.crossings.filter { judged in
      ConnectivityList.leads(judged.crossing, from: from, to: to, port: number, transport, judgement.fleet)
    }
    guard !found.isEmpty else {
      Terminal.print("\(title) is not known to pass: no connection declares it\n")
      return .findings
    }
    for judged in found {
      let verdict =
        switch judged.verdict {
        case .proved: "passes"
        case .refuted: "does not pass"
        case .depends, .pending: "depends: \(judged.reasons.joined(separator: "; "))"
        }
      Terminal.print("\(title) \(verdict)\n")
      if let trace = judgement.trace(of: judged.crossing) { Terminal.print(trace.text(showsSenders: true)) }
    }
    return found.contains { $0.verdict == .proved } ? .success : .findings
  }
}
