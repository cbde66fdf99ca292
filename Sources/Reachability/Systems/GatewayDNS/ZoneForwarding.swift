import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The DNS server of the zone in a cluster.
struct ZoneServer: Sendable {
  /// Nil: neither specified, nor in a manifest, nor observed.
  let address: (text: String, place: Label)?
  let missing: MissingFact

  init(_ cluster: JudgedCluster, _ namespace: String, declared: Node?) {
    let key = NamespacedName(namespace, "dns-server")
    let manifests = [
      cluster.service(key)?.object, cluster.observed("v1", "Service", namespace, "dns-server"),
    ]
    let nodes = [declared] + manifests.map { $0?.node.at("spec", "clusterIP") }
    address = nodes.compactMap { $0 }.first { IPAddress($0.text) != nil }.map { ($0.text, Label($0.range)) }
    missing = MissingFact(
      cluster: cluster.name, namespace: namespace, fact: "the cluster IP of Service dns-server",
      resources: "svc",
      lookedFor: [.manifests, .observed].map { layer in
        // 'None' and the empty text are no address.
        ObjectQuery(
          "Service", of: "", in: cluster.name, namespace, "dns-server", layer,
          where: [.address(["spec", "clusterIP"])])
      })
  }
}

/// The pods of the zone's DNS server in a cluster, whom its resolver asks: the project's Service listens at port 53, and
/// resolvers ask by UDP unless an answer is too long.
struct ZoneServerPods: Sendable {
  private static let port = 53

  private let cluster: JudgedCluster
  private let key: NamespacedName
  private let service: Service?
  private let place: Label?
  private let isObserved: Bool
  let onTheWay: PodsOnTheWay

  init(_ cluster: JudgedCluster, _ namespace: String) {
    self.cluster = cluster
    key = NamespacedName(namespace, "dns-server")
    let known = cluster.service(key)
    let observed = cluster.observed("v1", "Service", namespace, key.name)
    let service = known?.service ?? observed.map { Service($0.manifest, namespace: namespace) }
    self.service = service
    isObserved = known == nil
    place = (known?.object ?? observed)?.label("the DNS server's Service")
    var pods: [SubjectPod] = []
    if let selector = service?.selector, !selector.isEmpty {
      pods = GatewayWay.pods(selector, in: namespace, of: cluster, unknown: "DNS server")
    }
    onTheWay = PodsOnTheWay(
      cluster.name, namespace, pods, meeting: [ClusterResolver(cluster.model.cluster.distribution).pod])
  }

  /// The server's pods as policies of the resolver's namespace see them. Where nobody knows them, some pods of the
  /// namespace with whatever labels these policies ask for.
  private var peers: [PeerPod] {
    guard onTheWay.pods.isEmpty else {
      return onTheWay.pods.map {
        PeerPod(.special($0), of: cluster, key.namespace, isRemote: false)
      }
    }
    let resolver = ClusterResolver(cluster.model.cluster.distribution).pod
    let policies =
      NamespaceSlice.namespacedPolicies(cluster, resolver.namespace).map(\.object)
      + cluster.clusterwidePolicies
    var keys: Set<String> = []
    for rule in policies.flatMap({ $0.node.at("spec", "egress")?.elements.map { $0 } ?? [] }) {
      let selectors =
        (rule["to"]?.elements.compactMap { $0["podSelector"] } ?? [])
        + (rule["toEndpoints"]?.elements.map { $0 } ?? [])
      for requirement in selectors.flatMap({ LabelSelector($0).requirements }) {
        keys.insert(
          requirement.key.hasPrefix("k8s:") ? String(requirement.key.dropFirst(4)) : requirement.key)
      }
    }
    let manifest = cluster.model.declared.namespaces[key.namespace]
    return [
      PeerPod(
        id: "\(cluster.name)/\(key.description)", namespace: key.namespace,
        namespaceLabels: manifest?.labels ?? Labels(), knowsNamespaceLabels: manifest != nil,
        name: key.name, kind: "pods of Service",
        runtimeLabels: keys.sorted().map { RuntimeLabel(key: $0, values: nil) })
    ]
  }

  /// The cluster's resolver, as its own policies let it out to the server; nil where nothing is known that would keep it.
  var askers: PodsOnTheWay? {
    let resolver = ClusterResolver(cluster.model.cluster.distribution).pod
    guard resolver.namespace != key.namespace,
      PodsOnTheWay.arePoliciesKnown(resolver.namespace, in: cluster)
    else { return nil }
    return PodsOnTheWay(
      cluster.name, resolver.namespace,
      GatewayWay.pods(resolver.labels, in: resolver.namespace, of: cluster, unknown: "resolver's pods"),
      meeting: peers)
  }

  /// The resolver's own policies let it out to the server.
  private func departure(_ walk: inout Walk) {
    guard !walk.isOver, let askers else { return }
    let target = service?.ports.first { $0.number == Self.port && $0.transport == .udp }?.target
    for pods in askers.pods {
      for peer in peers {
        guard !walk.isOver,
          let port = target.map({ peer.number(of: $0, .udp) }) ?? Self.port
        else { continue }
        switch walk.departure(of: pods, in: askers.key, to: peer, port: port, .udp) {
        case .yes?, nil: break
        case .depends?:
          walk.depend(
            .name, in: cluster.name, "DNS server \(key.description)",
            on: [
              Question(
                "whether policies of \(askers.key.namespace) in \(cluster.name) let the cluster's resolver out to the DNS server"
              )
            ])
        case .no?:
          walk.fail(
            .name, in: cluster.name, "DNS server \(key.description)",
            Fault(
              JudgementRules.egress,
              "the policies of \(askers.key.namespace) in \(cluster.name) do not let the cluster's resolver out to the DNS server \(key.description)",
              at: walk.isolating(pods, in: askers.key, .egress, "isolates the resolver"),
              help: [
                "admit UDP and TCP \(port) to the pods of namespace \(key.namespace) for the resolver's pods"
              ]))
        }
      }
    }
  }

  /// The server reads what it answers from the API server: its own policies must let it out there. Where that is no policy
  /// tells, and plugins differ in whether they ask at all.
  private func reading(_ walk: inout Walk) {
    for pods in onTheWay.pods where !walk.isOver && walk.staysIn(pods, in: onTheWay.key, except: [443, 6443])
    {
      walk.depend(
        .name, in: cluster.name,
        at: walk.isolating(pods, in: onTheWay.key, .egress, "isolates the DNS server"),
        "DNS server \(key.description)",
        on: [
          Question(
            "whether the DNS server \(key.description) of \(cluster.name) reaches the API server, from which it reads its records: policies let it out to no address at 443 or 6443",
            help: "let its pods out to the API server")
        ])
    }
  }

  /// That the Service listens where resolvers ask.
  private var listens: Claim {
    .found(
      ObjectQuery(
        "Service", of: "", in: cluster.name, key.namespace, key.name, isObserved ? .observed : .manifests,
        where: [
          .element(
            ["spec", "ports", "*"],
            [.number(["port"], Self.port), .text(["protocol"], ["UDP"], default: "TCP")])
        ]))
  }

  /// Judges the Service, and the policies between the resolver's pods and the server's.
  func judge(_ walk: inout Walk) {
    departure(&walk)
    reading(&walk)
    guard !walk.isOver, let service, !service.ports.isEmpty else { return }
    let text = "DNS server \(key.description)"
    func fail(_ message: String, _ help: String, _ claim: Claim) {
      walk.fail(
        .name, in: cluster.name, text,
        Fault(JudgementRules.name, message, at: place.map { [$0] } ?? [], help: [help], because: claim))
    }
    guard let port = service.ports.first(where: { $0.number == Self.port && $0.transport == .udp }) else {
      fail(
        "Service \(key.description) of \(cluster.name) has no port 53/UDP: it has \(listed(service.ports.map(\.description)))",
        "give it port 53 for UDP and TCP: resolvers ask there", listens)
      return
    }
    walk.rely(on: listens)
    let workloads = cluster.workloads(in: key.namespace)
    if !service.selector.isEmpty, !workloads.isEmpty {
      let selector = LabelSelector(equality: service.selector)
      let matching = workloads.filter { selector.matches($0.podLabels) }
      guard !walk.isIdle(matching, in: cluster, key.namespace, .name, text, behind: text) else { return }
      if matching.isEmpty, isObserved {
        walk.depend(
          .name, in: cluster.name, at: workloads.prefix(2).map { Label($0.manifest.nameNode.range) }, text,
          on: [
            Question(
              "which pods are behind the DNS server's Service \(key.description) of \(cluster.name): none of the manifests there makes pods with \(service.selector.description)"
            )
          ])
        return
      }
    }
    if !service.selector.isEmpty, !workloads.isEmpty, !isObserved {
      let claim = Claim.pods(cluster.name, key, runtimeLabels: [:])
      guard workloads.contains(where: { LabelSelector(equality: service.selector).matches($0.podLabels) })
      else {
        fail(
          "no pod of \(key.namespace) in \(cluster.name) is behind Service \(key.name)",
          "correct its selector, \(service.selector.description)", claim)
        return
      }
      walk.rely(on: claim)
    }
    admission(port, text, &walk)
  }

  private func admission(_ port: ServicePort, _ text: String, _ walk: inout Walk) {
    let resolver = ClusterResolver(cluster.model.cluster.distribution)
    let sender = Sender.pods([resolver.pod], description: "the resolver of \(cluster.name)")
    switch walk.admission(of: sender, to: onTheWay, port: { $0.number(of: port.target, .udp) }, .udp) {
    case .yes?, nil: break
    case .depends?:
      walk.depend(
        .name, in: cluster.name, text,
        on: [Question("whether the policies of \(key.namespace) admit the resolver of \(cluster.name)")])
    case .no? where !resolver.isSure && walk.opens(onTheWay, { $0.number(of: port.target, .udp) }, .udp):
      // Other labels, or a cache on the nodes: policies are written for whom their author knows.
      walk.withdraw()
      walk.depend(
        .name, in: cluster.name, text, on: [Question("who asks the DNS server of \(cluster.name)")])
    case .no?:
      walk.fail(
        .name, in: cluster.name, text,
        Fault(
          JudgementRules.ingress,
          "no policy of \(key.namespace) in \(cluster.name) admits the cluster's resolver to its DNS server",
          at: walk.isolating(onTheWay, "isolates the DNS server"),
          help: [
            "admit UDP and TCP \(port.target.description) to these pods from the resolver's, in \(resolver.pod.namespace)"
          ]))
    }
  }
}

/// Where a cluster's resolver sends a name: what the longest of its zones that holds the name forwards to.
///
/// A second, plain reading of resolvers, apart from the one that merges them.
struct ZoneForwarding: Sendable {
  enum Reading: Sendable {
    case unknown(MissingFact)
    case found(ZoneForwarding)
  }

  /// Empty where only the root zone holds the name.
  let zone: String
  let upstreams: [String]
  let place: Label
  let evidence: Hop.Evidence

  /// `10.96.0.50`, `10.96.0.50:53` and `dns://10.96.0.50` are one server.
  func leads(to address: String) -> Bool {
    !upstreams.isEmpty
      && upstreams.allSatisfy { upstream in
        var text = upstream[...]
        if text.hasPrefix("dns://") { text = text.dropFirst(6) }
        if text.hasSuffix(":53") { text = text.dropLast(3) }
        return text == address
      }
  }

  static func of(_ name: String, in cluster: JudgedCluster) -> Reading {
    cluster.model.cluster.distribution == .openshift ? openShift(name, cluster) : coreDNS(name, cluster)
  }

  // MARK: OpenShift

  /// An apply replaces `spec.servers` as a whole, also that of a patch.
  private static func openShift(_ name: String, _ cluster: JudgedCluster) -> Reading {
    let version = "operator.openshift.io/v1"
    let identity = ObjectIdentity(apiVersion: version, kind: "DNS", namespace: nil, name: "default")
    guard
      let object = cluster.patch(of: identity) ?? cluster.object(version, "DNS", nil, "default")
        ?? cluster.observed(version, "DNS", nil, "default")
    else {
      return .unknown(
        MissingFact(
          cluster: cluster.name, namespace: "openshift-dns", fact: "the servers of the DNS operator",
          resources: "dns.operator",
          lookedFor: [.manifests, .observed].map {
            ObjectQuery("DNS", of: "operator.openshift.io", in: cluster.name, nil, "default", $0)
          }))
    }
    var best = ZoneForwarding(zone: "", upstreams: [], place: object.label(), evidence: object.evidence)
    for server in object.node.at("spec", "servers")?.elements.map({ $0 }) ?? [] {
      for zone in server["zones"]?.elements.map({ $0 }) ?? [] where Self.holds(zone.text, name) {
        guard zone.text.utf8.count > best.zone.utf8.count else { continue }
        best = ZoneForwarding(
          zone: zone.text,
          upstreams: server.at("forwardPlugin", "upstreams")?.elements.map(\.text) ?? [],
          place: object.label(at: server, "this entry"), evidence: object.evidence)
      }
    }
    return .found(best)
  }

  static func holds(_ zone: String, _ name: String) -> Bool {
    zone.isEmpty || name == zone || name.hasSuffix("." + zone)
  }

  // MARK: CoreDNS

  private static func coreDNS(_ name: String, _ cluster: JudgedCluster) -> Reading {
    let main = corefile(cluster)
    var best: ZoneForwarding?
    if let main { best = PlainCorefile(main.text).forwarding(of: name, main.place, main.evidence) }
    let importsCustom = main.map { PlainCorefile.importsServers($0.text) } ?? true
    if importsCustom {
      for custom in customBlocks(cluster) {
        let found = PlainCorefile(custom.text).forwarding(of: name, custom.place, custom.evidence)
        if found.zone.utf8.count > best?.zone.utf8.count ?? 0 { best = found }
      }
    }
    guard let best else {
      return .unknown(
        MissingFact(
          cluster: cluster.name, namespace: "kube-system", fact: "the Corefile of ConfigMap coredns",
          resources: "configmap",
          lookedFor: [.manifests, .observed].map {
            ObjectQuery(
              "ConfigMap", of: "", in: cluster.name, "kube-system", "coredns", $0,
              where: [.exists(["data", "Corefile"])])
          }))
    }
    return .found(best)
  }

  private typealias Text = (text: String, place: Label, evidence: Hop.Evidence)

  /// The Corefile as it will be: a patch of this compile, else the manifest, else what the cluster answered, else the
  /// file that the Cluster names.
  private static func corefile(_ cluster: JudgedCluster) -> Text? {
    let objects = configMaps("coredns", cluster)
    for object in objects {
      guard let node = object.node.at("data", "Corefile") else { continue }
      return (node.text, object.label(at: node), object.evidence)
    }
    return cluster.model.corefile.map {
      (String(decoding: $0.bytes, as: UTF8.self), Label(SourceRange(wholeFile: $0)), .declared)
    }
  }

  /// Server blocks of coredns-custom. A patch adds to the manifest; what was observed counts where there is neither.
  private static func customBlocks(_ cluster: JudgedCluster) -> [Text] {
    configMaps("coredns-custom", cluster).flatMap { object in
      (object.node["data"]?.entries.map { $0 } ?? []).filter { $0.key.text.hasSuffix(".server") }.map {
        entry in
        (entry.value.text, object.label(at: entry.key), object.evidence)
      }
    }
  }

  private static func configMaps(_ name: String, _ cluster: JudgedCluster) -> [KnownObject] {
    let identity = ObjectIdentity(apiVersion: "v1", kind: "ConfigMap", namespace: "kube-system", name: name)
    return [
      cluster.patch(of: identity), cluster.object("v1", "ConfigMap", "kube-system", name),
      cluster.observed("v1", "ConfigMap", "kube-system", name),
    ].compactMap { $0 }
  }
}

/// The server blocks of a Corefile by lines: zones before `{`, and the `forward` lines inside. Enough to say where a name
/// goes; files that this reading cannot follow are refused by what reads them closely.
struct PlainCorefile: Sendable {
  private struct Block {
    let zones: [String]
    var lines: [[Substring]] = []
  }

  private var blocks: [Block] = []

  /// What snippets may come to, in lines.
  private static let importLimit = 10_000

  /// Linear in the text and in what its snippets come to, which is bounded.
  init(_ text: String) {
    var imported = 0
    var snippets: [Substring: [[Substring]]] = [:]
    var waiting: [Substring] = []
    var open: Block?
    var depth = 0
    for line in text.split(whereSeparator: \.isNewline) {
      var words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      guard let last = words.last else { continue }
      if depth == 0 {
        words = waiting + words
        waiting = []
        if last == "{" {
          open = Block(zones: words.dropLast().map { Self.zone($0) })
          depth = 1
        } else if last.hasSuffix(",") {
          waiting = words
        }
        continue
      }
      if words == ["}"] {
        depth -= 1
        guard depth == 0, let block = open else { continue }
        if let name = block.zones.first, name.hasPrefix("("), name.hasSuffix(")") {
          snippets[Substring(name.dropFirst().dropLast())] = block.lines
        } else {
          blocks.append(block)
        }
        continue
      }
      if depth == 1 {
        if words.count == 2, words[0] == "import", let lines = snippets[words[1]] {
          imported += lines.count
          // Snippets that import each other double with each step: nobody means that many lines.
          if imported <= Self.importLimit { open?.lines += lines }
        } else {
          open?.lines.append(last == "{" ? words.dropLast() : words)
        }
      }
      if last == "{" { depth += 1 }
    }
  }

  /// True where a line that is no comment imports files named `….server`.
  static func importsServers(_ text: String) -> Bool {
    text.split(whereSeparator: \.isNewline).contains { line in
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      return words.first == "import" && words.dropFirst().contains { $0.contains(".server") }
    }
  }

  private static func zone(_ word: Substring) -> String {
    var text = word.lowercased()[...]
    if text.hasSuffix(",") { text = text.dropLast() }
    if let scheme = text.firstRange(of: "://") { text = text[scheme.upperBound...] }
    if let colon = text.lastIndex(of: ":") { text = text[..<colon] }
    if text.hasSuffix(".") { text = text.dropLast() }
    return String(text)
  }

  func forwarding(of name: String, _ place: Label, _ evidence: Hop.Evidence) -> ZoneForwarding {
    var best: (zone: String, block: Block)?
    for block in blocks {
      for zone in block.zones where ZoneForwarding.holds(zone, name) {
        if best.map({ zone.utf8.count > $0.zone.utf8.count }) ?? true { best = (zone, block) }
      }
    }
    let forward = best?.block.lines.first { line in
      guard line.count > 2, line[0] == "forward" else { return false }
      return ZoneForwarding.holds(Self.zone(line[1]), name)
    }
    return ZoneForwarding(
      zone: best?.zone ?? "", upstreams: forward?.dropFirst(2).map(String.init) ?? [], place: place,
      evidence: evidence)
  }
}
