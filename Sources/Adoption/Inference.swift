import Compiler
import Diagnostics
import Kubernetes
import YAMLTree

/// One system whose objects adopt reads: a file below `Systems` holds one.
///
/// Pure: manifests in, candidates for documents out. It guesses nothing that the manifests do not show; what it leaves
/// out it names.
protocol SystemAdoption: Sendable {
  static func infer(_ input: AdoptionInput, into inference: inout Inference)
}

/// A Link that would be written.
struct LinkCandidate: Sendable {
  let name: String
  /// The key of its type.
  let type: String
  let section: SpecMap
  /// What tells links of one type apart, as a path below the section and its text: an existing Link with it is taken.
  let anchor: (key: String, text: String)?
  /// Where one value does not tell links apart: true for the section of a Link that does what this one would do.
  var matches: (@Sendable (Node) -> Bool)?
  var comment: [String] = []
}

/// A Connection in one namespace that would be written.
struct ConnectionCandidate: Sendable {
  let link: String
  let namespace: String
  let name: String
  /// The target's Service, which tells whether a Connection for it exists.
  let service: NamespacedName
  /// `spec` without `via` and `namespaces`.
  var spec: SpecMap
  /// How the Service crosses a mesh, `global` or `mcs`: said where the Link does not say the same.
  var meshServices: String?
  /// What differs by cluster.
  var overrides: [ClusterOverride] = []
  /// Clusters in which no manifest makes the pods behind a target: an operator's, or not given.
  var withoutPods: [String] = []
  var comment: [String] = []

  struct ClusterOverride: Equatable, Sendable {
    let cluster: String
    let spec: SpecMap
  }

  var id: NamespacedName { NamespacedName(namespace, name) }
}

/// An object that Linkwright emits from now on, in the place of a manifest.
struct TakenOver: Sendable {
  /// What an object does for a connection: those that admit come first when they are handed over.
  enum Role: Int, Sendable, Comparable {
    case admits
    case leads
    case asks

    static func < (a: Role, b: Role) -> Bool { a.rawValue < b.rawValue }
  }

  let cluster: String
  let manifest: Manifest
  let role: Role
  /// `namespace/name` of the connection that emits it.
  let connection: String

  var identity: ObjectIdentity { manifest.identity }
}

/// Something that is left to its owner, and why.
struct LeftObject: Sendable {
  let cluster: String
  let manifest: Manifest
  let reason: String
  /// True for what stands in the way of a whole adoption, false for what is well where it is.
  let isGap: Bool
}

/// What all systems together make of the manifests.
struct Inference: Sendable {
  /// Parts of `spec` of Cluster documents.
  var clusters: [String: SpecMap] = [:]
  var links: [LinkCandidate] = []
  var connections: [ConnectionCandidate] = []
  var takenOver: [TakenOver] = []
  /// Objects that a controller makes: facts to be observed, not manifests.
  var controllerMade: [String: Set<ObjectIdentity>] = [:]
  /// Objects that a controller makes and nobody asks for: neither manifests nor facts.
  var imported: [String: Set<ObjectIdentity>] = [:]
  /// Manifests that are facts as well: what they hold is observed.
  var facts: [String: Set<ObjectIdentity>] = [:]
  /// Manifests that hold what a cluster once answered, and nothing else tells: they are observed as well.
  var answers: [String: Set<ObjectIdentity>] = [:]
  var left: [LeftObject] = []
  /// Helm values that a fragment stands for, by cluster.
  var values: [String: Node] = [:]
  /// The API for addresses outside a cluster, where manifests show one.
  var endpointsAPI: String?
  var findings: [Diagnostic] = []

  private var names: Set<NamespacedName> = []

  /// A name for a Connection that no other has: a Service may be reached over two links. Constant time, but for names
  /// that are taken.
  mutating func connectionName(_ preferred: String, in namespace: String, over link: String) -> String {
    var name = preferred
    var number = 1
    while !names.insert(NamespacedName(namespace, name)).inserted {
      name = number == 1 ? "\(preferred)-\(link)" : "\(preferred)-\(link)-\(number)"
      number += 1
    }
    return name
  }

  mutating func describe(_ cluster: String, _ key: String, _ value: SpecValue, remark: String? = nil) {
    var map = clusters[cluster] ?? SpecMap()
    if map[key] == nil { map.add(key, value, remark: remark) }
    clusters[cluster] = map
  }

  /// Leaves an object to its owner and says so.
  ///
  /// - Parameter advice: what is to be done with it; nil where the reason says that already.
  mutating func leave(
    _ manifest: Manifest, of cluster: String, because reason: String, isGap: Bool = true,
    advice: String? = "keep it in its manifests"
  ) {
    left.append(LeftObject(cluster: cluster, manifest: manifest, reason: reason, isGap: isGap))
    guard isGap else { return }
    findings.append(
      Diagnostic(
        AdoptionRules.notAdopted,
        "\(manifest.identity.description) of \(cluster) is left as it is: \(reason)",
        at: manifest.nameNode.range, "not adopted", help: advice.map { [$0] } ?? []))
  }
}

extension AdoptionInput {
  /// The registry of systems: one line each.
  static let systems: [any SystemAdoption.Type] = [
    ImportAdoption.self, PorterAdoption.self, StaticAdoption.self, MeshAdoption.self, GatewayDNSAdoption.self,
    TetrateAdoption.self, IstioAdoption.self,
  ]

  func infer() -> Inference {
    var inference = Inference()
    for system in Self.systems { system.infer(self, into: &inference) }
    for index in inference.connections.indices {
      inference.connections[index].withoutPods = clustersWithoutPods(inference.connections[index])
    }
    return inference
  }

  /// Where the judge would find nobody behind the Service.
  private func clustersWithoutPods(_ candidate: ConnectionCandidate) -> [String] {
    let to = candidate.spec["to"]?.map
    var names: [String] = []
    if case .text(let name) = to?["service"] { names = [name] }
    if case .list(let list) = to?["services"] {
      names = list.compactMap { if case .text(let name) = $0 { name } else { nil } }
    }
    var namespace = candidate.namespace
    if case .text(let other) = to?["namespace"] { namespace = other }
    var wanted: [String]?
    if case .list(let list) = to?["clusters"] {
      wanted = list.compactMap { if case .text(let name) = $0 { name } else { nil } }
    }
    return clusters.filter { cluster in
      guard wanted?.contains(cluster.name) ?? true else { return false }
      return names.contains { name in
        guard let service = cluster.services[NamespacedName(namespace, name)], !service.selector.isEmpty
        else {
          return false
        }
        return cluster.pods(of: service).pods.isEmpty
      }
    }.map(\.name)
  }
}
