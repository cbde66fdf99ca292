import Output
import YAMLTree

/// A change cut into steps, none of which takes away what a live connection stands on: what serves and what admits comes
/// first, then what uses it, and what nobody needs any more goes last.
package struct StagePlan: Sendable {
  package enum Name: String, Sendable, CaseIterable {
    /// Providers and policies: claims, Services, gateways; policies that change admit the old and the new for now.
    case provide
    /// What clients use: addresses, names, entries.
    case consume
    /// What is left over, and policies become what they shall be.
    case remove
  }

  package struct Step: Sendable {
    package enum Action: String, Sendable, CaseIterable {
      case add
      case change
      /// A policy admits more for now: what it admitted and what it will admit.
      case widen
      /// A widened policy becomes what it shall be.
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
  }

  package struct Stage: Sendable {
    package let name: Name
    package let steps: [Step]
    /// What is not as it should be: a step that may break something, a path that does not hold on this stage.
    package var faults: [String]

    /// `2 to add, 1 to widen`.
    package var summary: String {
      Step.Action.allCases.compactMap { action in
        let count = steps.count { $0.action == action }
        return count > 0 ? "\(count) to \(action.rawValue)" : nil
      }.joined(separator: ", ")
    }
  }

  /// The stages that have something to do, in their order.
  package var stages: [Stage]

  /// Cuts a change. Linear in what changed.
  package init(_ changes: [ObjectChange]) {
    var steps: [Name: [Step]] = [:]
    var faults: [Name: [String]] = [:]
    for change in changes {
      for (name, step) in Self.steps(of: change, &faults) { steps[name, default: []].append(step) }
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
    case (.changed, .provider): return [(.provide, step(.change, content))]
    case (.changed, .policy):
      guard let before = change.before?.root, let after = change.after?.root else {
        return [(.provide, step(.change, content))]
      }
      switch PolicyUnion.step(from: before, to: after, kind: change.key.kind) {
      case .laterIsWider: return [(.provide, step(.change, content))]
      case .earlierIsWider: return [(.remove, step(.narrow, content))]
      case .between(let union): return [(.provide, step(.widen, union)), (.remove, step(.narrow, content))]
      case .impossible(let reason):
        faults[.consume, default: []].append(
          "\(change.key.name) in \(change.key.cluster) changes in one step, since \(reason)")
        return [(.consume, step(.change, content))]
      }
    }
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
