import Compiler
import Diagnostics
import FleetSpec
import Review
import Snapshot

extension Command {
  /// `linkwright diff`
  static let diff = Command(
    name: "diff", summary: "Show what a change does to connections and to every cluster's objects",
    arguments: ["[DIR]"],
    options: [
      DiffRequest.base, DiffRequest.head, DiffRequest.staged, DiffRequest.recorded, DiffRequest.mergeBase,
      DiffRequest.stages, DiffRequest.whole, DiffRequest.format, DiffRequest.exitZero, DiffRequest.noPager,
      .color,
    ],
    discussion: """
      Compiles both sides in memory and compares what comes out: paths between clusters first, then objects, matched by
      identity, field by field. The later side is the working tree, --head REV or, with --staged, the index. The
      earlier side is --base REV; without it, the commit where HEAD left the remote's default branch (origin/HEAD, else
      the branch's upstream), or HEAD. With --recorded a side is the output that lies there; '--recorded base' alone
      compares with what the fleet wrote last. A side with errors is compared as far as it goes, and the report says
      what could not be compared. On a terminal the text is paged by LINKWRIGHT_PAGER, PAGER or less.
      What the change cannot concern is not compiled: an error there, in both sides, is for 'validate' to tell. --whole
      compiles everything.
      Exit status: 0 without differences (nothing is printed), 1 with differences or an error of the later side in what
      is compared, 2 when something could not be read.
      """,
    example: "linkwright diff --base origin/main --merge-base --format markdown=comment.md"
  ) { parsed throws(CommandFailure) in
    let reports = try DiffReports(parsed)
    let request = try DiffRequest(parsed)
    let (base, head, fleet) = try Self.read(request, isWhole: parsed.has(DiffRequest.whole))
    guard let base, let head, let fleet else {
      Terminal.printError(reports.findings(try Compiling.fleet(request.head.snapshot).1))
      return .findings
    }
    let review = try Self.review(base, head, fleet)
    var plan: StagePlan?
    if parsed.has(DiffRequest.stages) { plan = try Self.stages(review, base, head) }
    try reports.print(review, stages: plan?.stages)
    let errors = (head.compilation?.findings ?? []).filter { $0.severity == .error && $0.suppression == nil }
    if !errors.isEmpty { Terminal.printError(reports.findings(errors)) }
    return review.isEmpty && errors.isEmpty || parsed.has(DiffRequest.exitZero) ? .success : .findings
  }

  /// Reads both sides; nothing where neither has a Fleet that can be used.
  private static func read(
    _ request: DiffRequest, isWhole: Bool
  ) throws(CommandFailure) -> (base: ReadSide?, head: ReadSide?, fleet: Fleet?) {
    let earlier = try Compiling.fleet(request.base.specification).0
    let later = try Compiling.fleet(request.head.specification).0
    guard let fleet = later ?? earlier else { return (nil, nil, nil) }
    var (base, head) = (request.base.snapshot, request.head.snapshot)
    // Only where both sides are compiled does it matter what changed between them.
    if earlier != nil, let later, !isWhole, !request.base.isRecorded, !request.head.isRecorded {
      do {
        let slice = try FleetSlice.between(base, head, fleet: later)
        if slice.isEmpty {
          let nothing = { side in
            var read = ReadSide(side)
            read.output = OutputSide(emptyFor: fleet)
            read.isUnchanged = true
            return read
          }
          return (nothing(request.base), nothing(request.head), fleet)
        }
        (base, head) = (slice.base, slice.head)
      } catch {
        // A merge conflict in the index, say: the compile reports it as a finding.
        if error.kind.isOfTheWorld {
          throw CommandFailure(message: "cannot read \(error.path): \(error.reason)")
        }
      }
    }
    let options = CompileOptions()
    let readHead = try ReadSide.read(request.head, slice: head, fleet: fleet, options: options)
    let readBase = try ReadSide.read(
      request.base, slice: base, fleet: fleet, options: options, later: readHead.judge)
    return (readBase, readHead, fleet)
  }

  private static func review(
    _ base: ReadSide, _ head: ReadSide, _ fleet: Fleet
  ) throws(CommandFailure) -> Review {
    var objects = ObjectComparison.none
    var paths: [PathChange] = []
    var limits = base.limits + head.limits
    if let old = base.output, let new = head.output {
      do {
        objects = try ObjectComparison(
          from: old, to: new, unknown: (base: base.unknown, head: head.unknown),
          map: ObjectComparison.onAllCores)
      } catch {
        throw CommandFailure(message: "cannot read \(error.path): \(error.reason)")
      }
      if let old = base.paths, let new = head.paths {
        paths = PathChange.between(old, new, unknown: (base: base.unknownPaths, head: head.unknownPaths))
        // By whose documents a record is judged matters only where something differs.
        if case .laterInstead = base.side.documents, base.side.isRecorded, !objects.changes.isEmpty {
          limits.append(
            "which commit the output on record in \(base.side.name) was compiled from: its paths are those that the later side declares"
          )
        }
      }
    }
    return Review(
      fleet: fleet.name.value, base: base.side.description, head: head.side.description, paths: paths,
      objects: objects, limits: limits, isJudged: base.isJudged && head.isJudged)
  }

  /// The stages of a change; proved where the documents of the later side are at hand.
  private static func stages(
    _ review: Review, _ base: ReadSide, _ head: ReadSide
  ) throws(CommandFailure) -> StagePlan {
    let plan = StagePlan(review.objects)
    guard let judge = head.judge, let output = base.output else { return plan }
    do {
      return try judge.proved(plan, from: output, after: head.paths, former: base.judge)
    } catch {
      throw CommandFailure(message: "cannot read \(error.path): \(error.reason)")
    }
  }
}
