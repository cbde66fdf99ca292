import Compiler
import Dispatch
import Testing

/// Work that is shared out among threads goes on where all threads are at work.
@Suite struct ConcurrentlyTests {
  /// Dispatch waits for a second before it makes a thread more than there are cores: one wait in each of these would be
  /// minutes in all.
  @Test(.timeLimit(.minutes(1))) func nobodyWaitsForAThread() {
    let sums = parallelMap(Array(0..<16), piece: 1) { number in
      (0..<20).reduce(0) { sum, step in
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
    #expect(sums == (0..<16).map { number in (0..<20).reduce(0) { $0 + 2 * number + number * $1 } })
  }

  @Test(.timeLimit(.minutes(1))) func anEarlyMapIsEndedByWhoWantsIt() {
    let results = parallelMap(Array(0..<16), piece: 1) { number in
      (0..<10).map { _ in EarlyMap(count: 5) { $0 * number }.results() }
    }
    for (number, rounds) in results.enumerated() {
      for round in rounds { #expect(round == (0..<5).map { $0 * number }) }
    }
  }
}
