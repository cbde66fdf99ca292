import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Istio's AuthorizationPolicies at the target's pods, which see the client's own identity: mutual TLS is not ended on the
/// way.
///
/// From Istio's reference (security/authorization-policy): a policy selects pods of its namespace, one in the root
/// namespace those of all; what a DENY policy matches is denied; where ALLOW policies select a pod, one of them must match;
/// without rules a policy matches nothing. Rules are read as far as namespaces and ports go; whatever else they ask for
/// is a question.
struct AuthorizationPolicies {
  private static let root = "istio-system"

  private let cluster: JudgedCluster

  init(_ cluster: JudgedCluster) { self.cluster = cluster }

  /// Judges the crossing's clients at all of its target's pods. Linear in the policies of the cluster.
  func judge(_ crossing: Crossing, _ walk: inout Walk) {
    guard !walk.isOver, let slice = walk.targetSlice else { return }
    let policies = cluster.objects(ofKind: "AuthorizationPolicy").filter {
      $0.manifest.identity.group == "security.istio.io"
    }
    guard !policies.isEmpty else { return }
    let namespace = crossing.target.service.key.namespace
    var open: [KnownObject] = []
    for pod in walk.targetPods {
      let subject = slice.subjects[pod]
      let port = subject.number(of: crossing.port.port.target, .tcp) ?? crossing.port.port.number
      let own = policies.filter { selects($0, namespace, subject.labels) }
      let allowing = own.filter { action($0) == "ALLOW" }
      for policy in own where ["DENY", "CUSTOM"].contains(action(policy)) {
        switch matches(policy, crossing.client.namespace, port) {
        case .no: break
        case .yes where action(policy) == "DENY":
          fail(crossing, subject, [policy], denied(policy), wanted: .no, &walk)
          return
        default: open.append(policy)
        }
      }
      guard !allowing.isEmpty else { continue }
      let answer = allowing.reduce(Ternary.no) { $0 || matches($1, crossing.client.namespace, port) }
      guard answer != .no else {
        fail(
          crossing, subject, allowing, admitted(crossing, port, namespace), wanted: .yes, &walk)
        return
      }
      if answer == .depends { open += allowing }
    }
    guard !open.isEmpty else { return }
    let names = Set(open.map { $0.manifest.identity.description }).sorted()
    walk.depend(
      .ingress, in: cluster.name, at: open.map { $0.label() }, "identity of the clients",
      on: [
        Question(
          "whether \(listed(names)) of \(cluster.name) lets the clients in: its rules ask for more than is evaluated"
        )
      ])
  }

  private func action(_ policy: KnownObject) -> String { policy.node.at("spec", "action")?.text ?? "ALLOW" }

  private func selects(_ policy: KnownObject, _ namespace: String, _ labels: Labels) -> Bool {
    guard policy.manifest.namespace == namespace || policy.manifest.namespace == Self.root else {
      return false
    }
    let wanted = policy.node.at("spec", "selector")?.labels("matchLabels")
    return wanted?.items.allSatisfy { labels[$0.key] == $0.value } ?? true
  }

  // MARK: Rules

  private func matches(_ policy: KnownObject, _ namespace: String, _ port: Int) -> Ternary {
    // A waypoint or a gateway is meant, not these pods for sure.
    let isAttached = policy.node.at("spec", "targetRefs") != nil || policy.node.at("spec", "targetRef") != nil
    let answer = (policy.node.at("spec", "rules")?.elements.map { $0 } ?? []).reduce(Ternary.no) {
      $0 || rule($1, namespace, port)
    }
    return isAttached && answer == .yes ? .depends : answer
  }

  private func rule(_ rule: Node, _ namespace: String, _ port: Int) -> Ternary {
    var answer = Ternary.yes
    if let from = rule["from"], from.count > 0 {
      answer = answer && from.elements.reduce(Ternary.no) { $0 || source($1["source"], namespace) }
    }
    if let to = rule["to"], to.count > 0 {
      answer = answer && to.elements.reduce(Ternary.no) { $0 || operation($1["operation"], port) }
    }
    if (rule["when"]?.count ?? 0) > 0 { answer = answer && .depends }
    return answer
  }

  private func source(_ source: Node?, _ namespace: String) -> Ternary {
    var answer = Ternary.yes
    for (key, value) in source?.entries.map({ $0 }) ?? [] {
      switch key.text {
      case "namespaces":
        answer = answer && Ternary(value.elements.contains { Self.isLike($0.text, namespace) })
      case "notNamespaces":
        answer = answer && Ternary(!value.elements.contains { Self.isLike($0.text, namespace) })
      default: answer = answer && .depends
      }
    }
    return answer
  }

  private func operation(_ operation: Node?, _ port: Int) -> Ternary {
    var answer = Ternary.yes
    for (key, value) in operation?.entries.map({ $0 }) ?? [] {
      switch key.text {
      case "ports": answer = answer && Ternary(value.elements.contains { $0.text == String(port) })
      case "notPorts": answer = answer && Ternary(!value.elements.contains { $0.text == String(port) })
      default: answer = answer && .depends
      }
    }
    return answer
  }

  /// `*` alone, at the start or at the end.
  private static func isLike(_ pattern: String, _ text: String) -> Bool {
    if pattern == "*" { return !text.isEmpty }
    if pattern.hasPrefix("*") { return text.hasSuffix(pattern.dropFirst()) }
    return pattern.hasSuffix("*") ? text.hasPrefix(pattern.dropLast()) : pattern == text
  }

  // MARK: Faults

  private func fail(
    _ crossing: Crossing, _ subject: SubjectPod, _ policies: [KnownObject], _ claim: Claim, wanted: Ternary,
    _ walk: inout Walk
  ) {
    let client = "clients of namespace \(crossing.client.namespace)"
    let names = listed(policies.map(\.manifest.identity.description))
    walk.fail(
      .ingress, in: cluster.name, "identity of the clients",
      Fault(
        JudgementRules.ingress,
        wanted == .no
          ? "\(names) in \(cluster.name) denies \(client) at \(subject.description)"
          : "no rule of \(names) in \(cluster.name) admits \(client) to \(subject.description)",
        at: policies.prefix(3).map { $0.label("selects the pods") },
        help: [
          wanted == .no
            ? "except namespace \(crossing.client.namespace) with notNamespaces"
            : "add a rule with 'from: [{source: {namespaces: [\(crossing.client.namespace)]}}]'"
        ], because: claim, wanted: wanted))
  }

  private func denied(_ policy: KnownObject) -> Claim {
    .found(
      ObjectQuery(
        "AuthorizationPolicy", of: "security.istio.io", in: cluster.name, policy.manifest.namespace,
        policy.name,
        where: [.text(["spec", "action"], ["DENY"]), .exists(["spec", "rules"])]))
  }

  /// That some rule which allows names the client's namespace and the port, or neither.
  private func admitted(_ crossing: Crossing, _ port: Int, _ namespace: String) -> Claim {
    let name = crossing.client.namespace
    let patterns =
      ["*", name] + (1...max(1, name.count)).flatMap { ["\(name.prefix($0))*", "*\(name.suffix($0))"] }
    let from = ObjectCondition.element(
      ["from", "*", "source"],
      [.either([.text(["namespaces", "*"], patterns), .not(.exists(["namespaces"]))])])
    let to = ObjectCondition.element(
      ["to", "*", "operation"], [.either([.text(["ports", "*"], [String(port)]), .not(.exists(["ports"]))])])
    return .found(
      [namespace, Self.root].map { place in
        ObjectQuery(
          "AuthorizationPolicy", of: "security.istio.io", in: cluster.name, place,
          where: [
            .text(["spec", "action"], ["ALLOW"], default: "ALLOW"),
            .element(
              ["spec", "rules", "*"],
              [.either([from, .not(.exists(["from"]))]), .either([to, .not(.exists(["to"]))])]),
          ])
      })
  }
}
