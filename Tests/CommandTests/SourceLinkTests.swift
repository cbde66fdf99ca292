import Foundation
import TestSupport
import Testing

/// What stands in the sources and is no file of git's: links, submodules, pointers of Git LFS.
struct SourceLinkTests {
  /// Directories that patterns of the Fleet go into.
  private static let places = ["connections", "workloads/gold", "policies", "workloads"]

  @Test(arguments: places)
  func aLinkToADirectoryIsReportedWhereverTheFleetIsRead(_ place: String) throws {
    let fleet = try FleetRepository()
    try fleet.write("org/x/a.yaml", "just: data\n")
    try fleet.git("rm", "-q", "-r", "--ignore-unmatch", place)
    let above = (place as NSString).deletingLastPathComponent
    try FleetRepository.run(["mkdir", "-p", "./\(above)"], in: fleet.path)
    try FleetRepository.run(
      ["ln", "-s", above.isEmpty ? "org" : "../org", place], in: fleet.path)
    try fleet.commitAll("A link")
    for source in [[], ["--ref", "HEAD"], ["--staged"]] {
      let output = try run(fleet, ["validate"] + source)
      #expect(output.status == 1 && output.errorText.contains("LW1115"), "\(source) \(output.errorText)")
      #expect(output.errorText.contains("--> \(place)"), "\(output.errorText)")
    }
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 1)
  }

  @Test(arguments: places)
  func aSubmoduleIsReportedWhereverTheFleetIsRead(_ place: String) throws {
    let fleet = try FleetRepository()
    let other = try FleetRepository()
    try fleet.git("rm", "-q", "-r", "--ignore-unmatch", place)
    try fleet.git("-c", "protocol.file.allow=always", "submodule", "-q", "add", other.path, place)
    try fleet.commitAll("A submodule")
    for source in [[], ["--ref", "HEAD"], ["--staged"]] {
      let output = try run(fleet, ["validate"] + source)
      #expect(output.status == 1 && output.errorText.contains("LW1115"), "\(source) \(output.errorText)")
    }
  }

  @Test
  func linksThatLeadToNoSourcesAreNobodysBusiness() throws {
    let fleet = try FleetRepository()
    try fleet.write("docs/notes.txt", "text\n")
    try FleetRepository.run(["ln", "-s", "../../docs/notes.txt", "workloads/gold/NOTES"], in: fleet.path)
    try FleetRepository.run(["ln", "-s", "nowhere", "workloads/gold/gone"], in: fleet.path)
    try FleetRepository.run(["ln", "-s", "docs", "more"], in: fleet.path)
    try fleet.commitAll("Links")
    for source in [[], ["--ref", "HEAD"], ["--staged"]] {
      let output = try run(fleet, ["validate"] + source)
      #expect(output.status == 0, "\(source) \(output.errorText)")
    }
  }

  @Test(arguments: ["workloads/gold/policy.yaml", "connections/more.yaml", "schemas/crds/x.yaml"])
  func aPointerOfGitLFSIsNamed(_ path: String) throws {
    let fleet = try FleetRepository()
    try fleet.write(
      path,
      "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "4d7a2146", count: 8))\nsize 1234\n"
    )
    try fleet.commitAll("A pointer")
    for source in [[], ["--ref", "HEAD"]] {
      let output = try run(fleet, ["validate"] + source)
      #expect(output.status == 1 && output.errorText.contains("LW1808"), "\(output.errorText)")
      #expect(output.errorText.contains("--> \(path)"), "\(output.errorText)")
    }
  }

  @Test
  func aPlainTextAmongManifestsIsReported() throws {
    let fleet = try FleetRepository()
    try fleet.write("workloads/gold/text.yaml", "just a text\n")
    let output = try fleet.linkwright("validate")
    #expect(output.status == 0 && output.errorText.contains("LW1122"), "\(output.errorText)")
  }

  private func run(_ fleet: FleetRepository, _ arguments: [String]) throws -> Program.Output {
    try FleetRepository.program.run(
      arguments, in: fleet.path, environment: FleetRepository.environment)
  }
}
