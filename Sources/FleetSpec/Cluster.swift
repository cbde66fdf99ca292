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
  /// Files with the policies that the platform puts into every namespace; nil: nobody said.
  package let baseline: [Located<String>]?
  package let node: Node

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
    baseline = network?["baseline"]?.locatedStrings
    node = document
  }
}

/// `v1.31.2` → `[1, 31, 2]`; parts that are no numbers are left out.
func versionNumbers(_ text: String) -> [Int] {
  text.drop { $0 == "v" }.split(separator: ".").compactMap { Int($0) }
}
