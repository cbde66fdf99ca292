import Diagnostics
import Foundation
import TestSupport
import Testing
import YAMLTree

@testable import JSONSchema

private let python = repository.appendingPathComponent(".venv/bin/python")

/// Runs a program and returns what it prints; nil when it fails or cannot be run.
private func output(of program: URL, _ arguments: [String]) -> String? {
  guard FileManager.default.isExecutableFile(atPath: program.path) else { return nil }
  let output = try? Program(path: program.path).run(arguments)
  return output?.status == 0 ? output?.text : nil
}

private let hasKubernetesValidate = output(of: python, ["-c", "import kubernetes_validate"]) != nil

/// One document of a corpus file. Its first lines are comments:
/// `# valid` or `# broken`, both with `; stricter: why` when kubernetes-validate says otherwise,
/// then one `# > message` for each violation that is expected.
private struct Sample {
  let line: Int
  let isValid: Bool
  let stricter: String?
  let messages: [String]
  let node: Node
}

@Suite struct CorpusTests {
  static let directory = repository.appendingPathComponent("Tests/JSONSchemaTests/Corpus")
  static let files = ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [])
    .filter { $0.hasSuffix(".yaml") }.sorted()

  private func samples(_ name: String) throws -> [Sample] {
    let url = Self.directory.appendingPathComponent(name)
    let file = SourceFile(path: name, bytes: Array(try Data(contentsOf: url)))
    let result = Tree.parse(file)
    try #require(result.findings.isEmpty, "\(result.findings.map(\.message))")
    let chunks = String(decoding: file.bytes, as: UTF8.self).components(separatedBy: "\n---\n")
    let documents = result.tree.documents
    try #require(chunks.count == documents.count)
    var line = 1
    return try zip(chunks, documents).map { chunk, node in
      let comments = chunk.split(separator: "\n", omittingEmptySubsequences: false)
        .prefix { $0.hasPrefix("#") }
      let parts = try #require(comments.first).dropFirst(2).components(separatedBy: "; stricter: ")
      try #require(parts[0] == "valid" || parts[0] == "broken", "\(name):\(line): \(parts[0])")
      defer { line += chunk.split(separator: "\n", omittingEmptySubsequences: false).count + 1 }
      return Sample(
        line: line, isValid: parts[0] == "valid", stricter: parts.count > 1 ? parts[1] : nil,
        messages: comments.filter { $0.hasPrefix("# > ") }.map { String($0.dropFirst(4)) }, node: node)
    }
  }

  @Test(arguments: files)
  func verdictsAndMessages(name: String) throws {
    let schemas = try KubernetesSchemaTests.load()
    for sample in try samples(name) {
      let schema = try #require(schemas.schema(for: sample.node), "\(name):\(sample.line): no schema")
      let messages = schema.validate(sample.node).map { ViolationText($0).message }
      #expect(messages == sample.messages, "\(name):\(sample.line)")
      #expect(schema.isValid(sample.node) == sample.isValid, "\(name):\(sample.line)")
    }
  }

  @Test(
    .enabled(if: hasKubernetesValidate, "the PyPI package kubernetes-validate is not in .venv"),
    arguments: files)
  func sameVerdictAsKubernetesValidate(name: String) throws {
    let script = Self.directory.appendingPathComponent("verdicts.py").path
    let path = Self.directory.appendingPathComponent(name).path
    let verdicts = try #require(output(of: python, [script, path])).split(separator: "\n")
    let samples = try samples(name)
    try #require(verdicts.count == samples.count)
    for (sample, verdict) in zip(samples, verdicts) where verdict != "unknown" {
      let place: Comment = "\(name):\(sample.line): kubernetes-validate says \(verdict)"
      if sample.stricter != nil {
        #expect(!sample.isValid && verdict == "valid", place)
      } else {
        #expect(sample.isValid == (verdict == "valid"), place)
      }
    }
  }
}
