import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Whom AuthorizationPolicies with action ALLOW admit to the pods of connections beyond the connections' clients.
///
/// What this compile emits (a template that was added) shall name the clients and nobody else. What authors wrote also
/// speaks of clients inside of the cluster, which no connection declares: of that only rules that admit everybody are
/// reported, and namespaces that the cluster does not have.
struct AuthorizationExcess {
  private let cluster: JudgedCluster
  private let policies: AuthorizationPolicies
  private let link: Link
  /// The crossings that end in the cluster.
  private let crossings: [Crossing]

  init(_ cluster: JudgedCluster, _ crossings: [Crossing], of link: Link) {
    self.cluster = cluster
    policies = AuthorizationPolicies(cluster)
    self.crossings = crossings
    self.link = link
  }

  /// Linear in the policies times the crossings of their namespaces.
  func excesses() -> [SystemExcess] {
    policies.all.filter { policies.action($0) == "ALLOW" }.flatMap { policy in
      policy.evidence == .emitted ? emitted(policy) : written(policy)
    }
  }

  /// The pods of a connection's target.
  private func pods(of crossing: Crossing) -> [Labels] {
    let service = crossing.target.service
    let workloads = ConnectionEnds.targets(
      of: service, crossing.connection, cluster.workloads(in: service.key.namespace)
    ).map { member -> Labels in
      switch member {
      case .workload(let number): cluster.workloads(in: service.key.namespace)[number].podLabels
      case .special(let subject): subject.labels
      }
    }
    return workloads
  }

  private func crossings(admittedBy policy: KnownObject) -> [Crossing] {
    crossings.filter { crossing in
      pods(of: crossing).contains {
        policies.selects(policy, crossing.target.service.key.namespace, $0)
      }
    }
  }

  private func rules(_ policy: KnownObject) -> [Node] {
    policy.node.at("spec", "rules")?.elements.map { $0 } ?? []
  }

  private func excess(
    _ rule: Rule, _ policy: KnownObject, at node: Node?, _ text: String, remedy: String
  ) -> SystemExcess {
    SystemExcess(
      rule, policy, at: node, of: link, saidBy: [],
      "\(policy.manifest.identity.description) in \(cluster.name) \(text)", remedy: remedy)
  }

  // MARK: Emitted

  private func emitted(_ policy: KnownObject) -> [SystemExcess] {
    let served = crossings(admittedBy: policy)
    let namespaces = Set(served.map(\.client.namespace)).sorted()
    let enough =
      namespaces.isEmpty
      ? "take the policy out: no connection leads to pods that it selects"
      : "write 'from: [{source: {namespaces: [\(namespaces.joined(separator: ", "))]}}]'"
    var found = otherPods(policy)
    for rule in rules(policy) {
      let sources = rule["from"]?.elements.map { $0 } ?? []
      if sources.isEmpty {
        found.append(
          excess(
            JudgementRules.admitsIdentities, policy, at: rule, "admits everybody, whom no connection needs",
            remedy: enough))
      }
      for item in sources {
        guard let stranger = AdmittedSource(item["source"] ?? item).stranger(besides: namespaces) else {
          continue
        }
        found.append(
          excess(
            JudgementRules.admitsIdentities, policy, at: stranger.node ?? item,
            "admits \(stranger.words), which no connection comes with", remedy: enough))
      }
      found += otherPorts(policy, rule, served)
    }
    return found
  }

  /// Pods of its namespace that the policy selects and no connection leads to.
  private func otherPods(_ policy: KnownObject) -> [SystemExcess] {
    let namespace = policy.manifest.namespace ?? "default"
    let reached = crossings.filter { $0.target.service.key.namespace == namespace }.flatMap(pods)
    let other = cluster.workloads(in: namespace).first {
      policies.selects(policy, namespace, $0.podLabels) && !reached.contains($0.podLabels)
    }
    guard let other, !rules(policy).isEmpty else { return [] }
    return [
      excess(
        JudgementRules.admitsIdentities, policy, at: policy.node.at("spec", "selector"),
        "admits clients to \(other.description), to which no connection leads",
        remedy:
          "narrow spec.selector so that it leaves \(other.description) (\(other.podLabels.description)) out")
    ]
  }

  private func otherPorts(_ policy: KnownObject, _ rule: Node, _ served: [Crossing]) -> [SystemExcess] {
    var needed: Set<String> = []
    for crossing in served {
      let port = crossing.port.port
      let workloads = cluster.workloads(in: crossing.target.service.key.namespace)
      let numbers = workloads.compactMap { $0.number(of: port.target, .tcp) }
      needed.formUnion((numbers.isEmpty ? [port.number] : numbers).map(String.init))
    }
    guard !needed.isEmpty else { return [] }
    for operation in rule["to"]?.elements.map({ $0["operation"] }) ?? [] {
      for port in operation?["ports"]?.elements.map({ $0 }) ?? [] where !needed.contains(port.text) {
        return [
          excess(
            JudgementRules.admitsIdentities, policy, at: port,
            "admits clients to port \(port.text), which no connection uses",
            remedy: "write 'ports: [\(needed.sorted().map { "\"\($0)\"" }.joined(separator: ", "))]'")
        ]
      }
    }
    return []
  }

  // MARK: Written by authors

  private func written(_ policy: KnownObject) -> [SystemExcess] {
    let served = crossings(admittedBy: policy)
    guard let first = served.first else { return [] }
    let namespaces = Set(served.map(\.client.namespace))
    func isKnown(_ namespace: String) -> Bool {
      namespaces.contains(namespace) || cluster.model.declared.knows(namespace: namespace)
        || !cluster.emittedObjects(in: namespace).isEmpty
        || PlatformNamespaces.all.contains {
          $0.namespaceNames.contains(namespace)
        }
    }
    var found: [SystemExcess] = []
    for rule in rules(policy) {
      let sources = rule["from"]?.elements.map { $0 } ?? []
      // Further conditions on the request narrow it; what they come to is not evaluated.
      guard (rule["when"]?.count ?? 0) == 0 else { continue }
      for source in sources.isEmpty ? [nil] : sources.map({ $0["source"] ?? $0 }) {
        let admitted = source.map { AdmittedSource($0) }
        if admitted?.isEverybody ?? true {
          found.append(
            excess(
              JudgementRules.admitsAnyway, policy, at: source ?? rule,
              "admits everybody to pods of \(first.serviceName): what connection \(first.connection.id.description) declares narrows nothing",
              remedy:
                "name the clients: 'from: [{source: {namespaces: [\(namespaces.sorted().joined(separator: ", "))]}}]', beside those inside of the cluster"
            ))
        } else if let name = admitted?.namespaces.first(where: { !isKnown($0.name) }) {
          found.append(
            excess(
              JudgementRules.admitsAnyway, policy, at: name.node,
              "admits namespace \(name.name), which \(cluster.name) does not have and from which no connection comes",
              remedy: "take it out, or declare the connection"))
        }
      }
    }
    return found
  }
}

/// Whom one source of a rule admits, as far as namespaces go. A source asks for all that it names at once.
struct AdmittedSource {
  /// The namespaces that it names, one by one.
  private(set) var namespaces: [(name: String, node: Node)] = []
  /// A pattern that many namespaces match.
  private(set) var pattern: Node?
  /// It names nobody: everybody is admitted, or everybody but somebody.
  let isEverybody: Bool
  private let source: Node

  init(_ source: Node) {
    self.source = source
    var isNarrow = false
    var isAnybody = false
    for (key, value) in source.entries {
      switch key.text {
      case "namespaces", "principals", "serviceAccounts":
        guard value.count > 0 else { continue }
        isNarrow = true
        for node in value.elements {
          if node.text == "*" {
            pattern = pattern ?? node
            isAnybody = true
          } else if let name = Self.namespace(node.text, key.text) {
            namespaces.append((name, node))
          } else {
            pattern = pattern ?? node
          }
        }
      // Tokens and addresses narrow it, but say no namespace.
      case "requestPrincipals", "ipBlocks", "remoteIpBlocks": isNarrow = isNarrow || value.count > 0
      default: break
      }
    }
    isEverybody = !isNarrow || isAnybody
  }

  /// The one namespace that an item means; nil for a pattern.
  private static func namespace(_ text: String, _ key: String) -> String? {
    if key == "namespaces" { return text.contains("*") ? nil : text }
    if key == "serviceAccounts" {
      let parts = text.split(separator: "/")
      return parts.count == 2 && !parts[0].contains("*") ? String(parts[0]) : nil
    }
    // cluster.local/ns/NAMESPACE/sa/ACCOUNT, where a star may stand for the start or the end.
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard let mark = parts.firstIndex(of: "ns"), parts.count > mark + 2, parts[mark + 2] == "sa" else {
      return nil
    }
    return String(parts[mark + 1])
  }

  /// Somebody whom it admits and who is not among the namespaces.
  func stranger(besides known: [String]) -> (words: String, node: Node?)? {
    if let other = namespaces.first(where: { !known.contains($0.name) }) {
      return ("namespace \(other.name)", other.node)
    }
    if isEverybody { return ("everybody", pattern ?? source) }
    if let pattern { return ("whoever is like '\(pattern.text)'", pattern) }
    return namespaces.isEmpty ? ("whoever has the addresses or tokens that it names", source) : nil
  }
}
