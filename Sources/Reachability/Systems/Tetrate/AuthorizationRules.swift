import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// A connection as the sidecar of a target's pod sees it: what rules of AuthorizationPolicies are held against.
struct AuthorizedCall {
  /// What a port carries, as far as istiod is told: by `appProtocol`, else by the start of the port's name.
  enum Content {
    case http
    /// Opaque bytes, TLS among them.
    case tcp
    /// The proxies look at the first bytes.
    case detected
  }

  /// Nil where nobody presents one: a gateway that passes mutual TLS on unopened learns none.
  let client: ClientIdentity?
  /// The port of the pods.
  let port: Int
  let content: Content
  /// Where the sender's address lies. Empty where nobody has said it.
  let senders: [IPNetwork]
  /// Whose address that is, in words.
  let sender: String
  /// Where the pods' own addresses lie.
  let receivers: [IPNetwork]
  /// The server name of Istio's mutual TLS.
  let serverName: String

  init(_ crossing: Crossing, _ client: ClientIdentity, port: Int, in cluster: JudgedCluster) {
    let service = crossing.target.service
    self.init(
      cluster.service(service.key)?.service ?? service, crossing.port.port, client, port: port, in: cluster)
  }

  /// A call to a Service, whoever declares it.
  ///
  /// - Parameter port: the port of the pods.
  init(
    _ service: Service, _ servicePort: ServicePort, _ client: ClientIdentity, port: Int,
    in cluster: JudgedCluster
  ) {
    self.client = client
    self.port = port
    content = Self.content(of: servicePort, service)
    receivers = cluster.model.cluster.podCIDRs.compactMap { IPNetwork($0.value) }
    senders = receivers
    sender = "the gateway's pods have"
    serverName = Self.serverName(service.key, servicePort)
  }

  /// The call as the gateway's own pods see it.
  init(atGatewayOf crossing: Crossing, port: Int, in cluster: JudgedCluster) {
    client = nil
    self.port = port
    content = .tcp
    receivers = cluster.model.cluster.podCIDRs.compactMap { IPNetwork($0.value) }
    senders = []
    sender = "clients of other clusters arrive with"
    serverName = Self.serverName(crossing.target.service.key, crossing.port.port)
  }

  private static func serverName(_ key: NamespacedName, _ port: ServicePort) -> String {
    "outbound_.\(port.number)_._.\(key.name).\(key.namespace).svc.cluster.local"
  }

  private static func content(of port: ServicePort, _ service: Service) -> Content {
    let spec = service.manifest.node["spec"] ?? service.manifest.node
    let item = spec["ports"]?.elements.first { $0["port"]?.integer == port.number }
    let name = item?["appProtocol"]?.text ?? item?["name"]?.text ?? port.name ?? ""
    let last = name.split(separator: "/").last.map(String.init) ?? name
    switch last.split(separator: "-").first?.lowercased() ?? "" {
    case "http", "http2", "grpc", "h2c", "ws": return .http
    case "tcp", "tls", "https", "wss", "mongo", "mysql", "redis": return .tcp
    default: return .detected
    }
  }
}

/// Rules of AuthorizationPolicies, held against one call.
///
/// From Istio's reference (security/authorization-policy, security/conditions) and its task on TCP traffic: parts of a
/// rule must all match, items of a list one of them; an empty list says nothing. Where a port carries no HTTP, a rule
/// that asks for something of a request admits nothing, and such a part of a rule that denies is left out, so that the
/// rest of it denies.
struct AuthorizationRules {
  /// What the answers that depend hang on, in the order of their appearance.
  private(set) var reasons: [String] = []
  /// What keeps a source, an operation or a rule from matching beside namespaces, identities and ports.
  private(set) var barredSources: [ObjectCondition] = []
  private(set) var barredOperations: [ObjectCondition] = []
  private(set) var barredRules: [ObjectCondition] = []

  private let call: AuthorizedCall
  private let isDenial: Bool

  init(_ call: AuthorizedCall, isDenial: Bool) {
    self.call = call
    self.isDenial = isDenial
  }

  private static let operations: Set<String> = [
    "hosts", "notHosts", "methods", "notMethods", "paths", "notPaths",
  ]
  private static let tokens: Set<String> = ["requestPrincipals", "notRequestPrincipals"]

  /// Whether some rule of a policy matches. Linear in its rules.
  mutating func matches(_ policy: KnownObject) -> Ternary {
    var answer = Ternary.no
    for rule in policy.node.at("spec", "rules")?.elements.map({ $0 }) ?? [] where answer != .yes {
      answer = answer || self.rule(rule)
    }
    // A waypoint or a gateway is meant, not these pods for sure.
    let isAttached = policy.node.at("spec", "targetRefs") != nil || policy.node.at("spec", "targetRef") != nil
    guard isAttached, answer == .yes else { return answer }
    note("what its targetRefs choose")
    return .depends
  }

  private mutating func note(_ reason: String) {
    if !reasons.contains(reason) { reasons.append(reason) }
  }

  // MARK: Rules

  private mutating func rule(_ rule: Node) -> Ternary {
    guard asksForRequest(rule) else { return self.rule(rule, carriesHTTP: true) }
    switch call.content {
    case .http: return self.rule(rule, carriesHTTP: true)
    case .tcp: return asTCP(rule)
    case .detected:
      let answers = (self.rule(rule, carriesHTTP: true), asTCP(rule))
      guard answers.0 != answers.1 else { return answers.0 }
      note("whether port \(call.port) carries HTTP, which neither its name nor appProtocol tells")
      return .depends
    }
  }

  private mutating func asTCP(_ rule: Node) -> Ternary {
    if isDenial { return self.rule(rule, carriesHTTP: false) }
    barredRules += Self.requestParts.map { .not($0) }
    return .no
  }

  /// Everything in a rule that only a request of HTTP has.
  private static let requestParts: [ObjectCondition] =
    operations.sorted().map { .exists(["to", "*", "operation", $0]) }
    + tokens.sorted().map { .exists(["from", "*", "source", $0]) }
    + [.element(["when", "*"], [.prefix(["key"], ["request."])])]

  private func asksForRequest(_ rule: Node) -> Bool {
    func has(_ list: Node?, _ part: String, _ keys: Set<String>) -> Bool {
      list?.elements.contains { item in
        item[part]?.entries.contains { keys.contains($0.key.text) && $0.value.count > 0 } ?? false
      } ?? false
    }
    return has(rule["to"], "operation", Self.operations) || has(rule["from"], "source", Self.tokens)
      || rule["when"]?.elements.contains { $0["key"]?.text.hasPrefix("request.") ?? false } ?? false
  }

  private mutating func rule(_ rule: Node, carriesHTTP: Bool) -> Ternary {
    let known = reasons
    var answer = any(rule["from"]) { $0.source($1["source"], carriesHTTP) }
    answer = answer && any(rule["to"]) { $0.operation($1["operation"], carriesHTTP) }
    for condition in rule["when"]?.elements.map({ $0 }) ?? [] {
      answer = answer && self.condition(condition, carriesHTTP)
    }
    // What a rule that fails anyway would have asked for does not matter.
    if answer != .depends { reasons = known }
    return answer
  }

  /// Whether one item of a list matches; no list, and an empty one, ask for nothing.
  private mutating func any(
    _ list: Node?, _ matches: (inout AuthorizationRules, Node) -> Ternary
  ) -> Ternary {
    guard let list, list.count > 0 else { return .yes }
    let known = reasons
    var answer = Ternary.no
    for item in list.elements { answer = answer || matches(&self, item) }
    if answer != .depends { reasons = known }
    return answer
  }

  // MARK: Sources

  private mutating func source(_ source: Node?, _ carriesHTTP: Bool) -> Ternary {
    var answer = Ternary.yes
    for (key, value) in source?.entries.map({ $0 }) ?? [] where value.count > 0 {
      let items = value.elements.map(\.text)
      let name = key.text
      let isNegative = name.hasPrefix("not")
      var one: Ternary
      switch name {
      case "namespaces", "notNamespaces": one = Self.namespace(call.client, items)
      case "principals", "notPrincipals": one = principal(items)
      case "serviceAccounts", "notServiceAccounts": one = account(items)
      case "ipBlocks", "notIpBlocks": one = address(items, in: call.senders, call.sender)
      case "remoteIpBlocks", "notRemoteIpBlocks": one = remote(items, carriesHTTP)
      case "requestPrincipals", "notRequestPrincipals":
        guard carriesHTTP else { continue }
        one = request("the request's token (\(name) \(items.joined(separator: ", ")))")
      default: one = request("'\(name)' of its source")
      }
      if isNegative { one = !one }
      if one == .no, !["namespaces", "principals", "serviceAccounts"].contains(name) {
        barredSources.append(.not(.only([name, "*"], items)))
      }
      answer = answer && one
    }
    return answer
  }

  private static func namespace(_ client: ClientIdentity?, _ items: [String]) -> Ternary {
    Ternary(client.map { client in items.contains { ClientIdentity.isLike($0, client.namespace) } } ?? false)
  }

  private mutating func principal(_ items: [String]) -> Ternary {
    guard let client = call.client else { return .no }
    let answer = client.isPrincipal(among: items)
    if answer == .depends { note("the clients' trust domain and service account") }
    return answer
  }

  private mutating func account(_ items: [String]) -> Ternary {
    guard let client = call.client else { return .no }
    let answer = client.isAccount(among: items)
    if answer == .depends {
      note("the clients' service account, and whose namespace is meant by a name alone")
    }
    return answer
  }

  private mutating func address(_ items: [String], in networks: [IPNetwork], _ whose: String) -> Ternary {
    let block = AddressBlock(items.compactMap(Self.network))
    let isEverything = block.isSuperset(of: Self.everything)
    guard !networks.isEmpty, !isEverything else {
      if isEverything { return .yes }
      note("which addresses \(whose) (\(items.joined(separator: ", ")))")
      return .depends
    }
    let own = AddressBlock(networks)
    let answer = Ternary(may: block.overlaps(own), must: block.isSuperset(of: own))
    if answer == .depends { note("which addresses \(whose) (\(items.joined(separator: ", ")))") }
    return answer
  }

  private static let everything = AddressBlock(["0.0.0.0/0", "::/0"].compactMap { IPNetwork($0) })

  private static func network(_ text: String) -> IPNetwork? {
    IPNetwork(text) ?? IPAddress(text).map { IPNetwork(only: $0) }
  }

  /// The client's own address: without HTTP nobody has told the sidecar of another than the sender's.
  private mutating func remote(_ items: [String], _ carriesHTTP: Bool) -> Ternary {
    guard carriesHTTP, call.content != .tcp else {
      return address(items, in: call.senders, call.sender)
    }
    guard !AddressBlock(items.compactMap(Self.network)).isSuperset(of: Self.everything) else { return .yes }
    return request("the request's X-Forwarded-For (\(items.joined(separator: ", ")))")
  }

  private mutating func request(_ what: String) -> Ternary {
    note(what)
    return .depends
  }

  // MARK: Operations

  private mutating func operation(_ operation: Node?, _ carriesHTTP: Bool) -> Ternary {
    var answer = Ternary.yes
    for (key, value) in operation?.entries.map({ $0 }) ?? [] where value.count > 0 {
      let items = value.elements.map(\.text)
      let name = key.text
      var one: Ternary
      switch name {
      case "ports", "notPorts": one = Ternary(items.contains(String(call.port)))
      case _ where Self.operations.contains(name):
        guard carriesHTTP else { continue }
        // Whatever is asked for begins with a slash.
        let isEverything = items.contains("*") || name.hasSuffix("aths") && items.contains("/*")
        one = isEverything ? .yes : request("\(name) \(items.joined(separator: ", ")) of the request")
      default: one = request("'\(name)' of its operation")
      }
      if name.hasPrefix("not") { one = !one }
      if one == .no, name != "ports" { barredOperations.append(.not(.only([name, "*"], items))) }
      answer = answer && one
    }
    return answer
  }

  // MARK: Conditions

  private mutating func condition(_ condition: Node, _ carriesHTTP: Bool) -> Ternary {
    let key = condition["key"]?.text ?? ""
    if key.hasPrefix("request."), !carriesHTTP { return .yes }
    let values = condition["values"]?.elements.map(\.text) ?? []
    let others = condition["notValues"]?.elements.map(\.text) ?? []
    var answer = values.isEmpty ? Ternary.yes : self.values(key, values, carriesHTTP)
    if !others.isEmpty { answer = answer && !self.values(key, others, carriesHTTP) }
    if answer == .no {
      barredRules.append(
        .not(
          .element(
            ["when", "*"],
            [.text(["key"], [key]), .only(["values", "*"], values), .only(["notValues", "*"], others)])))
    }
    return answer
  }

  private mutating func values(_ key: String, _ items: [String], _ carriesHTTP: Bool) -> Ternary {
    switch key {
    case "source.namespace": return Self.namespace(call.client, items)
    case "source.principal": return principal(items)
    case "source.serviceAccount": return account(items)
    case "source.ip": return address(items, in: call.senders, call.sender)
    case "remote.ip": return remote(items, carriesHTTP)
    case "destination.ip": return address(items, in: call.receivers, "the target's pods have")
    case "destination.port": return Ternary(items.contains(String(call.port)))
    case "connection.sni":
      if items.contains(where: { ClientIdentity.isLike($0, call.serverName) }) { return .yes }
      // A subset of the Service stands in the name as well.
      let host = call.serverName.split(separator: "_").last.map(String.init) ?? call.serverName
      guard items.contains(where: { $0.contains(host.dropFirst()) }) else { return .no }
      return request("the server name that the clients' sidecars send")
    default: return request("\(key) \(items.joined(separator: ", "))")
    }
  }
}
