import Diagnostics
import Kubernetes
import Linker
import YAMLTree

/// What the Service of the client's own cluster must be so that its name leads to pods of the other cluster, and to no
/// others.
extension ClusterMeshSystem {
  /// What keeps pods of other clusters out of a global Service in the client's cluster: its traffic stays on the node, or
  /// another proxy than Cilium serves it.
  func nearby(_ object: KnownObject, _ key: NamespacedName, _ place: String, _ walk: inout Walk) {
    guard !walk.isOver else { return }
    let text = "Service \(key.description)"
    if let policy = object.node.at("spec", "internalTrafficPolicy"), policy.text == "Local" {
      walk.fail(
        .address, in: place, text,
        Fault(
          JudgementRules.address,
          "Service \(key.description) of \(place) leads to pods of the client's own node alone: no pod of another cluster is there",
          at: [object.label(at: policy)], help: ["take 'internalTrafficPolicy: Local' out"],
          because: MeshClaims.service(
            key, in: place, [.not(.text(["spec", "internalTrafficPolicy"], ["Local"]))])))
      return
    }
    let label = "service.kubernetes.io/service-proxy-name"
    guard let name = object.manifest.labels[label] else { return }
    walk.depend(
      .address, in: place, at: [object.label(at: object.node.at("metadata", "labels")?[label])], text,
      on: [
        Question(
          "whether Cilium of \(place) serves Service \(key.description), which is labelled for the proxy '\(name)'",
          help: "take the label \(label) out, or suppress the note with a reason")
      ])
  }

  func isAlias(_ service: Service, _ place: String) -> Fault? {
    guard service.type == "ExternalName" else { return nil }
    return Fault(
      JudgementRules.name,
      "Service \(service.key.description) of \(place) is of type ExternalName: its name leads elsewhere, and no pods join it",
      at: [Label((service.manifest.node.at("spec", "type") ?? service.manifest.nameNode).range)],
      help: ["make it of type ClusterIP, with the ports of the other clusters' Service"],
      because: MeshClaims.service(service.key, in: place, MeshClaims.hasPods))
  }

  /// Ports of one name join whatever their numbers are, and clients ask for their own cluster's number; the connection
  /// has one number, which clients are told.
  func otherNumber(_ service: Service, _ crossing: Crossing, _ place: String) -> Question? {
    let port = crossing.port.port
    let named = service.ports.filter { $0.name == port.name && $0.transport == port.transport }
    guard let first = named.first, !named.contains(where: { $0.number == port.number }) else { return nil }
    return Question(
      "whether clients of \(place) ask for port \(first.number), which Service \(service.key.name) has there: the connection says \(port.number)",
      help: "give the port one number in both clusters")
  }

  /// Local pods that a Service of another selector adds to those of the target: one client's connections go to both.
  func otherPods(_ service: Service, _ crossing: Crossing, _ near: Member) -> Question? {
    let target = crossing.target.service
    guard service.selector != target.selector, !service.selector.isEmpty, !target.selector.isEmpty else {
      return nil
    }
    let (own, wanted) = (LabelSelector(equality: service.selector), LabelSelector(equality: target.selector))
    let others = near.cluster.workloads(in: service.key.namespace).filter {
      own.matches($0.podLabels) && !wanted.matches($0.podLabels)
    }
    guard !others.isEmpty else { return nil }
    return Question(
      "whether \(listed(others.map(\.description))) of \(near.cluster.name), which Service \(service.key.name) selects there, serves the same as the pods with \(target.selector.description) of \(crossing.target.cluster): clients reach either",
      help: "give the Service the selector of the other clusters, or a name of its own")
  }
}
