package import FleetSpec
package import Output
package import Snapshot

/// The files of one side of a comparison: what a compile gives, or what lies on record.
package struct OutputSide: Sendable {
  private enum Source: Sendable {
    case compiled([OutputFile])
    case recorded([SnapshotEntry], any Snapshot)
  }

  /// A file by path from the fleet's root, with its content's name.
  struct File: Sendable {
    let path: String
    let blob: BlobID
    fileprivate let index: Int
  }

  /// Ordered by the bytes of their paths. Kustomizations and inventories, which follow from the others, are left out.
  let files: [File]
  private let source: Source
  private let layout: OutputLayout

  /// What a compile gives.
  package init(_ tree: OutputTree, fleet: Fleet) {
    source = .compiled(tree.files)
    layout = OutputLayout(fleet)
    files = tree.files.indices.filter { Self.isObject(tree.files[$0].path) }.map {
      File(path: tree.files[$0].path, blob: tree.files[$0].blob, index: $0)
    }
  }

  /// What lies on record: the files that inventories own, as they are now. Where the snapshot cannot name contents
  /// (a directory), all of them are read.
  package init(
    record: OutputRecord, in snapshot: any Snapshot, fleet: Fleet
  ) throws(SnapshotError) {
    layout = OutputLayout(fleet)
    var entries: [SnapshotEntry] = []
    var files: [File] = []
    for path in record.owned.keys.sorted(by: utf8Precedes) where Self.isObject(path) {
      guard let entry = record.present[path], entry.kind == .file || entry.kind == .executable else {
        continue
      }
      let blob: BlobID
      if let known = entry.blob { blob = known } else { blob = BlobID(of: try snapshot.content(of: entry)) }
      files.append(File(path: path, blob: blob, index: entries.count))
      entries.append(entry)
    }
    self.files = files
    source = .recorded(entries, snapshot)
  }

  /// A side without files: a revision that has no fleet.
  package init(emptyFor fleet: Fleet) {
    files = []
    source = .compiled([])
    layout = OutputLayout(fleet)
  }

  func content(of file: File) throws(SnapshotError) -> [UInt8] {
    switch source {
    case .compiled(let files): files[file.index].content
    case .recorded(let entries, let snapshot): try snapshot.content(of: entries[file.index])
    }
  }

  /// Where a file lies in the output; nil for paths of another layout.
  func place(of file: File) -> OutputLayout.Place? { layout.place(ofPath: file.path) }

  private static func isObject(_ path: String) -> Bool {
    !path.hasSuffix("/kustomization.yaml") && !path.hasSuffix(".lock")
  }
}
