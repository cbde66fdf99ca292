import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What is known of the virtual server that a claim gets in one cluster: its address and its port.
///
/// The address comes from the link or from an observation, the port only from an observation: the operator
/// draws it at random between 1024 and 65535.
struct VirtualServer: Sendable {
  var address: String?
  /// Where the address is said: in the link, or in an observation.
  var addressNode: Node?
  var port: Int?
  var findings: [Diagnostic] = []

  /// Ports that the operator can draw (PORTER config/default/manager_api_sidecar_patch.yaml).
  static let ports = 1024...65535

  /// - Parameters:
  ///   - claim: the claim's name, which is also the TransportServer's.
  ///   - cluster: where the virtual server is.
  ///   - opposite: the cluster in which the operator writes Endpoints that lead to it.
  init(
    claim: String, service: Service, cluster: ClusterModel, opposite: ClusterModel?, settings: PorterSettings,
    primary: ClusterModel, claims: ClaimIndex
  ) {
    let namespace = service.key.namespace
    let leadsElsewhere = claims.isServedForAnother(claim, service.key, in: cluster.name)
    let server = cluster.observed.objects[
      ObjectIdentity(apiVersion: "cis.f5.com/v1", kind: "TransportServer", namespace: namespace, name: claim)]
    let endpoints =
      leadsElsewhere
      ? nil
      : opposite?.observed.objects[
        ObjectIdentity(
          apiVersion: "v1", kind: "Endpoints", namespace: namespace,
          name: "\(service.key.name)-\(cluster.name)")]
    let status = primary.observed.objects[
      ObjectIdentity(
        apiVersion: "porter.devops.gov.bc.ca/v1alpha1", kind: "TransportServerClaim", namespace: namespace,
        name: claim)]
    let subset = endpoints?.node["subsets"]?.elements.first { _ in true }
    let declared = settings.addresses[cluster.name]?[service.type]
    // The operator looks at the Service of the primary only.
    let published = primary.declared.services[service.key] ?? service
    let formerAddress = server.flatMap {
      Self.formerAddress($0, Self.label(for: published.type), declared: declared?.value)
    }
    let observedAddresses = [
      server?.node.at("spec", "virtualServerAddress"),
      subset?["addresses"]?.elements.first { _ in true }?["ip"],
    ].compactMap { $0 }.filter { formerAddress == nil || !$0.isAddress(formerAddress?.text) }
    let observedPorts = [
      subset?["ports"]?.elements.first { _ in true }?["port"], server?.node.at("spec", "virtualServerPort"),
      status?.node.at("status", "port"),
    ].compactMap { $0 }
    let addresses = observedAddresses.filter { node in
      let isAddress = IPAddress(node.text).map { $0.endpointFault == nil } ?? false
      if !isAddress { reportUnusable(node, claim) }
      return isAddress
    }
    address = (declared?.value ?? addresses.first?.text).map { IPAddress($0)?.description ?? $0 }
    addressNode = declared?.node ?? addresses.first
    if let declared, let other = addresses.first(where: { !$0.isAddress(declared.value) }) {
      reportAddress(declared, other, service, cluster, settings)
    }
    if let formerAddress { reportFormer(formerAddress, published, declared, cluster) }
    readPort(observedPorts, claim)
  }

  /// The operator's label of TransportServers, by the type of the Service in the primary.
  static func label(for type: String) -> String { type == "NodePort" ? "nodeport" : "true" }

  /// The address that was observed while the Service had another type: the virtual server gets another one with the
  /// type (facts on Porter, 0), once the operator looks at the Service again. Nil where the observation fits the type.
  private static func formerAddress(_ server: Manifest, _ label: String, declared: String?) -> Node? {
    guard let found = server.node.at("metadata", "labels", "f5cr"), found.text != label,
      let address = server.node.at("spec", "virtualServerAddress"), IPAddress(address.text) != nil,
      !address.isAddress(declared)
    else { return nil }
    return address
  }

  private mutating func reportFormer(
    _ former: Node, _ service: Service, _ declared: Located<String>?, _ cluster: ClusterModel
  ) {
    let new = declared.map { " to \($0.value)" } ?? ""
    findings.append(
      Diagnostic(
        PorterRules.addressChanges,
        "the address of \(service.key.name) in \(cluster.name) changes from \(former.text)\(new)",
        at: service.typeNode.range, "the Service is \(service.type)",
        also: [Label(former.range, "observed while it had another type")],
        help: [
          "touch the claim so that the operator looks at the Service again, then observe \(cluster.name): the address changes with the type, the port stays; firewall rules must follow"
        ]))
  }

  private mutating func reportUnusable(_ address: Node, _ claim: String) {
    let fault = IPAddress(address.text)?.endpointFault
    findings.append(
      Diagnostic(
        PorterRules.unusableAddress,
        fault.map { "\(address.text) is \($0): no virtual server has it" }
          ?? "'\(address.text)' is no IP address", at: address.range,
        "observed address of \(claim)", help: ["observe the cluster again, or mend the file if it was edited"]
      ))
  }

  private mutating func readPort(_ observed: [Node], _ claim: String) {
    for node in observed {
      guard let number = Int(node.text), Self.ports.contains(number) else {
        findings.append(
          Diagnostic(
            PorterRules.placeholderPort, "'\(node.text)' is not a port that a claim can have", at: node.range,
            "observed port of \(claim)",
            help: [
              "ports are 1024 to 65535; 65555 is the documentation's placeholder: observe the cluster again"
            ]))
        continue
      }
      if port == nil { port = number }
    }
  }

  private mutating func reportAddress(
    _ declared: Located<String>, _ observed: Node, _ service: Service, _ cluster: ClusterModel,
    _ settings: PorterSettings
  ) {
    let otherType = settings.addresses[cluster.name]?.first { observed.isAddress($0.value.value) }
    if let otherType {
      findings.append(
        Diagnostic(
          PorterRules.addressChanges,
          "the address of \(service.key.name) in \(cluster.name) changes from \(observed.text) to \(declared.value)",
          at: service.typeNode.range, "the Service is \(service.type)",
          also: [
            Label(observed.range, "observed: the address of type \(otherType.key)"),
            Label(declared.node.range, "the address of type \(service.type)"),
          ],
          help: [
            "touch the claim so that the operator looks at the Service again, and change firewall rules to \(declared.value); the port stays"
          ]))
    } else {
      findings.append(
        Diagnostic(
          PorterRules.addressConflict,
          "the address of \(cluster.name) is \(declared.value) in the link and \(observed.text) in the cluster",
          at: declared.node.range, "declared", also: [Label(observed.range, "observed")],
          help: ["correct the link, or observe the cluster again if this is old"]))
    }
  }
}

extension Node {
  /// True when the text is an address, and the same one as another text, whatever their spelling.
  func isAddress(_ other: String?) -> Bool {
    guard let other else { return false }
    return text == other || IPAddress(text).map { $0 == IPAddress(other) } ?? false
  }
}
