import Diagnostics
import FleetSpec
import Kubernetes
import YAMLTree

/// Finds the Services and ports that a connection means in one cluster after another.
struct TargetResolver {
  let model: FleetModel
  let connection: Connection
  let namespace: Located<String>
  /// True to go on with Services and ports that are not there (`AssumedService`).
  private let assumes: Bool
  private(set) var findings: [Diagnostic] = []

  init(model: FleetModel, connection: Connection, namespace: Located<String>, assumes: Bool) {
    self.assumes = assumes
    self.model = model
    self.connection = connection
    self.namespace = namespace
    target = connection.to
  }

  /// As it is in the cluster that is looked at.
  private var target: Connection.Target
  private var targetNamespace: String { target.namespace?.value ?? namespace.value }

  mutating func targets(in cluster: String) -> [BoundTarget] {
    guard let facts = model.clusters[cluster]?.declared else { return [] }
    target = connection.target(in: cluster)
    switch target.service {
    case .named(let names):
      return names.compactMap { name in
        if let service = facts.services[NamespacedName(targetNamespace, name.value)] {
          return bind(service, name.node, cluster, facts)
        }
        let fault = missing(name, in: cluster, facts)
        findings.append(fault)
        return assumes ? assumed(name, in: cluster, fault) : nil
      }
    case .selected(let selector, let node):
      let services = facts.services.values.filter {
        $0.key.namespace == targetNamespace && selector.matches($0.manifest.labels)
      }.sorted { $0.key < $1.key }
      if services.isEmpty {
        findings.append(
          Diagnostic(
            LinkerRules.unknownService,
            "no Service of \(targetNamespace) in \(cluster) has the labels \(selector.description)",
            at: node.range, "selects nothing",
            help: ["its Services are \(listed(facts.serviceNames(in: targetNamespace)))"]))
      }
      return services.compactMap { bind($0, node, cluster, facts) }
    case .inline(let service, let node):
      let local =
        service.key.namespace == targetNamespace
        ? service : Service(service.manifest, namespace: targetNamespace, isInline: true)
      if let existing = facts.services[local.key] {
        findings.append(
          Diagnostic(
            LinkerRules.inlineServiceExists, "Service \(local.key.description) has a manifest in \(cluster)",
            at: node.range, "declared again here",
            also: [Label(existing.manifest.nameNode.range, "its manifest")],
            help: ["write 'service: \(local.key.name)'; two declarations would drift apart"]))
      }
      return bind(local, node, cluster, facts).map { [$0] } ?? []
    }
  }

  // MARK: Services

  /// A Service that is missing, as it would have to be.
  private func assumed(_ name: Located<String>, in cluster: String, _ fault: Diagnostic) -> BoundTarget? {
    let key = NamespacedName(targetNamespace, name.value)
    guard let service = AssumedService.service(key, for: target.ports, in: cluster, model) else { return nil }
    let ports = target.ports.compactMap { wanted in
      service.ports(wanted.value).first.map { BoundPort(reference: wanted, port: $0, fault: fault) }
    }
    guard !ports.isEmpty else { return nil }
    return BoundTarget(
      cluster: cluster, service: service, ports: ports, pods: [], reference: name.node, fault: fault)
  }

  private func missing(_ name: Located<String>, in cluster: String, _ facts: ClusterFacts) -> Diagnostic {
    let key = "\(targetNamespace)/\(name.value)"
    if let unread = facts.unread(mayHold: name.value) {
      return Diagnostic(
        LinkerRules.unknownService,
        "Service \(key) in \(cluster) is not known: \(unread.path) cannot be read",
        at: name.node.range, "may be in that file", also: [Label(unread.place, "its error")],
        help: ["mend that error first"])
    }
    if let doubtful = facts.doubtful.first(where: { mayBe($0, name.value) }) {
      return Diagnostic(
        LinkerRules.unknownService, "there is no Service \(key) in \(cluster)", at: name.node.range,
        "not in the manifests of \(cluster)",
        also: [Label(doubtful.place.range, "this \(doubtful.kind) \(doubtful.fault)")],
        help: ["if that is its manifest: \(doubtful.remedy)"])
    }
    var help: [String] = []
    var also: [Label] = []
    if let unplaced = facts.unplaced.first(where: { $0.kind == "Service" && $0.name == name.value }) {
      also.append(Label(unplaced.nameNode.range, "this Service names no namespace"))
      help.append(
        "add 'namespace: \(targetNamespace)' to its metadata; where a kustomization sets it, pipe what 'kubectl kustomize' prints into 'linkwright record'"
      )
    } else if let near = didYouMean(name.value, among: facts.serviceNames(in: targetNamespace)) {
      help.append(near)
    }
    for other in model.clusterNames where other != cluster {
      guard let found = model.clusters[other]?.declared.services[NamespacedName(targetNamespace, name.value)]
      else {
        continue
      }
      also.append(Label(found.manifest.nameNode.range, "cluster \(other) has it"))
      if help.isEmpty {
        help.append(
          "put its manifest under the workloads of \(cluster) too, or name the clusters that have it: 'clusters: [\(other)]'"
        )
      }
    }
    if help.isEmpty, let elsewhere = facts.services.keys.filter({ $0.name == name.value }).min() {
      help.append(
        "there is one in namespace \(elsewhere.namespace); say so with 'namespace: \(elsewhere.namespace)'")
    }
    if help.isEmpty {
      let known = facts.serviceNames(in: targetNamespace)
      help.append(
        known.isEmpty
          ? "no manifest of namespace \(targetNamespace) is known in \(cluster): put it under the workloads of \(cluster), or 'linkwright record' it"
          : "the Services of \(targetNamespace) are \(listed(known))")
    }
    return Diagnostic(
      LinkerRules.unknownService, "there is no Service \(key) in \(cluster)", at: name.node.range,
      "not in the manifests of \(cluster)", also: also, help: help)
  }

  /// True for a document that was meant to be the Service, and is none yet.
  private func mayBe(_ manifest: DoubtfulManifest, _ name: String) -> Bool {
    guard manifest.namespace ?? targetNamespace == targetNamespace else { return false }
    switch manifest.kind {
    case DoubtfulManifest.template: return true
    case "Service": return manifest.name ?? name == name
    case DoubtfulManifest.anyKind: return manifest.name == name
    default: return false
    }
  }

  private mutating func bind(
    _ service: Service, _ reference: Node, _ cluster: String, _ facts: ClusterFacts
  ) -> BoundTarget? {
    var ports: [BoundPort] = []
    var isComplete = true
    for wanted in target.ports {
      let found = service.ports(wanted.value)
      if found.isEmpty {
        let fault = missing(wanted, of: service, in: cluster)
        findings.append(fault)
        if assumes, let port = AssumedService.port(wanted.value, of: service, model) {
          ports.append(BoundPort(reference: wanted, port: port, fault: fault))
        } else {
          isComplete = false
        }
      }
      ports += found.map { BoundPort(reference: wanted, port: $0) }
    }
    guard isComplete else { return nil }
    let pods = facts.pods(of: service, runtimeLabels: target.runtimeLabels)
    checkPods(pods, of: service, reference, cluster, facts)
    if service.isInline, pods.isEmpty { checkInline(service, cluster, facts) }
    checkTargetPorts(ports, pods, of: service, cluster)
    return BoundTarget(
      cluster: cluster, service: service, ports: ports, pods: pods, reference: reference, fault: nil)
  }

  // MARK: Ports

  private func missing(
    _ wanted: Located<PortReference>, of service: Service, in cluster: String
  ) -> Diagnostic {
    let key = service.key.description
    var help: [String] = []
    var also =
      service.ports.isEmpty
      ? [Label(service.manifest.nameNode.range, "it has no ports")]
      : service.ports.prefix(4).map { port in
        Label(port.node.range, service.ports.count == 1 ? "its only port" : "one of its ports")
      }
    if let unreadable = service.unreadablePorts.first(where: { $0.text == wanted.value.description }) {
      also = [Label(unreadable.range, "a text, where an API server takes a number")]
      help.append("remove the quotes in the Service's manifest")
    } else if case .name(let name) = wanted.value, let number = Int(name),
      service.port(.number(number)) != nil
    {
      help.append("remove the quotes: in quotes it is a port's name, not number \(number)")
    } else if case .number(let number) = wanted.value,
      let behind = service.ports.first(where: { $0.target == .number(number) })
    {
      help.append("connections name a Service port, not a target port; use \(behind.number)")
    } else if case .name(let name) = wanted.value,
      let near = didYouMean(name, among: service.ports.compactMap(\.name))
    {
      help.append(near)
    } else {
      help.append("use \(listed(service.ports.map(\.description))), or add the port in \(cluster)")
    }
    var notes: [String] = []
    for other in model.clusterNames where other != cluster {
      guard let twin = model.clusters[other]?.declared.services[service.key], twin.port(wanted.value) != nil
      else {
        continue
      }
      notes.append("\(other) has port \(wanted.value.description): the clusters differ")
    }
    return Diagnostic(
      LinkerRules.unknownPort, "Service \"\(service.key.name)\" has no port \(wanted.value.description)",
      at: wanted.node.range, "not a port of \(key) in \(cluster)", also: also, help: help, notes: notes)
  }

  private mutating func checkTargetPorts(
    _ ports: [BoundPort], _ pods: [Workload], of service: Service, _ cluster: String
  ) {
    for bound in ports where bound.fault == nil {
      guard case .name(let name) = bound.port.target else {
        checkDeclared(bound, pods, cluster)
        continue
      }
      for pod in pods
      where pod.number(of: bound.port.target, bound.port.transport) == nil && !pod.isHelmHook {
        let names = pod.containerPorts.compactMap(\.name)
        let other = pod.containerPorts.first { $0.name == name }
        var finding =
          Diagnostic(
            LinkerRules.unknownTargetPort,
            other.map { port in
              "container port '\(name)' of \(pod.description) in \(cluster) is for \(port.transport.rawValue), not \(bound.port.transport.rawValue)"
            } ?? "\(pod.description) in \(cluster) has no container port named '\(name)'",
            at: (other == nil ? bound.port.targetNode : bound.port.transportNode ?? bound.port.targetNode)?
              .range
              ?? bound.port.node.range, "port \(bound.port.number) leads to '\(name)'",
            also: [Label(pod.manifest.nameNode.range, "its pods: \(listed(names, none: "no named ports"))")],
            help: [
              other.map {
                "write 'protocol: \(bound.port.transport.rawValue)' at the container's port, or 'protocol: \($0.transport.rawValue)' at the Service's where clients speak that"
              }
                ?? (Int(name) != nil
                  ? "remove the quotes: in quotes it is a port's name, not a number"
                  : didYouMean(name, among: names)
                    ?? "name a container port '\(name)', or use a number as targetPort")
            ])
        // The others go on serving: this one gets no endpoint for the port.
        if pods.contains(where: { $0.number(of: bound.port.target, bound.port.transport) != nil }) {
          finding.severity = .warning
        }
        findings.append(finding)
      }
    }
  }

  /// A container may listen on a port that it does not declare. Where all of them declare some and none this one, it is
  /// worth a note.
  private mutating func checkDeclared(_ bound: BoundPort, _ pods: [Workload], _ cluster: String) {
    guard case .number(let number) = bound.port.target, !pods.isEmpty,
      pods.allSatisfy({ pod in
        !pod.containerPorts.isEmpty
          && !pod.containerPorts.contains { $0.number == number && $0.transport == bound.port.transport }
      }), let pod = pods.first
    else { return }
    let declared = pod.containerPorts.map { "\($0.number)/\($0.transport.rawValue)" }
    let near = didYouMean(String(number), among: pod.containerPorts.map { String($0.number) })
    findings.append(
      Diagnostic(
        LinkerRules.undeclaredTargetPort,
        "no container of \(pod.description) in \(cluster) declares port \(number)/\(bound.port.transport.rawValue)",
        at: (bound.port.targetNode ?? bound.port.node).range, "port \(bound.port.number) leads to \(number)",
        also: pod.containerPorts.prefix(3).map { Label($0.node.range, "declared") },
        help: [
          near ?? "they declare \(listed(declared)); nothing is wrong if the process listens on \(number)"
        ]))
  }

  // MARK: Pods

  private mutating func checkPods(
    _ pods: [Workload], of service: Service, _ reference: Node, _ cluster: String, _ facts: ClusterFacts
  ) {
    guard pods.isEmpty, !service.isInline, service.type != "ExternalName", !service.selector.isEmpty,
      !service.hasOnlyRuntimeLabels(target.runtimeLabels)
    else {
      return
    }
    // The pods may be declared in a file that was not read to its end.
    let unread = facts.unread(mayHold: service.key.namespace)
    let workloads = facts.workloads[service.key.namespace] ?? []
    var selector = service.manifest.node.at("spec", "selector") ?? service.manifest.nameNode
    var also: [Label] = [Label(reference.range, "reached by this connection")]
    var help: [String] = []
    if let unread {
      also.append(Label(unread.place, "its error"))
      help.append("mend that error first")
    }
    let scored =
      unread != nil
      ? [] : workloads.map { ($0, Self.agreement($0.podLabels, service.selector)) }.sorted { $0.1 > $1.1 }
    if let (nearest, score) = scored.first, score > 0 {
      also.append(
        Label(
          nearest.pod.at("metadata", "labels")?.range ?? nearest.manifest.nameNode.range,
          "the nearest: \(nearest.description) with \(nearest.podLabels.description)"))
      let missing = service.selector.items.filter { nearest.podLabels[$0.key] != $0.value }
      // Of several labels the one that is wrong.
      if let first = missing.first { selector = selector[first.key] ?? selector }
      help.append(
        "\(missing.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")) is missing there; if a controller sets it while pods run, say so: runtimeLabels: {\(missing.map { "\($0.key): [\($0.value)]" }.joined(separator: ", "))}"
      )
    } else if unread != nil {
      // Nothing is known of what is missing.
    } else if workloads.isEmpty {
      help.append(
        "no workload of \(service.key.namespace) is known in \(cluster): put its manifest under the workloads of \(cluster), or 'linkwright record' it"
      )
    } else {
      help.append("the workloads of \(service.key.namespace) are \(listed(workloads.map(\.description)))")
    }
    findings.append(
      Diagnostic(
        LinkerRules.serviceSelectsNothing,
        unread.map {
          "the pods of Service \(service.key.description) in \(cluster) are not known: \($0.path) cannot be read"
        } ?? "Service \(service.key.description) selects no pods in \(cluster)", at: selector.range,
        "no pod template has \(service.selector.description)", also: also, help: help))
  }

  /// A Service that a connection declares and whose pods no manifest makes: its selector may be a slip of the pen all the
  /// same.
  private mutating func checkInline(_ service: Service, _ cluster: String, _ facts: ClusterFacts) {
    let node = service.manifest.node["selector"] ?? service.manifest.nameNode
    let observed = model.clusters[cluster]?.observed.services[service.key]
    if let observed, !observed.selector.isEmpty, observed.selector != service.selector {
      warn(
        service, cluster, node, "it was observed with \(observed.selector.description)",
        Label(observed.manifest.nameNode.range, "observed"),
        "write the selector that the Service has, or observe it again")
      return
    }
    for workload in facts.workloads[service.key.namespace] ?? [] {
      for label in service.selector.items {
        guard let known = workload.podLabels[label.key], known != label.value,
          didYouMean(label.value, among: [known]) != nil
        else { continue }
        warn(
          service, cluster, node, "no manifest makes them",
          Label(
            workload.pod.at("metadata", "labels")?.range ?? workload.manifest.nameNode.range,
            "\(workload.description) has \(label.key)=\(known)"),
          "did you mean '\(label.key): \(known)'?")
        return
      }
    }
  }

  private mutating func warn(
    _ service: Service, _ cluster: String, _ node: Node, _ reason: String, _ other: Label, _ help: String
  ) {
    var finding = Diagnostic(
      LinkerRules.serviceSelectsNothing,
      "Service \(service.key.description) of \(cluster) is declared here for pods with \(service.selector.description), and \(reason)",
      at: node.range, also: [other], help: [help])
    finding.severity = .warning
    findings.append(finding)
  }

  /// How many of the selector's labels a pod template has.
  private static func agreement(_ labels: Labels, _ selector: Labels) -> Int {
    selector.items.count { labels[$0.key] == $0.value }
  }
}
