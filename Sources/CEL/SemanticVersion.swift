/// A version as https://semver.org defines it.
package struct CELSemanticVersion: Sendable {
  let numbers: [UInt64]
  let prerelease: [Substring]
  let build: [Substring]

  /// Reads a version; nil when the text is none.
  ///
  /// - Parameter normalize: a leading `v`, leading zeros, and a missing minor or patch number are mended first.
  init?(_ text: String, normalize: Bool) {
    var rest = text[...]
    if normalize, rest.hasPrefix("v") { rest.removeFirst() }
    let plus = rest.firstIndex(of: "+")
    build = plus.map { Self.identifiers(rest[rest.index(after: $0)...]) } ?? []
    let numbered = rest[..<(plus ?? rest.endIndex)]
    let dash = numbered.firstIndex(of: "-")
    prerelease = dash.map { Self.identifiers(numbered[numbered.index(after: $0)...]) } ?? []
    let isNumber: (Substring) -> Bool = { !$0.isEmpty && $0.utf8.allSatisfy(\.isDigit) }
    let hasZeros: (Substring) -> Bool = { $0.utf8.count > 1 && $0.hasPrefix("0") }
    let parts = numbered[..<(dash ?? numbered.endIndex)].split(
      separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3 || (normalize && parts.count < 3 && dash == nil && plus == nil),
      parts.allSatisfy({ isNumber($0) && (normalize || !hasZeros($0)) }),
      (prerelease + build).allSatisfy(Self.isIdentifier),
      prerelease.allSatisfy({ !(isNumber($0) && hasZeros($0)) })
    else { return nil }
    var numbers: [UInt64] = []
    for part in parts {
      guard let number = UInt64(part), number <= UInt64(Int64.max) else { return nil }
      numbers.append(number)
    }
    self.numbers = numbers + [UInt64](repeating: 0, count: 3 - numbers.count)
  }

  private static func identifiers(_ text: Substring) -> [Substring] {
    text.split(separator: ".", omittingEmptySubsequences: false)
  }

  private static func isIdentifier(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
  }

  /// -1, 0 or 1 by precedence, which the build does not count for.
  func compared(to other: CELSemanticVersion) -> Int64 {
    for (a, b) in zip(numbers, other.numbers) where a != b { return a < b ? -1 : 1 }
    if prerelease.isEmpty || other.prerelease.isEmpty {
      return prerelease.isEmpty == other.prerelease.isEmpty ? 0 : (prerelease.isEmpty ? 1 : -1)
    }
    for (a, b) in zip(prerelease, other.prerelease) where a != b {
      switch (UInt64(a), UInt64(b)) {
      case (let a?, let b?): return a < b ? -1 : 1
      case (_?, nil): return -1
      case (nil, _?): return 1
      case (nil, nil): return a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
      }
    }
    let (mine, theirs) = (prerelease.count, other.prerelease.count)
    return mine == theirs ? 0 : (mine < theirs ? -1 : 1)
  }
}

extension FunctionTable {
  /// Kubernetes' library of semantic versions.
  mutating func addSemanticVersions() {
    let types: [([CELType], CELType)] = [
      ([.string], .semanticVersion), ([.string, .bool], .semanticVersion),
    ]
    function(
      "semver", types,
      .arguments { (arguments: [CELValue], frame: inout Frame) throws(Failure) in
        guard let parsed = try parse(arguments, &frame) else { return nil }
        guard let version = parsed.version else {
          throw Failure("\(Evaluation.shown(arguments[0])) is no semantic version as in '1.2.3'")
        }
        return .semanticVersion(version)
      })
    function(
      "isSemver", types.map { ($0.0, .bool) },
      .arguments { (arguments: [CELValue], frame: inout Frame) throws(Failure) in
        try parse(arguments, &frame).map { .bool($0.version != nil) }
      })
    for (index, name) in ["major", "minor", "patch"].enumerated() {
      method(
        name, [([.semanticVersion], .int)],
        .unary { (value: CELValue, _: inout Frame) throws(Failure) in
          guard case .semanticVersion(let version) = value else { return nil }
          return .int(Int64(clamping: version.numbers[index]))
        })
    }
    let comparisons: [(String, CELType, @Sendable (Int64) -> CELValue)] = [
      ("isGreaterThan", .bool, { .bool($0 > 0) }), ("isLessThan", .bool, { .bool($0 < 0) }),
      ("compareTo", .int, { .int($0) }),
    ]
    for (name, type, result) in comparisons {
      sharedMethod(
        name, ([.semanticVersion, .semanticVersion], type),
        .binary { (a: CELValue, b: CELValue, _: inout Frame) throws(Failure) in
          guard case .semanticVersion(let a) = a, case .semanticVersion(let b) = b else { return nil }
          return result(a.compared(to: b))
        })
    }
  }
}

/// The version that a text is, if it is one; nil when the arguments are of other types.
private func parse(
  _ arguments: [CELValue], _ frame: inout Frame
) throws(Failure) -> (version: CELSemanticVersion?, Void)? {
  guard case .string(let text) = arguments[0] else { return nil }
  var normalize = false
  if arguments.count > 1 {
    guard case .bool(let flag) = arguments[1] else { return nil }
    normalize = flag
  }
  try frame.charge(bytes: text.utf8.count * 4)
  return (CELSemanticVersion(text, normalize: normalize), ())
}
