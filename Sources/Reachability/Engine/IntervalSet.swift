/// A set of numbers as sorted, disjoint, non-adjacent closed intervals.
///
/// Stands in for bit sets: classes of one namespace are neighbours, so a set of peers is a handful of
/// intervals where a bit set has a bit for every class of the cluster. Also holds addresses and ports.
package struct IntervalSet<Bound: FixedWidthInteger & Sendable>: Hashable, Sendable {
  package struct Interval: Hashable, Sendable {
    package let lower: Bound
    package let upper: Bound

    package init(_ lower: Bound, _ upper: Bound) {
      self.lower = lower
      self.upper = upper
    }
  }

  package private(set) var intervals: [Interval]

  package init() { intervals = [] }

  /// The numbers from `lower` to `upper`, both included; none where they are in the wrong order.
  package init(_ lower: Bound, _ upper: Bound) {
    intervals = lower <= upper ? [Interval(lower, upper)] : []
  }

  /// Numbers in ascending order, each once or more.
  init(sorted values: [Bound]) {
    intervals = []
    for value in values { append(value) }
  }

  package static var all: IntervalSet { IntervalSet(.min, .max) }

  package var isEmpty: Bool { intervals.isEmpty }

  package var count: Int { intervals.reduce(0) { $0 + Int(clamping: $1.upper - $1.lower) + 1 } }

  /// Adds an interval that starts at or after the start of every other: linear building.
  package mutating func append(_ lower: Bound, _ upper: Bound) {
    guard lower <= upper else { return }
    guard let last = intervals.last else {
      intervals.append(Interval(lower, upper))
      return
    }
    if last.upper == .max || lower <= last.upper + 1 {
      if upper > last.upper { intervals[intervals.count - 1] = Interval(last.lower, upper) }
    } else {
      intervals.append(Interval(lower, upper))
    }
  }

  package mutating func append(_ value: Bound) { append(value, value) }

  /// Logarithmic in the intervals.
  package func contains(_ value: Bound) -> Bool {
    let index = firstInterval(endingAtOrAfter: value)
    return index < intervals.count && intervals[index].lower <= value
  }

  /// The index of the first interval whose end is not before `value`.
  private func firstInterval(endingAtOrAfter value: Bound) -> Int {
    var low = 0
    var high = intervals.count
    while low < high {
      let middle = (low + high) / 2
      if intervals[middle].upper < value { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Linear in both.
  package func union(_ other: IntervalSet) -> IntervalSet {
    if isEmpty { return other }
    if other.isEmpty { return self }
    var result = IntervalSet()
    var (i, j) = (0, 0)
    while i < intervals.count || j < other.intervals.count {
      let takesMine =
        j == other.intervals.count || i < intervals.count && intervals[i].lower <= other.intervals[j].lower
      let next = takesMine ? intervals[i] : other.intervals[j]
      if takesMine { i += 1 } else { j += 1 }
      result.append(next.lower, next.upper)
    }
    return result
  }

  /// Linear in the smaller set plus what overlaps; a single interval cuts in logarithmic time.
  package func intersection(_ other: IntervalSet) -> IntervalSet {
    guard let mine = intervals.first, let theirs = other.intervals.first else { return IntervalSet() }
    var result = IntervalSet()
    var i = firstInterval(endingAtOrAfter: theirs.lower)
    var j = other.firstInterval(endingAtOrAfter: mine.lower)
    while i < intervals.count, j < other.intervals.count {
      let (a, b) = (intervals[i], other.intervals[j])
      let (lower, upper) = (max(a.lower, b.lower), min(a.upper, b.upper))
      if lower <= upper { result.append(lower, upper) }
      if a.upper < b.upper { i += 1 } else { j += 1 }
    }
    return result
  }

  package func subtracting(_ other: IntervalSet) -> IntervalSet { intersection(other.complement) }

  /// Everything of the type's range that is not in the set.
  package var complement: IntervalSet {
    var result = IntervalSet()
    var next = Bound.min
    for interval in intervals {
      if interval.lower > next { result.append(next, interval.lower - 1) }
      if interval.upper == .max { return result }
      next = interval.upper + 1
    }
    result.append(next, .max)
    return result
  }

  package func overlaps(_ other: IntervalSet) -> Bool { !intersection(other).isEmpty }

  package func isSuperset(of other: IntervalSet) -> Bool { other.subtracting(self).isEmpty }

  package func forEach(_ body: (Bound) -> Void) {
    for interval in intervals {
      var value = interval.lower
      while true {
        body(value)
        if value == interval.upper { break }
        value += 1
      }
    }
  }

  /// The sum of `weights` over the set, from their running totals (`totals[i]` is the sum before `i`).
  package func weight(_ totals: [Int]) -> Int {
    intervals.reduce(0) { sum, interval in
      let (lower, upper) = (Int(clamping: interval.lower), Int(clamping: interval.upper))
      guard lower >= 0, upper + 1 < totals.count else { return sum }
      return sum + totals[upper + 1] - totals[lower]
    }
  }
}
