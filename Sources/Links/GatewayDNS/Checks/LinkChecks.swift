import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// A Link's section by itself: names, the Service, the zone, the selector and what it selects.
struct LinkChecks {
  let link: Link
  let settings: GatewayDNSSettings
  let model: FleetModel
  private(set) var findings: [Diagnostic] = []

  init(link: Link, settings: GatewayDNSSettings, model: FleetModel) {
    self.link = link
    self.settings = settings
    self.model = model
  }

  mutating func management() -> ClusterModel? {
    let name = settings.managementCluster
    if let cluster = model.clusters[name.value] { return cluster }
    guard !model.specification.isInvalid("Cluster", name.value) else { return nil }
    findings.append(Self.unknownCluster(name, model))
    return nil
  }

  static func unknownCluster(_ name: Located<String>, _ model: FleetModel) -> Diagnostic {
    Diagnostic(
      LinkerRules.unknownCluster, "there is no Cluster '\(name.value)'", at: name.node.range, "not declared",
      help: [
        didYouMean(name.value, among: model.clusterNames) ?? "the clusters are \(listed(model.clusterNames))"
      ])
  }

  // MARK: Fields

  mutating func service() -> NamespacedName? {
    if let key = settings.serviceKey { return key }
    findings.append(Self.serviceFault(settings.service))
    return nil
  }

  static func serviceFault(_ service: Located<String>) -> Diagnostic {
    let slashes = service.value.count { $0 == "/" }
    return Diagnostic(
      GatewayDNSRules.serviceReference, "'\(service.value)' is not the reference of a Service",
      at: service.node.range,
      slashes == 1
        ? "not two DNS labels" : slashes == 0 ? "no slash between namespace and name" : "\(slashes) slashes",
      help: ["write namespace/name, for example projectcontour/envoy"])
  }

  mutating func settingsAlone() {
    if let type = settings.resolutionType, type.value != GatewayDNSSettings.loadBalancer {
      findings.append(Self.resolutionFault(type))
    }
    checkZone()
    findings += Self.selectorFaults(settings.selectorNode)
    if settings.selector.selectsEverything {
      findings.append(
        Diagnostic(
          GatewayDNSRules.selectsAll,
          "the selector of '\(link.name.value)' takes every cluster of \(settings.namespace.value)",
          at: (settings.selectorNode ?? link.name.node).range,
          settings.selectorNode == nil ? "no clusterSelector" : "empty",
          help: ["select by a label that says that a cluster has the gateway"]))
    }
  }

  static func resolutionFault(_ type: Located<String>) -> Diagnostic {
    Diagnostic(
      GatewayDNSRules.resolutionType, "there is no resolution type '\(type.value)'", at: type.node.range,
      "the controller ignores it",
      help: ["write \(GatewayDNSSettings.loadBalancer): nothing else was ever built"])
  }

  /// What a label selector's schema cannot say, and what the CRD's schema does not.
  static func selectorFaults(_ selector: Node?) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for expression in selector?["matchExpressions"]?.elements.map({ $0 }) ?? [] {
      let name = expression["operator"]
      let values = expression["values"]?.count ?? 0
      let message: String
      let help: String
      switch name?.text {
      case "In", "NotIn":
        guard values == 0 else { continue }
        message = "'\(name?.text ?? "")' compares with no value"
        help = "list the values, or use Exists"
      case "Exists", "DoesNotExist":
        guard values > 0 else { continue }
        message = "'\(name?.text ?? "")' takes no values"
        help = "remove 'values', or use In"
      default:
        message = "there is no operator '\(name?.text ?? "")'"
        help = "the operators are In, NotIn, Exists and DoesNotExist"
      }
      findings.append(
        Diagnostic(
          GatewayDNSRules.selectorExpression, message, at: (name ?? expression).range,
          "the controller only logs it", help: [help]))
    }
    return findings
  }

  private mutating func checkZone() {
    let zone = settings.zone
    guard DNSName.isName(zone.value) else {
      findings.append(
        Diagnostic(
          GatewayDNSRules.zoneName, "'\(zone.value)' is not a DNS zone", at: zone.node.range,
          "not a DNS name",
          help: ["write labels of lower-case letters, digits and '-', joined by dots: xcc.test"]))
      return
    }
    guard let reason = Self.publicReason(zone.value) else { return }
    findings.append(
      Diagnostic(
        GatewayDNSRules.publicZone, "\(zone.value) is \(reason)", at: zone.node.range,
        "its other names are cut off in every cluster",
        help: ["use a name below a zone that you own, or one below .test or .internal"]))
  }

  /// Why a zone has other owners; nil where it can be one's own. Only whole registered domains are recognised.
  private static func publicReason(_ zone: String) -> String? {
    let labels = zone.split(separator: ".").map(String.init)
    if labels.last == "local" { return "below .local, which belongs to multicast DNS" }
    let reserved = ["test", "example", "invalid", "localhost", "internal", "home", "lan", "corp", "arpa"]
    guard let top = labels.last, !reserved.contains(top), labels.count <= 2 else { return nil }
    return labels.count == 1 ? "a top-level domain" : "a domain of the public DNS"
  }

  // MARK: Members

  mutating func selection(_ members: [GatewayMember]) {
    for (names, key) in [("upstream", settings.node["upstream"]), ("addresses", settings.node["addresses"])] {
      for (cluster, _) in key?.entries.map({ $0 }) ?? []
      where !members.contains(where: { $0.name == cluster.text })
        && !model.specification.isInvalid("Cluster", cluster.text)
      {
        findings.append(
          Diagnostic(
            GatewayDNSRules.notRegistered,
            "cluster '\(cluster.text)' is not registered in \(settings.namespace.value) of \(settings.managementCluster.value)",
            at: cluster.range, "in '\(names)'",
            help: [
              didYouMean(cluster.text, among: members.map(\.name))
                ?? "the clusters there are \(listed(members.map(\.name)))"
            ]))
      }
    }
    guard !members.contains(where: \.isGateway) else {
      notSelected(members)
      return
    }
    // One of those that have errors of their own may be meant.
    guard !model.specification.hasInvalidClusters else { return }
    let here = members.map { member -> String in
      let labels = GatewayFleet.labels(of: member.registration, in: model).description
      return labels.isEmpty ? "\(member.name) (no labels)" : "\(member.name) (\(labels))"
    }
    findings.append(
      Diagnostic(
        GatewayDNSRules.selectsNone,
        "no cluster of \(settings.namespace.value) in \(settings.managementCluster.value) has the labels \(settings.selector.description)",
        at: (settings.selectorNode ?? settings.namespace.node).range, "selects nothing", also: elsewhere(),
        help: [
          members.isEmpty
            ? "no Cluster document names this namespace in spec.clusterAPI"
            : "the clusters there are \(listed(here)); put the label into spec.clusterAPI.labels of those with the gateway"
        ]))
  }

  /// Addresses of gateways that are not published.
  private mutating func notSelected(_ members: [GatewayMember]) {
    for (cluster, addresses) in settings.node["addresses"]?.entries.map({ $0 }) ?? [] {
      guard let member = members.first(where: { $0.name == cluster.text }), !member.isGateway else {
        continue
      }
      findings.append(
        Diagnostic(
          GatewayDNSRules.addressUnused,
          "the selector leaves out cluster '\(cluster.text)', whose gateway's addresses stand here",
          at: cluster.range, "without effect",
          also: [
            Label((settings.selectorNode ?? addresses).range, "the selector"),
            Label((member.registration.labelsNode ?? member.registration.node).range, "the cluster's labels"),
          ],
          help: [
            "label the cluster in spec.clusterAPI.labels if its gateway shall be published, or remove the addresses"
          ]))
    }
  }

  /// Clusters that the selector would match in another namespace, which the controller never looks at.
  private func elsewhere() -> [Label] {
    model.clusterNames.compactMap { name -> Label? in
      guard let cluster = model.clusters[name], let registration = ClusterAPIRegistration(cluster.cluster),
        registration.managementCluster.value != settings.managementCluster.value
          || registration.namespace.value != settings.namespace.value,
        settings.selector.matches(GatewayFleet.labels(of: registration, in: model))
      else { return nil }
      return Label(
        registration.namespace.node.range,
        "\(name) would match, in namespace \(registration.namespace.value) of \(registration.managementCluster.value)"
      )
    }.prefix(4).map { $0 }
  }
}
