import Foundation
import Repository
import Snapshot
import TestSupport
import Testing

/// A directory for one test, with a git repository in it; removed with the last reference.
final class ScratchRepository: Sendable {
  /// The root, without links in it and without a final `/`.
  let root: String
  /// The repository's directory.
  let path: String

  init(bare: Bool = false) throws {
    let template = FileManager.default.temporaryDirectory.path + "/linkwright-git-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: template, withIntermediateDirectories: true)
    root = URL(fileURLWithPath: template).resolvingSymlinksInPath().path
    path = root + "/repository"
    try Self.run(
      ["git", "init", "-q", "-b", "main"] + (bare ? ["--bare"] : []) + [path], in: root)
  }

  deinit { _ = try? Self.run(["sh", "-c", "chmod -R u+w '\(root)'; rm -rf '\(root)'"], in: "/") }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Runs git in the repository and returns its output without the last newline.
  @discardableResult
  func git(_ arguments: String..., input: String? = nil, allowFailure: Bool = false) throws -> String {
    try Self.run(["git"] + arguments, in: path, input: input, allowFailure: allowFailure)
  }

  @discardableResult
  static func run(
    _ command: [String], in directory: String, input: String? = nil, allowFailure: Bool = false
  ) throws -> String {
    var environment = ["LC_ALL": "C"]
    for role in ["AUTHOR", "COMMITTER"] {
      environment["GIT_\(role)_NAME"] = "Ada"
      environment["GIT_\(role)_EMAIL"] = "ada@example.org"
      environment["GIT_\(role)_DATE"] = "1700000000 +0100"
    }
    environment["GIT_CONFIG_COUNT"] = "1"
    environment["GIT_CONFIG_KEY_0"] = "protocol.file.allow"
    environment["GIT_CONFIG_VALUE_0"] = "always"
    let foreign = ProcessInfo.processInfo.environment.keys.filter {
      $0.hasPrefix("GIT_") && environment[$0] == nil
    }
    let output = try Program(path: "/usr/bin/env").run(
      foreign.flatMap { ["-u", $0] } + command, input: Array((input ?? "").utf8), in: directory,
      environment: environment)
    var text = output.text + output.errorText
    if text.hasSuffix("\n") { text.removeLast() }
    if output.status != 0, !allowFailure {
      throw Failure(description: "\(command.joined(separator: " ")): \(text)")
    }
    return text
  }

  func write(_ file: String, _ text: String) throws {
    let target = path + "/" + file
    let directory = (target as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(fileURLWithPath: target))
  }

  /// Writes files, adds and commits them.
  func commit(_ files: [String: String], _ message: String = "change") throws {
    for (file, text) in files { try write(file, text) }
    try git("add", "-A")
    try git("commit", "-q", "-m", message)
  }

  func open() throws -> GitRepository { try GitRepository(at: path) }

  /// `git fsck --strict` finds nothing; what hangs in the air is no fault.
  func expectClean(_ location: SourceLocation = #_sourceLocation) throws {
    let report = try git("fsck", "--strict", "--no-dangling", allowFailure: true)
    let faults = report.split(separator: "\n").filter { !$0.hasPrefix("notice:") }
    #expect(faults.isEmpty, "\(faults)", sourceLocation: location)
  }
}

let ada = GitSignature(name: "Ada", email: "ada@example.org", seconds: 1_700_000_000, offsetMinutes: 60)

extension GitRepository {
  /// Commits texts to a branch.
  func commit(
    _ texts: [String: String], to reference: String = "refs/heads/output", removed: [String] = [],
    owned: [String] = [], incidental: [String] = [], allowsCheckedOut: Bool = false,
    signer: OutputCommit.Signer? = nil
  ) throws(GitError) -> OutputCommit.Outcome {
    var batch = try ObjectBatch(for: self)
    var files: [TreeEdit.File] = []
    for (path, text) in texts {
      files.append(TreeEdit.File(path: path, blob: try batch.add(blob: Array(text.utf8))))
    }
    let contents = batch.finish()
    let edit = try TreeEdit(files: files, removed: removed, ownedDirectories: owned)
    return try commit(
      OutputCommit(reference: reference, allowsCheckedOutBranch: allowsCheckedOut), signer: signer
    ) { (_) throws(GitError) in
      .write(
        OutputCommit.Proposal(
          edit: edit, contents: [contents],
          message: CommitMessage(
            subject: "Compile", body: "Everything.", trailers: [.init("Linkwright-Source", "abc")]),
          author: ada, committer: ada, incidentalPaths: incidental))
    }
  }
}

extension OutputCommit.Outcome {
  var commit: ObjectID? {
    if case .committed(let commit, _, _) = self { return commit }
    return nil
  }
}

/// The paths of a snapshot with their kinds, walked from the root.
func walk(_ snapshot: some Snapshot, _ directory: String = "") throws -> [String] {
  try snapshot.entries(of: directory).flatMap { entry -> [String] in
    entry.kind == .directory ? try walk(snapshot, entry.path) : ["\(entry.kind) \(entry.path)"]
  }
}

/// The error that a call throws.
func gitError(_ body: () throws -> Void) -> GitError? {
  do { try body() } catch { return error as? GitError }
  return nil
}

func snapshotError(_ body: () throws -> Void) -> SnapshotError? {
  do { try body() } catch { return error as? SnapshotError }
  return nil
}
