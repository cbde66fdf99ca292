import Kubernetes
import Output
import YAMLTree

/// Finds what is risky in a change: by what an object does, not by how much of it changed.
enum RiskAssessment {
  static func risks(_ paths: [PathChange], _ objects: [ObjectChange]) -> [Risk] {
    var risks: [Risk] = []
    for path in paths {
      switch path.effect {
      case .becomesReachable:
        risks.append(
          Risk(kind: .newlyReachable, cluster: nil, subject: path.key.text, text: clients(path.after)))
      case .becomesUnreachable:
        risks.append(
          Risk(
            kind: .newlyUnreachable, cluster: nil, subject: path.key.text,
            text: path.after?.verdict?.reason ?? clients(path.before)))
      case .none:
        if path.before?.verdict?.rank == 0, let after = path.after?.verdict, after.rank > 0 {
          risks.append(
            Risk(
              kind: .noLongerProved, cluster: nil, subject: path.key.text,
              text: "\(after.word)\(after.reason.map { ": \($0)" } ?? "")"))
        }
        if path.kind == .changed, let wider = widerClients(path) {
          risks.append(Risk(kind: .widerNetwork, cluster: nil, subject: path.key.text, text: wider))
        }
      }
    }
    for object in objects where !object.isProvenanceOnly { risks += self.risks(of: object, among: objects) }
    return risks.enumerated().sorted { ($0.element.kind, $0.offset) < ($1.element.kind, $1.offset) }
      .map(\.element)
  }

  private static func clients(_ path: ReviewedPath?) -> String {
    path.map { "for \($0.clients.joined(separator: " and ")), connection \($0.key.connection)" } ?? ""
  }

  /// Clients that a connection did not have before.
  private static func widerClients(_ path: PathChange) -> String? {
    let old = path.before?.clients ?? []
    let new = (path.after?.clients ?? []).filter { client in
      if old.contains(client) { return false }
      guard let network = IPNetwork(client) else { return !old.contains("every pod") }
      return !old.compactMap { IPNetwork($0) }.contains { $0.holds(network) }
    }
    return new.isEmpty ? nil : "now also for \(new.joined(separator: " and "))"
  }

  // MARK: Objects

  private static func risks(of object: ObjectChange, among all: [ObjectChange]) -> [Risk] {
    // What controllers will make is told by its cause, except for the addresses that firewalls know.
    let isSynced = object.key.part == .manifests || object.key.part == .components
    var risks: [Risk] = []
    if isSynced, Self.policyKinds.contains(object.key.kind) {
      if object.kind == .removed {
        risks.append(
          risk(
            .removedPolicy, object,
            "what it admitted may be refused, and pods that no other policy selects stand open"))
      } else {
        risks += PolicyWidening.texts(object.before?.root, object.after?.root).map {
          risk(.widerNetwork, object, $0)
        }
      }
    }
    if isSynced, object.key.kind == "TransportServerClaim" { risks += claimRisks(object, all) }
    if isSynced, object.key.kind == "Service", let new = laterService(of: object, all) {
      risks.append(
        risk(
          .renamedService, object,
          "becomes \(new.key.name): clients that use the former name find it no more"))
    }
    let addresses = object.fields.filter { isAddress($0.path, object.key.kind) }
    if !addresses.isEmpty {
      let what = addresses.prefix(3).map { "\($0.path): \($0.before ?? "none") → \($0.after ?? "none")" }
      risks.append(
        risk(
          .changedAddress, object,
          what.joined(separator: "; ") + (addresses.count > 3 ? "; …" : "") + ": firewalls may need a change")
      )
    }
    return risks
  }

  static let policyKinds: Set<String> = [
    "NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy", "AuthorizationPolicy",
  ]

  private static func risk(_ kind: Risk.Kind, _ object: ObjectChange, _ text: String) -> Risk {
    Risk(kind: kind, cluster: object.key.cluster, subject: object.key.name, text: text)
  }

  /// The operator keeps a port with a claim's name (Porter): another name is another port.
  private static func claimRisks(_ object: ObjectChange, _ all: [ObjectChange]) -> [Risk] {
    switch object.kind {
    case .added:
      guard let old = formerClaim(of: object, all) else { return [] }
      return [
        risk(
          .renamedClaim, object,
          "was \(old.key.name); the operator draws a new port, which clients and firewalls must learn")
      ]
    case .changed:
      var risks: [Risk] = []
      if let before = object.before?.root, let after = object.after?.root,
        let ports = StagePlan.namedPorts(before, after, object.key.kind)
      {
        risks.append(
          risk(
            .changedAddress, object,
            "clients find it under \(ports.after) instead of \(ports.before): who names the other one must change"
          ))
      }
      let asked = object.fields.filter { $0.path == "spec.requestedPort" }
      return risks
        + asked.map {
          risk(
            .renamedClaim, object,
            "asks for port \($0.after ?? "of the operator's choice") instead of \($0.before ?? "the operator's choice")"
          )
        }
    case .removed: return []
    }
  }

  /// The claim for the same Service and port that goes while this one comes.
  private static func formerClaim(of object: ObjectChange, _ all: [ObjectChange]) -> ObjectChange? {
    func target(_ claim: ReviewedObject?) -> String? {
      let spec = claim?.root?["spec"]
      return spec?["service"].map { "\($0.text):\(spec?["servicePort"]?.text ?? "")" }
    }
    guard let wanted = target(object.after) else { return nil }
    return all.first { other in
      other.kind == .removed && other.key.kind == object.key.kind && other.key.cluster == object.key.cluster
        && other.key.namespace == object.key.namespace && target(other.before) == wanted
    }
  }

  /// The Service that comes for the same connections in the namespace of one that goes.
  private static func laterService(of object: ObjectChange, _ all: [ObjectChange]) -> ObjectChange? {
    guard object.kind == .removed, let own = connections(object.before), !own.isEmpty else { return nil }
    return all.first { other in
      other.kind == .added && other.key.kind == "Service" && other.key.part == object.key.part
        && other.key.cluster == object.key.cluster && other.key.namespace == object.key.namespace
        && connections(other.after) == own
        && all.count {
          $0.kind == .removed && $0.key.kind == "Service" && $0.key.cluster == object.key.cluster
            && $0.key.namespace == object.key.namespace && connections($0.before) == own
        } == 1
    }
  }

  private static func connections(_ object: ReviewedObject?) -> String? {
    object?.root?.at("metadata", "annotations")?["linkwright.dev/connection"]?.text
  }

  /// Claims that only change their name, with their former name.
  static func renamedClaims(_ changes: [ObjectChange]) -> [(claim: String, former: String, cluster: String)] {
    changes.compactMap { change in
      guard change.kind == .added, change.key.kind == "TransportServerClaim",
        change.key.part == .manifests, let old = formerClaim(of: change, changes)
      else { return nil }
      return (change.key.name, old.key.name, change.key.cluster)
    }
  }

  /// Fields that hold an address or a port which something outside the cluster may know.
  private static func isAddress(_ path: String, _ kind: String) -> Bool {
    let last = path.split(separator: ".").last.map(String.init) ?? path
    if ["virtualServerAddress", "virtualServerPort", "loadBalancerIP", "nodePort", "server"].contains(last) {
      return true
    }
    switch kind {
    case "EndpointSlice", "Endpoints", "ServiceEntry", "WorkloadEntry":
      return path.hasPrefix("endpoints") || path.hasPrefix("subsets") || path.hasPrefix("ports")
        || path.hasPrefix("spec.endpoints") || path.hasPrefix("spec.addresses")
        || path.hasPrefix("spec.address")
    case "Service": return path.contains("externalIPs") || path.contains("loadBalancerSourceRanges")
    default: return false
    }
  }
}

extension IPNetwork {
  /// True when every address of the other network is one of this.
  func holds(_ other: IPNetwork) -> Bool { prefixLength <= other.prefixLength && contains(other.address) }
}
