import Parallel
import Snapshot

/// Writes the objects of batches into one pack and its index (version 2, see gitformat-pack).
///
/// The index is written here instead of by `git_indexer`, which would inflate and hash each object again: names
/// and checksums are known already. The pack gets its name after it is complete and its index
/// last, so that a process that is killed leaves a `tmp_` file which `git gc` removes, never half a pack.
struct PackWriter: ~Copyable {
  private struct Object: Sendable {
    let id: ObjectID
    let batch: Int32
    let index: Int32
    var offset: UInt64 = 0
  }

  /// True: the pack reaches the disk before its name exists, as git's own default demands. (That
  /// default leaves out objects in files of their own, and so does `GitRepository.commit`.)
  let durable: Bool

  /// Writes a pack into `objects/pack` of an objects directory, without the objects that `isPresent` knows; nothing
  /// when none is left. Linear in the bytes, and sorts the objects.
  func write(
    _ batches: [PackedObjects], into directory: String, mapping: some ParallelMapping,
    unless isPresent: (ObjectID) -> Bool
  ) throws(GitError) {
    var objects = Self.sortedObjects(batches, isPresent)
    if objects.isEmpty { return }
    let runs = Self.runs(batches, &objects)
    // The pack's checksum reads every byte; the index needs where they lie.
    let parts = mapping.map([Part.checksum, .index], piece: 1) { [objects] part in
      switch part {
      case .checksum: Self.checksum(of: runs)
      case .index: Self.index(objects, batches)
      }
    }
    let (checksum, index) = (parts[0], parts[1])
    let pack = try TemporaryFile(in: directory + "/pack", prefix: "tmp_pack_")
    for run in runs { try pack.write(run) }
    try pack.write(checksum[...])
    let indexFile = try TemporaryFile(in: directory + "/pack", prefix: "tmp_idx_")
    try indexFile.write(index[...])
    try indexFile.write((checksum + Self.checksum(of: [index[...], checksum[...]]))[...])
    let name = directory + "/pack/pack-" + ObjectID.hexadecimal(checksum)
    try pack.publish(as: name + ".pack", durable: durable)
    try indexFile.publish(as: name + ".idx", durable: durable)
    if durable { try TemporaryFile.synchronise(directory: directory + "/pack") }
  }

  /// What is made of the objects beside each other.
  private enum Part: Sendable { case checksum, index }

  /// Every object once, ordered by name; of equal objects in two batches the first stays.
  private static func sortedObjects(_ batches: [PackedObjects], _ isPresent: (ObjectID) -> Bool) -> [Object] {
    var objects: [Object] = []
    objects.reserveCapacity(batches.reduce(0) { $0 + $1.count })
    for (batch, packed) in batches.enumerated() {
      for (index, entry) in packed.entries.enumerated() where !isPresent(entry.id) {
        objects.append(Object(id: entry.id, batch: Int32(batch), index: Int32(index)))
      }
    }
    objects.sort { $0.id == $1.id ? $0.batch < $1.batch : $0.id < $1.id }
    var unique: [Object] = []
    unique.reserveCapacity(objects.count)
    for object in objects where unique.last?.id != object.id { unique.append(object) }
    return unique
  }

  /// Header and objects as they follow each other in the pack, without its checksum; sets each object's offset.
  private static func runs(_ batches: [PackedObjects], _ objects: inout [Object]) -> [ArraySlice<UInt8>] {
    var header: [UInt8] = Array("PACK".utf8)
    header.append(bigEndian: 2)
    header.append(bigEndian: UInt32(objects.count))
    var runs = [header[...]]
    var written = header.count
    var positions = batches.map { [Int32](repeating: -1, count: $0.count) }
    for (position, object) in objects.enumerated() {
      positions[Int(object.batch)][Int(object.index)] = Int32(position)
    }
    for (batch, packed) in batches.enumerated() {
      // Objects that stay are written in runs, between those that are left out.
      var run = 0
      for index in packed.entries.indices {
        let range = packed.range(of: index)
        let position = positions[batch][index]
        if position >= 0 {
          objects[Int(position)].offset = UInt64(written + range.lowerBound - run)
        } else {
          runs.append(packed.bytes[run..<range.lowerBound])
          written += range.lowerBound - run
          run = range.upperBound
        }
      }
      runs.append(packed.bytes[run...])
      written += packed.bytes.count - run
    }
    return runs
  }

  /// SHA-1 of bytes that follow each other.
  private static func checksum(of runs: [ArraySlice<UInt8>]) -> [UInt8] {
    var hash = SHA1()
    for run in runs { run.withUnsafeBufferPointer { hash.update($0) } }
    return ObjectID.bytes(hash.finish())
  }

  /// The index of a pack: fan-out, names, checksums, offsets, long offsets. The pack's checksum and its own follow.
  private static func index(_ objects: [Object], _ batches: [PackedObjects]) -> [UInt8] {
    var bytes: [UInt8] = [0xFF, 0x74, 0x4F, 0x63]
    bytes.reserveCapacity(objects.count * 28 + 1100)
    bytes.append(bigEndian: 2)
    var perByte = [UInt32](repeating: 0, count: 256)
    for object in objects { perByte[object.id.firstByte] += 1 }
    var total: UInt32 = 0
    for number in perByte {
      total += number
      bytes.append(bigEndian: total)
    }
    for object in objects { object.id.append(to: &bytes) }
    for object in objects {
      bytes.append(bigEndian: batches[Int(object.batch)].entries[Int(object.index)].checksum)
    }
    var long: [UInt64] = []
    for object in objects {
      if object.offset < 0x8000_0000 {
        bytes.append(bigEndian: UInt32(object.offset))
      } else {
        bytes.append(bigEndian: 0x8000_0000 | UInt32(long.count))
        long.append(object.offset)
      }
    }
    for offset in long {
      bytes.append(bigEndian: UInt32(truncatingIfNeeded: offset >> 32))
      bytes.append(bigEndian: UInt32(truncatingIfNeeded: offset))
    }
    return bytes
  }
}

extension [UInt8] {
  fileprivate mutating func append(bigEndian word: UInt32) {
    Swift.withUnsafeBytes(of: word.bigEndian) { append(contentsOf: $0) }
  }
}

extension ObjectID {
  fileprivate static func bytes(_ words: (UInt32, UInt32, UInt32, UInt32, UInt32)) -> [UInt8] {
    var bytes: [UInt8] = []
    ObjectID(BlobID(words: words)).append(to: &bytes)
    return bytes
  }

  fileprivate static func hexadecimal(_ bytes: [UInt8]) -> String {
    BlobID(bytes: bytes)?.hexadecimal ?? ""
  }
}
