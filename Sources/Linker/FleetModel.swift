package import Diagnostics
package import FleetSpec
package import Kubernetes
package import Templates
package import YAMLTree

/// A cluster with all that the repository says of it.
///
/// A class: every unit holds its clusters, and a copy of this would count a dozen references up and down, from
/// all threads at once.
package final class ClusterModel: Sendable {
  package let cluster: Cluster
  /// Manifests that already exist or were recorded.
  package let declared: ClusterFacts
  /// What the cluster answered.
  package let observed: ClusterFacts
  /// Policies that the platform puts into every namespace; nil: nobody said.
  package let baseline: [NetworkPolicy]?
  /// The file that `spec.apiServer.certificateAuthorityFile` names; nil where it cannot be read.
  package let certificateAuthority: SourceFile?
  /// The file that `spec.dns.corefile` names; nil where it cannot be read.
  package let corefile: SourceFile?

  package init(
    cluster: Cluster, declared: ClusterFacts, observed: ClusterFacts, baseline: [NetworkPolicy]?,
    certificateAuthority: SourceFile? = nil, corefile: SourceFile? = nil
  ) {
    self.corefile = corefile
    self.cluster = cluster
    self.declared = declared
    self.observed = observed
    self.baseline = baseline
    self.certificateAuthority = certificateAuthority
  }

  package var name: String { cluster.name.value }
}

/// Everything that linking and lowering may look at. Immutable: the same model gives the same plan. A class for
/// the reason that `ClusterModel` is one.
package final class FleetModel: Sendable {
  package let specification: Specification
  package let clusters: [String: ClusterModel]
  package let templates: TemplateSet
  /// Objects of the output on record, by cluster: what an earlier compile emitted.
  package let recordedOutput: [String: ClusterFacts]
  /// Helm values on record, by cluster; also of clusters that no document declares any more.
  package let recordedValues: [String: Node]

  package init(
    specification: Specification, clusters: [String: ClusterModel], templates: TemplateSet,
    recordedOutput: [String: ClusterFacts], recordedValues: [String: Node] = [:]
  ) {
    self.recordedValues = recordedValues
    self.specification = specification
    self.clusters = clusters
    self.templates = templates
    self.recordedOutput = recordedOutput
  }

  package var fleet: Fleet { specification.fleet }

  /// Cluster names in order.
  package var clusterNames: [String] { clusters.keys.sorted() }
}
