import CZlib
package import Snapshot

/// Deflates objects for one pack; `finish` hands them over.
///
/// One batch belongs to one task at a time; several tasks fill one each, and `GitRepository.commit` writes them
/// into one pack. Objects that the repository has already, and objects that are in this batch, are left out.
package struct ObjectBatch: ~Copyable, Sendable {
  private let objects: ObjectDatabase
  private let deflater: Deflater
  private var packed = PackedObjects()

  /// How hard zlib works when no level is named: 70,000 manifests of 800 bytes take 25.5 MB and 0.47 s on two cores at
  /// level 1, 24.9 MB and 0.49 s at level 6; longer files gain more time.
  package static let defaultLevel: Int32 = 1

  /// Makes an empty batch for a repository. `level` is zlib's, 1 (fast) to 9 (small).
  package init(for repository: GitRepository, level: Int32 = ObjectBatch.defaultLevel) throws(GitError) {
    objects = repository.objects
    deflater = try Deflater(level: level)
  }

  /// Adds a file's content and names it.
  @discardableResult
  package mutating func add(blob content: [UInt8]) throws(GitError) -> BlobID {
    let id = BlobID(of: content)
    try add(.blob, content, id: ObjectID(id))
    return id
  }

  /// Adds a file's content whose name is known. A name that is not the content's would make a corrupt repository.
  package mutating func add(blob content: [UInt8], id: BlobID) throws(GitError) {
    try add(.blob, content, id: ObjectID(id))
  }

  /// Adds an object of any type.
  mutating func add(_ kind: ObjectKind, _ content: [UInt8], id: ObjectID) throws(GitError) {
    guard !objects.holdsFresh(id), packed.reserve(id) else { return }
    let offset = packed.bytes.count
    Self.appendHeader(kind, size: content.count, to: &packed.bytes)
    let headerLength = packed.bytes.count - offset
    try deflater.append(content, to: &packed.bytes)
    let checksum = packed.bytes.withUnsafeBufferPointer { bytes in
      crc32_z(0, UnsafeBufferPointer(rebasing: bytes[offset...]).baseAddress, bytes.count - offset)
    }
    packed.entries.append(
      PackedObjects.Entry(
        id: id, kind: kind, offset: offset, headerLength: headerLength, size: content.count,
        checksum: UInt32(truncatingIfNeeded: checksum)))
  }

  /// Ends the batch.
  package consuming func finish() -> PackedObjects { packed }

  /// Type and size, seven bits at a time after the first four (gitformat-pack).
  private static func appendHeader(_ kind: ObjectKind, size: Int, to bytes: inout [UInt8]) {
    var rest = size >> 4
    var byte = kind.packType << 4 | UInt8(size & 15)
    while rest > 0 {
      bytes.append(byte | 0x80)
      byte = UInt8(rest & 0x7F)
      rest >>= 7
    }
    bytes.append(byte)
  }
}

/// Objects that wait to be written, each in the form that packs hold.
package struct PackedObjects: Sendable {
  /// An object's name and where its packed form lies in `bytes`.
  struct Entry: Sendable {
    let id: ObjectID
    let kind: ObjectKind
    let offset: Int
    let headerLength: Int
    /// The length of the content before it was deflated.
    let size: Int
    let checksum: UInt32
  }

  fileprivate(set) var bytes: [UInt8] = []
  fileprivate(set) var entries: [Entry] = []
  private var known: Set<ObjectID> = []

  /// The number of objects.
  package var count: Int { entries.count }

  /// The names of the objects, in the order in which they were added.
  package var ids: [ObjectID] { entries.map(\.id) }

  /// True when the object is among them.
  func holds(_ id: ObjectID) -> Bool { known.contains(id) }

  fileprivate mutating func reserve(_ id: ObjectID) -> Bool { known.insert(id).inserted }

  /// The packed form of an entry.
  func range(of index: Int) -> Range<Int> {
    entries[index].offset..<(index + 1 < entries.count ? entries[index + 1].offset : bytes.count)
  }

  /// An entry's content, inflated again.
  func content(of index: Int) throws(GitError) -> [UInt8] {
    let entry = entries[index]
    let packed = bytes[range(of: index)].dropFirst(entry.headerLength)
    var status = Z_OK
    let content = [UInt8](unsafeUninitializedCapacity: max(entry.size, 1)) { output, count in
      var length = uLongf(output.count)
      status = packed.withUnsafeBufferPointer {
        uncompress(output.baseAddress, &length, $0.baseAddress, uLong($0.count))
      }
      count = min(Int(length), entry.size)
    }
    guard status == Z_OK, content.count == entry.size else {
      throw GitError(.other, "inflate object \(entry.id)", "zlib failed", errorClass: "zlib", code: status)
    }
    return content
  }
}

/// One zlib stream, used again for each object: setting one up costs more than deflating a manifest.
///
/// `@unchecked Sendable`: one batch owns it, and that cannot be copied. (A class, since the 6.3.1 optimiser does not
/// link a non-copyable struct that is private to a file into another module.)
private final class Deflater: @unchecked Sendable {
  /// On the heap, because zlib keeps its address.
  private let stream: UnsafeMutablePointer<z_stream>

  init(level: Int32) throws(GitError) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let status = deflateInit2_(
      stream, level, Z_DEFLATED, MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      throw GitError(.other, "start zlib", "it did not initialise", errorClass: "zlib", code: status)
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deinitialize(count: 1)
    stream.deallocate()
  }

  /// Appends the zlib form of some content.
  func append(_ content: [UInt8], to bytes: inout [UInt8]) throws(GitError) {
    guard deflateReset(stream) == Z_OK, content.count <= Int(UInt32.max) else {
      throw GitError(.other, "deflate an object", "it is larger than 4 GiB", errorClass: "zlib")
    }
    let bound = Int(deflateBound(stream, uLong(content.count)))
    var finished = false
    var produced = 0
    withUnsafeTemporaryAllocation(byteCount: min(bound, 1 << 30), alignment: 16) { output in
      content.withUnsafeBufferPointer { input in
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.avail_in = uInt(input.count)
        stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = uInt(output.count)
        finished = deflate(stream, Z_FINISH) == Z_STREAM_END
        produced = output.count - Int(stream.pointee.avail_out)
      }
      bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: output[..<produced]))
    }
    guard finished else {
      throw GitError(.other, "deflate an object", "zlib did not finish", errorClass: "zlib")
    }
  }
}
