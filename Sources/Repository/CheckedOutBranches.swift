import CLibGit2
import Glibc

extension GitRepository {
  /// Where a branch is checked out: the working tree's directory; nil when nowhere. Looks at the main working tree
  /// and at every linked worktree, at branches without a commit too, and at branches that a rebase is working on, as
  /// `git branch -f` does.
  package func workingTree(holding reference: String) throws(GitError) -> String? {
    // Shared by all worktrees; the main working tree exists unless the shared repository is bare.
    if !isSharedRepositoryBare, Self.directory(commonDirectory, isOn: reference) {
      var path = commonDirectory
      if path.hasSuffix("/.git/") { path.removeLast(".git/".count) }
      return path
    }
    for name in Self.names(in: commonDirectory + "worktrees") {
      let directory = commonDirectory + "worktrees/" + name + "/"
      guard Self.directory(directory, isOn: reference) else { continue }
      guard var path = Self.line(directory + "gitdir") else { return directory }
      if path.hasSuffix("/.git") { path.removeLast("/.git".count) }
      // Worktrees can be added with paths from here (`worktree.useRelativePaths`).
      if !path.hasPrefix("/") { path = directory + path }
      guard let resolved = realpath(path, nil) else { return path }
      defer { free(resolved) }
      return String(cString: resolved)
    }
    return nil
  }

  /// True when the repository that all worktrees share has no working tree of its own, whichever of them this is.
  private var isSharedRepositoryBare: Bool {
    let file = commonDirectory + "config"
    if GitConfiguration.bool("extensions.worktreeconfig", inFile: file) == true,
      let own = GitConfiguration.bool("core.bare", inFile: commonDirectory + "config.worktree")
    {
      return own
    }
    return GitConfiguration.bool("core.bare", inFile: file) ?? false
  }

  private static func directory(_ directory: String, isOn reference: String) -> Bool {
    if line(directory + "HEAD") == "ref: \(reference)" { return true }
    return ["rebase-merge/head-name", "rebase-apply/head-name"].contains { line(directory + $0) == reference }
  }

  /// The first line of a small file; nil when there is none.
  private static func line(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 8192)
    let count = read(descriptor, &buffer, buffer.count)
    guard count > 0 else { return nil }
    return String(decoding: buffer[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  private static func names(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
