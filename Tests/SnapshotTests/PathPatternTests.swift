import Snapshot
import TestSupport
import Testing

@Suite struct PathPatternTests {
  @Test(arguments: [
    ("workloads/{cluster}/**", "workloads/gold/a/b.yaml", "gold"),
    ("workloads/{cluster}/**", "workloads/gold/b.yaml", "gold"),
    ("{cluster}/*.yaml", "silver/x.yaml", "silver"),
    ("apps/*/envs/{cluster}/**", "apps/db/envs/gold/x/y.yaml", "gold"),
    ("**/k8s-{cluster}/**", "a/b/k8s-gold/z.yaml", "gold"),
  ])
  func captures(pattern: String, path: String, cluster: String) throws {
    #expect(try PathPattern(pattern).match(path)?.cluster == cluster)
  }

  @Test(arguments: [
    ("**/overlays/**", "a/overlays/b.yaml", true),
    ("**/overlays/**", "overlays/b.yaml", true),
    ("**/overlays/**", "a/overlay/b.yaml", false),
    ("connections/**/*.yaml", "connections/x.yaml", true),
    ("connections/**/*.yaml", "connections/a/b/x.yaml", true),
    ("connections/**/*.yaml", "connections/a/b/x.json", false),
    ("{cluster}/**", "linkwright.yaml", false),
    ("overlays/**", "overlays", false),
    ("**", "linkwright.yaml", true),
    ("a*c?", "abbcd", true),
    ("a*c?", "abbc", false),
  ])
  func matches(pattern: String, path: String, expected: Bool) throws {
    #expect((try PathPattern(pattern).match(path) != nil) == expected)
  }

  @Test(arguments: [
    ("workloads/{cluster}/**", "workloads", true),
    ("workloads/{cluster}/**", "workloads/gold/deep", true),
    ("workloads/{cluster}/**", "rendered", false),
    ("clusters/*.yaml", "clusters/deep", false),
  ])
  func prunes(pattern: String, directory: String, expected: Bool) throws {
    #expect(try PathPattern(pattern).mayMatch(below: directory) == expected)
  }

  @Test(arguments: ["", "/abs", "a/../b", "x/{env}/y", "{cluster", "!"])
  func refuses(pattern: String) {
    #expect(throws: PathPattern.Fault.self) { try PathPattern(pattern) }
  }

  /// Patterns that a backtracking matcher takes exponential time for.
  @Test(arguments: [
    "a/" + String(repeating: "**/", count: 14) + "x.yaml",
    "a/" + String(repeating: "**/*a*a/", count: 14) + "x.yaml",
    String(repeating: "**/{cluster}/", count: 2) + String(repeating: "**/a?a/", count: 10) + "x.yaml",
  ])
  func manyDepthsEnd(_ text: String) throws {
    let pattern = try PathPattern(text)
    let path = "a/" + String(repeating: "aaa/", count: 120)
    let time = ProcessorTime.measure {
      #expect(pattern.match(path + "y.yaml") == nil)
    }
    #expect(time < .seconds(30))
    #expect(pattern.match("a/b/b/" + String(repeating: "aaa/", count: 30) + "x.yaml") != nil)
  }

  /// Against a matcher that tries everything.
  @Test func depthsAgreeWithTryingAll() throws {
    func tries(_ pattern: ArraySlice<String>, _ parts: ArraySlice<String>) -> Bool {
      guard let first = pattern.first else { return parts.isEmpty }
      if first == "**" {
        if pattern.count == 1 { return !parts.isEmpty }
        return (0...parts.count).contains { tries(pattern.dropFirst(), parts.dropFirst($0)) }
      }
      guard let part = parts.first else { return false }
      return (first == "*" || first == part) && tries(pattern.dropFirst(), parts.dropFirst())
    }
    var generator = SeededGenerator(seed: SeededGenerator.seed())
    for _ in 0..<3000 {
      let pattern = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
        ["**", "*", "a", "b"].randomElement(using: &generator) ?? "a"
      }
      let parts = (0..<Int.random(in: 1...7, using: &generator)).map { _ in
        ["a", "b"].randomElement(using: &generator) ?? "a"
      }
      let (text, path) = (pattern.joined(separator: "/"), parts.joined(separator: "/"))
      #expect(
        (try PathPattern(text).match(path) != nil) == tries(pattern[...], parts[...]), "\(text) \(path)")
    }
  }
}
