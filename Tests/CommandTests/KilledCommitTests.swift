import Foundation
import Glibc
import TestSupport
import Testing

/// `linkwright commit`, killed at random moments.
struct KilledCommitTests {
  private static let rounds = ProcessInfo.processInfo.environment["LINKWRIGHT_LONG_TESTS"] == nil ? 100 : 400

  /// The branch is what it was or has the one commit that this source gives; whoever comes next finishes.
  @Test
  func theBranchIsOldOrNewAndTheRepositoryIsClean() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    let old = try fleet.id("out")
    let oldNotes = try fleet.id("refs/notes/hydrator.metadata")
    try fleet.changePort(8001)
    let start = Date()
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    let duration = Date().timeIntervalSince(start)
    let new = try fleet.id("out")
    let seed = SeededGenerator.seed()
    var generator = SeededGenerator(seed: seed)
    var outcomes: [String: Int] = [:]
    for round in 0..<Self.rounds {
      try fleet.git("update-ref", "refs/heads/out", old)
      try fleet.git("update-ref", "refs/notes/hydrator.metadata", oldNotes)
      // Objects that are there already would be left out of the next attempt.
      if round % 10 == 0 { try fleet.git("gc", "-q", "--prune=now") }
      let process = try BackgroundProgram(
        FleetRepository.program.path, ["commit", "--branch", "out"], in: fleet.path,
        environment: FleetRepository.environment)
      usleep(UInt32(Double.random(in: 0...duration * 1.1, using: &generator) * 1_000_000))
      let killed = process.end()
      // git's own lock of a killed writer: the next one says to remove it.
      for name in ["heads/out", "notes/hydrator.metadata"] {
        unlink("\(fleet.path)/.git/refs/\(name).lock")
      }
      let tip = try fleet.id("out")
      #expect(tip == old || tip == new, "seed \(seed), round \(round)")
      try fleet.expectClean()
      outcomes[killed ? (tip == old ? "old" : "new") : "finished", default: 0] += 1
    }
    #expect(outcomes["old", default: 0] > 0, "\(outcomes)")
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
    func push() throws -> Program.Output {
      try fleet.linkwright("commit", "--branch", "out", "--push", remote)
    }
    #expect(try push().status == 0)
    let old = try fleet.id("out")
    let oldNotes = try fleet.id("refs/notes/hydrator.metadata")
    try fleet.changePort(8001)
    let start = Date()
    #expect(try push().status == 0)
    let duration = Date().timeIntervalSince(start)
    let new = try fleet.id("out")
    let seed = SeededGenerator.seed()
    var generator = SeededGenerator(seed: seed)
    for round in 0..<Self.rounds / 4 {
      for folder in [fleet.path, remote] {
        try fleet.git("update-ref", "refs/heads/out", old, at: folder)
        try fleet.git("update-ref", "refs/notes/hydrator.metadata", oldNotes, at: folder)
      }
      let process = try BackgroundProgram(
        FleetRepository.program.path, ["commit", "--branch", "out", "--push", remote], in: fleet.path,
        environment: FleetRepository.environment)
      usleep(UInt32(Double.random(in: 0...duration * 1.1, using: &generator) * 1_000_000))
      _ = process.end()
      // git, which a killed Linkwright leaves behind, finishes or not.
      usleep(300_000)
      for folder in [fleet.path + "/.git", remote] {
        try FleetRepository.run(["find", folder + "/refs", "-name", "*.lock", "-delete"], in: "/")
      }
      let there = try fleet.git("rev-parse", "out", at: remote)
      #expect(there == old || there == new, "seed \(seed), round \(round)")
      let here = try fleet.id("out")
      #expect(here == old || here == new && there == new, "seed \(seed), round \(round)")
      let notes = try fleet.git("rev-parse", "refs/notes/hydrator.metadata", at: remote)
      #expect((there == old) == (notes == oldNotes), "branch and note move together")
      try fleet.expectClean()
      try fleet.expectClean(at: remote)
    }
    #expect(try push().status == 0)
    #expect(try fleet.git("rev-parse", "out", at: remote) == new)
  }
}
