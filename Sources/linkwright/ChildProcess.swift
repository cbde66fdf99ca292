import Compiler
import Glibc

/// A program that Linkwright starts, feeds, reads and, when it takes too long, ends with all it started.
struct ChildProcess {
  /// What a run gave.
  struct Outcome {
    /// The exit status; 128 plus the signal's number for one that a signal ended.
    let status: Int32
    let output: [UInt8]
    let errorOutput: [UInt8]
    /// True when the time was up and the program was ended.
    let timedOut: Bool

    var text: String { String(decoding: output, as: UTF8.self) }
    var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
  }

  /// The program and its arguments; the program is looked for on PATH.
  let command: [String]
  /// Variables that replace those of Linkwright's own environment.
  var environment: [String: String] = [:]

  /// Runs the program, at most until a point of ``now``.
  ///
  /// The program gets a session of its own: it has no terminal to ask at, and its helpers (ssh, credential
  /// helpers) end with it. They also end with Linkwright, however that ends: a shell among them waits for the end of a
  /// pipe that nobody else holds.
  func run(input: [UInt8] = [], until deadline: Double) throws(CommandFailure) -> Outcome {
    guard isInstalled else { throw failure(ENOENT) }
    var pipes: [(read: Int32, write: Int32)] = []
    defer { for pipe in pipes { for end in [pipe.read, pipe.write] where end >= 0 { close(end) } } }
    for _ in 0..<4 {
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { throw failure(errno) }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      pipes.append((ends[0], ends[1]))
    }
    let process = try spawn(
      input: pipes[0].read, output: pipes[1].write, error: pipes[2].write, lifeline: pipes[3].read)
    for (index, isInput) in [true, false, false, true].enumerated() {
      close(isInput ? pipes[index].read : pipes[index].write)
      if isInput { pipes[index].read = -1 } else { pipes[index].write = -1 }
    }
    _ = fcntl(pipes[0].write, F_SETFL, O_NONBLOCK)
    var exchange = Exchange(input: input, to: pipes[0].write, from: [pipes[1].read, pipes[2].read])
    // The exchange closes the input when all is written.
    pipes[0].write = -1
    let finished = exchange.run(until: deadline)
    let status = finished ? Self.wait(for: process, until: deadline) : nil
    // The whole session: helpers that outlive the program hold on to nothing of ours.
    kill(-process, SIGKILL)
    let code = status ?? Self.reap(process)
    let signal = code & 0x7F
    return Outcome(
      status: signal == 0 ? (code >> 8) & 0xFF : 128 + signal, output: exchange.texts[0],
      errorOutput: exchange.texts[1], timedOut: status == nil)
  }

  private func failure(_ code: Int32) -> CommandFailure {
    CommandFailure(
      message: "cannot start \(command[0]): \(DirectorySnapshot.describe(code))",
      help: code == ENOENT ? "install it, or put it on PATH" : nil)
  }

  /// `POSIX_SPAWN_SETSID` of glibc 2.26, whose header hides it without `_GNU_SOURCE`.
  private static let newSession: Int16 = 0x80

  /// Starts a watcher that ends its whole group when the pipe does, and becomes the program.
  private static let supervisor = #"(read _; kill -KILL 0) <&3 3<&- >/dev/null 2>&1 & exec "$@" 3<&-"#

  /// True when the program is on PATH, or is there as the path that it is.
  private var isInstalled: Bool {
    guard let name = command.first else { return true }
    guard !name.contains("/") else { return access(name, X_OK) == 0 }
    let path = Terminal.environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
    return path.split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
  }

  private func spawn(
    input: Int32, output: Int32, error: Int32, lifeline: Int32
  ) throws(CommandFailure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // Above all targets, so that filling one never overwrites an end that is still to be given to another.
    let ends = [input, output, error, lifeline].map { $0 > 3 ? $0 : fcntl($0, F_DUPFD_CLOEXEC, 4) }
    defer { for (end, own) in zip(ends, [input, output, error, lifeline]) where end != own { close(end) } }
    for (target, end) in ends.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, end, Int32(target))
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Self.newSession | Int16(POSIX_SPAWN_SETSIGDEF))
    var defaults = sigset_t()
    sigemptyset(&defaults)
    sigaddset(&defaults, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    var variables: [String] = []
    var entry = environ
    while let text = entry.pointee {
      let variable = String(cString: text)
      let name = String(variable.prefix { $0 != "=" })
      if environment[name] == nil { variables.append(variable) }
      entry += 1
    }
    variables += environment.map { "\($0.key)=\($0.value)" }
    var arguments = (["sh", "-c", Self.supervisor, "sh"] + command).map { strdup($0) } + [nil]
    var values = variables.map { strdup($0) } + [nil]
    defer { for text in arguments + values { free(text) } }
    var process: pid_t = 0
    let code = posix_spawnp(&process, "/bin/sh", &actions, &attributes, &arguments, &values)
    guard code == 0 else { throw failure(code) }
    return process
  }

  // MARK: Time

  /// Seconds of a clock that nobody sets.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The process's status; nil when it is still running at the deadline.
  private static func wait(for process: pid_t, until deadline: Double) -> Int32? {
    var status: Int32 = 0
    while true {
      let ended = waitpid(process, &status, WNOHANG)
      if ended == process { return status }
      if ended < 0, errno != EINTR { return 255 << 8 }
      if now >= deadline { return nil }
      usleep(1000)
    }
  }

  private static func reap(_ process: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status
  }
}

/// Feeds a pipe and reads two at once.
private struct Exchange {
  private let input: [UInt8]
  private var sent = 0
  private var sink: Int32
  private var sources: [Int32]
  private(set) var texts: [[UInt8]] = [[], []]

  init(input: [UInt8], to sink: Int32, from sources: [Int32]) {
    self.input = input
    self.sink = sink
    self.sources = sources
  }

  /// Goes on until both sources end; false at the deadline.
  mutating func run(until deadline: Double) -> Bool {
    defer { closeSink() }
    if input.isEmpty { closeSink() }
    while sources.contains(where: { $0 >= 0 }) {
      let left = deadline - ChildProcess.now
      guard left > 0 else { return false }
      var polled = sources.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      polled.append(pollfd(fd: sink, events: Int16(POLLOUT), revents: 0))
      _ = poll(&polled, nfds_t(polled.count), Int32(min(left * 1000, 1000)) + 1)
      for index in sources.indices where sources[index] >= 0 && polled[index].revents != 0 { read(index) }
      if sink >= 0, polled[2].revents != 0 { feed() }
    }
    return true
  }

  private mutating func read(_ index: Int) {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = Glibc.read(sources[index], &buffer, buffer.count)
    if count > 0 {
      texts[index] += buffer[..<count]
    } else if count == 0 || errno != EINTR && errno != EAGAIN {
      sources[index] = -1
    }
  }

  private mutating func feed() {
    let count = input[sent...].withUnsafeBytes { write(sink, $0.baseAddress, $0.count) }
    if count > 0 { sent += count }
    if sent == input.count || count < 0 && errno != EAGAIN && errno != EINTR { closeSink() }
  }

  private mutating func closeSink() {
    if sink >= 0 { close(sink) }
    sink = -1
  }
}
