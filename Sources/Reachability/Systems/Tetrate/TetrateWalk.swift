import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The way through a gateway that TSB configures.
struct TetrateWalk {
  let control: TetrateControl
  let section: Node

  func walk(_ crossing: Crossing, _ walk: inout Walk) {
    guard let cluster = walk.targetCluster, let client = walk.clientCluster else { return }
    let key = crossing.target.service.key
    let service = cluster.service(key)?.service ?? crossing.target.service
    let exposing = control.entries.filter { $0.exposes(service.manifest.labels) }
    let found = exposing.lazy.compactMap { entry in gateway(entry, in: cluster).map { (entry, $0) } }.first
    let place = found.flatMap { self.place($0.1, in: cluster) }
    if let place {
      place.leave(&walk)
    } else if found != nil {
      walk.leave(
        to: nil, port: TetrateSystem.port, .tcp, as: "the gateway", missing: missing(found?.1, cluster))
    }
    name(crossing, client, cluster, place, &walk)
    if found != nil {
      if let place {
        address(crossing, place, client, &walk)
      } else {
        walk.wait(
          .address, in: cluster.name, "the gateway's address", for: missing(found?.1, cluster))
      }
    }
    gateway(found, exposing, service, cluster, &walk)
    reach(client, cluster, &walk)
    guard let (entry, _) = found, !walk.isOver else { return }
    let host = "\(key.name).\(key.namespace).svc.cluster.local"
    EastWestPods.call(host, crossing, from: client, to: place, &walk)
    EastWestPods.judge(entry.selector, crossing, in: cluster, &walk)
    walk.sender = .pods(
      [EastWestPods.peer(entry.selector, in: cluster)], description: entry.selector.description)
    walk.enter(admittedBy: { walk in
      EastWestPods.admit(crossing, in: cluster, &walk)
      guard !walk.isOver, let (question, place) = control.narrowSecurity else { return }
      walk.depend(
        .ingress, in: cluster.name, at: [place], "security setting of the workspace", on: [question])
    })
  }

  // MARK: The gateway

  /// A gateway of install.tetrate.io that an entry selects and that takes traffic on 15443.
  private func gateway(_ entry: TetrateControl.Entry, in cluster: JudgedCluster) -> KnownObject? {
    candidates(in: cluster).first { object in
      guard object.manifest.namespace == entry.selector.namespace else { return false }
      let labels = Self.podLabels(of: object)
      return entry.selector.labels.items.allSatisfy { labels[$0.key] == $0.value } && Self.listens(object)
    }
  }

  /// True where the entry's gateway stands in a cluster.
  func hasGateway(_ entry: TetrateControl.Entry, in cluster: JudgedCluster) -> Bool {
    gateway(entry, in: cluster) != nil
  }

  /// Why a gateway that is selected takes no traffic of other clusters; nil where none is selected.
  private func deafness(_ entries: [TetrateControl.Entry], in cluster: JudgedCluster) -> String? {
    let chosen = candidates(in: cluster).first { object in
      let labels = Self.podLabels(of: object)
      return entries.contains { entry in
        object.manifest.namespace == entry.selector.namespace
          && entry.selector.labels.items.allSatisfy { labels[$0.key] == $0.value }
      }
    }
    guard let chosen else { return nil }
    let isEgress = chosen.node.at("spec", "type")?.text == "EGRESS"
    return
      "\(chosen.manifest.identity.description) of \(cluster.name) takes no traffic of other clusters: \(isEgress ? "it is of type EGRESS" : "its Service has no port \(TetrateSystem.port)")"
  }

  private func candidates(in cluster: JudgedCluster) -> [KnownObject] {
    (cluster.objects(ofKind: "Gateway") + cluster.objects(ofKind: "IngressGateway")).filter {
      $0.manifest.identity.group == "install.tetrate.io"
    }
  }

  private static func podLabels(of object: KnownObject) -> Labels {
    let own = object.node.at("spec", "kubeSpec", "deployment").map { $0.labels("labels") } ?? Labels()
    return own["app"] == nil
      ? Labels(pairs: own.items.map { ($0.key, $0.value) } + [("app", object.name)]) : own
  }

  /// Every kind but the egress gateways opens 15443, unless the Service's ports are overridden.
  private static func listens(_ object: KnownObject) -> Bool {
    let spec = object.node["spec"]
    if object.manifest.kind == "Gateway", spec?["type"]?.text == "EGRESS" { return false }
    guard let ports = spec?.at("kubeSpec", "service", "ports") else { return true }
    return ports.elements.contains { $0["port"]?.integer == TetrateSystem.port }
  }

  /// That a gateway which takes traffic on 15443 is installed with pods that one of the selectors chooses.
  private static func installed(_ selectors: [EastWestSelector], in cluster: JudgedCluster) -> Claim {
    .found(
      selectors.map { selector in
        let labels = ["spec", "kubeSpec", "deployment", "labels"]
        var conditions = selector.labels.items.map { label -> ObjectCondition in
          let own = ObjectCondition.text(labels + [label.key], [label.value])
          guard label.key == "app" else { return own }
          // Pods are labelled with the gateway's name where it says nothing else.
          return .either([
            own, .all([.not(.exists(labels + ["app"])), .text(["metadata", "name"], [label.value])]),
          ])
        }
        conditions += [
          .either([
            .not(.exists(["spec", "kubeSpec", "service", "ports"])),
            .number(["spec", "kubeSpec", "service", "ports", "*", "port"], TetrateSystem.port),
          ]),
          .either([.not(.text(["kind"], ["Gateway"])), .not(.text(["spec", "type"], ["EGRESS"]))]),
        ]
        return ObjectQuery(
          "Gateway", "IngressGateway", of: "install.tetrate.io", in: cluster.name, selector.namespace,
          where: conditions)
      })
  }

  /// Where the gateway that exposes a crossing's target is; nil while that is not known.
  func place(of crossing: Crossing, in cluster: JudgedCluster) -> EastWestPlace? {
    let service = cluster.service(crossing.target.service.key)?.service ?? crossing.target.service
    let exposing = control.entries.filter { $0.exposes(service.manifest.labels) }
    return exposing.lazy.compactMap { gateway($0, in: cluster) }.first.flatMap { place($0, in: cluster) }
  }

  /// Where an entry's gateway of a cluster is; nil where it has none, an empty place while nobody knows the address.
  func place(of entry: TetrateControl.Entry, in cluster: JudgedCluster) -> EastWestPlace? {
    gateway(entry, in: cluster).map {
      place($0, in: cluster) ?? EastWestPlace(texts: [], evidence: .derived, place: nil)
    }
  }

  private func place(_ gateway: KnownObject, in cluster: JudgedCluster) -> EastWestPlace? {
    EastWestPlace.find(
      NamespacedName(gateway.manifest.namespace ?? "", gateway.name),
      override: gateway.node.at("spec", "kubeSpec", "service", "annotations")?[
        "xcp.tetrate.io/cluster-external-addresses"],
      declared: section["gateway"]?["addresses"]?[cluster.name], in: cluster)
  }

  private func missing(_ gateway: KnownObject?, _ cluster: JudgedCluster) -> MissingFact {
    MissingFact(
      cluster: cluster.name, namespace: gateway?.manifest.namespace ?? "",
      fact: "the address of the east-west gateway's Service \(gateway?.name ?? "")", resources: "svc",
      lookedFor: [
        ObjectQuery(
          "Service", of: "", in: cluster.name, gateway?.manifest.namespace ?? "", gateway?.name ?? "",
          .observed,
          where: [.exists(["status", "loadBalancer", "ingress", "*"])])
      ])
  }

  private func gateway(
    _ found: (TetrateControl.Entry, KnownObject)?, _ exposing: [TetrateControl.Entry], _ service: Service,
    _ cluster: JudgedCluster, _ walk: inout Walk
  ) {
    guard !walk.isOver else { return }
    let name = service.key.description
    let text = "east-west gateway of \(cluster.name) → Service \(name)"
    if control.lacksWorkspace {
      let name = section["workspace"]?["name"]?.text ?? ""
      walk.fail(
        .gateway, in: cluster.name, text,
        Fault(
          JudgementRules.unpublished,
          "no object makes workspace \(name) in the link's organization and tenant: TSB exposes nothing",
          at: control.isolationPlace.map { [$0] } ?? [],
          help: ["keep the annotations tsb.tetrate.io/organization and tsb.tetrate.io/tenant, and the name"],
          because: control.owned(service.key.namespace, of: cluster)))
      return
    }
    guard control.owns(service.key.namespace, of: cluster) else {
      walk.fail(
        .gateway, in: cluster.name, text,
        Fault(
          JudgementRules.unpublished,
          "the workspace does not own namespace \(service.key.namespace) of \(cluster.name)",
          at: control.isolationPlace.map { [$0] } ?? [],
          help: ["add '\(TetrateControl.name(of: cluster))/\(service.key.namespace)' to the workspace"],
          because: control.owned(service.key.namespace, of: cluster)))
      return
    }
    if control.showsWorkspace { walk.rely(on: control.owned(service.key.namespace, of: cluster)) }
    guard !exposing.isEmpty else {
      let labels = service.manifest.labels
      walk.fail(
        .gateway, in: cluster.name, text,
        Fault(
          JudgementRules.unpublished,
          control.entries.isEmpty
            ? "no WorkspaceSetting exposes anything of the workspace"
            : "no WorkspaceSetting exposes Service \(name): it has \(labels.isEmpty ? "no labels" : labels.description)",
          at: control.entries.prefix(1).map(\.object.label),
          help: ["expose a label that the Service has: serviceLabels are labels of Services, not of pods"],
          because: control.exposed(service.manifest.labels)))
      return
    }
    guard let (entry, gateway) = found else {
      walk.rely(on: control.exposed(service.manifest.labels, by: exposing[0].selector))
      walk.fail(
        .gateway, in: cluster.name, text,
        Fault(
          JudgementRules.unpublished,
          deafness(exposing, in: cluster)
            ?? "no gateway of \(cluster.name) is selected by \(exposing[0].selector.description) and listens on \(TetrateSystem.port)",
          at: exposing.prefix(1).map(\.object.label)
            + candidates(in: cluster).prefix(1).map { $0.label("not this one") },
          help: ["install an east-west gateway whose pods have these labels"],
          because: Self.installed(exposing.map(\.selector), in: cluster)))
      return
    }
    walk.rely(on: control.exposed(service.manifest.labels, by: entry.selector))
    walk.rely(on: Self.installed([entry.selector], in: cluster))
    if let fault = unlistening(gateway, in: cluster) {
      walk.fail(.gateway, in: cluster.name, text, fault)
      return
    }
    if let type = gateway.node.at("spec", "kubeSpec", "service", "type"), type.text == "ClusterIP" {
      walk.depend(
        .gateway, in: cluster.name, at: [gateway.label(at: type)], text,
        on: [
          Question(
            "who leads other clusters to \(gateway.manifest.identity.description) of \(cluster.name), whose Service is of type ClusterIP",
            isReported: true)
        ])
    }
    if let question = doubtfulPort(gateway, in: cluster) {
      walk.depend(.gateway, in: cluster.name, at: [gateway.label()], text, on: [question])
    }
    walk.pass(
      .gateway, in: cluster.name, gateway.evidence, at: [gateway.label(), entry.object.label],
      "\(gateway.manifest.identity.description) exposes Service \(name)")
  }

  /// A Service of the gateway that was observed without the port of other clusters.
  private func unlistening(_ gateway: KnownObject, in cluster: JudgedCluster) -> Fault? {
    let namespace = gateway.manifest.namespace ?? ""
    guard let service = cluster.observed("v1", "Service", namespace, gateway.name),
      let ports = service.node.at("spec", "ports"), ports.count > 0,
      !ports.elements.contains(where: {
        $0["port"]?.integer == TetrateSystem.port && ($0["protocol"]?.text ?? "TCP") == "TCP"
      })
    else { return nil }
    return Fault(
      JudgementRules.unpublished,
      "Service \(namespace)/\(gateway.name) of \(cluster.name) was observed without port \(TetrateSystem.port)/TCP",
      at: [service.label(at: ports)],
      help: ["give the gateway the port, then observe its Service again"],
      because: .found(
        ObjectQuery(
          "Service", of: "", in: cluster.name, namespace, gateway.name, .observed,
          where: [
            .element(
              ["spec", "ports", "*"],
              [.number(["port"], TetrateSystem.port), .text(["protocol"], ["TCP"], default: "TCP")])
          ])))
  }

  // MARK: Names and networks

  /// The Service's own name: XCP writes a ServiceEntry, or a WorkloadEntry beside the client's own Service.
  private func name(
    _ crossing: Crossing, _ client: JudgedCluster, _ cluster: JudgedCluster, _ place: EastWestPlace?,
    _ walk: inout Walk
  ) {
    guard !walk.isOver else { return }
    let key = crossing.target.service.key
    let host = "\(key.name).\(key.namespace).svc.cluster.local"
    let port = walk.port.number
    if let local = client.service(key) {
      guard EastWestPods.leadsToEndpoints(local.service, key, client, &walk) else { return }
      if let fault = TwinService(service: local.service, crossing: crossing, client: client).nameFault {
        walk.fail(.name, in: client.name, "\(host):\(port)", fault)
        return
      }
      walk.resolve("\(host):\(port)", local.object.evidence, at: [local.object.label()])
      return
    }
    if let (question, label) = control.narrowTraffic {
      walk.depend(.name, in: client.name, at: [label], host, on: [question])
    }
    if let fault = control.hidingTraffic {
      walk.fail(.name, in: client.name, host, fault)
      return
    }
    if let (sidecar, place) = hidingSidecar(crossing, client) {
      walk.fail(
        .name, in: client.name, host,
        Fault(
          JudgementRules.name, "Sidecar \(sidecar) hides Services of other clusters from the clients",
          at: [place],
          help: ["add 'xcp-multicluster/*' to its hosts"],
          because: .found(
            ObjectQuery(
              "Sidecar", of: nil, in: client.name, crossing.client.namespace,
              where: [
                .not(.exists(["spec", "workloadSelector"])), .exists(["spec", "egress"]),
                .not(.prefix(["spec", "egress", "*", "hosts", "*"], ["xcp-multicluster/", "*/"])),
              ])), wanted: .no))
      return
    }
    let observed = Self.entry(key, client)
    walk.resolve(
      "\(host):\(port)", observed == nil ? .derived : .observed,
      at: observed.map { [$0.label()] } ?? [])
  }

  private func hidingSidecar(_ crossing: Crossing, _ client: JudgedCluster) -> (String, Label)? {
    for object in client.objects(ofKind: "Sidecar")
    where object.manifest.namespace == crossing.client.namespace
      && object.node.at("spec", "workloadSelector") == nil
    {
      guard let egress = object.node.at("spec", "egress"), egress.count > 0 else { continue }
      let hosts = egress.elements.flatMap { $0["hosts"]?.elements.map(\.text) ?? [] }
      if !hosts.contains(where: { $0.hasPrefix("xcp-multicluster/") || $0.hasPrefix("*/") }) {
        return ("\(crossing.client.namespace)/\(object.name)", object.label())
      }
    }
    return nil
  }

  /// The ServiceEntry that XCP wrote, where it was observed.
  private static func entry(_ key: NamespacedName, _ client: JudgedCluster) -> KnownObject? {
    client.observed(
      "networking.istio.io/v1", "ServiceEntry", "xcp-multicluster", entryName(key))
  }

  private func address(
    _ crossing: Crossing, _ place: EastWestPlace, _ client: JudgedCluster, _ walk: inout Walk
  ) {
    guard !walk.isOver else { return }
    let key = crossing.target.service.key
    if let local = client.service(key)?.service,
      let fault = TwinService(service: local, crossing: crossing, client: client).addressFault
    {
      walk.fail(.address, in: client.name, place.description, fault)
      return
    }
    if let name = place.texts.first(where: { IPAddress($0) == nil }),
      walk.targetCluster?.model.cluster.node.at("spec", "tetrate", "dnsResolutionAtEdge")?.boolean != true
    {
      walk.depend(
        .address, in: crossing.target.cluster, at: place.place.map { [$0] } ?? [], place.description,
        on: [
          Question(
            "whether the edge of \(crossing.target.cluster) resolves \(name)",
            help: "say 'dnsResolutionAtEdge: true' in its Cluster", isReported: true)
        ])
    }
    let observed = Self.entry(key, client)
    if let observed, let endpoints = observed.node.at("spec", "endpoints"),
      place.texts.allSatisfy({ IPAddress($0) != nil })
    {
      let addresses = endpoints.elements.compactMap { $0["address"]?.text }
      guard addresses.contains(where: place.texts.contains) else {
        walk.fail(
          .address, in: client.name, place.description,
          Fault(
            JudgementRules.address,
            "ServiceEntry \(observed.name) in \(client.name) leads to \(listed(addresses)), and the gateway is at \(listed(place.texts))",
            at: [observed.label(at: endpoints, "leads here")] + (place.place.map { [$0] } ?? []),
            help: ["observe both clusters again; if it stays, look at XCP's messages"],
            because: Self.contradiction(key, place, client), wanted: .no))
        return
      }
    }
    if place.texts.allSatisfy({ IPAddress($0) != nil }) {
      walk.rely(on: Self.contradiction(key, place, client), isNot: true)
    }
    place.rely(&walk)
    walk.pass(
      .address, in: crossing.target.cluster, place.evidence, at: place.place.map { [$0] } ?? [],
      place.description)
  }

  /// That XCP's ServiceEntry was observed to lead elsewhere.
  private static func contradiction(_ key: NamespacedName, _ place: EastWestPlace, _ client: JudgedCluster)
    -> Claim
  {
    .found(
      ObjectQuery(
        "ServiceEntry", of: "networking.istio.io", in: client.name, "xcp-multicluster", entryName(key),
        .observed,
        where: [
          .exists(["spec", "endpoints"]), .not(.text(["spec", "endpoints", "*", "address"], place.texts)),
        ]))
  }

  private static func entryName(_ key: NamespacedName) -> String {
    "global-gwinternal-\(key.name)-\(key.namespace)-svc-cluster-local"
  }

  /// True for a cluster whose document says a network, and whose object does not.
  private func lostNetwork(_ cluster: JudgedCluster) -> Bool {
    control.unplaced.contains(TetrateControl.name(of: cluster))
      && cluster.model.cluster.node.at("spec", "tetrate", "network") != nil
  }

  /// Releases are known in which a gateway of type EASTWEST without a stanza for its Service does not listen to others.
  private func doubtfulPort(_ gateway: KnownObject, in cluster: JudgedCluster) -> Question? {
    let spec = gateway.node["spec"]
    guard gateway.manifest.kind == "Gateway", spec?["type"]?.text == "EASTWEST",
      spec?.at("kubeSpec", "service") == nil, gateway.evidence == .emitted,
      cluster.observed("v1", "Service", gateway.manifest.namespace ?? "", gateway.name) == nil
    else { return nil }
    return Question(
      "whether this release opens port \(TetrateSystem.port) for \(gateway.manifest.identity.description) of \(cluster.name): it is of type EASTWEST and says nothing of its Service",
      help: "write 'kubeSpec: {service: {type: LoadBalancer}}' in the template tetrate/gateway.yaml")
  }

  private func reach(_ client: JudgedCluster, _ cluster: JudgedCluster, _ walk: inout Walk) {
    guard !walk.isOver else { return }
    let from = control.networks[TetrateControl.name(of: client)] ?? "no network"
    let to = control.networks[TetrateControl.name(of: cluster)] ?? "no network"
    let isPlaced = [client, cluster].allSatisfy { control.networks[TetrateControl.name(of: $0)] != nil }
    let text =
      !isPlaced
      ? "the networks of \(client.name) and \(cluster.name)"
      : from == to ? "one network (\(from))" : "network \(from) reaches \(to)"
    if let lost = [client, cluster].first(where: { lostNetwork($0) }) {
      walk.fail(
        .tunnel, in: client.name, text,
        Fault(
          JudgementRules.tunnel,
          "Cluster \(TetrateControl.name(of: lost)) of TSB names no network, and \(lost.name) is in one of its own: TSB takes its pods to be reached without a gateway",
          at: [
            lost.model.cluster.node.at("spec", "tetrate", "network").map { Label($0.range, "its network") }
          ]
          .compactMap { $0 },
          help: ["write the network into the object: spec.network"], because: control.placed(lost)))
      return
    }
    let unplaced = [client, cluster].first { control.networks[TetrateControl.name(of: $0)] == nil }?.name
    switch control.permits(client, cluster) {
    case true?:
      if control.networks[TetrateControl.name(of: client)] != nil {
        walk.rely(on: control.placed(client, in: from))
      }
      if control.networks[TetrateControl.name(of: cluster)] != nil {
        walk.rely(on: control.placed(cluster, in: to))
      }
      if from != to { walk.rely(on: control.joined(from, to)) }
      walk.pass(
        .tunnel, in: client.name, control.reachEvidence, at: control.reachLabel.map { [$0] } ?? [], text)
    case nil:
      walk.depend(
        .tunnel, in: client.name, text,
        on: [Question("whether the organization's settings let network \(from) reach \(to)")])
    case false?:
      walk.fail(
        .tunnel, in: client.name, text,
        Fault(
          JudgementRules.tunnel,
          unplaced.map { "TSB knows no network of \($0)" }
            ?? "network \(from) of \(client.name) is not said to reach \(to) of \(cluster.name)",
          at: control.reachLabel.map { [$0] } ?? [],
          help: [
            unplaced.map { "give \($0) a network: spec.tetrate.network" }
              ?? "add '\(from): \(to)' to networkReachability: the key is the consumer's network"
          ],
          because: control.joined(from, to)))
    }
  }
}
