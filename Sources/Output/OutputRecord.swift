package import Snapshot

/// The output on record: what inventories say, and what lies there.
package struct OutputRecord: Sendable {
  /// Content that Linkwright gave to the files it owns, by path from the fleet's root.
  package private(set) var owned: [String: BlobID] = [:]
  /// Inventory files, which own themselves.
  package private(set) var inventories: [String] = []
  /// Inventories that cannot be read.
  package private(set) var broken: [String] = []
  /// Every file below the output's roots, by path.
  package private(set) var present: [String: SnapshotEntry] = [:]

  package init() {}

  /// Reads what lies below the output's roots. Opens only the inventories.
  ///
  /// - Parameter formerRoots: where output lay that the layout gives another place now.
  package init(
    _ snapshot: some Snapshot, layout: OutputLayout, formerRoots: [String] = []
  ) throws(SnapshotError) {
    for root in layout.roots + formerRoots { try walk(root, snapshot) }
    let candidates = present.keys.filter(Self.isInventory).sorted(by: utf8Precedes)
    owned.reserveCapacity(present.count)
    for path in candidates {
      guard let entry = present[path] else { continue }
      guard let inventory = Inventory(try snapshot.content(of: entry)) else {
        broken.append(path)
        continue
      }
      inventories.append(path)
      let root = path.split(separator: "/").dropLast(2).joined(separator: "/") + "/"
      for file in inventory.files { owned[root + file.path] = file.blob }
    }
  }

  /// The name of a file's content as it was written. Where a checkout has converted line ends (core.autocrlf), git takes
  /// the file for unchanged, and so does this.
  package func blob(of content: [UInt8], at path: String) -> BlobID {
    let id = BlobID(of: content)
    let isOwnInventory = Self.isInventory(path)
    guard let written = owned[path] ?? (isOwnInventory ? id : nil), written != id || isOwnInventory else {
      return id
    }
    let returns = zip(content, content.dropFirst()).lazy.filter { $0 == (0x0D, 0x0A) }
    guard returns.first(where: { _ in true }) != nil else { return id }
    var plain: [UInt8] = []
    plain.reserveCapacity(content.count)
    for (index, byte) in content.enumerated() {
      let isReturn = byte == 0x0D && index + 1 < content.count && content[index + 1] == 0x0A
      if !isReturn { plain.append(byte) }
    }
    let normal = BlobID(of: plain)
    return isOwnInventory || normal == written ? normal : id
  }

  private static func isInventory(_ path: String) -> Bool {
    guard path.utf8.last == UInt8(ascii: "k"), path.hasSuffix(".lock") else { return false }
    return path.split(separator: "/").dropLast().last == "inventory"
  }

  private mutating func walk(_ directory: String, _ snapshot: some Snapshot) throws(SnapshotError) {
    for entry in try snapshot.entries(of: directory) {
      if entry.kind == .directory {
        try walk(entry.path, snapshot)
      } else {
        present[entry.path] = entry
      }
    }
  }
}
