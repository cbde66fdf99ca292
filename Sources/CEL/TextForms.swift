/// Values from the texts that stand for them in documents.
extension CELValue {
  /// A moment in RFC 3339 (`2026-11-25T08:00:00Z`), or a date alone, which is its first moment in UTC.
  package init?(momentOf text: String) {
    let full = text.utf8.count == 10 ? text + "T00:00:00Z" : text
    guard let timestamp = (try? CELTimestamp(rfc3339: full)) ?? nil else { return nil }
    self = .timestamp(timestamp)
  }

  /// A duration in Go's form (`1h30m`).
  package init?(durationOf text: String) {
    guard let duration = (try? CELDuration(text: text)) ?? nil else { return nil }
    self = .duration(duration)
  }

  /// Bytes in Base64.
  package init?(bytesOf text: String) {
    guard let bytes = decodeBase64(text) else { return nil }
    self = .bytes(bytes)
  }
}
