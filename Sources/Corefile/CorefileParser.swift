/// Tokens into server blocks, as CoreDNS groups them (coredns/caddy, caddyfile/parse.go). Snippets are put in where
/// they are imported; the first fault ends the reading.
struct CorefileParser {
  /// Tokens that are being read: the text itself, or a snippet inside it.
  private struct Frame {
    var next: Int
    let end: Int
    let snippet: String?
    let id: Int
  }

  /// CoreDNS refuses more expansions than this.
  private static let maximumExpansions = 1000

  private let bytes: [UInt8]
  private let tokens: [CorefileToken]
  private var frames: [Frame]
  private var frameCount = 1
  private var snippets: [String: (start: Int, end: Int)] = [:]
  private var expansions = 0
  /// The token read last, and the frame that it came from.
  private var last: (token: CorefileToken, frame: Int)?

  private(set) var blocks: [CorefileBlock] = []
  private(set) var imports: [CorefileImport] = []
  private(set) var fault: CorefileFault?

  init(_ bytes: [UInt8], _ tokens: [CorefileToken]) {
    self.bytes = bytes
    self.tokens = tokens
    frames = [Frame(next: 0, end: tokens.count, snippet: nil, id: 0)]
  }

  mutating func run() {
    while fault == nil, peek() != nil { parseBlock() }
  }

  // MARK: Tokens

  private mutating func peek() -> CorefileToken? {
    while let frame = frames.last, frame.next >= frame.end {
      guard frames.count > 1 else { return nil }
      frames.removeLast()
    }
    return frames.last.map { tokens[$0.next] }
  }

  private mutating func advance() {
    guard let token = peek(), let frame = frames.last else { return }
    last = (token, frame.id)
    frames[frames.count - 1].next += 1
  }

  /// True when a token starts a line: none before it, none in its snippet, or the one before it on another line.
  private func startsLine(_ token: CorefileToken) -> Bool {
    guard let last, last.frame == frames.last?.id else { return true }
    return token.line > last.token.lastLine
  }

  private func isToken(_ token: CorefileToken, _ byte: UInt8) -> Bool {
    if token.isVerbatim { return token.end - token.start == 1 && bytes[token.start] == byte }
    return text(of: token).utf8.elementsEqual([byte])
  }

  private func isOpen(_ token: CorefileToken) -> Bool { isToken(token, UInt8(ascii: "{")) }
  private func isClose(_ token: CorefileToken) -> Bool { isToken(token, UInt8(ascii: "}")) }

  private func isImport(_ token: CorefileToken) -> Bool {
    token.isVerbatim ? bytes[token.range].elementsEqual("import".utf8) : text(of: token) == "import"
  }

  private func text(of token: CorefileToken) -> String {
    if token.isVerbatim { return String(decoding: bytes[token.range], as: UTF8.self) }
    guard bytes[token.start] == UInt8(ascii: "\"") else {
      return String(decoding: bytes[token.range].filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    }
    var result: [UInt8] = []
    var isEscaped = false
    for byte in bytes[token.start + 1..<max(token.start + 1, token.end - 1)] {
      if !isEscaped, byte == UInt8(ascii: "\\") {
        isEscaped = true
        continue
      }
      // Only a quote is escaped; before anything else the backslash stays.
      if isEscaped, byte != UInt8(ascii: "\"") { result.append(UInt8(ascii: "\\")) }
      result.append(byte)
      isEscaped = false
    }
    return String(decoding: result, as: UTF8.self)
  }

  private func word(_ token: CorefileToken) -> CorefileWord {
    CorefileWord(text: text(of: token), range: token.range)
  }

  private mutating func stop(_ message: String, at token: CorefileToken, help: String) {
    if fault == nil { fault = CorefileFault(message, token.range, help: help) }
  }

  // MARK: Blocks

  private mutating func parseBlock() {
    let isText = frames.count == 1
    let keys = parseKeys()
    guard fault == nil, let first = keys.first else { return }
    if keys.count == 1, first.text.hasPrefix("("), first.text.hasSuffix(")") {
      parseSnippet(String(first.text.dropFirst().dropLast()), first)
    } else {
      parseContents(keys, isText && frames.count == 1 ? .text : .snippet)
    }
  }

  private mutating func parseKeys() -> [CorefileWord] {
    var keys: [CorefileWord] = []
    var expectsAnother = false
    while fault == nil {
      guard let token = peek() else {
        if expectsAnother, let last {
          stop(
            "another zone is expected after the comma", at: last.token,
            help: "remove the comma, or add the zone")
        }
        return keys
      }
      if !keys.isEmpty, !expectsAnother, startsLine(token) { return keys }
      if isImport(token), startsLine(token) {
        parseImport(isTopLevel: true)
      } else if isOpen(token) {
        if keys.isEmpty {
          stop("a block has no zone", at: token, help: "write the zone before '{'")
        } else if expectsAnother {
          stop("another zone is expected after the comma", at: token, help: "remove the comma")
        }
        return keys
      } else if isClose(token) {
        stop("'}' closes nothing", at: token, help: "remove it, or add the '{' that it belongs to")
      } else {
        var key = word(token)
        expectsAnother = key.text.hasSuffix(",")
        if expectsAnother { key = CorefileWord(text: String(key.text.dropLast()), range: key.range) }
        if !key.hasVariable,
          key.text.utf8.contains(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") })
        {
          stop(
            "'\(key.text)' is one word to CoreDNS", at: token,
            help: "put a space before '{' and '}': braces stand alone")
        }
        if !key.text.isEmpty { keys.append(key) }
        advance()
      }
    }
    return keys
  }

  private mutating func parseSnippet(_ name: String, _ key: CorefileWord) {
    guard let open = peek(), isOpen(open) else {
      fault = CorefileFault(
        "snippet (\(name)) has no '{'", key.range, help: "write (\(name)) { … } with the lines to be imported"
      )
      return
    }
    guard snippets[name] == nil else {
      fault = CorefileFault(
        "snippet (\(name)) is declared twice", key.range, help: "give one of them another name")
      return
    }
    advance()
    guard let frame = frames.last else { return }
    var depth = 1
    for index in frame.next..<frame.end {
      let token = tokens[index]
      if isClose(token) { depth -= 1 }
      if depth == 0 {
        snippets[name] = (frame.next, index)
        frames[frames.count - 1].next = index
        advance()
        return
      }
      if isOpen(token) { depth += 1 }
    }
    fault = CorefileFault("snippet (\(name)) is never closed", key.range, help: "add the '}' that closes it")
  }

  private mutating func parseContents(_ keys: [CorefileWord], _ origin: CorefileOrigin) {
    var plugins: [CorefilePlugin] = []
    var hasBraces = false
    if let token = peek(), isOpen(token) {
      hasBraces = true
      advance()
    }
    while fault == nil {
      guard let token = peek() else {
        if hasBraces {
          fault = CorefileFault(
            "the block of \(keys[0].text) is never closed", keys[0].range, help: "add the '}' that closes it")
        }
        break
      }
      if isClose(token) {
        if !hasBraces {
          stop("'}' closes nothing", at: token, help: "put '{' after the zone, on the same line")
        }
        advance()
        break
      }
      if isImport(token) {
        parseImport(isTopLevel: false)
      } else {
        plugins.append(parsePlugin())
      }
    }
    guard fault == nil, let last else { return }
    blocks.append(
      CorefileBlock(
        keys: keys, addresses: keys.map { ZoneAddress($0.text) }, plugins: plugins,
        range: keys[0].range.lowerBound..<max(keys[0].range.upperBound, last.token.end), hasBraces: hasBraces,
        origin: origin))
  }

  private mutating func parsePlugin() -> CorefilePlugin {
    let name = peek().map(word) ?? CorefileWord(text: "", range: 0..<0)
    if let token = peek(), isOpen(token) {
      stop(
        "'{' stands where a plugin is expected", at: token,
        help: "put it on the line of the plugin it belongs to")
    }
    advance()
    var arguments: [CorefileWord] = []
    var end = name.range.upperBound
    var depth = 0
    var hasBody = false
    while fault == nil {
      guard let token = peek() else {
        if depth > 0 {
          fault = CorefileFault(
            "the block of \(name.text) is never closed", name.range, help: "add the '}' that closes it")
        }
        break
      }
      if isOpen(token) {
        depth += 1
        hasBody = true
      } else if depth == 0, startsLine(token) {
        break
      } else if isClose(token) {
        if depth == 0 {
          stop("'}' stands on the line of \(name.text)", at: token, help: "put it on a line of its own")
        }
        depth -= 1
      } else if depth == 0, !hasBody {
        arguments.append(word(token))
      }
      end = max(end, token.end)
      advance()
    }
    return CorefilePlugin(
      name: name, arguments: arguments, hasBody: hasBody, range: name.range.lowerBound..<end)
  }

  // MARK: Imports

  private mutating func parseImport(isTopLevel: Bool) {
    guard let start = peek() else { return }
    // An import at a snippet's end is still inside it.
    let active = frames.compactMap(\.snippet)
    advance()
    guard let argument = peek(), !startsLine(argument), frames.last?.id == last?.frame else {
      stop("'import' names nothing", at: start, help: "name a snippet or a file")
      return
    }
    let pattern = word(argument)
    advance()
    if let more = peek(), frames.last?.id == last?.frame, !startsLine(more) {
      stop("'import' takes one argument", at: more, help: "import each file or snippet on a line of its own")
      return
    }
    guard let snippet = snippets[pattern.text] else {
      imports.append(CorefileImport(pattern: pattern, isTopLevel: isTopLevel))
      return
    }
    guard !active.contains(pattern.text) else {
      stop(
        "snippet (\(pattern.text)) imports itself", at: argument, help: "remove the import from the snippet")
      return
    }
    expansions += 1
    guard expansions <= Self.maximumExpansions else {
      stop(
        "snippets are imported more than \(Self.maximumExpansions) times", at: argument,
        help: "CoreDNS refuses that: write the lines out, or import files")
      return
    }
    frames.append(
      Frame(next: snippet.start, end: snippet.end, snippet: pattern.text, id: frameCount))
    frameCount += 1
  }
}
