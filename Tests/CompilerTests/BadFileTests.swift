import Foundation
import Glibc
import TestSupport
import Testing

/// Files and directories that are not what they should be: too large, links, pipes, directories, not there.
@Suite struct BadFileTests {
  @Test func directoryWithoutFleet() throws {
    let scratch = try ScratchDirectory("nothing")
    try BadInputTests.expect(1, "LW1101", "linkwright init", at: scratch)
  }

  /// Sparse files: the size is known at once, and nothing of them is read.
  @Test(arguments: [
    "connections/large.yaml", "workloads/gold/large.yaml", "observed/gold/large.json", "linkwright.yaml",
    "baseline/deny.yaml",
  ])
  func largeFileIsRefusedUnread(_ path: String) throws {
    let scratch = try BadInputTests.scratch([path: []])
    try #require(truncate(scratch.path(path), 200 << 20) == 0)
    let output = try BadInputTests.expect(1, "LW1007", "--> \(path)", "209715200", at: scratch)
    #expect(!output.timedOut)
    #expect(output.processorTime < .seconds(10))
  }

  @Test func largeTemplateIsRefused() throws {
    let scratch = try BadInputTests.scratch(["templates/porter/names.yaml": []])
    try #require(truncate(scratch.path("templates/porter/names.yaml"), 200 << 20) == 0)
    try BadInputTests.expect(1, "--> templates/porter/names.yaml", "209715200", at: scratch)
  }

  @Test func directoryInPlaceOfAFile() throws {
    let scratch = try BadInputTests.scratch()
    for path in ["linkwright.yaml", "baseline/deny.yaml"] {
      try FileManager.default.removeItem(atPath: scratch.path(path))
      try FileManager.default.createDirectory(atPath: scratch.path(path), withIntermediateDirectories: true)
      try BadInputTests.expect(1, path == "linkwright.yaml" ? "LW1101" : "LW1116", at: scratch)
      try FileManager.default.removeItem(atPath: scratch.path(path))
      try scratch.write(FixtureFleet(base: "porter-pair").files.filter { $0.key == path })
    }
  }

  /// A pipe that nobody writes to must not hold the program up.
  @Test(arguments: [
    "connections/pipe.yaml", "workloads/gold/pipe.yaml", "baseline/deny.yaml", "templates/porter/names.yaml",
  ])
  func pipeDoesNotBlock(_ path: String) throws {
    let scratch = try BadInputTests.scratch([path: []])
    try FileManager.default.removeItem(atPath: scratch.path(path))
    try #require(mkfifo(scratch.path(path), 0o600) == 0)
    let output = try Linkwright.run("validate", scratch.root)
    #expect(!output.timedOut)
    #expect(output.status == (path.hasPrefix("baseline") ? 1 : 0), "\(output.errorText)")
  }

  @Test func pipeAsFleetOrArgumentDoesNotBlock() throws {
    let scratch = try BadInputTests.scratch()
    try #require(mkfifo(scratch.path("pipe"), 0o600) == 0)
    let argument = try Linkwright.run("validate", "--workloads", "gold=\(scratch.path("pipe"))", scratch.root)
    #expect(!argument.timedOut)
    #expect(
      argument.status == 2 && argument.errorText.contains("not a regular file"), "\(argument.errorText)")
    try FileManager.default.removeItem(atPath: scratch.path("linkwright.yaml"))
    try #require(mkfifo(scratch.path("linkwright.yaml"), 0o600) == 0)
    let fleet = try Linkwright.run("validate", scratch.root)
    #expect(!fleet.timedOut && fleet.status == 1, "\(fleet.errorText)")
  }

  @Test(.disabled(if: getuid() == 0, "the superuser may read everything"))
  func unreadableFile() throws {
    let scratch = try BadInputTests.scratch()
    try #require(chmod(scratch.path(BadInputTests.connection), 0) == 0)
    try BadInputTests.expect(
      1, "LW1114", "--> \(BadInputTests.connection)", "permission denied", at: scratch, writing: true)
  }

  @Test func fileNameThatIsNotUTF8() throws {
    let scratch = try BadInputTests.scratch()
    let name = Array(scratch.path("connections/bad").utf8) + [0xFF] + Array(".yaml".utf8)
    let descriptor = (name.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer {
      open($0.baseAddress!, O_CREAT | O_WRONLY, 0o644)
    }
    try #require(descriptor >= 0)
    close(descriptor)
    let output = try Linkwright.run("validate", scratch.root)
    #expect(output.status == 1 && output.errorText.contains("LW1114"), "\(output.errorText)")
  }

  // MARK: Symbolic links

  /// What lies behind a link is no part of the commit: it is not read, and the reader is told.
  @Test(arguments: ["connections/link.yaml", "workloads/gold/link.yaml", "templates/link.yaml"])
  func linkIsNotFollowed(_ path: String) throws {
    let scratch = try BadInputTests.scratch([path: []])
    try FileManager.default.removeItem(atPath: scratch.path(path))
    try #require(symlink("/etc/passwd", scratch.path(path)) == 0)
    let output = try Linkwright.run("validate", "--color", "never", scratch.root)
    #expect(output.status == 1)
    #expect(
      output.errorText.contains("LW1115") && output.errorText.contains("--> \(path)"), "\(output.errorText)")
    #expect(!output.errorText.contains("root:"))
  }

  @Test func fleetFileThatIsALink() throws {
    let scratch = try BadInputTests.scratch(["elsewhere.yaml": []])
    try FileManager.default.moveItem(
      atPath: scratch.path("linkwright.yaml"), toPath: scratch.path("real.yaml"))
    try #require(symlink("real.yaml", scratch.path("linkwright.yaml")) == 0)
    try BadInputTests.expect(1, "LW1114", "symbolic link", at: scratch)
  }

  @Test func directoryThatIsALink() throws {
    let outside = try ScratchDirectory("outside")
    try outside.write("apiVersion: v1\nkind: Secret\nmetadata: {name: a: b}\n", to: "gold/broken.yaml")
    let scratch = try BadInputTests.scratch()
    try #require(symlink(outside.root, scratch.path("recorded")) == 0)
    let output = try Linkwright.run("validate", "--color", "never", scratch.root)
    #expect(output.status == 1 && output.errorText.contains("LW1115"), "\(output.errorText)")
    #expect(!output.errorText.contains("broken.yaml"))
  }

  @Test func baselineBehindALink() throws {
    let outside = try ScratchDirectory("outside")
    try outside.write(FixtureFleet(base: "porter-pair").files)
    let scratch = try BadInputTests.scratch()
    try FileManager.default.removeItem(atPath: scratch.path("baseline"))
    try #require(symlink(outside.path("baseline"), scratch.path("baseline")) == 0)
    try BadInputTests.expect(1, "LW1116", "there is no file baseline/deny.yaml", at: scratch)
  }

  /// A build never writes through a link, wherever it leads.
  @Test func outputThatIsALink() throws {
    let outside = try ScratchDirectory("outside")
    let scratch = try BadInputTests.scratch()
    try #require(symlink(outside.root, scratch.path("rendered")) == 0)
    let output = try Linkwright.run("build", scratch.root)
    #expect(output.status == 2 || output.status == 1, "\(output.errorText)")
    #expect(output.errorText.contains("rendered"))
    #expect(try outside.files().isEmpty)
  }

  // MARK: The output's place

  @Test func fileInPlaceOfTheOutput() throws {
    let scratch = try BadInputTests.scratch(["rendered": Array("mine\n".utf8)])
    let output = try Linkwright.run("build", scratch.root)
    #expect(output.status == 2 || output.status == 1, "\(output.errorText)")
    #expect(output.errorText.contains("rendered"))
    #expect(try scratch.files()["rendered"] == Array("mine\n".utf8))
  }

  @Test(.disabled(if: getuid() == 0, "the superuser may write everywhere"))
  func outputThatCannotBeWritten() throws {
    let scratch = try BadInputTests.scratch()
    try FileManager.default.createDirectory(
      atPath: scratch.path("rendered"), withIntermediateDirectories: true)
    try #require(chmod(scratch.path("rendered"), 0o555) == 0)
    try BadInputTests.expect(2, "permission denied", "nothing was changed", at: scratch)
  }

  /// Names of manifests become names of files: none of them may lead out of the output.
  @Test(arguments: ["../../../evil", "a/b", "..", "UPPER", "a b", String(repeating: "a", count: 300)])
  func namesOfManifestsStayInside(_ name: String) throws {
    let service = """
      apiVersion: v1
      kind: Service
      metadata: {name: "\(name)", namespace: a1b2c3-dev, labels: {pick: me}}
      spec: {type: NodePort, selector: {name: yourapp}, ports: [{port: 8000}]}

      """
    let scratch = try BadInputTests.scratch([
      "workloads/gold/evil.yaml": Array(service.utf8), "workloads/golddr/evil.yaml": Array(service.utf8),
      BadInputTests.connection: Array(
        BadInputTests.connection(
          to: "{clusters: [gold], serviceSelector: {matchLabels: {pick: me}}, ports: [8000]}"
        ).utf8),
    ])
    try BadInputTests.expect(1, "error[LW", at: scratch)
  }
}
