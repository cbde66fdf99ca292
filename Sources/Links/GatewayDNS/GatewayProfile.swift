/// The two generations of vmware-tanzu/cross-cluster-connectivity, which differ in names and API versions.
enum GatewayProfile: String, Sendable {
  /// February 2021, before the renaming.
  case capi
  /// v0.1.0 and later.
  case xcc

  /// Where the controller runs on the management cluster, and the DNS server on every other.
  var namespace: String {
    switch self {
    case .capi: "capi-dns"
    case .xcc: "xcc-dns"
    }
  }

  var other: GatewayProfile { self == .capi ? .xcc : .capi }

  /// The version of Cluster API that the controller reads.
  var clusterAPIVersion: String {
    switch self {
    case .capi: "cluster.x-k8s.io/v1alpha3"
    case .xcc: "cluster.x-k8s.io/v1beta1"
    }
  }

  var endpointSliceVersion: String {
    switch self {
    case .capi: "discovery.k8s.io/v1beta1"
    case .xcc: "discovery.k8s.io/v1"
    }
  }

  /// The Kubernetes release that no longer serves what the generation needs on a management cluster, and on others.
  var removedIn: (management: [Int], workload: [Int])? {
    switch self {
    case .capi: ([1, 22], [1, 25])
    case .xcc: nil
    }
  }

  /// Slices carry the label `kubernetes.io/service-name`.
  var labelsSlices: Bool { self == .xcc }

  /// The block in the Corefile stands between marks.
  var marksBlock: Bool { self == .xcc }
}
