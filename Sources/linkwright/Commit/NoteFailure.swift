import Repository

extension OutputCommitting {
  /// The output is where it should be, and only what says so to GitOps Promoter is not.
  static func noteFailure(
    _ verb: String, _ commit: ObjectID, _ error: GitError, _ place: Place
  ) -> CommandFailure {
    let origin = error.code == 0 ? "" : " (libgit2 \(error.errorClass) \(error.code))"
    return CommandFailure(
      message:
        "\(place.branch.branchName) is at commit \(commit), but the note that names its source cannot be \(verb): \(error.message)\(origin)",
      help: error.remedy
        ?? "GitOps Promoter reads the note under \(GitRepository.hydratorNotes): mend or remove that reference ('git for-each-ref refs/notes'), then add the note: git notes --ref hydrator.metadata add -f -m '{\"drySha\":\"SOURCE\"}' \(commit)"
    )
  }
}
