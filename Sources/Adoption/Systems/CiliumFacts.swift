import Compiler
import Diagnostics
import Kubernetes
import YAMLTree

/// How Cilium runs in one cluster, as its Helm values or its objects say.
struct CiliumFacts: Sendable {
  let cluster: String
  /// Who renders the chart.
  enum Release: Sendable {
    /// A release of Helm: `helm upgrade`, Flux, the controllers of k3s and RKE2.
    case helm
    /// `helm template`, as Argo CD does it.
    case template
    case unknown
  }

  /// The values of its release; nil where only objects are known.
  let values: Node?
  let release: Release
  /// `data` of ConfigMap cilium-config.
  let config: Node?
  /// The version of the chart.
  let chartVersion: String?
  /// Peers by their names in the mesh.
  let peers: [Peer]
  let service: Service?
  /// CoreDNS's own configuration.
  private let corefile: String?
  /// Who makes the mesh's certificates, as objects show it: a CronJob, or Certificates of cert-manager.
  let certificates: SpecMap?

  struct Peer: Sendable {
    let name: String
    let ips: [String]
    let address: String?
    let port: Int?
    let node: Node
  }

  /// Nil where the manifests say nothing of a mesh.
  init?(_ cluster: AdoptedCluster, chartVersion given: String?) {
    self.cluster = cluster.name
    let release = Self.release(cluster)
    values = release?.values
    self.release = release?.kind ?? Self.releases(cluster)
    let configMap = cluster.objects("", "ConfigMap").first { $0.name == "cilium-config" }
    config = configMap?.node["data"]
    service = cluster.services.first { $0.key.name == "clustermesh-apiserver" }?.value
    chartVersion = given ?? release?.version ?? Self.chartVersion(cluster)
    peers = Self.peers(release?.values) ?? Self.peers(cluster)
    certificates = Self.certificates(cluster)
    corefile = cluster.object("v1", "ConfigMap", "kube-system", "coredns")?.node.at("data", "Corefile")?.text
    guard values?["clustermesh"] != nil || service != nil || !peers.isEmpty else { return nil }
  }

  // MARK: Values

  /// The values of the Cilium release: a values file, a HelmRelease of Flux, an Application of Argo CD, or what a
  /// distribution keeps them in.
  private static func release(_ cluster: AdoptedCluster) -> (values: Node, version: String?, kind: Release)? {
    if let values = cluster.values.first { return (values, nil, .unknown) }
    for manifest in cluster.objects("helm.toolkit.fluxcd.io", "HelmRelease") {
      let chart = manifest.node.at("spec", "chart", "spec")
      guard chart?["chart"]?.text == "cilium", let values = manifest.node.at("spec", "values") else {
        continue
      }
      return (values, chart?["version"]?.string, .helm)
    }
    for manifest in cluster.objects("argoproj.io", "Application") {
      let spec = manifest.node["spec"]
      let sources = [spec?["source"]].compactMap { $0 } + (spec?["sources"]?.elements.map { $0 } ?? [])
      for source in sources where source["chart"]?.text == "cilium" {
        if let values = source.at("helm", "valuesObject") {
          return (values, source["targetRevision"]?.string, .template)
        }
        guard let text = source.at("helm", "values") else { continue }
        let tree = Tree.parse(text: text.text, path: text.range.file.path).tree
        if let values = tree.root { return (values, source["targetRevision"]?.string, .template) }
      }
    }
    return distribution(cluster)
  }

  /// What distributions keep the values in: HelmCharts of k3s and RKE2, and what is laid over them; CiliumConfigs of the
  /// operator for OpenShift.
  private static func distribution(
    _ cluster: AdoptedCluster
  ) -> (values: Node, version: String?, kind: Release)? {
    for kind in ["HelmChartConfig", "HelmChart"] {
      for manifest in cluster.objects("helm.cattle.io", kind) {
        let spec = manifest.node["spec"]
        guard
          ["cilium", "rke2-cilium"].contains(manifest.name)
            || spec?["chart"]?.text.hasSuffix("cilium") == true,
          let text = spec?["valuesContent"]
        else { continue }
        let tree = Tree.parse(text: text.text, path: text.range.file.path).tree
        if let values = tree.root { return (values, spec?["version"]?.string, .helm) }
      }
    }
    guard let config = cluster.objects("cilium.io", "CiliumConfig").first?.node["spec"] else { return nil }
    return (config, nil, .unknown)
  }

  /// From the marks that a release of Helm leaves on its objects, and `helm template` does not.
  private static func releases(_ cluster: AdoptedCluster) -> Release {
    let isReleased = cluster.objects.contains {
      $0.annotation("meta.helm.sh/release-name") != nil
        && ($0.name == "cilium-config" || $0.name.hasPrefix("clustermesh-apiserver"))
    }
    return isReleased ? .helm : .unknown
  }

  /// From labels that the chart sets, else from the agent's image.
  private static func chartVersion(_ cluster: AdoptedCluster) -> String? {
    for manifest in cluster.objects {
      if let chart = manifest.labels["helm.sh/chart"], chart.hasPrefix("cilium-") {
        return String(chart.dropFirst("cilium-".count))
      }
    }
    for workload in cluster.workloads["kube-system"] ?? [] where workload.key.name == "cilium" {
      for container in workload.pod.at("spec", "containers")?.elements.map({ $0 }) ?? [] {
        let image = container["image"]?.text ?? ""
        guard let tag = image.split(separator: "@").first?.split(separator: ":").last, tag.hasPrefix("v"),
          image.contains("cilium/cilium")
        else {
          continue
        }
        return String(tag.dropFirst())
      }
    }
    return nil
  }

  private static func certificates(_ cluster: AdoptedCluster) -> SpecMap? {
    if cluster.objects.contains(where: {
      $0.kind == "CronJob" && $0.name == "clustermesh-apiserver-generate-certs"
    }) {
      return SpecMap(["method": .text("cronJob")])
    }
    let certificate = cluster.objects("cert-manager.io", "Certificate").first {
      $0.name.hasPrefix("clustermesh-apiserver")
    }
    guard let issuer = certificate?.node.at("spec", "issuerRef"), issuer["name"]?.string != nil else {
      return nil
    }
    return SpecMap([
      "method": .text("certmanager"),
      "issuerRef": MeshCertificates.issuer(issuer),
    ])
  }

  private var hasMCSSection: Bool { isAtLeast(19) }

  /// Whether the chart is of 1.`minor` or newer, as far as its version tells.
  private func isAtLeast(_ minor: Int) -> Bool {
    let numbers = (chartVersion ?? "").drop { $0 == "v" }.split(separator: ".").compactMap { Int($0) }
    return numbers.count < 2 || (numbers[0], numbers[1]) >= (1, minor)
  }

  /// Why Services of a namespace stay in the cluster, whatever their annotations say; nil where they do not.
  func localNamespace(_ namespace: String, _ input: AdoptionInput) -> String? {
    let setting =
      value(["clustermesh", "defaultGlobalNamespace"]) ?? config?["clustermesh-default-global-namespace"]
    guard setting?.text == "false", isAtLeast(20) else { return nil }
    let manifest = input[cluster]?.objects("", "Namespace").first { $0.name == namespace }
    guard manifest?.annotation("clustermesh.cilium.io/global")?.lowercased() != "true" else { return nil }
    return
      "namespace \(namespace) of \(cluster) has not opted in, so that its Services stay in the cluster: annotate the Namespace with clustermesh.cilium.io/global: \"true\" and give its manifest"
  }

  /// Helm values that would give the objects that are known: what a release without values is compared with.
  var impliedValues: Node? {
    guard values == nil, let id, let service else { return nil }
    var map = SpecMap()
    map.add("cluster", .map(["name": .text(name ?? cluster), "id": .integer(id)]))
    for (key, _, setting) in Self.texts { map.add(key, config?[setting].map { .text($0.text) }) }
    map.add("kubeProxyReplacement", config?["kube-proxy-replacement"].map { .text($0.text) })
    let port = service.ports.first?.nodePort
    let list = peers.map { peer in
      SpecMap.Entry(
        peer.name,
        .map([
          "ips": peer.ips.isEmpty ? nil : .texts(peer.ips), "address": peer.address.map { .text($0) },
          "port": peer.port.map { .integer($0) },
        ]))
    }
    let booleans = Self.booleans.compactMap { _, path, setting -> SpecMap.Entry? in
      guard let text = config?[setting]?.text, let key = path.last else { return nil }
      return SpecMap.Entry(key, .boolean(text == "true"))
    }
    var mesh = SpecMap([
      "useAPIServer": .boolean(true), "maxConnectedClusters": maxConnectedClusters.map { .integer($0) },
      "config": .map(["enabled": .boolean(true), "clusters": .map(SpecMap(list))]),
      // By the name that the chart has had since 1.19; older ones take the same as enableMCSAPISupport.
      hasMCSSection ? "mcsapi" : "enableMCSAPISupport": !servesExports
        ? nil : hasMCSSection ? .map(["enabled": .boolean(true)]) : .boolean(true),
      "apiserver": .map([
        "service": .map(["type": .text(service.type), "nodePort": port.map { .integer($0) }]),
        "tls": certificates?["method"].map { method in
          .map([
            "auto": .map(["enabled": .boolean(true), "method": method, "schedule": .text("0 0 1 */4 *")])
          ])
        },
      ]),
    ])
    mesh.entries += booleans
    map.add("clustermesh", .map(mesh))
    let text = String(decoding: SpecText.document(map, comment: []), as: UTF8.self)
    return Tree.parse(text: text, path: service.manifest.nameNode.range.file.path).tree.root
  }

  // MARK: Peers

  /// `clustermesh.config.clusters`, in either form.
  private static func peers(_ values: Node?) -> [Peer]? {
    guard let clusters = values?.at("clustermesh", "config", "clusters") else { return nil }
    func peer(_ name: String, _ node: Node) -> Peer {
      Peer(
        name: name, ips: node["ips"]?.elements.map(\.text) ?? [], address: node["address"]?.string,
        port: node["port"]?.integer, node: node)
    }
    if clusters.kind == .mapping { return clusters.entries.map { peer($0.key.text, $0.value) } }
    return clusters.elements.map { peer($0["name"]?.text ?? "", $0) }
  }

  /// The Secrets that agents and KVStoreMesh read: an etcd client's configuration per peer. Keys and certificates in
  /// them are never looked at.
  private static func peers(_ cluster: AdoptedCluster) -> [Peer] {
    for name in ["cilium-kvstoremesh", "cilium-clustermesh"] {
      guard let secret = cluster.objects("", "Secret").first(where: { $0.name == name }),
        let data = secret.node["data"]
      else { continue }
      var peers: [Peer] = []
      for (key, value) in data.entries where !key.text.contains(".") {
        guard let bytes = Base64.decode(value.text) else { continue }
        let tree = Tree.parse(text: String(decoding: bytes, as: UTF8.self), path: value.range.file.path).tree
        guard let endpoint = tree.root?["endpoints"]?.elements.first(where: { _ in true })?.text,
          let host = host(of: endpoint), !host.hasSuffix(".svc")
        else { continue }
        let aliases =
          tree.root?["cilium-host-aliases"]?.elements.flatMap { $0["ips"]?.elements.map(\.text) ?? [] } ?? []
        let ips = aliases.isEmpty ? hostAliases(host, cluster) : aliases
        let isNamed = ips.isEmpty && IPAddress(host) == nil && !host.hasSuffix(".mesh.cilium.io")
        peers.append(
          Peer(
            name: key.text, ips: ips.isEmpty && IPAddress(host) != nil ? [host] : ips,
            address: isNamed ? host : nil,
            port: endpoint.split(separator: ":").last.flatMap { Int($0) }, node: key))
      }
      if !peers.isEmpty { return peers }
    }
    return []
  }

  /// `cluster02.mesh.cilium.io` of `https://cluster02.mesh.cilium.io:32379`.
  private static func host(of endpoint: String) -> String? {
    guard let start = endpoint.firstRange(of: "://")?.upperBound else { return nil }
    let authority = endpoint[start...].prefix { $0 != "/" }
    if authority.hasPrefix("[") { return authority.dropFirst().split(separator: "]").first.map(String.init) }
    return authority.split(separator: ":").first.map(String.init)
  }

  /// Addresses that charts up to 1.20 write into the pods.
  private static func hostAliases(_ host: String, _ cluster: AdoptedCluster) -> [String] {
    let workloads = (cluster.workloads["kube-system"] ?? []).filter {
      ["clustermesh-apiserver", "cilium"].contains($0.key.name)
    }
    var ips: [String] = []
    for workload in workloads {
      for alias in workload.pod.at("spec", "hostAliases")?.elements.map({ $0 }) ?? []
      where alias["hostnames"]?.elements.contains(where: { $0.text == host }) == true {
        if let ip = alias["ip"]?.text, !ips.contains(ip) { ips.append(ip) }
      }
    }
    return ips
  }

  // MARK: Identity

  /// The cluster's name in the mesh; nil where nothing says it.
  var name: String? { values?.at("cluster", "name")?.string ?? config?["cluster-name"]?.text }

  var id: Int? { values?.at("cluster", "id")?.integer ?? config?["cluster-id"].flatMap { Int($0.text) } }

  var maxConnectedClusters: Int? {
    values?.at("clustermesh", "maxConnectedClusters")?.integer
      ?? config?["max-connected-clusters"].flatMap { Int($0.text) }
  }

  var podCIDRs: [String] {
    let list = values?.at("ipam", "operator", "clusterPoolIPv4PodCIDRList")
    if let list, list.kind == .sequence { return list.elements.map(\.text) }
    if let text = list?.string ?? config?["cluster-pool-ipv4-cidr"]?.string {
      return text.split(whereSeparator: { $0 == " " || $0 == "," }).map(String.init)
    }
    return []
  }

  var synchronizesSlices: Bool {
    (value(["clustermesh", "enableEndpointSliceSynchronization"])
      ?? config?["clustermesh-enable-endpoint-sync"])?.text == "true"
  }

  // MARK: Multi-Cluster Services API

  private var mcsapi: Node? { value(["clustermesh", "mcsapi"]) }

  /// Whether exports are looked at.
  var servesExports: Bool {
    mcsapi?["enabled"]?.boolean == true
      || value(["clustermesh", "enableMCSAPISupport"])?.boolean == true
      || values == nil && config?["clustermesh-enable-mcs-api"]?.text == "true"
  }

  /// Whether the release lets CoreDNS answer for clusterset.local.
  var configuresCoreDNS: Bool { mcsapi?.at("corednsAutoConfigure", "enabled")?.boolean == true }

  var installsDefinitions: Bool? { mcsapi?["installCRDs"]?.boolean }

  /// Whether a Corefile among the manifests does so.
  var answersForClusterset: Bool {
    corefile?.split(separator: "\n").contains { line in
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      return words.first == "multicluster" && words.dropFirst().contains { $0.hasPrefix("clusterset.local") }
    } ?? false
  }

  /// `clustermesh.apiserver.tls.auto`, nil where the values leave it out; nothing where there are no values of a mesh.
  var certificateValues: Node?? {
    guard let mesh = values?["clustermesh"] else { return nil }
    return .some(mesh.at("apiserver", "tls")?["auto"])
  }

  /// The node of the facts, for findings.
  var node: Node? { values ?? config ?? service?.manifest.nameNode }

  // MARK: The section

  /// `cilium` of the Cluster document; nil without an id or a chart version.
  func section(_ peer: Peer?) -> SpecMap? {
    guard let id, let chartVersion else { return nil }
    var map = SpecMap(["id": .integer(id)])
    if let name, name != cluster { map.add("name", .text(name)) }
    map.add("chartVersion", .text(chartVersion))
    if let namespace = service?.key.namespace, namespace != "kube-system" {
      map.add("namespace", .text(namespace))
    }
    for (key, path, setting) in Self.texts {
      if let text = value(path)?.text ?? config?[setting]?.text, !text.isEmpty { map.add(key, .text(text)) }
    }
    map.add("encryption", encryption.map { .text($0) })
    if let proxy = value(["kubeProxyReplacement"])?.text ?? config?["kube-proxy-replacement"]?.text,
      ["true", "strict", "false", "disabled"].contains(proxy)
    {
      // Older charts have 'partial' and 'probe' too, which is neither.
      map.add("kubeProxyReplacement", .boolean(["true", "strict"].contains(proxy)))
    }
    for (key, path, setting) in Self.booleans {
      let node = value(path) ?? config?[setting]
      if let text = node?.text, ["true", "false"].contains(text) { map.add(key, .boolean(text == "true")) }
    }
    map.add("cacheTTL", value(["clustermesh", "cacheTTL"]).map { .text($0.text) })
    let mesh = mesh(peer)
    if !mesh.isEmpty { map.add("mesh", .map(mesh)) }
    return map
  }

  private static let texts: [(String, [String], String)] = [
    ("routingMode", ["routingMode"], "routing-mode"),
    ("tunnelProtocol", ["tunnelProtocol"], "tunnel-protocol"),
    ("ipv4NativeRoutingCIDR", ["ipv4NativeRoutingCIDR"], "ipv4-native-routing-cidr"),
    ("ipv6NativeRoutingCIDR", ["ipv6NativeRoutingCIDR"], "ipv6-native-routing-cidr"),
  ]

  private static let booleans: [(String, [String], String)] = [
    (
      "policyDefaultLocalCluster", ["clustermesh", "policyDefaultLocalCluster"],
      "policy-default-local-cluster"
    ),
    (
      "defaultGlobalNamespace", ["clustermesh", "defaultGlobalNamespace"],
      "clustermesh-default-global-namespace"
    ),
    (
      "endpointSliceSynchronization", ["clustermesh", "enableEndpointSliceSynchronization"],
      "clustermesh-enable-endpoint-sync"
    ),
  ]

  private func value(_ path: [String]) -> Node? {
    var node = values
    for key in path { node = node?[key] }
    return node.flatMap { $0.isNull ? nil : $0 }
  }

  private var encryption: String? {
    if let enabled = value(["encryption", "enabled"])?.boolean {
      return enabled ? value(["encryption", "type"])?.text ?? "ipsec" : "none"
    }
    if config?["enable-wireguard"]?.text == "true" { return "wireguard" }
    if config?["enable-ipsec"]?.text == "true" { return "ipsec" }
    return nil
  }

  private func mesh(_ peer: Peer?) -> SpecMap {
    var map = SpecMap()
    let apiserver = value(["clustermesh", "apiserver"])
    let type = apiserver?.at("service", "type")?.string ?? service?.type
    map.add("serviceType", type.map { .text($0) })
    if let peer, !peer.ips.isEmpty {
      map.add("ips", .texts(peer.ips))
    } else if let address = peer?.address {
      map.add("address", .text(address))
    }
    let port = apiserver?.at("service", "nodePort")?.integer ?? service?.ports.first?.nodePort
    if type ?? "NodePort" == "NodePort", let port { map.add("nodePort", .integer(port)) }
    if let annotations = apiserver?.at("service", "annotations"), annotations.count > 0 {
      map.add("serviceAnnotations", SpecValue(annotations))
    }
    if apiserver?.at("service", "externallyCreated")?.boolean == true {
      map.add("externallyCreated", .boolean(true))
    }
    if let replicas = apiserver?["replicas"]?.integer { map.add("replicas", .integer(replicas)) }
    if apiserver?.at("kvstoremesh", "enabled")?.boolean == false { map.add("kvstoremesh", .boolean(false)) }
    return map
  }
}
