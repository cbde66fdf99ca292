/// RFC 3339 dates and times.
enum DateFormats {
  static func isDateTime(_ text: TextSlice) -> Bool {
    guard text.count > 11 else { return false }
    let separator = text[text.startIndex + 10]
    return separator | 0x20 == UInt8(ascii: "t") && isDate(text.prefix(10)) && isTime(text.dropFirst(11))
  }

  static func isDate(_ text: TextSlice) -> Bool {
    let start = text.startIndex
    guard text.count == 10, text[start + 4] == UInt8(ascii: "-"), text[start + 7] == UInt8(ascii: "-"),
      let year = text[start..<start + 4].digits, let month = text[start + 5..<start + 7].digits,
      let day = text[start + 8..<start + 10].digits, 1...12 ~= month
    else { return false }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    return 1...days ~= day
  }

  /// `full-time`: with an offset, and a leap second only at the end of a UTC day.
  static func isTime(_ text: TextSlice) -> Bool {
    let start = text.startIndex
    guard text.count >= 9, text[start + 2] == UInt8(ascii: ":"), text[start + 5] == UInt8(ascii: ":"),
      let hour = text[start..<start + 2].digits, let minute = text[start + 3..<start + 5].digits,
      let second = text[start + 6..<start + 8].digits, hour < 24, minute < 60, second <= 60
    else { return false }
    var rest = text[(start + 8)...]
    if rest.first == UInt8(ascii: ".") {
      let fraction = rest.dropFirst().prefix(while: \.isDigit)
      guard !fraction.isEmpty else { return false }
      rest = rest[fraction.endIndex...]
    }
    guard let offset = offsetMinutes(rest) else { return false }
    if second < 60 { return true }
    let utc = (hour * 60 + minute - offset + 2880) % 1440
    return utc == 1439
  }

  private static func offsetMinutes(_ text: TextSlice) -> Int? {
    guard let sign = text.first else { return nil }
    if sign | 0x20 == UInt8(ascii: "z") { return text.count == 1 ? 0 : nil }
    let start = text.startIndex
    guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), text.count == 6,
      text[start + 3] == UInt8(ascii: ":"), let hours = text[start + 1..<start + 3].digits,
      let minutes = text[start + 4..<start + 6].digits, hours < 24, minutes < 60
    else { return nil }
    let offset = hours * 60 + minutes
    return sign == UInt8(ascii: "-") ? -offset : offset
  }
}
