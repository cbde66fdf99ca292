import Diagnostics
package import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The controller and the DNS server of vmware-tanzu/cross-cluster-connectivity, the resolver of the client's cluster,
/// and the gateway of the target's.
///
/// From the project's source (facts on GatewayDNS, 2 to 6): a GatewayDNS object on the management cluster selects
/// Cluster API objects of its namespace; the controller copies the load balancer's addresses of the named Service into
/// an EndpointSlice in every cluster of that namespace; the DNS server there answers for the slice's wildcard. A
/// resolver block sends the zone to it, and the gateway chooses the Service by the host of the request.
package struct GatewayDNSSystem: ReachabilitySystem {
  package static let key = "gatewayDNS"
  package static let notesAllNeeds = true
  package static let tellsAudience = true
  package static let kinds: Set<String> = [
    "Cluster", "ConfigMap", "DNS", "GRPCRoute", "Gateway", "GatewayDNS", "HTTPProxy", "HTTPRoute", "Ingress",
    "TLSRoute", ReferenceGrants.kind,
  ]

  /// A cluster's object in Cluster API.
  struct Registration: Sendable {
    let management: String
    let namespace: String
    let name: String

    init?(_ cluster: JudgedCluster) {
      guard let section = cluster.model.cluster.node.at("spec", "clusterAPI"),
        let management = section["managementCluster"]?.text, let namespace = section["namespace"]?.text
      else { return nil }
      self.management = management
      self.namespace = namespace
      name = section["name"]?.text ?? cluster.name
    }
  }

  let link: Link
  let section: Node
  let management: String
  let namespace: String
  let zone: String
  /// Where the DNS server runs in each cluster.
  let serverNamespace: String
  let routes: [String: GatewayHosts]
  /// The clusters whose gateways have an address.
  private let owners: [String: [String]]
  let publisher: GatewayPublisher

  package init(_ link: Link, in fleet: JudgedFleet) {
    self.link = link
    section = link.section
    management = section["managementCluster"]?.text ?? ""
    namespace = section["namespace"]?.text ?? ""
    zone = section["zone"]?.text ?? ""
    serverNamespace = section["profile"]?.text == "capi" ? "capi-dns" : "xcc-dns"
    publisher = GatewayPublisher(fleet.clusters[management], namespace)
    var routes: [String: GatewayHosts] = [:]
    for (name, cluster) in fleet.clusters {
      guard let registration = Registration(cluster), registration.management == management,
        registration.namespace == namespace
      else { continue }
      routes[name] = GatewayHosts(cluster)
    }
    self.routes = routes
    var owners: [String: [String]] = [:]
    for name in routes.keys.sorted() {
      guard let cluster = fleet.clusters[name], let registration = Registration(cluster),
        let service = publisher.service(for: registration)
      else { continue }
      let record = GatewayRecord(cluster, registration, service, declared: section["addresses"]?[name])
      for address in Set(record.addresses.map(\.text)) { owners[address, default: []].append(name) }
    }
    self.owners = owners
  }

  // MARK: Names

  /// The connection's section as it is in a cluster.
  private func section(of crossing: Crossing) -> Node? {
    crossing.connection.section(Self.key, in: crossing.target.cluster)
  }

  /// `gateway.cluster-a.dev-team.clusters.xcc.test`.
  private func domain(_ registration: Registration) -> String {
    "gateway.\(registration.name).\(registration.namespace).clusters.\(zone)"
  }

  func host(_ crossing: Crossing, _ registration: Registration) -> String {
    let name = section(of: crossing)?["host"]?.text ?? crossing.target.service.key.name
    return "\(name).\(domain(registration))"
  }

  private func port(_ crossing: Crossing) -> Int { section(of: crossing)?["gatewayPort"]?.integer ?? 80 }

  // MARK: Whom policies see

  package func peers(of crossing: Crossing, in fleet: JudgedFleet) -> CrossingPeers {
    let beside = crossing.client.cluster.flatMap { fleet.clusters[$0] }.map { cluster in
      let server = ZoneServerPods(cluster, serverNamespace)
      return [server.onTheWay] + (server.askers.map { [$0] } ?? [])
    }
    guard let cluster = fleet.clusters[crossing.target.cluster], let registration = Registration(cluster),
      let service = publisher.service(for: registration)
    else { return CrossingPeers(beside: beside ?? []) }
    let pods = GatewayPods(service, in: cluster)
    return CrossingPeers(
      atTarget: pods.peers, onTheWay: pods.subjects.map { (service.namespace, $0) },
      behindTheWay: way(pods, service, in: cluster).isGuarded ? fleet.localTargets(of: crossing) : [],
      beside: beside ?? [])
  }

  private func way(_ pods: GatewayPods, _ service: NamespacedName, in cluster: JudgedCluster) -> GatewayWay {
    GatewayWay(
      cluster: cluster, namespace: service.namespace, name: "the gateway \(service.description)",
      pods: pods.subjects)
  }

  // MARK: Openings

  package func openings(to crossing: Crossing, in fleet: JudgedFleet) -> [Opening] {
    guard let cluster = fleet.clusters[crossing.target.cluster], let registration = Registration(cluster),
      let service = publisher.service(for: registration)
    else { return [] }
    let record = GatewayRecord(
      cluster, registration, service, declared: section["addresses"]?[cluster.name])
    return record.addresses.compactMap { IPAddress($0.text) }.map { address in
      Opening(
        address: address, port: UInt16(exactly: port(crossing)),
        what: "the gateway \(service.description) of \(cluster.name)")
    }
  }

  // MARK: Exactness

  package func excesses(beyond crossings: [JudgedCrossing], in fleet: JudgedFleet) -> [SystemExcess] {
    let reached = Set(crossings.over(Self.key).map(\.target.cluster))
    return fleet.clusters.sorted { $0.key < $1.key }.flatMap { name, cluster -> [SystemExcess] in
      guard !reached.contains(name), let registration = Registration(cluster),
        registration.management == management, registration.namespace == namespace
      else { return [] }
      return publisher.selecting(registration).filter { $0.evidence == .emitted }.map { object in
        SystemExcess(
          JudgementRules.publishesGateways, object, at: object.node.at("spec", "clusterSelector"), of: link,
          saidBy: ["LW4004"],
          "\(object.manifest.identity.description) publishes the gateway of \(name), which no connection reaches",
          remedy: "select \(listed(reached.sorted(), none: "nothing")) alone, by a label that \(name) has not"
        )
      }
    }
  }

  // MARK: The way

  package func walk(_ crossing: Crossing, _ walk: inout Walk) {
    walk.start()
    guard let cluster = walk.targetCluster, let registration = Registration(cluster) else {
      walk.fail(
        .address, in: crossing.target.cluster, "record of the gateway",
        Fault(
          JudgementRules.unpublished, "\(crossing.target.cluster) is registered in no management cluster",
          help: ["say where with spec.clusterAPI of the Cluster"],
          because: .found(
            ObjectQuery(
              of: nil, in: crossing.target.cluster, nil, nil, .document,
              where: [.exists(["spec", "clusterAPI", "managementCluster"])]))))
      return
    }
    let name = host(crossing, registration)
    let port = port(crossing)
    let record = GatewayRecord(
      cluster, registration, publisher.service(for: registration),
      declared: section["addresses"]?[cluster.name])
    leave(to: record, port, &walk)
    resolve(name, port, &walk)
    publish(name, registration, record, port, &walk)
    arrive(at: record, cluster, name, port, crossing, &walk)
    walk.enter()
  }

  private func leave(to record: GatewayRecord, _ port: Int, _ walk: inout Walk) {
    let addresses = record.addresses.compactMap { IPAddress($0.text) }
    if addresses.isEmpty {
      // Where no object publishes the gateway, that is what is missing.
      walk.leave(
        to: nil, port: port, .tcp, as: "", missing: record.service == nil ? nil : record.missing)
    }
    for address in record.addresses {
      guard let parsed = IPAddress(address.text) else { continue }
      walk.leave(to: parsed, port: port, .tcp, as: "\(address.text):\(port)", isDirect: true)
    }
  }

  // MARK: The client's resolver

  private func resolve(_ name: String, _ port: Int, _ walk: inout Walk) {
    guard !walk.isOver else { return }
    guard let cluster = walk.clientCluster else {
      walk.depend(
        .name, in: nil, "DNS \(name):\(port)",
        on: [Question("how the network outside resolves names below \(zone)", isReported: true)])
      return
    }
    walk.resolve("\(name):\(port)", .derived)
    guard !walk.isOver else { return }
    guard let registration = Registration(cluster), registration.management == management,
      registration.namespace == namespace
    else {
      walk.fail(
        .name, in: cluster.name, name,
        Fault(
          JudgementRules.name,
          "\(cluster.name) is not registered in \(namespace) of \(management): its DNS server never gets the record",
          at: [Label(cluster.model.cluster.name.node.range, "the client's cluster")],
          help: ["register it there, or use another link"], because: registered(cluster.name)))
      return
    }
    walk.rely(on: registered(cluster.name))
    let server = ZoneServer(cluster, serverNamespace, declared: section["upstream"]?[cluster.name])
    guard let address = server.address else {
      walk.wait(.name, in: cluster.name, "resolver for \(zone)", for: server.missing)
      return
    }
    switch ZoneForwarding.of(name, in: cluster) {
    case .unknown(let missing):
      walk.wait(.name, in: cluster.name, "resolver for \(zone)", for: missing)
    case .found(let forwarding):
      guard !forwarding.zone.isEmpty, forwarding.leads(to: address.text) else {
        walk.fail(
          .name, in: cluster.name, name, fault(forwarding, cluster, address.text, name))
        return
      }
      walk.rely(on: .forwards(cluster.name, name: name, to: address.text))
      walk.pass(
        .name, in: cluster.name, forwarding.evidence, at: [forwarding.place, address.place],
        "\(forwarding.zone) → DNS server \(address.text)")
      ZoneServerPods(cluster, serverNamespace).judge(&walk)
    }
  }

  private func registered(_ cluster: String) -> Claim {
    .found(
      ObjectQuery(
        of: nil, in: cluster, nil, nil, .document,
        where: [
          .text(["spec", "clusterAPI", "managementCluster"], [management]),
          .text(["spec", "clusterAPI", "namespace"], [namespace]),
        ]))
  }

  private func fault(
    _ forwarding: ZoneForwarding, _ cluster: JudgedCluster, _ address: String, _ name: String
  )
    -> Fault
  {
    let message =
      forwarding.zone.isEmpty
      ? "no block of \(cluster.name)'s resolver is for \(zone)"
      : forwarding.upstreams.isEmpty
        ? "the block for \(forwarding.zone) in \(cluster.name)'s resolver forwards nothing"
        : "\(cluster.name)'s resolver sends \(forwarding.zone) to \(listed(forwarding.upstreams)), not to the DNS server at \(address)"
    return Fault(
      JudgementRules.name, message, at: [forwarding.place],
      help: ["forward \(zone) to \(address)"], because: .forwards(cluster.name, name: name, to: address))
  }

  // MARK: The record

  private func publish(
    _ name: String, _ registration: Registration, _ record: GatewayRecord, _ port: Int, _ walk: inout Walk
  ) {
    guard !walk.isOver else { return }
    let cluster = walk.target.cluster
    let text = "*.\(domain(registration))"
    if walk.isTracing, let claim = publisher.labelsClaim(for: registration) { walk.rely(on: claim) }
    switch publisher.publication(of: registration) {
    case .refused(let fault):
      walk.fail(.address, in: cluster, text, fault)
      return
    case .open(let question, let places):
      walk.depend(.address, in: cluster, at: places, text, on: [question])
    case .by: walk.rely(on: publisher.claim(for: registration, record.service))
    }
    if let fault = record.fault {
      walk.fail(.address, in: cluster, text, fault)
      return
    }
    if walk.isTracing, let claim = record.serviceClaim { walk.rely(on: claim) }
    if walk.isTracing, let claim = record.addressesClaim { walk.rely(on: claim) }
    guard record.service != nil else { return }
    guard !record.addresses.isEmpty else {
      walk.wait(.address, in: cluster, text, for: record.missing)
      return
    }
    if let shared = record.addresses.first(where: { (owners[$0.text]?.count ?? 0) > 1 }),
      let others = owners[shared.text]?.filter({ $0 != cluster })
    {
      walk.depend(
        .address, in: cluster, at: [Label(shared.range)], text,
        on: [
          Question(
            "whether \(shared.text) is the gateway of \(cluster): that of \(listed(others)) is said to have the same address",
            at: shared.range, help: "observe both clusters again, or correct the address")
        ])
    }
    if let client = walk.clientCluster,
      let stray = StrayRecords(client, serverNamespace).fault(name, "*.\(domain(registration))", record)
    {
      walk.fail(.address, in: client.name, text, stray)
      return
    }
    let slice = walk.clientCluster?.observed(
      "discovery.k8s.io/v1", "EndpointSlice", serverNamespace,
      "\(registration.namespace)-\(registration.name)-gateway")
    if let slice, let fault = contradiction(slice, registration, record, walk.client.cluster ?? "") {
      walk.fail(.address, in: walk.client.cluster, text, fault)
      return
    }
    if let client = walk.client.cluster {
      walk.rely(on: contradictionClaim(registration, record, client), isNot: true)
    }
    walk.pass(
      .address, in: cluster, slice == nil ? record.evidence : .observed,
      at: (slice.map { [$0.label()] } ?? []) + record.addresses.map { Label($0.range) },
      "\(text) → \(listed(record.addresses.map(\.text))), port \(port)")
  }

  /// A slice that was observed with other addresses than the gateway has.
  private func contradiction(
    _ slice: KnownObject, _ registration: Registration, _ record: GatewayRecord, _ cluster: String
  ) -> Fault? {
    let found = slice.node["endpoints"]?.elements.flatMap { $0["addresses"]?.elements.map { $0 } ?? [] } ?? []
    guard Set(found.map(\.text)) != Set(record.addresses.map(\.text)) else { return nil }
    return Fault(
      JudgementRules.address,
      "EndpointSlice \(slice.name) in \(cluster) has \(listed(found.map(\.text))), and the gateway is at \(listed(record.addresses.map(\.text)))",
      at: [slice.label(at: found.first, "has")]
        + record.addresses.prefix(1).map { Label($0.range, "the gateway") },
      help: ["observe both clusters again; if it stays, look at the controller's messages on \(management)"],
      because: contradictionClaim(registration, record, cluster), wanted: .no)
  }

  private func contradictionClaim(_ registration: Registration, _ record: GatewayRecord, _ cluster: String)
    -> Claim
  {
    .found(
      ObjectQuery(
        "EndpointSlice", of: "discovery.k8s.io", in: cluster, serverNamespace,
        "\(registration.namespace)-\(registration.name)-gateway", .observed,
        where: [.not(.only(["endpoints", "*", "addresses", "*"], record.addresses.map(\.text)))]))
  }

  // MARK: The gateway

  /// The class of an Ingress that is another controller's, as far as names tell: the gateway of the project is Contour's.
  private static func foreignClass(of object: KnownObject, at service: NamespacedName) -> Node? {
    guard object.manifest.kind == "Ingress",
      let name = object.node.at("spec", "ingressClassName")
        ?? object.node.at("metadata", "annotations")?["kubernetes.io/ingress.class"],
      name.text != "contour", !service.description.contains(name.text)
    else { return nil }
    return name
  }

  private func arrive(
    at record: GatewayRecord, _ cluster: JudgedCluster, _ name: String, _ port: Int, _ crossing: Crossing,
    _ walk: inout Walk
  ) {
    guard !walk.isOver, let service = record.service else { return }
    let pods = GatewayPods(service, in: cluster)
    let text = "gateway \(service.description):\(port)"
    if let fault = pods.fault(port) {
      walk.fail(.gateway, in: cluster.name, text, fault)
      return
    }
    if pods.isKnown {
      walk.rely(on: pods.listens(port))
      if walk.isTracing, let claim = pods.podsClaim { walk.rely(on: claim) }
      if let question = pods.question(port) {
        walk.depend(.gateway, in: cluster.name, at: pods.places, text, on: [question])
      }
      walk.pass(.gateway, in: cluster.name, pods.evidence, at: pods.places, text)
    } else {
      walk.depend(
        .gateway, in: cluster.name, text,
        on: [
          Question(
            "whether the gateway \(service.description) of \(cluster.name) listens at port \(port)",
            help:
              "put the manifests of the gateway among the workloads of \(cluster.name), or observe its Service"
          )
        ])
    }
    let way = way(pods, service, in: cluster)
    SourceRanges(
      cluster.service(service)?.object
        ?? cluster.observed("v1", "Service", service.namespace, service.name), in: cluster
    )?.judge(.gateway, &walk)
    way.admit(port: pods.number(behind: port), "clients of other clusters", &walk)
    let target = "\(name) → \(crossing.serviceName):\(crossing.port.port.number)"
    switch routes[cluster.name]?.route(name, to: crossing.target.service.key, crossing.port.port) {
    case .found(let route):
      walk.rely(
        on: GatewayHosts.claim(
          route, name, to: crossing.target.service.key, crossing.port.port, in: cluster.name))
      if let fault = ReferenceGrants.fault(route.object, to: crossing.target.service.key, in: cluster) {
        walk.fail(.gateway, in: cluster.name, target, fault)
        return
      }
      switch GatewayListeners(cluster).answer(route.object, name, port) {
      case .served(let claim):
        if let claim { walk.rely(on: claim) }
      case .asked(let question, let places):
        walk.depend(.gateway, in: cluster.name, at: places, target, on: [question])
      case .refused(let fault):
        walk.fail(.gateway, in: cluster.name, target, fault)
        return
      }
      if let name = Self.foreignClass(of: route.object, at: service) {
        walk.depend(
          .gateway, in: cluster.name, at: [route.object.label(at: name)], target,
          on: [
            Question(
              "whether the gateway \(service.description) of \(cluster.name) serves the class '\(name.text)', which \(route.object.manifest.identity.description) names",
              help: "name the gateway's own class, or suppress the note with the reason")
          ])
        break
      }
      guard port == 80, let tls = route.redirection else {
        walk.pass(.gateway, in: cluster.name, route.object.evidence, at: [route.label], target)
        break
      }
      walk.depend(
        .gateway, in: cluster.name, at: [route.object.label(at: tls)], target,
        on: [
          Question(
            "whether clients follow from port 80 to https: \(route.object.manifest.identity.description) of \(cluster.name) has TLS and no route with permitInsecure",
            help: "set gatewayDNS.gatewayPort to the gateway's TLS port, or permitInsecure in the route")
        ])
    case .open(let question, let places):
      walk.depend(.gateway, in: cluster.name, at: places, target, on: [question])
    case .refused(let fault):
      walk.fail(.gateway, in: cluster.name, target, fault)
    case nil: break
    }
    let fleet = walk.fleet
    way.depart(to: fleet.localTargets(of: crossing), crossing.port.port, &walk)
    walk.sender =
      pods.peers.isEmpty
      ? .unknown(description: "the gateway \(service.description)")
      : .pods(pods.peers, description: "the gateway \(service.description)")
  }
}
