import Dispatch
import Foundation
import Repository
import Synchronization
import TestSupport
import Testing

@Suite struct FaultTests {
  /// The helper process, built next to the test bundle.
  static let probe: String? = {
    var directory = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    for _ in 0..<4 {
      let candidate = directory.appendingPathComponent("RepositoryProbe").path
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
      directory.deleteLastPathComponent()
    }
    return nil
  }()

  /// Starts the helper, whose lines go to a file beside the repository.
  static func start(
    _ scratch: ScratchRepository, name: String, count: Int, files: Int
  ) throws -> BackgroundProgram {
    try BackgroundProgram(
      "/bin/sh",
      [
        "-c", #"log=$1; shift; exec "$0" "$@" >"$log""#, try #require(probe, "RepositoryProbe is not built"),
        log(scratch, name), "commit", scratch.path, "refs/heads/output", name, "\(count)", "\(files)",
      ])
  }

  static func log(_ scratch: ScratchRepository, _ name: String) -> String { scratch.root + "/log-\(name)" }

  /// Ten processes, one branch, and `git pack-refs` and `git gc` in between: nothing that was committed is lost.
  @Test func tenProcessesLoseNothing() throws {
    let scratch = try ScratchRepository(bare: true)
    let rounds = 8
    let processes = try (0..<10).map { try Self.start(scratch, name: "w\($0)", count: rounds, files: 3) }
    while processes.contains(where: \.isRunning) {
      try scratch.git("pack-refs", "--all", allowFailure: true)
      usleep(20_000)
    }
    for (number, process) in processes.enumerated() {
      let log = try String(contentsOfFile: Self.log(scratch, "w\(number)"), encoding: .utf8)
      #expect(process.status == 0, "\(log)")
    }
    #expect(try scratch.git("rev-list", "--count", "output") == "\(10 * rounds)")
    #expect(
      try scratch.git("ls-tree", "-r", "--name-only", "output").split(separator: "\n").count == 10 * rounds
        * 3)
    try scratch.expectClean()
  }

  /// Threads that share one repository object, or have one each: commits and notes are all there afterwards.
  @Test(arguments: [true, false]) func threadsLoseNothing(isShared: Bool) throws {
    let scratch = try ScratchRepository(bare: true)
    let shared = try scratch.open()
    let faults = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { number in
      do {
        let repository = isShared ? shared : try scratch.open()
        for round in 0..<5 {
          let path = "out/\(number)/\(round)"
          guard let id = try repository.commit([path: path]).commit else { throw CancellationError() }
          try repository.writeHydratorNote(HydratorNote(source: id), on: id, by: ada)
        }
      } catch { faults.withLock { $0.append("\(error)") } }
    }
    #expect(faults.withLock { $0 } == [])
    #expect(try scratch.git("rev-list", "--count", "output") == "40")
    #expect(try scratch.git("ls-tree", "-r", "--name-only", "output").split(separator: "\n").count == 40)
    #expect(try scratch.git("notes", "--ref=hydrator.metadata", "list").split(separator: "\n").count == 40)
    try scratch.expectClean()
  }

  /// Kills a writer at a random moment, 40 times (LINKWRIGHT_LONG_TESTS=1: 200), with packs and with loose objects.
  @Test(arguments: [3, 150]) func killedWriterLeavesOldOrNew(files: Int) throws {
    let scratch = try ScratchRepository(bare: true)
    let repeats = ProcessInfo.processInfo.environment["LINKWRIGHT_LONG_TESTS"] == nil ? 20 : 100
    let seed = SeededGenerator.seed()
    print("TEST_SEED=\(seed)")
    var random = SeededGenerator(seed: seed)
    for round in 0..<repeats {
      let before = try scratch.git("rev-parse", "-q", "--verify", "output", allowFailure: true)
      let name = "k\(round)"
      let process = try Self.start(scratch, name: name, count: 1_000_000, files: files)
      // At any moment, and at one when it is known to be at work, which on a busy machine comes late.
      if round % 2 == 1 {
        let log = Self.log(scratch, name)
        #expect(process.waits { (try? String(contentsOfFile: log, encoding: .utf8))?.isEmpty == false })
      }
      usleep(UInt32.random(in: 0...60_000, using: &random))
      #expect(process.end(), "it ended before it was killed")
      // A killed process may leave git's own lock; the report about it says to remove it.
      try? FileManager.default.removeItem(atPath: scratch.path + "/refs/heads/output.lock")
      let after = try scratch.git("rev-parse", "-q", "--verify", "output", allowFailure: true)
      if !before.isEmpty { try scratch.git("merge-base", "--is-ancestor", before, after) }
      try scratch.expectClean()
      guard !after.isEmpty else { continue }
      // Every commit is whole: each adds exactly its files.
      let number = try scratch.git("rev-list", "--count", "output")
      let listed = try scratch.git("ls-tree", "-r", "--name-only", "output").split(separator: "\n").count
      #expect(listed == (Int(number) ?? 0) * files)
    }
  }

  @Test func explainsALockThatWasLeftBehind() throws {
    let scratch = try ScratchRepository(bare: true)
    let repository = try scratch.open()
    _ = try repository.commit(["a": "1"])
    let lock = scratch.path + "/refs/heads/output.lock"
    try Data().write(to: URL(fileURLWithPath: lock))
    let error = try #require(gitError { _ = try repository.commit(["a": "2"]) })
    #expect(error.kind == .locked && error.remedy?.contains(lock) == true, "\(error)")
  }

  @Test func asksAgainOnAMovedTip() throws {
    let scratch = try ScratchRepository(bare: true)
    let repository = try scratch.open()
    let other = try scratch.open()
    let first = try #require(try repository.commit(["a": "1"]).commit)
    var tips: [ObjectID?] = []
    var between: ObjectID?
    let outcome = try repository.commit(OutputCommit(reference: "refs/heads/output")) {
      (tip) throws(GitError) in
      tips.append(tip?.id)
      var batch = try ObjectBatch(for: repository)
      let blob = try batch.add(blob: Array("mine".utf8))
      if tips.count == 1 { between = try other.commit(["theirs": "2"]).commit }
      return .write(
        .init(
          edit: try TreeEdit(files: [.init(path: "mine", blob: blob)]), contents: [batch.finish()],
          message: .init(subject: "mine"), author: ada, committer: ada))
    }
    #expect(tips == [first, between])
    #expect(outcome == .committed(commit: try repository.commit("output").id, parent: between, attempts: 2))
    #expect(try scratch.git("ls-tree", "-r", "--name-only", "output") == "a\nmine\ntheirs")
    try scratch.expectClean()
  }

  @Test func movesPackedAndSymbolicReferences() throws {
    let scratch = try ScratchRepository()
    let repository = try scratch.open()
    _ = try repository.commit(["a": "1"])
    try scratch.git("pack-refs", "--all")
    #expect(try repository.commit(["a": "2"]).commit != nil)
    try scratch.git("gc", "-q")
    #expect(try repository.commit(["a": "3"]).commit != nil)
    #expect(try scratch.git("rev-list", "--count", "output") == "3")
    try scratch.git("symbolic-ref", "refs/heads/alias", "refs/heads/output")
    let error = gitError { _ = try repository.commit(["a": "4"], to: "refs/heads/alias") }
    #expect(error?.kind == .invalidName, "\(error as Any)")
    #expect(try scratch.git("symbolic-ref", "refs/heads/alias") == "refs/heads/output")
    try scratch.expectClean()
  }

  @Test func saysThatARepositoryIsReadOnly() throws {
    let scratch = try ScratchRepository(bare: true)
    // Root writes through permissions; a directory that is a file stops everybody.
    try ScratchRepository.run(["sh", "-c", "rm -rf objects/pack; : > objects/pack"], in: scratch.path)
    let repository = try scratch.open()
    let texts = Dictionary(uniqueKeysWithValues: (0..<150).map { ("f\($0)", "text \($0)") })
    let error = try #require(gitError { _ = try repository.commit(texts) })
    #expect(error.operation.contains(scratch.path + "/objects/pack") && error.errorClass == "os", "\(error)")
    #expect(try repository.target(ofReference: "refs/heads/output") == nil)
  }

  @Test(.enabled(if: geteuid() == 0, "needs root to become another user"), arguments: [3, 150])
  func explainsAReadOnlyRepository(files: Int) throws {
    let scratch = try ScratchRepository(bare: true)
    _ = try scratch.open().commit(["a": "1"])
    try ScratchRepository.run(["chmod", "-R", "a-w", scratch.path], in: "/")
    try ScratchRepository.run(["chmod", "a+rx", scratch.root], in: "/")
    let probe = scratch.root + "/probe"
    try ScratchRepository.run(
      ["cp", try #require(Self.probe, "RepositoryProbe is not built"), probe], in: "/")
    // Capabilities are what lets root write anywhere.
    let output = try ScratchRepository.run(
      [
        "setpriv", "--bounding-set=-all", "--inh-caps=-all", probe, "commit", scratch.path,
        "refs/heads/output", "x", "1", "\(files)",
      ], in: "/", allowFailure: true)
    #expect(output.contains("make the repository's directory writable"), "\(output)")
    try scratch.expectClean()
  }
}
