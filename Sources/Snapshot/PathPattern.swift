/// A path pattern of a Fleet: `*` and `?` within one component, `**` for any number of components,
/// `{cluster}` for one component that is captured, a leading `!` for exclusion.
///
/// Matching is linear in pattern and path but for `**`, of which a pattern may have several; the
/// component lists are short.
package struct PathPattern: Sendable, Equatable {
  /// One component of the pattern.
  private enum Component: Sendable, Equatable {
    case literal(String)
    case wildcard([UInt8])
    case anyDepth
    /// `{cluster}` with literal text before and after it.
    case capture(prefix: String, suffix: String)
  }

  /// The text of the pattern as written.
  package let source: String
  /// True for `!pattern`.
  package let isExclusion: Bool
  private let components: [Component]

  /// What makes a pattern unusable, in the user's words.
  package struct Fault: Error, Sendable, Equatable {
    package let message: String
  }

  /// Parses a pattern. Throws for absolute paths, `.` or `..` components and unknown `{…}` captures.
  package init(_ source: String) throws(Fault) {
    self.source = source
    isExclusion = source.hasPrefix("!")
    let body = isExclusion ? source.dropFirst() : source[...]
    guard !body.isEmpty else { throw Fault(message: "the pattern is empty") }
    guard !body.hasPrefix("/") else {
      throw Fault(message: "a pattern starts at the fleet's root, without '/'")
    }
    var components: [Component] = []
    for part in body.split(separator: "/", omittingEmptySubsequences: true) {
      switch part {
      case ".", "..": throw Fault(message: "'\(part)' is not allowed in a pattern")
      case "**": components.append(.anyDepth)
      default: components.append(try Self.component(part))
      }
    }
    self.components = components
  }

  private static func component(_ part: Substring) throws(Fault) -> Component {
    if let open = part.firstIndex(of: "{") {
      guard part[open...].hasPrefix("{cluster}") || part[open...].hasPrefix("{unit}") else {
        throw Fault(message: "only '{cluster}' and '{unit}' may stand in braces")
      }
      guard let close = part[open...].firstIndex(of: "}") else { throw Fault(message: "'{' is never closed") }
      let suffix = part[part.index(after: close)...]
      guard !suffix.contains("{"), !suffix.contains("*"), !part[..<open].contains("*") else {
        throw Fault(message: "a component with '{cluster}' may hold no other wildcard")
      }
      return .capture(prefix: String(part[..<open]), suffix: String(suffix))
    }
    if part.contains("*") || part.contains("?") {
      return .wildcard(Array(part.utf8))
    }
    return .literal(String(part))
  }

  /// The result of a match: the text that `{cluster}` stood for, if the pattern has it.
  package struct Match: Sendable, Equatable {
    package let cluster: String?
  }

  /// Matches a whole path.
  package func match(_ path: String) -> Match? {
    // Most paths belong to another pattern, and their first directory shows it.
    if case .literal(let first)? = components.first, !path.utf8.starts(with: first.utf8) { return nil }
    let parts = Self.components(of: path)
    return Self.match(components[...], parts[...], captured: nil)
  }

  /// By bytes: a combining character after '/' does not make another character of it.
  private static func components(of path: String) -> [Substring] {
    path.utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) }
  }

  private static func match(
    _ components: ArraySlice<Component>, _ parts: ArraySlice<Substring>, captured: String?
  ) -> Match? {
    var components = components
    var parts = parts
    var captured = captured
    while let component = components.popFirst() {
      if case .anyDepth = component {
        // `a/**` is what lies in `a`, not `a` itself.
        if components.isEmpty { return parts.isEmpty ? nil : Match(cluster: captured) }
        for skipped in 0...parts.count {
          if let found = match(components, parts.dropFirst(skipped), captured: captured) { return found }
        }
        return nil
      }
      guard let part = parts.popFirst() else { return nil }
      switch component {
      case .literal(let text): guard part == text else { return nil }
      case .wildcard(let glob): guard wildcard(glob[...], Array(part.utf8)[...]) else { return nil }
      case .capture(let prefix, let suffix):
        guard part.count > prefix.count + suffix.count, part.hasPrefix(prefix), part.hasSuffix(suffix) else {
          return nil
        }
        let text = String(part.dropFirst(prefix.count).dropLast(suffix.count))
        guard captured == nil || captured == text else { return nil }
        captured = text
      case .anyDepth: break
      }
    }
    return parts.isEmpty ? Match(cluster: captured) : nil
  }

  /// True when some path below the directory could match: a walk need not enter any other.
  package func mayMatch(below directory: String) -> Bool {
    if directory.isEmpty { return true }
    var rest = components[...]
    for part in Self.components(of: directory) {
      guard let component = rest.popFirst() else { return false }
      switch component {
      case .anyDepth: return true
      case .literal(let text): if part != text { return false }
      case .wildcard(let glob): if !Self.wildcard(glob[...], Array(part.utf8)[...]) { return false }
      case .capture(let prefix, let suffix):
        if !(part.hasPrefix(prefix) && part.hasSuffix(suffix)) { return false }
      }
    }
    return !rest.isEmpty
  }

  /// `*` and `?` within one component, without backtracking beyond the last star.
  private static func wildcard(_ glob: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
    var g = glob.startIndex
    var t = text.startIndex
    var star: (glob: Int, text: Int)?
    while t < text.endIndex {
      if g < glob.endIndex, glob[g] == UInt8(ascii: "*") {
        star = (g + 1, t)
        g += 1
      } else if g < glob.endIndex, glob[g] == UInt8(ascii: "?") || glob[g] == text[t] {
        g += 1
        t += 1
      } else if let (starGlob, starText) = star {
        g = starGlob
        t = starText + 1
        star = (starGlob, t)
      } else {
        return false
      }
    }
    while g < glob.endIndex, glob[g] == UInt8(ascii: "*") { g += 1 }
    return g == glob.endIndex
  }
}
