import Foundation
import TestSupport
import Testing

/// `linkwright commit` as git sees its results.
struct CommitTests {
  private static let branch = "env/prod"

  @Test
  func theSourcesOwnBranchTakesTheOutputWithoutNamingOne() throws {
    let fleet = try FleetRepository()
    let source = try fleet.id("HEAD")
    let output = try fleet.linkwright("commit")
    #expect(output.status == 0, "\(output.errorText)")
    #expect(try fleet.id("main~1") == source)
    #expect(output.text == "\(try fleet.id("main")) main\n")
    #expect(output.errorText.contains("git restore --staged --worktree -- rendered"))
    try fleet.git("restore", "--staged", "--worktree", "--", "rendered")
    #expect(try fleet.git("status", "--short") == "")
    #expect(try fleet.linkwright("check").status == 0)
    let again = try fleet.linkwright("commit")
    #expect(again.status == 0 && again.text == "" && again.errorText.contains("unchanged"))
    #expect(
      try fleet.linkwright("commit", "--ref", source, "--branch", "main").errorText.contains("unchanged"))
    try fleet.expectClean()
  }

  @Test
  func anUnbornBranchGetsOutputMetadataTrailersAndNote() throws {
    let fleet = try FleetRepository(
      prefix: "teams/a/",
      fleet: """
        apiVersion: linkwright.dev/v1alpha1
        kind: Fleet
        metadata: {name: pair}
        spec:
          repositoryURL: https://git.example.org/pair
          output:
            branch: env/prod
            committer: {name: Output Bot, email: bot@example.org}
        """)
    let source = try fleet.id("HEAD")
    let output = try fleet.linkwright("commit", "teams/a")
    #expect(output.status == 0, "\(output.errorText)")
    #expect(
      try fleet.git("log", "--format=%an <%ae> %ad|%cn <%ce> %cd|%P", "--date=raw", Self.branch)
        == "Ada <ada@example.org> 1700000000 +0100|Output Bot <bot@example.org> 1700000000 +0000|")
    let trailers = try fleet.git("log", "--format=%(trailers:only)", Self.branch)
    #expect(trailers.contains("Linkwright-Source: \(source)\n"))
    #expect(trailers.contains("Linkwright-Version: "))
    let files = try fleet.git("ls-tree", "-r", "--name-only", Self.branch).split(separator: "\n")
    #expect(files.allSatisfy { $0.hasPrefix("teams/a/rendered/") || $0 == "teams/a/hydrator.metadata" })
    let text = try fleet.git("show", "\(Self.branch):teams/a/hydrator.metadata")
    let metadata = try #require(
      JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String])
    #expect(metadata["drySha"] == source)
    #expect(metadata["repoURL"] == "https://git.example.org/pair")
    #expect(metadata["author"] == "Ada <ada@example.org>" && metadata["subject"] == "Add the fleet")
    #expect(metadata["date"] == "2023-11-14T22:13:20Z")
    #expect(
      try fleet.git("notes", "--ref", "hydrator.metadata", "show", Self.branch)
        == "{\"drySha\":\"\(source)\"}")
    #expect(try fleet.git("status", "--short") == "")
    try fleet.expectClean()
  }

  @Test
  func nothingChangedMakesNoCommitButANote() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).status == 0)
    let tip = try fleet.id(Self.branch)
    try fleet.write("README.md", "# Fleet\n")
    try fleet.commitAll("Say what it is")
    let output = try fleet.linkwright("commit", "--branch", Self.branch)
    #expect(output.status == 0 && output.errorText.contains("unchanged"))
    #expect(try fleet.id(Self.branch) == tip)
    #expect(try fleet.git("notes", "--ref", "hydrator.metadata", "show", tip).contains(try fleet.id("HEAD")))
  }

  @Test
  func anOlderSourceIsSuperseded() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).status == 0)
    try fleet.changePort(8001)
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).status == 0)
    let tip = try fleet.id(Self.branch)
    let output = try fleet.linkwright("commit", "--branch", Self.branch, "--ref", "HEAD~1")
    #expect(output.status == 0 && output.errorText.contains("superseded"), "\(output.errorText)")
    #expect(try fleet.id(Self.branch) == tip)
    // A newer source without a change of its own counts, too.
    try fleet.write("README.md", "# Fleet\n")
    try fleet.commitAll("Say what it is")
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).errorText.contains("unchanged"))
    try fleet.git("checkout", "-q", "-b", "side", "HEAD~1")
    try fleet.changePort(8002)
    let side = try fleet.linkwright("commit", "--branch", Self.branch)
    #expect(side.status == 1 && side.errorText.contains("LW1805"), "\(side.errorText)")
    #expect(try fleet.id(Self.branch) == tip)
    #expect(try fleet.linkwright("commit", "--branch", Self.branch, "--replace-unrelated").status == 0)
    #expect(try fleet.id("\(Self.branch)~1") == tip)
  }

  @Test
  func theSourcesBranchThatMovedOnIsSuperseded() throws {
    let fleet = try FleetRepository()
    let source = try fleet.id("HEAD")
    try fleet.changePort(8001)
    let output = try fleet.linkwright("commit", "--ref", source, "--branch", "main")
    #expect(output.status == 0 && output.errorText.contains("superseded"), "\(output.errorText)")
    #expect(try fleet.git("log", "--format=%s", "-1", "main") == "Port 8001")
  }

  @Test
  func unrelatedHistoryIsAnError() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).status == 0)
    try fleet.git("checkout", "-q", "--orphan", "new")
    try fleet.git("commit", "-q", "-m", "Start again")
    let output = try fleet.linkwright("commit", "--branch", Self.branch)
    #expect(output.status == 1 && output.errorText.contains("LW1805"), "\(output.errorText)")
  }

  @Test
  func foreignFilesSurviveAndEditedOnesAreReported() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).status == 0)
    let tree = fleet.root + "/out"
    try fleet.git("worktree", "add", "-q", tree, Self.branch)
    try Data("mine\n".utf8).write(to: URL(fileURLWithPath: tree + "/rendered/gold/MINE.md"))
    try fleet.git("add", "-A", at: tree)
    try fleet.git("commit", "-q", "-m", "Mine", at: tree)
    let checkedOut = try fleet.linkwright("commit", "--branch", Self.branch)
    #expect(checkedOut.status == 1 && checkedOut.errorText.contains("LW1807"), "\(checkedOut.errorText)")
    try fleet.git("checkout", "-q", "--detach", at: tree)
    try fleet.changePort(8001)
    let output = try fleet.linkwright("commit", "--branch", Self.branch)
    #expect(output.status == 0, "\(output.errorText)")
    #expect(try fleet.git("show", "\(Self.branch):rendered/gold/MINE.md") == "mine")
    // Now an edit of a generated file.
    try fleet.git("checkout", "-q", "-B", "edit", Self.branch, at: tree)
    let file = tree + "/rendered/gold/manifests/kustomization.yaml"
    try Data("# edited\n".utf8).write(to: URL(fileURLWithPath: file))
    try fleet.git("commit", "-q", "-a", "-m", "Edit", at: tree)
    try fleet.git("branch", "-q", "-f", Self.branch, "edit")
    try fleet.changePort(8002)
    let edited = try fleet.linkwright("commit", "--branch", Self.branch)
    #expect(edited.status == 1 && edited.errorText.contains("LW1503"), "\(edited.errorText)")
    #expect(try fleet.git("log", "-1", "--format=%s", Self.branch) == "Edit")
    let forced = try fleet.linkwright("commit", "--branch", Self.branch, "--overwrite-edited")
    #expect(forced.status == 0, "\(forced.errorText)")
    #expect(
      !(try fleet.git("show", "\(Self.branch):rendered/gold/manifests/kustomization.yaml").contains("edited"))
    )
    try fleet.expectClean()
  }

  @Test
  func twoClonesGiveTheSameIds() throws {
    let fleet = try FleetRepository()
    var ids: [String] = []
    for name in ["one", "two"] {
      let clone = fleet.root + "/" + name
      try fleet.git("clone", "-q", fleet.path, clone)
      for reference in ["HEAD"] {
        let output = try fleet.linkwright("commit", "--ref", reference, "--branch", Self.branch, at: clone)
        #expect(output.status == 0, "\(output.errorText)")
      }
      ids.append(try fleet.git("rev-parse", Self.branch, "refs/notes/hydrator.metadata", at: clone))
    }
    #expect(ids[0] == ids[1])
  }

  @Test
  func tenProcessesAtOnceLoseNothing() async throws {
    let fleet = try FleetRepository()
    for port in 8001..<8010 { try fleet.changePort(port) }
    let outputs = await withTaskGroup(of: Program.Output?.self, returning: [Program.Output?].self) { group in
      for age in 0..<10 {
        group.addTask { try? fleet.linkwright("commit", "--branch", Self.branch, "--ref", "main~\(age)") }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    for output in outputs {
      #expect(output?.status == 0, "\(output?.errorText ?? "did not start")")
    }
    // Whatever the order was, the newest source's output is there at the end, and history never went back.
    let sources = try fleet.git(
      "log", "--reverse", "--format=%(trailers:key=Linkwright-Source,valueonly)", Self.branch
    )
    .split(separator: "\n").map(String.init)
    #expect(sources.last == (try fleet.id("main")))
    for (older, newer) in zip(sources, sources.dropFirst()) {
      #expect(
        try FleetRepository.run(["git", "merge-base", "--is-ancestor", older, newer], in: fleet.path) == "")
    }
    try fleet.expectClean()
  }

  @Test
  func detachedHeadAndWrongNamesAreFindings() throws {
    let fleet = try FleetRepository()
    try fleet.git("checkout", "-q", "--detach")
    let detached = try fleet.linkwright("commit")
    #expect(detached.status == 1 && detached.errorText.contains("LW1803"))
    for name in ["a..b", "@", "refs/tags/v1", "refs/remotes/origin/main"] {
      let named = try fleet.linkwright("commit", "--branch", name)
      #expect(named.status == 1 && named.errorText.contains("LW1804"), "\(named.errorText)")
    }
    let range = try fleet.linkwright("commit", "--ref", "HEAD..HEAD", "--branch", Self.branch)
    #expect(range.status == 2 && range.errorText.contains("name one commit"), "\(range.errorText)")
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).status == 0)
    #expect(try fleet.linkwright("commit", "--ref", "nowhere").status == 2)
    #expect(try fleet.linkwright("commit", "--author", "Ada").status == 2)
  }

  @Test
  func aShallowCloneSaysWhatItLacks() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", Self.branch).status == 0)
    try fleet.changePort(8001)
    let clone = fleet.root + "/shallow"
    try fleet.git("clone", "-q", "--depth", "1", "--no-single-branch", "file://\(fleet.path)", clone)
    try fleet.git("branch", "-q", Self.branch, "origin/\(Self.branch)", at: clone)
    let output = try fleet.linkwright("commit", "--branch", Self.branch, at: clone)
    #expect(output.status == 2 && output.errorText.contains("--unshallow"), "\(output.errorText)")
    try fleet.git("fetch", "-q", "--unshallow", at: clone)
    #expect(try fleet.linkwright("commit", "--branch", Self.branch, at: clone).status == 0)
  }

  @Test
  func intoAnotherRepository() throws {
    let fleet = try FleetRepository()
    let other = fleet.root + "/other.git"
    try fleet.git("init", "-q", "--bare", other)
    let none = try fleet.linkwright("commit", "--into", other)
    #expect(none.status == 1 && none.errorText.contains("LW1803"))
    #expect(try fleet.linkwright("commit", "--into", other, "--branch", "main").status == 0)
    try fleet.changePort(8001)
    #expect(try fleet.linkwright("commit", "--into", other, "--branch", "main").status == 0)
    let late = try fleet.linkwright("commit", "--into", other, "--branch", "main", "--ref", "HEAD~1")
    #expect(late.status == 0 && late.errorText.contains("superseded"))
    #expect(try fleet.git("log", "--format=%s", "main", at: other).split(separator: "\n").count == 2)
    #expect(try fleet.git("branch") == "* main")
    try fleet.expectClean(at: other)
  }

  @Test
  func proposalsAndUnitsHaveBranchesOfTheirOwn() throws {
    let fleet = try FleetRepository(
      fleet: """
        apiVersion: linkwright.dev/v1alpha1
        kind: Fleet
        metadata: {name: pair}
        spec:
          output:
            branch: env/rest
            units:
            - {name: dev, namespaces: [yourlicenceplate-dev], path: "out/{cluster}/{unit}", branch: env/dev}
        """)
    let output = try fleet.linkwright("commit")
    #expect(output.status == 0, "\(output.errorText)")
    let dev = try fleet.git("ls-tree", "-r", "--name-only", "env/dev").split(separator: "\n")
    #expect(
      dev.contains { $0.hasPrefix("out/gold/dev/manifests/") } && !dev.contains { $0.hasPrefix("rendered/") })
    #expect(try fleet.linkwright("commit").errorText.contains("unchanged: env/dev"))
    try fleet.changePort(8001)
    let before = try fleet.id("env/dev")
    #expect(try fleet.linkwright("commit", "--propose").status == 0)
    #expect(try fleet.id("env/dev") == before)
    #expect(try fleet.id("env/dev-next~1") == before)
    #expect(try fleet.git("branch", "--list", "env/rest-next") == "")
    try fleet.expectClean()
  }

  @Test
  func aDryRunWritesNothing() throws {
    let fleet = try FleetRepository()
    let before = try fleet.git("count-objects", "-v")
    let output = try fleet.linkwright("commit", "--branch", Self.branch, "--dry-run")
    #expect(output.status == 0 && output.text.contains("+ rendered/gold/manifests/kustomization.yaml\n"))
    #expect(try fleet.git("count-objects", "-v") == before)
    #expect(try fleet.git("for-each-ref", "--format=%(refname)") == "refs/heads/main")
  }
}

/// The memo in the git directory.
struct MemoUseTests {
  private static func memos(_ fleet: FleetRepository) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: fleet.path + "/.git/linkwright").sorted()) ?? []
  }

  @Test
  func itIsBegunUsedAndMadeGood() throws {
    let fleet = try FleetRepository(prefix: "teams/a/")
    #expect(try fleet.linkwright("validate", "teams/a").status == 0)
    #expect(Self.memos(fleet) == [])
    #expect(try fleet.linkwright("commit", "teams/a", "--branch", "out").status == 0)
    let memos = Self.memos(fleet)
    #expect(memos.count == 1 && memos[0].hasPrefix("memo-"))
    let directory = fleet.path + "/.git/linkwright/" + memos[0]
    for port in 8001...8005 {
      try fleet.changePort(port)
      #expect(try fleet.linkwright("validate", "teams/a", "--ref", "HEAD").status == 0)
      #expect(try fleet.linkwright("commit", "teams/a", "--branch", "out").status == 0)
      let tip = try fleet.id("out^{tree}")
      #expect(try fleet.linkwright("commit", "teams/a", "--branch", "other", "--recompile").status == 0)
      #expect(try fleet.id("other^{tree}") == tip)
      if port == 8003 { try Data("rubbish".utf8).write(to: URL(fileURLWithPath: directory + "/memo")) }
    }
    #expect(try fleet.git("status", "--short") == "")
    try fleet.expectClean()
  }

  @Test
  func itIsNotBegunInCINorWhereSwitchedOff() throws {
    let fleet = try FleetRepository()
    let clean = ["CI": "true"]
    #expect(try fleet.linkwright("commit", "--branch", "out", environment: clean).status == 0)
    #expect(Self.memos(fleet) == [])
    try fleet.git("config", "linkwright.memo", "false")
    #expect(try fleet.linkwright("commit", "--branch", "other").status == 0)
    #expect(Self.memos(fleet) == [])
    #expect(try fleet.linkwright("commit", "--branch", "third", "--dry-run").status == 0)
    #expect(Self.memos(fleet) == [])
  }
}

/// What is left out when nothing that a compile reads has changed.
struct InputDigestTests {
  @Test
  func theSameInputIsNotCompiledAgainAndAnyOtherIs() throws {
    let fleet = try FleetRepository()
    func commit(_ options: String...) throws -> String {
      let output = try FleetRepository.program.run(
        ["commit", "--branch", "out"] + options, in: fleet.path, environment: FleetRepository.environment)
      #expect(output.status == 0, "\(output.errorText)")
      return output.errorText
    }
    #expect(try commit().contains("committed"))
    #expect(try commit().contains("same input"))
    #expect(try commit("--recompile").contains("17 files"))
    try fleet.write("README.md", "# Prose\n")
    try fleet.commitAll("Prose")
    #expect(try commit().contains("same input"))
    #expect(
      try fleet.git("notes", "--ref", "hydrator.metadata", "show", "out").contains(try fleet.id("HEAD")))
    try fleet.write("links/gold-pair.yaml", try fleet.read("links/gold-pair.yaml") + "# comment\n")
    try fleet.commitAll("Comment")
    #expect(try commit().contains("unchanged: out") && !(try commit().contains("same input")))
    try fleet.changePort(8001)
    #expect(try commit().contains("committed"))
    #expect(try commit("--strict").contains("17 files"))
  }
}
