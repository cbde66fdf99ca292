/// A run of bytes without white space, or a quoted text.
struct CorefileToken: Sendable {
  /// Bytes in the text, quotes included.
  let start: Int
  let end: Int
  /// The line on which the token starts and the one on which it ends, from 0.
  let line: Int
  let lastLine: Int
  /// The token's text is what stands between `start` and `end`.
  let isVerbatim: Bool

  var range: Range<Int> { start..<end }
}

/// A comment that starts a line and may be one of the marks around the block.
struct CorefileComment: Sendable {
  let range: Range<Int>
}

/// Cuts a Corefile into tokens as CoreDNS does (coredns/caddy, caddyfile/lexer.go): white space separates, `"` starts
/// a quoted text in which `\"` is a quote, `#` starts a comment, braces are tokens only where they stand alone.
struct CorefileLexer {
  private let bytes: [UInt8]
  private(set) var tokens: [CorefileToken] = []
  private(set) var comments: [CorefileComment] = []
  private(set) var fault: CorefileFault?

  private var position = 0
  private var line = 0

  /// Linear in the bytes.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    tokens.reserveCapacity(bytes.count / 8)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    while fault == nil, next() {}
  }

  private mutating func next() -> Bool {
    while position < bytes.count {
      let width = spaceWidth(at: position)
      if width > 0 {
        if bytes[position] == UInt8(ascii: "\n") { line += 1 }
        position += width
      } else if bytes[position] == UInt8(ascii: "#") {
        comment()
      } else if bytes[position] == UInt8(ascii: "\"") {
        quoted()
        return true
      } else {
        word()
        return true
      }
    }
    return false
  }

  private mutating func comment() {
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
    comments.append(CorefileComment(range: start..<position))
  }

  private mutating func word() {
    let start = position
    var isVerbatim = true
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\r") {
        // CoreDNS passes over it, also inside a word.
        let isLineEnd = position + 1 >= bytes.count || bytes[position + 1] == UInt8(ascii: "\n")
        if isLineEnd { break }
        isVerbatim = false
      } else if byte == UInt8(ascii: "#") {
        fault = CorefileFault(
          "a '#' stands inside a word", start..<position + 1,
          help: "put a space before '#' if a comment starts there, or quote the word")
        break
      } else if spaceWidth(at: position) > 0 {
        break
      }
      position += 1
    }
    tokens.append(
      CorefileToken(start: start, end: position, line: line, lastLine: line, isVerbatim: isVerbatim))
  }

  private mutating func quoted() {
    let start = position
    let firstLine = line
    position += 1
    var isEscaped = false
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\n") { line += 1 }
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        tokens.append(
          CorefileToken(start: start, end: position, line: firstLine, lastLine: line, isVerbatim: false))
        return
      }
    }
    fault = CorefileFault(
      "a quoted text is never closed", start..<start + 1, help: "add the closing '\"'")
  }

  /// The bytes of a white-space character (`unicode.IsSpace`), 0 for anything else.
  private func spaceWidth(at position: Int) -> Int {
    let byte = bytes[position]
    if byte == 0x20 || (0x09...0x0D).contains(byte) { return 1 }
    guard byte >= 0xC2 else { return 0 }
    let second = position + 1 < bytes.count ? bytes[position + 1] : 0
    if byte == 0xC2 { return second == 0x85 || second == 0xA0 ? 2 : 0 }
    guard byte == 0xE1 || byte == 0xE2 || byte == 0xE3, position + 2 < bytes.count else { return 0 }
    switch (byte, second, bytes[position + 2]) {
    case (0xE1, 0x9A, 0x80), (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8), (0xE2, 0x80, 0xA9),
      (0xE2, 0x80, 0xAF), (0xE2, 0x81, 0x9F), (0xE3, 0x80, 0x80):
      return 3
    default: return 0
    }
  }
}

/// What cannot be read, and where.
struct CorefileFault: Sendable {
  let message: String
  let range: Range<Int>
  let help: String

  init(_ message: String, _ range: Range<Int>, help: String) {
    self.message = message
    self.range = range
    self.help = help
  }
}
