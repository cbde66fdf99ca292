import Foundation
import Glibc
import TestSupport

/// What a program runs in, as far as one machine can be made into another.
enum Surroundings: Sendable, Equatable {
  case usual
  /// A user who has nothing.
  case otherUser
  /// A root directory with nothing in it but the program, its libraries and the repository: no users, no zones, no
  /// locales, no configuration, no devices, no other program, and no variables.
  case emptyRoot
  /// Another host's name, and user, process and network ids of its own.
  case otherHost
  /// Another day, for everybody who asks.
  case otherTime(String)
  /// Another kind of processor, which an emulator plays.
  case otherProcessor(String)

  private static let nobody = "65534"

  /// How to start Linkwright there: the command without the arguments, where it starts, and the repository's path
  /// as it sees it. Nil where this machine cannot be made into that.
  func start(_ program: String, at clone: String, root: String) throws -> Start? {
    switch self {
    case .usual: return Start(command: [program], directory: clone, repository: ".")
    case .otherUser:
      guard geteuid() == 0 else { return nil }
      let user = ["--reuid=\(Self.nobody)", "--regid=\(Self.nobody)", "--clear-groups", program]
      return Self.working(["setpriv"] + user, clone)
    case .otherHost:
      let script = "echo elsewhere > /proc/sys/kernel/hostname && exec \"$@\""
      return Self.working(
        ["unshare", "--user", "--map-root-user", "--uts", "--ipc", "--net", "--pid", "--fork"]
          + ["sh", "-c", script, "sh", program], clone)
    case .otherTime(let time): return Self.working(["faketime", time, program], clone)
    case .otherProcessor(let model):
      #if arch(x86_64)
      return Self.working(["qemu-x86_64", "-cpu", model, program], clone)
      #else
      return nil
      #endif
    case .emptyRoot: return try Self.emptyRoot(program, clone, root)
    }
  }

  struct Start {
    let command: [String]
    let directory: String
    let repository: String
  }

  /// The command, where it works at all.
  private static func working(_ command: [String], _ directory: String) -> Start? {
    guard let program = Program.find(command[0]),
      (try? program.run(Array(command.dropFirst()) + ["version"]).status) == 0
    else { return nil }
    return Start(command: [program.path] + command.dropFirst(), directory: directory, repository: ".")
  }

  /// Makes a directory above the clone the root: `root` holds the clone.
  private static func emptyRoot(_ program: String, _ clone: String, _ root: String) throws -> Start? {
    guard geteuid() == 0, let change = Program.find("chroot"), let loader = Program.find("ldd") else {
      return nil
    }
    let files = try loader.run([program]).text.split(separator: "\n").compactMap { line in
      line.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("/") }.map(String.init)
    }
    // A program that holds its libraries has none to copy.
    for file in files {
      let target = URL(fileURLWithPath: root + file)
      try FileManager.default.createDirectory(
        at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FleetRepository.run(["cp", "-L", file, target.path], in: "/")
    }
    try FleetRepository.run(["cp", "-L", program, root + "/linkwright"], in: "/")
    let folders = Set(files.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }).sorted()
    let command = [
      "env", "-i", "LD_LIBRARY_PATH=" + folders.joined(separator: ":"), change.path, root,
      "/linkwright",
    ]
    return Start(
      command: command, directory: "/", repository: String(clone.dropFirst(root.utf8.count)))
  }

  /// Gives the clone to who runs the program.
  func take(_ clone: String) throws {
    guard self == .otherUser else { return }
    try FleetRepository.run(["chown", "-R", "\(Self.nobody):\(Self.nobody)", clone], in: "/")
  }

  /// Gives it back.
  func giveBack(_ clone: String) throws {
    guard self == .otherUser else { return }
    try FleetRepository.run(["chown", "-R", "\(geteuid())", clone], in: "/")
  }
}
