import Foundation
import Glibc
import Synchronization

/// A program that runs beside a test and ends with it. (Foundation's `Process` waits for a notice that can get lost
/// when several tests start programs at once.)
package final class BackgroundProgram: Sendable {
  private let process: pid_t
  /// The status once the program has ended.
  private let ended: Mutex<Int32?> = Mutex(nil)

  /// Starts a program without input and output. `environment` replaces values of the test's own.
  package init(
    _ program: String, _ arguments: [String], in folder: String = "/", environment: [String: String] = [:]
  ) throws(Program.StartError) {
    process = try Program(path: program).startSilently(arguments, folder, environment)
  }

  deinit { _ = end() }

  /// True until the program has ended by itself or was killed.
  package var isRunning: Bool {
    ended.withLock { status in
      guard status == nil else { return false }
      var found: Int32 = 0
      if waitpid(process, &found, WNOHANG) == process { status = found }
      return status == nil
    }
  }

  /// Kills the program and waits for its end; true when it was the kill that ended it.
  @discardableResult
  package func end() -> Bool {
    ended.withLock { status in
      if status == nil {
        kill(process, SIGKILL)
        var found: Int32 = 0
        while waitpid(process, &found, 0) < 0 && errno == EINTR {}
        status = found
      }
      return (status ?? 0) & 0x7F == SIGKILL
    }
  }

  /// Waits some seconds for a condition; false when it does not come true or the program ends before.
  package func waits(until condition: () -> Bool) -> Bool {
    for _ in 0..<1000 {
      if condition() { return true }
      guard isRunning else { return false }
      usleep(10_000)
    }
    return false
  }
}
