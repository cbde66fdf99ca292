import TestSupport
import Testing

/// The last day of an exception is compared with the date of the source commit, where there is one.
struct ExceptionDayTests {
  /// Every connection needs an owner; the fleet's has none, and was excepted to a day. Commits are of 2023-11-14.
  private static func fleet(until day: String) throws -> FleetRepository {
    let fleet = try FleetRepository()
    try fleet.write(
      "policies/owners.yaml",
      """
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: owners}
      spec:
        match: {kinds: [Connection]}
        rules: [{name: owner, expression: has(self.owner)}]
        exceptions: [{rules: [owner], reason: older than the rule, until: "\(day)"}]

      """)
    try fleet.commitAll("Owners")
    return fleet
  }

  @Test func theCommitsDayDecides() throws {
    let over = try Self.fleet(until: "2023-11-13")
    let commit = try over.linkwright("validate", "--ref", "HEAD")
    #expect(
      commit.status == 1 && (commit.text + commit.errorText).contains("the exception is over"),
      "\(commit.text)")
    let output = try over.linkwright("commit", "--branch", "env/prod")
    #expect(output.status == 1 && output.errorText.contains("LW6010"), "\(output.errorText)")
    // The last day itself still counts.
    let lasting = try Self.fleet(until: "2023-11-14")
    #expect(try lasting.linkwright("validate", "--ref", "HEAD").status == 0)
    #expect(try lasting.linkwright("commit", "--branch", "env/prod").status == 0)
    // What depends on a day is not taken for the same input on another one.
    #expect(
      try !lasting.git("log", "-1", "--format=%(trailers:only)", "env/prod").contains("Linkwright-Input"))
  }

  /// A directory and the index have no day: the exception holds, and the report says so.
  @Test func withoutADayItIsSaid() throws {
    let fleet = try Self.fleet(until: "2023-11-13")
    // Text shows notes where it is asked to; formats for programs have them always.
    let json = try fleet.linkwright("validate", "--format", "json")
    #expect(json.status == 0 && json.text.contains("\"LW6013\""))
    for arguments in [
      ["validate", "--verbose"], ["validate", "--staged", "--verbose"], ["build", "--dry-run", "--verbose"],
    ] {
      let output = try FleetRepository.program.run(
        arguments, in: fleet.path, environment: FleetRepository.environment)
      #expect(output.status == 0, "\(arguments): \(output.text)\(output.errorText)")
      #expect(
        (output.text + output.errorText).contains("not compared: this source has no date"), "\(arguments)")
    }
  }
}
