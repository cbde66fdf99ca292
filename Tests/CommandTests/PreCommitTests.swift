import Foundation
import Glibc
import TestSupport
import Testing

/// The hooks of `.pre-commit-hooks.yaml`, run by the real pre-commit.
struct PreCommitTests {
  private static let program = Repository.path(".venv/bin/pre-commit")

  /// A repository with a copy of the hooks' definition, as pre-commit wants to clone one.
  private func hooks(_ fleet: FleetRepository) throws -> String {
    let folder = fleet.root + "/hooks"
    try FleetRepository.run(["git", "init", "-q", folder], in: fleet.root)
    try FleetRepository.run(["cp", Repository.path(".pre-commit-hooks.yaml"), folder], in: fleet.root)
    try fleet.git("add", "-A", at: folder)
    try fleet.git("commit", "-q", "-m", "Hooks", at: folder)
    return folder
  }

  @Test(.enabled(if: access(PreCommitTests.program, X_OK) == 0, ".venv/bin/pre-commit is not installed"))
  func hooksJudgeTheIndexAndNotTheWorkingTree() throws {
    let fleet = try FleetRepository(prefix: "teams/a/", output: true)
    let folder = try hooks(fleet)
    let revision = try fleet.git("rev-parse", "HEAD", at: folder)
    let configuration = """
      repos:
      - repo: \(folder)
        rev: \(revision)
        hooks:
        - id: linkwright-validate
          args: [teams/a]
        - id: linkwright-check
          args: [teams/a]

      """
    try Data(configuration.utf8).write(to: URL(fileURLWithPath: fleet.path + "/.pre-commit-config.yaml"))
    try fleet.commitAll("Hooks")
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let beside = (FleetRepository.program.path as NSString).deletingLastPathComponent
    let environment = FleetRepository.environment.merging([
      "PATH": "\(beside):\(path)", "PRE_COMMIT_HOME": fleet.root + "/cache", "PRE_COMMIT_COLOR": "never",
      "PIP_NO_INDEX": "1", "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
    ]) { $1 }
    func run(_ command: String, _ arguments: String...) throws -> Program.Output {
      try Program(path: command).run(arguments, in: fleet.path, environment: environment)
    }
    let installed = try run(Self.program, "install")
    try #require(installed.status == 0, "\(installed.errorText)")
    // The index is good, the working tree is not.
    try fleet.write("links/gold-pair.yaml", try fleet.read("links/gold-pair.yaml") + "# staged\n")
    try fleet.git("add", "-A")
    try fleet.write("connections/yourservice.yaml", "broken: [")
    let git = try #require(Program.find("git")).path
    let good = try run(git, "commit", "-m", "Good index")
    #expect(good.status == 0, "\(good.text)\(good.errorText)")
    // `git commit FILE` judges an index of its own.
    try fleet.git("checkout", "-q", "--", "teams/a/connections")
    try fleet.write("connections/yourservice.yaml", "broken: [")
    try fleet.git("add", "-A")
    try fleet.git("checkout", "-q", "HEAD~", "--", "teams/a/links")
    let bad = try run(git, "commit", "-m", "Bad index")
    #expect(bad.status == 1, "\(bad.text)\(bad.errorText)")
    #expect((bad.text + bad.errorText).contains("LW1001"), "\(bad.text)\(bad.errorText)")
    let single = try run(git, "commit", "-m", "One file", "teams/a/links")
    #expect(single.status == 0, "\(single.text)\(single.errorText)")
    // An output that the specification does not give fails the second hook only.
    try fleet.git("reset", "-q", "--hard")
    let file = "rendered/gold/manifests/kustomization.yaml"
    try fleet.write(file, try fleet.read(file) + "# edited\n")
    try fleet.git("add", "-A")
    let edited = try run(git, "commit", "-m", "Edited output")
    let report = edited.text + edited.errorText
    #expect(
      edited.status == 1 && report.contains("LW1503") && report.contains("linkwright validate"), "\(report)")
    // A file that goes is none that pre-commit offers.
    try fleet.git("reset", "-q", "--hard")
    try fleet.git("rm", "-q", "teams/a/workloads/gold/yourservice.yaml")
    let removed = try run(git, "commit", "-m", "Remove a workload")
    #expect(removed.status == 1, "\(removed.text)\(removed.errorText)")
  }
}
