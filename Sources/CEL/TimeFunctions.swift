/// Timestamps and durations.
extension FunctionTable {
  mutating func addTimes() {
    addTimestampField("getFullYear") { time, _ in time.year }
    addTimestampField("getMonth") { time, _ in time.month - 1 }
    addTimestampField("getDate") { time, _ in time.day }
    addTimestampField("getDayOfMonth") { time, _ in time.day - 1 }
    addTimestampField("getDayOfWeek") { time, _ in time.dayOfWeek }
    addTimestampField("getDayOfYear") { time, _ in time.dayOfYear }
    addTimestampField("getHours", duration: { $0 / 3_600_000_000_000 }) { time, _ in time.hour }
    addTimestampField("getMinutes", duration: { $0 / 60_000_000_000 }) { time, _ in time.minute }
    addTimestampField("getSeconds", duration: { $0 / 1_000_000_000 }) { time, _ in time.second }
    addTimestampField("getMilliseconds", duration: { $0 / 1_000_000 % 1000 }) { _, timestamp in
      Int(timestamp.nanoseconds) / 1_000_000
    }
  }

  private mutating func addTimestampField(
    _ name: String, duration: (@Sendable (Int64) -> Int64)? = nil,
    _ field: @escaping @Sendable (CivilTime, CELTimestamp) -> Int
  ) {
    let types: [([CELType], CELType)] =
      [([.timestamp], .int)] + (duration == nil ? [] : [([.duration], .int)])
    method(
      name, types,
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        switch value {
        case .timestamp(let timestamp): .int(Int64(field(CivilTime(timestamp), timestamp)))
        case .duration(let value): duration.map { .int($0(value.nanoseconds)) }
        default: nil
        }
      })
    method(
      name, [([.timestamp, .string], .int)],
      .binary { (value: CELValue, zone: CELValue, _: inout Frame) throws(Failure) in
        guard case .timestamp(let timestamp) = value, case .string(let zone) = zone else { return nil }
        let offset = try zoneOffset(zone)
        return .int(Int64(field(CivilTime(timestamp, offset: offset), timestamp)))
      })
  }
}

/// Seconds east of UTC. Zones with a name need a database that changes with the machine, so they are refused.
func zoneOffset(_ zone: String) throws(Failure) -> Int {
  if zone.isEmpty || zone == "UTC" || zone == "Z" || zone == "GMT" || zone == "Etc/UTC" { return 0 }
  var scanner = DigitScanner(zone)
  let sign = scanner.take("-") ? -1 : 1
  if sign == 1 { _ = scanner.take("+") }
  if let seconds = scanner.clock(), scanner.isAtEnd { return sign * seconds }
  throw Failure(
    "the time zone '\(printable(zone))' is not available: write 'UTC' or an offset such as '+01:00', so that "
      + "the result is the same on every machine")
}
