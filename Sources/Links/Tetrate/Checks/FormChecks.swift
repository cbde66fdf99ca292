import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What a Link's section says by itself: whether its parts fit its form.
struct FormChecks {
  let link: Link
  let settings: TetrateSettings
  let members: [TetrateMember]
  let model: FleetModel

  private static let keysOfTSB = [
    "organization", "tenant", "workspace", "workspaceSetting", "organizationSetting", "configCluster",
    "configNamespace", "exposedServices", "failoverSettings", "reachability",
    "workspaceDefaults",
  ]
  private static let gatewayKeysOfTSB = ["kind", "revision", "connectionDrainDuration", "service"]

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    checkKeys(&findings)
    if settings.form != .istio {
      checkHierarchy(&findings)
      checkFailover(&findings)
    }
    checkConfigCluster(&findings)
    checkGateway(&findings)
    return findings
  }

  private func checkKeys(_ findings: inout [Diagnostic]) {
    let isIstio = settings.form == .istio
    var refused: [Node] = []
    if isIstio {
      refused += Self.keysOfTSB.compactMap { settings.node.key($0) }
      refused += Self.gatewayKeysOfTSB.compactMap { settings.gateway.node.key($0) }
    } else if let key = settings.node.key("istio") {
      refused.append(key)
    }
    for key in refused {
      findings.append(
        Diagnostic(
          TetrateRules.formKeys, "'\(key.text)' has no meaning with 'form: \(settings.form.rawValue)'",
          at: key.range, isIstio ? "belongs to TSB" : "belongs to 'form: istio'",
          also: [Label(settings.formNode.range, "the form")], help: ["remove it, or choose another form"]))
    }
  }

  private func checkHierarchy(_ findings: inout [Diagnostic]) {
    let missing = [
      ("organization", settings.organization == nil), ("tenant", settings.tenant == nil),
      ("workspace", settings.workspace == nil),
    ].filter(\.1).map(\.0)
    if !missing.isEmpty {
      findings.append(
        Diagnostic(
          TetrateRules.hierarchyMissing, "Link '\(link.name.value)' has no \(listed(missing))",
          at: link.type.node.range, "TSB's objects belong to a workspace of a tenant of an organization",
          help: ["add \(listed(missing.map { "'\($0)'" })), or write 'form: istio' to do without TSB"]))
    }
    let names = [settings.organization, settings.tenant, settings.workspace?.name].compactMap { $0 }
    for name in names where !Self.isName(name.value) {
      findings.append(
        Diagnostic(
          TetrateRules.hierarchyName, "'\(name.value)' is no name that every part of TSB takes",
          at: name.node.range, name.value.count > 63 ? "\(name.value.count) characters" : "other characters",
          help: ["use at most 63 lower-case letters, digits and '-', beginning with a letter"]))
    }
  }

  /// `[a-z][a-z0-9-]*[a-z0-9]`, at most 63.
  private static func isName(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard (2...63).contains(bytes.count), let first = bytes.first, let last = bytes.last else { return false }
    func isLetter(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "a") < 26 }
    func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
    return isLetter(first) && (isLetter(last) || isDigit(last))
      && bytes.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
  }

  private func checkConfigCluster(_ findings: inout [Diagnostic]) {
    guard let cluster = settings.configCluster else {
      if settings.form == .gitops {
        findings.append(
          Diagnostic(
            TetrateRules.configCluster, "Link '\(link.name.value)' names no config cluster",
            at: link.type.node.range, "one cluster must hold TSB's objects",
            help: [
              "add 'configCluster' with the cluster whose GitOps is enabled: one of \(listed(members.map(\.cluster)))"
            ]))
      }
      return
    }
    guard model.clusters[cluster.value] == nil, !model.specification.isInvalid("Cluster", cluster.value)
    else {
      return
    }
    findings.append(
      Diagnostic(
        LinkerRules.unknownCluster, "there is no Cluster '\(cluster.value)'", at: cluster.node.range,
        "not declared",
        help: [
          didYouMean(cluster.value, among: model.clusterNames)
            ?? "the clusters are \(listed(model.clusterNames))"
        ]))
  }

  // MARK: The gateway

  private func checkGateway(_ findings: inout [Diagnostic]) {
    let gateway = settings.gateway
    let name = gateway.node["name"]
    let selector = gateway.node["workloadSelector"]
    if (name == nil) == (selector == nil) {
      findings.append(
        Diagnostic(
          TetrateRules.gatewayForms,
          name == nil ? "the gateway has no name" : "the gateway is named and selected at once",
          at: (selector ?? gateway.node).range, name == nil ? "which gateway?" : "selected here",
          also: name.map { [Label($0.range, "named here")] } ?? [],
          help: ["write 'name' for a gateway to install, or 'workloadSelector' for one that exists"]))
    } else if let name, settings.form != .istio, gateway.namespace.isEmpty {
      findings.append(
        Diagnostic(
          TetrateRules.gatewayForms, "gateway '\(name.text)' has no namespace", at: name.range,
          "in which namespace?", help: ["add 'namespace'"]))
    }
    for (key, _) in gateway.node["addresses"]?.entries.map({ $0 }) ?? [] {
      if !members.contains(where: { $0.cluster == key.text }), !members.isEmpty,
        !model.specification.isInvalid("Cluster", key.text)
      {
        findings.append(
          Diagnostic(
            LinkerRules.unknownCluster, "'\(key.text)' is no cluster of Link '\(link.name.value)'",
            at: key.range, "not a member",
            help: [
              didYouMean(key.text, among: members.map(\.cluster))
                ?? "the members are \(listed(members.map(\.cluster)))"
            ]))
      }
    }
    for (_, addresses) in gateway.addresses.sorted(by: { $0.key < $1.key }) {
      if let finding = ExternalAddresses.fault(
        addresses.map(\.value), at: addresses.last?.node ?? gateway.node)
      {
        findings.append(finding)
      }
    }
    findings += GatewayPlaceChecks(gateway: gateway, members: members, model: model).findings()
    findings += InstallChecks.serviceFindings(
      gateway.node["service"], owner: "gateway '\(name?.text ?? "")'", place: name ?? gateway.node)
    if let kind = gateway.node["kind"], kind.text == "IngressGateway" {
      findings.append(InstallChecks.legacy("IngressGateway", at: kind))
    }
  }

  private func checkFailover(_ findings: inout [Diagnostic]) {
    guard let failover = settings.failover, let choice = failover.key("topologyChoice"),
      let priority = failover.key("failoverPriority")
    else { return }
    findings.append(
      Diagnostic(
        TetrateRules.failoverSettings, "topologyChoice is ignored where failoverPriority is set",
        at: choice.range, "ignored", also: [Label(priority.range, "decides")],
        help: ["remove one of them"]))
  }
}

/// The grammar of addresses that stand for a gateway's own.
enum ExternalAddresses {
  /// One address, one DNS name, or several addresses.
  static func fault(_ texts: [String], at node: Node) -> Diagnostic? {
    let names = texts.filter { IPAddress($0) == nil }
    let message: String
    if let blank = texts.first(where: { $0.isEmpty || $0.contains(" ") }) {
      message = "'\(blank)' is neither an address nor a DNS name"
    } else if let bad = names.first(where: { !isName($0) }) {
      message = "'\(bad)' is neither an address nor a DNS name"
    } else if names.count > 1 {
      message = "a gateway has one DNS name, not \(names.count)"
    } else if !names.isEmpty, texts.count > 1 {
      message = "addresses and the DNS name '\(names[0])' stand in one list"
    } else {
      return nil
    }
    return Diagnostic(
      TetrateRules.externalAddresses, message, at: node.range, "not taken by XCP",
      help: ["write one IP address, several IP addresses, or one DNS name"])
  }

  private static func isName(_ text: String) -> Bool {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    // Digits alone would be a misspelt address.
    guard text.utf8.count <= 253, labels.last?.contains(where: { $0.isLetter }) ?? false else { return false }
    return labels.allSatisfy { label in
      !label.isEmpty && label.utf8.count <= 63 && label.first != "-" && label.last != "-"
        && label.utf8.allSatisfy {
          ($0 | 0x20) &- UInt8(ascii: "a") < 26 || $0 &- UInt8(ascii: "0") < 10 || $0 == UInt8(ascii: "-")
        }
    }
  }
}
