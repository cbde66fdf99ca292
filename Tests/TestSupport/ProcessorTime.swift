import Glibc

/// Time as one thread computes, which other work on the machine does not make longer: what tests hold against a bound.
package enum ProcessorTime {
  /// What this thread computed while `body` ran; work that it hands to other threads does not count.
  package static func measure(_ body: () throws -> Void) rethrows -> Duration {
    let start = now
    try body()
    return now - start
  }

  private static var now: Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}
