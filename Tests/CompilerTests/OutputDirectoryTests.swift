import Compiler
import Foundation
import Output
import Testing

/// What a write does to a directory, undisturbed.
@Suite struct OutputDirectoryTests {
  @Test func addsChangesAndRemoves() throws {
    let folder = try OutputFolder()
    try folder.write("rendered/gold/README.md", "mine")
    try folder.apply([
      "rendered/gold/a/x.yaml": "x", "rendered/gold/a/y.yaml": "y", "rendered/silver/z.yaml": "z",
    ])
    #expect(
      try folder.listing() == [
        "rendered/gold/README.md": "mine", "rendered/gold/a/x.yaml": "x", "rendered/gold/a/y.yaml": "y",
        "rendered/silver/z.yaml": "z",
      ])
    try folder.apply([
      "rendered/gold/a/x.yaml": "changed", "rendered/gold/a/y.yaml": nil, "rendered/silver/z.yaml": nil,
      "rendered/gold/b/c/d.yaml": "",
    ])
    #expect(
      try folder.listing() == [
        "rendered/gold/README.md": "mine", "rendered/gold/a/x.yaml": "changed",
        "rendered/gold/b/c/d.yaml": "",
      ])
    #expect(!folder.output.hasUnfinishedWrite)
    #expect(try !folder.output.recover())
  }

  @Test func keepsDirectoriesThatHoldOtherFiles() throws {
    let folder = try OutputFolder()
    try folder.apply(["rendered/a/b/x.yaml": "x", "rendered/c/d/y.yaml": "y"])
    try folder.write("rendered/a/notes.txt", "mine")
    try folder.apply(["rendered/a/b/x.yaml": nil, "rendered/c/d/y.yaml": nil])
    #expect(try folder.listing() == ["rendered/a/notes.txt": "mine"])
  }

  @Test func removesTheLastDirectory() throws {
    let folder = try OutputFolder()
    try folder.apply(["rendered/a/b/x.yaml": "x"])
    try folder.apply(["rendered/a/b/x.yaml": nil, "rendered/gone.yaml": nil])
    #expect(try folder.listing().isEmpty)
  }

  @Test func setsModes() throws {
    let folder = try OutputFolder()
    try folder.write("rendered/run.yaml", "old")
    chmod("\(folder.path)/rendered/run.yaml", 0o755)
    try folder.apply(["rendered/run.yaml": "new", "rendered/a/x.yaml": "x"])
    for (path, mode) in [("rendered/run.yaml", 0o644), ("rendered/a/x.yaml", 0o644), ("rendered/a", 0o755)] {
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(path)")
      let actual = try #require(attributes[.posixPermissions] as? Int)
      // The umask takes bits away; it never adds any.
      #expect(actual & ~mode == 0 && actual & 0o700 == mode & 0o700, "\(path)")
    }
  }

  @Test func putsAFileWhereADirectoryWasAndTheReverse() throws {
    let folder = try OutputFolder()
    try folder.apply(["r/a/b/c.yaml": "c", "r/a/b/d/e.yaml": "e", "r/x": "x"])
    try folder.apply([
      "r/a/b/c.yaml": nil, "r/a/b/d/e.yaml": nil, "r/a/b": "file", "r/x": nil, "r/x/y/z.yaml": "z",
    ])
    #expect(try folder.listing() == ["r/a/b": "file", "r/x/y/z.yaml": "z"])
  }

  @Test func replacesALinkItself() throws {
    let folder = try OutputFolder()
    try folder.write("outside.txt", "mine")
    try folder.write("rendered/other.yaml", "o")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/rendered/x.yaml", withDestinationPath: "../outside.txt")
    try folder.apply(["rendered/x.yaml": "x"])
    #expect(
      try folder.listing() == ["outside.txt": "mine", "rendered/other.yaml": "o", "rendered/x.yaml": "x"])
  }

  @Test func writesManyDirectoriesInAnyOrderOfNames() throws {
    let folder = try OutputFolder()
    var texts: [String: String?] = [:]
    for name in ["a", "a-b", "a.b", "a/b", "a/b-c/d", "a/b/c", "é/ü", "z/z/z/z/z/z"] {
      texts["r/\(name)/f.yaml"] = name
    }
    try folder.apply(texts)
    try folder.apply(texts)
    #expect(try folder.listing() == texts.compactMapValues(\.self))
  }
}
