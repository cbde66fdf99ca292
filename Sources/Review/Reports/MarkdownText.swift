import Diagnostics

/// Text from elsewhere inside Markdown: nothing in it is markup, mentions nobody and closes no block.
enum MarkdownText {
  /// A code span (CommonMark 6.1), whose fence is longer than any in the text.
  static func code(_ text: String, inTable: Bool = false) -> String {
    var shown = VisibleText.line(text)
    // GFM splits table rows at '|' even inside code spans, unless it is escaped.
    if inTable { shown = shown.replacing("|", with: "\\|") }
    let fence = String(repeating: "`", count: longestRun(in: shown) + 1)
    let needsSpace = shown.hasPrefix("`") || shown.hasSuffix("`") || shown.isEmpty
    return needsSpace ? "\(fence) \(shown) \(fence)" : fence + shown + fence
  }

  /// A fenced block (CommonMark 4.5) whose fence no line of the text closes.
  static func block(_ text: String, language: String) -> String {
    let fence = String(repeating: "`", count: max(3, longestRun(in: text) + 1))
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
      VisibleText.line(String($0))
    }
    var body = lines.joined(separator: "\n")
    if !body.hasSuffix("\n") { body += "\n" }
    return "\(fence)\(language)\n\(body)\(fence)\n"
  }

  /// Text inside an HTML element; inside `<code>` platforms look for no mentions either.
  static func html(_ text: String) -> String {
    VisibleText.line(text).replacing("&", with: "&amp;").replacing("<", with: "&lt;")
      .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
  }

  /// The marker's name: what an HTML comment can hold, whatever a fleet is called.
  static func markerName(_ text: String) -> String {
    String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.prefix(100))
  }

  private static func longestRun(in text: String) -> Int {
    var longest = 0
    var run = 0
    for byte in text.utf8 {
      run = byte == UInt8(ascii: "`") ? run + 1 : 0
      longest = max(longest, run)
    }
    return longest
  }
}
