/// Flowcharts in Mermaid's language, as GitHub shows them in Markdown.
extension Chart {
  func mermaid() -> String {
    var text = "flowchart LR\n"
    for (index, cluster) in clusters.enumerated() {
      text += "  subgraph c\(index)[\"\(Self.mermaidText(cluster.name))\"]\n"
      let namespaces = namespacesOf(cluster.name)
      for (number, namespace) in namespaces.enumerated() {
        text += "    subgraph c\(index)n\(number)[\"\(Self.mermaidText(namespace))\"]\n"
        for (place, value) in places.enumerated()
        where value.cluster == cluster.name && value.namespace == namespace {
          text += "      \(Self.mermaidNode(place, value))\n"
        }
        text += "    end\n"
      }
      text += "  end\n"
    }
    for (place, value) in places.enumerated() where value.cluster == nil {
      text += "  \(Self.mermaidNode(place, value))\n"
    }
    var styles: [String: [Int]] = [:]
    for (index, edge) in edges.enumerated() {
      // The namespace stands around the service; labels are what makes lines cross.
      let start = (places[edge.to].namespace ?? "") + "/"
      let name =
        edge.connection.hasPrefix(start) ? edge.connection.dropFirst(start.count) : edge.connection[...]
      let label = "\(name) \(edge.port)\(edge.word == "proved" ? "" : " · \(edge.word)")"
      text += "  p\(edge.from) -->|\"\(Self.mermaidText(label))\"| p\(edge.to)\n"
      styles[edge.word, default: []].append(index)
    }
    for word in Self.verdicts {
      guard let indices = styles[word], let style = Self.mermaidStyles[word] else { continue }
      text += "  linkStyle \(indices.map(String.init).joined(separator: ",")) \(style)\n"
    }
    return text
  }

  private static let mermaidStyles = [
    "refuted": "stroke:#c62828,stroke-width:3px", "pending": "stroke:#5c6f82,stroke-dasharray:6 4",
    "depends": "stroke:#b26a00,stroke-dasharray:2 3", "unknown": "stroke:#8a8a8a",
    "proved": "stroke:#2e7d32",
  ]

  private static func mermaidNode(_ number: Int, _ place: Place) -> String {
    let name = mermaidText(place.name)
    return switch place.kind {
    case .client: "p\(number)([\"\(name)\"])"
    case .service: "p\(number)[\"\(name)\"]"
    case .external: "p\(number){{\"\(name)\"}}"
    }
  }

  /// Quotes end a label and some characters start markup; Mermaid reads entities in their place.
  private static func mermaidText(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "#", "<", ">", "&", "`", "\\", "*", "_", "[", "]", "{", "}", "|":
        result += "#\(scalar.value);"
      case _ where scalar.value < 32: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The namespaces with places in a cluster, sorted.
  func namespacesOf(_ cluster: String) -> [String] {
    Set(places.filter { $0.cluster == cluster }.compactMap(\.namespace)).sorted {
      $0.utf8.lexicographicallyPrecedes($1.utf8)
    }
  }
}
