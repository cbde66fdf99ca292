/// Why a regular expression was refused.
package struct PatternError: Error, Sendable, Equatable {
  /// Byte offset in the UTF-8 form of the pattern's source where the offending construct starts.
  package let offset: Int
  /// What is wrong and, where there is one, what to write instead; no trailing full stop.
  package let message: String

  package init(offset: Int, message: String) {
    self.offset = offset
    self.message = message
  }
}

extension PatternError: CustomStringConvertible {
  /// The message with the place, as a log line would show it.
  package var description: String { "\(message) (at byte \(offset) of the pattern)" }
}
