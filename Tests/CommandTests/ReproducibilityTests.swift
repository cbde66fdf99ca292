import Foundation
import Glibc
import TestSupport
import Testing

/// The same source, the same parent: the same commit, wherever it is made.
struct ReproducibilityTests {
  /// What differs between machines, beside the path.
  struct Machine: Sendable, CustomTestStringConvertible {
    /// How the repository lies there.
    enum Storage: Sendable {
      case clone
      /// Every object in a file of its own, every reference too.
      case loose
      /// Everything in one pack, references as well.
      case packed
      case bare
      /// A linked worktree of a clone.
      case worktree
      /// Objects in another repository.
      case shared
    }

    let name: String
    var storage = Storage.clone
    var environment: [String: String] = [:]
    var umask = "022"
    var settings: [String: String] = [:]
    /// On another kind of file system.
    var isInMemory = false
    /// With one processor.
    var isSingle = false
    /// As another user.
    var isOtherUser = false
    var options: [String] = []
    var testDescription: String { name }
  }

  private static let machines = [
    Machine(name: "plain"),
    Machine(
      name: "east", storage: .packed,
      environment: ["TZ": "Asia/Kolkata", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"],
      umask: "077"),
    Machine(
      name: "a directory with spaces and ü",
      environment: [
        "TZ": "America/St_Johns", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "GIT_AUTHOR_NAME": "Other",
        "GIT_COMMITTER_EMAIL": "other@example.org", "GIT_COMMITTER_DATE": "1800000000 -0330",
        "SOURCE_DATE_EPOCH": "1",
      ], umask: "000",
      settings: [
        "user.name": "Somebody Else", "core.autocrlf": "true", "i18n.commitEncoding": "ISO-8859-1",
        "core.fileMode": "false", "commit.gpgSign": "true", "core.compression": "9",
        "core.ignoreCase": "true",
        "core.quotePath": "false",
      ]),
    Machine(name: "bare", storage: .bare, environment: ["CI": "true"], options: ["--recompile"]),
    Machine(name: "worktree", storage: .worktree, options: ["--recompile"]),
    Machine(name: "loose", storage: .loose, umask: "027", isSingle: true),
    Machine(name: "shared", storage: .shared, isInMemory: true),
    Machine(
      name: "memory", environment: ["LC_ALL": "en_US.UTF-8", "TZ": ":Pacific/Kiritimati"], isInMemory: true,
      isSingle: true),
    Machine(name: "user", isOtherUser: true),
  ]

  /// Where files lie in memory; nil where there is no such place.
  private static let memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : nil
  /// A user who has nothing.
  private static let nobody = "65534"

  /// The machine's repository, with the directory in which to run the program; nil where it cannot be had.
  private static func set(_ machine: Machine, _ fleet: FleetRepository, _ root: String) throws -> String {
    let clone = "\(root)/\(machine.name)"
    let source = "file://" + fleet.path
    switch machine.storage {
    case .clone: try fleet.git("clone", "-q", source, clone)
    case .bare: try fleet.git("clone", "-q", "--bare", source, clone)
    case .shared: try fleet.git("clone", "-q", "--shared", fleet.path, clone)
    case .packed:
      try fleet.git("clone", "-q", source, clone)
      try fleet.git("gc", "-q", "--prune=now", at: clone)
    case .loose:
      try fleet.git("init", "-q", "-b", "other", clone)
      try fleet.git("config", "fetch.unpackLimit", "1000000", at: clone)
      try fleet.git("fetch", "-q", source, "main:main", at: clone)
      try fleet.git("checkout", "-q", "main", at: clone)
      #expect(try fleet.git("count-objects", "-v", at: clone).contains("packs: 0"))
    case .worktree:
      try fleet.git("clone", "-q", source, clone + "-main")
      try fleet.git("worktree", "add", "-q", "--detach", clone, at: clone + "-main")
    }
    for (key, value) in machine.settings { try fleet.git("config", key, value, at: clone) }
    if machine.isOtherUser {
      try FleetRepository.run(["chown", "-R", "\(nobody):\(nobody)", clone], in: "/")
    }
    return clone
  }

  /// What the machine's program is started with; nil where the machine cannot be had here.
  private static func wrapper(_ machine: Machine) -> [String]? {
    var words: [String] = []
    if machine.isSingle {
      guard let taskset = Program.find("taskset") else { return nil }
      words += [taskset.path, "-c", "0"]
    }
    if machine.isOtherUser {
      guard geteuid() == 0, let setpriv = Program.find("setpriv") else { return nil }
      words += [setpriv.path, "--reuid=\(nobody)", "--regid=\(nobody)", "--clear-groups"]
      // The program may lie where others must not look.
      let version = [FleetRepository.program.path, "version"]
      guard (try? setpriv.run(Array(words.dropFirst()) + version).status) == 0 else { return nil }
    }
    return words
  }

  @Test
  func machinesAgreeOnCommitsAndNotes() throws {
    let fleet = try FleetRepository()
    try fleet.changePort(8001)
    var ids: [String: String] = [:]
    for machine in Self.machines {
      guard let wrapper = Self.wrapper(machine), !machine.isInMemory || Self.memory != nil else {
        print("skipped: \(machine.name) cannot be had here")
        continue
      }
      let root =
        machine.isInMemory ? "\(Self.memory ?? "")/linkwright-\(UUID().uuidString.prefix(8))" : fleet.root
      try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
      defer { if machine.isInMemory { try? FileManager.default.removeItem(atPath: root) } }
      let clone = try Self.set(machine, fleet, root)
      var environment = FleetRepository.environment.merging(machine.environment) { $1 }
      if machine.isOtherUser {
        // Whoever becomes another user must get there, and has settings of their own.
        chmod(fleet.root, 0o755)
        environment["HOME"] = clone
        environment["GIT_CONFIG_GLOBAL"] = clone + "/.gitconfig"
        try Data("[user]\n\tname = Nobody\n\temail = nobody@example.org\n[core]\n\tabbrev = 9\n".utf8).write(
          to: URL(fileURLWithPath: clone + "/.gitconfig"))
      }
      for revision in ["main~1", "main"] {
        let command =
          "umask \(machine.umask); exec \"$@\" commit --ref \(revision) --branch out \(machine.options.joined(separator: " "))"
        // A branch of a clone beside the one that is checked out.
        let output = try #require(Program.find("sh")).run(
          ["-c", command, "sh"] + wrapper + [FleetRepository.program.path], in: clone,
          environment: environment)
        #expect(output.status == 0, "\(machine.name): \(output.errorText)")
      }
      if machine.isOtherUser { try FleetRepository.run(["chown", "-R", "\(geteuid())", clone], in: "/") }
      ids[machine.name] = try fleet.git(
        "rev-parse", "out", "out~1", "refs/notes/hydrator.metadata", at: clone)
      try fleet.expectClean(at: clone)
    }
    #expect(ids.count >= 6 && Set(ids.values).count == 1, "\(ids)")
  }

  /// A directory is read in an order of its own on every file system.
  @Test(.enabled(if: memory != nil, "there is no file system in memory"))
  func directoriesAgreeOnTheOutput() throws {
    let fleet = try FleetRepository()
    let other = "\(Self.memory ?? "")/linkwright-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: other) }
    // The last file first.
    for path in try fleet.git("ls-files").split(separator: "\n").reversed() {
      let target = URL(fileURLWithPath: "\(other)/\(path)")
      try FileManager.default.createDirectory(
        at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(try fleet.read(String(path)).utf8).write(to: target)
    }
    var said: Set<String> = []
    for (folder, wrapper) in [
      (fleet.path, []), (other, Self.wrapper(Machine(name: "single", isSingle: true)) ?? []),
    ] {
      let output = try #require(Program.find("env")).run(
        wrapper + [FleetRepository.program.path, "build", "--format", "json"], in: folder,
        environment: FleetRepository.environment)
      #expect(output.status == 0, "\(output.errorText)")
      said.insert(output.text)
    }
    #expect(said.count == 1)
    let difference = try FleetRepository.run(
      ["diff", "-r", fleet.path + "/rendered", other + "/rendered"], in: "/", allowFailure: true)
    #expect(difference.isEmpty, "\(difference)")
  }

  /// SSH signatures with ed25519 repeat: even signed commits have the same id.
  @Test(.enabled(if: Program.find("ssh-keygen") != nil, "ssh-keygen is not installed"))
  func machinesAgreeOnSignedCommits() throws {
    let fleet = try FleetRepository()
    let key = try RemoteServer.makeKey(fleet.root + "/key")
    var ids: Set<String> = []
    for name in ["one", "two"] {
      let clone = "\(fleet.root)/\(name)"
      try fleet.git("clone", "-q", fleet.path, clone)
      let output = try fleet.linkwright(
        "commit", "--branch", "out", "--sign", key, at: clone,
        environment: ["TZ": name == "one" ? "UTC" : "Asia/Tokyo"])
      #expect(output.status == 0, "\(output.errorText)")
      ids.insert(try fleet.id("HEAD") + fleet.git("rev-parse", "out", at: clone))
    }
    #expect(ids.count == 1)
  }
}
