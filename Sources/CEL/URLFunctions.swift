/// A URL with its parts, as Kubernetes' library takes it: absolute, or an absolute path.
package struct CELURL: Sendable, Hashable {
  package let text: String
  let scheme: String
  /// With the port.
  let host: String
  let hostname: String
  let port: String
  let path: String
  let query: String

  /// Reads a URL; nil when it is neither absolute nor an absolute path.
  package init?(_ text: String) {
    guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
    self.text = text
    // The whole of a server, as OPTIONS asks for it (net/url, ParseRequestURI).
    guard text != "*" else {
      (scheme, host, hostname, port, path, query) = ("", "", "", "", "*", "")
      return
    }
    var rest = text[..<(text.firstIndex(of: "#") ?? text.endIndex)]
    var scheme = ""
    if !rest.hasPrefix("/") {
      guard let colon = rest.firstIndex(of: ":"), rest.utf8.first?.isLetter == true,
        rest[..<colon].utf8.allSatisfy({ $0.isLetter || $0.isDigit || "+-.".utf8.contains($0) })
      else { return nil }
      scheme = rest[..<colon].lowercased()
      rest = rest[rest.index(after: colon)...]
    }
    guard rest.hasPrefix("/") else { return nil }
    let mark = rest.firstIndex(of: "?")
    query = mark.map { String(rest[rest.index(after: $0)...]) } ?? ""
    rest = rest[..<(mark ?? rest.endIndex)]
    var authority = Substring()
    if rest.hasPrefix("//") {
      rest = rest.dropFirst(2)
      let slash = rest.firstIndex(of: "/") ?? rest.endIndex
      authority = rest[..<slash]
      rest = rest[slash...]
    }
    let afterUser = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
    guard let (name, port) = Self.split(afterUser), Self.hasValidEscapes(text) else { return nil }
    self.scheme = scheme
    host = String(afterUser)
    hostname = String(name)
    self.port = String(port)
    guard !name.utf8.contains(0x20) else { return nil }
    path = Self.escaped(rest)
  }

  /// A path with what may not stand in one as escapes.
  private static func escaped(_ path: Substring) -> String {
    var result = ""
    for scalar in path.unicodeScalars {
      if let byte = UInt8(exactly: scalar.value), byte < 0x80 {
        if byte.isLetter || byte.isDigit || "-._~%!$&'()*+,;=:@/[]".utf8.contains(byte) {
          result.unicodeScalars.append(scalar)
          continue
        }
      }
      for byte in String(scalar).utf8 {
        result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }

  /// A host and its port; nil when one of them cannot be.
  private static func split(_ host: Substring) -> (Substring, Substring)? {
    if host.hasPrefix("[") {
      guard let end = host.firstIndex(of: "]") else { return nil }
      let rest = host[host.index(after: end)...]
      guard rest.isEmpty || (rest.hasPrefix(":") && rest.dropFirst().utf8.allSatisfy(\.isDigit)) else {
        return nil
      }
      return (host[host.index(after: host.startIndex)..<end], rest.dropFirst())
    }
    guard let colon = host.lastIndex(of: ":") else { return host.contains("]") ? nil : (host, "") }
    let port = host[host.index(after: colon)...]
    guard port.utf8.allSatisfy(\.isDigit), !host[..<colon].contains(":") else { return nil }
    return (host[..<colon], port)
  }

  private static func hasValidEscapes(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    let end = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.count
    for index in 0..<end where bytes[index] == UInt8(ascii: "%") {
      guard index + 2 < end, bytes[index + 1].hexValue != nil, bytes[index + 2].hexValue != nil else {
        return false
      }
    }
    return true
  }

  /// The query's values by key, in the order of the text; what cannot be decoded is left out.
  var queryValues: CELValue {
    var keys: [String] = []
    var values: [String: [CELValue]] = [:]
    for pair in query.split(separator: "&") where !pair.contains(";") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let key = Self.decoded(parts[0]), let value = Self.decoded(parts.count > 1 ? parts[1] : "") else {
        continue
      }
      if values[key] == nil { keys.append(key) }
      values[key, default: []].append(.string(value))
    }
    return .object(keys.map { ($0, .list(values[$0] ?? [])) })
  }

  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%") {
        guard let high = rest.popFirst()?.hexValue, let low = rest.popFirst()?.hexValue else { return nil }
        bytes.append(UInt8(high << 4 | low))
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension FunctionTable {
  /// Kubernetes' URL library.
  mutating func addURLs() {
    function(
      "url", [([.string], .url)],
      .unary { (value: CELValue, frame: inout Frame) throws(Failure) in
        guard case .string(let text) = value else { return nil }
        try frame.charge(bytes: text.utf8.count * 4)
        guard let url = CELURL(text) else {
          throw Failure("URL parse error during conversion from string: \(Evaluation.shown(value))")
        }
        return .url(url)
      })
    function(
      "isURL", [([.string], .bool)],
      .unary { (value: CELValue, frame: inout Frame) throws(Failure) in
        guard case .string(let text) = value else { return nil }
        try frame.charge(bytes: text.utf8.count * 4)
        return .bool(CELURL(text) != nil)
      })
    let readers: [(String, CELType, @Sendable (CELURL) -> CELValue)] = [
      ("getScheme", .string, { .string($0.scheme) }), ("getHost", .string, { .string($0.host) }),
      ("getHostname", .string, { .string($0.hostname) }), ("getPort", .string, { .string($0.port) }),
      ("getEscapedPath", .string, { .string($0.path) }),
      ("getQuery", .map(key: .string, value: .list(.string)), { $0.queryValues }),
    ]
    for (name, type, read) in readers {
      method(
        name, [([.url], type)],
        .unary { (value: CELValue, frame: inout Frame) throws(Failure) in
          guard case .url(let url) = value else { return nil }
          try frame.charge(bytes: url.text.utf8.count * 4)
          return read(url)
        })
    }
  }
}
