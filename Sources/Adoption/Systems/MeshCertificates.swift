import Compiler
import Diagnostics
import YAMLTree

/// Who makes the certificates of a mesh, as its members' values or objects show it.
struct MeshCertificates {
  private let members: [CiliumFacts]

  init(_ members: [CiliumFacts]) { self.members = members }

  /// `certificates` of the Link.
  func section(_ inference: inout Inference) -> SpecValue? {
    let told = members.compactMap { member in member.certificateValues.map { (member, $0) } }
    if let (member, auto) = told.first(where: { $0.1 != nil }) ?? told.first {
      return .map(section(of: member, auto, &inference))
    }
    // Objects alone: a CronJob or Certificates, else Secrets of Helm's release.
    if var map = members.compactMap(\.certificates).first {
      map.add("hubble", .boolean(false), remark: "Hubble's certificates stay as they are")
      return .map(map)
    }
    guard members.contains(where: { $0.service != nil }) else { return nil }
    return .map(released(members[0], nil, &inference))
  }

  /// From values: `clustermesh.apiserver.tls.auto`, which is absent where the chart's defaults hold.
  private func section(of member: CiliumFacts, _ auto: Node?, _ inference: inout Inference) -> SpecMap {
    var map = SpecMap()
    guard auto?["enabled"]?.boolean != false else {
      map.add("method", .text("userProvided"))
      map.add("hubble", .boolean(false), remark: "Hubble's certificates stay as they are")
      return map
    }
    let method = auto?["method"]?.text ?? "helm"
    guard method != "helm" else { return released(member, auto, &inference) }
    map.add("method", .text(method))
    if let issuer = auto?["certManagerIssuerRef"], issuer["name"] != nil {
      map.add("issuerRef", Self.issuer(issuer))
    }
    if let schedule = auto?["schedule"]?.text, schedule != "0 0 1 */4 *" {
      map.add("schedule", .text(schedule))
    }
    if let days = auto?["certValidityDuration"]?.integer { map.add("validityDays", .integer(days)) }
    if member.values?.at("hubble", "tls", "auto", "method")?.text != method {
      map.add("hubble", .boolean(false), remark: "Hubble's certificates stay as they are")
    }
    return map
  }

  /// Helm's own method: right where a release of Helm looks up what is there, and wrong under `helm template`.
  private func released(
    _ member: CiliumFacts, _ auto: Node?, _ inference: inout Inference
  ) -> SpecMap {
    var map = SpecMap()
    switch member.release {
    case .template:
      // Nobody may ask for it: the difference is said here, and shown in the report.
      map.add(
        "method", .text("cronJob"),
        remark: "Argo CD renders the chart with 'helm', which makes keys anew every time")
      map.add("hubble", .boolean(false), remark: "Hubble's certificates stay as they are")
    case .helm, .unknown:
      map.add("method", .text("helm"), remark: "the chart's default")
      map.add(
        "releasedByHelm", .boolean(true),
        remark: member.release == .helm
          ? "a release of Helm looks up what is there" : "nothing shows it: true for helm upgrade and Flux")
      if let days = auto?["certValidityDuration"]?.integer { map.add("validityDays", .integer(days)) }
      if member.release == .unknown, let node = auto?["method"] ?? member.node {
        inference.findings.append(
          Diagnostic(
            AdoptionRules.helmReleaseUnshown,
            "nothing shows that a release of Helm applies the values of \(member.cluster)", at: node.range,
            "its certificates are Helm's own",
            help: [
              "if 'helm template' renders the chart (Argo CD), change the method in links/mesh.yaml: keys are made anew at every rendering"
            ]))
      }
    }
    return map
  }

  static func issuer(_ node: Node) -> SpecValue {
    let group = node["group"]?.string
    return .map([
      "group": group == nil || group == "cert-manager.io" ? nil : group.map { .text($0) },
      "kind": .text(node["kind"]?.text ?? "Issuer"), "name": .text(node["name"]?.text ?? ""),
    ])
  }
}
