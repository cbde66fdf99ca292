import Compiler
import Diagnostics
import Linker

extension Explaining {
  /// `explain mesh`, `explain LINK`: what must be open between networks. Nil where the subject is neither.
  func openings(_ subject: String) throws(CommandFailure) -> ExitCode? {
    let compilation = compiling.compilation
    let isKeyword = subject == "mesh"
    let links = compilation.openings { name, type in
      name == subject || (isKeyword && type == "clusterMesh")
    }
    guard !links.isEmpty else {
      guard isKeyword || compilation.declaredLinks.contains(subject) else { return nil }
      if compilation.findings.containErrors {
        try compiling.reporting.print(compilation.findings.filter { $0.severity == .error })
        return .findings
      }
      throw CommandFailure(
        message: "the fleet has no mesh", help: "a Link with a clusterMesh section makes one")
    }
    if let other = links.first(where: { $0.pairs.isEmpty }), links.count == 1 {
      throw CommandFailure(
        message: "link '\(other.link)' of type \(other.type) needs nothing open between clusters as a whole",
        help: "its firewall requests stand with its connections: 'linkwright explain NAMESPACE/CONNECTION'")
    }
    Terminal.print(isJSON ? Self.json(links) : links.map(Self.text).joined(separator: "\n"))
    return .success
  }

  // MARK: Text

  private static func text(_ link: LinkOpenings) -> String {
    let members = Set(link.pairs.flatMap(\.clusters))
    var text = "\(link.link): what must be open between \(members.count) members\n"
    for pair in link.pairs {
      text += "\n\(pair.clusters.joined(separator: " and "))\n"
      let rows = pair.openings.map { opening in
        (
          ends: "\(end(opening.from)) \(opening.isMutual ? "<->" : "->") \(end(opening.to))",
          port: port(opening),
          purpose: opening.purpose + (opening.need == .required ? "" : " (\(opening.need.rawValue))")
        )
      }
      let widths = (rows.map(\.ends.count).max() ?? 0, rows.map(\.port.count).max() ?? 0)
      for row in rows {
        text +=
          "  \(padded(row.ends, widths.0))  \(padded(row.port, widths.1))  \(row.purpose)\n"
      }
    }
    let unknown = Set(
      link.pairs.flatMap(\.openings).flatMap { [$0.from, $0.to] }.filter {
        $0.addresses.isEmpty && $0.what == "nodes"
      }.compactMap(\.cluster))
    if !unknown.isEmpty {
      text +=
        "\nnote: nobody says which addresses the nodes of \(listed(unknown.sorted())) have: declare spec.network.nodeCIDRs of the Cluster, or observe its nodes\n"
    }
    return text
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func end(_ end: NetworkOpening.End) -> String {
    let name = [end.cluster, end.what].compactMap { $0 }.joined(separator: " ")
    guard end.cluster != nil else { return name }
    return "\(name) [\(end.addresses.isEmpty ? "not known" : end.addresses.joined(separator: ", "))]"
  }

  private static func port(_ opening: NetworkOpening) -> String {
    if opening.transport == "all" { return "all ports" }
    return opening.port == "all" ? opening.transport : "\(opening.port)/\(opening.transport)"
  }

  // MARK: JSON

  private static func json(_ links: [LinkOpenings]) -> String {
    var writer = JSONWriter()
    writer.array(of: links) { writer, link in
      writer.object { writer in
        writer.key("link")
        writer.string(link.link)
        writer.key("type")
        writer.string(link.type)
        writer.key("path")
        writer.string(link.place.range.file.path)
        writer.key("line")
        writer.integer(link.place.range.startPosition.line)
        writer.key("pairs")
        writer.array(of: link.pairs) { writer, pair in
          writer.object { writer in
            writer.key("clusters")
            writer.array(of: pair.clusters) { $0.string($1) }
            writer.key("openings")
            writer.array(of: pair.openings) { write($1, to: &$0) }
          }
        }
      }
    }
    return writer.finish()
  }

  private static func write(_ opening: NetworkOpening, to writer: inout JSONWriter) {
    func write(_ end: NetworkOpening.End, _ writer: inout JSONWriter) {
      writer.object { writer in
        if let cluster = end.cluster {
          writer.key("cluster")
          writer.string(cluster)
        }
        writer.key("what")
        writer.string(end.what)
        writer.key("addresses")
        writer.array(of: end.addresses) { $0.string($1) }
      }
    }
    writer.object { writer in
      writer.key("from")
      write(opening.from, &writer)
      writer.key("to")
      write(opening.to, &writer)
      writer.key("bothWays")
      writer.boolean(opening.isMutual)
      if let port = Int(opening.port) {
        writer.key("port")
        writer.integer(port)
      }
      writer.key("protocol")
      writer.string(opening.transport)
      writer.key("purpose")
      writer.string(opening.purpose)
      writer.key("need")
      writer.string(opening.need.rawValue)
    }
  }
}
