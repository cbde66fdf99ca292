/// What git, or a file system on which the tree may land, would refuse in a name inside a tree.
///
/// The rules are those of `git fsck` (`hasDot`, `hasDotdot`, `hasDotgit`, `fullPathname`, `emptyName`) plus
/// control characters and what is not UTF-8: a path must be able to stand in a report on one line.
enum EntryName {
  /// Why a name must not be used; nil when it may. Linear.
  static func fault(_ name: ArraySlice<UInt8>) -> String? {
    if isPlain(name) { return nil }
    if name.isEmpty { return "the name is empty" }
    if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) {
      return "the name stands for a directory above or for the directory itself"
    }
    if name.contains(UInt8(ascii: "/")) { return "the name holds a '/'" }
    if name.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "the name holds a control character" }
    guard let text = String(validating: name, as: UTF8.self) else { return "the name is not UTF-8" }
    if isGitDirectory(text) { return "the name stands for git's own directory" }
    return nil
  }

  /// True for what nearly every name is: ASCII that can be no other name for `.git`.
  private static func isPlain(_ name: ArraySlice<UInt8>) -> Bool {
    guard let first = name.first, first != UInt8(ascii: ".") else { return false }
    return name.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "~") }
  }

  /// True for `.git` as any common file system would read it: any case, trailing dots and spaces and
  /// NTFS streams, the short name `git~1`, and characters that HFS+ ignores.
  private static func isGitDirectory(_ name: String) -> Bool {
    if name.utf8.count > 64 { return false }
    var folded = ""
    for scalar in name.unicodeScalars {
      switch scalar.value {
      case 0x200C...0x200F, 0x202A...0x202E, 0x206A...0x206F, 0xFEFF: continue
      default: folded.unicodeScalars.append(scalar)
      }
    }
    folded = folded.lowercased()
    if let colon = folded.firstIndex(of: ":") { folded = String(folded[..<colon]) }
    while let last = folded.last, last == "." || last == " " { folded.removeLast() }
    return folded == ".git" || folded == "git~1"
  }

  /// A name for a report: control characters and broken UTF-8 are written as `\xNN`.
  static func printable(_ name: some Collection<UInt8>) -> String {
    let hexadecimal = Array("0123456789abcdef".utf8)
    let valid = String(validating: name, as: UTF8.self) != nil
    var bytes: [UInt8] = []
    for byte in name {
      if byte < 0x20 || byte == 0x7F || (!valid && byte >= 0x80) {
        bytes += [UInt8(ascii: "\\"), UInt8(ascii: "x")]
        bytes += [hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Why nothing is read of a directory, given by its path with a final `/`: a depth that is an attack. Long paths are
  /// read: nothing is checked out.
  static func depthFault(_ directory: [UInt8]) -> String? {
    let depth = directory.reduce(0) { $0 + ($1 == UInt8(ascii: "/") ? 1 : 0) }
    return depth >= 256 ? "the path is deeper than 256 directories" : nil
  }

  /// Why a whole path must not be written; nil when it may.
  static func pathFault(_ path: String) -> String? {
    let path = Array(path.utf8)
    if path.first == UInt8(ascii: "/") { return "the path is absolute" }
    // What no checkout on Linux could hold (`PATH_MAX`, `NAME_MAX`), and a depth that is an attack.
    if path.count > 4095 { return "the path is longer than 4,095 bytes" }
    var start = 0
    var depth = 0
    while start <= path.count {
      let end = path[start...].firstIndex(of: UInt8(ascii: "/")) ?? path.count
      if let fault = fault(path[start..<end]) { return fault }
      if end - start > 255 { return "a name in the path is longer than 255 bytes" }
      depth += 1
      start = end + 1
    }
    return depth > 256 ? "the path is deeper than 256 directories" : nil
  }
}
