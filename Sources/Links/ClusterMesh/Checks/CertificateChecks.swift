import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Certificates and how members know each other (facts 23 to 29).
struct CertificateChecks {
  let mesh: MeshLink
  let model: FleetModel

  private var certificates: CertificateSettings { mesh.settings.certificates }

  func findings() -> [Diagnostic] {
    method() + schedule() + issuers() + seededAuthority() + bundles() + authModes() + validity() + keys()
  }

  /// The chart writes the schedule into a CronJob as it is.
  private func schedule() -> [Diagnostic] {
    guard let node = certificates.scheduleNode else { return [] }
    if let method = certificates.method, method != .cronJob {
      var finding = Diagnostic(
        ClusterMeshRules.certificateSchedule, "'schedule' has no effect with method \(method.rawValue)",
        at: node.range, "of a CronJob that there is not",
        help: [
          method == .certmanager
            ? "remove it: cert-manager renews certificates by itself, see 'validityDays'"
            : "remove it: whoever provides the certificates renews them"
        ])
      finding.severity = .warning
      return [finding]
    }
    guard let fault = CronSchedule.fault(node.text) else { return [] }
    return [
      Diagnostic(
        ClusterMeshRules.certificateSchedule, "'\(node.text)' is no schedule of a CronJob", at: node.range,
        fault,
        help: ["write five fields, '0 0 1 */4 *' for example, or leave it out: that is the chart's default"])
    ]
  }

  /// Private keys of the mesh in manifests: of its CA, and of the certificates between members. What is encrypted in the
  /// file (SOPS) is nobody's secret.
  private func keys() -> [Diagnostic] {
    mesh.bound.flatMap { member -> [Diagnostic] in
      guard let cluster = model.clusters[member.cluster] else { return [] }
      return ["cilium-ca"].compactMap { name in
        let identity = ObjectIdentity(
          apiVersion: "v1", kind: "Secret", namespace: member.settings.namespace, name: name)
        guard let secret = cluster.declared.objects[identity] else { return nil }
        for data in [secret.node["data"], secret.node["stringData"]].compactMap({ $0 }) {
          for (key, value) in data.entries
          where ["ca.key", "tls.key"].contains(key.text) && !value.text.isEmpty
            && !value.text.hasPrefix("ENC[")
          {
            return Diagnostic(
              ClusterMeshRules.privateKey,
              "Secret \(member.settings.namespace)/\(name) of \(member.cluster) holds a private key",
              at: key.range, "the key of the mesh's CA, for everybody who reads the repository",
              help: [
                "keep the Secret out of the repository, or encrypt it there; whoever has read it can make certificates: use a new CA"
              ])
          }
        }
        return nil
      }
    }
  }

  private func method() -> [Diagnostic] {
    if certificates.method == .userProvided, certificates.node?["hubble"] == nil,
      let node = certificates.node?["method"]
    {
      var finding = Diagnostic(
        ClusterMeshRules.helmCertificates,
        "Hubble's certificates are none of those that you provide: they stay at the method of the release's other values",
        at: node.range, "at Helm's default, keys are made anew at every rendering",
        help: ["set hubble.tls.auto in your own values, and say so with 'hubble: false'"])
      finding.severity = .warning
      return [finding]
    }
    if let node = certificates.node?["releasedByHelm"], certificates.node?["method"]?.text != "helm" {
      return [
        Diagnostic(
          ClusterMeshRules.certificateMethod, "'releasedByHelm' says something of method helm only",
          at: node.range, "another method",
          also: (certificates.node?["method"]).map { [Label($0.range, "the method")] } ?? [],
          help: ["remove it"])
      ]
    }
    guard certificates.method == nil, let node = certificates.node?["method"] else {
      guard certificates.method?.isIssued == true, !certificates.coversHubble,
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
          help: [
            "use certmanager or cronJob, or provide the Secrets yourself: userProvided",
            "if no 'helm template' (Argo CD) but a release of Helm applies the values, say so with 'releasedByHelm: true'",
          ])
      ]
    }
    return [
      Diagnostic(
        ClusterMeshRules.certificateMethod, "there is no method '\(node.text)'", at: node.range,
        "the chart would make no certificates at all",
        help: [
          didYouMean(node.text, among: CertificateSettings.Method.allCases.map(\.rawValue))
            ?? "the methods are certmanager, cronJob, userProvided and helm"
        ])
    ]
  }

  private func issuers() -> [Diagnostic] {
    guard certificates.method == .certmanager else { return [] }
    var findings: [Diagnostic] = []
    var first: (member: MeshMember, issuer: Located<IssuerReference>)?
    var seen: Set<SourceRange> = []
    for member in mesh.bound {
      if let issuer = mesh.issuer(of: member), seen.insert(issuer.node.range).inserted,
        let finding = Self.unknownKind(issuer)
      {
        findings.append(finding)
      }
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

  /// cert-manager's own group has two kinds; others are of external issuers.
  private static func unknownKind(_ issuer: Located<IssuerReference>) -> Diagnostic? {
    let kinds = ["ClusterIssuer", "Issuer"]
    guard issuer.value.group == "cert-manager.io", !kinds.contains(issuer.value.kind) else { return nil }
    return Diagnostic(
      ClusterMeshRules.certificateMethod, "cert-manager has no kind '\(issuer.value.kind)' of issuer",
      at: (issuer.node["kind"] ?? issuer.node).range, "nobody issues the certificates",
      help: [
        didYouMean(issuer.value.kind, among: kinds)
          ?? "write ClusterIssuer or Issuer, or the 'group' of an external issuer"
      ])
  }

  /// certgen and Helm take the CA of each cluster's own Secret, and make one where there is none.
  private func seededAuthority() -> [Diagnostic] {
    guard certificates.method == .cronJob || certificates.method == .helm, !certificates.isSharedAuthority,
      certificates.caBundle == nil
    else { return [] }
    let strict = mesh.bound.first { mesh.authMode(of: $0) == .cluster }
    return [
      Diagnostic(
        ClusterMeshRules.unprovenAuthority,
        "each of the \(mesh.bound.count) clusters makes a CA of its own unless Secret cilium-ca is put there first",
        at: (certificates.node?["method"] ?? mesh.link.name.node).range,
        strict.map { "and authMode cluster of \($0.cluster) rests on one CA" }
          ?? "members that do not know each other's CA refuse each other",
        help: [
          "put the same Secret cilium-ca into every cluster and say so with 'sharedAuthority: true', or name a caBundle"
        ])
    ]
  }

  /// The bundle, where manifests hold it: the same in every member, with a certificate for each authority.
  private func bundles() -> [Diagnostic] {
    guard let bundle = certificates.caBundle, let name = bundle["name"] else { return [] }
    let key = bundle["key"]?.text ?? "ca.crt"
    let kind = bundle["useSecret"]?.boolean == true ? "Secret" : "ConfigMap"
    let authorities = Set(mesh.bound.compactMap { mesh.issuer(of: $0)?.value }).count
    var first: (member: MeshMember, manifest: Manifest, certificates: Set<String>)?
    var findings: [Diagnostic] = []
    for member in mesh.bound {
      let identity = ObjectIdentity(
        apiVersion: "v1", kind: kind, namespace: member.settings.namespace, name: name.text)
      // What no manifest shows, somebody else puts there.
      guard let manifest = model.clusters[member.cluster]?.declared.objects[identity] else { continue }
      func report(_ message: String, _ node: Node, _ text: String, _ help: String) {
        findings.append(
          Diagnostic(
            ClusterMeshRules.differentAuthorities, message, at: node.range, text,
            also: [Label(name.range, "the bundle")], help: [help]))
      }
      // The data of a Secret are in Base64: their number and their equality are not looked at.
      guard let value = manifest.node[kind == "Secret" ? "stringData" : "data"]?[key] else {
        if kind == "ConfigMap" || manifest.node["data"]?[key] == nil {
          report(
            "\(identity.description) of \(member.cluster) has no key '\(key)'", manifest.nameNode,
            "no \(key)",
            "put the CA certificates of all members there")
        }
        continue
      }
      let held = Self.certificates(in: value.text)
      if held.count < max(1, authorities) {
        report(
          "\(identity.description) of \(member.cluster) holds \(held.count) certificates, and the members have \(max(1, authorities)) authorities",
          value, "one is missing", "add the CA certificate of every member")
      } else if let first, first.certificates != held {
        report(
          "\(identity.description) of \(member.cluster) holds other certificates than that of \(first.member.cluster)",
          value, "differs", "use one bundle in all members")
      }
      if first == nil { first = (member, manifest, held) }
    }
    return findings
  }

  /// The PEM blocks of a text, without white space.
  private static func certificates(in text: String) -> Set<String> {
    let blocks = text.split(separator: "-----BEGIN CERTIFICATE-----", omittingEmptySubsequences: false)
      .dropFirst()
    return Set(
      blocks.map { block in
        String(block.prefix { $0 != "-" }.filter { !$0.isWhitespace })
      })
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
