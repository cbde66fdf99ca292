import Compiler
import Output
import Repository
import Snapshot
import Synchronization

/// Deflates contents for a commit, on all cores; those of a whole output while the compile still judges it.
final class OutputPacking: Sendable {
  private typealias Piece = Swift.Result<PackedObjects, GitError>

  /// Contents of one piece: enough for the other core to have its share, few enough batches to look through.
  private static let pieceLength = 2000

  private let target: GitRepository
  private let early = Mutex<EarlyMap<Piece>?>(nil)

  init(_ target: GitRepository) { self.target = target }

  /// Begins with an output of which most is to be written, as it seems.
  func begin(_ output: OutputTree) {
    let files = output.files
    let (target, length) = (target, Self.pieceLength)
    early.withLock {
      $0 = EarlyMap(count: (files.count + length - 1) / length) { number in
        Self.deflated(files[number * length..<min((number + 1) * length, files.count)], for: target) {
          ($0.blob, $0.content)
        }
      }
    }
  }

  /// Leaves what has begun: nothing of it will be written.
  func cancel() {
    early.withLock {
      $0?.cancel()
      $0 = nil
    }
  }

  /// The contents of items, which are in the order of their paths, deflated.
  func packed(_ items: [OutputChange.Item]) throws(CommandFailure) -> [PackedObjects] {
    let contents = items.compactMap { item in item.blob.flatMap { id in item.content.map { (id, $0) } } }
    var batches: [PackedObjects] = []
    var missing: [(BlobID, [UInt8])] = []
    var position = 0
    for batch in begun() {
      // Both are in the order of paths.
      var end = position
      var between: [(BlobID, [UInt8])] = []
      let isWanted = batch.ids.allSatisfy { id in
        while end < contents.count {
          defer { end += 1 }
          if ObjectID(contents[end].0) == id { return true }
          between.append(contents[end])
        }
        return false
      }
      // A batch with anything else would bring what the commit does not name.
      guard isWanted else { continue }
      batches.append(batch)
      missing += between
      position = end
    }
    // Among these are those that the repository has, and second ones of a content.
    missing += contents[position...]
    let (target, rest, length) = (target, missing, Self.pieceLength)
    let pieces = parallelMap(Array(stride(from: 0, to: rest.count, by: length)), piece: 1) { start in
      Self.deflated(rest[start..<min(start + length, rest.count)], for: target) { $0 }
    }
    for piece in pieces { batches.append(try reporting { () throws(GitError) in try piece.get() }) }
    return batches
  }

  /// The batches that were begun early, ended.
  private func begun() -> [PackedObjects] {
    let begun = early.withLock { early in
      defer { early = nil }
      return early
    }
    return begun?.results().compactMap { try? $0.get() } ?? []
  }

  private static func deflated<Element>(
    _ elements: ArraySlice<Element>, for target: GitRepository, _ content: (Element) -> (BlobID, [UInt8])
  ) -> Piece {
    do throws(GitError) {
      var batch = try ObjectBatch(for: target)
      for element in elements {
        let (id, bytes) = content(element)
        try batch.add(blob: bytes, id: id)
      }
      return .success(batch.finish())
    } catch {
      return .failure(error)
    }
  }
}
