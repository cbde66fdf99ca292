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
          guard let number = port["containerPort"]?.integer else { continue }
          ports.append(
            ContainerPort(
              name: port["name"]?.string, number: number,
              transport: port["protocol"]?.string.flatMap(TransportProtocol.init) ?? .tcp, node: port))
        }
      }
    }
    containerPorts = ports
    idle = Self.idle(manifest)
    self.manifest = manifest
    self.pod = pod
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

  package var description: String { "\(kind) \(key.name)" }

  /// The number that a target port means in this workload's pods; nil for a name no container declares.
  package func number(of target: PortReference, _ transport: TransportProtocol) -> Int? {
    switch target {
    case .number(let number): number
    case .name(let name): containerPorts.first { $0.name == name && $0.transport == transport }?.number
    }
  }
}
