import FleetSpec
import Linker
import YAMLTree

/// A cert-manager issuer.
struct IssuerReference: Hashable, Sendable {
  let group: String
  let kind: String
  let name: String

  init(_ node: Node) {
    group = node["group"]?.string ?? "cert-manager.io"
    kind = node["kind"]?.text ?? ""
    name = node["name"]?.text ?? ""
  }

  var description: String { "\(kind) \(name)" }
}

/// The `cilium` section of a Cluster.
struct CiliumSettings: Sendable {
  enum Encryption: String, Sendable {
    case none
    case wireguard
    case ipsec
  }

  enum ServiceType: String, Sendable {
    case nodePort = "NodePort"
    case loadBalancer = "LoadBalancer"
    case clusterIP = "ClusterIP"
  }

  /// The port of the Service `clustermesh-apiserver`, a literal in all charts up to 1.20.
  static let servicePort = 2379
  static let defaultNodePort = 32379
  static let serviceName = "clustermesh-apiserver"

  /// The section itself.
  let node: Node
  /// The cluster's name in the mesh.
  let name: Located<String>
  let id: Located<Int>
  let chartVersion: ChartVersion
  let chartNode: Node
  let namespace: String
  let routingMode: Located<String>?
  let tunnelProtocol: Located<String>?
  let encryption: Located<Encryption>?
  let serviceType: ServiceType
  let nodePort: Located<Int>?
  let ips: [Located<String>]
  let address: Located<String>?
  let issuer: Located<IssuerReference>?
  let authMode: Located<String>?

  /// Nil where the section lacks what the schema asks for.
  init?(_ cluster: ClusterModel) {
    guard let node = cluster.cluster.node.at("spec", "cilium"), let idNode = node["id"],
      let id = idNode.integer, let chartNode = node["chartVersion"],
      let chartVersion = ChartVersion(chartNode.text)
    else { return nil }
    self.node = node
    self.id = Located(id, idNode)
    self.chartVersion = chartVersion
    self.chartNode = chartNode
    name = node["name"].map { Located($0.text, $0) } ?? cluster.cluster.name
    namespace = node["namespace"]?.string ?? "kube-system"
    routingMode = node["routingMode"].map { Located($0.text, $0) }
    tunnelProtocol = node["tunnelProtocol"].map { Located($0.text, $0) }
    encryption = node["encryption"].flatMap { value in
      Encryption(rawValue: value.text).map { Located($0, value) }
    }
    let mesh = node["mesh"]
    serviceType = mesh?["serviceType"]?.string.flatMap(ServiceType.init) ?? .nodePort
    nodePort = mesh?["nodePort"].flatMap { value in value.integer.map { Located($0, value) } }
    ips = mesh?["ips"]?.elements.map { Located($0.text, $0) } ?? []
    address = mesh?["address"].map { Located($0.text, $0) }
    issuer = node["issuer"].map { Located(IssuerReference($0), $0) }
    authMode = mesh?["authMode"].map { Located($0.text, $0) }
  }

  var mesh: Node? { node["mesh"] }
  var routing: String { routingMode?.value ?? "tunnel" }
  var tunnel: String { tunnelProtocol?.value ?? "vxlan" }
  var replacesKubeProxy: Bool? { node["kubeProxyReplacement"]?.boolean }
  var usesKVStoreMesh: Bool { mesh?["kvstoremesh"]?.boolean ?? true }
  var isExternallyCreated: Bool { mesh?["externallyCreated"]?.boolean ?? false }
  var serverNames: [String] { mesh?["serverNames"]?.elements.map(\.text) ?? [] }

  /// Whether a policy without cluster label means the own cluster only.
  var policyDefaultLocalCluster: Bool {
    guard chartVersion >= .v1_18 else { return false }
    return node["policyDefaultLocalCluster"]?.boolean ?? chartVersion.policyDefaultLocalCluster
  }

  /// How the cluster serves the Multi-Cluster Services API.
  var mcsapi: Node? { node["mcsapi"] }

  /// Whether the chart's values make CoreDNS answer for `clusterset.local`; nil where nobody says and the chart cannot.
  ///
  /// - Parameter hasClients: somebody of the cluster uses exported Services.
  func configuresCoreDNS(hasClients: Bool, isOpenShift: Bool) -> Bool? {
    switch mcsapi?["coreDNS"]?.string {
    case "configured": return false
    case "auto": return true
    default: break
    }
    guard hasClients else { return false }
    return chartVersion.configuresCoreDNS && !isOpenShift ? true : nil
  }

  /// Whether namespaces must opt in to hold global Services.
  var needsGlobalNamespaces: Bool {
    chartVersion >= .v1_20 && node["defaultGlobalNamespace"]?.boolean == false
  }

  /// The port at which peers reach the Service.
  var peerPort: Int {
    switch serviceType {
    case .nodePort: nodePort?.value ?? Self.defaultNodePort
    case .loadBalancer, .clusterIP: Self.servicePort
    }
  }
}
