package import YAMLTree

/// A port that a container declares. Documentation only: an undeclared port can still listen.
package struct ContainerPort: Sendable {
  package let name: String?
  package let number: Int
  package let transport: TransportProtocol
  package let node: Node
}

/// What makes pods: a Pod itself or a controller with a pod template.
///
/// A class because connections, policies and the judge hold the same ones in lists of their own.
package final class Workload: Sendable {
  package let kind: String
  package let key: NamespacedName
  package let podLabels: Labels
  package let containerPorts: [ContainerPort]
  package let isHostNetwork: Bool
  package let manifest: Manifest
  /// The pod's or the template's node, with `metadata` and `spec`.
  package let pod: Node
  /// What keeps the manifest from making any pods: `replicas: 0`, `suspend: true`; nil where nothing does.
  package let idle: Node?
  /// A probe by the name of a port that its container does not have: the pods are never ready. Nil where all can be asked.
  package let unaskedProbe: Node?

  /// Kinds with pods, and where their template stands.
  package static func podNode(of manifest: Manifest) -> Node? {
    switch manifest.kind {
    case "Pod": manifest.node
    case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController",
      "DeploymentConfig", "Rollout":
      manifest.node.at("spec", "template")
    case "CronJob": manifest.node.at("spec", "jobTemplate", "spec", "template")
    default: nil
    }
  }

  package init(_ manifest: Manifest, pod: Node, namespace: String) {
    kind = manifest.kind
    key = NamespacedName(namespace, manifest.name)
    podLabels = Labels(pod.at("metadata", "labels"))
    isHostNetwork = pod.at("spec", "hostNetwork")?.boolean ?? false
    var ports: [ContainerPort] = []
    for name in ["containers", "initContainers"] as [StaticString] {
      for container in pod.at("spec", name)?.elements ?? Elements.none {
        // An init container that does not stay is gone when the pod serves (FindPort of Kubernetes' endpoints controller).
        if name.description == "initContainers", container["restartPolicy"]?.string != "Always" { continue }
        for port in container["ports"]?.elements ?? Elements.none {
          // In quotes the API server refuses it, which is told; what it means is no question.
          guard let node = port["containerPort"], let number = node.integer ?? Int(node.text) else {
            continue
          }
          ports.append(
            ContainerPort(
              name: port["name"]?.string, number: number,
              transport: port["protocol"]?.string.flatMap(TransportProtocol.init) ?? .tcp, node: port))
        }
      }
    }
    containerPorts = ports
    idle = Self.idle(manifest)
    unaskedProbe = Self.unaskedProbe(pod)
    self.manifest = manifest
    self.pod = pod
  }

  /// The kubelet looks a probe's port up among those of its own container (pkg/probe/util.go, ResolveContainerPort).
  private static func unaskedProbe(_ pod: Node) -> Node? {
    for container in pod.at("spec", "containers")?.elements ?? Elements.none {
      for name in ["readinessProbe", "startupProbe"] as [StaticString] {
        guard let probe = container[name], let port = (probe["httpGet"] ?? probe["tcpSocket"])?["port"],
          port.integer == nil, !port.text.isEmpty
        else { continue }
        let isKnown = container["ports"]?.elements.contains { $0["name"]?.text == port.text } ?? false
        if !isKnown, Int(port.text) == nil { return port }
      }
    }
    return nil
  }

  private static func idle(_ manifest: Manifest) -> Node? {
    switch manifest.kind {
    case "Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "DeploymentConfig":
      let replicas = manifest.node.at("spec", "replicas")
      return replicas?.integer == 0 ? replicas : nil
    case "Job", "CronJob":
      let suspend = manifest.node.at("spec", "suspend")
      return suspend?.boolean == true ? suspend : nil
    default: return nil
    }
  }

  /// The keys from the manifest's root to the pod's node.
  package var podPath: [String] {
    switch kind {
    case "Pod": []
    case "CronJob": ["spec", "jobTemplate", "spec", "template"]
    default: ["spec", "template"]
    }
  }

  /// True for what Helm runs beside a release and takes away: a test, a migration.
  package var isHelmHook: Bool {
    manifest.annotation("helm.sh/hook") != nil || pod.at("metadata", "annotations")?["helm.sh/hook"] != nil
  }

  package var description: String { "\(kind) \(key.name)" }

  /// Labels that the controller of StatefulSets gives one pod each, among those that a selector asks for and that some pod
  /// of this workload has (Kubernetes, "Pod name label", "Pod index label"). Nothing for other kinds.
  package func ordinalLabels(askedBy selector: Labels) -> [String: [String]] {
    guard kind == "StatefulSet" else { return [:] }
    var found: [String: [String]] = [:]
    let start = manifest.node.at("spec", "ordinals", "start")?.integer ?? 0
    let count = manifest.node.at("spec", "replicas")?.integer ?? 1
    func isOrdinal(_ text: some StringProtocol) -> Bool {
      Int(text).map { $0 >= start && $0 < start + count && String($0) == text } ?? false
    }
    if let name = selector["statefulset.kubernetes.io/pod-name"], name.hasPrefix("\(key.name)-"),
      isOrdinal(name.dropFirst(key.name.count + 1))
    {
      found["statefulset.kubernetes.io/pod-name"] = [name]
    }
    if let index = selector["apps.kubernetes.io/pod-index"], isOrdinal(index) {
      found["apps.kubernetes.io/pod-index"] = [index]
    }
    return found
  }

  /// The number that a target port means in this workload's pods; nil for a name no container declares.
  package func number(of target: PortReference, _ transport: TransportProtocol) -> Int? {
    switch target {
    case .number(let number): number
    case .name(let name): containerPorts.first { $0.name == name && $0.transport == transport }?.number
    }
  }
}
