import Foundation
import Glibc
import TestSupport
import Testing

/// Repositories that are not whole, or not as usual: what can be read is read, and what cannot is explained.
struct OddRepositoryTests {
  /// A clone of the fleet's repository.
  private static func clone(_ fleet: FleetRepository, _ options: String...) throws -> String {
    let clone = fleet.root + "/clone"
    try fleet.git("config", "uploadpack.allowFilter", "true")
    let source = options.contains("--shared") ? fleet.path : "file://" + fleet.path
    try FleetRepository.run(["git", "clone", "-q"] + options + [source, clone], in: fleet.root)
    return clone
  }

  /// Runs the program, which must fail with words that help, and write nothing.
  private static func expect(
    _ fleet: FleetRepository, _ words: [String], _ arguments: [String], at folder: String,
    environment: [String: String] = [:], status: Int32 = 2, _ location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try fleet.git("for-each-ref", at: folder, allowFailure: true)
    let output = try FleetRepository.program.run(
      arguments, in: folder, environment: FleetRepository.environment.merging(environment) { $1 })
    #expect(output.status == status, "\(arguments): \(output.errorText)", sourceLocation: location)
    for word in words {
      #expect(output.errorText.contains(word), "\(arguments): \(output.errorText)", sourceLocation: location)
    }
    #expect(
      try fleet.git("for-each-ref", at: folder, allowFailure: true) == before, sourceLocation: location)
  }

  private static let reading = [
    ["validate", "--ref", "HEAD"], ["check", "--ref", "HEAD"], ["commit", "--branch", "out"],
    ["build", "--ref", "HEAD"],
  ]

  @Test(arguments: reading + [["validate", "--staged"]])
  func lostAlternatesAreNamed(_ arguments: [String]) throws {
    let fleet = try FleetRepository()
    let clone = try Self.clone(fleet, "--shared")
    rename(fleet.path, fleet.path + "-elsewhere")
    try Self.expect(
      fleet, ["\(fleet.path)/.git/objects, where more objects were", "objects/info/alternates"], arguments,
      at: clone)
    rename(fleet.path + "-elsewhere", fleet.path)
    #expect(try fleet.linkwright("validate", "--ref", "HEAD", at: clone).status == 0)
  }

  @Test(arguments: ["tree:0", "blob:none"])
  func partialClonesSayWhatBringsTheRest(_ filter: String) throws {
    let fleet = try FleetRepository()
    let clone = try Self.clone(fleet, "--no-checkout", "--filter=\(filter)")
    for arguments in Self.reading {
      try Self.expect(
        fleet, ["the clone is partial (--filter)", "git archive COMMIT > /dev/null"], arguments, at: clone)
    }
    // As the message says.
    try FleetRepository.run(["sh", "-c", "git archive HEAD > /dev/null"], in: clone)
    let output = try fleet.linkwright("commit", "--branch", "out", at: clone)
    #expect(output.status == 0, "\(output.errorText)")
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    #expect(try fleet.git("rev-parse", "out", at: clone) == fleet.id("out"))
  }

  /// Whatever is checked out, a commit and the index are whole.
  @Test
  func sparseCheckoutsAreReadWhole() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    let clone = try Self.clone(fleet, "--sparse")
    try fleet.git("sparse-checkout", "set", "clusters", at: clone)
    for arguments in [
      ["validate", "--ref", "HEAD"], ["validate", "--staged"], ["commit", "--branch", "out"],
    ] {
      let output = try FleetRepository.program.run(
        arguments, in: clone, environment: FleetRepository.environment)
      #expect(output.status == 0, "\(arguments): \(output.errorText)")
    }
    #expect(try fleet.git("rev-parse", "out", at: clone) == fleet.id("out"))
    try fleet.git("sparse-checkout", "set", "--sparse-index", "clusters", at: clone)
    try Self.expect(
      fleet, ["git sparse-checkout reapply --no-sparse-index"], ["validate", "--staged"], at: clone)
    #expect(try fleet.linkwright("validate", "--ref", "HEAD", at: clone).status == 0)
  }

  @Test
  func worktreesInWorktreesAreRead() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", "plain").status == 0)
    let outer = fleet.root + "/outer"
    try fleet.git("worktree", "add", "-q", outer, "-b", "outer")
    try fleet.git("worktree", "add", "-q", outer + "/inner", "-b", "inner", at: outer)
    let inner = outer + "/inner/connections"
    #expect(try fleet.linkwright("commit", "--branch", "out", at: inner).status == 0)
    #expect(try fleet.id("out") == fleet.id("plain"))
    #expect(try fleet.linkwright("validate", "--staged", at: inner).status == 0)
    // A branch that one of them has checked out is left alone, also where they are found by paths from the repository.
    try fleet.git("worktree", "add", "-q", outer + "/deep", "out", at: inner)
    try fleet.changePort(8055)
    let file = fleet.path + "/.git/worktrees/deep/gitdir"
    for text in [try String(contentsOfFile: file, encoding: .utf8), "../../../../outer/deep/.git\n"] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
      try Self.expect(
        fleet, ["LW1807", " \(outer)/deep"], ["commit", "--ref", "main", "--branch", "out"], at: fleet.path,
        status: 1)
    }
  }

  @Test
  func aWorktreeThatLostItsRepositoryIsNotTakenForNone() throws {
    let fleet = try FleetRepository()
    let tree = fleet.root + "/tree"
    try fleet.git("worktree", "add", "-q", tree, "-b", "other")
    try FleetRepository.run(["rm", "-r", fleet.path + "/.git/worktrees/tree"], in: "/")
    for folder in [tree, tree + "/connections"] {
      try Self.expect(
        fleet, ["\(tree)/.git says", "worktrees/tree, which is none", "git worktree repair \(tree)"],
        ["validate", "--ref", "HEAD"], at: folder)
    }
  }

  @Test
  func submodulesAreFleetsWhereTheirRepositoryIs() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", "plain").status == 0)
    let above = fleet.root + "/above"
    try fleet.git("init", "-q", "-b", "main", above)
    try fleet.git(
      "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "-b", "main", "file://" + fleet.path,
      "teams/fleet", at: above)
    try fleet.git("commit", "-q", "-m", "Add", at: above)
    for (place, folder) in [(".", above + "/teams/fleet"), ("teams/fleet", above)] {
      let output = try fleet.linkwright("commit", place, "--branch", "out", at: folder)
      #expect(output.status == 0, "\(output.errorText)")
      #expect(try fleet.linkwright("validate", place, "--staged", at: folder).status == 0)
    }
    #expect(try fleet.git("rev-parse", "out", at: above + "/teams/fleet") == fleet.id("plain"))
    // Where it was not fetched, there is an empty directory, or nothing.
    let clone = fleet.root + "/clone"
    try fleet.git("clone", "-q", above, clone)
    try Self.expect(
      fleet, ["'teams/fleet' is a submodule", "git submodule update --init teams/fleet"],
      ["validate", "teams/fleet"], at: clone)
    for option in [["--ref", "HEAD"], ["--staged"]] {
      for (place, folder) in [
        (".", clone + "/teams/fleet"), ("teams/fleet", clone), ("teams/fleet/deep", clone),
      ] {
        try Self.expect(
          fleet, ["'teams/fleet' is a submodule", "git submodule update --init teams/fleet"],
          ["validate", place] + option, at: folder)
      }
    }
    try fleet.git("clone", "-q", "--bare", above, clone + ".git")
    try Self.expect(
      fleet, ["'teams/fleet' is a submodule", "name that repository"],
      ["validate", "teams/fleet", "--ref", "main"], at: clone + ".git")
  }

  @Test
  func aWorkingTreeThatIsGoneIsNamed() throws {
    let fleet = try FleetRepository()
    try fleet.git("config", "core.worktree", "/nonexistent/tree")
    for arguments in Self.reading {
      try Self.expect(
        fleet,
        ["core.worktree in \(fleet.path)/.git/config names /nonexistent/tree", "--unset core.worktree"],
        arguments, at: fleet.path)
    }
    // One that is where git would have it anyway does no harm.
    try FleetRepository.run(
      ["git", "config", "--file", fleet.path + "/.git/config", "core.worktree", "../../repository"], in: "/")
    #expect(try fleet.linkwright("validate", "--staged").status == 0)
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
  }

  @Test(arguments: [
    ("objectFormat", "sha256", "SHA-1 repositories only"), ("refStorage", "reftable", "git refs migrate"),
    ("fancyNewThing", "true", "extensions.fancynewthing"),
    ("compatObjectFormat", "sha256", "extensions.compatobjectformat"),
  ])
  func formatsThatCannotBeReadAreNamed(_ name: String, _ value: String, _ words: String) throws {
    let fleet = try FleetRepository()
    let file = fleet.path + "/.git/config"
    for (key, value) in [("core.repositoryFormatVersion", "1"), ("extensions." + name, value)] {
      try FleetRepository.run(["git", "config", "--file", file, key, value], in: "/")
    }
    for arguments in Self.reading + [["validate", "--staged"]] {
      try Self.expect(fleet, [words], arguments, at: fleet.path)
    }
    // Files on disk are files.
    #expect(try fleet.linkwright("validate").status == 0)
  }

  @Test(arguments: [
    ("preciousObjects", "true"), ("worktreeConfig", "true"), ("noop", "x"), ("relativeWorktrees", "true"),
    ("partialClone", "origin"),
  ])
  func formatsThatChangeNothingHereAreRead(_ name: String, _ value: String) throws {
    let fleet = try FleetRepository()
    let file = fleet.path + "/.git/config"
    for (key, value) in [("core.repositoryFormatVersion", "1"), ("extensions." + name, value)] {
      try FleetRepository.run(["git", "config", "--file", file, key, value], in: "/")
    }
    let output = try fleet.linkwright("commit", "--branch", "out")
    #expect(output.status == 0, "\(output.errorText)")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a directory away"))
  func bareRepositoriesOfOthersMustBeCalledSafe() throws {
    let fleet = try FleetRepository()
    let bare = fleet.root + "/bare.git"
    try fleet.git("clone", "-q", "--bare", fleet.path, bare)
    try FleetRepository.run(["chown", "-R", "65534", bare], in: "/")
    let remedy = "git config --global --add safe.directory \(bare)"
    let into = ["commit", "--branch", "out", "--into", bare]
    try Self.expect(fleet, ["belongs to another user", remedy], ["validate", "--ref", "main"], at: bare)
    try Self.expect(fleet, ["belongs to another user", remedy], into, at: fleet.path)
    let trust = ["GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": bare]
    for (arguments, folder) in [(["validate", "--ref", "main"], bare), (into, fleet.path)] {
      let output = try FleetRepository.program.run(
        arguments, in: folder, environment: FleetRepository.environment.merging(trust) { $1 })
      #expect(output.status == 0, "\(output.errorText)")
    }
    #expect(
      try FleetRepository.run(
        ["git", "--git-dir=" + bare, "-c", "safe.directory=*", "rev-parse", "out"], in: "/"
      ).count == 40)
  }

  /// A bare repository may lie in a clone as files that somebody else wrote.
  @Test
  func bareRepositoriesAreNotFoundWhereTheyMustBeNamed() throws {
    let fleet = try FleetRepository()
    let bare = fleet.root + "/bare.git"
    try fleet.git("clone", "-q", "--bare", fleet.path, bare)
    let explicit = [
      "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.bareRepository", "GIT_CONFIG_VALUE_0": "explicit",
    ]
    try Self.expect(
      fleet, ["safe.bareRepository", "GIT_DIR=\(bare)"], ["validate", "--ref", "main"], at: bare,
      environment: explicit)
    let named = explicit.merging(["GIT_DIR": bare]) { $1 }
    #expect(try fleet.linkwright("validate", "--ref", "main", at: bare, environment: named).status == 0)
    #expect(try fleet.linkwright("validate", "--ref", "main", environment: explicit).status == 0)
    let output = try fleet.linkwright("commit", "--branch", "out", "--into", bare, environment: explicit)
    #expect(output.status == 0, "\(output.errorText)")
    // What a repository says of itself counts for nothing.
    try fleet.git("config", "safe.bareRepository", "explicit", at: bare)
    #expect(try fleet.linkwright("validate", "--ref", "main", at: bare).status == 0)
  }

  /// A platform's policies with a conflict in them.
  @Test(arguments: ["validate", "check"])
  func anUnmergedBaselineIsAFinding(_ command: String) throws {
    let fleet = try FleetRepository()
    let file = "baseline/platform-services-controlled-default.yaml"
    let text = try fleet.read(file)
    try fleet.git("checkout", "-q", "-b", "side")
    try fleet.write(file, text + "# side\n")
    try fleet.commitAll("Side")
    try fleet.git("checkout", "-q", "main")
    try fleet.write(file, text + "# main\n")
    try fleet.commitAll("Main")
    try fleet.git("merge", "-q", "side", allowFailure: true)
    try Self.expect(
      fleet, ["error[LW1801]: \(file) has an unresolved merge conflict", "--> \(file)"],
      [command, "--staged"], at: fleet.path, status: 1)
    try Self.expect(fleet, ["--> \(file):", "<<<<<<< HEAD"], [command], at: fleet.path, status: 1)
    #expect(try fleet.linkwright("validate", "--ref", "HEAD").status == 0)
  }
}
