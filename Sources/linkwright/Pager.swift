import Glibc

/// Shows a long text through the user's pager, as git does: only where standard output is a terminal.
enum Pager {
  /// Prints a text, page by page where somebody watches.
  static func print(_ text: String, isWanted: Bool) {
    guard isWanted, isatty(STDOUT_FILENO) == 1, let command = command, show(text, command) else {
      return Terminal.print(text)
    }
  }

  /// `LINKWRIGHT_PAGER`, then `PAGER`, then less; empty or `cat`: none.
  private static var command: String? {
    let chosen = Terminal.environment("LINKWRIGHT_PAGER") ?? Terminal.environment("PAGER") ?? "less"
    return chosen.isEmpty || chosen == "cat" ? nil : chosen
  }

  /// Feeds the pager and waits for it; false when it cannot be started.
  private static func show(_ text: String, _ command: String) -> Bool {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return false }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
    // Without LESS less shows colours, ends where the text fits on the screen, and leaves it there.
    let less = Terminal.environment("LESS") == nil ? ["LESS=FRX"] : []
    var variables: [UnsafeMutablePointer<CChar>?] = less.map { (text: String) in strdup(text) }
    var index = 0
    while let entry = environ[index] {
      variables.append(strdup(entry))
      index += 1
    }
    variables.append(nil)
    var arguments: [UnsafeMutablePointer<CChar>?] = ["/bin/sh", "-c", command].map { (text: String) in
      strdup(text)
    }
    arguments.append(nil)
    defer { for text in variables + arguments { free(text) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, "/bin/sh", &actions, nil, &arguments, &variables)
    close(ends[0])
    guard code == 0 else {
      close(ends[1])
      return false
    }
    // A reader that closes early has seen enough.
    _ = Terminal.write(Array(text.utf8), to: ends[1])
    close(ends[1])
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    // The shell says 127 when there is no such program: then the text has not been seen.
    return (status >> 8) & 0xFF != 127
  }
}
