import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What else a ServiceEntry and a Gateway must say for sidecars and gateways to take them as meant.
///
/// From istio/istio and its API: `exportTo` tells the namespaces whose sidecars know an entry; an entry of location
/// MESH_EXTERNAL, which is the default, is called without automatic mutual TLS; endpoints are refused together with
/// resolution NONE; a host of a Gateway may begin with the namespace whose Services it is about; AUTO_PASSTHROUGH is for
/// servers of TLS.
struct EntryUse {
  let host: String
  let crossing: Crossing
  let client: JudgedCluster

  private func query(_ namespace: String? = nil, _ conditions: [ObjectCondition]) -> ObjectQuery {
    ObjectQuery(
      "ServiceEntry", of: nil, in: client.name, namespace,
      where: [.text(["spec", "hosts", "*"], [host])] + conditions)
  }

  /// Why clients do not know the name at its port by an entry; nil where they do.
  func nameFault(_ entry: KnownObject) -> Fault? {
    let spec = entry.node["spec"]
    let own = entry.manifest.namespace ?? "default"
    let from = crossing.client.namespace
    let exported = spec?["exportTo"]
    let seen = exported?.elements.map(\.text) ?? []
    if !seen.isEmpty, !seen.contains("*"), !seen.contains(from), !(own == from && seen.contains(".")) {
      let path = ["spec", "exportTo"]
      return Fault(
        JudgementRules.name,
        "ServiceEntry \(own)/\(entry.name) of \(client.name) is for sidecars of \(listed(seen)) alone, and clients are in \(from)",
        at: [entry.label(at: exported)] + template(entry, exported),
        help: ["add \(from) to exportTo, or take it out: then every namespace sees the entry"],
        because: .found([
          query(nil, [.either([.not(.exists(path)), .text(path + ["*"], ["*", from])])]),
          query(from, [.text(path + ["*"], ["."])]),
        ]))
    }
    let number = crossing.port.port.number
    let ports = spec?["ports"]?.elements.map { $0 } ?? []
    guard !ports.contains(where: { $0["number"]?.integer == number }) else { return nil }
    return Fault(
      JudgementRules.name,
      "ServiceEntry \(own)/\(entry.name) of \(client.name) has no port \(number): \(host) is known at \(listed(ports.compactMap { $0["number"]?.text }, none: "no port"))",
      at: [entry.label(at: spec?["ports"])] + template(entry, spec?["ports"]),
      help: ["give the entry port \(number), under the name that its endpoints map"],
      because: .found([query(nil, [.number(["spec", "ports", "*", "number"], number)])]))
  }

  /// Why sidecars do not call an entry's endpoints with mutual TLS; nil where they do.
  func addressFault(_ entry: KnownObject) -> Fault? {
    let spec = entry.node["spec"]
    let balanced = ["STATIC", "DNS", "DNS_ROUND_ROBIN"]
    if !balanced.contains(spec?["resolution"]?.text ?? "NONE") {
      return Fault(
        JudgementRules.address,
        "ServiceEntry \(entry.name) of \(client.name) has endpoints and resolution \(spec?["resolution"]?.text ?? "NONE"): istiod refuses it",
        at: [entry.label(at: spec?["resolution"])] + template(entry, spec?["resolution"]),
        help: ["write 'resolution: STATIC' for addresses, DNS for names"],
        because: .found([query(nil, [.text(["spec", "resolution"], balanced)])]))
    }
    guard spec?["location"]?.text != "MESH_INTERNAL", !isCalledByRule else { return nil }
    return Fault(
      JudgementRules.address,
      "ServiceEntry \(entry.name) of \(client.name) is MESH_EXTERNAL: sidecars call it without automatic mutual TLS, which the gateway does not take",
      at: [entry.label(at: spec?["location"])] + template(entry, spec?["location"]),
      help: ["write 'location: MESH_INTERNAL'"],
      because: .found([query(nil, [.text(["spec", "location"], ["MESH_INTERNAL"])])]))
  }

  /// True where a DestinationRule may ask for mutual TLS by itself.
  private var isCalledByRule: Bool {
    client.objects(ofKind: "DestinationRule").contains { rule in
      rule.node.at("spec", "host").map { IstioWalk.matches(host, $0.text, in: nil) } ?? false
    }
  }

  private func template(_ entry: KnownObject, _ node: Node?) -> [Label] {
    [entry.templateLabel(at: node, "made here")].compactMap { $0 }
  }
}

extension IstioWalk {
  /// Servers of other protocols do not look at a call's TLS.
  static let tlsProtocols = ["TLS", "tls", "HTTPS", "https"]

  /// Whether a host of a list stands for a host. It may begin with the namespace whose Services it is about: `*` for all,
  /// `.` for the object's own.
  ///
  /// - Parameters:
  ///   - namespace: that of the Service; nil where it does not matter.
  ///   - own: that of the object whose list it is.
  static func matches(_ host: String, _ pattern: String, in namespace: String?, from own: String? = nil)
    -> Bool
  {
    let parts = pattern.split(separator: "/", maxSplits: 1).map(String.init)
    if let namespace, parts.count == 2 {
      guard parts[0] == "*" || parts[0] == namespace || parts[0] == "." && own == namespace else {
        return false
      }
    }
    let name = parts.last ?? pattern
    if name == "*" { return true }
    return name.hasPrefix("*.") ? host.hasSuffix(name.dropFirst()) : host == name
  }
}

extension EntryUse {
  /// What leads clients to a gateway: somebody's own entry for the host takes what the emitted one would lead there.
  static func help(_ entry: KnownObject?, _ addresses: [String]) -> String {
    guard let entry, entry.evidence == .declared else {
      return "add the address \(listed(addresses)) with port \(TetrateSystem.port)"
    }
    return
      "take \(entry.manifest.identity.description) out, which is there beside what Linkwright emits, or let it lead to \(listed(addresses)), port \(TetrateSystem.port)"
  }
}
