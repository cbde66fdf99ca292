import FleetSpec
import Snapshot
import YAMLTree

/// The files of the specification, read, and joined into one.
struct ReadSpecification: Sendable {
  let files: [ParsedFile]
  let specification: Specification

  /// Reads on all cores, and joins on one. Linear in the files.
  init(
    _ entries: [SnapshotEntry], _ fleet: Fleet, _ decoder: SpecDecoder, _ snapshot: some Snapshot,
    _ memo: (any MemoStore)?
  ) {
    let read = parallelMap(entries, piece: 16) { entry in
      let file = ParsedFile.read(entry, snapshot, memo)
      var documents = decoder.decode(file.tree)
      documents.unread = UnreadFile(file.tree.file, findings: file.findings)
      return (file: file, documents: documents)
    }
    files = read.map(\.file)
    specification = Specification(fleet: fleet, read.map(\.documents))
  }
}
