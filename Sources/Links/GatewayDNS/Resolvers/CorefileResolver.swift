import Corefile
import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// The Corefile of ConfigMap coredns with the block in it: a fragment to be read, and a patch to be applied.
struct CorefileResolver {
  static let fragment = "Corefile"

  let unit: ResolverUnit

  private var placement: Placement { Placement(unit.member.name, .components, CorefileSources.identity) }

  func emit(into lowered: inout LoweredUnit) {
    let sources = unit.sources
    let address = unit.serverAddress(objects: [placement], fragments: [Self.fragment], &lowered)
    guard let source = sources.first else {
      // A file that is named and cannot be read is reported when the link is bound.
      if unit.settings.corefile == nil { waitForCorefile(&lowered) }
      return
    }
    lowered.findings += source.document.findings
    checkProvider(source.document, &lowered)
    guard let address else { return }
    let block = unit.block(address, isMarked: unit.link.settings.profile.marksBlock)
    let merge = merge(source.document, block)
    lowered.findings += merge.findings
    checkDomains(source.document, &lowered)
    guard isClusters(source.document, &lowered), let bytes = merge.bytes else { return }
    for other in [sources.second, source.manifest == nil || sources.declared != nil ? sources.observed : nil]
    {
      if let other { compare(bytes, source.document, with: other, block, &lowered) }
    }
    emit(bytes, source, sources, &lowered)
  }

  private func merge(_ document: CorefileDocument, _ block: StubBlock) -> CorefileMerge {
    CorefileMerge(document, block, cause: unit.link.zoneLabel) { unit.canBeServer($0) }
  }

  private func waitForCorefile(_ lowered: inout LoweredUnit) {
    lowered.pending.append(
      Pending(
        cluster: unit.member.name, namespace: CoreDNS.namespace,
        fact: "the Corefile of ConfigMap \(CoreDNS.configMap)", objects: [placement], resources: "configmap",
        fragments: [Self.fragment]))
  }

  private func emit(
    _ bytes: [UInt8], _ source: CorefileSources.Source, _ sources: CorefileSources,
    _ lowered: inout LoweredUnit
  ) {
    lowered.fragments.append(
      Fragment(clusters: [unit.member.name], name: Self.fragment, bytes: bytes))
    let manifest = source.manifest ?? sources.second?.manifest
    if sources.declared != nil, let manifest,
      manifest.node["data"]?[CoreDNS.corefileKey]?.withText({ $0.elementsEqual(bytes) }) == true
    {
      lowered.satisfied.append(
        Satisfied(cluster: unit.member.name, identity: CorefileSources.identity, manifest: manifest))
      return
    }
    lowered.emissions.append(
      Emission(
        cluster: unit.member.name, part: .components, template: "gateway-dns/corefile-patch.yaml",
        identity: CorefileSources.identity,
        variables: [
          "corefile": .map([
            "namespace": .string(CoreDNS.namespace), "name": .string(CoreDNS.configMap),
            "text": .string(String(decoding: bytes, as: UTF8.self)),
          ])
        ]))
  }

  // MARK: Checks

  /// A Corefile that imports `custom/*.server` is its provider's: changes to it do not last.
  private func checkProvider(_ document: CorefileDocument, _ lowered: inout LoweredUnit) {
    guard
      let custom = document.imports.first(where: {
        $0.isTopLevel && $0.pattern.text.hasSuffix(CoreDNS.customSuffix)
      })
    else { return }
    lowered.findings.append(
      Diagnostic(
        GatewayDNSRules.providerCorefile,
        "the Corefile of \(unit.member.name) imports \(custom.pattern.text): its provider writes it",
        at: document.text.range(custom.pattern.range), "a place for server blocks of one's own",
        help: ["set 'resolver: configMap' in the Cluster: a change of the Corefile itself does not last"]))
  }

  /// A file in which nothing answers for the cluster's own names is not what the cluster runs.
  private func isClusters(_ document: CorefileDocument, _ lowered: inout LoweredUnit) -> Bool {
    let domain = unit.settings.clusterDomain
    guard !document.findings.contains(where: { $0.severity == .error }), !document.covers(domain) else {
      return true
    }
    lowered.findings.append(
      Diagnostic(
        CorefileRules.clusterUnserved,
        "the Corefile of \(unit.member.name) has no block for \(domain) or the root zone",
        at: document.text.start, "written back, it would end the cluster's DNS",
        also: [unit.link.zoneLabel],
        help: [
          "put what ConfigMap \(CoreDNS.namespace)/\(CoreDNS.configMap) of the cluster holds into this file, or leave it out and observe the cluster"
        ]))
    return false
  }

  /// The domains that the cluster really serves.
  private func checkDomains(_ document: CorefileDocument, _ lowered: inout LoweredUnit) {
    let declared = unit.settings.clusterDomain
    for domain in document.clusterDomains where domain.text != declared {
      guard DNSName.overlap(unit.link.zone, domain.text.lowercased()) else { continue }
      lowered.findings.append(
        Diagnostic(
          GatewayDNSRules.clusterDomain,
          "the zone \(unit.link.zone) collides with \(domain.text), which \(unit.member.name) serves itself",
          at: document.text.range(domain.range), "served by the kubernetes plugin",
          also: [unit.link.zoneLabel],
          help: ["choose a zone outside \(domain.text)"]))
    }
  }

  /// Two Corefiles for one cluster must come to the same: writing one would undo what stands in the other.
  private func compare(
    _ bytes: [UInt8], _ first: CorefileDocument, with other: CorefileSources.Source, _ block: StubBlock,
    _ lowered: inout LoweredUnit
  ) {
    // The block is put into both, so that it makes no difference whether it was applied already.
    guard let theirs = merge(other.document, block).bytes,
      let difference = CorefileDifference.firstLine(of: bytes, theirs)
    else { return }
    let place = min(difference.offset, other.document.text.bytes.count)
    lowered.findings.append(
      Diagnostic(
        GatewayDNSRules.corefileDiffers,
        "the Corefile of \(unit.member.name) differs from line \(difference.line) on",
        at: other.document.text.range(place..<place), "here",
        also: [Label(first.text.start, "this one is written")],
        help: [
          "bring both to the same text: applying one takes away what only the other has; then observe the cluster again"
        ]))
  }
}

/// Where two texts part.
enum CorefileDifference {
  /// The first line, from 1, that differs, and where it starts in the second text; nil for equal texts. Linear.
  static func firstLine(of a: [UInt8], _ b: [UInt8]) -> (line: Int, offset: Int)? {
    guard a != b else { return nil }
    var line = 1
    var start = 0
    var index = 0
    while index < a.count, index < b.count, a[index] == b[index] {
      if b[index] == UInt8(ascii: "\n") {
        line += 1
        start = index + 1
      }
      index += 1
    }
    return (line, start)
  }
}
