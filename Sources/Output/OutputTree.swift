package import Diagnostics
package import FleetSpec
package import Kubernetes
package import Linker
package import Snapshot
package import Templates

/// One object as bytes, before it has a place.
///
/// A class because an output has tens of thousands, which pass through several lists: one reference each
/// instead of a dozen.
package final class RenderedObject: Sendable {
  package let cluster: String
  package let part: OutputPart
  package let identity: ObjectIdentity
  package let content: [UInt8]
  package let blob: BlobID
  /// The path below the root of its cluster or output unit.
  package let path: String
  /// The key of the unit that owns the object.
  package let unit: String
  /// Where the connection stands that the object serves.
  package let subject: Label
  /// What made it; nil where it was not rendered in this compile.
  package let template: Template?

  package init(
    cluster: String, part: OutputPart, identity: ObjectIdentity, content: [UInt8], unit: String,
    subject: Label, template: Template? = nil
  ) {
    self.template = template
    self.cluster = cluster
    self.part = part
    self.identity = identity
    self.content = content
    blob = BlobID(of: content)
    path = OutputLayout.path(part, identity)
    self.unit = unit
    self.subject = subject
  }

  /// An object whose path and name of content are known.
  package init(
    cluster: String, part: OutputPart, identity: ObjectIdentity, path: String, blob: BlobID, content: [UInt8],
    unit: String, subject: Label, template: Template? = nil
  ) {
    self.template = template
    self.cluster = cluster
    self.part = part
    self.identity = identity
    self.path = path
    self.blob = blob
    self.content = content
    self.unit = unit
    self.subject = subject
  }
}

/// A fragment as bytes, for one cluster.
package struct RenderedFragment: Sendable {
  package let cluster: String
  package let name: String
  package let content: [UInt8]
  package let blob: BlobID
  /// The key of the unit that owns the fragment.
  package let unit: String
  package let subject: Label
  /// What made it; nil for what is no template's.
  package let template: Template?

  package init(
    cluster: String, name: String, content: [UInt8], blob: BlobID, unit: String, subject: Label,
    template: Template? = nil
  ) {
    self.template = template
    self.cluster = cluster
    self.name = name
    self.content = content
    self.blob = blob
    self.unit = unit
    self.subject = subject
  }

  /// The same content for each cluster of a fragment; it is hashed once and not copied.
  package static func copies(
    of content: [UInt8], for fragment: Fragment, unit: String, subject: Label, template: Template? = nil
  ) -> [RenderedFragment] {
    let blob = BlobID(of: content)
    return fragment.clusters.map {
      RenderedFragment(
        cluster: $0, name: fragment.name, content: content, blob: blob, unit: unit, subject: subject,
        template: template)
    }
  }
}

/// One file of the output.
package struct OutputFile: Sendable {
  /// From the fleet's root.
  package let path: String
  package let content: [UInt8]
  package let blob: BlobID
  /// The key of the owning unit; nil for files that belong to a directory (kustomization, inventory).
  package let unit: String?

  init(path: String, content: [UInt8], blob: BlobID? = nil, unit: String? = nil) {
    self.path = path
    self.content = content
    self.blob = blob ?? BlobID(of: content)
    self.unit = unit
  }
}

/// The whole output as bytes, ordered by path.
package struct OutputTree: Sendable {
  package let files: [OutputFile]
  package let findings: [Diagnostic]
  /// The roots of clusters and output units, with the objects that consumers sync there and their bytes.
  package let roots: [(root: String, objects: Int, bytes: Int)]

  package static let empty = OutputTree(files: [], findings: [], roots: [])

  private init(files: [OutputFile], findings: [Diagnostic], roots: [(root: String, objects: Int, bytes: Int)])
  {
    self.files = files
    self.findings = findings
    self.roots = roots
  }

  /// The files whose paths pass.
  package func limited(to passes: (String) -> Bool) -> OutputTree {
    OutputTree(files: files.filter { passes($0.path) }, findings: [], roots: roots)
  }

  /// Lays objects out, with a kustomization per namespace and per cluster, and the inventories.
  /// Sorts once; linear otherwise. The order of `objects` does not matter.
  ///
  /// - Parameter map: maps the numbers of the output's roots; the compiler does it on all cores.
  package init(
    _ objects: [RenderedObject], fragments: [RenderedFragment] = [], fleet: Fleet,
    map: (Range<Int>, @Sendable (Int) -> AssembledRoot) -> [AssembledRoot] = { $0.map($1) }
  ) {
    var assembly = OutputAssembly(objects, fragments: fragments, fleet: fleet)
    let roots = map(assembly.parts.indices) { [assembly] index in assembly.assemble(assembly.parts[index]) }
    let (files, findings) = assembly.finish(roots)
    self.init(
      files: files, findings: findings,
      roots: roots.map { ($0.root, $0.manifests.objects, $0.manifests.bytes) })
  }
}
