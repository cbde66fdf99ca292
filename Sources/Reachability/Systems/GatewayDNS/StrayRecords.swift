import Diagnostics
import Kubernetes
import Linker
import YAMLTree

/// Slices that somebody wrote for the zone's DNS server beside the controller's.
///
/// From the project's source (facts on GatewayDNS, 5): every slice of the server's namespace with a host name counts. An
/// exact name beats a wildcard, a deeper wildcard one that is not so deep, and slices of one name are joined.
struct StrayRecords {
  private static let annotation = "connectivity.tanzu.vmware.com/dns-hostname"

  private let cluster: JudgedCluster
  private let namespace: String

  init(_ cluster: JudgedCluster, _ namespace: String) {
    self.cluster = cluster
    self.namespace = namespace
  }

  /// A slice that answers for a name with another address than the gateway's, before the controller's or with it; nil
  /// where there is none. Linear in the slices of the namespace.
  func fault(_ name: String, _ wildcard: String, _ record: GatewayRecord) -> Fault? {
    let known = record.addresses.map(\.text)
    for object in cluster.endpoints(in: namespace)
    where object.evidence != .observed && object.manifest.kind == "EndpointSlice" {
      guard let host = object.manifest.annotation(Self.annotation)?.lowercased(),
        answers(host, name, wildcard), object.node["addressType"]?.text != "IPv6"
      else { continue }
      let addresses = object.node["endpoints"]?.elements.flatMap {
        $0["addresses"]?.elements.map { $0 } ?? []
      }
      guard let stray = addresses?.first(where: { !known.contains($0.text) }) else { continue }
      return Fault(
        JudgementRules.address,
        "EndpointSlice \(namespace)/\(object.name) in \(cluster.name) answers \(host) with \(stray.text), and the gateway is at \(listed(known))",
        at: [object.label(at: stray)],
        help: ["take the slice out: the controller writes its own for \(wildcard)"],
        because: .found(
          ObjectQuery(
            "EndpointSlice", of: "discovery.k8s.io", in: cluster.name, namespace, object.name,
            where: [.text(["endpoints", "*", "addresses", "*"], [stray.text])])), wanted: .no)
    }
    return nil
  }

  private func answers(_ host: String, _ name: String, _ wildcard: String) -> Bool {
    if host == name { return true }
    guard host.hasPrefix("*."), name.hasSuffix(host.dropFirst()) else { return false }
    return host.count { $0 == "." } >= wildcard.count { $0 == "." }
  }
}
