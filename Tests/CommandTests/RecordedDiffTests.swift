import Foundation
import TestSupport
import Testing

/// `diff --recorded`: the output on record is judged as an emitted one is, by the documents that it was compiled from.
struct RecordedDiffTests {
  private static let branch = "env/prod"
  private static let policy =
    "rendered/golddr/manifests/yourlicenceplate-dev/networkpolicy-allow-from-f5-ingress.yaml"
  private static let claim =
    "rendered/gold/manifests/yourlicenceplate-dev/transportserverclaim-yourservice-tsc.yaml"

  /// Somebody edits the output by hand: what no longer works is told as a path.
  @Test func anEditedOutputIsJudged() throws {
    let fleet = try FleetRepository(output: true)
    let text = try fleet.read(Self.policy)
    try fleet.write(Self.policy, text.replacing("name: yourappslabel", with: "name: somebodyelse"))
    let report = try DiffTests.report(fleet, "--recorded", "base")
    #expect(report.paths.map(\.change) == ["changed"] && report.notCompared.isEmpty, "\(report)")
    let words = try fleet.linkwright("diff", "--recorded", "base")
    #expect(
      words.text.contains("gold → golddr yourlicenceplate-dev/yourservice 8000/TCP")
        && words.text.contains("refuted → proved"), "\(words.text)")
    // A record without the claim, either way round.
    try FileManager.default.removeItem(atPath: "\(fleet.path)/\(Self.claim)")
    let mended = try DiffTests.report(fleet, "--recorded", "base")
    #expect(Set(mended.paths.map(\.effect)).contains("becomesReachable"), "\(mended.paths)")
    let lost = try DiffTests.report(fleet, "--base", "HEAD", "--recorded", "head")
    #expect(Set(lost.paths.map(\.effect)).contains("becomesUnreachable"), "\(lost.paths)")
  }

  /// Output on a branch of its own names the commit that it was compiled from.
  @Test func theRecordOfABranchIsJudgedByItsSource() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).status == 0)
    let equal = try fleet.linkwright("diff", "--base", Self.branch, "--recorded", "base")
    #expect(equal.status == 0 && equal.text.isEmpty, "\(equal.text)\(equal.errorText)")
    // The connection goes: the path that it had vanishes.
    try fleet.git("rm", "-q", DiffTests.connection)
    let gone = try DiffTests.report(fleet, "--base", Self.branch, "--recorded", "base")
    #expect(gone.paths.map(\.change) == ["vanished", "vanished"] && gone.notCompared.isEmpty)
    #expect(gone.paths.allSatisfy { $0.effect == "becomesUnreachable" })
    // Two records of two sources, without compiling anything for the clusters.
    try fleet.commitAll("Gone")
    try fleet.git("branch", "env/next", Self.branch)
    #expect(try fleet.linkwright("commit", "--branch", "env/next").status == 0)
    let both = try DiffTests.report(
      fleet, "--base", Self.branch, "--head", "env/next", "--recorded", "both")
    #expect(both.paths.map(\.change) == ["vanished", "vanished"] && both.notCompared.isEmpty)
    #expect(both.objects.allSatisfy { $0.change == "removed" } && !both.objects.isEmpty)
  }

  /// Where nobody knows the documents, the report says what it is about.
  @Test func whatIsNotKnownIsSaid() throws {
    let fleet = try FleetRepository(output: true)
    // The connection is gone from the documents of the tree that holds the output.
    try fleet.git("rm", "-q", DiffTests.connection)
    let report = try DiffTests.report(fleet, "--recorded", "base")
    #expect(report.paths.isEmpty && report.objects.contains { $0.change == "removed" })
    #expect(
      report.notCompared == [
        "the paths of connections that the output on record in the working tree serves and the later side does not declare: yourlicenceplate-dev/yourservice"
      ])
    // A branch whose source this repository does not have, and one that names none.
    let clone = fleet.root + "/clone"
    let other = try FleetRepository()
    #expect(try other.linkwright("commit", "--branch", Self.branch).status == 0)
    try other.git("clone", "-q", "--single-branch", "--branch", "main", other.path, clone)
    let tree = try other.id("\(Self.branch)^{tree}")
    let anonymous = try other.git("commit-tree", "-m", "Copied", tree)
    try other.git("branch", "copied", anonymous)
    // hydrator.metadata still names the source, which is here.
    #expect(try DiffTests.report(other, "--base", "copied", "--recorded", "base").notCompared.isEmpty)
    try other.changePort(8001)
    try other.git("worktree", "add", "-q", "--detach", other.root + "/w", "copied")
    try FleetRepository.run(["git", "rm", "-q", "hydrator.metadata"], in: other.root + "/w")
    try FleetRepository.run(["git", "commit", "-q", "-m", "No source"], in: other.root + "/w")
    let nameless = try FleetRepository.run(["git", "rev-parse", "HEAD"], in: other.root + "/w")
    let stranger = try DiffTests.report(other, "--base", nameless, "--recorded", "base")
    #expect(
      stranger.notCompared.first?.hasPrefix("which commit the output on record in ") == true,
      "\(stranger.notCompared)")
    // Its paths are those of the later side, which its objects do not serve.
    #expect(stranger.paths.map(\.effect) == ["becomesReachable", "becomesReachable"], "\(stranger.paths)")
  }

  /// Documents with errors say nothing about paths, and the report says so.
  @Test func documentsThatCannotBeJudged() throws {
    let fleet = try FleetRepository(output: true)
    try fleet.write("links/gold-pair.yaml", "kind: Link\n")
    try fleet.commitAll("Broken")
    let report = try DiffTests.report(fleet, "--base", "HEAD", "--head", "HEAD~1", "--recorded", "base")
    #expect(report.paths.isEmpty && report.objects.isEmpty)
    #expect(
      report.notCompared.contains { $0.contains("yourlicenceplate-dev/yourservice") || $0.contains("paths") },
      "\(report.notCompared)")
  }
}
