import Kubernetes
import Output
import YAMLTree

/// A change cut into steps, none of which takes away what a live connection stands on: what serves and what admits comes
/// first, then what uses it, and what nobody needs any more goes last.
package struct StagePlan: Sendable {
  package enum Name: String, Sendable, CaseIterable {
    /// Providers and policies: claims, Services, gateways; what changes does the old and the new for now.
    case provide
    /// What clients use: addresses, names, entries; and what cannot do the old and the new at once.
    case consume
    /// What is left over, and what did both becomes what it shall be.
    case remove
  }

  package struct Step: Sendable {
    package enum Action: String, Sendable, CaseIterable {
      case add
      case change
      /// A policy or another object does more for now: what it did and what it will do.
      case widen
      /// It becomes what it shall be.
      case narrow
      case remove
    }

    package let action: Action
    package let key: ObjectKey
    package let path: String
    /// The file's content after the step; nil when it goes.
    package let content: [UInt8]?
    /// Where the file was before, when that is another place.
    package let formerPath: String?

    /// The path below the directory of its part.
    var rest: String {
      if case .file(let name) = key.subject { return name }
      let start = path.firstRange(of: "/\(key.part.rawValue)/")
      return start.map { String(path[$0.upperBound...]) } ?? path
    }
  }

  package struct Stage: Sendable {
    package let name: Name
    package let steps: [Step]
    /// What is not as it should be: a step that may break something, a path that does not hold on this stage.
    package var faults: [String]

    /// The most steps that reports for people name.
    private static let named = 8

    /// The first steps in words, and how many are left out: what controllers will make is not named.
    var listing: (steps: [String], leftOut: Int) {
      let own = steps.filter { $0.key.part != .expected }
      return (
        own.prefix(Self.named).map { "\($0.action.rawValue) \($0.key.name) in \($0.key.cluster)" },
        max(0, own.count - Self.named)
      )
    }

    /// `2 to add, 1 to widen, 3 in expected/`.
    package var summary: String {
      let own = steps.filter { $0.key.part != .expected }
      var parts = Step.Action.allCases.compactMap { action in
        let count = own.count { $0.action == action }
        return count > 0 ? "\(count) to \(action.rawValue)" : nil
      }
      if own.count < steps.count { parts.append("\(steps.count - own.count) in expected/") }
      return parts.joined(separator: ", ")
    }
  }

  /// The stages that have something to do, in their order.
  package var stages: [Stage]

  /// Cuts a change. Linear in what changed.
  package init(_ changes: [ObjectChange]) {
    var steps: [Name: [Step]] = [:]
    var faults: [Name: [String]] = [:]
    var expected: [Step] = []
    for change in changes {
      for (name, step) in Self.steps(of: change, &faults) {
        if step.key.part == .expected { expected.append(step) } else { steps[name, default: []].append(step) }
      }
    }
    for risk in RiskAssessment.renamedClaims(changes) {
      faults[.remove, default: []].append(
        "\(risk.former) in \(risk.cluster) goes, and with it the port that clients use: let them learn that of \(risk.claim) before this stage ('linkwright observe')"
      )
    }
    // What controllers will make follows from the rest, and is no reason for a stage of its own: it comes with what
    // serves, and goes with what is left over.
    let present = Name.allCases.filter { steps[$0] != nil }
    for step in expected {
      let stage: Name? =
        switch step.action {
        case .add: present.first
        case .remove: present.last
        case .change, .widen, .narrow: present.contains(.consume) ? .consume : present.last
        }
      steps[stage ?? .consume, default: []].append(step)
    }
    stages = Name.allCases.compactMap { name in
      guard let steps = steps[name], !steps.isEmpty else { return nil }
      return Stage(name: name, steps: steps, faults: faults[name] ?? [])
    }
  }

  private static func steps(of change: ObjectChange, _ faults: inout [Name: [String]]) -> [(Name, Step)] {
    let role = Role(change)
    let content = change.after?.content
    func step(_ action: Step.Action, _ content: [UInt8]?) -> Step {
      let former = change.before?.path
      return Step(
        action: action, key: change.key, path: change.path, content: content,
        formerPath: former == change.path ? nil : former)
    }
    switch (change.kind, role) {
    case (.added, .consumer), (.added, .record): return [(.consume, step(.add, content))]
    case (.added, _): return [(.provide, step(.add, content))]
    case (.removed, _): return [(.remove, step(.remove, nil))]
    case (.changed, .consumer), (.changed, .record): return [(.consume, step(.change, content))]
    case (.changed, .provider), (.changed, .policy):
      guard let before = change.before?.root, let after = change.after?.root else {
        return [(.provide, step(.change, content))]
      }
      switch InPlaceChange.of(before, after, kind: change.key.kind, isPolicy: role == .policy) {
      case .wider: return [(.provide, step(.change, content))]
      case .narrower: return [(.remove, step(.narrow, content))]
      case .between(let union): return [(.provide, step(.widen, union)), (.remove, step(.narrow, content))]
      case .beside(let name, let former):
        guard let kept = Self.former(of: change, name: name, former) else {
          return [(.consume, step(.change, content))]
        }
        return [(.provide, step(.change, content)), (.provide, kept.add), (.remove, kept.remove)]
      case .switches(let reason):
        // Together with what clients use of it, so that the two are apart for as short a time as can be.
        let place = "\(change.key.name) in \(change.key.cluster)"
        if let reason {
          faults[.consume, default: []].append("\(place) changes in one step, since \(reason)")
        }
        if let ports = namedPorts(before, after, change.key.kind) {
          faults[.consume, default: []].append(
            "\(place) gives clients \(ports.after) instead of \(ports.before) in one step, as soon as the operator has followed: who uses the other fails from then on"
          )
        }
        if let ports = claimedPorts(before, after, change.key.kind) {
          faults[.consume, default: []].append(
            "\(place) leads from port \(ports.before) to port \(ports.after) in one step: a Service and a claim of their own for \(ports.after) let both work until the old ones go"
          )
        }
        return [(.consume, step(.change, content))]
      }
    }
  }

  /// The Service's ports of a claim, where they differ: the operator keeps one port for each claim (Porter).
  private static func claimedPorts(
    _ before: Node, _ after: Node, _ kind: String
  ) -> (before: String, after: String)? {
    guard kind == "TransportServerClaim", let old = before.at("spec", "servicePort")?.text,
      let new = after.at("spec", "servicePort")?.text, old != new
    else { return nil }
    return (old, new)
  }

  /// Under which port clients find a claim's virtual server by name, where that changes (Porter: overrideServicePort).
  static func namedPorts(
    _ before: Node, _ after: Node, _ kind: String
  ) -> (before: String, after: String)? {
    guard kind == "TransportServerClaim", let port = after.at("spec", "servicePort")?.text else { return nil }
    func text(_ claim: Node) -> String {
      claim.at("spec", "overrideServicePort")?.boolean == true
        ? "port \(port)" : "the port that the operator draws"
    }
    let (old, new) = (text(before), text(after))
    return old == new ? nil : (old, new)
  }

  /// The steps that keep the earlier version of a policy beside the later one.
  private static func former(
    of change: ObjectChange, name: String, _ content: [UInt8]
  ) -> (add: Step, remove: Step)? {
    guard case .object(let identity) = change.key.subject, let slash = change.path.lastIndex(of: "/") else {
      return nil
    }
    let own = ObjectIdentity(
      group: identity.group, kind: identity.kind, namespace: identity.namespace, name: name)
    let key = ObjectKey(cluster: change.key.cluster, part: change.key.part, subject: .object(own))
    let path = change.path[...slash] + OutputLayout.fileName(own)
    return (
      Step(action: .add, key: key, path: String(path), content: content, formerPath: nil),
      Step(action: .remove, key: key, path: String(path), content: nil, formerPath: nil)
    )
  }

  /// What an object is for.
  private enum Role {
    case policy
    /// Serves, or makes something that serves.
    case provider
    /// Leads clients to what serves.
    case consumer
    /// Is not synced: fragments, what controllers will make.
    case record

    init(_ change: ObjectChange) {
      guard change.key.part == .manifests || change.key.part == .components else {
        self = .record
        return
      }
      if RiskAssessment.policyKinds.contains(change.key.kind) {
        self = .policy
        return
      }
      let root = change.after?.root ?? change.before?.root
      switch change.key.kind {
      case "Endpoints", "EndpointSlice", "ConfigMap", "Secret", "ServiceEntry", "DestinationRule":
        self = .consumer
      case "Service":
        let spec = root?["spec"]
        let leadsOutside = spec?["selector"] == nil || spec?["type"]?.text == "ExternalName"
        // A patch of somebody else's Service makes it serve.
        self = leadsOutside && change.key.part == .manifests ? .consumer : .provider
      default: self = .provider
      }
    }
  }
}
