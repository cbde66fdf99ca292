import Glibc

/// Searches in the bytes of files, which are not parsed for it.
enum ByteSearch {
  /// True when a text occurs.
  static func contains(_ bytes: [UInt8], _ needle: [UInt8]) -> Bool { count(bytes, needle, limit: 1) > 0 }

  /// How often a text occurs, up to a limit. Linear but for texts that repeat themselves.
  static func count(_ bytes: [UInt8], _ needle: [UInt8], limit: Int = .max) -> Int {
    bytes.withUnsafeBytes { haystack in
      needle.withUnsafeBytes { needle in
        guard let start = haystack.baseAddress, let wanted = needle.baseAddress, !needle.isEmpty else {
          return 0
        }
        let first = Int32(needle[0])
        let end = haystack.count - needle.count + 1
        var count = 0
        var offset = 0
        while count < limit, offset < end, let found = memchr(start + offset, first, end - offset) {
          let place = start.distance(to: UnsafeRawPointer(found))
          if memcmp(found, wanted, needle.count) == 0 {
            count += 1
            offset = place + needle.count
          } else {
            offset = place + 1
          }
        }
        return count
      }
    }
  }

  /// True when the file may hold characters that are not written as they are, by which a name could hide.
  static func hasEscapes(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return false }
      var offset = 0
      while offset + 1 < bytes.count,
        let found = memchr(start + offset, Int32(UInt8(ascii: "\\")), bytes.count - offset - 1)
      {
        let place = start.distance(to: UnsafeRawPointer(found))
        // Also an escaped line end, which joins two halves of a word.
        if [UInt8(ascii: "x"), UInt8(ascii: "u"), UInt8(ascii: "U"), 0x0A, 0x0D].contains(bytes[place + 1]) {
          return true
        }
        offset = place + 2
      }
      return false
    }
  }
}
