import Compiler
import Diagnostics
import Foundation
import Output
import Snapshot
import TestSupport
import Testing

/// The same files give the same bytes: in any order, directory, locale and time zone, however the documents
/// are spread over files.
@Suite struct DeterminismTests {
  @Test(arguments: ConsumerTests.Source.all)
  func programGivesTheSameBytes(_ source: ConsumerTests.Source) throws {
    let files = try FixtureFleet(directory: source.directory).files.sorted { $0.key < $1.key }
    let first = try ScratchDirectory("first")
    try first.write(files.map { ($0.key, $0.value) })
    let second = try ScratchDirectory("a-second-directory")
    try second.write(files.reversed().map { ("below/another/\($0.key)", $0.value) })
    let reports = [try ScratchDirectory("reports"), try ScratchDirectory("other-reports")]
    let formats = reports.map { reports in
      ["json", "sarif", "github", "gitlab", "junit"].flatMap { ["--format", "\($0)=\(reports.path($0))"] }
        + ["--format", "text=-"]
    }
    let one = try Linkwright.program.run(
      ["build"] + formats[0] + [first.root], environment: ["LC_ALL": "C", "TZ": "UTC", "TMPDIR": "/tmp"])
    let two = try Linkwright.program.run(
      ["build"] + formats[1], in: second.path("below/another"),
      environment: [
        "LC_ALL": "tr_TR.UTF-8", "LANG": "de_DE.UTF-8", "TZ": "Pacific/Kiritimati", "HOME": "/nonexistent",
      ])
    #expect(one.status == two.status)
    #expect(one.status == 0 || one.status == 1, "\(one.errorText)")
    #expect(one.text == two.text)
    #expect(one.errorText == two.errorText)
    #expect(try reports[0].files().count == 5 && reports[0].files() == reports[1].files())
    #expect(try first.files() == second.files(below: "below/another"))
  }

  @Test(arguments: GoldenCase.all)
  func spreadingDocumentsChangesNothing(_ example: GoldenCase) throws {
    let fleet = try example.fleet()
    let expected = try Outcome(fleet.compile())
    let seed = SeededGenerator.seed()
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<6 {
      let shuffled = fleet.respread(&generator)
      let actual = try Outcome(shuffled.compile())
      #expect(actual.findings == expected.findings, "TEST_SEED=\(seed)")
      #expect(actual.files.keys.sorted() == expected.files.keys.sorted(), "TEST_SEED=\(seed)")
      for (path, text) in expected.files { #expect(actual.files[path] == text, "\(path), TEST_SEED=\(seed)") }
    }
  }

  /// The output on record is no input: with it in place the same comes out, and there is nothing to write.
  @Test(arguments: GoldenCase.all)
  func compilingAgainChangesNothing(_ example: GoldenCase) throws {
    let first = try example.fleet()
    let written = try first.compile().writtenFiles
    let second = FixtureFleet(first.files.merging(written) { $1 })
    let compilation = try second.compile()
    #expect(compilation.writtenFiles == written)
    #expect(try compilation.findingsText == first.compile().findingsText)
    let contents = second.files
    let change = try OutputChange(
      from: compilation.record, to: compilation.output, keeps: { compilation.isHeldBack($0) },
      blob: { entry throws(SnapshotError) in BlobID(of: contents[entry.path] ?? []) })
    #expect(compilation.failed || change.isEmpty, "\(change.items.map(\.path))")
    #expect(change.edited.isEmpty && change.foreign.isEmpty && change.missing.isEmpty)
  }

  /// What a compile gave, without the names of the files that the documents stood in.
  struct Outcome {
    let findings: [String]
    let files: [String: String]

    init(_ compilation: Compilation) {
      findings = compilation.findings.map { "\($0.rule.id) \($0.severity.word) \($0.message)" }.sorted()
      var files: [String: String] = [:]
      // Inventories name contents, which hold the origin.
      for (path, content) in compilation.writtenFiles where !path.hasSuffix(".lock") {
        files[path] = String(decoding: content, as: UTF8.self).split(separator: "\n")
          .filter { !$0.contains("config.kubernetes.io/origin") }.joined(separator: "\n")
      }
      self.files = files
    }
  }
}

extension FixtureFleet {
  /// The same documents in random order, in other files of the same kind.
  func respread(_ generator: inout SeededGenerator) -> FixtureFleet {
    var groups: [String: [String]] = [:]
    var kept: [String: [UInt8]] = [:]
    for (path, content) in files.sorted(by: { $0.key < $1.key }) {
      let parts = path.split(separator: "/")
      let group: String
      switch parts.first {
      case "clusters", "links", "connections": group = "connections"
      case "workloads" where path.hasSuffix(".yaml"), "observed":
        group = parts.prefix(2).joined(separator: "/")
      default:
        kept[path] = content
        continue
      }
      groups[group, default: []] += String(decoding: content, as: UTF8.self).components(
        separatedBy: "\n---\n")
    }
    for (group, documents) in groups.sorted(by: { $0.key < $1.key }) {
      let count = Int.random(in: 1...documents.count + 1, using: &generator)
      for document in documents.shuffled(using: &generator) {
        let path = "\(group)/\(Int.random(in: 0..<count, using: &generator)).yaml"
        kept[path, default: []] += Array("---\n\(document)\n".utf8)
      }
    }
    return FixtureFleet(kept)
  }
}
