import Compiler
import Diagnostics
import Foundation
import Kubernetes
import Linker
import Output
import TestSupport
import Testing

/// Findings that need an output on record, or a large one.
@Suite struct OutputTests {
  private static let policy =
    "rendered/gold/manifests/a1b2c3-dev/networkpolicy-allow-from-f5-ingress-yourservice.yaml"

  /// A fleet of the tests in a directory, built once.
  private func built() throws -> ScratchDirectory {
    let scratch = try ScratchDirectory("output")
    try scratch.write(FixtureFleet(base: "porter-pair").files)
    let output = try Linkwright.run("build", scratch.root)
    try #require(output.status == 0, "\(output.errorText)")
    return scratch
  }

  /// Runs a command that must fail with a rule, and change nothing.
  private func expect(_ rule: String, at path: String, _ arguments: String..., in scratch: ScratchDirectory)
    throws
  {
    let before = try scratch.files()
    let output = try Linkwright.program.run(
      arguments + [scratch.root], environment: ["NO_COLOR": "1"])
    #expect(output.status == 1)
    #expect(output.errorText.contains("[\(rule)]") && output.errorText.contains(path), "\(output.errorText)")
    #expect(try scratch.files() == before)
  }

  @Test func editedFileIsReportedAndKept() throws {
    let scratch = try built()
    let edited = try #require(try scratch.files()[Self.policy]) + Array("# by hand\n".utf8)
    try scratch.write([Self.policy: edited])
    try expect("LW1503", at: Self.policy, "build", in: scratch)
    try expect("LW1503", at: Self.policy, "check", in: scratch)
    #expect(try Linkwright.run("build", "--overwrite-edited", scratch.root).status == 0)
    #expect(try scratch.files()[Self.policy] != edited)
  }

  @Test func foreignFileInTheWayIsReportedAndKept() throws {
    let scratch = try ScratchDirectory("foreign")
    try scratch.write(FixtureFleet(base: "porter-pair").files)
    try scratch.write("kind: Mine\n", to: Self.policy)
    try expect("LW1504", at: Self.policy, "build", in: scratch)
  }

  @Test func foreignFilesBesideTheOutputSurvive() throws {
    let scratch = try built()
    let foreign = "rendered/gold/manifests/a1b2c3-dev/notes.txt"
    try scratch.write("mine\n", to: foreign)
    try FileManager.default.removeItem(atPath: scratch.path("connections/yourservice.yaml"))
    #expect(try Linkwright.run("build", scratch.root).status == 0)
    let files = try scratch.files(below: "rendered")
    #expect(files.keys.sorted() == ["gold/manifests/a1b2c3-dev/notes.txt"])
  }

  @Test func staleOutputFailsTheCheck() throws {
    let scratch = try built()
    try FileManager.default.removeItem(atPath: scratch.path(Self.policy))
    try expect("LW1513", at: Self.policy, "check", in: scratch)
  }

  @Test func inventoryThatCannotBeReadStopsTheBuild() throws {
    let scratch = try built()
    let inventory = "rendered/gold/inventory/a1b2c3-dev.lock"
    try scratch.write("<<<<<<< HEAD\n", to: inventory)
    try expect("LW1511", at: inventory, "build", in: scratch)
  }

  // MARK: Size and names

  /// The findings about an output of `count` objects of `bytes` each, for Argo CD.
  private func findings(count: Int, bytes: Int, name: String = "object") throws -> [Diagnostic] {
    var fleet = try FixtureFleet(base: "porter-pair")
    fleet = fleet.overlaid(
      by: """
        -- linkwright.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Fleet
        metadata: {name: large}
        spec: {output: {consumer: {type: argocd, version: "3"}}}
        """)
    let document = try #require(try fleet.compile().fleet)
    let content = [UInt8](repeating: UInt8(ascii: "#"), count: bytes)
    let subject = Label(SourceRange(wholeFile: SourceFile(path: "connections/x.yaml", bytes: [])))
    let objects = (0..<count).map { index in
      RenderedObject(
        cluster: "gold", part: .manifests,
        identity: ObjectIdentity(
          apiVersion: "v1", kind: "ConfigMap", namespace: "a1b2c3-dev", name: "\(name)-\(index)"),
        content: content, unit: "x", subject: subject)
    }
    return OutputTree(objects, fleet: document).findings
  }

  @Test func directoryNearTheLimitOfArgoCD() throws {
    #expect(try findings(count: 9, bytes: 999_000).isEmpty)
    #expect(try findings(count: 10, bytes: 999_000).map(\.rule.id) == ["LW1509"])
  }

  @Test func kustomizationOfManyObjects() throws {
    #expect(try findings(count: 2000, bytes: 10).isEmpty)
    #expect(try findings(count: 2001, bytes: 10).map(\.rule.id) == ["LW1510"])
  }

  @Test(arguments: ["../out", "a//b", "a/../b"])
  func nameThatIsNoFileName(_ name: String) throws {
    #expect(try findings(count: 1, bytes: 10, name: name).map(\.rule.id) == ["LW1508"])
  }
}
