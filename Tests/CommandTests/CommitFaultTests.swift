import Foundation
import Glibc
import TestSupport
import Testing

/// `linkwright commit` where the repository or what is in it stands in the way: a message that helps, and nothing
/// written.
struct CommitFaultTests {
  private static func expectNothingWritten(
    _ fleet: FleetRepository, _ before: String, _ location: SourceLocation = #_sourceLocation
  ) throws {
    #expect(try fleet.git("for-each-ref") == before, sourceLocation: location)
  }

  @Test(
    .enabled(if: geteuid() == 0 && Program.find("setpriv") != nil, "needs root, and setpriv to give it up"))
  func aReadOnlyRepository() throws {
    let fleet = try FleetRepository()
    let before = try fleet.git("for-each-ref")
    try FleetRepository.run(["chmod", "-R", "a-w", fleet.path + "/.git"], in: "/")
    defer { _ = try? FleetRepository.run(["chmod", "-R", "u+w", fleet.path + "/.git"], in: "/") }
    // Capabilities are what lets root write anywhere.
    let output = try #require(Program.find("setpriv")).run(
      [
        "--bounding-set=-all", "--inh-caps=-all", FleetRepository.program.path, "commit", "--branch", "out",
      ], in: fleet.path, environment: FleetRepository.environment)
    #expect(output.status == 2, "\(output.errorText)")
    #expect(output.errorText.contains("make the repository's directory writable"), "\(output.errorText)")
    try Self.expectNothingWritten(fleet, before)
  }

  /// The branch moves together with the note: a lock that nobody holds any more is named, and nothing is done.
  @Test func aNoteThatCannotBeWritten() throws {
    let fleet = try FleetRepository()
    let lock = fleet.path + "/.git/refs/notes/hydrator.metadata.lock"
    try FileManager.default.createDirectory(
      atPath: fleet.path + "/.git/refs/notes", withIntermediateDirectories: true)
    #expect(FileManager.default.createFile(atPath: lock, contents: nil))
    let before = try fleet.git("for-each-ref")
    let output = try fleet.linkwright("commit", "--branch", "out")
    #expect(output.status == 2 && output.errorText.contains("remove \(lock)"), "\(output.errorText)")
    try Self.expectNothingWritten(fleet, before)
    unlink(lock)
    let again = try fleet.linkwright("commit", "--branch", "out")
    #expect(again.status == 0, "\(again.errorText)")
    #expect(
      try fleet.git("notes", "--ref", "hydrator.metadata", "show", "out").contains(try fleet.id("HEAD")))
  }

  /// Overwrites a loose object.
  private static func corrupt(_ id: String, in folder: String, removing: Bool = false) throws {
    let file = "\(folder)/objects/\(id.prefix(2))/\(id.dropFirst(2))"
    chmod(file, 0o644)
    if removing { unlink(file) } else { try Data("garbage".utf8).write(to: URL(fileURLWithPath: file)) }
  }

  @Test(arguments: [true, false])
  func aCorruptOrMissingFileOfTheSource(removing: Bool) throws {
    let fleet = try FleetRepository()
    let before = try fleet.git("for-each-ref")
    let id = try fleet.id("HEAD:connections/yourservice.yaml")
    try Self.corrupt(id, in: fleet.path + "/.git", removing: removing)
    let output = try fleet.linkwright("commit", "--branch", "out")
    #expect(output.status == 2, "\(output.errorText)")
    #expect(output.errorText.contains(id) && output.errorText.contains("git fsck"), "\(output.errorText)")
    #expect(output.errorText.contains("connections/yourservice.yaml"), "\(output.errorText)")
    try Self.expectNothingWritten(fleet, before)
  }

  @Test(arguments: ["connections", "workloads/gold"])
  func aCorruptDirectoryOfTheSource(_ path: String) throws {
    let fleet = try FleetRepository()
    let before = try fleet.git("for-each-ref")
    let id = try fleet.id("HEAD:\(path)")
    try Self.corrupt(id, in: fleet.path + "/.git")
    let output = try fleet.linkwright("commit", "--branch", "out")
    #expect(output.status == 2 && output.errorText.contains(id), "\(output.errorText)")
    try Self.expectNothingWritten(fleet, before)
  }

  @Test(arguments: [
    "rendered/gold", "rendered/gold/inventory/yourlicenceplate-dev.lock", "hydrator.metadata",
  ])
  func aCorruptObjectOfTheOutput(_ path: String) throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    try fleet.changePort(8001)
    let id = try fleet.id("out:\(path)")
    try Self.corrupt(id, in: fleet.path + "/.git")
    let before = try fleet.git("for-each-ref")
    let output = try fleet.linkwright("commit", "--branch", "out")
    #expect(output.status == 2 && output.errorText.contains(id), "\(output.errorText)")
    try Self.expectNothingWritten(fleet, before)
  }

  @Test
  func aPartialCloneSaysWhatItLacks() throws {
    let fleet = try FleetRepository()
    try fleet.git("config", "uploadpack.allowFilter", "true")
    let clone = fleet.root + "/partial"
    try fleet.git("clone", "-q", "--no-checkout", "--filter=blob:none", "file://\(fleet.path)", clone)
    let output = try fleet.linkwright("commit", "--branch", "out", at: clone)
    #expect(output.status == 2, "\(output.errorText)")
    #expect(
      output.errorText.contains("the clone is partial") && output.errorText.contains("git cat-file -t"),
      "\(output.errorText)")
    // A checkout brings what a compile reads.
    try fleet.git("checkout", "-q", "main", at: clone)
    let second = try fleet.linkwright("commit", "--branch", "out", at: clone)
    #expect(second.status == 0, "\(second.errorText)")
  }

  /// Commits a tree beside what git would let one commit: foreign files where output goes.
  private static func commit(_ files: [String], to branch: String, in fleet: FleetRepository) throws {
    let index = ["GIT_INDEX_FILE": fleet.root + "/index-\(UUID().uuidString)"]
    let git = try #require(Program.find("git"))
    func run(_ arguments: [String]) throws -> String {
      let output = try git.run(
        arguments, in: fleet.path, environment: FleetRepository.environment.merging(index) { $1 })
      #expect(output.status == 0, "\(output.errorText)")
      return output.text.trimmingCharacters(in: .newlines)
    }
    let blob = try fleet.id("HEAD:linkwright.yaml")
    for file in files { _ = try run(["update-index", "--add", "--cacheinfo", "100644,\(blob),\(file)"]) }
    let commit = try run(["commit-tree", "-m", "Foreign", try run(["write-tree"])])
    try fleet.git("update-ref", "refs/heads/\(branch)", commit)
  }

  @Test(arguments: [
    // A file where the output needs a directory, and the other way round.
    "rendered/gold/manifests", "rendered/gold/manifests/kustomization.yaml/mine.txt",
  ])
  func filesAndDirectoriesInEachOthersPlace(_ path: String) throws {
    let fleet = try FleetRepository()
    try Self.commit([path], to: "out", in: fleet)
    let before = try fleet.git("for-each-ref")
    let output = try fleet.linkwright("commit", "--branch", "out")
    #expect(output.status == 1, "\(output.errorText)")
    #expect(
      output.errorText.contains("LW15") && output.errorText.contains("rendered/gold"), "\(output.errorText)")
    try Self.expectNothingWritten(fleet, before)
  }

  @Test
  func sourcesThatBecomeDirectoriesOrChangeCase() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    let text = try fleet.read("connections/yourservice.yaml")
    try fleet.git("rm", "-q", "connections/yourservice.yaml")
    try fleet.write("connections/yourservice.yaml/it.yaml", text)
    try fleet.commitAll("A directory")
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    let origins = try fleet.git("grep", "-l", "connections/yourservice.yaml/it.yaml", "out", "--", "rendered")
    #expect(!origins.isEmpty)
    try fleet.git("mv", "connections/yourservice.yaml/it.yaml", "connections/YourService.yaml")
    try fleet.commitAll("Another case")
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    #expect(!(try fleet.git("grep", "-l", "connections/YourService.yaml", "out", "--", "rendered")).isEmpty)
    // Two names that differ in case only are two files for git.
    try fleet.git("mv", "connections/YourService.yaml", "connections/yourservice.yaml")
    try Self.commit(["README.md", "readme.md"], to: "two", in: fleet)
    try fleet.commitAll("Back")
    let two = try fleet.linkwright("commit", "--branch", "two")
    #expect(two.status == 0, "\(two.errorText)")
    #expect(
      try fleet.git("ls-tree", "--name-only", "two").contains("README.md\nhydrator.metadata\nreadme.md"))
    try fleet.expectClean()
  }

  /// Paths beyond what the system takes for a file (4,096 bytes): nothing is checked out.
  @Test
  func veryLongPaths() throws {
    let fleet = try FleetRepository()
    let deep = (0..<30).map { "directory-\($0)-" + String(repeating: "x", count: 180) }.joined(separator: "/")
    let blob = try fleet.id("HEAD:connections/yourservice.yaml")
    try fleet.git("rm", "-q", "--cached", "connections/yourservice.yaml")
    // Too long for one argument list's worth of a checkout, not for an index.
    let entry = "100644 \(blob)\tconnections/\(deep)/yourservice.yaml\n"
    let git = try #require(Program.find("git"))
    let added = try git.run(
      ["update-index", "--index-info"], input: Array(entry.utf8), in: fleet.path,
      environment: FleetRepository.environment)
    try #require(added.status == 0, "\(added.errorText)")
    let tree = try fleet.git("write-tree")
    let source = try fleet.git("commit-tree", "-m", "Deep", tree)
    let output = try fleet.linkwright("commit", "--branch", "out", "--ref", source)
    #expect(output.status == 0, "\(output.errorText)")
    #expect(!(try fleet.git("grep", "-l", "directory-29-x", "out", "--", "rendered")).isEmpty)
    try fleet.expectClean()
  }

  /// A branch with 100,000 foreign files keeps them, and takes the output in a moment.
  @Test
  func aBranchWithAHundredThousandFiles() throws {
    let fleet = try FleetRepository()
    var stream =
      "blob\nmark :1\ndata 2\nx\n\ncommit refs/heads/out\ncommitter Ada <ada@example.org> 1 +0000\ndata 1\nx\n"
    for number in 0..<100_000 {
      stream += "M 100644 :1 rendered/other/d\(number / 1000)/e\(number / 50)/f\(number).txt\n"
    }
    let git = try #require(Program.find("git"))
    let imported = try git.run(
      ["fast-import", "--quiet"], input: Array((stream + "\n").utf8), in: fleet.path,
      environment: FleetRepository.environment)
    try #require(imported.status == 0, "\(imported.errorText)")
    let output = try fleet.linkwright("commit", "--branch", "out")
    #expect(output.status == 0, "\(output.errorText)")
    let files = try fleet.git("ls-tree", "-r", "--name-only", "out").split(separator: "\n")
    #expect(files.count == 100_000 + 18, "\(files.count)")
    try fleet.expectClean()
  }

  @Test(arguments: ["..", ".git", "a\u{1}b", "/etc/passwd"])
  func hostileTreesOnTheOutputBranch(_ name: String) throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    let hostile = try fleet.hostileTree(name, blob: "HEAD:linkwright.yaml")
    let top = try fleet.replacing("rendered", in: "out", with: hostile)
    let commit = try fleet.git("commit-tree", "-m", "Hostile", "-p", "out", top)
    try fleet.git("update-ref", "refs/heads/out", commit)
    try fleet.changePort(8001)
    let before = try fleet.git("for-each-ref")
    let output = try fleet.linkwright("commit", "--branch", "out")
    #expect(output.status == 1 || output.status == 2, "\(output.errorText)")
    #expect(output.errorText.contains("refused"), "\(output.errorText)")
    #expect(!output.errorText.contains("\u{1}"))
    try Self.expectNothingWritten(fleet, before)
  }
}
