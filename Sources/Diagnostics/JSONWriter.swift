/// Writes JSON (RFC 8259) in the order it is told to: the same calls give the same bytes.
///
/// Members and elements are written one after another; commas, line breaks and indentation come by
/// themselves. Everything that a terminal, JavaScript or a log could take for something else than text is
/// escaped. Linear.
package struct JSONWriter {
  private var output: [UInt8] = []
  private let indentation: Int?
  private var depth = 0
  /// The open object or array has no member yet.
  private var isEmpty = true
  /// A key was written; its value comes next.
  private var followsKey = false

  /// `indentation` is the number of spaces per level; nil writes everything in one line.
  package init(indentation: Int? = 2) { self.indentation = indentation }

  /// Ends the writing; a final newline follows the value.
  package consuming func finish() -> String {
    output.append(UInt8(ascii: "\n"))
    return String(decoding: output, as: UTF8.self)
  }

  // MARK: Collections

  /// An object; `body` writes its members.
  package mutating func object(_ body: (inout JSONWriter) -> Void) { collection("{", "}", body) }

  /// An array; `body` writes its elements.
  package mutating func array(_ body: (inout JSONWriter) -> Void) { collection("[", "]", body) }

  /// An array with one element for each value.
  package mutating func array<Values: Sequence>(
    of values: Values, _ body: (inout JSONWriter, Values.Element) -> Void
  ) {
    array { writer in
      for value in values { body(&writer, value) }
    }
  }

  private mutating func collection(
    _ open: StaticString, _ close: StaticString, _ body: (inout JSONWriter) -> Void
  ) {
    beginValue()
    raw(open)
    depth += 1
    isEmpty = true
    body(&self)
    depth -= 1
    if !isEmpty { lineBreak() }
    isEmpty = false
    raw(close)
  }

  /// The name of the next member.
  package mutating func key(_ name: String) {
    separate()
    quoted(name)
    raw(indentation == nil ? ":" : ": ")
    followsKey = true
  }

  // MARK: Scalars

  package mutating func string(_ value: String) {
    beginValue()
    quoted(value)
  }

  package mutating func integer(_ value: Int) {
    beginValue()
    output.append(contentsOf: String(value).utf8)
  }

  /// A finite number; what JSON has no number for becomes null.
  package mutating func number(_ value: Double) {
    beginValue()
    output.append(contentsOf: (value.isFinite ? value.description : "null").utf8)
  }

  package mutating func boolean(_ value: Bool) {
    beginValue()
    raw(value ? "true" : "false")
  }

  package mutating func null() {
    beginValue()
    raw("null")
  }

  // MARK: Members

  package mutating func member(_ name: String, _ value: String) {
    key(name)
    string(value)
  }

  /// A string, or null.
  package mutating func member(_ name: String, orNull value: String?) {
    key(name)
    if let value { string(value) } else { null() }
  }

  package mutating func member(_ name: String, _ value: Int) {
    key(name)
    integer(value)
  }

  package mutating func member(_ name: String, _ value: Bool) {
    key(name)
    boolean(value)
  }

  package mutating func member(_ name: String, _ values: [String]) {
    key(name)
    array(of: values) { $0.string($1) }
  }

  package mutating func object(_ name: String, _ body: (inout JSONWriter) -> Void) {
    key(name)
    object(body)
  }

  package mutating func array<Values: Sequence>(
    _ name: String, of values: Values, _ body: (inout JSONWriter, Values.Element) -> Void
  ) {
    key(name)
    array(of: values, body)
  }

  // MARK: Text

  private mutating func beginValue() {
    if followsKey { followsKey = false } else if depth > 0 { separate() }
  }

  private mutating func separate() {
    if !isEmpty { raw(",") }
    isEmpty = false
    lineBreak()
  }

  private mutating func lineBreak() {
    guard let indentation else { return }
    output.append(UInt8(ascii: "\n"))
    output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * indentation))
  }

  private mutating func raw(_ text: StaticString) {
    text.withUTF8Buffer { output.append(contentsOf: $0) }
  }

  private mutating func quoted(_ text: String) {
    raw("\"")
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": raw("\\\"")
      case "\\": raw("\\\\")
      case "\n": raw("\\n")
      case "\r": raw("\\r")
      case "\t": raw("\\t")
      default:
        if Self.isPlain(scalar) {
          output.append(contentsOf: Unicode.UTF8.encode(scalar) ?? Unicode.UTF8.encodedReplacementCharacter)
        } else {
          for unit in String(scalar).utf16 { escape(unit) }
        }
      }
    }
    raw("\"")
  }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7F }
    return scalar.value >= 0xA0 && !VisibleText.isInvisible(scalar)
  }

  private mutating func escape(_ unit: UInt16) {
    raw("\\u")
    let digits = String(unit, radix: 16)
    output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count))
    output.append(contentsOf: digits.utf8)
  }
}
