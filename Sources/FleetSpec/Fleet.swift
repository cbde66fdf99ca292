package import Snapshot
package import YAMLTree

/// The Fleet document: where everything lies and who reads the output.
package struct Fleet: Sendable {
  /// What applies the output to the clusters.
  package struct Consumer: Sendable {
    package enum Kind: String, Sendable {
      case argocd
      case flux
      case kubectl
    }

    package let kind: Kind
    /// The version's numbers, `[3]` or `[2, 14]`; empty when unknown.
    package let version: [Int]
    /// As written; nil when the default of the kind holds.
    package let declaredExclusions: [String]?
    package let forbiddenKinds: [Located<String>]
    package let serviceAccount: Located<String>?
    package let node: Node

    /// Kinds that the consumer leaves out. Argo CD 3 excludes Endpoints and EndpointSlice by default
    /// (argo-cd, manifests/base/config/argocd-cm.yaml).
    package var excludedKinds: [String] {
      if let declaredExclusions { return declaredExclusions }
      return kind == .argocd && (version.first ?? 0) >= 3 ? ["Endpoints", "EndpointSlice"] : []
    }
  }

  /// A person or program that commits.
  package struct Committer: Sendable, Equatable {
    package let name: String
    package let email: String
  }

  /// The API used for addresses outside a cluster.
  package enum EndpointsAPI: String, Sendable {
    case endpointSlice = "EndpointSlice"
    case endpoints = "Endpoints"
  }

  /// A part of the output that is compiled, written and synced on its own.
  package struct Unit: Sendable {
    package let name: Located<String>
    /// Empty: every cluster.
    package let clusters: [Located<String>]
    /// Empty: every namespace.
    package let namespaces: [Located<String>]
    package let path: Located<String>
    /// The branch that `commit` writes the unit to; nil for the branch of the rest.
    package let branch: Located<String>?

    /// True when the unit holds the objects of a namespace (nil: of cluster scope) in a cluster.
    package func holds(cluster: String, namespace: String?) -> Bool {
      (clusters.isEmpty || clusters.contains { $0.value == cluster })
        && (namespaces.isEmpty || namespaces.contains { $0.value == namespace })
    }
  }

  /// Path patterns of one source, with their exclusions.
  package struct Source: Sendable {
    package let inclusions: [PathPattern]
    package let exclusions: [PathPattern]

    package init(_ patterns: [PathPattern]) {
      inclusions = patterns.filter { !$0.isExclusion }
      exclusions = patterns.filter(\.isExclusion)
    }

    /// The match of a path, unless an exclusion takes it.
    package func match(_ path: String) -> PathPattern.Match? {
      for pattern in inclusions {
        if let match = pattern.match(path) {
          return exclusions.contains { $0.match(path) != nil } ? nil : match
        }
      }
      return nil
    }

    /// True when every path below a directory is excluded, as far as its name tells.
    package func excludes(directory: String) -> Bool {
      exclusions.contains { $0.match(directory) != nil || $0.match(directory + "/x.yaml") != nil }
    }

    /// True when some path below the directory could match.
    package func mayMatch(below directory: String) -> Bool {
      inclusions.contains { $0.mayMatch(below: directory) }
    }
  }

  package let name: Located<String>
  package let spec: Source
  package let workloads: Source
  package let recorded: Source
  package let observed: Source
  package let outputPath: String
  package let consumer: Consumer?
  package let endpoints: EndpointsAPI
  package let writesClusterKustomization: Bool
  package let units: [Unit]
  /// The branch that `commit` writes to; nil for the source's own.
  package let branch: Located<String>?
  /// Who commits the output; nil for a fixed identity.
  package let committer: Committer?
  /// Where the source's repository is found, as output commits name it.
  package let repositoryURL: String?
  package let compilerVersion: Located<String>?
  package let node: Node
}
