import Foundation
import Glibc
import Synchronization

/// A program that runs beside a test and ends with it. (Foundation's `Process` waits for a notice that can get lost
/// when several tests start programs at once.)
package final class BackgroundProgram: Sendable {
  private let process: pid_t
  /// Ends with the last of the processes that the program started.
  private let lifeline: Int32
  /// The status once the program has ended.
  private let ended: Mutex<Int32?> = Mutex(nil)

  /// Starts a program without input and output. `environment` replaces values of the test's own.
  package init(
    _ program: String, _ arguments: [String], in folder: String = "/", environment: [String: String] = [:]
  ) throws(Program.StartError) {
    (process, lifeline) = try Program(path: program).startSilently(arguments, folder, environment)
  }

  deinit {
    _ = end()
    close(lifeline)
  }

  /// True until the program has ended by itself or was killed.
  package var isRunning: Bool {
    ended.withLock { status in
      guard status == nil else { return false }
      var found: Int32 = 0
      if waitpid(process, &found, WNOHANG) == process { status = found }
      return status == nil
    }
  }

  /// The exit status, waited for; 128 plus the signal for a program that a signal ended.
  package var status: Int32 {
    ended.withLock { status in
      var found = status ?? 0
      if status == nil { while waitpid(process, &found, 0) < 0 && errno == EINTR {} }
      status = found
      return found & 0x7F == 0 ? (found >> 8) & 0xFF : 128 + found & 0x7F
    }
  }

  /// Sends the program a signal, unless it has ended.
  package func send(_ signal: Int32) {
    ended.withLock { status in
      if status == nil { kill(process, signal) }
    }
  }

  /// Kills the program and waits for its end; true when it was the kill that ended it.
  @discardableResult
  package func end() -> Bool {
    send(SIGKILL)
    return status == 128 + SIGKILL
  }

  /// Waits for a condition; false when it has not come true after minutes, or the program ends before.
  package func waits(until condition: () -> Bool) -> Bool {
    Waiting.until { condition() || !isRunning } && condition()
  }

  /// Waits until the program and all that it started, and what those started, has ended; false when some of it is still
  /// there after minutes. Programs that close what they inherit (servers do) are not waited for.
  package func waitsForAll() -> Bool {
    Waiting.until {
      var polled = pollfd(fd: lifeline, events: Int16(POLLIN), revents: 0)
      return poll(&polled, 1, 0) > 0 && polled.revents & Int16(POLLHUP) != 0
    }
  }
}

/// Waiting for what other processes do. Nobody knows how long that takes on a busy machine.
package enum Waiting {
  /// Waits for a condition; false when it has not come true after minutes.
  package static func until(_ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(300)
    while ContinuousClock.now < deadline {
      if try condition() { return true }
      usleep(5_000)
    }
    return try condition()
  }
}
