import Synchronization
import Testing

@testable import Compiler

/// Work at once gives what it gives in order.
struct ConcurrencyTests {
  @Test
  func bothResultsAreHandedBack() {
    let (first, second) = concurrently {
      (0..<1000).reduce(0, +)
    } _: {
      // Work of its own on all cores.
      parallelMap(Array(0..<1000), piece: 10) { $0 * 2 }
    }
    #expect(first == 499_500)
    #expect(second == (0..<1000).map { $0 * 2 })
  }

  @Test(arguments: [0, 1, 2, 333])
  func earlyResultsAreInOrder(_ count: Int) {
    let calls = Atomic<Int>(0)
    let map = EarlyMap(count: count) { index in
      calls.wrappingAdd(1, ordering: .relaxed)
      return index * index
    }
    #expect(map.results() == (0..<count).map { $0 * $0 })
    #expect(calls.load(ordering: .relaxed) == count)
  }

  @Test
  func whatIsCancelledEnds() {
    let gate = Atomic<Bool>(false)
    let map = EarlyMap(count: 1_000_000) { index in
      while !gate.load(ordering: .relaxed) {}
      return index
    }
    map.cancel()
    gate.store(true, ordering: .relaxed)
    // What had begun may have ended; nothing else begins.
    #expect(map.results().count <= 1)
  }
}
