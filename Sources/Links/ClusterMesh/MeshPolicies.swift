import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// The policies around a global Service: who lets clients in, and who lets them out.
///
/// Cilium enforces both at the pods, after the Service has chosen one, so ports are pod ports and every peer carries
/// its cluster's name: that means the same whatever a member's policyDefaultLocalCluster is. A policy is emitted only
/// where pods are isolated already; one for open pods would close them.
struct MeshPolicies {
  let unit: GlobalServiceUnit

  /// Every endpoint carries it (cilium/cilium pkg/k8s/apis/cilium.io/const.go).
  static let clusterLabel = "io.cilium.k8s.policy.cluster"

  private var namespace: String { unit.service.namespace }

  func emit(into lowered: inout LoweredUnit) {
    for target in unit.targets { emitIngress(target, &lowered) }
    emitEgress(&lowered)
    checkOwnPods(&lowered)
  }

  // MARK: Pods of the own cluster

  /// Where the clients' cluster answers as well, the Service leads them to its own pods too. Policies for what stays in
  /// a cluster are its authors'; that they close this way is worth saying.
  private func checkOwnPods(_ lowered: inout LoweredUnit) {
    for connection in unit.connections {
      for client in connection.clients {
        guard let name = client.cluster, let cluster = unit.model.clusters[name],
          let member = unit.mesh.member(name),
          let target = connection.targets.first(where: {
            $0.cluster == name && $0.service.key == unit.service
          }),
          // What Cilium's own policies admit is not read here.
          cluster.ciliumPolicies(in: client.namespace).isEmpty, cluster.ciliumPolicies(in: namespace).isEmpty
        else { continue }
        // Only whether they are admitted is asked: nothing is satisfied by it.
        var asked = LoweredUnit(connections: [], subject: lowered.subject)
        let isolated = IsolatedPods(client, in: cluster)
        let isClosedOut =
          !isolated.selectors.isEmpty
          && !isLetOut(client, isolated.workloads, to: target, of: member, cluster, member, &asked)
        var isClosedIn = false
        let labels = target.pods.isEmpty ? [target.service.selector] : target.pods.map(\.podLabels)
        if case .isolated = cluster.isolation(of: labels, in: namespace, .ingress) {
          isClosedIn = !isAdmitted(
            client, to: target, target.pods, Self.podPorts(target), member, &asked)
        }
        guard isClosedOut || isClosedIn else { continue }
        let what = isClosedOut ? "lets these clients out to them" : "lets these clients in"
        lowered.findings.append(
          Diagnostic(
            ClusterMeshRules.ownPodsClosed,
            "Service \(unit.service.description) leads clients in \(name) to its pods in \(name) as well, and no policy \(what)",
            at: client.node.range, "clients in \(name)",
            also: [Label(target.reference.range, "pods of \(name) answer too")],
            help: [
              "admit them with a policy of your own: Linkwright writes policies for what crosses clusters, or leave \(name) out of 'to'"
            ]))
      }
    }
  }

  // MARK: In

  private func emitIngress(_ target: BoundTarget, _ lowered: inout LoweredUnit) {
    guard let cluster = unit.model.clusters[target.cluster], let member = unit.mesh.member(target.cluster)
    else {
      return
    }
    let isolated = IsolatedPods(
      target, in: cluster, runtimeLabels: unit.connections.runtimeLabels(in: cluster.name))
    if isolated.isUnknown { lowered.findings.append(unknownBaseline(cluster)) }
    guard !isolated.selectors.isEmpty else { return }
    var rules: [TemplateValue] = []
    for connection in unit.connections {
      for own in connection.targets where own.cluster == target.cluster && own.service.key == unit.service {
        let ports = Self.podPorts(own)
        let clients = connection.clients(of: own).filter { client in
          !isAdmitted(client, to: own, isolated.workloads, ports, member, &lowered)
        }
        guard !clients.isEmpty else { continue }
        let peers = clients.compactMap { client in
          client.cluster.flatMap { unit.mesh.member($0) }.map { Self.peer(client, of: $0) }
        }
        rules.append(.map(["peers": .list(peers), "ports": .list(ports.map(\.value))]))
      }
    }
    guard !rules.isEmpty,
      let base = MeshNames.name(
        "ingressPolicy", cluster: target.cluster, service: unit.service, unit.connections, unit.model,
        unit.mesh,
        &lowered.findings)
    else { return }
    let selector = target.service.selector.items.map { ($0.key, TemplateValue.string($0.value)) }
    for (index, isolatedPods) in isolated.selectors.enumerated() {
      emit(
        "ingress-policy", index == 0 ? base : "\(base)-\(index + 1)", namespace, in: target.cluster,
        [
          "podSelector": .map(TemplateFields(selector)), "selector": isolatedPods, "rules": .list(rules),
        ], &lowered)
    }
  }

  /// True when an existing policy of the target's namespace admits the client; it is then the proof.
  ///
  /// - Parameter pods: the workloads that it must admit to; none where no workload is known.
  private func isAdmitted(
    _ client: BoundClient, to target: BoundTarget, _ pods: [Workload], _ ports: [PodPort],
    _ member: MeshMember,
    _ lowered: inout LoweredUnit
  ) -> Bool {
    guard let cluster = unit.model.clusters[target.cluster],
      let origin = client.cluster.flatMap({ unit.mesh.member($0) })
    else { return true }
    let peer = MeshPeer(client: client, of: origin)
    for policy in cluster.declared.policies[namespace] ?? [] where policy.isolatesIngress {
      guard Self.selects(policy, pods, of: target) else { continue }
      let admits = ports.allSatisfy { port in
        policy.rules(.ingress).contains { rule in
          peer.isAdmitted(by: rule, .ingress, of: namespace, member.settings)
            && Self.admits(rule, port, target)
        }
      }
      guard admits else { continue }
      lowered.satisfied.append(
        Satisfied(cluster: target.cluster, identity: policy.manifest.identity, manifest: policy.manifest))
      return true
    }
    let labels = pods.isEmpty ? [target.service.selector] : pods.map(\.podLabels)
    return isKept(
      CiliumAdmission(cluster, namespace, .ingress).policy(labels, ports) { rule in
        rule["fromEndpoints"]?.elements.contains {
          peer.isNamed(by: $0, in: namespace, needsCluster: member.settings.policyDefaultLocalCluster)
        } ?? false
      },
      in: target.cluster, &lowered)
  }

  /// Names a policy as proof, where there is one.
  private func isKept(_ policy: Manifest?, in cluster: String, _ lowered: inout LoweredUnit) -> Bool {
    guard let policy else { return false }
    lowered.satisfied.append(Satisfied(cluster: cluster, identity: policy.identity, manifest: policy))
    return true
  }

  private static func selects(_ policy: NetworkPolicy, _ pods: [Workload], of target: BoundTarget) -> Bool {
    pods.isEmpty
      ? policy.podSelector.matches(target.service.selector)
      : pods.allSatisfy { policy.podSelector.matches($0.podLabels) }
  }

  private static func admits(_ rule: Node, _ port: PodPort, _ target: BoundTarget) -> Bool {
    switch port.reference {
    case .number(let number):
      let name = target.pods.first?.containerPorts.first { $0.number == number }?.name
      return NetworkPolicy.rule(rule, admits: number, name: name, port.transport)
    case .name(let name): return NetworkPolicy.rule(rule, admits: nil, name: name, port.transport)
    }
  }

  // MARK: Out

  private func emitEgress(_ lowered: inout LoweredUnit) {
    /// The rules of each group of clients, by cluster, namespace and selector.
    var groups: [String: (client: BoundClient, rules: [TemplateValue])] = [:]
    for connection in unit.connections {
      for client in connection.clients {
        guard let name = client.cluster, let cluster = unit.model.clusters[name],
          let member = unit.mesh.member(name)
        else { continue }
        let isolated = IsolatedPods(client, in: cluster)
        guard !isolated.selectors.isEmpty else { continue }
        let rules = connection.targets.filter { $0.service.key == unit.service && $0.cluster != name }
          .compactMap { target -> TemplateValue? in
            guard let origin = unit.mesh.member(target.cluster) else { return nil }
            return isLetOut(client, isolated.workloads, to: target, of: origin, cluster, member, &lowered)
              ? nil : Self.rule(to: target, of: origin, namespace)
          }
        guard !rules.isEmpty else { continue }
        let key = "\(name) \(client.namespace) \(client.podSelector?.description ?? "")"
        groups[key, default: (client, [])].rules += rules
      }
    }
    var used: Set<String> = []
    for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
      emit(group.client, group.rules, &used, &lowered)
    }
  }

  private func emit(
    _ client: BoundClient, _ rules: [TemplateValue], _ used: inout Set<String>, _ lowered: inout LoweredUnit
  ) {
    guard let cluster = client.cluster, let model = unit.model.clusters[cluster],
      let member = unit.mesh.member(cluster),
      let base = MeshNames.name(
        "egressPolicy", cluster: cluster, service: unit.service, unit.connections, unit.model, unit.mesh,
        &lowered.findings)
    else { return }
    // Several groups of clients in one namespace get a policy each.
    var number = 1
    for selector in IsolatedPods(client, in: model).selectors {
      var name = number == 1 ? base : "\(base)-\(number)"
      while !used.insert("\(cluster)/\(client.namespace)/\(name)").inserted {
        number += 1
        name = "\(base)-\(number)"
      }
      emit(
        "egress-policy", name, client.namespace, in: cluster,
        [
          "podSelector": selector, "rules": .list(rules),
          "dns": ClusterDNS(model).value(adding: [Self.clusterLabel: member.name]),
        ], &lowered)
    }
  }

  /// True when an existing policy lets these pods of a client out; it is then the proof.
  private func isLetOut(
    _ client: BoundClient, _ pods: [Workload], to target: BoundTarget, of origin: MeshMember,
    _ cluster: ClusterModel,
    _ member: MeshMember, _ lowered: inout LoweredUnit
  ) -> Bool {
    let peer = MeshPeer(labels: target.service.selector, namespace: namespace, of: origin)
    let ports = Self.podPorts(target)
    for policy in cluster.declared.policies[client.namespace] ?? [] where policy.isolatesEgress {
      guard !pods.isEmpty, pods.allSatisfy({ policy.podSelector.matches($0.podLabels) }) else { continue }
      let admits = ports.allSatisfy { port in
        policy.rules(.egress).contains { rule in
          peer.isAdmitted(by: rule, .egress, of: client.namespace, member.settings)
            && Self.admits(rule, port, target)
        }
      }
      guard admits else { continue }
      lowered.satisfied.append(
        Satisfied(cluster: cluster.name, identity: policy.manifest.identity, manifest: policy.manifest))
      return true
    }
    return isKept(
      CiliumAdmission(cluster, client.namespace, .egress).policy(pods.map(\.podLabels), ports) { rule in
        rule["toEndpoints"]?.elements.contains {
          peer.isNamed(
            by: $0, in: client.namespace, needsCluster: member.settings.policyDefaultLocalCluster)
        } ?? false
      },
      in: cluster.name, &lowered)
  }

  // MARK: Values

  private func emit(
    _ template: String, _ name: String, _ namespace: String, in cluster: String,
    _ variables: TemplateFields, _ lowered: inout LoweredUnit
  ) {
    let own: TemplateFields = ["name": .string(name), "namespace": .string(namespace)]
    lowered.emissions.append(
      Emission(
        cluster: cluster, part: .manifests, template: "cluster-mesh/\(template).yaml",
        identity: ObjectIdentity(
          apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace: namespace, name: name),
        variables: ["policy": .map(own.merging(variables))]))
  }

  private func unknownBaseline(_ cluster: ClusterModel) -> Diagnostic {
    Diagnostic(
      ClusterMeshRules.unknownBaseline,
      "nobody says what policies \(cluster.name) puts into every namespace; policies are emitted only where manifests isolate pods",
      at: cluster.cluster.name.node.range, "no spec.network.baseline",
      help: [
        "list the platform's policies in spec.network.baseline, or write 'baseline: []' if there are none"
      ])
  }

  /// The target ports as the pods have them; a name stays a name where pods disagree on its number.
  static func podPorts(_ target: BoundTarget) -> [PodPort] {
    target.ports.map { bound in
      if case .name = bound.port.target {
        let numbers = Set(target.pods.compactMap { $0.number(of: bound.port.target, bound.port.transport) })
        if numbers.count == 1, let number = numbers.first {
          return PodPort(.number(number), bound.port.transport)
        }
      }
      return PodPort(bound.port.target, bound.port.transport)
    }
  }

  private static func peer(_ client: BoundClient, of member: MeshMember) -> TemplateValue {
    var labels: TemplateFields = [:]
    for (key, value) in client.node.at("podSelector", "matchLabels")?.entries.map({ $0 }) ?? [] {
      labels[key.text] = .string(value.text)
    }
    labels[clusterLabel] = .string(member.name)
    var selector: TemplateFields = ["matchLabels": .map(labels)]
    if let expressions = client.node.at("podSelector", "matchExpressions") {
      selector["matchExpressions"] = .node(expressions)
    }
    return .map(["namespace": .string(client.namespace), "podSelector": .map(selector)])
  }

  private static func rule(to target: BoundTarget, of member: MeshMember, _ namespace: String)
    -> TemplateValue
  {
    var labels: TemplateFields = [:]
    for label in target.service.selector.items { labels[label.key] = .string(label.value) }
    labels[clusterLabel] = .string(member.name)
    let peer: TemplateValue = .map([
      "namespace": .string(namespace), "podSelector": .map(["matchLabels": .map(labels)]),
    ])
    return .map(["peers": .list([peer]), "ports": .list(podPorts(target).map(\.value))])
  }
}

/// Pods of another cluster, as a policy of this one sees them.
struct MeshPeer: Sendable {
  let labels: Labels
  let namespace: String
  /// False where the peer is every pod of a namespace: then only a rule for all of them admits it.
  private let isSelected: Bool
  private let cluster: String

  init(client: BoundClient, of member: MeshMember) {
    labels = Labels(client.node.at("podSelector", "matchLabels"))
    namespace = client.namespace
    isSelected = !labels.isEmpty
    cluster = member.name
  }

  init(labels: Labels, namespace: String, of member: MeshMember) {
    self.labels = labels
    self.namespace = namespace
    isSelected = true
    cluster = member.name
  }

  /// True when a rule's peers include all these pods, for a policy in a namespace of a member.
  func isAdmitted(
    by rule: Node, _ direction: NetworkPolicy.Direction, of policyNamespace: String,
    _ settings: CiliumSettings
  ) -> Bool {
    guard let peers = NetworkPolicy.peers(rule, direction) else { return true }
    // Without the label, a policy that means the own cluster means these pods where they are its own.
    let needsCluster = settings.policyDefaultLocalCluster && cluster != settings.name.value
    return peers.contains { matches($0, policyNamespace, needsCluster: needsCluster) }
  }

  /// True when a peer would include the pods if it named their cluster, and does not.
  func isMissedForCluster(by peer: Node, of policyNamespace: String) -> Bool {
    matches(peer, policyNamespace, needsCluster: false) && !matches(peer, policyNamespace, needsCluster: true)
  }

  /// The same for an entry of a CiliumNetworkPolicy's endpoints; equality of labels only.
  func isNamed(by endpoints: Node, in policyNamespace: String, needsCluster: Bool) -> Bool {
    var (namesCluster, namesNamespace) = (false, false)
    for requirement in CiliumPolicy.selector(endpoints).requirements {
      guard case .isIn = requirement else { return false }
      let single = LabelSelector(requirements: [requirement])
      switch requirement.key {
      case MeshPolicies.clusterLabel:
        namesCluster = true
        guard single.matches(Labels([requirement.key: cluster])) else { return false }
      case "io.kubernetes.pod.namespace":
        namesNamespace = true
        guard single.matches(Labels([requirement.key: namespace])) else { return false }
      default:
        guard isSelected, single.matches(labels) else { return false }
      }
    }
    return (namesNamespace || namespace == policyNamespace) && (namesCluster || !needsCluster)
  }

  private func matches(_ peer: Node, _ policyNamespace: String, needsCluster: Bool) -> Bool {
    // Cilium's ipBlocks do not select pods.
    guard peer["ipBlock"] == nil else { return false }
    if let namespaces = peer["namespaceSelector"] {
      guard LabelSelector(namespaces).matches(Labels(["kubernetes.io/metadata.name": namespace])) else {
        return false
      }
    } else if namespace != policyNamespace {
      return false
    }
    let selector = LabelSelector(peer["podSelector"])
    var namesCluster = false
    for requirement in selector.requirements {
      let single = LabelSelector(requirements: [requirement])
      if requirement.key == MeshPolicies.clusterLabel || requirement.key == "k8s:" + MeshPolicies.clusterLabel
      {
        namesCluster = true
        guard single.matches(Labels([requirement.key: cluster])) else { return false }
      } else {
        guard isSelected, single.matches(labels) else { return false }
      }
    }
    return namesCluster || !needsCluster
  }
}
