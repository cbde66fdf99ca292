import Foundation
import TestSupport
import Testing

/// Command lines that cannot mean what they say: the program says so, and answers nothing that could be taken for an
/// answer.
@Suite struct UsageTests {
  private static func run(_ arguments: [String], input: String? = nil) throws -> Program.Output {
    try FleetRepository.program.run(
      arguments, input: input.map { Array($0.utf8) } ?? [], in: Repository.path("examples/porter-pair"))
  }

  @Test(arguments: [
    (["validate", "--workloads", "golddd=workloads/gold"], "there is no Cluster 'golddd'"),
    (["build", "--dry-run", "--workloads", "golddd=workloads/gold"], "there is no Cluster 'golddd'"),
    (["graph", "--namespace", "nope"], "no connection begins or ends in a namespace 'nope'"),
    (["graph", "--link", "nope"], "there is no Link 'nope'"),
    (["graph", "--cluster", "nope"], "no connection begins or ends in a Cluster 'nope'"),
    (["explain", "."], "'.' is a fleet"),
    (["validate", "--format", "json", "--format", "sarif"], "two reports would go to standard output"),
    (["observe", "--cluster", "gold", "-A", "-n", "a1b2c3-dev", "-f", "-"], "were all namespaces asked for"),
    (["observe", "--cluster", "gold", "-f", "/dev/null"], "write '-' for standard input"),
    (["schema", "-o", "markdown", "networkpolicy"], "the reference page has no kind 'networkpolicy'"),
  ])
  func isRefused(_ arguments: [String], _ message: String) throws {
    let output = try Self.run(arguments)
    #expect(output.status == 2)
    #expect(output.errorText.contains(message), "\(output.errorText)")
    #expect(output.stdout.isEmpty)
  }

  /// Formatting standard input: what is checked is not printed.
  @Test func formatChecksStandardInput() throws {
    let text = "kind: Connection\napiVersion: linkwright.dev/v1alpha1\n"
    let unformatted = try Self.run(["fmt", "--check", "-"], input: text)
    #expect(unformatted.status == 1 && unformatted.stdout.isEmpty, "\(unformatted.errorText)")
    let formatted = try Self.run(["fmt", "-"], input: text)
    #expect(formatted.status == 0 && !formatted.stdout.isEmpty, "\(formatted.errorText)")
    let again = try Self.run(["fmt", "--check", "-"], input: formatted.text)
    #expect(again.status == 0 && again.stdout.isEmpty, "\(again.errorText)")
    let nothing = try Self.run(["fmt", "-"], input: "")
    #expect(nothing.status == 2 && nothing.errorText.contains("standard input is empty"))
  }

  @Test func schemaListsKinds() throws {
    let names = try Self.run(["schema"]).text.split(separator: "\n")
    #expect(names.contains("connection"))
    #expect(!names.contains { $0.hasSuffix("definitions") || $0 == "draft-07" })
    let page = try Self.run(["schema", "-o", "markdown", "Connection"]).text
    #expect(page.hasPrefix("## Connection"), "\(page.prefix(80))")
    #expect(!page.contains("## Fleet"))
    #expect(try Self.run(["completion", "bash"]).text.contains("connection Connection"))
  }
}
