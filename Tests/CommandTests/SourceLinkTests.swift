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

  /// A clone without submodules has empty directories in their place.
  @Test(arguments: places, ["", "teams/a/"])
  func aSubmoduleThatIsNotCheckedOutIsReported(_ place: String, _ prefix: String) throws {
    let fleet = try FleetRepository(prefix: prefix)
    let other = try FleetRepository()
    try fleet.git("rm", "-q", "-r", "--ignore-unmatch", prefix + place)
    try fleet.git("-c", "protocol.file.allow=always", "submodule", "-q", "add", other.path, prefix + place)
    try fleet.commitAll("A submodule")
    let clone = fleet.root + "/clone"
    try fleet.git("clone", "-q", fleet.path, clone)
    let folder = clone + "/" + prefix
    try FileManager.default.createDirectory(
      atPath: folder + "observed/gold/empty", withIntermediateDirectories: true)
    func validate(_ arguments: String...) throws -> Program.Output {
      try fleet.linkwright(["validate"] + arguments, at: folder)
    }
    let output = try validate()
    #expect(output.status == 1, "\(output.errorText)")
    #expect(output.errorText == (try validate("--ref", "HEAD").errorText), "\(output.errorText)")
    #expect(output.errorText == (try validate("--staged").errorText), "\(output.errorText)")
    #expect(output.errorText.contains("\(place) is a submodule"), "\(output.errorText)")
    #expect(!output.errorText.contains("empty"), "\(output.errorText)")
    guard place.hasPrefix("workloads/") else { return }
    // Where the fleet says that it does not want it, it is nobody's business.
    let text = """
      apiVersion: linkwright.dev/v1alpha1
      kind: Fleet
      metadata: {name: a}
      spec: {sources: {workloads: ["workloads/{cluster}/**", "!\(place)/**"]}}

      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "linkwright.yaml"))
    let excluded = try validate()
    #expect(!excluded.errorText.contains("LW1115"), "\(excluded.errorText)")
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
