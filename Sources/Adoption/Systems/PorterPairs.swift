import Compiler
import Diagnostics
import Kubernetes
import YAMLTree

/// Which clusters an operator serves: those with claims, each with the other side of its pair.
struct PorterPairs {
  struct Pair: Sendable {
    let primary: String
    let secondary: String?

    var members: [String] { [primary] + (secondary.map { [$0] } ?? []) }
    var linkName: String { secondary == nil ? primary : "\(primary)-pair" }
  }

  private(set) var pairs: [Pair] = []
  private(set) var findings: [Diagnostic] = []
  private let input: AdoptionInput
  private let claims: [String: [PorterClaim]]

  init(_ input: AdoptionInput, _ claims: [String: [PorterClaim]]) {
    self.input = input
    self.claims = claims
    var free = input.clusters.map(\.name)
    for (primary, secondary) in input.request.pairs where claims[primary] != nil || claims[secondary] != nil {
      pairs.append(Pair(primary: primary, secondary: secondary))
      free.removeAll { $0 == primary || $0 == secondary }
    }
    // More claims first: a claim that went to the other side by mistake must not make it the primary.
    let order = free.enumerated().filter { claims[$0.element] != nil }.sorted { a, b in
      let (x, y) = (claims[a.element]?.count ?? 0, claims[b.element]?.count ?? 0)
      return x != y ? x > y : a.offset < b.offset
    }.map(\.element)
    for primary in order where free.contains(primary) {
      free.removeAll { $0 == primary }
      let secondary = other(of: primary, among: free)
      if let secondary { free.removeAll { $0 == secondary } }
      // Gold's other side is called GoldDR: a lone claim there went to the wrong side.
      if let secondary, primary.hasPrefix(secondary), claims[secondary] == nil {
        pairs.append(Pair(primary: secondary, secondary: primary))
      } else {
        pairs.append(Pair(primary: primary, secondary: secondary))
      }
    }
    pairs.sort { $0.primary < $1.primary }
  }

  /// The other side: the cluster with most of the claimed Services, and with what the operator makes there.
  private mutating func other(of primary: String, among free: [String]) -> String? {
    let scored = free.map { (name: $0, score: score(primary, $0)) }.filter { $0.score > 0 }
    guard let best = scored.map(\.score).max() else { return nil }
    let candidates = scored.filter { $0.score == best }.map(\.name)
    if candidates.count == 1 { return candidates[0] }
    // Gold's other side is called GoldDR.
    if let named = candidates.first(where: { $0.hasPrefix(primary) }) { return named }
    if let place = claims[primary]?.first?.manifest.nameNode {
      findings.append(
        Diagnostic(
          AdoptionRules.pairUnclear,
          "the other side of \(primary) could be \(listed(candidates))", at: place.range,
          "of this claim, for one",
          help: ["say which: --pair \(primary)=\(candidates[0]); none of them is taken for it"]))
    }
    return nil
  }

  private func score(_ primary: String, _ other: String) -> Int {
    guard let there = input[other], let here = input[primary] else { return 0 }
    var score = 0
    for claim in claims[primary] ?? [] {
      if there.services[claim.key] != nil { score += 1 }
      let made = NamespacedName(claim.namespace, "\(claim.service)-\(primary)")
      if there.services[made]?.selector.isEmpty == true { score += 100 }
      if here.services[NamespacedName(claim.namespace, "\(claim.service)-\(other)")]?.selector.isEmpty == true
      {
        score += 100
      }
      let mine = here.object("cis.f5.com/v1", "TransportServer", claim.namespace, claim.manifest.name).map(
        PorterServer.init)
      let theirs = there.object("cis.f5.com/v1", "TransportServer", claim.namespace, claim.manifest.name).map(
        PorterServer.init)
      if let a = mine?.port, let b = theirs?.port {
        // One operator gives both sides one port; two operators do not.
        guard a == b else { return 0 }
        score += 100
      }
    }
    if score == 0, other.hasPrefix(primary), sharesNamespace(here, there, claims[primary] ?? []) { return 1 }
    return score
  }

  private func sharesNamespace(_ here: AdoptedCluster, _ there: AdoptedCluster, _ claims: [PorterClaim])
    -> Bool
  {
    claims.contains { claim in there.objects.contains { $0.namespace == claim.namespace } }
  }
}
