import Compiler
import Diagnostics
import Output

/// Writing of the output directory, with failures in the program's words.
enum OutputWriting {
  /// Finishes what an interrupted build left.
  static func recover(_ root: String) throws(CommandFailure) {
    do {
      if try OutputDirectory(root: root).recover() {
        Terminal.printError("finished the write of an interrupted build\n")
      }
    } catch {
      throw CommandFailure(message: "cannot finish an interrupted build: \(error.path): \(error.reason)")
    }
  }

  static func apply(_ change: OutputChange, at root: String) throws(CommandFailure) {
    do {
      try OutputDirectory(root: root).apply(change)
    } catch {
      throw CommandFailure(
        message: "cannot write \(error.path): \(error.reason)",
        help: error.isBegun
          ? "a part is written; the next build finishes it"
          : "nothing was changed; the old output is as it was")
    }
  }
}

/// What stands in the way of a write, as findings.
struct OutputObstacles {
  private(set) var findings: [Diagnostic] = []

  init(_ change: OutputChange, overwritesEdited: Bool) {
    for path in change.edited {
      var finding = Diagnostic(
        OutputRules.editedFile, "\(path) was edited since Linkwright wrote it",
        at: Label(SourceRange(wholeFile: SourceFile(path: path, bytes: []))),
        help: [
          overwritesEdited
            ? "its edit is discarded, as --overwrite-edited asks"
            : "move the edit into the specification or a template; --overwrite-edited discards it"
        ])
      if overwritesEdited { finding.severity = .warning }
      findings.append(finding)
    }
    for path in change.foreign {
      findings.append(
        Diagnostic(
          OutputRules.foreignFile, "\(path) is not Linkwright's and is in the way",
          at: Label(SourceRange(wholeFile: SourceFile(path: path, bytes: []))),
          help: ["move it away, or remove it if it is an old copy of the output"]))
    }
  }
}

extension OutputChange.Kind {
  /// `+`, `~`, `-`, as diffs mark lines.
  var sign: String {
    switch self {
    case .added: "+"
    case .changed: "~"
    case .removed: "-"
    }
  }
}

extension OutputChange {
  /// `3 added, 1 changed, 0 removed, 20 unchanged`.
  var summary: String {
    "\(count(.added)) added, \(count(.changed)) changed, \(count(.removed)) removed, \(unchanged) unchanged"
  }
}
