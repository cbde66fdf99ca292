import Repository

/// Objects that git shows other ones for here (`git replace`, and grafts before it).
///
/// Linkwright reads the objects themselves. A replacement is a matter of one repository: clones do not have it, and with
/// it the same commit would give another output in each. Whoever made one is told.
struct ReplacedObjects {
  private let repository: GitRepository
  private let replaced: Set<ObjectID>

  init(_ repository: GitRepository) {
    self.repository = repository
    replaced = repository.replacedObjects
  }

  /// True where git takes commits to have other parents than they name.
  var rewritesHistory: Bool {
    repository.hasGrafts || replaced.contains { repository.kind(of: $0) == .commit }
  }

  /// What is to be said where git would read something else; nil where it would not.
  func notice(for commit: CommitFacts) -> String? {
    let end =
      "Linkwright reads the original, as every other clone does ('git replace -d' removes a replacement)"
    if replaced.contains(commit.id) {
      return "note: git shows another commit for \(commit.id) here (refs/replace): \(end)"
    }
    if replaced.contains(commit.tree) {
      return "note: git shows another tree for commit \(commit.id) here (refs/replace): \(end)"
    }
    let contents = replaced.filter { [.tree, .blob].contains(repository.kind(of: $0)) }
    if contents.isEmpty { return nil }
    return
      "note: git shows other contents for \(contents.count) \(contents.count == 1 ? "object" : "objects") here (refs/replace): \(end)"
  }
}
