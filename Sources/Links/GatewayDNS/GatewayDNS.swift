import Corefile
package import Diagnostics
package import FleetSpec
import Kubernetes
package import Linker
import YAMLTree

/// GatewayDNS: gateways of Cluster API clusters, found by DNS names that all clusters of a management namespace share.
///
/// Source of the rules: the code and tests of vmware-tanzu/cross-cluster-connectivity.
package enum GatewayDNS: LinkType {
  package static let descriptor = LinkDescriptor(
    key: "gatewayDNS", rules: GatewayDNSRules.all + CorefileRules.all,
    templates: GatewayDNSTemplates.all,
    observes: [
      ReducedKind(
        group: "", kind: "Service",
        fields: [
          ["status", "loadBalancer", "ingress", "[]", "ip"],
          ["status", "loadBalancer", "ingress", "[]", "hostname"],
        ]),
      ReducedKind(
        group: "", kind: "ConfigMap", resources: ["cm", "configmap", "configmaps"],
        names: [CoreDNS.configMap, CoreDNS.customConfigMap], fields: [["data"]]),
      ReducedKind(
        group: "operator.openshift.io", kind: "DNS", scope: .cluster,
        resources: ["dns", "dnses", "dns.operator"],
        fields: [["spec", "servers"], ["spec", "managementState"]]),
      ReducedKind(
        group: "discovery.k8s.io", kind: "EndpointSlice",
        fields: [
          ["metadata", "annotations", "connectivity.tanzu.vmware.com/dns-hostname"],
          ["metadata", "annotations", "connectivity.tanzu.vmware.com/gateway-dns-ref"],
        ]),
    ],
    perCluster: [
      PerClusterField(["host"], .target), PerClusterField(["gatewayPort"], .target),
      PerClusterField(["externalName"], .client), PerClusterField(["labels"], .client),
    ], extras: GatewayDNSTemplates.extras)

  package static func bind(_ link: Link, in model: FleetModel) -> LinkBinding {
    guard let settings = GatewayDNSSettings(link.section) else { return LinkBinding(nil, []) }
    var checks = LinkChecks(link: link, settings: settings, model: model)
    guard let management = checks.management(), let service = checks.service() else {
      return LinkBinding(nil, checks.findings)
    }
    checks.settingsAlone()
    let members = GatewayFleet.members(settings, in: model)
    checks.selection(members)
    guard !checks.findings.contains(where: { $0.severity == .error }) else {
      return LinkBinding(nil, checks.findings)
    }
    let bound = GatewayDNSLink(
      link: link, settings: settings, service: service, management: management, bound: members)
    var findings = checks.findings
    findings += NameChecks(link: bound, model: model).findings()
    findings += PublishedGatewayChecks(link: bound).findings()
    findings += ServerChecks(link: bound).findings()
    return LinkBinding(bound, findings)
  }

  package static func check(_ model: FleetModel) -> [Diagnostic] { FleetChecks(model).findings() }
}

/// Where clusters keep the configuration of CoreDNS (kubeadm; AKS and k3s for the second ConfigMap).
enum CoreDNS {
  static let namespace = "kube-system"
  static let configMap = "coredns"
  static let corefileKey = "Corefile"
  static let customConfigMap = "coredns-custom"
  /// The file names that clusters with `coredns-custom` import as server blocks.
  static let customSuffix = ".server"
}
