import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// The policies around one target: who lets the load balancer in, and who lets clients out.
///
/// A policy is emitted for a direction only where the pods are isolated in it, and not where an existing
/// policy admits the traffic already.
struct PorterPolicies {
  let unit: PorterService
  let claim: ClaimResolution
  let cluster: ClusterModel

  /// The namespace of OpenShift's router, with the labels that its operator sets
  /// (cluster-ingress-operator, pkg/manifests/assets/router/namespace.yaml).
  static let ingress = NamespacePeer(
    labels: Labels([
      "kubernetes.io/metadata.name": "openshift-ingress", "network.openshift.io/policy-group": "ingress",
      "policy-group.network.openshift.io/ingress": "",
    ]))

  /// What stands for nodes, with the router's labels where that runs in their network: NodePorts are reached through nodes
  /// (the same operators).
  static let nodes = NamespacePeer(
    labels: Labels([
      "kubernetes.io/metadata.name": "openshift-host-network", "network.openshift.io/policy-group": "ingress",
      "policy-group.network.openshift.io/ingress": "", "policy-group.network.openshift.io/host-network": "",
    ]))

  private var policy: PolicySettings { claim.policies[cluster.name] ?? PolicySettings() }
  private var target: BoundTarget? { unit.target(in: cluster.name) }
  private var namespace: String { unit.service.namespace }

  func emit(into lowered: inout LoweredUnit) {
    emitIngress(into: &lowered)
    emitEgress(into: &lowered)
  }

  // MARK: The load balancer's way in

  private func emitIngress(into lowered: inout LoweredUnit) {
    guard let target else { return }
    let port = PodPort(claim.port.port.target, .tcp)
    let ports = podPorts(target)
    let isolated = IsolatedPods(target, in: cluster, runtimeLabels: runtimeLabels)
    let existing = cluster.declared.policies[namespace] ?? []
    // A platform of which nobody knows what it isolates is taken to isolate, as its documentation says.
    guard isolated.isUnknown || !isolated.selectors.isEmpty else { return }
    let closed = isolated.isUnknown ? target.pods : isolated.workloads
    if let admitting = existing.first(where: { admitsAll(closed, of: target, $0, ports) }) {
      let identity = admitting.manifest.identity
      lowered.satisfied.append(
        Satisfied(cluster: cluster.name, identity: identity, manifest: admitting.manifest))
      lowered.findings += labelFinding(admitting).map { [$0] } ?? []
      return
    }
    reportNearMisses(existing, target, port, &lowered)
    guard policy.isEmitted, !isExcluded else {
      // What admits the nodes in one of their guises is no reason to refuse: the connection hangs on it.
      if !existing.contains(where: { mayAdmit(closed, of: target, $0, ports) }) {
        lowered.findings.append(notAdmitted(target))
      }
      return
    }
    if isolated.isUnknown {
      lowered.findings.append(
        Diagnostic(
          PorterRules.isolationAssumed,
          "nobody says what policies \(cluster.name) puts into every namespace; a policy is emitted to be safe",
          at: cluster.cluster.name.node.range, "no spec.network.baseline",
          help: [
            "list the platform's policies in spec.network.baseline, or write 'baseline: []' if there are none"
          ]))
    }
    if policy.ingressLabels != .both, let node = policy.node?["ingressLabels"] {
      lowered.findings.append(labelFinding(policy.ingressLabels, "the emitted policy", at: node))
    }
    checkSelector(target, &lowered)
    guard
      let base = policy.name?.value ?? PorterNames(unit: unit).policy(cluster.name, &lowered.findings)
    else { return }
    for (index, selector) in selectors(target, isolated).enumerated() {
      let name = index == 0 ? base : "\(base)-\(index + 1)"
      lowered.emissions.append(
        Emission(
          cluster: cluster.name, part: .manifests, template: "porter/network-policy.yaml",
          identity: ObjectIdentity(
            apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace: namespace, name: name),
          variables: [
            "policy": .map([
              "name": .string(name),
              "podSelector": selectorLabels(target), "selector": selector,
              "peers": .list(peers),
              "ports": policy.restrictsPorts ? .list(ports.map(\.value)) : .none,
            ])
          ]))
    }
  }

  /// The author's selector; else the Service's own, as far as its pods are isolated.
  private func selectors(_ target: BoundTarget, _ isolated: IsolatedPods) -> [TemplateValue] {
    if let node = policy.podSelector { return [.node(node)] }
    return isolated.isUnknown ? [.map(["matchLabels": selectorLabels(target)])] : isolated.selectors
  }

  private func selectorLabels(_ target: BoundTarget) -> TemplateValue {
    .map(TemplateFields(target.service.selector.items.lazy.map { ($0.key, .string($0.value)) }))
  }

  /// A selector of the author's that leaves out pods of the Service.
  private func checkSelector(_ target: BoundTarget, _ lowered: inout LoweredUnit) {
    guard let node = policy.podSelector else { return }
    let selector = LabelSelector(node)
    let missed = target.pods.filter { !selector.matches($0.podLabels, runtimeLabels: runtimeLabels) }
    guard !missed.isEmpty || target.pods.isEmpty && !selector.matches(target.service.selector) else { return }
    lowered.findings.append(
      Diagnostic(
        PorterRules.policyMissesPods,
        "the policy would admit the load balancer to pods with \(selector.description), not to all of Service \(unit.service.name)",
        at: node.range, "in \(cluster.name)",
        also: missed.prefix(2).map {
          Label($0.manifest.nameNode.range, "its pods have \($0.podLabels.description)")
        },
        help: ["remove 'podSelector': the Service's own selector is the default"]))
  }

  /// Labels that controllers set, as the connections say.
  private var runtimeLabels: [String: [String]] {
    unit.connections.runtimeLabels(in: cluster.name)
  }

  /// The target port as each pod has it; a name stays a name where pods disagree on its number.
  private func podPorts(_ target: BoundTarget) -> [PodPort] {
    guard let bound = target.ports.first(where: { $0.port.number == claim.port.port.number }) else {
      return [PodPort(claim.port.port.target, .tcp)]
    }
    guard case .name = bound.port.target else { return [PodPort(bound.port.target, .tcp)] }
    let numbers = Set(target.pods.compactMap { $0.number(of: bound.port.target, .tcp) })
    if numbers.count == 1, let number = numbers.first { return [PodPort(.number(number), .tcp)] }
    return [PodPort(bound.port.target, .tcp)]
  }

  private var peers: [TemplateValue] {
    var peers: [TemplateValue] = []
    if policy.ingressLabels != .current {
      peers.append(.map(["labels": .map(["network.openshift.io/policy-group": .string("ingress")])]))
    }
    if policy.ingressLabels != .legacy {
      peers.append(.map(["labels": .map(["policy-group.network.openshift.io/ingress": .string("")])]))
    }
    if policy.admitsHostNetwork {
      peers.append(.map(["labels": .map(["policy-group.network.openshift.io/host-network": .string("")])]))
    }
    return peers
  }

  /// - Parameter closed: the workloads that must be let in to; none where no workload is known.
  private func admitsAll(
    _ closed: [Workload], of target: BoundTarget, _ policy: NetworkPolicy, _ ports: [PodPort]
  ) -> Bool {
    guard policy.isolatesIngress, selectsAll(closed, of: target, policy) else { return false }
    // Both guises in which it arrives; they may be admitted by different rules.
    return ports.allSatisfy { port in
      [Self.ingress, Self.nodes].allSatisfy { admits($0, closed, policy, port) }
    }
  }

  private func admits(
    _ peer: NamespacePeer, _ closed: [Workload], _ policy: NetworkPolicy, _ port: PodPort
  ) -> Bool {
    policy.rules(.ingress).contains { rule in
      closed.isEmpty
        ? peer.isAdmitted(by: rule, to: port, pod: nil)
        : closed.allSatisfy { peer.isAdmitted(by: rule, to: port, pod: $0) }
    }
  }

  /// True for a policy that admits the load balancer in one of its guises, or addresses of nodes.
  private func mayAdmit(
    _ closed: [Workload], of target: BoundTarget, _ policy: NetworkPolicy, _ ports: [PodPort]
  ) -> Bool {
    guard policy.isolatesIngress, selectsAll(closed, of: target, policy) else { return false }
    let nodes = cluster.cluster.nodeCIDRs.compactMap { IPNetwork($0.value) }
    func namesNodes(_ rule: Node) -> Bool {
      NetworkPolicy.peers(rule, .ingress)?.contains { peer in
        peer.at("ipBlock", "cidr").flatMap { IPNetwork($0.text) }.map { block in
          nodes.contains(where: block.overlaps)
        } ?? false
      } ?? false
    }
    return ports.allSatisfy { port in
      [Self.ingress, Self.nodes].contains { admits($0, closed, policy, port) }
        || policy.rules(.ingress).contains { rule in
          namesNodes(rule)
            && NetworkPolicy.rule(
              rule, admits: closed.first?.number(of: port.reference, port.transport), name: nil,
              port.transport)
        }
    }
  }

  private func selectsAll(_ pods: [Workload], of target: BoundTarget, _ policy: NetworkPolicy) -> Bool {
    if pods.isEmpty { return policy.podSelector.matches(target.service.selector) }
    return pods.allSatisfy { pod in
      policy.podSelector.matches(pod.podLabels, runtimeLabels: runtimeLabels)
    }
  }

  private var isExcluded: Bool {
    unit.model.fleet.consumer?.excludedKinds.contains("NetworkPolicy") ?? false
  }

  // MARK: Old and new labels

  /// A policy that knows only one of the two labels of the ingress namespaces.
  private func labelFinding(_ policy: NetworkPolicy) -> Diagnostic? {
    let rules = policy.rules(.ingress)
    let legacy = NamespacePeer(labels: Labels(["network.openshift.io/policy-group": "ingress"]))
    let current = NamespacePeer(labels: Labels(["policy-group.network.openshift.io/ingress": ""]))
    let (knowsLegacy, knowsCurrent) = (
      rules.contains(where: legacy.matches), rules.contains(where: current.matches)
    )
    guard knowsLegacy != knowsCurrent else { return nil }
    return labelFinding(
      knowsLegacy ? .legacy : .current, "NetworkPolicy \(policy.manifest.name)", at: policy.manifest.nameNode)
  }

  private func labelFinding(_ labels: PolicySettings.IngressLabels, _ what: String, at node: Node)
    -> Diagnostic
  {
    Diagnostic(
      PorterRules.oneLabel,
      "\(what) selects the ingress namespaces by the \(labels == .legacy ? "old" : "new") label only",
      at: node.range,
      "in \(cluster.name)",
      help: [
        labels == .legacy
          ? "select policy-group.network.openshift.io/ingress: \"\" as well: the old label may be removed"
          : "select network.openshift.io/policy-group: ingress as well, as long as a cluster knows only the old label"
      ])
  }

  // MARK: Findings about existing policies

  /// Policies that name the ingress namespaces, so are meant for the load balancer, but miss.
  private func reportNearMisses(
    _ existing: [NetworkPolicy], _ target: BoundTarget, _ port: PodPort, _ lowered: inout LoweredUnit
  ) {
    for policy in existing where policy.isolatesIngress {
      let meant = policy.rules(.ingress).filter {
        NetworkPolicy.peers($0, .ingress) != nil && Self.ingress.matches($0)
      }
      guard !meant.isEmpty else { continue }
      if selectsAll(target.pods, of: target, policy) {
        reportPorts(policy, meant, target, port, &lowered)
      } else if overlaps(policy, target) {
        reportSelector(policy, target, &lowered)
      }
    }
  }

  /// A policy that selects some of the Service's pods, or whose labels are nearly theirs.
  private func overlaps(_ policy: NetworkPolicy, _ target: BoundTarget) -> Bool {
    if target.pods.contains(where: { policy.podSelector.matches($0.podLabels) }) { return true }
    let others = (cluster.declared.workloads[namespace] ?? []).filter {
      policy.podSelector.matches($0.podLabels)
    }
    return others.isEmpty
  }

  private func reportPorts(
    _ policy: NetworkPolicy, _ rules: [Node], _ target: BoundTarget, _ port: PodPort,
    _ lowered: inout LoweredUnit
  ) {
    // A rule with the right port misses by its peers: that is no matter of ports.
    let isOpen = podPorts(target).allSatisfy { port in
      rules.contains { rule in
        target.pods.isEmpty
          ? Self.ingress.isAdmitted(by: rule, to: port, pod: nil)
          : target.pods.allSatisfy { Self.ingress.isAdmitted(by: rule, to: port, pod: $0) }
      }
    }
    guard !isOpen else { return }
    let ports = rules.compactMap { $0["ports"] }.first { $0.count > 0 }
    let named = ports?.elements.compactMap { $0["port"]?.text } ?? []
    let isServicePort = named.contains(String(claim.port.port.number))
    // The right port under another protocol is no other port; its number is as good as its name.
    let own = [port.reference.description] + podPorts(target).map(\.reference.description)
    let other = ports?.elements.first { own.contains($0["port"]?.text ?? "") }
    if let transport = other?["protocol"], transport.string.flatMap(TransportProtocol.init) != .tcp {
      lowered.findings.append(
        Diagnostic(
          PorterRules.policyMissesPort,
          "NetworkPolicy \(policy.manifest.name) admits the load balancer to port \(port.reference.description) by \(transport.text), but the load balancer speaks TCP",
          at: transport.range, "in \(cluster.name)", help: ["write 'protocol: TCP', or leave it out"]))
      return
    }
    lowered.findings.append(
      Diagnostic(
        PorterRules.policyMissesPort,
        "NetworkPolicy \(policy.manifest.name) admits the load balancer to port \(listed(named)), but the pods listen on \(port.reference.description)",
        at: (ports ?? policy.manifest.nameNode).range, "in \(cluster.name)",
        also: [
          Label(
            (target.ports.first { $0.port.number == claim.port.port.number }?.port ?? claim.port.port).node
              .range,
            "port \(claim.port.port.number) leads to \(port.reference.description)")
        ],
        help: [
          isServicePort
            ? "policies see pod ports, not Service ports: write \(port.reference.description)"
            : "add port \(port.reference.description)\(untilThen)"
        ]))
  }

  private func reportSelector(_ policy: NetworkPolicy, _ target: BoundTarget, _ lowered: inout LoweredUnit) {
    let selector = policy.manifest.node.at("spec", "podSelector") ?? policy.manifest.nameNode
    let missed = target.pods.filter { !policy.podSelector.matches($0.podLabels) }
    lowered.findings.append(
      Diagnostic(
        PorterRules.policyMissesPods,
        "NetworkPolicy \(policy.manifest.name) admits the load balancer to pods with \(policy.podSelector.description), not to those of Service \(unit.service.name)",
        at: selector.range, "in \(cluster.name)",
        also: missed.prefix(2).map {
          Label($0.manifest.nameNode.range, "its pods have \($0.podLabels.description)")
        },
        help: [
          "select \(LabelSelector(equality: target.service.selector).description)\(untilThen)"
        ]))
  }

  private var untilThen: String {
    policy.isEmitted && !isExcluded ? "; Linkwright emits a policy of its own until then" : ""
  }

  private func notAdmitted(_ target: BoundTarget) -> Diagnostic {
    var also: [Label] = []
    let labels = target.pods.isEmpty ? [target.service.selector] : target.pods.map(\.podLabels)
    if case .isolated(let policies) = cluster.isolation(of: labels, in: namespace, .ingress),
      let first = policies.first
    {
      also.append(Label(first.manifest.nameNode.range, "isolates the pods"))
    }
    if let node = policy.node?["emit"] { also.append(Label(node.range, "no policy is emitted")) }
    return Diagnostic(
      PorterRules.notAdmitted,
      "no policy of \(namespace) in \(cluster.name) admits the load balancer to the pods of \(unit.service.name)",
      at: target.reference.range, "the load balancer finds the pods closed", also: also,
      help: ["let Linkwright emit the policy, or add one that admits the ingress namespaces to these pods"])
  }

  // MARK: The clients' way out

  /// One policy for each choice of pods: connections that share their clients share the policy.
  private func emitEgress(into lowered: inout LoweredUnit) {
    var done: Set<String> = []
    for connection in unit.connections(to: cluster.name) {
      guard
        let target = connection.targets.first(where: {
          $0.cluster == cluster.name && $0.service.key == unit.service
        })
      else { continue }
      var emitted: [String: Int] = [:]
      for client in connection.clients(of: target) {
        guard let name = client.cluster, let model = unit.model.clusters[name] else { continue }
        let selectors = IsolatedPods(client, in: model).selectors
        guard !selectors.isEmpty else { continue }
        let place = "\(model.name)/\(client.namespace)"
        guard done.insert("\(place)/\(client.podSelector?.description ?? "")").inserted else { continue }
        for selector in selectors {
          emitted[place, default: 0] += 1
          emitEgress(client, selector, model, of: connection, number: emitted[place] ?? 1, &lowered)
        }
      }
    }
  }

  /// `number` tells a connection's policies in one namespace apart.
  private func emitEgress(
    _ client: BoundClient, _ selector: TemplateValue, _ model: ClusterModel, of connection: BoundConnection,
    number: Int,
    _ lowered: inout LoweredUnit
  ) {
    guard let target,
      let base = PorterNames(unit: unit).egressPolicy(cluster.name, of: connection, &lowered.findings)
    else { return }
    let name = number == 1 ? base : "\(base)-\(number)"
    let identity = ObjectIdentity(
      apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace: client.namespace, name: name)
    let server = VirtualServer(
      claim: claim.name, service: target.service, cluster: cluster, opposite: unit.opposite(of: cluster),
      settings: unit.settings, primary: unit.primary, claims: unit.claims)
    guard let address = server.address, let port = server.port else {
      lowered.pending.append(
        Pending(
          cluster: cluster.name, namespace: namespace,
          fact: "the address and port of TransportServerClaim \(claim.name)",
          objects: [Placement(model.name, .manifests, identity)],
          resources: "tscs,ts,svc,endpoints"))
      return
    }
    lowered.emissions.append(
      Emission(
        cluster: model.name, part: .manifests, template: "porter/egress-policy.yaml", identity: identity,
        variables: [
          "policy": .map([
            "name": .string(name), "namespace": .string(client.namespace),
            "podSelector": selector,
            "cidr": .string(address.contains(":") ? "\(address)/128" : "\(address)/32"),
            "port": .integer(port), "dns": ClusterDNS(model).value(),
          ])
        ], connections: [connection.id.description]))
  }
}
