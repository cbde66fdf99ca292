import Glibc
import Snapshot
import Synchronization

/// A memo in files of its own: a base, and one small file for each compile after it. Disposable at any time.
///
/// Files are written under a passing name and renamed; a reader keeps what it mapped. Two processes that write at
/// once may lose each other's results, never more.
package final class MemoDirectory: MemoStore {
  private let path: String
  private let identity: BlobID
  /// What could be read, the newest first; 0 is the base.
  private let segments: [(number: Int, segment: MemoSegment)]
  private let added = Mutex<[MemoKey: [UInt8]]>([:])

  /// So many files are searched before they become one.
  private static let segmentLimit = 16
  /// A memo that outgrew its base by so much starts again: most of it is of the past.
  private static let growthLimit = 3
  /// As long as it is smaller, it may grow as it likes.
  private static let smallSize = 32 << 20
  /// Nobody needs a larger one.
  private static let sizeLimit = 2 << 30

  /// Opens the memo in a directory, which need not exist.
  ///
  /// - Parameter identity: names the program with all that it brings along: another one's results are not looked at.
  package init(_ path: String, identity: String) {
    self.path = path
    self.identity = BlobID(of: Array(identity.utf8))
    var segments: [(Int, MemoSegment)] = []
    for number in (0...Self.segmentLimit).reversed() {
      if let segment = MemoSegment("\(path)/\(Self.name(number))", identity: self.identity) {
        segments.append((number, segment))
      }
    }
    self.segments = segments
  }

  /// True when nothing was there that could be read.
  package var isEmpty: Bool { segments.isEmpty }

  private static func name(_ number: Int) -> String { number == 0 ? "memo" : "memo-\(number)" }

  package func read<Value>(_ key: MemoKey, _ body: (UnsafeRawBufferPointer) -> Value?) -> Value? {
    for (_, segment) in segments {
      if let content = segment.content(of: key), let value = body(content) { return value }
    }
    return nil
  }

  package func keep(_ bytes: [UInt8], under key: MemoKey) { added.withLock { $0[key] = bytes } }

  /// Writes what was kept since the memo was opened. A memo that cannot be written is none: no error.
  package func save() {
    let new = added.withLock { added in
      defer { added = [:] }
      return added
    }
    guard !new.isEmpty else { return }
    mkdir(path.parentDirectory, 0o777)
    mkdir(path, 0o777)
    let base = segments.first { $0.number == 0 }?.segment
    let total = segments.reduce(new.values.reduce(0) { $0 + $1.count }) { $0 + $1.segment.size }
    let limit = min(max((base?.size ?? 0) * Self.growthLimit, Self.smallSize), Self.sizeLimit)
    if base != nil, total <= limit {
      // Numbers grow: what is newer has the higher one.
      let last = segments.first?.number ?? 0
      let writing = MemoWriting(identity: identity)
      if last < Self.segmentLimit {
        _ = writing.write(new, [], to: path, name: Self.name(last + 1))
      } else {
        // The small ones become one; the base, which is most of it, stays.
        let small = segments.filter { $0.number > 0 }.map(\.segment)
        guard writing.write(new, small, to: path, name: Self.name(1)) else { return }
        removeSegments(from: 2)
      }
      return
    }
    // One file for everything; files of another program, damaged ones, and a past that has grown too long go.
    let old = total <= limit ? segments.map(\.segment) : []
    guard MemoWriting(identity: identity).write(new, old, to: path, name: Self.name(0)) else { return }
    removeSegments(from: 1)
  }

  private func removeSegments(from first: Int) {
    for number in first...Self.segmentLimit { unlink("\(path)/\(Self.name(number))") }
  }
}

/// Puts a file of the memo together.
private struct MemoWriting {
  let identity: BlobID

  /// Writes records, and those of older segments under other keys; false when the system takes no more.
  func write(
    _ new: [MemoKey: [UInt8]], _ old: [MemoSegment], to directory: String, name: String
  ) -> Bool {
    // Process ids are not enough: containers that share a volume have the same.
    let temporary = "\(directory)/tmp_memo_\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var status = stat()
    if fstat(descriptor, &status) == 0 {
      removeLeftBehind(in: directory, before: status.st_mtim.tv_sec - 3600)
    }
    var file = RecordFile(descriptor: descriptor)
    for (key, bytes) in new { bytes.withUnsafeBytes { file.append($0, key) } }
    for segment in old {
      segment.forEach { key, content in if new[key] == nil, !file.holds(key) { file.append(content, key) } }
    }
    guard file.finish(identity: identity), rename(temporary, "\(directory)/\(name)") == 0 else {
      unlink(temporary)
      return false
    }
    return true
  }
}

extension MemoWriting {
  /// Removes what processes left that were killed while they wrote: nobody writes for an hour.
  private func removeLeftBehind(in directory: String, before limit: Int) {
    guard let stream = opendir(directory) else { return }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      var status = stat()
      guard name.hasPrefix("tmp_memo_"), stat("\(directory)/\(name)", &status) == 0,
        status.st_mtim.tv_sec < limit
      else { continue }
      unlink("\(directory)/\(name)")
    }
  }
}

/// A file that is being written, in large pieces.
private struct RecordFile {
  private let descriptor: Int32
  private var buffer: [UInt8] = [UInt8](repeating: 0, count: MemoSegment.headerSize)
  private var written = 0
  private var places: [MemoKey: (offset: Int, length: Int)] = [:]
  private var isGood = true

  init(descriptor: Int32) { self.descriptor = descriptor }

  func holds(_ key: MemoKey) -> Bool { places[key] != nil }

  mutating func append(_ content: UnsafeRawBufferPointer, _ key: MemoKey) {
    places[key] = (written + buffer.count, content.count)
    let sum = MemoSegment.checksum(content, seed: MemoSegment.seed(key))
    withUnsafeBytes(of: sum) { buffer.append(contentsOf: $0) }
    buffer.append(contentsOf: content)
    while buffer.count % 8 != 0 { buffer.append(0) }
    if buffer.count >= 1 << 22 { flush() }
  }

  private mutating func flush() {
    var rest = buffer[...]
    while isGood, !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) } else if count == 0 || errno != EINTR { isGood = false }
    }
    written += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }

  /// Writes the slots and, last, the header: a file without one is none.
  mutating func finish(identity: BlobID) -> Bool {
    var capacity = 16
    while capacity < places.count * 2 { capacity *= 2 }
    let slots = written + buffer.count
    var table = [UInt8](repeating: 0, count: capacity * MemoSegment.slotSize)
    for (key, place) in places {
      var slot = MemoSegment.start(of: key) & (capacity - 1)
      table.withUnsafeMutableBytes { table in
        while table.load(fromByteOffset: slot * MemoSegment.slotSize + 32, as: UInt64.self) != 0 {
          slot = (slot + 1) & (capacity - 1)
        }
        let start = slot * MemoSegment.slotSize
        table.storeBytes(of: key.digest.words.0, toByteOffset: start, as: UInt32.self)
        table.storeBytes(of: key.digest.words.1, toByteOffset: start + 4, as: UInt32.self)
        table.storeBytes(of: key.digest.words.2, toByteOffset: start + 8, as: UInt32.self)
        table.storeBytes(of: key.digest.words.3, toByteOffset: start + 12, as: UInt32.self)
        table.storeBytes(of: key.digest.words.4, toByteOffset: start + 16, as: UInt32.self)
        table[start + 20] = key.table.rawValue
        table.storeBytes(of: UInt32(place.length), toByteOffset: start + 24, as: UInt32.self)
        table.storeBytes(of: UInt64(place.offset), toByteOffset: start + 32, as: UInt64.self)
      }
    }
    buffer += table
    flush()
    let header = MemoSegment.header(
      identity: identity, capacity: capacity, count: places.count, length: written, slots: slots)
    return isGood
      && header.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) } == header.count
  }
}

extension String {
  fileprivate var parentDirectory: String { lastIndex(of: "/").map { String(self[..<$0]) } ?? "." }
}
