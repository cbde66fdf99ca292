import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The clients' and the pods' side: sidecars, what they may see, and hops that do not compose.
struct SidecarChecks {
  let traffic: TetrateTraffic

  private var link: TetrateLink { traffic.link }
  private var model: FleetModel { traffic.model }

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    checkInjection(&findings)
    if link.settings.form != .istio {
      checkScopes(&findings)
      checkTransit(&findings)
    }
    return findings
  }

  // MARK: Sidecars

  private func checkInjection(_ findings: inout [Diagnostic]) {
    var places: [String: (cluster: String, namespace: String, node: Node)] = [:]
    for connection in traffic.connections {
      for client in connection.clients {
        guard let cluster = client.cluster else { continue }
        places["\(cluster)/\(client.namespace)"] = (cluster, client.namespace, client.node)
      }
      for target in connection.targets {
        let namespace = target.service.key.namespace
        places["\(target.cluster)/\(namespace)"] = (target.cluster, namespace, target.reference)
      }
    }
    for (_, place) in places.sorted(by: { $0.key < $1.key }) {
      guard let namespace = model.clusters[place.cluster]?.declared.namespaces[place.namespace] else {
        continue
      }
      let labels = namespace.labels
      guard labels["istio-injection"] != "enabled", labels["istio.io/rev"] == nil,
        labels["istio.io/dataplane-mode"] != "ambient"
      else { continue }
      findings.append(
        Diagnostic(
          TetrateRules.notInjected, "namespace \(place.namespace) of \(place.cluster) gets no sidecars",
          at: namespace.nameNode.range,
          labels["istio-injection"] == nil ? "no label istio-injection" : "istio-injection is not 'enabled'",
          also: [Label(place.node.range, "its pods take part in this connection")],
          help: ["label it istio-injection: enabled, or istio.io/rev with the revision"]))
    }
  }

  // MARK: What sidecars see

  private func checkScopes(_ findings: inout [Diagnostic]) {
    let places = Set(
      traffic.connections.flatMap { connection in
        connection.clients.compactMap { client in client.cluster.map { NamespacedName($0, client.namespace) }
        }
      })
    for place in places.sorted() {
      let objects = model.clusters[place.namespace]?.declared.objects.values.filter { manifest in
        manifest.kind == "Sidecar" && manifest.identity.group == "networking.istio.io"
          && manifest.namespace == place.name
      }
      for sidecar in (objects ?? []).sorted(by: { $0.name < $1.name }) {
        guard let egress = sidecar.node.at("spec", "egress"), egress.count > 0 else { continue }
        let hosts = egress.elements.flatMap { $0["hosts"]?.elements.map(\.text) ?? [] }
        report(hosts, at: egress, "Sidecar \(place.name)/\(sidecar.name)", &findings)
      }
    }
    let settings =
      WorkspaceSettingView.all(of: link, in: model).compactMap { $0.manifest.node["spec"] }
      + [link.settings.defaults].compactMap { $0 }
    for setting in settings {
      guard let reachability = setting.at("defaultTrafficSetting", "reachability"),
        let mode = reachability["mode"], ["CUSTOM", "NAMESPACE", "GROUP", "WORKSPACE"].contains(mode.text)
      else { continue }
      let hosts = reachability["hosts"]?.elements.map(\.text) ?? []
      report(hosts, at: mode, "reachability mode \(mode.text)", &findings)
    }
  }

  private func report(_ hosts: [String], at node: Node, _ what: String, _ findings: inout [Diagnostic]) {
    let sees = hosts.contains { host in
      ["*/*", "xcp-multicluster/*"].contains(host) || host.hasPrefix("xcp-multicluster/")
        || host.hasPrefix("*/")
    }
    guard !sees else { return }
    findings.append(
      Diagnostic(
        TetrateRules.hiddenEntries, "\(what) hides the Services of other clusters", at: node.range,
        "does not include xcp-multicluster/*", help: ["add 'xcp-multicluster/*' to the hosts"]))
  }

  // MARK: Transit

  /// A host that a transit gateway routes by cluster, and that is exposed as a bare Service too.
  private func checkTransit(_ findings: inout [Diagnostic]) {
    let hosts = Set(traffic.exposed.keys.map { "\($0.name).\($0.namespace).svc.cluster.local" })
    for name in model.clusterNames {
      let gateways = model.clusters[name]?.declared.objects.values.filter { manifest in
        manifest.identity.group == "gateway.tsb.tetrate.io"
          && ["Gateway", "Tier1Gateway"].contains(manifest.kind)
      }
      for gateway in (gateways ?? []).sorted(by: { $0.identity.description < $1.identity.description }) {
        guard
          let host = Self.transitHost(gateway.node["spec"], hosts, isTier1: gateway.kind == "Tier1Gateway")
        else { continue }
        findings.append(
          Diagnostic(
            TetrateRules.transitHop,
            "\(gateway.identity.description) routes \(host.text) by cluster, and an east-west gateway exposes the Service itself",
            at: host.range, "answers 503: the two do not compose",
            also: [Label(link.link.name.node.range, "exposes the Service")],
            help: ["end the route at a Gateway with a serviceDestination, or do not expose the Service here"])
        )
      }
    }
  }

  private static func transitHost(_ spec: Node?, _ hosts: Set<String>, isTier1: Bool) -> Node? {
    let lists = [
      "http", "tls", "tcp", "internalServers", "externalServers", "passthroughServers", "tcpInternalServers",
    ]
    for server in lists.flatMap({ spec?[$0]?.elements.map { $0 } ?? [] }) {
      guard let host = server["hostname"], hosts.contains(host.text) else { continue }
      if isTier1 || contains(server, key: "clusterDestination") { return host }
    }
    return nil
  }

  private static func contains(_ node: Node, key: String) -> Bool {
    node.key(key) != nil || node.entries.contains { contains($1, key: key) }
      || node.elements.contains { contains($0, key: key) }
  }
}
