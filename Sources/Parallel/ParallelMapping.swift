/// How independent work is done: on one core or on all of them.
///
/// Modules below `Compiler` start no threads: they take a mapping from who runs them. Results come in the order of the
/// input, so that the output is the same whatever the mapping.
package protocol ParallelMapping: Sendable {
  /// The results of `transform`, in the order of the elements. `piece` elements are done one after the other, by the same
  /// core.
  func map<Element: Sendable, Result: Sendable>(
    _ elements: [Element], piece: Int, _ transform: @Sendable (Element) -> Result
  ) -> [Result]
}

/// One element after the other.
package struct OneCore: ParallelMapping {
  package init() {}

  package func map<Element: Sendable, Result: Sendable>(
    _ elements: [Element], piece: Int, _ transform: @Sendable (Element) -> Result
  ) -> [Result] {
    elements.map(transform)
  }
}
