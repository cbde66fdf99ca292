import Compiler
import Foundation
import Output
import TestSupport
import Testing
import output_writer_probe

/// Writers that are killed, and writers that meet.
@Suite struct OutputDirectoryKillTests {
  private static func texts(_ generation: Int) -> [String: String] {
    ProbeGeneration.files(generation).mapValues { String(decoding: $0, as: UTF8.self) }
  }

  /// After any kill, and `recover()`, the directory holds one generation and nothing else.
  @Test func survivesBeingKilled() throws {
    let seed = SeededGenerator.seed()
    print("TEST_SEED=\(seed)")
    var random = SeededGenerator(seed: seed)
    let folder = try OutputFolder(isFast: true)
    let generations = [Self.texts(0), Self.texts(1)]
    try folder.output.apply(ProbeGeneration.change(to: 0))
    let probe = try Program.writerProbe()
    var (finished, tidied) = (0, 0)
    var kill = 0
    // A hundred kills; more where they met only one side of the point of no return.
    while kill < 100 || (finished == 0 || tidied == 0) && kill < 10_000 {
      kill += 1
      let process = try BackgroundProgram(probe.path, [folder.path, "1000000"])
      // At any moment, and at one when it is known to be at work, which on a busy machine comes late.
      if kill % 3 != 0 {
        #expect(process.waits { access("\(folder.path)/.linkwright", F_OK) == 0 })
      }
      usleep(UInt32.random(in: 0...40_000, using: &random))
      try #require(process.end(), "the probe stopped by itself")
      let isBegun = folder.output.hasUnfinishedWrite
      let isTraced = access("\(folder.path)/.linkwright", F_OK) == 0
      #expect(try folder.output.recover() == isBegun)
      finished += isBegun ? 1 : 0
      tidied += isTraced && !isBegun ? 1 : 0
      let found = try folder.listing()
      guard !generations.contains(found) else { continue }
      let odd = generations.map { wanted in
        found.filter { wanted[$0.key] != $0.value }.keys.sorted().prefix(5)
      }
      Issue.record("kill \(kill), seed \(seed): a mixture of generations, odd against each: \(odd)")
      return
    }
    print("of \(kill) kills, \(finished) came after the point of no return and \(tidied) before it")
    #expect(
      finished > 0 && tidied > 0, "the kills did not meet both sides of the point of no return; seed \(seed)")
  }

  /// A write that was interrupted is finished by the next one, too.
  @Test func nextWriteFinishesTheLast() throws {
    let folder = try OutputFolder()
    try folder.apply(["r/a/x.yaml": "old", "r/a/gone.yaml": "gone"])
    try InterruptedWrite.leave(in: folder)
    #expect(folder.output.hasUnfinishedWrite)
    try folder.apply(["r/other.yaml": "o"])
    #expect(try folder.listing() == ["r/a/x.yaml": "new", "r/new/deep/y.yaml": "y", "r/other.yaml": "o"])
  }

  /// Rolling forward makes directories again that were removed meanwhile, and can be done from any step on.
  @Test func rollsForwardAfterChangesMeanwhile() throws {
    let folder = try OutputFolder()
    try folder.apply(["r/a/x.yaml": "old", "r/a/gone.yaml": "gone"])
    try InterruptedWrite.leave(in: folder)
    try FileManager.default.removeItem(atPath: "\(folder.path)/r")
    #expect(try folder.output.recover())
    #expect(try folder.listing() == ["r/a/x.yaml": "new", "r/new/deep/y.yaml": "y"])
  }

  /// A kill between any two steps, one after the other: what is left finishes the same.
  @Test func rollsForwardFromEveryStep() throws {
    let removed = ["r/a/b/c.yaml", "r/a/b/d/e.yaml", "r/x", "r/old/o.yaml"]
    let written = ["r/a/b", "r/x/y/z.yaml", "r/x/w.yaml", "r/keep.yaml", "r/new/n.yaml", "r/added.yaml"]
    let change = OutputChange(
      items: removed.map { OutputChange.Item(path: $0, kind: .removed) }
        + written.map { OutputChange.Item(path: $0, kind: .changed, content: Array("new".utf8)) })
    var (step, isLast) = (0, false)
    while !isLast {
      let folder = try OutputFolder(isFast: true)
      for path in removed + ["r/keep.yaml"] { try folder.write(path, "old") }
      isLast = try InterruptedWrite.leave(change, in: folder, afterSteps: step)
      #expect(try folder.output.recover())
      #expect(
        try folder.listing() == Dictionary(uniqueKeysWithValues: written.map { ($0, "new") }), "step \(step)")
      step += 1
    }
    #expect(step > 10)
  }

  /// Somebody may commit a journal: it is not followed.
  @Test func refusesAJournalFromElsewhere() throws {
    let folder = try OutputFolder()
    try folder.apply(["r/a/x.yaml": "old", "r/a/gone.yaml": "gone"])
    try InterruptedWrite.leave(in: folder)
    let copy = try OutputFolder()
    try FileManager.default.removeItem(atPath: copy.path)
    try FileManager.default.copyItem(atPath: folder.path, toPath: copy.path)
    let before = try copy.listing()
    let error = #expect(throws: OutputError.self) { try copy.output.recover() }
    #expect(error?.reason.contains("copied from elsewhere") == true)
    #expect(error?.isBegun == true)
    #expect(try copy.listing() == before)
  }

  @Test(arguments: [0, 10, 30, -1])
  func refusesADamagedJournal(cut: Int) throws {
    let folder = try OutputFolder()
    try folder.apply(["r/a/x.yaml": "old", "r/a/gone.yaml": "gone"])
    try InterruptedWrite.leave(in: folder)
    let journal = URL(fileURLWithPath: "\(folder.path)/.linkwright/journal")
    var bytes = try Data(contentsOf: journal)
    if cut < 0 { bytes[bytes.count / 2] ^= 1 } else { bytes = bytes.prefix(cut) }
    try bytes.write(to: journal)
    let error = #expect(throws: OutputError.self) { try folder.output.recover() }
    #expect(error?.path == ".linkwright/journal")
    #expect(error?.reason.contains("is damaged") == true)
    #expect(try folder.listing()["r/a/x.yaml"] == "old")
  }

  /// Two writers take turns: each generation is written whole.
  @Test func writersTakeTurns() async throws {
    let folder = try OutputFolder(isFast: true)
    let probe = try Program.writerProbe()
    let path = folder.path
    try await withThrowingTaskGroup(of: Program.Output.self) { group in
      for _ in 0..<2 { group.addTask { try probe.run([path, "40"]) } }
      for try await run in group {
        #expect(run.status == 0, "\(run.text)\(run.errorText)")
      }
    }
    #expect([Self.texts(0), Self.texts(1)].contains(try folder.listing()))
  }
}
