import Dispatch
import Foundation
import Repository
import Snapshot
import Synchronization
import Testing

@Suite struct SourceTests {
  @Test func listsKindsInByteOrder() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(["a.b": "1", "a/x": "2", "a0": "3", "z/deep/er/file": "4", "run": "5"])
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: scratch.path + "/run")
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path + "/link", withDestinationPath: "/etc/passwd")
    try scratch.git("add", "-A")
    let id = try scratch.git("rev-parse", "HEAD")
    try scratch.git("update-index", "--add", "--cacheinfo", "160000,\(id),sub")
    try scratch.git("commit", "-q", "-m", "kinds")
    let repository = try scratch.open()
    let commit = try CommitSnapshot(repository, revision: "HEAD")
    let index = try IndexSnapshot(repository)
    #expect(try commit.entries(of: "").map(\.path) == ["a", "a.b", "a0", "link", "run", "sub", "z"])
    let expected = [
      "file a/x", "file a.b", "file a0", "symbolicLink link", "executable run", "submodule sub",
      "file z/deep/er/file",
    ]
    #expect(try walk(commit) == expected)
    #expect(try walk(index) == expected)
    #expect(try commit.entries(of: "") == index.entries(of: ""))
    let link = try #require(try commit.entry(at: "link"))
    #expect(try commit.content(of: link) == Array("/etc/passwd".utf8))
    let submodule = try #require(try commit.entry(at: "sub"))
    #expect(snapshotError { _ = try commit.content(of: submodule) } != nil)
    #expect(snapshotError { _ = try index.content(of: submodule) } != nil)
    #expect(try commit.entries(of: "link") == [] && commit.entries(of: "none/at/all") == [])
    #expect(try commit.entries(of: "../..") == [] && commit.entries(of: "/") == [])
    let inner = try CommitSnapshot(repository, revision: "HEAD", prefix: "z/deep")
    #expect(try walk(inner) == ["file er/file"])
    #expect(try walk(IndexSnapshot(repository, prefix: "z/deep")) == ["file er/file"])
    #expect(try walk(CommitSnapshot(repository, revision: "HEAD", prefix: "link")) == [])
    #expect(try inner.treeID(of: "er")?.hexadecimal == (try scratch.git("rev-parse", "HEAD:z/deep/er")))
  }

  @Test func readsFromSeveralThreads() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(
      Dictionary(uniqueKeysWithValues: (0..<400).map { ("d\($0 % 20)/f\($0)", "text \($0)") }))
    try scratch.git("gc", "-q")
    let snapshot = try CommitSnapshot(scratch.open(), revision: "HEAD")
    let wrong = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for number in 0..<400 {
        do {
          let entry = try snapshot.entry(at: "d\(number % 20)/f\(number)")
          let text = try entry.map { try snapshot.content(of: $0) }
          if text != Array("text \(number)".utf8) { wrong.withLock { $0 += 1 } }
        } catch { wrong.withLock { $0 += 1 } }
      }
    }
    #expect(wrong.withLock { $0 } == 0)
  }

  @Test(arguments: ["..", ".", ".git", ".GIT", ".git ", "git~1", ".g\u{200C}it", "a\u{1}b", "new\nline"])
  func refusesHostileNames(name: String) throws {
    let scratch = try ScratchRepository()
    let blob = try scratch.git("hash-object", "-w", "--stdin", input: "x")
    let tree = try makeTree(scratch, [("100644", name, blob), ("100644", "zz", blob)])
    let top = try makeTree(scratch, [("40000", "bad", tree), ("100644", "good", blob)])
    let commit = try scratch.git("commit-tree", top, "-m", "hostile")
    let snapshot = try CommitSnapshot(scratch.open(), revision: commit)
    #expect(try snapshot.entries(of: "").map(\.path) == ["bad", "good"])
    let error = try #require(snapshotError { _ = try snapshot.entries(of: "bad") })
    #expect(error.path.hasPrefix("bad/") && error.path.utf8.allSatisfy { $0 >= 0x20 })
    #expect(try snapshot.rejectedEntries(of: "bad").count == 1)
  }

  @Test func saysThatABareRepositoryHasNoIndex() throws {
    let scratch = try ScratchRepository(bare: true)
    let error = try #require(gitError { _ = try IndexSnapshot(scratch.open()) })
    #expect(error.kind == .notFound && error.remedy == "name a commit with --ref")
  }

  /// Writes a tree object that git itself would refuse to make.
  private func makeTree(_ scratch: ScratchRepository, _ entries: [(String, String, String)]) throws -> String
  {
    var data = Data()
    for (mode, name, id) in entries {
      data += Data("\(mode) \(name)\0".utf8)
      var rest = id[...]
      while !rest.isEmpty {
        data.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
        rest = rest.dropFirst(2)
      }
    }
    let file = scratch.root + "/tree"
    try data.write(to: URL(fileURLWithPath: file))
    return try scratch.git("hash-object", "-w", "-t", "tree", "--literally", file)
  }

  @Test func refusesNamesWithSlashesOddBytesAndRepeats() throws {
    let scratch = try ScratchRepository()
    let blob = try scratch.git("hash-object", "-w", "--stdin", input: "x")
    let tree = try makeTree(
      scratch, [("100644", "/etc/passwd", blob), ("100644", "a", blob), ("40000", "a", blob)])
    let commit = try scratch.git("commit-tree", tree, "-m", "hostile")
    let snapshot = try CommitSnapshot(scratch.open(), revision: commit)
    #expect(try snapshot.rejectedEntries(of: "").count == 2)
    #expect(snapshotError { _ = try snapshot.entries(of: "") } != nil)
    #expect(snapshotError { _ = try snapshot.entries(of: "a") } != nil)
  }

  @Test func readsTheIndexAsItStands() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(["Name.yaml": "1", "dir": "2", "was/inside": "3", "kept": "4"])
    // A case-only rename, a file that becomes a directory, a directory that becomes a file.
    try scratch.git("mv", "Name.yaml", "name.yaml")
    try scratch.git("rm", "-q", "dir", "was/inside")
    try scratch.write("dir/inside", "5")
    try scratch.write("was", "6")
    try scratch.git("add", "-A")
    try scratch.write("later", "7")
    try scratch.git("add", "-N", "later")
    try scratch.write("kept", "changed in the working tree only")
    let index = try IndexSnapshot(scratch.open())
    #expect(try walk(index) == ["file dir/inside", "file kept", "file name.yaml", "file was"])
    try scratch.git("update-index", "--index-version", "4")
    try scratch.git("config", "core.ignoreCase", "true")
    #expect(try walk(IndexSnapshot(scratch.open())) == walk(index))
    let kept = try #require(try index.entry(at: "kept"))
    #expect(try index.content(of: kept) == Array("4".utf8))
  }

  @Test func reportsUnmergedPathsOnlyWhereTheyAreRead() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(["fleet/a": "1", "fleet/b": "1", "other/c": "1"])
    try scratch.git("checkout", "-q", "-b", "side")
    try scratch.commit(["fleet/a": "2", "other/c": "2"])
    try scratch.git("checkout", "-q", "main")
    try scratch.commit(["fleet/a": "3", "other/c": "3"])
    try scratch.git("merge", "-q", "side", allowFailure: true)
    let index = try IndexSnapshot(scratch.open(), prefix: "fleet")
    #expect(index.unmergedPaths == ["a"])
    let entries = try index.entries(of: "")
    #expect(entries.map(\.path) == ["a", "b"])
    #expect(try index.content(of: entries[1]) == Array("1".utf8))
    let error = try #require(snapshotError { _ = try index.content(of: entries[0]) })
    #expect(error.path == "a" && error.reason.contains("merge conflict"))
  }

  @Test func readsTheIndexThatGitHandsToAHook() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(["a": "1", "b": "1"])
    try scratch.write("a", "2")
    try scratch.write("b", "2")
    try scratch.git("add", "a")
    try scratch.write(
      ".git/hooks/pre-commit", "#!/bin/sh\ncp \"$GIT_INDEX_FILE\" \(scratch.root)/seen\nexit 1\n")
    try ScratchRepository.run(["chmod", "+x", scratch.path + "/.git/hooks/pre-commit"], in: "/")
    try scratch.git("commit", "-q", "-m", "only b", "b", allowFailure: true)
    let index = try IndexSnapshot(scratch.open(), indexFile: scratch.root + "/seen")
    #expect(
      try index.entries(of: "").map { try index.content(of: $0) } == [Array("1".utf8), Array("2".utf8)])
    let fresh = try ScratchRepository()
    #expect(try walk(IndexSnapshot(fresh.open())) == [])
  }
}
