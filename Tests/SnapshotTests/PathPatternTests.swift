import Snapshot
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
}
