import Compiler
import Diagnostics
import Kubernetes
import Linker
import Output
import YAMLTree

/// What becomes of every object, object by object.
package struct AdoptionReport: Sendable {
  package enum Outcome: String, Sendable, CaseIterable {
    /// Emitted as it is, but for Linkwright's own marks.
    case identical
    /// Emitted with differences that do not matter; each says why.
    case equivalent
    /// Emitted with differences that matter, or not emitted: the specification cannot say it yet.
    case different
    /// Not there today; Linkwright would add it.
    case added
    /// Left in its manifest; a kustomize Component among the output would change it, where its owner includes it.
    case patched
    /// Left in its manifest, where it does what a connection needs.
    case kept
    /// Left in its manifest, and not part of the adoption.
    case left
  }

  package struct Line: Sendable {
    package let cluster: String
    package let object: String
    package let outcome: Outcome
    /// Where the live object stands; nil for what is added.
    package let place: String?
    /// Where the emitted object goes; nil for what is not emitted.
    package let output: String?
    package var differences: [FieldDifference] = []
    package var reason: String?
    /// The connection that the object serves; empty for a link's own.
    package var connection: String = ""
    /// Where the live object stands besides.
    package var copies: [String] = []
  }

  package private(set) var lines: [Line] = []
  package private(set) var suggestions: [String] = []
  package private(set) var steps: [MigrationStep] = []
  /// Objects that stand in a manifest and in the output.
  package private(set) var definedTwice: [Line] = []
  /// Objects that no system reads, by kind, over all clusters.
  package private(set) var unread: [String: Int] = [:]
  /// Helm hooks, which are no part of the state of a cluster.
  package private(set) var hooks = 0
  /// Warnings that validate has about the new specification.
  package private(set) var warnings = 0

  package init() {}

  init(
    _ input: AdoptionInput, _ inference: Inference, _ compilation: Compilation, _ writing: DocumentWriting,
    suggestions more: [String]
  ) {
    suggestions = writing.suggestions + more
    for cluster in input.clusters { unread.merge(cluster.unread, uniquingKeysWith: +) }
    hooks = input.clusters.reduce(0) { $0 + $1.hooks.count }
    warnings = compilation.findings.count { $0.severity == .warning && $0.suppression == nil }
    let output = EmittedObjects(compilation)
    var seen: Set<String> = []
    func isNew(_ cluster: String, _ identity: ObjectIdentity) -> Bool {
      seen.insert("\(cluster) \(identity.group) \(identity.description)").inserted
    }
    for item in inference.takenOver {
      guard isNew(item.cluster, item.identity) else { continue }
      lines.append(Self.line(item, output))
    }
    for (cluster, values) in inference.values.sorted(by: { $0.key < $1.key }) {
      if let line = Self.line(values, cluster, output) { lines.append(line) }
    }
    for patch in output.patches {
      let live = input[patch.cluster]?.byIdentity[patch.manifest.identity]
      guard let line = Self.line(patch, live) else { continue }
      if isNew(patch.cluster, patch.manifest.identity) { lines.append(line) }
    }
    for item in inference.left {
      // Left with its owner, and written all the same: then it is no longer as it was.
      if let emitted = output.object(item.cluster, item.manifest.identity) {
        guard isNew(item.cluster, item.manifest.identity) else { continue }
        lines.append(Self.line(item.manifest, emitted, connection: "", reason: item.reason))
        continue
      }
      let line = Line(
        cluster: item.cluster, object: item.manifest.identity.description,
        outcome: item.isGap ? .left : .kept,
        place: Self.place(item.manifest.nameNode), output: nil, reason: item.reason)
      if isNew(item.cluster, item.manifest.identity) { lines.append(line) }
    }
    // What an earlier run adopted is not new because its manifests were not given this time.
    let given = Set(input.clusters.flatMap { $0.objects.compactMap(\.namespace) })
    for item in compilation.satisfied {
      guard item.identity.namespace.map(given.contains) ?? true, isNew(item.cluster, item.identity) else {
        continue
      }
      // Where it was given, not where it is recorded.
      let manifest = input[item.cluster]?.byIdentity[item.identity] ?? item.manifest
      lines.append(
        Line(
          cluster: item.cluster, object: item.identity.description, outcome: .kept,
          place: Self.place(manifest.nameNode), output: nil,
          reason: "it does what the connection needs"))
    }
    for object in output.objects where isNew(object.cluster, object.manifest.identity) {
      if let namespace = object.manifest.namespace, !given.contains(namespace),
        let connection = object.manifest.annotation("linkwright.dev/connection"),
        !inference.connections.contains(where: { $0.id.description == connection })
      {
        continue
      }
      lines.append(
        Line(
          cluster: object.cluster, object: object.manifest.identity.description, outcome: .added, place: nil,
          output: object.path, connection: object.manifest.annotation("linkwright.dev/connection") ?? ""))
    }
    lines.sort {
      ($0.cluster, $0.outcome.rawValue, $0.object, $0.reason ?? "")
        < ($1.cluster, $1.outcome.rawValue, $1.object, $1.reason ?? "")
    }
    var copies: [String: [String]] = [:]
    for cluster in input.clusters {
      for (identity, manifests) in cluster.copies {
        copies["\(cluster.name) \(identity.description)"] = manifests.map { Self.place($0.nameNode) }
      }
    }
    for index in lines.indices where lines[index].place != nil {
      lines[index].copies = copies["\(lines[index].cluster) \(lines[index].object)"] ?? []
    }
    definedTwice = lines.filter { $0.place != nil && $0.output?.contains("/manifests/") == true }
    steps = MigrationStep.steps(inference.takenOver, lines, input)
  }

  package func count(_ outcome: Outcome) -> Int { lines.count { $0.outcome == outcome } }

  /// True when everything that is taken over comes out as it is, and nothing else would have to change.
  package var isComplete: Bool {
    !lines.contains { [.different, .left, .patched].contains($0.outcome) }
  }

  private static func place(_ node: Node) -> String {
    "\(node.range.file.path):\(node.range.startPosition.line)"
  }

  private static func line(_ item: TakenOver, _ output: EmittedObjects) -> Line {
    var line = Line(
      cluster: item.cluster, object: item.identity.description, outcome: .different,
      place: place(item.manifest.nameNode), output: nil, connection: item.connection)
    guard let emitted = output.object(item.cluster, item.identity) else {
      line.reason = "nothing is emitted for it; the findings say why"
      return line
    }
    return Self.line(item.manifest, emitted, connection: item.connection)
  }

  /// A live object beside the one that is emitted under its name.
  private static func line(
    _ live: Manifest, _ emitted: EmittedObjects.Object, connection: String, reason: String? = nil
  ) -> Line {
    let comparison = ObjectComparison(live: live.node, emitted: emitted.manifest.node, kind: live.kind)
    return Line(
      cluster: emitted.cluster, object: live.identity.description,
      outcome: comparison.isIdentical ? .identical : comparison.isEquivalent ? .equivalent : .different,
      place: place(live.nameNode), output: emitted.path, differences: comparison.differences, reason: reason,
      connection: connection)
  }

  /// A patch beside the object that it is for; nil where it would change nothing.
  private static func line(_ patch: EmittedObjects.Object, _ live: Manifest?) -> Line? {
    let changes = ObjectComparison.changes(of: patch.manifest.node, to: live?.node)
    guard !changes.isEmpty else { return nil }
    return Line(
      cluster: patch.cluster, object: patch.manifest.identity.description, outcome: .patched,
      place: live.map { place($0.nameNode) }, output: patch.path, differences: changes,
      reason: "its owner decides: include the Component, or change the manifest",
      connection: patch.manifest.annotation("linkwright.dev/connection") ?? "")
  }

  /// Helm values beside the fragment that a release gets on top of them.
  private static func line(_ values: Node, _ cluster: String, _ output: EmittedObjects) -> Line? {
    guard let fragment = output.fragment(cluster, "cilium-values.yaml") else { return nil }
    let differences = ValuesComparison.differences(live: values, emitted: fragment.root)
    let outcome: Outcome =
      differences.isEmpty
      ? .identical : differences.allSatisfy { $0.reason != nil } ? .equivalent : .different
    return Line(
      cluster: cluster, object: "Helm values of Cilium", outcome: outcome, place: place(values),
      output: fragment.path,
      differences: differences)
  }
}

/// The objects and fragments of a compile.
struct EmittedObjects {
  struct Object: Sendable {
    let cluster: String
    let path: String
    let manifest: Manifest
  }

  private(set) var objects: [Object] = []
  /// Patches of Components, for objects that somebody else owns.
  private(set) var patches: [Object] = []
  private var byKey: [String: Int] = [:]
  private var fragments: [String: (path: String, root: Node)] = [:]

  init(_ compilation: Compilation) {
    let roots = compilation.clusters.flatMap { cluster in
      compilation.roots(of: [cluster]).map { (root: $0 + "/", cluster: cluster) }
    }
    for file in compilation.output.files where file.unit != nil {
      guard let (root, cluster) = roots.first(where: { file.path.hasPrefix($0.root) }) else { continue }
      let part = file.path.dropFirst(root.count).split(separator: "/")
      let tree = Tree.parse(SourceFile(path: file.path, bytes: file.content)).tree
      guard let document = tree.root else { continue }
      let manifest = Manifest(document)
      if part.first == "fragments", let name = part.last {
        fragments["\(cluster) \(name)"] = (file.path, document)
        // A file for tctl holds an object too.
        guard let manifest, TetrateObject.isTctl(manifest) else { continue }
        byKey["\(cluster) \(manifest.identity.description) \(manifest.identity.group)"] = objects.count
        objects.append(Object(cluster: cluster, path: file.path, manifest: manifest))
      } else if part.first == "components", let manifest, manifest.kind != "Component" {
        patches.append(Object(cluster: cluster, path: file.path, manifest: manifest))
      } else if part.first == "manifests", let manifest {
        byKey["\(cluster) \(manifest.identity.description) \(manifest.identity.group)"] = objects.count
        objects.append(Object(cluster: cluster, path: file.path, manifest: manifest))
      }
    }
  }

  func object(_ cluster: String, _ identity: ObjectIdentity) -> Object? {
    byKey["\(cluster) \(identity.description) \(identity.group)"].map { objects[$0] }
  }

  func fragment(_ cluster: String, _ name: String) -> (path: String, root: Node)? {
    fragments["\(cluster) \(name)"]
  }
}
