import Chart
import Compiler
import Diagnostics
import Repository

extension Command {
  fileprivate static let graphFormat = Option(
    name: "--format", value: "FORMAT[=FILE]", repeats: true,
    help:
      "Draw as mermaid (the default), dot, svg, html or json, to standard output or to FILE; several in one run",
    choices: ChartFormat.allCases.map(\.rawValue))
  fileprivate static let namespace = Option(
    name: "--namespace", value: "NAME", repeats: true,
    help: "Only connections that begin or end in this namespace")
  fileprivate static let link = Option(
    name: "--link", value: "NAME", repeats: true, help: "Only connections over this link")
  fileprivate static let graphCluster = Option(
    name: "--cluster", value: "NAME", repeats: true,
    help: "Only connections that begin or end in this cluster")

  /// `linkwright graph`
  static let graph = Command(
    name: "graph", summary: "Draw the clusters and who talks to whom", arguments: ["[DIR]"],
    options: [graphFormat, .ref, .staged, graphCluster, namespace, link, .color],
    discussion: """
      mermaid shows in GitHub's and GitLab's Markdown, dot is for Graphviz, svg for documents. html is one page that
      loads nothing: search, filters, the trace of every connection; open it from a file or keep it as an artifact of CI.
      json is described by 'linkwright schema graph'. Lines have the colour of the connection's verdict. A fleet with
      errors is drawn as far as it is understood. Exit status: 0 drawn, 1 the fleet has errors, 2 wrong usage or a
      failure.
      """,
    example: "linkwright graph --format html=chart.html --format mermaid"
  ) { parsed throws(CommandFailure) in
    let source = try FleetSource(parsed)
    var options = CompileOptions()
    options.sourceDay = source.commit?.day
    let recorded = try RecordedBranches(source)?.snapshot ?? source.snapshot
    let compilation = try Compiling.compile(source.snapshot, recorded: recorded, options)
    let errors = compilation.findings.filter { $0.severity == .error && $0.suppression == nil }
    var selection = Chart.Options()
    selection.clusters = parsed.all(graphCluster)
    selection.namespaces = parsed.all(namespace)
    selection.links = parsed.all(link)
    guard let chart = compilation.chart(selection) else {
      try Reporting(parsed, prefix: source.prefix, formats: ["text"]).print(errors)
      return .findings
    }
    try check(selection.clusters, chart.clusters.map(\.name), "no connection begins or ends in a Cluster")
    if !selection.namespaces.isEmpty || !selection.links.isEmpty,
      let whole = compilation.chart(Chart.Options())
    {
      try check(
        selection.namespaces, Set(whole.places.compactMap(\.namespace)).sorted(),
        "no connection begins or ends in a namespace")
      try check(selection.links, whole.links.map(\.name), "there is no Link")
    }
    let formats = parsed.all(graphFormat)
    for format in formats.isEmpty ? ["mermaid"] : formats {
      let parts = format.split(separator: "=", maxSplits: 1).map(String.init)
      // The option's choices are these formats.
      guard let kind = ChartFormat(rawValue: parts[0]) else { continue }
      if parts.count == 2, parts[1] != "-" {
        try Reporting.write(chart.text(kind), to: parts[1])
      } else {
        Terminal.print(chart.text(kind))
      }
    }
    if !errors.isEmpty { try Reporting(parsed, prefix: source.prefix, formats: ["text"]).print(errors) }
    return errors.isEmpty ? .success : .findings
  }

  private static func check(
    _ wanted: [String], _ known: [String], _ problem: String
  ) throws(CommandFailure) {
    for name in wanted where !known.contains(name) {
      throw CommandFailure(
        message: "\(problem) '\(name)'",
        help: Suggestions.nearest(name, among: known) ?? (known.isEmpty ? nil : "there are \(listed(known))"))
    }
  }
}
