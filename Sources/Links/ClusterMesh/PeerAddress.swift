import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// Where the other members reach a member's Service `clustermesh-apiserver`.
enum PeerAddress: Sendable {
  /// Addresses under the mesh's own name for the peer.
  case ips([String])
  /// A DNS name, used as it is.
  case name(String)
  /// Not known: neither declared nor observed.
  case pending

  /// From the specification, else from an observation.
  init(of member: MeshMember, in model: FleetModel) {
    let settings = member.settings
    if !settings.ips.isEmpty {
      self = .ips(settings.ips.map(\.value))
    } else if let address = settings.address {
      self = .name(address.value)
    } else {
      self = Self.observed(member, in: model)
    }
  }

  /// What the cluster answered.
  static func observed(_ member: MeshMember, in model: FleetModel) -> PeerAddress {
    guard let cluster = model.clusters[member.cluster] else { return .pending }
    let service = observedService(member, in: model)
    switch member.settings.serviceType {
    case .clusterIP:
      let address = service?.manifest.node.at("spec", "clusterIP")?.string
      return address.flatMap { IPAddress($0) == nil ? nil : .ips([$0]) } ?? .pending
    case .loadBalancer:
      let ingress = service?.manifest.node.at("status", "loadBalancer", "ingress")
      let addresses = ingress?.elements.compactMap { $0["ip"]?.string } ?? []
      if !addresses.isEmpty { return .ips(addresses) }
      let names = ingress?.elements.compactMap { $0["hostname"]?.string } ?? []
      return names.first.map { .name($0) } ?? .pending
    case .nodePort:
      let addresses = nodeAddresses(cluster)
      // A few are enough for a node that fails, and a node more or less changes no peer.
      return service == nil || addresses.isEmpty ? .pending : .ips(Array(addresses.prefix(maximumNodes)))
    }
  }

  /// How many of the observed nodes' addresses peers are told.
  static let maximumNodes = 3

  static func observedService(_ member: MeshMember, in model: FleetModel) -> Service? {
    model.clusters[member.cluster]?.observed.services[
      NamespacedName(member.settings.namespace, CiliumSettings.serviceName)]
  }

  /// The internal addresses of the observed nodes, in the order of the nodes' names.
  static func nodeAddresses(_ cluster: ClusterModel) -> [String] {
    let nodes = cluster.observed.objects.filter { $0.key.kind == "Node" && $0.key.group.isEmpty }
    return nodes.sorted { $0.key.name < $1.key.name }.flatMap { _, manifest in
      let addresses = manifest.node.at("status", "addresses")
      return addresses?.elements.filter { $0["type"]?.string == "InternalIP" }.compactMap {
        $0["address"]?.string
      } ?? []
    }
  }

  /// What the observing command asks for.
  static func resources(_ type: CiliumSettings.ServiceType) -> String {
    type == .nodePort ? "svc,nodes" : "svc"
  }

  /// The peer's value in a list or a map; nil while it is pending.
  func value(of member: MeshMember, inList: Bool) -> TemplateValue? {
    var entries: TemplateFields = ["port": .integer(member.settings.peerPort)]
    if inList { entries["name"] = .string(member.name) }
    switch self {
    case .ips(let addresses): entries["ips"] = .list(addresses.map { .string($0) })
    case .name(let name): entries["address"] = .string(name)
    case .pending: return nil
    }
    return .map(entries)
  }
}
