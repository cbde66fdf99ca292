import Foundation
import TestSupport
import Testing

/// What a branch of output is protected from: older sources, hands, and leftovers.
struct OutputProtectionTests {
  private static let branch = "env/prod"

  @Test
  func anOlderSourceDoesNotOverwriteTheNewerOutputBelowCommitsOfOthers() throws {
    let fleet = try FleetRepository()
    let first = try fleet.id("HEAD")
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).status == 0)
    try fleet.changePort(8055)
    let second = try fleet.id("HEAD")
    try fleet.changePort(8000)
    // The third source gives what the first gave: nothing is committed, and a note says so.
    try fleet.git("revert", "--no-edit", "HEAD", "HEAD~1")
    #expect(try fleet.git("diff", "--stat", first, "HEAD") == "")
    let third = try fleet.linkwright("commit", "--branch", Self.branch)
    #expect(third.status == 0 && third.errorText.contains("unchanged"), "\(third.errorText)")
    try addForeignCommit(to: fleet, "NOTES.md")
    let tip = try fleet.id(Self.branch)
    let older = try fleet.linkwright("commit", "--ref", second, "--branch", Self.branch)
    #expect(older.status == 0 && older.errorText.contains("superseded"), "\(older.errorText)")
    #expect(try fleet.id(Self.branch) == tip)
  }

  @Test
  func aSourceWithoutChangesIsNotedBelowCommitsOfOthers() throws {
    let fleet = try FleetRepository()
    let first = try fleet.id("HEAD")
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).status == 0)
    let output = try fleet.id(Self.branch)
    try addForeignCommit(to: fleet, "NOTES.md")
    try fleet.changePort(8055)
    let second = try fleet.id("HEAD")
    try fleet.git("revert", "--no-edit", "HEAD")
    let third = try fleet.id("HEAD")
    let same = try fleet.linkwright("commit", "--branch", Self.branch)
    #expect(same.status == 0 && same.errorText.contains("unchanged"), "\(same.errorText)")
    #expect(try fleet.git("notes", "--ref", "hydrator.metadata", "show", output).contains(third))
    let older = try fleet.linkwright("commit", "--ref", second, "--branch", Self.branch)
    #expect(older.status == 0 && older.errorText.contains("superseded"), "\(older.errorText)")
    #expect(older.errorText.contains(third))
    #expect(try fleet.linkwright("commit", "--ref", first, "--branch", Self.branch).status == 0)
  }

  @Test
  func anEditThatKeepsTheMessageIsSeen() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).status == 0)
    try onBranch(of: fleet) { tree in
      let file = try #require(
        try FleetRepository.run(["git", "ls-files", "*/manifests/*networkpolicy*"], in: tree)
          .split(separator: "\n").first)
      try FleetRepository.run(["sh", "-c", "echo '# by hand' >> '\(file)'"], in: tree)
      try FleetRepository.run(["git", "commit", "-q", "-a", "--amend", "--no-edit"], in: tree)
    }
    let output = try fleet.linkwright("commit", "--branch", Self.branch)
    #expect(output.status == 1 && output.errorText.contains("LW1503"), "\(output.errorText)")
    let forced = try fleet.linkwright("commit", "--branch", Self.branch, "--overwrite-edited")
    #expect(forced.status == 0 && forced.errorText.contains("1 changed"), "\(forced.errorText)")
  }

  @Test(arguments: ["rm hydrator.metadata", "echo 'hacked: true' > hydrator.metadata"])
  func metadataThatIsGoneOrDamagedComesBack(_ harm: String) throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).status == 0)
    let content = try fleet.git("show", "\(Self.branch):hydrator.metadata")
    try onBranch(of: fleet) { tree in
      try FleetRepository.run(["sh", "-c", harm], in: tree)
      try FleetRepository.run(["git", "commit", "-q", "-a", "-m", "Harm"], in: tree)
    }
    let output = try fleet.linkwright("commit", "--branch", Self.branch)
    #expect(output.status == 0 && output.errorText.contains("committed"), "\(output.errorText)")
    #expect(try fleet.git("show", "\(Self.branch):hydrator.metadata") == content)
    #expect(
      try fleet.linkwright("commit", "--branch", Self.branch).errorText.contains("unchanged"))
  }

  @Test
  func outputInItsFormerPlaceGoes() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).status == 0)
    try onBranch(of: fleet) { tree in
      try FleetRepository.run(["sh", "-c", "echo mine > rendered/gold/README.md"], in: tree)
      try FleetRepository.run(["git", "add", "-A"], in: tree)
      try FleetRepository.run(["git", "commit", "-q", "-m", "A file of somebody else"], in: tree)
    }
    try fleet.write(
      "linkwright.yaml",
      "apiVersion: linkwright.dev/v1alpha1\nkind: Fleet\nmetadata: {name: porter-pair}\nspec: {output: {path: deploy}}\n"
    )
    try fleet.commitAll("Move the output")
    let output = try fleet.linkwright("commit", "--branch", Self.branch)
    #expect(output.status == 0, "\(output.errorText)")
    let files = try fleet.git("ls-tree", "-r", "--name-only", Self.branch).split(separator: "\n")
    #expect(files.filter { $0.hasPrefix("rendered/") } == ["rendered/gold/README.md"])
    #expect(files.contains { $0.hasPrefix("deploy/gold/manifests/") })
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).errorText.contains("unchanged"))
    try fleet.expectClean()
  }

  @Test
  func aShallowCloneWithBothSourcesCommitsAgain() throws {
    let fleet = try FleetRepository()
    try fleet.write("README.md", "# One\n")
    try fleet.commitAll("One")
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).status == 0)
    let older = try fleet.id("HEAD")
    try fleet.changePort(8055)
    let clone = fleet.root + "/clone"
    try FleetRepository.run(
      ["git", "clone", "-q", "--depth", "2", "--no-single-branch", "file://\(fleet.path)", clone],
      in: fleet.root)
    try FleetRepository.run(["git", "branch", "-q", Self.branch, "origin/\(Self.branch)"], in: clone)
    let output = try fleet.linkwright("commit", "--branch", Self.branch, at: clone)
    #expect(output.status == 0 && output.errorText.contains("committed"), "\(output.errorText)")
    let back = try fleet.linkwright("commit", "--ref", older, "--branch", Self.branch, at: clone)
    #expect(back.status == 0 && back.errorText.contains("superseded"), "\(back.errorText)")
    // With the latest commit alone nobody can tell.
    let single = fleet.root + "/single"
    try FleetRepository.run(
      ["git", "clone", "-q", "--depth", "1", "--no-single-branch", "file://\(fleet.path)", single],
      in: fleet.root)
    try FleetRepository.run(["git", "branch", "-q", Self.branch, "origin/\(Self.branch)"], in: single)
    let cut = try fleet.linkwright("commit", "--branch", Self.branch, at: single)
    #expect(cut.status == 2 && cut.errorText.contains("shallow"), "\(cut.errorText)")
  }

  private func addForeignCommit(to fleet: FleetRepository, _ file: String) throws {
    try onBranch(of: fleet) { tree in
      try FleetRepository.run(["sh", "-c", "echo by hand > \(file)"], in: tree)
      try FleetRepository.run(["git", "add", "-A"], in: tree)
      try FleetRepository.run(["git", "commit", "-q", "-m", "By hand"], in: tree)
    }
  }

  /// Runs something in a linked worktree of the branch.
  private func onBranch(of fleet: FleetRepository, _ body: (String) throws -> Void) throws {
    let tree = fleet.root + "/tree"
    try fleet.git("worktree", "add", "-q", tree, Self.branch)
    try body(tree)
    try fleet.git("worktree", "remove", "--force", tree)
  }
}
