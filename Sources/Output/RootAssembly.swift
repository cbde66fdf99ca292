import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Snapshot
import Templates
import YAMLTree

/// The files below one root of the output: those of a cluster, or of an output unit in it.
///
/// Roots are independent, so they are put together in parallel.
struct RootAssembly: Sendable {
  /// A namespace's files.
  private struct Place {
    let namespace: String?
    var files: [Item] = []
    /// Manifest file names, for the kustomization.
    var manifests: [String] = []
  }

  /// A file with its path below the root; `object` is nil for fragments and for files that belong to a
  /// directory. A class as the files that become of them are.
  private final class Item: Sendable {
    let path: String
    let content: [UInt8]
    /// The content's name where it is known.
    let blob: BlobID?
    let object: RenderedObject?
    /// The key of the owning unit; nil for files that belong to a directory.
    let unit: String?

    init(path: String, content: [UInt8], blob: BlobID?, object: RenderedObject?, unit: String?) {
      self.path = path
      self.content = content
      self.blob = blob
      self.object = object
      self.unit = unit
    }
  }

  let root: String
  let cluster: String
  private let hasKustomization: Bool
  private var places: [Place] = []
  private var indices: [String?: Int] = [:]
  /// Number and bytes of the objects that consumers sync.
  private(set) var size = (objects: 0, bytes: 0)
  private(set) var findings: [Diagnostic] = []

  /// Deals objects and fragments out to places and finds what is wrong with them. `hasKustomization`: one for the
  /// whole root, beside those of namespaces.
  init(_ part: OutputAssembly.Part, hasKustomization: Bool) {
    root = part.root
    cluster = part.cluster
    self.hasKustomization = hasKustomization
    for object in part.objects.sorted(by: { utf8Precedes($0.path, $1.path) }) { add(object) }
    for index in places.indices { settle(index) }
    reportSharedComponents()
    add(part.fragments)
  }

  private mutating func add(_ object: RenderedObject) {
    guard Inventory.staysInside(object.path), !object.identity.name.utf8.contains(UInt8(ascii: "/")) else {
      findings.append(
        Diagnostic(
          OutputRules.unusableName, "\(object.identity.description) has a name that cannot be a file's",
          at: object.subject.range, object.subject.text,
          help: ["names hold lower-case letters, digits, '-' and '.'"]))
      return
    }
    let index = place(object.identity.namespace)
    places[index].files.append(
      Item(
        path: object.path, content: object.content, blob: object.knownBlob, object: object, unit: object.unit)
    )
  }

  /// Fragments lie beside cluster-scoped objects; two units cannot write one.
  private mutating func add(_ fragments: [RenderedFragment]) {
    var owners: [String: RenderedFragment] = [:]
    for fragment in fragments.sorted(by: { utf8Precedes($0.unit, $1.unit) }) {
      if let other = owners[fragment.name] {
        findings.append(
          Diagnostic(
            OutputRules.objectTwice, "two links write the fragment \(fragment.name) of \(cluster)",
            at: fragment.subject.range, "written here", also: [Label(other.subject.range, "and here")],
            help: ["make the cluster a member of one of them only"]))
        continue
      }
      owners[fragment.name] = fragment
      let index = place(nil)
      places[index].files.append(
        Item(
          path: OutputLayout.fragmentPath(fragment.name), content: fragment.content, blob: fragment.blob,
          object: nil, unit: fragment.unit))
    }
  }

  private mutating func place(_ namespace: String?) -> Int {
    if let index = indices[namespace] { return index }
    indices[namespace] = places.count
    places.append(Place(namespace: namespace))
    return places.count - 1
  }

  private mutating func reportTwice(_ object: RenderedObject, _ other: RenderedObject) {
    let (first, second) = utf8Precedes(object.unit, other.unit) ? (object, other) : (other, object)
    if object.unit == other.unit {
      reportTwiceInUnit(object, other)
      return
    }
    let areLinks = [object, other].allSatisfy { $0.subject.text.hasSuffix("this link") }
    findings.append(
      Diagnostic(
        OutputRules.objectTwice,
        "\(areLinks ? "two links" : "two connections") emit \(object.identity.description) in \(object.cluster)",
        at: second.subject.range, "emitted here", also: [Label(first.subject.range, "and here")],
        help: [
          areLinks
            ? "the object belongs to one of them: let their clusters, or what they say of one cluster, not overlap"
            : "give one of them another name: claimName, networkPolicy.name, serviceName or publish.configMap"
        ]))
  }

  /// Two templates of one unit, or one of them on two occasions, make the same object.
  private mutating func reportTwiceInUnit(_ object: RenderedObject, _ other: RenderedObject) {
    let added = object.template?.scope != nil ? object : other
    let template = added.template
    let labels = [object, other].compactMap { $0.template.map { $0.document.range } }
    let isOne = labels.count == 2 && labels[0].file.path == labels[1].file.path
    var also = [Label(object.subject.range, "of this")]
    if !isOne, let rest = labels.first(where: { $0.file.path != template?.tree.file.path }) {
      also.append(Label(rest, "emits it as well"))
    }
    findings.append(
      Diagnostic(
        OutputRules.objectTwice,
        isOne
          ? "a template makes \(object.identity.description) in \(object.cluster) on two occasions"
          : "two templates make \(object.identity.description) in \(object.cluster)",
        at: template.map { $0.document.range } ?? object.subject.range, "emits it",
        also: also,
        help: [
          isOne
            ? "compose the name of what tells the occasions apart, such as the Service's name or the port"
            : "give what the template adds a name of its own"
        ]))
  }

  /// `<namespace>-<kind>-<name>` is not the only way to read a Component's directory: a/service-x-service-y is
  /// a-service-x/service-y as well.
  private mutating func reportSharedComponents() {
    var owners: [Substring: RenderedObject] = [:]
    for object in places.lazy.flatMap(\.files).compactMap(\.object) where object.part == .components {
      let directory = object.path.prefix(upTo: object.path.lastIndex(of: "/") ?? object.path.endIndex)
      guard let other = owners[directory] else {
        owners[directory] = object
        continue
      }
      findings.append(
        Diagnostic(
          OutputRules.sharedComponent,
          "the Components for \(other.identity.description) and for \(object.identity.description) of \(cluster) would lie in one directory, \(directory)",
          at: object.subject.range, object.subject.text, also: [Label(other.subject.range, "and this")],
          help: ["give one of the objects what its Component adds by hand, or another name"]))
    }
  }

  // MARK: Files of directories

  private mutating func add(_ text: String, _ path: String, to place: Int) {
    places[place].files.append(
      Item(path: path, content: Array(text.utf8), blob: nil, object: nil, unit: nil))
  }

  /// The files of the root, ordered by path. Hashes what has no name yet.
  func files() -> [OutputFile] {
    var assembly = self
    assembly.addKustomizations()
    var files: [OutputFile] = []
    files.reserveCapacity(assembly.places.reduce(0) { $0 + $1.files.count + 1 })
    for place in assembly.places {
      let start = files.count
      for item in place.files {
        files.append(
          OutputFile(
            path: "\(root)/\(item.path)", content: item.content, blob: item.blob, unit: item.unit))
      }
      let inventory = Inventory(zip(place.files, files[start...]).map { ($0.path, $1.blob) })
      files.append(
        OutputFile(
          path: "\(root)/\(OutputLayout.inventoryPath(namespace: place.namespace))",
          content: inventory.content))
    }
    return files.sorted { utf8Precedes($0.path, $1.path) }
  }

  /// Reports the objects of a place that two units emit, and adds what components need. They are in order.
  private mutating func settle(_ index: Int) {
    let sorted = places[index].files
    places[index].files = []
    places[index].files.reserveCapacity(sorted.count + 1)
    for item in sorted {
      guard let object = item.object else { continue }
      if let other = places[index].files.last?.object, other.path == item.path {
        reportTwice(object, other)
        continue
      }
      places[index].files.append(item)
      guard object.part == .manifests else { continue }
      places[index].manifests.append(OutputLayout.fileName(object.identity))
      size.objects += 1
      size.bytes += item.content.count
    }
    for case let object? in places[index].files.map(\.object) where object.part == .components {
      let directory = object.path.prefix(upTo: object.path.lastIndex(of: "/") ?? object.path.endIndex)
      add(
        Kustomization.component(patch: OutputLayout.fileName(object.identity)),
        "\(directory)/kustomization.yaml", to: index)
    }
  }

  private mutating func addKustomizations() {
    var directories: [String] = []
    for index in places.indices where !places[index].manifests.isEmpty {
      let directory = places[index].namespace ?? OutputLayout.clusterDirectory
      let text = Kustomization.text(places[index].manifests)
      add(text, "manifests/\(directory)/kustomization.yaml", to: index)
      directories.append(directory)
    }
    guard hasKustomization, !directories.isEmpty else { return }
    add(Kustomization.text(directories), "manifests/kustomization.yaml", to: place(nil))
  }
}
