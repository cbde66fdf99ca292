import Corefile
import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// A resolver that somebody else configures: nothing is written, and what is known of it must lead to the DNS server.
struct UnmanagedResolver {
  let unit: ResolverUnit

  func check(_ lowered: inout LoweredUnit) {
    let address = ServerAddress(unit.member, unit.link).address
    if unit.cluster.cluster.distribution == .openshift {
      checkOperator(address, &lowered)
    } else if let document = unit.sources.first?.document {
      lowered.findings += document.findings
      guard !document.findings.contains(where: { $0.severity == .error }) else { return }
      checkCorefile(document, address, &lowered)
    }
  }

  private func checkCorefile(
    _ document: CorefileDocument, _ address: Located<String>?, _ lowered: inout LoweredUnit
  ) {
    let zone = unit.link.zone
    if let key = document.key(serving: zone) {
      guard let address,
        let block = document.blocks.first(where: { $0.keys.contains { $0.range == key.range } }),
        let forward = block.plugins(named: "forward").first,
        !forward.arguments.dropFirst().contains(where: { Self.isAddress($0.text, address.value) })
      else { return }
      report(
        "the Corefile of \(unit.member.name) forwards \(zone) to another server than \(address.value)",
        at: document.text.range(forward.range), "not the DNS server of the zone", address, &lowered)
      return
    }
    // The zone's server under another zone: the names differ from those that the controller makes.
    let stray = document.blocks.lazy.flatMap { block in
      block.plugins(named: "forward").map { (block, $0) }
    }.first { _, forward in
      address.map { address in
        forward.arguments.dropFirst().contains { Self.isAddress($0.text, address.value) }
      } ?? false
    }
    if let (block, _) = stray, let key = block.keys.first {
      report(
        "the Corefile of \(unit.member.name) sends \(key.text) to the zone's DNS server, not \(zone)",
        at: document.text.range(key.range), "another zone", address, &lowered)
    } else {
      // A block that an import brings is not seen.
      guard !document.imports.contains(where: \.isTopLevel) else { return }
      report(
        "the Corefile of \(unit.member.name) has no block for \(zone)", at: document.text.start,
        "the names of the link do not resolve here", address, &lowered)
    }
  }

  private func checkOperator(_ address: Located<String>?, _ lowered: inout LoweredUnit) {
    let facts = [unit.cluster.declared, unit.cluster.observed]
    guard let manifest = facts.compactMap({ $0.objects[OperatorResolver.identity] }).first else { return }
    let servers = manifest.node.at("spec", "servers")?.elements.map { $0 } ?? []
    let entry = servers.first { $0["zones"]?.elements.contains { $0.text == unit.link.zone } ?? false }
    guard let entry else {
      report(
        "the DNS operator of \(unit.member.name) has no entry for \(unit.link.zone)",
        at: manifest.nameNode.range,
        "the names of the link do not resolve here", address, &lowered)
      return
    }
    guard let address, let upstreams = entry.at("forwardPlugin", "upstreams"),
      !upstreams.elements.contains(where: { Self.isAddress($0.text, address.value) })
    else { return }
    report(
      "the DNS operator of \(unit.member.name) forwards \(unit.link.zone) to another server than \(address.value)",
      at: upstreams.range, "not the DNS server of the zone", address, &lowered)
  }

  private func report(
    _ message: String, at range: SourceRange, _ label: String, _ address: Located<String>?,
    _ lowered: inout LoweredUnit
  ) {
    lowered.findings.append(
      Diagnostic(
        GatewayDNSRules.notForwarded, message, at: range, label, also: [unit.link.zoneLabel],
        help: [
          "forward \(unit.link.zone) to \(address?.value ?? "the cluster IP of Service \(GatewayDNSSettings.dnsServer)"), or let Linkwright write it: remove 'resolver: unmanaged'"
        ]))
  }

  private static func isAddress(_ upstream: String, _ address: String) -> Bool {
    Upstream.address(upstream) == address
  }
}
