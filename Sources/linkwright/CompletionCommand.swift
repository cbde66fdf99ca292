extension Command {
  /// `linkwright completion`
  static let completion = Command(
    name: "completion", summary: "Print a completion script for a shell", arguments: ["SHELL"],
    words: { ["bash", "zsh", "fish"] },
    discussion: "SHELL is bash, zsh or fish. The scripts are made from the same tables as the help.",
    example: "linkwright completion bash > /etc/bash_completion.d/linkwright"
  ) { parsed throws(CommandFailure) in
    switch parsed.positional.first {
    case "bash": Terminal.print(CompletionScript.bash(CommandLineTool.commands))
    case "zsh": Terminal.print(CompletionScript.zsh(CommandLineTool.commands))
    case "fish": Terminal.print(CompletionScript.fish(CommandLineTool.commands))
    case let shell:
      throw CommandFailure(
        message: shell.map { "there is no completion for '\($0)'" } ?? "which shell?",
        help: "write bash, zsh or fish")
    }
    return .success
  }
}
