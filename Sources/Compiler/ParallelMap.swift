import Dispatch
import Parallel

/// Maps on all cores, results in the order of the input, so that parallel work gives the same output.
///
/// The elements are cut into more pieces than cores: a slow piece does not leave the other core idle.
package func parallelMap<Element: Sendable, Result: Sendable>(
  _ elements: [Element], piece: Int = 64, _ transform: @Sendable (Element) -> Result
) -> [Result] {
  guard elements.count > piece, OtherCores.areUsable else { return elements.map(transform) }
  let pieces = (elements.count + piece - 1) / piece
  return [Result](unsafeUninitializedCapacity: elements.count) { buffer, count in
    // Each piece writes a range of its own; the buffer outlives the loop.
    nonisolated(unsafe) let target = buffer
    DispatchQueue.concurrentPerform(iterations: pieces) { index in
      for position in index * piece..<min((index + 1) * piece, elements.count) {
        (target.baseAddress! + position).initialize(to: transform(elements[position]))
      }
    }
    count = elements.count
  }
}

/// Maps on all cores.
package struct AllCores: ParallelMapping {
  package init() {}

  package func map<Element: Sendable, Result: Sendable>(
    _ elements: [Element], piece: Int, _ transform: @Sendable (Element) -> Result
  ) -> [Result] {
    parallelMap(elements, piece: piece, transform)
  }
}
