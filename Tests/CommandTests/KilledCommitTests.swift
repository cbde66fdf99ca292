import Foundation
import Glibc
import TestSupport
import Testing

/// `linkwright commit`, killed at random moments.
struct KilledCommitTests {
  private static let rounds = ProcessInfo.processInfo.environment["LINKWRIGHT_LONG_TESTS"] == nil ? 100 : 400

  /// A moment of a run to kill it in: anywhere in the time that the slowest of those took that ended by themselves,
  /// which a machine that is busier than before makes longer.
  private struct Moments {
    var duration: Duration = .zero

    /// Runs Linkwright and kills it; waits until nothing that it started is left. True when it was the kill that
    /// ended it.
    mutating func kill(
      _ arguments: [String], in fleet: FleetRepository, using generator: inout SeededGenerator
    ) throws -> Bool {
      let start = ContinuousClock.now
      let process = try BackgroundProgram(
        FleetRepository.program.path, arguments, in: fleet.path, environment: FleetRepository.environment)
      let moment = start + duration * Double.random(in: 0...1.1, using: &generator)
      while ContinuousClock.now < moment, process.isRunning { usleep(200) }
      let ended = ContinuousClock.now
      let killed = process.end()
      if !killed { duration = max(duration, ended - start) }
      // git, which a killed Linkwright leaves behind, ends by itself.
      #expect(process.waitsForAll(), "something that Linkwright started does not end")
      return killed
    }

    /// Runs it without killing it.
    mutating func measure(_ run: () throws -> Program.Output) throws {
      let start = ContinuousClock.now
      let output = try run()
      #expect(output.status == 0, "\(output.errorText)")
      duration = ContinuousClock.now - start
    }
  }

  /// Removes git's own locks, of a killed writer: the next one says to do so. Whoever held one has ended.
  private static func removeLocks(_ folder: String) throws {
    try FleetRepository.run(["find", folder, "-name", "*.lock", "-delete"], in: "/")
  }

  /// The branch is what it was or has the one commit that this source gives; whoever comes next finishes.
  @Test
  func theBranchIsOldOrNewAndTheRepositoryIsClean() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    let old = try fleet.id("out")
    let oldNotes = try fleet.id("refs/notes/hydrator.metadata")
    try fleet.changePort(8001)
    var moments = Moments()
    try moments.measure { try fleet.linkwright("commit", "--branch", "out") }
    let new = try fleet.id("out")
    let seed = SeededGenerator.seed()
    var generator = SeededGenerator(seed: seed)
    for round in 0..<Self.rounds {
      try fleet.git("update-ref", "refs/heads/out", old)
      try fleet.git("update-ref", "refs/notes/hydrator.metadata", oldNotes)
      // Objects that are there already would be left out of the next attempt.
      if round % 10 == 0 { try fleet.git("gc", "-q", "--prune=now") }
      let killed = try moments.kill(["commit", "--branch", "out"], in: fleet, using: &generator)
      try Self.removeLocks(fleet.path + "/.git/refs")
      let tip = try fleet.id("out")
      #expect(tip == new || killed && tip == old, "seed \(seed), round \(round)")
      try fleet.expectClean()
    }
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    #expect(try fleet.id("out") == new)
    let note = try fleet.git("notes", "--ref", "hydrator.metadata", "show", "out")
    #expect(note.contains(try fleet.id("HEAD")))
  }

  /// The same for a push: the remote's branch is old or new, and never ahead of its note by another source.
  @Test
  func theRemoteIsOldOrNew() throws {
    let fleet = try FleetRepository()
    let remote = fleet.root + "/remote.git"
    try fleet.git("init", "-q", "--bare", remote)
    let push = ["commit", "--branch", "out", "--push", remote]
    let names = ["refs/heads/out", "refs/notes/hydrator.metadata"]
    func state(_ folder: String) throws -> [String] {
      try names.map { try fleet.git("rev-parse", $0, at: folder) }
    }
    #expect(try fleet.linkwright(push).status == 0)
    let old = try state(fleet.path)
    try fleet.changePort(8001)
    var moments = Moments()
    try moments.measure { try fleet.linkwright(push) }
    let new = try state(fleet.path)
    let seed = SeededGenerator.seed()
    var generator = SeededGenerator(seed: seed)
    for round in 0..<Self.rounds / 4 {
      for folder in [fleet.path, remote] {
        for (name, id) in zip(names, old) { try fleet.git("update-ref", name, id, at: folder) }
      }
      let killed = try moments.kill(push, in: fleet, using: &generator)
      for folder in [fleet.path + "/.git", remote] { try Self.removeLocks(folder + "/refs") }
      let (here, there) = (try state(fleet.path), try state(remote))
      let context: Comment = "seed \(seed), round \(round): \(here) here, \(there) there"
      // Of a remote in files git renames one reference after the other: where it is killed in between, the branch has its
      // commit and the next push brings the note (`pushesAreOneTransaction` holds that they go together).
      #expect(there == new || killed && (there == old || there == [new[0], old[1]]), context)
      #expect(here[0] == old[0] || here[0] == new[0] && there[0] == new[0], context)
      if there != old, there != new {
        #expect(try fleet.linkwright(push).status == 0)
        #expect(try state(remote) == new, context)
      }
      try fleet.expectClean()
      try fleet.expectClean(at: remote)
    }
    #expect(try fleet.linkwright(push).status == 0)
    #expect(try state(remote) == new)
  }
}
