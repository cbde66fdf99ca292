import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// A ServiceEntry or WorkloadEntry that somebody wrote, beside what Linkwright would write.
struct IstioEntryView {
  private let manifest: Manifest
  private let spec: Node?

  init(_ manifest: Manifest) {
    self.manifest = manifest
    spec = manifest.node["spec"]
  }

  /// True when sidecars are led to the same gateways, in the same way.
  func leads(to remote: RemoteService) -> Bool {
    manifest.kind == "ServiceEntry" ? isServiceEntry(of: remote) : isWorkloadEntry(of: remote)
  }

  private func isServiceEntry(of remote: RemoteService) -> Bool {
    let hosts = spec?["hosts"]?.elements.map(\.text) ?? []
    guard hosts == [remote.host], spec?["location"]?.text == "MESH_INTERNAL", spec?["addresses"] == nil,
      spec?["exportTo"] == nil, spec?["resolution"]?.text == (remote.hasNames ? "DNS" : "STATIC")
    else { return false }
    let ports = Set(
      spec?["ports"]?.elements.map {
        "\($0["name"]?.text ?? "") \($0["number"]?.text ?? "") \($0["protocol"]?.text ?? "")"
      } ?? [])
    guard ports == Set(remote.ports.map { "\($0.name) \($0.number) \($0.transport ?? "TCP")" }) else {
      return false
    }
    let endpoints = spec?["endpoints"]?.elements.map { $0 } ?? []
    let wanted = remote.endpoints.flatMap { endpoint in
      endpoint.address.texts.map { "\($0) \(endpoint.member.network?.value ?? "")" }
    }
    return Set(endpoints.map { "\($0["address"]?.text ?? "") \($0["network"]?.text ?? "")" }) == Set(wanted)
      && endpoints.count == wanted.count && endpoints.allSatisfy { goes(through: $0, remote) }
  }

  private func isWorkloadEntry(of remote: RemoteService) -> Bool {
    guard let spec, goes(through: spec, remote) else { return false }
    return remote.endpoints.contains { endpoint in
      endpoint.member.network?.value == spec["network"]?.text
        && endpoint.address.texts.contains(spec["address"]?.text ?? "")
    }
  }

  /// Every port to the gateway's, with mutual TLS.
  private func goes(through endpoint: Node, _ remote: RemoteService) -> Bool {
    let ports = endpoint["ports"]
    return remote.ports.allSatisfy { ports?[$0.name]?.integer == InstallGateway.port }
      && endpoint.at("labels", "security.istio.io/tlsMode")?.text == "istio"
  }
}
