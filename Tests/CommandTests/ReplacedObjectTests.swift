import Foundation
import TestSupport
import Testing

/// `git replace` and grafts: the same commit gives the same output, whatever one repository shows in its place.
struct ReplacedObjectTests {
  /// The output of the fleet's last commit, compiled in a clone without replacements.
  private static func plain(_ fleet: FleetRepository) throws -> String {
    let clone = fleet.root + "/plain"
    try fleet.git("clone", "-q", fleet.path, clone)
    let output = try fleet.linkwright("commit", "--branch", "out", at: clone)
    #expect(output.status == 0, "\(output.errorText)")
    return try fleet.git("rev-parse", "out", at: clone)
  }

  @Test(arguments: ["HEAD", "HEAD^{tree}", "HEAD:connections/yourservice.yaml"])
  func theOriginalIsReadAndThatIsSaid(_ object: String) throws {
    let fleet = try FleetRepository()
    try fleet.changePort(8055)
    let expected = try Self.plain(fleet)
    let other = try fleet.id(object.replacing("HEAD", with: "HEAD~1"))
    try fleet.git("replace", object, other)
    // Git itself shows the other one.
    #expect(try fleet.git("cat-file", "-p", object) == fleet.git("cat-file", "-p", other))
    let output = try fleet.linkwright("commit", "--branch", "out")
    #expect(output.status == 0, "\(output.errorText)")
    #expect(
      output.errorText.contains("(refs/replace): Linkwright reads the original"), "\(output.errorText)")
    #expect(try fleet.id("out") == expected)
    for arguments in [["validate", "--ref", "HEAD"], ["build", "--ref", "HEAD", "--dry-run"]] {
      let output = try FleetRepository.program.run(
        arguments, in: fleet.path, environment: FleetRepository.environment)
      #expect(output.status == 0 && output.errorText.contains("git shows"), "\(output.errorText)")
    }
    // Where git does not look at replacements either, there is nothing to be said.
    for environment in [
      ["GIT_NO_REPLACE_OBJECTS": "1"], ["GIT_CONFIG_PARAMETERS": "'core.useReplaceRefs=false'"],
    ] {
      let output = try fleet.linkwright("validate", "--ref", "HEAD", environment: environment)
      #expect(output.status == 0 && !output.errorText.contains("git shows"), "\(output.errorText)")
    }
    #expect(try !fleet.linkwright("validate", "--ref", "HEAD", "-q").errorText.contains("git shows"))
  }

  /// A replacement of what the source has nothing to do with is nobody's concern.
  @Test
  func otherReplacementsAreNotSpokenOf() throws {
    let fleet = try FleetRepository()
    try fleet.changePort(8055)
    try fleet.git("replace", "HEAD~1", "HEAD")
    let output = try fleet.linkwright("validate", "--ref", "HEAD")
    #expect(output.status == 0 && !output.errorText.contains("git shows"), "\(output.errorText)")
  }

  @Test(arguments: [false, true])
  func historyIsThatOfTheCommits(_ isGraft: Bool) throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    let first = try fleet.id("HEAD")
    try fleet.changePort(8055)
    // A history that has nothing to do with the first, but for what this repository says.
    let other = try fleet.git("commit-tree", "HEAD^{tree}", "-m", "Other")
    try fleet.git("reset", "-q", "--hard", other)
    if isGraft {
      let info = URL(fileURLWithPath: fleet.path + "/.git/info/grafts")
      try FileManager.default.createDirectory(
        at: info.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data("\(other) \(first)\n".utf8).write(to: info)
    } else {
      try fleet.git("replace", "--graft", other, first)
    }
    #expect(try fleet.git("log", "--format=%H", "HEAD", "--").contains(first))
    let output = try fleet.linkwright("commit", "--branch", "out")
    #expect(output.status == 1 && output.errorText.contains("LW1805"), "\(output.errorText)")
    #expect(output.errorText.contains("(refs/replace, info/grafts) are not followed"), "\(output.errorText)")
  }

  /// Also where git itself is asked for a revision.
  @Test
  func searchesFindOriginals() throws {
    let fleet = try FleetRepository()
    try fleet.changePort(8055)
    let id = try fleet.id("HEAD")
    let tree = try fleet.id("HEAD~1^{tree}")
    let other = try fleet.git("commit-tree", tree, "-p", "HEAD~1", "-m", "Hidden words")
    try fleet.git("replace", id, other)
    #expect(try fleet.linkwright("validate", "--ref", ":/Port 8055").status == 0)
  }
}
