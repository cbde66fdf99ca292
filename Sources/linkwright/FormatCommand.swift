import Compiler
import Diagnostics
import FleetSpec
import Snapshot

extension Command {
  private static let checkOnly = Option(
    name: "--check", help: "Change nothing; exit 1 and name the files that would change")
  private static let upgrade = Option(
    name: "--upgrade", help: "Also replace spellings of earlier releases and older API versions")

  /// `linkwright fmt`
  static let format = Command(
    name: "fmt", summary: "Give the documents of the specification one layout", arguments: ["[PATH]…"],
    options: [checkOnly, upgrade, .quiet],
    discussion: """
      Formats every document of the fleet, or the given files and directories; '-' reads standard input and writes
      standard output, with --check nothing. Line ends, blank lines, indentation and the order of the four keys at the
      top change; comments, values and what stands within a line stay, and so does the order of keys in a file with
      anchors.
      """, example: "linkwright fmt --check"
  ) { parsed throws(CommandFailure) in
    let upgrades = parsed.has(upgrade)
    if parsed.positional == ["-"] {
      let file = SourceFile(
        path: "<standard input>", bytes: try Terminal.readStandardInput(limit: FormatFiles.limit))
      guard !file.bytes.isEmpty else { throw CommandFailure(message: "standard input is empty") }
      let result = SpecFormatter.format(file, upgrades: upgrades)
      if let reason = result.reason {
        throw CommandFailure(message: "standard input is left as it is: \(reason)")
      }
      guard parsed.has(checkOnly) else {
        Terminal.print(String(decoding: result.bytes, as: UTF8.self))
        return .success
      }
      guard result.bytes != file.bytes else { return .success }
      if !parsed.has(.quiet) { Terminal.printError("standard input would change\n") }
      return .findings
    }
    var changed = 0
    var left = false
    for (path, file) in try FormatFiles.files(parsed) {
      let result = SpecFormatter.format(file, upgrades: upgrades)
      if let reason = result.reason {
        Terminal.printError("\(file.path) is left as it is: \(reason)\n")
        left = true
        continue
      }
      guard result.bytes != file.bytes else { continue }
      changed += 1
      if !parsed.has(checkOnly) { try FileWriting.write(result.bytes, to: path) }
      if !parsed.has(.quiet) { Terminal.print("\(file.path)\n") }
    }
    if changed > 0, parsed.has(checkOnly), !parsed.has(.quiet) {
      Terminal.printError(
        "\(changed) \(changed == 1 ? "file" : "files") would change; 'linkwright fmt' writes them\n")
    }
    return left || changed > 0 && parsed.has(checkOnly) ? .findings : .success
  }
}

/// The files that `fmt` looks at.
enum FormatFiles {
  static let limit = 16 << 20

  /// Paths to write to, with the files; those of the fleet where none are named.
  static func files(_ parsed: ParsedArguments) throws(CommandFailure) -> [(path: String, file: SourceFile)] {
    guard parsed.positional.isEmpty else {
      var files: [(path: String, file: SourceFile)] = []
      for path in parsed.positional {
        if FileSystem.isDirectory(path), FileSystem.exists("\(path)/\(Compiler.fleetFile)") {
          files += try specification(root: path, shown: path + "/")
        } else {
          files += try InputFiles.read(path).map { ($0.path, SourceFile(path: $0.path, bytes: $0.content)) }
        }
      }
      return files
    }
    let location = try FleetLocation(parsed)
    return try specification(root: location.root, shown: "")
  }

  private static func specification(
    root: String, shown prefix: String
  ) throws(CommandFailure) -> [(path: String, file: SourceFile)] {
    let snapshot = DirectorySnapshot(root: root)
    let compiler = try Compiling.compiler()
    return try RecordingInput.reading { () throws(SnapshotError) in
      guard let entries = try compiler.specificationFiles(snapshot) else {
        throw SnapshotError(path: Compiler.fleetFile, reason: "there is no fleet that can be read here")
      }
      var files: [(path: String, file: SourceFile)] = []
      for entry in entries {
        files.append(
          (
            "\(root)/\(entry.path)",
            SourceFile(path: prefix + entry.path, bytes: try snapshot.content(of: entry))
          ))
      }
      return files
    }
  }
}
