/// Comparisons of a version, all of which must hold: `>=0.1 <0.3`. `~1.2` is any 1.2.x.
struct VersionRange {
  private let comparisons: [(sign: String, numbers: [Int])]

  init(_ text: String) {
    comparisons = text.split(separator: " ").map { part in
      let sign = part.prefix { !$0.isNumber }
      return (String(sign), part.dropFirst(sign.count).split(separator: ".").compactMap { Int($0) })
    }
  }

  func contains(_ version: String) -> Bool {
    let numbers = version.split(separator: ".").compactMap { Int($0) }
    return comparisons.allSatisfy { sign, wanted in
      let order = Self.compare(numbers, wanted)
      switch sign {
      case ">=": return order >= 0
      case "<=": return order <= 0
      case ">": return order > 0
      case "<": return order < 0
      case "~": return numbers.starts(with: wanted)
      default: return order == 0
      }
    }
  }

  /// Missing numbers count as 0.
  private static func compare(_ a: [Int], _ b: [Int]) -> Int {
    for index in 0..<max(a.count, b.count) {
      let left = index < a.count ? a[index] : 0
      let right = index < b.count ? b[index] : 0
      if left != right { return left < right ? -1 : 1 }
    }
    return 0
  }
}
