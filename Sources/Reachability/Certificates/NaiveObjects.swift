import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The objects of all clusters by kind, for questions about them: what the certificate checker looks things up in, beside
/// the maps of the judge.
struct NaiveObjects: Sendable {
  /// An object, or a file, with a patch that lies over it.
  struct Candidate: Sendable {
    let namespace: String?
    let name: String
    let group: String
    /// The patch, where there is one, then the object.
    let roots: [Node]
  }

  private var manifests: [String: [String: [Candidate]]] = [:]
  private var observed: [String: [String: [Candidate]]] = [:]
  private var fragments: [String: [Candidate]] = [:]
  private var documents: [String: Candidate] = [:]

  /// Linear in the objects of all clusters.
  init(_ fleet: JudgedFleet) {
    for (name, cluster) in fleet.clusters {
      var byKind: [String: [Candidate]] = [:]
      var patched: Set<ObjectIdentity> = []
      func add(_ manifest: Manifest) {
        let patch = cluster.patch(of: manifest.identity)
        if patch != nil { patched.insert(manifest.identity) }
        byKind[manifest.kind, default: []].append(
          Self.candidate(manifest, [patch?.node, manifest.node].compactMap { $0 }))
      }
      for manifest in cluster.model.declared.objects.values { add(manifest) }
      for (identity, object) in cluster.emitted where cluster.model.declared.objects[identity] == nil {
        add(object.manifest)
      }
      // A patch of something whose manifest lies elsewhere.
      for (identity, object) in cluster.patches where !patched.contains(identity) {
        byKind[identity.kind, default: []].append(Self.candidate(object.manifest, [object.node]))
      }
      manifests[name] = byKind
      observed[name] = Dictionary(
        grouping: cluster.model.observed.objects.values.map { Self.candidate($0, [$0.node]) }
      ) { $0.roots[0]["kind"]?.text ?? "" }
      fragments[name] = cluster.fragmentsInOrder.compactMap { fragment in
        let tree = Tree.parse(SourceFile(path: fragment.name, bytes: fragment.content)).tree
        return tree.root.map {
          Candidate(
            namespace: nil, name: fragment.name,
            group: ObjectIdentity.group(of: $0["apiVersion"]?.text ?? ""), roots: [$0])
        }
      }
      documents[name] = Candidate(namespace: nil, name: name, group: "", roots: [cluster.model.cluster.node])
    }
  }

  private static func candidate(_ manifest: Manifest, _ roots: [Node]) -> Candidate {
    Candidate(
      namespace: manifest.identity.namespace, name: manifest.name, group: manifest.identity.group,
      roots: roots)
  }

  /// True where some object answers the question. Linear in the objects of its kinds.
  func answer(_ query: ObjectQuery) -> Bool {
    let candidates: [Candidate]
    switch query.layer {
    case .manifests: candidates = query.kinds.flatMap { manifests[query.cluster]?[$0] ?? [] }
    case .observed: candidates = query.kinds.flatMap { observed[query.cluster]?[$0] ?? [] }
    case .document: candidates = documents[query.cluster].map { [$0] } ?? []
    case .fragments:
      candidates = (fragments[query.cluster] ?? []).filter { candidate in
        query.kinds.isEmpty || query.kinds.contains(candidate.roots[0]["kind"]?.text ?? "")
      }
    }
    return candidates.contains { candidate in
      if let group = query.group, candidate.group != group { return false }
      if let namespace = query.namespace, candidate.namespace != namespace { return false }
      if let name = query.name {
        guard query.layer == .fragments ? candidate.name.hasPrefix(name) : candidate.name == name else {
          return false
        }
      }
      return query.conditions.allSatisfy { Self.meets($0, candidate.roots) }
    }
  }

  // MARK: Conditions

  private static func meets(_ condition: ObjectCondition, _ roots: [Node]) -> Bool {
    switch condition {
    case .text(let path, let wanted, let other):
      let found = nodes(path, roots)
      if found.isEmpty { return other.map(wanted.contains) ?? false }
      return found.contains { wanted.contains($0.text) }
    case .prefix(let path, let wanted):
      return nodes(path, roots).contains { node in wanted.contains { node.text.hasPrefix($0) } }
    case .number(let path, let number): return nodes(path, roots).contains { Int($0.text) == number }
    case .within(let path, let range):
      return nodes(path, roots).contains { Int($0.text).map(range.contains) ?? false }
    case .address(let path): return nodes(path, roots).contains { IPAddress($0.text) != nil }
    case .family(let path, let isIPv6):
      return nodes(path, roots).contains { $0.text.contains(":") == isIPv6 && $0.text.contains("/") }
    case .exists(let path):
      return nodes(path, roots).contains { node in
        node.isScalar ? !node.isNull && !node.text.isEmpty : node.count > 0
      }
    case .element(let path, let inner):
      return nodes(path, roots).contains { node in inner.allSatisfy { meets($0, [node]) } }
    case .labelsWithin(let path, let labels):
      return nodes(path, roots).allSatisfy { node in
        node.entries.allSatisfy { entry in
          labels.items.contains { $0.key == entry.key.text && $0.value == entry.value.text }
        }
      }
    case .only(let path, let texts): return Set(nodes(path, roots).map(\.text)) == Set(texts)
    case .item(let path, let item):
      return nodes(path, roots).contains { node in
        node.text.split(separator: ",").contains { $0 == item }
      }
    case .key(let path, let key): return nodes(path, roots).contains { $0[key] != nil }
    case .selects(let path, let labels):
      let selectors = nodes(path, roots)
      return selectors.isEmpty
        || selectors.contains { selector in
          NaiveSelector.matches(selector) { key in [labels.items.first { $0.key == key }?.value] } == .yes
        }
    case .not(let inner): return !meets(inner, roots)
    case .either(let all): return all.contains { meets($0, roots) }
    case .all(let all): return all.allSatisfy { meets($0, roots) }
    }
  }

  /// All nodes at a path, in the first root that has any: what a patch says counts instead of the object's own.
  private static func nodes(_ path: [String], _ roots: [Node]) -> [Node] {
    for root in roots {
      var found = [root]
      for key in path {
        found = found.flatMap { node -> [Node] in
          guard key == "*" else { return [node[key]].compactMap { $0 } }
          return node.kind == .sequence ? node.elements.map { $0 } : node.entries.map(\.value)
        }
      }
      if !found.isEmpty { return found }
    }
    return []
  }
}
