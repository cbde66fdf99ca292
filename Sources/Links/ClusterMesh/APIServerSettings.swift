import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The `apiServer` section of a Cluster.
struct APIServerSettings: Sendable {
  struct Exposure: Sendable {
    let name: Located<String>?
    let address: Located<String>?
    let nodePort: Located<Int>?
    let node: Node
  }

  let node: Node
  let server: Located<String>?
  let certificateAuthorityFile: Located<String>?
  let exposure: Exposure?
  let credentials: Node?

  init?(_ cluster: ClusterModel) {
    guard let node = cluster.cluster.node.at("spec", "apiServer") else { return nil }
    self.node = node
    server = node["server"].map { Located($0.text, $0) }
    certificateAuthorityFile = node["certificateAuthorityFile"].map { Located($0.text, $0) }
    credentials = node["credentials"]
    exposure = node["expose"].map { expose in
      Exposure(
        name: expose["name"].map { Located($0.text, $0) },
        address: expose["address"].map { Located($0.text, $0) },
        nodePort: expose["nodePort"].flatMap { value in value.integer.map { Located($0, value) } },
        node: expose)
    }
  }

  /// The port of the nodes: declared, or as the cluster chose it.
  func nodePort(service: String, in cluster: ClusterModel) -> Int? {
    if let declared = exposure?.nodePort { return declared.value }
    return cluster.observed.services[NamespacedName("kube-system", service)]?.ports.first?.nodePort
  }

  /// The URL for kubeconfigs: the exposed address, else the declared server. Nil while the port is unknown, or
  /// where neither is declared.
  func url(service: String, in cluster: ClusterModel) -> String? {
    guard let address = exposure?.address?.value else { return server?.value }
    guard let port = nodePort(service: service, in: cluster) else { return nil }
    return address.contains(":") ? "https://[\(address)]:\(port)" : "https://\(address):\(port)"
  }
}

/// The parts of an API server's URL.
struct ServerURL: Sendable {
  let host: String
  let port: Int

  /// Reads `https://host:port`, with a path or without; nil for every other form.
  init?(_ text: String) {
    guard text.hasPrefix("https://") else { return nil }
    let authority = text.dropFirst("https://".count).prefix { $0 != "/" }
    guard !authority.contains("@"), !authority.isEmpty else { return nil }
    let portText: Substring
    if authority.hasPrefix("[") {
      guard let close = authority.firstIndex(of: "]") else { return nil }
      host = String(authority[authority.index(after: authority.startIndex)..<close])
      portText = authority[authority.index(after: close)...]
      guard IPAddress(host)?.isIPv6 == true else { return nil }
    } else {
      let colon = authority.firstIndex(of: ":") ?? authority.endIndex
      host = String(authority[..<colon])
      portText = authority[colon...]
    }
    guard !host.isEmpty else { return nil }
    if portText.isEmpty {
      port = 443
    } else {
      guard portText.hasPrefix(":"), let number = Int(portText.dropFirst()), 1...65535 ~= number else {
        return nil
      }
      port = number
    }
  }
}
