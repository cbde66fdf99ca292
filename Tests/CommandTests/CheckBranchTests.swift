import TestSupport
import Testing

/// `linkwright check` where the Fleet sends output to branches of its own.
struct CheckBranchTests {
  private static func fleet(_ output: String) throws -> FleetRepository {
    let fleet = try FleetRepository()
    let text = try fleet.read("linkwright.yaml")
    try fleet.write("linkwright.yaml", text.replacing("    path: rendered\n", with: output))
    try fleet.commitAll("Output elsewhere")
    return fleet
  }

  @Test func whatGoesToABranchDoesNotLieHere() throws {
    let fleet = try Self.fleet("    path: rendered\n    branch: env/prod\n")
    for arguments in [["check"], ["check", "--ref", "HEAD"], ["check", "--staged"]] {
      let output = try FleetRepository.program.run(
        arguments, in: fleet.path, environment: FleetRepository.environment)
      #expect(output.status == 0, "\(arguments): \(output.text)\(output.errorText)")
      #expect((output.text + output.errorText).contains("what goes to env/prod does not lie here"))
    }
    // Errors of the fleet are errors all the same.
    try fleet.write("connections/broken.yaml", "kind: Connection\n")
    #expect(try fleet.linkwright("check").status == 1)
  }

  /// Whoever writes it beside the fleet nevertheless has it checked.
  @Test func whatLiesHereIsChecked() throws {
    let fleet = try Self.fleet("    path: rendered\n    branch: env/prod\n")
    #expect(try fleet.linkwright("build").status == 0)
    #expect(try fleet.linkwright("check").errorText.contains("does not lie here") == false)
    try fleet.changePort(8001)
    #expect(try fleet.linkwright("check").status == 1)
  }

  /// A unit with a branch of its own is left out, the rest is not.
  @Test func unitsWithBranchesAreLeftOut() throws {
    let fleet = try Self.fleet(
      """
          path: rendered
          units:
          - name: dr
            clusters: [golddr]
            namespaces: [yourlicenceplate-dev]
            path: rendered/{cluster}/{unit}
            branch: env/dr

      """)
    #expect(try fleet.linkwright("check").status == 1)
    #expect(try fleet.linkwright("build").status == 0)
    try fleet.git("clean", "-fdxq", "rendered/golddr/dr")
    let output = try fleet.linkwright("check")
    #expect(output.status == 0, "\(output.text)\(output.errorText)")
    #expect((output.text + output.errorText).contains("what goes to env/dr does not lie here"))
  }
}
