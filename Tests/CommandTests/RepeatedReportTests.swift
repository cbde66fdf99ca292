import Foundation
import TestSupport
import Testing

/// What a command says does not depend on what an earlier one has said.
struct RepeatedReportTests {
  private static func fleetWithAWarning() throws -> FleetRepository {
    let fleet = try FleetRepository()
    try fleet.write("workloads/gold/text.yaml", "just a text\n")
    try fleet.commitAll("A warning")
    return fleet
  }

  @Test(arguments: ["", "1"])
  func anUnchangedSourceIsReportedAsBefore(_ ci: String) throws {
    let fleet = try Self.fleetWithAWarning()
    var reports: [String] = []
    for round in 0..<3 {
      if round == 2 {
        try fleet.write("README.md", "# Fleet\n")
        try fleet.commitAll("Say what it is")
      }
      let output = try fleet.linkwright(
        "commit", "--branch", "out", "--format", "sarif=../s.sarif", "--format", "text",
        environment: ["CI": ci])
      #expect(output.status == 0 && output.errorText.contains("LW1122"), "\(round) \(output.errorText)")
      #expect(output.errorText.contains(round == 0 ? "committed" : "unchanged"), "\(output.errorText)")
      reports.append(try String(contentsOfFile: fleet.root + "/s.sarif", encoding: .utf8))
    }
    #expect(reports[0].contains("LW1122") && reports[1] == reports[0] && reports[2] == reports[0])
  }

  /// A job that runs again says what it said the first time, also where nothing is remembered (`CI`), in every format and
  /// for every way of asking.
  @Test(arguments: ["", "true"])
  func theSameCommitIsReportedTheSame(_ ci: String) throws {
    let fleet = try Self.fleetWithAWarning()
    let formats = ["text", "json", "sarif", "github", "gitlab", "junit"]
    func reports(_ name: String, _ arguments: String...) throws -> [String] {
      let output = try fleet.linkwright(
        ["commit", "--branch", "out"] + arguments
          + formats.flatMap { ["--format", "\($0)=../\(name).\($0)"] },
        environment: ["CI": ci])
      #expect(output.status == 0, "\(output.errorText)")
      return try formats.map { try String(contentsOfFile: "\(fleet.root)/\(name).\($0)", encoding: .utf8) }
    }
    let first = try reports("first")
    for report in first { #expect(report.contains("LW1122")) }
    #expect(try reports("second") == first)
    #expect(try reports("recompiled", "--recompile") == first)
    // Only the text, in which notes do not count.
    for arguments in [[], ["-q"], ["--format", "text"]] {
      let output = try fleet.linkwright(
        ["commit", "--branch", "out"] + arguments, environment: ["CI": ci])
      #expect(output.status == 0 && output.errorText.hasPrefix(first[0]), "\(output.errorText)")
    }
    #expect(
      try fleet.git("log", "-1", "--format=%(trailers:key=Linkwright-Warnings,valueonly)", "out") == "1\n")
    #expect(try fleet.git("rev-list", "--count", "out") == "1")
  }

  /// What was found comes with the branch: where nothing is remembered, a clone tells it without compiling, in formats
  /// that show notes too.
  @Test(arguments: ["text", "sarif"])
  func aCloneTellsWhatWasFoundWithoutCompiling(_ format: String) throws {
    let fleet = try Self.fleetWithAWarning()
    let remote = fleet.root + "/remote.git"
    try fleet.git("clone", "-q", "--bare", fleet.path, remote)
    var clones = 0
    func commit(_ arguments: String...) throws -> (text: String, report: String, clone: String) {
      clones += 1
      let clone = fleet.root + "/clone\(clones)"
      try fleet.git("clone", "-q", remote, clone)
      let output = try fleet.linkwright(
        [
          "commit", clone, "--branch", "out", "--push", "origin", "--format",
          "\(format)=\(fleet.root)/report",
          "--format", "text",
        ] + arguments,
        environment: ["CI": "true"])
      #expect(output.status == 0 && output.errorText.contains("LW1122"), "\(output.errorText)")
      return (output.errorText, try String(contentsOfFile: fleet.root + "/report", encoding: .utf8), clone)
    }
    let first = try commit()
    #expect(first.text.contains("committed"), "\(first.text)")
    for _ in 0..<2 {
      let again = try commit()
      #expect(again.text.contains("same input") && again.report == first.report, "\(again.text)")
    }
    func show() throws -> String {
      try fleet.git("notes", "--ref=hydrator.metadata", "show", "refs/heads/out", at: remote)
    }
    let note = try show()
    let fields = try #require(
      try JSONSerialization.jsonObject(with: Data(note.utf8)) as? [String: String])
    #expect(fields["drySha"] == (try fleet.git("rev-parse", "HEAD").trimmingCharacters(in: .newlines)))
    // Without its report, or with one that is damaged, everything is compiled once more, and the note mended.
    try fleet.git(
      "notes", "--ref=hydrator.metadata", "add", "-f", "-m", "{\"drySha\":\"\(fields["drySha"]!)\"}",
      "refs/heads/out", at: remote)
    let compiled = try commit()
    #expect(!compiled.text.contains("same input") && compiled.report == first.report, "\(compiled.text)")
    #expect(try show() == note)
    try fleet.git(
      "notes", "--ref=hydrator.metadata", "add", "-f", "-m",
      note.replacingOccurrences(of: "LW1122", with: "LW9999"), "refs/heads/out", at: remote)
    let told = try commit()
    #expect(!told.text.contains("same input") && told.report == first.report, "\(told.text)")
    #expect(try show() == note)
  }

  @Test
  func aCheckoutThatConvertsLineEndsIsUpToDate() throws {
    let fleet = try FleetRepository(output: true)
    #expect(try fleet.linkwright("check").status == 0)
    try fleet.git("config", "core.autocrlf", "true")
    try fleet.git("rm", "-q", "-r", "--cached", ".")
    try fleet.git("reset", "-q", "--hard")
    #expect(try fleet.read("rendered/gold/inventory/yourlicenceplate-dev.lock").contains("\r\n"))
    #expect(try fleet.git("status", "--short") == "")
    let check = try fleet.linkwright("check")
    #expect(check.status == 0, "\(check.errorText)")
    let build = try fleet.linkwright("build")
    #expect(
      build.status == 0 && build.errorText.contains("0 added, 0 changed, 0 removed"), "\(build.errorText)")
    try fleet.write(
      "rendered/gold/inventory/stray.txt", "mine\n")
    let files = try fleet.git("ls-files", "rendered/gold/manifests/*networkpolicy*").split(separator: "\n")
    let file = String(try #require(files.first))
    try fleet.write(file, try fleet.read(file) + "# by hand\r\n")
    let edited = try fleet.linkwright("check")
    #expect(edited.status == 1 && edited.errorText.contains("LW1503"), "\(edited.errorText)")
  }

  @Test
  func outputInItsFormerPlaceIsReported() throws {
    let fleet = try FleetRepository(output: true)
    try fleet.write(
      "linkwright.yaml",
      "apiVersion: linkwright.dev/v1alpha1\nkind: Fleet\nmetadata: {name: porter-pair}\nspec: {output: {path: deploy}}\n"
    )
    let output = try fleet.linkwright("validate")
    #expect(output.status == 0 && output.errorText.contains("LW1515"), "\(output.errorText)")
    #expect(output.errorText.contains("git rm -r rendered/gold"), "\(output.errorText)")
  }

  /// Of a claim in an output unit, too, a new name is worth a warning.
  @Test(arguments: [
    "", "units: [{name: dev, namespaces: [yourlicenceplate-dev], path: 'rendered/{cluster}/{unit}'}]",
  ])
  func aRenamedClaimIsReported(_ units: String) throws {
    let fleet = try FleetRepository()
    try fleet.write(
      "linkwright.yaml",
      "apiVersion: linkwright.dev/v1alpha1\nkind: Fleet\nmetadata: {name: porter-pair}\nspec: {output: {\(units)}}\n"
    )
    #expect(try fleet.linkwright("build").status == 0)
    let connection = try fleet.read("connections/yourservice.yaml")
    try fleet.write(
      "connections/yourservice.yaml",
      connection.replacingOccurrences(of: "spec:\n", with: "spec:\n  porter: {claimName: renamed-tsc}\n"))
    let output = try fleet.linkwright("validate")
    #expect(output.errorText.contains("LW2129"), "\(output.errorText)")
  }

  @Test
  func aChangedDefinitionConcernsEveryConnection() throws {
    let fleet = try FleetRepository()
    try fleet.write(
      "schemas/crds/tsc.yaml",
      """
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {name: transportserverclaims.porter.devops.gov.bc.ca}
      spec:
        group: porter.devops.gov.bc.ca
        names: {kind: TransportServerClaim, plural: transportserverclaims}
        scope: Namespaced
        versions:
        - name: v1alpha1
          served: true
          storage: true
          schema:
            openAPIV3Schema:
              type: object
              properties: {spec: {type: object, properties: {service: {type: integer}}}}

      """)
    try fleet.commitAll("A definition that no claim fits")
    let sliced = try fleet.linkwright("diff", "--base", "HEAD~1")
    let whole = try fleet.linkwright("diff", "--whole", "--base", "HEAD~1")
    #expect(sliced.status == whole.status && sliced.text == whole.text, "\(sliced.text) \(sliced.errorText)")
    #expect(
      sliced.errorText.contains("LW1605") || sliced.text.contains("LW1605"),
      "\(sliced.text) \(sliced.errorText)")
  }
}
