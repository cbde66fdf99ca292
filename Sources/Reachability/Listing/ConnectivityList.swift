import Kubernetes

/// What can reach what, workload by workload and range by range.
package struct ConnectivityList: Sendable {
  package struct Line: Sendable, Hashable {
    package let source: String
    package let destination: String
    /// What passes whatever the API leaves open.
    package let must: PortSet
    /// What passes beyond that under some reading.
    package let depends: PortSet
    package let questions: OpenQuestions
  }

  /// Sorted by source, then destination, by bytes.
  package private(set) var lines: [Line] = []

  /// Which end of the list an address stands on.
  private enum Side {
    case source
    case destination
  }

  private let engine: PolicyEngine
  /// One pod for each name.
  private var listed: [(pod: Int, name: String)] = []
  private var listedOfClass: [[Int]] = []

  /// Lists all pairs. Linear in the result, and in workloads times ranges of addresses.
  package init(_ engine: PolicyEngine) {
    self.engine = engine
    chooseNames()
    addPairs()
    addRanges(.source)
    addRanges(.destination)
    lines.sort {
      $0.source == $1.source
        ? $0.destination.utf8.lexicographicallyPrecedes($1.destination.utf8)
        : $0.source.utf8.lexicographicallyPrecedes($1.source.utf8)
    }
  }

  private var isNPGuard: Bool { engine.network.profile.name == "np-guard" }

  /// Pods of one owner are one name; a pod that policies tell apart from its siblings stands for itself.
  private mutating func chooseNames() {
    var first: [String: Int32] = [:]
    listedOfClass = Array(repeating: [], count: engine.classCount)
    for index in engine.network.pods.indices {
      var name = Self.name(of: index, engine.network)
      let number = engine.podClass(of: index)
      if let known = first[name] {
        if known == number { continue }
        name += "#\(index)"
      }
      first[name] = number
      listed.append((index, name))
      listedOfClass[Int(number)].append(listed.count - 1)
    }
  }

  /// `ns/name[Kind]`.
  package static func name(of pod: Int, _ network: ClusterNetwork) -> String {
    "\(network.description(of: pod))[\(network.pods[pod].kind)]"
  }

  private mutating func addPairs() {
    let may = PairTable(engine, .may)
    let must = PairTable(engine, .must)
    for destination in 0..<engine.classCount {
      let mayPorts = Self.bySource(may.destinations[destination])
      let mustPorts = Self.bySource(must.destinations[destination])
      for (source, ports) in mayPorts {
        let sure = mustPorts[source] ?? PortSet()
        for from in listedOfClass[Int(source)] {
          for to in listedOfClass[destination] {
            addPair(listed[from], listed[to], sure, ports.subtracting(sure))
          }
        }
      }
    }
  }

  private static func bySource(_ entries: [PairTable.Entry]) -> [Int32: PortSet] {
    var ports: [Int32: PortSet] = [:]
    for entry in entries {
      entry.sources.forEach { ports[$0] = ports[$0].map { $0.union(entry.ports) } ?? entry.ports }
    }
    return ports
  }

  private mutating func addPair(
    _ from: (pod: Int, name: String), _ to: (pod: Int, name: String), _ must: PortSet, _ depends: PortSet
  ) {
    // np-guard drops a workload's traffic with itself; replicas do talk to each other, a single pod does not count.
    if from.pod == to.pod, isNPGuard || engine.network.pods[from.pod].kind == "Pod" { return }
    if engine.network.pods[from.pod].isPlatform, engine.network.pods[to.pod].isPlatform { return }
    let questions = depends.isEmpty ? [] : engine.openQuestions(from: .pod(from.pod), to: .pod(to.pod))
    lines.append(
      Line(source: from.name, destination: to.name, must: must, depends: depends, questions: questions))
  }

  // MARK: Addresses

  private mutating func addRanges(_ side: Side) {
    let ranges = engine.addressRanges(side == .source ? .ingress : .egress, withIPv6: !isNPGuard)
    for (pod, name) in listed where !engine.network.pods[pod].isPlatform {
      for (address, range) in ranges {
        let from: Endpoint = side == .source ? .address(address) : .pod(pod)
        let to: Endpoint = side == .source ? .pod(pod) : .address(address)
        let answer = engine.connections(from: from, to: to)
        guard !answer.may.isEmpty else { continue }
        let depends = answer.may.subtracting(answer.must)
        lines.append(
          Line(
            source: side == .source ? range : name, destination: side == .source ? name : range,
            must: answer.must,
            depends: depends, questions: depends.isEmpty ? [] : engine.openQuestions(from: from, to: to)))
      }
    }
  }
}

extension PolicyEngine {
  /// Ranges of addresses that no policy of a direction tells apart: one address of each, and its name
  /// (`a-b[External]`). IPv6 only where a policy mentions it.
  func addressRanges(_ direction: NetworkPolicy.Direction, withIPv6: Bool) -> [(IPAddress, String)] {
    var edges4: Set<UInt32> = [0]
    var edges6: Set<UInt128> = []
    var seen: Set<Int32> = []
    for policy in policies {
      for grant in policy.section(direction)?.grants ?? [] where seen.insert(grant.mayPeers).inserted {
        let peers = tables.peerSets[grant.mayPeers]
        for interval in peers.ipv4.intervals {
          edges4.insert(interval.lower)
          if interval.upper < .max { edges4.insert(interval.upper + 1) }
        }
        // Everyone draws no line.
        if peers.ipv6 == .all { continue }
        for interval in peers.ipv6.intervals {
          edges6.formUnion([0, interval.lower])
          if interval.upper < .max { edges6.insert(interval.upper + 1) }
        }
      }
    }
    var ranges: [(IPAddress, String)] = []
    let sorted4 = edges4.sorted()
    for (index, lower) in sorted4.enumerated() {
      let upper = index + 1 < sorted4.count ? sorted4[index + 1] - 1 : .max
      guard let address = IPAddress(AddressText.ipv4(lower)) else { continue }
      ranges.append((address, "\(AddressText.ipv4(lower))-\(AddressText.ipv4(upper))[External]"))
    }
    let sorted6 = withIPv6 ? edges6.sorted() : []
    for (index, lower) in sorted6.enumerated() {
      let upper = index + 1 < sorted6.count ? sorted6[index + 1] - 1 : .max
      guard let address = IPAddress(AddressText.ipv6(lower)) else { continue }
      ranges.append((address, "\(AddressText.ipv6(lower))-\(AddressText.ipv6(upper))[External]"))
    }
    return ranges
  }
}

/// Addresses as text.
enum AddressText {
  static func ipv4(_ bits: UInt32) -> String {
    [24, 16, 8, 0].map { String(bits >> UInt32($0) & 0xFF) }.joined(separator: ".")
  }

  /// Eight groups; the longest run of zeros (two at least) is left out, as RFC 5952 has it.
  static func ipv6(_ bits: UInt128) -> String {
    let groups = (0..<8).map { Int(truncatingIfNeeded: bits >> UInt128(112 - 16 * $0) & 0xFFFF) }
    var best = 0..<0
    var start = 0
    for index in 0...8 where index == 8 || groups[index] != 0 {
      if index - start > max(best.count, 1) { best = start..<index }
      start = index + 1
    }
    let text = { (part: ArraySlice<Int>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
    return best.isEmpty
      ? text(groups[...]) : text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
  }
}
