import Foundation
import TestSupport
import Testing

/// `--ref` and `--staged`.
struct SourceOptionTests {
  @Test(arguments: ["HEAD", "main", "HEAD~0", "refs/heads/main"])
  func refReadsACommitWhateverTheWorkingTreeHolds(_ revision: String) throws {
    let fleet = try FleetRepository(prefix: "teams/a/", output: true)
    try fleet.write("connections/yourservice.yaml", "broken: [")
    for command in ["validate", "check"] {
      let output = try fleet.linkwright(command, "teams/a", "--ref", revision)
      #expect(output.status == 0, "\(output.errorText)")
    }
    #expect(try fleet.linkwright("validate", "teams/a").status == 1)
  }

  @Test
  func theFleetIsFoundUpwardsInTheCommitAndBelowABareRepository() throws {
    let fleet = try FleetRepository(prefix: "teams/a/", output: true)
    try fleet.git("clone", "-q", "--bare", fleet.path, fleet.root + "/bare.git")
    for place in ["bare.git/teams/a", "bare.git/teams/a/connections"] {
      let output = try fleet.linkwright("check", place, "--ref", "main", at: fleet.root)
      #expect(output.status == 0, "\(output.errorText)")
    }
    let none = try fleet.linkwright("validate", "bare.git", "--ref", "main", at: fleet.root)
    #expect(none.status == 1 && none.errorText.contains("LW1101"))
    let staged = try fleet.linkwright("validate", "bare.git", "--staged", at: fleet.root)
    #expect(staged.status == 2 && staged.errorText.contains("bare"))
  }

  @Test
  func buildWritesTheDirectoryFromACommit() throws {
    let fleet = try FleetRepository()
    try fleet.write("connections/yourservice.yaml", "broken: [")
    let output = try fleet.linkwright("build", "--ref", "HEAD")
    #expect(output.status == 0, "\(output.errorText)")
    #expect(try fleet.read("rendered/gold/manifests/kustomization.yaml").contains("resources"))
    #expect(
      try fleet.linkwright("build", "--ref", "HEAD").errorText.contains("0 added, 0 changed, 0 removed"))
  }

  @Test
  func stagedReadsTheIndexAndHookIndexes() throws {
    let fleet = try FleetRepository()
    let good = try fleet.read("connections/yourservice.yaml")
    try fleet.write("connections/yourservice.yaml", "broken: [")
    #expect(try fleet.linkwright("validate", "--staged").status == 0)
    try fleet.git("add", "-A")
    try fleet.write("connections/yourservice.yaml", good)
    #expect(try fleet.linkwright("validate", "--staged").status == 1)
    #expect(try fleet.linkwright("validate").status == 0)
    let other = fleet.root + "/index"
    _ = try FleetRepository.run(
      ["env", "GIT_INDEX_FILE=\(other)", "git", "read-tree", "HEAD"], in: fleet.path)
    let output = try fleet.linkwright("validate", "--staged", environment: ["GIT_INDEX_FILE": other])
    #expect(output.status == 0, "\(output.errorText)")
  }

  @Test
  func unmergedPathsOfTheFleetAreFindingsAndOthersAreNot() throws {
    let fleet = try FleetRepository()
    func conflict(in file: String) throws {
      try fleet.git("reset", "-q", "--hard")
      try fleet.git("checkout", "-q", "-B", "other")
      try fleet.write(file, "x: 1\n")
      try fleet.commitAll("One")
      try fleet.git("checkout", "-q", "-B", "another", "other~")
      try fleet.write(file, "x: 2\n")
      try fleet.commitAll("Two")
      try fleet.git("merge", "-q", "other", allowFailure: true)
      #expect(try fleet.git("ls-files", "-u").contains(file))
    }
    try conflict(in: "README.md")
    #expect(try fleet.linkwright("validate", "--staged").status == 0)
    try conflict(in: "connections/yourservice.yaml")
    let output = try fleet.linkwright("validate", "--staged")
    #expect(output.status == 1, "\(output.errorText)")
    #expect(output.errorText.contains("LW1801") && output.errorText.contains("connections/yourservice.yaml"))
  }

  @Test
  func wrongUseIsExitCodeTwo() throws {
    let fleet = try FleetRepository()
    let both = try fleet.linkwright("validate", "--ref", "HEAD", "--staged")
    #expect(both.status == 2 && both.errorText.contains("exclude"))
    let missing = try fleet.linkwright("validate", "--ref", "nowhere")
    #expect(missing.status == 2 && missing.errorText.contains("nowhere"))
    let outside = try fleet.linkwright("validate", "--ref", "HEAD", at: "/")
    #expect(outside.status == 2 && outside.errorText.contains("no git repository"))
  }

  @Test(arguments: ["..", ".git", "a\u{1}b", "/etc/passwd"])
  func hostileTreesAreRefusedWithTheirNames(_ name: String) throws {
    let fleet = try FleetRepository()
    let hostile = try fleet.hostileTree(name, blob: "HEAD:linkwright.yaml")
    let top = try fleet.replacing("connections", in: "HEAD", with: hostile)
    let commit = try fleet.git("commit-tree", "-m", "Hostile", top)
    let output = try fleet.linkwright("validate", "--ref", commit)
    #expect(output.status == 1, "\(output.errorText)")
    #expect(output.errorText.contains("LW1802"), "\(output.errorText)")
  }
}
