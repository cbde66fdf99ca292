import Diagnostics
import FleetSpec
import Kubernetes
import YAMLTree

/// Binds the names of one connection after another. Every name is bound or reported, with what is near it.
struct ConnectionBinder {
  let model: FleetModel
  let links: [String: any BoundLink]
  /// True to go on with Services and ports that are not there.
  private let assumesTargets: Bool
  private var overrides: OverrideBinding
  private var ownFindings: [Diagnostic] = []
  var findings: [Diagnostic] { ownFindings.isEmpty ? overrides.findings : ownFindings + overrides.findings }

  init(
    model: FleetModel, links: [String: any BoundLink], overrides: OverrideBinding, assumesTargets: Bool
  ) {
    self.model = model
    self.assumesTargets = assumesTargets
    self.links = links
    self.overrides = overrides
    for (_, link) in links.sorted(by: { $0.key < $1.key }) { self.overrides.check(link) }
  }

  /// The same, ready for a connection that is bound beside others.
  var withoutFindings: ConnectionBinder {
    var binder = self
    binder.ownFindings = []
    binder.overrides.forgetFindings()
    return binder
  }

  /// The connection in each of its namespaces; empty when something could not be bound.
  mutating func bind(_ connection: Connection) -> [BoundConnection] {
    let before = ownFindings.count
    let targetChoice = clusters(connection.to.clusters)
    let clientChoices = connection.from.map { client -> ClusterNames in
      if case .clusters(let choice) = client.source { return clusters(choice) }
      return .none
    }
    guard ownFindings.count == before, let link = link(for: connection, targetChoice, clientChoices) else {
      return []
    }
    checkSections(connection, link)
    let targets = targetChoice.names(members: link.members)
    checkMembers(targetChoice, link, connection)
    let clientClusters = clientChoices.map { $0.names(members: link.members) }
    checkPairs(connection, targets, clientClusters)
    if !connection.overrides.isEmpty {
      let before = overrides.findings.count
      overrides.check(connection, over: link, targets: targets, clients: clientClusters.flatMap { $0 })
      guard overrides.findings.count == before else { return [] }
    }
    guard ownFindings.count == before else { return [] }
    return connection.namespaces.compactMap { namespace in
      bind(connection, namespace, link, targets, clientClusters)
    }
  }

  private mutating func bind(
    _ connection: Connection, _ namespace: Located<String>, _ link: any BoundLink, _ targets: [String],
    _ clientClusters: [[String]]
  ) -> BoundConnection? {
    let before = ownFindings.count
    var resolver = TargetResolver(
      model: model, connection: connection, namespace: namespace, assumes: assumesTargets)
    let bound = targets.flatMap { resolver.targets(in: $0) }
    ownFindings += resolver.findings
    guard !ownFindings[before...].containsErrors || assumesTargets && !bound.isEmpty else { return nil }
    var clients: [BoundClient] = []
    for (client, names) in zip(connection.from, clientClusters) {
      let place = client.namespace?.value ?? namespace.value
      switch client.source {
      case .external(let name, let cidrs):
        clients.append(
          BoundClient(
            place: .external(name: name.value, cidrs: cidrs), namespace: place, podSelector: nil,
            node: client.node))
      case .clusters:
        for name in names {
          checkSelector(client, name, place)
          clients.append(
            BoundClient(
              place: .cluster(name), namespace: place, podSelector: client.podSelector, node: client.node))
        }
      }
    }
    return BoundConnection(
      connection: connection, namespace: namespace, link: link, clients: clients, targets: bound)
  }

  // MARK: Clusters

  /// Clusters as a document chose them.
  private enum ClusterNames {
    case named([Located<String>])
    case selected([String])
    case members
    case none

    func names(members: [String]) -> [String] {
      switch self {
      case .named(let names): names.map(\.value)
      case .selected(let names): names
      case .members: members
      case .none: []
      }
    }
  }

  private mutating func clusters(_ choice: Connection.ClusterChoice) -> ClusterNames {
    switch choice {
    case .members: return .members
    case .named(let names):
      for name in names { check(cluster: name) }
      return .named(names)
    case .selected(let selector, let node):
      let selected = model.clusterNames.filter {
        model.clusters[$0].map { selector.matches($0.cluster.labels) } ?? false
      }
      if selected.isEmpty {
        ownFindings.append(
          Diagnostic(
            LinkerRules.unknownCluster, "no Cluster has the labels \(selector.description)", at: node.range,
            "selects nothing", help: ["the clusters are \(listed(model.clusterNames))"]))
      }
      return .selected(selected)
    }
  }

  private mutating func check(cluster name: Located<String>) {
    guard model.clusters[name.value] == nil, !model.specification.isInvalid("Cluster", name.value) else {
      return
    }
    ownFindings.append(
      Diagnostic(
        LinkerRules.unknownCluster, "there is no Cluster '\(name.value)'", at: name.node.range,
        "not declared",
        help: [
          didYouMean(name.value, among: model.clusterNames)
            ?? "the clusters are \(listed(model.clusterNames))"
        ]))
  }

  private mutating func checkMembers(_ choice: ClusterNames, _ link: any BoundLink, _ connection: Connection)
  {
    let name = link.link.name.value
    switch choice {
    case .named(let clusters):
      for cluster in clusters where !link.members.contains(cluster.value) {
        ownFindings.append(
          Diagnostic(
            LinkerRules.notAMember, "Link '\(name)' does not reach cluster '\(cluster.value)'",
            at: cluster.node.range,
            "not a member of \(name)",
            also: [Label(link.link.name.node.range, "its members: \(listed(link.members))")],
            help: ["name another link in 'via', or another cluster"]))
      }
    case .selected(let clusters):
      for cluster in clusters where !link.members.contains(cluster) {
        ownFindings.append(
          Diagnostic(
            LinkerRules.notAMember,
            "Link '\(name)' does not reach cluster '\(cluster)', which the selector chooses",
            at: connection.to.node.range, "",
            also: [Label(link.link.name.node.range, "its members: \(listed(link.members))")],
            help: ["narrow the selector, or name another link in 'via'"]))
      }
    case .members, .none: break
    }
  }

  private mutating func checkPairs(_ connection: Connection, _ targets: [String], _ clients: [[String]]) {
    for (client, names) in zip(connection.from, clients) {
      guard case .clusters = client.source else { continue }
      let leads = names.contains { name in targets.contains { $0 != name } }
      if !leads, !targets.isEmpty {
        ownFindings.append(
          Diagnostic(
            LinkerRules.sameCluster,
            "the client and the target are in the same cluster '\(targets.joined(separator: ", "))'",
            at: client.node.range, "this client needs no link",
            also: [Label(connection.to.node.range, "the target")],
            help: ["a Service reaches pods of its own cluster; name another cluster, or remove the client"]))
      }
    }
  }

  // MARK: Links

  private mutating func link(
    for connection: Connection, _ target: ClusterNames, _ clients: [ClusterNames]
  ) -> (any BoundLink)? {
    if let via = connection.via {
      if let link = links[via.value] { return link }
      if !model.specification.isInvalid("Link", via.value), model.specification.links[via.value] == nil {
        let names = model.specification.links.keys.sorted()
        ownFindings.append(
          Diagnostic(
            LinkerRules.unknownLink, "there is no Link '\(via.value)'", at: via.node.range, "not declared",
            help: [didYouMean(via.value, among: names) ?? "the links are \(listed(names))"]))
      }
      return nil
    }
    var candidates = links.values.filter { link in
      target.names(members: []).allSatisfy(link.members.contains)
    }
    if candidates.count > 1 {
      let closer = candidates.filter { link in
        clients.allSatisfy { $0.names(members: []).allSatisfy(link.members.contains) }
      }
      if !closer.isEmpty { candidates = closer }
    }
    if candidates.count == 1 { return candidates[0] }
    // A link that has findings of its own would be the answer: do not add to them.
    if candidates.isEmpty,
      links.count < model.specification.links.count || !model.specification.invalidNames.isEmpty
        || !model.specification.unread.isEmpty
    {
      return nil
    }
    let names = candidates.map(\.link.name.value).sorted()
    let near = candidates.isEmpty ? nearest(target.names(members: [])) : nil
    ownFindings.append(
      Diagnostic(
        LinkerRules.ambiguousLink,
        candidates.isEmpty
          ? "no Link reaches \(listed(target.names(members: []), none: "the target"))"
          : "\(candidates.count) links join the two ends: \(listed(names))", at: connection.name.node.range,
        candidates.isEmpty ? "this connection has no way" : "which one?",
        also: candidates.map(\.link.name).sorted { $0.value < $1.value }.map {
          Label($0.node.range, "one of them")
        } + (near?.also ?? []),
        help: near.map { [$0.help] } ?? [
          candidates.isEmpty ? "declare a Link with these clusters" : "name one in spec.via"
        ]))
    return nil
  }

  /// The link that reaches some of the clusters, and why it does not reach the others: where one selects its members, a
  /// cluster's label may be mistyped.
  private func nearest(_ wanted: [String]) -> (help: String, also: [Label])? {
    let links = links.sorted { $0.key < $1.key }.map { link in
      (link: link.value, missing: wanted.filter { !link.value.members.contains($0) })
    }
    guard let near = links.min(by: { $0.missing.count < $1.missing.count }), near.missing.count < wanted.count
    else { return nil }
    let name = near.link.link.name
    var also = [
      Label(
        name.node.range,
        "reaches \(listed(wanted.filter { !near.missing.contains($0) })), not \(listed(near.missing))")
    ]
    guard let selector = near.link.link.section["clusterSelector"] else {
      return (
        "make \(listed(near.missing)) \(near.missing.count == 1 ? "a member" : "members") of Link '\(name.value)', or declare another",
        also
      )
    }
    also += near.missing.compactMap { model.clusters[$0]?.cluster }.map { cluster in
      Label(
        cluster.node.at("metadata", "labels")?.range ?? cluster.name.node.range,
        cluster.labels.items.isEmpty ? "it has no labels" : "it has \(cluster.labels.description)")
    }
    return (
      "Link '\(name.value)' takes clusters with \(LabelSelector(selector).description): correct the labels of \(listed(near.missing)), or declare another Link",
      also
    )
  }

  /// Sections of other link types than the one that carries the connection.
  private mutating func checkSections(_ connection: Connection, _ link: any BoundLink) {
    let type = link.link.type.value
    for key in overrides.fields.keys.sorted() where key != type {
      guard let node = connection.spec.key(key) else { continue }
      ownFindings.append(
        Diagnostic(
          LinkerRules.sectionElsewhere,
          "'\(key)' has no effect: a link of type \(type) carries this connection",
          at: node.range, "of another link type", also: [Label(link.link.type.node.range, "its link")],
          help: ["write what is meant under '\(type)', name another link in 'via', or remove the section"]))
    }
  }

  // MARK: Clients

  private mutating func checkSelector(_ client: Connection.Client, _ cluster: String, _ namespace: String) {
    guard let selector = client.podSelector, let facts = model.clusters[cluster]?.declared,
      let workloads = facts.workloads[namespace], facts.unread(mayHold: namespace) == nil,
      !workloads.contains(where: { selector.matches($0.podLabels) })
    else { return }
    ownFindings.append(
      Diagnostic(
        LinkerRules.clientSelectsNothing,
        "no workload of \(namespace) in \(cluster) has pods with \(selector.description)",
        at: client.node["podSelector"]?.range ?? client.node.range, "selects nothing",
        also: workloads.prefix(3).map {
          Label($0.manifest.nameNode.range, "has \($0.podLabels.description)")
        },
        help: ["correct the labels; labels of running pods that no template has cannot be checked"]))
  }
}

extension ArraySlice<Diagnostic> {
  /// True when one of them is an error.
  var containsErrors: Bool { contains { $0.severity == .error } }
}
