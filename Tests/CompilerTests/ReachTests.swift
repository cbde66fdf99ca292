import Foundation
import TestSupport
import Testing

/// `reach` over a fleet.
@Suite struct ReachTests {
  private static let example = Repository.path("Tests/CompilerTests/Fleets/porter-pair")

  private static func lines(_ arguments: String...) throws -> [String] {
    let output = try Linkwright.program.run(["reach"] + arguments + [example])
    #expect(output.status == 0, "\(output.errorText)")
    return output.text.split(separator: "\n").map(String.init)
  }

  /// Inside of clusters by policies, between them by connections; sorted, and the same every time.
  @Test func listsClustersAndConnections() throws {
    let lines = try Self.lines()
    let own = lines.filter { !$0.contains("connection ") }
    #expect(own.contains { $0.hasPrefix("gold/") } && own.contains { $0.contains("=> golddr/") })
    #expect(!own.contains { $0.hasPrefix("gold/") && $0.contains("=> golddr/") })
    let crossings = lines.filter { $0.contains("connection ") }
    #expect(crossings.contains { $0.hasPrefix("golddr/") && $0.contains(" => gold/") }, "\(lines)")
    let sources = lines.map { $0.split(separator: " ")[0] }
    #expect(sources == sources.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    #expect(try Self.lines() == lines)
  }

  @Test func oneClusterOnly() throws {
    let own = try Self.lines("--cluster", "gold").filter { !$0.contains("connection ") }
    #expect(!own.isEmpty && !own.contains { $0.contains("golddr/") })
  }

  @Test func formatsOfAFleet() throws {
    let csv = try Self.lines("-o", "csv")
    #expect(csv.first == "src,dst,conn,depends,reasons,connection")
    let output = try Linkwright.program.run(["reach", "-o", "json", Self.example])
    let json = try JSONSerialization.jsonObject(with: Data(output.stdout)) as? [[String: Any]]
    #expect(json?.contains { $0["connection"] != nil } == true)
  }

  /// Every line of the list is a question with that answer.
  @Test func questionsAgreeWithTheList() throws {
    var asked = 0
    for line in try Self.lines() where !line.contains("[External]") && asked < 6 {
      let parts = line.split(separator: " ")
      guard parts.count >= 6, parts[1] == "=>",
        let port = parts[5].split(separator: ",").first.flatMap({ UInt16($0) })
      else { continue }
      asked += 1
      let name = { (text: Substring) in String(text.split(separator: "[")[0]) }
      let output = try Linkwright.program.run([
        "reach", "--from", name(parts[0]), "--to", name(parts[2]), "--port", "\(parts[4])/\(port)",
        Self.example,
      ])
      #expect(
        output.text.contains(line.contains("depends:") ? "depends:" : "passes"), "\(line)\n\(output.text)")
      #expect(output.status == (line.contains("depends:") ? 1 : 0), "\(line)\n\(output.errorText)")
    }
    #expect(asked > 0)
  }

  @Test(arguments: [
    ["--from", "gold/a/b"], ["--from", "bronze/a/b", "--to", "gold/a/b", "--port", "1"],
    ["--from", "1.2.3.4", "--to", "5.6.7.8", "--port", "80"],
    ["--from", "1.2.3.4", "--to", "gold/no/such", "--port", "80"], ["--manifests", "/no/such/place"],
    ["--port", "http", "--from", "gold/a/b", "--to", "golddr/a/b"],
  ])
  func wrongQuestionsAreExplained(_ arguments: [String]) throws {
    let output = try Linkwright.program.run(["reach"] + arguments + [Self.example])
    #expect(output.status == 2 && output.errorText.hasPrefix("linkwright: "), "\(output.errorText)")
  }

  /// Between clusters the answer is the chain, and at each hop whom the next one sees.
  @Test func chainBetweenClusters() throws {
    let line = try #require(try Self.lines().first { $0.contains("connection ") })
    let parts = line.split(separator: " ").map { String($0.split(separator: "[")[0]) }
    let output = try Linkwright.program.run([
      "reach", "--from", parts[0], "--to", parts[2], "--port", parts[5], Self.example,
    ])
    #expect(output.status == 0, "\(output.errorText)")
    let text = output.text
    for hop in [
      "client", "egress", "name", "address", "load-balancer", "service", "target-port", "ingress", "pod",
    ] {
      #expect(text.contains(" \(hop) "), "\(text)")
    }
    // The load balancer rewrites the source: behind it policies see the platform.
    let lines = text.split(separator: "\n").map(String.init)
    let balancer = try #require(lines.firstIndex { $0.contains(" load-balancer ") })
    #expect(lines[balancer + 1].contains("next hop sees the load balancer"), "\(text)")
    let client = try #require(lines.firstIndex { $0.contains(" client ") })
    #expect(lines[client + 1].contains("next hop sees the client's own address"), "\(text)")
  }

  @Test func undeclaredWayBetweenClusters() throws {
    let line = try #require(try Self.lines().first { $0.contains("connection ") })
    let parts = line.split(separator: " ").map { String($0.split(separator: "[")[0]) }
    let output = try Linkwright.program.run([
      "reach", "--from", parts[0], "--to", parts[2], "--port", "9", Self.example,
    ])
    #expect(output.status == 1 && output.text.contains("no connection declares it"), "\(output.text)")
  }
}
