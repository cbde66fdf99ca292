package import Diagnostics
package import Kubernetes
package import YAMLTree

/// What Cilium refuses in its policies (`pkg/policy/api/rule_validation.go`), each at its place. A refused policy
/// has no effect at all. Linear in the policy.
package struct CiliumPolicyChecks {
  package private(set) var findings: [Diagnostic] = []
  private let isClusterwide: Bool
  private let place: (Node) -> SourceRange

  /// - Parameter place: where a node stands for people: that of the template which made it, for an emitted policy.
  package init(_ manifest: Manifest, at place: @escaping (Node) -> SourceRange = { $0.range }) {
    self.place = place
    isClusterwide = manifest.kind == "CiliumClusterwideNetworkPolicy"
    let specs =
      [manifest.node["spec"]].compactMap { $0 } + (manifest.node["specs"]?.elements.map { $0 } ?? [])
    if specs.isEmpty { report("\(manifest.identity.description) has no 'spec'", manifest.nameNode) }
    for spec in specs {
      guard spec.kind == .mapping else {
        report("'spec' is not a mapping", spec)
        continue
      }
      check(spec)
    }
  }

  private mutating func report(_ message: String, _ node: Node, also: [Label] = [], help: String? = nil) {
    findings.append(
      Diagnostic(
        ReachabilityRules.ciliumPolicy, message, at: place(node), also: also, help: help.map { [$0] } ?? []))
  }

  private mutating func fields(of node: Node, _ place: String, _ known: [String]) {
    guard node.kind == .mapping else {
      report("\(place) is not a mapping", node)
      return
    }
    for (key, _) in node.entries where !known.contains(key.text) {
      report(
        "\(place) has no field '\(key.text)'", key,
        help: didYouMean(key.text, among: known) ?? "its fields are \(listed(known))")
    }
  }

  private mutating func check(_ spec: Node) {
    fields(
      of: spec, "spec",
      [
        "description", "labels", "enableDefaultDeny", "endpointSelector", "nodeSelector", "ingress",
        "ingressDeny", "egress", "egressDeny", "log",
      ])
    switch (spec["endpointSelector"], spec["nodeSelector"]) {
    case (nil, nil):
      report("a policy has an endpointSelector", spec, help: "for every pod write 'endpointSelector: {}'")
    case (let endpoints?, let nodes?):
      report(
        "a policy has both an endpointSelector and a nodeSelector", nodes,
        also: [Label(place(endpoints), "the endpointSelector")])
    case (nil, let nodes?) where !isClusterwide:
      report(
        "a policy of a namespace cannot select nodes", nodes,
        help: "write a CiliumClusterwideNetworkPolicy")
    case (let selector?, nil), (nil, let selector?): check(selector: selector)
    }
    let lists = ["ingress", "ingressDeny", "egress", "egressDeny"]
    if lists.allSatisfy({ spec[$0] == nil }) {
      report("a policy has rules for ingress or egress", spec, help: "to deny all write 'ingress: [{}]'")
    }
    for list in lists {
      guard let rules = spec[list], !rules.isNull else { continue }
      guard rules.kind == .sequence else {
        report("'\(list)' is not a list", rules)
        continue
      }
      for rule in rules.elements {
        check(rule, list, list.hasPrefix("ingress") ? "from" : "to", isDeny: list.hasSuffix("Deny"))
      }
    }
  }

  private static let peers = [
    "Endpoints", "CIDR", "CIDRSet", "Entities", "Nodes", "Groups", "Services", "FQDNs",
  ]

  private mutating func check(_ rule: Node, _ list: String, _ prefix: String, isDeny: Bool) {
    if rule.isNull { return }
    let names = Self.peers.filter { prefix == "to" || $0 != "Services" && $0 != "FQDNs" }.map { prefix + $0 }
    fields(
      of: rule, "a rule of \(list)", names + ["\(prefix)Requires", "toPorts", "icmps", "authentication"])
    let given = names.compactMap { name in rule.entry(name).flatMap { $0.value.count > 0 ? $0.key : nil } }
    if given.count > 1 {
      report(
        "a rule cannot combine \(given[0].text) and \(given[1].text)", given[1],
        also: [Label(place(given[0]), "the other")], help: "write two rules")
    }
    for selector in rule["\(prefix)Endpoints"]?.elements.map({ $0 }) ?? [] { check(selector: selector) }
    for cidr in rule["\(prefix)CIDR"]?.elements.map({ $0 }) ?? []
    where IPNetwork(cidr.text) == nil && IPAddress(cidr.text) == nil {
      report("'\(cidr.text)' is no address range", cidr)
    }
    for item in rule["\(prefix)CIDRSet"]?.elements.map({ $0 }) ?? [] { check(cidr: item) }
    for service in rule["\(prefix)Services"]?.elements.map({ $0 }) ?? [] { check(service: service) }
    let entities = CiliumEntities.names.map(\.key)
    for entity in rule["\(prefix)Entities"]?.elements.map({ $0 }) ?? [] where !entities.contains(entity.text)
    {
      report(
        "there is no entity '\(entity.text)'", entity,
        help: didYouMean(entity.text, among: entities) ?? "the entities are \(listed(entities))")
    }
    if let icmps = rule.key("icmps"), let ports = rule.key("toPorts") {
      report(
        "a rule cannot combine icmps and toPorts", icmps, also: [Label(place(ports), "the ports")],
        help: "write two rules")
    }
    for entry in rule["toPorts"]?.elements.map({ $0 }) ?? [] {
      fields(
        of: entry, "an item of toPorts",
        isDeny
          ? ["ports"]
          : ["ports", "rules", "serverNames", "listener", "terminatingTLS", "originatingTLS"])
      if let ports = entry["ports"], ports.count > 40 { report("toPorts lists more than 40 ports", ports) }
      for port in entry["ports"]?.elements.map({ $0 }) ?? [] { check(port: port) }
    }
  }

  private mutating func check(service item: Node) {
    fields(of: item, "an item of toServices", ["k8sService", "k8sServiceSelector"])
    guard item.kind == .mapping else { return }
    switch (item["k8sService"], item["k8sServiceSelector"]) {
    case (nil, nil):
      report(
        "an item of toServices names a Service", item,
        help: "write k8sService: {serviceName: api, namespace: shop}")
    case (let service?, let labels):
      if let labels {
        report(
          "an item of toServices has both a name and a selector", labels,
          also: [Label(place(service), "the name")], help: "write two items")
      }
      fields(of: service, "a Service", ["serviceName", "namespace"])
      if service.kind == .mapping, service["serviceName"]?.text.isEmpty ?? true {
        report("a Service has a 'serviceName'", service)
      }
    case (nil, let selector?):
      fields(of: selector, "a selector of Services", ["selector", "namespace"])
      if let labels = selector["selector"] {
        check(selector: labels)
      } else if selector.kind == .mapping {
        report(
          "a selector of Services has a 'selector'", selector, help: "for every Service write 'selector: {}'")
      }
    }
  }

  private mutating func check(cidr item: Node) {
    fields(of: item, "an address range", ["cidr", "except", "cidrGroupRef", "cidrGroupSelector"])
    guard let cidr = item["cidr"] else {
      if item["cidrGroupRef"] == nil, item["cidrGroupSelector"] == nil {
        report("an address range has a 'cidr'", item)
      }
      return
    }
    guard let network = IPNetwork(cidr.text) else {
      report(
        "'\(cidr.text)' is no address range", cidr,
        help: "write an address and a prefix length: 10.0.0.0/8, fd00::/8")
      return
    }
    for except in item["except"]?.elements.map({ $0 }) ?? [] {
      guard let inner = IPNetwork(except.text), network.contains(inner.address) else {
        report(
          "\(except.text) is not inside of \(cidr.text)", except, also: [Label(place(cidr), "the range")])
        continue
      }
    }
  }

  private mutating func check(port: Node) {
    fields(of: port, "a port", ["port", "endPort", "protocol"])
    guard let value = port["port"], value.isScalar, !value.isNull else {
      report("a port has a 'port'", port, help: "write port: \"80\"; \"0\" is every port")
      return
    }
    if value.kind == .integer {
      report("a port is a string", value, help: "write it in quotation marks: \"\(value.text)\"")
    } else if let number = Int(value.text) {
      if !(0...65535).contains(number) { report("port \(value.text) is not between 0 and 65535", value) }
      if let end = port["endPort"], let last = end.integer, last < number || last > 65535 {
        report("endPort \(last) is not between \(number) and 65535", end)
      }
    } else if !PortNames.isValid(value.text.lowercased()) {
      report("'\(value.text)' is no port name", value)
    }
    let protocols = ["TCP", "UDP", "SCTP", "ICMP", "ICMPV6", "VRRP", "IGMP", "ANY"]
    if let transport = port["protocol"], !transport.isNull, !protocols.contains(transport.text.uppercased()) {
      report(
        "there is no protocol '\(transport.text)'", transport,
        help: didYouMean(transport.text, among: protocols) ?? "the protocols are \(listed(protocols))")
    }
  }

  private mutating func check(selector: Node) {
    if selector.isNull { return }
    fields(of: selector, "a selector", ["matchLabels", "matchExpressions"])
    let operators = ["In", "NotIn", "Exists", "DoesNotExist"]
    for expression in selector["matchExpressions"]?.elements.map({ $0 }) ?? [] {
      let operation = expression["operator"]
      guard let name = operation?.text, operators.contains(name) else {
        report(
          "there is no operator '\(operation?.text ?? "")'", operation ?? expression,
          help: didYouMean(operation?.text ?? "", among: operators)
            ?? "the operators are \(listed(operators))")
        continue
      }
      let count = expression["values"]?.count ?? 0
      if name.hasSuffix("In"), count == 0 {
        report("\(name) has no values", operation ?? expression, help: "list at least one")
      } else if !name.hasSuffix("In"), count > 0 {
        report("\(name) takes no values", expression["values"] ?? expression)
      }
    }
  }
}
