/// A tree object as bytes and positions: names stay data until something checks them.
struct RawTree {
  /// One entry; `name` is a range of the tree's bytes.
  struct Entry {
    let mode: UInt32
    let name: Range<Int>
    let id: ObjectID
  }

  let bytes: [UInt8]
  let entries: [Entry]

  /// Type bits of the modes that git stores.
  static let directoryMode: UInt32 = 0o040000
  static let symbolicLinkMode: UInt32 = 0o120000
  static let submoduleMode: UInt32 = 0o160000
  static let typeMask: UInt32 = 0o170000

  /// Parses `mode SP name NUL id` until the end; throws when the bytes are not that. Linear.
  init(_ bytes: [UInt8], id: ObjectID) throws(GitError) {
    self.bytes = bytes
    var entries: [Entry] = []
    entries.reserveCapacity(bytes.count / 40)
    let wellFormed = bytes.withUnsafeBytes { Self.parse($0, into: &entries) }
    guard wellFormed else {
      throw GitError(
        .corruptObject, "read tree \(id)", "it is malformed",
        remedy: "run `git fsck` and restore the object from another clone")
    }
    self.entries = entries
  }

  private static func parse(_ bytes: UnsafeRawBufferPointer, into entries: inout [Entry]) -> Bool {
    var position = 0
    while position < bytes.count {
      var mode: UInt32 = 0
      let modeStart = position
      while position < bytes.count, bytes[position] != UInt8(ascii: " ") {
        let digit = bytes[position] &- UInt8(ascii: "0")
        guard digit < 8, position - modeStart < 7 else { return false }
        mode = mode << 3 | UInt32(digit)
        position += 1
      }
      guard position < bytes.count, position > modeStart else { return false }
      position += 1
      let nameStart = position
      while position < bytes.count, bytes[position] != 0 { position += 1 }
      guard position > nameStart, bytes.count - position > 20, let base = bytes.baseAddress else {
        return false
      }
      let id = ObjectID(rawBytes: base + position + 1)
      entries.append(Entry(mode: mode, name: nameStart..<position, id: id))
      position += 21
    }
    return true
  }

  /// The bytes of an entry's name.
  func name(_ entry: Entry) -> ArraySlice<UInt8> { bytes[entry.name] }
}

extension RawTree.Entry {
  var isDirectory: Bool { mode & RawTree.typeMask == RawTree.directoryMode }
}
