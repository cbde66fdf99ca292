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
  package static let kinds: Set<String> = [
    "WorkspaceSetting", "OrganizationSetting", "Workspace", "Cluster", "IngressGateway", "Gateway",
    "ServiceEntry",
    "WorkloadEntry", "Sidecar", "Namespace", "AuthorizationPolicy", "DestinationRule", "PeerAuthentication",
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
    if let control {
      TetrateWalk(control: control, section: link.section).walk(crossing, &walk)
    } else {
      IstioWalk(section: link.section).walk(crossing, &walk)
    }
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
    way.admit(
      port: { service?.number(of: TetrateSystem.port, in: $0) ?? TetrateSystem.port }, "other clusters", &walk
    )
    let fleet = walk.fleet
    way.depart(to: fleet.localTargets(of: crossing), crossing.port.port, &walk)
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
        walk.leave(to: address, port: TetrateSystem.port, .tcp, as: "\(text):\(TetrateSystem.port)")
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
