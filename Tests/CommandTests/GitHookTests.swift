import Foundation
import Glibc
import TestSupport
import Testing

/// Linkwright where git hands it a repository by variables: in hooks, and in CI.
struct GitHookTests {
  @Test
  func preReceiveJudgesWhatIsBeingPushed() throws {
    let fleet = try FleetRepository()
    let server = try server(of: fleet, hook: "pre-receive", "validate --ref $new --quiet . >&2")
    try fleet.git("push", "-q", server, "main")
    try fleet.write("connections/yourservice.yaml", "broken: [")
    try fleet.commitAll("Broken")
    let refused = try push(fleet, server)
    #expect(refused.contains("pre-receive hook declined") && refused.contains("LW1"), "\(refused)")
    #expect(try fleet.git("rev-parse", "main", at: server) == (try fleet.id("main~1")))
  }

  @Test
  func noBranchMovesBeforeAPushIsTaken() throws {
    let fleet = try FleetRepository()
    let server = try server(of: fleet, hook: "pre-receive", "commit --ref $new --branch out . >&2")
    let refused = try push(fleet, server)
    #expect(refused.contains("post-receive"), "\(refused)")
    #expect(try fleet.git("for-each-ref", at: server) == "")
  }

  @Test
  func postReceiveWritesTheBranch() throws {
    let fleet = try FleetRepository()
    let server = try server(of: fleet, hook: "post-receive", "commit --ref $new --branch out . >&2")
    let said = try push(fleet, server)
    #expect(try !fleet.git("rev-parse", "out", at: server).isEmpty, "\(said)")
    try fleet.expectClean(at: server)
  }

  @Test
  func theRepositoryThatVariablesNameIsRead() throws {
    let fleet = try FleetRepository()
    let other = try FleetRepository()
    try other.write("connections/yourservice.yaml", "broken: [")
    try other.commitAll("Broken")
    let named = ["GIT_DIR": other.path + "/.git", "GIT_WORK_TREE": other.path]
    let elsewhere = try fleet.linkwright("validate", "--ref", "HEAD", at: other.path, environment: named)
    #expect(elsewhere.status == 1, "\(elsewhere.errorText)")
    // In another repository's working tree the named one counts, as for git.
    let both = try fleet.linkwright(
      "validate", "--ref", "HEAD", environment: ["GIT_DIR": other.path + "/.git"])
    #expect(both.status == 1, "\(both.errorText)")
    let none = try fleet.linkwright("validate", "--ref", "HEAD", environment: ["GIT_DIR": fleet.root])
    #expect(none.status == 2 && none.errorText.contains("GIT_DIR"), "\(none.errorText)")
  }

  @Test
  func aWorkingTreeElsewhereDoesNotKeepCommitsFromBeingRead() throws {
    let fleet = try FleetRepository()
    try FleetRepository.run(["mkdir", fleet.root + "/elsewhere"], in: "/")
    try fleet.git("config", "core.worktree", fleet.root + "/elsewhere")
    let output = try fleet.linkwright("validate", "--ref", "HEAD")
    #expect(output.status == 0, "\(output.errorText)")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a directory away"))
  func everyDirectoryCanBeCalledSafe() throws {
    let fleet = try FleetRepository()
    try FleetRepository.run(["chown", "-R", "65534", fleet.path], in: "/")
    let refused = try fleet.linkwright("validate", "--ref", "HEAD")
    #expect(refused.status == 2 && refused.errorText.contains("safe.directory"), "\(refused.errorText)")
    try Data("[safe]\n\tdirectory = *\n".utf8).write(to: URL(fileURLWithPath: fleet.root + "/config"))
    let trusted = try fleet.linkwright(
      "validate", "--ref", "HEAD", environment: ["GIT_CONFIG_GLOBAL": fleet.root + "/config"])
    #expect(trusted.status == 0, "\(trusted.errorText)")
  }

  @Test(arguments: [
    "@{push}", "main@{push}", "HEAD^{/!-Merge}", "v1^{object}", "main-worktree/HEAD", ":/Add", "v1^0", "@",
  ])
  func revisionsLeadWhereGitLeads(_ revision: String) throws {
    let fleet = try FleetRepository()
    try fleet.git("tag", "v1")
    try fleet.git("init", "-q", "--bare", fleet.root + "/r.git")
    try fleet.git("remote", "add", "origin", fleet.root + "/r.git")
    try fleet.git("push", "-q", "-u", "origin", "main")
    try fleet.write("connections/yourservice.yaml", "broken: [")
    try fleet.commitAll("Break it")
    let expected = try fleet.id(revision.hasPrefix(":/") ? revision : revision + "^{commit}")
    let output = try fleet.linkwright("validate", "--ref", revision)
    #expect(output.status == (expected == (try fleet.id("main")) ? 1 : 0), "\(output.errorText)")
  }

  /// What a push says.
  private func push(_ fleet: FleetRepository, _ server: String) throws -> String {
    let output = try #require(Program.find("git")).run(
      ["push", server, "main"], in: fleet.path, environment: FleetRepository.environment)
    return output.text + output.errorText
  }

  /// A bare repository whose hook runs Linkwright for each pushed reference.
  private func server(of fleet: FleetRepository, hook: String, _ command: String) throws -> String {
    let server = fleet.root + "/server.git"
    try fleet.git("init", "-q", "--bare", server)
    let script = """
      #!/bin/sh
      while read old new name; do '\(FleetRepository.program.path)' \(command) || exit 1; done

      """
    try Script.write(script, to: server + "/hooks/" + hook)
    return server
  }
}
