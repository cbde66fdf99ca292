import Diagnostics
import FleetSpec
import Linker
import YAMLTree

/// Certificates and how members know each other (facts 23 to 29).
struct CertificateChecks {
  let mesh: MeshLink
  let model: FleetModel

  private var certificates: CertificateSettings { mesh.settings.certificates }

  func findings() -> [Diagnostic] { method() + issuers() + authModes() + validity() }

  private func method() -> [Diagnostic] {
    guard certificates.method == nil, let node = certificates.node?["method"] else {
      guard certificates.method == .certmanager || certificates.method == .cronJob,
        !certificates.coversHubble,
        let node = certificates.node?["hubble"]
      else { return [] }
      var finding = Diagnostic(
        ClusterMeshRules.helmCertificates,
        "Hubble's certificates stay at the method of the release's other values",
        at: node.range, "at Helm's default, keys are made anew at every rendering",
        help: ["remove 'hubble: false', or set hubble.tls.auto.method in your own values"])
      finding.severity = .warning
      return [finding]
    }
    if node.text == "helm" {
      return [
        Diagnostic(
          ClusterMeshRules.helmCertificates, "Helm's own certificates are new at every rendering",
          at: node.range,
          "and their keys lie in the rendered manifests",
          help: ["use certmanager or cronJob, or provide the Secrets yourself: userProvided"])
      ]
    }
    return [
      Diagnostic(
        ClusterMeshRules.certificateMethod, "there is no method '\(node.text)'", at: node.range,
        "the chart would make no certificates at all",
        help: [
          didYouMean(node.text, among: CertificateSettings.Method.allCases.map(\.rawValue))
            ?? "the methods are certmanager, cronJob and userProvided"
        ])
    ]
  }

  private func issuers() -> [Diagnostic] {
    guard certificates.method == .certmanager else { return [] }
    var findings: [Diagnostic] = []
    var first: (member: MeshMember, issuer: Located<IssuerReference>)?
    for member in mesh.bound {
      guard let issuer = mesh.issuer(of: member) else {
        findings.append(
          Diagnostic(
            ClusterMeshRules.certificateMethod, "certmanager needs an issuer, and \(member.cluster) has none",
            at: (certificates.node?["method"] ?? mesh.link.name.node).range, "no issuerRef",
            help: ["add issuerRef with kind and name to the link's certificates, or 'issuer' to the Cluster"])
        )
        continue
      }
      guard let known = first else {
        first = (member, issuer)
        continue
      }
      if issuer.value != known.issuer.value, certificates.caBundle == nil {
        findings.append(
          Diagnostic(
            ClusterMeshRules.differentAuthorities,
            "\(member.cluster) has issuer \(issuer.value.description), \(known.member.cluster) has \(known.issuer.value.description)",
            at: issuer.node.range, "another authority", also: [Label(known.issuer.node.range, "the first")],
            help: [
              "use one issuer, or name an object with the CA certificates of all members: certificates.caBundle"
            ]))
      }
    }
    if let first, findings.isEmpty, !certificates.isSharedAuthority, certificates.caBundle == nil {
      findings.append(
        Diagnostic(
          ClusterMeshRules.unprovenAuthority,
          "\(first.issuer.value.description) has one name in \(mesh.bound.count) clusters; that does not prove one CA",
          at: first.issuer.node.range, "an object of each cluster",
          help: ["give the issuers one CA Secret and say so with 'sharedAuthority: true', or name a caBundle"]
        ))
    }
    return findings
  }

  private func authModes() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    let declared = [mesh.settings.authMode].compactMap { $0 } + mesh.bound.compactMap(\.settings.authMode)
    for mode in declared where AuthMode(rawValue: mode.value) == nil {
      findings.append(
        Diagnostic(
          ClusterMeshRules.authMode, "there is no authMode '\(mode.value)'", at: mode.node.range,
          "not known to charts 1.16 to 1.20", help: ["write legacy, migration or cluster"]))
    }
    guard findings.isEmpty else { return findings }
    if Set(mesh.bound.compactMap { mesh.issuer(of: $0)?.value }).count > 1,
      let member = mesh.bound.first(where: { mesh.authMode(of: $0) == .cluster })
    {
      let place = (member.settings.authMode ?? mesh.settings.authMode)?.node ?? member.settings.chartNode
      findings.append(
        Diagnostic(
          ClusterMeshRules.authMode,
          "authMode cluster of \(member.cluster) needs one CA, and the members have different issuers",
          at: place.range, "names of clients would prove nothing",
          help: ["use one issuer for all members, or authMode migration"]))
    }
    let staged = mesh.bound.map { (member: $0, mode: mesh.authMode(of: $0)) }
    guard let low = staged.min(by: { $0.mode.stage < $1.mode.stage }),
      let high = staged.max(by: { $0.mode.stage < $1.mode.stage }), high.mode.stage - low.mode.stage > 1
    else { return findings }
    let place = high.member.settings.authMode ?? mesh.settings.authMode
    findings.append(
      Diagnostic(
        ClusterMeshRules.authMode,
        "\(high.member.cluster) has authMode \(high.mode.rawValue) while \(low.member.cluster) has \(low.mode.rawValue)",
        at: (place?.node ?? high.member.settings.chartNode).range, "two stages ahead",
        also: [
          Label(
            (low.member.settings.authMode?.node ?? low.member.settings.chartNode).range, low.mode.rawValue)
        ],
        help: ["move every member to migration first"]))
    return findings
  }

  private func validity() -> [Diagnostic] {
    guard let days = certificates.validityDays, days.value > 825 else { return [] }
    return [
      Diagnostic(
        ClusterMeshRules.longValidity, "certificates would be valid for \(days.value) days",
        at: days.node.range,
        "more than 825", help: ["renewal is automatic: a year is enough"])
    ]
  }
}
