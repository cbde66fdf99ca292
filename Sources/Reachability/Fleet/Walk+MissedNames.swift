import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

extension Walk {
  /// Clients that ask for a ConfigMap which nobody makes, where the connection publishes one with nearly that name.
  mutating func judgeMissedNames() {
    guard !isOver, let cluster = clientCluster,
      let published = crossing.connection.connection.publishedConfigMap(in: cluster.name)
    else { return }
    for workload in clientPods.compactMap({ clientSlice?.subjects[$0].workload }) {
      let asked = Self.configMaps(of: workload)
      guard !asked.contains(where: { $0.text == published.value }) else { continue }
      let missed = asked.first { node in
        didYouMean(node.text, among: [published.value]) != nil && !isKnown(node.text, in: cluster)
      }
      guard let missed else { continue }
      depend(
        .name, in: cluster.name, at: [Label(missed.range, "asked here")], "ConfigMap \(missed.text)",
        on: [
          Question(
            "whether there is a ConfigMap \(missed.text) in \(client.namespace) of \(cluster.name): \(workload.description) asks for it, and the connection publishes \(published.value)",
            at: missed.range, help: didYouMean(missed.text, among: [published.value]) ?? published.value)
        ])
    }
  }

  private func isKnown(_ name: String, in cluster: JudgedCluster) -> Bool {
    let identity = ObjectIdentity(group: "", kind: "ConfigMap", namespace: client.namespace, name: name)
    return cluster.model.declared.objects[identity] != nil || cluster.emitted[identity] != nil
      || cluster.model.observed.objects[identity] != nil
  }

  /// The names of ConfigMaps without which the pods of a workload do not start.
  private static func configMaps(of workload: Workload) -> [Node] {
    var names: [Node] = []
    func add(_ reference: Node?) {
      guard let reference, reference["optional"]?.boolean != true, let name = reference["name"] else {
        return
      }
      names.append(name)
    }
    for list in ["containers", "initContainers"] as [StaticString] {
      for container in workload.pod.at("spec", list)?.elements ?? Elements.none {
        for variable in container["env"]?.elements ?? Elements.none {
          add(variable.at("valueFrom", "configMapKeyRef"))
        }
        for source in container["envFrom"]?.elements ?? Elements.none { add(source["configMapRef"]) }
      }
    }
    for volume in workload.pod.at("spec", "volumes")?.elements ?? Elements.none { add(volume["configMap"]) }
    return names
  }
}
