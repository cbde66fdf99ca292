import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Istio's objects among the manifests of the members, as istiod validates and reads them.
struct IstioManifestChecks {
  let model: FleetModel

  private static let protocols: Set<String> = ["HTTP", "HTTPS", "GRPC", "HTTP2", "MONGO", "TCP", "TLS"]

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for name in model.clusterNames {
      guard let cluster = model.clusters[name] else { continue }
      let manifests = cluster.declared.objects.values.filter { $0.identity.group == "networking.istio.io" }
        .sorted {
          $0.identity.description < $1.identity.description
        }
      for manifest in manifests {
        switch manifest.kind {
        case "ServiceEntry":
          checkEntry(manifest, &findings)
          checkShadow(manifest, cluster, &findings)
        case "DestinationRule": checkRule(manifest, &findings)
        default: break
        }
      }
    }
    return findings
  }

  // MARK: ServiceEntries

  private func checkEntry(_ manifest: Manifest, _ findings: inout [Diagnostic]) {
    guard let spec = manifest.node["spec"] else { return }
    func report(_ message: String, _ node: Node?, _ help: String) {
      findings.append(
        Diagnostic(
          TetrateRules.serviceEntry, message, at: (node ?? manifest.nameNode).range,
          "refused by istiod", help: [help]))
    }
    let hosts = spec["hosts"]
    if (hosts?.count ?? 0) == 0 { report("a ServiceEntry needs a host", hosts ?? spec, "add one to 'hosts'") }
    if let star = hosts?.elements.first(where: { $0.text == "*" }) {
      report("'*' is no host of a ServiceEntry", star, "name the host")
    }
    if (hosts?.count ?? 0) > 256 { report("a ServiceEntry has at most 256 hosts", hosts, "split it") }
    var names: [String: Node] = [:]
    var numbers: [Int: Node] = [:]
    for port in spec["ports"]?.elements.map({ $0 }) ?? [] {
      if let name = port["name"], names.updateValue(name, forKey: name.text) != nil {
        report("two ports are named '\(name.text)'", name, "give every port a name of its own")
      } else if (port["name"]?.text ?? "").isEmpty {
        report("a port has no name", port, "add 'name'")
      }
      if let node = port["number"], let number = node.integer,
        numbers.updateValue(node, forKey: number) != nil
      {
        report("port \(number) stands twice", node, "remove one of them")
      }
      if let transport = port["protocol"], !Self.protocols.contains(transport.text.uppercased()) {
        report(
          "'\(transport.text)' is no protocol of a ServiceEntry", transport,
          "use one of \(listed(Self.protocols.sorted()))")
      }
    }
    checkEndpoints(spec, names, report)
  }

  private func checkEndpoints(
    _ spec: Node, _ names: [String: Node], _ report: (String, Node?, String) -> Void
  ) {
    let endpoints = spec["endpoints"]
    let resolution = spec["resolution"]?.text ?? "NONE"
    if let endpoints, endpoints.count > 0 {
      if let selector = spec["workloadSelector"] {
        report("endpoints and workloadSelector exclude each other", selector, "remove one of them")
      }
      if resolution == "NONE" {
        report("endpoints need a resolution", spec["resolution"] ?? endpoints, "write STATIC or DNS")
      }
      if endpoints.count > 4096 { report("a ServiceEntry has at most 4096 endpoints", endpoints, "split it") }
      if resolution == "DNS_ROUND_ROBIN", endpoints.count > 1 {
        report("DNS_ROUND_ROBIN takes one endpoint", endpoints, "use DNS, or remove the others")
      }
    }
    for endpoint in endpoints?.elements.map({ $0 }) ?? [] {
      if let address = endpoint["address"], !address.text.isEmpty {
        if resolution == "STATIC", IPAddress(address.text) == nil, !address.text.hasPrefix("unix://") {
          report("'\(address.text)' is no IP address", address, "write an address, or 'resolution: DNS'")
        }
      } else if endpoint["network"] == nil {
        report("an endpoint has neither address nor network", endpoint, "add 'address'")
      }
      for (key, _) in endpoint["ports"]?.entries.map({ $0 }) ?? [] where names[key.text] == nil {
        report("no port is named '\(key.text)'", key, "the ports are \(listed(names.keys.sorted()))")
      }
    }
  }

  /// A host that is a Service of the cluster: endpoints of the entry are ignored.
  private func checkShadow(_ manifest: Manifest, _ cluster: ClusterModel, _ findings: inout [Diagnostic]) {
    guard (manifest.node.at("spec", "endpoints")?.count ?? 0) > 0 else { return }
    for host in manifest.node.at("spec", "hosts")?.elements.map({ $0 }) ?? [] {
      let parts = host.text.split(separator: ".").map(String.init)
      guard parts.count == 5, Array(parts[2...]) == ["svc", "cluster", "local"],
        let service = cluster.declared.services[NamespacedName(parts[1], parts[0])]
      else { continue }
      findings.append(
        Diagnostic(
          TetrateRules.shadowedEntry,
          "the endpoints of \(manifest.identity.description) are ignored: \(cluster.name) has the Service itself",
          at: host.range, "a Service of the cluster",
          also: [Label(service.manifest.nameNode.range, "the Service")],
          help: ["use WorkloadEntries with the Service's labels, or remove the Service"]))
    }
  }

  // MARK: DestinationRules

  private func checkRule(_ manifest: Manifest, _ findings: inout [Diagnostic]) {
    guard let policy = manifest.node.at("spec", "trafficPolicy"),
      let balancing = policy.at("loadBalancer", "localityLbSetting"),
      let key = balancing.key("failover") ?? balancing.key("failoverPriority"),
      policy["outlierDetection"] == nil
    else { return }
    findings.append(
      Diagnostic(
        TetrateRules.withoutOutlierDetection, "\(manifest.identity.description) never fails over",
        at: key.range,
        "no outlierDetection beside it",
        help: ["add 'outlierDetection': without it no endpoint counts as failed"]))
  }
}
