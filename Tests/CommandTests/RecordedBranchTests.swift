import Foundation
import TestSupport
import Testing

/// Commands that compare with the output on record, where that lies on a branch of its own.
struct RecordedBranchTests {
  private func fleet() throws -> FleetRepository {
    let fleet = try FleetRepository()
    let text = try fleet.read("linkwright.yaml")
    try fleet.write(
      "linkwright.yaml",
      text.replacing("    path: rendered\n", with: "    path: rendered\n    branch: environment/all\n"))
    try fleet.commitAll("The output goes to a branch")
    return fleet
  }

  @Test func renamedClaimIsSeenByValidate() throws {
    let fleet = try fleet()
    #expect(try fleet.linkwright("commit").status == 0)
    let connection = try fleet.read("connections/yourservice.yaml")
    try fleet.write(
      "connections/yourservice.yaml",
      connection.replacing("  exposure:", with: "  porter: {claimName: other-tsc}\n  exposure:"))
    try fleet.git("add", "-A")
    for arguments in [[], ["--staged"]] {
      let output = try FleetRepository.program.run(
        ["validate"] + arguments, in: fleet.path, environment: FleetRepository.environment)
      #expect(output.errorText.contains("LW2129"), "\(arguments) \(output.errorText)")
    }
    // A clone has the branch as its remote's.
    try fleet.commitAll("Rename the claim")
    try fleet.git("clone", "-q", fleet.path, fleet.root + "/clone")
    let output = try fleet.linkwright("validate", at: fleet.root + "/clone")
    #expect(output.errorText.contains("LW2129"), "\(output.errorText)")
  }
}
