import Glibc
import Repository
import Snapshot

/// The references on which a commit hangs until a remote has taken it: `refs/linkwright/push/<owner>/…`.
///
/// The owner is written so that a later run can tell whether it still lives: the machine as far as process ids go
/// (its boot and the namespace of its processes), the process, when that was started, and when it gives up at last.
struct PushReference {
  private static let directory = "refs/linkwright/push/"
  /// What a process gets beyond the time that it asked for: clocks of machines differ.
  private static let grace = 3600

  private let owner: String

  var commit: String { Self.directory + owner + "/commit" }
  var notes: String { Self.directory + owner + "/notes" }

  /// The references of this process.
  ///
  /// - Parameter seconds: how long the push may take.
  init(seconds: Double) {
    let end = Self.clock + Int(min(seconds, 1e9)) + Self.grace
    let start = Self.startTime(of: getpid()) ?? "0"
    owner = "\(Self.machine)-\(getpid())-\(start)-\(end)"
  }

  // MARK: What killed processes left

  /// Removes what processes left that were killed while they pushed. A name that is not understood stays, and so does
  /// what cannot be removed: it is in nobody's way.
  static func sweep(_ repository: GitRepository) {
    for name in (try? repository.references(below: directory)) ?? [] where isLeftBehind(name) {
      try? repository.removeOwnReference(name)
    }
  }

  /// True for a reference whose process is gone: on this machine it is looked for, elsewhere its time is up.
  private static func isLeftBehind(_ name: String) -> Bool {
    let parts = name.dropFirst(directory.count).prefix { $0 != "/" }.split(separator: "-").map(String.init)
    guard parts.count == 4, let process = pid_t(parts[1]), process > 0, let end = Int(parts[3]) else {
      return false
    }
    if parts[0] == machine {
      if let start = startTime(of: process) { return start != parts[2] }
      // Where processes of others are hidden, one can still ask whether they are there.
      if kill(process, 0) != 0, errno == ESRCH { return true }
    }
    return clock > end
  }

  /// Where a process id means the same process: until the machine starts anew, inside one container.
  private static let machine: String = {
    let boot = text("/proc/sys/kernel/random/boot_id") ?? ""
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = readlink("/proc/self/ns/pid", &buffer, buffer.count)
    let space = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    // Without either of them no process is found here, and only the time counts.
    guard !boot.isEmpty, !space.isEmpty else { return "unknown\(getpid())" }
    return String(BlobID(of: Array((boot + space).utf8)).hexadecimal.prefix(12))
  }()

  /// When a process was started, in ticks since the machine was; nil for one that is not there.
  private static func startTime(of process: pid_t) -> String? {
    guard let text = text("/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else { return nil }
    // Behind the name, which may hold anything, the third field comes first; the start is the 22nd.
    let fields = text[end...].dropFirst().split(separator: " ")
    // A process that has ended and that nobody has asked about yet is gone, too.
    guard fields.count > 19 else { return nil }
    return ["Z", "X", "x"].contains(fields[0]) ? "ended" : String(fields[19])
  }

  private static func text(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(file, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }

  private static var clock: Int { time(nil) }
}
