package import Kubernetes

/// Ports that a connection may use, per protocol. The protocols that NetworkPolicy knows are all there is:
/// what a plugin does with others is not defined.
package struct PortSet: Hashable, Sendable {
  package var tcp = IntervalSet<UInt16>()
  package var udp = IntervalSet<UInt16>()
  package var sctp = IntervalSet<UInt16>()

  package init() {}

  /// One protocol's ports.
  package init(_ transport: TransportProtocol, _ ports: IntervalSet<UInt16>) { self[transport] = ports }

  private static let allPorts = IntervalSet<UInt16>(1, .max)

  /// Every port of every protocol.
  package static let all: PortSet = {
    var set = PortSet()
    for transport in TransportProtocol.allCases { set[transport] = allPorts }
    return set
  }()

  /// Every port of one protocol.
  package static func all(of transport: TransportProtocol) -> PortSet { PortSet(transport, allPorts) }

  package subscript(transport: TransportProtocol) -> IntervalSet<UInt16> {
    get {
      switch transport {
      case .tcp: tcp
      case .udp: udp
      case .sctp: sctp
      }
    }
    set {
      switch transport {
      case .tcp: tcp = newValue
      case .udp: udp = newValue
      case .sctp: sctp = newValue
      }
    }
  }

  package var isEmpty: Bool { tcp.isEmpty && udp.isEmpty && sctp.isEmpty }
  package var isAll: Bool { self == .all }

  package func contains(_ port: UInt16, _ transport: TransportProtocol) -> Bool {
    self[transport].contains(port)
  }

  package func union(_ other: PortSet) -> PortSet { combine(other) { $0.union($1) } }
  package func intersection(_ other: PortSet) -> PortSet { combine(other) { $0.intersection($1) } }
  package func subtracting(_ other: PortSet) -> PortSet { combine(other) { $0.subtracting($1) } }

  private func combine(
    _ other: PortSet, _ body: (IntervalSet<UInt16>, IntervalSet<UInt16>) -> IntervalSet<UInt16>
  ) -> PortSet {
    var result = PortSet()
    for transport in TransportProtocol.allCases {
      result[transport] = body(self[transport], other[transport])
    }
    return result
  }

  /// `All Connections`, `No Connections`, or `SCTP 1-65535,TCP 80,8080-8090`: protocols in alphabetical order,
  /// as np-guard prints them.
  package var description: String {
    if isAll { return "All Connections" }
    if isEmpty { return "No Connections" }
    let parts = [("SCTP", sctp), ("TCP", tcp), ("UDP", udp)].filter { !$0.1.isEmpty }
    return parts.map { name, ports in
      let ranges = ports.intervals.map { $0.lower == $0.upper ? "\($0.lower)" : "\($0.lower)-\($0.upper)" }
      return "\(name) \(ranges.joined(separator: ","))"
    }.joined(separator: ",")
  }
}
