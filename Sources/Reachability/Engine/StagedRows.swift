import Kubernetes

/// Rows of classes whose policies do more than isolate and allow: deny, stand in tiers, or are not evaluated.
extension PolicyEngine {
  /// Admin policies first, then those of namespaces and Cilium's, then the baseline (facts 1.13).
  mutating func stagedRow(
    _ selecting: [Int32], _ number: Int32, _ direction: NetworkPolicy.Direction, isUnlisted: Bool
  ) -> Row {
    let enforced = enforcement(direction)
    guard enforced.may else { return Row(may: nil, must: nil) }
    var (tiers, baselines, middle): ([Int32], [Int32], [Int32]) = ([], [], [])
    for item in selecting {
      switch policies[Int(item / 2)].rules.stage {
      case .opaque: return Row(may: nil, must: [])
      case .admin: tiers.append(item)
      case .baseline: baselines.append(item)
      case .policy: middle.append(item)
      }
    }
    let everything = Relation(tables.everyone, .all)
    let outcome = ordered(tiers, number, direction)
      .followed(by: together(middle, number, direction, isUnlisted: isUnlisted))
      .followed(by: ordered(baselines, number, direction))
    let may = outcome.allowed.union(outcome.undecided)
    return Row(
      may: enforced.must ? entries(may) : nil, must: entries(everything.subtracting(outcome.denied)))
  }

  private func may(_ grant: Grant) -> Relation {
    Relation(tables.peerSets[grant.mayPeers], tables.portSets[grant.mayPorts])
  }

  private func must(_ grant: Grant) -> Relation {
    Relation(tables.peerSets[grant.mustPeers], tables.portSets[grant.mustPorts])
  }

  /// Policies of namespaces: all together. Odd numbers select for sure.
  private func together(
    _ selecting: [Int32], _ number: Int32, _ direction: NetworkPolicy.Direction, isUnlisted: Bool
  ) -> StageOutcome {
    let everything = Relation(tables.everyone, .all)
    guard !selecting.isEmpty || isUnlisted else { return StageOutcome(undecided: everything) }
    var (mayAllow, mustAllow, mayDeny, mustDeny) = (Relation(), Relation(), Relation(), Relation())
    var mustIsolate = false
    /// What each policy that may isolate lets through for sure if it does.
    var openings: [Relation] = []
    /// Where a policy isolates without denying outright.
    var isolated = Relation()
    if isUnlisted {
      // One that may isolate and opens nothing.
      openings.append(Relation())
      isolated = everything
    }
    for item in selecting {
      let isSure = item & 1 == 1
      var (opening, perhaps, closing) = (Relation(), Relation(), Relation())
      for grant in grants(item / 2, direction, number) {
        switch grant.action {
        case .allow:
          perhaps = perhaps.union(may(grant))
          opening = opening.union(must(grant))
        case .deny, .pass:
          mayDeny = mayDeny.union(may(grant))
          closing = closing.union(must(grant))
        }
      }
      if isSure {
        mustAllow = mustAllow.union(opening)
        mustDeny = mustDeny.union(closing)
      }
      // Where a policy denies for sure, its own rules never allow, whether it selects or not.
      mayAllow = mayAllow.union(perhaps.subtracting(closing))
      guard policies[Int(item / 2)].section(direction)?.isolates == true else { continue }
      isolated = isolated.union(everything.subtracting(closing))
      if isSure { mustIsolate = true }
      openings.append(opening)
    }
    var outcome = StageOutcome(denied: mayDeny)
    outcome.allowed = mayAllow.intersection(mustIsolate ? everything : isolated).subtracting(mustDeny)
    if mustIsolate {
      outcome.denied = mayDeny.union(everything.subtracting(mustAllow))
    } else {
      for opening in openings {
        outcome.denied = outcome.denied.union(everything.subtracting(opening.union(mustAllow)))
      }
      outcome.undecided = everything.subtracting(mustDeny)
    }
    return outcome
  }

  /// Policies in tiers: by priority, the first rule that matches decides. Which of two policies of one priority
  /// comes first is not defined: each may.
  private func ordered(
    _ selecting: [Int32], _ number: Int32, _ direction: NetworkPolicy.Direction
  ) -> StageOutcome {
    var outcome = StageOutcome(undecided: Relation(tables.everyone, .all))
    var passed = Relation()
    let byPriority = Dictionary(grouping: selecting) { priority(of: $0) }
    for (_, group) in byPriority.sorted(by: { $0.key < $1.key }) {
      var rest: Relation?
      for item in group {
        var left = outcome.undecided
        for grant in grants(item / 2, direction, number) {
          let matched = may(grant).intersection(left)
          left = left.subtracting(must(grant))
          switch grant.action {
          case .allow: outcome.allowed = outcome.allowed.union(matched)
          case .deny: outcome.denied = outcome.denied.union(matched)
          case .pass: passed = passed.union(matched)
          }
        }
        // A policy that may not select leaves everything to the others.
        if item & 1 == 0 { left = outcome.undecided }
        rest = rest.map { $0.intersection(left) } ?? left
      }
      outcome.undecided = rest ?? outcome.undecided
    }
    outcome.undecided = outcome.undecided.union(passed)
    return outcome
  }

  private func priority(of item: Int32) -> Int {
    switch policies[Int(item / 2)].rules.stage {
    case .admin(let priority), .baseline(let priority): priority
    case .policy, .opaque: 0
    }
  }
}
