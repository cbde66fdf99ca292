import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// How kubeconfigs reach API servers (facts 26 and 48 to 51).
struct APIServerChecks {
  let mesh: MeshLink
  let model: FleetModel

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    var urls: [String: (cluster: String, node: Node)] = [:]
    for member in mesh.bound {
      guard let cluster = model.clusters[member.cluster], let settings = APIServerSettings(cluster) else {
        continue
      }
      findings += server(member, settings) + authority(cluster, settings) + credentials(member, settings)
      findings += exposure(member, settings, cluster)
      let place = settings.exposure?.address?.node ?? settings.server?.node
      guard let place, let url = settings.url(service: "\(member.cluster)-apiserver", in: cluster) else {
        continue
      }
      if let other = urls.updateValue((member.cluster, place), forKey: url) {
        findings.append(
          Diagnostic(
            ClusterMeshRules.serverURL,
            "\(member.cluster) and \(other.cluster) have the same API server, \(url)",
            at: place.range, "API server of \(member.cluster)",
            also: [Label(other.node.range, "of \(other.cluster)")],
            help: ["correct one of them"]))
      }
    }
    return findings
  }

  private func server(_ member: MeshMember, _ settings: APIServerSettings) -> [Diagnostic] {
    if settings.server == nil, settings.exposure?.address == nil {
      return [
        Diagnostic(
          ClusterMeshRules.serverURL, "nobody says where the API server of \(member.cluster) is",
          at: settings.node.range,
          "neither 'server' nor 'expose.address'",
          help: ["add 'server', or the address of a node under 'expose'"])
      ]
    }
    guard let server = settings.server else { return [] }
    guard let url = ServerURL(server.value) else {
      return [
        Diagnostic(
          ClusterMeshRules.serverURL, "'\(server.value)' is not the URL of an API server",
          at: server.node.range,
          server.value.contains("://") ? "not https://host:port" : "no scheme",
          help: ["write it like https://api.example.com:6443"])
      ]
    }
    return names(member, settings, url.host, server.node)
  }

  /// The certificate must hold the host, unless another name is checked.
  private func names(_ member: MeshMember, _ settings: APIServerSettings, _ host: String, _ node: Node)
    -> [Diagnostic]
  {
    guard let declared = settings.node["certificateNames"] else { return [] }
    let name = settings.node["tlsServerName"]
    let wanted = name?.text ?? host
    guard !ServerNames.covers(wanted, declared.elements.map(\.text)) else { return [] }
    return [
      Diagnostic(
        ClusterMeshRules.apiServerService,
        "the API server's certificate of \(member.cluster) does not hold \(wanted)",
        at: (name ?? node).range, "clients would refuse the connection",
        also: [Label(declared.range, "its names")],
        help: [
          "add the name to the certificate (kubeadm: apiServer.certSANs), or set 'tlsServerName: kubernetes'"
        ])
    ]
  }

  private func authority(_ cluster: ClusterModel, _ settings: APIServerSettings) -> [Diagnostic] {
    guard let path = settings.certificateAuthorityFile else {
      return [
        Diagnostic(
          ClusterMeshRules.certificateAuthority,
          "the kubeconfig of \(cluster.name) has no certificate authority",
          at: settings.node.range, "only a public authority would be trusted",
          help: ["name the API server's CA certificate: certificateAuthorityFile"]
        ).with(.warning)
      ]
    }
    guard let file = cluster.certificateAuthority else {
      return [
        Diagnostic(
          ClusterMeshRules.certificateAuthority, "there is no file \(path.value)", at: path.node.range,
          "cannot be read",
          help: ["paths start at the fleet's root; put the API server's public CA certificate there"])
      ]
    }
    if Self.holds("PRIVATE KEY-----", file.bytes) {
      return [
        Diagnostic(
          ClusterMeshRules.privateKey, "\(path.value) holds a private key", at: path.node.range,
          "a certificate is wanted",
          help: [
            "take the key out of the file and of the repository's history, and replace it: it is no secret any more"
          ])
      ]
    }
    guard Self.holds("-----BEGIN CERTIFICATE-----", file.bytes) else {
      return [
        Diagnostic(
          ClusterMeshRules.certificateAuthority, "\(path.value) holds no certificate", at: path.node.range,
          "no PEM block CERTIFICATE", help: ["write the certificate as PEM"])
      ]
    }
    return []
  }

  /// Linear: the needle is short.
  private static func holds(_ text: StaticString, _ bytes: [UInt8]) -> Bool {
    let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    guard bytes.count >= wanted.count else { return false }
    for start in 0...(bytes.count - wanted.count) where bytes[start] == wanted[0] {
      if bytes[start..<start + wanted.count].elementsEqual(wanted) { return true }
    }
    return false
  }

  private func credentials(_ member: MeshMember, _ settings: APIServerSettings) -> [Diagnostic] {
    guard let credentials = settings.credentials else { return [] }
    let kinds = ["exec", "tokenFile", "clientCertificate"].compactMap { credentials.key($0) }
    if kinds.count > 1, let last = kinds.last {
      return [
        Diagnostic(
          ClusterMeshRules.credentials, "\(member.cluster) has \(kinds.count) kinds of credentials",
          at: last.range,
          "another one", also: [Label(kinds[0].range, "the first")], help: ["keep one"])
      ]
    }
    let hasCertificate = credentials["clientCertificate"] != nil
    guard hasCertificate != (credentials["clientKey"] != nil) else { return [] }
    return [
      Diagnostic(
        ClusterMeshRules.credentials, "a client certificate and its key belong together",
        at: credentials.range,
        hasCertificate ? "no clientKey" : "no clientCertificate",
        help: ["name both files by their paths on the reader's machine"])
    ]
  }

  private func exposure(
    _ member: MeshMember, _ settings: APIServerSettings, _ cluster: ClusterModel
  ) -> [Diagnostic] {
    guard let exposure = settings.exposure else { return [] }
    var findings: [Diagnostic] = []
    if settings.node["managed"]?.boolean == true {
      findings.append(
        Diagnostic(
          ClusterMeshRules.apiServerService,
          "the API server of \(member.cluster) has no pods that a Service could select",
          at: exposure.node.range, "its control plane is managed",
          help: ["use the provider's own URL as 'server', and remove 'expose'"]
        ).with(.warning))
    }
    if let port = exposure.nodePort {
      let range = cluster.cluster.nodePorts
      if !(range ~= port.value) {
        findings.append(
          Diagnostic(
            ClusterMeshRules.apiServerService, "\(port.value) is not a node port of \(member.cluster)",
            at: port.node.range, "not between \(range.lowerBound) and \(range.upperBound)",
            help: [
              "choose a free port of that range, or say which one the API server has: spec.network.nodePortRange"
            ]))
      } else if let server = settings.server, let url = ServerURL(server.value), range ~= url.port,
        url.port != port.value
      {
        findings.append(
          Diagnostic(
            ClusterMeshRules.apiServerService,
            "the API server's URL has node port \(url.port), its Service \(port.value)",
            at: server.node.range, "another port", also: [Label(port.node.range, "the Service's")],
            help: ["write one port in both places"]))
      }
    }
    if let port = exposure.nodePort,
      let (key, service) = cluster.declared.services.sorted(by: { $0.key < $1.key }).first(where: {
        key, service in
        service.ports.contains { $0.nodePort == port.value && $0.target != .number(6443) }
      })
    {
      findings.append(
        Diagnostic(
          ClusterMeshRules.apiServerService,
          "Service \(key.description) in \(member.cluster) has node port \(port.value) too",
          at: port.node.range, "the API server's", also: [Label(service.manifest.nameNode.range, "taken")],
          help: ["choose another node port for one of them"]))
    }
    if let address = exposure.address {
      findings += names(member, settings, address.value, address.node)
    }
    return findings
  }
}

extension Diagnostic {
  /// The finding with another severity than its rule's.
  func with(_ severity: Severity) -> Diagnostic {
    var finding = self
    finding.severity = severity
    return finding
  }
}
