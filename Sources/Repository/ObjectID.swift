import CLibGit2
package import Snapshot

/// The name of a git object of any type: the SHA-1 of its header and content.
package struct ObjectID: Hashable, Comparable, Sendable, CustomStringConvertible {
  let words: (UInt32, UInt32, UInt32, UInt32, UInt32)

  /// The object name of a blob.
  package init(_ blob: BlobID) { words = blob.words }

  /// Reads 40 hexadecimal digits; nil for anything else.
  package init?(hexadecimal text: some StringProtocol) {
    guard let id = BlobID(hexadecimal: text) else { return nil }
    self.init(id)
  }

  /// Names an object's content. Linear in its length.
  package init(of kind: ObjectKind, _ content: [UInt8]) {
    var hash = SHA1()
    hash.update(Array("\(kind.rawValue) \(content.count)\0".utf8))
    hash.update(content)
    words = hash.finish()
  }

  /// Reads 20 raw bytes. The caller has checked that they are there.
  init(rawBytes start: UnsafeRawPointer) {
    func word(_ index: Int) -> UInt32 {
      UInt32(bigEndian: start.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
    }
    words = (word(0), word(1), word(2), word(3), word(4))
  }

  init(_ id: git_oid) {
    self = withUnsafeBytes(of: id) { bytes in
      guard let start = bytes.baseAddress else { return ObjectID.zero }
      return ObjectID(rawBytes: start)
    }
  }

  private init(words: (UInt32, UInt32, UInt32, UInt32, UInt32)) { self.words = words }

  /// Forty zeros, git's "no object".
  package static let zero = ObjectID(words: (0, 0, 0, 0, 0))

  /// The same name as libgit2 takes it.
  var oid: git_oid {
    var id = git_oid()
    withUnsafeMutableBytes(of: &id) { bytes in
      for (index, word) in [words.0, words.1, words.2, words.3, words.4].enumerated() {
        bytes.storeBytes(of: word.bigEndian, toByteOffset: index * 4, as: UInt32.self)
      }
    }
    return id
  }

  /// Appends the 20 raw bytes, as trees and pack indexes hold them.
  func append(to bytes: inout [UInt8]) {
    withUnsafeBytes(
      of: (
        words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian, words.4.bigEndian
      )
    ) { bytes.append(contentsOf: $0) }
  }

  /// The first byte, by which pack indexes fan out.
  var firstByte: Int { Int(words.0 >> 24) }

  /// The same name as that of a blob.
  package var blob: BlobID { BlobID(words: words) }

  /// 40 lower-case hexadecimal digits.
  package var hexadecimal: String { blob.hexadecimal }
  package var description: String { hexadecimal }

  package static func == (a: ObjectID, b: ObjectID) -> Bool { a.words == b.words }
  package static func < (a: ObjectID, b: ObjectID) -> Bool { a.words < b.words }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
  }
}

/// The types of object that a repository stores.
package enum ObjectKind: String, Sendable, Equatable {
  case commit, tree, blob, tag

  /// The number that packs use for it.
  var packType: UInt8 {
    switch self {
    case .commit: 1
    case .tree: 2
    case .blob: 3
    case .tag: 4
    }
  }

  /// The same type as libgit2 calls it.
  var libgit2: git_object_t {
    switch self {
    case .commit: GIT_OBJECT_COMMIT
    case .tree: GIT_OBJECT_TREE
    case .blob: GIT_OBJECT_BLOB
    case .tag: GIT_OBJECT_TAG
    }
  }

  init?(_ type: git_object_t) {
    switch type {
    case GIT_OBJECT_COMMIT: self = .commit
    case GIT_OBJECT_TREE: self = .tree
    case GIT_OBJECT_BLOB: self = .blob
    case GIT_OBJECT_TAG: self = .tag
    default: return nil
    }
  }
}
