import Diagnostics
package import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The Porter operator and F5's Container Ingress Services.
///
/// From the operator's role `transportserverclaim` and the platform's documentation (facts on Porter, 1 to 4): a
/// TransportServerClaim in the primary makes a TransportServer in each cluster of the link; in a pair the operator
/// also writes, opposite each virtual server, a Service without selector and Endpoints that lead to it. The load
/// balancer rewrites the source (`snat: auto`): policies see it as the platform's ingress.
package struct PorterSystem: ReachabilitySystem {
  package static let key = "porter"
  package static let notesAllNeeds = true
  package static let kinds: Set<String> = ["TransportServerClaim"]

  /// A claim as the operator reads it.
  struct ServerClaim: Sendable {
    let object: KnownObject
    let service: String
    /// Nil where the operator makes nothing of it.
    let port: Int?
    let overridesServicePort: Bool
    /// Fields that the operator's templates need and the claim lacks.
    let missing: [String]

    var name: String { object.name }

    init?(_ object: KnownObject) {
      guard let spec = object.node["spec"], let service = spec["service"]?.text else { return nil }
      self.object = object
      self.service = service
      // `| int` of the operator's templates: a number or its text; a port's name becomes 0.
      port = spec["servicePort"].flatMap { Int($0.text) }
      overridesServicePort = spec["overrideServicePort"]?.boolean ?? false
      missing = ["type", "interval", "timeout"].filter { spec.at("monitor")?[$0] == nil }.map {
        "monitor.\($0)"
      }
    }
  }

  let link: Link
  let primary: String
  let secondary: String?
  /// Where the fleet's author says that Linkwright writes what the operator would write elsewhere.
  let operatorWritesNames: Bool
  private let claims: [NamespacedName: [ServerClaim]]
  /// Names of the TransportServers that clusters have, by the Service that they lead to.
  private let servers: [String: [NamespacedName: Set<String>]]

  package init(_ link: Link, in fleet: JudgedFleet) {
    self.link = link
    primary = link.section["primary"]?.text ?? ""
    secondary = link.section["secondary"]?.text
    operatorWritesNames = link.section["endpoints"]?.string != "emit"
    var claims: [NamespacedName: [ServerClaim]] = [:]
    for object in fleet.clusters[primary]?.objects(ofKind: "TransportServerClaim") ?? [] {
      guard let namespace = object.manifest.namespace, let claim = ServerClaim(object) else { continue }
      claims[NamespacedName(namespace, claim.service), default: []].append(claim)
    }
    self.claims = claims
    servers = fleet.clusters.mapValues { cluster in
      var servers: [NamespacedName: Set<String>] = [:]
      for (identity, manifest) in cluster.model.observed.objects where identity.kind == "TransportServer" {
        guard let namespace = manifest.namespace, let service = manifest.node.at("spec", "pool", "service")
        else { continue }
        servers[NamespacedName(namespace, service.text), default: []].insert(identity.name)
      }
      return servers
    }
  }

  /// True where a cluster has a virtual server for the Service, and not this claim's: Endpoints and port are those
  /// of the other.
  func isServedForAnother(_ claim: String, _ service: NamespacedName, in cluster: String) -> Bool {
    servers[cluster]?[service].map { !$0.contains(claim) } ?? false
  }

  /// Whether a claim stands in the primary: by its name, or for what it publishes.
  func query(_ namespace: String, _ name: String?, _ conditions: [ObjectCondition]) -> ObjectQuery {
    ObjectQuery(
      "TransportServerClaim", of: "porter.devops.gov.bc.ca", in: primary, namespace, name, where: conditions)
  }

  func claims(for service: NamespacedName) -> [ServerClaim] { claims[service] ?? [] }

  /// The other cluster of the pair.
  func opposite(of cluster: String) -> String? {
    guard let secondary else { return nil }
    return cluster == primary ? secondary : cluster == secondary ? primary : nil
  }

  /// The operator's templates need all of these.
  private static let monitored: [ObjectCondition] = ["type", "interval", "timeout"].map {
    .exists(["spec", "monitor", $0])
  }

  // MARK: Whom policies see

  /// The router's namespace with both generations of its label (cluster-ingress-operator,
  /// pkg/manifests/assets/router/namespace.yaml). The load balancer is no pod of it, so it carries no pod labels.
  static let ingress = PeerPod(
    id: "porter/ingress", namespace: "openshift-ingress",
    namespaceLabels: Labels([
      "policy-group.network.openshift.io/ingress": "", "network.openshift.io/policy-group": "ingress",
    ]), name: "ingress", kind: "Platform")

  /// Traffic from nodes, as OVN-Kubernetes sees it (cluster-network-operator, openshift-host-network-ns.yaml). The
  /// namespace is the operator's own and has no pods: nobody labels it, so that a policy which admits some other group
  /// does not admit it.
  static let hostNetwork = PeerPod(
    id: "porter/host-network", namespace: "openshift-host-network",
    namespaceLabels: Labels(["policy-group.network.openshift.io/host-network": ""]),
    knowsNamespaceLabels: true, name: "host network", kind: "Platform")

  /// The same as it is where the router runs in the nodes' network, as it does on bare metal: the network operator gives
  /// the namespace that stands for nodes both labels of the router's (facts on Porter, 4). NodePorts are reached through
  /// nodes, so what admits the router's namespace by its name alone may not admit them.
  static let nodes = PeerPod(
    id: "porter/nodes", namespace: "openshift-host-network",
    namespaceLabels: Labels([
      "policy-group.network.openshift.io/host-network": "",
      "policy-group.network.openshift.io/ingress": "", "network.openshift.io/policy-group": "ingress",
    ]), knowsNamespaceLabels: true, name: "the nodes' network", kind: "Platform")

  static let loadBalancer = Sender.platform(
    ingress, guises: [nodes], others: [hostNetwork],
    description: "the load balancer (snat auto, the platform's ingress)")

  package func peers(of crossing: Crossing, in fleet: JudgedFleet) -> CrossingPeers {
    CrossingPeers(atTarget: [Self.ingress, Self.nodes, Self.hostNetwork])
  }

  // MARK: Exactness

  /// Claims for a Service or a port that no connection reaches: emitted ones, and those that authors wrote.
  package func excesses(beyond crossings: [JudgedCrossing], in fleet: JudgedFleet) -> [SystemExcess] {
    struct Port: Hashable {
      let service: NamespacedName
      let number: Int?
    }
    // Claims and crossings come by the ten thousand: each is looked at once.
    let reached = Set(
      crossings.over(Self.key).map {
        Port(service: $0.target.service.key, number: $0.port.port.number)
      })
    return claims.values.flatMap { $0 }.sorted { $0.name < $1.name }.compactMap { claim in
      guard claim.object.evidence != .observed, let namespace = claim.object.manifest.namespace else {
        return nil
      }
      guard !reached.contains(Port(service: NamespacedName(namespace, claim.service), number: claim.port))
      else {
        return nil
      }
      return SystemExcess(
        claim.object.evidence == .emitted
          ? JudgementRules.exposesServices : JudgementRules.claimsWithoutConnection,
        claim.object, at: claim.object.node.at("spec", "service"), of: link,
        saidBy: [],
        "\(claim.object.manifest.identity.description) publishes port \(claim.port.map(String.init) ?? "?") of Service \(claim.service) to the whole data-centre network, and no connection reaches it",
        remedy: "take the claim out, or declare the connection that needs it")
    }
  }

  // MARK: Openings

  package func openings(to crossing: Crossing, in fleet: JudgedFleet) -> [Opening] {
    let published = claims(for: crossing.target.service.key).first { $0.port == crossing.port.port.number }
    return [published].compactMap { $0 }.map { claim in
      let server = PorterServer(claim, crossing, self, fleet)
      return Opening(
        address: server.address.flatMap { IPAddress($0.text) },
        port: server.port.flatMap { UInt16(exactly: $0.number) },
        what: "the virtual server of TransportServerClaim \(claim.name) on the data-centre network")
    }
  }

  package func strayOpenings(beyond crossings: [JudgedCrossing], in fleet: JudgedFleet) -> [StrayOpening] {
    let reached = Set(
      crossings.over(Self.key).map {
        "\($0.target.cluster) \($0.target.service.key.description) \($0.port.port.number)"
      })
    return claims.values.flatMap { $0 }.sorted { $0.name < $1.name }.flatMap { claim -> [StrayOpening] in
      guard claim.object.evidence != .observed, claim.missing.isEmpty, let port = claim.port,
        let namespace = claim.object.manifest.namespace
      else { return [] }
      let key = NamespacedName(namespace, claim.service)
      let sides = ([primary] + (secondary.map { [$0] } ?? [])).compactMap { fleet.clusters[$0] }
      return sides.compactMap { cluster in
        guard !reached.contains("\(cluster.name) \(key.description) \(port)"),
          let service = cluster.service(key)?.service
        else { return nil }
        let server = cluster.observed("cis.f5.com/v1", "TransportServer", namespace, claim.name)?.node["spec"]
        return StrayOpening(
          service, port, of: cluster,
          Opening(
            address: (server?["virtualServerAddress"]?.text).flatMap { IPAddress($0) },
            port: (server?["virtualServerPort"]?.integer).flatMap { UInt16(exactly: $0) },
            what: "the virtual server of TransportServerClaim \(claim.name) on the data-centre network"),
          at: claim.object.label(at: claim.object.node.at("spec", "service"), "publishes it"),
          seenAs: [Self.ingress, Self.nodes, Self.hostNetwork])
      }
    }
  }

  // MARK: The way

  package func walk(_ crossing: Crossing, _ walk: inout Walk) {
    walk.start()
    guard let claim = claim(of: crossing, &walk) else { return }
    let server = PorterServer(claim, crossing, self, walk.fleet)
    walk.leave(
      to: server.address.flatMap { server.port == nil ? nil : IPAddress($0.text) },
      port: server.port?.number ?? 0,
      .tcp, as: "\(server.address?.text ?? ""):\(server.port?.number ?? 0)", missing: server.missing)
    name(claim, server, &walk)
    address(server, &walk)
    balance(claim, server, &walk)
    walk.sender = Self.loadBalancer
    let fleet = walk.fleet
    if walk.isTracing,
      let known = fleet.clusters[crossing.target.cluster]?.service(crossing.target.service.key)?.service,
      poolFault(known, in: crossing.target.cluster, fleet) == nil
    {
      walk.rely(on: pooled(known, in: crossing.target.cluster, fleet))
    }
    walk.enter { service in
      poolFault(service, in: crossing.target.cluster, fleet) ?? portFault(crossing)
    } admittedBy: {
      Self.keepAddress(&$0)
    }
  }

  /// The claim that publishes the target's port.
  private func claim(of crossing: Crossing, _ walk: inout Walk) -> ServerClaim? {
    let key = crossing.target.service.key
    let port = crossing.port.port
    let all = claims(for: key)
    let text = "TransportServerClaim for \(key.description):\(port.number) @\(primary)"
    let published = all.filter { $0.port == port.number }
    // While a claim gives way to another one, either serves: the one that the clients' name leads to counts.
    let used = published.count > 1 ? published.first { leads(to: $0, crossing, walk) } : nil
    guard let claim = used ?? published.first else {
      let others = all.map { claim in
        claim.object.label(
          at: claim.object.node.at("spec", "servicePort"), "publishes port \(claim.port ?? 0)")
      }
      walk.fail(
        .loadBalancer, in: primary, text,
        Fault(
          JudgementRules.unpublished,
          "no claim of \(key.namespace) in \(primary) publishes \(key.name):\(port.number)", at: others,
          help: [
            "claims stand in \(primary) alone and name the Service and one of its ports: service: \(key.name), servicePort: \(port.number)"
          ],
          because: .found(
            query(
              key.namespace, nil,
              [.text(["spec", "service"], [key.name]), .number(["spec", "servicePort"], port.number)]))))
      return nil
    }
    guard claim.missing.isEmpty else {
      walk.fail(
        .loadBalancer, in: primary, text,
        Fault(
          JudgementRules.unpublished,
          "the operator cannot serve claim \(claim.name): it lacks \(listed(claim.missing))",
          at: [claim.object.label()], help: ["add \(listed(claim.missing)) to the claim"],
          because: .found(query(key.namespace, claim.name, Self.monitored))))
      return nil
    }
    walk.rely(
      on: .found(
        query(
          key.namespace, claim.name,
          [.text(["spec", "service"], [key.name]), .number(["spec", "servicePort"], port.number)]
            + Self.monitored)))
    return claim
  }

  /// True when a name in the clients' namespace leads to a claim's virtual server.
  private func leads(to claim: ServerClaim, _ crossing: Crossing, _ walk: Walk) -> Bool {
    guard let cluster = walk.clientCluster else { return false }
    let server = PorterServer(claim, crossing, self, walk.fleet)
    guard let port = server.port?.number, let address = server.address.flatMap({ IPAddress($0.text) }) else {
      return false
    }
    guard case .found = cluster.name(in: namespace(in: cluster, walk), leadingTo: address, port: port, .tcp)
    else { return false }
    return true
  }

  /// Where names of virtual servers stand for clients: beside the Service in the link's own clusters.
  private func namespace(in cluster: JudgedCluster, _ walk: Walk) -> String {
    let isMember = cluster.name == primary || cluster.name == secondary
    return isMember ? walk.target.service.key.namespace : walk.client.namespace
  }

  private func name(_ claim: ServerClaim, _ server: PorterServer, _ walk: inout Walk) {
    guard let cluster = walk.clientCluster, !walk.isOver else { return }
    let key = walk.target.service.key
    guard operatorWritesNames, opposite(of: walk.target.cluster) == cluster.name else {
      search(claim, server, cluster, &walk)
      return
    }
    let rivals = claims(for: key).filter { $0.name != claim.name }
    let name = "\(key.name)-\(walk.target.cluster).\(key.namespace).svc"
    let port = claim.overridesServicePort ? walk.port.number : server.port?.number
    guard rivals.isEmpty else {
      walk.depend(
        .name, in: cluster.name, at: rivals.map { $0.object.label("writes the same name") }, "DNS \(name)",
        on: [
          Question(
            "which of \(rivals.count + 1) claims of \(key.description) the operator served last: each writes \(key.name)-\(walk.target.cluster)",
            isReported: true)
        ])
      return
    }
    let service = "\(key.name)-\(walk.target.cluster)"
    if let fault = nameFault(service, walk.crossing, cluster) {
      walk.fail(.name, in: cluster.name, "DNS \(name)", fault)
      return
    }
    if walk.isTracing {
      walk.rely(on: .found(Self.taken(service, key.namespace, cluster.name)), isNot: true)
    }
    if let port, !server.isServedForAnother {
      let other = claim.overridesServicePort ? server.port?.number : walk.port.number
      if let missing = changing(service, key.namespace, port, from: other, cluster) {
        walk.wait(.name, in: cluster.name, "DNS \(name):\(port)", for: missing)
        return
      }
      if let fault = former(service, key.namespace, port, claim, cluster) {
        walk.fail(.name, in: cluster.name, "DNS \(name):\(port)", fault)
        return
      }
    }
    walk.resolve(
      "\(name)\(port.map { ":\($0)" } ?? "")", server.endpoints == nil ? .derived : .observed,
      at: server.endpoints.map { [$0.label()] } ?? [])
  }

  /// What is missing where the operator's Service was observed at the port that it has with the contrary of the claim's
  /// 'overrideServicePort': the switch may be what this compile brings, and nothing would ever be built if it failed.
  private func changing(
    _ name: String, _ namespace: String, _ port: Int, from other: Int?, _ cluster: JudgedCluster
  ) -> MissingFact? {
    guard let ports = cluster.observed("v1", "Service", namespace, name)?.node.at("spec", "ports"),
      ports.count == 1, let found = ports.elements.first(where: { _ in true })?["port"]?.integer,
      found != port,
      other.map({ $0 == found }) ?? true
    else { return nil }
    return MissingFact(
      cluster: cluster.name, namespace: namespace,
      fact:
        "that Service \(name) has port \(port), which its claim asks for, and \(found) no more (touch the claim if it stays)",
      resources: "svc",
      lookedFor: [
        ObjectQuery(
          "Service", of: "", in: cluster.name, namespace, name, .observed,
          where: [.number(["spec", "ports", "*", "port"], port)])
      ])
  }

  /// The operator's Service where it was observed at another port than its claim asks for now: it writes the Service anew
  /// only when the claim is touched, or in its next round.
  private func former(
    _ name: String, _ namespace: String, _ port: Int, _ claim: ServerClaim, _ cluster: JudgedCluster
  ) -> Fault? {
    guard let observed = cluster.observed("v1", "Service", namespace, name),
      let ports = observed.node.at("spec", "ports"), ports.count > 0,
      !ports.elements.contains(where: { $0["port"]?.integer == port })
    else { return nil }
    let numbers = ports.elements.compactMap { $0["port"]?.text }
    return Fault(
      JudgementRules.name,
      "Service \(name) in \(cluster.name) was observed at port \(listed(numbers)), and claim \(claim.name) gives clients port \(port)",
      at: [
        observed.label(at: ports, "observed"),
        claim.object.label(at: claim.object.node.at("spec", "overrideServicePort"), "the claim"),
      ],
      help: [
        "touch the claim so that the operator writes its Service anew, then observe \(cluster.name) again"
      ],
      because: .found(
        ObjectQuery(
          "Service", of: "", in: cluster.name, namespace, name, .observed,
          where: [.exists(["spec", "ports"]), .not(.number(["spec", "ports", "*", "port"], port))])),
      wanted: .no)
  }

  /// Where the operator writes no name, somebody else must have: this compile, or a manifest.
  private func search(
    _ claim: ServerClaim, _ server: PorterServer, _ cluster: JudgedCluster, _ walk: inout Walk
  ) {
    guard let address = server.address?.text, let port = server.port?.number else {
      walk.wait(.name, in: cluster.name, "a name for the virtual server", for: server.missing)
      return
    }
    walk.resolve(
      in: cluster, namespace(in: cluster, walk), leadingTo: address, port: port, .tcp,
      at: claim.overridesServicePort ? walk.port.number : port)
  }

  private func address(_ server: PorterServer, _ walk: inout Walk) {
    guard !walk.isOver else { return }
    let cluster = walk.target.cluster
    guard let address = server.address, let port = server.port else {
      walk.wait(.address, in: cluster, "virtual server of the claim", for: server.missing)
      return
    }
    if let fault = server.contradiction {
      walk.fail(.address, in: cluster, "\(address.text):\(port.number)", fault)
      return
    }
    if let former = server.formerAddress, let place = server.object?.node.at("spec", "virtualServerAddress") {
      walk.depend(
        .address, in: cluster, at: [Label(place.range, "observed")], "\(address.text):\(port.number)",
        on: [
          Question(
            "whether the virtual server of claim \(server.claimName) has moved to \(address.text) by now: TransportServer \(server.claimName) was observed at \(former.text), while the Service had another type",
            at: place.range, help: "touch the claim, then observe \(cluster) again", isReported: true)
        ])
    }
    if let other = server.claimedPort {
      walk.depend(
        .address, in: cluster, at: [Label(other.range, "observed")], "\(address.text):\(port.number)",
        on: [
          Question(
            "at which port the virtual server of claim \(server.claimName) answers: its TransportServer was observed with \(port.number), and the claim with \(other.text)",
            at: other.range, help: "observe \(cluster) and the link's primary again", isReported: true)
        ])
    }
    if walk.isTracing, let claim = server.contradictionClaim { walk.rely(on: claim, isNot: true) }
    walk.pass(
      .address, in: cluster, address.evidence == .observed ? port.evidence : address.evidence,
      at: [address.place, port.place], "\(address.text):\(port.number)")
  }

  private func balance(_ claim: ServerClaim, _ server: PorterServer, _ walk: inout Walk) {
    guard !walk.isOver else { return }
    let key = walk.target.service.key
    let text = "TransportServer \(claim.name) → Service \(key.name):\(walk.port.number)"
    if let fault = server.poolFault {
      walk.fail(.loadBalancer, in: walk.target.cluster, text, fault)
      return
    }
    if let snat = server.object?.node.at("spec", "snat"), snat.text == "none" {
      walk.depend(
        .loadBalancer, in: walk.target.cluster, at: [Label(snat.range)], text,
        on: [
          Question(
            "whom the pods of \(walk.target.service.key.description) see: TransportServer \(claim.name) was observed with 'snat: none', by which clients keep their addresses",
            at: snat.range, help: "observe \(walk.target.cluster) again: the operator writes 'snat: auto'")
        ])
    }
    if let condition = failure(of: claim, walk.fleet) {
      walk.depend(
        .loadBalancer, in: primary, at: [Label(condition.range)], text,
        on: [
          Question(
            "whether the operator serves claim \(claim.name), of which it said that it failed",
            isReported: true)
        ])
    }
    if let missing = server.untaken {
      walk.wait(.loadBalancer, in: walk.target.cluster, text, for: missing)
      return
    }
    if server.object != nil {
      walk.rely(on: server.serverClaim(server.poolConditions))
      walk.rely(on: server.serverClaim(PorterServer.refused), isNot: true)
    }
    walk.pass(
      .loadBalancer, in: walk.target.cluster, server.object == nil ? .derived : .observed,
      at: [claim.object.label(at: claim.object.node.at("spec", "service"))], text)
  }
}
