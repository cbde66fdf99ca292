import Diagnostics
import Snapshot
import YAMLTree

/// The tree of one file by the name of its content. Only files without findings are kept: a tree holds all of them.
struct TreeMemo {
  private let store: any MemoStore
  private let path: String
  private let key: MemoKey

  /// Nil when the content has no name, or the entry is no file.
  init?(store: any MemoStore, _ entry: SnapshotEntry) {
    guard let blob = entry.blob, entry.kind == .file || entry.kind == .executable else { return nil }
    self.store = store
    path = entry.path
    key = MemoKey(.tree, blob)
  }

  func tree() -> Tree? {
    store.read(key) { bytes in
      var reader = MemoReader(bytes)
      let file = SourceFile(path: path, bytes: reader.content())
      guard reader.isValid else { return nil }
      return Tree.restored(reader.rest(), of: file)
    }
  }

  func keep(_ tree: Tree) {
    var writer = MemoWriter()
    writer.append(tree.file.bytes)
    writer.append(raw: tree.appendStorage)
    store.keep(writer.bytes, under: key)
  }
}
