import Foundation
import Repository
import Snapshot
import Testing

@Suite struct RevisionTests {
  @Test func resolvesWhatGitResolves() throws {
    let origin = try ScratchRepository()
    for text in ["1", "2", "3"] { try origin.commit(["a.txt": text], "number \(text)") }
    try origin.git("tag", "-a", "v1", "-m", "one", "HEAD~1")
    try origin.git("branch", "other", "HEAD~2")
    let scratch = try ScratchRepository()
    try scratch.git("remote", "add", "origin", origin.path)
    try scratch.git("fetch", "-q", "--tags", "origin")
    try scratch.git("checkout", "-q", "-b", "main", "--track", "origin/main", allowFailure: true)
    try scratch.git("commit", "-q", "--allow-empty", "-m", "four")
    let repository = try scratch.open()
    let short = String(try scratch.git("rev-parse", "HEAD").prefix(8))
    for revision in [
      "HEAD", "main", "HEAD~2", "HEAD^", "v1", "v1^{}", "refs/tags/v1", "main@{upstream}", "main@{u}", "@{u}",
      "origin/main", "tags/v1", "HEAD@{0}", ":/number 2", "@", "@~1", "HEAD^{commit}", "v1^{commit}~1", short,
    ] {
      // A search takes all the rest for what it searches.
      let suffix = revision.hasPrefix(":/") ? "" : "^{commit}"
      let expected = try scratch.git("rev-parse", revision + suffix)
      #expect(try repository.commit(revision).id.hexadecimal == expected, "\(revision)")
    }
    #expect(try repository.remoteURL("origin") == origin.path)
    #expect(try repository.remoteURL("nobody") == nil)
    let missing = try #require(gitError { _ = try repository.commit("other") })
    #expect(missing.kind == .notFound && missing.remedy == "'origin/other' exists", "\(missing)")
    let tree = try #require(gitError { _ = try repository.commit("HEAD^{tree}") })
    #expect(tree.message.contains("a tree, not a commit"), "\(tree)")
    #expect(gitError { _ = try repository.commit("HE\0AD") }?.kind == .invalidName)
    #expect(gitError { _ = try repository.commit("") }?.kind == .notFound)
  }

  @Test func readsTheFactsOfACommit() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(["a.txt": "1"])
    try scratch.git(
      "commit", "-q", "--allow-empty", "-m", "Two\nlines\n\nBody\n\nmore\n\nSource: abc\nsource: d")
    let facts = try scratch.open().commit("HEAD")
    #expect(facts.author == ada && facts.committer == ada)
    #expect(facts.subject == "Two lines")
    #expect(facts.body == "Body\n\nmore\n\nSource: abc\nsource: d")
    #expect(facts.trailers("Source") == ["abc", "d"])
    #expect(facts.tree.hexadecimal == (try scratch.git("rev-parse", "HEAD^{tree}")))
    #expect(facts.parents.map(\.hexadecimal) == [try scratch.git("rev-parse", "HEAD^")])
    #expect(facts.author.dateInUTC == "2023-11-14T22:13:20Z")
    #expect(GitSignature(name: "", email: "", seconds: 951_782_400).dateInUTC == "2000-02-29T00:00:00Z")
    try scratch.git(
      "-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty", "-m", "Gr\u{FC}n")
    #expect(!(try scratch.open().commit("HEAD").subject.isEmpty))
  }

  @Test func tellsAncestors() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(["a": "1"])
    try scratch.commit(["a": "2"])
    try scratch.git("checkout", "-q", "-b", "side", "HEAD^")
    try scratch.commit(["b": "2"])
    let repository = try scratch.open()
    let (main, side) = (try repository.commit("main").id, try repository.commit("side").id)
    let base = try repository.commit("main~1").id
    #expect(try repository.isAncestor(base, of: main))
    #expect(try repository.isAncestor(main, of: main))
    #expect(try !repository.isAncestor(main, of: base))
    #expect(try !repository.isAncestor(side, of: main))
  }

  @Test func followsPackedReferencesAndDetachedHead() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(["a": "1"])
    try scratch.git("branch", "topic")
    try scratch.git("pack-refs", "--all")
    try scratch.git("gc", "-q")
    try scratch.git("checkout", "-q", "--detach")
    let repository = try scratch.open()
    let id = try repository.commit("topic").id
    #expect(try repository.target(ofReference: "refs/heads/topic") == id)
    #expect(try repository.target(ofReference: "refs/heads/none") == nil)
    #expect(try repository.headReference() == nil)
    #expect(try repository.commit("HEAD").id == id)
  }

  @Test func saysThatABranchIsUnborn() throws {
    let scratch = try ScratchRepository()
    let repository = try scratch.open()
    let error = try #require(gitError { _ = try repository.commit("HEAD") })
    #expect(error.kind == .notFound && error.remedy == "the branch has no commit yet", "\(error)")
  }
}
