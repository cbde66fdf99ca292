import Diagnostics
package import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Cilium ClusterMesh: each member's agents read the other members' Services and pods from their API servers, and add
/// remote pods to global Services.
///
/// From the documentation (network/clustermesh) and the source (pkg/clustermesh, pkg/annotation/k8s.go): a Service of
/// one name and namespace is global where it is annotated so; its pods join other clusters' Services unless it is not
/// shared; they join by the *name* of the port. Pods keep their addresses and identities between clusters, so both
/// ends' policies see pods, with the label of their cluster.
package struct ClusterMeshSystem: ReachabilitySystem {
  package static let key = "clusterMesh"
  package static let notesAllNeeds = true
  package static let tellsAudience = true
  package static let kinds: Set<String> = ["Secret", "ServiceExport"]
  package static let fragments: Set<String> = ["cilium-values.yaml"]

  /// A member with what its agents are told of the others.
  struct Member: Sendable {
    let cluster: JudgedCluster
    let name: String
    let cilium: Node
    /// Its Helm values, where this compile writes some.
    let values: Node?
    let peers: Peers
    let place: Label?

    /// Charts from 1.20 on look at the annotation of namespaces; an unknown one is taken for a new one.
    var knowsGlobalNamespaces: Bool {
      let numbers = (cilium["chartVersion"]?.string ?? "").split(separator: ".").prefix(2).map { Int($0) }
      guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else { return true }
      return (major, minor) >= (1, 20)
    }
  }

  /// The clusters that a member's configuration lists.
  enum Peers: Sendable {
    /// Nothing is known of it.
    case unknown
    /// It has none.
    case none
    /// Keys of a Secret.
    case secret(names: Set<String>)
    /// A list or a map in Helm values.
    case values(Node, names: Set<String>)

    var isSecret: Bool { if case .secret = self { true } else { false } }

    /// Whether a cluster is among them; nil where nothing is known.
    func hold(_ name: String) -> Bool? {
      switch self {
      case .unknown: nil
      case .none: false
      case .secret(let names): !name.contains(".") && names.contains(name)
      case .values(_, let names): names.contains(name)
      }
    }

    /// The keys of a Secret.
    init(secret: Node) {
      let parts = [secret["data"], secret["stringData"]].compactMap { $0 }
      self = .secret(names: Set(parts.flatMap { $0.entries.map(\.key.text) }))
    }

    /// The names in `clustermesh.config.clusters`.
    init(values clusters: Node) {
      self = .values(
        clusters,
        names: Set(
          clusters.kind == .sequence
            ? clusters.elements.compactMap { $0["name"]?.text } : clusters.entries.map(\.key.text)))
    }
  }

  let members: [String: Member]
  let link: Link
  /// How Services cross where a connection does not say it: by exports, or by annotations.
  private let form: String?

  package init(_ link: Link, in fleet: JudgedFleet) {
    var members: [String: Member] = [:]
    for name in Self.memberNames(link, fleet) {
      guard let cluster = fleet.clusters[name], let cilium = cluster.model.cluster.node.at("spec", "cilium")
      else { continue }
      let values = cluster.fragmentRoot("cilium-values.yaml")
      let (peers, place) = Self.peers(of: cluster, cilium, values)
      members[name] = Member(
        cluster: cluster, name: cluster.meshName ?? name, cilium: cilium, values: values, peers: peers,
        place: place)
    }
    self.link = link
    self.members = members
    form = link.section["services"]?.string
  }

  /// True where Services cross by exports: for a connection, or for those that do not say it.
  func exports(_ connection: BoundConnection?) -> Bool {
    (connection?.section("clusterMesh")?["services"]?.string ?? form) == "mcs"
  }

  private static func memberNames(_ link: Link, _ fleet: JudgedFleet) -> [String] {
    if let names = link.section["members"] { return names.elements.map(\.text) }
    guard let selector = link.section["clusterSelector"] else { return [] }
    let wanted = LabelSelector(selector)
    return fleet.clusters.filter { wanted.matches($0.value.model.cluster.labels) }.keys.sorted()
  }

  /// The clusters that a member's agents connect to: those of its Helm values, or of the Secret that they become.
  private static func peers(
    of cluster: JudgedCluster, _ cilium: Node, _ values: Node?
  ) -> (Peers, Label?) {
    let namespace = cilium["namespace"]?.string ?? "kube-system"
    if let secret = cluster.object("v1", "Secret", namespace, "cilium-clustermesh") {
      return (Peers(secret: secret.node), secret.label())
    }
    guard let fragment = cluster.fragment("cilium-values.yaml") else { return (.unknown, nil) }
    let mesh = values?["clustermesh"]
    guard mesh?["useAPIServer"]?.boolean ?? false, mesh?.at("config", "enabled")?.boolean ?? false,
      let clusters = mesh?.at("config", "clusters")
    else { return (.none, fragment.subject) }
    return (Peers(values: clusters), fragment.subject)
  }

  // MARK: Pods of the other side

  package func peers(of crossing: Crossing, in fleet: JudgedFleet) -> CrossingPeers {
    CrossingPeers(
      atTarget: fleet.remoteClients(of: crossing), atClient: fleet.remoteTargets(of: crossing),
      beside: [crossing.client.cluster, crossing.target.cluster].compactMap { name in
        name.flatMap { members[$0] }.flatMap { MeshServer.onTheWay($0) }
      })
  }

  // MARK: The way

  package func walk(_ crossing: Crossing, _ walk: inout Walk) {
    walk.start()
    let fleet = walk.fleet
    let outsider =
      members[crossing.client.cluster ?? ""] == nil
      ? crossing.client.cluster ?? crossing.target.cluster : crossing.target.cluster
    guard let client = walk.clientCluster, let target = walk.targetCluster,
      let near = members[client.name], let far = members[target.name]
    else {
      walk.fail(
        .tunnel, in: crossing.client.cluster, "mesh",
        Fault(
          JudgementRules.tunnel, "\(outsider) is no member of the mesh",
          help: ["make it a member, or use another link"],
          because: MeshClaims.member(outsider),
          // One with Cilium is left out by the link alone.
          wanted: Ternary(fleet.clusters[outsider]?.model.cluster.node.at("spec", "cilium") == nil)))
      return
    }
    let port = crossing.port.port
    walk.leave(
      to: walk.fleet.remoteTargets(of: crossing), port: { $0.number(of: port.target, port.transport) },
      port.transport)
    let imported = ImportedService(
      key: crossing.target.service.key, near: near, far: far, members: members)
    let isExported = exports(crossing.connection)
    if isExported {
      imported.resolve(crossing, &walk)
      localNamespace(crossing.target.service.key, near, far, &walk)
    } else {
      name(crossing, near, far, &walk)
    }
    join(near, far, &walk)
    for member in [near, far] { AgentConfiguration(member: member).judge(&walk) }
    NodePolicies.judge([near, far], &walk)
    authentication(&walk)
    walk.sender = .pods(
      walk.fleet.remoteClients(of: crossing), description: "the client's own pods of \(near.name)")
    if isExported {
      imported.export(&walk)
      walk.enter(
        unless: { service in imported.notExported(service) },
        admittedBy: { NodePolicies.judgeInspection(crossing, far, &$0) })
      return
    }
    if notShared(crossing.target.service, far, crossing) == nil {
      walk.rely(on: MeshClaims.service(crossing.target.service.key, in: far.cluster.name, MeshClaims.shared))
    }
    walk.enter(
      unless: { service in self.notShared(service, far, crossing) },
      admittedBy: { NodePolicies.judgeInspection(crossing, far, &$0) })
  }

  /// The Service of the client's own cluster: global, so that remote pods join it, under the same port name.
  private func name(_ crossing: Crossing, _ near: Member, _ far: Member, _ walk: inout Walk) {
    guard !walk.isOver else { return }
    let key = crossing.target.service.key
    let place = near.cluster.name
    guard let (service, object) = near.cluster.service(key) else {
      walk.fail(
        .name, in: place, "\(key.name).\(key.namespace).svc",
        Fault(
          JudgementRules.name, "there is no Service \(key.description) in \(place)",
          help: [
            "the Service must stand in the client's cluster too, with the same name, namespace and port names"
          ], because: MeshClaims.service(key, in: place)))
      return
    }
    if let fault = isAlias(service, place) {
      walk.fail(.name, in: place, "\(key.name).\(key.namespace).svc", fault)
      return
    }
    if let fault = headlessFault(service, near) {
      walk.fail(.name, in: place, "\(key.name).\(key.namespace).svc", fault)
      return
    }
    walk.resolve(
      "\(key.name).\(key.namespace).svc", object.evidence, at: [object.label()])
    guard !walk.isOver else { return }
    guard isTrue("service.cilium.io/global", "io.cilium/global-service", object, near.cluster) else {
      walk.fail(
        .address, in: place, "Service \(key.description)",
        Fault(
          JudgementRules.address,
          "Service \(key.description) of \(place) is not global: it leads to pods of \(place) alone",
          at: [object.label()], help: ["annotate it with service.cilium.io/global: \"true\""],
          because: MeshClaims.service(key, in: place, MeshClaims.global)))
      return
    }
    walk.rely(on: MeshClaims.service(key, in: place, MeshClaims.global))
    guard !walk.hasStraySlices(service, in: near.cluster, .address) else { return }
    let port = crossing.port.port
    guard service.ports.contains(where: { $0.name == port.name && $0.transport == port.transport }) else {
      walk.fail(
        .address, in: place, "Service \(key.description)",
        Fault(
          JudgementRules.address,
          "Service \(key.description) of \(place) has no port named '\(port.name ?? "")': pods of \(far.cluster.name) join it by the port's name",
          at: [
            object.label(at: object.node.at("spec", "ports")),
            Label(port.node.range, "in \(far.cluster.name)"),
          ],
          help: ["give the port one name in both clusters"],
          because: MeshClaims.service(key, in: place, MeshClaims.port(port))))
      return
    }
    walk.rely(on: MeshClaims.service(key, in: place, MeshClaims.port(port)))
    localNamespace(key, near, far, &walk)
    nearby(object, key, place, &walk)
    let questions = [otherNumber(service, crossing, place), otherPods(service, crossing, near)]
      .compactMap(\.self)
    if !questions.isEmpty {
      walk.depend(.address, in: place, at: [object.label()], "Service \(key.description)", on: questions)
    }
    walk.pass(
      .address, in: place,
      near.cluster.patch(of: object.manifest.identity) == nil ? object.evidence : .patched,
      at: [object.label()], "global Service: pods of \(far.name) join it")
  }

  /// Mutual authentication, which a policy of an end asks for: its identities are one cluster's, so that nothing is known to
  /// pass between two.
  private func authentication(_ walk: inout Walk) {
    for (slice, pods, direction, rules) in [
      (walk.clientSlice, walk.clientPods, NetworkPolicy.Direction.egress, "egress" as StaticString),
      (walk.targetSlice, walk.targetPods, .ingress, "ingress"),
    ] {
      guard !walk.isOver, let slice,
        slice.policies.contains(where: { $0.object.manifest.identity.group == "cilium.io" })
      else { continue }
      let numbers = Set(pods.flatMap { slice.engine.selecting($0, direction) }).sorted()
      for object in numbers.map({ slice.policies[$0].object }) {
        let specs =
          [object.node["spec"]].compactMap { $0 } + (object.node["specs"]?.elements.map { $0 } ?? [])
        let mode = specs.flatMap { $0[rules]?.elements.map { $0 } ?? [] }.compactMap {
          $0.at("authentication", "mode")
        }.first { $0.text == "required" }
        guard let mode else { continue }
        walk.depend(
          direction == .egress ? .egress : .ingress, in: slice.cluster.name, at: [object.label(at: mode)],
          "mutual authentication",
          on: [
            Question(
              "whether \(object.manifest.identity.description) of \(slice.cluster.name) can authenticate pods of another cluster: it requires mutual authentication",
              at: object.evidence == .declared ? mode.range : nil,
              help: "leave traffic between clusters out of the rule, or suppress the note with a reason")
          ])
        return
      }
    }
  }

  func isTrue(
    _ annotation: String, _ legacy: String, _ object: KnownObject, _ cluster: JudgedCluster
  ) -> Bool {
    let value = cluster.annotation(annotation, of: object) ?? cluster.annotation(legacy, of: object)
    return value?.lowercased() == "true"
  }

  private func localNamespace(_ key: NamespacedName, _ near: Member, _ far: Member, _ walk: inout Walk) {
    guard let fault = localNamespace(key.namespace, near) ?? localNamespace(key.namespace, far) else {
      return
    }
    walk.fail(.address, in: near.cluster.name, "Service \(key.description)", fault)
  }

  /// From 1.20 on, with defaultGlobalNamespace off, namespaces opt in.
  private func localNamespace(_ namespace: String, _ member: Member) -> Fault? {
    let manifest = member.cluster.model.declared.namespaces[namespace]
    if let value = manifest?.annotation("clustermesh.cilium.io/global"), value.lowercased() == "false",
      member.knowsGlobalNamespaces
    {
      return Fault(
        JudgementRules.address,
        "namespace \(namespace) of \(member.cluster.name) is taken out of the mesh: its Services stay in the cluster",
        at: manifest.map { [Label($0.nameNode.range)] } ?? [],
        help: ["remove its annotation clustermesh.cilium.io/global"],
        because: MeshClaims.globalNamespace(namespace, in: member.cluster.name))
    }
    guard member.cilium["defaultGlobalNamespace"]?.boolean == false else { return nil }
    guard manifest?.annotation("clustermesh.cilium.io/global")?.lowercased() != "true" else { return nil }
    return Fault(
      JudgementRules.address,
      "namespace \(namespace) of \(member.cluster.name) is not global: its Services stay in the cluster",
      at: manifest.map { [Label($0.nameNode.range)] } ?? [],
      help: ["annotate it with clustermesh.cilium.io/global: \"true\""],
      because: MeshClaims.globalNamespace(namespace, in: member.cluster.name))
  }

  // MARK: The mesh itself

  /// Each of the two must list the other: one for the pods it shall reach, the other for those that reach it.
  private func join(_ near: Member, _ far: Member, _ walk: inout Walk) {
    if let fault = differentFamilies(near, far) {
      walk.fail(.tunnel, in: near.cluster.name, "pods of \(far.name)", fault)
      return
    }
    authorities(near, far, &walk)
    for (one, other) in [(near, far), (far, near)] where !walk.isOver {
      let text = "\(one.cluster.name) reads \(other.name)"
      guard let isTold = one.peers.hold(other.name) else {
        walk.depend(
          .tunnel, in: one.cluster.name, text,
          on: [
            Question(
              "how \(one.cluster.name) is configured for the mesh: no Helm values and no Secret say it")
          ])
        continue
      }
      let claim = {
        MeshClaims.reads(
          other.name, in: one.cluster.name, one.cilium["namespace"]?.string ?? "kube-system",
          hasSecret: one.peers.isSecret)
      }
      guard !isTold else {
        walk.rely(on: claim())
        if let fault = contradiction(other, readBy: one) {
          walk.fail(.tunnel, in: other.cluster.name, text, fault)
          return
        }
        if let fault = ownAddress(other, readBy: one) {
          walk.fail(.tunnel, in: one.cluster.name, text, fault)
          return
        }
        if let question = unsaid(other) {
          walk.depend(
            .tunnel, in: other.cluster.name,
            at: other.cluster.fragment("cilium-values.yaml").map { [$0.subject] } ?? [], text, on: [question])
        }
        walk.pass(.tunnel, in: one.cluster.name, .emitted, at: one.place.map { [$0] } ?? [], text)
        MeshServer.judge(other, readBy: one, &walk)
        continue
      }
      if let missing = missingAddress(other) {
        walk.wait(
          .tunnel, in: one.cluster.name, text,
          for: MissingFact(
            cluster: other.cluster.name, namespace: other.cilium["namespace"]?.string ?? "kube-system",
            fact: "the address of Service clustermesh-apiserver", resources: missing.resources,
            lookedFor: missing.queries))
        continue
      }
      walk.fail(
        .tunnel, in: one.cluster.name, text,
        Fault(
          JudgementRules.tunnel,
          "\(one.cluster.name) is not told of \(other.name): its agents do not see those pods",
          at: one.place.map { [$0] } ?? [],
          help: ["list \(other.name) in clustermesh.config.clusters of \(one.cluster.name)"],
          because: one.peers.isSecret
            ? MeshClaims.leavesOut(
              other.name, in: one.cluster.name, one.cilium["namespace"]?.string ?? "kube-system") : claim(),
          wanted: one.peers.isSecret ? .no : .yes))
    }
  }

  /// Pods of IPv4 and pods of IPv6 alone have no address in common.
  private func differentFamilies(_ near: Member, _ far: Member) -> Fault? {
    let ranges = [near, far].map { $0.cluster.model.cluster.podCIDRs.map(\.node) }
    guard !ranges[0].isEmpty, !ranges[1].isEmpty else { return nil }
    let families = ranges.map { Set($0.map { $0.text.contains(":") }) }
    guard families[0].isDisjoint(with: families[1]) else { return nil }
    return Fault(
      JudgementRules.tunnel,
      "pods of \(near.cluster.name) and of \(far.cluster.name) have addresses of different families: neither can answer the other",
      at: ranges.map { Label($0[0].range) },
      help: ["give both clusters' pods addresses of one family"],
      // That the ranges are others than these, of one family.
      because: .found(
        ObjectQuery(
          of: nil, in: near.cluster.name, nil, nil, .document,
          where: [.not(.text(["spec", "network", "podCIDRs", "*"], ranges[0].map(\.text)))])))
  }

  /// What must be asked for before anybody can say at which address a member's clustermesh-apiserver is reached; nil
  /// where that is known.
  private func missingAddress(_ member: Member) -> (resources: String, queries: [ObjectQuery])? {
    let mesh = member.cilium["mesh"]
    if mesh?["address"] != nil || (mesh?["ips"]?.count ?? 0) > 0 { return nil }
    let cluster = member.cluster.name
    let namespace = member.cilium["namespace"]?.string ?? "kube-system"
    let service = member.cluster.observed("v1", "Service", namespace, "clustermesh-apiserver")
    switch mesh?["serviceType"]?.string {
    case "LoadBalancer":
      guard (service?.node.at("status", "loadBalancer", "ingress")?.count ?? 0) == 0 else { return nil }
      return (
        "svc",
        [MeshClaims.server(in: cluster, namespace, [.exists(["status", "loadBalancer", "ingress", "*"])])]
      )
    case "ClusterIP":
      guard service?.node.at("spec", "clusterIP") == nil else { return nil }
      return ("svc", [MeshClaims.server(in: cluster, namespace, [.exists(["spec", "clusterIP"])])])
    default:
      guard service != nil else { return ("svc,nodes", [MeshClaims.server(in: cluster, namespace)]) }
      let knowsNodes = member.cluster.model.observed.objects.keys.contains { $0.kind == "Node" }
      return knowsNodes ? nil : ("svc,nodes", [ObjectQuery("Node", of: "", in: cluster, nil, nil, .observed)])
    }
  }

  /// Pods of a Service that is not global, or not shared, stay in their cluster.
  private func notShared(_ service: Service, _ far: Member, _ crossing: Crossing) -> Fault? {
    let key = service.key
    // Declared inline, its manifest lies elsewhere; the patch that this compile writes says what it will be.
    let object =
      far.cluster.service(key)?.object
      ?? far.cluster.patch(
        of: ObjectIdentity(apiVersion: "v1", kind: "Service", namespace: key.namespace, name: key.name))
    guard let object else { return nil }
    let isGlobal = isTrue("service.cilium.io/global", "io.cilium/global-service", object, far.cluster)
    let shared =
      far.cluster.annotation("service.cilium.io/shared", of: object)
      ?? far.cluster.annotation("io.cilium/shared-service", of: object)
    guard !isGlobal || shared?.lowercased() == "false" else { return nil }
    return Fault(
      JudgementRules.service,
      "Service \(key.description) of \(far.cluster.name) is not \(isGlobal ? "shared" : "global"): its pods join no other cluster's Service",
      at: [object.label()],
      help: ["annotate it with service.cilium.io/\(isGlobal ? "shared" : "global"): \"true\""],
      because: MeshClaims.service(key, in: far.cluster.name, MeshClaims.shared))
  }
}
