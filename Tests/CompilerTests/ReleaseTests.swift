import Compiler
import Diagnostics
import FleetSpec
import Foundation
import Snapshot
import TestSupport
import Testing
import YAMLTree

/// What a release's examples said is read by every later one. `Releases/<version>` holds their sources as they were.
@Suite struct ReleaseTests {
  static let folder = "Tests/CompilerTests/Releases"
  static let examples = FixtureFleet.directories(in: folder).flatMap { release in
    FixtureFleet.directories(in: "\(folder)/\(release)").map { "\(release)/\($0)" }
  }

  /// A release keeps the examples that it had.
  @Test func releasesHaveExamples() {
    #expect(FixtureFleet.directories(in: Self.folder).contains("0.1"))
    #expect(Self.examples.count >= 6)
  }

  @Test(arguments: examples)
  func oldExampleCompiles(_ example: String) throws {
    let compilation = try FixtureFleet(directory: "\(Self.folder)/\(example)").compile()
    let errors = compilation.findings.filter { $0.severity == .error }
    #expect(errors.map(\.goldenText) == [])
    #expect(!compilation.failed && compilation.objects > 0)
  }

  /// Upgraded documents say the same and use no old spelling.
  @Test(arguments: examples)
  func upgradeChangesNoOutput(_ example: String) throws {
    let fleet = try FixtureFleet(directory: "\(Self.folder)/\(example)")
    var files = fleet.files
    for (path, bytes) in files where path.hasSuffix(".yaml") {
      files[path] = SpecFormatter.format(SourceFile(path: path, bytes: bytes), upgrades: true).bytes
    }
    let (old, new) = (try fleet.compile(), try FixtureFleet(files).compile())
    #expect(old.writtenFiles == new.writtenFiles)
    #expect(!new.findings.contains { $0.rule.id == "LW9107" })
  }

  @Test func oldSpellingIsFoundAndReplaced() throws {
    let text =
      "apiVersion: linkwright.dev/v1alpha1\nkind: Link\nmetadata: {name: a}\nspec:\n  porter:\n    primary: gold\n    networkPolicy: {ports: all}   # as the documentation has it\n"
    let file = SourceFile(path: "links/a.yaml", bytes: Array(text.utf8))
    let upgraded = SpecFormatter.format(file, upgrades: true)
    #expect(
      String(decoding: upgraded.bytes, as: UTF8.self)
        == text.replacing("ports: all", with: "restrictPorts: false"))
    #expect(SpecFormatter.format(file, upgrades: false).bytes == file.bytes)
  }
}

/// One form for the documents of a specification, comments and meaning untouched.
@Suite struct FormattingTests {
  private static let head = "apiVersion: linkwright.dev/v1alpha1\nkind: Link\n"

  private func format(_ text: String) -> String {
    String(
      decoding: SpecFormatter.format(SourceFile(path: "a.yaml", bytes: Array(text.utf8)), upgrades: false)
        .bytes,
      as: UTF8.self)
  }

  @Test(arguments: [
    // Depth, lists, comments, blanks, line ends.
    (
      "\u{FEFF}kind: Link\r\n# what it is\r\napiVersion: linkwright.dev/v1alpha1\r\nmetadata:\r\n    name: a   \r\n\r\n\r\n    labels:   # why\r\n        x: y\r\nspec:\r\n    overrides:\r\n      # the other side\r\n      - clusters:\r\n          - golddr\r\n        porter: {networkPolicy: {name: x}}\r\n    porter:\r\n        primary: gold\r\n\r\n",
      "# what it is\napiVersion: linkwright.dev/v1alpha1\nkind: Link\nmetadata:\n  name: a\n\n  labels:   # why\n    x: y\nspec:\n  overrides:\n  # the other side\n  - clusters:\n    - golddr\n    porter: {networkPolicy: {name: x}}\n  porter:\n    primary: gold\n"
    ),
    // Texts keep their blanks and their depth below the key.
    (
      head
        + "metadata:\n    annotations:\n        a: |\n            one  \n\n\n              two\n        b: plain\n            text\nspec: {}",
      head
        + "metadata:\n  annotations:\n    a: |\n        one  \n\n\n          two\n    b: plain\n        text\nspec: {}\n"
    ),
    // Flow style, quotes and further blanks behind a dash are the author's.
    (
      head
        + "metadata: {name:   'a'}\nspec:\n  porter:\n    list:\n      -   a: 1\n          b: [1,\n            2]\n",
      head
        + "metadata: {name:   'a'}\nspec:\n  porter:\n    list:\n    -   a: 1\n        b: [1,\n          2]\n"
    ),
    // A header comment stays at the top, also where keys move.
    (
      "# head\n\nkind: Link\napiVersion: linkwright.dev/v1alpha1\n",
      "# head\n\napiVersion: linkwright.dev/v1alpha1\nkind: Link\n"
    ),
    // Several documents; where anchors name things the order of keys is part of the meaning.
    (
      "kind: Link\napiVersion: linkwright.dev/v1alpha1\n---\nkind: Link\napiVersion: linkwright.dev/v1alpha1\n",
      "apiVersion: linkwright.dev/v1alpha1\nkind: Link\n---\napiVersion: linkwright.dev/v1alpha1\nkind: Link\n"
    ),
    (
      "kind: Link\napiVersion: linkwright.dev/v1alpha1\nmetadata: &m {name: a}\nspec: {x: *m}\n",
      "kind: Link\napiVersion: linkwright.dev/v1alpha1\nmetadata: &m {name: a}\nspec: {x: *m}\n"
    ),
  ])
  func canonicalForm(_ text: String, _ expected: String) {
    #expect(format(text) == expected)
    #expect(format(expected) == expected)
  }

  @Test(arguments: [
    "kind: ConfigMap\napiVersion: v1\n", "a: [1\n", "",
    "apiVersion: linkwright.dev/v1alpha1\nkind: a\nkind: b\n",
  ])
  func othersAreLeftAlone(_ text: String) {
    let file = SourceFile(path: "a.yaml", bytes: Array(text.utf8))
    let result = SpecFormatter.format(file, upgrades: true)
    #expect(result.bytes == file.bytes && result.reason != nil)
  }

  /// Whatever is done to the white space of a document: its meaning and its comments stay, twice is once. A failure
  /// names the seed.
  @Test(arguments: 0..<300) func formattingKeepsMeaning(_ seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let examples = try FixtureFleet(directory: "Tests/CompilerTests/Releases/0.1").files.filter {
      !$0.key.contains("/workloads/") && !$0.key.contains("/observed/") && $0.key.hasSuffix(".yaml")
    }.sorted { $0.key < $1.key }
    var lines = String(
      decoding: examples[Int.random(in: 0..<examples.count, using: &generator)].value, as: UTF8.self
    ).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for _ in 0..<4 {
      let index = Int.random(in: 0..<lines.count, using: &generator)
      switch Int.random(in: 0..<5, using: &generator) {
      case 0: lines.insert("", at: index)
      case 1: lines[index] += "  "
      case 2: lines.insert("# a comment {with: signs} - here", at: index)
      case 3: lines[index] = "  " + lines[index]
      default:
        lines = lines.map {
          $0.isEmpty ? $0 : String(repeating: " ", count: $0.prefix { $0 == " " }.count) + $0
        }
      }
    }
    let text = lines.joined(separator: "\n")
    let once = format(text)
    #expect(format(once) == once, "seed \(seed)")
    let (old, new) = (Tree.parse(text: text, path: "a"), Tree.parse(text: once, path: "a"))
    guard old.findings.isEmpty else {
      #expect(once == text, "seed \(seed)")
      return
    }
    #expect(old.tree.documents.count == new.tree.documents.count, "seed \(seed)")
    for (a, b) in zip(old.tree.documents, new.tree.documents) {
      #expect(a.isEqual(to: b), "seed \(seed)\n\(once)")
    }
    #expect(text.count { $0 == "#" } == once.count { $0 == "#" }, "seed \(seed)")
  }

  /// The examples are in the form that fmt writes.
  @Test(arguments: ExampleFleet.all) func examplesAreFormatted(_ example: ExampleFleet) throws {
    for (path, bytes) in try example.fleet().files where path.hasSuffix(".yaml") {
      let result = SpecFormatter.format(SourceFile(path: path, bytes: bytes), upgrades: true)
      #expect(result.bytes == bytes, "\(example.path)/\(path)")
    }
  }
}
