import Foundation
import Glibc
import Synchronization

/// Held while pipes exist that are not yet closed on exec: a program that another test starts in that moment
/// would inherit them and keep them open.
private let spawning = Mutex(())

/// A program of the system that a test runs beside Linkwright.
package struct Program: Sendable {
  package let path: String

  /// What a run gave.
  package struct Output: Sendable {
    /// The exit status; 128 plus the signal for a program that was ended by one.
    package let status: Int32
    package let stdout: [UInt8]
    package let stderr: [UInt8]
    package let timedOut: Bool
    /// What the program and the ones that it waited for computed; unlike a duration, it does not grow on a busy machine.
    package let processorTime: Duration

    package var text: String { String(decoding: stdout, as: UTF8.self) }
    package var errorText: String { String(decoding: stderr, as: UTF8.self) }
  }

  /// Why a program could not be started.
  package struct StartError: Error, CustomStringConvertible {
    package let description: String
  }

  package init(path: String) { self.path = path }

  /// A program on the search path; nil when it is not installed.
  package static func find(_ name: String) -> Program? {
    let search = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    for folder in search.split(separator: ":") {
      let path = "\(folder)/\(name)"
      if access(path, X_OK) == 0 { return Program(path: path) }
    }
    return nil
  }

  /// Python in the repository's `.venv` when it can import the modules; nil otherwise.
  package static func python(importing modules: [String] = []) -> Program? {
    let program = Program(path: Repository.path(".venv/bin/python"))
    guard access(program.path, X_OK) == 0 else { return nil }
    guard !modules.isEmpty else { return program }
    let output = try? program.run(["-c", "import " + modules.joined(separator: ", ")])
    return output?.status == 0 ? program : nil
  }

  /// Runs the program; feeds and reads all pipes at once, and kills it at the time limit.
  ///
  /// `environment` replaces values of the test's own environment. The limit only keeps a program that hangs from
  /// holding up all tests: on a busy machine a run takes many times longer than alone.
  package func run(
    _ arguments: [String], input: [UInt8] = [], in folder: String? = nil, environment: [String: String] = [:],
    limit seconds: Double = 600
  ) throws(StartError) -> Output {
    signal(SIGPIPE, SIG_IGN)
    let (pipes, process) = try spawning.withLock { _ throws(StartError) in
      let pipes = try Pipes()
      return (pipes, try spawn(arguments, pipes, folder, environment))
    }
    pipes.closeChildEnds()
    let deadline = ContinuousClock.now + .seconds(seconds)
    let (stdout, stderr, finished) = pipes.exchange(input: input, until: deadline)
    if !finished { kill(process, SIGKILL) }
    var status: Int32 = 0
    var usage = rusage()
    while wait4(process, &status, 0, &usage) < 0 && errno == EINTR {}
    let signalNumber = status & 0x7F
    return Output(
      status: signalNumber == 0 ? (status >> 8) & 0xFF : 128 + signalNumber, stdout: stdout, stderr: stderr,
      timedOut: !finished,
      processorTime: .seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + .microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec))
  }

  /// Starts the program on /dev/null; whoever asks for it waits for its end. The end of the pipe that comes with it is
  /// reached when the program, and whatever it started, has ended.
  func startSilently(
    _ arguments: [String], _ folder: String, _ environment: [String: String]
  ) throws(StartError) -> (process: pid_t, lifeline: Int32) {
    try spawning.withLock { _ throws(StartError) in
      let ends = try Pipes.make()
      defer { close(ends.write) }
      do throws(StartError) {
        return (try spawn(arguments, nil, folder, environment, lifeline: ends.write), ends.read)
      } catch {
        close(ends.read)
        throw error
      }
    }
  }

  /// Where programs that run beside a test have their lifeline: below 10, so that shells can pass it on, and above what
  /// programs open first.
  private static let lifelinePlace: Int32 = 9

  private func spawn(
    _ arguments: [String], _ pipes: Pipes?, _ folder: String?, _ environment: [String: String],
    lifeline: Int32? = nil
  ) throws(StartError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let pipes {
      posix_spawn_file_actions_adddup2(&actions, pipes.input.read, 0)
      posix_spawn_file_actions_adddup2(&actions, pipes.output.write, 1)
      posix_spawn_file_actions_adddup2(&actions, pipes.error.write, 2)
    } else {
      for target: Int32 in 0...2 {
        posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
      }
    }
    if let lifeline { posix_spawn_file_actions_adddup2(&actions, lifeline, Self.lifelinePlace) }
    // Threads of tests block signals, and a program starts with the mask of the thread that starts it.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    let values = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let command = folder.map { ["/usr/bin/env", "-C", $0, path] } ?? [path]
    var argv = (command + arguments).map { strdup($0) } + [nil]
    var envp = values.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in argv + envp { free(text) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, command[0], &actions, &attributes, &argv, &envp)
    guard code == 0 else { throw StartError(description: "\(path): \(String(cString: strerror(code)))") }
    return process
  }
}

/// The three pipes of a child.
private final class Pipes {
  struct Ends {
    var read: Int32
    var write: Int32
  }

  private(set) var input: Ends
  private(set) var output: Ends
  private(set) var error: Ends

  init() throws(Program.StartError) {
    input = try Self.make()
    output = try Self.make()
    error = try Self.make()
  }

  static func make() throws(Program.StartError) -> Ends {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw Program.StartError(description: "no pipe: \(errno)") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return Ends(read: ends[0], write: ends[1])
  }

  deinit {
    for descriptor in [input.read, input.write, output.read, output.write, error.read, error.write]
    where descriptor >= 0 {
      close(descriptor)
    }
  }

  func closeChildEnds() {
    close(input.read)
    close(output.write)
    close(error.write)
    (input.read, output.write, error.write) = (-1, -1, -1)
    _ = fcntl(input.write, F_SETFL, O_NONBLOCK)
  }

  /// Feeds the input and reads both outputs until they close; false at the deadline.
  func exchange(input bytes: [UInt8], until deadline: ContinuousClock.Instant) -> ([UInt8], [UInt8], Bool) {
    var sent = 0
    var texts: [[UInt8]] = [[], []]
    var isOpen = [true, true]
    if bytes.isEmpty { closeInput() }
    while isOpen[0] || isOpen[1] {
      let left = (deadline - .now) / .milliseconds(1)
      guard left > 0 else { return (texts[0], texts[1], false) }
      var polled = [
        pollfd(fd: isOpen[0] ? output.read : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isOpen[1] ? error.read : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: input.write, events: Int16(POLLOUT), revents: 0),
      ]
      _ = poll(&polled, 3, Int32(min(left, 1000)) + 1)
      for (index, descriptor) in [output.read, error.read].enumerated() where polled[index].revents != 0 {
        isOpen[index] = Self.read(descriptor, into: &texts[index])
      }
      if polled[2].revents != 0, input.write >= 0 {
        let count = bytes[sent...].withUnsafeBytes { write(input.write, $0.baseAddress, $0.count) }
        if count > 0 { sent += count }
        if sent == bytes.count || (count < 0 && errno != EAGAIN && errno != EINTR) { closeInput() }
      }
    }
    return (texts[0], texts[1], true)
  }

  private func closeInput() {
    close(input.write)
    input.write = -1
  }

  /// False at the end of the pipe.
  private static func read(_ descriptor: Int32, into text: inout [UInt8]) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = Glibc.read(descriptor, &buffer, buffer.count)
    if count > 0 { text.append(contentsOf: buffer[..<count]) }
    return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN))
  }
}
