import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What a verdict rests on, claim by claim: small, and checkable without the engine that found it.
package struct Certificate: Sendable {
  package let crossing: Crossing
  package var verdict: ConnectionVerdict
  package var claims: [CheckedClaim]

  package init(crossing: Crossing, verdict: ConnectionVerdict, claims: [CheckedClaim]) {
    self.crossing = crossing
    self.verdict = verdict
    self.claims = claims
  }
}
