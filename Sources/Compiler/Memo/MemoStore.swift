package import Snapshot
import Synchronization

/// What a result of an earlier compile is kept under.
package struct MemoKey: Hashable, Sendable {
  package enum Table: UInt8, Sendable {
    /// A file's content → its tree.
    case tree = 1
    /// All that a unit depends on → what it emits and finds.
    case unit = 2
    /// A directory of sources → what its files are and which words they hold.
    case directory = 3
    /// The output that a compile gave → what to go on from when little changes.
    case compile = 4
    /// What a command checked → what it said, and what to go on from when little changes.
    case check = 5
  }

  package let table: Table
  package let digest: BlobID

  package init(_ table: Table, _ digest: BlobID) {
    self.table = table
    self.digest = digest
  }
}

/// Results of earlier compiles. It may forget anything at any time, and nobody asks it what is true: a key names
/// all that its value depends on, so a value is either what a compile would give, or not there.
package protocol MemoStore: Sendable {
  /// Hands the bytes under a key to `body`; nil when there are none, or when `body` gives nil.
  func read<Value>(_ key: MemoKey, _ body: (UnsafeRawBufferPointer) -> Value?) -> Value?

  /// Keeps bytes for later compiles.
  func keep(_ bytes: [UInt8], under key: MemoKey)
}

/// A memo that lives as long as the process; tests compare compiles with it.
package final class MemoryMemo: MemoStore {
  private let values = Mutex<[MemoKey: [UInt8]]>([:])
  private let counts = Mutex((found: 0, missed: 0))

  package init() {}

  package func read<Value>(_ key: MemoKey, _ body: (UnsafeRawBufferPointer) -> Value?) -> Value? {
    let bytes = values.withLock { $0[key] }
    let value = bytes.flatMap { $0.withUnsafeBytes(body) }
    counts.withLock { if value == nil { $0.missed += 1 } else { $0.found += 1 } }
    return value
  }

  package func keep(_ bytes: [UInt8], under key: MemoKey) { values.withLock { $0[key] = bytes } }

  /// How often something was found and how often not, since the last time that this was asked.
  package func takeCounts() -> (found: Int, missed: Int) {
    counts.withLock { counts in
      defer { counts = (0, 0) }
      return counts
    }
  }

  /// All keys; tests damage what is under them.
  package var keys: [MemoKey] { values.withLock { Array($0.keys) } }
}
