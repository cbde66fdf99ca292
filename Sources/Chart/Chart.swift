import FleetSpec
import Kubernetes
package import Linker
package import Reachability
import YAMLTree

/// A fleet as a picture: clusters, what runs in them, and who talks to whom, with the verdict about each connection.
///
/// Every format is made from this value. The same plan and judgement give the same chart.
package struct Chart: Sendable {
  package struct Cluster: Sendable {
    package let name: String
    package let labels: [(key: String, value: String)]
  }

  package struct Carrier: Sendable {
    package let name: String
    /// The link's type: `porter`.
    package let type: String
    package let members: [String]
  }

  /// What stands at the end of connections.
  package struct Place: Sendable {
    package enum Kind: String, Sendable {
      /// Pods that open connections.
      case client
      /// A Service that is reached.
      case service
      /// A network outside all clusters.
      case external
    }

    package let kind: Kind
    /// Nil outside all clusters.
    package let cluster: String?
    package let namespace: String?
    /// The Service's name, the clients' labels, the network's name.
    package let name: String
  }

  /// One client and one target port of a connection.
  package struct Edge: Sendable {
    /// `namespace/name`.
    package let connection: String
    package let link: String
    package let owner: String?
    /// Indices into `places`.
    package let from: Int
    package let to: Int
    /// `5432/TCP`.
    package let port: String
    /// Nil over a carrier that nobody has modelled.
    package let verdict: ConnectionVerdict?
    package let hops: [Hop]

    /// The verdict in a word; `unknown` where there is none.
    package var word: String { verdict?.rawValue ?? "unknown" }
  }

  package struct Options: Sendable {
    /// Only connections with an end in these; empty for all.
    package var clusters: [String] = []
    package var namespaces: [String] = []
    package var links: [String] = []

    package init() {}
  }

  package let fleet: String
  package private(set) var clusters: [Cluster] = []
  package private(set) var links: [Carrier] = []
  package private(set) var places: [Place] = []
  package private(set) var edges: [Edge] = []

  /// Words for verdicts, worst first.
  package static let verdicts = ["refuted", "pending", "depends", "unknown", "proved"]

  /// Draws the connections of a plan in its order. Linear in crossings times their hops.
  package init(
    _ model: FleetModel, links bound: [any BoundLink], connections: [BoundConnection], judgement: Judgement?,
    options: Options = Options()
  ) {
    fleet = model.fleet.name.value
    let crossings = connections.flatMap { Crossing.all(of: $0) }.filter { Self.shows($0, options) }
    let verdicts = Dictionary(
      judgement?.crossings.map { (Self.key($0.crossing), $0.verdict) } ?? [],
      uniquingKeysWith: { first, _ in first })
    var numbers: [String: Int] = [:]
    for crossing in crossings {
      let from = number(of: Self.client(crossing.client), &numbers)
      let target = crossing.target
      let to = number(
        of: Place(
          kind: .service, cluster: target.cluster, namespace: target.service.key.namespace,
          name: target.service.key.name), &numbers)
      edges.append(
        Edge(
          connection: crossing.connection.id.description, link: crossing.connection.link.link.name.value,
          owner: crossing.connection.connection.owner?.value, from: from, to: to,
          port: "\(crossing.port.port.number)/\(crossing.port.port.transport.rawValue)",
          verdict: verdicts[Self.key(crossing)], hops: judgement?.trace(of: crossing)?.hops ?? []))
    }
    let drawn = Set(places.compactMap(\.cluster))
    let wanted = options.clusters.isEmpty && options.namespaces.isEmpty && options.links.isEmpty
    clusters = model.clusterNames.filter { wanted || drawn.contains($0) }.map { name in
      Cluster(
        name: name,
        labels: model.clusters[name]?.cluster.labels.items.map { ($0.key, $0.value) } ?? [])
    }
    let carrying = Set(edges.map(\.link))
    links = bound.filter { wanted || carrying.contains($0.link.name.value) }.map {
      Carrier(name: $0.link.name.value, type: $0.link.type.value, members: $0.members)
    }
  }

  private static func shows(_ crossing: Crossing, _ options: Options) -> Bool {
    let target = crossing.target
    let clusters = [crossing.client.cluster, target.cluster].compactMap { $0 }
    return (options.clusters.isEmpty || clusters.contains(where: options.clusters.contains))
      && (options.namespaces.isEmpty
        || [crossing.client.namespace, target.service.key.namespace].contains(
          where: options.namespaces.contains))
      && (options.links.isEmpty || options.links.contains(crossing.connection.link.link.name.value))
  }

  /// Tells crossings apart: two clients of one connection may lie in one cluster.
  private static func key(_ crossing: Crossing) -> String {
    "\(crossing.description) \(crossing.client.node.index) \(crossing.target.service.key.description)"
  }

  private static func client(_ client: BoundClient) -> Place {
    switch client.place {
    case .external(let name, _): Place(kind: .external, cluster: nil, namespace: nil, name: name)
    case .cluster(let cluster):
      Place(
        kind: .client, cluster: cluster, namespace: client.namespace,
        name: client.podSelector.map { $0.selectsEverything ? "every pod" : $0.description } ?? "every pod")
    }
  }

  private mutating func number(of place: Place, _ numbers: inout [String: Int]) -> Int {
    let key = "\(place.kind.rawValue) \(place.cluster ?? "") \(place.namespace ?? "") \(place.name)"
    if let known = numbers[key] { return known }
    numbers[key] = places.count
    places.append(place)
    return places.count - 1
  }

  /// How many connections have each verdict: a connection has the worst of its edges.
  package var counts: [(verdict: String, count: Int)] {
    var worst: [String: Int] = [:]
    for edge in edges {
      let rank = Self.verdicts.firstIndex(of: edge.word) ?? 0
      worst[edge.connection] = min(worst[edge.connection] ?? rank, rank)
    }
    return Self.verdicts.enumerated().map { rank, word in (word, worst.values.count { $0 == rank }) }
  }
}

/// The formats that a chart is written in.
package enum ChartFormat: String, Sendable, CaseIterable {
  case mermaid
  case dot
  case svg
  case html
  case json
}

extension Chart {
  /// The chart in a format, with a final newline.
  package func text(_ format: ChartFormat) -> String {
    switch format {
    case .mermaid: mermaid()
    case .dot: dot()
    case .svg: svg()
    case .html: page()
    case .json: json(indentation: 2)
    }
  }
}
