import Compiler
import Foundation
import Output
import TestSupport
import Testing

/// Writes that cannot be: each says why, changes nothing and leaves no trace.
@Suite struct OutputDirectoryRefusalTests {
  /// Applies, expects a failure of this path and reason, and that the directory is as before.
  private func refuses(
    _ folder: OutputFolder, _ texts: [String: String?], path: String, reason: String,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try folder.listing()
    let error = #expect(throws: OutputError.self, sourceLocation: location) { try folder.apply(texts) }
    #expect(error?.path == path, sourceLocation: location)
    #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")", sourceLocation: location)
    #expect(error?.isBegun == false, sourceLocation: location)
    #expect(try folder.listing() == before, sourceLocation: location)
  }

  @Test(arguments: [
    ("../x", "'..'"), ("a/../../x", "'..'"), ("/etc/x", "absolute"), ("a//b", "empty component"),
    ("", "is empty"),
    ("a/./b", "'.'"), ("a/", "empty component"), (".git/hooks/pre-commit", ".git"),
    ("sub/.GIT/config", ".git"),
    (".linkwright/journal", "own directory"),
  ])
  func paths(path: String, reason: String) throws {
    let folder = try OutputFolder()
    try refuses(folder, [path: "x", "rendered/ok.yaml": "ok"], path: path, reason: reason)
    try refuses(folder, [path: nil, "rendered/ok.yaml": "ok"], path: path, reason: reason)
  }

  @Test func aZeroByte() throws {
    try refuses(try OutputFolder(), ["a\0b": "x"], path: "a\0b", reason: "zero byte")
  }

  @Test func aLinkOnTheWay() throws {
    let (folder, outside) = (try OutputFolder(), try OutputFolder())
    try folder.write("rendered/keep.txt", "k")
    try outside.write("a/x.yaml", "theirs")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/rendered/gold", withDestinationPath: outside.path)
    for change in [["rendered/gold/a/x.yaml": "x"], ["rendered/gold/a/x.yaml": nil]] as [[String: String?]] {
      try refuses(folder, change, path: "rendered/gold", reason: "it is a symbolic link")
    }
    #expect(try outside.listing() == ["a/x.yaml": "theirs"])
  }

  @Test func aLinkForItsOwnDirectory() throws {
    let (folder, outside) = (try OutputFolder(), try OutputFolder())
    try outside.write("stage/mine.txt", "m")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/.linkwright", withDestinationPath: outside.path)
    try refuses(folder, ["r/x.yaml": "x"], path: ".linkwright", reason: "not a directory")
    #expect(try outside.listing() == ["stage/mine.txt": "m"])
  }

  @Test func aDirectoryWithOtherFilesInTheWay() throws {
    let folder = try OutputFolder()
    try folder.apply(["r/a/ours.yaml": "o"])
    try folder.write("r/a/deep/theirs.txt", "t")
    try refuses(
      folder, ["r/a": "file", "r/a/ours.yaml": nil, "r/b.yaml": "b"], path: "r/a",
      reason: "r/a/deep/theirs.txt")
  }

  @Test func aFileInTheWay() throws {
    let folder = try OutputFolder()
    try folder.write("rendered/gold", "theirs")
    try refuses(folder, ["rendered/gold/x.yaml": "x"], path: "rendered/gold", reason: "a directory must go")
  }

  @Test func aFileAndADirectoryAtOnce() throws {
    let folder = try OutputFolder()
    try refuses(folder, ["r/a": "x", "r/a/b": "y"], path: "r/a", reason: "at once")
  }

  @Test func aNameThatIsTooLong() throws {
    let folder = try OutputFolder()
    try folder.write("r/keep", "k")
    let name = "r/" + String(repeating: "n", count: 300)
    try refuses(folder, [name: "x"], path: name, reason: "too long")
  }

  @Test func aRootThatIsMissing() {
    let error = #expect(throws: OutputError.self) {
      try OutputDirectory(root: "/tmp/linkwright-no-such-directory").apply(ProbeFiles.one)
    }
    #expect(error?.reason == "there is no such file")
  }

  @Test func missingPermission() throws {
    let folder = try OutputFolder()
    try folder.write("rendered/gold/manifests/x.yaml", "old")
    // The superuser may write anywhere: another user tries.
    let user = geteuid() == 0 ? ["--user", "65534"] : []
    chmod(folder.path, 0o777)
    chmod("\(folder.path)/rendered", 0o755)
    if user.isEmpty { chmod("\(folder.path)/rendered/gold/manifests", 0o555) }
    defer { chmod("\(folder.path)/rendered/gold/manifests", 0o755) }
    let before = try folder.listing()
    let probe = try Program.writerProbe()
    guard user.isEmpty || Self.othersMayRun(probe.path) else {
      try skip("other users may not run \(probe.path)")
    }
    let run = try probe.run([folder.path, "1"] + user)
    #expect(run.status == 1)
    #expect(run.text.hasSuffix(": permission denied\n"), "\(run.text)\(run.errorText)")
    #expect(try folder.listing() == before)
  }

  private static func othersMayRun(_ path: String) -> Bool {
    var directory = path
    while directory != "/" {
      var status = stat()
      guard stat(directory, &status) == 0, status.st_mode & 0o001 != 0 else { return false }
      directory = URL(fileURLWithPath: directory).deletingLastPathComponent().path
    }
    return true
  }

  @Test func aFullDisk() throws {
    let folder = try OutputFolder()
    guard let mount = OutputFolder.mountMemory(at: "\(folder.path)/m", kilobytes: 256) else {
      try skip("tests may not mount a file system here")
    }
    let small = try OutputFolder(mount.path)
    try small.apply(["r/a/x.yaml": "old", "r/a/y.yaml": "old"])
    let big = String(repeating: "x", count: 150_000)
    try refuses(
      small, ["r/a/x.yaml": big, "r/a/y.yaml": big, "r/new/z.yaml": "z"], path: "r/a/y.yaml",
      reason: "the disk is full")
    try small.apply(["r/a/x.yaml": "fits"])
    #expect(try small.listing() == ["r/a/x.yaml": "fits", "r/a/y.yaml": "old"])
  }

  @Test func aReadOnlyFileSystem() throws {
    let folder = try OutputFolder()
    guard let mount = OutputFolder.mountMemory(at: "\(folder.path)/m", kilobytes: 256) else {
      try skip("tests may not mount a file system here")
    }
    let small = try OutputFolder(mount.path)
    try small.apply(["r/a/x.yaml": "old"])
    try small.write(".linkwright/stage/0", "trace")
    guard mount.makeReadOnly() else { try skip("tests may not remount here") }
    try refuses(
      small, ["r/a/x.yaml": "new"], path: ".linkwright/lock", reason: "the file system is read-only")
    // Traces of a write that never began are no reason to fail where nothing is written.
    #expect(try !small.output.recover())
  }

  @Test func anotherFileSystemWithinTheFleet() throws {
    let folder = try OutputFolder()
    guard let mount = OutputFolder.mountMemory(at: "\(folder.path)/rendered", kilobytes: 256) else {
      try skip("tests may not mount a file system here")
    }
    try refuses(
      folder, ["rendered/x.yaml": "x", "other/y.yaml": "y"], path: "rendered", reason: "another file system")
    withExtendedLifetime(mount) {}
  }

  @Test func anotherWriter() throws {
    let folder = try OutputFolder()
    try folder.write(".linkwright/lock", "4711\n")
    let lock = open("\(folder.path)/.linkwright/lock", O_RDWR | O_CLOEXEC)
    try #require(lock >= 0 && flock(lock, LOCK_EX) == 0)
    try refuses(folder, ["r/x.yaml": "x"], path: ".", reason: "another Linkwright (process 4711) is writing")
    close(lock)
    try folder.apply(["r/x.yaml": "x"])
    #expect(try folder.listing() == ["r/x.yaml": "x"])
  }
}

/// Ends a test as skipped, with the reason why it did not try what it is for.
func skip(_ reason: String) throws -> Never { try Test.cancel("\(reason)") }

enum ProbeFiles {
  static let one = OutputChange(items: [OutputChange.Item(path: "r/x", kind: .added, content: [1])])
}
