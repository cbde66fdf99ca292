import Glibc

/// Why the output could not be written: the environment's fault, not the author's.
package struct OutputError: Error, Sendable, Equatable {
  /// From the fleet's root; `.` is the root itself.
  package let path: String
  /// A sentence without a full stop, in the user's words.
  package let reason: String
  /// True after the point of no return: part of the new output is in place, and ``OutputDirectory/recover()``
  /// brings the rest. False when everything is as it was.
  package let isBegun: Bool

  package init(path: String, reason: String, isBegun: Bool = false) {
    self.path = path
    self.reason = reason
    self.isBegun = isBegun
  }

  /// Takes an error number of the system.
  init(path: String, code: Int32) {
    self.init(path: path, reason: Self.describe(code))
  }

  /// The same, said after the point of no return.
  var begun: OutputError { OutputError(path: path, reason: reason, isBegun: true) }

  /// An error number in words, where writing needs other ones than reading.
  private static func describe(_ code: Int32) -> String {
    switch code {
    case EDQUOT: "the disk quota is used up"
    case ENAMETOOLONG: "the name is too long for the file system"
    case ENOTEMPTY, EEXIST: "something else appeared there meanwhile; move it away and build again"
    case EXDEV: "it lies on another file system than the fleet's root, so that nothing can be moved there"
    case EPERM: "the system does not permit it"
    case EBUSY: "the system uses it, for example as a mount point"
    default: DirectorySnapshot.describe(code)
    }
  }
}
