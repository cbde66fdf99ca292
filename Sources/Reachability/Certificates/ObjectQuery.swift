package import Kubernetes

/// A question about the objects of a cluster that trees alone answer: whether some object of a kind looks so.
///
/// What a verdict rests on beside policies is said in these terms: a claim that publishes a port, an address that a load
/// balancer has, a setting that names a network. That nothing answers is what most refutations rest on.
package struct ObjectQuery: Hashable, Sendable {
  /// Where objects are looked for.
  package enum Layer: Sendable {
    /// Manifests that exist and what is emitted, with patches applied.
    case manifests
    /// What the cluster answered.
    case observed
    /// Files of the output that are no objects, by the start of their name: `kind` is not compared where it is empty.
    case fragments
    /// The Cluster document itself.
    case document
  }

  let cluster: String
  let layer: Layer
  /// The API group; nil for any.
  let group: String?
  /// Kinds; for fragments with an empty list the name alone counts.
  let kinds: [String]
  /// Nil for any namespace.
  let namespace: String?
  /// Nil for any name; for fragments the start of the file's name.
  let name: String?
  let conditions: [ObjectCondition]

  package init(
    _ kinds: String..., of group: String?, in cluster: String, _ namespace: String? = nil,
    _ name: String? = nil,
    _ layer: Layer = .manifests, where conditions: [ObjectCondition] = []
  ) {
    self.cluster = cluster
    self.layer = layer
    self.group = group
    self.kinds = kinds
    self.namespace = namespace
    self.name = name
    self.conditions = conditions
  }

  /// In words: `TransportServerClaim a/b of gold (spec.service = db)`.
  var description: String {
    let what = kinds.isEmpty ? (layer == .document ? "Cluster" : "file") : kinds.joined(separator: " or ")
    let place = [namespace, name].compactMap { $0 }.joined(separator: "/")
    let which = conditions.isEmpty ? "" : " with \(conditions.map(\.description).joined(separator: ", "))"
    return
      "\(layer == .observed ? "observed " : "")\(what)\(place.isEmpty ? "" : " \(place)") of \(cluster)\(which)"
  }
}

/// What an object must look like. Paths are keys from the root; `*` stands for each element of a list, and for each value
/// of a mapping.
package indirect enum ObjectCondition: Hashable, Sendable {
  /// Some node at the path has one of the texts. Where there is no node, the default counts.
  case text([String], [String], default: String? = nil)
  /// Some node at the path begins with one of the texts.
  case prefix([String], [String])
  /// Some node at the path is this number, or its text.
  case number([String], Int)
  /// Some node at the path is a number of a range, or its text.
  case within([String], ClosedRange<Int>)
  /// Some node at the path is an IP address.
  case address([String])
  /// Some node at the path is a network of a family.
  case family([String], isIPv6: Bool)
  /// There is a node at the path that is no empty text, list or mapping.
  case exists([String])
  /// Some node at the path meets all of these.
  case element([String], [ObjectCondition])
  /// All entries of a mapping at the path are among the labels; no mapping, no entries.
  case labelsWithin([String], Labels)
  /// The texts at the path are exactly these, in any order.
  case only([String], [String])
  /// Some text at the path is a list with commas that holds the item.
  case item([String], String)
  /// Some mapping at the path has the key.
  case key([String], String)
  /// Some label selector at the path matches; no selector matches everything.
  case selects([String], Labels)
  case not(ObjectCondition)
  case either([ObjectCondition])
  case all([ObjectCondition])

  var description: String {
    func path(_ path: [String]) -> String { path.joined(separator: ".") }
    switch self {
    case .text(let at, let texts, _): return "\(path(at)) = \(texts.joined(separator: " or "))"
    case .prefix(let at, let texts): return "\(path(at)) = \(texts.joined(separator: "… or "))…"
    case .number(let at, let number): return "\(path(at)) = \(number)"
    case .within(let at, let range): return "\(path(at)) from \(range.lowerBound) to \(range.upperBound)"
    case .address(let at): return "\(path(at)) that is an address"
    case .family(let at, let isIPv6): return "\(path(at)) of \(isIPv6 ? "IPv6" : "IPv4")"
    case .exists(let at): return path(at)
    case .element(let at, let inner):
      return "\(path(at)) (\(inner.map(\.description).joined(separator: ", ")))"
    case .labelsWithin(let at, let labels): return "\(path(at)) within \(labels.description)"
    case .only(let at, let texts): return "\(path(at)) = \(texts.joined(separator: ","))"
    case .item(let at, let item): return "\(item) in \(path(at))"
    case .key(let at, let key): return "key \(key) in \(path(at))"
    case .selects(let at, let labels): return "\(path(at)) that matches \(labels.description)"
    case .not(let inner): return "not \(inner.description)"
    case .either(let inner): return inner.map(\.description).joined(separator: " or ")
    case .all(let inner): return inner.map(\.description).joined(separator: " and ")
    }
  }
}
