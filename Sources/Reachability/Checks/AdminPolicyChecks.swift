package import Diagnostics
package import Kubernetes
import YAMLTree

/// What an API server refuses in admin policies, as far as the evaluation must rely on it. Linear in the policy.
package struct AdminPolicyChecks {
  package private(set) var findings: [Diagnostic] = []

  package init(_ manifest: Manifest) {
    guard let spec = manifest.node["spec"], spec.kind == .mapping else {
      report("\(manifest.identity.description) has no 'spec'", manifest.nameNode)
      return
    }
    let isNew = manifest.kind == "ClusterNetworkPolicy"
    if isNew, !["Admin", "Baseline"].contains(spec["tier"]?.text) {
      report("'tier' is Admin or Baseline", spec["tier"] ?? spec)
    }
    if manifest.kind != "BaselineAdminNetworkPolicy" {
      if let priority = spec["priority"]?.integer, (0...1000).contains(priority) {
      } else {
        report("'priority' is a number from 0 to 1000", spec["priority"] ?? spec)
      }
    }
    if spec["subject"] == nil { report("a policy names its subject", spec) }
    var actions = isNew ? ["Accept", "Deny", "Pass"] : ["Allow", "Deny", "Pass"]
    if manifest.kind == "BaselineAdminNetworkPolicy" { actions.removeLast() }
    for section in ["ingress", "egress"] {
      guard let rules = spec[section] else { continue }
      let limit = isNew ? 25 : 100
      if rules.count > limit { report("\(section) has more than \(limit) rules", spec.key(section) ?? rules) }
      for rule in rules.elements { check(rule, section, actions) }
    }
  }

  private mutating func report(_ message: String, _ node: Node, help: String? = nil) {
    findings.append(
      Diagnostic(ReachabilityRules.adminPolicy, message, at: node.range, help: help.map { [$0] } ?? []))
  }

  private mutating func check(_ rule: Node, _ section: String, _ actions: [String]) {
    let action = rule["action"]
    if !actions.contains(action?.text ?? "") {
      report(
        "there is no action '\(action?.text ?? "")'", action ?? rule,
        help: didYouMean(action?.text ?? "", among: actions) ?? "the actions are \(listed(actions))")
    }
    let peers = section == "ingress" ? "from" : "to"
    if rule[peers]?.count ?? 0 == 0 {
      report("a rule lists its peers", rule, help: "for every pod write '\(peers): [{namespaces: {}}]'")
    }
    let known =
      section == "ingress"
      ? ["namespaces", "pods"] : ["namespaces", "pods", "nodes", "networks", "domainNames"]
    for peer in rule[peers]?.elements.map({ $0 }) ?? [] {
      for (key, _) in peer.entries where !known.contains(key.text) {
        report(
          "a peer has no field '\(key.text)'", key,
          help: didYouMean(key.text, among: known) ?? "its fields are \(listed(known))")
      }
      for network in peer["networks"]?.elements.map({ $0 }) ?? [] where IPNetwork(network.text) == nil {
        report("'\(network.text)' is no address range", network)
      }
    }
  }
}
