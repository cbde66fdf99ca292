import Diagnostics
package import Kubernetes
import YAMLTree

extension Walk {
  /// The name hop where a Service without selector must lead to an address: looks for one in the namespace.
  ///
  /// - Parameters:
  ///   - used: the port that clients use, where the Service is one that this compile emits.
  ///   - others: where the name may lead as well; empty where that is not looked at.
  package mutating func resolve(
    in cluster: JudgedCluster, _ namespace: String, leadingTo text: String, port: Int,
    _ transport: TransportProtocol, at used: Int? = nil, besides others: [String] = []
  ) {
    guard !isOver, let address = IPAddress(text) else { return }
    let goal = "\(text):\(port)"
    let claim = Claim.leads(cluster.name, namespace: namespace, to: address, port: port, transport)
    switch cluster.name(in: namespace, leadingTo: address, port: port, transport) {
    case .found(let found):
      let name = "\(found.service.name).\(namespace).svc:\(found.port)"
      rely(on: claim)
      if let used, found.service.evidence == .emitted, found.port != used {
        fail(.name, in: cluster.name, name, otherPort(found, used, in: cluster, namespace))
        return
      }
      if !others.isEmpty {
        let stray = Claim.stray(cluster.name, namespace, found.service.name, besides: others)
        if let fault = leadsElsewhere(found, in: cluster, namespace, others, stray) {
          fail(.address, in: cluster.name, goal, fault)
          return
        }
        rely(on: stray, isNot: true)
      }
      let old = Claim.strayPort(cluster.name, namespace, found, port, transport)
      if let fault = leadsToOtherPort(found, in: cluster, namespace, port, transport, old) {
        fail(.address, in: cluster.name, goal, fault)
        return
      }
      rely(on: old, isNot: true)
      if let policy = found.service.node.at("spec", "internalTrafficPolicy"), policy.text == "Local" {
        fail(
          .name, in: cluster.name, name,
          Fault(
            JudgementRules.name,
            "Service \(namespace)/\(found.service.name) in \(cluster.name) leads to endpoints of the client's own node alone, and its endpoints are on none",
            at: [found.service.label(at: policy)]
              + [found.service.templateLabel(at: policy, "made here")].compactMap { $0 },
            help: ["take 'internalTrafficPolicy: Local' out"],
            because: .found(
              ObjectQuery(
                "Service", of: "", in: cluster.name, namespace, found.service.name,
                where: [.not(.text(["spec", "internalTrafficPolicy"], ["Local"]))]))))
        return
      }
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
          at: [object.label(at: object.node["ports"] ?? object.node["subsets"])]
            + [object.templateLabel(at: object.node["ports"] ?? object.node["subsets"], "made here")]
            .compactMap { $0 },
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
    case .otherService(let service):
      let aliases = service.node.at("spec", "type")?.text == "ExternalName"
      let node = aliases ? service.node.at("spec", "type") : service.node.at("spec", "selector")
      fail(
        .name, in: cluster.name, goal,
        Fault(
          JudgementRules.name,
          aliases
            ? "Service \(namespace)/\(service.name) of \(cluster.name) is of type ExternalName: endpoints of its name are not used"
            : "Service \(namespace)/\(service.name) of \(cluster.name) has a selector: it leads to pods, and not to \(goal)",
          at: [service.label(at: node)] + [service.templateLabel(at: node, "made here")].compactMap { $0 },
          help: [aliases ? "give it the type ClusterIP" : "take the selector out"], because: claim))
    case .nothing:
      fail(
        .name, in: cluster.name, goal,
        Fault(
          JudgementRules.name,
          "no Service of \(namespace) in \(cluster.name) leads to \(goal)",
          help: ["add a Service without selector, and endpoints with the address \(text)"], because: claim))
    }
  }

  /// A Service of this compile that leads there from a port at which nobody calls.
  func otherPort(
    _ found: LeadingName, _ used: Int, in cluster: JudgedCluster, _ namespace: String
  ) -> Fault {
    Fault(
      JudgementRules.name,
      "Service \(namespace)/\(found.service.name) in \(cluster.name) leads there from port \(found.port), and clients of the connection use \(used)",
      at: [found.service.label()]
        + [found.service.templateLabel(at: found.service.node.at("spec", "ports"), "made here")]
        .compactMap { $0 },
      help: ["give the Service port \(used)"],
      because: .found(
        ObjectQuery(
          "Service", of: "", in: cluster.name, namespace, found.service.name,
          where: [.number(["spec", "ports", "*", "port"], used)])))
  }

  /// Endpoints that the fleet's consumer leaves out: Argo CD 3 does by default.
  private func unapplied(_ name: LeadingName, in cluster: JudgedCluster) -> Question? {
    let kind = name.endpoints.manifest.kind
    guard name.endpoints.evidence == .emitted, fleet.excludedKinds.contains(kind) else { return nil }
    return Question(
      "whether somebody applies \(kind) \(name.endpoints.name): the fleet's consumer leaves the kind out",
      isReported: true)
  }

  /// Other endpoints behind the name that lead to somebody else. What was observed is what these replace.
  private func leadsElsewhere(
    _ name: LeadingName, in cluster: JudgedCluster, _ namespace: String, _ allowed: [String], _ claim: Claim
  ) -> Fault? {
    let allowed = Set(allowed.compactMap { IPAddress($0) })
    for object in cluster.endpoints(in: namespace) where object.evidence != .observed {
      let isSlice = object.manifest.kind == "EndpointSlice"
      let service = isSlice ? object.manifest.labels["kubernetes.io/service-name"] : object.manifest.name
      guard service == name.service.name else { continue }
      // Nobody is led to an endpoint that is not ready.
      let addresses =
        isSlice
        ? object.node["endpoints"]?.elements.filter { $0.at("conditions", "ready")?.boolean != false }
          .flatMap { $0["addresses"]?.elements.map { $0 } ?? [] } ?? []
        : object.node["subsets"]?.elements.flatMap {
          $0["addresses"]?.elements.compactMap { $0["ip"] } ?? []
        } ?? []
      guard
        let stray = addresses.first(where: { node in
          IPAddress(node.text).map { !allowed.contains($0) } ?? false
        })
      else { continue }
      return Fault(
        JudgementRules.address,
        "Service \(namespace)/\(name.service.name) in \(cluster.name) leads to \(stray.text) as well",
        at: [object.label(at: stray, "by \(object.manifest.kind) \(object.name)")],
        help: [
          "remove \(object.manifest.kind) \(object.name), or the address: endpoints of one name are joined, and connections take turns with them"
        ], because: claim, wanted: .no)
    }
    return nil
  }
}

extension Walk {
  /// Endpoints behind the name that lead to another port: what was left when the port changed.
  private func leadsToOtherPort(
    _ name: LeadingName, in cluster: JudgedCluster, _ namespace: String, _ port: Int,
    _ transport: TransportProtocol, _ claim: Claim
  ) -> Fault? {
    for object in cluster.endpoints(in: namespace) where object.evidence != .observed {
      let isSlice = object.manifest.kind == "EndpointSlice"
      let service = isSlice ? object.manifest.labels["kubernetes.io/service-name"] : object.manifest.name
      guard service == name.service.name else { continue }
      let parts = isSlice ? [object.node] : object.node["subsets"]?.elements.map { $0 } ?? []
      for part in parts where (part[isSlice ? "endpoints" : "addresses"]?.count ?? 0) > 0 {
        for entry in part["ports"]?.elements ?? Elements.none
        where (entry["name"]?.text ?? "") == name.portName
          && (entry["protocol"]?.text ?? "TCP") == transport.rawValue
        {
          guard let other = entry["port"], let number = other.integer, number != port else { continue }
          return Fault(
            JudgementRules.address,
            "Service \(namespace)/\(name.service.name) in \(cluster.name) leads to port \(number) as well, where nobody answers for the connection",
            at: [object.label(at: other, "by \(object.manifest.kind) \(object.name)")],
            help: [
              "write \(port), or remove \(object.manifest.kind) \(object.name): endpoints of one name are joined, and connections take turns with them"
            ], because: claim, wanted: .no)
        }
      }
    }
    return nil
  }
}

extension LeadingName {
  /// The name by which the Service's port and those of endpoints belong together; empty where they have none.
  var portName: String {
    service.node.at("spec", "ports")?.elements.first { $0["port"]?.integer == port }?["name"]?.text ?? ""
  }
}

extension Claim {
  /// That endpoints of a Service lead to another port than the one that is meant.
  fileprivate static func strayPort(
    _ cluster: String, _ namespace: String, _ name: LeadingName, _ port: Int, _ transport: TransportProtocol
  ) -> Claim {
    let other: [ObjectCondition] = [
      .text(["name"], [name.portName], default: ""),
      .text(["protocol"], [transport.rawValue], default: "TCP"), .not(.number(["port"], port)),
    ]
    return .found([
      ObjectQuery(
        "Endpoints", of: "", in: cluster, namespace, name.service.name,
        where: [
          .element(["subsets", "*"], [.exists(["addresses"]), .element(["ports", "*"], other)])
        ]),
      ObjectQuery(
        "EndpointSlice", of: "discovery.k8s.io", in: cluster, namespace,
        where: [
          .text(["metadata", "labels", "kubernetes.io/service-name"], [name.service.name]),
          .exists(["endpoints"]), .element(["ports", "*"], other),
        ]),
    ])
  }

  /// That endpoints of a Service lead to another address than some.
  fileprivate static func stray(
    _ cluster: String, _ namespace: String, _ service: String, besides allowed: [String]
  ) -> Claim {
    .found([
      ObjectQuery(
        "Endpoints", of: "", in: cluster, namespace, service,
        where: [
          .element(["subsets", "*", "addresses", "*"], [.exists(["ip"]), .not(.text(["ip"], allowed))])
        ]),
      ObjectQuery(
        "EndpointSlice", of: "discovery.k8s.io", in: cluster, namespace,
        where: [
          .text(["metadata", "labels", "kubernetes.io/service-name"], [service]),
          .element(
            ["endpoints", "*"],
            [
              .not(.text(["conditions", "ready"], ["false"])),
              .element(["addresses", "*"], [.not(.text([], allowed))]),
            ]),
        ]),
    ])
  }
}
