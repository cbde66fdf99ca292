import Compiler
import Diagnostics
import FleetSpec
import Output
import Repository
import Snapshot

/// The notes on output commits: their source, for GitOps Promoter, and what was found in it, for the next run.
extension OutputCommitting {
  /// What an earlier run said of the same input; nil where nobody knows, and a compile has to find it again.
  ///
  /// A fresh clone remembers nothing, and where `CI` is set nothing is kept: the note comes with the branch.
  func saidBefore(of tip: CommitFacts, _ place: Place) throws(CommandFailure) -> [Diagnostic]? {
    let isQuiet = tip.trailers(Self.warningsTrailer).isEmpty
    if isQuiet, !request.showsNotes || tip.trailers(Self.notesTrailer).isEmpty { return [] }
    // The compile says what is wrong with notes that cannot be read.
    guard let bytes = try? target.hydratorNote(on: tip.id, in: place.notes)?.report else { return nil }
    return RememberedReport(
      bytes: bytes, files: [sourceSnapshot], templates: try Compiling.compiler().templateTexts)?.findings
  }

  /// The findings for the note; nil where nobody has shown any, and where some are about the output that was on record.
  private var report: [UInt8]? {
    let outputs = OutputLayout(fleet).roots.map { $0 + "/" }
    let isLasting = told.allSatisfy { finding in
      finding.rule.id != OutputRules.formerOutput.id
        && ([finding.primary].compactMap { $0 } + finding.secondary).allSatisfy { label in
          !outputs.contains { label.range.file.path.hasPrefix($0) }
        }
    }
    let isShown = request.showsNotes || told.contains { $0.suppression == nil && $0.severity == .warning }
    guard !told.isEmpty, isShown, isLasting else { return nil }
    return RememberedReport(findings: told, remarks: nil, summary: nil).bytes
  }

  func note(_ commit: ObjectID, _ place: Place) throws(CommandFailure) {
    try write(HydratorNote(source: source.id, report: report), on: commit, place)
  }

  private func write(_ note: HydratorNote, on commit: ObjectID, _ place: Place) throws(CommandFailure) {
    do {
      try target.writeHydratorNote(note, on: commit, by: committer(on: tips[place.branch]), in: place.notes)
    } catch {
      throw Self.noteFailure("written", commit, error, place)
    }
  }

  /// A source whose output is there already is noted on the commit that has it.
  func noteUnchanged(_ place: Place) throws(CommandFailure) {
    // The last output, whoever else wrote the branch since: an older source is compared with what is noted there.
    guard let output = history.outputs.first, try !isSourceBranch(place.branch, tips[place.branch]) else {
      return
    }
    let noted: HydratorNote?
    do {
      noted = try target.hydratorNote(on: output.id, in: place.notes)
    } catch {
      throw Self.noteFailure("read", output.id, error, place)
    }
    // The report is that of the input which the commit names. An earlier run may have been stopped before it wrote the
    // note, or somebody wrote another.
    let isSame = inputDigest != nil && output.trailers(InputDigest.trailer) == [inputDigest]
    let note = HydratorNote(source: source.id, report: (isSame ? report : nil) ?? noted?.report)
    if note != noted { try write(note, on: output.id, place) }
  }
}
