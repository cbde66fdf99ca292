import Foundation
import Kubernetes
import Reachability
import TestSupport
import Testing
import YAMLTree

/// Sets of manifests that others have published with what passes in them: conformance tests, tools' own tests, recipes,
/// documentation. `KnownAnswers/README.md` tells the form and where each comes from.
@Suite struct KnownAnswerTests {
  @Test(arguments: KnownAnswers.paths) func agrees(_ path: String) throws {
    let known = try KnownAnswers(path)
    let engine = PolicyEngine(known.network)
    let naive = NaiveEvaluator(known.network)
    var wrong: [String] = []
    for cell in known.cells {
      let answer = engine.connections(from: cell.source, to: cell.destination)
      let passes = Ternary(
        may: answer.may.contains(UInt16(cell.port), cell.transport),
        must: answer.must.contains(UInt16(cell.port), cell.transport))
      let slow = naive.passes(
        from: cell.source, to: cell.destination, port: cell.port, cell.transport)
      if passes != cell.expected || slow != cell.expected {
        wrong.append("\(cell.text): expected \(cell.expected), engine \(passes), naive \(slow)")
      }
    }
    #expect(wrong == [])
    #expect(!known.cells.isEmpty)
  }

  @Test func allAreThere() {
    #expect(KnownAnswers.paths.count > 80)
  }
}

/// One set: a cluster, and who reaches whom.
struct KnownAnswers {
  struct Cell {
    let text: String
    let source: Endpoint
    let destination: Endpoint
    let port: Int
    let transport: TransportProtocol
    let expected: Ternary
  }

  private(set) var network: ClusterNetwork
  private(set) var cells: [Cell] = []

  private static let folder = Repository.root.appendingPathComponent("Tests/ReachabilityTests/KnownAnswers")

  /// Every set, by its path in the folder; bases are shared by others.
  static let paths: [String] = {
    let found = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
    return found.filter { $0.hasSuffix(".yaml") && !$0.hasSuffix(".base.yaml") }.sorted()
  }()

  init(_ path: String) throws {
    let url = Self.folder.appendingPathComponent(path)
    let documents = try Self.documents(url)
    let head = try #require(documents.first)
    var manifests: [Manifest] = []
    let bases = try (head["with"]?.elements.map { $0 } ?? []).flatMap {
      try Self.documents(url.deletingLastPathComponent().appendingPathComponent($0.text))
    }
    for document in bases + documents.dropFirst() { Manifest.all(in: document) { manifests.append($0) } }
    let profile = try #require(NetworkProfile.named(head["profile"]?.text ?? ""))
    network = ManifestNetwork(manifests, profile: profile).network
    try read(head)
  }

  private static func documents(_ url: URL) throws -> [Node] {
    Tree.parse(text: try String(contentsOf: url, encoding: .utf8), path: url.lastPathComponent).tree.documents
      .map { $0 }
  }

  /// `- FROM, FROM -> TO, TO : TCP 80, UDP 53` under `passes`, `denied` or `depends`; every other pair of pods at the
  /// `ports` is as `others` says.
  private mutating func read(_ head: Node) throws {
    let answers: [(key: String, value: Ternary)] = [
      ("passes", .yes), ("denied", .no), ("depends", .depends),
    ]
    var said: Set<String> = []
    for (key, expected) in answers {
      for entry in head[key]?.elements.flatMap({ $0.entries.map { ($0.text, $1.text) } }) ?? [] {
        let ends = entry.0.components(separatedBy: " -> ").map { $0.components(separatedBy: ", ") }
        for source in ends[0] {
          for destination in try #require(ends.last) {
            for port in entry.1.components(separatedBy: ", ") {
              said.insert(try add(source, destination, port, expected))
            }
          }
        }
      }
    }
    guard let others = head["others"]?.text else { return }
    let expected = try #require(answers.first { $0.key == others }?.value)
    let names = network.pods.indices.map { network.description(of: $0) }
    for source in names {
      for destination in names where destination != source {
        for port in head["ports"]?.elements.map(\.text) ?? []
        where !said.contains("\(source) -> \(destination) : \(port)") {
          _ = try add(source, destination, port, expected)
        }
      }
    }
  }

  private mutating func add(
    _ source: String, _ destination: String, _ port: String, _ expected: Ternary
  ) throws -> String {
    let text = "\(source) -> \(destination) : \(port)"
    let parts = port.components(separatedBy: " ")
    cells.append(
      Cell(
        text: text, source: try RuleTests.endpoint(source, network),
        destination: try RuleTests.endpoint(destination, network),
        port: try #require(Int(parts.last ?? "")),
        transport: try #require(TransportProtocol(rawValue: parts[0])), expected: expected))
    return text
  }
}
