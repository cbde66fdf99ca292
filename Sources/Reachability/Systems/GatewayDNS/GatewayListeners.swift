import Diagnostics
import Kubernetes
import Linker
import YAMLTree

/// Gateways of the Gateway API: whether one of their listeners takes requests for a host to a route.
///
/// From the API's reference (gateway.networking.k8s.io/v1): a route names the Gateways that shall serve it; a listener has a
/// port, a protocol, perhaps a host, and says from which namespaces and of which kinds it takes routes, by default of its
/// own namespace. Gateways whose manifests are not known are not judged.
struct GatewayListeners {
  private static let group = "gateway.networking.k8s.io"

  private let cluster: JudgedCluster

  init(_ cluster: JudgedCluster) { self.cluster = cluster }

  enum Answer {
    /// Served, as far as is known; what that rests on.
    case served(Claim?)
    case asked(Question, [Label])
    case refused(Fault)
  }

  /// Why a listener does not take a route's requests.
  private struct Refusal {
    let text: String
    let help: String
  }

  /// Whether clients of a host and a port of the gateway get to a route. Linear in the listeners.
  func answer(_ route: KnownObject, _ host: String, _ port: Int) -> Answer {
    let protocols: [String]
    switch route.manifest.kind {
    case "HTTPRoute", "GRPCRoute": protocols = ["HTTP", "HTTPS"]
    case "TLSRoute": protocols = ["TLS"]
    default: return .served(nil)
    }
    let namespace = route.manifest.namespace ?? "default"
    let references = (route.node.at("spec", "parentRefs")?.elements.map { $0 } ?? []).filter {
      ($0["kind"]?.text ?? "Gateway") == "Gateway" && ($0["group"]?.text ?? Self.group) == Self.group
    }
    guard !references.isEmpty else { return .served(nil) }
    var queries: [ObjectQuery] = []
    var refusal: (Refusal, KnownObject)?
    for reference in references {
      let key = NamespacedName(reference["namespace"]?.text ?? namespace, reference["name"]?.text ?? "")
      guard let gateway = gateway(key) else { return .served(nil) }
      queries.append(
        query(
          gateway, reference, host, port, route.manifest.kind, protocols, namespace,
          isOwn: key.namespace == namespace))
      for listener in gateway.node.at("spec", "listeners")?.elements.map({ $0 }) ?? [] {
        let reason = self.refusal(
          listener, reference, host, port, route.manifest.kind, protocols, key, namespace)
        guard let reason else {
          if listener.at("allowedRoutes", "namespaces", "from")?.text == "Selector",
            takes(listener, namespace) == .depends
          {
            return .asked(
              Question(
                "whether Gateway \(key.description) of \(cluster.name) takes routes of namespace \(namespace): its listener selects namespaces by label, and no manifest tells those of this one"
              ), [gateway.label(at: listener)])
          }
          return .served(.found(queries))
        }
        // The listener of the right port says most.
        if refusal == nil || listener["port"]?.integer == port { refusal = (reason, gateway) }
      }
      if refusal == nil {
        refusal = (Refusal(text: "it has no listener", help: "add a listener for port \(port)"), gateway)
      }
    }
    guard let (reason, gateway) = refusal else { return .served(nil) }
    return .refused(
      Fault(
        JudgementRules.unpublished,
        "no listener of \(gateway.manifest.identity.description) in \(cluster.name) takes \(host) to \(route.manifest.kind) \(route.name): \(reason.text)",
        at: [gateway.label(at: gateway.node.at("spec", "listeners"), "its listeners"), route.label()],
        help: [reason.help], because: .found(queries)))
  }

  private func gateway(_ key: NamespacedName) -> KnownObject? {
    cluster.objects(ofKind: "Gateway").first {
      $0.manifest.identity.group == Self.group && $0.manifest.namespace == key.namespace
        && $0.name == key.name
    }
  }

  private func refusal(
    _ listener: Node, _ reference: Node, _ host: String, _ port: Int, _ kind: String, _ protocols: [String],
    _ gateway: NamespacedName, _ namespace: String
  ) -> Refusal? {
    let name = listener["name"]?.text ?? ""
    if let section = reference["sectionName"]?.text, section != name {
      return Refusal(text: "the route asks for listener '\(section)'", help: "name a listener '\(section)'")
    }
    if let wanted = reference["port"]?.integer, wanted != listener["port"]?.integer {
      return Refusal(text: "the route asks for port \(wanted)", help: "listen at port \(wanted)")
    }
    guard listener["port"]?.integer == port else {
      return Refusal(
        text: "none listens at port \(port)",
        help: "add a listener for port \(port), or set gatewayDNS.gatewayPort")
    }
    guard protocols.contains(listener["protocol"]?.text ?? "") else {
      return Refusal(
        text: "listener '\(name)' speaks \(listener["protocol"]?.text ?? "nothing")",
        help: "set its protocol to \(protocols.joined(separator: " or "))")
    }
    if let own = listener["hostname"]?.text, !own.isEmpty, !Self.hosts(host).contains(own) {
      return Refusal(
        text: "listener '\(name)' is for \(own)", help: "let its hostname be \(host), or leave it out")
    }
    if let kinds = listener.at("allowedRoutes", "kinds"), kinds.count > 0,
      !kinds.elements.contains(where: { $0["kind"]?.text == kind })
    {
      return Refusal(
        text: "listener '\(name)' takes no \(kind)", help: "add \(kind) to its allowedRoutes.kinds")
    }
    let from = listener.at("allowedRoutes", "namespaces", "from")?.text ?? "Same"
    if from == "None" || from == "Same" && gateway.namespace != namespace {
      return Refusal(
        text:
          "listener '\(name)' takes routes of \(from == "None" ? "no namespace" : "namespace \(gateway.namespace) alone")",
        help: "set allowedRoutes.namespaces of the listener so that it takes routes of \(namespace)")
    }
    if from == "Selector", takes(listener, namespace) == .no {
      let selector = LabelSelector(listener.at("allowedRoutes", "namespaces", "selector"))
      return Refusal(
        text: "listener '\(name)' takes routes of namespaces with \(selector.description)",
        help: "label namespace \(namespace) so, or let the listener select it")
    }
    return nil
  }

  /// Whether a listener's selector takes routes of a namespace. A namespace without a manifest has its name for a label,
  /// and others that nobody knows.
  private func takes(_ listener: Node, _ namespace: String) -> Ternary {
    // A selector must be there; what happens without one is not said.
    guard let node = listener.at("allowedRoutes", "namespaces", "selector") else { return .depends }
    let selector = LabelSelector(node)
    let manifest = cluster.model.declared.namespaces[namespace]
    let facts = NamespaceFacts(
      name: namespace, labels: manifest?.labels ?? Labels(), knowsLabels: manifest != nil)
    return facts.matches(selector, cluster.profile)
  }

  /// What a listener's host may be to take requests for a name.
  private static func hosts(_ name: String) -> [String] {
    var hosts = [name]
    var rest = name[...]
    while let dot = rest.firstIndex(of: ".") {
      hosts.append("*" + rest[dot...])
      rest = rest[rest.index(after: dot)...]
    }
    return hosts
  }

  /// That the Gateway has a listener which takes the route.
  private func query(
    _ gateway: KnownObject, _ reference: Node, _ host: String, _ port: Int, _ kind: String,
    _ protocols: [String], _ namespace: String, isOwn: Bool
  ) -> ObjectQuery {
    let from = ["allowedRoutes", "namespaces", "from"]
    let own = cluster.model.declared.namespaces[namespace]?.labels ?? Labels()
    let labels = own.setting(NamespaceFacts.nameLabel, to: namespace)
    var conditions: [ObjectCondition] = [
      .number(["port"], port), .text(["protocol"], protocols),
      .either([.not(.exists(["hostname"])), .text(["hostname"], Self.hosts(host))]),
      .either([
        .not(.exists(["allowedRoutes", "kinds"])), .text(["allowedRoutes", "kinds", "*", "kind"], [kind]),
      ]),
      .text(from, isOwn ? ["All", "Selector", "Same"] : ["All", "Selector"], default: "Same"),
      .either([
        .not(.text(from, ["Selector"])),
        .all([
          .exists(["allowedRoutes", "namespaces", "selector"]),
          .selects(["allowedRoutes", "namespaces", "selector"], labels),
        ]),
      ]),
    ]
    if let section = reference["sectionName"]?.text { conditions.append(.text(["name"], [section])) }
    if let wanted = reference["port"]?.integer { conditions.append(.number(["port"], wanted)) }
    return ObjectQuery(
      "Gateway", of: Self.group, in: cluster.name, gateway.manifest.namespace, gateway.name,
      where: [.element(["spec", "listeners", "*"], conditions)])
  }
}
