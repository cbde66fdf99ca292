package import Diagnostics
import Kubernetes
import YAMLTree

/// What the API server would refuse in NetworkPolicies, each at its place. Linear in the policies.
package struct PolicyChecks {
  package private(set) var findings: [Diagnostic] = []

  /// Checks policies of a network, of every kind that is evaluated.
  package init(_ network: ClusterNetwork, where isChecked: (Int) -> Bool = { _ in true }) {
    isCustom = false
    var first: [ObjectIdentity: Manifest] = [:]
    for (index, (manifest, namespace)) in zip(network.policies, network.policyNamespaces).enumerated()
    where isChecked(index) {
      let name = namespace == ClusterNetwork.clusterScope ? nil : network.namespaces[namespace].name
      let key = ObjectIdentity(
        apiVersion: manifest.apiVersion, kind: manifest.kind, namespace: name, name: manifest.name)
      if let earlier = first[key] {
        report(
          ReachabilityRules.policyTwice, "\(key.description) stands twice", manifest.nameNode,
          "again",
          also: [Label(earlier.nameNode.range, "first here")],
          help: "remove one, or give it another name: the rules of two policies add up")
      } else {
        first[key] = manifest
      }
      switch PolicyKind(manifest) {
      case .network?: check(manifest)
      case .cilium?, .ciliumClusterwide?: findings += CiliumPolicyChecks(manifest).findings
      case .admin?, .adminBaseline?, .cluster?: findings += AdminPolicyChecks(manifest).findings
      case .opaque?, nil: break
      }
    }
  }

  /// True for kinds whose fields say for themselves whether they may be null: custom resources.
  private let isCustom: Bool

  private init(isCustom: Bool) { self.isCustom = isCustom }

  /// What is wrong with a label selector of a custom resource.
  static func findings(ofSelector selector: Node) -> [Diagnostic] {
    var checks = PolicyChecks(isCustom: true)
    checks.check(selector: selector)
    return checks.findings
  }

  private mutating func report(
    _ rule: Rule, _ message: String, _ node: Node, _ text: String = "", also: [Label] = [],
    help: String? = nil
  ) {
    findings.append(
      Diagnostic(rule, message, at: node.range, text, also: also, help: help.map { [$0] } ?? []))
  }

  private mutating func check(_ manifest: Manifest) {
    guard let spec = manifest.node["spec"], spec.kind == .mapping else {
      // A missing spec selects every pod and admits nothing; that is valid, if odd.
      if let spec = manifest.node["spec"], !spec.isNull {
        report(ReachabilityRules.policyShape, "'spec' is not a mapping", spec)
      }
      return
    }
    fields(of: spec, "spec", ["podSelector", "policyTypes", "ingress", "egress"])
    if let selector = spec["podSelector"] { check(selector: selector) }
    if let types = spec["policyTypes"] { check(types: types) }
    for (section, peers) in [("ingress", "from"), ("egress", "to")] {
      guard let rules = list(spec, section) else { continue }
      for rule in rules {
        if rule.isNull { continue }
        fields(of: rule, "a rule of \(section)", [peers, "ports"])
        for peer in list(rule, peers) ?? [] { check(peer: peer) }
        for port in list(rule, "ports") ?? [] { check(port: port) }
      }
    }
  }

  /// The items of a list; reports what is no list.
  private mutating func list(_ node: Node, _ key: String) -> [Node]? {
    guard let value = node[key], !value.isNull else { return nil }
    guard value.kind == .sequence else {
      report(
        ReachabilityRules.policyShape, "'\(key)' is not a list", value, help: "write each item after a '-'")
      return nil
    }
    return Array(value.elements)
  }

  /// Reports fields that the API does not know.
  private mutating func fields(of node: Node, _ place: String, _ known: [String]) {
    guard node.kind == .mapping else {
      report(
        ReachabilityRules.policyShape, "\(place) is not a mapping", node,
        help: "its fields are \(listed(known))")
      return
    }
    for (key, _) in node.entries where !known.contains(key.text) {
      report(
        ReachabilityRules.policyShape, "\(place) has no field '\(key.text)'", key,
        help: didYouMean(key.text, among: known) ?? "its fields are \(listed(known))")
    }
  }

  private mutating func check(types: Node) {
    guard !types.isNull else { return }
    guard types.kind == .sequence else {
      report(
        ReachabilityRules.policyTypes, "policyTypes is not a list", types, help: "write [Ingress, Egress]")
      return
    }
    for type in types.elements {
      let name = type.text
      if name != "Ingress" && name != "Egress" {
        report(
          ReachabilityRules.policyTypes, "there is no policy type '\(name)'", type,
          help: didYouMean(name, among: ["Ingress", "Egress"]) ?? "the types are Ingress and Egress")
      }
    }
    if types.count > 2 {
      report(
        ReachabilityRules.policyTypes, "policyTypes lists \(types.count) directions", types,
        help: "there are two: Ingress and Egress")
    }
  }

  // MARK: Peers

  private mutating func check(peer: Node) {
    let all = "for everyone leave out the list; for every pod write '- namespaceSelector: {}'"
    if peer.isNull || peer.kind == .mapping && peer.count == 0 {
      report(ReachabilityRules.policyPeer, "a peer names nobody", peer, help: all)
      return
    }
    fields(of: peer, "a peer", ["podSelector", "namespaceSelector", "ipBlock"])
    func given(_ key: StaticString) -> Node? { peer[key].flatMap { $0.isNull ? nil : $0 } }
    let selectors = [given("podSelector"), given("namespaceSelector")].compactMap { $0 }
    for selector in selectors { check(selector: selector) }
    if let block = given("ipBlock") {
      if let selector = selectors.first {
        report(
          ReachabilityRules.policyPeer, "a peer has an ipBlock and a selector", block, "the addresses",
          also: [Label(selector.range, "the selector")], help: "write two items")
      }
      check(block: block)
    } else if selectors.isEmpty, peer.kind == .mapping {
      report(ReachabilityRules.policyPeer, "a peer names nobody", peer, help: all)
    }
  }

  private mutating func check(block: Node) {
    guard block.kind == .mapping else {
      report(
        ReachabilityRules.policyShape, "'ipBlock' is not a mapping", block, help: "write {cidr: 10.0.0.0/8}")
      return
    }
    fields(of: block, "an ipBlock", ["cidr", "except"])
    guard let cidr = block["cidr"], let network = IPNetwork(cidr.text) else {
      report(
        ReachabilityRules.addressBlock, "'\(block["cidr"]?.text ?? "")' is no address range",
        block["cidr"] ?? block,
        help: "write an address and a prefix length: 10.0.0.0/8, fd00::/8")
      return
    }
    checkHostBits(cidr, network)
    for except in list(block, "except") ?? [] {
      guard let inner = IPNetwork(except.text) else {
        report(
          ReachabilityRules.addressBlock, "'\(except.text)' is no address range", except,
          help: "write an address and a prefix length: 10.1.0.0/16")
        continue
      }
      guard network.contains(inner.address), inner.prefixLength > network.prefixLength else {
        report(
          ReachabilityRules.addressBlock, "\(except.text) is not inside of \(cidr.text)", except,
          also: [Label(cidr.range, "the range")], help: "an exception is a smaller part of its range")
        continue
      }
      checkHostBits(except, inner)
    }
  }

  private mutating func checkHostBits(_ node: Node, _ network: IPNetwork) {
    let lower =
      network.address.isIPv6
      ? network.ipv6Interval.intervals.first?.lower
      : network.ipv4Interval.intervals.first.map { UInt128($0.lower) }
    guard let lower, lower != network.address.bits else { return }
    report(
      ReachabilityRules.hostBits, "\(node.text) has bits set after the first \(network.prefixLength)", node,
      help: "write the first address of the range")
  }

  // MARK: Ports

  private mutating func check(port entry: Node) {
    fields(of: entry, "a port", ["port", "endPort", "protocol"])
    if let transport = entry["protocol"], !transport.isNull,
      transport.string.flatMap(TransportProtocol.init) == nil
    {
      report(
        ReachabilityRules.policyProtocol, "there is no protocol '\(transport.text)'", transport,
        help: didYouMean(transport.text, among: TransportProtocol.allCases.map(\.rawValue))
          ?? "the protocols are TCP, UDP and SCTP")
    }
    let port = entry["port"].flatMap { $0.isNull ? nil : $0 }
    if let port { check(portValue: port) }
    guard let end = entry["endPort"], !end.isNull else { return }
    guard let last = end.integer, (1...65535).contains(last) else {
      report(
        ReachabilityRules.policyPort, "endPort \(end.text) is not between 1 and 65535", end,
        help: "write the range's last number")
      return
    }
    guard let first = port?.integer else {
      report(
        ReachabilityRules.policyPort, "endPort needs a numbered port", end,
        also: port.map { [Label($0.range, "a name")] } ?? [], help: "write the range's first number as 'port'"
      )
      return
    }
    if last < first {
      report(
        ReachabilityRules.policyPort, "endPort \(last) is smaller than port \(first)", end,
        also: port.map { [Label($0.range, "the first")] } ?? [],
        help: "write the smaller number as 'port', or leave endPort out")
    }
  }

  private mutating func check(portValue port: Node) {
    if port.kind == .integer {
      guard let number = port.integer, (1...65535).contains(number) else {
        report(
          ReachabilityRules.policyPort, "port \(port.text) is not between 1 and 65535", port,
          help: "write the number that the pods listen on, or leave 'port' out for all")
        return
      }
    } else if let name = port.string {
      guard !PortNames.isValid(name) else { return }
      let isNumber = !name.isEmpty && name.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
      report(
        ReachabilityRules.policyPort, "'\(name)' is no port name", port,
        help: isNumber
          ? "write the number without quotation marks" : "up to 15 of a-z, 0-9 and '-', with a letter")
    } else {
      report(
        ReachabilityRules.policyPort, "'\(port.text)' is neither a port number nor a port name", port,
        help: "write a number, or a name in quotation marks")
    }
  }

  // MARK: Selectors

  private mutating func check(selector: Node) {
    guard !selector.isNull else { return }
    fields(of: selector, "a label selector", ["matchLabels", "matchExpressions"])
    if let labels = selector["matchLabels"], !labels.isNull, labels.kind != .mapping {
      report(
        ReachabilityRules.policyShape, "'matchLabels' is not a mapping", labels, help: "write {app: web}")
    }
    for (key, value) in selector["matchLabels"]?.entries.map({ $0 }) ?? [] {
      check(labelKey: key)
      check(labelValue: value, orNull: !isCustom)
    }
    for expression in list(selector, "matchExpressions") ?? [] {
      fields(of: expression, "an expression", ["key", "operator", "values"])
      if let key = expression["key"] {
        check(labelKey: key)
      } else {
        report(
          ReachabilityRules.policySelector, "an expression names no label", expression, help: "add 'key'")
      }
      check(expression)
    }
  }

  private mutating func check(_ expression: Node) {
    let operators = ["In", "NotIn", "Exists", "DoesNotExist"]
    guard let operation = expression["operator"], operators.contains(operation.text) else {
      report(
        ReachabilityRules.policySelector, "there is no operator '\(expression["operator"]?.text ?? "")'",
        expression["operator"] ?? expression,
        help: didYouMean(expression["operator"]?.text ?? "", among: operators)
          ?? "the operators are \(listed(operators))")
      return
    }
    let values = list(expression, "values") ?? []
    let needsValues = operation.text.hasSuffix("In")
    if needsValues, values.isEmpty {
      report(
        ReachabilityRules.policySelector, "\(operation.text) has no values",
        expression["values"] ?? operation,
        help: "list at least one")
    } else if !needsValues, !values.isEmpty {
      report(
        ReachabilityRules.policySelector, "\(operation.text) takes no values",
        expression["values"] ?? expression,
        help: "remove them, or use In")
    }
    for value in values { check(labelValue: value) }
  }

  private mutating func check(labelKey key: Node) {
    guard !LabelSyntax.isKey(key.text) else { return }
    report(
      ReachabilityRules.policySelector, "'\(key.text)' is no label key", key,
      help: "up to 63 letters, digits, '-', '_' and '.', after a DNS name and '/' if it has a prefix")
  }

  private mutating func check(labelValue value: Node, orNull: Bool = false) {
    if value.isNull, orNull { return }
    guard value.kind == .string, LabelSyntax.isValue(value.text) else {
      report(
        ReachabilityRules.policySelector, "'\(value.text)' is no label value", value,
        help: value.isScalar && value.kind != .string && LabelSyntax.isValue(value.text)
          ? "write it in quotation marks: labels are strings"
          : "up to 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends")
      return
    }
  }
}
