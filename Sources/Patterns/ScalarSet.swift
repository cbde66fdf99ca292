/// A set of code points as sorted, disjoint, non-adjacent intervals.
struct ScalarSet: Sendable, Equatable {
  struct Interval: Sendable, Equatable {
    var first: UInt32
    var last: UInt32

    init(_ first: UInt32, _ last: UInt32) {
      self.first = first
      self.last = last
    }
  }

  /// The greatest code point of Unicode.
  static let lastScalar: UInt32 = 0x10FFFF

  let intervals: [Interval]

  static let empty = ScalarSet(merging: [])
  static let all = ScalarSet(merging: [Interval(0, lastScalar)])

  /// A set out of intervals in any order, which may overlap; n log n.
  init(merging pieces: [Interval]) {
    var merged: [Interval] = []
    for piece in pieces.sorted(by: { $0.first < $1.first }) where piece.first <= piece.last {
      if let previous = merged.last, piece.first <= previous.last || piece.first - previous.last == 1 {
        merged[merged.count - 1].last = max(previous.last, piece.last)
      } else {
        merged.append(piece)
      }
    }
    intervals = merged
  }

  init(_ scalar: UInt32) {
    intervals = [Interval(scalar, scalar)]
  }

  /// A set out of consecutive pairs `first, last, first, last, …`, the form of the tables in this module.
  init(pairs: [UInt32]) {
    var pieces: [Interval] = []
    var index = 0
    while index + 1 < pairs.count {
      pieces.append(Interval(pairs[index], pairs[index + 1]))
      index += 2
    }
    self.init(merging: pieces)
  }

  /// Every code point that is not in the set.
  var inverted: ScalarSet {
    var gaps: [Interval] = []
    var next: UInt32 = 0
    for interval in intervals {
      if interval.first > next { gaps.append(Interval(next, interval.first - 1)) }
      next = interval.last + 1
    }
    if next <= Self.lastScalar { gaps.append(Interval(next, Self.lastScalar)) }
    return ScalarSet(merging: gaps)
  }

  /// Whether the code point is in the set; logarithmic in the number of intervals.
  func contains(_ scalar: UInt32) -> Bool {
    var low = 0
    var high = intervals.count
    while low < high {
      let middle = (low + high) / 2
      if intervals[middle].last < scalar { low = middle + 1 } else { high = middle }
    }
    return low < intervals.count && intervals[low].first <= scalar
  }

  func union(_ other: ScalarSet) -> ScalarSet {
    ScalarSet(merging: intervals + other.intervals)
  }
}
