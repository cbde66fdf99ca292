import Dispatch
import Glibc
import Repository
import Synchronization

/// Commits the files of a directory, on two threads, and prints how many milliseconds that took. Reading them does not
/// count: a compile has them in memory.
func writeDirectory(repository path: String, directory: String) throws {
  var files: [(path: String, content: [UInt8])] = []
  collect(directory, "", &files)
  files.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  let all = files
  let repository = try GitRepository(at: path)
  let person = GitSignature(name: "bench", email: "bench@example.org", seconds: 1_700_000_000)
  let clock = ContinuousClock()
  let time = try clock.measure {
    let piece = 2000
    let pieces = (all.count + piece - 1) / piece
    let results = Mutex<[Int: ([TreeEdit.File], PackedObjects)]>([:])
    DispatchQueue.concurrentPerform(iterations: pieces) { number in
      do {
        var batch = try ObjectBatch(for: repository)
        var edits: [TreeEdit.File] = []
        for (path, content) in all[number * piece..<min((number + 1) * piece, all.count)] {
          edits.append(TreeEdit.File(path: path, blob: try batch.add(blob: content)))
        }
        let packed = batch.finish()
        results.withLock { $0[number] = (edits, packed) }
      } catch { print(error) }
    }
    let parts = results.withLock { $0 }.sorted { $0.key < $1.key }.map(\.value)
    _ = try repository.commit(OutputCommit(reference: "refs/heads/bench")) { (_) throws(GitError) in
      .write(
        OutputCommit.Proposal(
          edit: try TreeEdit(files: parts.flatMap(\.0)), contents: parts.map(\.1),
          message: CommitMessage(subject: "Everything"), author: person, committer: person))
    }
  }
  let (seconds, attoseconds) = time.components
  print(Double(seconds) * 1000 + Double(attoseconds) / 1e15)
}

private func collect(_ root: String, _ place: String, _ files: inout [(path: String, content: [UInt8])]) {
  guard let stream = opendir(root + "/" + place) else { return }
  defer { closedir(stream) }
  while let entry = readdir(stream) {
    let isDirectory = Int(entry.pointee.d_type) == DT_DIR
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name == "." || name == ".." || name == ".git" { continue }
    let path = place.isEmpty ? name : place + "/" + name
    if isDirectory { collect(root, path, &files) } else { files.append((path, content(root + "/" + path))) }
  }
}

private func content(_ path: String) -> [UInt8] {
  let descriptor = open(path, O_RDONLY)
  guard descriptor >= 0 else { return [] }
  defer { close(descriptor) }
  var status = stat()
  fstat(descriptor, &status)
  return [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
    count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
  }
}
