package import Diagnostics
package import FleetSpec
import Kubernetes
import Linker
package import YAMLTree

/// What an emitted object that is no policy opens beyond the declared connections: a Service that nobody reaches, a network
/// that nobody crosses.
package struct SystemExcess: Sendable {
  let rule: Rule
  let object: KnownObject
  /// What in the object opens it.
  let opener: Node?
  /// One sentence without a full stop.
  let message: String
  /// The least change that closes it.
  let remedy: String
  /// The link, and rules that say the same of what its author wrote: then it is not said twice.
  let link: Link
  let saidBy: [String]

  package init(
    _ rule: Rule, _ object: KnownObject, at opener: Node?, of link: Link, saidBy: [String], _ message: String,
    remedy: String
  ) {
    self.link = link
    self.saidBy = saidBy
    self.rule = rule
    self.object = object
    self.opener = opener
    self.message = message
    self.remedy = remedy
  }
}

extension [JudgedCrossing] {
  /// The crossings over links of a type.
  func over(_ key: String) -> [Crossing] {
    lazy.map(\.crossing).filter { $0.connection.link.link.type.value == key }
  }
}
