/// A drawing for documents and slides: fixed size, no script, readable in light and dark.
extension Chart {
  func svg() -> String {
    let layout = ChartLayout(self)
    let foot = 34
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(layout.width)" height="\(layout.height + foot)" \
      viewBox="0 0 \(layout.width) \(layout.height + foot)" role="img" aria-label="\(Self.xmlText(summary))">
      <title>\(Self.xmlText(summary))</title>
      <style>
      svg{font:12px system-ui,sans-serif;background:#fff;color:#1d2733}
      .region{fill:#f4f6f8;stroke:#d5dce3}.band{fill:none;stroke:#c3ccd5;stroke-dasharray:2 3}
      .box{fill:#fff;stroke:#7d8b99}.external .box{stroke-dasharray:4 2}
      text{fill:currentColor}.head{font-weight:600;font-size:14px}.quiet{fill:#5b6875;font-size:11px}
      .line{fill:none;stroke-width:1.6}.proved{stroke:#2e7d32}.depends{stroke:#b26a00;stroke-dasharray:2 3}
      .pending{stroke:#5c6f82;stroke-dasharray:7 4}.refuted{stroke:#c62828;stroke-width:3}.unknown{stroke:#8a8a8a}
      @media(prefers-color-scheme:dark){svg{background:#14191f;color:#e6ebf0}.region{fill:#1b2229;stroke:#313b45}
      .band{stroke:#44505c}.box{fill:#232c35;stroke:#8796a5}.quiet{fill:#9fadba}.proved{stroke:#66bb6a}
      .depends{stroke:#ffb74d}.pending{stroke:#9fb3c8}.refuted{stroke:#ef5350}}
      </style>

      """
    for column in layout.columns {
      text +=
        "<rect class=\"region\" x=\"\(column.x - 14)\" y=\"\(ChartLayout.margin - 8)\" width=\"\(ChartLayout.boxWidth + 28)\" height=\"\(layout.height - ChartLayout.margin)\" rx=\"8\"/>\n"
      text +=
        "<text class=\"head\" x=\"\(column.x)\" y=\"\(ChartLayout.margin + 16)\">\(Self.xmlText(column.title))</text>\n"
    }
    for band in layout.bands {
      text +=
        "<rect class=\"band\" x=\"\(band.x)\" y=\"\(band.y)\" width=\"\(ChartLayout.boxWidth + 16)\" height=\"\(band.height)\" rx=\"6\"/>\n"
      text +=
        "<text class=\"quiet\" x=\"\(band.x + 8)\" y=\"\(band.y + 14)\">\(Self.xmlText(Self.shortened(band.namespace, 34)))</text>\n"
    }
    for line in layout.lines { text += Self.svgLine(line, layout) }
    for box in layout.boxes {
      text += "<g class=\"\(box.kind.rawValue)\">"
      text +=
        "<rect class=\"box\" x=\"\(box.x)\" y=\"\(box.y)\" width=\"\(ChartLayout.boxWidth)\" height=\"\(ChartLayout.boxHeight)\" rx=\"\(box.kind == .client ? 13 : 3)\"/>"
      text +=
        "<text x=\"\(box.x + 10)\" y=\"\(box.y + 17)\">\(Self.xmlText(Self.shortened(box.title, 33)))</text><title>\(Self.xmlText(box.title))</title></g>\n"
    }
    var x = ChartLayout.margin
    for (word, count) in counts where count > 0 {
      let y = layout.height + 12
      text += "<path class=\"line \(word)\" d=\"M\(x) \(y)h28\"/>"
      text += "<text class=\"quiet\" x=\"\(x + 34)\" y=\"\(y + 4)\">\(count) \(word)</text>\n"
      x += 110
    }
    return text + "</svg>\n"
  }

  /// The chart in a sentence.
  var summary: String {
    let connections = Set(edges.map(\.connection)).count
    let verdicts = counts.filter { $0.count > 0 }.map { "\($0.count) \($0.verdict)" }.joined(separator: ", ")
    return "\(fleet): \(connections) \(connections == 1 ? "connection" : "connections") between "
      + "\(clusters.count) \(clusters.count == 1 ? "cluster" : "clusters")\(verdicts.isEmpty ? "" : ": \(verdicts)")"
  }

  private static func svgLine(_ line: ChartLayout.Line, _ layout: ChartLayout) -> String {
    let (from, to) = (layout.boxes[line.from], layout.boxes[line.to])
    let goesRight = from.x < to.x
    // Two directions between the same boxes do not lie on one another.
    let lane = from.isGroup ? (goesRight ? -6 : 6) : (line.lane % 5) * 3 - 4
    let middle = ChartLayout.boxHeight / 2 + lane
    let x1 = goesRight ? from.x + ChartLayout.boxWidth : from.x
    let x2 = goesRight ? to.x : to.x + ChartLayout.boxWidth
    let (y1, y2) = (from.y + middle, to.y + middle)
    let bend = goesRight ? 60 : -60
    let title = "\(line.connections.prefix(12).joined(separator: ", ")) \(line.port): \(line.verdict)"
    return
      "<path class=\"line \(line.verdict)\" d=\"M\(x1) \(y1)C\(x1 + bend) \(y1) \(x2 - bend) \(y2) \(x2) \(y2)\"><title>\(xmlText(title))</title></path>\n"
      + "<circle class=\"line \(line.verdict)\" cx=\"\(x2)\" cy=\"\(y2)\" r=\"2\"/>\n"
  }

  private static func shortened(_ text: String, _ limit: Int) -> String {
    text.count <= limit ? text : text.prefix(limit - 1) + "…"
  }

  /// Text in XML and HTML; control characters, which XML cannot hold, become spaces.
  static func xmlText(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case _ where scalar.value < 32 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
