import Snapshot

/// The part of two sides that a change of connections can concern, found without reading what did not change.
///
/// The part is that of `FleetSlice`: closed under "shares a namespace with". Connections may differ, and manifests of
/// namespaces in what no other namespace looks at (`PublicFacts`).
struct SourceSlice {
  /// The sides with what does not matter hidden.
  let base: SlicedSnapshot
  let head: SlicedSnapshot
  /// Hashes of the namespaces that the part is about.
  let namespaces: Set<UInt32>
  /// Source files that differ.
  let changed: Set<String>
  /// Files of connections that lie in the part whole.
  let connections: Set<String>

  /// More namespaces than this are not worth it.
  private static let namespaceLimit = 64

  /// Nil when something changed that concerns more than connections and their namespaces.
  ///
  /// - Parameter others: hashes of namespaces that the part is about although nothing of theirs may have changed.
  init?(
    _ change: SourceChange, base: any Snapshot, head: any Snapshot, alsoAbout others: Set<UInt32> = []
  ) {
    var closing = SliceClosing(change, others)
    guard closing.close(limit: Self.namespaceLimit) else { return nil }
    self.base = SlicedSnapshot(base, listings: closing.baseListings())
    self.head = SlicedSnapshot(head, listings: closing.headListings())
    namespaces = closing.namespaces
    changed = Set(change.changes.keys)
    connections = closing.connectionFiles
  }
}

/// The search for the part.
private struct SliceClosing {
  private typealias EntryPlace = SourceChange.EntryPlace

  private let change: SourceChange
  /// For each directory of the later side, which entries are left in.
  private var kept: [[Bool]]
  private(set) var namespaces: Set<UInt32> = []
  /// Files of connections that are left in and speak of the part's namespaces only.
  private(set) var connectionFiles: Set<String> = []

  init(_ change: SourceChange, _ namespaces: Set<UInt32>) {
    self.change = change
    self.namespaces = namespaces
    kept = change.head.places.map { Array(repeating: false, count: $0.directory.count) }
  }

  mutating func close(limit: Int) -> Bool {
    guard change.changes.count <= limit * 16,
      !change.others.contains(where: FleetSlice.concernsEverything),
      !change.others.contains(where: change.mayBeStray)
    else { return false }
    for (path, sides) in change.changes {
      for (side, entry) in [(change.base, sides.base), (change.head, sides.head)] {
        guard let entry else { continue }
        let directory = side.places[entry.place].directory
        // What of a policy looks at other namespaces is among its public facts.
        guard directory.flags(entry.entry).subtracting(.looksAround).isEmpty else { return false }
        let names = directory.names(entry.entry)
        guard !names.isEmpty else { return false }
        namespaces.formUnion(names)
      }
      if let entry = sides.head { kept[entry.place][entry.entry] = true }
      if let entry = sides.base,
        change.base.places[entry.place].directory.role(entry.entry) == .specification
      {
        connectionFiles.insert(path)
      }
      guard hasSamePublicFacts(sides) else { return false }
    }
    guard let (candidates, fixedWords) = sort() else { return false }
    guard closeConnections(candidates, limit: limit) else { return false }
    keepManifests(fixedWords)
    return !changesLintedPolicies()
  }

  /// True when a policy that looks at other namespaces is judged on one side only: policies are looked at where
  /// connections begin or end, and the part does not hold what such a one looks at.
  private func changesLintedPolicies() -> Bool {
    var (before, after): (Set<UInt32>, Set<UInt32>) = ([], [])
    for (_, sides) in change.changes {
      for (entry, side, isHead) in [(sides.base, change.base, false), (sides.head, change.head, true)] {
        guard let entry else { continue }
        let directory = side.places[entry.place].directory
        guard directory.role(entry.entry) == .specification else { continue }
        if isHead {
          after.formUnion(directory.names(entry.entry))
        } else {
          before.formUnion(directory.names(entry.entry))
        }
      }
    }
    let different = before.symmetricDifference(after)
    if different.isEmpty { return false }
    var untouched = different
    for (number, place) in change.head.places.enumerated() {
      for entry in 0..<place.directory.count
      where place.directory.role(entry) == .specification && kept[number][entry] {
        let listed = place.directory.entry(entry, in: place.path)
        if change.changes[listed.path] == nil { untouched.subtract(place.directory.names(entry)) }
      }
    }
    let wanted = untouched
    return change.head.places.contains { place in
      (0..<place.directory.count).contains { entry in
        place.directory.role(entry) == .manifest && place.directory.flags(entry).contains(.looksAround)
          && place.directory.names(entry).contains { wanted.contains($0) }
      }
    }
  }

  /// True for connections, and for manifests that policies of other namespaces see as they were.
  private func hasSamePublicFacts(_ sides: (base: EntryPlace?, head: EntryPlace?)) -> Bool {
    func facts(_ entry: EntryPlace?, _ side: SourceChange.Side, isHead: Bool) -> String? {
      guard let entry else { return "" }
      let place = side.places[entry.place]
      guard place.directory.role(entry.entry) == .manifest else { return "" }
      return change.tree(place.directory.entry(entry.entry, in: place.path), isHead: isHead)
        .map { PublicFacts.text(of: $0) }
    }
    guard let old = facts(sides.base, change.base, isHead: false),
      let new = facts(sides.head, change.head, isHead: true)
    else { return false }
    return old == new
  }

  /// Keeps what is fixed, and gives all other connections, with the words of what is fixed; nil when that makes parts
  /// hang together.
  private mutating func sort() -> (candidates: [EntryPlace], words: Set<UInt32>)? {
    let otherWords = change.others.map { path in
      WordHashes.of(Array(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...].utf8))
    }
    var candidates: [EntryPlace] = []
    var words: Set<UInt32> = []
    for (number, place) in change.head.places.enumerated() {
      let directory = place.directory
      for entry in 0..<directory.count where directory.role(entry) == .specification {
        let flags = directory.flags(entry)
        if flags.contains(.isNotLocal) { return nil }
        guard flags.contains(.isFixed) else {
          candidates.append(EntryPlace(place: number, entry: entry))
          continue
        }
        kept[number][entry] = true
        // Connections in it are compiled, whatever they name.
        namespaces.formUnion(directory.names(entry))
        let own = directory.words(entry)
        words.formUnion(own)
        // A Cluster may name a file that changed: a certificate, a baseline, a Corefile.
        for other in otherWords where other.allSatisfy({ own.contains($0) }) { return nil }
      }
    }
    return (candidates, words)
  }

  /// Connections that share a namespace, and those that share one with them.
  private mutating func closeConnections(_ all: [EntryPlace], limit: Int) -> Bool {
    var candidates = all
    var fresh = Array(namespaces)
    while !fresh.isEmpty {
      guard namespaces.count <= limit else { return false }
      let wanted = fresh
      fresh = []
      var rest: [EntryPlace] = []
      for candidate in candidates {
        let directory = change.head.places[candidate.place].directory
        guard directory.holds(candidate.entry, anyOf: wanted) else {
          rest.append(candidate)
          continue
        }
        kept[candidate.place][candidate.entry] = true
        connectionFiles.insert(
          directory.entry(candidate.entry, in: change.head.places[candidate.place].path).path)
        for name in directory.names(candidate.entry) where namespaces.insert(name).inserted {
          fresh.append(name)
        }
      }
      candidates = rest
    }
    return true
  }

  /// Keeps manifests that hold the name of one of the namespaces, those in namespaces of which Clusters and Links
  /// speak, and those that may concern any: a Namespace, a policy of the whole cluster.
  private mutating func keepManifests(_ fixedWords: Set<UInt32>) {
    let wanted = Array(namespaces)
    for (number, place) in change.head.places.enumerated() {
      let directory = place.directory
      for entry in 0..<directory.count where directory.role(entry) == .manifest {
        kept[number][entry] =
          directory.flags(entry).contains(.isFixed) || directory.holds(entry, anyOf: wanted)
          || directory.names(entry).contains { fixedWords.contains($0) }
      }
    }
  }

  // MARK: Listings

  /// What is left of the later side's directories in which something is hidden.
  func headListings() -> [String: [SnapshotEntry]] {
    var listings: [String: [SnapshotEntry]] = [:]
    _ = list(0, &listings)
    return listings
  }

  /// False when nothing in the directory matters.
  private func list(_ number: Int, _ listings: inout [String: [SnapshotEntry]]) -> Bool {
    let place = change.head.places[number]
    var entries: [SnapshotEntry] = []
    for entry in 0..<place.directory.count {
      if let child = place.children[entry] {
        if !list(child, &listings) { continue }
      } else if place.directory.isSource(entry), !kept[number][entry] {
        continue
      }
      entries.append(place.directory.entry(entry, in: place.path))
    }
    if entries.count < place.directory.count { listings[place.path] = entries }
    return !entries.isEmpty
  }

  /// What is left of the earlier side's: where it is alike, the same; elsewhere also what is gone or was different.
  func baseListings() -> [String: [SnapshotEntry]] {
    var listings = headListings()
    for path in change.head.own.keys { listings[path] = nil }
    // Inner directories first: whether they hold anything decides on their entry above.
    var isEmpty: Set<String> = []
    for place in change.base.places.reversed() {
      var entries: [SnapshotEntry] = []
      let twin = change.head.own[place.path]
      let head = twin.map { change.head.places[$0] }
      for entry in 0..<place.directory.count {
        let listed = place.directory.entry(entry, in: place.path)
        if place.directory.role(entry) == .directory {
          if isEmpty.contains(listed.path) || listings[listed.path]?.isEmpty == true { continue }
        } else if place.directory.isSource(entry), change.changes[listed.path]?.base == nil {
          let same = head.flatMap { head in
            (0..<head.directory.count).first { head.directory.name($0) == place.directory.name(entry) }
          }
          guard let twin, let same, kept[twin][same] else { continue }
        }
        entries.append(listed)
      }
      listings[place.path] = entries
      if entries.isEmpty { isEmpty.insert(place.path) }
    }
    return listings
  }
}
