import Diagnostics

/// Checks the bytes of a file before any parser sees them: UTF-8, no control characters, size.
///
/// One pass; the parsers may then rely on valid text.
struct TextChecks {
  /// True when every byte is ASCII, so that code points and bytes have the same numbers.
  private(set) var isASCII = true
  /// True when the file is UTF-8 of a size that may be read: JSON allows characters that YAML does not.
  private(set) var isText = false
  private(set) var findings: [Diagnostic] = []

  /// Checks a file; it must not be parsed as YAML when there are findings.
  static func run(_ file: SourceFile, limits: TreeLimits) -> TextChecks {
    var checks = TextChecks()
    let bytes = file.bytes
    if bytes.count > min(limits.bytes, Int(UInt32.max) / 2) {
      checks.findings.append(YAMLRules.tooLarge(file, size: bytes.count, limit: limits.bytes))
      return checks
    }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      checks.findings.append(
        Diagnostic(
          YAMLRules.notUTF8, "the file is UTF-16", at: SourceRange(wholeFile: file),
          help: ["save it as UTF-8"]))
      return checks
    }
    file.bytes.withUnsafeBufferPointer { checks.scan($0, of: file) }
    checks.isText = checks.findings.allSatisfy { $0.rule.id == YAMLRules.controlCharacter.id }
    return checks
  }

  private mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, of file: SourceFile) {
    var index = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    if index == 3 { isASCII = false }
    var reported = 0
    while index < bytes.count, reported < 10 {
      let byte = bytes[index]
      if byte >= 0x20 && byte < 0x7F || byte == 0x0A || byte == 0x0D || byte == 0x09 {
        index += 1
        continue
      }
      if byte < 0x80 {
        report(control: UInt32(byte), in: file, at: index, length: 1)
        reported += 1
        index += 1
        continue
      }
      isASCII = false
      guard let (scalar, length) = Self.decode(bytes, at: index) else {
        findings.append(
          Diagnostic(
            YAMLRules.notUTF8, "byte 0x\(String(byte, radix: 16)) is not UTF-8",
            at: SourceRange(file: file, start: index, end: index + 1), "here",
            help: ["save the file as UTF-8; the character may have been written in Latin-1 or Windows-1252"]))
        return
      }
      if scalar < 0xA0 && scalar != 0x85 || scalar == 0xFEFF || scalar == 0xFFFE || scalar == 0xFFFF {
        report(control: scalar, in: file, at: index, length: length)
        reported += 1
      }
      index += length
    }
  }

  private mutating func report(control scalar: UInt32, in file: SourceFile, at index: Int, length: Int) {
    let hex = String(scalar, radix: 16, uppercase: true)
    let name = "U+" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
    let what =
      scalar == 0
      ? "a NUL byte (\(name))"
      : scalar == 0xFEFF
        ? "a byte order mark (\(name)) inside the text"
        : "the control character \(name)"
    findings.append(
      Diagnostic(
        YAMLRules.controlCharacter, "the file contains \(what), which YAML does not allow",
        at: SourceRange(file: file, start: index, end: index + length), "here",
        help: ["remove it, or write it as an escape in a double-quoted string"]))
  }

  /// One scalar of well-formed UTF-8 (Unicode 15, table 3-7), or nil.
  private static func decode(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> (UInt32, Int)? {
    func continuation(_ offset: Int) -> UInt32? {
      guard index + offset < bytes.count, bytes[index + offset] & 0xC0 == 0x80 else { return nil }
      return UInt32(bytes[index + offset] & 0x3F)
    }
    let lead = UInt32(bytes[index])
    switch lead {
    case 0xC2...0xDF:
      guard let a = continuation(1) else { return nil }
      return ((lead & 0x1F) << 6 | a, 2)
    case 0xE0...0xEF:
      guard let a = continuation(1), let b = continuation(2) else { return nil }
      let scalar = (lead & 0x0F) << 12 | a << 6 | b
      guard scalar >= 0x800, !(0xD800...0xDFFF).contains(scalar) else { return nil }
      return (scalar, 3)
    case 0xF0...0xF4:
      guard let a = continuation(1), let b = continuation(2), let c = continuation(3) else { return nil }
      let scalar = (lead & 0x07) << 18 | a << 12 | b << 6 | c
      guard scalar >= 0x10000, scalar <= 0x10FFFF else { return nil }
      return (scalar, 4)
    default: return nil
    }
  }
}
