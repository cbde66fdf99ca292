import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What a crossing hangs on beside the objects on its way: that somebody applies what is emitted, that of each object
/// there is one manifest, and that clients are told the name that leads there.
extension Walk {
  /// Asked once the way was walked. Nothing where the consumer takes every kind, no object stands twice and the connection
  /// publishes nothing; else linear in what is emitted for the connection.
  mutating func judgeSurroundings() {
    judgeExclusions()
    judgeTwins()
    judgeUnplaced()
    judgeKustomizations()
    judgeUnserved()
    judgeSidecars()
    judgePublication()
    judgeMissedNames()
  }

  // MARK: Kinds that are left out

  /// Kinds whose absence the way itself tells.
  static let judgedOnTheWay: Set<String> = [
    "NetworkPolicy", "Endpoints", "EndpointSlice", "ServiceExport", "ConfigMap",
  ]

  private mutating func judgeExclusions() {
    guard !isOver, !judge.excluded.isEmpty else { return }
    let ends = [client.cluster, target.cluster]
    let own = judge.excluded.forConnections[crossing.connection.id.description] ?? []
    let shared = judge.excluded.forLinks[crossing.connection.link.link.node.range.file.path] ?? []
    // A claim stands in a cluster of its own choice; other objects serve the end that they stand in.
    let concerned = own.filter {
      ends.contains($0.cluster) || $0.object.manifest.kind == "TransportServerClaim"
    }
    var seen: Set<String> = []
    for (cluster, object) in concerned + shared where seen.insert(object.manifest.kind).inserted {
      let kind = object.manifest.kind
      depend(
        Self.hop(kind), in: cluster, at: [object.label()], object.manifest.identity.description,
        on: [
          Question(
            "whether somebody applies \(object.manifest.identity.description): the fleet's consumer leaves the kind out",
            isReported: true)
        ])
    }
  }

  private static func hop(_ kind: String) -> Hop.Kind {
    switch kind {
    case "Service", "ServiceEntry", "Sidecar": .name
    case "WorkloadEntry", "DestinationRule": .address
    case "TransportServerClaim": .loadBalancer
    case "Gateway", "GatewayDNS", "IngressGateway", "HTTPProxy", "HTTPRoute", "Ingress", "WorkspaceSetting":
      .gateway
    case "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "AuthorizationPolicy": .ingress
    default: .tunnel
    }
  }

  // MARK: Two manifests of one object

  /// Which of two different manifests is applied nobody can say.
  private mutating func judgeTwins() {
    guard !isOver else { return }
    if let cluster = targetCluster, !cluster.model.declared.differing.isEmpty {
      let pods = Set(targetPods.compactMap { targetSlice?.subjects[$0].workload?.manifest.identity })
      judgeTwins(of: cluster, target.service.key.namespace, .service, pods, .pod, .ingress)
    }
    if let cluster = clientCluster, !cluster.model.declared.differing.isEmpty {
      let pods = Set(clientPods.compactMap { clientSlice?.subjects[$0].workload?.manifest.identity })
      judgeTwins(of: cluster, client.namespace, .name, pods, .client, .egress)
    }
  }

  private mutating func judgeTwins(
    of cluster: JudgedCluster, _ namespace: String, _ service: Hop.Kind, _ pods: Set<ObjectIdentity>,
    _ pod: Hop.Kind, _ policy: Hop.Kind
  ) {
    let key = target.service.key
    let differing = cluster.model.declared.differing.sorted { $0.description < $1.description }
    for identity in differing where !isOver {
      let kind: Hop.Kind
      if identity.kind == "Service", identity.group.isEmpty {
        guard identity.name == key.name, identity.namespace == key.namespace else { continue }
        kind = service
      } else if pods.contains(identity) {
        kind = pod
      } else if let manifest = cluster.model.declared.objects[identity], let known = PolicyKind(manifest),
        known.isClusterwide(manifest) || identity.namespace == namespace
      {
        kind = policy
      } else {
        continue
      }
      depend(
        kind, in: cluster.name, identity.description,
        on: [
          Question(
            "which of the manifests of \(identity.description) in \(cluster.name) is applied: two differ",
            isReported: true)
        ])
    }
  }

  // MARK: Policies of no namespace

  /// A workload whose manifest names no namespace may be the client of which nothing is known.
  private mutating func judgeUnplacedClients() {
    guard !isOver, let cluster = clientCluster, !cluster.model.declared.unplaced.isEmpty,
      clientPods.allSatisfy({ clientSlice?.subjects[$0].workload == nil })
    else { return }
    let client = client
    let workload = cluster.model.declared.unplaced.compactMap { manifest in
      Workload.podNode(of: manifest).map { Workload(manifest, pod: $0, namespace: client.namespace) }
    }.first { client.podSelector?.matches($0.podLabels) ?? true }
    guard let workload else { return }
    depend(
      .client, in: cluster.name, at: [Label(workload.manifest.nameNode.range)], workload.description,
      on: [
        Question(
          "in which namespace \(workload.description) of \(cluster.name) stands: its manifest names none",
          at: workload.manifest.nameNode.range,
          help:
            "add 'namespace: \(client.namespace)' to its metadata; where a kustomization sets it, pipe what 'kubectl kustomize' prints into 'linkwright record'"
        )
      ])
  }

  /// A policy whose manifest names no namespace stands wherever it is applied, at either end perhaps.
  private mutating func judgeUnplaced() {
    judgeUnplacedClients()
    for (cluster, hop) in [(clientCluster, Hop.Kind.egress), (targetCluster, .ingress)] {
      guard !isOver, let cluster, !cluster.model.declared.unplaced.isEmpty else { continue }
      let asked = hop == .egress ? "Egress" : "Ingress"
      let policy = cluster.model.declared.unplaced.first { manifest in
        guard PolicyKind(manifest) != nil else { return false }
        let types = manifest.node.at("spec", "policyTypes")?.elements.map(\.text) ?? []
        return manifest.kind != "NetworkPolicy" || types.contains(asked)
          || types.isEmpty && (hop == .ingress || manifest.node.at("spec", "egress") != nil)
      }
      guard let policy else { continue }
      depend(
        hop, in: cluster.name, at: [Label(policy.nameNode.range)], "\(policy.kind) \(policy.name)",
        on: [
          Question(
            "in which namespace \(policy.kind) \(policy.name) of \(cluster.name) stands, and whom it isolates there: its manifest names none",
            at: policy.nameNode.range,
            help:
              "add 'namespace' to its metadata; where a kustomization sets it, pipe what 'kubectl kustomize' prints into 'linkwright record'"
          )
        ])
    }
  }

  // MARK: What clients are told

  /// The ConfigMap that tells clients where the other side is must name what leads there. A connection with several targets
  /// tells of one of them.
  private mutating func judgePublication() {
    guard !isOver, let usedName, let cluster = clientCluster,
      let published = crossing.connection.connection.publishedConfigMap(in: cluster.name),
      crossing.connection.targets.count(where: { $0.cluster != cluster.name }) == 1
    else { return }
    let identity = ObjectIdentity(
      apiVersion: "v1", kind: "ConfigMap", namespace: client.namespace, name: published.value)
    guard let object = cluster.patch(of: identity) ?? cluster.emitted[identity],
      let data = object.node["data"]
    else { return }
    guard !asksInVain(object, data, cluster) else { return }
    let (host, port) = Self.parts(of: usedName)
    let hosts = names(for: host)
    if let node = data["host"],
      !Self.words(of: node.text).contains(where: { hosts.contains($0) || IPAddress($0) != nil })
    {
      tellsOtherwise(object, "host", node, hosts, cluster)
      return
    }
    var ports = Set(target.ports.map(\.port.number))
    if let port { ports.insert(port) }
    // A Service of the clients' own cluster may have a number of its own.
    for own in cluster.service(target.service.key)?.service.ports ?? [] { ports.insert(own.number) }
    if let node = data["port"], let number = Int(node.text), !ports.contains(number) {
      tellsOtherwise(object, "port", node, ports.sorted().map(String.init), cluster)
    }
  }

  /// Clients that ask the ConfigMap for a key that it has not do not start (the kubelet's CreateContainerConfigError).
  private mutating func asksInVain(_ object: KnownObject, _ data: Node, _ cluster: JudgedCluster) -> Bool {
    // A patch adds to what its owner has written.
    let owned = cluster.model.declared.objects[object.manifest.identity]?.node["data"]
    for pod in clientPods {
      guard let workload = clientSlice?.subjects[pod].workload else { continue }
      for list in ["containers", "initContainers"] as [StaticString] {
        for container in workload.pod.at("spec", list)?.elements ?? Elements.none {
          for variable in container["env"]?.elements ?? Elements.none {
            guard let reference = variable.at("valueFrom", "configMapKeyRef"),
              reference["name"]?.text == object.name, reference["optional"]?.boolean != true,
              let key = reference["key"], data[key.text] == nil, owned?[key.text] == nil
            else { continue }
            let known = data.entries.map(\.key.text)
            fail(
              .name, in: cluster.name, usedName ?? "",
              Fault(
                JudgementRules.name,
                "\(workload.description) of \(client.namespace) in \(cluster.name) asks ConfigMap \(object.name) for '\(key.text)', which it has not: its pods do not start",
                at: [Label(key.range, "asked here"), object.label()],
                help: [didYouMean(key.text, among: known) ?? "its keys are \(listed(known))"],
                because: .found(
                  ObjectQuery(
                    "ConfigMap", of: "", in: cluster.name, client.namespace, object.name,
                    where: [.key(["data"], key.text)]))))
            return true
          }
        }
      }
    }
    return false
  }

  private mutating func tellsOtherwise(
    _ object: KnownObject, _ key: String, _ node: Node, _ wanted: [String], _ cluster: JudgedCluster
  ) {
    fail(
      .name, in: cluster.name, usedName ?? "",
      Fault(
        JudgementRules.name,
        "ConfigMap \(client.namespace)/\(object.name) of \(cluster.name) tells clients the \(key) \(node.text), and \(wanted.first ?? "") is the one that leads there",
        at: [object.label()] + [object.templateLabel(at: node, "tells them so")].compactMap { $0 },
        help: ["write '\(key): \(wanted.first ?? "")' into it, or take the key out"],
        because: .found(
          ObjectQuery(
            "ConfigMap", of: "", in: cluster.name, client.namespace, object.name,
            where: [.text(["data", key], wanted)]))))
  }

  /// A name and the port behind its colon.
  static func parts(of name: String) -> (host: String, port: Int?) {
    guard let colon = name.lastIndex(of: ":"), let port = Int(name[name.index(after: colon)...]) else {
      return (name, nil)
    }
    return (String(name[..<colon]), port)
  }

  /// The forms in which pods of the client's namespace may write a name of their cluster.
  func names(for host: String) -> [String] {
    let labels = host.split(separator: ".").map(String.init)
    guard labels.count >= 3, labels[2] == "svc" else { return [host] }
    guard labels.count == 3 || Array(labels[3...]) == ["cluster", "local"] else { return [host] }
    let short = "\(labels[0]).\(labels[1])"
    return ["\(short).svc.cluster.local", "\(short).svc", short]
      + (labels[1] == client.namespace ? [labels[0]] : [])
  }

  /// The parts of a text that may be host names.
  private static func words(of text: String) -> [String] {
    text.split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }.map { word in
      word.hasSuffix(".") ? String(word.dropLast()) : String(word)
    }
  }
}

/// Emitted objects of kinds that the fleet's consumer leaves out, by what they serve.
struct ExcludedObjects: Sendable {
  private(set) var forConnections: [String: [(cluster: String, object: KnownObject)]] = [:]
  /// By the files of the links.
  private(set) var forLinks: [String: [(cluster: String, object: KnownObject)]] = [:]

  var isEmpty: Bool { forConnections.isEmpty && forLinks.isEmpty }

  /// Linear in the emitted objects where a kind is left out.
  init(_ fleet: JudgedFleet) {
    let kinds = fleet.excludedKinds.subtracting(Walk.judgedOnTheWay)
    guard !kinds.isEmpty else { return }
    for (name, cluster) in fleet.clusters.sorted(by: { $0.key < $1.key }) {
      let all = Array(cluster.emitted.values) + Array(cluster.patches.values)
      let left = all.filter { kinds.contains($0.manifest.kind) }.sorted {
        $0.manifest.identity.description < $1.manifest.identity.description
      }
      for object in left {
        for connection in object.connections {
          forConnections[connection, default: []].append((name, object))
        }
        if object.connections.isEmpty, let link = object.subject {
          forLinks[link.range.file.path, default: []].append((name, object))
        }
      }
    }
  }
}
