import Compiler
import Diagnostics
import Kubernetes
import Linker
import YAMLTree

/// TransportServerClaims with the policies that let the load balancer in.
enum PorterAdoption: SystemAdoption {
  static func infer(_ input: AdoptionInput, into inference: inout Inference) {
    var claims: [String: [PorterClaim]] = [:]
    for cluster in input.clusters {
      for manifest in cluster.objects(PorterClaim.group, "TransportServerClaim") {
        if let claim = PorterClaim(manifest, of: cluster.name, &inference.findings) {
          claims[cluster.name, default: []].append(claim)
        } else {
          inference.leave(manifest, of: cluster.name, because: "the operator cannot act on it")
        }
      }
    }
    guard !claims.isEmpty else { return }
    let pairs = PorterPairs(input, claims)
    inference.findings += pairs.findings
    for pair in pairs.pairs {
      PorterPairAdoption(input: input, pair: pair, claims: claims).infer(into: &inference)
    }
  }
}

/// The claims of one pair of clusters, or of one cluster.
private struct PorterPairAdoption {
  let input: AdoptionInput
  let pair: PorterPairs.Pair
  let claims: [String: [PorterClaim]]

  /// The documented form of a licence plate with its environment, as the link's default has it.
  private static let environments: Set<String> = ["dev", "test", "prod", "tools"]

  private var clusters: [AdoptedCluster] { pair.members.compactMap { input[$0] } }

  private var written: PorterWrittenEndpoints {
    PorterWrittenEndpoints(
      clusters, members: pair.members, claims: claims[pair.primary] ?? [], input: input)
  }

  func infer(into inference: inout Inference) {
    let before = inference.connections.count
    var seen: [NamespacedName: PorterClaim] = [:]
    for claim in claims[pair.primary] ?? [] {
      if let first = seen[claim.key] {
        inference.leave(
          claim.manifest, of: claim.cluster,
          because:
            "claim '\(first.manifest.name)' publishes Service \(claim.service) already, and the operator's objects carry the Service's name only"
            + (first.servicePort == claim.servicePort
              ? "; remove one of the two before '\(first.manifest.name)' is handed over" : "")
        )
        continue
      }
      seen[claim.key] = claim
      adopt(claim, &inference)
    }
    if let secondary = pair.secondary {
      for claim in claims[secondary] ?? [] { reportMisplaced(claim, secondary, &inference) }
    }
    shareNoPolicies(&inference, from: before)
    markOperatorObjects(&inference)
    written.take(over: pair.linkName, &inference)
    // The operator is there, whatever became of its claims.
    let mine = claims[pair.primary] ?? []
    addLink(mine.map(\.namespace), &inference)
    for cluster in clusters {
      inference.describe(cluster.name, "distribution", .text("openshift"))
    }
  }

  // MARK: One claim

  private func adopt(_ claim: PorterClaim, _ inference: inout Inference) {
    var sides: [(cluster: AdoptedCluster, service: Service, port: ServicePort)] = []
    for cluster in clusters {
      guard let service = cluster.services[claim.key],
        let port = service.ports.first(where: { $0.number == claim.servicePort })
      else {
        reportMissing(claim, in: cluster, &inference)
        continue
      }
      sides.append((cluster, service, port))
    }
    guard sides.count == clusters.count else {
      let missing = clusters.map(\.name).filter { name in !sides.contains { $0.cluster.name == name } }
      inference.leave(
        claim.manifest, of: claim.cluster,
        because:
          "its Service or port is not among the manifests of \(listed(missing)), and a virtual server stands there too"
      )
      return
    }
    var forms: [(cluster: String, form: PorterPolicyForm)] = []
    for side in sides {
      forms.append((side.cluster.name, PorterPolicyForm(side.service, port: side.port, in: side.cluster)))
    }
    var candidate = ConnectionCandidate(
      link: pair.linkName, namespace: claim.namespace,
      name: inference.connectionName(claim.service, in: claim.namespace, over: pair.linkName),
      service: claim.key, spec: SpecMap())
    candidate.spec.add(
      "from", clients(of: claim, targets: sides.map(\.cluster.name)), comment: clientComment(claim))
    candidate.spec.add("to", target(claim, sides.map(\.cluster.name), forms.first?.form.runtimeLabels ?? []))
    if let owner = input.request.owner { candidate.spec.add("owner", .text(owner)) }
    addSection(claim, forms, &candidate)
    addRuntimeLabels(forms, &candidate)
    inference.connections.append(candidate)
    inference.takenOver.append(
      TakenOver(
        cluster: pair.primary, manifest: claim.manifest, role: .asks, connection: candidate.id.description))
    for (cluster, form) in forms {
      if let exact = form.exact {
        inference.takenOver.append(
          TakenOver(
            cluster: cluster, manifest: exact.policy.manifest, role: .admits,
            connection: candidate.id.description))
      } else if let admitting = form.admitting {
        inference.left.append(
          LeftObject(
            cluster: cluster, manifest: admitting.manifest,
            reason:
              "it admits the load balancer, and connection \(candidate.id.description) builds on it; the specification does not say it: \(form.reason)",
            isGap: false))
      } else {
        reportNoPolicy(claim, cluster, &inference)
      }
    }
  }

  private func addSection(
    _ claim: PorterClaim, _ forms: [(cluster: String, form: PorterPolicyForm)],
    _ candidate: inout ConnectionCandidate
  ) {
    var section = claim.section
    if let index = section.entries.firstIndex(where: { $0.key == "claimName" }) {
      section.entries[index].remark = "a claim with another name gets another port"
    }
    let settings = forms.compactMap { cluster, form in form.exact.map { (cluster: cluster, map: $0.settings) }
    }
    if let first = settings.first {
      section.add("networkPolicy", .map(first.map))
      for other in settings.dropFirst() where other.map != first.map {
        // An overlay takes nothing away: what the other side leaves at its default is said there.
        let whole = Self.complete(other.map, over: first.map)
        guard let overlay = first.map.overlay(to: whole), !overlay.isEmpty else { continue }
        candidate.overrides.append(
          ConnectionCandidate.ClusterOverride(
            cluster: other.cluster,
            spec: SpecMap([SpecMap.Entry("porter", .map(["networkPolicy": .map(overlay)]))])))
      }
    }
    candidate.spec.add("porter", .map(section))
  }

  /// Settings with the defaults of what only the others say.
  private static func complete(_ settings: SpecMap, over others: SpecMap) -> SpecMap {
    var result = settings
    let defaults: [String: SpecValue] = [
      "restrictPorts": .boolean(true), "ingressLabels": .text("both"), "hostNetwork": .boolean(false),
    ]
    for entry in others.entries where result[entry.key] == nil {
      if let value = defaults[entry.key] { result.add(entry.key, value) }
    }
    return result
  }

  /// Labels that only running pods have, where the other side has others.
  private func addRuntimeLabels(
    _ forms: [(cluster: String, form: PorterPolicyForm)], _ candidate: inout ConnectionCandidate
  ) {
    for (cluster, form) in forms.dropFirst()
    where form.runtimeLabels.map(\.key) != forms[0].form.runtimeLabels.map(\.key) {
      let missing = form.runtimeLabels.filter { label in
        !forms[0].form.runtimeLabels.contains { $0.key == label.key }
      }
      guard !missing.isEmpty else { continue }
      let labels = SpecMap(missing.map { SpecMap.Entry($0.key, .texts([$0.value])) })
      let entry = SpecMap.Entry("to", .map(["runtimeLabels": .map(labels)]))
      if let index = candidate.overrides.firstIndex(where: { $0.cluster == cluster }) {
        let spec = SpecMap([entry] + candidate.overrides[index].spec.entries)
        candidate.overrides[index] = ConnectionCandidate.ClusterOverride(cluster: cluster, spec: spec)
      } else {
        candidate.overrides.append(
          ConnectionCandidate.ClusterOverride(cluster: cluster, spec: SpecMap([entry])))
      }
    }
  }

  private func target(
    _ claim: PorterClaim, _ targets: [String], _ runtime: [(key: String, value: String)]
  ) -> SpecValue {
    var map = SpecMap()
    if targets.count < pair.members.count { map.add("clusters", .texts(targets)) }
    map.add("service", .text(claim.service))
    map.add("ports", .list([.integer(claim.servicePort)]))
    if !runtime.isEmpty {
      map.add(
        "runtimeLabels", .map(SpecMap(runtime.map { SpecMap.Entry($0.key, .texts([$0.value])) })),
        remark: "no pod template has this: set while pods run")
    }
    return .map(map)
  }

  // MARK: Clients

  /// Workloads that name the operator's Service of the other side; else every pod of the namespace there.
  private func clients(of claim: PorterClaim, targets: [String]) -> SpecValue {
    guard pair.secondary != nil else { return .list([.map(["external": .map(["name": .text("span-bc")])])]) }
    let callers = callers(of: claim)
    let places = pair.members.filter { client in targets.contains { $0 != client } }
    if callers.isEmpty { return .list([.map(["clusters": .texts(places)])]) }
    let byLabels = Dictionary(grouping: callers) { $0.labels.description }
    return .list(
      byLabels.sorted { $0.key < $1.key }.map { _, callers in
        let clusters = pair.members.filter { name in callers.contains { $0.cluster == name } }
        return .map([
          "clusters": clusters == pair.members ? nil : .texts(clusters),
          "podSelector": .selector(callers[0].labels.items.map { ($0.key, $0.value) }),
        ])
      })
  }

  private func clientComment(_ claim: PorterClaim) -> [String] {
    if pair.secondary == nil {
      return ["Who calls it is not in the manifests: name the clients' clusters, or a network outside."]
    }
    return callers(of: claim).isEmpty
      ? [
        "Who calls it is not in the manifests: every pod of the namespace may. Narrow it with a podSelector."
      ] : []
  }

  private func callers(of claim: PorterClaim) -> [(cluster: String, labels: Labels)] {
    var result: [(cluster: String, labels: Labels)] = []
    for cluster in clusters {
      for other in pair.members where other != cluster.name {
        let host = "\(claim.service)-\(other)"
        for workload in cluster.workloads[claim.namespace] ?? [] where workload.mentions(host) {
          result.append((cluster.name, workload.stableLabels))
        }
      }
    }
    return result
  }

  // MARK: The link

  private func addLink(_ namespaces: some Sequence<String>, _ inference: inout Inference) {
    var section = SpecMap()
    section.add("primary", .text(pair.primary), remark: "takes the claims")
    section.add("secondary", pair.secondary.map { .text($0) })
    section.add("addresses", addresses())
    if !written.isEmpty {
      section.add(
        "endpoints", .text("emit"), remark: "Services and Endpoints of the other side are kept by hand")
    }
    let unusual = namespaces.first { !Self.isPlate($0) }
    if let unusual {
      section.add("namespacePattern", .null, remark: "'\(unusual)' is no licence plate with an environment")
    }
    inference.links.append(
      LinkCandidate(
        name: pair.linkName, type: "porter", section: section, anchor: ("primary", pair.primary),
        comment: section["addresses"] == nil
          ? [
            "Addresses of virtual servers are observed, or declared here: addresses: {\(pair.primary): {NodePort: …}}."
          ] : []))
  }

  private static func isPlate(_ namespace: String) -> Bool {
    let parts = namespace.split(separator: "-", maxSplits: 1)
    return parts.count == 2 && parts[0].utf8.count == 6 && environments.contains(String(parts[1]))
      && parts[0].utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 || $0 &- UInt8(ascii: "a") < 6 }
  }

  /// The address of each side by Service type, where all TransportServers agree on it.
  private func addresses() -> SpecValue? {
    var map = SpecMap()
    for cluster in clusters {
      var types = SpecMap()
      let servers = cluster.objects("cis.f5.com", "TransportServer").map(PorterServer.init)
      for type in ["NodePort", "ClusterIP"] {
        let found = Set(servers.filter { $0.serviceType == type }.compactMap(\.address))
        if found.count == 1, let address = found.first {
          types.add(type, .text(address))
        } else if found.isEmpty, let address = written.address(of: cluster.name, type) {
          types.add(type, .text(address))
        }
      }
      if !types.isEmpty { map.add(cluster.name, .map(types)) }
    }
    return map.isEmpty ? nil : .map(map)
  }

  // MARK: What is not taken over

  /// TransportServers, and the Services and Endpoints opposite them.
  private func markOperatorObjects(_ inference: inout Inference) {
    for cluster in clusters where cluster.isDump {
      var made = Set(cluster.objects("cis.f5.com", "TransportServer").map(\.identity))
      for claim in claims[pair.primary] ?? [] {
        for other in pair.members where other != cluster.name {
          let name = "\(claim.service)-\(other)"
          for (version, kind, name) in [
            ("v1", "Service", name), ("v1", "Endpoints", name),
            ("v1", "Service", "\(claim.service)-\(claim.servicePort)-\(other)"),
          ] {
            if let object = cluster.object(version, kind, claim.namespace, name) {
              made.insert(object.identity)
            }
          }
        }
      }
      inference.controllerMade[cluster.name, default: []].formUnion(made)
    }
  }

  /// A policy that serves two Services belongs to neither: it stays where it is.
  private func shareNoPolicies(_ inference: inout Inference, from start: Int) {
    let policies = inference.takenOver.filter { $0.role == .admits && pair.members.contains($0.cluster) }
    for (_, users) in Dictionary(grouping: policies, by: { "\($0.cluster) \($0.identity.description)" })
    where Set(users.map(\.connection)).count > 1 {
      let identity = users[0].identity
      let cluster = users[0].cluster
      inference.takenOver.removeAll { $0.cluster == cluster && $0.identity == identity }
      inference.left.append(
        LeftObject(
          cluster: cluster, manifest: users[0].manifest,
          reason: "it serves \(users.count) connections: \(listed(users.map(\.connection).sorted()))",
          isGap: false))
      for index in inference.connections.indices[start...]
      where users.contains(where: { $0.connection == inference.connections[index].id.description }) {
        dropPolicy(of: cluster, from: &inference.connections[index])
      }
    }
  }

  private func dropPolicy(of cluster: String, from candidate: inout ConnectionCandidate) {
    candidate.overrides.removeAll { $0.cluster == cluster }
    guard cluster == pair.primary || candidate.overrides.isEmpty, var porter = candidate.spec["porter"]?.map
    else {
      return
    }
    porter["networkPolicy"] = nil
    candidate.spec["porter"] = .map(porter)
  }

  private func reportMisplaced(_ claim: PorterClaim, _ secondary: String, _ inference: inout Inference) {
    inference.left.append(
      LeftObject(
        cluster: secondary, manifest: claim.manifest, reason: "claims are created in \(pair.primary) only",
        isGap: true))
    inference.findings.append(
      Diagnostic(
        AdoptionRules.claimInSecondary,
        "claim '\(claim.manifest.name)' stands in \(secondary), which takes no claims",
        at: claim.manifest.nameNode.range, "not adopted",
        help: [
          "remove it from the manifests of \(secondary): the operator serves both sides from \(pair.primary)",
          "if \(secondary) is a cluster of its own, say so by adopting it alone",
        ]))
  }

  private func reportMissing(_ claim: PorterClaim, in cluster: AdoptedCluster, _ inference: inout Inference) {
    let service = cluster.services[claim.key]
    let what =
      service == nil
      ? "there is no Service \(claim.key.description) among the manifests of \(cluster.name)"
      : "Service \(claim.key.description) of \(cluster.name) has no port \(claim.servicePort)"
    inference.findings.append(
      Diagnostic(
        AdoptionRules.serviceMissing, what,
        at: (claim.manifest.node.at("spec", service == nil ? "service" : "servicePort")
          ?? claim.manifest.nameNode).range,
        "the claim leads to it",
        also: service.map {
          [Label($0.manifest.nameNode.range, "its ports: \(listed($0.ports.map(\.description)))")]
        } ?? [],
        help: [
          cluster.name == pair.primary
            ? "give its manifest too, or correct the claim"
            : "without it the virtual server of \(cluster.name) leads nowhere: add the Service there, or give its manifest"
        ]))
  }

  private func reportNoPolicy(_ claim: PorterClaim, _ cluster: String, _ inference: inout Inference) {
    inference.findings.append(
      Diagnostic(
        AdoptionRules.policyMissing,
        "no policy of \(claim.namespace) in \(cluster) admits the load balancer to the pods of \(claim.service)",
        at: claim.manifest.nameNode.range,
        "the virtual server finds them closed, unless nothing isolates them",
        help: ["Linkwright emits one in \(cluster); or give the policy's manifest, if there is one"]))
  }
}
