import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// Which of a connection's pods at one end are isolated in a direction. A policy that opens the way for them must select
/// no others: whoever it selects besides, and nobody isolated before, it would close.
struct IsolatedPods {
  /// Selectors for the policies that open the way; none where nobody is known to be isolated.
  let selectors: [TemplateValue]
  /// The known workloads among the isolated.
  let workloads: [Workload]
  /// True where nobody says what the platform puts into every namespace, and pods are left that no policy isolates.
  let isUnknown: Bool

  /// Clients, on their way out.
  ///
  /// Linear in the workloads and policies of the clients' namespace.
  init(_ client: BoundClient, in cluster: ClusterModel) {
    let clients = (cluster.declared.workloads[client.namespace] ?? []).filter {
      client.podSelector?.matches($0.podLabels) ?? true
    }
    self.init(
      clients, End(selector: client.podSelector, value: client.node["podSelector"].map { .node($0) }),
      cluster, client.namespace, .egress)
  }

  /// A Service's pods, on the way in.
  ///
  /// - Parameter runtimeLabels: labels that controllers set, as the connections say.
  init(_ target: BoundTarget, in cluster: ClusterModel, runtimeLabels: [String: [String]]) {
    let own = target.service.selector
    self.init(
      target.pods,
      End(
        selector: LabelSelector(equality: own), value: .map(["matchLabels": own.value]), labels: own,
        runtimeLabels: runtimeLabels),
      cluster, target.service.key.namespace, .ingress)
  }

  /// The pods at an end of a connection.
  private struct End {
    let selector: LabelSelector?
    /// As templates take the selector; absent: every pod.
    let value: TemplateValue?
    /// Labels that all of them have, where no workload is known.
    var labels: Labels?
    var runtimeLabels: [String: [String]] = [:]
  }

  private init(
    _ pods: [Workload], _ end: End, _ cluster: ClusterModel, _ namespace: String,
    _ direction: NetworkPolicy.Direction
  ) {
    guard end.labels?.isEmpty != true else {
      // Nobody knows where the Service leads; an empty selector of a policy would be every pod of the namespace.
      (selectors, workloads, isUnknown) = ([], [], false)
      return
    }
    let isolating = cluster.isolating(in: namespace, direction)
    func isSelected(_ labels: Labels, by policy: IsolatingPolicy) -> Bool {
      policy.podSelector.matches(labels, runtimeLabels: end.runtimeLabels)
    }
    workloads = pods.filter { pod in isolating.contains { isSelected(pod.podLabels, by: $0) } }
    let isEveryPod: Bool
    if pods.isEmpty {
      isEveryPod = isolating.contains { policy in
        policy.podSelector.selectsEverything || end.labels.map { isSelected($0, by: policy) } ?? false
      }
    } else {
      isEveryPod = workloads.count == pods.count
    }
    isUnknown = cluster.baseline == nil && !isEveryPod
    if isEveryPod {
      selectors = [end.value ?? .map([:])]
      return
    }
    // Some are open: each policy that isolates is followed, as far as the pods of this end go.
    var seen: Set<LabelSelector> = []
    selectors = isolating.filter { policy in
      pods.contains { isSelected($0.podLabels, by: policy) } && seen.insert(policy.podSelector).inserted
    }.map { policy in
      if let own = end.selector, !own.selectsEverything { return Self.both(own, policy.podSelector) }
      return policy.selectorNode.map { .node($0) }
        ?? Self.both(policy.podSelector, LabelSelector(requirements: []))
    }
  }

  /// The selector of what two select.
  private static func both(_ first: LabelSelector, _ second: LabelSelector) -> TemplateValue {
    var labels: TemplateFields = [:]
    var expressions: [TemplateValue] = []
    for requirement in first.requirements + second.requirements.filter({ !first.requirements.contains($0) }) {
      if case .isIn(let key, let values) = requirement, values.count == 1, labels[key] == nil {
        labels[key] = .string(values[0])
      } else {
        expressions.append(expression(requirement))
      }
    }
    var selector: TemplateFields = [:]
    if !labels.isEmpty { selector["matchLabels"] = .map(labels) }
    if !expressions.isEmpty { selector["matchExpressions"] = .list(expressions) }
    return .map(selector)
  }

  private static func expression(_ requirement: LabelSelector.Requirement) -> TemplateValue {
    let (word, values): (String, [String]) =
      switch requirement {
      case .isIn(_, let values): ("In", values)
      case .notIn(_, let values): ("NotIn", values)
      case .exists: ("Exists", [])
      case .doesNotExist: ("DoesNotExist", [])
      }
    var expression: TemplateFields = ["key": .string(requirement.key), "operator": .string(word)]
    if !values.isEmpty { expression["values"] = .list(values.map { .string($0) }) }
    return .map(expression)
  }
}

extension [BoundConnection] {
  /// Labels that controllers set on the pods of a target cluster, as the connections say.
  func runtimeLabels(in cluster: String) -> [String: [String]] {
    reduce(into: [:]) {
      $0.merge($1.connection.target(in: cluster).runtimeLabels) { first, _ in first }
    }
  }
}
