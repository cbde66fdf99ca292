import Compiler
import Glibc
import Snapshot
import YAMLTree

/// Files that are named on the command line.
enum InputFiles {
  /// A file, `-` for standard input, or a directory with all its YAML and JSON, sorted by path.
  static func read(_ path: String) throws(CommandFailure) -> [(path: String, content: [UInt8])] {
    let limit = TreeLimits().bytes
    if path == "-" { return [("<standard input>", try Terminal.readStandardInput(limit: limit))] }
    let directory = DirectorySnapshot(root: path)
    do {
      var files: [(path: String, content: [UInt8])] = []
      var pending = [""]
      while let next = pending.popLast() {
        for entry in try directory.entries(of: next) {
          if entry.kind == .directory { pending.append(entry.path) }
          guard entry.kind == .file, [".yaml", ".yml", ".json"].contains(where: entry.path.hasSuffix) else {
            continue
          }
          files.append(("\(path)/\(entry.path)", try directory.content(of: entry)))
        }
      }
      if !files.isEmpty { return files.sorted { utf8Precedes($0.path, $1.path) } }
      return [(path, try DirectorySnapshot.read(path, as: path, limit: limit))]
    } catch {
      if error.path == path, let handle = opendir(path) {
        closedir(handle)
        throw CommandFailure(message: "no file in \(path) ends in .yaml, .yml or .json")
      }
      // What a shell makes of '<(…)', and devices.
      throw CommandFailure(
        message: "cannot read \(error.path): \(error.reason)",
        help: path.hasPrefix("/dev/") || path.hasPrefix("/proc/")
          ? "pipe it in, and write '-' for standard input" : nil)
    }
  }
}
