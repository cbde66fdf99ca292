import Compiler
import Kubernetes
import Linker
import YAMLTree

/// What existing policies say about the load balancer in front of one Service in one cluster.
struct PorterPolicyForm {
  /// A policy that Linkwright would write just so, with the settings that make it.
  private(set) var exact: (policy: NetworkPolicy, settings: SpecMap)?
  /// A policy that admits the load balancer and does more or less than Linkwright's would.
  private(set) var admitting: NetworkPolicy?
  /// What keeps it from being written by Linkwright, as a sentence's end.
  private(set) var reason = ""
  /// Labels of the Service's selector that only running pods have.
  let runtimeLabels: [(key: String, value: String)]

  private static let legacy = "network.openshift.io/policy-group"
  private static let current = "policy-group.network.openshift.io/ingress"
  private static let hostNetwork = "policy-group.network.openshift.io/host-network"

  /// The namespace of OpenShift's router, with the labels that its operator sets.
  private static let ingress = NamespacePeer(
    labels: Labels([
      "kubernetes.io/metadata.name": "openshift-ingress", "network.openshift.io/policy-group": "ingress",
      "policy-group.network.openshift.io/ingress": "",
    ]))

  init(_ service: Service, port: ServicePort, in cluster: AdoptedCluster) {
    let (pods, runtime) = cluster.pods(of: service)
    runtimeLabels = runtime
    let possible = Dictionary(runtime.map { ($0.key, [$0.value]) }) { first, _ in first }
    for policy in cluster.policies[service.key.namespace] ?? [] where policy.isolatesIngress {
      let selectsAll =
        pods.isEmpty
        ? policy.podSelector.matches(service.selector)
        : pods.allSatisfy { policy.podSelector.matches($0.podLabels, runtimeLabels: possible) }
      guard selectsAll else { continue }
      let target = Self.podPort(port, pods)
      let admits = policy.rules(.ingress).contains { rule in
        pods.isEmpty
          ? Self.ingress.isAdmitted(by: rule, to: target, pod: nil)
          : pods.allSatisfy { Self.ingress.isAdmitted(by: rule, to: target, pod: $0) }
      }
      guard admits else { continue }
      switch Self.settings(policy, service, target) {
      case .success(let settings) where exact == nil: exact = (policy, settings)
      case .success: admit(policy, "policy '\(exact?.policy.manifest.name ?? "")' admits it too")
      case .failure(let field): admit(policy, field.text)
      }
    }
    // What a second policy admits anyway, Linkwright would not emit: then all stay as they are.
    if admitting != nil { exact = nil }
  }

  private mutating func admit(_ policy: NetworkPolicy, _ reason: String) {
    guard admitting == nil else { return }
    admitting = policy
    self.reason = reason
  }

  /// A field that the specification cannot say.
  private struct Unsaid: Error {
    let text: String
  }

  private static func podPort(_ port: ServicePort, _ pods: [Workload]) -> PodPort {
    let numbers = Set(pods.compactMap { $0.number(of: port.target, port.transport) })
    if numbers.count == 1, let number = numbers.first { return PodPort(.number(number), port.transport) }
    return PodPort(port.target, port.transport)
  }

  /// `networkPolicy` settings that give a policy with this spec; else the field that none give.
  private static func settings(
    _ policy: NetworkPolicy, _ service: Service, _ target: PodPort
  ) -> Result<SpecMap, Unsaid> {
    let rules = policy.rules(.ingress)
    if policy.isolatesEgress { return .failure(Unsaid(text: "spec.policyTypes has Egress too")) }
    if policy.podSelector.selectsEverything {
      return .failure(Unsaid(text: "spec.podSelector selects every pod of the namespace"))
    }
    guard rules.count == 1 else {
      return .failure(Unsaid(text: "spec.ingress has \(rules.count) rules, and Linkwright writes one"))
    }
    guard let peers = NetworkPolicy.peers(rules[0], .ingress) else {
      return .failure(Unsaid(text: "spec.ingress[0].from is absent: it admits everybody"))
    }
    var settings = SpecMap()
    settings.add("name", .text(policy.manifest.name))
    if Set(policy.podSelector.requirements) != Set(LabelSelector(equality: service.selector).requirements) {
      settings.add("podSelector", policy.manifest.node.at("spec", "podSelector").map { SpecValue($0) })
    }
    if let ports = rules[0]["ports"], ports.count > 0 {
      guard ports.count == 1, let port = ports.elements.first(where: { _ in true }), port["endPort"] == nil,
        port["protocol"]?.text ?? "TCP" == target.transport.rawValue,
        PortReference(port["port"]) == target.reference
      else {
        return .failure(
          Unsaid(
            text:
              "spec.ingress[0].ports is not the target port \(target.reference.description) alone, as a number"
          ))
      }
    } else {
      settings.add("restrictPorts", .boolean(false))
    }
    guard let labels = labels(of: peers) else {
      return .failure(Unsaid(text: "spec.ingress[0].from has peers beside the ingress namespaces"))
    }
    if labels.names != "both" { settings.add("ingressLabels", .text(labels.names)) }
    if labels.admitsHosts { settings.add("hostNetwork", .boolean(true)) }
    return .success(settings)
  }

  /// How the peers name the ingress namespaces; nil for peers that Linkwright does not write.
  private static func labels(of peers: [Node]) -> (names: String, admitsHosts: Bool)? {
    var found: Set<String> = []
    for peer in peers {
      guard peer.count == 1, let selector = peer["namespaceSelector"], selector.count == 1,
        let labels = selector["matchLabels"], labels.count == 1
      else { return nil }
      let label = Labels(labels).items[0]
      switch (label.key, label.value) {
      case (legacy, "ingress"), (current, ""), (hostNetwork, ""): found.insert(label.key)
      default: return nil
      }
    }
    guard found.count == peers.count else { return nil }
    let admitsHosts = found.contains(hostNetwork)
    switch (found.contains(legacy), found.contains(current)) {
    case (true, true): return ("both", admitsHosts)
    case (true, false): return ("legacy", admitsHosts)
    case (false, true): return ("current", admitsHosts)
    case (false, false): return nil
    }
  }
}
