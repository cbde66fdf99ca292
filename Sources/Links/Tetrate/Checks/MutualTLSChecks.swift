import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What keeps sidecars from talking Istio's mutual TLS with each other, by whose server name a gateway finds the Service:
/// pods without a sidecar in a namespace that has some, and objects that switch it off.
struct MutualTLSChecks {
  let traffic: TetrateTraffic

  private var model: FleetModel { traffic.model }

  /// The namespace whose objects hold for the whole mesh.
  private static let root = "istio-system"

  /// Linear in the connections' workloads, and in the objects of Istio for each end.
  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    var seen: Set<SourceRange> = []
    func add(_ finding: Diagnostic?) {
      guard let finding, finding.primary.map({ seen.insert($0.range).inserted }) ?? true else { return }
      findings.append(finding)
    }
    let rules = objects("DestinationRule", of: "networking.istio.io")
    let authentications = objects("PeerAuthentication", of: "security.istio.io")
    for connection in traffic.connections {
      for client in connection.clients {
        guard let name = client.cluster, let cluster = model.clusters[name] else { continue }
        let workloads = (cluster.declared.workloads[client.namespace] ?? []).filter {
          client.podSelector?.matches($0.podLabels) ?? true
        }
        for workload in workloads { add(withoutSidecar(workload, cluster, "cannot call other clusters")) }
        for target in connection.targets where target.cluster != name {
          add(rule(rules[name] ?? [], for: target, client, cluster))
        }
      }
      for target in connection.targets {
        guard let cluster = model.clusters[target.cluster] else { continue }
        for workload in target.pods {
          add(withoutSidecar(workload, cluster, "takes no mutual TLS"))
          for bound in target.ports {
            let port = workload.number(of: bound.port.target, bound.port.transport)
            add(disabled(authentications[target.cluster] ?? [], workload, port, cluster))
          }
        }
      }
    }
    return findings
  }

  private func objects(_ kind: String, of group: String) -> [String: [Manifest]] {
    var found: [String: [Manifest]] = [:]
    for name in traffic.link.members {
      found[name] = model.clusters[name]?.declared.objects.values.filter {
        $0.kind == kind && $0.identity.group == group
      }.sorted { ($0.namespace ?? "", $0.name) < ($1.namespace ?? "", $1.name) }
    }
    return found
  }

  // MARK: Sidecars

  private static let inject = "sidecar.istio.io/inject"

  /// A pod that the injector passes over. A namespace without injection is reported as such.
  private func withoutSidecar(
    _ workload: Workload, _ cluster: ClusterModel, _ consequence: String
  ) -> Diagnostic? {
    guard let labels = cluster.declared.namespaces[workload.key.namespace]?.labels,
      labels["istio-injection"] == "enabled" || labels["istio.io/rev"] != nil,
      labels["istio.io/dataplane-mode"] != "ambient"
    else { return nil }
    let spec = workload.pod["spec"]
    let containers = [spec?["containers"], spec?["initContainers"]].flatMap { $0?.elements.map { $0 } ?? [] }
    guard !containers.contains(where: { $0["name"]?.text == "istio-proxy" }) else { return nil }
    let metadata = workload.pod["metadata"]
    let reason: (node: Node, text: String, help: String)
    if let node = spec?["hostNetwork"], node.boolean == true {
      reason = (
        node, "the injector passes over pods in the host's network", "take the pods out of the host's network"
      )
    } else if let node = metadata?["labels"]?[Self.inject] ?? metadata?["annotations"]?[Self.inject],
      node.text == "false"
    {
      reason = (node, "injection is switched off", "remove '\(Self.inject)', or write \"true\"")
    } else {
      return nil
    }
    return Diagnostic(
      TetrateRules.podWithoutSidecar,
      "\(workload.description) of \(workload.key.namespace) in \(cluster.name) gets no sidecar: it \(consequence)",
      at: reason.node.range, reason.text,
      also: [Label(traffic.link.link.name.node.range, "carries its connection with mutual TLS")],
      help: [reason.help])
  }

  // MARK: What switches it off

  /// The rule that decides how sidecars of the client call the target, where it is not with Istio's mutual TLS. Rules
  /// of the client's namespace come before those of the Service's, and these before the mesh's.
  private func rule(
    _ rules: [Manifest], for target: BoundTarget, _ client: BoundClient, _ cluster: ClusterModel
  ) -> Diagnostic? {
    let key = target.service.key
    let host = "\(key.name).\(key.namespace).svc.cluster.local"
    let own = [client.namespace, key.namespace, Self.root].lazy.compactMap { namespace in
      rules.first { rule in
        rule.namespace == namespace && rule.node.at("spec", "workloadSelector") == nil
          && Self.matches(rule.node.at("spec", "host")?.text ?? "", host, in: namespace)
      }
    }.first
    guard let policy = own?.node.at("spec", "trafficPolicy"), let own else { return nil }
    let numbers = Set(target.ports.map(\.port.number))
    let ports = policy["portLevelSettings"]?.elements.filter { setting in
      setting.at("port", "number")?.integer.map(numbers.contains) ?? false
    }
    let modes =
      (ports?.compactMap { $0.at("tls", "mode") } ?? []) + [policy.at("tls", "mode")].compactMap { $0 }
    guard let mode = modes.first(where: { $0.text != "ISTIO_MUTUAL" }) else { return nil }
    return Diagnostic(
      TetrateRules.mutualTLSOff,
      "\(own.identity.description) makes clients in \(cluster.name) call \(host) with TLS mode \(mode.text)",
      at: mode.range, "the gateway needs the server name of Istio's mutual TLS",
      also: [Label(client.node.range, "these clients")],
      help: ["write 'mode: ISTIO_MUTUAL', or remove 'tls': sidecars then choose it themselves"])
  }

  /// True for a rule's host that means a Service: its name in full, a short one in the rule's own namespace, or a
  /// wildcard.
  private static func matches(_ pattern: String, _ host: String, in namespace: String) -> Bool {
    if pattern.hasPrefix("*") { return host.hasSuffix(pattern.dropFirst()) }
    if pattern == host { return true }
    return !pattern.contains(".") && "\(pattern).\(namespace).svc.cluster.local" == host
  }

  /// The PeerAuthentication that decides for a pod's port: one that selects the pod, else its namespace's, else the
  /// mesh's.
  private func disabled(
    _ all: [Manifest], _ workload: Workload, _ port: Int?, _ cluster: ClusterModel
  ) -> Diagnostic? {
    let selecting = all.first { manifest in
      guard manifest.namespace == workload.key.namespace,
        let selector = manifest.node.at("spec", "selector", "matchLabels"), selector.count > 0
      else { return false }
      return LabelSelector(equality: Labels(selector)).matches(workload.podLabels)
    }
    func whole(_ namespace: String) -> Manifest? {
      all.first {
        $0.namespace == namespace && ($0.node.at("spec", "selector", "matchLabels")?.count ?? 0) == 0
      }
    }
    let levels = [selecting, whole(workload.key.namespace), whole(Self.root)].compactMap { $0 }
    for manifest in levels {
      let own = port.flatMap { manifest.node.at("spec", "portLevelMtls")?[String($0)]?["mode"] }
      guard let mode = own ?? manifest.node.at("spec", "mtls", "mode"), mode.text != "UNSET" else { continue }
      guard mode.text == "DISABLE" else { return nil }
      return Diagnostic(
        TetrateRules.mutualTLSOff,
        "\(manifest.identity.description) of \(cluster.name) switches mutual TLS off for \(workload.description)",
        at: mode.range, "the gateway passes mutual TLS on unopened",
        also: [Label(workload.manifest.nameNode.range, "is reached by other clusters")],
        help: ["write 'mode: PERMISSIVE' or 'STRICT'"])
    }
    return nil
  }
}
