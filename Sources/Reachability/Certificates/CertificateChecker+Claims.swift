import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Each kind of claim, asked of the manifests.
extension CertificateChecker {
  /// What the manifests say of a claim; nil where this evaluator has no say.
  func check(_ claim: Claim, _ found: Ternary) -> Ternary? {
    switch claim {
    case .egress(let key, let subject, let place, let port, let transport):
      var network = NaiveNetwork(fleet, declared, key, subject)
      let destination: Endpoint
      switch place {
      case .address(let address): destination = .address(address)
      case .peer(let peer): destination = .pod(network.add(peer))
      }
      // Each end's policies are a claim of their own.
      return NaiveEvaluator(network.network).leaves(0, to: destination, port: port, transport)
    case .ingress(let key, let subject, let sender, let port, let transport):
      return admits(sender, key, subject, port, transport, found)
    case .service(let cluster, let key, let port, let transport, let target):
      guard let manifest = service(cluster, key) else { return .no }
      let found = manifest.node.at("spec", "ports")?.elements.first { entry in
        // A word that is no protocol is refused by the API server, and stands for the default till then.
        let written = entry["protocol"]?.string ?? ""
        let own = TransportProtocol.allCases.first { $0.rawValue == written } ?? .tcp
        return entry["port"]?.integer == port && own == transport
      }
      guard let found else { return .no }
      let text = found["targetPort"].flatMap { $0.isNull ? nil : $0.text } ?? String(port)
      return Ternary(text == target.description)
    case .found(let queries): return Ternary(queries.contains(where: objects.answer))
    case .leads(let cluster, let namespace, let address, let port, let transport):
      return Ternary(leads(cluster, namespace, address, port, transport))
    case .pods(let cluster, let key, let runtime):
      let selector = service(cluster, key)?.node.at("spec", "selector")?.entries.map { $0 } ?? []
      let isMade =
        !selector.isEmpty && selector.allSatisfy { runtime[$0.key.text]?.contains($0.value.text) ?? false }
      return Ternary(isMade || !behind(cluster, key, runtime).isEmpty)
    case .targetPort(let cluster, let key, let name, let transport):
      let pods = behind(cluster, key)
      return Ternary(pods.isEmpty || pods.contains { Self.declares($0.node, name, transport) })
    case .address(let text): return Ternary(Self.isUsable(text))
    case .forwards(let cluster, let name, let server):
      return fleet.clusters[cluster].map { Ternary(NaiveResolver($0).sends(name, to: server)) }
    case .resolvesImports(let cluster):
      return fleet.clusters[cluster].map { judged in
        let isConfigured = objects.answer(
          ObjectQuery(
            of: nil, in: cluster, nil, "cilium-values.yaml", .fragments,
            where: [.text(["clustermesh", "mcsapi", "corednsAutoConfigure", "enabled"], ["true"])]))
        if isConfigured { return .yes }
        if let answer = NaiveResolver(judged).answersImports { return Ternary(answer) }
        return Ternary(
          objects.answer(
            ObjectQuery(
              of: nil, in: cluster, nil, nil, .document,
              where: [.text(["spec", "cilium", "mcsapi", "coreDNS"], ["configured"])])))
      }
    }
  }

  private func admits(
    _ sender: Sender, _ key: NamespaceSlice.Key, _ subject: SubjectPod, _ port: Int,
    _ transport: TransportProtocol, _ found: Ternary
  ) -> Ternary? {
    var network = NaiveNetwork(fleet, declared, key, subject)
    func enters(_ peer: PeerPod) -> Ternary {
      let number = network.add(peer)
      return NaiveEvaluator(network.network).enters(from: .pod(number), to: 0, port: port, transport)
    }
    // Pods of every primary network ask their cluster's DNS.
    let isOfResolver = fleet.clusters[key.cluster].map {
      ClusterResolver($0.model.cluster.distribution).pod.namespace == key.namespace
    }
    func arrives(_ peer: PeerPod) -> Ternary {
      let answer = enters(peer)
      if isOfResolver == true { return answer }
      let evaluator = NaiveEvaluator(network.network)
      return answer && evaluator.meet(network.network.pods.count - 1, 0)
    }
    func everyone(_ addresses: [IPAddress]) -> Ternary {
      let evaluator = NaiveEvaluator(network.network)
      let answers = addresses.map { evaluator.enters(from: .address($0), to: 0, port: port, transport) }
      return answers.reduce(.yes) { $0 && $1 }
    }
    switch sender {
    case .client: return nil
    case .pods(let peers, _): return peers.reduce(Ternary.yes) { $0 && arrives($1) }
    case .platform(let peer, let guises, let others, _):
      let own = enters(peer)
      let inGuises = guises.map(enters)
      if own == .yes && inGuises.allSatisfy({ $0 == .yes }) || everyone(network.telling) == .yes {
        return .yes
      }
      if own.may || inGuises.contains(where: \.may) { return .depends }
      let nodes = network.network.nodeNetworks
      let addresses =
        nodes.map(\.address) + network.telling.filter { text in nodes.contains { $0.contains(text) } }
      let evaluator = NaiveEvaluator(network.network)
      return others.contains { enters($0).may }
        || addresses.contains {
          evaluator.passes(from: .address($0), to: .pod(0), port: port, transport).may
        } ? .depends : .no
    case .networks(let networks, _):
      let inside = network.telling.filter { address in networks.contains { $0.contains(address) } }
      return everyone(inside + networks.map(\.address))
    case .unknown, .outside:
      // It is admitted for sure only where everyone is; that nobody is can be said of addresses alone.
      let evaluator = NaiveEvaluator(network.network)
      var addresses = network.telling
      if case .outside = sender {
        let pods = network.network.podNetworks
        addresses.removeAll { address in pods.contains { $0.contains(address) } }
      }
      let answers = addresses.map { evaluator.enters(from: .address($0), to: 0, port: port, transport) }
      if answers.allSatisfy({ $0 == .yes }) { return .yes }
      if answers.contains(where: \.may) { return .depends }
      return found == .yes ? .no : nil
    }
  }

  // MARK: Objects

  func service(_ cluster: String, _ key: NamespacedName) -> Manifest? {
    guard let judged = fleet.clusters[cluster] else { return nil }
    func isIt(_ manifest: Manifest) -> Bool {
      manifest.apiVersion == "v1" && manifest.kind == "Service" && manifest.name == key.name
    }
    return declared[cluster]?[key.namespace]?.first(where: isIt)
      ?? judged.emittedObjects(in: key.namespace).first { isIt($0.manifest) }?.manifest
  }

  /// Every Endpoints and EndpointSlice of a namespace that a Service without selector uses, read as its consumers do.
  private func leads(
    _ cluster: String, _ namespace: String, _ address: IPAddress, _ port: Int, _ transport: TransportProtocol
  ) -> Bool {
    guard let judged = fleet.clusters[cluster] else { return false }
    let observed = judged.model.observed.objects.values.filter { $0.namespace == namespace }
    // What somebody keeps counts before what would be emitted under its name.
    let own = declared[cluster]?[namespace] ?? []
    let emitted = judged.emittedObjects(in: namespace).map(\.manifest).filter { manifest in
      !own.contains { $0.identity == manifest.identity }
    }
    let all = own + emitted + observed
    let replaced = Set(emitted.filter { $0.apiVersion == "v1" && $0.kind == "Service" }.map(\.name))
    let services = all.filter { manifest in
      manifest.apiVersion == "v1" && manifest.kind == "Service"
        && (manifest.node.at("spec", "selector")?.count ?? 0) == 0
        && manifest.node.at("spec", "type")?.text != "ExternalName"
    }
    /// Port names and numbers of a part that holds the address.
    func ports(_ part: Node, _ list: StaticString, _ text: (Node) -> [String]) -> [(
      name: String, number: Int
    )] {
      let holds =
        part[list]?.elements.contains { entry in
          entry["conditions"]?["ready"]?.text != "false" && text(entry).contains { IPAddress($0) == address }
        } ?? false
      guard holds else { return [] }
      return part["ports"]?.elements.filter { ($0["protocol"]?.text ?? "TCP") == transport.rawValue }.map {
        ($0["name"]?.text ?? "", $0["port"]?.integer ?? 0)
      } ?? []
    }
    for (number, manifest) in all.enumerated() where ["Endpoints", "EndpointSlice"].contains(manifest.kind) {
      let isSlice = manifest.kind == "EndpointSlice"
      // Behind a Service that is written anew nothing stays as it was observed.
      if number >= own.count + emitted.count,
        replaced.contains(isSlice ? manifest.labels["kubernetes.io/service-name"] ?? "" : manifest.name)
      {
        continue
      }
      let family = address.isIPv6 ? "IPv6" : "IPv4"
      guard !isSlice || manifest.node["addressType"]?.text == family else { continue }
      let name = isSlice ? manifest.labels["kubernetes.io/service-name"] : manifest.name
      let found =
        isSlice
        ? ports(manifest.node, "endpoints") { $0["addresses"]?.elements.map(\.text) ?? [] }
        : manifest.node["subsets"]?.elements.flatMap { subset in
          ports(subset, "addresses") { [$0["ip"]?.text ?? ""] }
        } ?? []
      for entry in found where entry.number == port {
        let uses = services.contains { service in
          service.name == name
            && (service.node.at("spec", "ports")?.elements.contains {
              ($0["name"]?.text ?? "") == entry.name && ($0["protocol"]?.text ?? "TCP") == transport.rawValue
            } ?? false)
        }
        if uses { return true }
      }
    }
    return false
  }

  /// Four numbers, none of the ranges that the API server refuses in endpoints: unspecified, loopback, link-local,
  /// multicast of the link (ValidateNonSpecialIP).
  private static func isUsable(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    guard parts.count == 4, let first = parts[0], let second = parts[1], let third = parts[2], parts[3] != nil
    else { return false }
    let isSpecial =
      parts.allSatisfy { $0 == 0 } || first == 127 || first == 169 && second == 254
      || first == 224 && second == 0 && third == 0
    return !isSpecial
  }

  /// True where some container of a pod has a port of the name.
  static func declares(_ pod: Node, _ name: String, _ transport: TransportProtocol) -> Bool {
    ["containers", "initContainers"].contains { list in
      pod["spec"]?[list]?.elements.contains { container in
        // Of init containers only those stay that start again whenever they end.
        if list == "initContainers", container["restartPolicy"]?.text != "Always" { return false }
        return container["ports"]?.elements.contains {
          $0["name"]?.text == name && ($0["protocol"]?.text ?? "TCP") == transport.rawValue
        } ?? false
      } ?? false
    }
  }

  // MARK: Words

  func words(_ claim: Claim) -> String {
    switch claim {
    case .egress(let key, let subject, let place, let port, _):
      let goal =
        switch place {
        case .address(let address): address.text
        case .peer(let peer): peer.name
        }
      return
        "that \(subject.description) of \(key.namespace) in \(key.cluster) may send to \(goal) port \(port)"
    case .ingress(let key, let subject, let sender, let port, _):
      return
        "that \(subject.description) of \(key.namespace) in \(key.cluster) admits \(sender.description) to port \(port)"
    case .service(let cluster, let key, let port, _, let target):
      return "that Service \(key.description) in \(cluster) leads from \(port) to \(target.description)"
    case .found(let queries): return "that there is \(queries.map(\.description).joined(separator: ", or "))"
    case .leads(let cluster, let namespace, let address, let port, _):
      return "that a Service of \(namespace) in \(cluster) leads to \(address.text):\(port)"
    case .pods(let cluster, let key, _):
      return "that pods are behind Service \(key.description) of \(cluster)"
    case .targetPort(let cluster, let key, let name, _):
      return "that the pods behind Service \(key.description) of \(cluster) have a port named \(name)"
    case .address(let text): return "that \(text) can stand in an IPv4 EndpointSlice"
    case .forwards(let cluster, let name, let server):
      return "that the resolver of \(cluster) sends \(name) to \(server)"
    case .resolvesImports(let cluster):
      return "that the resolver of \(cluster) answers for clusterset.local"
    }
  }
}
