import Corefile
import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// A key of ConfigMap coredns-custom, whose server blocks the cluster's Corefile imports.
struct CustomResolver {
  let unit: ResolverUnit

  private static let identity = ObjectIdentity(
    apiVersion: "v1", kind: "ConfigMap", namespace: CoreDNS.namespace, name: CoreDNS.customConfigMap)

  func emit(into lowered: inout LoweredUnit) {
    let names = GatewayNames(link: unit.link, model: unit.model)
    guard let key = names.name(.customKey, &lowered.findings) else { return }
    let existing = unit.cluster.declared.objects[Self.identity]
    let part: OutputPart = existing == nil ? .manifests : .components
    checkImport(&lowered)
    for manifest in [existing, unit.cluster.observed.objects[Self.identity]].compactMap({ $0 }) {
      checkOthers(manifest, except: key, &lowered)
    }
    let placement = Placement(unit.member.name, part, Self.identity)
    guard let address = unit.serverAddress(objects: [placement], &lowered) else { return }
    let port = unit.sources.first?.document.servingPort ?? 53
    let text = unit.block(address, isMarked: false).text(port: port) + "\n"
    if let existing, existing.node["data"]?[key]?.text == text {
      lowered.satisfied.append(
        Satisfied(cluster: unit.member.name, identity: Self.identity, manifest: existing))
      return
    }
    lowered.emissions.append(
      Emission(
        cluster: unit.member.name, part: part, template: "gateway-dns/coredns-custom.yaml",
        identity: Self.identity,
        variables: [
          "custom": .map([
            "namespace": .string(CoreDNS.namespace), "name": .string(CoreDNS.customConfigMap),
            "key": .string(key), "text": .string(text),
          ])
        ]))
  }

  /// Where the Corefile is known, it must import what is written, and must not serve the zone itself.
  private func checkImport(_ lowered: inout LoweredUnit) {
    guard let document = unit.sources.first?.document else { return }
    lowered.findings += document.findings
    guard !document.findings.contains(where: { $0.severity == .error }) else { return }
    let imports = document.imports.filter { $0.isTopLevel && $0.pattern.text.hasSuffix(CoreDNS.customSuffix) }
    if imports.isEmpty {
      lowered.findings.append(
        Diagnostic(
          GatewayDNSRules.notImported,
          "the Corefile of \(unit.member.name) imports no file of \(CoreDNS.customConfigMap)",
          at: document.text.start, "no 'import custom/*\(CoreDNS.customSuffix)'",
          help: ["set 'resolver: corefile' in the Cluster, or add the import to the Corefile"]))
    }
    reportServed(document, &lowered)
  }

  private func checkOthers(_ manifest: Manifest, except own: String, _ lowered: inout LoweredUnit) {
    for (key, value) in manifest.node["data"]?.entries.map({ $0 }) ?? []
    where key.text.hasSuffix(CoreDNS.customSuffix) && key.text != own {
      let document = CorefileDocument(CorefileText(value))
      lowered.findings += document.findings
      reportServed(document, &lowered)
    }
  }

  private func reportServed(_ document: CorefileDocument, _ lowered: inout LoweredUnit) {
    guard let key = document.key(serving: unit.link.zone) else { return }
    lowered.findings.append(
      Diagnostic(
        CorefileRules.zoneServed, "another block serves \(unit.link.zone)",
        at: document.text.range(key.range),
        "already served here", also: [unit.link.zoneLabel],
        help: ["remove the block if it was written for this link; CoreDNS does not start with two"]))
  }
}
