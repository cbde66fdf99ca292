extension Diagnostic {
  /// The finding without excerpts, for formats that show the source themselves: message, label, help,
  /// notes and owner, one to a line.
  var plainText: String {
    var lines = [message]
    if let label = primary?.text, !label.isEmpty { lines[0] += ": " + label }
    lines += help.map { "help: " + $0 }
    lines += notes.map { "note: " + $0 }
    if let owner { lines.append("owner: " + owner) }
    return lines.joined(separator: "\n")
  }
}
