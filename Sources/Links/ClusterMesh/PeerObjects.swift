import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// What the chart makes of its list of peers, as objects of their own (cilium/charts 1.20,
/// templates/clustermesh-config): for releases that nobody upgrades for a new peer. They hold file names and
/// addresses, and no key.
struct PeerObjects {
  let unit: MemberUnit

  private static let agentSecret = "cilium-clustermesh"

  private var settings: CiliumSettings { unit.member.settings }

  func emit(into lowered: inout LoweredUnit) {
    let peers = zip(unit.mesh.bound, unit.peers.addresses).filter { $0.0.cluster != unit.member.cluster }
    var remote: TemplateFields = [:]
    var local: TemplateFields = [:]
    let own = TemplateValue.string(Base64.encode(Array(localConfiguration.utf8)))
    for (peer, address) in peers {
      guard let text = configuration(of: peer, at: address) else { continue }
      remote[peer.name] = .string(Base64.encode(Array(text.utf8)))
      local[peer.name] = own
    }
    if settings.usesKVStoreMesh {
      emit("cilium-kvstoremesh", remote, &lowered)
      emit(Self.agentSecret, local, &lowered)
    } else {
      emit(Self.agentSecret, remote, &lowered)
    }
    guard unit.mesh.authMode(of: unit.member) != .legacy else { return }
    let names = peers.map(\.0.name).sorted()
    let text = "users:\n" + names.map { "- name: remote-\($0)\n  role: remote\n" }.joined()
    lowered.emissions.append(
      Emission(
        cluster: unit.member.cluster, part: .manifests, template: "cluster-mesh/remote-users.yaml",
        identity: ObjectIdentity(
          apiVersion: "v1", kind: "ConfigMap", namespace: settings.namespace, name: "clustermesh-remote-users"
        ),
        variables: ["users": .map(["namespace": .string(settings.namespace), "text": .string(text)])]))
  }

  private func emit(_ name: String, _ data: TemplateFields, _ lowered: inout LoweredUnit) {
    lowered.emissions.append(
      Emission(
        cluster: unit.member.cluster, part: .manifests, template: "cluster-mesh/peers-secret.yaml",
        identity: ObjectIdentity(apiVersion: "v1", kind: "Secret", namespace: settings.namespace, name: name),
        variables: [
          "secret": .map([
            "name": .string(name), "namespace": .string(settings.namespace), "data": .map(data),
          ])
        ]))
  }

  /// True when the list of peers on record holds a name.
  static func lists(_ name: String, _ member: MeshMember, in model: FleetModel) -> Bool {
    let identity = ObjectIdentity(
      apiVersion: "v1", kind: "Secret", namespace: member.settings.namespace, name: agentSecret)
    return model.recordedOutput[member.cluster]?.objects[identity]?.node.at("data")?[name] != nil
  }

  // MARK: Configurations, byte for byte as the chart writes them: without a newline at the end

  /// With KVStoreMesh, agents read every peer's state from their own cluster's server.
  private var localConfiguration: String {
    let prefix = settings.chartVersion.readsPeersAsLocal ? "local" : "common"
    return client(
      "https://\(CiliumSettings.serviceName).\(settings.namespace).svc:\(CiliumSettings.servicePort)", prefix)
  }

  private func configuration(of peer: MeshMember, at address: PeerAddress) -> String? {
    let port = peer.settings.peerPort
    switch address {
    case .pending: return nil
    case .name(let name): return client("https://\(name):\(port)", "common")
    case .ips(let addresses):
      let host = "\(peer.name).\(unit.mesh.settings.domain)"
      return client("https://\(host):\(port)", "common")
        + "\ncilium-host-aliases:\n- hostname: \(host)\n  ips: \n"
        + addresses.map { "    - \($0)" }.joined(separator: "\n")
    }
  }

  private func client(_ endpoint: String, _ prefix: String) -> String {
    let path = "/var/lib/cilium/clustermesh/\(prefix)-etcd-client"
    return
      "endpoints:\n- \(endpoint)\ntrusted-ca-file: \(path)-ca.crt\nkey-file: \(path).key\ncert-file: \(path).crt"
  }
}
