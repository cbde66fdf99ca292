import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// The policies that let clients out to the addresses of one target cluster.
///
/// One is emitted only where clients are isolated already, and not where existing policies let them out.
struct StaticPolicies {
  let unit: StaticConnection
  let target: BoundTarget
  /// What is known of the address; nil while it is pending.
  let networks: [IPNetwork]?

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

  /// The ports at the address, each once.
  private var ports: [PodPort] {
    let mapped = unit.connection.section("static", in: target.cluster)?["ports"]
    var seen: Set<PodPort> = []
    return target.ports.map { bound in
      let number = mapped?[String(bound.port.number)]?.integer ?? bound.port.number
      return PodPort(.number(number), bound.port.transport)
    }.filter { seen.insert($0).inserted }
  }

  /// Emits them, or gives where they would stand once the addresses are known.
  func emit(into lowered: inout LoweredUnit) -> [Placement] {
    // A consumer that leaves policies out would leave these out too.
    guard unit.model.fleet.consumer?.excludedKinds.contains("NetworkPolicy") != true else { return [] }
    var pending: [Placement] = []
    for wanted in wanted(&lowered) {
      guard let networks else {
        pending.append(Placement(wanted.cluster.name, .manifests, wanted.identity))
        continue
      }
      if let proof = proof(for: wanted, networks) {
        lowered.satisfied.append(
          Satisfied(cluster: wanted.cluster.name, identity: proof.manifest.identity, manifest: proof.manifest)
        )
        continue
      }
      lowered.emissions.append(
        Emission(
          cluster: wanted.cluster.name, part: .manifests, template: "static/egress-policy.yaml",
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
  private func wanted(_ lowered: inout LoweredUnit) -> [Wanted] {
    var wanted: [Wanted] = []
    var done: Set<String> = []
    var numbers: [String: Int] = [:]
    for client in unit.connection.clients(of: target) {
      guard let cluster = client.cluster.flatMap({ unit.model.clusters[$0] }) else { continue }
      let place = "\(cluster.name)/\(client.namespace)"
      guard done.insert("\(place)/\(client.podSelector?.description ?? "")").inserted else { continue }
      let isolated = IsolatedPods(client, in: cluster)
      for selector in isolated.selectors {
        guard let base = unit.name("egressPolicy", .subdomain, target, &lowered) else { return wanted }
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
  private func proof(for wanted: Wanted, _ networks: [IPNetwork]) -> NetworkPolicy? {
    let policies = wanted.cluster.policies(in: wanted.namespace).filter { policy in
      policy.isolatesEgress && !wanted.workloads.isEmpty
        && wanted.workloads.allSatisfy { policy.podSelector.matches($0.podLabels) }
    }
    let rules = policies.flatMap { $0.rules(.egress) }
    let dns = ClusterDNS(wanted.cluster)
    let resolvers = PodPeer(labels: dns.labels, namespace: dns.namespace, in: wanted.cluster)
    guard
      rules.contains(where: { rule in
        resolvers.isAdmitted(by: rule, .egress, of: wanted.namespace)
          && NetworkPolicy.rule(rule, admits: dns.port, name: "dns", .udp)
      })
    else { return nil }
    return policies.first { policy in
      networks.allSatisfy { network in
        ports.allSatisfy { port in
          guard case .number(let number) = port.reference else { return false }
          return policy.rules(.egress).contains {
            NetworkPolicy.rule($0, admits: network, number, port.transport)
          }
        }
      }
    }
  }
}
