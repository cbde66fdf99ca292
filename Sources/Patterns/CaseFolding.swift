/// Simple case folding: which code points differ only in case.
enum CaseFolding {
  /// The case variants of one code point.
  struct Orbit: Sendable {
    var scalar: UInt32
    /// All code points that fold like `scalar`, itself included, ascending.
    var variants: [UInt32]
  }

  /// Every code point with case variants, ascending. About 2,800 entries, derived once from the standard
  /// library's case mappings.
  static let orbits: [Orbit] = makeOrbits()

  /// Index of the first orbit whose code point is not less than a given one.
  static func firstOrbit(from scalar: UInt32) -> Int {
    var low = 0
    var high = orbits.count
    while low < high {
      let middle = (low + high) / 2
      if orbits[middle].scalar < scalar { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func makeOrbits() -> [Orbit] {
    var groups: [UInt32: [UInt32]] = [:]
    // All cased scripts lie in the first two planes.
    for value: UInt32 in 0..<0x20000 {
      guard let scalar = Unicode.Scalar(value), scalar.properties.changesWhenCaseMapped else { continue }
      groups[folded(scalar), default: []].append(value)
    }
    var orbits: [Orbit] = []
    for (_, variants) in groups where variants.count > 1 {
      for scalar in variants { orbits.append(Orbit(scalar: scalar, variants: variants)) }
    }
    return orbits.sorted { $0.scalar < $1.scalar }
  }

  /// The representative of a code point's variants: the lower case of its upper case, where those are single
  /// code points (`CaseFolding.txt` gives the rest no simple folding).
  private static func folded(_ scalar: Unicode.Scalar) -> UInt32 {
    switch scalar.value {
    // The dotless and the dotted i fold to i only in Turkic languages.
    case 0x130, 0x131: return scalar.value
    // Pairs whose upper cases are longer than one code point, and equal.
    case 0x1FD3: return 0x390
    case 0x1FE3: return 0x3B0
    case 0xFB05: return 0xFB06
    default: break
    }
    let upper =
      single(scalar.properties.uppercaseMapping) ?? single(scalar.properties.titlecaseMapping) ?? scalar
    return (single(upper.properties.lowercaseMapping) ?? upper).value
  }

  private static func single(_ mapping: String) -> Unicode.Scalar? {
    let scalars = mapping.unicodeScalars
    return scalars.count == 1 ? scalars.first : nil
  }
}

extension ScalarSet {
  /// The set with every case variant of its members.
  var caseFolded: ScalarSet {
    var pieces = intervals
    let orbits = CaseFolding.orbits
    for interval in intervals {
      var index = CaseFolding.firstOrbit(from: interval.first)
      while index < orbits.count, orbits[index].scalar <= interval.last {
        for variant in orbits[index].variants { pieces.append(Interval(variant, variant)) }
        index += 1
      }
    }
    return ScalarSet(merging: pieces)
  }
}
