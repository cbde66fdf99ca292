/// `contains`, `startsWith` and `endsWith`.
extension FunctionTable {
  mutating func addStandardStrings() {
    addStringTest("contains") { (text: [UInt8], part: [UInt8], frame: inout Frame) throws(Failure) in
      try search(part, in: text, from: 0, &frame) != nil
    }
    method(
      "startsWith", [([.string, .string], .bool)],
      .binary { (text: CELValue, part: CELValue, _: inout Frame) throws(Failure) in
        guard case .string(let text) = text, case .string(let part) = part else { return nil }
        return .bool(text.utf8.starts(with: part.utf8))
      })
    method(
      "endsWith", [([.string, .string], .bool)],
      .binary { (text: CELValue, part: CELValue, _: inout Frame) throws(Failure) in
        guard case .string(let text) = text, case .string(let part) = part else { return nil }
        return .bool(text.utf8.suffix(part.utf8.count).elementsEqual(part.utf8))
      })
  }

  private mutating func addStringTest(
    _ name: String, _ test: @escaping @Sendable ([UInt8], [UInt8], inout Frame) throws(Failure) -> Bool
  ) {
    method(
      name, [([.string, .string], .bool)],
      .binary { (text: CELValue, part: CELValue, frame: inout Frame) throws(Failure) in
        guard case .string(let text) = text, case .string(let part) = part else { return nil }
        return .bool(try test(Array(text.utf8), Array(part.utf8), &frame))
      })
  }
}

/// The first place from `start` on where a sequence occurs in another.
func search<Element: Equatable>(
  _ part: [Element], in text: [Element], from start: Int, _ frame: inout Frame
) throws(Failure) -> Int? {
  let last = text.count - part.count
  guard start <= last else { return nil }
  // The work at worst; products of lengths stay far below the range of Int.
  try frame.charge((text.count - start) >> 4 + ((text.count - start) * part.count) >> 8)
  var position = start
  while position <= last {
    if part.isEmpty
      || (text[position] == part[0] && text[position..<position + part.count].elementsEqual(part))
    {
      return position
    }
    position += 1
  }
  return nil
}
