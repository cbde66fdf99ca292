import Diagnostics
package import Kubernetes
package import YAMLTree

/// A kustomization among manifests. Nothing here builds it: what it does to the objects that it lists, their files do not
/// say.
package struct Kustomization: Sendable {
  /// What becomes of an object otherwise than its manifest says.
  package struct Change: Sendable {
    /// After "a kustomization": `renames it`.
    package let text: String
    package let place: Node
  }

  /// A patch, and which objects it is for; nil means any.
  private struct Patch: Sendable {
    var kind: String?
    var name: String?
    /// The file that says which, where nothing else does.
    var file: String?
    let node: Node
  }

  private let node: Node
  /// The directory that it stands in.
  let directory: String
  /// Files and directories that it lists, from the fleet's root.
  private(set) var listed: Set<String> = []
  private var patches: [Patch] = []

  private static let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"]

  /// Nil for every other document.
  init?(_ document: Node) {
    let parts = document.tree.file.path.split(separator: "/", omittingEmptySubsequences: false)
    guard document.kind == .mapping, let name = parts.last, Self.names.contains(String(name)) else {
      return nil
    }
    let home = parts.dropLast()
    node = document
    directory = home.joined(separator: "/")
    func path(_ node: Node) -> String? { Self.resolve(node.text, from: home) }
    for key in ["resources", "bases"] {
      listed.formUnion(document[key]?.elements.compactMap(path) ?? [])
    }
    for item in document["patches"]?.elements.map({ $0 }) ?? [] {
      patches.append(Self.patch(item, path))
    }
    for item in document["patchesJson6902"]?.elements.map({ $0 }) ?? [] {
      patches.append(Self.patch(item, path))
    }
    for item in document["patchesStrategicMerge"]?.elements.map({ $0 }) ?? [] {
      patches.append(
        item.text.contains("\n") ? Self.patch(text: item, item) : Patch(file: path(item), node: item))
    }
    for item in document["replacements"]?.elements.map({ $0 }) ?? [] {
      for target in item["targets"]?.elements.map({ $0 }) ?? [] {
        let select = target["select"]
        patches.append(
          Patch(kind: select?["kind"]?.text, name: select?["name"]?.text, node: select ?? item))
      }
    }
  }

  private static func patch(_ item: Node, _ path: (Node) -> String?) -> Patch {
    if let target = item["target"], !target.isNull {
      return Patch(kind: target["kind"]?.text, name: target["name"]?.text, node: item)
    }
    if let text = item["patch"] { return patch(text: text, item) }
    return Patch(file: item["path"].flatMap(path), node: item)
  }

  private static func patch(text: Node, _ item: Node) -> Patch {
    let root = Tree.parse(text: text.text, path: item.tree.file.path).tree.root
    return Patch(kind: root?["kind"]?.text, name: root?.at("metadata", "name")?.text, node: item)
  }

  /// Files that patches are in: they are no objects of their own.
  var patchFiles: [String] { patches.compactMap(\.file) }

  /// What it does to an object in a file that it lists; nil where that stays as it is.
  ///
  /// - Parameter object: the kind and the name that a patch in a file is for.
  func change(
    to manifest: Manifest, patchedBy object: (String) -> (kind: String, name: String)?
  ) -> Change? {
    if let namespace = node["namespace"], let own = manifest.namespace, !namespace.isNull,
      namespace.text != own
    {
      return Change(text: "puts it into namespace \(namespace.text)", place: namespace)
    }
    for key in ["namePrefix", "nameSuffix"] {
      if let affix = node[key], !affix.isNull, !affix.text.isEmpty {
        return Change(text: "renames it", place: affix)
      }
    }
    let replicas = node["replicas"]?.elements.first {
      $0["name"]?.text == manifest.name && $0["count"]?.integer == 0
    }
    if let replicas, Workload.podNode(of: manifest) != nil {
      return Change(text: "sets its replicas to 0", place: replicas)
    }
    for patch in patches {
      let named = patch.file.map(object)
      // A file that is not among the manifests may be for anything.
      let kind = patch.kind ?? named??.kind
      let name = patch.name ?? named??.name
      guard kind ?? manifest.kind == manifest.kind, name.map({ Self.mayMatch($0, manifest.name) }) ?? true
      else { continue }
      return Change(text: "patches it", place: patch.node)
    }
    if let transformers = node["transformers"], transformers.count > 0 {
      return Change(text: "transforms it", place: transformers)
    }
    return nil
  }

  /// Names of targets are regular expressions; what is more than a name may match anything.
  private static func mayMatch(_ pattern: String, _ name: String) -> Bool {
    pattern == name
      || !pattern.utf8.allSatisfy {
        $0 == UInt8(ascii: "-") || $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")
          || $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")
      }
  }

  /// A path as a kustomization writes it, from the fleet's root; nil for what lies outside, and for an address.
  package static func resolve(_ text: String, from directory: ArraySlice<Substring>) -> String? {
    guard !text.contains("://"), !text.hasPrefix("/") else { return nil }
    var parts = directory.filter { !$0.isEmpty && $0 != "." }
    for part in text.split(separator: "/") where part != "." {
      if part == ".." {
        guard parts.popLast() != nil else { return nil }
      } else {
        parts.append(part)
      }
    }
    return parts.joined(separator: "/")
  }
}

/// All kustomizations among the manifests of a cluster, by what they list.
package struct Kustomizations: Sendable {
  private var all: [Kustomization] = []
  /// By a file or a directory that they list.
  private var listing: [String: [Int]] = [:]
  /// By the directory that they stand in.
  private var standing: [String: Int] = [:]
  private var patchFiles: Set<String> = []
  /// What patches in files are for.
  private var patched: [String: (kind: String, name: String)] = [:]

  package var isEmpty: Bool { all.isEmpty }

  init() {}

  /// Linear in what the kustomizations list; where there are none, in the files.
  init(_ files: [ManifestFacts]) {
    for file in files { for found in file.kustomizations { add(found) } }
    guard !patchFiles.isEmpty else { return }
    for file in files {
      guard let first = file.manifests.first else { continue }
      let path = first.node.tree.file.path
      if patchFiles.contains(path) { patched[path] = (first.kind, first.name) }
    }
  }

  private mutating func add(_ kustomization: Kustomization) {
    for path in kustomization.listed { listing[path, default: []].append(all.count) }
    standing[kustomization.directory] = all.count
    patchFiles.formUnion(kustomization.patchFiles)
    all.append(kustomization)
  }

  /// What becomes of an object otherwise than its manifest says; nil where nothing does. Linear in the depth of its path.
  package func change(to manifest: Manifest) -> Kustomization.Change? {
    guard !all.isEmpty else { return nil }
    let path = manifest.node.tree.file.path
    var parts = path.split(separator: "/", omittingEmptySubsequences: false)[...]
    while !parts.isEmpty {
      for index in listing[parts.joined(separator: "/")] ?? [] {
        if let change = all[index].change(to: manifest, patchedBy: { patched[$0] }) { return change }
      }
      parts = parts.dropLast()
    }
    return leftOut(path)
  }

  /// A manifest beside a kustomization that lists others.
  private func leftOut(_ path: String) -> Kustomization.Change? {
    let directory = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      .joined(separator: "/")
    guard listing[path] == nil, !patchFiles.contains(path), let index = standing[directory] else {
      return nil
    }
    let kustomization = all[index]
    guard !kustomization.listed.isEmpty else { return nil }
    return Kustomization.Change(
      text: "beside it does not list its file", place: kustomization.resourcesNode)
  }
}

extension Kustomization {
  /// Where it lists what it builds.
  fileprivate var resourcesNode: Node { node["resources"] ?? node["bases"] ?? node }
}
