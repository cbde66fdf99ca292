import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Pods of connections that get no sidecar though their namespace has some: they speak no mutual TLS, by whose server name
/// a gateway finds the Service. Objects that switch it off are followed when a connection is judged.
struct PodSidecarChecks {
  let traffic: TetrateTraffic

  private var model: FleetModel { traffic.model }

  /// Linear in the connections' workloads.
  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    var seen: Set<SourceRange> = []
    func add(_ finding: Diagnostic?) {
      guard let finding, finding.primary.map({ seen.insert($0.range).inserted }) ?? true else { return }
      findings.append(finding)
    }
    for connection in traffic.connections {
      for client in connection.clients {
        guard let name = client.cluster, let cluster = model.clusters[name] else { continue }
        let workloads = (cluster.declared.workloads[client.namespace] ?? []).filter {
          client.podSelector?.matches($0.podLabels) ?? true
        }
        for workload in workloads { add(withoutSidecar(workload, cluster, "cannot call other clusters")) }
      }
      for target in connection.targets {
        guard let cluster = model.clusters[target.cluster] else { continue }
        for workload in target.pods { add(withoutSidecar(workload, cluster, "takes no mutual TLS")) }
      }
    }
    return findings
  }

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
}
