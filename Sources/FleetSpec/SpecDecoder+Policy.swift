import Diagnostics
import Kubernetes
import YAMLTree

extension SpecDecoder {
  /// A Policy document whose form the schema has checked already.
  func policy(_ document: Node, _ findings: inout [Diagnostic]) -> Policy? {
    guard let name = document.at("metadata", "name")?.locatedString, let spec = document["spec"] else {
      return nil
    }
    let match = spec["match"]
    let rules = spec["rules"]?.elements.compactMap { rule($0) } ?? []
    let paths = spec["paths"]?.elements.compactMap { path($0, &findings) } ?? []
    let exemptions = spec["exceptions"]?.elements.map { exemption($0) } ?? []
    let variables = spec["variables"]?.elements.compactMap { variable($0) } ?? []
    checkNames(rules.map(\.name) + paths.map(\.name), exemptions, &findings)
    _ = Self.byName(variables.map(\.name), "variables", &findings)
    return Policy(
      name: name, kinds: match?["kinds"]?.elements.map { Policy.KindReference($0) } ?? [],
      selection: Policy.Selection(match), condition: match?["condition"]?.locatedString,
      variables: variables, rules: rules,
      exemptions: exemptions, paths: paths, node: document)
  }

  private func variable(_ node: Node) -> Policy.Variable? {
    guard let name = node["name"]?.locatedString, let expression = node["expression"]?.locatedString else {
      return nil
    }
    return Policy.Variable(name: name, expression: expression)
  }

  private func rule(_ node: Node) -> Policy.Rule? {
    guard let expression = node["expression"]?.locatedString else { return nil }
    return Policy.Rule(
      name: node["name"]?.locatedString, expression: expression, message: node["message"]?.string,
      messageExpression: node["messageExpression"]?.locatedString, severity: severity(node))
  }

  private func severity(_ node: Node) -> Severity {
    let word = node["severity"]?.string
    return Severity.allCases.first { $0.word == word } ?? .error
  }

  private func exemption(_ node: Node) -> Policy.Exemption {
    Policy.Exemption(
      rules: node["rules"]?.locatedStrings, selection: Policy.Selection(node),
      reason: node["reason"]?.text ?? "", until: node["until"]?.locatedString, node: node)
  }

  // MARK: Paths

  private func path(_ node: Node, _ findings: inout [Diagnostic]) -> Policy.PathRule? {
    let demand: Policy.PathRule.Demand = node["deny"] != nil ? .deny : .require
    guard let path = node[demand.rawValue], let from = path["from"], let to = path["to"] else { return nil }
    return Policy.PathRule(
      name: node["name"]?.locatedString, demand: demand, from: end(from, &findings), to: end(to, &findings),
      ports: path["ports"].map { list in list.elements.compactMap { ports($0, &findings) } },
      message: node["message"]?.string, severity: severity(node), node: path)
  }

  private func end(_ node: Node, _ findings: inout [Diagnostic]) -> Policy.PathEnd {
    let namespaces = node["namespaceSelector"]
    var networks: [Located<IPNetwork>]?
    if let list = node["cidrs"] {
      let texts = list.locatedStrings
      Self.checkNetworks(texts, &findings)
      networks = texts.compactMap { text in IPNetwork(text.value).map { Located($0, text.node) } }
    }
    return Policy.PathEnd(
      clusters: node["clusters"].map { $0.elements.map { NamePattern($0.text) } },
      clusterSelector: node["clusterSelector"].map { LabelSelector($0) },
      namespaces: namespaces?.string.map { NamePattern($0) },
      namespaceSelector: namespaces?.kind == .mapping ? LabelSelector(namespaces) : nil,
      podSelector: node["podSelector"].map { LabelSelector($0) }, networks: networks, node: node)
  }

  private func ports(_ node: Node, _ findings: inout [Diagnostic]) -> Policy.PathPorts? {
    let first = node["port"] ?? node
    guard let number = first.integer.flatMap(UInt16.init(exactly:)) else { return nil }
    let last = node["endPort"]?.integer.flatMap(UInt16.init(exactly:)) ?? number
    guard number <= last else {
      findings.append(
        Diagnostic(
          FleetSpecRules.policyPorts, "a range of ports ends before it begins",
          at: node["endPort"]?.range ?? node.range, "less than \(number)",
          help: ["write the smaller number as 'port'"]))
      return nil
    }
    let transport = node["protocol"]?.string.flatMap(TransportProtocol.init) ?? .tcp
    return Policy.PathPorts(transport: transport, ports: number...last)
  }

  // MARK: Names

  /// Names of rules are unique in their policy, and exceptions name rules that there are.
  private func checkNames(
    _ names: [Located<String>?], _ exemptions: [Policy.Exemption], _ findings: inout [Diagnostic]
  ) {
    let known = Self.byName(names, "rules", &findings)
    for name in exemptions.flatMap({ $0.rules ?? [] }) where known[name.value] == nil {
      let names = known.keys.sorted()
      findings.append(
        Diagnostic(
          FleetSpecRules.policyRuleName, "the policy has no rule '\(name.value)'", at: name.node.range,
          "excepts from nothing",
          help: [
            didYouMean(name.value, among: names)
              ?? (names.isEmpty ? "give the rule a name" : "the rules are \(listed(names))")
          ]))
    }
  }

  /// The first of each name; the others are reported.
  private static func byName(
    _ names: [Located<String>?], _ what: String, _ findings: inout [Diagnostic]
  ) -> [String: Located<String>] {
    var known: [String: Located<String>] = [:]
    for case let name? in names {
      if let first = known[name.value] {
        findings.append(
          Diagnostic(
            FleetSpecRules.policyRuleName, "two \(what) of one policy are named '\(name.value)'",
            at: name.node.range, "the name again", also: [Label(first.node.range, "first here")],
            help: ["rename one of them"]))
      } else {
        known[name.value] = name
      }
    }
    return known
  }
}
