/// One way that a connection declares: from clients in one place to a port of a Service in one cluster.
package struct ReviewedPath: Sendable {
  /// What makes a path the same on two sides.
  package struct Key: Hashable, Sendable {
    /// `namespace/name`.
    package let connection: String
    /// The clients' cluster, or the name of a network outside.
    package let client: String
    package let clientNamespace: String
    package let isExternal: Bool
    /// The cluster of the Service.
    package let target: String
    /// `namespace/name`.
    package let service: String
    package let port: Int
    package let transport: String

    package init(
      connection: String, client: String, clientNamespace: String, isExternal: Bool, target: String,
      service: String, port: Int, transport: String
    ) {
      self.connection = connection
      self.client = client
      self.clientNamespace = clientNamespace
      self.isExternal = isExternal
      self.target = target
      self.service = service
      self.port = port
      self.transport = transport
    }

    /// `golddr → gold c6af30-prod/db 5432/TCP`.
    package var text: String { "\(client) → \(target) \(service) \(port)/\(transport)" }

    /// The same for every connection.
    var withoutConnection: Key {
      Key(
        connection: "", client: client, clientNamespace: clientNamespace, isExternal: isExternal,
        target: target, service: service, port: port, transport: transport)
    }

    static func precedes(_ a: Key, _ b: Key) -> Bool {
      let x = [a.connection, a.client, a.target, a.service, a.clientNamespace, a.transport]
      let y = [b.connection, b.client, b.target, b.service, b.clientNamespace, b.transport]
      for (p, q) in zip(x, y) where p != q { return p.utf8.lexicographicallyPrecedes(q.utf8) }
      return a.port < b.port
    }
  }

  /// What the judge says of a path.
  package struct Verdict: Sendable, Equatable {
    /// The judge's word: proved, refuted, …
    package let word: String
    /// Nil where the judge does not know.
    package let isReachable: Bool?
    /// Why, in one line: the first hop that fails.
    package let reason: String?

    /// How bad it is: proved, may pass, not known, refuted.
    package var rank: Int {
      switch isReachable {
      case true?: word == "proved" ? 0 : 1
      case nil: 2
      case false?: 3
      }
    }

    package init(word: String, isReachable: Bool?, reason: String?) {
      self.word = word
      self.isReachable = isReachable
      self.reason = reason
    }
  }

  package let key: Key
  /// The clients in words, each once, ordered: label selectors, `every pod`, or networks.
  package var clients: [String]
  /// The name of the link that carries it.
  package let link: String
  /// The file that declares the connection.
  package let file: String
  /// Nil where nobody judged.
  package private(set) var verdict: Verdict?

  package init(key: Key, clients: [String], link: String, file: String, verdict: Verdict?) {
    self.file = file
    self.key = key
    self.clients = clients
    self.link = link
    self.verdict = verdict
  }

  /// True when the two say the same, wherever they are written.
  func isSame(as other: ReviewedPath) -> Bool {
    clients == other.clients && link == other.link && verdict == other.verdict
  }

  /// Paths with one key become one with the clients of all; ordered.
  package static func joined(_ paths: [ReviewedPath]) -> [ReviewedPath] {
    var byKey: [Key: ReviewedPath] = [:]
    for path in paths {
      guard var known = byKey[path.key] else {
        byKey[path.key] = path
        continue
      }
      known.clients += path.clients
      // Of several clients the one that fares worst is told.
      if (path.verdict?.rank ?? -1) > (known.verdict?.rank ?? -1) { known.verdict = path.verdict }
      byKey[path.key] = known
    }
    return byKey.values.map { path in
      var path = path
      path.clients = Set(path.clients).sorted()
      return path
    }.sorted { Key.precedes($0.key, $1.key) }
  }
}
