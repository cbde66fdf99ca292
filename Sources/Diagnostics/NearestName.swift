/// The candidates nearest to a misspelt name, nearest first, at most three.
///
/// A candidate counts when it differs by case alone, when one contains the other, or when its edit
/// distance (with transpositions) is at most a third of the longer name. Quadratic in the names' length,
/// linear in the candidates; candidates that cannot be near are skipped by length.
package func nearestNames(to name: String, among candidates: some Sequence<String>) -> [String] {
  let wanted = Array(name.lowercased().utf8)
  var found: [(distance: Int, name: String)] = []
  for candidate in Set(candidates) where candidate != name {
    let other = Array(candidate.lowercased().utf8)
    let limit = max(1, max(wanted.count, other.count) / 3)
    if abs(wanted.count - other.count) <= limit {
      let distance = editDistance(wanted, other)
      if distance <= limit {
        found.append((distance, candidate))
        continue
      }
    }
    if wanted.count >= 3, other.count >= 3, contains(other, wanted) || contains(wanted, other) {
      found.append((limit + 1, candidate))
    }
  }
  found.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
  return found.prefix(3).map(\.name)
}

/// "did you mean 'a' or 'b'?", or nil when nothing is near.
package func didYouMean(_ name: String, among candidates: some Sequence<String>) -> String? {
  let nearest = nearestNames(to: name, among: candidates)
  guard !nearest.isEmpty else { return nil }
  return "did you mean " + nearest.map { "'\($0)'" }.joined(separator: " or ") + "?"
}

/// Lists names for a message: all of up to eight, else the first eight and how many more.
package func listed(_ names: [String], none: String = "none") -> String {
  guard !names.isEmpty else { return none }
  let shown = names.prefix(8).joined(separator: ", ")
  return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
}

private func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
  guard part.count <= text.count else { return false }
  for start in 0...(text.count - part.count) where text[start..<start + part.count].elementsEqual(part) {
    return true
  }
  return false
}

/// Optimal string alignment distance.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in 0..<a.count {
    var row = [i + 1]
    row.reserveCapacity(b.count + 1)
    for j in 0..<b.count {
      var best = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
      row.append(best)
    }
    beforeLast = last
    last = row
  }
  return last[b.count]
}
