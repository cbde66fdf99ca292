/// A part of a change that a reviewer should see before all others.
package struct Risk: Sendable, Equatable {
  /// In the order in which they are shown.
  package enum Kind: String, Sendable, CaseIterable, Comparable {
    case newlyReachable
    case widerNetwork
    case renamedClaim
    case renamedService
    case changedAddress
    case removedPolicy
    case newlyUnreachable
    /// It worked for certain; now nobody knows, or it depends on what cannot be known here.
    case noLongerProved

    package static func < (a: Kind, b: Kind) -> Bool {
      (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
    }

    /// What it is, for people.
    package var title: String {
      switch self {
      case .newlyReachable: "newly reachable"
      case .widerNetwork: "wider network"
      case .renamedClaim: "renamed claim"
      case .renamedService: "renamed Service"
      case .changedAddress: "changed address"
      case .removedPolicy: "removed policy"
      case .newlyUnreachable: "not reachable any more"
      case .noLongerProved: "not proved any more"
      }
    }
  }

  package let kind: Kind
  /// Nil for a path, which has two.
  package let cluster: String?
  /// The object or the path.
  package let subject: String
  /// What happens, and what it asks of people; empty where the title says all.
  package let text: String
}
