import Foundation
import TestSupport
import Testing

/// `linkwright commit --stages`: a change as commits that consumers can sync one after the other.
struct StagedCommitTests {
  private static let branch = "env/prod"

  /// Another policy, another claim, and one that goes: a change with something in every stage.
  private static func changed() throws -> FleetRepository {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", branch).status == 0)
    let connection = try fleet.read("connections/yourservice.yaml")
    try fleet.write(
      "connections/yourservice.yaml",
      connection.replacing("  exposure:", with: "  porter: {claimName: other-tsc}\n  exposure:"))
    for cluster in ["gold", "golddr"] {
      let file = "workloads/\(cluster)/yourservice.yaml"
      try fleet.write(file, try fleet.read(file).replacing("targetPort: 8000", with: "targetPort: 8001"))
    }
    try fleet.commitAll("Another claim")
    return fleet
  }

  private static func trailers(_ fleet: FleetRepository, _ revision: String) throws -> String {
    try fleet.git("log", "-1", "--format=%(trailers:only)", revision)
  }

  @Test func oneCommitForEachStageAndTheLastIsTheOutput() throws {
    let fleet = try Self.changed()
    let source = try fleet.id("HEAD")
    let before = try fleet.id(Self.branch)
    let output = try fleet.linkwright("commit", "--branch", Self.branch, "--stages")
    #expect(output.status == 0, "\(output.errorText)")
    let made = output.text.split(separator: "\n").map { String($0.prefix(40)) }
    #expect(try made.count >= 2 && made.last == fleet.id(Self.branch), "\(output.text)\(output.errorText)")
    #expect(try fleet.id("\(made[0])^") == before)
    for (index, commit) in made.enumerated() {
      let trailers = try Self.trailers(fleet, commit)
      #expect(trailers.contains("Linkwright-Source: \(source)") && trailers.contains("Linkwright-Stage: "))
      // Only the whole output may stand for its input.
      #expect(trailers.contains("Linkwright-Input: ") == (index == made.count - 1), "\(trailers)")
      #expect(try fleet.git("notes", "--ref", "hydrator.metadata", "show", commit).contains(source))
    }
    // Each says how many files its output has.
    let told = output.errorText.split(separator: "\n").filter { $0.hasPrefix("committed to ") }
    #expect(told.count == made.count)
    for (line, commit) in zip(told, made) {
      let counts = line.split(separator: " ").compactMap { Int($0) }
      let files = try fleet.git("ls-tree", "-r", "--name-only", commit, "rendered").split(separator: "\n")
      #expect(
        counts.count == 4 && counts[0] + counts[1] + counts[3] == files.count, "\(line): \(files.count)")
    }
    // What is gone at the end is still there on all stages before it, beside what is new.
    let path = "rendered/gold/manifests/yourlicenceplate-dev"
    let first = try fleet.git("ls-tree", "--name-only", "\(made[0]):\(path)")
    #expect(
      first.contains("transportserverclaim-yourservice-tsc.yaml")
        && first.contains("transportserverclaim-other-tsc.yaml"), "\(first)")
    let last = try fleet.git("ls-tree", "--name-only", "\(Self.branch):\(path)")
    #expect(!last.contains("transportserverclaim-yourservice-tsc.yaml"))
    // The same tree as in one commit.
    try fleet.git("branch", "once", before)
    #expect(try fleet.linkwright("commit", "--branch", "once").status == 0)
    #expect(try fleet.id("once^{tree}") == fleet.id("\(Self.branch)^{tree}"))
    try fleet.expectClean()
  }

  /// Every stage is an output of its own: its inventories own what is there, its kustomizations build.
  @Test func everyStageIsAnOutputOfItsOwn() throws {
    let fleet = try Self.changed()
    let output = try fleet.linkwright("commit", "--branch", Self.branch, "--stages")
    for commit in output.text.split(separator: "\n").map({ String($0.prefix(40)) }) {
      let place = fleet.root + "/stage-\(commit.prefix(8))"
      try fleet.git("worktree", "add", "-q", "--detach", place, commit)
      for lock in try FleetRepository.run(
        ["find", ".", "-name", "*.lock", "-path", "*/inventory/*"], in: place
      ).split(separator: "\n") {
        let root = place + "/" + lock.split(separator: "/").dropLast(2).joined(separator: "/")
        let lines = try String(contentsOfFile: "\(place)/\(lock)", encoding: .utf8).split(separator: "\n")
        for line in lines where !line.hasPrefix("#") {
          let (blob, file) = (line.prefix(40), line.dropFirst(41))
          #expect(try FleetRepository.run(["git", "hash-object", String(file)], in: root) == blob, "\(file)")
        }
      }
      guard Program.find("kubectl") != nil else { continue }
      for cluster in ["gold", "golddr"]
      where FileManager.default.fileExists(atPath: "\(place)/rendered/\(cluster)/manifests") {
        let built = try FleetRepository.run(
          ["kubectl", "kustomize", "rendered/\(cluster)/manifests"], in: place)
        #expect(built.contains("kind: "))
      }
    }
  }

  @Test func stopsAfterAStageAndGoesOn() throws {
    let fleet = try Self.changed()
    let first = try fleet.linkwright("commit", "--branch", Self.branch, "--stages", "--until", "provide")
    #expect(first.status == 0 && first.text.split(separator: "\n").count == 1, "\(first.errorText)")
    #expect(try Self.trailers(fleet, Self.branch).contains("Linkwright-Stage: provide; then "))
    let tip = try fleet.id(Self.branch)
    // The same stage again has nothing to do; the rest is still there to be done.
    let again = try fleet.linkwright("commit", "--branch", Self.branch, "--stages", "--until", "provide")
    #expect(again.status == 0 && again.text.isEmpty, "\(again.text)")
    #expect(try fleet.id(Self.branch) == tip)
    let rest = try fleet.linkwright("commit", "--branch", Self.branch, "--stages")
    #expect(rest.status == 0 && !rest.text.isEmpty)
    #expect(
      try fleet.linkwright("commit", "--branch", Self.branch, "--stages").errorText.contains("unchanged"))
    #expect(try fleet.linkwright("commit", "--until", "provide").status == 2)
    #expect(try fleet.linkwright("commit", "--stages", "--until", "now").status == 2)
  }

  @Test func aCommitWithoutStagesFinishesTheRest() throws {
    let fleet = try Self.changed()
    #expect(
      try fleet.linkwright("commit", "--branch", Self.branch, "--stages", "--until", "provide").status == 0)
    let output = try fleet.linkwright("commit", "--branch", Self.branch)
    #expect(output.status == 0 && output.text.split(separator: "\n").count == 1, "\(output.errorText)")
    let trailers = try Self.trailers(fleet, Self.branch)
    #expect(trailers.contains("Linkwright-Input: ") && !trailers.contains("Linkwright-Stage"))
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).errorText.contains("same input"))
  }

  /// Half a change of a newer source is still newer.
  @Test func anOlderSourceIsSupersededByAStage() throws {
    let fleet = try Self.changed()
    #expect(
      try fleet.linkwright("commit", "--branch", Self.branch, "--stages", "--until", "provide").status == 0)
    let tip = try fleet.id(Self.branch)
    for stages in [[], ["--stages"]] {
      let output = try FleetRepository.program.run(
        ["commit", "--branch", Self.branch, "--ref", "HEAD~1"] + stages, in: fleet.path,
        environment: FleetRepository.environment)
      #expect(output.status == 0 && output.errorText.contains("superseded"), "\(output.errorText)")
    }
    #expect(try fleet.id(Self.branch) == tip)
    // A newer one takes over from where the stage stopped.
    try fleet.changePort(8009)
    #expect(try fleet.linkwright("commit", "--branch", Self.branch, "--stages").status == 0)
    try fleet.git("branch", "fresh", "\(tip)~1")
    #expect(try fleet.linkwright("commit", "--branch", "fresh").status == 0)
    #expect(try fleet.id("fresh^{tree}") == fleet.id("\(Self.branch)^{tree}"))
  }

  @Test func dryRunNamesTheStages() throws {
    let fleet = try Self.changed()
    let tip = try fleet.id(Self.branch)
    let output = try fleet.linkwright("commit", "--branch", Self.branch, "--stages", "--dry-run")
    #expect(
      output.status == 0 && output.errorText.contains("stage provide: ")
        && output.errorText.contains("stage remove: "), "\(output.errorText)")
    #expect(try fleet.id(Self.branch) == tip)
  }

  @Test func stagesArePushedOneByOne() throws {
    let fleet = try Self.changed()
    let remote = fleet.root + "/remote.git"
    try fleet.git("init", "-q", "--bare", remote)
    try fleet.git("push", "-q", remote, "main", Self.branch)
    let output = try fleet.linkwright("commit", "--branch", Self.branch, "--stages", "--push", remote)
    #expect(output.status == 0, "\(output.errorText)")
    #expect(output.text.split(separator: "\n").count >= 2)
    #expect(try fleet.git("rev-parse", Self.branch, at: remote) == fleet.id(Self.branch))
  }
}
