import Diagnostics
import Foundation
import Reachability
import TestSupport
import Testing

/// `explain` of a connection and of a file of the output.
@Suite struct ExplainTests {
  private static let fleet = Repository.path("Tests/CompilerTests/Fleets/porter-pair")
  private static let gitops = Repository.path("examples/tetrate-bookinfo-gitops")

  private static func explain(_ arguments: String...) throws -> Program.Output {
    try Linkwright.program.run(["explain"] + arguments)
  }

  private static func json(_ output: Program.Output) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(output.stdout)) as? [String: Any])
  }

  @Test func connectionIsATrace() throws {
    let output = try Self.explain(Self.fleet, "a1b2c3-dev/yourservice")
    #expect(output.status == 0, "\(output.errorText)")
    let first = try #require(output.text.split(separator: "\n").first)
    #expect(first.hasPrefix("a1b2c3-dev/yourservice: golddr → gold 8000/TCP") && first.hasSuffix("proved"))
    let hops = output.text.split(separator: "\n").compactMap { line -> String? in
      let words = line.split(separator: " ")
      return words.count > 1 && Int(words[0]) != nil ? String(words[1]) : nil
    }
    #expect(
      hops == [
        "client", "egress", "name", "address", "load-balancer", "service", "target-port", "ingress", "pod",
      ], "\(output.text)")
  }

  /// Verbosely: the manifests behind each hop, and the files that serve the connection, each of which explains itself.
  @Test func connectionNamesItsManifestsAndFiles() throws {
    let output = try Self.explain("-v", Self.fleet, "a1b2c3-dev/yourservice")
    #expect(output.text.contains("at workloads/gold/yourservice.yaml:"), "\(output.text)")
    let files = try #require(
      try Self.json(try Self.explain("-o", "json", Self.fleet, "a1b2c3-dev/yourservice"))["files"]
        as? [String])
    #expect(!files.isEmpty)
    for file in files {
      let one = try Self.explain(Self.fleet, file)
      #expect(one.status == 0 && one.text.contains("a1b2c3-dev/yourservice"), "\(file): \(one.text)")
    }
  }

  @Test func connectionAsJSON() throws {
    let object = try Self.json(try Self.explain("-o", "json", Self.fleet, "a1b2c3-dev/yourservice"))
    #expect(object["path"] as? String == "connections/yourservice.yaml" && object["line"] as? Int == 3)
    let traces = try #require(object["traces"] as? [[String: Any]])
    #expect(traces.map { $0["verdict"] as? String } == ["proved"])
    let hops = try #require(traces.first?["hops"] as? [[String: Any]])
    let balancer = try #require(hops.first { $0["hop"] as? String == "load-balancer" })
    #expect((balancer["nextSource"] as? String)?.contains("snat auto") == true)
    #expect(hops.allSatisfy { $0["state"] as? String == "holds" && $0["evidence"] != nil })
  }

  /// A file: what it is, why it is there, the template, the connection's place, and the source of each value.
  @Test func fileIsExplained() throws {
    let list = try Self.json(try Self.explain("-o", "json", Self.fleet, "a1b2c3-dev/yourservice"))
    let path = try #require((list["files"] as? [String])?.first { $0.contains("networkpolicy") })
    let text = try Self.explain(Self.fleet, path).text
    #expect(text.hasPrefix(path + "\n  NetworkPolicy a1b2c3-dev/"), "\(text)")
    #expect(
      text.contains("\n  why: ")
        && text.contains("\n  template: templates/porter/network-policy.yaml (built in)"))
    #expect(text.contains("\n  for: connections/yourservice.yaml:3 (a1b2c3-dev/yourservice)"), "\(text)")
    let object = try Self.json(try Self.explain("-o", "json", Self.fleet, path))
    #expect(object["connections"] as? [String] == ["a1b2c3-dev/yourservice"])
    let sources = try #require(object["sources"] as? [[String: Any]])
    // Every source is a line of a file of the fleet that exists.
    for source in sources {
      let file = try #require(source["path"] as? String)
      let line = try #require(source["line"] as? Int)
      let content = try String(contentsOfFile: "\(Self.fleet)/\(file)", encoding: .utf8)
      #expect(line >= 1 && line <= content.split(separator: "\n", omittingEmptySubsequences: false).count)
    }
  }

  /// An overridden template is named as the fleet's own, and paths are taken as people type them.
  @Test func overriddenTemplateIsNamed() throws {
    let directory = try ScratchDirectory()
    let files = try FixtureFleet(base: "porter-pair").overlaid(
      by: JudgementTests.policyTemplate(
        "{matchLabels: \"${policy.podSelector}\"}",
        "{from: [{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}}], ports: [{port: 8000}]}"
      )
    ).files
    try directory.write(files)
    let list = try Self.json(try Self.explain("-o", "json", directory.root, "a1b2c3-dev/yourservice"))
    let path = try #require((list["files"] as? [String])?.first { $0.contains("networkpolicy") })
    for typed in [path, "./\(path)", "\(directory.root)/\(path)"] {
      let text = try Self.explain(directory.root, typed).text
      #expect(
        text.contains("template: templates/porter/network-policy.yaml (overridden by the fleet)"), "\(text)")
    }
  }

  @Test func inventoriesAndFragmentsAreExplained() throws {
    let rendered = try FixtureFleet.paths(below: "examples/tetrate-bookinfo-gitops/rendered").map {
      "rendered/\($0)"
    }
    #expect(!rendered.isEmpty)
    for path in rendered {
      let output = try Self.explain(Self.gitops, path)
      #expect(output.status == 0, "\(path): \(output.errorText)")
      if path.hasSuffix(".lock") { #expect(output.text.contains("an inventory")) }
      if path.hasSuffix("kustomization.yaml") { #expect(output.text.contains("a kustomization")) }
    }
  }

  @Test func refutedConnectionFails() throws {
    let directory = try ScratchDirectory()
    let broken = try #require(JudgementTests.porter.first { $0.hop == .ingress })
    let files = try FixtureFleet(base: broken.base).overlaid(by: broken.files).files
    try directory.write(files)
    let output = try Self.explain(directory.root, "a1b2c3-dev/yourservice")
    #expect(output.status == 1)
    #expect(output.text.contains("refuted\n") && output.text.contains("[broken, LW7207]"), "\(output.text)")
    #expect(output.text.contains("help: "))
  }

  @Test func wrongNamesGetTheNearest() throws {
    let output = try Self.explain(Self.fleet, "a1b2c3-dev/yourservce")
    #expect(output.status == 2 && output.errorText.contains("a1b2c3-dev/yourservice"), "\(output.errorText)")
    let between = try Self.explain("--from", "golddr", "--to", "gold", Self.fleet)
    #expect(between.status == 0 && between.text.contains("a1b2c3-dev/yourservice: golddr → gold"))
    #expect(try Self.explain("--to", "bronze", Self.fleet).status == 2)
  }
}
