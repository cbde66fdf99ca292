/// The server block that sends a zone's queries to the zone's own DNS server.
package struct StubBlock: Sendable {
  /// The marks of vmware-tanzu/cross-cluster-connectivity, pkg/dnsconfig.
  package static let beginMark = "### BEGIN CROSS CLUSTER CONNECTIVITY"
  package static let endMark = "### END CROSS CLUSTER CONNECTIVITY"

  package let zone: String
  package let upstream: String
  /// The block stands between marks, as the project's own job writes it.
  package let isMarked: Bool

  package init(zone: String, upstream: String, isMarked: Bool) {
    self.zone = zone
    self.upstream = upstream
    self.isMarked = isMarked
  }

  /// The block without a final line feed. `port`: where the cluster's own zones are served, if not at 53.
  package func text(port: Int = 53, lineEnd: String = "\n") -> String {
    var lines = [
      port == 53 ? "\(zone) {" : "\(zone):\(port) {", "    forward . \(upstream)", "    reload", "}",
    ]
    if isMarked { lines = [Self.beginMark] + lines + [Self.endMark] }
    return lines.joined(separator: lineEnd)
  }
}

/// What stands after the zone in 'forward'.
package enum Upstream {
  /// The server without what is the default: `10.96.0.50`, `10.96.0.50:53` and `dns://10.96.0.50` are one.
  package static func address(_ upstream: String) -> String {
    var text = upstream[...]
    if text.hasPrefix("dns://") { text = text.dropFirst(6) }
    if text.hasSuffix(":53"), text.hasPrefix("[") || text.utf8.count(where: { $0 == UInt8(ascii: ":") }) == 1
    {
      text = text.dropLast(3)
    }
    if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
    return String(text)
  }
}
