import Foundation

@testable import CEL

/// One line of a conformance table; `Conformance/README.md` explains the form.
struct ConformanceCase: Sendable, CustomStringConvertible {
  enum Expectation: Sendable {
    case value(String)
    case failure(String)
    case refusal
    case type(String)
  }

  let file: String
  let section: String
  let name: String
  let expression: String
  let expectation: Expectation
  let container: String
  let variables: [(name: String, type: String, value: String)]

  var description: String { "\(file)/\(section)/\(name): \(expression)" }
}

/// The tables beside this file.
struct ConformanceTable {
  private(set) var cases: [ConformanceCase] = []
  /// Left-out cases with their reasons.
  private(set) var skipped: [(name: String, reason: String)] = []
  /// Lines that have no form that is known.
  private(set) var malformed: [String] = []

  /// The specification's cases.
  static let specification = ConformanceTable(folder: "Conformance")
  /// Cases of our own: Kubernetes' libraries, with the examples of their documentation, and what the
  /// specification's cases leave open.
  static let libraries = ConformanceTable(folder: "Libraries")

  private init(folder name: String) {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: name)
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
    for file in files.sorted() where file.hasSuffix(".txt") {
      let text = (try? String(contentsOf: folder.appending(path: file), encoding: .utf8)) ?? ""
      read(text, file: String(file.dropLast(4)))
    }
  }

  private mutating func read(_ text: String, file: String) {
    var section = ""
    var container = ""
    var variables: [(name: String, type: String, value: String)] = []
    for line in text.components(separatedBy: "\n") where !line.isEmpty {
      if line.hasPrefix("[") {
        section = String(line.dropFirst().dropLast())
        container = ""
        variables = []
      } else if line.hasPrefix("container ") {
        container = String(line.dropFirst("container ".count))
      } else if line.hasPrefix("let ") {
        let parts = line.dropFirst(4).split(separator: ": ", maxSplits: 1)
        let rest = parts.count > 1 ? String(parts[1]) : ""
        let equals = rest.range(of: " = ")
        variables.append(
          (
            String(parts[0]), String(rest[..<(equals?.lowerBound ?? rest.endIndex)]),
            equals.map { String(rest[$0.upperBound...]) } ?? "null"
          ))
      } else if line.hasPrefix("skip ") {
        let parts = line.dropFirst(5).split(separator: ": ", maxSplits: 1)
        skipped.append(("\(file)/\(section)/\(parts[0])", parts.count > 1 ? String(parts[1]) : ""))
      } else if let (name, expression, expectation) = Self.parse(line) {
        cases.append(
          ConformanceCase(
            file: file, section: section, name: name, expression: expression, expectation: expectation,
            container: container, variables: variables))
      } else {
        malformed.append("\(file): \(line)")
      }
    }
  }

  private static func parse(_ line: String) -> (String, String, ConformanceCase.Expectation)? {
    guard let colon = line.range(of: ": ") else { return nil }
    let name = String(line[..<colon.lowerBound])
    let rest = line[colon.upperBound...]
    if let arrow = rest.range(of: " => ", options: .backwards) {
      let expected = String(rest[arrow.upperBound...])
      let expression = String(rest[..<arrow.lowerBound])
      if expected == "!!" { return (name, expression, .refusal) }
      if expected.hasPrefix("!") { return (name, expression, .failure(String(expected.dropFirst()))) }
      return (name, expression, .value(expected))
    }
    guard let colons = rest.range(of: " :: ", options: .backwards) else { return nil }
    return (name, String(rest[..<colons.lowerBound]), .type(String(rest[colons.upperBound...])))
  }
}

/// The types that the tables write.
func type(named text: String) -> CELType {
  func inner(_ prefix: String) -> String? {
    text.hasPrefix(prefix + "(") && text.hasSuffix(")")
      ? String(text.dropFirst(prefix.count + 1).dropLast()) : nil
  }
  if let element = inner("list") { return .list(type(named: element)) }
  if let parts = inner("map")?.components(separatedBy: ", "), parts.count == 2 {
    return .map(key: type(named: parts[0]), value: type(named: parts[1]))
  }
  switch text {
  case "null": return .null
  case "bool": return .bool
  case "int": return .int
  case "uint": return .uint
  case "double": return .double
  case "string": return .string
  case "bytes": return .bytes
  case "timestamp": return .timestamp
  case "duration": return .duration
  case "record": return .record(exampleRecord)
  default: return .dyn
  }
}

/// What the tables use of upstream's `TestAllTypes`.
let exampleRecord = CELRecordType(
  name: "TestAllTypes",
  fields: [
    ("single_int64", .int), ("repeated_int64", .list(.int)),
    ("map_bool_int64", .map(key: .bool, value: .int)),
    ("single_int64_wrapper", .nullable(.int)), ("single_string_wrapper", .nullable(.string)),
    (
      "repeated_nested_message",
      .list(.record(CELRecordType(name: "NestedMessage", fields: [("bb", .int)])))
    ),
  ])
