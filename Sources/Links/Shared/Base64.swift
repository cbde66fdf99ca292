/// Base64 with padding (RFC 4648, section 4), as Secrets and kubeconfigs hold bytes.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// Linear in the bytes.
  static func encode(_ bytes: some Collection<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var buffer: UInt32 = 0
    var count = 0
    for byte in bytes {
      buffer = buffer << 8 | UInt32(byte)
      count += 1
      if count == 3 {
        for shift in [18, 12, 6, 0] as [UInt32] { text.append(alphabet[Int(buffer >> shift & 63)]) }
        buffer = 0
        count = 0
      }
    }
    if count > 0 {
      buffer <<= UInt32(8 * (3 - count))
      text.append(alphabet[Int(buffer >> 18 & 63)])
      text.append(alphabet[Int(buffer >> 12 & 63)])
      text.append(count == 2 ? alphabet[Int(buffer >> 6 & 63)] : UInt8(ascii: "="))
      text.append(UInt8(ascii: "="))
    }
    return String(decoding: text, as: UTF8.self)
  }
}
