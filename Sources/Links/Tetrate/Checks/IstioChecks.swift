import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// `form: istio`: networks, gateways and names without TSB.
struct IstioChecks {
  let traffic: TetrateTraffic

  private var link: TetrateLink { traffic.link }
  private var model: FleetModel { traffic.model }

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    checkNetworks(&findings)
    for cluster in traffic.targets.keys.sorted() {
      checkService(cluster, &findings)
      checkGateway(cluster, &findings)
      if let gateway = traffic.gateways[cluster] { GatewayChecks.checkAddress(gateway, traffic, &findings) }
    }
    checkHosts(&findings)
    if !link.settings.usesRemoteSecrets { checkNames(&findings) }
    return findings
  }

  // MARK: Networks

  private func checkNetworks(_ findings: inout [Diagnostic]) {
    for member in link.bound where member.network == nil {
      findings.append(
        Diagnostic(
          TetrateRules.istioNetwork, "cluster '\(member.cluster)' names no network", at: member.place.range,
          "a member of \(link.name)", help: ["add 'tetrate: {network: …}' to the Cluster's spec"]))
    }
    var first: [String: TetrateMember] = [:]
    for member in link.bound {
      guard let network = member.network else { continue }
      guard let other = first[network.value], let theirs = other.network else {
        first[network.value] = member
        continue
      }
      guard !isFlat(member, other) else { continue }
      findings.append(
        Diagnostic(
          TetrateRules.flatNetwork,
          "clusters '\(other.cluster)' and '\(member.cluster)' name the same network",
          at: network.node.range, "their pods would be called without a gateway",
          also: [Label(theirs.node.range, "the same name")],
          help: [
            "name networks apart; only clusters whose pods reach each other share one, and their podCIDRs must be declared and differ"
          ]))
    }
  }

  /// Pods of two clusters can call each other only where their networks are known and apart.
  private func isFlat(_ a: TetrateMember, _ b: TetrateMember) -> Bool {
    let networks = [a, b].map { member in
      model.clusters[member.cluster]?.cluster.podCIDRs.compactMap { IPNetwork($0.value) } ?? []
    }
    guard networks.allSatisfy({ !$0.isEmpty }) else { return false }
    return !networks[0].contains { first in networks[1].contains { $0.overlaps(first) } }
  }

  // MARK: Gateways

  private func checkService(_ cluster: String, _ findings: inout [Diagnostic]) {
    guard let gateway = traffic.gateways[cluster] else { return }
    let place = link.settings.gateway.place
    guard let key = IstioGatewayService.key(gateway, in: model),
      let service = model.clusters[cluster]?.declared.services[key]
    else {
      findings.append(
        Diagnostic(
          TetrateRules.gatewayService, "the gateway's Service is not among the manifests of \(cluster)",
          at: place.range, "\(gateway.choice.description)",
          help: [
            "put the manifests of the east-west gateway under the workloads of \(cluster), or 'linkwright record' them"
          ]))
      return
    }
    if !service.ports.contains(where: { $0.number == InstallGateway.port }) {
      findings.append(
        Diagnostic(
          TetrateRules.gatewayService,
          "Service \(key.description) in \(cluster) has no port \(InstallGateway.port)", at: place.range,
          "istiod ignores it", also: [Label(service.manifest.nameNode.range, "the gateway's Service")],
          help: ["add {name: tls, port: \(InstallGateway.port), targetPort: \(InstallGateway.port)}"]))
    }
    if let type = service.manifest.node.at("spec", "type"), type.text == "ClusterIP" {
      findings.append(InstallChecks.inside("gateway \(key.description)", at: type))
    }
    if !LabelSelector(equality: service.selector).matches(link.settings.gateway.labels),
      !service.selector.isEmpty
    {
      let pods = model.clusters[cluster]?.declared.pods(of: service, runtimeLabels: [:]) ?? []
      // Where nobody knows the pods, the Service's own labels say enough.
      let agrees =
        pods.isEmpty && LabelSelector(equality: link.settings.gateway.labels).matches(service.selector)
      let wanted = LabelSelector(equality: link.settings.gateway.labels)
      let own = (model.clusters[cluster]?.declared.workloads[service.key.namespace] ?? []).contains {
        wanted.matches($0.podLabels)
      }
      if !agrees, own, let selector = service.manifest.node.at("spec", "selector") {
        // The pods are as the link says: it is the Service that misses them.
        findings.append(
          Diagnostic(
            TetrateRules.gatewayService,
            "Service \(key.description) in \(cluster) does not lead to pods with \(link.settings.gateway.labels.description)",
            at: place.range, "the Gateway would select other pods",
            also: [Label(selector.range, "selects \(service.selector.description)")],
            help: ["let the Service select them: \(link.settings.gateway.labels.description)"]))
      } else if !agrees,
        !pods.contains(where: { LabelSelector(equality: link.settings.gateway.labels).matches($0.podLabels) }
        )
      {
        findings.append(
          Diagnostic(
            TetrateRules.gatewayService,
            "Service \(key.description) in \(cluster) does not lead to pods with \(link.settings.gateway.labels.description)",
            at: place.range, "the Gateway would select other pods",
            also: [Label(service.manifest.nameNode.range, "selects \(service.selector.description)")],
            help: ["write the pods' labels in 'gateway.labels'"]))
      }
    }
    findings += InstallChecks.serviceFindings(
      service.manifest.node["metadata"], owner: "Service \(key.description)", place: service.manifest.nameNode
    )
    checkView(service, cluster, &findings)
  }

  /// Gateway pods must ask istiod for the endpoints of their own network alone.
  private func checkView(_ service: Service, _ cluster: String, _ findings: inout [Diagnostic]) {
    guard let facts = model.clusters[cluster]?.declared, let network = link.member(cluster)?.network?.value
    else {
      return
    }
    for pod in facts.pods(of: service, runtimeLabels: [:]) {
      let variables = pod.pod.at("spec", "containers")?.elements.flatMap {
        $0["env"]?.elements.map { $0 } ?? []
      }
      let view = variables?.first { $0["name"]?.text == "ISTIO_META_REQUESTED_NETWORK_VIEW" }
      // A record keeps no environment.
      let isRecorded = model.fleet.recorded.match(pod.manifest.nameNode.range.file.path) != nil
      guard let variables, !variables.isEmpty || !isRecorded, view?["value"]?.text != network else {
        continue
      }
      findings.append(
        Diagnostic(
          TetrateRules.networkView,
          view.map {
            "\(pod.description) of \(cluster) knows endpoints of network '\($0["value"]?.text ?? "")' only, not of its own, '\(network)'"
          } ?? "\(pod.description) of \(cluster) does not limit itself to network '\(network)'",
          at: (view?["value"] ?? pod.manifest.nameNode).range,
          view == nil ? "no ISTIO_META_REQUESTED_NETWORK_VIEW" : "another network",
          help: ["set ISTIO_META_REQUESTED_NETWORK_VIEW=\(network) in the gateway's container"]))
    }
  }

  private func checkGateway(_ cluster: String, _ findings: inout [Diagnostic]) {
    for gateway in IstioGateway.all(in: model.clusters[cluster]) {
      guard LabelSelector(equality: gateway.selector).matches(link.settings.gateway.labels) else { continue }
      if !gateway.isPassThrough {
        findings.append(
          Diagnostic(
            TetrateRules.gatewayMode,
            "\(gateway.manifest.identity.description) does not pass port \(InstallGateway.port) on unopened",
            at: (gateway.mode ?? gateway.manifest.nameNode).range, "not AUTO_PASSTHROUGH",
            help: ["write 'tls: {mode: AUTO_PASSTHROUGH}'"]))
      } else if let tls = gateway.server["tls"],
        let key = tls.key("credentialName") ?? tls.key("serverCertificate")
      {
        var finding = Diagnostic(
          TetrateRules.gatewayMode, "'\(key.text)' has no effect with AUTO_PASSTHROUGH", at: key.range,
          "ignored",
          help: ["remove it: connections stay encrypted between the sidecars"])
        finding.severity = .warning
        findings.append(finding)
      }
    }
  }

  // MARK: Names

  private func checkHosts(_ findings: inout [Diagnostic]) {
    let node = link.settings.node.at("istio", "hosts")
    for (key, connections) in traffic.byService.sorted(by: { $0.key < $1.key }) {
      let host = "\(key.name).\(key.namespace).svc.cluster.local"
      guard let hosts = link.settings.passedHosts, !hosts.contains(where: { Self.matches(host, $0) }),
        let connection = connections.first
      else { continue }
      findings.append(
        Diagnostic(
          TetrateRules.hostNotPassed, "the gateway does not pass \(host) on",
          at: (node ?? link.link.name.node).range, "no host matches it",
          also: [Label(connection.connection.name.node.range, "this connection reaches it")],
          help: ["add '\(host)' or '*.local' to the hosts"]))
    }
  }

  private static func matches(_ host: String, _ pattern: String) -> Bool {
    if pattern == "*" { return true }
    return pattern.hasPrefix("*.") ? host.hasSuffix(pattern.dropFirst()) : host == pattern
  }

  /// A name without a Service of its own resolves only through the sidecar.
  private func checkNames(_ findings: inout [Diagnostic]) {
    var reported: Set<String> = []
    for connection in traffic.connections {
      for target in connection.targets {
        for client in connection.clients(of: target) {
          guard let cluster = client.cluster, let member = link.member(cluster), !member.proxiesNames,
            model.clusters[cluster]?.declared.services[target.service.key] == nil,
            reported.insert(cluster).inserted
          else { continue }
          findings.append(
            Diagnostic(
              TetrateRules.unresolvedName,
              "Service \(target.service.key.description) has no name in DNS of \(cluster)",
              at: member.place.range, "its sidecars are not said to answer DNS",
              also: [Label(client.node.range, "these clients ask for it")],
              help: [
                "enable ISTIO_META_DNS_CAPTURE and say so with 'dnsProxy: true' in spec.tetrate, or add a Service of that name with its selector"
              ]))
        }
      }
    }
  }
}
