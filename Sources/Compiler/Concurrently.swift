import Dispatch
import Synchronization

/// Does two things at once, where neither needs the other: what is done in order leaves a core idle.
package func concurrently<First: Sendable, Second: Sendable>(
  _ first: () -> First, _ second: @Sendable () -> Second
) -> (First, Second) {
  let group = DispatchGroup()
  let other = Mutex<Second?>(nil)
  // The block cannot outlive this call, which waits for it.
  return withoutActuallyEscaping(second) { second in
    DispatchQueue.global().async(group: group) {
      let result = second()
      other.withLock { $0 = result }
    }
    let result = first()
    group.wait()
    // Never made here: the block has stored one.
    return (result, other.withLock { $0 } ?? second())
  }
}

/// A map that begins on one core beside other work, and ends on all cores when its results are wanted.
package final class EarlyMap<Result: Sendable>: Sendable {
  private let count: Int
  private let transform: @Sendable (Int) -> Result
  private let next = Atomic<Int>(0)
  private let done: Mutex<[Result?]>
  private let group = DispatchGroup()

  /// Begins with the first of `count` elements.
  package init(count: Int, _ transform: @escaping @Sendable (Int) -> Result) {
    self.count = count
    self.transform = transform
    done = Mutex(Array(repeating: nil, count: count))
    DispatchQueue.global().async(group: group) { self.work() }
  }

  private func work() {
    while true {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      let result = transform(index)
      done.withLock { $0[index] = result }
    }
  }

  /// Ends it: the results in the order of the elements.
  package func results() -> [Result] {
    // More than cores: who finds nothing left is done at once.
    DispatchQueue.concurrentPerform(iterations: 64) { _ in work() }
    group.wait()
    return done.withLock { $0.compactMap(\.self) }
  }

  /// Begins no further element; its results are not wanted any more.
  package func cancel() { next.store(count, ordering: .relaxed) }
}
