import Diagnostics
import Expressions
import Testing
import YAMLTree

/// Where a part of a scalar's text is found in its file.
@Suite struct ScalarPlacesTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let yaml: String
    /// What is looked for in the text, and what must stand at the place in the source.
    let part: String
    let source: String
    var testDescription: String { yaml }

    init(_ yaml: String, _ part: String, _ source: String? = nil) {
      self.yaml = yaml
      self.part = part
      self.source = source ?? part
    }
  }

  @Test(arguments: [
    Case("a: self.owner == 1\n", "owner"),
    Case("a: 'self.owner == \"x\"'\n", "\"x\""),
    Case("a: 'it''s self.owner'\n", "owner"),
    Case("a: \"self.owner == \\\"x\\\" && b\"\n", "&& b"),
    Case("a: \"\\u00e9\\x41 owner\"\n", "owner"),
    Case("a: \"one \\\n   owner\"\n", "owner"),
    Case("a: |\n  self.a &&\n    self.owner\n", "owner"),
    Case("a: |-\n\n  self.a\n\n  self.owner\n", "owner"),
    Case("a: >-\n  self.a &&\n  self.owner\n", "self.owner"),
    Case("a: self.a &&\n  self.owner\n", "owner"),
    Case("a: 'self.a &&\n\n  self.owner'\n", "owner"),
    Case("a: \"ü == ö && owner\"\n", "owner"),
  ])
  func partIsFound(_ example: Case) throws {
    let tree = Tree.parse(text: example.yaml, path: "a.yaml").tree
    let node = try #require(tree.root?["a"])
    let text = Array(node.text.utf8)
    let part = Array(example.part.utf8)
    let start = try #require(
      (0...text.count - part.count).first { text[$0..<$0 + part.count].elementsEqual(part) })
    let range = ScalarPlaces(node).range(start..<start + part.count)
    let source = String(decoding: Array(example.yaml.utf8)[range.start..<range.end], as: UTF8.self)
    #expect(source == example.source)
  }

  /// Whatever range is asked for lies within the scalar.
  @Test(arguments: ["a: ''\n", "a: \"\"\n", "a: |\n", "a: x\n", "a: \"\\n\\n\"\n"])
  func everyRangeIsInside(_ yaml: String) throws {
    let node = try #require(Tree.parse(text: yaml, path: "a.yaml").tree.root?["a"])
    let places = ScalarPlaces(node)
    for range in [0..<0, 0..<1, 5..<9, 2..<2] {
      let place = places.range(range)
      #expect(place.start <= place.end && place.end <= yaml.utf8.count)
    }
  }
}
