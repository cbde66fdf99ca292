import Compiler
import FleetSpec
import Output
import Repository
import Snapshot

/// A name for everything that a compile of a commit reads: the compiler's version, the options, and git's own names of
/// the trees and files beside the output. Equal digests give equal output.
enum InputDigest {
  /// The trailer of output commits that holds it.
  static let trailer = "Linkwright-Input"

  /// The digest of a commit's fleet; nil when the snapshot cannot name its trees. Reads one directory for each
  /// component of an output path, no file.
  static func digest(
    of snapshot: CommitSnapshot, fleet: Fleet, options: CompileOptions
  ) throws(SnapshotError) -> String? {
    guard options.extraWorkloads.isEmpty else { return nil }
    var text = "linkwright \(Compiler.version) strict \(options.isStrict) prune \(options.prunesPending)\n"
    var pending = [""]
    let outputs = OutputLayout(fleet).roots
    while let directory = pending.popLast() {
      for entry in try snapshot.entries(of: directory) where !outputs.contains(entry.path) {
        // Prose at the root is read by nobody.
        if directory.isEmpty, entry.kind != .directory, entry.path.hasSuffix(".md") { continue }
        guard entry.kind == .directory else {
          text += "\(entry.kind) \(entry.blob?.hexadecimal ?? "-") \(entry.path)\n"
          continue
        }
        if outputs.contains(where: { $0.hasPrefix(entry.path + "/") }) {
          pending.append(entry.path)
        } else {
          text += "tree \(try snapshot.treeID(of: entry.path)?.description ?? "-") \(entry.path)\n"
        }
      }
    }
    return BlobID(of: Array(text.utf8)).hexadecimal
  }
}
