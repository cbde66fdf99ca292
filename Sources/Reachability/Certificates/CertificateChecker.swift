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
  let fleet: JudgedFleet
  /// By cluster and namespace; policies of the whole cluster under "".
  let declared: [String: [String: [Manifest]]]
  let objects: NaiveObjects

  /// Linear in the objects of all clusters.
  package init(_ fleet: JudgedFleet) {
    self.fleet = fleet
    objects = NaiveObjects(fleet)
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
    let claims = certificate.claims
    let name = certificate.verdict.rawValue
    switch certificate.verdict {
    case .proved:
      return claims.allSatisfy { $0.holds == $0.wanted }
        ? nil : "it is called proved, and a claim does not hold"
    case .depends:
      return claims.contains { $0.breaks || $0.isMissing }
        ? "it is called depends, and a claim says more" : nil
    case .pending:
      if claims.contains(where: \.breaks) { return "it is called pending, and a claim breaks a hop" }
      return claims.contains { $0.isMissing && $0.holds == .no }
        ? nil : "it is called pending, and nothing is said to be missing"
    case .refuted:
      // The hop that fails is the last one walked: what it rests on is said last.
      guard let last = claims.last, last.breaks else {
        return "it is called \(name), and no claim breaks a hop"
      }
      if claims.dropLast().contains(where: \.breaks) {
        return "a claim before the broken hop breaks one as well"
      }
      return foreign(last.claim, certificate.crossing)
    }
  }

  /// A gateway on the way sends to the target's pods.
  private static func leads(_ place: Claim.Place, to namespace: String) -> Bool {
    guard case .peer(let peer) = place else { return false }
    return !peer.isRemote && peer.namespace == namespace
  }

  /// What refutes a connection must be about it.
  private func foreign(_ claim: Claim, _ crossing: Crossing) -> String? {
    let target = crossing.target
    let isOwn =
      switch claim {
      case .egress(let key, let subject, let place, _, _):
        key.cluster == crossing.client.cluster && key.namespace == crossing.client.namespace
          && isNamed(subject, clients(crossing, key.cluster))
          || key.cluster == target.cluster && Self.leads(place, to: target.service.key.namespace)
          // The resolver of the clients' cluster sends on what they ask.
          || key.cluster == crossing.client.cluster && key.namespace != crossing.client.namespace
      // Clients ask their own cluster's resolver, and that its DNS server.
      case .ingress(let key, _, _, _, _):
        key.cluster == target.cluster
          || key.cluster == crossing.client.cluster && key.namespace != crossing.client.namespace
      case .service(let cluster, let key, _, _, _), .pods(let cluster, let key, _),
        .targetPort(let cluster, let key, _, _):
        // A gateway's Service and its pods lie beside the target's.
        cluster == target.cluster
          && (key == target.service.key || key.namespace != target.service.key.namespace)
          || cluster == crossing.client.cluster && key.namespace != crossing.client.namespace
      case .forwards(let cluster, _, _), .leads(let cluster, _, _, _, _), .resolvesImports(let cluster):
        cluster == crossing.client.cluster
      case .found(let queries): !queries.isEmpty
      case .address: true
      }
    return isOwn ? nil : "\(words(claim)) is not about the connection"
  }

  private func isNamed(_ subject: SubjectPod, _ names: [String]) -> Bool {
    subject.workload.map { names.contains($0.description) } ?? true
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
      // The question for the name is not the way out, and a gateway's pods are not the target's.
      case .egress(_, _, .peer(let peer), _, _) where peer.id == ClusterResolver.id: break
      case .ingress(_, let subject, _, _, _) where subject.id.hasPrefix(EastWestSelector.idPrefix): break
      // Nor are pods of other namespaces those of the two ends.
      case .egress(let key, let subject, _, _, _):
        guard key.cluster == crossing.client.cluster, key.namespace == crossing.client.namespace else {
          continue
        }
        leaving.insert(subject.workload?.description ?? "")
      case .ingress(let key, let subject, _, _, _):
        guard key.cluster == crossing.target.cluster, key.namespace == crossing.target.service.key.namespace
        else { continue }
        entering.insert(subject.workload?.description ?? "")
      case .service(_, let key, let port, _, _):
        hasService = hasService || key == crossing.target.service.key && port == crossing.port.port.number
      case .found, .leads, .pods, .targetPort, .address, .forwards, .resolvesImports: break
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

  func pods(_ cluster: String, _ namespace: String) -> [(name: String, node: Node)] {
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
    guard !crossing.target.service.isInline else { return [] }
    return behind(
      crossing.target.cluster, crossing.target.service.key, crossing.connection.connection.to.runtimeLabels
    ).filter { pod in
      // A pod without the named port is no endpoint of it.
      guard case .name(let name) = crossing.port.port.target else { return true }
      return Self.declares(pod.node, name, crossing.port.port.transport)
    }.map(\.name)
  }

  /// Whether a label is that of one pod of a StatefulSet.
  private func isOrdinal(
    _ label: String, _ value: String, of name: String, _ cluster: String, namespace: String
  ) -> Bool {
    guard name.hasPrefix("StatefulSet "),
      let manifest = declared[cluster]?[namespace]?.first(where: { "\($0.kind) \($0.name)" == name })
    else { return false }
    let first = manifest.node.at("spec", "ordinals", "start")?.integer ?? 0
    let numbers = first..<(first + max(0, manifest.node.at("spec", "replicas")?.integer ?? 1))
    switch label {
    case "statefulset.kubernetes.io/pod-name": return numbers.contains { "\(manifest.name)-\($0)" == value }
    case "apps.kubernetes.io/pod-index": return numbers.contains { String($0) == value }
    default: return false
    }
  }

  /// The workloads whose pods a Service selects.
  func behind(_ cluster: String, _ key: NamespacedName, _ runtime: [String: [String]] = [:]) -> [(
    name: String, node: Node
  )] {
    guard let service = service(cluster, key) else { return [] }
    let wanted = service.node.at("spec", "selector")?.entries.map { ($0.key.text, $0.value.text) } ?? []
    guard !wanted.isEmpty else { return [] }
    // What a controller labels throughout it makes as well.
    if wanted.allSatisfy({ runtime[$0.0]?.contains($0.1) ?? false }) { return [] }
    return pods(cluster, key.namespace).filter { name, pod in
      wanted.allSatisfy { key, value in
        pod.at("metadata", "labels")?[key]?.text == value || runtime[key]?.contains(value) ?? false
          || isOrdinal(key, value, of: name, cluster, namespace: service.namespace ?? "")
      }
    }
  }
}
