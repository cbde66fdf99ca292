import Glibc
package import Output

/// The directory that the output is written to, all or nothing.
///
/// A write goes through four phases: everything new is *staged* in `.linkwright`, on the same file system; a
/// *journal* with all steps is put in place, which is the point of no return; the steps move, remove and tidy;
/// the journal is removed. A process that is killed before the journal leaves the old output; one that is
/// killed later leaves a mixture, which ``recover()`` finishes. Therefore `build` calls ``recover()`` before it
/// reads anything, and `check` asks ``hasUnfinishedWrite``, or calls ``recover()``, before it does.
///
/// What holds against what:
/// - *Killed at any moment* (SIGKILL, out of memory): old output or new, after ``recover()``.
/// - *Full disk, missing permission, a read-only file system, another mount*: found before the point of no return
///   and then nothing has changed. A failure after it (``OutputError/isBegun``) is left to ``recover()``.
/// - *Power loss*: the journal is whole or absent, because it is synced with its directory. Content is not synced:
///   syncing 70,000 files costs as long again as writing them, and the output can be made anew. A file may be
///   cut short; the inventories' blob ids show it, and `build` writes it again.
///
/// Nothing outside the root is written, no symbolic link on the way to a file is followed (a link where a file
/// must go is itself replaced), and nothing is written into `.git`. Files that the change does not name are not
/// touched. Directories that removals empty go, too. Modes are 0644 and 0755, less the umask.
/// There is one writer at a time; a second one waits, then says who is in the way.
package struct OutputDirectory: Sendable {
  private let root: String
  private let patience: Int

  /// - Parameters:
  ///   - root: the fleet's root, a directory.
  ///   - patience: how long to wait for another writer, in milliseconds.
  package init(root: String, patience: Int = 10_000) {
    self.root = root
    self.patience = patience
  }

  /// True while a write is begun and not finished: by a process that was killed, or by one that is at work.
  /// Reads only.
  package var hasUnfinishedWrite: Bool {
    OutputState.exists("\(root)/\(OutputState.name)/\(OutputState.journal)", in: AT_FDCWD)
  }

  /// Finishes a write that was interrupted after its point of no return, or removes the traces of one before it.
  /// True when something was finished. Costs one look at the directory when there is nothing to do.
  package func recover() throws(OutputError) -> Bool {
    guard OutputState.exists("\(root)/\(OutputState.name)", in: AT_FDCWD) else { return false }
    let state: OutputState
    do {
      state = try OutputState.lock(root: openRoot(), patience: patience)
    } catch {
      // Where nothing can be written, traces may stay; what is half written may not.
      if !hasUnfinishedWrite, access(root, W_OK) != 0 { return false }
      throw error
    }
    return try finishInterrupted(state)
  }

  /// Writes a change, after finishing what an earlier write left.
  ///
  /// Linear in the change: about one file created and one moved for each item.
  package func apply(_ change: OutputChange) throws(OutputError) {
    try apply(change) {}
  }

  /// `begun` is called at the point of no return; what it throws leaves the write to be finished, as a kill would.
  func apply(_ change: OutputChange, begun: () throws(OutputError) -> Void) throws(OutputError) {
    guard !change.isEmpty else { return }
    let state = try OutputState.lock(root: openRoot(), patience: patience)
    _ = try finishInterrupted(state)
    let stage = try state.makeStage()
    let steps = try OutputStaging(change, root: state.root, stage: stage.descriptor).steps
    try state.commit(OutputJournal.encode(steps, inode: stage.inode))
    try begun()
    try roll(steps, state, stage)
  }

  private func openRoot() throws(OutputError) -> Int32 {
    let descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw OutputError(path: root, code: errno) }
    return descriptor
  }

  private func roll(
    _ steps: OutputSteps, _ state: borrowing OutputState, _ stage: borrowing OutputStage
  ) throws(OutputError) {
    do throws(OutputError) {
      try steps.roll(root: state.root, stage: stage.descriptor)
      try state.finish()
    } catch { throw error.begun }
  }

  private func finishInterrupted(_ state: borrowing OutputState) throws(OutputError) -> Bool {
    guard state.hasJournal else { return false }
    let name = "\(OutputState.name)/\(OutputState.journal)"
    let stage = try state.openStage()
    let steps: OutputSteps
    do {
      steps = try OutputJournal.decode(try state.readJournal(), inode: stage.inode)
    } catch let error as OutputError {
      throw error.begun
    } catch let fault as OutputJournal.Fault {
      throw OutputError(path: name, reason: Self.describe(fault), isBegun: true)
    } catch {
      throw OutputError(path: name, reason: "\(error)", isBegun: true)
    }
    try roll(steps, state, stage)
    return true
  }

  private static func describe(_ fault: OutputJournal.Fault) -> String {
    let remedy = "remove the directory \(OutputState.name), restore the output from git and build again"
    switch fault {
    case .damaged: return "the journal of an interrupted build is damaged; \(remedy)"
    case .foreign: return "the journal of an interrupted build was copied from elsewhere; \(remedy)"
    case .path(let path, let reason): return "the journal names '\(path)': \(reason); \(remedy)"
    }
  }
}
