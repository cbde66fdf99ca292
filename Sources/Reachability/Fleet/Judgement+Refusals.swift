package import Diagnostics
import Linker

/// An error that a rule found on a crossing's way: the hop is broken, whatever the judge sees of it.
///
/// The judge follows the manifests. What their values must not be, such as two clusters with one address range, is for
/// rules to know.
package struct Refusal: Sendable {
  package let hop: Hop.Kind
  let fault: Fault
  /// True where what stands at the hop was only assumed: what does not hold before it may hang on that.
  let isAssumed: Bool

  /// Nil for a finding that breaks no hop.
  package init?(_ finding: Diagnostic, isAssumed: Bool = false) {
    guard finding.severity == .error, finding.suppression == nil, let hop = finding.rule.hop else {
      return nil
    }
    self.init(finding, at: hop, isAssumed: isAssumed)
  }

  /// An error that breaks a hop which its rule does not know.
  package init(_ finding: Diagnostic, at hop: Hop.Kind, isAssumed: Bool = false) {
    self.hop = hop
    self.isAssumed = isAssumed
    fault = Fault(
      finding.rule, finding.message, at: [finding.primary].compactMap { $0 } + finding.secondary,
      help: finding.help)
  }

  /// The broken hop of a crossing.
  private func hop(of crossing: Crossing, like known: Hop?) -> Hop {
    Hop(
      kind: hop, cluster: known?.cluster ?? crossing.client.cluster, text: known?.text ?? "refused",
      state: .broken(fault), places: fault.places, source: known?.source ?? "")
  }

  /// Hops as far as this one, which is broken; nil where they are broken before it, or there.
  fileprivate func cut(_ hops: [Hop], of crossing: Crossing) -> [Hop]? {
    let place = hops.firstIndex { $0.kind == hop } ?? hops.firstIndex { hop < $0.kind } ?? hops.endIndex
    let before = hops[..<place].filter { !isAssumed || $0.holds }
    let known = place < hops.endIndex && hops[place].kind == hop ? hops[place] : nil
    guard !before.contains(where: \.isBroken), isAssumed || known?.isBroken != true else { return nil }
    return before + [hop(of: crossing, like: known)]
  }
}

extension Judgement {
  /// The judgement with errors of rules taken for what they are: broken hops.
  ///
  /// - Parameter refusals: of a crossing.
  package func refused(by refusals: (Crossing) -> [Refusal]) -> Judgement {
    var copy = self
    for (index, judged) in crossings.enumerated() {
      // The earliest decides.
      let crossing = judged.crossing
      let assumed = [crossing.target.fault, crossing.port.fault].compactMap { $0 }.compactMap {
        Refusal($0, isAssumed: true)
      }
      let found = assumed.isEmpty ? refusals(crossing) : assumed
      guard let first = found.min(by: { $0.hop < $1.hop }),
        let hops = first.cut(judged.openHops, of: judged.crossing)
      else { continue }
      copy.refusals[CrossingKey(judged.crossing)] = first
      copy.crossings[index] = JudgedCrossing(
        crossing: judged.crossing, verdict: .refuted, openHops: hops, needs: judged.needs)
    }
    return copy
  }

  /// The trace with a refusal's hop broken.
  func refusing(_ trace: CrossingTrace) -> CrossingTrace {
    guard let refusal = refusals[CrossingKey(trace.crossing)],
      let hops = refusal.cut(trace.hops, of: trace.crossing)
    else { return trace }
    return CrossingTrace(
      crossing: trace.crossing, verdict: .refuted, hops: hops, certificate: trace.certificate)
  }
}

/// Which crossing of which connection.
struct CrossingKey: Hashable {
  private let connection: ObjectIdentifier
  private let client: Int
  private let target: Int
  private let port: Int

  init(_ crossing: Crossing) {
    connection = ObjectIdentifier(crossing.connection)
    (client, target, port) = (crossing.clientNumber, crossing.targetNumber, crossing.portNumber)
  }
}
