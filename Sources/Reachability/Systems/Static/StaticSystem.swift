import Diagnostics
package import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Addresses that somebody knows: clients reach them by a Service without selector, and something that is in no
/// repository, or a Service's load balancer, takes them to the target.
package struct StaticSystem: ReachabilitySystem {
  package static let key = "static"
  package static let notesAllNeeds = true
  package static let tellsAudience = true

  private let addresses: [String: Node]

  package init(_ link: Link, in fleet: JudgedFleet) {
    var addresses: [String: Node] = [:]
    for (cluster, node) in link.section["addresses"]?.entries.map({ $0 }) ?? [] {
      addresses[cluster.text] = node
    }
    self.addresses = addresses
  }

  package func openings(to crossing: Crossing, in fleet: JudgedFleet) -> [Opening] {
    guard let cluster = fleet.clusters[crossing.target.cluster], let section = addresses[cluster.name] else {
      return []
    }
    let mapped = Self.mapped(crossing)
    let known =
      section.string == "observed" ? observedAddresses(crossing, cluster) : declaredAddresses(section)
    return known.compactMap { IPAddress($0.text) }.map { address in
      Opening(
        address: address, port: UInt16(exactly: mapped),
        what: "the address of link \(crossing.connection.link.link.name.value)")
    }
  }

  package func audience(
    of crossing: Crossing, _ admissions: inout Admissions, in fleet: JudgedFleet
  ) -> Audience? {
    guard let cluster = fleet.clusters[crossing.target.cluster], addresses[cluster.name] != nil,
      SourceRanges(cluster.service(crossing.target.service.key)?.object, in: cluster) == nil,
      admissions.holdEverybody(to: crossing)
    else { return nil }
    let place = openings(to: crossing, in: fleet).first.map {
      Self.place($0.address?.text ?? "", Int($0.port ?? 0))
    }
    return Audience(
      JudgementRules.openAddress, "everybody who reaches \(place ?? "its load balancer")",
      remedy:
        "narrow it with loadBalancerSourceRanges or a policy of the pods, or say that it is known: exposure: {acknowledged: NETWORK}"
    )
  }

  package func walk(_ crossing: Crossing, _ walk: inout Walk) {
    walk.start()
    guard let cluster = walk.targetCluster, let section = addresses[cluster.name] else { return }
    let port = crossing.port.port
    let mapped = Self.mapped(crossing)
    let isObserved = section.string == "observed"
    let known = isObserved ? observedAddresses(crossing, cluster) : declaredAddresses(section)
    guard let first = known.first, IPAddress(first.text) != nil else {
      let missing = MissingFact(
        cluster: cluster.name, namespace: crossing.target.service.key.namespace,
        fact: "the load balancer's address of Service \(crossing.target.service.key.name)", resources: "svc",
        lookedFor: [
          ObjectQuery(
            "Service", of: "", in: cluster.name, crossing.target.service.key.namespace,
            crossing.target.service.key.name, .observed,
            where: [.address(["status", "loadBalancer", "ingress", "*", "ip"])])
        ])
      walk.leave(to: nil, port: mapped, port.transport, as: "", missing: missing)
      walk.wait(.address, in: cluster.name, "address of \(crossing.serviceName)", for: missing)
      finish(crossing, isObserved, &walk)
      return
    }
    if let bad = known.first(where: { IPAddress($0.text)?.endpointFault != nil }) {
      walk.fail(
        .address, in: cluster.name, Self.place(bad.text, mapped),
        Fault(
          JudgementRules.address,
          "\(bad.text) is \(IPAddress(bad.text)?.endpointFault ?? "no address"): nobody answers there",
          at: [Label(bad.range)], help: ["observe \(cluster.name) again, or correct the address"],
          because: .address(bad.text)))
      return
    }
    let all = StaticFamilies(cluster: walk.clientCluster).usable(known.filter { IPAddress($0.text) != nil })
    if let client = walk.clientCluster, all.isEmpty {
      walk.fail(
        .address, in: client.name, listed(known.map { Self.place($0.text, mapped) }),
        StaticFamilies(cluster: client).fault(first, in: cluster.name))
      return
    }
    let goal = listed(all.map { Self.place($0.text, mapped) })
    if isObserved {
      walk.rely(
        on: .found(
          ObjectQuery(
            "Service", of: "", in: cluster.name, crossing.target.service.key.namespace,
            crossing.target.service.key.name, .observed,
            where: [.text(["status", "loadBalancer", "ingress", "*", "ip"], [first.text])])))
    }
    for node in all {
      guard let each = IPAddress(node.text) else { continue }
      walk.leave(to: each, port: mapped, port.transport, as: Self.place(node.text, mapped))
    }
    if let client = walk.clientCluster {
      let namespace = crossing.client.namespace
      // Each is an endpoint of its own: clients take turns with them.
      for (number, node) in all.enumerated() {
        guard let address = IPAddress(node.text) else { continue }
        if number == 0,
          case .found(let found) = client.name(
            in: namespace, leadingTo: address, port: mapped, port.transport),
          found.service.evidence == .emitted, found.port != port.number
        {
          walk.fail(
            .name, in: client.name, "\(found.service.name).\(namespace).svc:\(found.port)",
            walk.otherPort(found, port.number, in: client, namespace))
          break
        }
        if number > 0,
          case .found = client.name(in: namespace, leadingTo: address, port: mapped, port.transport)
        {
          walk.rely(on: .leads(client.name, namespace: namespace, to: address, port: mapped, port.transport))
        } else {
          walk.resolve(
            in: client, namespace, leadingTo: node.text, port: mapped, port.transport,
            besides: known.map(\.text))
        }
      }
    }
    walk.pass(
      .address, in: cluster.name, isObserved ? .observed : .specified, at: all.map { Label($0.range) },
      goal)
    StaticPublication(crossing: crossing, cluster: cluster, port: mapped, isObserved: isObserved).judge(
      all, &walk)
    if let balancer = cluster.service(crossing.target.service.key), balancer.service.type == "LoadBalancer" {
      SourceRanges(balancer.object, in: cluster)?.judge(.loadBalancer, &walk)
    }
    // An address that somebody wrote may be that of a proxy among the cluster's pods.
    let sender = "whatever forwards \(goal)"
    walk.sender = isObserved ? .outside(description: sender) : .unknown(description: sender)
    finish(crossing, isObserved, &walk)
  }

  /// The port at the address, as the connection says it for the target's cluster.
  private static func mapped(_ crossing: Crossing) -> Int {
    let port = crossing.port.port.number
    let section = crossing.connection.section("static", in: crossing.target.cluster)
    return section?["ports"]?[String(port)]?.integer ?? port
  }

  private static func place(_ address: String, _ port: Int) -> String {
    address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
  }

  private func declaredAddresses(_ section: Node) -> [Node] {
    section.kind == .sequence ? section.elements.map { $0 } : [section]
  }

  private func observedAddresses(_ crossing: Crossing, _ cluster: JudgedCluster) -> [Node] {
    let key = crossing.target.service.key
    let service = cluster.observed("v1", "Service", key.namespace, key.name)
    return service?.node.at("status", "loadBalancer", "ingress")?.elements.compactMap { $0["ip"] } ?? []
  }

  private func finish(_ crossing: Crossing, _ isObserved: Bool, _ walk: inout Walk) {
    let claim = {
      Claim.found(
        ObjectQuery(
          "Service", of: "", in: crossing.target.cluster, crossing.target.service.key.namespace,
          crossing.target.service.key.name, where: [.text(["spec", "type"], ["LoadBalancer"])]))
    }
    if isObserved, walk.targetCluster?.service(crossing.target.service.key)?.service.type == "LoadBalancer" {
      walk.rely(on: claim())
    }
    walk.enter { service in
      guard isObserved, service.type != "LoadBalancer" else { return nil }
      return Fault(
        JudgementRules.service,
        "Service \(service.key.description) is of type \(service.type): no load balancer gives it an address",
        at: [Label(service.typeNode.range, "in \(crossing.target.cluster)")],
        help: ["set 'type: LoadBalancer', or write the address into the link"], because: claim())
    }
  }
}
