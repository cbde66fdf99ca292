import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The zone's DNS server in each cluster, and the resolver that leads to it.
struct ServerChecks {
  let link: GatewayDNSLink

  private var profile: GatewayProfile { link.settings.profile }
  private var server: NamespacedName { NamespacedName(profile.namespace, GatewayDNSSettings.dnsServer) }

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for member in link.bound {
      resolver(member, &findings)
      installation(member, &findings)
      address(member, &findings)
    }
    return findings
  }

  private func resolver(_ member: GatewayMember, _ findings: inout [Diagnostic]) {
    let settings = ResolverSettings(member.cluster.cluster)
    let isOpenShift = member.cluster.cluster.distribution == .openshift
    if settings.form == .openshift && !isOpenShift
      || isOpenShift && (settings.form == .corefile || settings.form == .configMap),
      let node = settings.formNode
    {
      findings.append(
        Diagnostic(
          GatewayDNSRules.resolverForm,
          isOpenShift
            ? "OpenShift's DNS operator overwrites every Corefile of \(member.name)"
            : "\(member.name) has no DNS operator: its distribution is kubernetes", at: node.range,
          "cannot work there",
          also: [
            Label(
              (member.cluster.cluster.node.at("spec", "distribution") ?? member.cluster.cluster.name.node)
                .range,
              "the distribution")
          ],
          help: [
            isOpenShift
              ? "use 'resolver: openshift'"
              : "use 'resolver: corefile' or 'configMap', or correct the distribution"
          ]))
    }
    if let path = settings.corefile {
      if member.cluster.corefile == nil {
        findings.append(
          Diagnostic(
            GatewayDNSRules.corefileMissing, "\(path.value) cannot be read", at: path.node.range,
            "no such file in the repository", help: ["paths start at the fleet's root"]))
      } else if settings.form == .openshift || settings.form == .configMap {
        findings.append(
          Diagnostic(
            GatewayDNSRules.corefileMissing,
            "\(path.value) is not written with 'resolver: \(settings.form.rawValue)'",
            at: path.node.range, "only read with 'corefile' and 'unmanaged'",
            help: ["remove 'corefile', or set 'resolver: corefile'"]))
      }
    }
  }

  /// The DNS server is somebody's manifest; where its namespace is known, it must be there.
  private func installation(_ member: GatewayMember, _ findings: inout [Diagnostic]) {
    let declared = member.cluster.declared
    let observed = member.cluster.observed
    guard declared.services[server] == nil, observed.services[server] == nil else { return }
    let foreign = NamespacedName(profile.other.namespace, GatewayDNSSettings.dnsServer)
    if let other = declared.services[foreign] ?? observed.services[foreign] {
      findings.append(
        Diagnostic(
          GatewayDNSRules.mixedProfiles,
          "\(member.name) runs the DNS server of profile \(profile.other.rawValue), the link is of profile \(profile.rawValue)",
          at: other.manifest.nameNode.range, "in namespace \(foreign.namespace)",
          also: [Label((link.settings.node["profile"] ?? link.link.name.node).range, "the link")],
          help: [
            "install one generation in all clusters: the controller writes into \(profile.namespace), and passes over clusters without it"
          ]))
    } else if declared.knows(namespace: profile.namespace) {
      findings.append(
        Diagnostic(
          GatewayDNSRules.serverMissing, "there is no Service \(server.description) in \(member.name)",
          at: member.cluster.cluster.name.node.range,
          "its manifests have the namespace without the DNS server",
          help: ["add the project's manifests/dns-server to the workloads of \(member.name)"]))
    }
  }

  private func address(_ member: GatewayMember, _ findings: inout [Diagnostic]) {
    let known = ServerAddress(member, link)
    guard let address = known.address else { return }
    if let other = known.contradiction {
      findings.append(
        Diagnostic(
          GatewayDNSRules.contradiction,
          "the DNS server of \(member.name) is at \(address.value) and at \(other.value)",
          at: address.node.range,
          "one of them", also: [Label(other.node.range, "the other")],
          help: ["remove the declared address, or observe the cluster again"]))
    }
    guard let parsed = IPAddress(address.value) else {
      findings.append(
        Diagnostic(
          GatewayDNSRules.serverAddress, "'\(address.value)' is not an IP address", at: address.node.range,
          "resolvers forward to addresses", help: ["use the cluster IP of Service \(server.description)"]))
      return
    }
    for key in [NamespacedName("kube-system", "kube-dns"), NamespacedName("openshift-dns", "dns-default")] {
      let facts = [member.cluster.declared, member.cluster.observed]
      guard let own = facts.compactMap({ ServerAddress.clusterIP($0.services[key]) }).first,
        IPAddress(own.value) == parsed
      else { continue }
      findings.append(
        Diagnostic(
          GatewayDNSRules.forwardingLoop, "\(address.value) is the cluster DNS of \(member.name) itself",
          at: address.node.range, "queries would go round in a circle",
          also: [Label(own.node.range, "Service \(key.description)")],
          help: ["use the cluster IP of Service \(server.description)"]))
    }
    let networks = member.cluster.cluster.serviceCIDRs.compactMap { IPNetwork($0.value) }
    if !networks.isEmpty, !networks.contains(where: { $0.contains(parsed) }) {
      findings.append(
        Diagnostic(
          GatewayDNSRules.serverOutside, "\(address.value) is no cluster IP of \(member.name)",
          at: address.node.range,
          "outside its serviceCIDRs",
          also: member.cluster.cluster.serviceCIDRs.prefix(1).map { Label($0.node.range, "its cluster IPs") },
          help: ["use the cluster IP of Service \(server.description), or correct serviceCIDRs"]))
    }
  }
}
