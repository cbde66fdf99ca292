import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Snapshot
import YAMLTree

/// The files of the fleet's sources, found, read, and what each of them holds by itself.
struct SourceFiles: Sendable {
  /// A file of manifests, read and looked through.
  struct ManifestFile: Sendable {
    let parsed: ParsedFile
    let facts: ManifestFacts
    /// Documents that declare nothing.
    let strangers: [Diagnostic]
  }

  let walk: SourceWalk
  /// About files that no pattern selects.
  let strayFindings: [Diagnostic]
  let specification: ReadSpecification
  let declared: [ManifestFile]
  let observed: [ManifestFile]

  /// Walks and reads on all cores; linear in the files.
  ///
  /// - Parameter source: the snapshot itself, for files that the digests account for.
  static func read(
    _ snapshot: some Snapshot, unlogged source: some Snapshot, _ fleet: Fleet, outputs: [String],
    _ decoder: SpecDecoder, _ memo: (any MemoStore)?
  ) -> Result<SourceFiles, SnapshotError> {
    do throws(SnapshotError) {
      let walk = try SourceWalk(snapshot, fleet: fleet, outputs: outputs)
      let stray = try StrayDocuments.unselected(walk, source, fleet: fleet, outputs: outputs)
      // What the manifests hold does not need the specification, and to join its files takes one core only.
      let (specification, manifests) = concurrently {
        ReadSpecification(walk.spec, fleet, decoder, source, memo)
      } _: {
        (
          declared: Self.manifests(walk.declared, source, memo),
          observed: Self.manifests(walk.observed, source, memo)
        )
      }
      return .success(
        SourceFiles(
          walk: walk, strayFindings: stray, specification: specification, declared: manifests.declared,
          observed: manifests.observed))
    } catch {
      return .failure(error)
    }
  }

  private static func manifests(
    _ files: [SourceWalk.File], _ snapshot: some Snapshot, _ memo: (any MemoStore)?
  ) -> [ManifestFile] {
    parallelMap(files, piece: 32) { file in
      let parsed = ParsedFile.read(file.entry, snapshot, memo)
      return ManifestFile(
        parsed: parsed, facts: ManifestFacts(parsed.tree, findings: parsed.findings),
        strangers: strangers(in: parsed.tree))
    }
  }

  /// Documents that declare nothing although they look like more than data.
  private static func strangers(in tree: Tree) -> [Diagnostic] {
    tree.documents.compactMap { document in
      let what: String
      switch document.kind {
      case .mapping, .null: return nil
      case .sequence:
        // Lists of anything else are data that some tool reads.
        let isObject = { (node: Node) in node["kind"]?.string != nil && node["apiVersion"]?.string != nil }
        guard document.elements.contains(where: isObject) else { return nil }
        what = "a list without 'kind: List'"
      default: what = "a plain text"
      }
      return Diagnostic(
        CompilerRules.noManifest, "this document is \(what), not an object", at: document.range,
        help: [
          document.kind == .sequence
            ? "separate the objects with '---', or put them below 'items' of a 'kind: List'"
            : "put the manifest there, or exclude the file in spec.sources"
        ])
    }
  }
}
