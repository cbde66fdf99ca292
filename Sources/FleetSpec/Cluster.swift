package import Kubernetes
package import YAMLTree

/// A Cluster document.
package struct Cluster: Sendable {
  package enum Distribution: String, Sendable {
    case kubernetes
    case openshift
  }

  package let name: Located<String>
  package let labels: Labels
  package let distribution: Distribution
  /// `[1, 31]`; nil when not declared.
  package let kubernetesVersion: [Int]?
  /// The kubeconfig context for commands that are shown to people.
  package let context: String
  package let podCIDRs: [Located<String>]
  package let serviceCIDRs: [Located<String>]
  package let nodeCIDRs: [Located<String>]
  package let apiServerCIDRs: [Located<String>]
  /// The ports that a Service of type NodePort can have.
  package let nodePorts: ClosedRange<Int>
  /// Files with the policies that the platform puts into every namespace; nil: nobody said.
  package let baseline: [Located<String>]?
  /// What a fleet that shares the cluster with others may write into it; nil: it may write anything.
  package let tenant: Tenant?
  package let node: Node

  /// The limits of a tenant.
  package struct Tenant: Sendable {
    /// Empty: every namespace.
    package let namespaces: [Located<String>]
    package let allowedKinds: [String]
    package let node: Node

    /// Kinds in a namespace that belong to the platform, beside everything of cluster scope (as shared Argo CDs
    /// forbid them: BC Government, argo-cd-usage.md).
    private static let platformKinds: Set<String> = ["LimitRange", "ResourceQuota"]

    /// True for a kind that a tenant's objects may have.
    package func allows(kind: String, namespace: String?) -> Bool {
      allowedKinds.contains(kind) || namespace != nil && !Self.platformKinds.contains(kind)
    }

    /// True for a namespace that is the tenant's; objects of cluster scope are judged by their kind.
    package func holds(namespace: String?) -> Bool {
      guard let namespace, !namespaces.isEmpty else { return true }
      return namespaces.contains { $0.value == namespace }
    }
  }

  /// True where Cilium's own policies take effect for sure: by the Cluster's own word, by its profile, or since Cilium's
  /// settings are given.
  package var enforcesCiliumPolicies: Bool {
    let network = node.at("spec", "network")
    if let answer = network?.at("switches", "enforcesCiliumPolicies") { return answer.boolean == true }
    return network?["profile"]?.string?.hasPrefix("cilium-") == true || node.at("spec", "cilium") != nil
  }

  init?(_ document: Node) {
    guard let name = document.at("metadata", "name")?.locatedString else { return nil }
    self.name = name
    labels = Labels(document.at("metadata", "labels"))
    let spec = document["spec"]
    distribution = spec?["distribution"]?.string.flatMap(Distribution.init) ?? .kubernetes
    kubernetesVersion = spec?["kubernetesVersion"]?.string.map(versionNumbers)
    context = spec?["context"]?.string ?? name.value
    let network = spec?["network"]
    podCIDRs = network?["podCIDRs"]?.locatedStrings ?? []
    serviceCIDRs = network?["serviceCIDRs"]?.locatedStrings ?? []
    nodeCIDRs = network?["nodeCIDRs"]?.locatedStrings ?? []
    apiServerCIDRs = network?["apiServerCIDRs"]?.locatedStrings ?? []
    nodePorts = network?["nodePortRange"].flatMap { Self.portRange($0.text) } ?? 30000...32767
    baseline = network?["baseline"]?.locatedStrings
    tenant = spec?["tenant"].map { node in
      Tenant(
        namespaces: node["namespaces"]?.locatedStrings ?? [],
        allowedKinds: node["allowedKinds"]?.elements.map(\.text) ?? [], node: node)
    }
    node = document
  }

  /// `30000-32767`; nil for what is no range of ports.
  static func portRange(_ text: String) -> ClosedRange<Int>? {
    let ends = text.split(separator: "-").compactMap { Int($0) }
    guard ends.count == 2, 1 <= ends[0], ends[0] <= ends[1], ends[1] <= 65535 else { return nil }
    return ends[0]...ends[1]
  }
}

/// `v1.31.2` → `[1, 31, 2]`; parts that are no numbers are left out.
func versionNumbers(_ text: String) -> [Int] {
  text.drop { $0 == "v" }.split(separator: ".").compactMap { Int($0) }
}
