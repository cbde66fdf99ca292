package import Diagnostics
package import FleetSpec
package import Kubernetes
package import Linker
package import Parallel
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
  /// The content's name where it is known already; else whoever makes a file of the object finds it.
  package let knownBlob: BlobID?
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
    knownBlob = nil
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
    knownBlob = blob
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

/// One file of the output. A class: an output has tens of thousands, which pass through several lists, in order.
package final class OutputFile: Sendable {
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

/// The whole output as bytes.
package struct OutputTree: Sendable {
  private enum Files: Sendable {
    case made([OutputFile])
    case pending(@Sendable () -> [OutputFile])
  }

  private let storage: Files
  package let findings: [Diagnostic]
  /// The roots of clusters and output units, with the objects that consumers sync there and their bytes.
  package let roots: [(root: String, objects: Int, bytes: Int)]

  package static let empty = OutputTree(storage: .made([]), findings: [], roots: [])

  private init(
    storage: Files, findings: [Diagnostic], roots: [(root: String, objects: Int, bytes: Int)]
  ) {
    self.storage = storage
    self.findings = findings
    self.roots = roots
  }

  /// All files, ordered by path. Makes them anew each time where the tree was only checked.
  package var files: [OutputFile] {
    switch storage {
    case .made(let files): files
    case .pending(let make): make()
    }
  }

  /// The files whose paths pass.
  package func limited(to passes: (String) -> Bool) -> OutputTree {
    OutputTree(storage: .made(files.filter { passes($0.path) }), findings: [], roots: roots)
  }

  /// Lays objects out, with a kustomization per namespace and per cluster, and the inventories.
  /// Sorts once; linear otherwise. The order of `objects` does not matter.
  ///
  /// - Parameters:
  ///   - isCheckOnly: the files are made when somebody asks for them, which the findings do not need.
  ///   - mapping: how the output's roots are worked on.
  package init(
    _ objects: [RenderedObject], fragments: [RenderedFragment] = [], fleet: Fleet, isCheckOnly: Bool = false,
    mapping: some ParallelMapping = OneCore()
  ) {
    let assembly = OutputAssembly(objects, fragments: fragments, fleet: fleet)
    let roots = mapping.map(Array(assembly.parts.indices), piece: 1) { assembly.settle(assembly.parts[$0]) }
    let make: @Sendable () -> [OutputFile] = {
      OutputAssembly.ordered(mapping.map(Array(roots.indices), piece: 1) { roots[$0].files() })
    }
    self.init(
      storage: isCheckOnly ? .pending(make) : .made(make()), findings: assembly.findings(roots),
      roots: roots.map { ($0.root, $0.size.objects, $0.size.bytes) })
  }
}
