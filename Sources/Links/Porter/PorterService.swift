import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// One Service behind a Porter link, with every connection that reaches it: the unit that owns the claim,
/// the policies and what the operator makes of them. A class: each of its steps holds it.
final class PorterService: PlannedUnit {
  let settings: PorterSettings
  let link: String
  let linkNode: Node
  let service: NamespacedName
  let connections: [BoundConnection]
  let primary: ClusterModel
  let secondary: ClusterModel?
  let claims: ClaimIndex
  let clientValues: ClientValues
  let model: FleetModel

  init(
    settings: PorterSettings, link: String, linkNode: Node, service: NamespacedName,
    connections: [BoundConnection], primary: ClusterModel, secondary: ClusterModel?, claims: ClaimIndex,
    clientValues: ClientValues, model: FleetModel
  ) {
    self.settings = settings
    self.link = link
    self.linkNode = linkNode
    self.service = service
    self.connections = connections
    self.primary = primary
    self.secondary = secondary
    self.claims = claims
    self.clientValues = clientValues
    self.model = model
  }

  var key: String { "porter/\(link)/\(service.description)" }

  /// Checks of clients' values, claims and policies stay within the namespaces of the connections.
  var scope: UnitScope? { UnitScope(connections, alsoIn: [service.namespace]) }

  /// The connections as objects name them.
  var connectionNames: [String] { Set(connections.map(\.id.description)).sorted() }

  /// The clusters of the link in order: primary, secondary.
  var sides: [ClusterModel] { [primary] + (secondary.map { [$0] } ?? []) }

  /// The other side of a pair.
  func opposite(of cluster: ClusterModel) -> ClusterModel? {
    guard let secondary else { return nil }
    return cluster.name == primary.name ? secondary : primary
  }

  /// The target in a cluster, from the first connection that has it.
  func target(in cluster: String) -> BoundTarget? {
    for connection in connections {
      if let target = connection.targets.first(where: { $0.cluster == cluster && $0.service.key == service })
      {
        return target
      }
    }
    return nil
  }

  /// Connections with a target in a cluster.
  func connections(to cluster: String) -> [BoundConnection] {
    connections.filter { $0.targets.contains { $0.cluster == cluster && $0.service.key == service } }
  }

  /// Where findings about the unit as a whole point.
  var subject: Node { connections[0].connection.name.node }

  func lower() -> LoweredUnit {
    var lowered = LoweredUnit(
      connections: connectionNames, subject: Label(subject.range, "while emitting this connection"))
    let checks = PorterChecks(unit: self)
    lowered.findings += checks.findings
    guard let claim = ClaimResolution(unit: self, findings: &lowered.findings) else { return lowered }
    // With an error nothing is written, and the judge still sees what would be: each way is told by its own fault.
    var emitter = PorterEmitter(unit: self, claim: claim)
    emitter.run(into: &lowered)
    return lowered
  }
}

/// The one claim of a Service: its name, port and settings, gathered from all its connections.
struct ClaimResolution {
  let name: String
  /// The name was chosen by the author or is that of an existing claim.
  let nameNode: Node?
  let port: BoundPort
  let overridesServicePort: Bool
  let requestedPort: Located<Int>?
  let monitorInterval: Int
  let monitorTimeout: Int
  /// How the policies of each side shall look.
  let policies: [String: PolicySettings]
  /// A claim that somebody wrote already.
  let existing: ClaimIndex.Claim?

  /// Nil when no claim can be named; `findings` say why. Where they hold errors, the claim is what it would be but for
  /// those.
  init?(unit: PorterService, findings: inout [Diagnostic]) {
    guard let port = Self.port(of: unit, &findings) else { return nil }
    self.port = port
    let sections = unit.connections.map { ($0, ClaimSettings($0.section("porter"))) }
    func agreed<Value: Equatable>(
      _ field: String, _ value: (ClaimSettings) -> Located<Value>?
    ) -> Located<Value>? {
      let said = sections.compactMap { value($0.1) }
      if let first = said.first, let other = said.first(where: { $0.value != first.value }) {
        findings.append(
          Diagnostic(
            PorterRules.settingsConflict,
            "two connections to \(unit.service.description) give different values for \(field)",
            at: other.node.range, "\(other.value)", also: [Label(first.node.range, "\(first.value)")],
            help: [
              "one Service has one claim; agree on a value, or give the second connection a Service of its own"
            ]))
      }
      return said.first
    }
    let claimName = agreed("claimName") { $0.claimName }
    let overrides = agreed("overrideServicePort") { $0.overridesServicePort }
    let requested = agreed("requestedPort") { $0.requestedPort }
    let interval = agreed("monitor.interval") { $0.monitorInterval }
    let timeout = agreed("monitor.timeout") { $0.monitorTimeout }
    policies = Dictionary(
      uniqueKeysWithValues: unit.sides.map { side in
        let own = unit.connections.map { $0.section("porter", in: side.name)?["networkPolicy"] }
        return (side.name, own.reduce(unit.settings.policy(in: side.name)) { $0.overridden(by: $1) })
      })
    let existing = Self.existingClaim(unit, port.port, claimName, &findings)
    self.existing = existing
    // A claim that exists stays as it is: what clients are told follows from it.
    let kept = existing.map { KeptClaim($0) }
    overridesServicePort = kept?.overridesServicePort ?? overrides?.value ?? false
    requestedPort = kept.map(\.settings.requestedPort) ?? requested
    monitorInterval = (kept?.settings.monitorInterval ?? interval)?.value ?? 10
    monitorTimeout = (kept?.settings.monitorTimeout ?? timeout)?.value ?? 10
    findings += kept?.differences(overrides, requested, interval, timeout) ?? []
    nameNode = claimName?.node ?? existing?.manifest.nameNode
    if let chosen = claimName?.value ?? existing?.manifest.name {
      name = chosen
    } else {
      guard let composed = PorterNames(unit: unit).claim(&findings) else { return nil }
      name = composed
    }
    Self.checkRenaming(unit, name, nameNode, &findings)
  }

  /// One port per Service and claim: the operator's Service and Endpoints are named after the Service
  /// alone, and a second claim would overwrite them.
  private static func port(of unit: PorterService, _ findings: inout [Diagnostic]) -> BoundPort? {
    var first: BoundPort?
    for connection in unit.connections {
      for target in connection.targets where target.service.key == unit.service {
        for port in target.ports {
          guard let known = first else {
            first = port
            continue
          }
          guard port.port.number != known.port.number else { continue }
          let isOneName = port.reference.node.range == known.reference.node.range
          findings.append(
            isOneName ? numbersDiffer(unit, known, port, target.cluster) : secondPort(unit, known, port))
        }
      }
    }
    return first
  }

  /// One name for different numbers: the claim carries one number for both clusters.
  private static func numbersDiffer(
    _ unit: PorterService, _ known: BoundPort, _ port: BoundPort, _ cluster: String
  ) -> Diagnostic {
    Diagnostic(
      PorterRules.severalPorts,
      "port '\(port.reference.value.description)' of Service \(unit.service.description) is \(port.port.number) in \(cluster) and \(known.port.number) in the other cluster",
      at: port.port.node.range, "\(port.port.number) in \(cluster)",
      also: [
        Label(known.port.node.range, "\(known.port.number) in the other cluster"),
        Label(port.reference.node.range, "named here"),
      ], help: ["use one number in both clusters: a claim has one servicePort for both"])
  }

  private static func secondPort(_ unit: PorterService, _ known: BoundPort, _ port: BoundPort) -> Diagnostic {
    Diagnostic(
      PorterRules.severalPorts,
      "Service \(unit.service.description) is published at two ports, \(known.port.number) and \(port.port.number)",
      at: port.reference.node.range, "a second claim for the same Service",
      also: [Label(known.reference.node.range, "the first")],
      help: [
        "declare a Service of its own for port \(port.port.number), with the same selector, and connect to that"
      ],
      notes: [
        "the operator writes Service and Endpoints \(unit.service.name)-\(unit.settings.members.last ?? "") for every claim of this Service: the last one wins"
      ])
  }

  /// A claim that a person wrote for this Service.
  private static func existingClaim(
    _ unit: PorterService, _ port: ServicePort, _ claimName: Located<String>?, _ findings: inout [Diagnostic]
  ) -> ClaimIndex.Claim? {
    let claims = unit.claims.declared(for: unit.service)
    // Who names a claim speaks of one that exists.
    let isLive =
      claimName != nil || claims.contains { $0.port == port.number }
      || unit.claims.live(for: unit.service).contains { $0.port == port.number }
    for claim in claims where claim.port != port.number {
      var finding =
        Diagnostic(
          PorterRules.severalPorts,
          "Service \(unit.service.description) has a claim for another port already",
          at: claim.portNode.range, "port \(claim.port.map(String.init) ?? "unknown")",
          also: [Label(unit.subject.range, "this connection needs port \(port.number)")],
          help: [
            "declare a Service of its own for one of the ports: the operator's objects carry the Service's name only"
          ])
      // Both claims are there already: that is to be mended, and no reason to stop.
      if isLive { finding.severity = .warning }
      findings.append(finding)
    }
    let same = claims.filter { $0.port == port.number }
    let own = same.first { $0.manifest.name == claimName?.value } ?? same.first
    for extra in same where extra.manifest.name != own?.manifest.name {
      var finding = Diagnostic(
        PorterRules.duplicateClaim,
        "two claims publish port \(port.number) of Service \(unit.service.description)",
        at: extra.manifest.nameNode.range, "the second",
        also: own.map { [Label($0.manifest.nameNode.range, "the first")] } ?? [],
        help: ["remove one: each gets a port, and both write the same Service and Endpoints"])
      if claimName != nil { finding.severity = .warning }
      findings.append(finding)
    }
    if let claimName, let first = own, first.manifest.name != claimName.value {
      findings.append(
        Diagnostic(
          PorterRules.duplicateClaim,
          "claim '\(claimName.value)' would be a second one for port \(port.number) of Service \(unit.service.description)",
          at: claimName.node.range, "another name",
          also: [Label(first.manifest.nameNode.range, "the claim that exists")],
          help: ["write 'claimName: \(first.manifest.name)', or remove the manifest"]))
    }
    return own
  }

  /// A claim keeps its port as long as it keeps its name.
  private static func checkRenaming(
    _ unit: PorterService, _ name: String, _ node: Node?, _ findings: inout [Diagnostic]
  ) {
    let live = unit.claims.live(for: unit.service)
    guard let old = live.first, !live.contains(where: { $0.manifest.name == name }) else { return }
    findings.append(
      Diagnostic(
        PorterRules.claimRenamed, "claim '\(old.manifest.name)' becomes '\(name)' and gets another port",
        at: (node ?? unit.subject).range, "the new name",
        also: [Label(old.manifest.nameNode.range, "the claim so far")],
        help: [
          "keep the name with 'claimName: \(old.manifest.name)', or plan for a new port in consumers and firewall rules"
        ]))
  }
}
