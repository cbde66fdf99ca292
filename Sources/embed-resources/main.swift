// embed-resources OUTPUT ROOT FILE…: writes a Swift file that holds each file's text as a StaticString.
import Glibc

func fail(_ message: String) -> Never {
  let text = "embed-resources: \(message)\n"
  _ = text.withCString { write(2, $0, strlen($0)) }
  exit(1)
}

func read(_ path: String) -> String {
  guard let file = fopen(path, "rb") else { fail("cannot read \(path)") }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { break }
    bytes += buffer[..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// A Swift literal; plain escapes, so that no content can end it.
func literal(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

let arguments = CommandLine.arguments
guard arguments.count >= 3 else { fail("usage: embed-resources OUTPUT ROOT FILE...") }
let root = arguments[2].hasSuffix("/") ? arguments[2] : arguments[2] + "/"
var source = """
  // Made by embed-resources.

  /// Files of the package that the module brings along, by path from the package's root.
  enum EmbeddedResources {
    static let files: [(path: StaticString, text: StaticString)] = [

  """
for path in arguments.dropFirst(3) {
  let relative = path.hasPrefix(root) ? String(path.dropFirst(root.count)) : path
  source += "    (\(literal(relative)), \(literal(read(path)))),\n"
}
source += "  ]\n}\n"
guard let file = fopen(arguments[1], "wb") else { fail("cannot write \(arguments[1])") }
fputs(source, file)
fclose(file)
