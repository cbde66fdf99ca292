import Foundation
import Glibc
import TestSupport
import Testing

/// A scratch repository with the example `porter-pair` in it, and the program as it was built with the tests.
final class FleetRepository: Sendable {
  /// Holds all of a test: the repository, remotes, keys.
  let root: String
  /// The repository's working tree.
  let path: String
  /// The way from there to the fleet, with a final `/`, or empty.
  let prefix: String

  static let environment: [String: String] = [
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "1700000000 +0100", "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org", "GIT_COMMITTER_DATE": "1700000000 +0100",
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C",
    "SWIFT_BACKTRACE": "enable=no", "CI": "",
  ]

  struct Failure: Error, CustomStringConvertible { let description: String }

  /// Commits the example without its output, unless the output is wanted.
  init(prefix: String = "", output: Bool = false, fleet: String? = nil) throws {
    let place = NSTemporaryDirectory() + "linkwright-command-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    root = URL(fileURLWithPath: place).resolvingSymlinksInPath().path
    path = root + "/repository"
    self.prefix = prefix
    try Self.run(["git", "init", "-q", "-b", "main", path], in: root)
    let target = prefix.isEmpty ? path : path + "/" + prefix
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    try Self.run(["cp", "-r", Repository.path("examples/porter-pair") + "/.", target], in: root)
    if !output {
      try FileManager.default.removeItem(atPath: target + (prefix.isEmpty ? "/" : "") + "rendered")
    }
    if let fleet { try write("linkwright.yaml", fleet) }
    try commitAll("Add the fleet")
  }

  deinit { _ = try? Self.run(["rm", "-rf", root], in: "/") }

  /// Runs a program and returns its output; a failure is thrown.
  @discardableResult
  static func run(_ command: [String], in folder: String, allowFailure: Bool = false) throws -> String {
    guard let program = Program.find(command[0]) else { throw Failure(description: "no \(command[0])") }
    let output = try program.run(Array(command.dropFirst()), in: folder, environment: environment)
    guard output.status == 0 || allowFailure else {
      throw Failure(description: "\(command): \(output.text)\(output.errorText)")
    }
    var text = output.text
    if text.hasSuffix("\n") { text.removeLast() }
    return text
  }

  @discardableResult
  func git(_ arguments: String..., at folder: String? = nil, allowFailure: Bool = false) throws -> String {
    try Self.run(["git"] + arguments, in: folder ?? path, allowFailure: allowFailure)
  }

  /// Runs Linkwright in the repository.
  @discardableResult
  func linkwright(
    _ arguments: String..., at folder: String? = nil, environment: [String: String] = [:]
  ) throws -> Program.Output {
    try linkwright(arguments, at: folder, environment: environment)
  }

  func linkwright(
    _ arguments: [String], at folder: String? = nil, environment: [String: String] = [:]
  ) throws -> Program.Output {
    try Self.program.run(
      arguments, in: folder ?? path, environment: Self.environment.merging(environment) { $1 })
  }

  /// A path of the fleet, written relative to the fleet's root.
  func write(_ file: String, _ text: String) throws {
    let url = URL(fileURLWithPath: "\(path)/\(prefix)\(file)")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  func read(_ file: String) throws -> String {
    try String(contentsOfFile: "\(path)/\(prefix)\(file)", encoding: .utf8)
  }

  func commitAll(_ message: String) throws {
    try git("add", "-A")
    try git("commit", "-q", "-m", message)
  }

  /// A change of the source that changes the output: another port.
  func changePort(_ port: Int) throws {
    for cluster in ["gold", "golddr"] {
      let file = "workloads/\(cluster)/yourservice.yaml"
      try write(file, withPort(port, try read(file)))
    }
    let file = "connections/yourservice.yaml"
    try write(file, withPort(port, try read(file)))
    try commitAll("Port \(port)")
  }

  private func withPort(_ port: Int, _ text: String) -> String {
    text.replacingOccurrences(of: "\\b80[0-9][0-9]\\b", with: "\(port)", options: .regularExpression)
  }

  /// A tree with one entry, whose name git itself would never write.
  func hostileTree(_ name: String, blob: String) throws -> String {
    let id = try self.id(blob)
    var tree = Array("100644 \(name)".utf8) + [0]
    tree += stride(from: 0, to: 40, by: 2).compactMap { UInt8(id.dropFirst($0).prefix(2), radix: 16) }
    try Data(tree).write(to: URL(fileURLWithPath: root + "/tree"))
    return try git("hash-object", "-t", "tree", "-w", "--literally", root + "/tree")
  }

  /// A commit's tree with one of its top directories replaced.
  func replacing(_ directory: String, in revision: String, with tree: String) throws -> String {
    let listing = try git("ls-tree", revision).split(separator: "\n").map { line in
      line.hasSuffix("\t\(directory)") ? "040000 tree \(tree)\t\(directory)" : String(line)
    }
    try Data((listing.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: root + "/list"))
    return try Self.run(["sh", "-c", "git mktree --missing < ../list"], in: path)
  }

  func id(_ revision: String) throws -> String { try git("rev-parse", revision) }

  /// `git fsck --strict` finds nothing.
  func expectClean(at folder: String? = nil, _ location: SourceLocation = #_sourceLocation) throws {
    let report = try git("fsck", "--strict", "--no-dangling", at: folder, allowFailure: true)
    let faults = report.split(separator: "\n").filter { !$0.hasPrefix("notice:") }
    #expect(faults.isEmpty, "\(faults)", sourceLocation: location)
  }

  /// The program beside the tests' own.
  static let program: Program = {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let folder = own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let beside = folder + "/linkwright"
    return Program(path: access(beside, X_OK) == 0 ? beside : Repository.path(".build/debug/linkwright"))
  }()
}
