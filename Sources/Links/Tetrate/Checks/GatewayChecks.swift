import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The gateways of a link, cluster by cluster.
struct GatewayChecks {
  let traffic: TetrateTraffic

  private var link: TetrateLink { traffic.link }

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for (_, gateway) in traffic.gateways.sorted(by: { $0.key < $1.key }) {
      if let existing = gateway.existing, traffic.targets[gateway.cluster] != nil {
        checkExisting(existing, gateway, &findings)
      }
      Self.checkAddress(gateway, traffic, &findings)
    }
    return findings
  }

  private func checkExisting(
    _ existing: InstallGateway, _ gateway: EastWestGateway, _ findings: inout [Diagnostic]
  ) {
    let place = link.settings.gateway.place
    let also = [Label(existing.manifest.nameNode.range, "\(existing.description) in \(gateway.cluster)")]
    if !existing.opensPort {
      findings.append(
        Diagnostic(
          TetrateRules.gatewayCannotServe,
          "\(existing.description) does not take traffic of other clusters", at: place.range,
          "the gateway of \(gateway.cluster)", also: also,
          help: [
            existing.canServe
              ? "its Service must have port \(InstallGateway.port)"
              : "use an IngressGateway with eastWestOnly, or a Gateway of type EASTWEST"
          ]))
    } else if !existing.isEastWestOnly {
      findings.append(
        Diagnostic(
          TetrateRules.notEastWestOnly, "\(existing.description) takes traffic from outside the mesh too",
          at: place.range, "the gateway of \(gateway.cluster)", also: also,
          help: [
            existing.kind == "Gateway"
              ? "give it 'type: EASTWEST', or install a gateway of its own for other clusters"
              : "give it 'eastWestOnly: true', or install a gateway of its own for other clusters"
          ]))
    }
    let labels = link.settings.gateway.labels
    if link.settings.gateway.name != nil, !LabelSelector(equality: labels).matches(existing.labels) {
      findings.append(
        Diagnostic(
          TetrateRules.noGateway, "\(existing.description) has no pods with \(labels.description)",
          at: place.range, "would select nothing in \(gateway.cluster)",
          also: [Label(existing.manifest.nameNode.range, "its pods have \(existing.labels.description)")],
          help: ["write the pods' labels in 'gateway.labels'"]))
    }
  }

  static func checkAddress(
    _ gateway: EastWestGateway, _ traffic: TetrateTraffic, _ findings: inout [Diagnostic]
  ) {
    let observed = GatewayAddress.observed(gateway, in: traffic.model)
    if let declared = gateway.choice.addresses[gateway.cluster], !observed.isPending,
      Set(declared.map(\.value)) != Set(observed.texts), let node = declared.first?.node
    {
      findings.append(
        Diagnostic(
          TetrateRules.addressDiffers,
          "the gateway of \(gateway.cluster) is at \(listed(observed.texts)), not at \(listed(declared.map(\.value)))",
          at: node.range, "declared here",
          also: gateway.service.flatMap { traffic.model.clusters[gateway.cluster]?.observed.services[$0] }.map
          {
            [Label($0.manifest.nameNode.range, "observed here")]
          } ?? [],
          help: ["remove the declared address, or observe \(gateway.cluster) again"]))
    }
    if let declared = gateway.choice.addresses[gateway.cluster], let first = declared.first,
      let annotation = gateway.addressOverride,
      Set(declared.map(\.value)) != Set(annotation.text.split(separator: ",").map(String.init))
    {
      findings.append(
        Diagnostic(
          TetrateRules.addressDiffers,
          "XCP takes the gateway of \(gateway.cluster) to be at \(annotation.text), not at \(listed(declared.map(\.value)))",
          at: first.node.range, "declared here",
          also: [Label(annotation.range, "annotation \(GatewayAddress.annotation)")],
          help: ["write one of them, or the same in both: clients are told what the annotation says"]))
    }
    guard case .name(let name) = GatewayAddress(of: gateway, in: traffic.model),
      traffic.link.settings.form != .istio, let member = traffic.link.member(gateway.cluster),
      !member.resolvesNames
    else { return }
    findings.append(
      Diagnostic(
        TetrateRules.nameWithoutResolution, "the gateway of \(gateway.cluster) has the DNS name \(name)",
        at: member.place.range, "its edge is not said to resolve names",
        help: [
          "set ENABLE_DNS_RESOLUTION_AT_EDGE on the XCP edge and say so with 'dnsResolutionAtEdge: true' in spec.tetrate, or give the gateway addresses"
        ]))
  }

  /// A selector that matches no gateway where one is needed.
  static func noGateway(
    _ choice: GatewayChoice, _ member: TetrateMember, _ installed: [InstallGateway], _ link: TetrateLink
  ) -> Diagnostic {
    let near = installed.first { $0.name == choice.labels["app"] || $0.namespace == choice.namespace }
    let help: String =
      if let near, near.namespace != choice.namespace {
        "there is one in namespace \(near.namespace)"
      } else if let near {
        "pods of \(near.name) have \(near.labels.description)"
      } else {
        "install one in \(member.cluster): write 'name' and 'namespace' instead of 'workloadSelector'"
      }
    return Diagnostic(
      TetrateRules.noGateway,
      "no gateway of \(choice.namespace) in \(member.cluster) has \(choice.labels.description)",
      at: choice.place.range, "selects nothing in \(member.cluster)",
      also: near.map { [Label($0.manifest.nameNode.range, $0.description)] } ?? [], help: [help])
  }
}
