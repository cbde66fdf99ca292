/// An answer where the API, a label or an address leaves something open.
///
/// `may` is the reading that opens most, `must` the one that opens least (facts: everything undeclared is
/// proved closed on `may`, everything declared is proved open on `must`).
package enum Ternary: UInt8, Sendable, Hashable {
  case no
  case depends
  case yes

  package init(_ value: Bool) { self = value ? .yes : .no }

  package init(may: Bool, must: Bool) { self = must ? .yes : may ? .depends : .no }

  /// True under at least one reading.
  package var may: Bool { self != .no }

  /// True under every reading.
  package var must: Bool { self == .yes }

  package static func && (a: Ternary, b: @autoclosure () -> Ternary) -> Ternary {
    guard a != .no else { return .no }
    let b = b()
    return a.rawValue < b.rawValue ? a : b
  }

  package static func || (a: Ternary, b: @autoclosure () -> Ternary) -> Ternary {
    guard a != .yes else { return .yes }
    let b = b()
    return a.rawValue > b.rawValue ? a : b
  }

  package static prefix func ! (a: Ternary) -> Ternary {
    switch a {
    case .no: .yes
    case .depends: .depends
    case .yes: .no
    }
  }
}
