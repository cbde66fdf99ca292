import Glibc
import Kubernetes
import Reachability

/// `linkwright-bench reach SCENARIO NAMESPACES`: measures the evaluation of policies without reading manifests.
///
/// Prints one line: pods, policies, classes, milliseconds for rows, for all pairs, for one changed policy (the
/// median and the slowest of two hundred), and the largest resident set in megabytes less what the input takes.
struct ReachBenchmark {
  private let network: ClusterNetwork
  private let changes: [(index: Int, manifest: Manifest)]

  init?(scenario: String, namespaces: Int) {
    guard let scenario = NetworkGenerator.Scenario(rawValue: scenario), namespaces > 0 else { return nil }
    let generator = NetworkGenerator(scenario: scenario, namespaces: namespaces)
    network = generator.network()
    changes = generator.changes(of: network)
  }

  func run() -> String {
    let before = Self.residentMegabytes("VmRSS")
    let clock = ContinuousClock()
    let start = clock.now
    var engine = PolicyEngine(network, preparedFor: changes.map(\.manifest))
    let rows = clock.now - start
    let table = PairTable(engine, .may)
    let pairs = clock.now - start - rows
    let peak = Self.residentMegabytes("VmHWM")
    // Keeps the table until its memory has been measured.
    let count = table.pairCount(engine)
    var times: [Duration] = []
    for change in changes {
      let began = clock.now
      guard engine.replace(policy: change.index, with: change.manifest) else { continue }
      times.append(clock.now - began)
    }
    times.sort()
    let median = times.isEmpty ? "-" : Self.milliseconds(times[times.count / 2])
    let slowest = times.last.map(Self.milliseconds) ?? "-"
    return "\(network.pods.count) \(network.policies.count) \(engine.classCount) \(Self.milliseconds(rows)) "
      + "\(Self.milliseconds(pairs)) \(median) \(slowest) \(max(0, peak - before)) \(count)"
  }

  private static func milliseconds(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let micro = Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
    let rest = String(micro % 1000)
    return "\(micro / 1000)." + String(repeating: "0", count: 3 - rest.utf8.count) + rest
  }

  /// A line of /proc/self/status.
  private static func residentMegabytes(_ key: String) -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard text.hasPrefix("\(key):") else { continue }
      return text.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }.map { $0 / 1024 } ?? 0
    }
    return 0
  }
}
