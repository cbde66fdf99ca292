import Foundation
import TestSupport
import Testing

/// A pull request's life in a real repository: a branch, its findings and its comment, the merge, the output commits.
struct PullRequestTests {
  @Test func fromTheEditToTheOutput() throws {
    let fleet = try FleetRepository(output: true)
    let remote = fleet.root + "/origin.git"
    try fleet.git("clone", "-q", "--bare", fleet.path, remote)
    let clone = fleet.root + "/clone"
    try fleet.git("clone", "-q", remote, clone)
    func git(_ arguments: String...) throws -> String {
      try FleetRepository.run(["git"] + arguments, in: clone)
    }
    func linkwright(_ arguments: String...) throws -> Program.Output {
      try FleetRepository.program.run(arguments, in: clone, environment: FleetRepository.environment)
    }
    func write(_ file: String, _ edit: (String) -> String) throws {
      let path = "\(clone)/\(file)"
      try edit(try String(contentsOfFile: path, encoding: .utf8)).write(
        toFile: path, atomically: true, encoding: .utf8)
    }
    // The author edits: the connection asks for a port that only one cluster has.
    _ = try git("checkout", "-q", "-b", "another-port")
    let port = { (text: String) in text.replacing("8000", with: "8080") }
    try write("connections/yourservice.yaml", port)
    try write("workloads/gold/yourservice.yaml", port)
    _ = try git("commit", "-qam", "Another port")
    let reports = ["gitlab", "junit", "sarif"].flatMap { ["--format", "\($0)=\(fleet.root)/report.\($0)"] }
    let broken = try FleetRepository.program.run(
      ["validate", "--ref", "HEAD"] + reports, in: clone, environment: FleetRepository.environment)
    #expect(broken.status == 1)
    let quality = try String(contentsOfFile: fleet.root + "/report.gitlab", encoding: .utf8)
    #expect(
      quality.contains("\"check_name\": \"LW1203\"") && quality.contains("connections/yourservice.yaml"))
    // The comment says what cannot be told yet, and does not call the connection gone.
    let early = try linkwright("diff", "--head", "HEAD", "--format", "markdown")
    #expect(early.status == 1 && early.text.contains("**Not compared**") && !early.text.contains("vanishes"))
    // Mended, the comment tells the change; the output in the branch is still the old one.
    try write("workloads/golddr/yourservice.yaml", port)
    _ = try git("commit", "-qam", "In both clusters")
    let comment = try linkwright("diff", "--head", "HEAD", "--format", "markdown")
    #expect(
      comment.status == 1 && comment.text.hasPrefix("<!-- linkwright-diff porter-pair -->"),
      "\(comment.errorText)")
    #expect(comment.text.contains("origin/HEAD") && comment.text.contains("8080/TCP"))
    #expect(try linkwright("check", "--ref", "HEAD").status == 1)
    // Merged, the change is no difference to the default branch any more.
    _ = try git("push", "-q", "origin", "another-port:main")
    _ = try git("fetch", "-q")
    let merged = try linkwright("diff", "--head", "HEAD")
    #expect(merged.status == 0 && merged.text.isEmpty, "\(merged.text)")
    // CI compiles main to the branch that clusters follow, stage by stage.
    _ = try git("checkout", "-q", "main")
    _ = try git("merge", "-q", "--ff-only", "origin/main")
    let output = try linkwright("commit", "--branch", "env/prod", "--stages", "--push", "origin")
    #expect(output.status == 0 && !output.text.isEmpty, "\(output.errorText)")
    let recorded = try linkwright("diff", "--base", "env/prod", "--recorded", "base")
    #expect(recorded.status == 0 && recorded.text.isEmpty, "\(recorded.text)\(recorded.errorText)")
    // A second change, seen against what the clusters have.
    try write("connections/yourservice.yaml") {
      $0.replacing("  exposure:", with: "  porter: {claimName: other-tsc}\n  exposure:")
    }
    let next = try linkwright("diff", "--base", "env/prod", "--recorded", "base", "--stages")
    #expect(
      next.status == 1 && next.text.contains("renamed claim") && next.text.contains("1. provide: "),
      "\(next.text)")
  }
}
