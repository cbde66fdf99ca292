import FleetSpec
package import Kubernetes
import Linker
import YAMLTree

/// An east-west gateway passes on whatever comes with mutual TLS for a host that it knows: pods of every cluster of the mesh,
/// whether or not a connection declares them. Who they are, the target's own AuthorizationPolicies ask.
extension TetrateSystem {
  package func openings(to crossing: Crossing, in fleet: JudgedFleet) -> [Opening] {
    guard let cluster = fleet.clusters[crossing.target.cluster] else { return [] }
    let place =
      control.map { TetrateWalk(control: $0, section: link.section).place(of: crossing, in: cluster) }
      ?? IstioGateways(link.section).place(in: cluster)
    return [
      Opening(
        address: (place?.texts.first).flatMap { IPAddress($0) }, port: UInt16(Self.port),
        what: "the east-west gateway of \(cluster.name)", asksForIdentity: true)
    ]
  }

  package func mayEnter(
    _ crossing: Crossing, from cluster: JudgedCluster, _ workload: Workload, in fleet: JudgedFleet
  ) -> Bool {
    guard cluster.name != crossing.target.cluster, let target = fleet.clusters[crossing.target.cluster],
      cluster.model.cluster.node.at("spec", "tetrate") != nil
        || crossing.connection.clients.contains(where: { $0.cluster == cluster.name })
    else { return false }
    let identity = ClientIdentity(
      namespace: workload.key.namespace,
      account: workload.pod.at("spec", "serviceAccountName")?.string ?? "default", of: cluster,
      seenFrom: target)
    let policies = AuthorizationPolicies(target)
    let service = crossing.target.service
    let workloads = target.workloads(in: service.key.namespace)
    let pods = ConnectionEnds.targets(of: service, crossing.connection, workloads).map { member in
      switch member {
      case .workload(let number): SubjectPod(workloads[number])
      case .special(let pods): pods
      }
    }
    return pods.isEmpty || pods.contains { policies.mayAdmit(identity, to: crossing, $0) }
  }
}
