package import Diagnostics
package import FleetSpec
package import Kubernetes
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
  /// Connections in which somebody may have said that this is known and meant.
  let acknowledging: [Crossing]
  /// A port that must be open to other clusters' pods for anything to be opened; nil where nothing more is asked.
  let condition: PortOfPods?

  /// A port of the pods behind a Service.
  package struct PortOfPods: Sendable {
    let cluster: String
    let service: Service
    let port: ServicePort

    package init(cluster: String, service: Service, port: ServicePort) {
      self.cluster = cluster
      self.service = service
      self.port = port
    }
  }

  package init(
    _ rule: Rule, _ object: KnownObject, at opener: Node?, of link: Link, saidBy: [String], _ message: String,
    remedy: String, unlessAcknowledgedBy crossings: [Crossing] = [],
    ifOthersReach condition: PortOfPods? = nil
  ) {
    acknowledging = crossings
    self.condition = condition
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
