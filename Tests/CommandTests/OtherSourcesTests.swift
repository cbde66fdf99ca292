import Foundation
import TestSupport
import Testing

/// Output for a branch that holds sources of the fleet, and not those that are compiled.
struct OtherSourcesTests {
  /// A fleet whose branch `main` has its own output and lies on a remote; HEAD is detached.
  private static func detached() throws -> (FleetRepository, String) {
    let fleet = try FleetRepository()
    let remote = fleet.root + "/remote.git"
    try fleet.git("init", "-q", "--bare", remote)
    try fleet.git("remote", "add", "origin", remote)
    try fleet.git("push", "-q", "origin", "main")
    #expect(try fleet.linkwright("commit", "--push", "origin").status == 0)
    try fleet.git("pull", "-q", "--ff-only", "origin", "main")
    try fleet.git("checkout", "-q", "--detach", "main")
    return (fleet, remote)
  }

  /// As CI checks a commit out: the branch takes the output of the commit that it is at, and nothing is said.
  @Test
  func theBranchThatIsCheckedOutByItsCommit() throws {
    let (fleet, remote) = try Self.detached()
    try fleet.changePort(8055)
    try fleet.git("push", "-q", "origin", "HEAD:main")
    for said in ["committed to main", "unchanged"] {
      let output = try fleet.linkwright("commit", "--branch", "main", "--push", "origin")
      #expect(output.status == 0 && output.errorText.contains(said), "\(output.errorText)")
      #expect(!output.errorText.contains("LW1809"), "\(output.errorText)")
    }
    #expect(try fleet.git("rev-parse", "main^", at: remote) == fleet.id("HEAD"))
    #expect(try fleet.git("ls-tree", "--name-only", "main", at: remote).contains("hydrator") == false)
    // The commit before is not the branch's any more.
    let former = try fleet.linkwright(
      "commit", "--branch", "main", "--push", "origin", "--ref", "HEAD~2")
    #expect(former.status == 0 && former.errorText.contains("superseded"), "\(former.errorText)")
    try fleet.expectClean(at: remote)
  }

  /// What a pull request would become is no output of the branch that it is for.
  @Test(arguments: [[], ["--push", "origin"]])
  func aCommitThatTheBranchHasNotIsWarnedOf(_ push: [String]) throws {
    let (fleet, _) = try Self.detached()
    try fleet.changePort(8055)
    let output = try fleet.linkwright(["commit", "--branch", "main"] + push)
    #expect(output.status == 0, "\(output.errorText)")
    #expect(output.errorText.contains("warning[LW1809]: main holds sources"), "\(output.errorText)")
    let again = try fleet.linkwright(["commit", "--branch", "main"] + push)
    #expect(again.errorText.contains("LW1809") && again.errorText.contains("unchanged"), "\(again.errorText)")
  }

  /// The same sources by another way: a squashed or rebased pull request.
  @Test
  func equalSourcesAreTheSame() throws {
    let (fleet, _) = try Self.detached()
    try fleet.changePort(8055)
    let request = try fleet.id("HEAD")
    try fleet.git("checkout", "-q", "main")
    try fleet.git("merge", "-q", "--squash", request)
    try fleet.git("commit", "-q", "-m", "Squashed")
    try fleet.git("checkout", "-q", "--detach")
    let output = try fleet.linkwright("commit", "--branch", "main", "--ref", request)
    #expect(output.status == 0 && !output.errorText.contains("LW1809"), "\(output.errorText)")
  }

  @Test
  func sourcesThatWentAnotherWayAreNotOverwritten() throws {
    let (fleet, _) = try Self.detached()
    try fleet.changePort(8055)
    let request = try fleet.id("HEAD")
    try fleet.git("checkout", "-q", "main")
    try fleet.changePort(8066)
    try fleet.git("checkout", "-q", "--detach")
    let before = try fleet.git("for-each-ref")
    let refused = try fleet.linkwright("commit", "--branch", "main", "--ref", request)
    #expect(refused.status == 1 && refused.errorText.contains("LW1805"), "\(refused.errorText)")
    #expect(refused.errorText.contains("have diverged from commit \(request)"), "\(refused.errorText)")
    #expect(try fleet.git("for-each-ref") == before)
    let replaced = try fleet.linkwright(
      "commit", "--branch", "main", "--ref", request, "--replace-unrelated")
    #expect(replaced.status == 0, "\(replaced.errorText)")
  }

  /// A branch for output that was begun as a copy works, and is told what it carries along.
  @Test
  func aBranchThatWasBegunAsACopyIsToldUntilItsSourcesGo() throws {
    let fleet = try FleetRepository()
    try fleet.git("branch", "env")
    #expect(try fleet.linkwright("commit", "--branch", "env").status == 0)
    try fleet.changePort(8055)
    let output = try fleet.linkwright("commit", "--branch", "env")
    #expect(output.status == 0 && output.errorText.contains("LW1809"), "\(output.errorText)")
    let tree = fleet.root + "/tree"
    try fleet.git("worktree", "add", "-q", tree, "env")
    try fleet.git(
      "rm", "-q", "-r", "linkwright.yaml", "clusters", "links", "connections", "workloads", at: tree)
    try fleet.git("commit", "-q", "-m", "No sources here", at: tree)
    try fleet.git("worktree", "remove", tree)
    try fleet.changePort(8066)
    let quiet = try fleet.linkwright("commit", "--branch", "env")
    #expect(quiet.status == 0 && !quiet.errorText.contains("LW1809"), "\(quiet.errorText)")
    try fleet.expectClean()
  }
}
