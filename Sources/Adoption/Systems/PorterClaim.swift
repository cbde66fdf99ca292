import Compiler
import Diagnostics
import Kubernetes
import YAMLTree

/// A TransportServerClaim as the operator reads it.
struct PorterClaim: Sendable {
  static let group = "porter.devops.gov.bc.ca"

  /// The fields of `spec` that the operator reads; every other one it ignores without a word.
  static let fields = ["service", "servicePort", "monitor", "overrideServicePort", "requestedPort"]

  let cluster: String
  let manifest: Manifest
  let namespace: String
  let service: String
  let servicePort: Int
  let interval: Int
  let timeout: Int
  let overridesServicePort: Bool
  let requestedPort: Int?

  var key: NamespacedName { NamespacedName(namespace, service) }

  /// Nil, with findings, for a claim that the operator cannot act on.
  init?(_ manifest: Manifest, of cluster: String, _ findings: inout [Diagnostic]) {
    guard let namespace = manifest.namespace, let spec = manifest.node["spec"] else { return nil }
    self.cluster = cluster
    self.manifest = manifest
    self.namespace = namespace
    func report(_ node: Node, _ message: String, _ label: String, _ help: String) {
      findings.append(
        Diagnostic(AdoptionRules.unusableField, message, at: node.range, label, help: [help]))
    }
    guard let service = spec["service"]?.string, let portNode = spec["servicePort"],
      let port = portNode.integer ?? portNode.string.flatMap({ Int($0) }), 1...65535 ~= port
    else {
      report(
        spec["servicePort"] ?? spec["service"] ?? manifest.nameNode,
        "claim '\(manifest.name)' names no Service and port that the operator can use",
        "the claim does nothing",
        "the operator takes a number: correct it, or remove the claim")
      return nil
    }
    self.service = service
    servicePort = port
    let monitor = spec["monitor"]
    interval = monitor?["interval"]?.integer ?? 10
    timeout = monitor?["timeout"]?.integer ?? 10
    if monitor?["interval"] == nil || monitor?["timeout"] == nil || monitor?["type"] == nil {
      report(
        monitor ?? manifest.nameNode,
        "claim '\(manifest.name)' has no complete monitor: the operator fails on it",
        "type, interval and timeout belong here", "Linkwright writes tcp, 10 and 10 where nothing is said")
    }
    if let override = spec["overrideServicePort"] {
      if override.kind != .boolean {
        report(
          override, "the operator takes only a boolean for overrideServicePort", "without effect",
          "what is adopted is what it does: false")
      }
      overridesServicePort = override.boolean ?? false
    } else {
      overridesServicePort = false
    }
    requestedPort = spec["requestedPort"]?.integer
  }

  /// `claimName` and what differs from Linkwright's defaults.
  var section: SpecMap {
    var map = SpecMap()
    map.add("claimName", .text(manifest.name))
    if overridesServicePort { map.add("overrideServicePort", .boolean(true)) }
    if let requestedPort, 1025...65534 ~= requestedPort { map.add("requestedPort", .integer(requestedPort)) }
    var monitor = SpecMap()
    if interval != 10 { monitor.add("interval", .integer(interval)) }
    if timeout != 10 { monitor.add("timeout", .integer(timeout)) }
    if !monitor.isEmpty { map.add("monitor", .map(monitor)) }
    return map
  }
}

/// A TransportServer: what the operator made of a claim, with the address and the port that it got.
struct PorterServer: Sendable {
  let manifest: Manifest
  let address: String?
  let port: Int?
  /// The type of Service for which the address stands.
  let serviceType: String

  init(_ manifest: Manifest) {
    self.manifest = manifest
    address = manifest.node.at("spec", "virtualServerAddress")?.string
    port = manifest.node.at("spec", "virtualServerPort")?.integer
    serviceType = manifest.labels["f5cr"] == "nodeport" ? "NodePort" : "ClusterIP"
  }
}
