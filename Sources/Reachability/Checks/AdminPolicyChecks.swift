package import Diagnostics
package import Kubernetes
import YAMLTree

/// What an API server refuses in admin policies (the CustomResourceDefinitions of kubernetes-sigs/network-policy-api),
/// each at its place. A field that is not known could mean anything: nothing is evaluated then. Linear in the policy.
package struct AdminPolicyChecks {
  package private(set) var findings: [Diagnostic] = []
  /// ClusterNetworkPolicy (v1alpha2) instead of the two kinds of v1alpha1.
  private let isNew: Bool

  package init(_ manifest: Manifest) {
    isNew = manifest.kind == "ClusterNetworkPolicy"
    let isBaseline = manifest.kind == "BaselineAdminNetworkPolicy"
    guard let spec = manifest.node["spec"], spec.kind == .mapping else {
      report("\(manifest.identity.description) has no 'spec'", manifest.nameNode)
      return
    }
    fields(
      of: spec, "spec",
      (isNew ? ["tier"] : []) + (isBaseline ? [] : ["priority"]) + ["subject", "ingress", "egress"])
    if isBaseline, manifest.name != "default" {
      report(
        "a BaselineAdminNetworkPolicy is called 'default'", manifest.nameNode,
        help: "a cluster has one; write 'name: default'")
    }
    if isNew, !["Admin", "Baseline"].contains(spec["tier"]?.text) {
      report("'tier' is Admin or Baseline", spec["tier"] ?? spec)
    }
    if !isBaseline {
      if let priority = spec["priority"]?.integer, (0...1000).contains(priority) {
      } else {
        report("'priority' is a number from 0 to 1000", spec["priority"] ?? spec)
      }
    }
    if let subject = spec["subject"] {
      check(peer: subject, "a subject", ["namespaces", "pods"])
    } else {
      report("a policy names its subject", spec)
    }
    var actions = isNew ? ["Accept", "Deny", "Pass"] : ["Allow", "Deny", "Pass"]
    if isBaseline { actions.removeLast() }
    for section in ["ingress", "egress"] {
      guard let rules = spec[section], !rules.isNull else { continue }
      guard rules.kind == .sequence else {
        report("'\(section)' is not a list", rules)
        continue
      }
      let limit = isNew ? 25 : 100
      if rules.count > limit { report("\(section) has more than \(limit) rules", spec.key(section) ?? rules) }
      for rule in rules.elements { check(rule, section, actions) }
    }
  }

  private mutating func report(_ message: String, _ node: Node, also: [Label] = [], help: String? = nil) {
    findings.append(
      Diagnostic(
        ReachabilityRules.adminPolicy, message, at: node.range, also: also, help: help.map { [$0] } ?? []))
  }

  /// Reports fields that the API does not know; false where the node is no mapping.
  @discardableResult
  private mutating func fields(of node: Node, _ place: String, _ known: [String]) -> Bool {
    guard node.kind == .mapping else {
      report("\(place) is not a mapping", node, help: "its fields are \(listed(known))")
      return false
    }
    for (key, _) in node.entries where !known.contains(key.text) {
      report(
        "\(place) has no field '\(key.text)'", key,
        help: didYouMean(key.text, among: known) ?? "its fields are \(listed(known))")
    }
    return true
  }

  /// The one field that is given of those of which exactly one may be; nil after a finding.
  private mutating func only(of node: Node, _ place: String, _ known: [String]) -> (key: String, value: Node)?
  {
    let before = findings.count
    guard fields(of: node, place, known), findings.count == before else { return nil }
    let given = node.entries.filter { !$1.isNull }
    guard let first = given.first else {
      report("\(place) is empty", node, help: "it has one of \(listed(known))")
      return nil
    }
    guard given.count == 1 else {
      report(
        "\(place) has both \(first.0.text) and \(given[1].0.text)", given[1].0,
        also: [Label(first.0.range, "the other")], help: "write two of them")
      return nil
    }
    return (first.0.text, first.1)
  }

  private mutating func check(_ rule: Node, _ section: String, _ actions: [String]) {
    let peers = section == "ingress" ? "from" : "to"
    guard fields(of: rule, "a rule of \(section)", ["name", "action", peers, isNew ? "protocols" : "ports"])
    else { return }
    let action = rule["action"]
    if !actions.contains(action?.text ?? "") {
      report(
        "there is no action '\(action?.text ?? "")'", action ?? rule,
        help: didYouMean(action?.text ?? "", among: actions) ?? "the actions are \(listed(actions))")
    }
    if rule[peers]?.count ?? 0 == 0 || rule[peers]?.kind != .sequence {
      report("a rule lists its peers", rule, help: "for every pod write '\(peers): [{namespaces: {}}]'")
      return
    }
    let known =
      section == "ingress"
      ? ["namespaces", "pods"] : ["namespaces", "pods", "nodes", "networks", "domainNames"]
    for peer in rule[peers]?.elements.map({ $0 }) ?? [] { check(peer: peer, "a peer", known) }
    for port in rule["ports"]?.elements.map({ $0 }) ?? [] { check(port: port) }
    for item in rule["protocols"]?.elements.map({ $0 }) ?? [] { check(protocol: item) }
  }

  private mutating func check(peer: Node, _ place: String, _ known: [String]) {
    guard let (key, value) = only(of: peer, place, known) else { return }
    switch key {
    case "namespaces", "nodes": findings += PolicyChecks.findings(ofSelector: value)
    case "pods":
      guard fields(of: value, "'pods'", ["namespaceSelector", "podSelector"]) else { return }
      for selector in [value["namespaceSelector"], value["podSelector"]] {
        if let selector { findings += PolicyChecks.findings(ofSelector: selector) }
      }
    case "networks":
      guard value.kind == .sequence, value.count > 0 else {
        report("'networks' is a list of address ranges", value)
        return
      }
      for network in value.elements where IPNetwork(network.text) == nil {
        report(
          "'\(network.text)' is no address range", network,
          help: "write an address and a prefix length: 10.0.0.0/8, fd00::/8")
      }
    default: break
    }
  }

  // MARK: Ports

  private mutating func check(port entry: Node) {
    guard let (key, value) = only(of: entry, "a port", ["portNumber", "portRange", "namedPort"]) else {
      return
    }
    switch key {
    case "portNumber":
      guard fields(of: value, "a port number", ["port", "protocol"]) else { return }
      check(transport: value["protocol"])
      check(number: value["port"], in: value)
    case "portRange":
      guard fields(of: value, "a range of ports", ["start", "end", "protocol"]) else { return }
      check(transport: value["protocol"])
      check(range: value)
    default: check(name: value)
    }
  }

  private mutating func check(protocol item: Node) {
    guard let (key, value) = only(of: item, "a protocol", ["tcp", "udp", "sctp", "destinationNamedPort"])
    else {
      return
    }
    guard key != "destinationNamedPort" else { return check(name: value) }
    guard fields(of: value, "'\(key)'", ["destinationPort"]), let port = value["destinationPort"],
      !port.isNull,
      let (kind, number) = only(of: port, "a destination port", ["number", "range"])
    else { return }
    if kind == "number" {
      check(number: number, in: port)
    } else if fields(of: number, "a range of ports", ["start", "end"]) {
      check(range: number)
    }
  }

  private mutating func check(transport: Node?) {
    guard let transport, !transport.isNull, TransportProtocol(rawValue: transport.text) == nil else { return }
    report(
      "there is no protocol '\(transport.text)'", transport,
      help: didYouMean(transport.text, among: TransportProtocol.allCases.map(\.rawValue))
        ?? "the protocols are TCP, UDP and SCTP")
  }

  private mutating func check(name: Node) {
    if !PortNames.isValid(name.text) { report("'\(name.text)' is no port name", name) }
  }

  @discardableResult
  private mutating func check(number: Node?, in parent: Node) -> Int? {
    if let value = number?.integer, (1...65535).contains(value) { return value }
    report(
      number.map { "port \($0.text) is not between 1 and 65535" } ?? "a port has a number", number ?? parent)
    return nil
  }

  private mutating func check(range: Node) {
    guard let first = check(number: range["start"], in: range),
      let last = check(number: range["end"], in: range), last < first, let end = range["end"]
    else { return }
    report(
      "the range ends before it starts", end,
      also: range["start"].map { [Label($0.range, "the start")] } ?? [])
  }
}
