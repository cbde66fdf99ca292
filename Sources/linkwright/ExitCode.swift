/// How a run ends.
enum ExitCode: Int32 {
  /// All is well.
  case success = 0
  /// Findings or differences: the author has something to mend.
  case findings = 1
  /// Wrong usage, or a failure of the tool or its surroundings.
  case failure = 2
}

/// Ends a command with a message on standard error and exit code 2.
struct CommandFailure: Error {
  let message: String
  /// What to do; shown on a line of its own.
  var help: String?
}
