/// One command of the program: its words, options and what it does. A file per command.
struct Command: Sendable {
  let name: String
  /// One line for the overview.
  let summary: String
  /// Positional arguments as help shows them: `[DIR]`.
  var arguments: [String] = []
  /// What the first positional argument can be, for completion; empty where it is a directory or a file.
  var words: @Sendable () -> [String] = { [] }
  var options: [Option] = []
  /// Paragraphs after the options.
  var discussion = ""
  /// A command line that shows the command at work; ends the help.
  let example: String
  let run: @Sendable (ParsedArguments) throws(CommandFailure) -> ExitCode

  var allOptions: [Option] { options + [.help] }

  var usage: String {
    ([name] + (options.isEmpty ? [] : ["[options]"]) + arguments).joined(separator: " ")
  }

  var help: String {
    var text = "\(summary)\n\nUsage: linkwright \(usage)\n\nOptions:\n"
    let rows = allOptions.map { option in
      let names = [option.short, option.name].compactMap { $0 }.joined(separator: ", ")
      return (option.value.map { "\(names) \($0)" } ?? names, option.help)
    }
    let width = min(30, rows.map(\.0.count).max() ?? 0)
    for (names, help) in rows {
      text += "  " + names
      if names.count > width {
        text += "\n" + String(repeating: " ", count: width + 4)
      } else {
        text += String(repeating: " ", count: width + 2 - names.count)
      }
      text += help + "\n"
    }
    if !discussion.isEmpty { text += "\n\(discussion)\n" }
    return text + "\nExample:\n  \(example)\n"
  }
}
