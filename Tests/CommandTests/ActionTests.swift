import Foundation
import Glibc
import TestSupport
import Testing

/// `action.yml`, the templates for CI and the Dockerfile: by their linters, and their shell parts run for real.
@Suite struct ActionTests {
  static func tool(_ name: String) -> Program? {
    let path = Repository.path(".venv/bin/\(name)")
    return access(path, X_OK) == 0 ? Program(path: path) : nil
  }

  static let shellcheck = tool("shellcheck")
  static let schemas = tool("check-jsonschema")
  static let zizmor = tool("zizmor")
  static let hadolint = tool("hadolint")
  static let actionlint = tool("actionlint")

  static func passes(_ program: Program?, _ arguments: [String]) throws {
    let output = try #require(program).run(arguments, in: Repository.root.path)
    #expect(output.status == 0, "\(output.text)\(output.errorText)")
  }

  @Test(.enabled(if: shellcheck != nil, ".venv/bin/shellcheck is not installed"))
  func shellScriptsAreClean() throws {
    let scripts = ["run", "install", "python", "demo", "bench"].map { ".ci/\($0)" }
    let action = ["install", "compare", "comment"].map { ".ci/action/\($0)" }
    try Self.passes(Self.shellcheck, scripts + action)
  }

  @Test(
    .enabled(if: schemas != nil, ".venv/bin/check-jsonschema is not installed"),
    arguments: [
      ["vendor.github-actions", "action.yml"], ["vendor.github-workflows", "examples/ci/github.yml"],
      ["vendor.github-workflows", "examples/ci/github-commit.yml"],
    ])
  func filesKeepToTheirSchemas(_ check: [String]) throws {
    try Self.passes(Self.schemas, ["--builtin-schema", check[0], check[1]])
  }

  @Test(.enabled(if: schemas != nil, ".venv/bin/check-jsonschema is not installed"))
  func gitlabTemplateKeepsToItsSchema() throws {
    try Self.passes(
      Self.schemas,
      ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", "examples/ci/gitlab.yml"])
  }

  @Test(.enabled(if: zizmor != nil, ".venv/bin/zizmor is not installed"))
  func workflowsAreSafe() throws {
    try Self.passes(
      Self.zizmor,
      [
        "--offline", "--no-progress", "--config", ".ci/zizmor.yml", "action.yml", "examples/ci/github.yml",
        "examples/ci/github-commit.yml",
      ])
  }

  @Test(.enabled(if: actionlint != nil, ".venv/bin/actionlint is not installed"))
  func workflowsAreValid() throws {
    try Self.passes(
      Self.actionlint, ["-no-color", "examples/ci/github.yml", "examples/ci/github-commit.yml"])
  }

  @Test(.enabled(if: hadolint != nil, ".venv/bin/hadolint is not installed"))
  func dockerfileIsClean() throws { try Self.passes(Self.hadolint, ["Dockerfile"]) }

  /// Every library that the program was linked with comes from a package that the image installs.
  @Test(.enabled(if: Program.find("dpkg-query") != nil && Program.find("ldd") != nil, "not a Debian system"))
  func imageHasTheLibraries() throws {
    let dockerfile = try String(contentsOfFile: Repository.path("Dockerfile"), encoding: .utf8)
    let installed = try #require(dockerfile.components(separatedBy: "FROM debian").last)
    for (library, package) in [
      ("libgit2.so", "libgit2-1.5"), ("libyaml-0.so", "libyaml-0-2"), ("libz.so", "zlib1g"),
    ] {
      let linked = try #require(Program.find("ldd")).run([FleetRepository.program.path])
      #expect(linked.text.contains(library), "the program does not need \(library) any more")
      #expect(installed.contains(" \(package) "), "the image lacks \(package)")
    }
  }

  // MARK: The action's steps, with a stand-in for GitHub's own program

  /// Runs a step of the action in a repository, with the variables that the runner sets.
  struct Runner {
    let fleet: FleetRepository
    let temp: String
    var environment: [String: String]

    init(_ fleet: FleetRepository) throws {
      self.fleet = fleet
      temp = fleet.root + "/runner"
      try FileManager.default.createDirectory(atPath: temp + "/bin", withIntermediateDirectories: true)
      environment = FleetRepository.environment
      let folder = FleetRepository.program.path.split(separator: "/", omittingEmptySubsequences: false)
        .dropLast().joined(separator: "/")
      environment["PATH"] = "\(temp)/bin:\(folder):" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
      environment["RUNNER_TEMP"] = temp
      environment["GITHUB_OUTPUT"] = temp + "/output"
      environment["GITHUB_STEP_SUMMARY"] = temp + "/summary"
      environment["DIRECTORY"] = "."
      environment["REPOSITORY"] = "team/fleet"
      environment["NUMBER"] = "7"
      // Answers the list of comments from a file, and writes down what it is asked to write.
      let stand = """
        #!/usr/bin/env bash
        set -euo pipefail
        case "$*" in
        *--paginate*) cat "$RUNNER_TEMP/earlier" ;;
        *) echo "$*" >>"$RUNNER_TEMP/calls" ;;
        esac
        """
      try Script.write(stand, to: temp + "/bin/gh")
      try Data().write(to: URL(fileURLWithPath: temp + "/earlier"))
    }

    func run(_ step: String) throws -> Program.Output {
      try #require(Program.find("bash")).run(
        [Repository.path(".ci/action/\(step)")], in: fleet.path, environment: environment)
    }

    func file(_ name: String) -> String {
      (try? String(contentsOfFile: "\(temp)/\(name)", encoding: .utf8)) ?? ""
    }
  }

  @Test func pullRequestIsComparedAndCommented() throws {
    let fleet = try FleetRepository()
    let base = try fleet.git("rev-parse", "HEAD")
    let text = try fleet.read("connections/yourservice.yaml")
    try fleet.write(
      "connections/yourservice.yaml",
      text.replacingOccurrences(of: "acknowledged: span-bc", with: "acknowledged: span-bc-2"))
    try fleet.write(
      "links/gold-pair.yaml",
      try fleet.read("links/gold-pair.yaml").replacingOccurrences(
        of: "allow-from-f5-ingress", with: "allow-from-f5"))
    try fleet.commitAll("Rename the policy")

    var runner = try Runner(fleet)
    runner.environment["BASE"] = base
    let compared = try runner.run("compare")
    #expect(compared.status == 0, "\(compared.errorText)")
    #expect(runner.file("output") == "changed=true\n")
    #expect(runner.file("summary").hasPrefix("<!-- linkwright-diff porter-pair -->\n"))
    #expect(runner.file("summary").contains("allow-from-f5"))

    runner.environment["CHANGED"] = "true"
    let commented = try runner.run("comment")
    #expect(commented.status == 0, "\(commented.errorText)")
    #expect(runner.file("calls").contains("--method POST repos/team/fleet/issues/7/comments"))

    // The next push finds the earlier comment and writes over it.
    try Data("4711\n".utf8).write(to: URL(fileURLWithPath: runner.temp + "/earlier"))
    _ = try runner.run("comment")
    #expect(runner.file("calls").contains("--method PATCH repos/team/fleet/issues/comments/4711"))
  }

  @Test func noChangeMakesNoComment() throws {
    let fleet = try FleetRepository()
    var runner = try Runner(fleet)
    runner.environment["BASE"] = try fleet.git("rev-parse", "HEAD")
    let compared = try runner.run("compare")
    #expect(compared.status == 0, "\(compared.errorText)")
    #expect(runner.file("output") == "changed=false\n")
    runner.environment["CHANGED"] = "false"
    #expect(try runner.run("comment").status == 0)
    #expect(runner.file("calls").isEmpty && runner.file("summary").isEmpty)
    #expect(runner.file("linkwright-diff.md").hasPrefix("<!-- linkwright-diff porter-pair -->\n"))
    // Where there is a comment from before, it says now that nothing changes.
    try Data("4711\n".utf8).write(to: URL(fileURLWithPath: runner.temp + "/earlier"))
    #expect(try runner.run("comment").status == 0)
    #expect(runner.file("calls").contains("--method PATCH repos/team/fleet/issues/comments/4711"))
    #expect(runner.file("linkwright-diff.md").contains("No change in what reaches what"))
  }

  /// A fleet that cannot be compared fails the step, and says why.
  @Test func brokenBaseIsAFailure() throws {
    let fleet = try FleetRepository()
    var runner = try Runner(fleet)
    runner.environment["BASE"] = String(repeating: "0", count: 40)
    #expect(try runner.run("compare").status != 0)
    #expect(runner.file("output").isEmpty)
  }
}
