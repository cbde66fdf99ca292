import Diagnostics

/// JSON (RFC 8259) into a tree. Anything that is not plain JSON — comments, single quotes, duplicate
/// keys, unpaired surrogates — gives nil, and libyaml reads and reports it.
struct JSONParser: ~Copyable {
  private var builder: TreeBuilder
  private let bytes: UnsafeBufferPointer<UInt8>
  private let limits: TreeLimits
  private var position: Int
  private var depth = 0
  /// The keys of all open objects.
  private var keys: [Int] = []

  static func looksLikeJSON(_ bytes: [UInt8]) -> Bool {
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    for byte in text.prefix(4096) {
      switch byte {
      case UInt8(ascii: " "), 0x09, 0x0A, 0x0D: continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): return true
      default: return false
      }
    }
    return false
  }

  static func parse(_ file: SourceFile, limits: TreeLimits) -> Tree? {
    file.bytes.withUnsafeBufferPointer { bytes in
      var parser = JSONParser(file: file, bytes: bytes, limits: limits)
      parser.skipSpace()
      // JSON texts one after another, as `kubectl get -o json` printed twice, are documents.
      repeat {
        parser.builder.beginDocument()
        guard parser.value() else { return nil }
        parser.skipSpace()
      } while parser.position < bytes.count
      return parser.builder.finish()
    }
  }

  private init(file: SourceFile, bytes: UnsafeBufferPointer<UInt8>, limits: TreeLimits) {
    builder = TreeBuilder(file: file, capacity: min(bytes.count / 12 + 8, limits.nodes))
    self.bytes = bytes
    self.limits = limits
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: " "), 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func value() -> Bool {
    guard position < bytes.count else { return false }
    switch bytes[position] {
    case UInt8(ascii: "{"): return object()
    case UInt8(ascii: "["): return array()
    case UInt8(ascii: "\""): return string()
    case UInt8(ascii: "t"): return word("true", .boolean)
    case UInt8(ascii: "f"): return word("false", .boolean)
    case UInt8(ascii: "n"): return word("null", .null)
    default: return number()
    }
  }

  private mutating func object() -> Bool {
    guard depth < limits.depth else { return false }
    depth += 1
    defer { depth -= 1 }
    let firstKey = keys.count
    let index = builder.open(.mapping, start: position, end: position)
    position += 1
    var count = 0
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "}") {
      position += 1
    } else {
      while true {
        skipSpace()
        keys.append(builder.count)
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\""), string() else { return false }
        skipSpace()
        guard take(":") else { return false }
        skipSpace()
        guard value() else { return false }
        count += 1
        skipSpace()
        if take(",") { continue }
        guard take("}") else { return false }
        break
      }
    }
    builder.close(index, count: count)
    builder.nodes[index].end = UInt32(clamping: position)
    let repeated = DuplicateKeys.find(
      among: keys[firstKey...], in: builder.nodes, text: builder.ownText, source: bytes)
    keys.removeSubrange(firstKey...)
    return repeated.isEmpty && builder.count <= limits.nodes
  }

  private mutating func array() -> Bool {
    guard depth < limits.depth else { return false }
    depth += 1
    defer { depth -= 1 }
    let index = builder.open(.sequence, start: position, end: position)
    position += 1
    var count = 0
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
      position += 1
    } else {
      while true {
        skipSpace()
        guard value() else { return false }
        count += 1
        skipSpace()
        if take(",") { continue }
        guard take("]") else { return false }
        break
      }
    }
    builder.close(index, count: count)
    builder.nodes[index].end = UInt32(clamping: position)
    return builder.count <= limits.nodes
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func word(_ text: StaticString, _ kind: NodeKind) -> Bool {
    let length = text.utf8CodeUnitCount
    guard position + length <= bytes.count else { return false }
    let slice = UnsafeBufferPointer(rebasing: bytes[position..<position + length])
    guard slice.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: length)) else { return false }
    builder.scalar(
      kind, style: .plain, flags: [], start: position, end: position + length, sourceText: position,
      length: length, hash: textHash(slice))
    position += length
    return true
  }

  private mutating func number() -> Bool {
    let start = position
    var isInteger = true
    if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
    guard digits() else { return false }
    let digitStart = bytes[start] == UInt8(ascii: "-") ? start + 1 : start
    if bytes[digitStart] == UInt8(ascii: "0"), position > digitStart + 1 { return false }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      guard digits() else { return false }
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: "e") || bytes[position] == UInt8(ascii: "E") {
      isInteger = false
      position += 1
      if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
      {
        position += 1
      }
      guard digits() else { return false }
    }
    builder.scalar(
      isInteger ? .integer : .float, style: .plain, flags: [], start: start, end: position, sourceText: start,
      length: position - start, hash: textHash(UnsafeBufferPointer(rebasing: bytes[start..<position])))
    return true
  }

  private mutating func digits() -> Bool {
    let start = position
    while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
    return position > start
  }

  private mutating func string() -> Bool {
    let open = position
    position += 1
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        builder.scalar(
          .string, style: .doubleQuoted, flags: [], start: open, end: position + 1, sourceText: start,
          length: position - start, hash: textHash(UnsafeBufferPointer(rebasing: bytes[start..<position])))
        position += 1
        return true
      case UInt8(ascii: "\\"): return escapedString(open: open, start: start)
      case 0..<0x20: return false
      default: position += 1
      }
    }
    return false
  }

  private mutating func escapedString(open: Int, start: Int) -> Bool {
    var text = Array(bytes[start..<position])
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        text.withUnsafeBufferPointer {
          builder.scalar(.string, style: .doubleQuoted, flags: [], start: open, end: position, copying: $0)
        }
        return true
      case UInt8(ascii: "\\"):
        guard escape(into: &text) else { return false }
      case 0..<0x20: return false
      default: text.append(byte)
      }
    }
    return false
  }

  private mutating func escape(into text: inout [UInt8]) -> Bool {
    guard position < bytes.count else { return false }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      guard var unit = hexadecimal() else { return false }
      if 0xD800..<0xDC00 ~= unit {
        guard take("\\"), take("u"), let low = hexadecimal(), 0xDC00..<0xE000 ~= low else { return false }
        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(unit) else { return false }
      text.append(contentsOf: Character(scalar).utf8)
    default: return false
    }
    return true
  }

  private mutating func hexadecimal() -> UInt32? {
    guard position + 4 <= bytes.count else { return nil }
    var value: UInt32 = 0
    for byte in bytes[position..<position + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
      value = value << 4 | UInt32(digit)
    }
    position += 4
    return value
  }
}
