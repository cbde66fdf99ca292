import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Output
import Reachability
package import Review
import YAMLTree

/// What a comparison reads of a compile.
extension Compilation {
  /// Every path that a bound connection declares, with the judge's verdict, ordered; none where nothing could be bound.
  package var reviewedPaths: [ReviewedPath] {
    guard let workings else { return [] }
    var judged: [ReviewedPath] = []
    var known: Set<ReviewedPath.Key> = []
    // A connection whose target is missing is refuted, and would give other objects: it is not compared.
    let bound = Set(workings.plan.connections.map { $0.id.description })
    for crossing in judgement?.crossings ?? []
    where bound.contains(crossing.crossing.connection.id.description) {
      let path = Self.path(of: crossing.crossing, crossing)
      known.insert(path.key)
      judged.append(path)
    }
    // Over carriers that nobody has modelled there is no verdict.
    for crossing in workings.plan.connections.flatMap(Crossing.all) {
      let path = Self.path(of: crossing, nil)
      if !known.contains(path.key) { judged.append(path) }
    }
    return ReviewedPath.joined(judged)
  }

  static func path(of crossing: Crossing, _ judged: JudgedCrossing?) -> ReviewedPath {
    let connection = crossing.connection
    let client = crossing.client
    var clients = [
      client.podSelector.map { $0.selectsEverything ? "every pod" : $0.description } ?? "every pod"
    ]
    var isExternal = false
    if case .external(_, let cidrs) = client.place {
      clients = cidrs.map(\.value)
      isExternal = true
    }
    return ReviewedPath(
      key: ReviewedPath.Key(
        connection: connection.id.description, client: crossing.clientPlace,
        clientNamespace: client.namespace, isExternal: isExternal, target: crossing.target.cluster,
        service: crossing.target.service.key.description, port: crossing.port.port.number,
        transport: crossing.port.port.transport.rawValue),
      clients: clients, link: connection.link.link.name.value,
      file: connection.connection.name.node.range.file.path, verdict: judged.map(verdict))
  }

  /// What may pass counts as reachable; what waits for an observation is not known.
  private static func verdict(_ crossing: JudgedCrossing) -> ReviewedPath.Verdict {
    let isReachable: Bool? =
      switch crossing.verdict {
      case .proved, .depends: true
      case .refuted: false
      case .pending: nil
      }
    return ReviewedPath.Verdict(
      word: crossing.verdict.rawValue, isReachable: isReachable,
      reason: crossing.decisiveHop.flatMap(reason))
  }

  private static func reason(_ hop: Hop) -> String? {
    switch hop.state {
    case .holds: nil
    case .depends(let questions): questions.first.map { "depends on \($0.text)" }
    case .pending(let fact): "waits for \(fact.fact) in \(fact.cluster)"
    case .broken(let fault): fault.message
    }
  }

  /// False when not even the Fleet could be read.
  package var canBeCompared: Bool { workings != nil }

  /// Connections that errors kept from being compiled.
  package var unknownConnections: UnknownConnections {
    var unknown = UnknownConnections()
    guard let workings else { return unknown }
    let bound = Set(workings.plan.connections.map { $0.id.description })
    for connection in workings.model.specification.connections {
      for namespace in connection.namespaces {
        let id = "\(namespace.value)/\(connection.name.value)"
        if !bound.contains(id) { unknown.ids.insert(id) }
      }
    }
    let start = "Connection/"
    for name in workings.model.specification.invalidNames where name.hasPrefix(start) {
      unknown.names.insert(String(name.dropFirst(start.count)))
    }
    for finding in findings where finding.severity == .error && finding.suppression == nil {
      if let path = finding.primary?.range.file.path { unknown.files.insert(path) }
    }
    return unknown
  }
}

/// A comparison on all cores.
extension ObjectComparison {
  package static func onAllCores(
    _ numbers: Range<Int>, _ compare: @Sendable (Int) -> ObjectChange
  ) -> [ObjectChange] {
    parallelMap(Array(numbers), piece: 64, compare)
  }
}
