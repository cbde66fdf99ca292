import Diagnostics
import Kubernetes
import Linker
import YAMLTree

/// The pods of a gateway on the way: the Service that leads to them, who gets in, and whether they get out to the target.
struct GatewayWay {
  let cluster: JudgedCluster
  let namespace: String
  /// `the gateway projectcontour/envoy`.
  let name: String
  /// Workloads behind the Service or the selector; where no manifest makes them, one stands for them.
  let pods: [SubjectPod]

  /// True where policies stand in the namespace, or may concern it: else nobody has to be asked.
  var isGuarded: Bool {
    !cluster.clusterwidePolicies.isEmpty
      || !NamespaceSlice.namespacedPolicies(cluster, namespace).isEmpty
  }

  private var key: NamespaceSlice.Key { NamespaceSlice.Key(cluster: cluster.name, namespace: namespace) }

  /// The pods that labels choose in a namespace; nil where workloads of the namespace are known and none is chosen.
  static func pods(_ labels: Labels, in namespace: String, of cluster: JudgedCluster, unknown id: String)
    -> [SubjectPod]
  {
    let selector = LabelSelector(equality: labels)
    let chosen = cluster.workloads(in: namespace).filter { selector.matches($0.podLabels) }
    // Whoever makes them labels them; whatever else is added, no policy is written by.
    guard !chosen.isEmpty else {
      return [SubjectPod(id: id, workload: nil, labels: labels, knowsLabels: true)]
    }
    return chosen.map { SubjectPod($0) }
  }

  /// The pods' own policies admit those who come from outside. Their addresses only the network knows.
  func admit(port: (SubjectPod) -> Int?, _ who: String, _ walk: inout Walk) {
    let sender = Sender.outside(description: who)
    walk.judgeRefused(pods.map(\.workload), .gateway, in: cluster, name)
    guard !walk.isOver,
      !walk.isIdle(pods.map(\.workload), in: cluster, namespace, .gateway, name, behind: name)
    else { return }
    for pod in pods {
      guard !walk.isOver, let number = port(pod) else { return }
      switch walk.admission(of: sender, to: pod, in: key, port: number, .tcp) {
      case .yes?, nil: break
      case .depends?:
        walk.depend(
          .gateway, in: cluster.name, at: walk.isolating(pod, in: key), name,
          on: [
            Question(
              "whether the addresses that policies of \(namespace) in \(cluster.name) admit are those of \(who)"
            )
          ])
      case .no?:
        walk.fail(
          .gateway, in: cluster.name, name,
          Fault(
            JudgementRules.ingress,
            "no policy of \(namespace) in \(cluster.name) admits \(who) to port \(number) of \(name)",
            at: walk.isolating(pod, in: key),
            help: [
              "admit TCP \(number) to these pods; a policy of \(namespace) that does: \(Self.policy("allow-to-gateway", namespace, pod.labels, "Ingress", "ingress: [{ports: [{protocol: TCP, port: \(number)}]}]"))"
            ]))
      }
    }
  }

  /// A policy as one line of YAML: the gateway's namespace is somebody else's, so nothing is emitted there.
  private static func policy(
    _ name: String, _ namespace: String, _ labels: Labels, _ type: String, _ rules: String
  ) -> String {
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: \(name), namespace: \(namespace)}, spec: {podSelector: {matchLabels: \(mapping(labels))}, policyTypes: [\(type)], \(rules)}}"
  }

  /// `{app: db, version: "1"}`.
  private static func mapping(_ labels: Labels) -> String {
    "{\(labels.items.map { "\($0.key): \"\($0.value)\"" }.joined(separator: ", "))}"
  }

  /// The pods' own policies let them out to the target's pods.
  func depart(to targets: @autoclosure () -> [PeerPod], _ port: ServicePort, _ walk: inout Walk) {
    guard !walk.isOver, isGuarded else { return }
    let targets = targets()
    for pod in pods {
      for target in targets {
        guard !walk.isOver, let number = target.number(of: port.target, port.transport) else { continue }
        switch walk.departure(of: pod, in: key, to: target, port: number, port.transport) {
        case .yes?, nil: break
        case .depends?:
          walk.depend(
            .gateway, in: cluster.name, at: walk.isolating(pod, in: key, .egress), name,
            on: [
              Question(
                "whether policies of \(namespace) in \(cluster.name) let \(name) out to \(target.namespace)/\(target.name)"
              )
            ])
        case .no?:
          walk.fail(
            .gateway, in: cluster.name, name,
            Fault(
              JudgementRules.egress,
              "the policies of \(namespace) in \(cluster.name) do not let \(name) out to port \(number) of \(target.kind) \(target.name)",
              at: walk.isolating(pod, in: key, .egress),
              help: [
                "let these pods out to them; a policy of \(namespace) that does: \(Self.policy("allow-to-\(target.namespace)", namespace, pod.labels, "Egress", "egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: \(target.namespace)}}, podSelector: {matchLabels: \(Self.mapping(target.labels))}}], ports: [{protocol: \(port.transport.rawValue), port: \(number)}]}]"))"
              ]))
        }
      }
    }
  }
}

extension Service {
  /// The number that pods listen at behind a port; nil for a name that they do not declare.
  func number(of port: Int, in pod: SubjectPod) -> Int? {
    guard let port = ports.first(where: { $0.number == port && $0.transport == .tcp }) else { return nil }
    return pod.number(of: port.target, port.transport)
  }
}
