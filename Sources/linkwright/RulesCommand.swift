import Compiler
import Diagnostics

extension Command {
  private static let output = Option(
    name: "--output", short: "-o", value: "FORMAT", help: "Print as text or markdown",
    choices: ["text", "markdown"])

  /// `linkwright rules`
  static let rules = Command(
    name: "rules", summary: "List the rules, or explain one", arguments: ["[ID]"],
    words: { RuleCatalogue.all.flatMap { [$0.id, $0.name] } }, options: [output],
    discussion: "ID is a rule's number or name: LW1203 or unknown-port.", example: "linkwright rules LW1203"
  ) { parsed throws(CommandFailure) in
    if let id = parsed.positional.first {
      guard let rule = RuleCatalogue.rule(id) else {
        throw CommandFailure(
          message: "there is no rule '\(id)'",
          help: Suggestions.nearest(id, among: RuleCatalogue.all.flatMap { [$0.id, $0.name] })
            ?? "'linkwright rules' lists them")
      }
      Terminal.print(RulePage.text(of: rule))
      return .success
    }
    if parsed.last(output) == "markdown" {
      Terminal.print(RulePage.markdown(of: RuleCatalogue.all))
      return .success
    }
    for rule in RuleCatalogue.all {
      let word = rule.severity.word
      Terminal.print(
        "\(rule.id)  \(word)\(String(repeating: " ", count: 8 - word.count)) \(rule.name): \(rule.summary)\n")
    }
    return .success
  }
}
