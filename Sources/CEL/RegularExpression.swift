import Patterns

/// Regular expressions of expressions: RE2's syntax, in linear time.
enum RegularExpression {
  static func compile(_ source: String) throws(Failure) -> Pattern {
    do throws(PatternError) {
      return try Pattern(source, dialect: .re2)
    } catch {
      throw Failure("this regular expression is wrong: \(error.message)")
    }
  }

  /// Steps for matching a text of so many bytes.
  static func cost(_ pattern: Pattern, bytes: Int) -> Int {
    (bytes >> 4) * (1 + pattern.source.utf8.count >> 3)
  }
}

extension FunctionTable {
  /// `matches` of the language, `find` and `findAll` of Kubernetes.
  mutating func addPatterns() {
    let matches: BinaryBody = { (text: CELValue, source: CELValue, frame: inout Frame) throws(Failure) in
      guard case .string(let text) = text, case .string(let source) = source else { return nil }
      let pattern = try frame.pattern(source)
      try frame.charge(RegularExpression.cost(pattern, bytes: text.utf8.count))
      return .bool(pattern.matches(text))
    }
    function("matches", [([.string, .string], .bool)], .binary(matches))
    method("matches", [([.string, .string], .bool)], .binary(matches))
    method(
      "find", [([.string, .string], .string)],
      .binary { (text: CELValue, source: CELValue, frame: inout Frame) throws(Failure) in
        guard case .string(let text) = text, case .string(let source) = source else { return nil }
        let found = try findAll(source, in: text, limit: 1, &frame)
        return found.first ?? .string("")
      })
    method(
      "findAll", [([.string, .string], .list(.string))],
      .binary { (text: CELValue, source: CELValue, frame: inout Frame) throws(Failure) in
        guard case .string(let text) = text, case .string(let source) = source else { return nil }
        return .list(try findAll(source, in: text, limit: Int.max, &frame))
      })
    method(
      "findAll", [([.string, .string, .int], .list(.string))],
      .arguments { (arguments: [CELValue], frame: inout Frame) throws(Failure) in
        guard case .string(let text) = arguments[0], case .string(let source) = arguments[1],
          case .int(let limit) = arguments[2]
        else { return nil }
        return .list(try findAll(source, in: text, limit: limit < 0 ? Int.max : Int(limit), &frame))
      })
  }
}

/// The matches from left to right that do not overlap, as Go finds them: an empty match right after a match is
/// not one.
private func findAll(
  _ source: String, in text: String, limit: Int, _ frame: inout Frame
) throws(Failure) -> [CELValue] {
  let pattern = try frame.pattern(source)
  let bytes = Array(text.utf8)
  var found: [CELValue] = []
  var position = 0
  var previousEnd = -1
  while found.count < limit, position <= bytes.count {
    try frame.charge(1 + RegularExpression.cost(pattern, bytes: bytes.count - position))
    guard let match = pattern.firstMatch(in: bytes, from: position) else { break }
    if match.isEmpty {
      if match.lowerBound != previousEnd { found.append(.string("")) }
      position = match.lowerBound + 1
      while position < bytes.count, bytes[position] & 0xC0 == 0x80 { position += 1 }
    } else {
      found.append(.string(String(decoding: bytes[match], as: UTF8.self)))
      previousEnd = match.upperBound
      position = match.upperBound
    }
  }
  return found
}
