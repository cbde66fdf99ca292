/// What one policy says about one packet, and how opinions come to an end together.
struct NaiveOpinion {
  enum Stage: Hashable {
    case first(priority: Int)
    case together
    case last(priority: Int)
  }

  enum Action {
    case allow
    case deny
    case pass
  }

  enum End {
    case allowed
    case denied
  }

  let stage: Stage
  let selected: Ternary
  let isolates: Bool
  let rules: [(action: Action, matches: Ternary)]

  /// Every end that some world comes to. A world chooses, for everything that depends, one of both.
  static func ends(_ opinions: [NaiveOpinion]) -> Set<End> {
    var ends: Set<End> = []
    var remaining = true
    func go(_ results: Set<Result>) {
      if results.contains(.allow) { ends.insert(.allowed) }
      if results.contains(.deny) { ends.insert(.denied) }
      remaining = results.contains(.open)
    }
    go(tier(opinions) { if case .first(let priority) = $0 { priority } else { nil } })
    if remaining { go(together(opinions.filter { $0.stage == .together })) }
    if remaining { go(tier(opinions) { if case .last(let priority) = $0 { priority } else { nil } }) }
    if remaining { ends.insert(.allowed) }
    return ends
  }

  private enum Result {
    case allow
    case deny
    case open
  }

  // MARK: In order

  /// The results of policies in tiers. Of one priority any may come first.
  private static func tier(_ opinions: [NaiveOpinion], _ priority: (Stage) -> Int?) -> Set<Result> {
    var groups: [Int: [NaiveOpinion]] = [:]
    for opinion in opinions {
      if let number = priority(opinion.stage) { groups[number, default: []].append(opinion) }
    }
    var results: Set<Result> = []
    for number in groups.keys.sorted() {
      let steps = (groups[number] ?? []).map(\.steps)
      for step in steps {
        for case let action? in step {
          switch action {
          case .allow: results.insert(.allow)
          case .deny: results.insert(.deny)
          case .pass: results.insert(.open)
          }
        }
      }
      // Somebody decides in every world.
      if steps.contains(where: { !$0.contains(nil) }) { return results }
    }
    return results.union([.open])
  }

  /// The first rule that matches, in every world; nil where none does.
  private var steps: [Action?] {
    var steps: [Action?] = []
    for (action, matches) in rules {
      if matches.may { steps.append(action) }
      if matches.must { return selected.must ? steps : steps + [nil] }
    }
    return steps + [nil]
  }

  // MARK: Together

  /// What policies that add up have said so far.
  private struct State: Hashable {
    var isIsolated = false
    var isAllowed = false
    var isDenied = false
  }

  private static func together(_ opinions: [NaiveOpinion]) -> Set<Result> {
    var states: Set<State> = [State()]
    for opinion in opinions {
      let allows = opinion.choices(.allow)
      let denies = opinion.choices(.deny)
      var next: Set<State> = opinion.selected.must ? [] : states
      for state in states {
        for allow in allows {
          for deny in denies {
            next.insert(
              State(
                isIsolated: state.isIsolated || opinion.isolates, isAllowed: state.isAllowed || allow,
                isDenied: state.isDenied || deny))
          }
        }
      }
      states = next
    }
    return Set(
      states.map { state in
        if state.isDenied { return .deny }
        if !state.isIsolated { return .open }
        return state.isAllowed ? .allow : .deny
      })
  }

  /// Whether any rule of an action matches, in every world.
  private func choices(_ action: Action) -> [Bool] {
    let matching = rules.filter { $0.action == action }.map(\.matches)
    if matching.contains(.yes) { return [true] }
    return matching.contains(.depends) ? [true, false] : [false]
  }
}
