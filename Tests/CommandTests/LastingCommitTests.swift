import Foundation
import Glibc
import TestSupport
import Testing

/// What commits must survive: other writers, pruning, other users, odd files; and what they say compared with a full
/// compile.
struct LastingCommitTests {
  /// The newest source needs no commit of its own, and says so only in the notes.
  @Test
  func aNewerSourceWithoutChangesWinsTheRace() async throws {
    for _ in 0..<6 {
      let fleet = try FleetRepository()
      #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
      let first = try fleet.id("out^{tree}")
      try fleet.changePort(8055)
      let older = try fleet.id("HEAD")
      try fleet.git("revert", "--no-edit", "HEAD")
      let newer = try fleet.id("HEAD")
      await withTaskGroup(of: Void.self) { group in
        for source in [older, newer] {
          group.addTask { _ = try? fleet.linkwright("commit", "--ref", source, "--branch", "out") }
        }
      }
      // Either the older one came first, and the newer one has overwritten it, or it found itself superseded.
      #expect(try fleet.git("rev-parse", "out:rendered") == fleet.git("rev-parse", "\(first):rendered"))
      #expect(try fleet.git("notes", "--ref", "hydrator.metadata", "show", "out").contains(newer))
    }
  }

  /// git spares what is younger than two weeks: what a commit uses again must be.
  @Test(arguments: [false, true])
  func whatIsUsedAgainIsYoung(_ isPacked: Bool) throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    if isPacked { try fleet.git("repack", "-q", "-a", "-d") }
    try fleet.git("update-ref", "-d", "refs/heads/out")
    try fleet.git("update-ref", "-d", "refs/notes/hydrator.metadata")
    try fleet.git("reflog", "expire", "--expire=now", "--all")
    try FleetRepository.run(
      ["find", ".git/objects", "-type", "f", "-exec", "touch", "-d", "60 days ago", "{}", "+"], in: fleet.path
    )
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    let ids = Set(
      try fleet.git("rev-list", "--objects", "out").split(separator: "\n").map { String($0.prefix(40)) })
    let old = try FleetRepository.run(
      ["find", ".git/objects", "-type", "f", "-mtime", "+30"], in: fleet.path
    ).split(separator: "\n").map { $0.split(separator: "/").suffix(2).joined() }
    #expect(ids.isDisjoint(with: old))
    #expect(!old.contains { $0.hasSuffix(".pack") })
  }

  /// Contents are deflated before it is known which are written: nothing that the commit does not name may come along.
  @Test
  func commitsBringNothingElse() throws {
    let fleet = try FleetRepository()
    func expectNothingUnreachable(_ what: String) throws {
      let report = try fleet.git("fsck", "--unreachable", "--no-reflogs", allowFailure: true)
      #expect(report.isEmpty, "\(what): \(report)")
    }
    #expect(try fleet.linkwright("commit", "--branch", "parts", "--stages", "--until", "provide").status == 0)
    try expectNothingUnreachable("a stage")
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    try expectNothingUnreachable("everything")
    try fleet.changePort(8055)
    #expect(try fleet.linkwright("commit", "--branch", "out", "--recompile").status == 0)
    try expectNothingUnreachable("a change")
    try fleet.write("connections/broken.yaml", "a: [")
    try fleet.commitAll("Break it")
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 1)
    try expectNothingUnreachable("a source with errors")
  }

  @Test(arguments: ["group", "0660"])
  func aSharedRepositoryStaysWritableForItsGroup(_ mode: String) throws {
    let fleet = try FleetRepository()
    let shared = fleet.root + "/shared.git"
    try fleet.git("init", "-q", "--bare", "--shared=\(mode)", shared)
    let output = try fleet.linkwright("commit", "--branch", "out", "--into", shared)
    #expect(output.status == 0, "\(output.errorText)")
    let closed = try FleetRepository.run(
      ["find", shared + "/objects", shared + "/refs", "-type", "d", "!", "-perm", "-g=w"], in: "/")
    #expect(closed == "")
  }

  @Test
  func anOddNameOnTheBranchIsLeftAlone() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    let tree = fleet.root + "/tree"
    try fleet.git("worktree", "add", "-q", tree, "out")
    try FleetRepository.run(["sh", "-c", "printf x > \"$(printf 'm\\374ller.txt')\""], in: tree)
    try FleetRepository.run(["git", "add", "-A"], in: tree)
    try FleetRepository.run(["git", "commit", "-q", "-m", "An odd name"], in: tree)
    try fleet.git("worktree", "remove", "--force", tree)
    try fleet.changePort(8055)
    let output = try fleet.linkwright("commit", "--branch", "out")
    #expect(output.status == 0 && output.errorText.contains("committed"), "\(output.errorText)")
    #expect(try fleet.git("ls-tree", "--name-only", "out").contains("ller.txt"))
  }

  @Test
  func aBranchNameBesideAnotherIsExplained() throws {
    let fleet = try FleetRepository()
    try fleet.git("branch", "out")
    try fleet.git("branch", "deep/er")
    for name in ["out/sub", "deep"] {
      let output = try fleet.linkwright("commit", "--branch", name)
      #expect(output.status == 2 && output.errorText.contains("choose another name"), "\(output.errorText)")
    }
  }

  @Test
  func aBranchThatNothingGoesToIsNotMade() throws {
    let fleet = try FleetRepository(
      fleet: """
        apiVersion: linkwright.dev/v1alpha1
        kind: Fleet
        metadata: {name: pair}
        spec:
          output:
            branch: env/base
            units:
            - {name: dev, path: "rendered/{cluster}/{unit}", branch: env/dev}
        """)
    let output = try fleet.linkwright("commit")
    #expect(output.status == 0, "\(output.errorText)")
    #expect(try fleet.git("for-each-ref", "--format=%(refname:short)", "refs/heads") == "env/dev\nmain")
  }

  /// A policy whose peers lie in a namespace that no connection joins with its own.
  @Test(arguments: [
    "kubernetes.io/metadata.name: c6af30-test}}\n      podSelector: {matchLabels: {app: x1}",
    "kubernetes.io/metadata.name: c6af30-tst}}\n      podSelector: {matchLabels: {app: patroni}",
  ])
  func aPolicyThatLooksAtOtherNamespacesIsToldAsAFullCompileTellsIt(_ peer: String) throws {
    let fleet = try FleetRepository()
    try fleet.git("rm", "-q", "-r", ".")
    try FleetRepository.run(["cp", "-r", Repository.path("examples/patroni") + "/.", fleet.path], in: "/")
    let script = """
      rm -rf rendered
      for p in connections/*.yaml observed/*/*.yaml workloads/*/*/patroni.yaml; do
        d=$(dirname $p)/cp0; mkdir -p $d
        sed 's/c6af30/a0b1c2/g' $p > $d/$(basename $p | sed 's/c6af30/a0b1c2/')
      done
      """
    try FleetRepository.run(["sh", "-c", script], in: fleet.path)
    try fleet.commitAll("Two applications")
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    try fleet.write(
      "workloads/gold/np.yaml",
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: peers, namespace: a0b1c2-prod}
      spec:
        podSelector: {}
        policyTypes: [Egress]
        egress:
        - to:
          - namespaceSelector: {matchLabels: {\(peer)}

      """)
    try fleet.commitAll("A policy")
    let part = try fleet.linkwright("commit", "--branch", "out", "--dry-run")
    let whole = try fleet.linkwright("commit", "--branch", "out", "--dry-run", "--recompile")
    #expect(part.errorText == whole.errorText && part.text == whole.text)
    #expect(whole.errorText.contains("LW7104"), "\(whole.errorText)")
  }
}
