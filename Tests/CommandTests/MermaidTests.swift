import Foundation
import Glibc
import TestSupport
import Testing

/// `linkwright graph --format mermaid` against Mermaid itself, in headless Chromium.
@Suite struct MermaidTests {
  static let mermaid = Program.python(importing: ["selenium", "mmdc"])
  static let canDraw =
    mermaid != nil && access("/usr/bin/chromium", X_OK) == 0 && access("/usr/bin/chromedriver", X_OK) == 0

  struct Drawing: Decodable {
    struct Chart: Decodable {
      let error: String?
      let nodes: [String]?
      let edges: [String]?
      let clusters: [String]?
      let lines: Int?
      /// Elements that a label brought with it.
      let scripts: Int?
    }

    let kind: String?
    let charts: [Chart]
  }

  static func draw(_ charts: [String]) throws -> Drawing {
    let folder = NSTemporaryDirectory() + "linkwright-mermaid-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var files: [String] = []
    for (index, chart) in charts.enumerated() {
      files.append("\(folder)/\(index).mmd")
      try Data(chart.utf8).write(to: URL(fileURLWithPath: files[index]))
    }
    let output = try #require(mermaid).run(
      [Repository.path("Tests/Browser/mermaid.py"), folder + "/shot.png"] + files,
      environment: ["PYTHONDONTWRITEBYTECODE": "1"])
    try #require(output.status == 0, "\(output.errorText)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/shot.png")).count > 3000)
    return try JSONDecoder().decode(Drawing.self, from: Data(output.stdout))
  }

  @Test(.enabled(if: canDraw, "chromium, chromedriver, selenium or mmdc is not installed"))
  func mermaidDrawsEveryExample() throws {
    let charts = try GraphTests.examples.map { try GraphTests.graph($0).text }
    let drawing = try Self.draw(charts)
    #expect(drawing.kind?.hasPrefix("flowchart") == true, "\(drawing)")
    for (example, (chart, drawn)) in zip(GraphTests.examples, zip(charts, drawing.charts)) {
      #expect(drawn.error == nil, "\(example): \(drawn.error ?? "")")
      let lines = chart.split(separator: "\n")
      let edges = lines.count { $0.contains(" -->|") }
      // A cluster in which nothing is drawn is a node to Mermaid.
      let groups = zip(lines, lines.dropFirst()).count {
        $0.contains("subgraph ") && $1.drop { $0 == " " } != "end"
      }
      #expect(drawn.lines == edges && drawn.clusters?.count == groups, "\(example): \(drawn)")
      #expect(drawn.nodes?.allSatisfy { !$0.isEmpty } == true)
    }
  }

  /// What a document says stands in the drawing as it is, and is no markup there.
  @Test(.enabled(if: canDraw, "chromium, chromedriver, selenium or mmdc is not installed"))
  func labelsAreTextToMermaid() throws {
    let fleet = try FleetRepository()
    let hostile = "a\"]; b[`c`] #quot; <b>x</b> **y** |z| {w} \\ end %% & _v_"
    let text = try fleet.read("connections/yourservice.yaml")
    try fleet.write(
      "connections/yourservice.yaml",
      text.replacing("  to:", with: "  - external: {name: '\(hostile)', cidrs: [192.0.2.0/24]}\n  to:"))
    let graph = try fleet.linkwright("graph")
    let drawing = try Self.draw([graph.text])
    #expect(drawing.charts.first?.error == nil, "\(drawing) \(graph.text)")
    #expect(drawing.charts.first?.scripts == 0)
    if graph.text.contains("192.0.2.0") || graph.text.contains("quot;") {
      #expect(drawing.charts.first?.nodes?.contains { $0.contains("<b>x</b>") } == true, "\(drawing)")
    }
  }
}
