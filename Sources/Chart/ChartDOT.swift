/// Graphviz's language.
extension Chart {
  func dot() -> String {
    var text = """
      digraph \(Self.dotText(fleet)) {
        rankdir=LR;
        node [shape=box, fontname="sans-serif", fontsize=11];
        edge [fontname="sans-serif", fontsize=9];

      """
    for (index, cluster) in clusters.enumerated() {
      text += "  subgraph cluster_\(index) {\n    label=\(Self.dotText(cluster.name));\n    style=rounded;\n"
      for (number, namespace) in namespacesOf(cluster.name).enumerated() {
        text += "    subgraph cluster_\(index)_\(number) {\n      label=\(Self.dotText(namespace));\n"
        for (place, value) in places.enumerated()
        where value.cluster == cluster.name && value.namespace == namespace {
          text += "      \(Self.dotNode(place, value));\n"
        }
        text += "    }\n"
      }
      text += "  }\n"
    }
    for (place, value) in places.enumerated() where value.cluster == nil {
      text += "  \(Self.dotNode(place, value));\n"
    }
    for edge in edges {
      let style = Self.dotStyles[edge.word] ?? ""
      text +=
        "  p\(edge.from) -> p\(edge.to) [label=\(Self.dotText("\(edge.connection)\n\(edge.port)")), tooltip=\(Self.dotText(edge.word)), \(style)];\n"
    }
    return text + "}\n"
  }

  private static let dotStyles = [
    "refuted": "color=\"#c62828\", penwidth=2", "pending": "color=\"#5c6f82\", style=dashed",
    "depends": "color=\"#b26a00\", style=dotted", "unknown": "color=\"#8a8a8a\"",
    "proved": "color=\"#2e7d32\"",
  ]

  private static func dotNode(_ number: Int, _ place: Place) -> String {
    let shape =
      switch place.kind {
      case .client: "shape=ellipse"
      case .service: "shape=box"
      case .external: "shape=hexagon"
      }
    return "p\(number) [label=\(dotText(place.name)), \(shape)]"
  }

  /// A quoted string; the language knows `\"` and treats other backslashes as layout.
  private static func dotText(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case _ where scalar.value < 32: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
