/// Programs that tests write for others to run: hooks, helpers, stand-ins.
package enum Script {
  /// Writes a file that can be run.
  ///
  /// Another process writes it: a file that this one has open, and that a program which another test starts in that
  /// moment inherits, cannot be run ("text file busy").
  package static func write(_ text: String, to path: String) throws {
    let output = try Program(path: "/bin/sh").run(
      ["-c", #"cat >"$0" && chmod 755 "$0""#, path], input: Array(text.utf8))
    guard output.status == 0 else { throw Program.StartError(description: "\(path): \(output.errorText)") }
  }
}
