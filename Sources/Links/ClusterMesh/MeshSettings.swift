import FleetSpec
import YAMLTree

/// Who makes the certificates of a mesh.
struct CertificateSettings: Sendable {
  enum Method: String, Sendable, CaseIterable {
    case certmanager
    case cronJob
    case userProvided
    /// The chart's own: a release of Helm looks up what is there, `helm template` cannot.
    case helm

    /// Whether somebody else than Helm's rendering makes the certificates.
    var isIssued: Bool { self == .certmanager || self == .cronJob }
  }

  let node: Node?
  /// Nil for a method that is refused or unknown.
  let method: Method?
  let issuer: Located<IssuerReference>?
  /// When certificates are renewed; the chart's default where nobody says.
  let schedule: String
  let scheduleNode: Node?
  let validityDays: Located<Int>?
  let caBundle: Node?
  let isSharedAuthority: Bool
  let coversHubble: Bool

  init(_ node: Node?) {
    self.node = node
    let given = node?["method"]?.string.flatMap(Method.init)
    method =
      node == nil ? .cronJob : given == .helm && node?["releasedByHelm"]?.boolean != true ? nil : given
    issuer = node?["issuerRef"].map { Located(IssuerReference($0), $0) }
    scheduleNode = node?["schedule"]
    schedule = scheduleNode?.string ?? "0 0 1 */4 *"
    validityDays = node?["validityDays"].flatMap { value in value.integer.map { Located($0, value) } }
    caBundle = node?["caBundle"]
    isSharedAuthority = node?["sharedAuthority"]?.boolean ?? false
    coversHubble = node?["hubble"]?.boolean ?? true
  }
}

/// The section of a Link.
struct MeshSettings: Sendable {
  static let defaultDomain = "mesh.cilium.io"

  let node: Node
  let maxConnectedClusters: Located<Int>?
  let authMode: Located<String>?
  let domain: String
  let certificates: CertificateSettings
  let writesKubeconfig: Bool
  /// Peers go into Secrets of their own instead of Helm values.
  let emitsObjects: Bool
  /// Services reach other clusters by ServiceExports instead of annotations.
  let exportsServices: Bool

  init(_ section: Node) {
    node = section
    maxConnectedClusters = section["maxConnectedClusters"].flatMap { value in
      value.integer.map { Located($0, value) }
    }
    authMode = section["authMode"].map { Located($0.text, $0) }
    domain = section["domain"]?.string ?? Self.defaultDomain
    certificates = CertificateSettings(section["certificates"])
    emitsObjects = section["emit"]?.string == "objects"
    exportsServices = section["services"]?.string == "mcs"
    writesKubeconfig = section["kubeconfig"]?.boolean ?? true
  }

  var maximum: Int { maxConnectedClusters?.value ?? 255 }
}

/// A member with what is known of it.
struct MeshMember: Sendable {
  /// The Cluster document's name.
  let cluster: String
  let settings: CiliumSettings

  var name: String { settings.name.value }
}
