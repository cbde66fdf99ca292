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
      /// History ends at the last commit but one.
      case shallow
      /// Most files of the working tree are left out.
      case sparse
      /// With an index over several packs, a graph of the commits, and bitmaps.
      case indexed
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
    var surroundings = Surroundings.usual
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
    Machine(name: "shallow", storage: .shallow, environment: ["SOURCE_DATE_EPOCH": "86400", "CI": "1"]),
    Machine(
      name: "sparse", storage: .sparse,
      // What the allocator gives is never zero.
      environment: ["MALLOC_PERTURB_": "165", "MALLOC_ARENA_MAX": "1", "SWIFT_DETERMINISTIC_HASHING": "1"]),
    Machine(
      name: "indexed", storage: .indexed,
      settings: [
        "core.bigFileThreshold": "1", "core.looseCompression": "0", "pack.compression": "0",
        "pack.depth": "1",
        "pack.window": "0", "pack.threads": "1", "pack.indexVersion": "1", "core.deltaBaseCacheLimit": "1",
        "core.packedGitWindowSize": "4096", "core.eol": "crlf", "core.safecrlf": "true",
        "core.precomposeUnicode": "true", "core.protectNTFS": "true", "core.abbrev": "7",
        "linkwright.memo": "false",
        "gc.auto": "1", "core.fsync": "all", "i18n.logOutputEncoding": "UTF-16",
        "core.notesRef": "refs/notes/own",
        "core.attributesFile": "/nonexistent", "author.name": "Author", "committer.name": "Committer",
      ]),
    Machine(name: "user", surroundings: .otherUser),
    Machine(name: "empty", surroundings: .emptyRoot),
    Machine(name: "loose and empty", storage: .loose, surroundings: .emptyRoot, options: ["--recompile"]),
    Machine(name: "host", surroundings: .otherHost),
    Machine(name: "past", surroundings: .otherTime("1999-12-31 23:59:59")),
    Machine(name: "future", storage: .bare, surroundings: .otherTime("2040-02-29 12:00:00")),
    Machine(name: "processor", surroundings: .otherProcessor("qemu64")),
  ]

  /// Where files lie in memory; nil where there is no such place.
  private static let memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : nil

  /// The machine's repository.
  private static func set(_ machine: Machine, _ fleet: FleetRepository, _ root: String) throws -> String {
    let clone = "\(root)/\(machine.name)"
    let source = "file://" + fleet.path
    switch machine.storage {
    case .clone: try fleet.git("clone", "-q", source, clone)
    case .bare: try fleet.git("clone", "-q", "--bare", source, clone)
    case .shared: try fleet.git("clone", "-q", "--shared", fleet.path, clone)
    case .shallow: try fleet.git("clone", "-q", "--depth", "2", source, clone)
    case .sparse:
      try fleet.git("clone", "-q", "--sparse", source, clone)
      try fleet.git("sparse-checkout", "set", "--no-sparse-index", "clusters", at: clone)
      #expect(!FileManager.default.fileExists(atPath: clone + "/connections"))
    case .indexed:
      try fleet.git("clone", "-q", source, clone)
      try fleet.git("repack", "-q", "-a", "-d", "--write-midx", "--write-bitmap-index", at: clone)
      try fleet.git("commit-graph", "write", "--reachable", "--no-progress", at: clone)
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
    return clone
  }

  /// Where the machine's repository goes: in memory, or below the fleet's scratch directory.
  private static func place(_ machine: Machine, _ fleet: FleetRepository) throws -> String {
    let root =
      machine.isInMemory
      ? "\(memory ?? "")/linkwright-\(UUID().uuidString.prefix(8))" : "\(fleet.root)/on \(machine.name)"
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    return root
  }

  @Test
  func machinesAgreeOnCommitsAndNotes() throws {
    let fleet = try FleetRepository()
    try fleet.changePort(8001)
    var ids: [String: String] = [:]
    for machine in Self.machines {
      guard !machine.isInMemory || Self.memory != nil else { continue }
      let root = try Self.place(machine, fleet)
      defer { if machine.isInMemory { try? FileManager.default.removeItem(atPath: root) } }
      let clone = try Self.set(machine, fleet, root)
      // Whoever becomes another user must get there.
      for folder in [fleet.root, root] { chmod(folder, 0o755) }
      guard let start = try machine.surroundings.start(FleetRepository.program.path, at: clone, root: root)
      else {
        print("skipped: \(machine.name) cannot be had here")
        continue
      }
      try machine.surroundings.take(clone)
      var command = start.command
      if machine.isSingle, Program.find("taskset") != nil { command = ["taskset", "-c", "0"] + command }
      var environment = FleetRepository.environment.merging(machine.environment) { $1 }
      if machine.surroundings == .otherUser {
        environment["HOME"] = clone
        environment["GIT_CONFIG_GLOBAL"] = clone + "/.gitconfig"
        try Data("[user]\n\tname = Nobody\n\temail = nobody@example.org\n[core]\n\tabbrev = 9\n".utf8).write(
          to: URL(fileURLWithPath: clone + "/.gitconfig"))
      }
      for revision in ["main~1", "main"] {
        // A branch of a clone beside the one that is checked out.
        let output = try #require(Program.find("sh")).run(
          ["-c", "umask \(machine.umask); exec \"$@\"", "sh"] + command
            + ["commit", start.repository, "--ref", revision, "--branch", "out"] + machine.options,
          in: start.directory, environment: environment)
        #expect(output.status == 0, "\(machine.name): \(output.errorText)")
      }
      try machine.surroundings.giveBack(clone)
      ids[machine.name] = try fleet.git(
        "rev-parse", "out", "out~1", "refs/notes/hydrator.metadata", at: clone, allowFailure: true)
      try fleet.expectClean(at: clone)
    }
    #expect(ids.count >= 12 && Set(ids.values).count == 1, "\(ids)")
    // What other machines found that run this test.
    let text = zip(["out", "out~1", "notes"], (ids["plain"] ?? "").split(separator: "\n")).map { name, id in
      "\(name) \(id)\n"
    }
    let difference = Golden.difference(
      "source \(try fleet.id("main"))\n" + text.joined(), from: "Tests/CommandTests/Golden/commit-ids.txt")
    #expect(difference == nil)
  }

  /// The same by a script, for programs of other builds and machines without a compiler.
  @Test
  func theScriptComparesAnyProgram() throws {
    let script = Program(path: Repository.path(".ci/commit-ids"))
    let output = try script.run([FleetRepository.program.path], environment: FleetRepository.environment)
    #expect(
      output.status == 0 && output.text.hasPrefix("the same ids: "), "\(output.text)\(output.errorText)")
    // It does fail.
    let wrapper = NSTemporaryDirectory() + "linkwright-other-\(UUID().uuidString.prefix(8))"
    defer { unlink(wrapper) }
    try Script.write(
      "#!/bin/sh\nexec '\(FleetRepository.program.path)' \"$@\" --author 'A <b@c>'\n", to: wrapper)
    let other = try script.run([wrapper], environment: FleetRepository.environment)
    #expect(other.status == 1 && other.text.contains("-out "), "\(other.text)\(other.errorText)")
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
      (fleet.path, []), (other, Program.find("taskset").map { [$0.path, "-c", "0"] } ?? []),
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
