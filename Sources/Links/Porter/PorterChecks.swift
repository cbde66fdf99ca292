import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Patterns
import YAMLTree

/// What can be wrong with a Service behind a claim, before anything is emitted.
struct PorterChecks {
  let unit: PorterService
  private(set) var findings: [Diagnostic] = []

  init(unit: PorterService) {
    self.unit = unit
    checkNamespace()
    checkSides()
    for cluster in unit.sides {
      guard let service = unit.target(in: cluster.name)?.service ?? cluster.declared.services[unit.service]
      else { continue }
      checkService(service, in: cluster)
      checkGeneratedNames(service, in: cluster)
    }
    checkTypes()
    checkClientNames()
    for connection in unit.connections { checkConnection(connection) }
    findings += ConsumerChecks(unit: unit).findings
  }

  private var namespace: String { unit.service.namespace }

  private mutating func report(
    _ rule: Rule, _ message: String, at node: Node, _ text: String = "", also: [Label] = [],
    help: [String] = [],
    notes: [String] = []
  ) {
    findings.append(
      Diagnostic(rule, message, at: node.range, text, also: also, help: help, notes: notes))
  }

  // MARK: Namespace and pair

  private mutating func checkNamespace() {
    let node = unit.connections[0].connection.to.namespace?.node ?? unit.connections[0].namespace.node
    if let pattern = unit.settings.namespacePattern, !pattern.matches(namespace) {
      report(
        PorterRules.namespacePattern, "'\(namespace)' is no licence plate with an environment", at: node,
        "expected like c6af30-prod",
        help: [
          "correct the namespace, or set 'namespacePattern' in link \(unit.link) (null accepts every name)"
        ])
    }
    for cluster in unit.sides {
      guard let manifest = cluster.declared.namespaces[namespace] else { continue }
      for key in ["network.openshift.io/policy-group", "policy-group.network.openshift.io/ingress"] {
        guard let label = manifest.node.at("metadata", "labels")?.key(key) else { continue }
        report(
          PorterRules.policyGroupLabel, "namespace \(namespace) carries the platform's label '\(key)'",
          at: label,
          "in \(cluster.name)",
          help: ["remove it: every policy that admits the ingress namespaces would admit this one too"])
      }
    }
  }

  /// The operator creates a TransportServer on both sides, and each names the Service of its own cluster.
  private mutating func checkSides() {
    for cluster in unit.sides where unit.target(in: cluster.name) == nil {
      guard cluster.declared.services[unit.service] == nil, let known = unit.connections[0].targets.first
      else { continue }
      if known.service.isInline { continue }
      report(
        PorterRules.missingInPair, "Service \(unit.service.description) is missing in \(cluster.name)",
        at: known.reference, "published in both clusters of \(unit.link)",
        also: [Label(known.service.manifest.nameNode.range, "\(known.cluster) has it")],
        help: [
          "add its manifest under the workloads of \(cluster.name): the operator publishes the Service of both clusters"
        ])
    }
    guard unit.secondary != nil, namespace.hasSuffix("-prod") else { return }
    let targets = Set(unit.connections.flatMap { $0.targets.map(\.cluster) })
    guard targets.count == 1, let only = targets.first, let other = unit.settings.opposite(of: only) else {
      return
    }
    let clients = unit.connections.flatMap(\.clients).compactMap(\.cluster)
    guard clients.contains(other) else { return }
    report(
      PorterRules.oneWay,
      "after a switch-over to \(other) nothing leads back to \(unit.service.name) in \(other)",
      at: unit.connections[0].connection.to.node, "only \(only) is a target",
      help: ["leave 'clusters' out on both ends to connect both ways, if \(only) must follow \(other) then"])
  }

  // MARK: The Service

  private mutating func checkService(_ service: Service, in cluster: ClusterModel) {
    let name = service.key.description
    if service.type == "ExternalName" || service.isHeadless || service.selector.isEmpty && !service.isInline {
      let what =
        service.type == "ExternalName"
        ? "of type ExternalName" : service.isHeadless ? "headless" : "without selector"
      report(
        PorterRules.cannotBePooled, "Service \(name) is \(what): the load balancer cannot pool it",
        at: service.typeNode,
        "in \(cluster.name)", help: ["publish a Service of type NodePort with a selector"])
      return
    }
    if unit.target(in: cluster.name) == nil, let port = unit.connections[0].targets.first?.ports.first?.port,
      service.port(.number(port.number)) == nil
    {
      report(
        LinkerRules.unknownPort,
        "Service \"\(service.key.name)\" has no port \(port.number) in \(cluster.name)",
        at: service.ports.first?.node ?? service.manifest.nameNode, "the operator publishes it here too",
        also: [Label(port.node.range, "the port that is published")],
        help: ["add port \(port.number); both clusters' pools name it"])
    }
    checkType(service, in: cluster)
    guard unit.target(in: cluster.name) != nil else { return }
    for target in unit.connections.flatMap(\.targets)
    where target.service.key == unit.service && target.cluster == cluster.name {
      for port in target.ports { checkPort(port, of: service, in: cluster) }
      break
    }
    if service.ports.count > 1, unit.secondary != nil {
      report(
        PorterRules.multiPort, "Service \(name) has \(service.ports.count) ports",
        at: service.manifest.nameNode,
        "in \(cluster.name)",
        help: [
          "declare a Service with the published port alone: for several ports the operator also makes \(service.key.name)-<port>-<cluster>, which may have no endpoints"
        ])
    }
  }

  private mutating func checkType(_ service: Service, in cluster: ClusterModel) {
    let wanted = unit.settings.serviceType
    guard service.type != wanted, unit.target(in: cluster.name) != nil else { return }
    report(
      PorterRules.obsoleteType, "Service \(service.key.description) is of type \(service.type)",
      at: service.typeNode, "in \(cluster.name)",
      also: unit.settings.serviceTypeNode.map { [Label($0.range, "the platform's type")] } ?? [],
      help: [
        wanted == "NodePort"
          ? "set 'type: NodePort': since February 2026 the platform asks for it. The address then changes on both sides, the port stays: firewall rules must follow"
          : "set 'type: \(wanted)', or correct 'serviceType' of link \(unit.link): every type but NodePort gets the other address"
      ])
  }

  private mutating func checkPort(_ bound: BoundPort, of service: Service, in cluster: ClusterModel) {
    let port = bound.port
    if port.transport != .tcp {
      // A number means every protocol that stands under it; a name means one.
      let twin = service.ports(.number(port.number)).first { $0.transport == .tcp }?.name
      report(
        PorterRules.notTCP,
        "port \(port.number) of Service \(service.key.description) is \(port.transport.rawValue)",
        at: bound.reference.node, "a claim carries TCP only",
        also: [Label(port.node.range, "in \(cluster.name)")],
        help: [twin.map { "name the TCP port of that number: '\($0)'" } ?? "publish a TCP port"])
    }
    let numbers = [port.number] + (port.target.number.map { [$0] } ?? [])
    if let web = numbers.first(where: { [80, 443, 8080, 8443].contains($0) }),
      cluster.name == unit.primary.name
    {
      report(
        PorterRules.webPort, "port \(web) of Service \(service.key.name) looks like HTTP",
        at: bound.reference.node,
        "a claim is for other protocols", help: ["use a Route for HTTP and HTTPS"])
    }
  }

  /// The operator reads the Service's type in the primary only and labels both sides by it.
  private mutating func checkTypes() {
    guard let secondary = unit.secondary, let first = unit.primary.declared.services[unit.service],
      let second = secondary.declared.services[unit.service], first.type != second.type
    else { return }
    report(
      PorterRules.typeDiffers,
      "Service \(unit.service.description) is \(first.type) in \(unit.primary.name) and \(second.type) in \(secondary.name)",
      at: second.typeNode, "\(second.type) in \(secondary.name)",
      also: [Label(first.typeNode.range, "\(first.type) in \(unit.primary.name)")],
      help: [
        "use one type: the pool of \(secondary.name) stays empty otherwise, and its controller only logs it"
      ])
  }

  // MARK: Names that the operator takes

  private mutating func checkGeneratedNames(_ service: Service, in cluster: ClusterModel) {
    guard let opposite = unit.opposite(of: cluster), !unit.settings.emitsEndpoints else { return }
    let isMultiPort = service.ports.count > 1
    var names = [PorterNames.consumerName(service.key.name, opposite.name)]
    if isMultiPort, let port = unit.connections[0].targets.first?.ports.first?.port.number {
      names.append("\(service.key.name)-\(port)-\(opposite.name)")
    }
    for name in names where name.utf8.count > 63 {
      report(
        PorterRules.nameTooLong,
        "the operator's Service '\(name)' has \(name.utf8.count) characters; names have at most 63",
        at: service.manifest.nameNode, "too long by \(name.utf8.count - 63)",
        help: ["shorten the Service's name, or publish another Service with the same selector"])
    }
    for name in names {
      for (apiVersion, kind) in [
        ("v1", "Service"), ("v1", "Endpoints"), ("discovery.k8s.io/v1", "EndpointSlice"),
      ] {
        let identity = ObjectIdentity(apiVersion: apiVersion, kind: kind, namespace: namespace, name: name)
        guard let taken = cluster.declared.objects[identity] else { continue }
        report(
          PorterRules.nameTaken, "\(kind) '\(name)' is the operator's own object in \(cluster.name)",
          at: taken.nameNode,
          "declared here as well",
          also: [Label(unit.subject.range, "this connection makes the operator create it")],
          help: [
            "remove the manifest: the operator overwrites it, and an Argo CD that heals it would fight the operator"
          ])
      }
    }
  }

  /// Services that Linkwright writes for clients: their names are known before any address is.
  private mutating func checkClientNames() {
    var seen: Set<String> = []
    for client in ServedClient.all(of: unit) where seen.insert(client.key).inserted {
      let name = client.serviceName
      if name.utf8.count > 63 {
        report(
          PorterRules.nameTooLong,
          "clients in \(client.cluster) would use the Service '\(name)' of \(name.utf8.count) characters; names have at most 63",
          at: client.node, "too long by \(name.utf8.count - 63)",
          help: [
            client.isMember
              ? "shorten the Service's name, or publish another Service with the same selector"
              : "give it another name: porter: {serviceName: NAME}"
          ])
      }
      let identity = ObjectIdentity(
        apiVersion: "v1", kind: "Service", namespace: client.namespace, name: name)
      guard let taken = unit.model.clusters[client.cluster]?.declared.objects[identity],
        (taken.node.at("spec", "selector")?.count ?? 0) > 0
          || taken.node.at("spec", "type")?.text == "ExternalName"
      else { continue }
      report(
        PorterRules.nameTaken,
        "Service '\(name)' of \(client.namespace) in \(client.cluster) leads elsewhere",
        at: taken.nameNode, "the name that clients would use",
        also: [Label(client.node.range, "clients in \(client.cluster)")],
        help: [
          client.isMember
            ? "rename it, or publish another Service: clients of the pair use <service>-<cluster>"
            : "give the clients' Service another name: porter: {serviceName: NAME}"
        ])
    }
  }

  /// Names that are chosen for clients' Services and cannot be theirs: inside the link the operator names them, and one
  /// name leads to one target.
  private mutating func checkChosenNames(_ connection: BoundConnection) {
    var targets: [SourceRange: String] = [:]
    var done: Set<SourceRange> = []
    for target in connection.targets where target.service.key == unit.service {
      for client in connection.clients(of: target) {
        guard let cluster = client.cluster,
          let name = connection.section("porter", in: cluster)?["serviceName"]
        else { continue }
        let isMember = unit.settings.members.contains(cluster)
        if isMember, done.insert(name.range).inserted {
          report(
            PorterRules.chosenNameUnused, "'serviceName' has no effect on clients in \(cluster)", at: name,
            "they use \(PorterNames.consumerName(unit.service.name, target.cluster))",
            help: [
              "inside \(unit.link) the name is <service>-<cluster>: remove it, or give it to the clusters outside alone, in 'overrides'"
            ])
        }
        guard !isMember else { continue }
        if let first = targets[name.range], first != target.cluster, done.insert(name.range).inserted {
          report(
            PorterRules.chosenNameTwice,
            "Service '\(name.text)' in \(cluster) would lead to \(first) and to \(target.cluster)", at: name,
            "one name, two targets",
            help: [
              "leave it out, so that each target has a name of its own, or declare a Connection per target cluster"
            ])
        }
        targets[name.range] = target.cluster
      }
    }
  }

  // MARK: One connection

  /// The data-centre network: who is in it reaches every virtual server (the platform's documentation of TCP services).
  private static let network = "span-bc"

  private mutating func checkConnection(_ connection: BoundConnection) {
    let targets = connection.targets.filter { $0.service.key == unit.service }
    if connection.connection.acknowledgedExposure == nil {
      report(
        PorterRules.exposure,
        "\(unit.service.description) becomes reachable for everybody in the data-centre network",
        at: connection.connection.name.node,
        "policies cannot narrow the load balancer's clients",
        help: [
          "if the service asks for a password or a client certificate, say so: exposure: {acknowledged: span-bc}"
        ])
    }
    if let acknowledged = connection.connection.acknowledgedExposure,
      acknowledged.value.lowercased() != Self.network
    {
      report(
        PorterRules.exposure,
        "\(unit.service.description) becomes reachable for everybody in \(Self.network), not in '\(acknowledged.value)'",
        at: acknowledged.node, "another network",
        help: [
          didYouMean(acknowledged.value, among: [Self.network])
            ?? "if the service asks for a password or a client certificate, write '\(Self.network)'"
        ])
    }
    let settings = ClaimSettings(connection.section("porter"))
    if let requested = settings.requestedPort {
      report(
        PorterRules.requestedPort, "port \(requested.value) may not be granted", at: requested.node,
        "honoured only for a new claim and a free port",
        help: [
          "consumers must read the port that the claim got; use overrideServicePort for a known Service port"
        ])
    }
    if let timeout = settings.monitorTimeout, timeout.value < settings.monitorInterval?.value ?? 10 {
      report(
        PorterRules.monitorTimeout,
        "the monitor's timeout of \(timeout.value) s is shorter than its interval", at: timeout.node, "",
        help: ["F5 recommends 3 × interval + 1"])
    }
    let outside = connection.clients.filter { client in
      client.cluster.map { !unit.settings.members.contains($0) } ?? true
    }
    if let client = outside.first {
      report(
        PorterRules.firewallRequest, "clients outside \(unit.link) may need a firewall request",
        at: client.node,
        "not in \(listed(unit.settings.members))",
        help: [
          "ask for TCP to the addresses and ports of \(unit.service.name) in \(listed(targets.map(\.cluster)))"
        ])
    }
    checkStartOrder(connection)
    checkClientNamespaces(connection)
    checkChosenNames(connection)
  }

  private mutating func checkStartOrder(_ connection: BoundConnection) {
    // The Service has one claim: what any of its connections asks for holds for all.
    let overrides =
      unit.connections.contains {
        ClaimSettings($0.section("porter")).overridesServicePort?.value == true
      } || unit.claims.declared(for: unit.service).contains { KeptClaim($0).overridesServicePort }
    guard let secondary = unit.secondary, !overrides,
      connection.clients.contains(where: { $0.cluster == secondary.name })
    else { return }
    report(
      PorterRules.startOrder,
      "clients in \(secondary.name) find \(unit.service.name)-\(unit.primary.name) only after \(unit.primary.name) has synced, at a port that is random",
      at: connection.connection.name.node, "sync \(unit.primary.name) first",
      help: ["set overrideServicePort: true, so that the port is known and clients only have to wait"])
  }

  /// The operator writes its Service into the claim's namespace only.
  private mutating func checkClientNamespaces(_ connection: BoundConnection) {
    var hosts: [(client: BoundClient, lines: [String])] = []
    for client in connection.clients where client.namespace != namespace {
      guard let cluster = client.cluster, unit.settings.members.contains(cluster) else { continue }
      let name = PorterNames.consumerName(
        unit.service.name, unit.settings.opposite(of: cluster) ?? cluster)
      let line = "\(name).\(namespace).svc.cluster.local in \(cluster)"
      if let known = hosts.firstIndex(where: {
        $0.client.node.range == client.node.range && $0.client.namespace == client.namespace
      }) {
        hosts[known].lines.append(line)
      } else {
        hosts.append((client, [line]))
      }
    }
    for (client, lines) in hosts {
      report(
        PorterRules.otherNamespace,
        "clients in \(client.namespace) must use the full name of the Service in \(namespace)",
        at: client.node, "another namespace than the claim's",
        help: ["their host is \(lines.joined(separator: ", "))"])
    }
  }
}

extension PortReference {
  /// The number, where the reference is one.
  var number: Int? {
    if case .number(let number) = self { return number }
    return nil
  }
}
