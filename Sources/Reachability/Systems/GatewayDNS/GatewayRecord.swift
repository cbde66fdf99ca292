import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The controller's view of a management namespace: GatewayDNS objects and the labels of Cluster API objects.
struct GatewayPublisher: Sendable {
  /// Whether a cluster's gateway is published.
  enum Publication: Sendable {
    case by(KnownObject)
    case open(Question, places: [Label])
    case refused(Fault)
  }

  private let cluster: JudgedCluster?
  private let namespace: String
  private let objects: [KnownObject]

  /// Linear in the GatewayDNS objects of the cluster.
  init(_ cluster: JudgedCluster?, _ namespace: String) {
    self.cluster = cluster
    self.namespace = namespace
    objects =
      cluster?.objects(ofKind: "GatewayDNS").filter { $0.manifest.namespace == namespace } ?? []
  }

  /// Labels as they will be; nil where nothing is known of the object.
  private func labels(_ registration: GatewayDNSSystem.Registration) -> Labels? {
    let identity = ObjectIdentity(
      apiVersion: "cluster.x-k8s.io/v1beta1", kind: "Cluster", namespace: registration.namespace,
      name: registration.name)
    let object = cluster?.object(
      "cluster.x-k8s.io/v1beta1", "Cluster", registration.namespace, registration.name)
    let patch = cluster?.patch(of: identity)
    guard object != nil || patch != nil else { return nil }
    var labels = object?.manifest.labels ?? Labels()
    for item in patch?.manifest.labels.items ?? [] { labels = labels.setting(item.key, to: item.value) }
    return labels
  }

  func selecting(_ registration: GatewayDNSSystem.Registration) -> [KnownObject] {
    objects.filter { object in
      let selector = LabelSelector(object.node.at("spec", "clusterSelector"))
      return selector.selectsEverything || labels(registration).map(selector.matches) ?? false
    }
  }

  /// The Service that the controller asks for in a cluster; nil where no object selects it, or one names none.
  func service(for registration: GatewayDNSSystem.Registration) -> NamespacedName? {
    selecting(registration).lazy.compactMap { Self.reference($0)?.key }.first
  }

  private static func reference(_ object: KnownObject) -> (key: NamespacedName, node: Node)? {
    guard let node = object.node.at("spec", "service") else { return nil }
    let parts = node.text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
    return (NamespacedName(String(parts[0]), String(parts[1])), node)
  }

  /// That some object publishes the cluster: it selects its labels and names a Service as the controller reads it.
  ///
  /// - Parameter service: the Service that it names; nil for any.
  func claim(for registration: GatewayDNSSystem.Registration, _ service: NamespacedName? = nil) -> Claim {
    let conditions: [ObjectCondition] = [
      .selects(["spec", "clusterSelector"], labels(registration) ?? Labels()),
      service.map { .text(["spec", "service"], [$0.description]) } ?? .exists(["spec", "service"]),
    ]
    return .found(
      ObjectQuery(
        "GatewayDNS", of: "connectivity.tanzu.vmware.com", in: registration.management, namespace,
        where: conditions))
  }

  /// That the Cluster API object has the labels that it is judged by; nil where nothing is known of it.
  func labelsClaim(for registration: GatewayDNSSystem.Registration) -> Claim? {
    labels(registration).map { labels in
      .found(
        ObjectQuery(
          "Cluster", of: "cluster.x-k8s.io", in: registration.management, registration.namespace,
          registration.name, where: labels.items.map { .text(["metadata", "labels", $0.key], [$0.value]) }))
    }
  }

  func publication(of registration: GatewayDNSSystem.Registration) -> Publication {
    let selecting = selecting(registration)
    guard let object = selecting.first else {
      if labels(registration) == nil, !objects.isEmpty {
        return .open(
          Question(
            "which labels Cluster \(registration.namespace)/\(registration.name) has on \(registration.management)",
            help: "declare them in spec.clusterAPI.labels, or put its manifest among the workloads"),
          places: objects.map { $0.label(at: $0.node.at("spec", "clusterSelector"), "selects by labels") })
      }
      return .refused(
        Fault(
          JudgementRules.unpublished,
          "no GatewayDNS of \(namespace) on \(registration.management) selects cluster \(registration.name)",
          at: objects.map { $0.label(at: $0.node.at("spec", "clusterSelector"), "selects others") },
          help: ["label the Cluster API object, or change the selector"], because: claim(for: registration)))
    }
    guard Self.reference(object) != nil else {
      return .refused(
        Fault(
          JudgementRules.unpublished, "GatewayDNS \(object.name) names no Service as namespace/name",
          at: [object.label(at: object.node.at("spec", "service"))], help: ["write namespace/name"],
          because: .found(
            ObjectQuery(
              "GatewayDNS", of: "connectivity.tanzu.vmware.com", in: registration.management, namespace,
              object.name,
              where: [.text(["spec", "service"], [object.node.at("spec", "service")?.text ?? ""])])),
          wanted: .no))
    }
    guard selecting.count == 1 else {
      return .open(
        Question(
          "which of \(selecting.count) GatewayDNS objects has written the slice of \(registration.name) last",
          help: "narrow the selectors until one is left"), places: selecting.map { $0.label("selects it") })
    }
    return .by(object)
  }
}

/// What the controller finds in a gateway's cluster: the Service, its load balancer, its addresses.
struct GatewayRecord: Sendable {
  /// Nil where no GatewayDNS names one.
  let service: NamespacedName?
  /// The nodes that hold the addresses; empty until they are known.
  let addresses: [Node]
  let evidence: Hop.Evidence
  /// Why the controller publishes nothing, or what the API server refuses.
  let fault: Fault?
  private let cluster: String
  /// What is known of the Service: nothing, what was observed, a manifest.
  private let knows: (manifest: Bool, observation: Bool)

  init(
    _ judged: JudgedCluster, _ registration: GatewayDNSSystem.Registration, _ service: NamespacedName?,
    declared: Node?
  ) {
    self.service = service
    cluster = judged.name
    let known = service.flatMap { judged.service($0)?.object }
    let observed = service.flatMap { judged.observed("v1", "Service", $0.namespace, $0.name) }
    let ingress = observed?.node.at("status", "loadBalancer", "ingress")?.elements.map { $0 } ?? []
    if let declared, declared.count > 0 {
      addresses = declared.elements.map { $0 }
      evidence = .specified
    } else {
      addresses = ingress.compactMap { $0["ip"] }.filter { !$0.text.isEmpty }
      evidence = .observed
    }
    if let service, known == nil, observed == nil, judged.model.declared.knows(namespace: service.namespace) {
      fault = Fault(
        JudgementRules.unpublished,
        "there is no Service \(service.description) in \(judged.name): the controller publishes no address",
        help: ["name the gateway's Service, or add its manifest"],
        because: .found([Self.query(judged.name, service), Self.query(judged.name, service, .observed)]))
    } else {
      fault = Self.fault(known ?? observed, service, known == nil, ingress, addresses, judged.name)
    }
    knows = (known != nil, observed != nil)
  }

  var missing: MissingFact {
    MissingFact(
      cluster: cluster, namespace: service?.namespace ?? "",
      fact: "the load balancer's address of Service \(service?.name ?? "")", resources: "svc",
      lookedFor: [
        Self.query(cluster, service, .observed, [.exists(["status", "loadBalancer", "ingress", "*", "ip"])])
      ])
  }

  /// That the Service is of the type from which the controller takes addresses; nil where nothing is known of it.
  var serviceClaim: Claim? {
    guard knows.manifest || knows.observation else { return nil }
    return Self.balanced(cluster, service, !knows.manifest)
  }

  /// That the load balancer was observed with the addresses; nil where they are specified, or not known.
  var addressesClaim: Claim? {
    guard evidence == .observed, !addresses.isEmpty else { return nil }
    return .found(
      Self.query(
        cluster, service, .observed,
        [.only(["status", "loadBalancer", "ingress", "*", "ip"], addresses.map(\.text))]))
  }

  private static func query(
    _ cluster: String, _ service: NamespacedName?, _ layer: ObjectQuery.Layer = .manifests,
    _ conditions: [ObjectCondition] = []
  ) -> ObjectQuery {
    ObjectQuery(
      "Service", of: "", in: cluster, service?.namespace ?? "", service?.name ?? "", layer, where: conditions)
  }

  private static func balanced(_ cluster: String, _ service: NamespacedName?, _ isObserved: Bool) -> Claim {
    .found(
      query(
        cluster, service, isObserved ? .observed : .manifests, [.text(["spec", "type"], ["LoadBalancer"])]))
  }

  private static func fault(
    _ service: KnownObject?, _ key: NamespacedName?, _ isObserved: Bool, _ ingress: [Node],
    _ addresses: [Node], _ cluster: String
  ) -> Fault? {
    if let service {
      let type = service.node.at("spec", "type")
      if (type?.text ?? "ClusterIP") != "LoadBalancer" {
        return Fault(
          JudgementRules.unpublished,
          "Service \(service.name) in \(cluster) is of type \(type?.text ?? "ClusterIP"): the controller publishes no address",
          at: [service.label(at: type)], help: ["set 'type: LoadBalancer'"],
          because: balanced(cluster, key, isObserved))
      }
    }
    if let entry = ingress.first(where: { ($0["ip"]?.text ?? "").isEmpty }), let name = entry["hostname"] {
      return Fault(
        JudgementRules.address, "the load balancer in \(cluster) has the name \(name.text) and no address",
        at: [Label(name.range)], help: ["use a load balancer with an IPv4 address"],
        because: .found(
          query(
            cluster, key, .observed,
            [.text(["status", "loadBalancer", "ingress", "*", "hostname"], [name.text])])), wanted: .no)
    }
    for address in addresses {
      guard let parsed = IPAddress(address.text), !parsed.isIPv6, parsed.endpointFault == nil else {
        return Fault(
          JudgementRules.address, "\(address.text) cannot stand in an IPv4 EndpointSlice",
          at: [Label(address.range)], help: ["use the gateway's IPv4 address"],
          because: .address(address.text),
          wanted: .yes)
      }
    }
    return nil
  }
}

/// The pods of a gateway, as its Service selects them.
struct GatewayPods: Sendable {
  private let service: Service?
  private let cluster: String
  private let key: NamespacedName
  let evidence: Hop.Evidence
  let places: [Label]
  /// Whom policies at the target see.
  let peers: [PeerPod]
  /// The pods as policies of their own namespace see them.
  let subjects: [SubjectPod]
  private let knowsWorkloads: Bool
  /// True where no endpoints are known that would stand in for pods.
  private let hasNoEndpoints: Bool
  /// The ports that were observed beside a manifest.
  private let observedPorts: Node?

  init(_ key: NamespacedName, in cluster: JudgedCluster) {
    self.key = key
    self.cluster = cluster.name
    hasNoEndpoints = !cluster.endpoints(in: key.namespace).contains {
      ($0.manifest.labels["kubernetes.io/service-name"] ?? $0.name) == key.name
    }
    let known = cluster.service(key)
    let observed = cluster.observed("v1", "Service", key.namespace, key.name)
    service = known?.service ?? observed.map { Service($0.manifest, namespace: key.namespace) }
    evidence = known?.object.evidence ?? .observed
    places = (known?.object ?? observed).map { [$0.label()] } ?? []
    observedPorts = known == nil ? nil : observed?.node.at("spec", "ports")
    let workloads = cluster.workloads(in: key.namespace)
    knowsWorkloads = !workloads.isEmpty
    guard let selector = service?.selector, !selector.isEmpty else {
      peers = []
      subjects = []
      return
    }
    subjects = GatewayWay.pods(
      selector, in: key.namespace, of: cluster, unknown: "gateway \(key.description)")
    let manifest = cluster.model.declared.namespaces[key.namespace]
    func peer(_ name: String, _ kind: String, _ labels: Labels, isHostNetwork: Bool) -> PeerPod {
      PeerPod(
        id: "gateway \(key.description) \(kind)/\(name)", namespace: key.namespace,
        namespaceLabels: manifest?.labels ?? Labels(), knowsNamespaceLabels: manifest != nil, name: name,
        kind: kind, labels: labels, isHostNetwork: isHostNetwork)
    }
    let matching = workloads.filter { LabelSelector(equality: selector).matches($0.podLabels) }
    if !knowsWorkloads {
      peers = [peer(key.name, "Gateway", selector, isHostNetwork: false)]
    } else {
      peers = matching.map { peer($0.key.name, $0.kind, $0.podLabels, isHostNetwork: $0.isHostNetwork) }
    }
  }

  /// The Service is known, so that its ports can be judged.
  var isKnown: Bool { !(service?.ports.isEmpty ?? true) }

  func fault(_ port: Int) -> Fault? {
    guard let service, isKnown else { return nil }
    guard service.ports.contains(where: { $0.number == port && $0.transport == .tcp }) else {
      return Fault(
        JudgementRules.unpublished, "the gateway \(key.description) of \(cluster) has no port \(port)",
        at: places,
        help: ["use one of \(listed(service.ports.map(\.description)))"], because: listens(port))
    }
    if service.selector.isEmpty, evidence != .observed, hasNoEndpoints {
      return Fault(
        JudgementRules.pods,
        "the gateway's Service \(key.description) of \(cluster) has no selector: no pods are behind it",
        at: places, help: ["give it the labels of the gateway's pods"],
        because: .found(
          ObjectQuery(
            "Service", of: "", in: cluster, key.namespace, key.name, where: [.exists(["spec", "selector"])])))
    }
    guard knowsWorkloads, !service.selector.isEmpty, peers.isEmpty else { return unnamed(port, service) }
    return Fault(
      JudgementRules.unpublished,
      "no pod of \(key.namespace) in \(cluster) is behind the gateway's Service \(key.name)", at: places,
      help: ["correct its selector, \(service.selector.description)"],
      because: .pods(cluster, key, runtimeLabels: [:]))
  }

  /// Where the Service was observed without a port that its manifest has.
  func question(_ port: Int) -> Question? {
    guard let observedPorts, observedPorts.count > 0,
      !observedPorts.elements.contains(where: {
        $0["port"]?.integer == port && ($0["protocol"]?.text ?? "TCP") == "TCP"
      })
    else { return nil }
    return Question(
      "whether the gateway \(key.description) of \(cluster) has port \(port) by now: it was observed without",
      at: observedPorts.range, help: "observe \(cluster) again")
  }

  /// A port of the Service that leads to a name which the pods do not declare: nobody is behind it.
  private func unnamed(_ number: Int, _ service: Service) -> Fault? {
    guard evidence != .observed,
      let port = service.ports.first(where: { $0.number == number && $0.transport == .tcp }),
      case .name(let name) = port.target,
      let pod = subjects.first(where: { $0.workload != nil }),
      !subjects.contains(where: { $0.number(of: port.target, .tcp) != nil })
    else { return nil }
    return Fault(
      JudgementRules.targetPort,
      "\(pod.description) in \(cluster), behind the gateway \(key.description), has no container port named '\(name)'",
      at: [Label(port.node.range, "leads to '\(name)'")],
      help: ["name a container port '\(name)', or use a number as targetPort"],
      because: .targetPort(cluster, key, name: name, .tcp))
  }

  /// The number that the pods listen at behind a port of the Service.
  func number(behind port: Int) -> (SubjectPod) -> Int? {
    let service = service
    return { pod in service?.number(of: port, in: pod) }
  }

  /// That pods are behind the Service; nil where nobody knows the pods of its namespace.
  var podsClaim: Claim? {
    // What was observed is no manifest: a claim about pods speaks of the Service's.
    knowsWorkloads && !peers.isEmpty && evidence != .observed
      ? .pods(cluster, key, runtimeLabels: [:]) : nil
  }

  /// That the Service has a port.
  func listens(_ port: Int) -> Claim {
    let conditions = [
      ObjectCondition.element(
        ["spec", "ports", "*"],
        [.number(["port"], port), .text(["protocol"], ["TCP"], default: "TCP")])
    ]
    return .found(
      ObjectQuery(
        "Service", of: "", in: cluster, key.namespace, key.name,
        evidence == .observed ? .observed : .manifests, where: conditions))
  }
}
