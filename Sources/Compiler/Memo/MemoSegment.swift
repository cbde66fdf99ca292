import Glibc
import Snapshot

/// One file of the memo, mapped into memory: records, and a table of slots by key.
///
///     0   "LWMEMO1\n", identity (20 bytes), 4 bytes of nothing
///     32  number of slots (a power of two), number of records
///     40  length of the file, offset of the slots, checksum of what stands before it
///     64  records: checksum, content, padded to 8 bytes
///         slots: key (20), table (1), nothing (3), length (4), nothing (4), offset (8); offset 0 is empty
///
/// Little-endian, as the machine is: the identity names the program that wrote it. Whatever does not fit (another
/// program's file, a damaged one, a short one) is as good as no file; each record has a checksum over its
/// content and its key, so that damage inside is noticed where it is met.
final class MemoSegment: Sendable {
  static let headerSize = 64
  static let slotSize = 40
  private static let magic = Array("LWMEMO1\n".utf8)

  private nonisolated(unsafe) let bytes: UnsafeRawBufferPointer
  private let slots: Int
  private let mask: Int
  let count: Int

  /// The size of the file.
  var size: Int { bytes.count }

  /// Maps a file; nil when it is missing or not a memo of this identity.
  init?(_ path: String, identity: BlobID) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_size >= Self.headerSize,
      let start = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED
    else { return nil }
    bytes = UnsafeRawBufferPointer(start: start, count: Int(status.st_size))
    let capacity = Int(bytes.load(fromByteOffset: 32, as: UInt32.self))
    count = Int(bytes.load(fromByteOffset: 36, as: UInt32.self))
    slots = Int(truncatingIfNeeded: bytes.load(fromByteOffset: 48, as: UInt64.self))
    mask = capacity - 1
    let header = Self.header(
      identity: identity, capacity: capacity, count: count, length: bytes.count, slots: slots)
    guard bytes[..<Self.headerSize].elementsEqual(header), capacity > 0, capacity & mask == 0, slots % 8 == 0,
      slots >= Self.headerSize, slots + capacity * Self.slotSize == bytes.count
    else {
      munmap(start, bytes.count)
      return nil
    }
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

  static func header(identity: BlobID, capacity: Int, count: Int, length: Int, slots: Int) -> [UInt8] {
    var header = magic
    withUnsafeBytes(of: identity.words) { header.append(contentsOf: $0) }
    header += [0, 0, 0, 0]
    for number in [capacity, count] {
      withUnsafeBytes(of: UInt32(truncatingIfNeeded: number)) { header.append(contentsOf: $0) }
    }
    for number in [length, slots] {
      withUnsafeBytes(of: UInt64(truncatingIfNeeded: number)) { header.append(contentsOf: $0) }
    }
    let sum = header.withUnsafeBytes { checksum($0, seed: 0) }
    withUnsafeBytes(of: sum) { header.append(contentsOf: $0) }
    return header
  }

  /// The content under a key; nil when there is none or it is damaged.
  func content(of key: MemoKey) -> UnsafeRawBufferPointer? {
    var slot = Self.start(of: key) & mask
    // A damaged table without an empty slot must not turn this into a circle.
    for _ in 0...mask {
      let place = slots + slot * Self.slotSize
      let offset = Int(truncatingIfNeeded: bytes.load(fromByteOffset: place + 32, as: UInt64.self))
      if offset == 0 { return nil }
      if self.key(at: place) == key { return record(at: offset, length: length(at: place), key) }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// Calls `body` with every key and its content; passes over damage.
  func forEach(_ body: (MemoKey, UnsafeRawBufferPointer) -> Void) {
    for slot in 0...mask {
      let place = slots + slot * Self.slotSize
      let offset = Int(truncatingIfNeeded: bytes.load(fromByteOffset: place + 32, as: UInt64.self))
      guard offset != 0, let key = key(at: place),
        let content = record(at: offset, length: length(at: place), key)
      else { continue }
      body(key, content)
    }
  }

  private func key(at place: Int) -> MemoKey? {
    typealias Words = (UInt32, UInt32, UInt32, UInt32, UInt32)
    guard let table = MemoKey.Table(rawValue: bytes[place + 20]) else { return nil }
    return MemoKey(table, BlobID(words: bytes.loadUnaligned(fromByteOffset: place, as: Words.self)))
  }

  private func length(at place: Int) -> Int {
    Int(bytes.load(fromByteOffset: place + 24, as: UInt32.self))
  }

  private func record(at offset: Int, length: Int, _ key: MemoKey) -> UnsafeRawBufferPointer? {
    guard offset >= Self.headerSize, offset % 8 == 0, length <= slots - 8, offset <= slots - 8 - length else {
      return nil
    }
    let content = UnsafeRawBufferPointer(rebasing: bytes[offset + 8..<offset + 8 + length])
    let sum = bytes.load(fromByteOffset: offset, as: UInt64.self)
    return sum == Self.checksum(content, seed: Self.seed(key)) ? content : nil
  }

  static func start(of key: MemoKey) -> Int { Int(key.digest.words.0) }

  static func seed(_ key: MemoKey) -> UInt64 {
    UInt64(key.digest.words.1) << 32 | UInt64(key.digest.words.2) ^ UInt64(key.table.rawValue) << 24
  }

  /// Eight bytes at a time: the memo of a large fleet has a hundred megabytes. Guards against damage, not against
  /// malice: whoever can write the git directory can do anything anyway.
  static func checksum(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var hash = seed ^ UInt64(bytes.count) &* 0x9E37_79B9_7F4A_7C15
    var index = 0
    while index + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      hash = (hash ^ word) &* 0xBF58_476D_1CE4_E5B9
      hash ^= hash >> 29
      index += 8
    }
    while index < bytes.count {
      hash = (hash ^ UInt64(bytes[index])) &* 0x94D0_49BB_1331_11EB
      hash ^= hash >> 29
      index += 1
    }
    return hash ^ hash >> 32
  }
}
