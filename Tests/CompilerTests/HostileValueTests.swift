import Compiler
import Testing

/// Values that a parser takes and arithmetic does not: each is a finding or nothing, never the end of the program.
@Suite struct HostileValueTests {
  struct Edit: Sendable, CustomTestStringConvertible {
    let path: String
    let old: String
    let new: String
    var testDescription: String { new }
  }

  static let edits = [
    Edit(
      path: "workloads/gold/yourservice.yaml", old: "    name: yourappslabel\n  ports",
      new: "    name: yourappslabel\n    name: yourappslabel\n  ports"),
    Edit(
      path: "workloads/gold/yourservice.yaml", old: "  annotations:\n",
      new: "  annotations:\n    argocd.argoproj.io/sync-wave: \"9223372036854775807\"\n"),
    Edit(
      path: "connections/yourservice.yaml", old: "ports: [8000]", new: "ports: [1e9223372036854775807]"),
  ]

  @Test(arguments: edits) func isSurvived(_ edit: Edit) throws {
    var files = try FixtureFleet(directory: "examples/porter-pair").files
    let text = String(decoding: try #require(files[edit.path]), as: UTF8.self)
    #expect(text.contains(edit.old))
    files[edit.path] = Array(text.replacing(edit.old, with: edit.new).utf8)
    _ = try FixtureFleet(files).compile()
  }

  /// JSON has numbers that YAML takes for text.
  @Test func exponentsOfJSON() throws {
    var files = try FixtureFleet(directory: "examples/porter-pair").files
    files["connections/yourservice.yaml"] = nil
    files["connections/yourservice.json"] = Array(
      """
      {"apiVersion":"linkwright.dev/v1alpha1","kind":"Connection","metadata":{"name":"c","namespace":"yourlicenceplate-dev"},
      "spec":{"from":[{"clusters":["golddr"]}],"to":{"clusters":["gold"],"service":"yourservice","ports":[1e9223372036854775807]}}}
      """.utf8)
    #expect(try FixtureFleet(files).compile().failed)
  }
}
