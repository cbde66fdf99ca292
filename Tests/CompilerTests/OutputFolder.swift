import Compiler
import Foundation
import Output
import TestSupport

/// A directory of a test's own, removed with it.
final class OutputFolder {
  let path: String

  /// `path` nil takes a new temporary directory; in memory, where that is possible, when `isFast`: syncing costs
  /// nothing there, so that kills meet the other steps.
  init(_ path: String? = nil, isFast: Bool = false) throws {
    if let path {
      self.path = path
      return
    }
    let parent = isFast && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(parent)/linkwright-output-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw POSIXError(.EIO) }
    self.path = String(cString: made)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var output: OutputDirectory { OutputDirectory(root: path, patience: 100) }

  func write(_ path: String, _ text: String) throws {
    let url = URL(fileURLWithPath: "\(self.path)/\(path)")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// Applies texts; nil removes.
  func apply(_ texts: [String: String?]) throws {
    try output.apply(
      OutputChange(
        items: texts.map { path, text in
          OutputChange.Item(
            path: path, kind: text == nil ? .removed : .changed, content: text.map { Array($0.utf8) })
        }))
  }

  /// Everything in the directory: contents of files, `-> target` of links, `/` for directories without entries.
  func listing() throws -> [String: String] {
    var listing: [String: String] = [:]
    try list("", into: &listing)
    return listing
  }

  private func list(_ directory: String, into listing: inout [String: String]) throws {
    let manager = FileManager.default
    for name in try manager.contentsOfDirectory(atPath: "\(path)/\(directory)") {
      let child = directory.isEmpty ? name : "\(directory)/\(name)"
      let full = "\(path)/\(child)"
      if let target = try? manager.destinationOfSymbolicLink(atPath: full) {
        listing[child] = "-> \(target)"
        continue
      }
      var isDirectory: ObjCBool = false
      guard manager.fileExists(atPath: full, isDirectory: &isDirectory), isDirectory.boolValue else {
        listing[child] = String(decoding: try Data(contentsOf: URL(fileURLWithPath: full)), as: UTF8.self)
        continue
      }
      if try manager.contentsOfDirectory(atPath: full).isEmpty { listing[child] = "/" }
      try list(child, into: &listing)
    }
  }

  /// A small file system in memory, mounted at a path; nil where tests may not mount.
  static func mountMemory(at path: String, kilobytes: Int) -> Mount? {
    guard geteuid() == 0, let program = Program.find("mount") else { return nil }
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let run = try? program.run(["-t", "tmpfs", "-o", "size=\(kilobytes)k", "linkwright-test", path])
    return run?.status == 0 ? Mount(path: path) : nil
  }
}

/// A mounted file system, unmounted when it goes.
final class Mount {
  let path: String

  init(path: String) { self.path = path }

  /// False when the system refuses.
  func makeReadOnly() -> Bool {
    (try? Program.find("mount")?.run(["-o", "remount,ro", path]))?.status == 0
  }

  deinit { _ = try? Program.find("umount")?.run(["-l", path]) }
}

extension Program {
  /// The helper that writes until it is killed, beside the test's own program.
  static func writerProbe() throws -> Program {
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let folder = URL(fileURLWithPath: own).deletingLastPathComponent().path
    for candidate in ["\(folder)/output-writer-probe", Repository.path(".build/debug/output-writer-probe")]
    where access(candidate, X_OK) == 0 {
      return Program(path: candidate)
    }
    throw POSIXError(.ENOENT, userInfo: [NSLocalizedDescriptionKey: "output-writer-probe is not built"])
  }
}
