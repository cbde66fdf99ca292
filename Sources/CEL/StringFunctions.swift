/// The string extension library. Positions count code points.
extension FunctionTable {
  mutating func addStrings() {
    addPositions()
    addParts()
    addCasing()
    addSplitting()
    method(
      "format", [([.string, .list(.dyn)], .string)],
      .binary { (text: CELValue, list: CELValue, frame: inout Frame) throws(Failure) in
        guard case .string(let text) = text, case .list(let list) = list else { return nil }
        var formatter = StringFormatter(text, list)
        return .string(try formatter.run(&frame))
      })
  }

  private mutating func addPositions() {
    method(
      "charAt", [([.string, .int], .string)],
      .binary { (text: CELValue, index: CELValue, frame: inout Frame) throws(Failure) in
        guard case .string(let text) = text, case .int(let index) = index else { return nil }
        let scalars = try scalars(text, &frame)
        let position = try position(index, in: scalars.count)
        return .string(position == scalars.count ? "" : String(scalars[position]))
      })
    let types: [([CELType], CELType)] = [([.string, .string], .int), ([.string, .string, .int], .int)]
    let first: ArgumentsBody = { (arguments: [CELValue], frame: inout Frame) throws(Failure) in
      guard case .string(let text) = arguments[0], case .string(let part) = arguments[1] else {
        return try ListFunctions.index(arguments, &frame, isLast: false)
      }
      let scalars = try scalars(text, &frame)
      var start = 0
      if arguments.count > 2 {
        guard case .int(let index) = arguments[2] else { return nil }
        start = try position(index, in: scalars.count)
      }
      return .int(Int64(try search(Array(part.unicodeScalars), in: scalars, from: start, &frame) ?? -1))
    }
    let last: ArgumentsBody = { (arguments: [CELValue], frame: inout Frame) throws(Failure) in
      guard case .string(let text) = arguments[0], case .string(let part) = arguments[1] else {
        return try ListFunctions.index(arguments, &frame, isLast: true)
      }
      let scalars = try scalars(text, &frame)
      let wanted = Array(part.unicodeScalars)
      var start = scalars.count
      if arguments.count > 2 {
        guard case .int(let index) = arguments[2] else { return nil }
        start = try position(index, in: scalars.count)
      }
      // Backwards is forwards in the reversed text.
      let skipped = max(0, scalars.count - start - wanted.count)
      let found = try search(wanted.reversed(), in: scalars.reversed(), from: skipped, &frame)
      return .int(Int64(found.map { scalars.count - $0 - wanted.count } ?? -1))
    }
    let lists: [([CELType], CELType)] = [([.list(.variable(0)), .variable(0)], .int)]
    method("indexOf", types + lists, .arguments(first))
    method("lastIndexOf", types + lists, .arguments(last))
  }

  private mutating func addParts() {
    method(
      "substring", [([.string, .int], .string), ([.string, .int, .int], .string)],
      .arguments { (arguments: [CELValue], frame: inout Frame) throws(Failure) in
        guard case .string(let text) = arguments[0], case .int(let from) = arguments[1] else { return nil }
        let scalars = try scalars(text, &frame)
        let start = try position(from, in: scalars.count)
        var end = scalars.count
        if arguments.count > 2 {
          guard case .int(let to) = arguments[2] else { return nil }
          end = try position(to, in: scalars.count)
        }
        guard start <= end else { throw Failure("invalid substring range. start: \(start), end: \(end)") }
        return .string(string(scalars[start..<end]))
      })
    method(
      "trim", [([.string], .string)],
      .unary { (text: CELValue, frame: inout Frame) throws(Failure) in
        guard case .string(let text) = text else { return nil }
        let scalars = try scalars(text, &frame)
        let isSpace: (UnicodeScalar) -> Bool = { $0.properties.isWhitespace }
        guard let start = scalars.firstIndex(where: { !isSpace($0) }),
          let end = scalars.lastIndex(where: { !isSpace($0) })
        else { return .string("") }
        return .string(string(scalars[start...end]))
      })
    method(
      "reverse", [([.string], .string), ([.list(.variable(0))], .list(.variable(0)))],
      .unary { (value: CELValue, frame: inout Frame) throws(Failure) in
        switch value {
        case .string(let text): return .string(string(try scalars(text, &frame).reversed()[...]))
        case .list(let list):
          try frame.charge(list.count)
          return .list(list.elements.reversed())
        default: return nil
        }
      })
  }

  private mutating func addCasing() {
    for (name, range, offset) in [
      ("lowerAscii", UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(0x20)),
      ("upperAscii", UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(0xE0)),
    ] {
      method(
        name, [([.string], .string)],
        .unary { (text: CELValue, frame: inout Frame) throws(Failure) in
          guard case .string(let text) = text else { return nil }
          try frame.charge(bytes: text.utf8.count)
          let bytes = text.utf8.map { range.contains($0) ? $0 &+ offset : $0 }
          return .string(String(decoding: bytes, as: UTF8.self))
        })
    }
    function(
      "strings.quote", [([.string], .string)],
      .unary { (text: CELValue, frame: inout Frame) throws(Failure) in
        guard case .string(let text) = text else { return nil }
        try frame.charge(bytes: text.utf8.count * 2)
        return .string(quoted(text))
      })
  }

  private mutating func addSplitting() {
    method(
      "split", [([.string, .string], .list(.string)), ([.string, .string, .int], .list(.string))],
      .arguments { (arguments: [CELValue], frame: inout Frame) throws(Failure) in
        guard case .string(let text) = arguments[0], case .string(let separator) = arguments[1] else {
          return nil
        }
        var limit = -1
        if arguments.count > 2 {
          guard case .int(let value) = arguments[2] else { return nil }
          limit = Int(value)
        }
        return .list(try split(text, separator, limit, &frame).map { .string($0) })
      })
    method(
      "replace", [([.string, .string, .string], .string), ([.string, .string, .string, .int], .string)],
      .arguments { (arguments: [CELValue], frame: inout Frame) throws(Failure) in
        guard case .string(let text) = arguments[0], case .string(let old) = arguments[1],
          case .string(let new) = arguments[2]
        else { return nil }
        var limit = -1
        if arguments.count > 3 {
          guard case .int(let value) = arguments[3] else { return nil }
          limit = Int(value)
        }
        return .string(try replace(old, in: text, with: new, limit, &frame))
      })
    let join: ArgumentsBody = { (arguments: [CELValue], frame: inout Frame) throws(Failure) in
      guard case .list(let list) = arguments[0] else { return nil }
      var separator = ""
      if arguments.count > 1 {
        guard case .string(let text) = arguments[1] else { return nil }
        separator = text
      }
      var result = ""
      for index in 0..<list.count {
        guard case .string(let text) = list.element(at: index) else { return nil }
        try frame.charge(1 + (text.utf8.count + separator.utf8.count) >> 4)
        if index > 0 { result += separator }
        result += text
      }
      return .string(result)
    }
    method("join", [([.list(.string)], .string), ([.list(.string), .string], .string)], .arguments(join))
  }
}

private func scalars(_ text: String, _ frame: inout Frame) throws(Failure) -> [UnicodeScalar] {
  try frame.charge(bytes: text.utf8.count * 4)
  return Array(text.unicodeScalars)
}

private func string(_ scalars: ArraySlice<UnicodeScalar>) -> String {
  var text = String.UnicodeScalarView()
  text.append(contentsOf: scalars)
  return String(text)
}

/// A position within a text or at its end.
private func position(_ index: Int64, in count: Int) throws(Failure) -> Int {
  guard index >= 0, index <= count else { throw Failure("index out of range: \(index)") }
  return Int(index)
}

/// The parts between separators; at most `limit` of them unless it is negative, and none for 0.
private func split(
  _ text: String, _ separator: String, _ limit: Int, _ frame: inout Frame
) throws(Failure) -> [String] {
  if limit == 0 { return [] }
  if separator.isEmpty {
    let scalars = try scalars(text, &frame)
    try frame.charge(scalars.count)
    let most = limit < 0 ? scalars.count : min(limit, scalars.count)
    guard most > 0 else { return [] }
    return scalars[..<(most - 1)].map { String($0) } + [string(scalars[(most - 1)...])]
  }
  let (bytes, part) = (Array(text.utf8), Array(separator.utf8))
  var parts: [String] = []
  var start = 0
  while limit < 0 || parts.count < limit - 1, let next = try search(part, in: bytes, from: start, &frame) {
    try frame.charge(1)
    parts.append(String(decoding: bytes[start..<next], as: UTF8.self))
    start = next + part.count
  }
  parts.append(String(decoding: bytes[start...], as: UTF8.self))
  return parts
}

/// All occurrences replaced, or as many as the limit says. An empty `old` occurs around every code point.
private func replace(
  _ old: String, in text: String, with new: String, _ limit: Int, _ frame: inout Frame
) throws(Failure) -> String {
  if limit == 0 { return text }
  if old.isEmpty {
    let scalars = try scalars(text, &frame)
    let count = limit < 0 ? scalars.count + 1 : min(limit, scalars.count + 1)
    try frame.charge(bytes: count.multipliedReportingOverflow(by: new.utf8.count + 4).partialValue)
    var result = ""
    for (index, scalar) in scalars.enumerated() {
      if index < count { result += new }
      result.unicodeScalars.append(scalar)
    }
    return scalars.count < count ? result + new : result
  }
  let parts = try split(text, old, limit < 0 ? -1 : (limit == Int.max ? limit : limit + 1), &frame)
  try frame.charge(
    bytes: text.utf8.count + parts.count.multipliedReportingOverflow(by: new.utf8.count).partialValue)
  return parts.joined(separator: new)
}

/// The text as a literal in double quotes.
private func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar.value {
    case 0x07: result += "\\a"
    case 0x08: result += "\\b"
    case 0x0C: result += "\\f"
    case 0x0A: result += "\\n"
    case 0x0D: result += "\\r"
    case 0x09: result += "\\t"
    case 0x0B: result += "\\v"
    case 0x5C: result += "\\\\"
    case 0x22: result += "\\\""
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
