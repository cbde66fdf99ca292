import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// The policy that admits other clusters to a gateway's pods, where something isolates them. Whoever installs the
/// gateway knows its labels; nothing else is known of the sender, who comes from outside the cluster.
enum GatewayAdmission {
  static func emit(_ traffic: TetrateTraffic, in cluster: String, into lowered: inout LoweredUnit) {
    guard let gateway = traffic.gateways[cluster], let model = traffic.model.clusters[cluster] else { return }
    let labels = gateway.choice.labels
    guard case .isolated = model.isolation(of: [labels], in: gateway.namespace, .ingress) else { return }
    let proof = model.declared.policies[gateway.namespace]?.first { policy in
      policy.isolatesIngress && policy.podSelector.matches(labels)
        && policy.rules(.ingress).contains { rule in
          NetworkPolicy.rule(rule, admits: InstallGateway.port, name: nil, .tcp)
            && (NetworkPolicy.peers(rule, .ingress)?.contains {
              $0.at("ipBlock", "cidr")?.text == "0.0.0.0/0"
            }
              ?? true)
        }
    }
    let cilium = CiliumAdmission(model, gateway.namespace, .ingress)
    let everybody = [IPNetwork("0.0.0.0/0")].compactMap { $0 }
    if let proof = proof?.manifest
      ?? cilium.policy(
        [labels], [PodPort(.number(InstallGateway.port), .tcp)], peer: { cilium.names(everybody, $0) })
    {
      lowered.satisfied.append(Satisfied(cluster: cluster, identity: proof.identity, manifest: proof))
      return
    }
    guard
      let name = TetrateNames.name(
        "gatewayPolicy", traffic.link, cluster: cluster, in: traffic.model, &lowered.findings)
    else { return }
    lowered.emissions.append(
      Emission(
        cluster: cluster, part: .manifests, template: "tetrate/gateway-policy.yaml",
        identity: ObjectIdentity(
          apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace: gateway.namespace, name: name),
        variables: [
          "policy": .map([
            "name": .string(name), "namespace": .string(gateway.namespace), "podLabels": labels.value,
          ])
        ]))
  }
}
