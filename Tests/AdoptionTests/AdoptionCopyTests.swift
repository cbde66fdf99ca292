import Adoption
import Compiler
import Diagnostics
import Snapshot
import TestSupport
import Testing

/// Objects that stand in several places.
@Suite struct AdoptionCopyTests {
  /// Of a Service that stands twice, with different content, the first counts, also for what is recorded.
  @Test func firstOfTwoServicesCounts() throws {
    let other = AdoptionInputTests.service.replacing("8000", with: "9000")
    let text = AdoptionInputTests.good + "---\n" + other
    let request = AdoptionRequest(
      clusters: [
        AdoptionRequest.Cluster(
          name: "gold", files: [SourceFile(path: "gold.yaml", bytes: Array(text.utf8))], path: nil)
      ], fleetName: "fleet")
    let adoption = try Adoption(
      request, in: MemorySnapshot(texts: [:]), compiler: try AdoptionCase.compiler.get())
    #expect(adoption.findings.contains { $0.rule.id == "LW9004" })
    #expect(
      !adoption.findings.contains { $0.severity == .error && $0.suppression == nil }, "\(adoption.goldenText)"
    )
    #expect(adoption.report.count(.equivalent) == 1 && adoption.report.count(.different) == 0)
    let record = try #require(adoption.files.first { $0.path == "recorded/gold/a1b2c3-dev.yaml" })
    let recorded = String(decoding: record.content, as: UTF8.self)
    #expect(recorded.contains("8000") && !recorded.contains("9000"))
  }
}
