/// Texts that are no YAML, line by line: a Corefile.
enum TextComparison {
  /// Lines that only one side has, after the common beginning and end; a bounded number of them.
  static func changes(from before: [UInt8], to after: [UInt8]) -> [FieldChange] {
    guard let old = text(before), let new = text(after) else {
      return [
        FieldChange(
          path: "content", kind: .changed, before: "\(before.count) bytes", after: "\(after.count) bytes")
      ]
    }
    var a = old.split(separator: "\n", omittingEmptySubsequences: false)[...]
    var b = new.split(separator: "\n", omittingEmptySubsequences: false)[...]
    while let x = a.first, let y = b.first, x == y {
      a.removeFirst()
      b.removeFirst()
    }
    while let x = a.last, let y = b.last, x == y {
      a.removeLast()
      b.removeLast()
    }
    let shared = Set(a).intersection(b)
    let removed = a.filter { !shared.contains($0) }.prefix(limit).map {
      FieldChange(path: "line", kind: .removed, before: String($0))
    }
    let added = b.filter { !shared.contains($0) }.prefix(limit).map {
      FieldChange(path: "line", kind: .added, after: String($0))
    }
    let changes = removed + added
    return changes.isEmpty ? [FieldChange(path: "lines", kind: .reordered)] : changes
  }

  private static let limit = 50

  /// Nil for what is not text: a binary file that somebody put there.
  private static func text(_ bytes: [UInt8]) -> String? {
    guard !bytes.contains(0) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}
