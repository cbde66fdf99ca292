import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// Which of a connection's clients may not go out: whoever lets them out must not isolate the others.
struct IsolatedClients {
  /// Selectors of the policies that let them out; none where nobody is isolated, or nobody knows.
  let selectors: [TemplateValue]
  /// The known workloads among them.
  let workloads: [Workload]

  /// Linear in the workloads and policies of the clients' namespace.
  init(_ client: BoundClient, in cluster: ClusterModel) {
    let clients = (cluster.declared.workloads[client.namespace] ?? []).filter {
      client.podSelector?.matches($0.podLabels) ?? true
    }
    guard
      case .isolated(let policies) = cluster.isolation(
        of: clients.map(\.podLabels), in: client.namespace, .egress)
    else {
      selectors = []
      workloads = []
      return
    }
    let isolated = clients.filter { client in
      policies.contains { $0.podSelector.matches(client.podLabels) }
    }
    workloads = isolated
    let own = client.node["podSelector"]
    if isolated.count == clients.count {
      selectors = [own.map { .node($0) } ?? .map([:])]
      return
    }
    // Some are open: each policy that isolates is followed, as far as the clients go.
    var seen: Set<LabelSelector> = []
    selectors = policies.filter { policy in
      clients.contains { policy.podSelector.matches($0.podLabels) }
        && seen.insert(policy.podSelector).inserted
    }.map { policy in
      guard let theirs = policy.manifest.node.at("spec", "podSelector") else { return .map([:]) }
      guard let own, client.podSelector?.selectsEverything == false else { return .node(theirs) }
      return Self.both(LabelSelector(own), LabelSelector(theirs))
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
