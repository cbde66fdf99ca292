import CLibGit2
import Glibc

/// Why a repository that somebody sees is none: libgit2 says only that it found none.
extension GitRepository {
  static func explainOpening(_ error: GitError, _ path: String) -> GitError {
    func again(_ message: String, _ remedy: String) -> GitError {
      GitError(
        .notFound, error.operation, message, remedy: remedy, errorClass: error.errorClass, code: error.code)
    }
    guard error.kind == .notFound else { return error }
    var directory = path
    while true {
      let place = directory == "/" ? "/.git" : directory + "/.git"
      var status = stat()
      if lstat(place, &status) == 0 {
        if status.st_mode & S_IFMT == S_IFREG, let target = gitDirectory(inFile: place, of: directory),
          access(target + "/HEAD", F_OK) != 0
        {
          return again(
            "\(place) says that the repository is \(target), which is none",
            target.contains("/worktrees/")
              ? "run `git worktree repair \(directory)` in the repository that the worktree belongs to, or add it anew"
              : "if it is a submodule, run `git submodule update --init` above it"
          )
        }
        let tree = GitConfiguration.values(of: "core.worktree", inFile: place + "/config").last
        if let tree, access(GitEnvironment.absolute(tree, place), F_OK) != 0 {
          return again(
            "core.worktree in \(place)/config names \(tree), which is not there",
            "mend the setting, or remove it with `git config --file \(place)/config --unset core.worktree`")
        }
      }
      guard let slash = directory.lastIndex(of: "/"), directory != "/" else { break }
      directory = slash == directory.startIndex ? "/" : String(directory[..<slash])
    }
    return again(
      "no git repository here or above", "run `git init`, or name a directory inside a clone")
  }

  /// What a `.git` file names (gitrepository-layout: `gitdir: PATH`).
  private static func gitDirectory(inFile path: String, of directory: String) -> String? {
    guard let text = smallFile(path), text.hasPrefix("gitdir:") else { return nil }
    let name = text.dropFirst("gitdir:".count).drop { $0 == " " }.prefix { !$0.isNewline }
    return GitEnvironment.absolute(String(name), directory)
  }

  /// A directory of objects that `objects/info/alternates` names and that is not there; nil where all are.
  static func lostAlternate(of objects: String) -> String? {
    guard let text = smallFile(objects + "/info/alternates") else { return nil }
    for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
      let directory = GitEnvironment.absolute(String(line), objects)
      if access(directory, F_OK) != 0 { return directory }
    }
    return nil
  }

  private static func smallFile(_ path: String) -> String? {
    let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(file, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }
}
