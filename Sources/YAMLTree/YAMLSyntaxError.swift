import CLibYAML
import Diagnostics

/// A libyaml error in the words of somebody who writes YAML.
struct YAMLSyntaxError {
  let diagnostic: Diagnostic
  /// The byte at which reading stopped.
  let place: Int

  /// `base` is the byte at which libyaml began to read, `range` the place of one of its code points.
  init(_ parser: yaml_parser_t, base: Int, range: (Int) -> SourceRange) {
    let problem = parser.problem.map { String(cString: $0) } ?? "the text cannot be read"
    let context = parser.context.map { String(cString: $0) } ?? ""
    let place: SourceRange
    if parser.error == YAML_READER_ERROR {
      let offset = base + parser.problem_offset
      place = SourceRange(file: range(0).file, start: offset, end: offset + 1)
    } else {
      place = range(Int(parser.problem_mark.index))
    }
    self.place = place.start
    var (message, help) = Self.explain(problem, context, at: place)
    if Self.hasPlaceholder(around: place) {
      help = ["render the template before Linkwright reads it, or quote its '{{…}}' placeholders"]
    }
    var also: [Label] = []
    if parser.context != nil, parser.context_mark.index != parser.problem_mark.index {
      also.append(Label(range(Int(parser.context_mark.index)), Self.describe(context)))
    }
    diagnostic = Diagnostic(
      YAMLRules.syntax, message, at: place, "here", also: also, help: help,
      notes: ["libyaml: \(context.isEmpty ? "" : context + ": ")\(problem)"])
  }

  /// True when the line holds a placeholder of Helm, Jinja or their like.
  private static func hasPlaceholder(around place: SourceRange) -> Bool {
    let line = place.file.text(ofLine: place.startPosition.line).utf8
    return zip(line, line.dropFirst()).contains {
      $0 == UInt8(ascii: "{") && ($1 == $0 || $1 == UInt8(ascii: "%"))
    }
  }

  /// The texts are those of libyaml 0.2.5's scanner and parser.
  private static func explain(_ problem: String, _ context: String, at place: SourceRange) -> (
    String, [String]
  ) {
    let byte = place.start < place.file.bytes.count ? place.file.bytes[place.start] : 0
    switch problem {
    case "found character that cannot start any token" where byte == 0x09:
      return ("a tab cannot indent YAML", ["use spaces"])
    case "found a tab character that violates indentation",
      "found a tab character where an indentation space is expected":
      return ("a tab cannot indent YAML", ["use spaces"])
    case "found character that cannot start any token":
      let character = String(decoding: [byte], as: UTF8.self)
      return ("a value cannot start with '\(character)'", ["quote the value"])
    case "mapping values are not allowed in this context":
      return (
        "a ':' is not expected here",
        ["quote a value that contains ': ', or check the indentation of this line and the one before"]
      )
    case "did not find expected key":
      return ("a key is expected here", ["check the indentation: a key lines up with the keys beside it"])
    case "could not find expected ':'":
      return ("this line is neither a key with ':' nor a list item with '- '", ["add ': ' after the key"])
    case "did not find expected '-' indicator":
      return ("a list item with '- ' is expected here", ["check the indentation: items of one list line up"])
    case "did not find expected ',' or ']'":
      return ("a list in brackets is not closed", ["add ']' or the missing ','"])
    case "did not find expected ',' or '}'":
      return ("a mapping in braces is not closed", ["add '}' or the missing ','"])
    case "found unexpected end of stream":
      return (
        context.contains("quoted")
          ? "a quoted string is not closed" : "the file ends in the middle of a value",
        ["add the closing quote or bracket"]
      )
    case "did not find expected <document start>":
      return ("the document has ended before this line", ["separate documents with a line '---'"])
    case "did not find expected node content":
      return (
        "a value is expected here",
        ["quote a value that starts with a special character such as '{', '[', '*' or '&'"]
      )
    case "found unknown escape character":
      return (
        "this escape does not exist in a double-quoted string",
        ["write '\\\\' for a backslash, or use single quotes"]
      )
    case "block sequence entries are not allowed in this context":
      return ("a list item cannot stand here", ["put the list on the next line, indented under its key"])
    case "found invalid Unicode character escape code", "did not find expected hexdecimal number":
      return ("this escape does not name a character", ["write the character itself"])
    default:
      return ("YAML cannot be read here: \(problem)", [])
    }
  }

  private static func describe(_ context: String) -> String {
    switch context {
    case "while parsing a block mapping": "in the mapping that starts here"
    case "while parsing a flow mapping": "in the braces that open here"
    case "while parsing a flow sequence": "in the brackets that open here"
    case "while parsing a block collection": "in the list that starts here"
    case "while scanning a simple key": "the line that starts here"
    case "while scanning a quoted scalar": "the quote opens here"
    default: context
    }
  }
}
