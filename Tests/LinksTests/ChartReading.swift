import Foundation
import YAMLTree

/// What the Cilium chart makes of a release's values: the objects that tell a member of its peers. Read from the
/// charts 1.16.19, 1.17.18, 1.18.12, 1.19.6 and 1.20.0 (templates/clustermesh-config and
/// templates/clustermesh-apiserver/users-configmap.yaml) and from what they render, independently of what Linkwright
/// emits. Values that a fragment leaves out have the chart's defaults.
struct ChartReading {
  /// The chart's minor release: 16 to 20.
  let minor: Int
  let values: Node
  let namespace: String

  private struct Peer {
    let name: String
    let address: String?
    let ips: [String]
    let port: String
  }

  private func value(_ path: String...) -> Node? {
    path.reduce(Optional(values)) { $0?[$1] }
  }

  private var usesServer: Bool { value("clustermesh", "useAPIServer")?.boolean ?? false }
  private var isConfigured: Bool { value("clustermesh", "config", "enabled")?.boolean ?? false }
  private var usesKVStoreMesh: Bool {
    value("clustermesh", "apiserver", "kvstoremesh", "enabled")?.boolean ?? true
  }
  private var domain: String { value("clustermesh", "config", "domain")?.text ?? "mesh.cilium.io" }

  /// A list, and from 1.19 on a map whose keys are the names; a peer may be switched off there.
  private var peers: [Peer] {
    guard let clusters = value("clustermesh", "config", "clusters") else { return [] }
    func peer(_ name: String, _ node: Node) -> Peer {
      Peer(
        name: name, address: node["address"]?.text, ips: node["ips"]?.elements.map(\.text) ?? [],
        port: node["port"]?.text ?? "<no value>")
    }
    let all =
      clusters.kind == .mapping
      ? clusters.entries.map { ($0.key.text, $0.value) }
      : clusters.elements.map { ($0["name"]?.text ?? "", $0) }
    return all.filter { minor < 19 || $0.1["enabled"]?.boolean != false }.map { peer($0.0, $0.1) }.sorted {
      $0.name < $1.name
    }
  }

  /// The Secret that agents read; nil where the chart makes none.
  var agents: [String: String]? {
    guard usesServer, isConfigured else { return nil }
    guard usesKVStoreMesh else {
      return Dictionary(uniqueKeysWithValues: peers.map { ($0.name, remote($0)) })
    }
    // Every peer is read from the own cluster's server, with the certificate for it; 1.16 had one certificate.
    let files = minor == 16 ? "common" : "local"
    let own = configuration(["https://clustermesh-apiserver.\(namespace).svc:2379"], files)
    return Dictionary(uniqueKeysWithValues: peers.map { ($0.name, own) })
  }

  /// The Secret that KVStoreMesh reads.
  var kvstoremesh: [String: String]? {
    guard usesServer, isConfigured, usesKVStoreMesh else { return nil }
    return Dictionary(uniqueKeysWithValues: peers.map { ($0.name, remote($0)) })
  }

  /// `users.yaml` of the ConfigMap; nil where clients are not told apart.
  var users: [String]? {
    let mode =
      value("clustermesh", "apiserver", "tls", "authMode")?.text ?? (minor >= 19 ? "migration" : "legacy")
    guard usesServer, isConfigured, mode != "legacy" else { return nil }
    return peers.map { "remote-\($0.name)" }
  }

  private func remote(_ peer: Peer) -> String {
    let host = peer.ips.isEmpty ? peer.address ?? "" : "\(peer.name).\(domain)"
    var text = configuration(["https://\(host):\(peer.port)"], "common")
    if minor >= 20, !peer.ips.isEmpty {
      text += "\ncilium-host-aliases:\n- hostname: \(host)\n  ips: "
      for address in peer.ips { text += "\n    - \(address)" }
    }
    return text
  }

  private func configuration(_ endpoints: [String], _ files: String) -> String {
    let folder = "/var/lib/cilium/clustermesh/"
    return
      (["endpoints:"] + endpoints.map { "- \($0)" } + [
        "trusted-ca-file: \(folder)\(files)-etcd-client-ca.crt",
        "key-file: \(folder)\(files)-etcd-client.key",
        "cert-file: \(folder)\(files)-etcd-client.crt",
      ]).joined(separator: "\n")
  }
}
