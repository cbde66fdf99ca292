import Foundation
import TestSupport
import Testing

/// What GitOps Promoter asks of a hydrator (gitops-promoter, docs/advanced-usage/custom-hydrator.md), read from the
/// remote as the promoter reads it.
struct PromoterContractTests {
  /// A promoter's view of one environment.
  private struct Promoter {
    let fleet: FleetRepository
    let remote: String
    let active: String
    var activePath = ""

    /// Rule 2: the proposed branch's name cannot be chosen.
    var proposed: String { active + "-next" + (activePath.isEmpty ? "" : "/" + activePath) }

    /// Rule 3: the metadata of a commit, with the fields that the promoter knows.
    func metadata(_ revision: String) throws -> [String: Any] {
      let path = (activePath.isEmpty ? "" : activePath + "/") + "hydrator.metadata"
      let text = try fleet.git("show", "\(revision):\(path)", at: remote)
      let json = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
      let known: Set = ["drySha", "repoURL", "author", "date", "subject", "body", "references"]
      #expect(known.isSuperset(of: json.keys), "\(json.keys)")
      let date = try #require(json["date"] as? String)
      #expect(ISO8601DateFormatter().date(from: date) != nil, "\(date)")
      let sha = try #require(json["drySha"] as? String)
      #expect(sha.count == 40 && sha.allSatisfy(\.isHexDigit))
      return json
    }

    /// The dry commit that the proposed branch stands for: the note, which counts more, or the metadata.
    func drySha() throws -> String {
      let note = try fleet.git(
        "notes", "--ref=refs/notes/hydrator.metadata", "show", proposed, at: remote, allowFailure: true)
      if let json = try? JSONSerialization.jsonObject(with: Data(note.utf8)) as? [String: String],
        let sha = json["drySha"]
      {
        return sha
      }
      return try #require(try metadata(proposed)["drySha"] as? String)
    }

    /// Merges the proposal into the active branch, as a pull request does.
    func promote() throws {
      let tip = try fleet.git("rev-parse", proposed, at: remote)
      try fleet.git("update-ref", "refs/heads/" + active, tip, at: remote)
    }
  }

  private static func withRemote(_ prefix: String = "") throws -> (FleetRepository, String) {
    let fleet = try FleetRepository(prefix: prefix)
    let remote = fleet.root + "/remote.git"
    try fleet.git("init", "-q", "--bare", remote)
    try fleet.git("push", "-q", remote, "main")
    return (fleet, remote)
  }

  private static func hydrate(_ fleet: FleetRepository, _ remote: String, place: String = ".") throws {
    let output = try fleet.linkwright(
      "commit", place, "--branch", "environment/production", "--propose", "--push", remote)
    #expect(output.status == 0, "\(output.errorText)")
  }

  @Test
  func proposalsCarryMetadataAndNotes() throws {
    let (fleet, remote) = try Self.withRemote()
    let promoter = Promoter(fleet: fleet, remote: remote, active: "environment/production")
    try Self.hydrate(fleet, remote)
    let source = try fleet.id("HEAD")
    let metadata = try promoter.metadata(promoter.proposed)
    #expect(metadata["drySha"] as? String == source)
    #expect(metadata["author"] as? String == "Ada <ada@example.org>")
    #expect(metadata["subject"] as? String == "Add the fleet")
    #expect(try promoter.drySha() == source)
    try promoter.promote()
    // Rule 4: a dry commit without effect makes no commit, and the note moves on.
    try fleet.write("README.md", "# Fleet\n")
    try fleet.commitAll("Say \"what\" it is\n\nWith a body.")
    let before = try fleet.git("rev-parse", promoter.proposed, at: remote)
    try Self.hydrate(fleet, remote)
    #expect(try fleet.git("rev-parse", promoter.proposed, at: remote) == before)
    #expect(try promoter.drySha() == (try fleet.id("HEAD")))
    // One with an effect follows what was promoted; the active branch is the promoter's.
    try fleet.changePort(8001)
    try Self.hydrate(fleet, remote)
    #expect(try promoter.drySha() == (try fleet.id("HEAD")))
    #expect(try fleet.git("rev-parse", "\(promoter.proposed)~1", at: remote) == before)
    #expect(try fleet.git("rev-parse", promoter.active, at: remote) == before)
    let again = try fleet.git("for-each-ref", at: remote)
    try Self.hydrate(fleet, remote)
    #expect(try fleet.git("for-each-ref", at: remote) == again)
    try fleet.expectClean(at: remote)
  }

  /// Rule 5: several applications share an active branch, each below a path of its own.
  @Test
  func aSharedBranchKeepsTheOthersFiles() throws {
    let (fleet, remote) = try Self.withRemote("app-a/")
    try fleet.git("checkout", "-q", "--orphan", "elsewhere")
    try fleet.git("rm", "-r", "-q", "--cached", ".")
    try Data("theirs\n".utf8).write(to: URL(fileURLWithPath: fleet.path + "/theirs.yaml"))
    try FleetRepository.run(["mkdir", "-p", "app-b"], in: fleet.path)
    try FleetRepository.run(["mv", "theirs.yaml", "app-b/"], in: fleet.path)
    try fleet.git("add", "app-b")
    try fleet.git("commit", "-q", "-m", "Another application")
    try fleet.git("push", "-q", remote, "elsewhere:refs/heads/environment/production")
    try fleet.git("checkout", "-q", "-f", "main")
    let promoter = Promoter(
      fleet: fleet, remote: remote, active: "environment/production", activePath: "app-a")
    try Self.hydrate(fleet, remote, place: "app-a")
    #expect(try promoter.drySha() == (try fleet.id("HEAD")))
    #expect(try promoter.metadata(promoter.proposed)["drySha"] as? String == (try fleet.id("HEAD")))
    #expect(try fleet.git("show", "\(promoter.proposed):app-b/theirs.yaml", at: remote) == "theirs")
    let changed = try fleet.git(
      "diff-tree", "-r", "--name-only", promoter.active, promoter.proposed, at: remote)
    #expect(changed.split(separator: "\n").allSatisfy { $0.hasPrefix("app-a/") }, "\(changed)")
  }
}
