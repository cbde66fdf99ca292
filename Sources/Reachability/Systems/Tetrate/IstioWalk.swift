import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What a link without TSB says of its gateways.
struct IstioGateways: Sendable {
  let selector: EastWestSelector
  /// The Service in front of the pods, where the link names it.
  let service: NamespacedName?
  private let addresses: Node?

  init(_ section: Node) {
    let gateway = section["gateway"]
    let chosen = gateway?["workloadSelector"]
    let namespace = (chosen ?? gateway)?["namespace"]?.text ?? "istio-system"
    let labels = (chosen ?? gateway)?["labels"].map { Labels($0) } ?? Labels(["istio": "eastwestgateway"])
    selector = EastWestSelector(namespace: namespace, labels: labels)
    service = gateway?["name"].map { NamespacedName(namespace, $0.text) }
    addresses = gateway?["addresses"]
  }

  func place(in cluster: JudgedCluster) -> EastWestPlace? {
    let key =
      service
      ?? cluster.model.declared.services.values.filter { service in
        service.key.namespace == selector.namespace && !service.selector.isEmpty
          && service.selector.items.allSatisfy { selector.labels[$0.key] == $0.value }
      }.map(\.key).min()
    guard let key else { return nil }
    return EastWestPlace.find(key, override: nil, declared: addresses?[cluster.name], in: cluster)
  }
}

/// The way through an east-west gateway that istiod configures.
///
/// From istio/istio: an endpoint whose labels promise mutual TLS is called with server name
/// `outbound_.<port>_._.<host>`; a Gateway with AUTO_PASSTHROUGH on port 15443 takes such connections to the Service
/// of its own cluster.
struct IstioWalk {
  private static let networkLabel = "topology.istio.io/network"

  let section: Node
  private let gateways: IstioGateways
  private let usesRemoteSecrets: Bool

  init(section: Node) {
    self.section = section
    gateways = IstioGateways(section)
    usesRemoteSecrets = section.at("istio", "discovery")?.text == "remoteSecret"
  }

  func walk(_ crossing: Crossing, _ walk: inout Walk) {
    guard let cluster = walk.targetCluster, let client = walk.clientCluster else { return }
    let place = gateways.place(in: cluster)
    let missing = {
      MissingFact(
        cluster: cluster.name, namespace: gateways.selector.namespace,
        fact: "the address of the east-west gateway's Service", resources: "svc",
        lookedFor: [
          ObjectQuery(
            "Service", of: "", in: cluster.name, gateways.selector.namespace, gateways.service?.name,
            .observed, where: [.exists(["status", "loadBalancer", "ingress", "*"])])
        ])
    }
    if let place {
      place.leave(&walk)
    } else {
      walk.leave(to: nil, port: TetrateSystem.port, .tcp, as: "the gateway", missing: missing())
    }
    name(crossing, client, place, &walk)
    if let place {
      address(crossing, client, place, &walk)
    } else {
      walk.wait(.address, in: cluster.name, "the gateway's address", for: missing())
    }
    gateway(crossing, cluster, &walk)
    if usesRemoteSecrets { networks(client, cluster, &walk) }
    guard !walk.isOver else { return }
    EastWestPods.call(host(crossing), crossing, from: client, to: place, &walk)
    EastWestPods.judge(
      gateways.selector, crossing, in: cluster,
      through: gateways.service.flatMap { cluster.service($0)?.service },
      &walk)
    TrustDomains.judge(client, cluster, &walk)
    walk.sender = .pods(
      [EastWestPods.peer(gateways.selector, in: cluster)], description: gateways.selector.description)
    walk.enter(admittedBy: { EastWestPods.admit(crossing, in: cluster, &$0) })
  }

  private func host(_ crossing: Crossing) -> String {
    "\(crossing.target.service.key.name).\(crossing.target.service.key.namespace).svc.cluster.local"
  }

  // MARK: The client's end

  private func entry(_ crossing: Crossing, _ client: JudgedCluster) -> KnownObject? {
    client.objects(ofKind: "ServiceEntry").first { object in
      object.node.at("spec", "hosts")?.elements.contains { $0.text == host(crossing) } ?? false
    }
  }

  private func name(
    _ crossing: Crossing, _ client: JudgedCluster, _ place: EastWestPlace?, _ walk: inout Walk
  ) {
    guard !walk.isOver else { return }
    let text = "\(host(crossing)):\(walk.port.number)"
    if let local = client.service(crossing.target.service.key) {
      let key = crossing.target.service.key
      guard EastWestPods.leadsToEndpoints(local.service, key, client, &walk) else { return }
      walk.rely(on: named(crossing, client))
      if let fault = TwinService(service: local.service, crossing: crossing, client: client).nameFault {
        walk.fail(.name, in: client.name, text, fault)
        return
      }
      if let fault = VisibleHosts(client).fault(host(crossing), of: key.namespace, crossing) {
        walk.fail(.name, in: client.name, text, fault)
        return
      }
      walk.resolve(text, local.object.evidence, at: [local.object.label()])
      return
    }
    guard !usesRemoteSecrets, let entry = entry(crossing, client) else {
      if place == nil, !usesRemoteSecrets { return }
      walk.fail(
        .name, in: client.name, text,
        Fault(
          JudgementRules.name,
          "neither a Service nor a ServiceEntry of \(client.name) is named \(host(crossing))",
          help: ["add a ServiceEntry with this host, or a Service of that name and namespace"],
          because: named(crossing, client)))
      return
    }
    walk.rely(on: named(crossing, client))
    if let fault = EntryUse(host: host(crossing), crossing: crossing, client: client).nameFault(entry) {
      walk.fail(.name, in: client.name, text, fault)
      return
    }
    if let fault = VisibleHosts(client).fault(
      host(crossing), of: entry.manifest.namespace ?? "default", crossing)
    {
      walk.fail(.name, in: client.name, text, fault)
      return
    }
    walk.needResolver()
    // A sidecar that answers DNS needs nobody else.
    if client.model.cluster.node.at("spec", "tetrate", "dnsProxy")?.boolean == true {
      walk.pass(.name, in: client.name, entry.evidence, at: [entry.label()], "DNS of the sidecar: \(text)")
    } else {
      walk.depend(
        .name, in: client.name, at: [entry.label()], text,
        on: [Question("whether sidecars of \(client.name) answer DNS for ServiceEntries", isReported: true)])
    }
  }

  /// That clients have a name: a Service of their own, or a ServiceEntry.
  private func named(_ crossing: Crossing, _ client: JudgedCluster) -> Claim {
    let key = crossing.target.service.key
    var queries = [ObjectQuery("Service", of: "", in: client.name, key.namespace, key.name)]
    if !usesRemoteSecrets {
      queries.append(
        ObjectQuery(
          "ServiceEntry", of: nil, in: client.name, where: [.text(["spec", "hosts", "*"], [host(crossing)])]))
    }
    return .found(queries)
  }

  /// That an endpoint of the name is the gateway, as sidecars must call it.
  private func called(
    _ crossing: Crossing, _ client: JudgedCluster, _ place: EastWestPlace, _ port: ServicePort
  ) -> Claim {
    let key = crossing.target.service.key
    let endpoint: [ObjectCondition] = [
      .text(["address"], place.texts),
      .either([
        .number(["ports", port.name ?? "tcp-\(port.number)"], TetrateSystem.port),
        .number(["ports", "tcp-\(port.number)"], TetrateSystem.port),
      ]), .text(["labels", "security.istio.io/tlsMode"], ["istio"]),
    ]
    guard let service = client.service(key)?.service else {
      let entry = entry(crossing, client)
      return .found(
        ObjectQuery(
          "ServiceEntry", of: nil, in: client.name, entry?.manifest.namespace, entry?.name,
          where: [
            .text(["spec", "hosts", "*"], [host(crossing)]), .element(["spec", "endpoints", "*"], endpoint),
          ]))
    }
    let chosen = service.selector.items.map { ObjectCondition.text(["labels", $0.key], [$0.value]) }
    // A Service without a selector chooses nobody.
    guard !chosen.isEmpty else {
      return .found(
        ObjectQuery("WorkloadEntry", of: nil, in: client.name, key.namespace, where: [.either([])]))
    }
    return .found(
      ObjectQuery(
        "WorkloadEntry", of: nil, in: client.name, key.namespace,
        where: [.element(["spec"], endpoint + chosen)]))
  }

  /// The endpoints that clients call must be the target's gateway at 15443.
  private func address(
    _ crossing: Crossing, _ client: JudgedCluster, _ place: EastWestPlace, _ walk: inout Walk
  ) {
    guard !walk.isOver else { return }
    if usesRemoteSecrets {
      walk.pass(
        .address, in: crossing.target.cluster, place.evidence, at: place.place.map { [$0] } ?? [],
        place.description)
      return
    }
    let local = client.service(crossing.target.service.key)?.service
    let isLocal = local != nil
    let using =
      local.flatMap { TwinService(service: $0, crossing: crossing, client: client).addressFault }
      ?? (isLocal ? nil : entry(crossing, client)).flatMap {
        EntryUse(host: host(crossing), crossing: crossing, client: client).addressFault($0)
      }
    if let fault = using {
      walk.fail(.address, in: client.name, place.description, fault)
      return
    }
    let endpoints = isLocal ? workloadEndpoints(crossing, client) : serviceEndpoints(crossing, client)
    let own = endpoints.filter { place.texts.contains($0.node["address"]?.text ?? "") }
    guard let first = own.first else {
      walk.fail(
        .address, in: client.name, place.description,
        Fault(
          JudgementRules.address,
          endpoints.isEmpty
            ? "no endpoint of \(host(crossing)) in \(client.name) leads to the gateway of \(crossing.target.cluster)"
            : "endpoints of \(host(crossing)) in \(client.name) lead to \(listed(endpoints.compactMap { $0.node["address"]?.text })), and the gateway is at \(listed(place.texts))",
          at: endpoints.prefix(1).map(\.label) + (place.place.map { [$0] } ?? []),
          help: [EntryUse.help(isLocal ? nil : entry(crossing, client), place.texts)],
          because: called(crossing, client, place, walk.port)))
      return
    }
    let port = first.node["ports"]?.entries.first { key, _ in
      key.text == walk.port.name || key.text == "tcp-\(walk.port.number)"
    }?.value
    guard port?.integer == TetrateSystem.port else {
      walk.fail(
        .address, in: client.name, place.description,
        Fault(
          JudgementRules.address,
          "port \(walk.port.description) of the endpoint leads to \(port?.text ?? "the same port"), and the gateway listens on \(TetrateSystem.port)",
          at: [first.label], help: ["map the port by its name to \(TetrateSystem.port)"],
          because: called(crossing, client, place, walk.port)))
      return
    }
    guard first.node["labels"]?["security.istio.io/tlsMode"]?.text == "istio" else {
      walk.fail(
        .address, in: client.name, place.description,
        Fault(
          JudgementRules.address,
          "sidecars call the endpoint of \(host(crossing)) without mutual TLS, which the gateway does not take",
          at: [first.label], help: ["label the endpoint security.istio.io/tlsMode: istio"],
          because: called(crossing, client, place, walk.port)))
      return
    }
    walk.rely(on: called(crossing, client, place, crossing.port.port))
    place.rely(&walk)
    walk.pass(
      .address, in: crossing.target.cluster, place.evidence, at: place.place.map { [$0] } ?? [],
      place.description)
  }

  private func serviceEndpoints(_ crossing: Crossing, _ client: JudgedCluster) -> [(node: Node, label: Label)]
  {
    guard let entry = entry(crossing, client) else { return [] }
    return entry.node.at("spec", "endpoints")?.elements.map { ($0, entry.label()) } ?? []
  }

  /// WorkloadEntries that the client's own Service selects.
  private func workloadEndpoints(_ crossing: Crossing, _ client: JudgedCluster) -> [(
    node: Node, label: Label
  )] {
    let key = crossing.target.service.key
    guard let selector = client.service(key)?.service.selector, !selector.isEmpty else { return [] }
    return client.objects(ofKind: "WorkloadEntry").filter { object in
      let labels = object.node["spec"]?.labels("labels")
      return object.manifest.namespace == key.namespace
        && selector.items.allSatisfy { labels?[$0.key] == $0.value }
    }.compactMap { object in object.node["spec"].map { ($0, object.label()) } }
  }

  // MARK: The gateway

  private func gateway(_ crossing: Crossing, _ cluster: JudgedCluster, _ walk: inout Walk) {
    guard !walk.isOver else { return }
    let host = host(crossing)
    let text = "Gateway of \(cluster.name) passes \(host) on"
    let all = cluster.objects(ofKind: "Gateway").filter {
      $0.manifest.identity.group == "networking.istio.io"
        && ($0.node["spec"]?.labels("selector").items.allSatisfy {
          gateways.selector.labels[$0.key] == $0.value
        } ?? false)
    }
    let passing = all.first { object in
      object.node.at("spec", "servers")?.elements.contains { server in
        server.at("port", "number")?.integer == TetrateSystem.port
          && server.at("tls", "mode")?.text == "AUTO_PASSTHROUGH"
          && Self.tlsProtocols.contains(server.at("port", "protocol")?.text ?? "")
          && (server["hosts"]?.elements.contains {
            Self.matches(
              host, $0.text, in: crossing.target.service.key.namespace, from: object.manifest.namespace)
          } ?? false)
      } ?? false
    }
    guard let passing else {
      walk.fail(
        .gateway, in: cluster.name, text,
        Fault(
          JudgementRules.unpublished,
          "no Gateway of \(cluster.name) passes \(host) on at port \(TetrateSystem.port)",
          at: all.prefix(2).map { $0.label("does not") },
          help: [
            "add a server with port \(TetrateSystem.port), tls mode AUTO_PASSTHROUGH and this host or *.local"
          ], because: passes(host, crossing, in: cluster)))
      return
    }
    walk.rely(on: passes(host, crossing, in: cluster))
    if let key = gateways.service, let service = cluster.service(key)?.service,
      !service.ports.contains(where: { $0.number == TetrateSystem.port && $0.transport == .tcp })
    {
      walk.fail(
        .gateway, in: cluster.name, text,
        Fault(
          JudgementRules.unpublished,
          "Service \(key.description) of \(cluster.name) has no port \(TetrateSystem.port)/TCP",
          at: [Label(service.manifest.nameNode.range, "the gateway's Service")],
          help: ["add port \(TetrateSystem.port)"],
          because: .found(
            ObjectQuery(
              "Service", of: "", in: cluster.name, key.namespace, key.name,
              where: [
                .element(
                  ["spec", "ports", "*"],
                  [
                    .number(["port"], TetrateSystem.port), .text(["protocol"], ["TCP"], default: "TCP"),
                  ])
              ]))))
      return
    }
    if let fault = nobodyBehind(cluster) ?? foreignView(cluster) {
      walk.fail(.gateway, in: cluster.name, text, fault)
      return
    }
    walk.pass(.gateway, in: cluster.name, passing.evidence, at: [passing.label()], text)
  }

  /// A Service of the gateway whose manifest stands beside workloads of which none is behind it, or none under the name
  /// of its port.
  private func nobodyBehind(_ cluster: JudgedCluster) -> Fault? {
    guard let key = gateways.service, let (service, object) = cluster.service(key),
      object.evidence == .declared,
      !service.selector.isEmpty
    else { return nil }
    let workloads = cluster.workloads(in: key.namespace)
    guard !workloads.isEmpty else { return nil }
    let selector = LabelSelector(equality: service.selector)
    let behind = workloads.filter { selector.matches($0.podLabels) }
    guard !behind.isEmpty else {
      return Fault(
        JudgementRules.unpublished,
        "no pod of \(key.namespace) in \(cluster.name) is behind the gateway's Service \(key.name)",
        at: [object.label()],
        help: ["correct its selector, \(service.selector.description), or the labels of the pods"],
        because: .pods(cluster.name, key, runtimeLabels: [:]))
    }
    guard let port = service.ports.first(where: { $0.number == TetrateSystem.port && $0.transport == .tcp }),
      case .name(let name) = port.target,
      let pod = behind.first, !behind.contains(where: { $0.number(of: port.target, .tcp) != nil })
    else { return nil }
    return Fault(
      JudgementRules.targetPort,
      "\(pod.description) in \(cluster.name), behind the gateway's Service \(key.description), has no container port named '\(name)'",
      at: [Label(port.node.range, "leads to '\(name)'")],
      help: ["name a container port '\(name)', or use a number as targetPort"],
      because: .targetPort(cluster.name, key, name: name, .tcp))
  }

  /// Gateway pods that ask istiod for endpoints of other networks alone: of their own they get none.
  private func foreignView(_ cluster: JudgedCluster) -> Fault? {
    let variable = "ISTIO_META_REQUESTED_NETWORK_VIEW"
    guard let network = cluster.model.cluster.node.at("spec", "tetrate", "network")?.text else { return nil }
    let selector = LabelSelector(equality: gateways.selector.labels)
    for pod in cluster.workloads(in: gateways.selector.namespace) where selector.matches(pod.podLabels) {
      let variables = pod.pod.at("spec", "containers")?.elements.flatMap {
        $0["env"]?.elements.map { $0 } ?? []
      }
      guard let value = variables?.first(where: { $0["name"]?.text == variable })?["value"],
        !value.text.isEmpty,
        !value.text.split(separator: ",").contains(Substring(network))
      else { continue }
      return Fault(
        JudgementRules.unpublished,
        "\(pod.description) in \(cluster.name) asks for endpoints of network \(value.text) alone, and the target is in \(network)",
        at: [Label(value.range)], help: ["set \(variable)=\(network)"],
        because: .found(
          ObjectQuery(
            pod.kind, of: pod.manifest.identity.group, in: cluster.name, pod.key.namespace, pod.key.name,
            where: [
              .element(
                pod.podPath + ["spec", "containers", "*", "env", "*"],
                [.text(["name"], [variable]), .text(["value"], [value.text])])
            ])), wanted: .no)
    }
    return nil
  }

  /// That a Gateway on the gateway's pods takes the host to its Service without ending TLS.
  private func passes(_ host: String, _ crossing: Crossing, in cluster: JudgedCluster) -> Claim {
    // A host of the list may name a namespace first; a wildcard stands for any number of labels.
    var hosts = [host, "*"]
    var rest = host[...]
    while let dot = rest.firstIndex(of: ".") {
      hosts.append("*" + rest[dot...])
      rest = rest[rest.index(after: dot)...]
    }
    let own = crossing.target.service.key.namespace
    let common = ["", "*/", "\(own)/"].flatMap { namespace in hosts.map { namespace + $0 } }
    func query(_ namespace: String?, _ texts: [String]) -> ObjectQuery {
      ObjectQuery(
        "Gateway", of: "networking.istio.io", in: cluster.name, namespace,
        where: [
          .labelsWithin(["spec", "selector"], gateways.selector.labels),
          .element(
            ["spec", "servers", "*"],
            [
              .number(["port", "number"], TetrateSystem.port),
              .text(["port", "protocol"], Self.tlsProtocols),
              .text(["tls", "mode"], ["AUTO_PASSTHROUGH"]), .text(["hosts", "*"], texts),
            ]),
        ])
    }
    return .found([query(nil, common), query(own, hosts.map { "./" + $0 })])
  }

  /// With remote secrets istiod must know which clusters are in which network.
  private func networks(_ client: JudgedCluster, _ cluster: JudgedCluster, _ walk: inout Walk) {
    guard !walk.isOver else { return }
    let system = section.at("istio", "systemNamespace")?.text ?? "istio-system"
    let names = [client, cluster].map {
      Self.label(
        of: ObjectIdentity(apiVersion: "v1", kind: "Namespace", namespace: nil, name: system), in: $0)
    }
    guard let from = names[0], let to = names[1], from != to else {
      walk.fail(
        .tunnel, in: client.name, "networks of \(client.name) and \(cluster.name)",
        Fault(
          JudgementRules.tunnel,
          "namespace \(system) does not tell the networks of \(client.name) and \(cluster.name) apart",
          help: ["label it \(Self.networkLabel) in both clusters, each with its network"],
          because: Self.labelled(
            "Namespace", nil, system, names[0] == nil || names[1] != nil ? client : cluster,
            names[0] == nil || names[1] == nil ? nil : names[1]),
          wanted: names[0] == nil || names[1] == nil ? .yes : .no))
      return
    }
    walk.rely(on: Self.labelled("Namespace", nil, system, client, from))
    walk.rely(on: Self.labelled("Namespace", nil, system, cluster, to))
    if let key = gateways.service {
      let identity = ObjectIdentity(
        apiVersion: "v1", kind: "Service", namespace: key.namespace, name: key.name)
      guard Self.label(of: identity, in: cluster) == to else {
        walk.fail(
          .tunnel, in: cluster.name, "gateway of network \(to)",
          Fault(
            JudgementRules.tunnel,
            "Service \(key.description) of \(cluster.name) is not labelled as gateway of network \(to)",
            help: ["label it \(Self.networkLabel): \(to)"],
            because: Self.labelled("Service", key.namespace, key.name, cluster, to)))
        return
      }
      walk.rely(on: Self.labelled("Service", key.namespace, key.name, cluster, to))
    }
    walk.pass(.tunnel, in: client.name, .declared, "network \(from) reaches \(to) by its gateway")
  }

  /// That an object is labelled with a network; with any where none is named.
  private static func labelled(
    _ kind: String, _ namespace: String?, _ name: String, _ cluster: JudgedCluster, _ network: String?
  ) -> Claim {
    let path = ["metadata", "labels", networkLabel]
    return .found(
      ObjectQuery(
        kind, of: "", in: cluster.name, namespace, name,
        where: [network.map { .text(path, [$0]) } ?? .exists(path)]))
  }

  private static func label(of identity: ObjectIdentity, in cluster: JudgedCluster) -> String? {
    cluster.patch(of: identity)?.manifest.labels[networkLabel]
      ?? cluster.model.declared.objects[identity]?.labels[networkLabel]
  }
}
