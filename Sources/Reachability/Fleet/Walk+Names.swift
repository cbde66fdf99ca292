import Diagnostics
package import Kubernetes
import YAMLTree

extension Walk {
  /// The name hop where a Service without selector must lead to an address: looks for one in the namespace.
  package mutating func resolve(
    in cluster: JudgedCluster, _ namespace: String, leadingTo text: String, port: Int,
    _ transport: TransportProtocol
  ) {
    guard !isOver, let address = IPAddress(text) else { return }
    let goal = "\(text):\(port)"
    let claim = Claim.leads(cluster.name, namespace: namespace, to: address, port: port, transport)
    switch cluster.name(in: namespace, leadingTo: address, port: port, transport) {
    case .found(let found):
      let name = "\(found.service.name).\(namespace).svc:\(found.port)"
      rely(on: claim)
      if let fault = unapplied(found, in: cluster) {
        depend(.name, in: cluster.name, at: [found.endpoints.label()], "DNS \(name)", on: [fault])
        return
      }
      resolve(
        name, found.endpoints.evidence, at: [found.service.label(), found.endpoints.label()])
    case .otherPort(let object):
      fail(
        .address, in: cluster.name, goal,
        Fault(
          JudgementRules.address,
          "\(object.manifest.kind) \(namespace)/\(object.name) in \(cluster.name) does not lead to port \(port) of \(text)",
          at: [object.label(at: object.node["ports"] ?? object.node["subsets"])],
          help: [
            "lead to port \(port), under the name that the Service's port has"
          ], because: claim))
    case .noService(let object):
      fail(
        .name, in: cluster.name, goal,
        Fault(
          JudgementRules.name,
          "no Service of \(namespace) in \(cluster.name) uses \(object.manifest.kind) \(object.name)",
          at: [object.label()],
          help: [
            "add a Service without selector of the same name, or label the slice with kubernetes.io/service-name"
          ], because: claim))
    case .nothing:
      fail(
        .name, in: cluster.name, goal,
        Fault(
          JudgementRules.name,
          "no Service of \(namespace) in \(cluster.name) leads to \(goal)",
          help: ["add a Service without selector, and endpoints with the address \(text)"], because: claim))
    }
  }

  /// Endpoints that the fleet's consumer leaves out: Argo CD 3 does by default.
  private func unapplied(_ name: LeadingName, in cluster: JudgedCluster) -> Question? {
    let kind = name.endpoints.manifest.kind
    guard name.endpoints.evidence == .emitted, fleet.excludedKinds.contains(kind) else { return nil }
    return Question(
      "whether somebody applies \(kind) \(name.endpoints.name): the fleet's consumer leaves the kind out",
      isReported: true)
  }
}
