package import Diagnostics
package import Snapshot

/// Rules about fleets in git: what the index or a tree holds, and where output may be committed.
package enum GitRules {
  package static let all = [
    unmergedPath, refusedName, noOutputBranch, unusableBranch, unrelatedSource, sharedUnitPath,
    checkedOutBranch, lfsPointer, otherSources,
  ]

  package static let unmergedPath = Rule(
    "LW1801", "unmerged-path", .error, "a file of the fleet has an unresolved merge conflict",
    explanation: """
      The index holds two or three versions of the file, and `git commit` would refuse it. Conflicts in files \
      that the fleet does not read are no concern of Linkwright.
      """,
    unexampled: "it needs an index; CommandTests runs one")

  package static let refusedName = Rule(
    "LW1802", "refused-name", .error, "a tree holds a name that no file may have",
    explanation: """
      A tree in git can hold names like '..', '.git', 'a/b' or one with control characters, which a checkout would \
      refuse or write elsewhere. Linkwright reads no directory that has one.
      """,
    unexampled: "git refuses to make one; CommandTests writes the objects by hand")

  package static let noOutputBranch = Rule(
    "LW1803", "no-output-branch", .error, "nothing says which branch the output is committed to",
    explanation: """
      Without spec.output.branch and --branch the output goes to the branch that the source was read from. A \
      detached HEAD, a tag, a commit id and another repository (--into) have no such branch.
      """,
    unexampled: "it needs a repository; CommandTests runs one")

  package static let unusableBranch = Rule(
    "LW1804", "unusable-branch", .error, "the output branch has a name that git refuses",
    explanation: "See `git check-ref-format --branch`. The name stands without refs/heads/.",
    unexampled: "it needs a repository; CommandTests runs one")

  package static let unrelatedSource = Rule(
    "LW1805", "unrelated-source", .error, "the output on the branch was compiled from an unrelated source",
    explanation: """
      The output branch says which source commit it was compiled from. A newer one may replace its output and an \
      older one may not. When neither contains the other (a rewritten history, two source branches that write \
      one output branch), Linkwright does not guess which one is meant.
      """,
    unexampled: "it needs a repository; CommandTests runs one")

  package static let sharedUnitPath = Rule(
    "LW1806", "shared-unit-path", .error, "output units on different branches share a path",
    explanation: """
      A path of the output belongs to one branch, so that nobody has to guess where a file went. Put '{unit}' \
      into the path of each unit that has a branch of its own.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- linkwright.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Fleet
      metadata: {name: porter-pair}
      spec:
        output:
          units:
          - {name: dev, namespaces: [a1b2c3-dev], path: "out/{cluster}", branch: environment/dev}
          - {name: prod, namespaces: [a1b2c3-prod], path: "out/{cluster}", branch: environment/prod}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- linkwright.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Fleet
      metadata: {name: porter-pair}
      spec:
        output:
          units:
          - {name: dev, namespaces: [a1b2c3-dev], path: "out/{cluster}/{unit}", branch: environment/dev}
          - {name: prod, namespaces: [a1b2c3-prod], path: "out/{cluster}/{unit}", branch: environment/prod}
      """))

  package static let checkedOutBranch = Rule(
    "LW1807", "checked-out-branch", .error, "the output branch is checked out",
    explanation: """
      Linkwright writes commits without touching a working tree. Where the branch is checked out, that tree would \
      show the new output as undone. Name a branch that nobody works on.
      """,
    unexampled: "it needs a repository; CommandTests runs one")

  package static let lfsPointer = Rule(
    "LW1808", "lfs-pointer", .error, "a file of the fleet has its content in Git LFS",
    explanation: """
      Git itself has only a pointer: three lines with the name of the content, which git-lfs puts into the file when it \
      checks a commit out. Read from a commit or from the index, or in a clone without git-lfs, the file says nothing \
      at all; what it declares would be missing without a word, and the same commit would not give the same output \
      everywhere.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/yourservice.yaml --
      version https://git-lfs.github.com/spec/v1
      oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
      size 12345

      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let otherSources = Rule(
    "LW1809", "other-sources", .warning, "the output branch holds sources of the fleet, and other ones",
    explanation: """
      The branch was begun as a copy of the source's branch, or it is that branch and the commit that is compiled is not \
      on it: a pull request's job, or a detached HEAD, that names it. The output does not fit the sources that lie beside \
      it: whoever compiles those, or runs `linkwright check` there, gets something else.
      """,
    unexampled: "it needs a repository; CommandTests runs one")

  /// True for what Git LFS leaves in a file's place (git-lfs, docs/spec.md).
  static func isLFSPointer(_ bytes: [UInt8]) -> Bool {
    bytes.count < 1024 && bytes.starts(with: "version https://git-lfs.github.com/spec/v".utf8)
  }

  static func pointer(_ file: SourceFile) -> Diagnostic {
    Diagnostic(
      lfsPointer, "\(file.path) is a pointer of Git LFS, and git has no content for it",
      at: Label(SourceRange(wholeFile: SourceFile(path: file.path, bytes: []))),
      help: [
        "keep it in git itself: 'git lfs untrack' its pattern, and 'git lfs migrate export --include=\(file.path)'"
      ])
  }

  /// The finding for content that cannot be read because of its author.
  package static func finding(for error: SnapshotError) -> Diagnostic {
    let range = SourceRange(wholeFile: SourceFile(path: error.path, bytes: []))
    if error.kind == .unmerged {
      return Diagnostic(
        unmergedPath, "\(error.path) has an unresolved merge conflict", at: Label(range),
        help: ["resolve it, then 'git add \(error.path)'"])
    }
    return Diagnostic(
      refusedName, "\(error.path): \(error.reason)", at: Label(range),
      help: ["remove the entry in a new commit; nothing of this directory is read"])
  }
}
