import Adoption
import Compiler
import Diagnostics
import Foundation
import Output
import Snapshot
import TestSupport
import Testing
import YAMLTree

/// The order of handing over, played through: manifests lose what a step names, the fleet is built, and everything
/// that was live is still in one of the two.
@Suite struct MigrationTests {
  /// Cases whose manifests lie in the fleet: each step removes objects from them.
  static let cases = AdoptionCase.all.filter {
    ["environments", "policies", "single-cluster"].contains($0.name)
  }

  @Test func thereAreCases() { #expect(Self.cases.count == 3) }

  @Test(arguments: cases)
  func nothingLiveIsEverMissing(_ example: AdoptionCase) throws {
    let adoption = try example.adopt()
    var files = try example.files("fleet").merging(adoption.writtenFiles) { $1 }
    let live = Set(
      adoption.report.lines.filter { $0.place != nil && $0.output != nil }.map {
        "\($0.cluster) \($0.object)"
      })
    #expect(!live.isEmpty)
    let policies = live.filter { $0.contains(" NetworkPolicy ") }
    var handedOver: Set<String> = []
    var order: [String] = []
    for step in adoption.report.steps where step.title.hasPrefix("hand over") {
      for object in step.objects {
        let place = try #require(object.firstMatch(of: /^([^:]+): (.*) \((.*):(\d+)\)$/))
        let key = "\(place.1) \(place.2)"
        handedOver.insert(key)
        order.append(key)
        let path = String(place.3)
        files[path] = try Self.without(String(place.2), try #require(files[path]), path)
      }
      let emitted = try Self.emitted(files)
      #expect(emitted == handedOver, "after '\(step.title)'")
      // Policies that were there are there: with their owner, or emitted.
      let kept = live.subtracting(handedOver)
      #expect(policies.isSubset(of: kept.union(emitted)), "after '\(step.title)'")
      #expect(live.isSubset(of: kept.union(emitted)), "after '\(step.title)'")
    }
    #expect(handedOver == live)
    // Whatever admits is handed over before what asks.
    let claims = order.firstIndex { $0.contains(" TransportServerClaim ") } ?? order.count
    #expect(order[claims...].allSatisfy { $0.contains(" TransportServerClaim ") })
    #expect(policies.isSubset(of: order[..<claims]))
  }

  /// The objects that a build emits for manifests, by cluster.
  private static func emitted(_ files: [String: [UInt8]]) throws -> Set<String> {
    let compilation = try AdoptionCase.compiler.get().compile(MemorySnapshot(files))
    #expect(
      compilation.findings.filter { $0.severity == .error && $0.suppression == nil }.map(\.message) == [])
    var result: Set<String> = []
    for file in compilation.output.files where file.unit != nil && file.path.contains("/manifests/") {
      let root = try #require(Tree.parse(SourceFile(path: file.path, bytes: file.content)).tree.root)
      let cluster = file.path.split(separator: "/")[1]
      result.insert(
        "\(cluster) \(root["kind"]?.text ?? "") \(root.at("metadata", "namespace")?.text ?? "")/\(root.at("metadata", "name")?.text ?? "")"
      )
    }
    return result
  }

  /// A file without one object: its document goes as a whole.
  private static func without(_ object: String, _ bytes: [UInt8], _ path: String) throws -> [UInt8] {
    let tree = Tree.parse(SourceFile(path: path, bytes: bytes)).tree
    let document = try #require(
      tree.documents.first {
        "\($0["kind"]?.text ?? "") \($0.at("metadata", "namespace")?.text ?? "")/\($0.at("metadata", "name")?.text ?? "")"
          == object
      }, "\(object) is not in \(path)")
    var rest = bytes
    rest.replaceSubrange(document.range.start..<document.range.end, with: Array("null\n".utf8))
    return rest
  }
}
