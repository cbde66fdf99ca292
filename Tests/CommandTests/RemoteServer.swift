import Foundation
import Glibc
import TestSupport
import Testing

/// A server that runs as long as a test holds on to it.
final class RemoteServer: Sendable {
  /// What comes before a repository's path in its address.
  let address: String
  /// Where its keys and its log are.
  let folder: String
  private let process: BackgroundProgram

  private init(address: String, folder: String, process: BackgroundProgram) {
    self.address = address
    self.folder = folder
    self.process = process
  }

  // MARK: ssh

  static let sshd: String? = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].first { access($0, X_OK) == 0 }
  static let hasSSH = sshd != nil && Program.find("ssh-keygen") != nil && Program.find("ssh-agent") != nil
  static let sshReason: Comment = "sshd is not installed (Debian: openssh-server)"

  /// A key pair without a passphrase; returns the path of its private half.
  static func makeKey(_ path: String) throws -> String {
    try FleetRepository.run(
      ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path], in: "/")
    return path
  }

  /// An sshd of the test's own user that takes one key.
  static func ssh(in folder: String, authorized key: String) throws -> RemoteServer {
    let program = try #require(sshd)
    // Privilege separation of a root's sshd wants the directory; elsewhere it does not matter.
    mkdir("/run/sshd", 0o755)
    let hostKey = try makeKey(folder + "/host-key")
    let user = try FleetRepository.run(["id", "-un"], in: "/")
    let log = folder + "/sshd.log"
    // Somebody else may take the port before sshd does.
    for _ in 0..<50 {
      let port = try freePort()
      try? FileManager.default.removeItem(atPath: log)
      let configuration = """
        Port \(port)
        ListenAddress 127.0.0.1
        HostKey \(hostKey)
        AuthorizedKeysFile \(key).pub
        PidFile none
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        PermitRootLogin prohibit-password

        """
      try Data(configuration.utf8).write(to: URL(fileURLWithPath: folder + "/sshd_config"))
      let process = try BackgroundProgram(
        program, ["-D", "-f", folder + "/sshd_config", "-E", log])
      let isListening = process.waits {
        (try? String(contentsOfFile: log, encoding: .utf8))?.contains("listening on 127.0.0.1 port \(port)")
          == true
      }
      guard isListening else { continue }
      let known = try String(contentsOfFile: hostKey + ".pub", encoding: .utf8)
      try Data("[127.0.0.1]:\(port) \(known)".utf8).write(to: URL(fileURLWithPath: folder + "/known"))
      return RemoteServer(address: "ssh://\(user)@127.0.0.1:\(port)", folder: folder, process: process)
    }
    throw FleetRepository.Failure(description: "sshd did not start: see \(log)")
  }

  /// `GIT_SSH_COMMAND` with the server's host key and, unless an agent has it, a key of one's own.
  func sshCommand(key: String?) -> String {
    let identity = key.map { "-i \($0) -o IdentitiesOnly=yes" } ?? "-o IdentityFile=none"
    return "ssh -F /dev/null -o UserKnownHostsFile=\(folder)/known -o StrictHostKeyChecking=yes \(identity)"
  }

  // MARK: https

  static let hasHTTPS =
    Program.find("openssl") != nil && Program.find("python3") != nil
    && ((try? FleetRepository.run(["sh", "-c", "test -x \"$(git --exec-path)/git-http-backend\""], in: "/"))
      != nil)
  static let httpsReason: Comment = "openssl, python3 or git http-backend is not installed"

  /// git http-backend behind TLS with a certificate that nobody but the test knows: `certificate.pem`.
  static func https(in folder: String, _ options: String...) throws -> RemoteServer {
    let certificate = folder + "/certificate.pem"
    try FleetRepository.run(
      [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
        folder + "/key.pem", "-out", certificate,
      ], in: "/")
    let python = try #require(Program.find("python3"))
    let file = folder + "/port"
    let script = Repository.path("Tests/Servers/git_https_server.py")
    let process = try BackgroundProgram(
      python.path, [script, folder, certificate, folder + "/key.pem", file] + options)
    try #require(process.waits { FileManager.default.fileExists(atPath: file) }, "the server did not start")
    let port = try String(contentsOfFile: file, encoding: .utf8)
    return RemoteServer(address: "https://127.0.0.1:\(port)", folder: folder, process: process)
  }

  // MARK: Ports

  private static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    return try #require(
      withAddress(0) { address, length in
        guard bind(descriptor, address, length) == 0 else { return nil }
        var length = length
        guard getsockname(descriptor, address, &length) == 0 else { return nil }
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_port.bigEndian }
      })
  }

  private static func withAddress<Result>(
    _ port: UInt16, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
