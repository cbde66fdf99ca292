/// DNS names as RFC 1123 and the API server have them.
enum DNSName {
  static let longest = 253
  static let longestLabel = 63

  /// Lower-case letters, digits and '-', not at the ends, at most 63.
  static func isLabel(_ text: String) -> Bool {
    let bytes = text.utf8
    guard let first = bytes.first, let last = bytes.last, bytes.count <= longestLabel else { return false }
    return isAlphanumeric(first) && isAlphanumeric(last)
      && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
  }

  /// Labels joined by dots, at most 253 characters.
  static func isName(_ text: String) -> Bool {
    text.utf8.count <= longest
      && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isLabel(String($0)) }
  }

  /// True when the names are equal, or one lies inside the other.
  static func overlap(_ a: String, _ b: String) -> Bool {
    a == b || a.hasSuffix("." + b) || b.hasSuffix("." + a)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
  }
}
