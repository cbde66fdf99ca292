import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Snapshot
import YAMLTree

/// Puts objects into directories and makes the files that belong to directories.
struct OutputAssembly {
  /// The files of a namespace below a root.
  private struct Place {
    let root: String
    let namespace: String?
    var files: [Item] = []
    /// Manifest file names, for the kustomization.
    var manifests: [String] = []
  }

  /// A file with its path below the root; `object` is nil for files that belong to a directory.
  private struct Item {
    let path: String
    let content: [UInt8]
    let blob: BlobID
    let object: RenderedObject?
  }

  /// A namespace in a cluster; several can share a place.
  private struct Location: Hashable {
    let cluster: String
    let namespace: String?
  }

  private struct PlaceName: Hashable {
    let root: String
    let namespace: String?
  }

  private let fleet: Fleet
  private let layout: OutputLayout
  private var places: [Place] = []
  private var indices: [PlaceName: Int] = [:]
  private var indicesByLocation: [Location: Int] = [:]
  private var sizes: [String: (objects: Int, bytes: Int)] = [:]
  private var clusterOfRoot: [String: String] = [:]
  private var findings: [Diagnostic] = []

  init(fleet: Fleet) {
    self.fleet = fleet
    layout = OutputLayout(fleet)
  }

  mutating func add(_ object: RenderedObject) {
    guard Inventory.staysInside(object.path) else {
      findings.append(
        Diagnostic(
          OutputRules.unusableName, "\(object.identity.description) has a name that cannot be a file's",
          at: object.subject.range, object.subject.text,
          help: ["names hold lower-case letters, digits, '-' and '.'"]))
      return
    }
    let place = place(cluster: object.cluster, namespace: object.identity.namespace)
    places[place].files.append(
      Item(path: object.path, content: object.content, blob: object.blob, object: object))
  }

  /// The place of a cluster's namespace. Objects come by the ten thousand, places by the hundred.
  private mutating func place(cluster: String, namespace: String?) -> Int {
    let location = Location(cluster: cluster, namespace: namespace)
    if let index = indicesByLocation[location] { return index }
    let root = layout.root(cluster: cluster, namespace: namespace)
    clusterOfRoot[root] = cluster
    let index = place(PlaceName(root: root, namespace: namespace))
    indicesByLocation[location] = index
    return index
  }

  private mutating func place(_ name: PlaceName) -> Int {
    if let index = indices[name] { return index }
    indices[name] = places.count
    places.append(Place(root: name.root, namespace: name.namespace))
    return places.count - 1
  }

  private mutating func reportTwice(_ object: RenderedObject, _ other: RenderedObject) {
    let (first, second) = utf8Precedes(object.unit, other.unit) ? (object, other) : (other, object)
    findings.append(
      Diagnostic(
        OutputRules.objectTwice,
        "two connections emit \(object.identity.description) in \(object.cluster)", at: second.subject.range,
        "emitted here", also: [Label(first.subject.range, "and here")],
        help: [
          "give one of them another name: claimName, networkPolicy.name, serviceName or publish.configMap"
        ]))
  }

  // MARK: Files of directories

  private mutating func add(_ text: String, _ path: String, to place: Int) {
    let content = Array(text.utf8)
    places[place].files.append(Item(path: path, content: content, blob: BlobID(of: content), object: nil))
  }

  private static func kustomization(_ resources: [String]) -> String {
    var text = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
    for resource in resources.sorted(by: utf8Precedes) { text += "- \(resource)\n" }
    return text
  }

  private static func component(_ identity: ObjectIdentity) -> String {
    """
    apiVersion: kustomize.config.k8s.io/v1alpha1
    kind: Component
    patches:
    - path: \(OutputLayout.fileName(identity))

    """
  }

  mutating func finish() -> ([OutputFile], [Diagnostic]) {
    for index in places.indices { settle(index) }
    addKustomizations()
    var files: [OutputFile] = []
    files.reserveCapacity(places.reduce(0) { $0 + $1.files.count + 1 })
    for place in places {
      for item in place.files {
        files.append(
          OutputFile(
            path: "\(place.root)/\(item.path)", content: item.content, blob: item.blob,
            unit: item.object?.unit))
      }
      let inventory = Inventory(place.files.map { ($0.path, $0.blob) })
      files.append(
        OutputFile(
          path: "\(place.root)/\(OutputLayout.inventoryPath(namespace: place.namespace))",
          content: inventory.content))
    }
    checkSizes()
    // Numbers are sorted instead of files: moving a file counts four references up and down.
    let order = files.indices.sorted { utf8Precedes(files[$0].path, files[$1].path) }
    return (order.map { files[$0] }, findings)
  }

  /// Orders the objects of a place, reports those that two units emit, and adds what components need.
  private mutating func settle(_ index: Int) {
    let sorted = places[index].files.sorted { utf8Precedes($0.path, $1.path) }
    places[index].files = []
    places[index].files.reserveCapacity(sorted.count + 1)
    for item in sorted {
      guard let object = item.object else { continue }
      if let other = places[index].files.last?.object, other.path == item.path {
        reportTwice(object, other)
        continue
      }
      places[index].files.append(item)
      switch object.part {
      case .manifests:
        places[index].manifests.append(OutputLayout.fileName(object.identity))
        let size = sizes[places[index].root] ?? (0, 0)
        sizes[places[index].root] = (size.objects + 1, size.bytes + item.content.count)
      case .components, .expected: break
      }
    }
    for case let object? in places[index].files.map(\.object) where object.part == .components {
      let directory = object.path.prefix(upTo: object.path.lastIndex(of: "/") ?? object.path.endIndex)
      add(Self.component(object.identity), "\(directory)/kustomization.yaml", to: index)
    }
  }

  private mutating func addKustomizations() {
    var namespaces: [String: [String]] = [:]
    for index in places.indices where !places[index].manifests.isEmpty {
      let directory = places[index].namespace ?? OutputLayout.clusterDirectory
      let text = Self.kustomization(places[index].manifests)
      add(text, "manifests/\(directory)/kustomization.yaml", to: index)
      namespaces[places[index].root, default: []].append(directory)
    }
    guard fleet.writesClusterKustomization else { return }
    for (root, directories) in namespaces.sorted(by: { $0.key < $1.key }) {
      let index = place(PlaceName(root: root, namespace: nil))
      add(Self.kustomization(directories), "manifests/kustomization.yaml", to: index)
    }
  }

  /// Argo CD reads at most 10 MB per directory; kustomize takes time that grows with the square.
  private mutating func checkSizes() {
    for (root, size) in sizes.sorted(by: { $0.key < $1.key }) {
      let cluster = clusterOfRoot[root] ?? root
      if fleet.consumer?.kind == .argocd, size.bytes > 9_000_000 {
        findings.append(
          Diagnostic(
            OutputRules.directoryTooLarge,
            "the manifests of \(cluster) have \(size.bytes / 1_000_000) MB; Argo CD reads at most 10 MB per directory",
            at: (fleet.consumer?.node ?? fleet.node).range, "the consumer",
            help: [
              "let one Application sync each namespace, or raise --max-combined-directory-manifests-size"
            ]))
      }
      if fleet.writesClusterKustomization, size.objects > 2000 {
        findings.append(
          Diagnostic(
            OutputRules.kustomizationTooLarge,
            "the kustomization of \(cluster) has \(size.objects) objects; kustomize needs time that grows with their square",
            at: fleet.name.node.range, "writes one kustomization per cluster",
            help: ["sync each namespace on its own and set spec.output.clusterKustomization: false"]))
      }
    }
  }
}
