import Snapshot

/// What the files of one directory are to a fleet and which words they hold, in one piece of memory.
///
///     0    number of entries, number of hashes
///     8    entries of 44 bytes: place and length of the name; id (20); kind, role, flags, nothing;
///          place of the hashes, how many are words, how many are names
///          hashes, 4 bytes each; names
struct IndexedDirectory: Sendable {
  /// What an entry is to the fleet.
  enum Role: UInt8 {
    /// A directory that holds sources, or may.
    case directory
    /// A directory that no pattern of the fleet reaches.
    case opaque
    /// A directory of the output.
    case output
    case specification
    case manifest
    /// A file that is no source by its path; Clusters and Links may name it.
    case other
  }

  struct Flags: OptionSet {
    let rawValue: UInt8
    /// Concerns the fleet as a whole, or may: it is never left out.
    static let isFixed = Flags(rawValue: 1)
    /// Makes what hangs together more than namespaces: nothing may be left out beside it.
    static let isNotLocal = Flags(rawValue: 2)
    /// Has a policy that names pods of other namespaces: what is said of it depends on them.
    static let looksAround = Flags(rawValue: 4)
  }

  private static let headerSize = 8
  private static let entrySize = 44

  let bytes: [UInt8]
  let count: Int
  private let hashes: Int

  /// Takes bytes of an earlier compile; nil when the numbers in them do not fit.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.headerSize else { return nil }
    self.bytes = bytes
    count = Self.number(bytes, 0)
    let hashCount = Self.number(bytes, 4)
    hashes = Self.headerSize + count * Self.entrySize
    guard hashes + hashCount * 4 <= bytes.count else { return nil }
    for index in 0..<count {
      let entry = Self.headerSize + index * Self.entrySize
      let (start, length) = (Self.number(bytes, entry), Self.number(bytes, entry + 4))
      let last =
        Self.number(bytes, entry + 32) + Self.number(bytes, entry + 36) + Self.number(bytes, entry + 40)
      guard start + length <= bytes.count, last <= hashCount, Role(rawValue: bytes[entry + 29]) != nil,
        bytes[entry + 28] < Self.kinds.count
      else { return nil }
    }
  }

  private static func number(_ bytes: [UInt8], _ offset: Int) -> Int {
    bytes.withUnsafeBytes { Int($0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
  }

  private static let kinds: [EntryKind] = [.directory, .file, .executable, .symbolicLink, .submodule]

  private func place(_ index: Int) -> Int { Self.headerSize + index * Self.entrySize }

  // MARK: Entries

  func name(_ index: Int) -> String {
    let start = Self.number(bytes, place(index))
    return String(decoding: bytes[start..<start + Self.number(bytes, place(index) + 4)], as: UTF8.self)
  }

  /// The id of the content or, for a directory, of all that is in it.
  func id(_ index: Int) -> BlobID {
    typealias Words = (UInt32, UInt32, UInt32, UInt32, UInt32)
    return BlobID(
      words: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place(index) + 8, as: Words.self) })
  }

  func kind(_ index: Int) -> EntryKind { Self.kinds[Int(bytes[place(index) + 28])] }

  func role(_ index: Int) -> Role { Role(rawValue: bytes[place(index) + 29]) ?? .other }

  func flags(_ index: Int) -> Flags { Flags(rawValue: bytes[place(index) + 30]) }

  func isSource(_ index: Int) -> Bool { role(index) == .specification || role(index) == .manifest }

  /// The entry as a snapshot lists it.
  func entry(_ index: Int, in directory: String) -> SnapshotEntry {
    let kind = kind(index)
    let hasContent = kind != .directory && kind != .submodule
    return SnapshotEntry(
      path: directory.isEmpty ? name(index) : directory + "/" + name(index), kind: kind,
      blob: hasContent ? id(index) : nil)
  }

  // MARK: Words

  /// The hashes of all words in the file, in order.
  func words(_ index: Int) -> [UInt32] { hashes(at: index, from: 0, Self.number(bytes, place(index) + 36)) }

  /// The hashes of the namespaces that the file's documents name.
  func names(_ index: Int) -> [UInt32] {
    hashes(at: index, from: Self.number(bytes, place(index) + 36), Self.number(bytes, place(index) + 40))
  }

  private func hashes(at index: Int, from first: Int, _ count: Int) -> [UInt32] {
    let start = hashes + (Self.number(bytes, place(index) + 32) + first) * 4
    return (0..<count).map { UInt32(truncatingIfNeeded: Self.number(bytes, start + $0 * 4)) }
  }

  /// True when the file holds one of some words. Logarithmic in its words, linear in those asked for.
  func holds(_ index: Int, anyOf wanted: [UInt32]) -> Bool {
    bytes.withUnsafeBytes { bytes in
      func number(_ offset: Int) -> Int { Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
      let start = hashes + number(place(index) + 32) * 4
      let count = number(place(index) + 36)
      return wanted.contains { word in
        var (low, high) = (0, count)
        while low < high {
          let middle = (low + high) / 2
          let other = bytes.loadUnaligned(fromByteOffset: start + middle * 4, as: UInt32.self)
          if other == word { return true }
          if other < word { low = middle + 1 } else { high = middle }
        }
        return false
      }
    }
  }

  // MARK: Making one

  /// One entry, before it is written down.
  struct Entry {
    let name: String
    let kind: EntryKind
    let id: BlobID
    let role: Role
    var flags: Flags = []
    var words: [UInt32] = []
    var names: [UInt32] = []
  }

  /// Takes entries in the order of a snapshot's listing.
  init(_ entries: [Entry]) {
    var writer = MemoWriter()
    let hashCount = entries.reduce(0) { $0 + $1.words.count + $1.names.count }
    writer.append(entries.count)
    writer.append(hashCount)
    var name = Self.headerSize + entries.count * Self.entrySize + hashCount * 4
    var hash = 0
    for entry in entries {
      writer.append(name)
      writer.append(entry.name.utf8.count)
      writer.append(entry.id)
      let kind = Self.kinds.firstIndex(of: entry.kind) ?? 1
      writer.append(raw: {
        $0 += [UInt8(truncatingIfNeeded: kind), entry.role.rawValue, entry.flags.rawValue, 0]
      })
      writer.append(hash)
      writer.append(entry.words.count)
      writer.append(entry.names.count)
      name += entry.name.utf8.count
      hash += entry.words.count + entry.names.count
    }
    for entry in entries {
      for hash in entry.words + entry.names { writer.append(Int(hash)) }
    }
    writer.append(raw: { bytes in for entry in entries { bytes += entry.name.utf8 } })
    bytes = writer.bytes
    count = entries.count
    hashes = Self.headerSize + entries.count * Self.entrySize
  }

  /// The entry at a place, to be taken over.
  subscript(index: Int) -> Entry {
    Entry(
      name: name(index), kind: kind(index), id: id(index), role: role(index), flags: flags(index),
      words: words(index), names: names(index))
  }
}
