import Diagnostics

/// How a list of connections is written.
package enum ConnectivityFormat: String, Sendable, CaseIterable {
  case text
  case json
  case csv
  case markdown = "md"
  case dot

  /// The list as a file. `conventions` of np-guard leave out what depends: that tool knows one answer.
  package func render(_ list: ConnectivityList, withoutDepends: Bool = false) -> String {
    // What depends all the same, as where two admin policies have one priority, is not left out of a text.
    let conventions =
      withoutDepends && !list.lines.contains { $0.connection != nil } ? NPGuardFormat(list) : nil
    let lines = conventions?.marked ?? list.lines
    switch self {
    case .text: return conventions?.text ?? Self.text(lines)
    case .json: return Self.json(lines, withoutDepends)
    case .csv: return Self.csv(lines, withoutDepends, networks: conventions?.hasNetworks ?? false)
    case .markdown: return Self.markdown(lines)
    case .dot: return conventions?.dot ?? Self.dot(lines)
    }
  }

  /// `source => destination : TCP 80,443`; what depends stands in a line of its own.
  static func text(_ lines: [ConnectivityList.Line]) -> String {
    var text = ""
    for line in lines {
      let connection = line.connection.map { "connection \($0)" }
      if !line.must.isEmpty {
        text += "\(line.source) => \(line.destination) : \(line.must.description)"
        text += (connection.map { " (\($0))" } ?? "") + "\n"
      }
      if !line.depends.isEmpty {
        let notes = ["depends: \(line.reasons.joined(separator: "; "))", connection].compactMap { $0 }
        text += "\(line.source) => \(line.destination) : \(line.depends.description)"
        text += " (\(notes.joined(separator: ", ")))\n"
      }
    }
    return text
  }

  private static func json(_ lines: [ConnectivityList.Line], _ withoutDepends: Bool) -> String {
    var writer = JSONWriter()
    writer.array(of: lines) { writer, line in
      writer.object { writer in
        writer.member("src", line.source)
        writer.member("dst", line.destination)
        writer.member("conn", line.must.description)
        if !withoutDepends, !line.depends.isEmpty {
          writer.member("depends", line.depends.description)
          writer.member("reasons", line.reasons)
        }
        if let connection = line.connection { writer.member("connection", connection) }
      }
    }
    return writer.finish()
  }

  private static func csv(
    _ lines: [ConnectivityList.Line], _ withoutDepends: Bool, networks: Bool
  ) -> String {
    let hasConnections = lines.contains { $0.connection != nil }
    var text = withoutDepends ? "src,dst,conn" : "src,dst,conn,depends,reasons"
    text += (hasConnections ? ",connection" : "") + (networks ? ",network\n" : "\n")
    for line in lines {
      var fields = [line.source, line.destination, line.must.description]
      if !withoutDepends {
        fields.append(line.depends.isEmpty ? "" : line.depends.description)
        fields.append(line.reasons.joined(separator: "; "))
      }
      if hasConnections { fields.append(line.connection ?? "") }
      if networks { fields.append(line.network.name) }
      text += fields.map(quotedForCSV).joined(separator: ",") + "\n"
    }
    return text
  }

  /// A table as GitHub's and GitLab's comments show it.
  private static func markdown(_ lines: [ConnectivityList.Line]) -> String {
    var text = "| src | dst | conn |\n|-----|-----|------|\n"
    for line in lines {
      if !line.must.isEmpty {
        text += "| \(line.source) | \(line.destination) | \(line.must.description) |\n"
      }
      if !line.depends.isEmpty {
        text += "| \(line.source) | \(line.destination) | \(line.depends.description) (depends: "
        text += line.reasons.joined(separator: "; ") + ") |\n"
      }
    }
    return text
  }

  /// RFC 4180.
  private static func quotedForCSV(_ field: String) -> String {
    guard field.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 < 0x20 })
    else {
      return field
    }
    return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }

  /// A directed graph, one box per namespace; dashed edges depend.
  private static func dot(_ lines: [ConnectivityList.Line]) -> String {
    var nodes: Set<String> = []
    for line in lines { nodes.formUnion([line.source, line.destination]) }
    let byNamespace = Dictionary(grouping: nodes) { node in
      node.hasSuffix("[External]") || !node.contains("/")
        ? "" : String(node[..<(node.lastIndex(of: "/") ?? node.endIndex)])
    }
    var text = "digraph {\n"
    for (namespace, members) in byNamespace.sorted(by: { $0.key < $1.key }) {
      let names = members.sorted().map { "\(quotedForDOT($0)) [shape=box]" }
      if namespace.isEmpty {
        text += names.map { "\t\($0)\n" }.joined()
        continue
      }
      let identifier = String(namespace.map { $0.isLetter || $0.isNumber ? $0 : "_" })
      text += "\tsubgraph \"cluster_\(identifier)\" {\n\t\tlabel=\(quotedForDOT(namespace))\n"
      text += names.map { "\t\t\($0)\n" }.joined() + "\t}\n"
    }
    for line in lines {
      let edge = "\t\(quotedForDOT(line.source)) -> \(quotedForDOT(line.destination))"
      if !line.must.isEmpty { text += "\(edge) [label=\(quotedForDOT(line.must.description))]\n" }
      if !line.depends.isEmpty {
        text += "\(edge) [label=\(quotedForDOT(line.depends.description)) style=dashed]\n"
      }
    }
    return text + "}\n"
  }

  private static func quotedForDOT(_ text: String) -> String {
    var quoted = "\""
    for character in text {
      if character == "\"" || character == "\\" { quoted += "\\" }
      quoted.append(character)
    }
    return quoted + "\""
  }
}
