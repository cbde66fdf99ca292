import Compiler
import Glibc

/// The program: finds the command, runs it, turns its end into an exit code.
enum CommandLineTool {
  static let commands: [Command] = [
    .initialize, .adopt, .validate, .build, .check, .diff, .commit, .explain, .reach, .graph, .observe,
    .record,
    .format,
    .schema, .rules,
    .completion, .version,
  ]

  static func run(_ arguments: [String]) -> ExitCode {
    var arguments = arguments
    if arguments.isEmpty || ["help", "--help", "-h"].contains(arguments[0]) {
      return help(Array(arguments.dropFirst()))
    }
    if arguments[0] == "--version" { arguments[0] = "version" }
    guard let command = commands.first(where: { $0.name == arguments[0] }) else {
      return fail(
        CommandFailure(
          message: "there is no command '\(arguments[0])'",
          help: Suggestions.nearest(arguments[0], among: commands.map(\.name))
            ?? "'linkwright help' lists them"))
    }
    do {
      let parsed = try ParsedArguments(Array(arguments.dropFirst()), of: command)
      if parsed.has(.help) {
        Terminal.print(command.help)
        return .success
      }
      return try command.run(parsed)
    } catch {
      return fail(error)
    }
  }

  private static func help(_ arguments: [String]) -> ExitCode {
    if let name = arguments.first, let command = commands.first(where: { $0.name == name }) {
      Terminal.print(command.help)
      return .success
    }
    if let name = arguments.first {
      return fail(
        CommandFailure(
          message: "there is no command '\(name)'",
          help: Suggestions.nearest(name, among: commands.map(\.name))))
    }
    var text = """
      Linkwright \(Compiler.version) compiles cross-cluster connectivity: a specification in git becomes, per
      cluster, the Kubernetes manifests that make each declared connection work.

      Usage: linkwright COMMAND [options]

      Commands:

      """
    let width = commands.map(\.name.count).max() ?? 0
    for command in commands {
      text +=
        "  \(command.name)\(String(repeating: " ", count: width + 2 - command.name.count))\(command.summary)\n"
    }
    text += "\n'linkwright help COMMAND' shows a command's options and an example.\n"
    Terminal.print(text)
    return .success
  }

  private static func fail(_ failure: CommandFailure) -> ExitCode {
    Terminal.printError("linkwright: \(failure.message)\n")
    if let help = failure.help { Terminal.printError("  \(help)\n") }
    return .failure
  }
}
