/// Completion scripts, generated from the commands' own tables.
enum CompletionScript {
  static func bash(_ commands: [Command]) -> String {
    let names = commands.map(\.name).joined(separator: " ")
    var cases = ""
    for command in commands {
      let options = command.allOptions.flatMap { [$0.name, $0.short].compactMap { $0 } }.joined(
        separator: " ")
      let words = command.words().joined(separator: " ")
      cases += "    \(command.name)) options=\"\(options)\"\(words.isEmpty ? "" : " words=\"\(words)\"") ;;\n"
    }
    // Commands have options of the same name with values of their own.
    var values = ""
    for command in commands {
      for option in command.options where !option.choices.isEmpty {
        let names = [option.name, option.short].compactMap { $0 }.map { "'\(command.name) \($0)'" }
        values +=
          "    \(names.joined(separator: "|"))) COMPREPLY=($(compgen -W \"\(option.choices.joined(separator: " "))\" -- \"$current\")); return ;;\n"
      }
    }
    return """
      # bash completion for linkwright
      _linkwright() {
        local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" options="" words=""
        if [ "$COMP_CWORD" -eq 1 ]; then
          COMPREPLY=($(compgen -W "help \(names)" -- "$current"))
          return
        fi
        # bash takes '=' for a word: --format = json = FILE.
        if [ "$current" = "=" ]; then
          current=""
        elif [ "$previous" = "=" ]; then
          previous="${COMP_WORDS[COMP_CWORD-2]}"
        fi
        if [[ "${COMP_WORDS[COMP_CWORD-1]}" == "=" && "$previous" != -* ]]; then
          COMPREPLY=($(compgen -f -- "$current"))
          return
        fi
        case "${COMP_WORDS[1]} $previous" in
      \(values)  esac
        case "${COMP_WORDS[1]}" in
          help) words="\(names)" ;;
      \(cases)  esac
        if [[ "$current" == -* ]]; then
          COMPREPLY=($(compgen -W "$options" -- "$current"))
        elif [ -n "$words" ]; then
          COMPREPLY=($(compgen -W "$words" -- "$current"))
        else
          COMPREPLY=($(compgen -d -- "$current"))
        fi
      }
      complete -o filenames -F _linkwright linkwright

      """
  }

  static func zsh(_ commands: [Command]) -> String {
    var list = ""
    var cases = ""
    for command in commands {
      list += "    '\(command.name):\(escaped(command.summary))'\n"
      var arguments = ""
      for option in command.allOptions {
        let value =
          option.value.map {
            ":\(escaped($0.lowercased())):\(option.choices.isEmpty ? "_files" : "(\(option.choices.joined(separator: " ")))")"
          } ?? ""
        arguments +=
          " \\\n        '\(option.repeats ? "*" : "")\(option.name)[\(escaped(option.help))]\(value)'"
      }
      let words = command.words().joined(separator: " ")
      let rest = words.isEmpty ? "*:directory:_files -/" : "1:word:(\(words))"
      cases += "    \(command.name)) _arguments\(arguments) \\\n        '\(rest)' ;;\n"
    }
    return """
      #compdef linkwright
      _linkwright() {
        local -a commands
        commands=(
      \(list)  )
        if (( CURRENT == 2 )); then
          _describe command commands
          return
        fi
        local command="$words[2]"
        shift words
        (( CURRENT-- ))
        case "$command" in
      \(cases)  esac
      }
      _linkwright "$@"

      """
  }

  static func fish(_ commands: [Command]) -> String {
    var script = "# fish completion for linkwright\ncomplete -c linkwright -f\n"
    for command in commands {
      script +=
        "complete -c linkwright -n __fish_use_subcommand -a \(command.name) -d '\(escaped(command.summary))'\n"
      for option in command.allOptions {
        var line =
          "complete -c linkwright -n '__fish_seen_subcommand_from \(command.name)' -l \(option.name.dropFirst(2))"
        if let short = option.short { line += " -s \(short.dropFirst())" }
        if option.value != nil {
          line += option.choices.isEmpty ? " -r" : " -x -a '\(option.choices.joined(separator: " "))'"
        }
        script += line + " -d '\(escaped(option.help))'\n"
      }
      let words = command.words().joined(separator: " ")
      guard !words.isEmpty else { continue }
      script += "complete -c linkwright -n '__fish_seen_subcommand_from \(command.name)' -a '\(words)'\n"
    }
    return script
  }

  /// Quotes, brackets and colons have a meaning in the scripts.
  private static func escaped(_ text: String) -> String {
    String(text.map { "'[]:".contains($0) ? " " : $0 })
  }
}
