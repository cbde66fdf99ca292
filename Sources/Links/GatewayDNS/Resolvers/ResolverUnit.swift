import Corefile
import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// One cluster's resolver: it sends the link's zone to the zone's DNS server.
struct ResolverUnit: PlannedUnit {
  let link: GatewayDNSLink
  let member: GatewayMember
  let model: FleetModel

  var key: String { "gatewayDNS/\(link.link.name.value)/resolvers/\(member.name)" }

  var cluster: ClusterModel { member.cluster }
  var settings: ResolverSettings { ResolverSettings(cluster.cluster) }
  var sources: CorefileSources { CorefileSources(cluster) }

  func lower() -> LoweredUnit {
    var lowered = LoweredUnit(
      connections: [], subject: Label(link.link.name.node.range, "while emitting this link"))
    let settings = settings
    switch settings.form {
    case .corefile: CorefileResolver(unit: self).emit(into: &lowered)
    case .configMap: CustomResolver(unit: self).emit(into: &lowered)
    case .openshift: OperatorResolver(unit: self).emit(into: &lowered)
    case .unmanaged: UnmanagedResolver(unit: self).check(&lowered)
    }
    return lowered
  }

  /// The DNS server's address; nil after saying what is waited for. `objects` and `fragments` wait with it.
  func serverAddress(
    objects: [Placement], fragments: [String] = [], _ lowered: inout LoweredUnit
  ) -> String? {
    if let address = ServerAddress(member, link).address {
      // What is no address is reported when the link is bound.
      return IPAddress(address.value) == nil ? nil : address.value
    }
    lowered.pending.append(
      Pending(
        cluster: member.name, namespace: link.settings.profile.namespace,
        fact: "the cluster IP of Service \(GatewayDNSSettings.dnsServer)", objects: objects, resources: "svc",
        fragments: fragments))
    return nil
  }

  /// Whether the DNS server of the zone is known to be there.
  func isServer(_ address: String) -> Bool {
    guard let parsed = IPAddress(address) else { return false }
    let known = ServerAddress(member, link)
    return [known.address, known.contradiction].contains {
      $0.flatMap { IPAddress($0.value) } == parsed
    }
  }

  /// Whether a block of a Corefile that forwards the zone there can be an earlier form of the link's own: to the DNS
  /// server, at another cluster IP perhaps.
  func canBeServer(_ address: String) -> Bool {
    guard !isServer(address) else { return true }
    guard let parsed = IPAddress(address) else { return false }
    return cluster.cluster.serviceCIDRs.contains { IPNetwork($0.value)?.contains(parsed) ?? false }
  }

  /// The block for an address.
  func block(_ address: String, isMarked: Bool) -> StubBlock {
    StubBlock(zone: link.zone, upstream: address, isMarked: isMarked)
  }
}

/// Where the Corefile of a cluster is known from.
struct CorefileSources {
  struct Source {
    let document: CorefileDocument
    /// The ConfigMap's manifest, where it is one.
    let manifest: Manifest?
  }

  /// The file that the Cluster names, else the ConfigMap's manifest.
  let declared: Source?
  /// A second declaration: a manifest beside a file.
  let second: Source?
  let observed: Source?

  static let identity = ObjectIdentity(
    apiVersion: "v1", kind: "ConfigMap", namespace: CoreDNS.namespace, name: CoreDNS.configMap)

  init(_ cluster: ClusterModel) {
    let file = cluster.corefile.map {
      Source(document: CorefileDocument(CorefileText($0)), manifest: nil)
    }
    let manifest = Self.configMap(cluster.declared)
    declared = file ?? manifest
    second = file == nil ? nil : manifest
    observed = Self.configMap(cluster.observed)
  }

  /// What the block goes into.
  var first: Source? { declared ?? observed }

  private static func configMap(_ facts: ClusterFacts) -> Source? {
    guard let manifest = facts.objects[identity], let node = manifest.node["data"]?[CoreDNS.corefileKey]
    else {
      return nil
    }
    return Source(document: CorefileDocument(CorefileText(node)), manifest: manifest)
  }
}
