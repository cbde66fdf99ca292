import Snapshot

/// Applies a `TreeEdit` to a tree and collects the tree objects that are new.
///
/// Linear in the edit and in the directories of the base that it enters; a directory that it does not touch keeps
/// its tree without being read.
struct TreeBuilder {
  private typealias Name = ArraySlice<UInt8>

  /// An entry of a tree that is being made.
  private struct Item {
    let mode: UInt32
    let name: Name
    let id: ObjectID

    var isDirectory: Bool { mode & RawTree.typeMask == RawTree.directoryMode }

    /// Git's order: by bytes, a directory as if its name ended with `/`.
    static func precedes(_ a: Item, _ b: Item) -> Bool {
      let common = min(a.name.count, b.name.count)
      for index in 0..<common {
        let (x, y) = (a.name[a.name.startIndex + index], b.name[b.name.startIndex + index])
        if x != y { return x < y }
      }
      return a.byte(common) < b.byte(common)
    }

    private func byte(_ index: Int) -> UInt8 {
      if index < name.count { return name[name.startIndex + index] }
      return isDirectory && index == name.count ? UInt8(ascii: "/") : 0
    }
  }

  private struct FilePath {
    let path: [UInt8]
    let mode: UInt32
    let id: ObjectID
  }

  /// The part of an edit that lies below one directory. The paths are whole; those in `owned` end with `/`.
  private struct Scope {
    var files: ArraySlice<FilePath>
    var removed: ArraySlice<[UInt8]>
    var owned: ArraySlice<[UInt8]>
    /// The length of the directory's path with its final `/`.
    var depth: Int

    var isEmpty: Bool { files.isEmpty && removed.isEmpty && owned.isEmpty }
  }

  private let objects: ObjectDatabase
  /// The tree objects of the result that may not be in the repository yet, leaves first.
  private(set) var trees: [(id: ObjectID, content: [UInt8])] = []

  init(_ objects: ObjectDatabase) { self.objects = objects }

  /// The tree without entries.
  static let emptyTree = ObjectID(of: .tree, [])

  /// Applies an edit to a tree (nil: to nothing) and names the result.
  mutating func apply(_ edit: TreeEdit, to base: ObjectID?) throws(GitError) -> ObjectID {
    let files = edit.files.map {
      FilePath(path: Array($0.path.utf8), mode: $0.isExecutable ? 0o100755 : 0o100644, id: ObjectID($0.blob))
    }
    // With its '/' an owned directory sorts where the paths below it do.
    let owned = edit.ownedDirectories.filter { !$0.isEmpty }.map { Array(($0 + "/").utf8) }
      .sorted { $0.lexicographicallyPrecedes($1) }
    let scope = Scope(
      files: files[...], removed: edit.removed.map { Array($0.utf8) }[...], owned: owned[...], depth: 0)
    let isAllOwned = edit.ownedDirectories.contains("")
    if let tree = try build(scope, base: isAllOwned ? nil : base) { return tree }
    trees.append((Self.emptyTree, []))
    return Self.emptyTree
  }

  /// Builds one directory; nil when nothing is left in it.
  private mutating func build(_ scope: Scope, base: ObjectID?) throws(GitError) -> ObjectID? {
    if scope.isEmpty { return base }
    var old = try base.map { (base) throws(GitError) in try items(of: base) } ?? []
    var directories: [Name: ObjectID] = [:]
    for item in old where item.isDirectory { directories[item.name] = item.id }
    var new: [Item] = []
    var removed: Set<Name> = []
    var entered: Set<Name> = []
    var rest = scope
    while let key = Self.nextKey(rest) {
      if key.last == UInt8(ascii: "/") {
        let name = key.dropLast()
        let (child, isOwned) = Self.takeDirectory(key, from: &rest)
        let below = isOwned ? nil : directories[name]
        entered.insert(name)
        if let tree = try build(child, base: below) {
          new.append(Item(mode: RawTree.directoryMode, name: name, id: tree))
        }
      } else {
        if rest.removed.first?[scope.depth...] == key, rest.removed.popFirst() != nil { removed.insert(key) }
        if let file = rest.files.first, file.path[scope.depth...] == key, rest.files.popFirst() != nil {
          new.append(Item(mode: file.mode, name: key, id: file.id))
        }
      }
    }
    old.removeAll { $0.isDirectory ? entered.contains($0.name) : removed.contains($0.name) }
    try Self.check(new, old, scope)
    let merged = Self.merge(new, over: old)
    return merged.isEmpty ? nil : write(merged, base: base)
  }

  /// Reads a tree and insists on git's order, on which merging rests.
  private func items(of tree: ObjectID) throws(GitError) -> [Item] {
    let raw = try RawTree(objects.read(tree, as: .tree), id: tree)
    let items = raw.entries.map { Item(mode: $0.mode, name: raw.name($0), id: $0.id) }
    for (one, next) in zip(items, items.dropFirst()) where !Item.precedes(one, next) {
      throw GitError(
        .corruptObject, "read tree \(tree)", "its entries are not in order", remedy: "run `git fsck`")
    }
    return items
  }

  /// A path's next component, with its `/` unless it is the last.
  private static func key(_ path: [UInt8], _ depth: Int) -> Name {
    let rest = path[depth...]
    guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return rest }
    return rest[...slash]
  }

  /// The least component that any part of the edit mentions next: git's order, as the paths are ordered.
  private static func nextKey(_ scope: Scope) -> Name? {
    var least = scope.files.first.map { key($0.path, scope.depth) }
    for path in [scope.removed.first, scope.owned.first] {
      guard let other = path.map({ key($0, scope.depth) }) else { continue }
      if least.map({ other.lexicographicallyPrecedes($0) }) ?? true { least = other }
    }
    return least
  }

  /// Splits off what lies below a component, and says whether the edit owns that directory itself.
  private static func takeDirectory(_ key: Name, from scope: inout Scope) -> (Scope, isOwned: Bool) {
    let depth = scope.depth
    let files = scope.files.prefix { $0.path[depth...].starts(with: key) }
    let removed = scope.removed.prefix { $0[depth...].starts(with: key) }
    var owned = scope.owned.prefix { $0[depth...].starts(with: key) }
    scope.files = scope.files.dropFirst(files.count)
    scope.removed = scope.removed.dropFirst(removed.count)
    scope.owned = scope.owned.dropFirst(owned.count)
    let below = depth + key.count
    let isOwned = owned.first?.count == below
    while owned.first?.count == below { owned.removeFirst() }
    return (Scope(files: files, removed: removed, owned: owned, depth: below), isOwned)
  }

  /// Refuses a file where a directory stays, and a directory where a file stays.
  private static func check(_ new: [Item], _ old: [Item], _ scope: Scope) throws(GitError) {
    if old.isEmpty, !new.contains(where: { $0.isDirectory }) { return }
    let kinds = Dictionary(old.map { ($0.name, $0.isDirectory) }, uniquingKeysWith: { a, _ in a })
    var own: [Name: Bool] = [:]
    for item in new {
      let other = own.updateValue(item.isDirectory, forKey: item.name) ?? kinds[item.name]
      guard let other, other != item.isDirectory else { continue }
      let directory = (scope.files.first?.path ?? scope.removed.first ?? scope.owned.first ?? [])
        .prefix(scope.depth)
      throw GitError(
        .conflict, "write \(EntryName.printable(directory + item.name))",
        item.isDirectory
          ? "it must become a directory, but a file of that name is there"
          : "it must become a file, but a directory of that name holds other files",
        remedy: "move the other file away, or write the output somewhere else")
    }
  }

  /// Both lists are in git's order; of two equal names the new one stays.
  private static func merge(_ new: [Item], over old: [Item]) -> [Item] {
    if old.isEmpty { return new }
    var merged: [Item] = []
    merged.reserveCapacity(new.count + old.count)
    var position = 0
    for item in new {
      while position < old.count, Item.precedes(old[position], item) {
        merged.append(old[position])
        position += 1
      }
      if position < old.count, old[position].name == item.name { position += 1 }
      merged.append(item)
    }
    merged += old[position...]
    return merged
  }

  /// Writes a tree object's bytes and names them; an entry of the base keeps the mode that it has.
  private mutating func write(_ items: [Item], base: ObjectID?) -> ObjectID {
    var content: [UInt8] = []
    content.reserveCapacity(items.reduce(0) { $0 + $1.name.count + 28 })
    for item in items {
      content += String(item.mode, radix: 8).utf8
      content.append(UInt8(ascii: " "))
      content += item.name
      content.append(0)
      item.id.append(to: &content)
    }
    let id = ObjectID(of: .tree, content)
    if id != base { trees.append((id, content)) }
    return id
  }
}
