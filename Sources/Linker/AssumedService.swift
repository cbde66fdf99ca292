import FleetSpec
import Kubernetes
import YAMLTree

/// Services and ports that are not there, as connections ask for them: with these, the rest of a connection's way is
/// judged, and its other directions. Nothing is emitted for them.
enum AssumedService {
  /// The Service as it was observed, or as another cluster has it; else one with the ports that are asked for. Nil where
  /// not even a port's number is known.
  static func service(
    _ key: NamespacedName, for ports: [Located<PortReference>], in cluster: String, _ model: FleetModel
  ) -> Service? {
    let known =
      [model.clusters[cluster]?.observed.services[key]]
      + model.clusterNames.map { model.clusters[$0]?.declared.services[key] }
    if let twin = known.lazy.compactMap({ $0 }).first { return twin }
    let numbered = ports.compactMap { wanted -> String? in
      guard case .number(let number) = wanted.value else { return nil }
      return "{name: p\(number), port: \(number)}"
    }
    return numbered.isEmpty ? nil : made(key, ports: numbered)
  }

  /// A port that a Service has not, with the number that the Service of another cluster has under the name, or else its
  /// own first one.
  static func port(_ wanted: PortReference, of service: Service, _ model: FleetModel) -> ServicePort? {
    switch wanted {
    case .number(let number): return made(service.key, ports: ["{port: \(number)}"])?.ports.first
    case .name:
      return model.clusterNames.lazy.compactMap {
        model.clusters[$0]?.declared.services[service.key]?.port(wanted)
      }.first ?? service.ports.first
    }
  }

  private static func made(_ key: NamespacedName, ports: [String]) -> Service? {
    // A name that needs quotes is none.
    guard [key.name, key.namespace].allSatisfy({ $0.utf8.allSatisfy(isPlain) && !$0.isEmpty }) else {
      return nil
    }
    let text = """
      apiVersion: v1
      kind: Service
      metadata: {name: "\(key.name)", namespace: "\(key.namespace)"}
      spec: {type: NodePort, ports: [\(ports.joined(separator: ", "))]}

      """
    return Tree.parse(text: text, path: "").tree.root.flatMap { Manifest($0) }.map {
      Service($0, namespace: key.namespace)
    }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }
}
