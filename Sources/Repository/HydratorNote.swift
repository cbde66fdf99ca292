import CLibGit2

/// What a note says of an output commit: `{"drySha": "…"}`, and beside it what Linkwright alone reads.
package struct HydratorNote: Sendable, Equatable {
  /// The source commit.
  package let source: ObjectID
  /// What was found in the source, for whoever shows it again.
  package let report: [UInt8]?

  package init(source: ObjectID, report: [UInt8]? = nil) {
    self.source = source
    self.report = report
  }

  /// Longer reports are left out: a note is read whole.
  static let reportLimit = 256 << 10

  private static let sourceKey = "\"drySha\""
  private static let reportKey = "\"linkwrightReport\""

  /// The note as JSON on one line.
  var text: String {
    var text = "{\(Self.sourceKey):\"\(source)\""
    if let report, report.count <= Self.reportLimit {
      text += ",\(Self.reportKey):\"\(Self.escaped(report))\""
    }
    return text + "}\n"
  }

  /// Reads a note, also one that another program wrote; nil for one that names no source.
  init?(_ text: String) {
    guard let source = Self.value(of: Self.sourceKey, in: text).flatMap({ ObjectID(hexadecimal: $0) }) else {
      return nil
    }
    self.source = source
    report = Self.value(of: Self.reportKey, in: text).flatMap(Self.unescaped)
  }

  /// The text after a key; no text that is written here has a quote in it.
  private static func value(of key: String, in text: String) -> String? {
    guard let start = text.firstRange(of: key)?.upperBound else { return nil }
    return String(text[start...].drop { $0 != ":" }.drop { $0 != "\"" }.dropFirst().prefix { $0 != "\"" })
  }

  /// Bytes as a JSON string holds them: what is no plain text as `%` and two digits, quote, backslash and `%` too.
  private static func escaped(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
      if byte >= 0x20, byte < 0x7F, !"\"\\%".utf8.contains(byte) {
        text.append(byte)
      } else {
        text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func unescaped(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}

extension GitRepository {
  /// Where GitOps Promoter and Argo CD's commit server look for the source of a hydrated commit.
  package static let hydratorNotes = "refs/notes/hydrator.metadata"

  /// Notes on a commit what it is compiled from, under `refs/notes/hydrator.metadata`.
  ///
  /// Other notes on the reference stay; a race with another writer is run again on its result. Nothing is written
  /// when the note is there already. `notes` is another reference for notes that are about to be pushed. Returns the commit that the notes reference is at.
  @discardableResult
  package func writeHydratorNote(
    _ note: HydratorNote, on commit: ObjectID, by committer: GitSignature, in notes: String = hydratorNotes
  ) throws(GitError) -> ObjectID {
    let text = note.text
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

  /// A commit's note; nil without one that can be read.
  package func hydratorNote(
    on commit: ObjectID, in notes: String = hydratorNotes
  ) throws(GitError) -> HydratorNote? {
    do {
      return try exclusively { (repository) throws(GitError) in
        let note = try GitHandle(
          "read the note of commit \(commit) under \(notes)", freedBy: { git_note_free($0) }
        ) {
          var oid = commit.oid
          return git_note_read($0, repository, notes, &oid)
        }
        return git_note_message(note.pointer).flatMap { HydratorNote(String(cString: $0)) }
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
