/// Every pair of classes that can talk, grouped by destination: who, on which ports.
package struct PairTable: Sendable {
  package struct Entry: Sendable {
    package let sources: IntervalSet<Int32>
    package let ports: PortSet
  }

  /// One list per class, in the order of the classes.
  package private(set) var destinations: [[Entry]] = []

  package enum Reading: Sendable {
    case may
    case must
  }

  /// Joins egress rows, turned round, with ingress rows. Linear in classes times what concerns each.
  package init(_ engine: PolicyEngine, _ reading: Reading) {
    let turned = TurnedRows(engine, reading)
    let tables = engine.tables
    destinations.reserveCapacity(tables.classes.count)
    let apart = tables.profile.isolatesPrimaryNetworks
    let isParted = !tables.classesOfNetwork.isEmpty && (reading == .may ? apart.must : apart.may)
    for destination in 0..<tables.classes.count {
      let row = engine.rows[Int(engine.ingressRow[destination])]
      var offers = turned.offers(to: Int32(clamping: destination), tables)
      if isParted {
        let namespace = tables.network.namespaces[Int(tables.classes.namespace[destination])]
        let sameNetwork = tables.classesOfNetwork[namespace.primaryNetwork] ?? IntervalSet()
        offers = offers.map { Entry(sources: $0.sources.intersection(sameNetwork), ports: $0.ports) }
          .filter { !$0.sources.isEmpty }
      }
      guard let admitted = reading == .may ? row.may : row.must else {
        destinations.append(Self.merged(offers))
        continue
      }
      var entries: [Entry] = []
      for entry in admitted {
        let peers = tables.peerSets[entry.peers].classes
        let ports = tables.portSets[entry.ports]
        for offer in offers {
          let sources = peers.intersection(offer.sources)
          if sources.isEmpty { continue }
          let common = offer.ports.isAll ? ports : ports.intersection(offer.ports)
          if !common.isEmpty { entries.append(Entry(sources: sources, ports: common)) }
        }
      }
      destinations.append(Self.merged(entries))
    }
  }

  /// One entry per set of ports.
  private static func merged(_ entries: [Entry]) -> [Entry] {
    guard entries.count > 1 else { return entries }
    var result: [Entry] = []
    for entry in entries {
      if let index = result.firstIndex(where: { $0.ports == entry.ports }) {
        result[index] = Entry(sources: result[index].sources.union(entry.sources), ports: entry.ports)
      } else {
        result.append(entry)
      }
    }
    return result
  }

  /// The ports from one pod to another (of another class, or like itself). Linear in the entries.
  package func ports(from source: Int, to destination: Int, _ engine: PolicyEngine) -> PortSet {
    let sourceClass = engine.podClass(of: source)
    return destinations[Int(engine.podClass(of: destination))].reduce(PortSet()) {
      $1.sources.contains(sourceClass) ? $0.union($1.ports) : $0
    }
  }

  /// How many pairs of pods can talk on any port; a pod and its like count as a pair.
  package func pairCount(_ engine: PolicyEngine) -> Int {
    let classes = engine.tables.classes
    var totals = [0]
    for size in classes.size { totals.append((totals.last ?? 0) + Int(size)) }
    var count = 0
    for (index, entries) in destinations.enumerated() {
      let sources = entries.reduce(IntervalSet<Int32>()) { $0.union($1.sources) }
      count += sources.weight(totals) * Int(classes.size[index])
    }
    return count
  }
}

/// Egress rows by destination instead of by source.
private struct TurnedRows {
  /// Classes that may go anywhere.
  private var open = IntervalSet<Int32>()
  private var entries = InternPool<Row.Entry>()
  private var sources: [IntervalSet<Int32>] = []
  /// Entries by class, where they name few classes.
  private var narrow: [[Int32]]
  /// Entries that name many classes: asked one by one.
  private var wide: [Int32] = []

  init(_ engine: PolicyEngine, _ reading: PairTable.Reading) {
    let count = engine.tables.classes.count
    narrow = Array(repeating: [], count: count)
    for source in 0..<count {
      let number = Int32(clamping: source)
      let row = engine.rows[Int(engine.egressRow[source])]
      guard let allowed = reading == .may ? row.may : row.must else {
        open.append(number)
        continue
      }
      for entry in allowed {
        let index = Int(entries.intern(entry))
        if index == sources.count { sources.append(IntervalSet()) }
        sources[index].append(number)
      }
    }
    for (index, entry) in entries.values.enumerated() {
      let classes = engine.tables.peerSets[entry.peers].classes
      if classes.count > 64 {
        wide.append(Int32(clamping: index))
      } else {
        classes.forEach { narrow[Int($0)].append(Int32(clamping: index)) }
      }
    }
  }

  func offers(to destination: Int32, _ tables: borrowing EvaluationTables) -> [PairTable.Entry] {
    var result: [PairTable.Entry] = []
    if !open.isEmpty { result.append(PairTable.Entry(sources: open, ports: .all)) }
    for index in narrow[Int(destination)] { result.append(offer(index, tables)) }
    for index in wide where tables.peerSets[entries[index].peers].classes.contains(destination) {
      result.append(offer(index, tables))
    }
    return result
  }

  private func offer(_ index: Int32, _ tables: borrowing EvaluationTables) -> PairTable.Entry {
    PairTable.Entry(sources: sources[Int(index)], ports: tables.portSets[entries[index].ports])
  }
}
