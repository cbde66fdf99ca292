import Glibc
import Repository

/// Commits `count` times to one reference; each commit adds a directory of files that no other commit touches.
func commitRepeatedly(repository path: String, reference: String, name: String, count: Int, files: Int) throws
{
  let repository = try GitRepository(at: path)
  for round in 0..<count {
    let person = GitSignature(name: name, email: "\(name)@example.org", seconds: 1_700_000_000 + Int64(round))
    let outcome = try repository.commit(OutputCommit(reference: reference), durable: false) {
      (_) throws(GitError) in
      var batch = try ObjectBatch(for: repository)
      var written: [TreeEdit.File] = []
      for file in 0..<files {
        let content = Array("\(name) \(round) \(file)\n".utf8)
        written.append(
          TreeEdit.File(path: "out/\(name)/\(round)/\(file).txt", blob: try batch.add(blob: content)))
      }
      return .write(
        OutputCommit.Proposal(
          edit: try TreeEdit(files: written), contents: [batch.finish()],
          message: CommitMessage(subject: "\(name) \(round)"), author: person, committer: person))
    }
    print(outcome)
    fflush(nil)
  }
}
