import Foundation
import TestSupport
import Testing

/// `linkwright diff` between revisions, index, working tree and output on record.
struct DiffTests {
  struct Report: Decodable {
    struct Path: Decodable {
      let change: String
      let effect: String
      let connection: String
    }

    struct Object: Decodable {
      struct Field: Decodable {
        let path: String
        let change: String
      }

      let change: String
      let cluster: String
      let kind: String?
      let name: String?
      let fields: [Field]
    }

    struct Side: Decodable {
      let name: String
      let commit: String?
    }

    let base: Side
    let head: Side
    let paths: [Path]
    let objects: [Object]
    let provenanceOnly: Int
    let notCompared: [String]
  }

  /// Runs `diff --format json`, whose exit status is 1 with differences and 0 without.
  static func report(_ fleet: FleetRepository, _ arguments: String...) throws -> Report {
    let output = try FleetRepository.program.run(
      ["diff", "--format", "json"] + arguments, in: fleet.path, environment: FleetRepository.environment)
    #expect(output.status == 0 || output.status == 1, "\(output.errorText)")
    return try JSONDecoder().decode(Report.self, from: Data(output.stdout))
  }

  static let connection = "connections/yourservice.yaml"

  @Test func nothingChangedPrintsNothing() throws {
    let fleet = try FleetRepository(output: true)
    try fleet.write("README.md", "# Prose\n")
    for arguments in [
      [], ["--staged"], ["--base", "HEAD", "--head", "HEAD"], ["--recorded", "base"], ["--whole"],
    ] {
      let output = try FleetRepository.program.run(
        ["diff"] + arguments, in: fleet.path, environment: FleetRepository.environment)
      #expect(
        output.status == 0 && output.text.isEmpty && output.errorText.isEmpty,
        "\(arguments): \(output.errorText)")
    }
    // A file for CI is written all the same, so that a comment can be brought up to date.
    let file = fleet.root + "/comment.md"
    let output = try fleet.linkwright("diff", "--format", "markdown", "--format", "markdown=\(file)")
    #expect(output.status == 0 && output.text.isEmpty)
    #expect(
      try String(contentsOfFile: file, encoding: .utf8).hasPrefix("<!-- linkwright-diff porter-pair -->"))
  }

  @Test func anyTwoSides() throws {
    let fleet = try FleetRepository(output: true)
    let first = try fleet.id("HEAD")
    try fleet.changePort(8001)
    let second = try fleet.id("HEAD")
    let between = try Self.report(fleet, "--base", first, "--head", second)
    #expect(between.base.commit == first && between.head.commit == second)
    #expect(between.paths.map(\.change).sorted() == ["appeared", "appeared", "vanished", "vanished"])
    #expect(
      between.objects.contains {
        $0.kind == "TransportServerClaim" && $0.fields.map(\.path) == ["spec.servicePort"]
      })
    // The other way round, and the working tree and the index, which are as the last commit.
    #expect(try Self.report(fleet, "--base", second, "--head", first).objects.count == between.objects.count)
    #expect(try Self.report(fleet, "--base", first).objects.count == between.objects.count)
    #expect(try Self.report(fleet, "--base", first, "--staged").objects.count == between.objects.count)
    // The output on record is still the first commit's.
    #expect(try Self.report(fleet, "--recorded", "base").objects.count == between.objects.count)
    #expect(try Self.report(fleet, "--recorded", "both", "--base", first).objects.isEmpty)
    #expect(try fleet.linkwright("build").status == 0)
    #expect(try Self.report(fleet, "--recorded", "base").objects.isEmpty)
    #expect(
      try Self.report(fleet, "--recorded", "both", "--base", first).objects.count == between.objects.count)
    #expect(try fleet.linkwright("diff", "--base", first, "--exit-zero").status == 0)
    let wrong = try fleet.linkwright("diff", "--base", "nowhere")
    #expect(wrong.status == 2 && wrong.text.isEmpty && wrong.errorText.contains("nowhere"))
    #expect(try fleet.linkwright("diff", "--head", "HEAD", "--staged").status == 2)
    #expect(try fleet.linkwright("diff", "--format", "yaml").status == 2)
  }

  @Test func theIndexBesideTheWorkingTree() throws {
    let fleet = try FleetRepository()
    let good = try fleet.read(Self.connection)
    try fleet.write(
      Self.connection, good.replacing("    ports: [8000]", with: "    ports: [8000]\n    # a remark"))
    try fleet.git("add", "-A")
    #expect(try Self.report(fleet, "--staged").objects.isEmpty)
    try fleet.git("rm", "-q", "--cached", Self.connection)
    #expect(try Self.report(fleet, "--staged").paths.map(\.change) == ["vanished", "vanished"])
    #expect(try Self.report(fleet).paths.isEmpty)
  }

  /// In a clone the earlier side is where the branch left the remote's default branch.
  @Test func theStandardBaseIsWhereTheBranchLeftTheDefaultBranch() throws {
    let fleet = try FleetRepository()
    let clone = fleet.root + "/clone"
    try fleet.git("clone", "-q", fleet.path, clone)
    let parted = try fleet.id("main")
    // main moves on meanwhile; that is no part of the change.
    try fleet.changePort(8001)
    try fleet.git("fetch", "-q", at: clone)
    try fleet.git("checkout", "-q", "-b", "work", parted, at: clone)
    let file = URL(fileURLWithPath: "\(clone)/\(Self.connection)")
    try FileManager.default.removeItem(at: file)
    let output = try fleet.linkwright("diff", "--format", "json", at: clone)
    let report = try JSONDecoder().decode(Report.self, from: Data(output.stdout))
    #expect(report.base.commit == parted && report.base.name == "origin/HEAD")
    #expect(report.paths.map(\.change) == ["vanished", "vanished"])
    let tip = try fleet.linkwright("diff", "--base", "origin/main", "--format", "json", at: clone)
    #expect(try JSONDecoder().decode(Report.self, from: Data(tip.stdout)).base.commit != parted)
    let merged = try fleet.linkwright(
      "diff", "--base", "origin/main", "--merge-base", "--format", "json", at: clone)
    #expect(try JSONDecoder().decode(Report.self, from: Data(merged.stdout)).base.commit == parted)
  }

  @Test func unrelatedHistories() throws {
    let fleet = try FleetRepository()
    try fleet.git("checkout", "-q", "--orphan", "other")
    try fleet.changePort(8001)
    let plain = try Self.report(fleet, "--base", "main", "--head", "other")
    #expect(!plain.objects.isEmpty)
    let output = try fleet.linkwright("diff", "--base", "main", "--merge-base")
    #expect(
      output.status == 2 && output.errorText.contains("have no commit in common"), "\(output.errorText)")
    #expect(output.errorText.contains("leave out --merge-base"))
  }

  @Test func aBaseWithErrorsIsComparedAsFarAsItGoes() throws {
    let fleet = try FleetRepository()
    let good = try fleet.read(Self.connection)
    let other = good.replacing("name: yourservice", with: "name: other")
    for broken in [
      good.replacing("ports: [8000]", with: "ports: [9999]"), good.replacing("to:", with: "too:"),
      "{ broken: [",
    ] {
      try fleet.write(Self.connection, broken)
      try fleet.commitAll("Break it")
      try fleet.write(Self.connection, good)
      let report = try Self.report(fleet, "--base", "HEAD")
      // Nothing is claimed to be new: nobody knows what the base would have given.
      #expect(report.paths.isEmpty && report.objects.isEmpty, "\(broken)")
      #expect(
        report.notCompared.first?.contains(#/^HEAD has [12] errors?, the first: LW/#) == true,
        "\(report.notCompared)")
      #expect(
        report.notCompared.last?.contains("of connections or links that one side could not compile") == true)
      // The other way round the later side has the error, which is reported and is no difference either.
      let output = try fleet.linkwright("diff", "--head", "HEAD", "--base", "HEAD~1")
      #expect(output.status == 1 && output.errorText.contains("error[LW"), "\(output.errorText)")
      #expect(!output.text.contains("vanish") && output.text.contains("Not compared"), "\(output.text)")
    }
    // What is not concerned is compared.
    try fleet.write("connections/other.yaml", other)
    #expect(try Self.report(fleet, "--base", "HEAD").paths.count == 2)
  }

  @Test func aBaseFromBeforeTheFleetAndOneWhoseFleetIsBroken() throws {
    let fleet = try FleetRepository()
    let good = try fleet.read("linkwright.yaml")
    try fleet.git("rm", "-q", "linkwright.yaml")
    try fleet.git("commit", "-q", "-m", "No fleet")
    try fleet.write("linkwright.yaml", good)
    let report = try Self.report(fleet, "--base", "HEAD")
    #expect(report.paths.count == 2 && report.objects.allSatisfy { $0.change == "added" })
    try fleet.write("linkwright.yaml", "kind: Fleet\n")
    try fleet.commitAll("Broken fleet")
    try fleet.write("linkwright.yaml", good)
    let broken = try Self.report(fleet, "--base", "HEAD")
    #expect(broken.paths.isEmpty && broken.objects.isEmpty)
    #expect(broken.notCompared.last == "nothing of HEAD can be compared")
  }

  @Test func aRenamedSpecificationChangesNothingInAnyCluster() throws {
    let fleet = try FleetRepository()
    try fleet.git("mv", Self.connection, "connections/renamed.yaml")
    let report = try Self.report(fleet)
    #expect(report.paths.isEmpty && report.objects.isEmpty && report.provenanceOnly > 0)
    #expect(try fleet.linkwright("diff").text.contains("only name another source file"))
  }

  @Test func binaryFilesAreComparedByContent() throws {
    let fleet = try FleetRepository(output: true)
    let path = "rendered/gold/manifests/yourlicenceplate-dev/transportserverclaim-yourservice-tsc.yaml"
    try Data([0, 1, 2, 255, 254]).write(to: URL(fileURLWithPath: "\(fleet.path)/\(path)"))
    let output = try fleet.linkwright("diff", "--recorded", "both", "--format", "markdown")
    #expect(
      output.status == 1 && output.text.contains("transportserverclaim-yourservice-tsc.yaml"),
      "\(output.text)\(output.errorText)")
    #expect(!output.stdout.contains(0))
  }

  @Test func severalFormatsAtOnce() throws {
    let fleet = try FleetRepository()
    try fleet.changePort(8001)
    let comment = fleet.root + "/comment.md"
    let output = try fleet.linkwright(
      "diff", "--base", "HEAD~1", "--stages", "--format", "text", "--format", "markdown=\(comment)",
      "--format",
      "json=\(fleet.root)/diff.json")
    #expect(output.status == 1)
    #expect(output.text.contains("Look at these first") && output.text.contains("Stages"))
    #expect(try String(contentsOfFile: comment, encoding: .utf8).contains("<details>"))
    let data = try Data(contentsOf: URL(fileURLWithPath: fleet.root + "/diff.json"))
    #expect(try JSONDecoder().decode(Report.self, from: data).paths.count == 4)
  }

  /// On a terminal the text goes through the pager, and only the text.
  @Test(.enabled(if: Program.find("script") != nil, "no program 'script'"))
  func pagesOnATerminal() throws {
    let fleet = try FleetRepository()
    try fleet.changePort(8001)
    func run(_ arguments: String, pager: String) throws -> String {
      try FleetRepository.run(
        [
          "env", "LINKWRIGHT_PAGER=\(pager)", "script", "-qec",
          "\(FleetRepository.program.path) diff --base HEAD~1 \(arguments)", "/dev/null",
        ],
        in: fleet.path, allowFailure: true)
    }
    #expect(try run("", pager: "sed s/^/PAGED/").contains("PAGED"))
    #expect(try !run("--no-pager", pager: "sed s/^/PAGED/").contains("PAGED"))
    #expect(try !run("--format json", pager: "sed s/^/PAGED/").contains("PAGED"))
    #expect(try run("", pager: "/nonexistent/pager").contains("Look at these first"))
    #expect(try run("", pager: "head -1").contains("HEAD~1"))
  }
}
