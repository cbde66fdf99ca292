package import Snapshot

/// Why a repository could not be read or written, with what would mend it.
package struct GitError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What a caller may want to tell apart.
  package enum Kind: Sendable, Equatable {
    /// No such repository, reference, revision or path.
    case notFound
    /// An object that another object names is not in the object database.
    case missingObject
    /// An object's bytes do not give its name, or are not what the format allows.
    case corruptObject
    case ambiguous
    /// Another process holds the lock, or a killed one left it behind.
    case locked
    /// The reference no longer has the value that was expected.
    case moved
    /// The repository belongs to somebody else (`safe.directory`).
    case notOwned
    case readOnly
    /// A repository format that libgit2 1.5 cannot read.
    case unsupported
    /// A name or a path that git would refuse.
    case invalidName
    /// The branch is checked out in a working tree.
    case checkedOut
    /// The file would take the place of files that somebody else owns.
    case conflict
    case signing
    case other
  }

  package let kind: Kind
  /// libgit2's error class (`odb`, `reference`, …), or `linkwright` for a check of our own.
  package let errorClass: String
  /// libgit2's return code; 0 for a check of our own.
  package let code: Int32
  /// What was being done, to follow "cannot": `open repository /srv/fleet`.
  package let operation: String
  /// The reason, a clause without a full stop.
  package let message: String
  /// What would mend it, a clause without a full stop.
  package let remedy: String?

  package init(
    _ kind: Kind, _ operation: String, _ message: String, remedy: String? = nil,
    errorClass: String = "linkwright", code: Int32 = 0
  ) {
    self.kind = kind
    self.errorClass = errorClass
    self.code = code
    self.operation = operation
    self.message = message
    self.remedy = remedy
  }

  /// One line: `cannot OPERATION: MESSAGE (libgit2 CLASS CODE); REMEDY`.
  package var description: String {
    let origin = code == 0 ? "" : " (libgit2 \(errorClass) \(code))"
    return "cannot \(operation): \(message)\(origin)" + (remedy.map { "; \($0)" } ?? "")
  }

  /// The same fault as a snapshot reports it, at a path of the snapshot.
  package func atSnapshotPath(_ path: String) -> SnapshotError {
    // What is read is said already; which object it is, once.
    var reason = description
    if operation.hasPrefix("read object ") {
      let id = operation.dropFirst("read object ".count)
      reason = (message.contains(id) ? "" : "object \(id): ") + message + (remedy.map { "; \($0)" } ?? "")
    }
    return SnapshotError(path: path.isEmpty ? "the root directory" : path, reason: reason, kind: .repository)
  }
}
