import Snapshot

/// The journal's file format: the steps of a write, bound to the staging directory they were made for.
///
///     linkwright-journal 1\0<inode of the staging directory>\0
///     -<file to remove>\0 … /<directory to remove>\0 … +<where the next staged entry goes>\0 …
///     =<SHA-1 of all bytes before, as a git blob>\0
///
/// The inode keeps a journal from being followed where it was not written: somebody could commit one.
enum OutputJournal {
  /// Why a journal cannot be followed.
  enum Fault: Error {
    /// It is torn or was edited.
    case damaged
    /// It belongs to another directory: it was copied or checked out.
    case foreign
    /// It names a path that nothing may be written to.
    case path(String, String)
  }

  private static let header = "linkwright-journal 1"

  /// Linear in the length of the paths.
  static func encode(_ steps: OutputSteps, inode: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    func append(_ mark: String, _ text: String) {
      bytes.append(contentsOf: mark.utf8)
      bytes.append(contentsOf: text.utf8)
      bytes.append(0)
    }
    append("", header)
    append("", String(inode))
    for path in steps.removals { append("-", path) }
    for path in steps.emptied { append("/", path) }
    for path in steps.moves { append("+", path) }
    append("=", BlobID(of: bytes).hexadecimal)
    return bytes
  }

  /// Reads a journal and checks every path in it.
  static func decode(_ bytes: [UInt8], inode: UInt64) throws(Fault) -> OutputSteps {
    let seal = 42
    guard bytes.count > seal, bytes.last == 0 else { throw .damaged }
    let body = Array(bytes.dropLast(seal))
    let end = String(decoding: bytes.suffix(seal).dropLast(), as: UTF8.self)
    guard end == "=" + BlobID(of: body).hexadecimal, body.last == 0 else { throw .damaged }
    let lines = body.dropLast().split(separator: 0, omittingEmptySubsequences: false)
    guard lines.count >= 2, lines[0].elementsEqual(header.utf8) else { throw .damaged }
    guard UInt64(String(decoding: lines[1], as: UTF8.self)) == inode else { throw .foreign }
    var steps = OutputSteps()
    for line in lines.dropFirst(2) {
      let path = String(decoding: line.dropFirst(), as: UTF8.self)
      if let fault = OutputPath.fault(path) { throw .path(path, fault) }
      switch line.first {
      case UInt8(ascii: "-"): steps.removals.append(path)
      case UInt8(ascii: "/"): steps.emptied.append(path)
      case UInt8(ascii: "+"): steps.moves.append(path)
      default: throw .damaged
      }
    }
    return steps
  }
}
