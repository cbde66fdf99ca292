import CLibGit2
import Glibc

/// Starts libgit2 on first use and turns its statuses into errors.
///
/// Starting costs about 4 ms, nearly all of it spent on certificates, so that nothing but a git
/// path pays for it. The library is never shut down: the process owns it.
enum LibGit2 {
  /// The status of `git_libgit2_init`, run once however many threads ask.
  private static let status: Int32 = {
    let status = git_libgit2_init()
    guard status >= 0 else { return status }
    return linkwright_git_prepare()
  }()

  static func start() throws(GitError) {
    guard status >= 0 else {
      throw GitError(.other, "start libgit2", "the library did not initialise", code: status)
    }
  }
}

/// The one place that reads libgit2's last error: calls, and throws when the status is negative.
///
/// The last error belongs to the thread, so `call` must not hop to another one. Names go to C as
/// terminated strings: what may hold a NUL is checked before (see `withoutNUL`).
@discardableResult
func git(_ operation: @autoclosure () -> String, _ call: () -> Int32) throws(GitError) -> Int32 {
  let status = call()
  guard status < 0 else { return status }
  let error = git_error_last()
  let message = error?.pointee.message.map { String(cString: $0) } ?? noReason
  let number = git_error_t(rawValue: UInt32(bitPattern: error?.pointee.klass ?? 0))
  let errorClass = errorClassNames[Int(number.rawValue), default: "unknown"]
  let systemError = errno
  git_error_clear()
  let (kind, remedy) = classify(status, number, message, systemError)
  throw GitError(kind, operation(), message, remedy: remedy, errorClass: errorClass, code: status)
}

/// What errors say for which libgit2 has no words.
let noReason = "libgit2 gave no reason"

/// libgit2's error classes by their number (`git_error_t`).
private let errorClassNames: [String] = [
  "none", "nomemory", "os", "invalid", "reference", "zlib", "repository", "config", "regex", "odb", "index",
  "object", "net", "tag", "tree", "indexer", "ssl", "submodule", "thread", "stash", "checkout", "fetchhead",
  "merge", "ssh", "filter", "revert", "callback", "cherrypick", "describe", "rebase", "filesystem", "patch",
  "worktree", "sha", "http", "internal",
]

extension [String] {
  fileprivate subscript(index: Int, default fallback: String) -> String {
    indices.contains(index) ? self[index] : fallback
  }
}

private func classify(
  _ status: Int32, _ errorClass: git_error_t, _ message: String, _ systemError: Int32
) -> (GitError.Kind, remedy: String?) {
  if let format = unsupportedFormat(message) { return format }
  switch git_error_code(rawValue: status) {
  case GIT_ENOTFOUND: return (errorClass == GIT_ERROR_ODB ? .missingObject : .notFound, nil)
  case GIT_EAMBIGUOUS: return (.ambiguous, "write more digits, or the full name of the reference")
  case GIT_EUNBORNBRANCH: return (.notFound, "the branch has no commit yet")
  case GIT_ELOCKED:
    return (.locked, "wait for the other process, or remove the .lock file when no git process is running")
  case GIT_EMODIFIED: return (.moved, nil)
  case GIT_EMISMATCH: return (.corruptObject, "run `git fsck` and restore the object from another clone")
  case GIT_EINVALIDSPEC: return (.invalidName, nil)
  case GIT_EOWNER: return (.notOwned, nil)
  default: break
  }
  // Walks over history report it without a code of its own.
  if errorClass == GIT_ERROR_ODB, message.hasPrefix("object not found") { return (.missingObject, nil) }
  if errorClass == GIT_ERROR_ZLIB || errorClass == GIT_ERROR_OBJECT {
    return (.corruptObject, "run `git fsck` and restore the object from another clone")
  }
  if errorClass == GIT_ERROR_OS, systemError == EACCES || systemError == EROFS || systemError == EPERM {
    return (.readOnly, "make the repository's directory writable for this user")
  }
  if message.hasSuffix("Permission denied") || message.hasSuffix("Read-only file system") {
    return (.readOnly, "make the repository's directory writable for this user")
  }
  return (.other, nil)
}

/// Formats that libgit2 1.5 refuses, recognised by its wording, with what git offers instead.
private func unsupportedFormat(_ message: String) -> (GitError.Kind, remedy: String?)? {
  if message.contains("'sdir'") {
    return (.unsupported, "the index is sparse: run `git sparse-checkout reapply --no-sparse-index`")
  }
  if message.contains("'link'") {
    return (.unsupported, "the index is split: run `git update-index --no-split-index`")
  }
  if message.contains("unknown object format") {
    return (.unsupported, GitRepository.sha256Remedy)
  }
  if message.contains("unsupported extension name") || message.contains("unsupported repository version") {
    return (.unsupported, "the repository uses a format extension that libgit2 1.5 does not know")
  }
  return nil
}

/// Refuses a text that C would cut short.
func withoutNUL(_ text: String, _ operation: @autoclosure () -> String) throws(GitError) {
  guard text.utf8.contains(0) else { return }
  throw GitError(.invalidName, operation(), "the name holds a NUL byte")
}

/// The one owner of a libgit2 object: frees it once.
///
/// Moving it to another thread is fine, using it from two at once is not: hence `@unchecked`.
struct GitHandle: ~Copyable, @unchecked Sendable {
  let pointer: OpaquePointer
  private let release: @Sendable (OpaquePointer?) -> Void

  init(
    _ operation: @autoclosure () -> String, freedBy release: @escaping @Sendable (OpaquePointer?) -> Void,
    _ create: (UnsafeMutablePointer<OpaquePointer?>) -> Int32
  ) throws(GitError) {
    var created: OpaquePointer?
    try git(operation()) { create(&created) }
    guard let created else { throw GitError(.other, operation(), "libgit2 gave no object") }
    pointer = created
    self.release = release
  }

  deinit { release(pointer) }
}
