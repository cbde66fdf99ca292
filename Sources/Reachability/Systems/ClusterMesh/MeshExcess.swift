import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What global Services and exports lead to beyond the connections.
///
/// A global Service gives pods of other members a name and an address; who gets in is the policies' business, and judged
/// there. It *opens* its pods to a member when it is shared and the member has a global Service of its name: then that
/// member's clients are led there, asked or not. An export opens them to every member that has the namespace. Opened
/// pairs of members that no connection declares are excess, unless Cilium could not do with less: members that are both
/// targets of one Service are led to each other.
extension ClusterMeshSystem {
  package func excesses(beyond crossings: [JudgedCrossing], in fleet: JudgedFleet) -> [SystemExcess] {
    let own = crossings.over(Self.key).filter { members[$0.target.cluster] != nil }
    let uses = MeshUses(own)
    let order = members.values.sorted { $0.cluster.name < $1.cluster.name }
    var globals: [NamespacedName: [GlobalService]] = [:]
    for member in order {
      for global in globalServices(of: member, uses) { globals[global.key, default: []].append(global) }
    }
    var found: [SystemExcess] = []
    for (key, services) in globals.sorted(by: { $0.key < $1.key }) {
      found += excesses(of: key, services, uses)
    }
    guard exports(nil) || own.contains(where: { exports($0.connection) }) else { return found }
    for member in order {
      for export in member.cluster.objects(ofKind: "ServiceExport") {
        found += excesses(of: export, member, order, uses)
      }
    }
    return found
  }

  /// A Service as it will be once patches are applied.
  private struct GlobalService {
    let key: NamespacedName
    let member: Member
    let isShared: Bool
    /// What makes it global: the patch, the emitted Service, or the manifest of somebody else.
    let object: KnownObject
    let service: Service?

    var place: String { member.cluster.name }
    var isEmitted: Bool { object.evidence == .emitted }
    var opener: Node? { object.node.at("metadata", "annotations")?["service.cilium.io/global"] }
  }

  /// The global Services of a member, those whose manifests lie elsewhere among them. Linear in its Services.
  private func globalServices(of member: Member, _ uses: MeshUses) -> [GlobalService] {
    let cluster = member.cluster
    var found: [GlobalService] = []
    func add(_ object: KnownObject, _ service: Service?, _ key: NamespacedName) {
      guard isTrue("service.cilium.io/global", "io.cilium/global-service", object, cluster),
        isExchanged(key.namespace, member)
      else { return }
      let shared =
        cluster.annotation("service.cilium.io/shared", of: object)
        ?? cluster.annotation("io.cilium/shared-service", of: object)
      let patch = cluster.patch(of: object.manifest.identity)
      let isPatched = patch?.manifest.annotation("service.cilium.io/global") != nil
      found.append(
        GlobalService(
          key: key, member: member, isShared: shared?.lowercased() != "false",
          object: isPatched ? patch ?? object : object, service: service))
    }
    for object in cluster.objects(ofKind: "Service") {
      let key = NamespacedName(object.manifest.namespace ?? "default", object.name)
      let service = Service(object.manifest, namespace: key.namespace)
      // Without pods of its own it has nothing to share, and with a name of elsewhere nothing to join.
      guard service.type != "ExternalName" else { continue }
      add(object, service, key)
    }
    // Declared inline: a patch is all that is here.
    for (identity, patch) in cluster.patches where identity.kind == "Service" && identity.group.isEmpty {
      let key = NamespacedName(identity.namespace ?? "default", identity.name)
      if uses.concern(key), cluster.service(key) == nil { add(patch, nil, key) }
    }
    return found
  }

  /// False for a namespace that has not opted in where it must.
  private func isExchanged(_ namespace: String, _ member: Member) -> Bool {
    guard member.cilium["defaultGlobalNamespace"]?.boolean == false else { return true }
    return member.cluster.model.declared.namespaces[namespace]?
      .annotation("clustermesh.cilium.io/global")?.lowercased() == "true"
  }

  /// False where one of two members is surely not told of the other.
  func areJoined(_ one: Member, _ other: Member) -> Bool {
    one.peers.hold(other.name) != false && other.peers.hold(one.name) != false
  }

  /// Pairs of members of which neither is surely not told of the other.
  var joinedPairs: [(String, String)] {
    let order = members.values.sorted { $0.cluster.name < $1.cluster.name }
    return order.flatMap { one in
      order.filter { $0.cluster.name != one.cluster.name && areJoined(one, $0) }.map {
        (one.cluster.name, $0.cluster.name)
      }
    }
  }

  package func audience(
    of crossing: Crossing, _ admissions: inout Admissions, in fleet: JudgedFleet
  ) -> Audience? {
    guard let target = members[crossing.target.cluster], admissions.leaveOpen(crossing) else { return nil }
    let key = "\(link.name.value) \(crossing.target.cluster)"
    let others = admissions.meshAudiences[key] ?? listed(joined(with: target), none: "")
    admissions.meshAudiences[key] = others
    guard !others.isEmpty else { return nil }
    return Audience(
      JudgementRules.openMesh, "every pod of \(others): no policy isolates the target's pods",
      remedy:
        "isolate them with a policy, and the clients are admitted by what is emitted, or say that it is known: exposure: {acknowledged: MESH}"
    )
  }

  /// The other members with which a member is joined, in order. Linear in the members, each linear in its peers.
  private func joined(with target: Member) -> [String] {
    members.values.filter { $0.cluster.name != target.cluster.name && areJoined($0, target) }
      .map(\.cluster.name).sorted()
  }

  // MARK: Global Services

  /// Linear in the pairs of members that have the Service.
  private func excesses(
    of key: NamespacedName, _ services: [GlobalService], _ uses: MeshUses
  ) -> [SystemExcess] {
    guard services.count > 1 else { return [] }
    let targets = uses.targets(of: key)
    var found: [SystemExcess] = []
    // Members whose clients are led further than declared, and where to.
    var further: [String: [String]] = [:]
    for server in services where server.isShared && hasPods(server) {
      let clients = services.filter { $0.place != server.place && areJoined($0.member, server.member) }
      guard !clients.isEmpty else { continue }
      guard targets.contains(server.place) else {
        found.append(undeclared(server, clients.map(\.place), uses))
        continue
      }
      let declared = uses.clients(of: key, in: server.place)
      for client in clients where !declared.contains(client.place) && !targets.contains(client.place) {
        further[client.place, default: []].append(server.place)
      }
      found += otherPorts(server, uses)
    }
    for client in services {
      guard let places = further[client.place] else { continue }
      found.append(leadsFurther(client, places, uses))
    }
    return found
  }

  /// Nobody is led to nothing: where workloads of the namespace are known, one of them must be behind the Service.
  private func hasPods(_ global: GlobalService) -> Bool {
    guard let service = global.service else { return true }
    guard !service.selector.isEmpty else { return false }
    let workloads = global.member.cluster.workloads(in: global.key.namespace)
    let selector = LabelSelector(equality: service.selector)
    return workloads.isEmpty || workloads.contains { selector.matches($0.podLabels) }
  }

  /// A Service that shares pods which no connection reaches.
  private func undeclared(_ server: GlobalService, _ clients: [String], _ uses: MeshUses) -> SystemExcess {
    let isClient = uses.isClient(of: server.key, server.place)
    return SystemExcess(
      server.isEmitted ? JudgementRules.exposesServices : JudgementRules.leadsFurther, server.object,
      at: server.opener, of: link, saidBy: [],
      "Service \(server.key.description) of \(server.place) is global and shared: clients of \(listed(clients)) are led to its pods, which no connection reaches",
      remedy: isClient
        ? "annotate it with service.cilium.io/shared: \"false\": its own clients reach other members all the same"
        : "take service.cilium.io/global away, or declare the connection")
  }

  /// A Service whose clients reach members that no connection of theirs names.
  private func leadsFurther(_ client: GlobalService, _ places: [String], _ uses: MeshUses) -> SystemExcess {
    let isClient = uses.isClient(of: client.key, client.place)
    return SystemExcess(
      JudgementRules.leadsFurther, client.object, at: client.opener, of: link, saidBy: [],
      "Service \(client.key.description) of \(client.place) is global: its clients are led to pods of \(listed(places)), which no connection declares",
      remedy: isClient
        ? "declare it in the connection's 'to.clusters', or give Services that clients tell apart different names"
        : "take service.cilium.io/global away, or name \(client.place) among the connection's clients",
      unlessAcknowledgedBy: uses.crossings(of: client.key))
  }

  /// Ports that other members' clients can name though no connection uses them; what policies keep closed is no port of
  /// theirs.
  private func otherPorts(_ server: GlobalService, _ uses: MeshUses) -> [SystemExcess] {
    guard let service = server.service else { return [] }
    return otherPorts(
      of: service, server.place, server.object, at: server.opener, uses,
      "Service \(server.key.description) of \(server.place) is global")
  }

  private func otherPorts(
    of service: Service, _ place: String, _ object: KnownObject, at opener: Node?, _ uses: MeshUses,
    _ subject: String
  ) -> [SystemExcess] {
    let used = uses.ports(of: service.key, in: place)
    guard used.count < service.ports.count else { return [] }
    return service.ports.filter { !used.contains(MeshUses.Port($0)) }.map { port in
      SystemExcess(
        JudgementRules.namesOtherPorts, object, at: opener, of: link, saidBy: [],
        "\(subject) with port \(port.description) \(port.transport.rawValue), which no connection uses and its policies admit other clusters to",
        remedy: "declare the port, admit nobody to it, or move it to a Service of its own",
        unlessAcknowledgedBy: uses.crossings(of: service.key),
        ifOthersReach: SystemExcess.PortOfPods(cluster: place, service: service, port: port))
    }
  }

  // MARK: Exports

  private func excesses(
    of export: KnownObject, _ server: Member, _ order: [Member], _ uses: MeshUses
  ) -> [SystemExcess] {
    let key = NamespacedName(export.manifest.namespace ?? "default", export.name)
    let place = server.cluster.name
    let importers = order.filter { member in
      member.cluster.name != place && areJoined(member, server) && isExchanged(key.namespace, member)
        && (member.cluster.model.declared.knows(namespace: key.namespace)
          || !member.cluster.emittedObjects(in: key.namespace).isEmpty)
    }.map(\.cluster.name)
    guard !importers.isEmpty, let (service, _) = server.cluster.service(key) else { return [] }
    guard uses.targets(of: key).contains(place) else {
      return [
        SystemExcess(
          export.evidence == .emitted ? JudgementRules.exposesServices : JudgementRules.leadsFurther, export,
          at: export.node, of: link, saidBy: [],
          "ServiceExport \(key.description) of \(place) leads clients of \(listed(importers)) to pods that no connection reaches",
          remedy: "take the export out, or declare the connection")
      ]
    }
    let declared = uses.clients(of: key, in: place)
    let targets = uses.targets(of: key)
    let others = importers.filter { !declared.contains($0) && !targets.contains($0) }
    var found = otherPorts(
      of: service, place, export, at: nil, uses, "ServiceExport \(key.description) of \(place) exports it")
    if !others.isEmpty {
      found.append(
        SystemExcess(
          JudgementRules.leadsFurther, export, at: export.node, of: link, saidBy: [],
          "ServiceExport \(key.description) of \(place) is imported in \(listed(others)) as well, where no connection has clients",
          remedy:
            "name them in the connection's 'from', or say 'exposure.acknowledged': an export goes to every member that has the namespace",
          unlessAcknowledgedBy: uses.crossings(of: key)))
    }
    return found
  }
}

/// What connections over a mesh use of each Service.
struct MeshUses {
  /// By what pods of other clusters join it.
  struct Port: Hashable {
    let name: String?
    let transport: TransportProtocol

    init(_ port: ServicePort) {
      name = port.name
      transport = port.transport
    }
  }

  private struct Place: Hashable {
    let key: NamespacedName
    let cluster: String
  }

  private var byKey: [NamespacedName: [Crossing]] = [:]
  private var clientsOf: [Place: Set<String>] = [:]
  private var portsOf: [Place: Set<Port>] = [:]
  private var targetsOf: [NamespacedName: Set<String>] = [:]
  private var clientPlaces: Set<Place> = []

  /// Linear in the crossings.
  init(_ crossings: [Crossing]) {
    for crossing in crossings {
      let key = crossing.target.service.key
      let place = Place(key: key, cluster: crossing.target.cluster)
      byKey[key, default: []].append(crossing)
      // A target in the clients' own cluster is no crossing, and part of the same Service all the same.
      for target in crossing.connection.targets where target.service.key == key {
        targetsOf[key, default: []].insert(target.cluster)
      }
      portsOf[place, default: []].insert(Port(crossing.port.port))
      guard let client = crossing.client.cluster else { continue }
      clientsOf[place, default: []].insert(client)
      clientPlaces.insert(Place(key: key, cluster: client))
    }
  }

  /// True for a Service that connections reach.
  func concern(_ key: NamespacedName) -> Bool { byKey[key] != nil }

  func crossings(of key: NamespacedName) -> [Crossing] { byKey[key] ?? [] }

  /// The clusters that are targets under a Service's name.
  func targets(of key: NamespacedName) -> Set<String> { targetsOf[key] ?? [] }

  /// The clusters whose clients connections lead to a target.
  func clients(of key: NamespacedName, in target: String) -> Set<String> {
    clientsOf[Place(key: key, cluster: target)] ?? []
  }

  func ports(of key: NamespacedName, in target: String) -> Set<Port> {
    portsOf[Place(key: key, cluster: target)] ?? []
  }

  /// True where connections have clients of the Service in a cluster.
  func isClient(of key: NamespacedName, _ cluster: String) -> Bool {
    clientPlaces.contains(Place(key: key, cluster: cluster))
  }
}
