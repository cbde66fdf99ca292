/// What is known before anything is evaluated, and the parts of an expression that it keeps from being reached.
///
/// Rules for admission name several kinds and guard what they read by `object.kind`; whoever judges one kind knows which
/// of these guards hold. So `object.kind != 'Pod' || object.spec.containers…` is right also where `object` is a
/// ConfigMap.
extension Checker {
  /// The value of a part, where it reads nothing but what is known.
  ///
  /// - Parameter start: how much had been read before the part was checked.
  func known(_ checked: Checked, since start: Int) -> CELValue? {
    guard locals.isEmpty, start < reads.count else { return nil }
    var longest: [Int: [String]] = [:]
    for read in reads[start...] where read.path.count > longest[read.position]?.count ?? 0 {
      longest[read.position] = read.path
    }
    guard longest.values.allSatisfy(environment.knownPaths.contains) else { return nil }
    var frame = Frame(
      variables: environment.knownValues, localCount: localCount, budget: 10_000, patterns: patterns.patterns)
    return try? checked.code(&frame)
  }

  private func truth(_ checked: Checked, since start: Int, isRight: Bool) -> Truth? {
    if let truth = checked.truth { return truth }
    guard isRight, case .bool(let value)? = known(checked, since: start) else { return nil }
    return Truth(value: value, isByValue: true)
  }

  /// `&&` (false decides) and `||` (true does). A part that decides makes errors of all others count for nothing, so
  /// that what is wrong with them does not matter either.
  mutating func logical(_ parts: [Syntax], decisive: Bool, _ range: Range<Int>) -> Checked {
    let before = issues.count
    var codes: [Code] = []
    var deciding: Truth?
    var others: [Truth] = []
    for part in parts {
      let (count, start) = (issues.count, reads.count)
      let checked = check(part)
      require(checked, .bool, part.range)
      codes.append(checked.code)
      guard let truth = truth(checked, since: start, isRight: issues.count == count) else { continue }
      if truth.value != decisive {
        others.append(truth)
      } else if deciding?.isByValue != true {
        deciding = truth
      }
    }
    var result = Checked(.bool, Evaluation.logical(codes, parts.map(\.range), decisive: decisive))
    if let deciding {
      // The code of wrong parts stands for nothing; what decides is all that counts.
      if issues.count > before { result = Checked(.bool, constant: .bool(decisive)) }
      takeBack(from: before, exceptAbsences: !deciding.isByValue)
      result.truth = deciding
    } else if others.count == parts.count {
      result.truth = Truth(value: !decisive, isByValue: others.allSatisfy(\.isByValue))
    }
    return result
  }

  mutating func conditional(
    _ condition: Syntax, _ then: Syntax, _ otherwise: Syntax, _ range: Range<Int>
  ) -> Checked {
    let (count, start) = (issues.count, reads.count)
    let checked = check(condition)
    require(checked, .bool, condition.range)
    guard let truth = truth(checked, since: start, isRight: issues.count == count) else {
      return open(conditional: checked, check(then), check(otherwise), condition, otherwise)
    }
    // In the order of the text; only one of the two is ever reached.
    var chosen: Checked?
    for (branch, isReached) in [(then, truth.value), (otherwise, !truth.value)] {
      let (count, start) = (issues.count, reads.count)
      var result = check(branch)
      if isReached {
        result.truth = self.truth(result, since: start, isRight: issues.count == count)
        chosen = result
      } else {
        takeBack(from: count, exceptAbsences: !truth.isByValue)
      }
    }
    return chosen ?? .wrong
  }
}
