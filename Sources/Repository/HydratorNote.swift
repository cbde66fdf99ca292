import CLibGit2

extension GitRepository {
  /// Where GitOps Promoter and Argo CD's commit server look for the source of a hydrated commit.
  package static let hydratorNotes = "refs/notes/hydrator.metadata"

  /// Notes on a commit that it is compiled from `source`, as `{"drySha": "…"}` under `refs/notes/hydrator.metadata`.
  ///
  /// Other notes on the reference stay; a race with another writer is run again on its result. Nothing is written
  /// when the note is there already. `notes` is another reference for notes that are about to be pushed. Returns the commit that the notes reference is at.
  @discardableResult
  package func writeHydratorNote(
    on commit: ObjectID, source: ObjectID, by committer: GitSignature, in notes: String = hydratorNotes
  ) throws(GitError) -> ObjectID {
    let text = "{\"drySha\":\"\(source)\"}\n"
    let operation = "note the source of commit \(commit) under \(notes)"
    while true {
      let tip = try target(ofReference: notes)
      let made = try exclusively { (repository) throws(GitError) -> ObjectID? in
        try Self.makeNote(text, on: commit, after: tip, by: committer, operation, repository)
      }
      guard let made else { return tip ?? .zero }
      let move = try move(
        notes, from: tip, to: made, reflog: "notes: Notes added by linkwright", by: committer)
      if case .moved = move { return made }
    }
  }

  /// The source commit that a commit's note names; nil without a note that can be read.
  package func hydratorNote(
    on commit: ObjectID, in notes: String = hydratorNotes
  ) throws(GitError) -> ObjectID? {
    do {
      return try exclusively { (repository) throws(GitError) in
        let note = try GitHandle(
          "read the note of commit \(commit) under \(notes)", freedBy: { git_note_free($0) }
        ) {
          var oid = commit.oid
          return git_note_read($0, repository, notes, &oid)
        }
        guard let message = git_note_message(note.pointer).map({ String(cString: $0) }),
          let key = message.end(ofFirst: "\"drySha\"")
        else { return nil }
        let digits = message[key...].drop { $0 != ":" }.drop { $0 != "\"" }.dropFirst().prefix { $0 != "\"" }
        return ObjectID(hexadecimal: digits)
      }
    } catch {
      if error.kind == .notFound { return nil }
      throw error
    }
  }

  /// Makes the commit that adds a note; nil when the note is there with the same text.
  private static func makeNote(
    _ text: String, on commit: ObjectID, after tip: ObjectID?, by committer: GitSignature,
    _ operation: String,
    _ repository: OpaquePointer
  ) throws(GitError) -> ObjectID? {
    var oid = commit.oid
    var parent: OpaquePointer?
    defer { git_commit_free(parent) }
    if let tip {
      var id = tip.oid
      try git(operation) { git_commit_lookup(&parent, repository, &id) }
      var note: OpaquePointer?
      if git_note_commit_read(&note, repository, parent, &oid) == 0 {
        defer { git_note_free(note) }
        if git_note_message(note).map({ String(cString: $0) }) == text { return nil }
      }
      git_error_clear()
    }
    var person: UnsafeMutablePointer<git_signature>?
    try git(operation) {
      git_signature_new(
        &person, committer.name, committer.email, committer.seconds, Int32(clamping: committer.offsetMinutes))
    }
    defer { git_signature_free(person) }
    var made = git_oid()
    try git(operation) {
      git_note_commit_create(&made, nil, repository, parent, person, person, &oid, text, 1)
    }
    return ObjectID(made)
  }
}

extension String {
  /// The end of the first occurrence of a text.
  fileprivate func end(ofFirst text: String) -> Index? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return index(start, offsetBy: text.count) }
      formIndex(after: &start)
    }
    return nil
  }
}
