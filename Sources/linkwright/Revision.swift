import Glibc
import Repository

/// A revision as somebody wrote it.
///
/// libgit2 1.5 reads nearly all that git accepts. What it does not read (`@{push}`, `HEAD^{/!-text}`, `v1^{object}`,
/// `main-worktree/HEAD`), and searches for texts, where it looks in another order, are put to git itself, where there
/// is one.
struct Revision {
  private let text: String

  /// How long git may search.
  private static let patience = 60.0

  init(_ text: String) { self.text = text }

  /// The commit that it leads to.
  func commit(in repository: GitRepository) throws(CommandFailure) -> CommitFacts {
    let searches = text.hasPrefix(":/") || text.contains("^{/")
    if searches, let id = resolvedByGit(in: repository) {
      return try reporting { () throws(GitError) in try repository.commit(id) }
    }
    do {
      return try repository.commit(text)
    } catch {
      guard !searches, error.kind != .missingObject, let id = resolvedByGit(in: repository),
        let commit = try? repository.commit(id)
      else {
        if text.contains("..") {
          throw CommandFailure(message: "'\(text)' is a range of commits", help: "name one commit")
        }
        throw CommandFailure(error)
      }
      return commit
    }
  }

  /// Git's own answer; nil without git, and where it has none.
  private func resolvedByGit(in repository: GitRepository) -> ObjectID? {
    guard !text.isEmpty, !text.utf8.contains(0) else { return nil }
    let child = ChildProcess(
      command: [
        "git", "--git-dir=\(repository.gitDirectory)", "rev-parse", "--quiet", "--verify", "--end-of-options",
        // A search takes all that follows for its text, and finds commits only.
        text.hasPrefix(":/") ? text : text + "^{commit}",
      ],
      environment: [
        "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1",
      ])
    guard let outcome = try? child.run(until: ChildProcess.now + Self.patience), outcome.status == 0 else {
      return nil
    }
    return ObjectID(hexadecimal: outcome.text.prefix { !$0.isNewline })
  }
}
