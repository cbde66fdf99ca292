import Dispatch
import Synchronization

/// Does two things at once, where neither needs the other: what is done in order leaves a core idle.
package func concurrently<First: Sendable, Second: Sendable>(
  _ first: () -> First, _ second: @escaping @Sendable () -> Second
) -> (First, Second) {
  let other = OfferedWork(second)
  if OtherCores.areUsable { DispatchQueue.global().async { other.run() } }
  let result = first()
  return (result, other.result())
}

/// Work that is done once, by another thread or, where none has begun it yet, by whoever wants its result: nobody waits for
/// a thread. While all of Dispatch's are at work, it takes a second until it makes another.
private final class OfferedWork<Result: Sendable>: Sendable {
  private enum State: Sendable {
    case offered(@Sendable () -> Result)
    case begun
    case done(Result)
  }

  private let state: Mutex<State>
  private let end = DispatchGroup()

  init(_ work: @escaping @Sendable () -> Result) {
    state = Mutex(.offered(work))
    end.enter()
  }

  /// Does the work unless somebody has begun it.
  func run() {
    guard case .offered(let work) = take() else { return }
    let result = work()
    state.withLock { $0 = .done(result) }
    end.leave()
  }

  func result() -> Result {
    while true {
      run()
      if case .done(let result) = take() { return result }
      end.wait()
    }
  }

  /// The state; work that was offered is begun with it.
  private func take() -> State {
    state.withLock { state in
      let before = state
      if case .offered = before { state = .begun }
      return before
    }
  }
}

/// A map that begins on one core beside other work, and ends on all cores when its results are wanted.
package final class EarlyMap<Result: Sendable>: Sendable {
  private let count: Int
  private let transform: @Sendable (Int) -> Result
  private let next = Atomic<Int>(0)
  private let done: Mutex<[Result?]>
  private let group = DispatchGroup()
  /// True when the thread that begins has begun, or need not any more.
  private let hasBegun = Atomic<Bool>(false)

  /// Begins with the first of `count` elements.
  package init(count: Int, _ transform: @escaping @Sendable (Int) -> Result) {
    self.count = count
    self.transform = transform
    done = Mutex(Array(repeating: nil, count: count))
    guard OtherCores.areUsable else { return }
    DispatchQueue.global().async(group: group) {
      if !self.hasBegun.exchange(true, ordering: .acquiringAndReleasing) { self.work() }
    }
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
    guard OtherCores.areUsable else {
      work()
      return done.withLock { $0.compactMap(\.self) }
    }
    // More than cores: who finds nothing left is done at once.
    DispatchQueue.concurrentPerform(iterations: 64) { _ in work() }
    // A thread that has not come so far is not waited for.
    if hasBegun.exchange(true, ordering: .acquiringAndReleasing) { group.wait() }
    return done.withLock { $0.compactMap(\.self) }
  }

  /// Begins no further element; its results are not wanted any more.
  package func cancel() { next.store(count, ordering: .relaxed) }
}
