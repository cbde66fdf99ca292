import Foundation
import Snapshot
import TestSupport
import Testing

@testable import Repository

/// The names of an index's directories are those of the trees that git would write.
@Suite struct TreeNameTests {
  private static func expectSame(
    _ scratch: ScratchRepository, _ directories: [String], _ location: SourceLocation = #_sourceLocation
  ) throws {
    let tree = try scratch.git("write-tree")
    let index = try IndexSnapshot(scratch.open())
    #expect(try index.directoryID("")?.hexadecimal == tree, sourceLocation: location)
    for directory in directories {
      let expected = try scratch.git("rev-parse", "\(tree):\(directory)")
      #expect(
        try index.directoryID(directory)?.hexadecimal == expected, "\(directory)", sourceLocation: location)
      #expect(
        try IndexSnapshot(scratch.open(), prefix: directory).directoryID("")?.hexadecimal == expected,
        "\(directory)", sourceLocation: location)
    }
    #expect(try index.directoryID("nosuch") == nil, sourceLocation: location)
  }

  @Test func theyAreThoseThatGitWouldWrite() throws {
    let scratch = try ScratchRepository()
    // A directory's name is ordered as if it ended in '/'.
    try scratch.commit([
      "a/b/c/d.txt": "1", "a/b.txt": "2", "a/b-c": "3", "a.b/x": "4", "a0": "5", "ü/é": "6", "z": "",
    ])
    try scratch.git("update-index", "--chmod=+x", "a0")
    let target = try scratch.git("hash-object", "-w", "--stdin", input: "a0")
    let commit = try scratch.git("rev-parse", "HEAD")
    for entry in ["120000,\(target),a/link", "160000,\(commit),a/module", "100644,\(target),a/b/0"] {
      try scratch.git("update-index", "--add", "--cacheinfo", entry)
    }
    try scratch.write("later/file", "7")
    try scratch.git("add", "-N", "later/file")
    try Self.expectSame(scratch, ["a", "a/b", "a/b/c", "a.b", "ü"])
    try scratch.git("read-tree", "--empty")
    #expect(
      try IndexSnapshot(scratch.open()).directoryID("")?.hexadecimal
        == "4b825dc642cb6eb9a060e54bf8d69288fbee4904")
  }

  @Test func directoriesWithConflictsHaveNone() throws {
    let scratch = try ScratchRepository()
    try scratch.commit(["fleet/in/a": "1", "fleet/b": "1", "other/c": "1"])
    try scratch.git("checkout", "-q", "-b", "side")
    try scratch.commit(["fleet/in/a": "2"])
    try scratch.git("checkout", "-q", "main")
    try scratch.commit(["fleet/in/a": "3"])
    try scratch.git("merge", "-q", "side", allowFailure: true)
    let index = try IndexSnapshot(scratch.open())
    for directory in ["", "fleet", "fleet/in"] { #expect(try index.directoryID(directory) == nil) }
    #expect(try index.directoryID("other")?.hexadecimal == scratch.git("rev-parse", "HEAD:other"))
  }

  @Test(arguments: 0..<4) func randomTrees(_ run: Int) throws {
    let seed = SeededGenerator.seed() &+ UInt64(run)
    print("TEST_SEED=\(seed &- UInt64(run)), run \(run)")
    var random = SeededGenerator(seed: seed)
    let scratch = try ScratchRepository()
    let names = ["a", "b", "a.", "a-", "a0", "aa", "ä", "A", "~", "0"]
    var files: [String: String] = [:]
    for number in 0..<60 {
      let steps = (0..<Int.random(in: 1...4, using: &random)).map { _ in
        names.randomElement(using: &random) ?? ""
      }
      let path = steps.joined(separator: "/")
      let isFree = !files.keys.contains { $0.hasPrefix(path + "/") || path.hasPrefix($0 + "/") }
      if isFree { files[path] = "\(number % 7)" }
    }
    try scratch.commit(files)
    let directories = Set(
      files.keys.compactMap { path in path.lastIndex(of: "/").map { String(path[..<$0]) } })
    try Self.expectSame(scratch, directories.sorted())
  }
}
