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
    let missing = MissingFact(
      cluster: cluster.name, namespace: gateways.selector.namespace,
      fact: "the address of the east-west gateway's Service", resources: "svc")
    if let place {
      place.leave(&walk)
    } else {
      walk.leave(to: nil, port: TetrateSystem.port, .tcp, as: "the gateway", missing: missing)
    }
    name(crossing, client, place, &walk)
    if let place {
      address(crossing, client, place, &walk)
    } else {
      walk.wait(.address, in: cluster.name, "the gateway's address", for: missing)
    }
    gateway(crossing, cluster, &walk)
    if usesRemoteSecrets { networks(client, cluster, &walk) }
    guard !walk.isOver else { return }
    EastWestPods.judge(gateways.selector, in: cluster, &walk)
    walk.sender = .pods(
      [EastWestPods.peer(gateways.selector, in: cluster)], description: gateways.selector.description)
    walk.enter()
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
          help: ["add a ServiceEntry with this host, or a Service of that name and namespace"]))
      return
    }
    // A sidecar that answers DNS needs nobody else.
    if client.model.cluster.node.at("spec", "tetrate", "dnsProxy")?.boolean == true {
      walk.pass(.name, in: client.name, entry.evidence, at: [entry.label()], "DNS of the sidecar: \(text)")
    } else {
      walk.depend(
        .name, in: client.name, at: [entry.label()], text,
        on: [Question("whether sidecars of \(client.name) answer DNS for ServiceEntries", isReported: true)])
    }
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
    let isLocal = client.service(crossing.target.service.key) != nil
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
          help: ["add the address \(listed(place.texts)) with port \(TetrateSystem.port)"]))
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
          at: [first.label], help: ["map the port by its name to \(TetrateSystem.port)"]))
      return
    }
    guard first.node["labels"]?["security.istio.io/tlsMode"]?.text == "istio" else {
      walk.fail(
        .address, in: client.name, place.description,
        Fault(
          JudgementRules.address,
          "sidecars call the endpoint of \(host(crossing)) without mutual TLS, which the gateway does not take",
          at: [first.label], help: ["label the endpoint security.istio.io/tlsMode: istio"]))
      return
    }
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
          && (server["hosts"]?.elements.contains { Self.matches(host, $0.text) } ?? false)
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
          ]))
      return
    }
    if let key = gateways.service, let service = cluster.service(key)?.service,
      !service.ports.contains(where: { $0.number == TetrateSystem.port })
    {
      walk.fail(
        .gateway, in: cluster.name, text,
        Fault(
          JudgementRules.unpublished,
          "Service \(key.description) of \(cluster.name) has no port \(TetrateSystem.port)",
          at: [Label(service.manifest.nameNode.range, "the gateway's Service")],
          help: ["add port \(TetrateSystem.port)"]))
      return
    }
    walk.pass(.gateway, in: cluster.name, passing.evidence, at: [passing.label()], text)
  }

  private static func matches(_ host: String, _ pattern: String) -> Bool {
    let name = pattern.split(separator: "/").last.map(String.init) ?? pattern
    if name == "*" { return true }
    return name.hasPrefix("*.") ? host.hasSuffix(name.dropFirst()) : host == name
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
          help: ["label it \(Self.networkLabel) in both clusters, each with its network"]))
      return
    }
    if let key = gateways.service {
      let identity = ObjectIdentity(
        apiVersion: "v1", kind: "Service", namespace: key.namespace, name: key.name)
      guard Self.label(of: identity, in: cluster) == to else {
        walk.fail(
          .tunnel, in: cluster.name, "gateway of network \(to)",
          Fault(
            JudgementRules.tunnel,
            "Service \(key.description) of \(cluster.name) is not labelled as gateway of network \(to)",
            help: ["label it \(Self.networkLabel): \(to)"]))
        return
      }
    }
    walk.pass(.tunnel, in: client.name, .declared, "network \(from) reaches \(to) by its gateway")
  }

  private static func label(of identity: ObjectIdentity, in cluster: JudgedCluster) -> String? {
    cluster.patch(of: identity)?.manifest.labels[networkLabel]
      ?? cluster.model.declared.objects[identity]?.labels[networkLabel]
  }
}
