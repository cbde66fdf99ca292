package import FleetSpec
package import Snapshot

/// The part of two sides of a fleet that a change can concern: a comparison compiles that part only.
///
/// What a connection comes to depends on its own document, on the documents of clusters and links, and on the manifests
/// of the namespaces that it names; and two connections touch only where they share a namespace. So the part is closed
/// under "shares a namespace with": files are left out only when it is certain, from their bytes, that they name none of
/// the namespaces that a changed file names, directly or through other connections. Link types whose output for the
/// link as a whole depends on its connections are not local (`LinkDescriptor.isLocal`), and a fleet with one is
/// compiled whole.
package struct FleetSlice: Sendable {
  /// The two sides with what does not matter hidden.
  package let base: any Snapshot
  package let head: any Snapshot
  /// True when no file differs that a compile reads.
  package let isEmpty: Bool
  /// True when both sides are as they were: something changed that concerns everything.
  package let isWhole: Bool

  /// True for a path beside the sources that every connection may depend on: nothing can be left out then.
  static func concernsEverything(_ path: String) -> Bool {
    path == Compiler.fleetFile || path.hasPrefix("templates/") || path.hasPrefix("schemas/")
  }

  /// More namespaces than this are not worth the search.
  private static let namespaceLimit = 64

  /// Finds the part. Reads the bytes of every source file of the later side, and parses those that changed and the
  /// connections among what is left.
  package static func between(
    _ base: any Snapshot, _ head: any Snapshot, fleet: Fleet
  ) throws(SnapshotError) -> FleetSlice {
    let whole = FleetSlice(base: base, head: head, isEmpty: false, isWhole: true)
    // Another Fleet means other patterns: nothing can be told by them.
    guard try base.content(at: Compiler.fleetFile) == head.content(at: Compiler.fleetFile) else {
      return whole
    }
    let listing = try SourceListing(base, head, fleet: fleet)
    if listing.changes.isEmpty, listing.changedOthers.isEmpty {
      return FleetSlice(base: base, head: head, isEmpty: true, isWhole: false)
    }
    var slicing = Slicing(base: base, head: head, listing)
    guard try slicing.close(limit: namespaceLimit) else { return whole }
    return FleetSlice(base: slicing.slicedBase, head: slicing.slicedHead, isEmpty: false, isWhole: false)
  }
}

extension Snapshot {
  /// The content of a file; nil when there is none.
  fileprivate func content(at path: String) throws(SnapshotError) -> [UInt8]? {
    guard let entry = try entry(at: path) else { return nil }
    return try content(of: entry)
  }
}
