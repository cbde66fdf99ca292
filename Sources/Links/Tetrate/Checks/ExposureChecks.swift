import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What a link exposes, against what its connections reach and what the workspace owns.
struct ExposureChecks {
  let traffic: TetrateTraffic

  private var link: TetrateLink { traffic.link }
  private var model: FleetModel { traffic.model }

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    checkTargets(&findings)
    checkItems(&findings)
    checkLabels(&findings)
    checkRest(&findings)
    return findings
  }

  /// The Services of the workspace in clusters with a gateway.
  private func services(in member: TetrateMember) -> [Service] {
    guard traffic.gateways[member.cluster] != nil, let declared = model.clusters[member.cluster]?.declared,
      let workspace = link.workspace
    else { return [] }
    return declared.services.values.filter { workspace.owns($0.key.namespace, of: member) }.sorted {
      $0.key < $1.key
    }
  }

  // MARK: Targets

  private func checkTargets(_ findings: inout [Diagnostic]) {
    var reported: Set<String> = []
    for connection in traffic.connections {
      for target in connection.targets where !connection.clients(of: target).isEmpty {
        let key = target.service.key
        if let workspace = link.workspace, let member = link.member(target.cluster),
          !workspace.owns(key.namespace, of: member)
        {
          findings.append(
            Diagnostic(
              TetrateRules.outsideWorkspace,
              "namespace \(key.namespace) of \(target.cluster) does not belong to workspace '\(workspace.id.name)'",
              at: target.reference.range, "cannot be exposed by this link",
              also: [Label(workspace.place.range, "owns \(listed(workspace.owned.map(\.node.text)))")],
              help: ["add '\(member.name.value)/\(key.namespace)' to the workspace, or use another link"]))
          continue
        }
        // Without a gateway nothing is derived, and that is reported.
        if case .declared = link.settings.exposure, traffic.gateways[target.cluster] == nil { continue }
        guard !traffic.exposure.exposes(target.service),
          reported.insert("\(target.cluster)/\(key.description)").inserted
        else { continue }
        findings.append(notExposed(target))
      }
    }
  }

  private func notExposed(_ target: BoundTarget) -> Diagnostic {
    let labels = target.service.manifest.labels
    let name = target.service.key.description
    if case .declared = link.settings.exposure {
      return Diagnostic(
        TetrateRules.noLabel, "Service \(name) in \(target.cluster) has no labels",
        at: target.reference.range,
        "cannot be exposed by labels",
        also: [Label(target.service.manifest.nameNode.range, "the Service")],
        help: [
          target.service.isInline
            ? "put the Service's manifest, with labels, under the workloads of \(target.cluster)"
            : "give the Service a label of its own, such as 'app: \(target.service.key.name)'"
        ])
    }
    let items = traffic.exposure.items ?? []
    let onPods = items.first { item in target.pods.contains { item.matches($0.podLabels) } }
    var also = items.compactMap(\.node).prefix(3).map { Label($0.range, "does not match") }
    also.append(
      Label(
        (target.service.manifest.node.at("metadata", "labels") ?? target.service.manifest.nameNode).range,
        labels.isEmpty ? "the Service has no labels" : "the Service has \(labels.description)"))
    return Diagnostic(
      TetrateRules.targetNotExposed, "Service \(name) in \(target.cluster) is not exposed",
      at: target.reference.range, "no item of exposedServices matches it", also: also,
      help: [
        onPods.map {
          "its pods have \($0.labels.description), the Service has not: put the label on the Service"
        }
          ?? (labels.isEmpty
            ? "give the Service a label and name it in exposedServices"
            : "add {serviceLabels: {\(labels.items.prefix(1).map { "\($0.key): \($0.value)" }.joined())}} to exposedServices")
      ])
  }

  // MARK: Items

  private func checkItems(_ findings: inout [Diagnostic]) {
    let all = link.bound.flatMap { services(in: $0) }
    guard !all.isEmpty, let items = traffic.exposure.items else { return }
    let pods = link.bound.flatMap { member -> [(Service, [Workload])] in
      services(in: member).map { service in
        (service, model.clusters[member.cluster]?.declared.pods(of: service, runtimeLabels: [:]) ?? [])
      }
    }
    for item in items {
      guard let node = item.node else { continue }
      let matched = all.filter { item.matches($0.manifest.labels) }
      let hidden = pods.filter { service, workloads in
        !traffic.exposure.exposes(service) && workloads.contains { item.matches($0.podLabels) }
      }
      if matched.isEmpty {
        let near = Set(all.flatMap { $0.manifest.labels.items.map { "\($0.key)=\($0.value)" } }).sorted()
        findings.append(
          Diagnostic(
            TetrateRules.exposesNothing, "no Service of the workspace has \(item.labels.description)",
            at: node.range, "exposes nothing",
            also: hidden.prefix(1).map { service, _ in
              Label(service.manifest.nameNode.range, "its pods have the labels, the Service has not")
            },
            help: [
              hidden.isEmpty
                ? didYouMean(item.labels.description, among: near)
                  ?? "the labels of its Services are \(listed(near))"
                : "serviceLabels are labels of Services: put them on the Service"
            ]))
        continue
      }
      for (service, _) in hidden {
        findings.append(
          Diagnostic(
            TetrateRules.podsOnly,
            "pods of Service \(service.key.description) have \(item.labels.description), the Service has not",
            at: node.range, "looks at Services, not at pods",
            also: [Label(service.manifest.nameNode.range, "is not exposed")],
            help: ["put the label on the Service if it is to be exposed"]))
      }
    }
    checkTwice(all, items, &findings)
  }

  private func checkTwice(_ services: [Service], _ items: [ExposureItem], _ findings: inout [Diagnostic]) {
    var reported: Set<NamespacedName> = []
    for service in services {
      let matching = items.filter { $0.matches(service.manifest.labels) }
      guard matching.count > 1, let first = matching[0].node, let second = matching[1].node,
        reported.insert(service.key).inserted
      else { continue }
      findings.append(
        Diagnostic(
          TetrateRules.matchedTwice, "two items expose Service \(service.key.description)", at: second.range,
          "has no effect on it", also: [Label(first.range, "the first that matches counts")],
          help: ["narrow one of the items"]))
    }
  }

  /// Labels that YAML reads as something else than text: the API server refuses them.
  private func checkLabels(_ findings: inout [Diagnostic]) {
    for member in link.bound {
      for service in services(in: member) {
        findings += LabelValues.findings(
          service.manifest.node.at("metadata", "labels"), of: "Service \(service.key.description)")
      }
    }
  }

  // MARK: More than declared

  private func checkRest(_ findings: inout [Diagnostic]) {
    guard !traffic.gateways.isEmpty else { return }
    let rest = link.bound.flatMap { member in
      services(in: member).filter { service in
        traffic.exposure.exposes(service)
          && !(traffic.targets[member.cluster]?.contains(service.key) ?? false)
      }.map { (member, $0) }
    }
    guard let (_, first) = rest.first else { return }
    let names = Set(rest.map { "\($0.1.key.description) in \($0.0.cluster)" }).sorted()
    var isDeclared = false
    if case .declared = link.settings.exposure { isDeclared = true }
    let place: Node =
      switch link.settings.exposure {
      case .all(let node): node
      case .items(let nodes): nodes.first ?? link.link.name.node
      case .declared: link.link.name.node
      }
    findings.append(
      Diagnostic(
        TetrateRules.exposesMore,
        "\(names.count) \(names.count == 1 ? "Service is" : "Services are") exposed that no connection reaches: \(listed(names))",
        at: place.range, "exposes more than is declared",
        also: [Label(first.manifest.nameNode.range, "one of them")],
        help: [
          isDeclared
            ? "declare connections to them, or give the targets a label of their own: those that are exposed have the same labels"
            : "write 'exposedServices: declared', declare connections to them, or give the targets a label of their own"
        ]))
  }
}

/// Label values must be texts.
enum LabelValues {
  static func findings(_ labels: Node?, of what: String) -> [Diagnostic] {
    (labels?.entries.map { $0 } ?? []).filter { $1.isScalar && $1.string == nil }.map { key, value in
      Diagnostic(
        TetrateRules.labelNotText, "label '\(key.text)' of \(what) is \(value.kind.description), not text",
        at: value.range, "YAML reads \(value.kind.description)",
        help: ["write it in quotes: \"\(value.text)\""])
    }
  }
}
