import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What Porter asks of Services: of those that its load balancer pools, and of those that the operator writes.
extension PorterSystem {
  /// What keeps a Service out of the pool (F5Networks/k8s-bigip-ctlr, pkg/controller/worker.go): the operator reads
  /// its type in the primary alone and labels both TransportServers by it.
  func poolFault(_ service: Service, in cluster: String, _ fleet: JudgedFleet) -> Fault? {
    let name = "Service \(service.key.description)"
    if service.type == "ExternalName" || service.isHeadless || service.selector.isEmpty && !service.isInline {
      return Fault(
        JudgementRules.service, "\(name) has no pods that the load balancer could pool",
        at: [Label(service.typeNode.range, "in \(cluster)")],
        help: ["publish a Service of type NodePort with a selector"],
        because: pooled(service, in: cluster, fleet))
    }
    guard cluster != primary, service.type == "ClusterIP",
      let first = fleet.clusters[primary]?.service(service.key)?.service, first.type == "NodePort"
    else { return nil }
    return Fault(
      JudgementRules.service,
      "\(name) is NodePort in \(primary) and ClusterIP in \(cluster): the pool of \(cluster) stays empty",
      at: [
        Label(service.typeNode.range, "ClusterIP"),
        Label(first.typeNode.range, "the operator reads this one"),
      ], help: ["use one type in both clusters"], because: pooled(service, in: cluster, fleet))
  }

  /// That a Service is one that the load balancer pools.
  func pooled(_ service: Service, in cluster: String, _ fleet: JudgedFleet) -> Claim {
    let key = service.key
    var conditions: [ObjectCondition] = [
      .not(.text(["spec", "type"], ["ExternalName"])), .not(.text(["spec", "clusterIP"], ["None"])),
      .exists(["spec", "selector"]),
    ]
    if cluster != primary, fleet.clusters[primary]?.service(key)?.service.type == "NodePort" {
      conditions.append(.not(.text(["spec", "type"], ["ClusterIP"], default: "ClusterIP")))
    }
    return .found(
      ObjectQuery("Service", of: "", in: cluster, key.namespace, key.name, where: conditions))
  }

  /// A claim's virtual server is of type tcp; a claim has no field for another protocol.
  func portFault(_ crossing: Crossing) -> Fault? {
    let port = crossing.port.port
    guard port.transport != .tcp else { return nil }
    let key = crossing.target.service.key
    let cluster = crossing.target.cluster
    return Fault(
      JudgementRules.service,
      "port \(port.number) of Service \(key.description) in \(cluster) is \(port.transport.rawValue), and a claim carries TCP only",
      at: [Label(port.node.range, "in \(cluster)")], help: ["publish a TCP port"],
      because: .found(
        ObjectQuery(
          "Service", of: "", in: cluster, key.namespace, key.name,
          where: [
            .element(
              ["spec", "ports", "*"],
              [
                .number(["port"], port.number),
                .text(["protocol"], [port.transport.rawValue], default: "TCP"),
              ])
          ])), wanted: .no)
  }

  /// What the operator said of its last round with a claim, where that failed (ansible-operator, manageStatus).
  func failure(of claim: ServerClaim, _ fleet: JudgedFleet) -> Node? {
    let identity = claim.object.manifest.identity
    let observed = fleet.clusters[primary]?.model.observed.objects[identity]
    return observed?.node.at("status", "conditions")?.elements.first {
      $0["type"]?.text == "Failure" && $0["status"]?.text.lowercased() == "true"
    }
  }

  /// With `externalTrafficPolicy: Local` nodes leave the sender's address as it is (Kubernetes, "Using Source IP"): isolated
  /// pods see one of the load balancer's own addresses, which is neither a node's nor of the platform's namespaces.
  static func keepAddress(_ walk: inout Walk) {
    let key = walk.target.service.key
    guard !walk.isOver, let cluster = walk.targetCluster, let slice = walk.targetSlice,
      let policy = cluster.service(key)?.object.node.at("spec", "externalTrafficPolicy"),
      policy.text == "Local"
    else { return }
    let port = walk.port
    let isNarrow = walk.targetPods.contains { pod in
      guard !slice.isOpen(pod, .ingress),
        let number = slice.subjects[pod].number(of: port.target, port.transport).flatMap({
          UInt16(exactly: $0)
        })
      else { return false }
      return !slice.engine.admitsEveryone(to: pod, number, port.transport)
    }
    guard isNarrow else { return }
    walk.depend(
      .ingress, in: cluster.name, at: [Label(policy.range)], "from the load balancer's own address",
      on: [
        Question(
          "whether policies admit the load balancer's own addresses: Service \(key.description) of \(cluster.name) has 'externalTrafficPolicy: Local', so that its pods see them",
          at: policy.range,
          help: "take externalTrafficPolicy out, or admit the addresses and suppress the note")
      ])
  }

  // MARK: Names that the operator writes

  /// Why the operator's Service for clients is not what they find: it cannot be made, or somebody else wrote one of its
  /// objects, and both write it again and again.
  func nameFault(_ name: String, _ crossing: Crossing, _ cluster: JudgedCluster) -> Fault? {
    let key = crossing.target.service.key
    guard name.utf8.count <= 63 else {
      return Fault(
        JudgementRules.name,
        "the operator cannot make Service '\(name)' in \(cluster.name): it has \(name.utf8.count) characters, and names have at most 63",
        at: [Label(crossing.target.service.manifest.nameNode.range, "it is named after this one")],
        help: ["shorten the Service's name, or publish another Service with the same selector"],
        because: .found(
          ObjectQuery("Service", of: "", in: crossing.target.cluster, key.namespace, key.name)), wanted: .no)
    }
    for (apiVersion, kind) in [
      ("v1", "Service"), ("v1", "Endpoints"), ("discovery.k8s.io/v1", "EndpointSlice"),
    ] {
      guard let taken = cluster.object(apiVersion, kind, key.namespace, name) else { continue }
      return Fault(
        JudgementRules.name,
        "\(kind) \(key.namespace)/\(name) in \(cluster.name) is the operator's own, and somebody else writes it as well",
        at: [taken.label("the other")],
        help: [
          "remove the manifest: the operator overwrites it, and a consumer that heals it writes it again"
        ],
        because: .found(Self.taken(name, key.namespace, cluster.name)), wanted: .no)
    }
    return nil
  }

  /// Manifests that have the names of what the operator writes.
  static func taken(_ name: String, _ namespace: String, _ cluster: String) -> [ObjectQuery] {
    [
      ObjectQuery("Service", "Endpoints", of: "", in: cluster, namespace, name),
      ObjectQuery("EndpointSlice", of: "discovery.k8s.io", in: cluster, namespace, name),
    ]
  }
}
