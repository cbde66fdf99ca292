import Glibc
import Output
import TestSupport

@testable import Compiler

/// What a writer leaves that is killed after its point of no return.
enum InterruptedWrite {
  /// Changes `r/a/x.yaml` to `new`, removes `r/a/gone.yaml`, adds `r/new/deep/y.yaml`; no step is done.
  static func leave(in folder: OutputFolder) throws {
    let items = [
      OutputChange.Item(path: "r/a/x.yaml", kind: .changed, content: Array("new".utf8)),
      OutputChange.Item(path: "r/a/gone.yaml", kind: .removed),
      OutputChange.Item(path: "r/new/deep/y.yaml", kind: .added, content: Array("y".utf8)),
    ]
    _ = try leave(OutputChange(items: items), in: folder, afterSteps: 0)
  }

  /// Does the first steps of a write. True when these are all.
  static func leave(_ change: OutputChange, in folder: OutputFolder, afterSteps count: Int) throws -> Bool {
    let killed = OutputError(path: ".", reason: "killed")
    do {
      try folder.output.apply(change) { () throws(OutputError) in throw killed }
    } catch {
      guard error == killed else { throw error }
    }
    let root = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    let stage = OutputStage(
      descriptor: open("\(folder.path)/.linkwright/stage", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    defer { close(root) }
    var steps = try OutputJournal.decode(
      FileContent.read(".linkwright/journal", in: root), inode: stage.inode)
    let total = steps.removals.count + steps.emptied.count + steps.moves.count
    var left = count
    for part in [\OutputSteps.removals, \.emptied, \.moves] {
      steps[keyPath: part] = Array(steps[keyPath: part].prefix(left))
      left -= steps[keyPath: part].count
    }
    try steps.roll(root: root, stage: stage.descriptor)
    return count >= total
  }
}
