import Compiler
import Diagnostics
import Kubernetes
import YAMLTree

/// GatewayDNS objects of a management cluster, and routes whose hosts are names that they give.
enum GatewayDNSAdoption: SystemAdoption {
  private static let group = "connectivity.tanzu.vmware.com"

  static func infer(_ input: AdoptionInput, into inference: inout Inference) {
    for management in input.clusters {
      for manifest in management.objects(group, "GatewayDNS") {
        guard let namespace = manifest.namespace else { continue }
        adopt(manifest, namespace, management, input, &inference)
      }
    }
  }

  private static func adopt(
    _ manifest: Manifest, _ namespace: String, _ management: AdoptedCluster, _ input: AdoptionInput,
    _ inference: inout Inference
  ) {
    guard let zone = Zone(input, management), let service = manifest.node.at("spec", "service")?.string else {
      inference.leave(
        manifest, of: management.name,
        because:
          "its DNS zone is not among the manifests: give the controller's Deployment with DOMAIN_SUFFIX")
      return
    }
    let selector = manifest.node.at("spec", "clusterSelector")
    let labels = LabelSelector(selector)
    let managed = management.objects.filter {
      $0.kind == "Cluster" && $0.identity.group == "cluster.x-k8s.io" && $0.namespace == namespace
    }
    var section = SpecMap([
      "managementCluster": .text(management.name), "namespace": .text(namespace),
      "clusterSelector": selector.map { SpecValue($0) }, "service": .text(service),
    ])
    if let type = manifest.node.at("spec", "resolutionType")?.string {
      section.add("resolutionType", .text(type))
    }
    section.add("zone", .text(zone.text))
    if zone.isOldProfile { section.add("profile", .text("capi")) }
    inference.links.append(
      LinkCandidate(
        name: manifest.name, type: "gatewayDNS", section: section, anchor: ("namespace", namespace)))
    inference.takenOver.append(
      TakenOver(cluster: management.name, manifest: manifest, role: .leads, connection: ""))
    let keys = Set(labels.requirements.map(\.key))
    var members: [AdoptedCluster] = []
    // Those whose gateways this object publishes; another object of the namespace may publish the others'.
    var gateways: [AdoptedCluster] = []
    for object in managed {
      guard let cluster = input[object.name] else {
        if labels.matches(object.labels) {
          inference.leave(
            object, of: management.name,
            because:
              "its gateway is published, and the manifests of \(object.name) were not given: --cluster \(object.name)=…",
            isGap: false)
        }
        continue
      }
      members.append(cluster)
      if labels.matches(object.labels) { gateways.append(cluster) }
      let own = object.labels.items.filter { keys.contains($0.key) }
      inference.describe(
        cluster.name, "clusterAPI",
        .map([
          "managementCluster": .text(management.name), "namespace": .text(namespace),
          "labels": own.isEmpty ? nil : .map(SpecMap(own.map { SpecMap.Entry($0.key, .text($0.value)) })),
        ]))
      addResolver(cluster, zone, &inference)
    }
    for cluster in gateways {
      addConnections(
        cluster, zone.suffix(cluster.name, namespace), manifest.name, members.map(\.name), input, &inference)
    }
    for cluster in members {
      markSlices(cluster, zone, namespace, &inference)
      adoptNames(cluster, in: gateways, zone, namespace, manifest.name, &inference)
    }
  }

  // MARK: Names of clients

  /// Services of type ExternalName that lead to a gateway: one more client of the connection with that name.
  private static func adoptNames(
    _ client: AdoptedCluster, in members: [AdoptedCluster], _ zone: Zone, _ namespace: String, _ link: String,
    _ inference: inout Inference
  ) {
    for service in client.services.values.sorted(by: { $0.key < $1.key }) where service.type == "ExternalName"
    {
      guard let host = service.manifest.node.at("spec", "externalName")?.string,
        let target = members.first(where: { host.hasSuffix(zone.suffix($0.name, namespace)) })
      else { continue }
      let name = String(host.dropLast(zone.suffix(target.name, namespace).count))
      let index = inference.connections.firstIndex { candidate in
        candidate.link == link && target.services[candidate.service] != nil
          && candidate.spec["to"]?.map?["clusters"] == .texts([target.name])
          && (candidate.spec["gatewayDNS"]?.map?["host"] ?? .text(candidate.service.name)) == .text(name)
      }
      guard let index else {
        inference.leave(
          service.manifest, of: client.name,
          because: "no route of \(target.name) with the host \(host) is among the manifests")
        continue
      }
      if let field = unsaidField(of: service) {
        inference.leave(
          service.manifest, of: client.name, because: "\(field) has no place in a connection")
        continue
      }
      guard client.name != target.name, addClient(service, client.name, to: &inference.connections[index])
      else {
        inference.leave(
          service.manifest, of: client.name,
          because: client.name == target.name
            ? "it leads back to its own cluster" : "another name of the same cluster leads there already")
        continue
      }
      inference.takenOver.append(
        TakenOver(
          cluster: client.name, manifest: service.manifest, role: .leads,
          connection: inference.connections[index].id.description))
    }
  }

  /// Gives a connection the name under which one cluster knows it; false where it has another there already.
  private static func addClient(
    _ service: Service, _ cluster: String, to candidate: inout ConnectionCandidate
  ) -> Bool {
    let key = service.key
    guard !candidate.overrides.contains(where: { $0.cluster == cluster }) else { return false }
    if key.namespace != candidate.namespace, case .list(let from) = candidate.spec["from"] {
      // That cluster's client is in another namespace than the connection.
      var clients = from.compactMap { client -> SpecValue? in
        guard var map = client.map, case .list(let clusters) = map["clusters"] else { return client }
        let rest = clusters.filter { $0 != .text(cluster) }
        map["clusters"] = .list(rest)
        return rest.isEmpty ? nil : .map(map)
      }
      clients.append(.map(["clusters": .texts([cluster]), "namespace": .text(key.namespace)]))
      candidate.spec["from"] = .list(clients)
    }
    candidate.overrides.append(
      ConnectionCandidate.ClusterOverride(
        cluster: cluster,
        spec: SpecMap(["gatewayDNS": .map(["externalName": .text(key.name), "labels": service.keptLabels])])))
    return true
  }

  /// What of an ExternalName Service no connection says; nil when all is said.
  private static func unsaidField(of service: Service) -> String? {
    let usual = ["None", "Cluster", "SingleStack"]
    for (key, value) in service.manifest.node["spec"]?.entries ?? .none
    where !["type", "externalName"].contains(key.text) && !usual.contains(value.text) && !value.isNull {
      return "spec.\(key.text)"
    }
    return service.unsaidAnnotation.map { "metadata.annotations.\($0)" }
  }

  /// Slices that the controller writes into every cluster, where the manifests are what the cluster answered.
  private static func markSlices(
    _ cluster: AdoptedCluster, _ zone: Zone, _ namespace: String, _ inference: inout Inference
  ) {
    guard cluster.isDump else { return }
    let slices = cluster.objects("discovery.k8s.io", "EndpointSlice").filter {
      $0.namespace == zone.namespace
        && $0.annotation("connectivity.tanzu.vmware.com/gateway-dns-ref")?.hasPrefix(namespace + "/") == true
    }
    inference.controllerMade[cluster.name, default: []].formUnion(slices.map(\.identity))
  }

  /// How the cluster's DNS is told of the zone, where its manifests show it.
  private static func addResolver(_ cluster: AdoptedCluster, _ zone: Zone, _ inference: inout Inference) {
    if !cluster.objects("operator.openshift.io", "DNS").isEmpty {
      inference.describe(cluster.name, "distribution", .text("openshift"))
    } else if cluster.object("v1", "ConfigMap", "kube-system", "coredns-custom") != nil {
      inference.describe(cluster.name, "dns", .map(["resolver": .text("configMap")]))
    }
    var facts: Set<ObjectIdentity> = []
    for (kind, namespace, name) in [
      ("ConfigMap", "kube-system", "coredns"), ("ConfigMap", "kube-system", "coredns-custom"),
      ("Service", zone.namespace, "dns-server"),
    ] {
      if let object = cluster.object("v1", kind, namespace, name) { facts.insert(object.identity) }
    }
    inference.facts[cluster.name, default: []].formUnion(facts)
  }

  /// Routes whose host ends as the gateway's names do.
  private static func addConnections(
    _ cluster: AdoptedCluster, _ suffix: String, _ link: String, _ members: [String], _ input: AdoptionInput,
    _ inference: inout Inference
  ) {
    for route in Self.routes(cluster) where route.host.hasSuffix(suffix) {
      let key = NamespacedName(route.namespace, route.service)
      guard cluster.services[key]?.ports.contains(where: { $0.number == route.port }) == true,
        !inference.connections.contains(where: {
          $0.link == link && $0.service == key && $0.spec["to"]?.map?["clusters"] == .texts([cluster.name])
        })
      else { continue }
      let host = String(route.host.dropLast(suffix.count))
      let clients = members.filter { $0 != cluster.name }
      guard !clients.isEmpty else { continue }
      var candidate = ConnectionCandidate(
        link: link, namespace: key.namespace,
        name: inference.connectionName(key.name, in: key.namespace, over: link), service: key,
        spec: SpecMap())
      candidate.spec.add(
        "from", .list([.map(["clusters": .texts(clients)])]),
        comment: [
          "Who calls it is not in the manifests: every pod of the namespace may. Narrow it with a podSelector."
        ])
      candidate.spec.add(
        "to",
        .map([
          "clusters": .texts([cluster.name]), "service": .text(key.name),
          "ports": .list([.integer(route.port)]),
          "runtimeLabels": input.runtimeLabels(of: key, in: cluster.name),
        ]))
      if let owner = input.request.owner { candidate.spec.add("owner", .text(owner)) }
      var section = SpecMap()
      if host != key.name { section.add("host", .text(host)) }
      if route.isEncrypted { section.add("gatewayPort", .integer(443)) }
      if !section.isEmpty { candidate.spec.add("gatewayDNS", .map(section)) }
      inference.connections.append(candidate)
    }
  }

  private struct Route {
    let host: String
    let namespace: String
    let service: String
    let port: Int
    let isEncrypted: Bool
  }

  /// Hosts with the Services behind them: HTTPProxies of Contour and Ingresses.
  private static func routes(_ cluster: AdoptedCluster) -> [Route] {
    var routes: [Route] = []
    for manifest in cluster.objects("projectcontour.io", "HTTPProxy") {
      let spec = manifest.node["spec"]
      guard let host = spec?.at("virtualhost", "fqdn")?.string, let namespace = manifest.namespace else {
        continue
      }
      let backends =
        (spec?["routes"]?.elements.flatMap { $0["services"]?.elements.map { $0 } ?? [] } ?? [])
        + (spec?.at("tcpproxy", "services")?.elements.map { $0 } ?? [])
      for backend in backends {
        guard let name = backend["name"]?.string, let port = backend["port"]?.integer else { continue }
        routes.append(
          Route(
            host: host, namespace: namespace, service: name, port: port,
            isEncrypted: spec?.at("virtualhost", "tls") != nil))
      }
    }
    for manifest in cluster.objects("networking.k8s.io", "Ingress") {
      guard let namespace = manifest.namespace else { continue }
      for rule in manifest.node.at("spec", "rules")?.elements.map({ $0 }) ?? [] {
        for path in rule.at("http", "paths")?.elements.map({ $0 }) ?? [] {
          guard let host = rule["host"]?.string, let name = path.at("backend", "service", "name")?.string,
            let port = path.at("backend", "service", "port", "number")?.integer
          else { continue }
          routes.append(
            Route(
              host: host, namespace: namespace, service: name, port: port,
              isEncrypted: (manifest.node.at("spec", "tls")?.count ?? 0) > 0))
        }
      }
    }
    return routes
  }

  /// The zone of a management cluster, and the generation of the project that serves it.
  private struct Zone {
    let text: String
    let isOldProfile: Bool

    var namespace: String { isOldProfile ? "capi-dns" : "xcc-dns" }

    /// What every name of a cluster's gateway ends with.
    func suffix(_ cluster: String, _ namespace: String) -> String {
      ".gateway.\(cluster).\(namespace).clusters.\(text)"
    }

    /// From the controller's Deployment; else from the names of slices that it made, or the Corefile of its DNS server.
    init?(_ input: AdoptionInput, _ management: AdoptedCluster) {
      for (namespace, workloads) in management.workloads.sorted(by: { $0.key < $1.key }) {
        for workload in workloads {
          for container in workload.pod.at("spec", "containers")?.elements.map({ $0 }) ?? [] {
            let suffix = container["env"]?.elements.first { $0["name"]?.text == "DOMAIN_SUFFIX" }
            guard let zone = suffix?["value"]?.string else { continue }
            text = zone
            isOldProfile = namespace == "capi-dns"
            return
          }
        }
      }
      for cluster in input.clusters {
        for slice in cluster.objects("discovery.k8s.io", "EndpointSlice") {
          guard let host = slice.annotation("connectivity.tanzu.vmware.com/dns-hostname"),
            let end = host.firstRange(of: ".clusters.")?.upperBound
          else { continue }
          text = String(host[end...])
          isOldProfile = slice.namespace == "capi-dns"
          return
        }
      }
      // The older generation's server serves one zone, which its Corefile names.
      for cluster in input.clusters {
        let corefile = cluster.object("v1", "ConfigMap", "capi-dns", "dns-server-corefile")
        let first = corefile?.node.at("data", "Corefile")?.text.split(whereSeparator: { " {\n".contains($0) })
          .first.map(String.init)
        guard let first, first.contains("."), first != ".", !first.contains("#") else { continue }
        text = first
        isOldProfile = true
        return
      }
      return nil
    }
  }
}
