import Diagnostics
package import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// East-west gateways: Tetrate's control plane (XCP), or istiod alone.
///
/// From Tetrate's documentation and from objects that a running XCP made: an exposed Service becomes, in every other
/// cluster whose network may reach the exporter's, a ServiceEntry of its own name whose endpoint is the exporter's
/// gateway at port 15443; where the Service exists too, a WorkloadEntry. The gateway routes by server name to the
/// Service's pods. Traffic arrives there from the gateway's pods, so policies see those.
package struct TetrateSystem: ReachabilitySystem {
  package static let key = "tetrate"
  package static let notesAllNeeds = true
  package static let tellsAudience = true
  package static let kinds: Set<String> = [
    "WorkspaceSetting", "OrganizationSetting", "Workspace", "Cluster", "IngressGateway", "Gateway",
    "ServiceEntry",
    "WorkloadEntry", "Sidecar", "Namespace", "AuthorizationPolicy", "DestinationRule", "PeerAuthentication",
    "VirtualService", "TrafficSetting",
  ]

  /// The port of mutual TLS between clusters.
  static let port = 15443

  let link: Link
  /// Nil for Istio without TSB.
  let control: TetrateControl?

  package init(_ link: Link, in fleet: JudgedFleet) {
    self.link = link
    control = link.section["form"]?.text == "istio" ? nil : TetrateControl(link.section, in: fleet)
  }

  // MARK: Whom policies see

  package func peers(of crossing: Crossing, in fleet: JudgedFleet) -> CrossingPeers {
    guard let cluster = fleet.clusters[crossing.target.cluster] else { return CrossingPeers() }
    let selectors = control?.selectors ?? [IstioGateways(link.section).selector]
    let ways = selectors.map { EastWestPods.way($0, in: cluster) }
    return CrossingPeers(
      atTarget: selectors.map { EastWestPods.peer($0, in: cluster) },
      onTheWay: ways.flatMap { way in way.pods.map { (way.namespace, $0) } },
      behindTheWay: ways.contains(where: \.isGuarded) ? fleet.localTargets(of: crossing) : [])
  }

  // MARK: The way

  package func walk(_ crossing: Crossing, _ walk: inout Walk) {
    walk.start()
    guard crossing.client.cluster != nil else {
      outside(crossing, &walk)
      return
    }
    if let control {
      TetrateWalk(control: control, section: link.section).walk(crossing, &walk)
    } else {
      IstioWalk(section: link.section).walk(crossing, &walk)
    }
  }

  /// A network outside has no sidecar, by whose mutual TLS the gateway chooses the Service.
  private func outside(_ crossing: Crossing, _ walk: inout Walk) {
    walk.fail(
      .gateway, in: crossing.target.cluster, "east-west gateway of \(crossing.target.cluster)",
      Fault(
        JudgementRules.unpublished,
        "an east-west gateway serves sidecars alone, and a network outside the clusters has none",
        help: ["connect it by a link with an address of its own: static, gatewayDNS or porter"],
        because: .found(
          ObjectQuery(
            of: nil, in: crossing.target.cluster, nil, nil, .document)),
        wanted: .no))
  }
}

/// The pods of a gateway: their namespace and labels.
struct EastWestSelector: Hashable, Sendable {
  let namespace: String
  let labels: Labels

  static let idPrefix = "gateway/"

  var id: String { "gateway/\(namespace)/\(labels.description)" }
  var description: String { "gateway pods of \(namespace) (\(labels.description))" }
}

enum EastWestPods {
  static func peer(_ selector: EastWestSelector, in cluster: JudgedCluster) -> PeerPod {
    PeerPod(
      id: selector.id, namespace: selector.namespace,
      namespaceLabels: cluster.model.declared.namespaces[selector.namespace]?.labels ?? Labels(),
      knowsNamespaceLabels: cluster.model.declared.namespaces[selector.namespace] != nil,
      name: selector.labels.description, kind: "Gateway", labels: selector.labels)
  }

  /// The gateway's pods and the policies of their own namespace.
  static func way(_ selector: EastWestSelector, in cluster: JudgedCluster) -> GatewayWay {
    GatewayWay(
      cluster: cluster, namespace: selector.namespace, name: selector.description,
      pods: GatewayWay.pods(
        selector.labels, in: selector.namespace, of: cluster, unknown: selector.id))
  }

  /// Policies that keep other clusters out of the gateway's pods, or the gateway from the target's. Whoever arrives
  /// there comes from outside, with an address that only the network knows.
  ///
  /// - Parameter service: the Service in front of the pods, where its manifest is known.
  static func judge(
    _ selector: EastWestSelector, _ crossing: Crossing, in cluster: JudgedCluster,
    through service: Service? = nil,
    _ walk: inout Walk
  ) {
    let way = way(selector, in: cluster)
    let port = { (pod: SubjectPod) in
      service?.number(of: TetrateSystem.port, in: pod) ?? TetrateSystem.port
    }
    if let service, service.selector.isEmpty {
      walk.fail(
        .gateway, in: cluster.name, "gateway \(service.key.description)",
        Fault(
          JudgementRules.pods,
          "the gateway's Service \(service.key.description) of \(cluster.name) has no selector: no pods are behind it",
          at: [Label(service.manifest.nameNode.range)],
          help: ["give it the labels of the gateway's pods: \(selector.labels.description)"],
          because: .found(
            ObjectQuery(
              "Service", of: "", in: cluster.name, service.key.namespace, service.key.name,
              where: [.exists(["spec", "selector"])]))))
      return
    }
    if let service, service.type == "ClusterIP" {
      walk.depend(
        .gateway, in: cluster.name, at: [Label(service.typeNode.range)], "gateway \(service.key.description)",
        on: [
          Question(
            "who leads other clusters to Service \(service.key.description) of \(cluster.name), which is of type ClusterIP",
            isReported: true)
        ])
    }
    if let service {
      SourceRanges(cluster.service(service.key)?.object, in: cluster)?.judge(.gateway, &walk)
    }
    way.admit(port: port, "other clusters", &walk)
    AuthorizationPolicies(cluster).judge(crossing, at: way, port: port, &walk)
    exported(crossing, to: selector.namespace, in: cluster, &walk)
    let fleet = walk.fleet
    way.depart(to: fleet.localTargets(of: crossing), crossing.port.port, &walk)
  }

  /// Istio's annotation `networking.istio.io/exportTo` of the target's Service: the gateway's namespace must be told of it.
  private static func exported(
    _ crossing: Crossing, to namespace: String, in cluster: JudgedCluster, _ walk: inout Walk
  ) {
    let name = "networking.istio.io/exportTo"
    guard !walk.isOver, let object = cluster.service(crossing.target.service.key)?.object,
      let text = cluster.annotation(name, of: object)
    else { return }
    let key = crossing.target.service.key
    let places = text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
    let isSeen = places.contains { $0 == "*" || $0 == namespace || $0 == "." && key.namespace == namespace }
    guard !isSeen else { return }
    walk.fail(
      .gateway, in: cluster.name, "gateway pods of \(namespace)",
      Fault(
        JudgementRules.unpublished,
        "Service \(key.description) of \(cluster.name) is hidden from the gateway: '\(name): \(text)' leaves namespace \(namespace) out",
        at: [object.label(at: object.node.at("metadata", "annotations")?[name])],
        help: ["add \(namespace), or take the annotation out"],
        because: .found(
          ObjectQuery(
            "Service", of: "", in: cluster.name, key.namespace, key.name,
            where: [.text(["metadata", "annotations", name], [text])])), wanted: .no))
  }

  /// The client's own Service of the target's name must have endpoints, which those of other clusters join; false where the
  /// walk is over.
  static func leadsToEndpoints(
    _ service: Service, _ key: NamespacedName, _ client: JudgedCluster, _ walk: inout Walk
  ) -> Bool {
    guard service.type == "ExternalName" else { return true }
    walk.fail(
      .name, in: client.name, "\(key.name).\(key.namespace).svc",
      Fault(
        JudgementRules.name,
        "Service \(key.description) of \(client.name) is of type ExternalName: its name leads elsewhere, and no endpoint joins it",
        at: [Label(service.typeNode.range)],
        help: ["take it out, or give it the type ClusterIP"],
        because: .found(
          ObjectQuery(
            "Service", of: "", in: client.name, key.namespace, key.name,
            where: [.text(["spec", "type"], ["ExternalName"])])), wanted: .no))
    return false
  }

  /// What lets clients in at the target's pods beside network policies: Istio's own.
  static func admit(_ crossing: Crossing, in cluster: JudgedCluster, _ walk: inout Walk) {
    PeerAuthentications(cluster).judge(crossing, &walk)
    SidecarInjection(cluster: cluster, namespace: crossing.target.service.key.namespace)
      .judgeTargets(crossing, &walk)
    AuthorizationPolicies(cluster).judge(crossing, &walk)
  }

  /// What the client's sidecars make of a call to the host.
  static func call(
    _ host: String, _ crossing: Crossing, from client: JudgedCluster, to place: EastWestPlace?,
    _ walk: inout Walk
  ) {
    guard !walk.isOver else { return }
    SidecarInjection(cluster: client, namespace: crossing.client.namespace).judgeClients(crossing, &walk)
    ClientRoutes(host: host, crossing: crossing, client: client).judge(&walk)
    if let place { StrayEntries(host: host, client: client).judge(place, &walk) }
    CallsWithMutualTLS(host: host, port: walk.port.number, crossing: crossing).judge(client, &walk)
  }
}

extension Node {
  /// The labels of a mapping below a key.
  func labels(_ key: StaticString) -> Labels { Labels(self[key]) }
}

/// Where a gateway can be reached.
struct EastWestPlace: Sendable {
  /// IP addresses, or one DNS name.
  let texts: [String]
  let evidence: Hop.Evidence
  let place: Label?
  /// The Service that was observed with it.
  var service: NamespacedName?

  /// What the cluster answered for the gateway's Service, else what the link says.
  static func find(
    _ service: NamespacedName, override: Node?, declared: Node?, in cluster: JudgedCluster
  ) -> EastWestPlace? {
    if let override {
      return EastWestPlace(
        texts: override.text.split(separator: ",").map(String.init), evidence: .declared,
        place: Label(override.range))
    }
    let observed = cluster.observed("v1", "Service", service.namespace, service.name)
    let ingress = observed?.node.at("status", "loadBalancer", "ingress")?.elements.compactMap {
      $0["ip"] ?? $0["hostname"]
    }
    if let first = ingress?.first {
      return EastWestPlace(
        texts: ingress?.map(\.text) ?? [], evidence: .observed, place: Label(first.range), service: service)
    }
    guard let declared else { return nil }
    let nodes = declared.kind == .sequence ? declared.elements.map { $0 } : [declared]
    return EastWestPlace(
      texts: nodes.map(\.text), evidence: .specified, place: Label((nodes.first ?? declared).range))
  }

  var description: String { texts.map { "\($0):\(TetrateSystem.port)" }.joined(separator: ", ") }

  /// Where the place was observed, that it was.
  func rely(_ walk: inout Walk) {
    guard evidence == .observed, let service else { return }
    let cluster = walk.target.cluster
    let ingress = ["status", "loadBalancer", "ingress", "*"]
    walk.rely(
      on: .found(
        ObjectQuery(
          "Service", of: "", in: cluster, service.namespace, service.name, .observed,
          where: [.either([.text(ingress + ["ip"], texts), .text(ingress + ["hostname"], texts)])])))
  }

  /// The client's policies let it out to every address of the gateway.
  func leave(_ walk: inout Walk) {
    for text in texts {
      guard !walk.isOver else { return }
      if let address = IPAddress(text) {
        // The sidecar itself sends to the gateway: there is no Service before it.
        walk.leave(
          to: address, port: TetrateSystem.port, .tcp, as: "\(text):\(TetrateSystem.port)", isDirect: true)
      } else if let slice = walk.clientSlice, walk.clientPods.contains(where: { !slice.isOpen($0, .egress) })
      {
        walk.needAnywhere(port: TetrateSystem.port, .tcp)
        walk.depend(
          .egress, in: slice.cluster.name, "to \(text):\(TetrateSystem.port)",
          on: [Question("which addresses \(text) has, and whether the client's policies let it out to them")])
      } else {
        walk.leave(to: nil, port: TetrateSystem.port, .tcp, as: text)
      }
    }
  }
}
