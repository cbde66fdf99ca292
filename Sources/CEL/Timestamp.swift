/// A point in time from year 1 to year 9999, to the nanosecond, in UTC.
package struct CELTimestamp: Sendable, Hashable, Comparable {
  /// Since 1970-01-01T00:00:00Z.
  package let seconds: Int64
  /// 0 to 999,999,999, always forward from `seconds`.
  package let nanoseconds: Int32

  static let epoch = CELTimestamp(unchecked: 0, 0)
  private static let first: Int64 = -62_135_596_800
  private static let last: Int64 = 253_402_300_799

  private init(unchecked seconds: Int64, _ nanoseconds: Int32) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// Nil outside years 1 to 9999.
  package init?(seconds: Int64, nanoseconds: Int32 = 0) {
    guard seconds >= Self.first, seconds <= Self.last, nanoseconds >= 0, nanoseconds < 1_000_000_000 else {
      return nil
    }
    self.init(unchecked: seconds, nanoseconds)
  }

  package static func < (a: CELTimestamp, b: CELTimestamp) -> Bool {
    (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
  }

  func adding(_ duration: CELDuration) throws(Failure) -> CELTimestamp {
    var seconds = self.seconds + duration.nanoseconds / 1_000_000_000
    var nanoseconds = Int64(self.nanoseconds) + duration.nanoseconds % 1_000_000_000
    if nanoseconds < 0 {
      nanoseconds += 1_000_000_000
      seconds -= 1
    } else if nanoseconds >= 1_000_000_000 {
      nanoseconds -= 1_000_000_000
      seconds += 1
    }
    guard let result = CELTimestamp(seconds: seconds, nanoseconds: Int32(nanoseconds)) else {
      throw Failure("timestamp overflow: the result is out of range, which is years 1 to 9999")
    }
    return result
  }

  func since(_ other: CELTimestamp) throws(Failure) -> CELDuration {
    let whole = (seconds - other.seconds).multipliedReportingOverflow(by: 1_000_000_000)
    guard !whole.overflow else { throw Failure(CELDuration.rangeMessage) }
    let part = Int64(nanoseconds) - Int64(other.nanoseconds)
    return try CELDuration(checked: whole.partialValue.addingReportingOverflow(part))
  }
}

/// The fields of a timestamp in a time zone.
struct CivilTime {
  var year = 1970
  var month = 1
  var day = 1
  var dayOfYear = 0
  var dayOfWeek = 4
  var hour = 0
  var minute = 0
  var second = 0

  /// - Parameter offset: seconds east of UTC.
  init(_ timestamp: CELTimestamp, offset: Int = 0) {
    let total = Int(timestamp.seconds) + offset
    var days = total / 86400
    var rest = total % 86400
    if rest < 0 {
      rest += 86400
      days -= 1
    }
    (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
    dayOfWeek = ((days + 4) % 7 + 7) % 7
    // Days since 0000-03-01, in eras of 400 years: March starts the year, so that the leap day ends it.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let fromMarch = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * fromMarch + 2) / 153
    day = fromMarch - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    dayOfYear = days - Self.days(year: year, month: 1, day: 1)
  }

  static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  static func length(ofMonth month: Int, _ year: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days since 1970-01-01 of a date in the Gregorian calendar.
  static func days(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let fromMarch = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + fromMarch - 719_468
  }
}

extension CELTimestamp {
  /// Reads RFC 3339 (`2009-02-13T23:31:30.5+01:00`); nil when the text is none, an error out of range.
  init?(rfc3339 text: String) throws(Failure) {
    var scanner = DigitScanner(text)
    guard let year = scanner.number(minimum: 4, maximum: 5), scanner.take("-"),
      let month = scanner.number(minimum: 2, maximum: 2), scanner.take("-"),
      let day = scanner.number(minimum: 2, maximum: 2), scanner.take("T") || scanner.take("t"),
      let hour = scanner.number(minimum: 2, maximum: 2), scanner.take(":"),
      let minute = scanner.number(minimum: 2, maximum: 2), scanner.take(":"),
      let second = scanner.number(minimum: 2, maximum: 2)
    else { return nil }
    var nanoseconds = 0
    if scanner.take(".") {
      guard let fraction = scanner.fraction() else { return nil }
      nanoseconds = fraction
    }
    guard let offset = scanner.offset(), scanner.isAtEnd, month >= 1, month <= 12, day >= 1,
      day <= CivilTime.length(ofMonth: month, year), hour < 24, minute < 60, second < 60
    else { return nil }
    let days = CivilTime.days(year: year, month: month, day: day)
    let seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset
    guard let timestamp = CELTimestamp(seconds: Int64(seconds), nanoseconds: Int32(nanoseconds)) else {
      throw Failure("timestamp out of range: '\(text)' is outside years 1 to 9999")
    }
    self = timestamp
  }

  /// The timestamp in RFC 3339, in UTC, with as many decimals as it needs.
  package var text: String {
    let time = CivilTime(self)
    func padded(_ number: Int, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    let date = "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))"
    let clock = "\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))"
    return date + "T" + clock + decimals(Int(nanoseconds)) + "Z"
  }
}

/// Nanoseconds as `.123`, without the zeros at the end; nothing for none.
func decimals(_ nanoseconds: Int) -> String {
  guard nanoseconds != 0 else { return "" }
  var digits = String(nanoseconds)
  digits = String(repeating: "0", count: max(0, 9 - digits.utf8.count)) + digits
  while digits.hasSuffix("0") { digits.removeLast() }
  return "." + digits
}

/// Reads fixed fields of digits.
struct DigitScanner {
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  var isAtEnd: Bool { position == bytes.count }

  mutating func take(_ character: Character) -> Bool {
    guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
    position += 1
    return true
  }

  mutating func number(minimum: Int, maximum: Int) -> Int? {
    let start = position
    var value = 0
    while position < bytes.count, position - start < maximum, bytes[position].isDigit {
      value = value * 10 + Int(bytes[position] - UInt8(ascii: "0"))
      position += 1
    }
    return position - start >= minimum ? value : nil
  }

  /// Digits after a point as nanoseconds; what is finer is cut off.
  mutating func fraction() -> Int? {
    var value = 0
    var count = 0
    while position < bytes.count, bytes[position].isDigit {
      if count < 9 { value = value * 10 + Int(bytes[position] - UInt8(ascii: "0")) }
      count += 1
      position += 1
    }
    guard count > 0 else { return nil }
    for _ in min(count, 9)..<9 { value *= 10 }
    return value
  }

  /// `Z` or `+01:00`, as seconds east of UTC.
  mutating func offset() -> Int? {
    if take("Z") || take("z") { return 0 }
    let sign = take("-") ? -1 : (take("+") ? 1 : 0)
    guard sign != 0 else { return nil }
    return clock().map { sign * $0 }
  }

  /// `01:00` as seconds.
  mutating func clock() -> Int? {
    guard let hours = number(minimum: 1, maximum: 2), take(":"), let minutes = number(minimum: 2, maximum: 2),
      hours < 24, minutes < 60
    else { return nil }
    return hours * 3600 + minutes * 60
  }
}
