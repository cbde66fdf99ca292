import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Trust domains of the clusters of one Istio mesh.
enum TrustDomains {
  /// Sidecars take certificates of their own trust domain, and of those that the mesh's configuration lists beside it.
  static func judge(_ client: JudgedCluster, _ cluster: JudgedCluster, _ walk: inout Walk) {
    func domain(_ cluster: JudgedCluster) -> Node? {
      cluster.model.cluster.node.at("spec", "tetrate", "trustDomain")
    }
    guard !walk.isOver, let own = domain(client), let theirs = domain(cluster), own.text != theirs.text else {
      return
    }
    walk.depend(
      .gateway, in: cluster.name, at: [Label(own.range), Label(theirs.range)],
      "mutual TLS between trust domains",
      on: [
        Question(
          "whether meshConfig.trustDomainAliases of \(client.name) and \(cluster.name) name each other's trust domain, \(own.text) and \(theirs.text)",
          help: "give both clusters one trust domain, as one mesh has by default")
      ])
  }
}
