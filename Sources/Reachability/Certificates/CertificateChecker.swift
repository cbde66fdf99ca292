import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Checks certificates against the manifests as they stand, with the naive evaluator: no classes, no interned sets, no
/// code of the walk.
///
/// It asks three things: is every claim what the judge says it is; are the claims about all pods that the connection
/// means, found again here by comparing strings; and does the verdict follow from them.
package struct CertificateChecker: Sendable {
  private let fleet: JudgedFleet
  /// By cluster and namespace; policies of the whole cluster under "".
  private let declared: [String: [String: [Manifest]]]

  /// Linear in the objects of all clusters.
  package init(_ fleet: JudgedFleet) {
    self.fleet = fleet
    declared = fleet.clusters.mapValues { cluster in
      var byNamespace: [String: [Manifest]] = [:]
      for manifest in cluster.model.declared.objects.values {
        byNamespace[manifest.namespace ?? "", default: []].append(manifest)
      }
      return byNamespace.mapValues { manifests in
        manifests.sorted { ($0.kind, $0.name) < ($1.kind, $1.name) }
      }
    }
  }

  /// Why a certificate does not hold; nil where it does. Linear in its claims times the policies of a namespace.
  package func objection(to certificate: Certificate) -> String? {
    for claim in certificate.claims {
      let answer = check(claim.claim, claim.holds)
      if let answer, answer != claim.holds {
        return "\(words(claim.claim)) is \(answer), not \(claim.holds)"
      }
    }
    return incompleteness(certificate) ?? contradiction(certificate)
  }

  /// Whether the verdict follows from the claims.
  private func contradiction(_ certificate: Certificate) -> String? {
    let answers = certificate.claims.map(\.holds)
    switch certificate.verdict {
    case .proved:
      return answers.allSatisfy { $0 == .yes } ? nil : "it is called proved, and a claim does not hold"
    case .depends, .pending:
      return answers.contains(.no)
        ? "it is called \(certificate.verdict.rawValue), and a claim is false" : nil
    case .refuted:
      // The hop that fails is the last one walked: its claim, where it has one, is the last and false.
      return answers.dropLast().contains(.no) ? "a claim before the broken hop is false" : nil
    }
  }

  // MARK: All pods

  /// A proof must speak of every pod at both ends, and of the Service.
  private func incompleteness(_ certificate: Certificate) -> String? {
    guard certificate.verdict == .proved else { return nil }
    let crossing = certificate.crossing
    var leaving: Set<String> = []
    var entering: Set<String> = []
    var hasService = crossing.target.service.isInline
    for claim in certificate.claims {
      switch claim.claim {
      case .egress(_, let subject, _, _, _): leaving.insert(subject.workload?.description ?? "")
      case .ingress(_, let subject, _, _, _): entering.insert(subject.workload?.description ?? "")
      case .service(_, let key, let port, _, _):
        hasService = hasService || key == crossing.target.service.key && port == crossing.port.port.number
      case .field: break
      }
    }
    guard hasService else { return "nothing is said of the Service" }
    if let cluster = crossing.client.cluster {
      for name in clients(crossing, cluster) where !leaving.contains(name) {
        return "nothing is said of what lets \(name) out"
      }
      if leaving.isEmpty { return "nothing is said of what lets clients out" }
    }
    for name in targets(crossing) where !entering.contains(name) {
      return "nothing is said of what lets in to \(name)"
    }
    return entering.isEmpty ? "nothing is said of what lets in to the target" : nil
  }

  private func pods(_ cluster: String, _ namespace: String) -> [(name: String, node: Node)] {
    (declared[cluster]?[namespace] ?? []).compactMap { manifest in
      Workload.podNode(of: manifest).map { ("\(manifest.kind) \(manifest.name)", $0) }
    }
  }

  private func clients(_ crossing: Crossing, _ cluster: String) -> [String] {
    let selector = crossing.client.node["podSelector"]
    return pods(cluster, crossing.client.namespace).filter { _, pod in
      NaiveSelector.matches(selector) { key in [pod.at("metadata", "labels")?[key]?.text] } == .yes
    }.map(\.name)
  }

  private func targets(_ crossing: Crossing) -> [String] {
    let key = crossing.target.service.key
    guard let service = service(crossing.target.cluster, key), !crossing.target.service.isInline else {
      return []
    }
    let wanted = service.node.at("spec", "selector")?.entries.map { ($0.key.text, $0.value.text) } ?? []
    let runtime = crossing.connection.connection.to.runtimeLabels
    guard !wanted.isEmpty else { return [] }
    return pods(crossing.target.cluster, key.namespace).filter { _, pod in
      wanted.allSatisfy { key, value in
        pod.at("metadata", "labels")?[key]?.text == value || runtime[key]?.contains(value) ?? false
      }
    }.map(\.name)
  }

  // MARK: Claims

  /// What the manifests say of a claim; nil where this evaluator has no say.
  private func check(_ claim: Claim, _ found: Ternary) -> Ternary? {
    switch claim {
    case .egress(let key, let subject, let place, let port, let transport):
      var network = NaiveNetwork(fleet, declared, key, subject)
      let destination: Endpoint
      switch place {
      case .address(let address): destination = .address(address)
      case .peer(let peer): destination = .pod(network.add(peer))
      }
      return NaiveEvaluator(network.network).passes(from: .pod(0), to: destination, port: port, transport)
    case .ingress(let key, let subject, let sender, let port, let transport):
      return admits(sender, key, subject, port, transport, found)
    case .service(let cluster, let key, let port, let transport, let target):
      guard let manifest = service(cluster, key) else { return .no }
      let found = manifest.node.at("spec", "ports")?.elements.first { entry in
        entry["port"]?.integer == port && (entry["protocol"]?.string ?? "TCP") == transport.rawValue
      }
      guard let found else { return .no }
      let text = found["targetPort"]?.text ?? String(port)
      return Ternary(text == target.description)
    case .field(let cluster, let identity, let path, let text, let evidence):
      guard let manifest = object(cluster, identity, evidence) else { return .no }
      let node = path.reduce(manifest.node as Node?) { $0?[$1] }
      return Ternary(node?.text == text)
    }
  }

  private func admits(
    _ sender: Sender, _ key: NamespaceSlice.Key, _ subject: SubjectPod, _ port: Int,
    _ transport: TransportProtocol, _ found: Ternary
  ) -> Ternary? {
    var network = NaiveNetwork(fleet, declared, key, subject)
    func passes(_ peer: PeerPod) -> Ternary {
      let number = network.add(peer)
      return NaiveEvaluator(network.network).passes(from: .pod(number), to: .pod(0), port: port, transport)
    }
    func everyone(_ addresses: [IPAddress]) -> Ternary {
      let evaluator = NaiveEvaluator(network.network)
      let answers = addresses.map { evaluator.passes(from: .address($0), to: .pod(0), port: port, transport) }
      return answers.reduce(.yes) { $0 && $1 }
    }
    switch sender {
    case .client: return nil
    case .pods(let peers, _): return peers.reduce(Ternary.yes) { $0 && passes($1) }
    case .platform(let peer, let others, _):
      let own = passes(peer)
      if own == .yes || everyone(network.telling) == .yes { return .yes }
      if own == .depends { return .depends }
      return others.contains { passes($0).may } ? .depends : .no
    case .networks(let networks, _):
      let inside = network.telling.filter { address in networks.contains { $0.contains(address) } }
      return everyone(inside + networks.map(\.address))
    case .unknown:
      // It is admitted for sure only where everyone is; whether somebody is, is not asked here.
      if everyone(network.telling) == .yes { return .yes }
      return found == .yes ? .depends : nil
    }
  }

  // MARK: Objects

  private func service(_ cluster: String, _ key: NamespacedName) -> Manifest? {
    object(
      cluster, ObjectIdentity(apiVersion: "v1", kind: "Service", namespace: key.namespace, name: key.name),
      .declared)
      ?? object(
        cluster, ObjectIdentity(apiVersion: "v1", kind: "Service", namespace: key.namespace, name: key.name),
        .emitted)
  }

  private func object(_ cluster: String, _ identity: ObjectIdentity, _ evidence: Hop.Evidence) -> Manifest? {
    guard let judged = fleet.clusters[cluster] else { return nil }
    switch evidence {
    case .observed: return judged.model.observed.objects[identity]
    case .emitted:
      return judged.emittedObjects(in: identity.namespace ?? "").first { $0.manifest.identity == identity }?
        .manifest
    default: return declared[cluster]?[identity.namespace ?? ""]?.first { $0.identity == identity }
    }
  }

  private func words(_ claim: Claim) -> String {
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
    case .field(let cluster, let identity, let path, let text, _):
      return "that \(path.joined(separator: ".")) of \(identity.description) in \(cluster) is '\(text)'"
    }
  }
}
