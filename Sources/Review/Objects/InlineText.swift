package import YAMLTree

/// A node as one line of YAML in flow style, for people; long values are cut.
package enum InlineText {
  /// Characters of a value at most.
  package static let limit = 240

  /// The text of a node, at most `limit` characters.
  package static func of(_ node: Node) -> String {
    var text = ""
    write(node, to: &text)
    guard text.count > limit else { return text }
    return text.prefix(limit - 1) + "…"
  }

  private static func write(_ node: Node, to text: inout String) {
    guard text.utf8.count <= limit * 4 else { return }
    switch node.kind {
    case .mapping:
      text += "{"
      for (index, entry) in node.entries.enumerated() {
        if index > 0 { text += ", " }
        write(entry.key, to: &text)
        text += ": "
        write(entry.value, to: &text)
      }
      text += "}"
    case .sequence:
      text += "["
      for (index, element) in node.elements.enumerated() {
        if index > 0 { text += ", " }
        write(element, to: &text)
      }
      text += "]"
    case .null: text += "null"
    case .string: text += quotedIfNeeded(node.text)
    default: text += node.text
    }
  }

  /// Quotes a string that would read as something else, or as several things, in a line.
  private static func quotedIfNeeded(_ text: String) -> String {
    let plain = text.unicodeScalars.allSatisfy { scalar in
      scalar.value >= 0x20 && !",[]{}#\"'`&*!|>%@\\".unicodeScalars.contains(scalar)
    }
    let first = text.utf8.first.map { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } ?? true
    let looksLikeNumber =
      first && !text.contains("/") && !text.contains(":")
      && text.allSatisfy {
        $0.isNumber || "+-._eExXobabcdfABCDF".contains($0)
      } && text.filter { $0 == "." }.count < 2
    let words: Set<String> = [
      "", "true", "false", "null", "~", "yes", "no", "on", "off", "y", "n", "True", "False", "Null",
    ]
    if plain, !looksLikeNumber, !words.contains(text), !text.contains(": "), !text.hasPrefix("-"),
      !text.hasPrefix("?"), !text.hasPrefix(" "), !text.hasSuffix(" "), !text.hasSuffix(":")
    {
      return text
    }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
