import Compiler
import Diagnostics
import FleetSpec
import Repository

/// Who makes an output commit, when, and what it says: all of it from the source and the parent.
extension OutputCommitting {
  /// The later of source and parent: history never runs backwards, and the same input gives the same date.
  private func seconds(on tip: CommitFacts?) -> Int64 {
    max(source.committer.seconds, tip?.committer.seconds ?? 0)
  }

  func author(on tip: CommitFacts?) -> GitSignature {
    GitSignature(
      name: request.author?.name ?? source.author.name, email: request.author?.email ?? source.author.email,
      seconds: seconds(on: tip), offsetMinutes: source.author.offsetMinutes)
  }

  func committer(on tip: CommitFacts?) -> GitSignature {
    GitSignature(
      name: fleet.committer?.name ?? "Linkwright",
      email: fleet.committer?.email ?? "linkwright@users.noreply.invalid", seconds: seconds(on: tip))
  }

  func message(isComplete: Bool) -> CommitMessage {
    var subject = "Compile \(fleet.name.value) from \(String("\(source.id)".prefix(12)))"
    var body = source.subject
    if let text = request.message {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      subject = lines.first.map(String.init) ?? text
      body = lines.dropFirst().joined(separator: "\n")
    }
    var trailers: [CommitMessage.Trailer] = [
      .init(SourceOrder.sourceTrailer, "\(source.id)"), .init(SourceOrder.fleetTrailer, fleetName),
      .init("Linkwright-Version", Compiler.version),
    ]
    if let stage { trailers.append(.init(CommitStages.trailer, stage.text)) }
    // A commit that lacks parts, because of errors or for a later stage, is compiled again.
    if let inputDigest, isComplete, stage?.later.isEmpty ?? true {
      let warnings = told.count { $0.suppression == nil && $0.severity == .warning }
      if told.count > warnings {
        trailers.append(.init(Self.notesTrailer, "\(told.count - warnings)"))
      }
      if warnings > 0 { trailers.append(.init(Self.warningsTrailer, "\(warnings)")) }
      trailers.append(.init(InputDigest.trailer, inputDigest))
    }
    return CommitMessage(subject: subject, body: body, trailers: trailers)
  }
}
