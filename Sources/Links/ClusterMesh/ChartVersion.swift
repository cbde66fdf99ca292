/// The version of the Cilium chart, as far as its minor releases differ. Source: the charts 1.16.19, 1.17.18,
/// 1.18.12, 1.19.6 and 1.20.0 of cilium/charts.
struct ChartVersion: Hashable, Comparable, Sendable {
  let major: Int
  let minor: Int

  /// Reads `1.19.6` or `v1.19`; nil for what has no two numbers.
  init?(_ text: String) {
    let numbers = text.drop { $0 == "v" }.split(separator: ".").prefix(2).map { Int($0) }
    guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else { return nil }
    self.major = major
    self.minor = minor
  }

  private init(minor: Int) {
    major = 1
    self.minor = minor
  }

  static let v1_18 = ChartVersion(minor: 18)
  static let v1_19 = ChartVersion(minor: 19)
  static let v1_20 = ChartVersion(minor: 20)

  /// The releases whose charts are known.
  static let known = ChartVersion(minor: 16)...v1_20

  static func < (a: ChartVersion, b: ChartVersion) -> Bool { (a.major, a.minor) < (b.major, b.minor) }

  var description: String { "\(major).\(minor)" }

  /// `clustermesh.config.clusters` may be a map by name; before, only a list.
  var takesPeerMap: Bool { self >= .v1_19 }

  /// `clustermesh.mcsapi`; before, `clustermesh.enableMCSAPISupport`, without CRDs and without CoreDNS.
  var hasMCSSection: Bool { self >= .v1_19 }

  /// `clustermesh.mcsapi.corednsAutoConfigure`.
  var configuresCoreDNS: Bool { self >= .v1_19 }

  /// A ServiceExport hands annotations on (cilium/cilium#36308, after 1.16).
  var exportsAnnotations: Bool { self > ChartVersion(minor: 16) }

  /// Of several ports with one target port, one gets remote endpoints (#45109, mended by #45179 in 1.20).
  var losesSharedTargetPorts: Bool { self < .v1_20 }

  /// `clustermesh.apiserver.tls.authMode` where the values say nothing.
  var defaultAuthMode: AuthMode { self >= .v1_19 ? .migration : .legacy }

  /// Whether a policy without cluster label means the own cluster, where the values say nothing. Before 1.18
  /// there is no such option and selectors match every cluster.
  var policyDefaultLocalCluster: Bool { self >= .v1_19 }

  /// Whether agents have a client certificate of their own for the own cluster's server.
  var readsPeersAsLocal: Bool { self > ChartVersion(minor: 16) }

  /// Whether a peer's configuration can carry the addresses of its name. Before, only the chart's own list of peers
  /// makes the name known, as hostAliases of pods.
  var readsHostAliases: Bool { self >= .v1_20 }

  /// Where additional names of the server certificate stand: under `tls.auto.server`; before, `tls.server`.
  var hasAutomaticServerNames: Bool { self >= .v1_20 }

  /// One node port used in two clusters leads to the own cluster only, with kube-proxy replacement
  /// (cilium/cilium#24692, mended by #41337).
  var confusesNodePorts: Bool { self < .v1_19 }
}

/// How the members' etcd servers know each other's clients, in the order of a migration.
enum AuthMode: String, Sendable, CaseIterable {
  case legacy
  case migration
  case cluster

  var stage: Int {
    switch self {
    case .legacy: 0
    case .migration: 1
    case .cluster: 2
    }
  }
}
