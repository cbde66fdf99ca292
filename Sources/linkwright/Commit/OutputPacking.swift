import Compiler
import Output
import Repository
import Snapshot

extension OutputCommitting {
  /// Deflates contents on all cores.
  func packed(_ items: [OutputChange.Item]) throws(CommandFailure) -> [PackedObjects] {
    let contents = items.compactMap { item in item.blob.flatMap { id in item.content.map { (id, $0) } } }
    let piece = 2000
    let starts = Array(stride(from: 0, to: contents.count, by: piece))
    let packed = parallelMap(starts, piece: 1) { start -> Swift.Result<PackedObjects, GitError> in
      do throws(GitError) {
        var batch = try ObjectBatch(for: target)
        for (id, content) in contents[start..<min(start + piece, contents.count)] {
          try batch.add(blob: content, id: id)
        }
        return .success(batch.finish())
      } catch {
        return .failure(error)
      }
    }
    var batches: [PackedObjects] = []
    for result in packed { batches.append(try reporting { () throws(GitError) in try result.get() }) }
    return batches
  }
}
