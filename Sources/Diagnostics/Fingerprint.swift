/// Names for findings that stay the same when lines are added above them: a hash of the rule, the path, the
/// marked line and the marked text. Equal ones are numbered in report order.
struct Fingerprint {
  private var seen: [UInt64: Int] = [:]

  /// 16 hexadecimal digits, a colon and a number.
  mutating func next(_ diagnostic: Diagnostic) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ bytes: some Sequence<UInt8>) {
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      hash = (hash ^ 0xFF) &* 0x100_0000_01B3
    }
    add(diagnostic.rule.id.utf8)
    if let range = diagnostic.primary?.range {
      add(range.file.path.utf8)
      add(Self.line(around: range))
      let start = min(max(range.start, 0), range.file.bytes.count)
      add(range.file.bytes[start..<min(max(start, range.end), range.file.bytes.count, start + 200)])
    } else {
      add(diagnostic.message.utf8)
    }
    let count = (seen[hash] ?? 0) + 1
    seen[hash] = count
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits + ":\(count)"
  }

  /// The first line of a range without white space around it, at most 200 bytes to either side.
  private static func line(around range: SourceRange) -> ArraySlice<UInt8> {
    let bytes = range.file.bytes
    let place = min(max(range.start, 0), bytes.count)
    var start = place
    while start > 0, place - start < 200, bytes[start - 1] != 0x0A { start -= 1 }
    var end = place
    while end < bytes.count, end - place < 200, bytes[end] != 0x0A { end += 1 }
    while start < end, bytes[start] <= 0x20 { start += 1 }
    while end > start, bytes[end - 1] <= 0x20 { end -= 1 }
    return bytes[start..<end]
  }
}
