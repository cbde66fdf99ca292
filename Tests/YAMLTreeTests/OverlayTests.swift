import Diagnostics
import TestSupport
import Testing
import YAMLTree

/// Mappings laid over one another: what stands, and where it was written.
@Suite struct OverlayTests {
  private func laid(_ text: String, alternatives: [[String]] = []) throws -> Node {
    let tree = Tree.parse(text: text, path: "a.yaml").tree
    let root = try #require(tree.root)
    let layers = root.at("spec", "overrides")?.elements.map { $0 } ?? []
    return TreeOverlay(alternatives: alternatives).document(
      root, key: "spec", layers: layers, without: ["overrides"], and: ["where"])
  }

  private func text(_ node: Node?) -> String {
    node.map { String(decoding: YAMLWriter.write($0), as: UTF8.self) } ?? ""
  }

  @Test func mappingsJoinAndTheRestIsReplaced() throws {
    let node = try laid(
      """
      kind: A
      spec:
        a: {x: 1, y: {z: 2}}
        b: [1, 2]
        c: plain
        overrides:
        - {where: here, a: {y: {w: 3}}, b: [9]}
        - {a: {x: 5}, c: {d: 1}, e: "new\\n"}
      """)
    let expected = Tree.parse(
      text: "kind: A\nspec: {a: {x: 5, y: {z: 2, w: 3}}, b: [9], c: {d: 1}, e: \"new\\n\"}\n", path: "b.yaml")
    #expect(node.isEqual(to: try #require(expected.tree.root)), "\(text(node))")
  }

  @Test func everyNodeKeepsItsPlace() throws {
    let source = "spec:\n  a: {x: one, \"y\\u0041\": two}\n  overrides:\n  - a: {x: &v three}\n    q: *v\n"
    let node = try laid(source)
    let bytes = Array(source.utf8)
    func written(_ node: Node?) throws -> String {
      let range = try #require(node?.range)
      return String(decoding: bytes[range.start..<range.end], as: UTF8.self)
    }
    #expect(try written(node.at("spec", "a", "x")).hasSuffix("three"))
    #expect(try written(node.at("spec", "a", "yA")) == "two")
    #expect(try written(node["spec"]?["a"]?.key("yA")) == "\"y\\u0041\"")
    #expect(node.at("spec", "q")?.text == "three")
    #expect(node.tree.file === node.at("spec", "a")?.tree.file)
  }

  @Test func oneOfSeveralWaysTakesThePlaceOfTheOthers() throws {
    let source = "spec:\n  to: {service: a, ports: [1]}\n  overrides:\n  - to: {services: [b]}\n"
    let node = try laid(source, alternatives: [["service", "services"]])
    #expect(text(node["spec"]) == "to:\n  ports:\n  - 1\n  services:\n  - b\n")
    #expect(text(try laid(source)["spec"]).contains("service: a"))
  }
}
