/// A CronJob's schedule as the API server reads it: five fields, or a word that begins with '@' (robfig/cron,
/// ParseStandard).
enum CronSchedule {
  private struct Field {
    let name: String
    let range: ClosedRange<Int>
    var names: [String] = []
  }

  private static let fields = [
    Field(name: "minute", range: 0...59), Field(name: "hour", range: 0...23),
    Field(name: "day of the month", range: 1...31),
    Field(
      name: "month", range: 1...12,
      names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    Field(name: "day of the week", range: 0...6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
  ]

  private static let words: Set<String> = [
    "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly",
  ]

  /// What is wrong with a schedule; nil where nothing is.
  static func fault(_ text: String) -> String? {
    if text.contains("TZ=") { return "the API server refuses time zones in a schedule" }
    if text.hasPrefix("@") {
      if words.contains(text) { return nil }
      if text.hasPrefix("@every "), isDuration(text.dropFirst("@every ".count)) { return nil }
      return "no such word: \(words.sorted().joined(separator: ", ")), or @every with a duration"
    }
    let parts = text.split(whereSeparator: \.isWhitespace).map(String.init)
    guard parts.count == fields.count else {
      return
        "it has \(parts.count) fields, not \(fields.count): minute, hour, day of the month, month, day of the week"
    }
    for (part, field) in zip(parts, fields) {
      for item in part.split(separator: ",", omittingEmptySubsequences: false) where !isItem(item, field) {
        return "'\(item)' is no \(field.name), \(field.range.lowerBound) to \(field.range.upperBound)"
      }
    }
    return nil
  }

  /// `*`, `5`, `1-5`, and each with `/` and a step.
  private static func isItem(_ item: Substring, _ field: Field) -> Bool {
    let halves = item.split(separator: "/", omittingEmptySubsequences: false)
    guard let first = halves.first, halves.count <= 2 else { return false }
    if halves.count == 2 {
      guard let step = number(halves[1]), step > 0 else { return false }
    }
    if first == "*" || first == "?" { return true }
    let ends = first.split(separator: "-", omittingEmptySubsequences: false).map { value($0, field) }
    guard ends.count <= 2, ends.allSatisfy({ $0 != nil }), let low = ends.first ?? nil,
      let high = ends.last ?? nil
    else { return false }
    return low <= high && field.range.contains(low) && field.range.contains(high)
  }

  private static func value(_ text: Substring, _ field: Field) -> Int? {
    if let index = field.names.firstIndex(of: text.lowercased()) { return field.range.lowerBound + index }
    return number(text)
  }

  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ? Int(text) : nil
  }

  /// A duration of Go: numbers with units, `1h30m`.
  private static func isDuration(_ text: Substring) -> Bool {
    var rest = text
    guard !rest.isEmpty else { return false }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
      rest = rest.dropFirst(digits.count)
      guard Double(digits) != nil,
        let unit = ["ns", "us", "ms", "s", "m", "h"].first(where: { rest.hasPrefix($0) })
      else { return false }
      rest = rest.dropFirst(unit.count)
    }
    return true
  }
}
