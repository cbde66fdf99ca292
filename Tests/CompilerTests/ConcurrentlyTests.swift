import Compiler
import Dispatch
import Testing

/// Work that is shared out among threads goes on where all threads are at work.
@Suite struct ConcurrentlyTests {
  /// Dispatch waits for a second before it makes a thread more than there are cores: one wait in each of these would be
  /// many minutes in all.
  @Test func nobodyWaitsForAThread() {
    let start = ContinuousClock.now
    let sums = parallelMap(Array(0..<40), piece: 1) { number in
      (0..<40).reduce(0) { sum, step in
        let (a, (b, c)) = concurrently {
          number + step
        } _: {
          concurrently {
            number * step
          } _: {
            number - step
          }
        }
        return sum + a + b + c
      }
    }
    // Alone it takes milliseconds.
    #expect(ContinuousClock.now - start < .seconds(300))
    #expect(sums == (0..<40).map { number in (0..<40).reduce(0) { $0 + 2 * number + number * $1 } })
  }

  @Test func anEarlyMapIsEndedByWhoWantsIt() {
    let start = ContinuousClock.now
    let results = parallelMap(Array(0..<40), piece: 1) { number in
      (0..<40).map { _ in EarlyMap(count: 5) { $0 * number }.results() }
    }
    #expect(ContinuousClock.now - start < .seconds(300))
    for (number, rounds) in results.enumerated() {
      for round in rounds { #expect(round == (0..<5).map { $0 * number }) }
    }
  }
}
