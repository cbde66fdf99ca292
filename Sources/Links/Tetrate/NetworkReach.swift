import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Traffic that connections need between two clusters.
struct Flow: Hashable, Sendable {
  /// Where clients are.
  let consumer: String
  /// Where the Service is.
  let exporter: String
}

/// A step from a consumer's network to an exporter's.
struct NetworkEdge: Hashable, Comparable, Sendable {
  let consumer: String
  let exporter: String

  var reversed: NetworkEdge { NetworkEdge(consumer: exporter, exporter: consumer) }

  static func < (a: NetworkEdge, b: NetworkEdge) -> Bool {
    (a.consumer, a.exporter) < (b.consumer, b.exporter)
  }
}

/// A map of network reachability as somebody wrote it: consumer to exporters.
///
/// Directional; networks of one name reach each other without an entry. It limits what TSB generates and is no
/// access control.
struct NetworkReach: Sendable {
  struct Entry: Sendable {
    let edge: NetworkEdge
    /// The exporter's name in the value, or the whole value.
    let node: Node
    let key: Node
  }

  private(set) var entries: [Entry] = []
  /// Blanks, empty parts, repetitions and networks that name themselves.
  private(set) var faults: [(node: Node, message: String)] = []

  /// Reads `spec.networkSettings.networkReachability` or the link's mapping.
  init(_ map: Node?) {
    for (key, value) in map?.entries.map({ $0 }) ?? [] {
      let lists = value.kind == .sequence ? Array(value.elements) : [value]
      var seen: Set<String> = []
      for node in lists {
        for part in node.text.split(separator: ",", omittingEmptySubsequences: false) {
          let name = String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
          if name.count != part.count {
            faults.append((node, "'\(part)' has blanks around the network's name"))
          }
          if name.isEmpty {
            faults.append((node, "the list for '\(key.text)' has an empty place"))
          } else if name == key.text {
            faults.append((node, "network '\(name)' reaches itself without an entry"))
          } else if !seen.insert(name).inserted {
            faults.append((node, "network '\(name)' stands twice for '\(key.text)'"))
          } else {
            entries.append(Entry(edge: NetworkEdge(consumer: key.text, exporter: name), node: node, key: key))
          }
        }
      }
    }
  }

  var edges: Set<NetworkEdge> { Set(entries.map(\.edge)) }
}

extension Set<NetworkEdge> {
  /// True when a consumer's network reaches an exporter's.
  func permits(_ consumer: String?, _ exporter: String?) -> Bool {
    guard let consumer, let exporter else { return consumer == exporter }
    return consumer == exporter || contains(NetworkEdge(consumer: consumer, exporter: exporter))
  }

  /// As TSB takes it: consumer to a list with commas, both in order.
  var written: [(consumer: String, exporters: String)] {
    Dictionary(grouping: self) { $0.consumer }.sorted { $0.key < $1.key }.map { consumer, edges in
      (consumer, edges.map(\.exporter).sorted().joined(separator: ","))
    }
  }
}
