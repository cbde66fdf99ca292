/// A path pattern of a Fleet: `*` and `?` within one component, `**` for any number of components,
/// `{cluster}` for one component that is captured, a leading `!` for exclusion.
///
/// Matching is by bytes. It is linear in the path with one `**`, and with several at most the components of pattern and
/// path multiplied, and once more by the path's where `{cluster}` stands twice.
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
      // Several in a row mean no more than one.
      case "**": if components.last != .anyDepth { components.append(.anyDepth) }
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
    var walk = Walk(components, Self.components(of: path))
    return walk.match(from: 0, 0, captured: nil)
  }

  /// By bytes: a combining character after '/' does not make another character of it.
  private static func components(of path: String) -> [Substring] {
    path.utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) }
  }

  /// One match of components with the parts of a path.
  private struct Walk {
    /// Where a rest of the pattern was tried on a rest of the path, in vain.
    private struct State: Hashable {
      let component: Int
      let part: Int
      let captured: String?
    }

    private let components: [Component]
    private let parts: [Substring]
    /// Kept where several `**` could lead to one place.
    private var failed: Set<State> = []
    private let remembers: Bool

    init(_ components: [Component], _ parts: [Substring]) {
      self.components = components
      self.parts = parts
      remembers = components.count { $0 == .anyDepth } > 1
    }

    mutating func match(from component: Int, _ part: Int, captured: String?) -> Match? {
      var (index, position, captured) = (component, part, captured)
      while index < components.count {
        let component = components[index]
        index += 1
        if case .anyDepth = component {
          return matchAnyDepth(before: index, position, captured: captured)
        }
        guard position < parts.count else { return nil }
        let part = parts[position]
        position += 1
        switch component {
        case .literal(let text): guard part.utf8.elementsEqual(text.utf8) else { return nil }
        case .wildcard(let glob):
          guard PathPattern.wildcard(glob[...], Array(part.utf8)[...]) else { return nil }
        case .capture(let prefix, let suffix):
          guard let text = PathPattern.captured(part, prefix, suffix), captured == nil || captured == text
          else { return nil }
          captured = text
        case .anyDepth: break
        }
      }
      return position == parts.count ? Match(cluster: captured) : nil
    }

    private mutating func matchAnyDepth(before index: Int, _ position: Int, captured: String?) -> Match? {
      // `a/**` is what lies in `a`, not `a` itself.
      if index == components.count { return position == parts.count ? nil : Match(cluster: captured) }
      for next in position...parts.count {
        let state = State(component: index, part: next, captured: captured)
        // All places after it were tried then, too.
        if remembers, failed.contains(state) { return nil }
        if let found = match(from: index, next, captured: captured) { return found }
        if remembers { failed.insert(state) }
      }
      return nil
    }
  }

  /// What `{cluster}` stands for in a part of a path; nil where it does not fit.
  private static func captured(_ part: Substring, _ prefix: String, _ suffix: String) -> String? {
    let bytes = part.utf8
    guard bytes.count > prefix.utf8.count + suffix.utf8.count, bytes.starts(with: prefix.utf8),
      bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    else { return nil }
    return String(Substring(bytes.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count)))
  }

  /// True when some path below the directory could match: a walk need not enter any other.
  package func mayMatch(below directory: String) -> Bool {
    if directory.isEmpty { return true }
    var rest = components[...]
    for part in Self.components(of: directory) {
      guard let component = rest.popFirst() else { return false }
      switch component {
      case .anyDepth: return true
      case .literal(let text): if !part.utf8.elementsEqual(text.utf8) { return false }
      case .wildcard(let glob): if !Self.wildcard(glob[...], Array(part.utf8)[...]) { return false }
      case .capture(let prefix, let suffix):
        if Self.captured(part, prefix, suffix) == nil { return false }
      }
    }
    return !rest.isEmpty
  }

  /// True when whatever matches lies below the directory, whatever placeholders stand for.
  package func matchesOnly(below directory: String) -> Bool {
    let parts = Self.components(of: directory)
    guard components.count > parts.count else { return false }
    return zip(components, parts).allSatisfy { component, part in
      guard case .literal(let text) = component else { return false }
      return part.utf8.elementsEqual(text.utf8)
    }
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
