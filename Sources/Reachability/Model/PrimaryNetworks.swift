import Kubernetes
import YAMLTree

/// The primary networks that UserDefinedNetworks and ClusterUserDefinedNetworks of OVN-Kubernetes give to namespaces.
/// Pods of different ones do not meet, nor do they meet pods of the cluster's own network.
struct PrimaryNetworks: Sendable {
  /// The label that a namespace carries from its creation on; without it the network is not its primary one.
  static let label = "k8s.ovn.org/primary-user-defined-network"

  private var byNamespace: [String: String] = [:]
  private var bySelector: [(selector: LabelSelector, name: String)] = []

  var isEmpty: Bool { byNamespace.isEmpty && bySelector.isEmpty }

  /// Takes over an object; other kinds, and networks that are no namespace's primary one, are left alone.
  mutating func add(_ manifest: Manifest, namespace: String) {
    guard manifest.kind.hasSuffix("UserDefinedNetwork"), manifest.identity.group == "k8s.ovn.org" else {
      return
    }
    let spec = manifest.node["spec"]
    switch manifest.kind {
    case "UserDefinedNetwork":
      if Self.isPrimary(spec) { byNamespace[namespace] = "\(namespace)/\(manifest.name)" }
    case "ClusterUserDefinedNetwork":
      guard Self.isPrimary(spec?["network"]) else { return }
      bySelector.append((LabelSelector(spec?["namespaceSelector"]), manifest.name))
    default: break
    }
  }

  private static func isPrimary(_ network: Node?) -> Bool {
    ["layer2", "layer3"].contains { network?.at($0, "role")?.string == "Primary" }
  }

  /// The network of a namespace; nil for the cluster's own.
  func network(of namespace: NamespaceFacts) -> String? {
    guard namespace.labels[Self.label] != nil, !namespace.isRemote else { return nil }
    if let name = byNamespace[namespace.name] { return name }
    let labels = namespace.labels.setting(NamespaceFacts.nameLabel, to: namespace.name)
    return bySelector.first { $0.selector.matches(labels) }?.name
  }
}

extension ClusterNetwork {
  /// Puts every namespace into its primary network. Linear in the namespaces.
  mutating func take(_ networks: PrimaryNetworks) {
    guard !networks.isEmpty else { return }
    for index in namespaces.indices {
      namespaces[index].primaryNetwork = networks.network(of: namespaces[index])
    }
  }

  /// Whether pods of two namespaces may meet at all.
  func meet(_ a: Int, _ b: Int) -> Ternary {
    namespaces[a].primaryNetwork == namespaces[b].primaryNetwork ? .yes : !profile.isolatesPrimaryNetworks
  }
}
