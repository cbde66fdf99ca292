import Compiler
import Diagnostics
import Kubernetes
import YAMLTree

/// Services without selector whose endpoints are addresses of another cluster of the fleet.
enum StaticAdoption: SystemAdoption {
  static func infer(_ input: AdoptionInput, into inference: inout Inference) {
    let addresses = AddressBook(input)
    for cluster in input.clusters {
      for (key, service) in cluster.services.sorted(by: { $0.key < $1.key })
      where service.selector.isEmpty && service.type != "ExternalName" {
        let identity = service.manifest.identity
        guard inference.controllerMade[cluster.name]?.contains(identity) != true,
          inference.answers[cluster.name]?.contains(identity) != true,
          inference.imported[cluster.name]?.contains(identity) != true,
          let endpoints = EndpointFacts(of: service, in: cluster)
        else { continue }
        guard let target = addresses.target(of: endpoints, service, from: cluster.name) else {
          inference.leave(
            service.manifest, of: cluster.name,
            because:
              "it leads to \(listed(endpoints.addresses)), which is no known address of another cluster\(hint(key, input))"
          )
          continue
        }
        if target.isVirtualServer {
          adoptPorterClient(key, service, endpoints, target, cluster, &inference)
        } else {
          adopt(key, service, endpoints, target, cluster, input, &inference)
        }
      }
    }
  }

  /// Which dump would tell, where the name speaks of a claim of another cluster.
  private static func hint(_ key: NamespacedName, _ input: AdoptionInput) -> String {
    for cluster in input.clusters where key.name.hasSuffix("-\(cluster.name)") {
      let service = String(key.name.dropLast(cluster.name.count + 1))
      let isClaimed = cluster.objects(PorterClaim.group, "TransportServerClaim").contains {
        $0.node.at("spec", "service")?.text == service
      }
      if isClaimed {
        return "; what \(cluster.name) answers would tell: oc get ts,tscs -A -o yaml"
      }
    }
    return ""
  }

  // MARK: Static links

  private static func adopt(
    _ key: NamespacedName, _ service: Service, _ endpoints: EndpointFacts, _ target: AddressBook.Target,
    _ cluster: AdoptedCluster, _ input: AdoptionInput, _ inference: inout Inference
  ) {
    let anchor = endpoints.addresses.joined(separator: ",")
    let link =
      "\(target.cluster)-\(anchor.map { $0.isLetter || $0.isNumber ? $0 : "-" }.map(String.init).joined())"
    if !inference.links.contains(where: { $0.name == link }) {
      inference.links.append(
        LinkCandidate(
          name: link, type: "static",
          section: SpecMap([
            "addresses": .map([
              target.cluster: endpoints.addresses.count == 1
                ? .text(endpoints.addresses[0]) : .texts(endpoints.addresses)
            ])
          ]), anchor: ("addresses", "\(target.cluster)=\(anchor)")))
    }
    var candidate = ConnectionCandidate(
      link: link, namespace: key.namespace,
      name: inference.connectionName(key.name, in: key.namespace, over: link), service: target.service,
      spec: SpecMap())
    candidate.spec.add(
      "from", .list([.map(["clusters": .texts([cluster.name])])]),
      comment: [
        "Who calls it is not in the manifests: every pod of the namespace may. Narrow it with a podSelector."
      ])
    candidate.spec.add(
      "to",
      .map([
        "clusters": .texts([target.cluster]),
        "namespace": target.service.namespace == key.namespace ? nil : .text(target.service.namespace),
        "service": .text(target.service.name), "ports": .list(target.ports.map { .integer($0.service) }),
        "runtimeLabels": input.runtimeLabels(of: target.service, in: target.cluster),
      ]))
    if let owner = input.request.owner { candidate.spec.add("owner", .text(owner)) }
    var section = SpecMap(["serviceName": .text(key.name)])
    if let name = endpoints.sliceName, name != "\(key.name)-1" {
      section.add("endpointSliceName", .text(name))
    }
    let mapped = target.ports.filter { $0.service != $0.address }
    if !mapped.isEmpty {
      section.add(
        "ports", .map(SpecMap(mapped.map { SpecMap.Entry(String($0.service), .integer($0.address)) })))
    }
    addPortNames(service, target, input, &section)
    section.add("labels", service.keptLabels)
    candidate.spec.add("static", .map(section))
    inference.connections.append(candidate)
    take(service, endpoints, cluster, candidate.id.description, &inference)
  }

  /// Names of ports that are not those that Linkwright would give.
  private static func addPortNames(
    _ service: Service, _ target: AddressBook.Target, _ input: AdoptionInput, _ section: inout SpecMap
  ) {
    let theirs = input[target.cluster]?.services[target.service]?.ports ?? []
    var names = SpecMap()
    for port in target.ports {
      guard let name = service.ports.first(where: { $0.number == port.service })?.name else { continue }
      let usual =
        target.ports.count > 1
        ? theirs.first { $0.number == port.service }?.name ?? "port-\(port.service)" : nil
      if name != usual { names.add(String(port.service), .text(name)) }
    }
    if !names.isEmpty { section.add("portNames", .map(names)) }
  }

  private static func take(
    _ service: Service, _ endpoints: EndpointFacts, _ cluster: AdoptedCluster, _ connection: String,
    _ inference: inout Inference
  ) {
    for manifest in [service.manifest] + endpoints.manifests {
      inference.takenOver.append(
        TakenOver(cluster: cluster.name, manifest: manifest, role: .leads, connection: connection))
    }
    if inference.endpointsAPI == nil { inference.endpointsAPI = endpoints.kind }
  }

  // MARK: Clients of virtual servers

  /// A cluster outside the pair that reaches a virtual server: one more client of the claim's connection.
  private static func adoptPorterClient(
    _ key: NamespacedName, _ service: Service, _ endpoints: EndpointFacts, _ target: AddressBook.Target,
    _ cluster: AdoptedCluster, _ inference: inout Inference
  ) {
    guard
      let index = inference.connections.firstIndex(where: {
        $0.service == target.service && $0.spec["porter"] != nil
      }), case .list(var from) = inference.connections[index].spec["from"]
    else {
      inference.leave(
        service.manifest, of: cluster.name,
        because: "it leads to a virtual server of \(target.cluster), whose claim is not adopted")
      return
    }
    // A network outside stood there only because nobody was known.
    from.removeAll { $0.map?["external"] != nil }
    from.append(
      .map([
        "clusters": .texts([cluster.name]),
        "namespace": key.namespace == inference.connections[index].namespace ? nil : .text(key.namespace),
      ]))
    inference.connections[index].spec["from"] = .list(from)
    if key.name != "\(target.service.name)-\(target.cluster)",
      var porter = inference.connections[index].spec["porter"]?.map
    {
      porter.add("serviceName", .text(key.name))
      inference.connections[index].spec["porter"] = .map(porter)
    }
    take(service, endpoints, cluster, inference.connections[index].id.description, &inference)
  }
}

/// The endpoints that somebody wrote for a Service without selector.
struct EndpointFacts {
  let addresses: [String]
  let ports: [(name: String, number: Int)]
  let manifests: [Manifest]
  /// `Endpoints` or `EndpointSlice`.
  let kind: String
  let sliceName: String?

  /// Nil where there are none, or where a controller makes them.
  init?(of service: Service, in cluster: AdoptedCluster) {
    let key = service.key
    if let endpoints = cluster.object("v1", "Endpoints", key.namespace, key.name) {
      let subsets = endpoints.node["subsets"]?.elements.map { $0 } ?? []
      addresses = subsets.flatMap { $0["addresses"]?.elements.compactMap { $0["ip"]?.text } ?? [] }
      ports = subsets.first?["ports"]?.elements.compactMap(Self.port) ?? []
      manifests = [endpoints]
      kind = "Endpoints"
      sliceName = nil
    } else {
      let slices = cluster.slices(of: key)
      guard let first = slices.first else { return nil }
      addresses = slices.flatMap { slice in
        slice.node["endpoints"]?.elements.flatMap { $0["addresses"]?.elements.map(\.text) ?? [] } ?? []
      }
      ports = first.node["ports"]?.elements.compactMap(Self.port) ?? []
      manifests = slices
      kind = "EndpointSlice"
      sliceName = first.name
    }
    guard !addresses.isEmpty, !ports.isEmpty else { return nil }
  }

  private static func port(_ node: Node) -> (name: String, number: Int)? {
    node["port"]?.integer.map { (node["name"]?.text ?? "", $0) }
  }
}

/// Which cluster has which address, as the manifests show it.
private struct AddressBook {
  struct Target {
    let cluster: String
    let service: NamespacedName
    /// Ports of the target's Service, with the port at the address.
    let ports: [(service: Int, address: Int)]
    let isVirtualServer: Bool
  }

  private struct Place {
    let cluster: String
    let service: Service?
  }

  private let input: AdoptionInput
  private var places: [String: [Place]] = [:]
  private var servers: [String: (cluster: String, manifest: Manifest)] = [:]

  /// Linear in the objects.
  init(_ input: AdoptionInput) {
    self.input = input
    for cluster in input.clusters {
      for service in cluster.services.values {
        let node = service.manifest.node
        let balanced =
          node.at("status", "loadBalancer", "ingress")?.elements.compactMap { $0["ip"]?.text } ?? []
        let external = node.at("spec", "externalIPs")?.elements.map(\.text) ?? []
        let asked = node.at("spec", "loadBalancerIP").map { [$0.text] } ?? []
        for address in Set(balanced + external + asked) {
          places[address, default: []].append(Place(cluster: cluster.name, service: service))
        }
      }
      for node in cluster.objects("", "Node") {
        for address in node.node.at("status", "addresses")?.elements.map({ $0 }) ?? []
        where address["type"]?.text != "Hostname" {
          places[address["address"]?.text ?? "", default: []].append(
            Place(cluster: cluster.name, service: nil))
        }
      }
      for server in cluster.objects("cis.f5.com", "TransportServer") {
        let facts = PorterServer(server)
        if let address = facts.address, let port = facts.port {
          servers["\(address):\(port)"] = (cluster.name, server)
        }
      }
    }
  }

  func target(of endpoints: EndpointFacts, _ service: Service, from cluster: String) -> Target? {
    if let (place, server) = servers["\(endpoints.addresses[0]):\(endpoints.ports[0].number)"],
      place != cluster,
      let namespace = server.namespace, let name = server.node.at("spec", "pool", "service")?.text,
      let port = server.node.at("spec", "pool", "servicePort")?.integer
    {
      return Target(
        cluster: place, service: NamespacedName(namespace, name), ports: [(port, endpoints.ports[0].number)],
        isVirtualServer: true)
    }
    let known = (places[endpoints.addresses[0]] ?? []).filter { $0.cluster != cluster }
    for place in known {
      if let found = place.service, let ports = ports(endpoints, found.ports.map { ($0.number, $0.number) }) {
        return Target(cluster: place.cluster, service: found.key, ports: ports, isVirtualServer: false)
      }
      guard place.service == nil else { continue }
      for found in input[place.cluster]?.services.values.sorted(by: { $0.key < $1.key }) ?? [] {
        let nodePorts = found.ports.compactMap { port in port.nodePort.map { (port.number, $0) } }
        if !nodePorts.isEmpty, let ports = ports(endpoints, nodePorts) {
          return Target(cluster: place.cluster, service: found.key, ports: ports, isVirtualServer: false)
        }
      }
    }
    return named(service, endpoints, from: cluster)
  }

  /// The Service's ports behind every port of the endpoints; nil when one is missing.
  private func ports(
    _ endpoints: EndpointFacts, _ offered: [(service: Int, address: Int)]
  ) -> [(service: Int, address: Int)]? {
    let found = endpoints.ports.compactMap { wanted in offered.first { $0.address == wanted.number } }
    return found.count == endpoints.ports.count ? found : nil
  }

  /// `db-gold` leads to Service `db` of cluster gold, where gold has one.
  private func named(_ service: Service, _ endpoints: EndpointFacts, from cluster: String) -> Target? {
    for other in input.clusters where other.name != cluster && service.key.name.hasSuffix("-\(other.name)") {
      let name = String(service.key.name.dropLast(other.name.count + 1))
      guard let found = other.services[NamespacedName(service.key.namespace, name)] else { continue }
      let ports = zip(service.ports, endpoints.ports).compactMap { mine, at in
        found.ports.contains { $0.number == mine.number } ? (mine.number, at.number) : nil
      }
      if ports.count == endpoints.ports.count {
        return Target(cluster: other.name, service: found.key, ports: ports, isVirtualServer: false)
      }
    }
    return nil
  }
}
