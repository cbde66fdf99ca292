import Foundation
import Repository
import Snapshot
import Testing

@Suite struct OutputCommitTests {
  @Test(arguments: [true, false])
  func firstCommitOfABranch(bare: Bool) throws {
    let scratch = try ScratchRepository(bare: bare)
    let repository = try scratch.open()
    let texts = ["rendered/a.b": "1", "rendered/a/x.yaml": "2", "rendered/a0": "3", "top": "4"]
    let id = try #require(try repository.commit(texts).commit)
    #expect(try scratch.git("rev-parse", "output") == id.hexadecimal)
    #expect(
      try scratch.git("ls-tree", "-r", "--name-only", "output")
        == "rendered/a.b\nrendered/a/x.yaml\nrendered/a0\ntop")
    #expect(try scratch.git("cat-file", "-p", "output:rendered/a/x.yaml") == "2")
    #expect(
      try scratch.git("log", "-1", "--format=%an %ae %ad %cn %ci|%B", "--date=raw", "output")
        == "Ada ada@example.org 1700000000 +0100 Ada 2023-11-14 23:13:20 +0100|Compile\n\nEverything.\n\nLinkwright-Source: abc\n"
    )
    #expect(try scratch.git("log", "-1", "--format=%(trailers)", "output") == "Linkwright-Source: abc\n")
    try scratch.expectClean()
    #expect(try repository.commit(texts) == .unchanged(tip: id))
    if !bare {
      #expect(try scratch.git("status", "--porcelain") == "")
      #expect(try scratch.git("reflog", "show", "--format=%gs", "output") == "commit: linkwright")
    }
    // The same input on another machine gives the same id.
    let other = try ScratchRepository(bare: true)
    #expect(try other.open().commit(texts).commit == id)
  }

  @Test func manyObjectsGoIntoOnePack() throws {
    let scratch = try ScratchRepository(bare: true)
    let repository = try scratch.open()
    var texts: [String: String] = ["same/one": "equal", "same/two": "equal", "empty": ""]
    for number in 0..<500 {
      texts["d\(number % 7)/f\(number)"] = String(repeating: "text \(number) ", count: number)
    }
    let id = try #require(try repository.commit(texts).commit)
    let packs = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/objects/pack").sorted()
    #expect(packs.map { ($0 as NSString).pathExtension } == ["idx", "pack"])
    try scratch.git("verify-pack", "objects/pack/" + packs[0])
    try scratch.git("index-pack", "--verify", "objects/pack/" + packs[1])
    let counts = try scratch.git("count-objects", "-v")
    #expect(counts.contains("count: 0\n") && counts.contains("garbage: 0"))
    try scratch.expectClean()
    let snapshot = try CommitSnapshot(repository, commit: repository.commit(id))
    for (path, text) in texts {
      let entry = try #require(try snapshot.entry(at: path))
      #expect(try snapshot.content(of: entry) == Array(text.utf8))
    }
    // What is there already is not written again.
    texts["new"] = "new"
    #expect(try repository.commit(texts).commit != nil)
    #expect(try scratch.git("count-objects", "-v").contains("count: 3\n"))
    try scratch.expectClean()
  }

  @Test func foreignFilesSurvive() throws {
    let scratch = try ScratchRepository()
    try scratch.commit([
      "README.md": "theirs", "rendered/CODEOWNERS": "theirs", "rendered/gold/old.yaml": "ours",
      "rendered/gold/deep/old.yaml": "ours", "owned/x/y": "ours", "owned/z": "ours", "script": "theirs",
    ])
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: scratch.path + "/script")
    try scratch.commit([:])
    try scratch.git("branch", "output")
    let repository = try scratch.open()
    _ = try repository.commit(
      ["rendered/gold/new.yaml": "new", "owned/x/n": "new"],
      removed: ["rendered/gold/old.yaml", "rendered/gold/deep/old.yaml", "rendered/none"], owned: ["owned"])
    #expect(
      try scratch.git("ls-tree", "-r", "--format=%(objectmode) %(path)", "output") == """
        100644 README.md
        100644 owned/x/n
        100644 rendered/CODEOWNERS
        100644 rendered/gold/new.yaml
        100755 script
        """)
    try scratch.expectClean()
    #expect(try scratch.git("status", "--porcelain") == "")
  }

  @Test func filesAndDirectoriesChangePlaces() throws {
    let scratch = try ScratchRepository(bare: true)
    let repository = try scratch.open()
    _ = try repository.commit(["a": "file", "b/x": "1", "b.c": "2", "b/y": "3"])
    _ = try repository.commit(["a/x": "1", "b": "file"], removed: ["a", "b/x", "b/y"])
    #expect(try scratch.git("ls-tree", "-r", "--name-only", "output") == "a/x\nb\nb.c")
    try scratch.expectClean()
    _ = try repository.commit(["a": "back"], owned: ["a"])
    #expect(try scratch.git("ls-tree", "-r", "--name-only", "output") == "a\nb\nb.c")
    let foreignFile = gitError { _ = try repository.commit(["b/x": "1"]) }
    #expect(foreignFile?.kind == .conflict && foreignFile?.operation == "write b", "\(foreignFile as Any)")
    _ = try repository.commit(["d/e": "1"])
    let foreignDirectory = gitError { _ = try repository.commit(["d": "1"]) }
    #expect(foreignDirectory?.kind == .conflict && foreignDirectory?.operation == "write d")
    let both = gitError { _ = try repository.commit(["f": "1", "f/g": "2"]) }
    #expect(both?.kind == .conflict)
    _ = try repository.commit([:], owned: [""])
    #expect(try scratch.git("ls-tree", "-r", "output") == "")
    try scratch.expectClean()
  }

  /// The result of random edits is what git makes of the same files.
  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func randomEditsMatchGit(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let scratch = try ScratchRepository(bare: true)
    let repository = try scratch.open()
    let names = ["a", "a.b", "a-", "a0", "b", "ab", "é"]
    var expected: [String: String] = [:]
    for round in 0..<25 {
      var texts: [String: String] = [:]
      for _ in 0..<random.below(6) {
        let path = (0...random.below(3)).map { _ in names[random.below(names.count)] }.joined(separator: "/")
        texts[path] = "\(random.below(4))"
      }
      let removed = expected.keys.sorted().filter { _ in random.below(4) == 0 }
      var next = expected
      for path in removed { next[path] = nil }
      next.merge(texts) { $1 }
      let clashes = next.keys.contains { path in next.keys.contains { $0.hasPrefix(path + "/") } }
      let error = gitError { _ = try repository.commit(texts, removed: removed) }
      #expect((error?.kind == .conflict) == clashes, "seed \(seed) round \(round): \(error as Any)")
      if clashes || error != nil { continue }
      expected = next
      if try repository.target(ofReference: "refs/heads/output") == nil { continue }
      let listed = try scratch.git("-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", "output")
      #expect(
        Set(listed.split(separator: "\n").map(String.init)) == Set(expected.keys),
        "seed \(seed) round \(round)")
    }
    try scratch.expectClean()
  }

  @Test func onlyIncidentalPathsChanging() throws {
    let scratch = try ScratchRepository(bare: true)
    let repository = try scratch.open()
    let first = try #require(
      try repository.commit(["m": "1", "a": "1"], incidental: ["m"]).commit)
    #expect(try repository.commit(["m": "2", "a": "1"], incidental: ["m"]) == .unchanged(tip: first))
    #expect(
      try repository.commit(["m": "2", "a": "1"], owned: [""], incidental: ["m"]) == .unchanged(tip: first))
    #expect(try repository.commit(["m": "2", "a": "2"], incidental: ["m"]).commit != nil)
    #expect(try scratch.git("cat-file", "-p", "output:m") == "2")
  }

  @Test func refusesABranchThatIsCheckedOut() throws {
    let scratch = try ScratchRepository()
    let repository = try scratch.open()
    // Unborn and checked out.
    #expect(gitError { _ = try repository.commit(["a": "1"], to: "refs/heads/main") }?.kind == .checkedOut)
    try scratch.commit(["a": "1"])
    try scratch.git("worktree", "add", "-q", "-b", "side", scratch.root + "/side")
    let error = try #require(gitError { _ = try repository.commit(["a": "2"], to: "refs/heads/side") })
    #expect(error.kind == .checkedOut && error.message.contains(scratch.root + "/side"), "\(error)")
    let linked = try GitRepository(at: scratch.root + "/side")
    #expect(gitError { _ = try linked.commit(["a": "2"], to: "refs/heads/main") }?.kind == .checkedOut)
    #expect(try linked.commit(["a": "2"], to: "refs/heads/other").commit != nil)
    #expect(try repository.commit(["a": "2"], to: "refs/heads/main", allowsCheckedOut: true).commit != nil)
    try scratch.expectClean()
  }

  @Test(arguments: [
    "../x", "/x", "a/.git/x", "a//b", "", "a/", ".", "a\u{1}", String(repeating: "n", count: 256),
  ])
  func refusesPathsThatMustNotStandInATree(path: String) throws {
    #expect(
      gitError { _ = try TreeEdit(files: [.init(path: path, blob: BlobID(of: []))]) }?.kind == .invalidName)
  }

  @Test func writesVeryLongPathsAndOddNames() throws {
    let scratch = try ScratchRepository(bare: true)
    let long = (0..<16).map { "\($0)" + String(repeating: "d", count: 240) }.joined(separator: "/")
    let repository = try scratch.open()
    _ = try repository.commit([long: "deep", "spaces and \"quotes\"": "1", "ünïcode": "2"])
    let snapshot = try CommitSnapshot(repository, revision: "output")
    #expect(try walk(snapshot).contains("file " + long))
    try scratch.expectClean()
  }

  @Test func refusesBadReferencesAndUnknownContents() throws {
    let scratch = try ScratchRepository(bare: true)
    let repository = try scratch.open()
    for name in ["output", "refs/heads/a..b", "refs/heads/a\0b", "HEAD", "refs/heads/x.lock"] {
      #expect(gitError { _ = try repository.commit(["a": "1"], to: name) }?.kind == .invalidName, "\(name)")
    }
    let edit = try TreeEdit(files: [.init(path: "a", blob: BlobID(of: [1]))])
    let error = gitError {
      _ = try repository.commit(OutputCommit(reference: "refs/heads/a")) { (_) throws(GitError) in
        .write(.init(edit: edit, contents: [], message: .init(subject: "s"), author: ada, committer: ada))
      }
    }
    #expect(error?.kind == .missingObject)
    _ = try repository.commit(["a": "1"], to: "refs/heads/a")
    #expect(gitError { _ = try repository.commit(["a": "1"], to: "refs/heads/a/b") } != nil)
    #expect(
      try repository.commit(OutputCommit(reference: "refs/heads/none")) { (_) throws(GitError) in .stop }
        == .stopped(tip: nil))
  }

  @Test func cleansNamesAndMessages() throws {
    let scratch = try ScratchRepository(bare: true)
    let repository = try scratch.open()
    let odd = GitSignature(name: " <A\nda>. ", email: "a<b>@c\n", seconds: 100_000, offsetMinutes: -330)
    var batch = try ObjectBatch(for: repository)
    let edit = try TreeEdit(files: [.init(path: "a", blob: try batch.add(blob: [1]), isExecutable: true)])
    let contents = batch.finish()
    _ = try repository.commit(OutputCommit(reference: "refs/heads/output")) { (_) throws(GitError) in
      .write(
        .init(
          edit: edit, contents: [contents],
          message: .init(subject: "one\ntwo", body: "\n\nbody\n", trailers: [.init("K", "v\nw")]),
          author: odd,
          committer: odd))
    }
    #expect(
      try scratch.git("log", "-1", "--format=%an|%ae|%ai|%B", "output")
        == "Ada|ab@c|1970-01-01 22:16:40 -0530|one two\n\nbody\n\nK: v w\n")
    #expect(try scratch.git("ls-tree", "output").hasPrefix("100755"))
    try scratch.expectClean()
  }

  @Test func signsWithAnSSHKey() throws {
    let scratch = try ScratchRepository(bare: true)
    let key = scratch.root + "/key"
    try ScratchRepository.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], in: "/")
    let repository = try scratch.open()
    let signer: OutputCommit.Signer = { (bytes) throws(GitError) in
      do {
        return try ScratchRepository.run(
          ["sh", "-c", "ssh-keygen -q -Y sign -n git -f '\(key)' 2>/dev/null"], in: "/",
          input: String(decoding: bytes, as: UTF8.self))
      } catch { throw GitError(.signing, "sign", "\(error)") }
    }
    let id = try #require(try repository.commit(["a": "1"], signer: signer).commit)
    let publicKey = try String(contentsOfFile: key + ".pub", encoding: .utf8)
    try Data("ada@example.org \(publicKey)".utf8).write(to: URL(fileURLWithPath: scratch.root + "/allowed"))
    let verdict = try scratch.git(
      "-c", "gpg.format=ssh", "-c", "gpg.ssh.allowedSignersFile=" + scratch.root + "/allowed",
      "verify-commit",
      id.hexadecimal)
    #expect(verdict.contains("Good \"git\" signature for ada@example.org"))
    #expect(try repository.commit(id).isSigned)
    try scratch.expectClean()
    let refused = gitError {
      _ = try repository.commit(
        ["a": "2"], signer: { (_) throws(GitError) in throw GitError(.signing, "sign", "no") })
    }
    #expect(refused?.kind == .signing)
    #expect(try repository.target(ofReference: "refs/heads/output") == id)
  }

  @Test func notesTheSource() throws {
    let scratch = try ScratchRepository(bare: true)
    let repository = try scratch.open()
    let first = try #require(try repository.commit(["a": "1"]).commit)
    let second = try #require(try repository.commit(["a": "2"]).commit)
    let note = try repository.writeHydratorNote(HydratorNote(source: second), on: first, by: ada)
    #expect(try repository.writeHydratorNote(HydratorNote(source: second), on: first, by: ada) == note)
    #expect(try repository.writeHydratorNote(HydratorNote(source: first), on: second, by: ada) != note)
    #expect(try repository.hydratorNote(on: first) == HydratorNote(source: second))
    #expect(try repository.hydratorNote(on: note) == nil)
    let notes = ["notes", "--ref=hydrator.metadata", "show"]
    #expect(
      try ScratchRepository.run(["git"] + notes + ["output"], in: scratch.path) == "{\"drySha\":\"\(first)\"}"
    )
    try scratch.git("notes", "--ref=hydrator.metadata", "add", "-f", "-m", "by git", first.hexadecimal)
    try repository.writeHydratorNote(HydratorNote(source: first), on: first, by: ada)
    #expect(
      try ScratchRepository.run(["git"] + notes + [first.hexadecimal], in: scratch.path)
        == "{\"drySha\":\"\(first)\"}")
    #expect(try scratch.git("notes", "--ref=hydrator.metadata", "list").split(separator: "\n").count == 2)
    try scratch.expectClean()
  }
}

/// A small generator, so that a seed gives the same edits everywhere.
struct SplitMix {
  var state: UInt64

  mutating func below(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((value ^ (value >> 31)) % UInt64(max(bound, 1)))
  }
}
