import Adoption
import Compiler
import Diagnostics
import Foundation
import Snapshot
import TestSupport
import Testing

/// Manifests in, a specification and a report out. `UPDATE_GOLDEN=1 swift test --filter AdoptionCaseTests` rewrites them.
@Suite struct AdoptionCaseTests {
  @Test func thereAreCases() { #expect(AdoptionCase.all.count >= 10) }

  @Test(arguments: AdoptionCase.all)
  func caseGivesItsDocumentsAndReport(_ example: AdoptionCase) throws {
    let adoption = try example.adopt()
    let expected = try example.files("expected")
    for file in adoption.files {
      if let difference = Golden.difference(file.content, from: "\(example.path)/expected/\(file.path)") {
        Issue.record(Comment(rawValue: difference))
      }
    }
    for path in expected.keys.sorted() where adoption.writtenFiles[path] == nil {
      if Golden.isUpdating {
        try FileManager.default.removeItem(atPath: Repository.path("\(example.path)/expected/\(path)"))
      }
      Issue.record("\(path) is not written any more")
    }
    if let difference = Golden.difference(adoption.goldenText, from: "\(example.path)/report.txt") {
      Issue.record(Comment(rawValue: difference))
    }
  }

  /// Once it is written, nothing is left to be written, whatever a person changed in between.
  @Test(arguments: AdoptionCase.all)
  func secondRunWritesNothing(_ example: AdoptionCase) throws {
    let first = try example.adopt()
    guard !first.isRefused else { return }
    let again = try example.adopt(over: first.writtenFiles)
    #expect(again.files.map(\.path) == [])
    #expect(again.report.lines.map(\.object) == first.report.lines.map(\.object))
    var edited = first.writtenFiles
    for (path, content) in edited where path.hasPrefix("connections/") {
      edited[path] = content + Array("# a person was here\n".utf8)
    }
    #expect(try example.adopt(over: edited).files.isEmpty)
  }

  /// What is written has no errors of its own: the specification compiles as it stands.
  @Test(arguments: AdoptionCase.all)
  func specificationCompiles(_ example: AdoptionCase) throws {
    let adoption = try example.adopt()
    // What these leave where it is is an error of its own.
    guard !adoption.isRefused, !["faults", "lone-claim-in-secondary"].contains(example.name) else { return }
    let files = try example.files("fleet").merging(adoption.writtenFiles) { $1 }
    let compilation = try AdoptionCase.compiler.get().compile(MemorySnapshot(files))
    let errors = compilation.findings.filter { $0.severity == .error && $0.suppression == nil }
    #expect(errors.map(\.message) == [])
  }

  @Test(arguments: AdoptionCase.all)
  func runsAgreeToTheByte(_ example: AdoptionCase) throws {
    let (a, b) = (try example.adopt(), try example.adopt())
    #expect(a.goldenText == b.goldenText && a.files == b.files)
    #expect(a.json(version: "1") == b.json(version: "1"))
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(a.json(version: "1").utf8)) }
  }

  /// Secrets that a dump holds go nowhere.
  @Test func secretsAreNotWritten() throws {
    let adoption = try AdoptionCase(name: "dump").adopt()
    for text in [adoption.goldenText] + adoption.files.map({ String(decoding: $0.content, as: UTF8.self) }) {
      #expect(!text.contains("c2VjcmV0LXRleHQ") && !text.contains("secret-text"))
    }
  }
}
