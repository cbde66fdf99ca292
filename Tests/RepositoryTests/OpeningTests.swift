import Foundation
import Repository
import Snapshot
import Testing

@Suite struct OpeningTests {
  @Test func findsTheRepositoryUpwards() throws {
    let scratch = try ScratchRepository()
    try scratch.write("a/b/c.yaml", "")
    let repository = try GitRepository(at: scratch.path + "/a/b")
    #expect(repository.workingDirectory == scratch.path + "/")
    #expect(!repository.isBare && !repository.isLinkedWorktree && !repository.isShallow)
    #expect(repository.pathInWorkingTree(scratch.path + "/a/b") == "a/b")
    #expect(repository.pathInWorkingTree(scratch.path) == "")
    #expect(repository.pathInWorkingTree("/usr") == nil)
    #expect(gitError { _ = try GitRepository(at: scratch.path + "/a/b", .exactly) }?.kind == .notFound)
    #expect(
      gitError {
        _ = try GitRepository(at: scratch.path + "/a/b", .upwards(ceilings: [scratch.path + "/a"]))
      }?.kind
        == .notFound)
  }

  @Test func opensBareLinkedSubmoduleAndShallow() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(["a.txt": "1"])
    try scratch.commit(["a.txt": "2"])
    try scratch.git("worktree", "add", "-q", "-b", "side", scratch.root + "/side")
    let linked = try GitRepository(at: scratch.root + "/side")
    #expect(linked.isLinkedWorktree && linked.commonDirectory == scratch.path + "/.git/")
    #expect(try linked.headReference() == "refs/heads/side")

    try ScratchRepository.run(
      ["git", "clone", "-q", "--bare", scratch.path, scratch.root + "/bare"], in: scratch.root)
    let bare = try GitRepository(at: scratch.root + "/bare", .exactly)
    #expect(bare.isBare)
    #expect(try walk(CommitSnapshot(bare, revision: "HEAD")) == ["file a.txt"])

    let other = try ScratchRepository()
    try other.git("submodule", "add", "-q", scratch.path, "sub")
    let submodule = try GitRepository(at: other.path + "/sub")
    #expect(submodule.gitDirectory == other.path + "/.git/modules/sub/")

    try ScratchRepository.run(
      ["git", "clone", "-q", "--depth", "1", "file://" + scratch.path, scratch.root + "/shallow"],
      in: scratch.root)
    let shallow = try GitRepository(at: scratch.root + "/shallow")
    #expect(shallow.isShallow)
    let error = gitError { _ = try shallow.commit("HEAD~1") }
    #expect(error?.remedy?.contains("git fetch --unshallow") == true, "\(error as Any)")
    let parent = try #require(try shallow.commit("HEAD").parents.first)
    let missing = gitError { _ = try shallow.commit(parent) }
    #expect(missing?.kind == .missingObject)
    #expect(missing?.message.contains(parent.hexadecimal) == true)
    #expect(missing?.remedy?.contains("git fetch --unshallow") == true)
    let head = try shallow.commit("HEAD").id
    #expect(try shallow.isAncestor(head, of: head))
    #expect(try shallow.isAncestor(parent, of: head))
    let cut = gitError { _ = try shallow.isAncestor(ObjectID(of: .blob, []), of: head) }
    #expect(
      cut?.kind == .missingObject && cut?.remedy?.contains("git fetch --unshallow") == true, "\(cut as Any)")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a directory away"))
  func explainsARepositoryOfSomebodyElse() throws {
    let scratch = try ScratchRepository()
    try ScratchRepository.run(["chown", "-R", "65534", scratch.path], in: "/")
    let error = try #require(gitError { _ = try scratch.open() })
    #expect(error.kind == .notOwned)
    #expect(
      error.remedy?.contains("git config --global --add safe.directory \(scratch.path)") == true, "\(error)")
  }

  @Test func refusesFormatsItCannotRead() throws {
    let scratch = try ScratchRepository()
    try ScratchRepository.run(
      ["git", "init", "-q", "--object-format=sha256", scratch.root + "/sha256"], in: "/")
    let error = try #require(gitError { _ = try GitRepository(at: scratch.root + "/sha256") })
    #expect(error.kind == .unsupported && error.remedy?.contains("SHA-256") == true, "\(error)")

    try scratch.commit(["a/b.txt": "1", "c/d.txt": "2"])
    try scratch.git("sparse-checkout", "init", "--cone", "--sparse-index")
    try scratch.git("sparse-checkout", "set", "a")
    let repository = try scratch.open()
    let sparse = try #require(gitError { _ = try IndexSnapshot(repository) })
    #expect(sparse.kind == .unsupported && sparse.remedy?.contains("--no-sparse-index") == true, "\(sparse)")
    try scratch.git("sparse-checkout", "reapply", "--no-sparse-index")
    #expect(try walk(IndexSnapshot(repository)) == ["file a/b.txt", "file c/d.txt"])
    try scratch.git("update-index", "--split-index")
    let split = try #require(gitError { _ = try IndexSnapshot(repository) })
    #expect(split.kind == .unsupported && split.remedy?.contains("--no-split-index") == true, "\(split)")
  }

  @Test func namesTheObjectThatAPartialCloneLacks() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(["a.txt": "1"])
    try scratch.git("config", "uploadpack.allowFilter", "true")
    try ScratchRepository.run(
      [
        "git", "clone", "-q", "--no-checkout", "--filter=blob:none", "file://" + scratch.path,
        scratch.root + "/partial",
      ], in: scratch.root)
    let repository = try GitRepository(at: scratch.root + "/partial")
    let snapshot = try CommitSnapshot(repository, revision: "HEAD")
    let entry = try #require(try snapshot.entry(at: "a.txt"))
    let error = try #require(snapshotError { _ = try snapshot.content(of: entry) })
    let id = try #require(entry.blob).hexadecimal
    #expect(error.reason.contains(id) && error.reason.contains("git cat-file -t \(id)"), "\(error)")
  }

  @Test func namesACorruptObject() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(["a.txt": "one text"])
    let id = try scratch.git("rev-parse", "HEAD:a.txt")
    let file = scratch.path + "/.git/objects/\(id.prefix(2))/\(id.dropFirst(2))"
    let other = try scratch.git("hash-object", "-w", "--stdin", input: "another text")
    try ScratchRepository.run(
      ["cp", "-f", scratch.path + "/.git/objects/\(other.prefix(2))/\(other.dropFirst(2))", file], in: "/")
    let snapshot = try CommitSnapshot(scratch.open(), revision: "HEAD")
    let entry = try #require(try snapshot.entry(at: "a.txt"))
    let error = try #require(snapshotError { _ = try snapshot.content(of: entry) })
    #expect(
      error.path == "a.txt" && error.reason.contains(id) && error.reason.contains("git fsck"), "\(error)")
    try ScratchRepository.run(["sh", "-c", "chmod u+w \(file); printf garbage > \(file)"], in: "/")
    #expect(snapshotError { _ = try snapshot.content(of: entry) } != nil)
  }
}
