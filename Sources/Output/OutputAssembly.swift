import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Snapshot
import YAMLTree

/// Puts objects into directories and makes the files that belong to directories.
struct OutputAssembly {
  /// A namespace below a root.
  private struct Place: Hashable {
    let root: String
    let namespace: String?
  }

  private let fleet: Fleet
  private let layout: OutputLayout
  private var files: [OutputFile] = []
  private var owners: [String: RenderedObject] = [:]
  private var fragmentOwners: [String: RenderedFragment] = [:]
  private var owned: [Place: [(path: String, blob: BlobID)]] = [:]
  /// Manifest file names by place, for the kustomizations.
  private var manifests: [Place: [String]] = [:]
  private var sizes: [String: (objects: Int, bytes: Int)] = [:]
  private var clusterOfRoot: [String: String] = [:]
  private var findings: [Diagnostic] = []

  init(fleet: Fleet) {
    self.fleet = fleet
    layout = OutputLayout(fleet)
  }

  mutating func add(_ object: RenderedObject) {
    let root = layout.root(cluster: object.cluster, namespace: object.identity.namespace)
    let local = OutputLayout.path(object.part, object.identity)
    let path = "\(root)/\(local)"
    guard Inventory.staysInside(local) else {
      findings.append(
        Diagnostic(
          OutputRules.unusableName, "\(object.identity.description) has a name that cannot be a file's",
          at: object.subject.range, object.subject.text,
          help: ["names hold lower-case letters, digits, '-' and '.'"]))
      return
    }
    if let other = owners[path] {
      reportTwice(object, other)
      return
    }
    owners[path] = object
    let place = Place(root: root, namespace: object.identity.namespace)
    files.append(OutputFile(path: path, content: object.content, blob: object.blob, unit: object.unit))
    owned[place, default: []].append((local, object.blob))
    clusterOfRoot[root] = object.cluster
    switch object.part {
    case .manifests:
      manifests[place, default: []].append(OutputLayout.fileName(object.identity))
      let size = sizes[root] ?? (0, 0)
      sizes[root] = (size.objects + 1, size.bytes + object.content.count)
    case .components: addComponent(local, object, place)
    case .expected: break
    }
  }

  mutating func add(_ fragment: RenderedFragment) {
    let local = OutputLayout.fragmentPath(fragment.name)
    let place = Place(root: layout.root(cluster: fragment.cluster, namespace: nil), namespace: nil)
    let path = "\(place.root)/\(local)"
    if let other = fragmentOwners[path] {
      findings.append(
        Diagnostic(
          OutputRules.objectTwice,
          "two links write the fragment \(fragment.name) of \(fragment.cluster)",
          at: fragment.subject.range, "written here", also: [Label(other.subject.range, "and here")],
          help: ["make the cluster a member of one of them only"]))
      return
    }
    fragmentOwners[path] = fragment
    files.append(OutputFile(path: path, content: fragment.content, blob: fragment.blob, unit: fragment.unit))
    owned[place, default: []].append((local, fragment.blob))
    clusterOfRoot[place.root] = fragment.cluster
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

  private mutating func addComponent(_ local: String, _ object: RenderedObject, _ place: Place) {
    let directory = local.prefix(upTo: local.lastIndex(of: "/") ?? local.endIndex)
    let text = """
      apiVersion: kustomize.config.k8s.io/v1alpha1
      kind: Component
      patches:
      - path: \(OutputLayout.fileName(object.identity))

      """
    add(Array(text.utf8), "\(directory)/kustomization.yaml", place)
  }

  private mutating func add(_ content: [UInt8], _ local: String, _ place: Place) {
    let file = OutputFile(path: "\(place.root)/\(local)", content: content)
    files.append(file)
    owned[place, default: []].append((local, file.blob))
  }

  private static func kustomization(_ resources: [String]) -> [UInt8] {
    var text = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
    for resource in resources.sorted(by: utf8Precedes) { text += "- \(resource)\n" }
    return Array(text.utf8)
  }

  mutating func finish() -> ([OutputFile], [Diagnostic]) {
    var namespaces: [String: [String]] = [:]
    for (place, names) in manifests {
      let directory = place.namespace ?? OutputLayout.clusterDirectory
      add(Self.kustomization(names), "manifests/\(directory)/kustomization.yaml", place)
      namespaces[place.root, default: []].append(directory)
    }
    if fleet.writesClusterKustomization {
      for (root, directories) in namespaces {
        add(
          Self.kustomization(directories), "manifests/kustomization.yaml", Place(root: root, namespace: nil))
      }
    }
    for (place, files) in owned {
      let path = OutputLayout.inventoryPath(namespace: place.namespace)
      self.files.append(OutputFile(path: "\(place.root)/\(path)", content: Inventory(files).content))
    }
    checkSizes()
    return (files.sorted { utf8Precedes($0.path, $1.path) }, findings)
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
