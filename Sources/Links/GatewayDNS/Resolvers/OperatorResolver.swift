import Corefile
import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// OpenShift's DNS operator: an entry in `spec.servers`. An apply replaces the list as a whole, so that it is written
/// with the entries of others.
struct OperatorResolver {
  static let identity = ObjectIdentity(
    apiVersion: "operator.openshift.io/v1", kind: "DNS", namespace: nil, name: "default")
  /// Where the operator's servers run: whom the observing command asks.
  private static let namespace = "openshift-dns"

  let unit: ResolverUnit

  private struct Entry {
    let node: Node
    let name: String
    let zones: [Node]
  }

  func emit(into lowered: inout LoweredUnit) {
    let declared = unit.cluster.declared.objects[Self.identity]
    let observed = unit.cluster.observed.objects[Self.identity]
    let part: OutputPart = declared == nil ? .manifests : .components
    let placement = Placement(unit.member.name, part, Self.identity)
    let names = GatewayNames(link: unit.link, model: unit.model)
    guard let name = names.name(.operatorServer, &lowered.findings) else { return }
    checkName(name, &lowered)
    let address = unit.serverAddress(objects: [placement], &lowered)
    guard let source = declared ?? observed else {
      lowered.pending.append(
        Pending(
          cluster: unit.member.name, namespace: Self.namespace, fact: "the servers of the DNS operator",
          objects: [placement], resources: "dns.operator"))
      return
    }
    for manifest in [declared, observed].compactMap({ $0 }) { checkManaged(manifest, &lowered) }
    let entries = Self.entries(source)
    if let declared, let observed { checkLoss(declared, observed, name, &lowered) }
    checkZones(entries, name, address, &lowered)
    guard let address else { return }
    let own = entries.first { isOwn($0, name) }
    if let declared, let own, Self.isMet(own, by: address) {
      lowered.satisfied.append(
        Satisfied(cluster: unit.member.name, identity: Self.identity, manifest: declared))
      return
    }
    emit(entries, own, name, address, part, &lowered)
  }

  private func emit(
    _ entries: [Entry], _ own: Entry?, _ name: String, _ address: String, _ part: OutputPart,
    _ lowered: inout LoweredUnit
  ) {
    let wanted = TemplateValue.map([
      "name": .string(name), "zones": .list([.string(unit.link.zone)]),
      "forwardPlugin": .map(["upstreams": .list([.string(address)]), "policy": .string("Random")]),
    ])
    var servers = entries.map { entry -> TemplateValue in
      entry.node.index == own?.node.index ? wanted : .node(entry.node)
    }
    if own == nil { servers.append(wanted) }
    lowered.emissions.append(
      Emission(
        cluster: unit.member.name, part: part, template: "gateway-dns/dns-operator.yaml",
        identity: Self.identity,
        variables: ["operator": .map(["servers": .list(servers)])]))
  }

  private static func entries(_ manifest: Manifest) -> [Entry] {
    manifest.node.at("spec", "servers")?.elements.map { node in
      Entry(node: node, name: node["name"]?.text ?? "", zones: node["zones"]?.elements.map { $0 } ?? [])
    } ?? []
  }

  /// The entry of an earlier run: by its name, or because it sends the zone, and nothing else, to the zone's DNS
  /// server. Any other entry for the zone is somebody's.
  private func isOwn(_ entry: Entry, _ name: String) -> Bool {
    if entry.name == name { return true }
    let upstreams = entry.node.at("forwardPlugin", "upstreams")?.elements.map(\.text) ?? []
    return entry.zones.map { $0.text.lowercased() } == [unit.link.zone] && !upstreams.isEmpty
      && upstreams.allSatisfy { unit.isServer(Upstream.address($0)) }
  }

  private static func isMet(_ entry: Entry, by address: String) -> Bool {
    entry.node.at("forwardPlugin", "upstreams")?.elements.map(\.text) == [address]
  }

  // MARK: Checks

  /// RFC 6335, which the CRD's schema does not enforce.
  private func checkName(_ name: String, _ lowered: inout LoweredUnit) {
    let hasLetter = name.utf8.contains { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 }
    guard name.utf8.count > 15 || !DNSName.isLabel(name) || !hasLetter else { return }
    lowered.findings.append(
      Diagnostic(
        GatewayDNSRules.operatorServer, "'\(name)' cannot name an entry of the DNS operator",
        at: unit.link.link.name.node.range, "from 'operatorServer' in gateway-dns/names.yaml",
        help: ["use 1 to 15 lower-case letters, digits and '-', with a letter (RFC 6335)"]))
  }

  private func checkManaged(_ manifest: Manifest, _ lowered: inout LoweredUnit) {
    guard let state = manifest.node.at("spec", "managementState"), state.text == "Unmanaged" else { return }
    lowered.findings.append(
      Diagnostic(
        GatewayDNSRules.operatorServer, "the DNS operator of \(unit.member.name) is unmanaged",
        at: state.range, "it applies no servers", also: [unit.link.zoneLabel],
        help: ["set managementState: Managed"]))
  }

  /// Entries for the zone, or for the name, that are not this link's.
  private func checkZones(
    _ entries: [Entry], _ name: String, _ address: String?, _ lowered: inout LoweredUnit
  ) {
    for entry in entries {
      for zone in entry.zones where !isOwn(entry, name) && zone.text.lowercased() == unit.link.zone {
        let isAlone = entry.zones.count == 1
        // Where its server is not known yet, nobody can tell whether the entry leads there.
        if isAlone && address == nil { continue }
        lowered.findings.append(
          Diagnostic(
            GatewayDNSRules.operatorServer,
            "entry '\(entry.name)' of the DNS operator serves \(unit.link.zone)",
            at: zone.range, isAlone ? "by another server than the link's" : "beside other zones",
            also: [unit.link.zoneLabel],
            help: [
              isAlone
                ? "remove the entry if it was written for this link; otherwise its names would go to a server that does not know them: use another zone"
                : "take the zone out of this entry: the link has one of its own"
            ]))
      }
      if entry.name == name, entry.zones.map(\.text) != [unit.link.zone], !entry.zones.isEmpty {
        lowered.findings.append(
          Diagnostic(
            GatewayDNSRules.operatorServer,
            "the name '\(name)' is taken by an entry for \(listed(entry.zones.map(\.text)))",
            at: (entry.node["name"] ?? entry.node).range, "would be replaced", also: [unit.link.zoneLabel],
            help: ["rename the entry, or change 'operatorServer' in gateway-dns/names.yaml"]))
      }
      for zone in entry.zones where zone.text.lowercased().hasSuffix("." + unit.link.zone) {
        lowered.findings.append(
          Diagnostic(
            CorefileRules.zoneShadowed,
            "names below \(zone.text) never reach the DNS server of \(unit.link.zone)",
            at: zone.range, "the longer zone wins", also: [unit.link.zoneLabel],
            help: ["remove the zone from entry '\(entry.name)', or use another zone"]))
      }
    }
  }

  /// Entries that the cluster has and the manifest has not: whoever applies the manifest removes them.
  private func checkLoss(
    _ declared: Manifest, _ observed: Manifest, _ own: String, _ lowered: inout LoweredUnit
  ) {
    let known = Set(Self.entries(declared).map(\.name))
    for entry in Self.entries(observed) where !known.contains(entry.name) && !isOwn(entry, own) {
      lowered.findings.append(
        Diagnostic(
          GatewayDNSRules.atomicList, "entry '\(entry.name)' of the DNS operator would be removed",
          at: (declared.node.at("spec", "servers") ?? declared.nameNode).range, "the whole list is replaced",
          also: [Label((entry.node["name"] ?? entry.node).range, "observed in \(unit.member.name)")],
          help: ["add the entry to the manifest, or observe the cluster again if it is gone"]))
    }
  }
}
