import Diagnostics
import Foundation
import Patterns
import TestSupport
import Testing
import YAMLTree

@testable import JSONSchema

/// Damaged objects and damaged schemas: both ways of checking agree, every violation has words, and
/// nothing traps.
@Suite struct MutationTests {
  private static let scraps = [
    "null", "{}", "[]", "-1", "9223372036854775808", "1e999999999999999999999", ".inf", ".nan", "on", "''",
    "{a: {b: []}}", "[[1], 1.0, 1]", "x", "~", "0x1F", "- a", "\"\\u0000\"", "70000", "true",
  ]

  /// Replaces a few values, drops a few lines.
  private func damaged(_ text: String, _ random: inout SeededGenerator) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let position = Int.random(in: 0..<lines.count, using: &random)
      if Int.random(in: 0..<4, using: &random) == 0 {
        lines.remove(at: position)
        if lines.isEmpty { return "" }
        continue
      }
      guard let colon = lines[position].range(of: ": ") else { continue }
      let scrap = Self.scraps[Int.random(in: 0..<Self.scraps.count, using: &random)]
      let comma = lines[position].hasSuffix(",") ? "," : ""
      lines[position] = lines[position][..<colon.upperBound] + scrap + comma
    }
    return lines.joined(separator: "\n")
  }

  @Test func damagedObjects() throws {
    let seed = SeededGenerator.seed()
    var random = SeededGenerator(seed: seed)
    let schemas = try KubernetesSchemaTests.load()
    var broken = 0
    for name in CorpusTests.files {
      let text = String(
        decoding: try Data(contentsOf: CorpusTests.directory.appendingPathComponent(name)), as: UTF8.self)
      for chunk in text.components(separatedBy: "\n---\n") {
        for _ in 0..<20 {
          let source = damaged(chunk, &random)
          for node in Tree.parse(text: source, path: name).tree.documents {
            guard let schema = schemas.schema(for: node) else { continue }
            let violations = schema.validate(node)
            #expect(schema.isValid(node) == violations.isEmpty, "seed \(seed): \(source)")
            #expect(violations.allSatisfy { !ViolationText($0).message.isEmpty })
            if !violations.isEmpty { broken += 1 }
          }
        }
      }
    }
    #expect(broken > 100, "seed \(seed)")
  }

  @Test func damagedSchemas() throws {
    let seed = SeededGenerator.seed()
    var random = SeededGenerator(seed: seed)
    let object = try parsed(
      "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 1}]}}")
    var registry = SchemaRegistry()
    registry.add(
      try parsed(file: KubernetesSchemaTests.directory.appendingPathComponent("definitions.json")),
      at: KubernetesSchemas.base + "definitions.json")
    var patterns: [String: Pattern] = [:]
    var refused = 0
    var compiled = 0
    for name in ["service-v1.json", "endpoints-v1.json", "networkpolicy-networking.k8s.io-v1.json"] {
      let url = KubernetesSchemaTests.directory.appendingPathComponent(name)
      let text = String(decoding: try Data(contentsOf: url), as: UTF8.self)
      for _ in 0..<60 {
        let source = damaged(text, &random)
        guard let root = Tree.parse(text: source, path: name).tree.root else { continue }
        do {
          let schema = try CompiledSchema.compile(
            root: root, at: "", registry: registry,
            options: SchemaOptions(dialect: .openAPIv3, assertsFormats: true), patterns: &patterns)
          compiled += 1
          #expect(schema.isValid(object) == schema.validate(object).isEmpty, "seed \(seed): \(source)")
        } catch {
          refused += 1
          #expect(!error.faults.isEmpty)
        }
      }
    }
    #expect(refused > 0 && compiled > 0, "seed \(seed)")
  }
}
