import Kubernetes
import Linker
import YAMLTree

/// A gateway of group install.tetrate.io as a manifest declares it.
///
/// Source: Tetrate's reference of install.tetrate.io/v1alpha1. Pods and Service carry `app: <name>` unless
/// kubeSpec.deployment.labels says otherwise.
struct InstallGateway: Sendable {
  static let group = "install.tetrate.io"
  static let kinds: Set<String> = ["IngressGateway", "Tier1Gateway", "EgressGateway", "Gateway"]
  /// The port of mutual TLS between clusters.
  static let port = 15443

  let manifest: Manifest
  let namespace: String
  /// Labels of the gateway's pods.
  let labels: Labels

  init?(_ manifest: Manifest) {
    guard manifest.identity.group == Self.group, Self.kinds.contains(manifest.kind),
      let namespace = manifest.namespace
    else { return nil }
    self.manifest = manifest
    self.namespace = namespace
    let own = Labels(manifest.node.at("spec", "kubeSpec", "deployment", "labels"))
    labels = own.with("app", own["app"] ?? manifest.name)
  }

  var kind: String { manifest.kind }
  var name: String { manifest.name }
  var spec: Node? { manifest.node["spec"] }
  /// Of kind Gateway: the type, UNIFIED where none is written.
  var type: String { spec?["type"]?.text ?? "UNIFIED" }
  var service: Node? { spec?.at("kubeSpec", "service") }

  /// True when the gateway exposes nothing but 15443.
  var isEastWestOnly: Bool {
    switch kind {
    case "IngressGateway": spec?["eastWestOnly"]?.boolean ?? false
    case "Gateway": type == "EASTWEST"
    default: false
    }
  }

  /// True when the gateway can listen on 15443 at all, whatever its ports.
  var canServe: Bool {
    switch kind {
    case "IngressGateway": true
    case "Gateway": type != "EGRESS"
    default: false
    }
  }

  /// Port numbers of the Service where the manifest overrides them; nil where the installer chooses.
  var overriddenPorts: [(number: Int, node: Node)]? {
    guard let ports = service?["ports"] else { return nil }
    return ports.elements.compactMap { entry in
      entry["port"].flatMap { node in node.integer.map { ($0, node) } }
    }
  }

  /// True when the gateway listens on 15443.
  var opensPort: Bool {
    canServe && (overriddenPorts?.contains { $0.number == Self.port } ?? true)
  }

  /// `IngressGateway bookinfo/eastwest-gateway`.
  var description: String { manifest.identity.description }

  /// The gateways of a cluster, ordered by namespace and name.
  static func all(in cluster: ClusterModel) -> [InstallGateway] {
    cluster.declared.objects.values.compactMap { InstallGateway($0) }.sorted {
      ($0.namespace, $0.name, $0.kind) < ($1.namespace, $1.name, $1.kind)
    }
  }
}

extension Labels {
  /// The labels with one more, or with another value for one.
  func with(_ key: String, _ value: String) -> Labels {
    var pairs: [String: String] = [:]
    for item in items { pairs[item.key] = item.value }
    pairs[key] = value
    return Labels(dictionary: pairs)
  }
}
