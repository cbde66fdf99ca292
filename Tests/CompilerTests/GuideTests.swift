import Foundation
import TestSupport
import Testing

/// Guides are scripts: their blocks run, one after the other, on a copy of the example that each guide names, or in an
/// empty directory where it names none.
@Suite struct GuideTests {
  static let guides =
    ((try? FileManager.default.contentsOfDirectory(atPath: Repository.path("docs/guides"))) ?? [])
    .filter { $0.hasSuffix(".md") }.sorted()

  @Test func thereAreGuides() { #expect(Self.guides.count >= 4) }

  @Test(.enabled(if: Program.find("kubectl") != nil, "kubectl is not installed"), arguments: guides)
  func guideRuns(_ name: String) throws {
    let text = try String(contentsOfFile: Repository.path("docs/guides/\(name)"), encoding: .utf8)
    let scratch = NSTemporaryDirectory() + "linkwright-guide-\(UUID().uuidString.prefix(8))"
    if name == "from-nothing.md" {
      try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    } else {
      let example = try #require(text.firstMatch(of: /\[examples\/([a-z-]+)\]/)).1
      try FileManager.default.copyItem(atPath: Repository.path("examples/\(example)"), toPath: scratch)
    }
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    let bash = try #require(Program.find("bash"))
    let folder = Linkwright.program.path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let path =
      folder.joined(separator: "/") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
    let script = "set -euo pipefail\n" + Self.blocks(of: text).joined(separator: "\n")
    let output = try bash.run(["-c", script], in: scratch, environment: ["PATH": path])
    #expect(output.status == 0, "\(name)\n\(output.text.suffix(4000))\n\(output.errorText.suffix(4000))")
  }

  /// The lines of the blocks marked `sh`.
  private static func blocks(of text: String) -> [String] {
    var blocks: [String] = []
    var lines: [Substring]?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line == "```sh" {
        lines = []
      } else if line == "```", let block = lines {
        blocks.append(block.joined(separator: "\n") + "\n")
        lines = nil
      } else {
        lines?.append(line)
      }
    }
    return blocks
  }
}
