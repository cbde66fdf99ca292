/// ANSI colours of the text report; without colour it changes nothing.
struct Palette {
  /// What a piece of text is.
  enum Role {
    case severity(Severity)
    case message
    /// Line numbers, bars and arrows.
    case frame
    case secondary
  }

  let usesColor: Bool

  func paint(_ text: String, _ role: Role) -> String {
    guard usesColor, !text.isEmpty else { return text }
    let code =
      switch role {
      case .severity(.error): "1;31"
      case .severity(.warning): "1;33"
      case .severity(.note): "1;32"
      case .message: "1"
      case .frame, .secondary: "1;34"
      }
    return "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }
}
