@testable import Compiler
import Output
import TestSupport

/// What a writer leaves that is killed right after its point of no return.
enum InterruptedWrite {
  /// Changes `r/a/x.yaml` to `new`, removes `r/a/gone.yaml`, adds `r/new/deep/y.yaml`.
  static func leave(in folder: OutputFolder) throws {
    let items = [
      OutputChange.Item(path: "r/a/x.yaml", kind: .changed, content: Array("new".utf8)),
      OutputChange.Item(path: "r/a/gone.yaml", kind: .removed),
      OutputChange.Item(path: "r/new/deep/y.yaml", kind: .added, content: Array("y".utf8)),
    ]
    let killed = OutputError(path: ".", reason: "killed")
    do {
      try folder.output.apply(OutputChange(items: items)) { () throws(OutputError) in throw killed }
    } catch {
      guard error == killed else { throw error }
    }
  }
}
