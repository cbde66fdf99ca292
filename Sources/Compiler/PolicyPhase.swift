import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Output
import Policies

/// What the organisation's policies say, once everything is planned and rendered.
struct PolicyPhase {
  let policies: PolicySet
  let types: PolicyTypes

  /// Findings about documents of the specification, and about the policies' own exceptions and kinds.
  ///
  /// - Parameters:
  ///   - units: rendered units, whose objects are judged already.
  ///   - objects: all that is emitted.
  ///   - definedKinds: the kinds of the fleet's CustomResourceDefinitions.
  ///   - isComplete: false where errors kept something from being rendered.
  func findings(
    _ specification: Specification, _ units: [RenderedUnit], _ objects: [RenderedObject],
    definedKinds: Set<String>, isComplete: Bool
  ) -> [Diagnostic] {
    guard !policies.isEmpty else { return [] }
    let breaches =
      policies.judge(specification)
      + parallelMap(specification.connections, piece: 64) { policies.judge($0) }.flatMap { $0 }
    let all = breaches + units.flatMap(\.breaches)
    return breaches.map(\.finding)
      + policies.findingsOfExceptions(all, isComplete: isComplete && policies.findings.isEmpty)
      + policies.findingsOfKinds(
        emitted: Set(objects.lazy.map(\.identity.kind)),
        judged: Set(objects.lazy.filter { $0.part == .manifests }.map(\.identity.kind)),
        defined: definedKinds, types)
  }
}

extension Compiler {
  /// The types of what policies judge.
  var policyTypes: PolicyTypes {
    PolicyTypes(spec: resources.specSchemas, objects: resources.objectSchemas)
  }
}
