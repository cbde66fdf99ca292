import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// The policies that let clients of a connection out to the addresses of one target cluster.
///
/// One is emitted only where clients are isolated already, and not where existing policies let them out.
struct EgressPolicies {
  let model: FleetModel
  let clients: [BoundClient]
  /// What is known of the addresses; nil while they are pending.
  let networks: [IPNetwork]?
  /// The ports at the addresses, each once.
  let ports: [PodPort]
  /// The template, whose variable `policy` has the fields of `variables`.
  let template: String

  /// The variables of templates for such policies.
  static let variables = TemplateField.field(
    "policy",
    .object([
      .field("name", .string), .field("namespace", .string, "of the clients"),
      .field("podSelector", .labelSelector, "the clients"),
      .field("networks", .list(.string), "the addresses"),
      .field("ports", .list(SharedTemplates.podPort), "at the addresses"), ClusterDNS.variable,
    ]))

  /// A policy that is wanted.
  private struct Wanted {
    let cluster: ClusterModel
    let namespace: String
    let selector: TemplateValue
    let workloads: [Workload]
    let name: String

    var identity: ObjectIdentity {
      ObjectIdentity(
        apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace: namespace, name: name)
    }
  }

  /// Emits them, or gives where they would stand once the addresses are known.
  ///
  /// - Parameter name: their name; a number is added to the second of a namespace, and so on.
  func emit(
    into lowered: inout LoweredUnit, name: (inout LoweredUnit) -> String?
  ) -> [Placement] {
    // A consumer that leaves policies out would leave these out too.
    guard model.fleet.consumer?.excludedKinds.contains("NetworkPolicy") != true else { return [] }
    var pending: [Placement] = []
    for wanted in wanted(&lowered, name) {
      guard let networks else {
        pending.append(Placement(wanted.cluster.name, .manifests, wanted.identity))
        continue
      }
      if let proof = proof(for: wanted, networks) {
        lowered.satisfied.append(
          Satisfied(cluster: wanted.cluster.name, identity: proof.identity, manifest: proof)
        )
        continue
      }
      lowered.emissions.append(
        Emission(
          cluster: wanted.cluster.name, part: .manifests, template: template,
          identity: wanted.identity,
          variables: [
            "policy": .map([
              "name": .string(wanted.name), "namespace": .string(wanted.namespace),
              "podSelector": wanted.selector, "networks": .list(networks.map { .string($0.description) }),
              "ports": .list(ports.map(\.value)), "dns": ClusterDNS(wanted.cluster).value(),
            ])
          ]))
    }
    return pending
  }

  /// One policy for each choice of pods in a namespace.
  private func wanted(
    _ lowered: inout LoweredUnit, _ name: (inout LoweredUnit) -> String?
  ) -> [Wanted] {
    var wanted: [Wanted] = []
    var done: Set<String> = []
    var numbers: [String: Int] = [:]
    for client in clients {
      guard let cluster = client.cluster.flatMap({ model.clusters[$0] }) else { continue }
      let place = "\(cluster.name)/\(client.namespace)"
      guard done.insert("\(place)/\(client.podSelector?.description ?? "")").inserted else { continue }
      let isolated = IsolatedPods(client, in: cluster)
      for selector in isolated.selectors {
        guard let base = name(&lowered) else { return wanted }
        let number = numbers[place, default: 0] + 1
        numbers[place] = number
        wanted.append(
          Wanted(
            cluster: cluster, namespace: client.namespace, selector: selector, workloads: isolated.workloads,
            name: number == 1 ? base : "\(base)-\(number)"))
      }
    }
    return wanted
  }

  // MARK: What exists

  /// A policy that lets these clients out already, as far as their questions for names are answered too.
  private func proof(for wanted: Wanted, _ networks: [IPNetwork]) -> Manifest? {
    let pods = wanted.workloads.map(\.podLabels)
    let policies = wanted.cluster.policies(in: wanted.namespace).filter { policy in
      policy.isolatesEgress && !pods.isEmpty && pods.allSatisfy(policy.podSelector.matches)
    }
    let rules = policies.flatMap { $0.rules(.egress) }
    let dns = ClusterDNS(wanted.cluster)
    let resolvers = PodPeer(labels: dns.labels, namespace: dns.namespace, in: wanted.cluster)
    let cilium = CiliumAdmission(wanted.cluster, wanted.namespace, .egress)
    let asksForNames =
      rules.contains { rule in
        resolvers.isAdmitted(by: rule, .egress, of: wanted.namespace)
          && NetworkPolicy.rule(rule, admits: dns.port, name: "dns", .udp)
      }
      || cilium.policy(pods, [PodPort(.number(dns.port), .udp)]) { cilium.names(resolvers, $0) } != nil
    guard asksForNames else { return nil }
    let policy = policies.first { policy in
      networks.allSatisfy { network in
        ports.allSatisfy { port in
          guard case .number(let number) = port.reference else { return false }
          return policy.rules(.egress).contains {
            NetworkPolicy.rule($0, admits: network, number, port.transport)
          }
        }
      }
    }
    return policy?.manifest ?? cilium.policy(pods, ports) { cilium.names(networks, $0) }
  }
}
