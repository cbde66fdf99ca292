import Foundation
import Glibc
import TestSupport
import Testing

/// What commands do with the files that they are given, and where they write.
struct FileHandlingTests {
  private static let answer = """
    apiVersion: cis.f5.com/v1
    kind: TransportServer
    metadata: {name: yourservice-tsc, namespace: yourlicenceplate-dev}
    spec: {virtualServerAddress: 142.34.229.62, virtualServerPort: 1, pool: {service: another, servicePort: 1}}

    """

  /// The record of a fleet with a branch of its own lies there, not in the directory.
  @Test func comparesWithTheOutputOnItsBranch() throws {
    let fleet = try FleetRepository()
    try fleet.write("answer.yaml", Self.answer)
    let nothing = try fleet.linkwright("observe", "--cluster", "gold", "--compare", "-f", "answer.yaml")
    #expect(nothing.status == 2 && nothing.errorText.contains("expects nothing of cluster 'gold'"))
    try fleet.write(
      "linkwright.yaml",
      "apiVersion: linkwright.dev/v1alpha1\nkind: Fleet\nmetadata: {name: porter-pair}\nspec: {output: {branch: env}}\n"
    )
    try fleet.commitAll("A branch")
    #expect(try fleet.linkwright("commit").status == 0)
    let compared = try fleet.linkwright("observe", "--cluster", "gold", "--compare", "-f", "answer.yaml")
    #expect(compared.status == 1 && compared.errorText.contains("LW1403"), "\(compared.errorText)")
  }

  @Test func aDirectoryThatIsALinkIsNotFollowed() throws {
    let fleet = try FleetRepository()
    try fleet.write("answer.yaml", Self.answer)
    let outside = fleet.root + "/outside"
    try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
    try FleetRepository.run(["rm", "-rf", "observed"], in: fleet.path)
    try FileManager.default.createDirectory(
      atPath: fleet.path + "/observed", withIntermediateDirectories: true)
    #expect(symlink(outside, fleet.path + "/observed/gold") == 0)
    let output = try fleet.linkwright("observe", "--cluster", "gold", "-f", "answer.yaml")
    #expect(output.status == 2 && output.errorText.contains("never followed"), "\(output.errorText)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: outside).isEmpty)
  }

  @Test func formattingKeepsTheMode() throws {
    let fleet = try FleetRepository()
    let file = "connections/yourservice.yaml"
    let tidy = try fleet.read(file)
    try fleet.write(file, tidy.replacing("kind: Connection\n", with: "kind: Connection   \n"))
    #expect(chmod(fleet.path + "/" + file, 0o600) == 0)
    let output = try fleet.linkwright("fmt")
    #expect(output.status == 0, "\(output.errorText)")
    #expect(try fleet.read(file) == tidy)
    var status = stat()
    #expect(stat(fleet.path + "/" + file, &status) == 0 && status.st_mode & 0o777 == 0o600)
  }

  @Test func graphWritesIntoWhatIsThere() throws {
    let fleet = try FleetRepository()
    for format in ["", "=", "=a", "pdf=x"] {
      let output = try fleet.linkwright("graph", "--format", format)
      #expect(
        output.status == 2 && output.errorText.contains("is no value of --format"), "\(output.errorText)")
    }
    let target = fleet.root + "/target.svg"
    #expect(FileManager.default.createFile(atPath: target, contents: nil))
    #expect(symlink(target, fleet.root + "/link.svg") == 0)
    #expect(try fleet.linkwright("graph", "--format", "svg=../link.svg").status == 0)
    #expect(try String(contentsOfFile: target, encoding: .utf8).contains("<svg"))
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: fleet.root + "/link.svg") == target)
  }

  @Test func emptyArgumentsAreRefused() throws {
    let fleet = try FleetRepository()
    for command in ["init", "validate", "build", "fmt"] {
      let output = try fleet.linkwright(command, "", at: fleet.root)
      #expect(output.status == 2 && output.errorText.contains("an argument is empty"), "\(output.errorText)")
    }
  }

  @Test(arguments: ["2026", "null", "on", "1e3", String(repeating: "a", count: 62) + "-b"])
  func startsAFleetInADirectoryOfAnyName(_ name: String) throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("init", name, at: fleet.root).status == 0)
    let output = try fleet.linkwright("validate", name, at: fleet.root)
    #expect(output.status == 0, "\(output.errorText)")
  }

  @Test func aFailureToReadIsNotTheEnd() throws {
    let fleet = try FleetRepository()
    let script = "\"$0\" observe --cluster gold -f - < /"
    let output = try #require(Program.find("bash")).run(
      ["-c", script, FleetRepository.program.path], in: fleet.path, environment: FleetRepository.environment)
    #expect(
      output.status == 2 && output.errorText.contains("cannot read standard input"), "\(output.errorText)")
  }
}
