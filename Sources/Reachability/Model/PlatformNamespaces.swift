package import Diagnostics
import Kubernetes
import YAMLTree

/// Namespaces of a platform that are in no application repository, and what runs there that policies name: the files
/// of `Platforms/`, each fact with its origin.
package struct PlatformNamespaces: Sendable {
  package let name: String
  let entries: [Entry]

  /// The namespaces that the platform brings along.
  package var namespaceNames: [String] { entries.map(\.namespace) }

  /// What is wrong with the file; a test keeps it empty.
  package let faults: [String]

  struct Entry: Sendable {
    let namespace: String
    let labels: Labels
    let podName: String
    let podLabels: Labels
    let podPorts: [NamedPort]
  }

  /// All distributions, in the order of their files.
  package static let all: [PlatformNamespaces] = EmbeddedResources.files(in: "Platforms").map {
    PlatformNamespaces($0)
  }

  /// The facts of a distribution.
  package static func named(_ name: String) -> PlatformNamespaces? { all.first { $0.name == name } }

  /// Reads a file of facts; what is missing in it is among `faults`.
  package init(_ file: SourceFile) {
    let parsed = Tree.parse(file)
    let root = parsed.tree.root
    var faults = parsed.findings.map(\.message)
    name = root?["platform"]?.string ?? ""
    if name.isEmpty { faults.append("\(file.path) names no platform") }
    var entries: [Entry] = []
    for node in root?["namespaces"]?.elements.map({ $0 }) ?? [] {
      guard let namespace = node["name"]?.string, let pod = node["pod"], let podName = pod["name"]?.string,
        node["origin"]?.string?.isEmpty == false
      else {
        faults.append("\(file.path): a namespace has a name, a pod with a name, and an origin")
        continue
      }
      var ports: [NamedPort] = []
      for port in pod["ports"]?.elements.map({ $0 }) ?? [] {
        guard let name = port["name"]?.string, let number = port["number"]?.integer,
          let value = UInt16(exactly: number),
          let transport = TransportProtocol(rawValue: port["protocol"]?.text ?? "TCP")
        else {
          faults.append("\(file.path): a port of \(podName) is not complete")
          continue
        }
        ports.append(NamedPort(name: name, number: value, transport: transport))
      }
      entries.append(
        Entry(
          namespace: namespace, labels: Labels(node["labels"]), podName: podName,
          podLabels: Labels(pod["labels"]), podPorts: ports))
    }
    self.entries = entries
    self.faults = faults
  }
}

extension ClusterNetwork {
  /// Adds what the platform runs, where the manifests do not describe it themselves.
  package mutating func add(_ platform: PlatformNamespaces) {
    for entry in platform.entries {
      let facts = NamespaceFacts(name: entry.namespace, labels: entry.labels, knowsLabels: false)
      let index: Int
      if let known = namespaces.firstIndex(where: { $0.name == entry.namespace && !$0.isRemote }) {
        if namespaces[known].knowsLabels { continue }
        namespaces[known] = facts
        index = known
      } else {
        index = namespaces.count
        namespaces.append(facts)
      }
      pods.append(
        PodFacts(
          namespace: index, name: entry.podName, kind: "Platform", labels: entry.podLabels,
          namedPorts: entry.podPorts, isPlatform: true))
    }
  }
}
