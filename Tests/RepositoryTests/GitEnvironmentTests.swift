import Foundation
import Glibc
import Snapshot
import TestSupport
import Testing

@testable import Repository

/// What the environment says of git, read as git reads it.
struct GitEnvironmentTests {
  private func environment(_ variables: [String: String]) -> GitEnvironment {
    GitEnvironment(currentDirectory: "/work") { variables[$0] }
  }

  @Test func settingsOfTheEnvironmentCount() {
    let counted = environment([
      "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "Remote.Up.URL", "GIT_CONFIG_VALUE_0": "../x.git",
      "GIT_CONFIG_KEY_1": "linkwright.memo", "GIT_CONFIG_VALUE_1": "false",
    ])
    #expect(counted.setting("remote.Up.url") == "../x.git")
    #expect(counted.setting("remote.up.url") == nil)
    #expect(counted.setting("linkwright.memo") == "false")
    let given = environment([
      "GIT_CONFIG_PARAMETERS": #"'core.bare=true' 'a.b c.d'='it'\''s = so' 'x.flag'"#
    ])
    #expect(given.setting("core.bare") == "true")
    #expect(given.setting("a.b c.d") == "it's = so")
    #expect(given.setting("x.flag") == "true")
  }

  @Test func pathsAreReadAsGitReadsThem() {
    let read = environment([
      "GIT_DIR": ".", "GIT_OBJECT_DIRECTORY": "objects/incoming",
      "GIT_ALTERNATE_OBJECT_DIRECTORIES": #"/a:"/with:colon \"q\"":rel"#, "GIT_QUARANTINE_PATH": "/q",
    ])
    #expect(read.directory == "/work/.")
    #expect(
      read.objectDirectories == ["/work/objects/incoming", "/a", "/with:colon \"q\"", "/work/rel"])
    #expect(read.isQuarantined)
    #expect(environment(["GIT_CONFIG_GLOBAL": "", "GIT_CONFIG_NOSYSTEM": "yes"]).global == .none)
  }

  /// Which values of safe.directory open somebody else's repository; git is asked the same.
  @Test(
    .enabled(if: geteuid() == 0, "only root can give a directory away"),
    arguments: [
      ["*"], ["PATH"], ["PATH/"], ["/elsewhere"], ["*", ""], ["PATH", "", "/elsewhere"], ["", "PATH"],
    ], ["file", "count", "parameters"])
  func safeDirectoryIsReadWhereGitReadsIt(_ values: [String], _ way: String) throws {
    let scratch = try ScratchRepository()
    try ScratchRepository.run(["chown", "-R", "65534", scratch.path], in: "/")
    let values = values.map { $0.replacingOccurrences(of: "PATH", with: scratch.path) }
    var variables = ["GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "HOME": scratch.root]
    switch way {
    case "file":
      let file = scratch.root + "/config"
      let text = values.map { "directory = \"\($0)\"\n" }.joined()
      try Data("[safe]\n\(text)".utf8).write(to: URL(fileURLWithPath: file))
      variables["GIT_CONFIG_GLOBAL"] = file
    case "count":
      variables["GIT_CONFIG_COUNT"] = "\(values.count)"
      for (index, value) in values.enumerated() {
        variables["GIT_CONFIG_KEY_\(index)"] = "safe.directory"
        variables["GIT_CONFIG_VALUE_\(index)"] = value
      }
    default:
      variables["GIT_CONFIG_PARAMETERS"] = values.map { "'safe.directory=\($0)'" }.joined(separator: " ")
    }
    let known = variables
    let error = gitError {
      _ = try GitRepository(
        at: scratch.path, environment: GitEnvironment(currentDirectory: scratch.root) { known[$0] })
    }
    let git = try ScratchRepository.run(
      ["env"] + variables.map { "\($0.key)=\($0.value)" } + [
        "git", "-C", scratch.path, "rev-parse", "--git-dir",
      ],
      in: scratch.root, allowFailure: true)
    // git 2.39 wants the path without a final '/', later versions do not mind.
    if values != [scratch.path + "/"] { #expect((error == nil) == (git == ".git"), "\(git)") }
    #expect(error == nil || error?.kind == .notOwned, "\(error as Any)")
  }

  @Test(arguments: [("yes", true), ("on", true), ("1", true), ("false", false)])
  func aBareRepositoryHoldsNoBranchCheckedOut(_ value: String, _ isBare: Bool) throws {
    let scratch = try ScratchRepository(bare: true)
    try scratch.git("config", "core.bare", value)
    if isBare {
      #expect(try scratch.open().workingTree(holding: "refs/heads/main") == nil)
    }
  }

  @Test func formatsThatAreTheUsualOnesByNameAreRead() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(["a.txt": "1"])
    try scratch.git("config", "core.repositoryFormatVersion", "1")
    try scratch.git("config", "extensions.objectFormat", "sha1")
    #expect(try walk(CommitSnapshot(scratch.open(), revision: "HEAD")) == ["file a.txt"])
    try Data("\n[extensions]\n\trefStorage = reftable\n".utf8).append(to: scratch.path + "/.git/config")
    let error = try #require(gitError { _ = try scratch.open() })
    #expect(
      error.kind == .unsupported && error.remedy?.contains("--ref-format=files") == true, "\(error)")
  }

  @Test func aZoneThatIsNoZoneDoesNoHarm() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(["a.txt": "1"])
    let text = try scratch.git("cat-file", "commit", "HEAD")
      .replacingOccurrences(of: "+0100", with: "-9223372036854775808")
    let id = try scratch.git(
      "hash-object", "-t", "commit", "-w", "--stdin", "--literally", input: text + "\n")
    #expect(try scratch.open().commit(id).author.offsetMinutes == 0)
  }

  /// Each directory is a tree with one entry; the deepest ones are refused, and nothing takes long.
  @Test
  func aVeryDeepTreeIsRefused() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(["a.txt": "1"])
    let repository = try scratch.open()
    var batch = try ObjectBatch(for: repository)
    let blob = try batch.add(blob: Array("x".utf8))
    var id = ObjectID(blob)
    for depth in 0..<6000 {
      var tree = Array((depth == 0 ? "100644 a" : "40000 a").utf8) + [0]
      id.append(to: &tree)
      id = ObjectID(of: .tree, tree)
      try batch.add(.tree, tree, id: id)
    }
    try repository.store([batch.finish()], durable: false)
    let commit = try scratch.git("commit-tree", "\(id)", "-m", "deep")
    let snapshot = try CommitSnapshot(repository, revision: commit)
    var found: SnapshotError?
    let time = ProcessorTime.measure { found = snapshotError { _ = try walk(snapshot) } }
    #expect(time < .seconds(60))
    let error = try #require(found)
    #expect(error.kind == .refusedName && error.reason.contains("256"), "\(error.reason)")
  }
}

extension Data {
  fileprivate func append(to path: String) throws {
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: self)
    try file.close()
  }
}
