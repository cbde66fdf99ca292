import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

extension Walk {
  /// Istio's policies at the target of a link that is no service mesh's: what comes there has no identity and no mutual TLS
  /// of the mesh. Nothing where the cluster has none of them.
  mutating func judgeSidecars() {
    guard !isOver, crossing.connection.link.link.type.value != TetrateSystem.key, let cluster = targetCluster,
      let slice = targetSlice
    else { return }
    let namespace = target.service.key.namespace
    let peers = cluster.objects(ofKind: "PeerAuthentication").filter {
      $0.manifest.identity.group == "security.istio.io"
    }
    let policies = AuthorizationPolicies(cluster)
    guard !peers.isEmpty || !policies.all.isEmpty else { return }
    let manifest = cluster.model.declared.namespaces[namespace]
    for pod in targetPods where !isOver {
      let subject = slice.subjects[pod]
      let own = subject.labels["sidecar.istio.io/inject"]
      let isInjected =
        manifest.map { $0.labels["istio-injection"] == "enabled" || $0.labels["istio.io/rev"] != nil } ?? true
      guard own != "false", own == "true" || isInjected else { continue }
      let number = subject.number(of: port.target, .tcp) ?? port.number
      let strict = PeerAuthentications(cluster).strict(namespace, subject.labels, number)
      let deciding = policies.deciding(namespace, subject.labels)
      guard let found = strict ?? deciding else { continue }
      let what = found.manifest.identity.description
      depend(
        .ingress, in: cluster.name, at: [found.label()], "sidecars of \(subject.description)",
        on: [
          Question(
            "whether sidecars of \(subject.description) of \(namespace) in \(cluster.name) let in what comes without the mesh's identity: \(what) \(strict == nil ? "decides about them" : "asks for mutual TLS")",
            help:
              "say in a suppression of this note why they do, or reach the Service by the mesh's own gateway")
        ])
      return
    }
  }
}
