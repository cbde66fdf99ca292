import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What the sidecars at both ends of a crossing are told beside its route: what they know, and how they call and are called.
///
/// From Istio's reference (networking/sidecar, networking/destination-rule, security/peer_authentication). A gateway with
/// AUTO_PASSTHROUGH chooses the Service by the server name of Istio's own mutual TLS, so a call without it ends there.
enum SidecarTraffic {
  static let root = "istio-system"

  /// The labels of the client's pods; empty labels where nobody has described them.
  static func clients(_ crossing: Crossing, in client: JudgedCluster) -> [Labels] {
    let workloads = client.workloads(in: crossing.client.namespace)
    return ConnectionEnds.clients(crossing.client, of: crossing.connection, workloads).map { member in
      switch member {
      case .workload(let number): workloads[number].podLabels
      case .special(let subject): subject.labels
      }
    }
  }

  static func selects(_ selector: Labels?, _ pods: Labels) -> Bool {
    selector?.items.allSatisfy { pods[$0.key] == $0.value } ?? true
  }
}

/// Sidecar resources: which hosts the client's sidecars are told of.
struct VisibleHosts {
  private let client: JudgedCluster

  init(_ client: JudgedCluster) { self.client = client }

  /// A Sidecar that keeps a host of a namespace from the clients; nil where none does.
  ///
  /// The one that selects the pods counts, else that of their namespace, else that of the root namespace, in which `.`
  /// stands for the pods' own namespace too.
  func fault(_ host: String, of namespace: String, _ crossing: Crossing) -> Fault? {
    let own = crossing.client.namespace
    let all = client.objects(ofKind: "Sidecar").filter { $0.manifest.identity.group == "networking.istio.io" }
    guard !all.isEmpty else { return nil }
    for pods in SidecarTraffic.clients(crossing, in: client) {
      let selecting = all.first { object in
        object.manifest.namespace == own
          && object.node.at("spec", "workloadSelector").map {
            SidecarTraffic.selects($0.labels("labels"), pods)
          } ?? false
      }
      let general = [own, SidecarTraffic.root].lazy.compactMap { place in
        all.first { $0.manifest.namespace == place && $0.node.at("spec", "workloadSelector") == nil }
      }.first
      guard let sidecar = selecting ?? general, let egress = sidecar.node.at("spec", "egress"),
        egress.count > 0
      else { continue }
      let accepted = accepted(host, namespace, seenFrom: own)
      let hosts = egress.elements.flatMap { $0["hosts"]?.elements.map { $0 } ?? [] }
      if hosts.contains(where: { accepted.contains($0.text) }) { continue }
      return Fault(
        JudgementRules.name,
        "\(sidecar.manifest.identity.description) in \(client.name) hides \(host) from the clients",
        at: [sidecar.label(at: hosts.first ?? egress)],
        help: ["add '\(namespace)/\(host)' to its hosts"],
        because: .found(
          ObjectQuery(
            "Sidecar", of: "networking.istio.io", in: client.name, sidecar.manifest.namespace, sidecar.name,
            where: [
              .exists(["spec", "egress"]),
              .not(.text(["spec", "egress", "*", "hosts", "*"], accepted.sorted())),
            ])), wanted: .no)
    }
    return nil
  }

  /// Everything that may stand in a list of hosts for one.
  private func accepted(_ host: String, _ namespace: String, seenFrom own: String) -> Set<String> {
    var names = [host, "*"]
    var rest = host[...]
    while let dot = rest.firstIndex(of: ".") {
      names.append("*" + rest[dot...])
      rest = rest[rest.index(after: dot)...]
    }
    let places = ["*", namespace] + (namespace == own ? ["."] : [])
    return Set(places.flatMap { place in names.map { "\(place)/\($0)" } })
  }
}

/// DestinationRules: whether the client's sidecars call a host as a gateway with AUTO_PASSTHROUGH takes it.
struct CallsWithMutualTLS {
  let host: String
  /// The Service's port.
  let port: Int
  let crossing: Crossing

  func judge(_ client: JudgedCluster, _ walk: inout Walk) {
    guard !walk.isOver, let (rule, tls, path) = setting(client) else { return }
    let mode = tls["mode"]?.text ?? "DISABLE"
    let query = { (conditions: [ObjectCondition]) in
      Claim.found(
        ObjectQuery(
          "DestinationRule", of: "networking.istio.io", in: client.name, rule.manifest.namespace, rule.name,
          where: conditions))
    }
    if mode != "ISTIO_MUTUAL" {
      fail(
        rule, tls["mode"] ?? tls,
        "calls \(host) with TLS mode \(mode), not with Istio's mutual TLS, which the gateway needs",
        "set 'mode: ISTIO_MUTUAL', or take the setting out",
        query([.element(path, [.either([.text(["mode"], [mode]), .not(.exists(["mode"]))])])]), client, &walk)
    } else if let name = tls["sni"], !name.text.isEmpty {
      fail(
        rule, name, "calls \(host) by server name \(name.text), by which the gateway knows no Service",
        "take 'sni' out: Istio's own name says port and host",
        query([.text(path + ["sni"], [name.text])]), client, &walk)
    }
  }

  private func fail(
    _ rule: KnownObject, _ node: Node, _ text: String, _ help: String, _ claim: Claim,
    _ client: JudgedCluster,
    _ walk: inout Walk
  ) {
    walk.fail(
      .address, in: client.name, host,
      Fault(
        JudgementRules.address, "\(rule.manifest.identity.description) in \(client.name) \(text)",
        at: [rule.label(at: node)], help: [help], because: claim, wanted: .no))
  }

  /// The TLS setting that counts for the host's port, and where it stands; nil where no rule has one.
  ///
  /// Rules of the client's namespace come first, then those of the Service's, then the root namespace's.
  private func setting(_ client: JudgedCluster) -> (KnownObject, Node, [String])? {
    let rules = client.objects(ofKind: "DestinationRule").filter {
      $0.manifest.identity.group == "networking.istio.io"
    }
    guard !rules.isEmpty else { return nil }
    let pods = SidecarTraffic.clients(crossing, in: client)
    for place in [crossing.client.namespace, crossing.target.service.key.namespace, SidecarTraffic.root] {
      let own = rules.filter { rule in
        rule.manifest.namespace == place && isFor(rule, place) && isSeen(rule)
          && (rule.node.at("spec", "workloadSelector").map { selector in
            pods.contains { SidecarTraffic.selects(selector.labels("matchLabels"), $0) }
          } ?? true)
      }
      // The longest host is the nearest.
      guard let rule = own.max(by: { Self.host(of: $0).count < Self.host(of: $1).count }) else { continue }
      let policy = rule.node.at("spec", "trafficPolicy")
      let level = policy?["portLevelSettings"]?.elements.first { $0.at("port", "number")?.integer == port }
      if let level {
        return level["tls"].map { (rule, $0, ["spec", "trafficPolicy", "portLevelSettings", "*", "tls"]) }
      }
      return policy?["tls"].map { (rule, $0, ["spec", "trafficPolicy", "tls"]) }
    }
    return nil
  }

  private static func host(of rule: KnownObject) -> String { rule.node.at("spec", "host")?.text ?? "" }

  /// A short name is completed with the rule's own namespace.
  private func isFor(_ rule: KnownObject, _ namespace: String) -> Bool {
    let text = Self.host(of: rule)
    if text.hasPrefix("*") { return text == "*" || host.hasSuffix(text.dropFirst()) }
    let suffixes = ["", ".cluster.local", ".svc.cluster.local"]
    if suffixes.contains(where: { text + $0 == host }) { return true }
    return !text.contains(".") && "\(text).\(namespace).svc.cluster.local" == host
  }

  private func isSeen(_ rule: KnownObject) -> Bool {
    guard let exported = rule.node.at("spec", "exportTo"), exported.count > 0 else { return true }
    return exported.elements.contains {
      $0.text == "*" || $0.text == crossing.client.namespace
        || $0.text == "." && rule.manifest.namespace == crossing.client.namespace
    }
  }
}

/// PeerAuthentications: whether the target's sidecars take the mutual TLS that the gateway passes on unopened.
struct PeerAuthentications {
  private let cluster: JudgedCluster

  init(_ cluster: JudgedCluster) { self.cluster = cluster }

  /// Linear in the policies of the cluster times the target's pods.
  func judge(_ crossing: Crossing, _ walk: inout Walk) {
    guard !walk.isOver, let slice = walk.targetSlice else { return }
    let all = cluster.objects(ofKind: "PeerAuthentication").filter {
      $0.manifest.identity.group == "security.istio.io"
    }
    guard !all.isEmpty else { return }
    let namespace = crossing.target.service.key.namespace
    for pod in walk.targetPods {
      let subject = slice.subjects[pod]
      let port = subject.number(of: crossing.port.port.target, .tcp) ?? crossing.port.port.number
      guard let (policy, mode, path) = setting(all, namespace, subject.labels, port), mode.text == "DISABLE"
      else {
        continue
      }
      walk.fail(
        .ingress, in: cluster.name, "mutual TLS of the pods",
        Fault(
          JudgementRules.ingress,
          "\(policy.manifest.identity.description) in \(cluster.name) takes no mutual TLS at \(subject.description), and the gateway passes it on unopened",
          at: [policy.label(at: mode)], help: ["set the mode to PERMISSIVE or STRICT"],
          because: .found(
            ObjectQuery(
              "PeerAuthentication", of: "security.istio.io", in: cluster.name, policy.manifest.namespace,
              policy.name, where: [.text(path, ["DISABLE"])])), wanted: .no))
      return
    }
  }

  /// The policy that asks pods' callers for mutual TLS at a port; nil where none does.
  func strict(_ namespace: String, _ labels: Labels, _ port: Int) -> KnownObject? {
    let all = cluster.objects(ofKind: "PeerAuthentication").filter {
      $0.manifest.identity.group == "security.istio.io"
    }
    guard let (policy, mode, _) = setting(all, namespace, labels, port), mode.text == "STRICT" else {
      return nil
    }
    return policy
  }

  /// The mode that counts: of the port, of the pods, of the namespace, of the root namespace; UNSET says nothing.
  private func setting(
    _ all: [KnownObject], _ namespace: String, _ labels: Labels, _ port: Int
  ) -> (KnownObject, Node, [String])? {
    func mode(_ policy: KnownObject) -> (KnownObject, Node, [String])? {
      guard let mode = policy.node.at("spec", "mtls", "mode"), mode.text != "UNSET" else { return nil }
      return (policy, mode, ["spec", "mtls", "mode"])
    }
    func hasSelector(_ policy: KnownObject) -> Bool {
      (policy.node.at("spec", "selector", "matchLabels")?.count ?? 0) > 0
    }
    for policy in all
    where policy.manifest.namespace == namespace && hasSelector(policy)
      && SidecarTraffic.selects(policy.node.at("spec", "selector")?.labels("matchLabels"), labels)
    {
      if let level = policy.node.at("spec", "portLevelMtls")?[String(port)]?["mode"], level.text != "UNSET" {
        return (policy, level, ["spec", "portLevelMtls", String(port), "mode"])
      }
      if let own = mode(policy) { return own }
    }
    for place in [namespace, SidecarTraffic.root] {
      let general = all.first { $0.manifest.namespace == place && !hasSelector($0) }
      if let found = general.flatMap(mode) { return found }
    }
    return nil
  }
}
