import Diagnostics

/// One option of a command.
struct Option: Sendable {
  /// With its dashes: `--format`.
  let name: String
  /// A second, short name: `-f`.
  var short: String?
  /// What the value is called in help; nil for a switch.
  var value: String?
  var repeats = false
  let help: String
  /// Fixed values, for completion and checking.
  var choices: [String] = []
  /// True where a file may follow a fixed value: `json=findings.json`.
  var takesFile: Bool { value?.hasSuffix("[=FILE]") ?? false }

  static let help = Option(name: "--help", short: "-h", help: "Show this help")
  static let color = Option(
    name: "--color", value: "WHEN", help: "Colour the text report: auto, always or never",
    choices: ["auto", "always", "never"])
  static let quiet = Option(name: "--quiet", short: "-q", help: "Print no summary and no notes")
  static let verbose = Option(
    name: "--verbose", short: "-v", help: "Print notes and what was satisfied by existing manifests")
  static let format = Option(
    name: "--format", value: "FORMAT[=FILE]", repeats: true,
    help:
      "Report findings as text, json, sarif, github, gitlab or junit, several in one run: data to standard output, text to standard error, or to FILE",
    choices: ReportFormat.allCases.map(\.rawValue))
  static let cluster = Option(
    name: "--cluster", value: "NAME", repeats: true, help: "Only this cluster's output")
  static let ref = Option(
    name: "--ref", value: "REV", help: "Read the fleet from a commit of git, without a checkout")
  static let staged = Option(
    name: "--staged", help: "Read the fleet from git's index, as it would be committed")
  static let strict = Option(name: "--strict", help: "Treat pending facts as errors")
  static let paranoid = Option(
    name: "--paranoid", help: "Check every verdict again with a second, independent evaluator")
  static let workloads = Option(
    name: "--workloads", value: "CLUSTER=PATH", repeats: true,
    help: "Try out manifests that are not in the fleet: a file, a directory or '-'")
  static let prunePending = Option(
    name: "--prune-pending", help: "Remove objects on record although only their observation is missing")
}

/// A command's arguments, parsed.
struct ParsedArguments {
  fileprivate(set) var values: [String: [String]] = [:]
  fileprivate(set) var positional: [String] = []

  func has(_ option: Option) -> Bool { values[option.name] != nil }
  func all(_ option: Option) -> [String] { values[option.name] ?? [] }
  func last(_ option: Option) -> String? { values[option.name]?.last }

  /// Removes the last positional argument, where a command takes one after `[DIR]`.
  mutating func takeLastArgument() -> String? { positional.popLast() }

  init(_ arguments: [String], of command: Command) throws(CommandFailure) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        positional += rest
        break
      }
      guard argument.hasPrefix("-"), argument != "-" else {
        guard !argument.isEmpty else {
          throw CommandFailure(
            message: "an argument is empty", help: "is a variable not set? The working directory is '.'")
        }
        positional.append(argument)
        continue
      }
      var name = argument
      var value: String?
      if argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") {
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
      }
      guard let option = command.allOptions.first(where: { $0.name == name || $0.short == name }) else {
        throw CommandFailure(
          message: "'\(command.name)' has no option '\(name)'",
          help: Suggestions.nearest(name, among: command.allOptions.map(\.name)))
      }
      if option.value != nil {
        guard let given = value ?? rest.popFirst() else {
          throw CommandFailure(
            message: "'\(option.name)' needs a value: \(option.name) \(option.value ?? "")")
        }
        let word = option.takesFile ? String(given.prefix { $0 != "=" }) : given
        if !option.choices.isEmpty, !option.choices.contains(word) {
          throw CommandFailure(
            message: "'\(word)' is no value of \(option.name)",
            help: Suggestions.nearest(word, among: option.choices)
              ?? "it takes \(option.choices.joined(separator: ", "))")
        }
        if values[option.name] != nil, !option.repeats {
          throw CommandFailure(message: "'\(option.name)' is given twice")
        }
        values[option.name, default: []].append(given)
      } else if value != nil {
        throw CommandFailure(message: "'\(option.name)' takes no value")
      } else {
        values[option.name] = []
      }
    }
    if positional.count > command.arguments.count,
      !command.arguments.last.map({ $0.hasSuffix("…") }).unwrapped(or: false)
    {
      throw CommandFailure(
        message: "'\(command.name)' does not take '\(positional[command.arguments.count])'",
        help: "usage: linkwright \(command.usage)")
    }
  }
}

extension Optional where Wrapped == Bool {
  fileprivate func unwrapped(or other: Bool) -> Bool { self ?? other }
}
