import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Istio's AuthorizationPolicies at the target's pods, which see the client's own identity: mutual TLS is not ended on the
/// way.
///
/// From Istio's reference (security/authorization-policy): a policy selects pods of its namespace, one in the root
/// namespace those of all; what a DENY policy matches is denied; where ALLOW policies select a pod, one of them must match;
/// without rules a policy matches nothing. What a rule comes to, `AuthorizationRules` says; whatever hangs on a request is
/// a question.
struct AuthorizationPolicies {
  private static let root = "istio-system"

  private let cluster: JudgedCluster

  init(_ cluster: JudgedCluster) { self.cluster = cluster }

  /// The policies of the cluster, in order.
  var all: [KnownObject] {
    cluster.objects(ofKind: "AuthorizationPolicy").filter {
      // In a dry run a policy decides nothing.
      $0.manifest.identity.group == "security.istio.io"
        && $0.manifest.annotation("istio.io/dry-run")?.lowercased() != "true"
    }
  }

  /// Judges the crossing's clients at all of its target's pods. Linear in the policies of the cluster.
  func judge(_ crossing: Crossing, _ walk: inout Walk) {
    guard !walk.isOver, let slice = walk.targetSlice else { return }
    let policies = all
    guard !policies.isEmpty else { return }
    let namespace = crossing.target.service.key.namespace
    let clients = ClientIdentity.all(crossing, walk.clientCluster, seenFrom: cluster)
    var open: [KnownObject] = []
    var reasons: [String] = []
    for (pod, client) in walk.targetPods.flatMap({ pod in clients.map { (pod, $0) } }) {
      let subject = slice.subjects[pod]
      let port = subject.number(of: crossing.port.port.target, .tcp) ?? crossing.port.port.number
      let own = policies.filter {
        selects($0, namespace, subject.labels) && isMeant($0, crossing.target.service.key)
      }
      guard !own.isEmpty else { continue }
      let call = AuthorizedCall(crossing, client, port: port, in: cluster)
      let allowing = own.filter { action($0) == "ALLOW" }
      for policy in own where ["DENY", "CUSTOM"].contains(action(policy)) {
        var rules = AuthorizationRules(call, isDenial: true)
        switch rules.matches(policy) {
        case .no: break
        case .yes where action(policy) == "DENY":
          fail(client, subject, [policy], denied(policy), wanted: .no, &walk)
          return
        case .yes:
          open.append(policy)
          reasons.append("what the provider of the action CUSTOM says")
        case .depends:
          open.append(policy)
          reasons += rules.reasons
        }
      }
      guard !allowing.isEmpty else { continue }
      var rules = AuthorizationRules(call, isDenial: false)
      let answer = allowing.reduce(Ternary.no) { $0 == .yes ? .yes : $0 || rules.matches($1) }
      guard answer != .no else {
        fail(
          client, subject, allowing, admitted(client, subject.labels, port, namespace, rules), wanted: .yes,
          &walk)
        return
      }
      if answer == .depends {
        open += allowing
        reasons += rules.reasons
      }
    }
    guard !open.isEmpty else { return }
    let names = Set(open.map(\.manifest.identity.description)).sorted()
    walk.depend(
      .ingress, in: cluster.name, at: open.map { $0.label() }, "identity of the clients",
      on: [
        Question(
          "whether \(listed(names)) of \(cluster.name) lets the clients in, which depends on \(listed(reasons.withoutRepetitions))"
        )
      ])
  }

  /// What targetRefs choose is a gateway or a waypoint, which may stand before the pods of the Service that they name;
  /// sidecars ask policies without them alone.
  private func isMeant(_ policy: KnownObject, _ service: NamespacedName) -> Bool {
    let spec = policy.node["spec"]
    let references = (spec?["targetRefs"]?.elements.map { $0 } ?? []) + [spec?["targetRef"]].compactMap { $0 }
    guard !references.isEmpty else { return true }
    return references.contains {
      $0["kind"]?.text == "Service" && $0["name"]?.text == service.name
        && policy.manifest.namespace == service.namespace
    }
  }

  private func hasReferences(_ policy: KnownObject) -> Bool {
    policy.node.at("spec", "targetRefs") != nil || policy.node.at("spec", "targetRef") != nil
  }

  /// The first policy that decides who calls pods; nil where none does.
  func deciding(_ namespace: String, _ labels: Labels) -> KnownObject? {
    all.first {
      ["ALLOW", "DENY", "CUSTOM"].contains(action($0)) && !hasReferences($0) && selects($0, namespace, labels)
    }
  }

  /// True where some policy of pods looks at who calls.
  func askWhoCalls(_ namespace: String, _ labels: Labels) -> Bool {
    all.contains { policy in
      guard ["ALLOW", "DENY", "CUSTOM"].contains(action(policy)), !hasReferences(policy),
        selects(policy, namespace, labels)
      else { return false }
      let rules = policy.node.at("spec", "rules")
      return action(policy) == "ALLOW" && (rules?.count ?? 0) == 0
        || rules?.elements.contains { ($0["from"]?.count ?? 0) > 0 } ?? false
    }
  }

  /// Whether pods of a client may be let in to pods behind a Service's port.
  func mayAdmit(
    _ client: ClientIdentity, to service: Service, _ servicePort: ServicePort, _ subject: SubjectPod
  ) -> Bool {
    let own = all.filter { !hasReferences($0) && selects($0, service.key.namespace, subject.labels) }
    guard !own.isEmpty else { return true }
    let port = subject.number(of: servicePort.target, .tcp) ?? servicePort.number
    let known = cluster.service(service.key)?.service ?? service
    let call = AuthorizedCall(known, servicePort, client, port: port, in: cluster)
    for policy in own where action(policy) == "DENY" {
      var rules = AuthorizationRules(call, isDenial: true)
      if rules.matches(policy) == .yes { return false }
    }
    let allowing = own.filter { action($0) == "ALLOW" }
    var rules = AuthorizationRules(call, isDenial: false)
    return allowing.isEmpty || allowing.contains { rules.matches($0).may }
  }

  /// Judges the crossing at the gateway's own pods: istiod applies their policies to what they pass on unopened as well, and
  /// they see no identity there (buildGatewayListeners of istio/istio).
  func judge(
    _ crossing: Crossing, at way: GatewayWay, port: (SubjectPod) -> Int, _ walk: inout Walk
  ) {
    guard !walk.isOver else { return }
    let policies = all
    guard !policies.isEmpty else { return }
    for pod in way.pods {
      let own = policies.filter { selects($0, way.namespace, pod.labels) && !hasReferences($0) }
      let call = AuthorizedCall(atGatewayOf: crossing, port: port(pod), in: cluster)
      var open: [(policy: KnownObject, reasons: [String])] = []
      for policy in own where action(policy) == "DENY" {
        var rules = AuthorizationRules(call, isDenial: true)
        switch rules.matches(policy) {
        case .no: break
        case .depends: open.append((policy, rules.reasons))
        case .yes:
          refuse(
            "\(policy.manifest.identity.description) in \(cluster.name) denies what other clusters send to \(way.name)",
            [policy], "except port \(call.port) with notPorts, or select other pods", denied(policy),
            wanted: .no,
            way, &walk)
          return
        }
      }
      let allowing = own.filter { action($0) == "ALLOW" }
      if !allowing.isEmpty {
        var rules = AuthorizationRules(call, isDenial: false)
        switch allowing.reduce(Ternary.no, { $0 == .yes ? .yes : $0 || rules.matches($1) }) {
        case .yes: break
        case .depends: open += allowing.map { ($0, rules.reasons) }
        case .no:
          let names = listed(allowing.map(\.manifest.identity.description))
          refuse(
            "no rule of \(names) in \(cluster.name) admits to \(way.name) what other clusters send: it passes mutual TLS on unopened, and so knows no identity",
            allowing,
            "add a rule with 'to: [{operation: {ports: [\"\(call.port)\"]}}]', or select other pods",
            admitted(nil, pod.labels, call.port, way.namespace, rules), wanted: .yes, way, &walk)
          return
        }
      }
      guard !open.isEmpty else { continue }
      let names = Set(open.map(\.policy.manifest.identity.description)).sorted()
      walk.depend(
        .gateway, in: cluster.name, at: open.map { $0.policy.label() }, way.name,
        on: [
          Question(
            "whether \(listed(names)) of \(cluster.name) lets other clusters in at \(way.name), which depends on \(listed(open.flatMap(\.reasons).withoutRepetitions))"
          )
        ])
      return
    }
  }

  private func refuse(
    _ message: String, _ policies: [KnownObject], _ help: String, _ claim: Claim, wanted: Ternary,
    _ way: GatewayWay, _ walk: inout Walk
  ) {
    walk.fail(
      .gateway, in: cluster.name, way.name,
      Fault(
        JudgementRules.ingress, message,
        at: policies.prefix(3).map { $0.label("selects the gateway's pods") },
        help: [help], because: claim, wanted: wanted))
  }

  func action(_ policy: KnownObject) -> String { policy.node.at("spec", "action")?.text ?? "ALLOW" }

  func selects(_ policy: KnownObject, _ namespace: String, _ labels: Labels) -> Bool {
    guard policy.manifest.namespace == namespace || policy.manifest.namespace == Self.root else {
      return false
    }
    let wanted = policy.node.at("spec", "selector")?.labels("matchLabels")
    return wanted?.items.allSatisfy { labels[$0.key] == $0.value } ?? true
  }

  // MARK: Faults

  private func fail(
    _ client: ClientIdentity, _ subject: SubjectPod, _ policies: [KnownObject], _ claim: Claim,
    wanted: Ternary, _ walk: inout Walk
  ) {
    let names = listed(policies.map(\.manifest.identity.description))
    let written = policies.lazy.flatMap { Self.principals($0.node) }.first {
      $0.text.hasPrefix(ClientIdentity.scheme)
    }
    walk.fail(
      .ingress, in: cluster.name, "identity of the clients",
      Fault(
        JudgementRules.ingress,
        wanted == .no
          ? "\(names) in \(cluster.name) denies \(client.description) at \(subject.description)"
          : "no rule of \(names) in \(cluster.name) admits \(client.description) to \(subject.description)",
        at: policies.prefix(3).map { $0.label("selects the pods") }
          + (written.map { [Label($0.range, "matches nobody")] } ?? []),
        help: [
          written.map { "take the scheme out: '\($0.text.dropFirst(ClientIdentity.scheme.count))'" }
            ?? (wanted == .no
              ? "except namespace \(client.namespace) with notNamespaces"
              : "add a rule with 'from: [{source: {namespaces: [\(client.namespace)]}}]'")
        ], because: claim, wanted: wanted))
  }

  /// The identities that a policy's rules name.
  private static func principals(_ policy: Node) -> [Node] {
    let rules = policy.at("spec", "rules")?.elements.map { $0 } ?? []
    return rules.flatMap { $0["from"]?.elements.map { $0 } ?? [] }.flatMap {
      $0.at("source", "principals")?.elements.map { $0 } ?? []
    }
  }

  private func denied(_ policy: KnownObject) -> Claim {
    .found(
      ObjectQuery(
        "AuthorizationPolicy", of: "security.istio.io", in: cluster.name, policy.manifest.namespace,
        policy.name,
        where: [.text(["spec", "action"], ["DENY"]), .exists(["spec", "rules"])]))
  }

  /// That some rule which allows names the client and the port, or neither, and asks for nothing that bars the call.
  private func admitted(
    _ client: ClientIdentity?, _ labels: Labels, _ port: Int, _ namespace: String,
    _ rules: AuthorizationRules
  ) -> Claim {
    let source = [
      ("namespaces", client.map { ClientIdentity.patterns(for: $0.namespace) } ?? []),
      ("principals", client?.principals.flatMap { ClientIdentity.patterns(for: $0) } ?? []),
      ("serviceAccounts", client?.accountNames ?? []),
    ].map { key, texts in ObjectCondition.either([.text([key, "*"], texts), .not(.exists([key]))]) }
    let from = ObjectCondition.element(
      ["from", "*", "source"], source + rules.barredSources.withoutRepetitions)
    let to = ObjectCondition.element(
      ["to", "*", "operation"],
      [.either([.text(["ports", "*"], [String(port)]), .not(.exists(["ports"]))])]
        + rules.barredOperations.withoutRepetitions)
    return .found(
      [namespace, Self.root].map { place in
        ObjectQuery(
          "AuthorizationPolicy", of: "security.istio.io", in: cluster.name, place,
          where: [
            .text(["spec", "action"], ["ALLOW"], default: "ALLOW"),
            .labelsWithin(["spec", "selector", "matchLabels"], labels),
            .element(
              ["spec", "rules", "*"],
              [.either([from, .not(.exists(["from"]))]), .either([to, .not(.exists(["to"]))])]
                + rules.barredRules.withoutRepetitions),
          ])
      })
  }
}

/// Who some clients are to the target's sidecars: their namespace and the service account of their pods.
struct ClientIdentity {
  let namespace: String
  /// Nil where no manifest makes the pods.
  private let account: String?
  /// The trust domain of the clients' certificates, as the Cluster says it.
  private let domain: String
  /// The target's cluster has another one: what 'cluster.local' stands for there is not the clients'.
  private let isForeign: Bool

  /// Pods of a cluster, as those of another see them.
  init(namespace: String, account: String?, of cluster: JudgedCluster?, seenFrom target: JudgedCluster) {
    func domain(_ cluster: JudgedCluster?) -> String? {
      cluster?.model.cluster.node.at("spec", "tetrate", "trustDomain")?.text
    }
    let own = domain(cluster)
    self.namespace = namespace
    self.account = account
    self.domain = own ?? "cluster.local"
    isForeign = own != nil && domain(target) != nil && own != domain(target)
  }

  /// One for each service account of a crossing's clients.
  static func all(
    _ crossing: Crossing, _ cluster: JudgedCluster?, seenFrom target: JudgedCluster
  ) -> [ClientIdentity] {
    func identity(_ account: String?) -> ClientIdentity {
      ClientIdentity(
        namespace: crossing.client.namespace, account: account, of: cluster, seenFrom: target)
    }
    let namespace = crossing.client.namespace
    let workloads = cluster?.workloads(in: namespace) ?? []
    let chosen = workloads.filter { crossing.client.podSelector?.matches($0.podLabels) ?? true }
    let accounts = Set(chosen.map { $0.pod.at("spec", "serviceAccountName")?.string ?? "default" }).sorted()
    guard !accounts.isEmpty else { return [identity(nil)] }
    return accounts.map { identity($0) }
  }

  private var tail: String? { account.map { "/ns/\(namespace)/sa/\($0)" } }

  /// With the clients' trust domain, and with 'cluster.local', which stands for that of the target's cluster
  /// (security/authorization-policy, trust domain aliases).
  var principals: [String] {
    guard let tail else { return [] }
    return isForeign || domain == "cluster.local" ? [domain + tail] : [domain + tail, "cluster.local" + tail]
  }

  /// As `serviceAccounts` names it: with its namespace, or in that of the policy.
  var accountNames: [String] { account.map { ["\(namespace)/\($0)", $0] } ?? [] }

  /// `clients of namespace shop`, with their account where it is known.
  var description: String {
    "clients of namespace \(namespace)" + (account.map { " (service account \($0))" } ?? "")
  }

  static let scheme = "spiffe://"

  /// What is right but for the trust domain is not known.
  ///
  /// Istio puts the scheme before a pattern itself: one that has it matches nobody (pilot/pkg/security/authz/model,
  /// `principalGenerator`).
  func isPrincipal(among all: [String]) -> Ternary {
    let patterns = all.filter { !$0.hasPrefix(Self.scheme) }
    guard let tail else {
      return Ternary(
        may: patterns.contains { $0.contains("*") || $0.contains("/ns/\(namespace)/sa/") },
        must: patterns.contains("*"))
    }
    if patterns.contains(where: { pattern in principals.contains { Self.isLike(pattern, $0) } }) {
      return .yes
    }
    return Ternary(may: patterns.contains { $0.hasSuffix(tail) }, must: false)
  }

  /// Without a namespace the policy's own is meant.
  func isAccount(among items: [String]) -> Ternary {
    guard let account else {
      return Ternary(may: items.contains { !$0.contains("/") || $0.hasPrefix("\(namespace)/") }, must: false)
    }
    return Ternary(
      may: items.contains("\(namespace)/\(account)") || items.contains(account),
      must: items.contains("\(namespace)/\(account)"))
  }

  /// `*` alone, at the start or at the end.
  static func isLike(_ pattern: String, _ text: String) -> Bool {
    if pattern == "*" { return !text.isEmpty }
    if pattern.hasPrefix("*") { return text.hasSuffix(pattern.dropFirst()) }
    return pattern.hasSuffix("*") ? text.hasPrefix(pattern.dropLast()) : pattern == text
  }

  /// Every pattern that is like a text.
  static func patterns(for text: String) -> [String] {
    ["*", text] + (0...text.count).flatMap { ["\(text.prefix($0))*", "*\(text.suffix($0))"] }
  }
}
