import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Names and versions: what the controller composes must be valid, and what it needs must be served.
struct NameChecks {
  let link: GatewayDNSLink
  let model: FleetModel

  private var profile: GatewayProfile { link.settings.profile }

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for member in link.bound {
      clusterName(member, &findings)
      clusterDomain(member, &findings)
      version(
        member.cluster, profile.removedIn?.workload, "EndpointSlice of discovery.k8s.io/v1beta1", &findings)
      servedFrom(member.cluster, &findings)
    }
    version(
      link.management, profile.removedIn?.management,
      "CustomResourceDefinition of apiextensions.k8s.io/v1beta1",
      &findings)
    sharedSlices(&findings)
    registeredTwice(&findings)
    return findings
  }

  private func clusterName(_ member: GatewayMember, _ findings: inout [Diagnostic]) {
    let name = member.registration.name
    guard DNSName.isLabel(name.value) else {
      findings.append(
        Diagnostic(
          GatewayDNSRules.nameInDNS, "'\(name.value)' cannot be a part of a DNS name", at: name.node.range,
          "the name of the Cluster API object", also: [link.zoneLabel],
          help: ["use lower-case letters, digits and '-', at most 63 characters, without dots"]))
      return
    }
    guard member.isGateway else { return }
    // The label kubernetes.io/service-name holds the slice's name; the older generation has no label.
    let limit = profile.labelsSlices ? DNSName.longestLabel : DNSName.longest
    if member.sliceName.utf8.count > limit {
      findings.append(
        Diagnostic(
          GatewayDNSRules.nameTooLong,
          "the slice '\(member.sliceName)' has \(member.sliceName.utf8.count) characters; its name must fit a label of \(limit)",
          at: name.node.range, "too long by \(member.sliceName.utf8.count - limit)",
          also: [Label(member.registration.namespace.node.range, "with this namespace")],
          help: ["namespace and name of the Cluster API object have at most \(limit - 9) characters together"]
        ))
    }
    // "*." stands before it; a connection's own host is checked with the connection.
    let length = member.suffix(link.zone).utf8.count + 2
    if length > DNSName.longest {
      findings.append(
        Diagnostic(
          GatewayDNSRules.nameTooLong,
          "names below \(member.suffix(link.zone)) have more than \(DNSName.longest) characters",
          at: name.node.range, "too long by \(length - DNSName.longest)", also: [link.zoneLabel],
          help: ["shorten the zone"]))
    }
  }

  /// A stub zone at or above the cluster's own domain would take the cluster's own Services away.
  private func clusterDomain(_ member: GatewayMember, _ findings: inout [Diagnostic]) {
    let domain = ResolverSettings(member.cluster.cluster).clusterDomain
    guard DNSName.overlap(link.zone, domain) else { return }
    findings.append(
      Diagnostic(
        GatewayDNSRules.clusterDomain,
        "the zone \(link.zone) collides with \(domain), the domain of \(member.name) itself",
        at: link.settings.zone.node.range,
        link.zone == domain
          ? "the cluster's own domain"
          : domain.hasSuffix(link.zone) ? "above the cluster's domain" : "inside it",
        also: [Label(member.cluster.cluster.name.node.range, "in this cluster")],
        help: ["choose a zone outside \(domain), and set it as DOMAIN_SUFFIX of the controller"]))
  }

  private func version(
    _ cluster: ClusterModel, _ removed: [Int]?, _ what: String, _ findings: inout [Diagnostic]
  ) {
    guard let removed, let version = cluster.cluster.kubernetesVersion, version.count >= 2,
      !version.lexicographicallyPrecedes(removed)
    else { return }
    let text = removed.map(String.init).joined(separator: ".")
    findings.append(
      Diagnostic(
        GatewayDNSRules.removedAPI, "Kubernetes \(text) and later do not serve \(what)",
        at: (cluster.cluster.node.at("spec", "kubernetesVersion") ?? cluster.cluster.name.node).range,
        "profile \(profile.rawValue) needs it",
        also: [Label((link.settings.node["profile"] ?? link.link.name.node).range, "the profile")],
        help: ["install v0.1.0 or later of the project, and set 'profile: xcc'"]))
  }

  /// EndpointSlice of discovery.k8s.io/v1, from Kubernetes 1.21 on.
  private func servedFrom(_ cluster: ClusterModel, _ findings: inout [Diagnostic]) {
    guard profile == .xcc, let version = cluster.cluster.kubernetesVersion, version.count >= 2,
      version.lexicographicallyPrecedes([1, 21])
    else { return }
    findings.append(
      Diagnostic(
        GatewayDNSRules.oldEndpointSlices,
        "Kubernetes of \(cluster.name) does not serve EndpointSlice of discovery.k8s.io/v1",
        at: (cluster.cluster.node.at("spec", "kubernetesVersion") ?? cluster.cluster.name.node).range,
        "served from 1.21 on",
        also: [Label((link.settings.node["profile"] ?? link.link.name.node).range, "profile xcc writes it")],
        help: ["upgrade the cluster, or install the older generation of the project and set 'profile: capi'"])
    )
  }

  /// One Cluster API object under two names of the fleet.
  private func registeredTwice(_ findings: inout [Diagnostic]) {
    var first: [String: GatewayMember] = [:]
    for member in link.bound {
      guard let other = first.updateValue(member, forKey: member.registration.name.value) else { continue }
      let registration = member.registration
      findings.append(
        Diagnostic(
          GatewayDNSRules.registeredTwice,
          "\(other.name) and \(member.name) are both Cluster \(registration.namespace.value)/\(registration.name.value) of \(link.management.name)",
          at: registration.name.node.range, "the name of its Cluster API object",
          also: [Label(other.registration.name.node.range, "\(other.name) has the same")],
          help: ["say the name of each one's own object: spec.clusterAPI.name"]))
    }
  }

  /// `a-b/c` and `a/b-c` give one slice name: where one cluster is registered under both, they overwrite each other.
  private func sharedSlices(_ findings: inout [Diagnostic]) {
    let own = Set(link.bound.map(\.name))
    for member in link.gateways {
      for name in model.clusterNames where !own.contains(name) {
        guard let other = model.clusters[name], let registration = ClusterAPIRegistration(other.cluster),
          registration.managementCluster.value == link.management.name,
          "\(registration.namespace.value)-\(registration.name.value)-gateway" == member.sliceName,
          registration.namespace.value < member.registration.namespace.value,
          let shared = sharedCluster(registration.namespace.value)
        else { continue }
        findings.append(
          Diagnostic(
            GatewayDNSRules.sliceTwice,
            "two clusters get the slice \(member.sliceName) in \(shared.here) and \(shared.there), which are one cluster",
            at: member.registration.name.node.range, "with namespace \(member.registration.namespace.value)",
            also: [Label(registration.name.node.range, "with namespace \(registration.namespace.value)")],
            help: ["rename one of the Cluster API objects"]))
      }
    }
  }

  /// Two Cluster documents, one in each namespace, with one API server.
  private func sharedCluster(_ namespace: String) -> (here: String, there: String)? {
    var servers: [String: String] = [:]
    for member in link.bound {
      if let server = member.cluster.cluster.node.at("spec", "apiServer", "server")?.string {
        servers[server] = member.name
      }
    }
    guard !servers.isEmpty else { return nil }
    for name in model.clusterNames {
      guard let other = model.clusters[name], let registration = ClusterAPIRegistration(other.cluster),
        registration.managementCluster.value == link.management.name,
        registration.namespace.value == namespace,
        let server = other.cluster.node.at("spec", "apiServer", "server")?.string, let here = servers[server]
      else { continue }
      return (here, name)
    }
    return nil
  }
}
