import Diagnostics
import TestSupport
import Testing

@testable import Templates

/// What is wrong with a template is said at its place: when it is loaded, if that can be known.
@Suite struct BadInputTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let template: String
    let finding: String
    var testDescription: String { template }

    init(_ template: String, _ finding: String) {
      self.template = template
      self.finding = finding
    }
  }

  static let onLoading: [Case] = [
    Case("a: \"${service.name\"", "1:4 '\"${service.name\"' '${' is never closed"),
    Case("a: \"${'}'\"", "1:4 '\"${'}'\"' '${' is never closed"),
    Case("a: x-${service.nmae}", "1:16 'nmae' service has no field 'nmae' (did you mean 'name'?"),
    Case("a: ${sevrice.name}", "1:6 'sevrice' unknown variable 'sevrice' (did you mean 'service'?"),
    Case("a: ${service.name + 1}", "1:19 '+' no such overload: '+' cannot be applied to string and int"),
    Case("a: ${service.alias}-x", "an optional cannot stand inside a text"),
    Case("a: x-${service.labels}", "a map(string, string) cannot stand inside a text"),
    Case("a: ${b'x'}", "a bytes cannot stand in a document (write base64.encode(…))"),
    Case("a: \"${{1: 2}}\"", "cannot stand in a document"),
    Case("a: ${timestamp('2020-01-01T00:00:00Z')}", "cannot stand in a document (write string(…))"),
    Case("$if: service.port\na: 1", "1:6 'service.port' this is an int where a bool is needed"),
    Case(
      "$if: service.alias\na: 1", "1:6 'service.alias' this is an optional(string) where a bool is needed"),
    Case("a: {$for: x, $in: service.labels, $yield: 1}", "'$in' takes a list, not a map(string, string)"),
    Case("a: {$for: x, $in: service.ports, $yield: '${x.nmae}'}", "service.ports[] has no field 'nmae'"),
    Case(
      "a: {$for: namespace, $in: service.ports, $yield: 1}", "'namespace' cannot be the name of a variable"),
    Case("a: {$for: x, $in: service.ports, $yield: 1}\nb: ${x}", "2:6 'x' unknown variable 'x'"),
    Case("a: {$merge: service.name}", "'$merge' takes a mapping, not a string"),
    Case("a: {$fro: x}", "'$fro' is not a template key (did you mean '$for'?"),
    Case("a: {$if: true, $then: 1, b: 2}", "'b' cannot stand beside $if"),
    Case("a: ${service.name.matches('(')}", "this regular expression is wrong"),
    Case("a: ${has(service.alias)}", "'alias' may be absent: ask with '.hasValue()'"),
    // What YAML has read as something else.
    Case("a: ${service.isHeadless ? 1 : 2}", "quote this expression: \"${…}\""),
    Case("a: {b: ${service.name}}", "quote this expression: \"${…}\""),
    Case("a: [${service.name}]", "quote this expression: \"${…}\""),
    Case("a: ${service.name + \" #1\"}", "quote this expression: \"${…}\"; ' #' starts a comment"),
    Case("$if: service.name == \"x #1\"\na: 1", "' #' starts a comment"),
    Case("a: {$if: [service.isHeadless], $then: 1}", "an expression is expected here, not a list (quote"),
    Case("$if: !service.isHeadless\na: 1", "quote this expression: \"…\""),
    Case("$if: 'x' == service.name\na: 1", "quote this expression: \"…\""),
    Case("a: 1\n---\nb: 2", "a template holds one document, a mapping; this file has 2"),
    Case("- a", "a template holds one document"),
    // Recursion: there is nothing that includes a template, and YAML's own is refused.
    Case("a: &x [*x]", "1:8 '*x'"),
  ]

  @Test(arguments: onLoading)
  func loading(_ example: Case) {
    let result = rendered(example.template)
    #expect(result.contains(example.finding), "\(result)")
  }

  static let onRendering: [Case] = [
    Case(
      "a: ${service.port / (service.port - 5432)}",
      "1:6 'service.port / (service.port - 5432)' divide by zero"),
    Case("a: ${service.ports[2].name}", "index out of range: 2 in a list of 2"),
    Case("a: ${service.labels.tier}", "no such key: 'tier'"),
    Case("a: ${service.labels['tier']}", "no such key: "),
    Case("a: ${service.port * 9223372036854775807}", "overflow"),
    Case("a: ${18446744073709551615u}", "is more than a 64-bit integer holds"),
    Case("a: ${1.0 / 0.0}", "is no number that YAML and JSON share"),
    Case("a: x-${anything}", "null cannot stand inside a text"),
    Case("a: {$for: x, $in: anything, $yield: 1}", "'$in' takes a list, not null"),
    Case("a: {$for: x, $in: service.numbers, $yield: 1}", "the loop yields nothing and there is no '$else'"),
    Case(
      "a: {$for: x, $in: service.ports, $yield: {$if: x.port > 9999, $then: 1}}",
      "the loop yields nothing and there is no '$else'"),
    Case("a: {$merge: service.labels, app: 1}", "the key 'app' is there already"),
    Case("a: {'${service.name}': 1, 'd${\"b\"}': 2}", "the key 'db' is there already"),
    Case("a: {$merge: anything}", "'$merge' takes a mapping, not null"),
  ]

  @Test(arguments: onRendering)
  func rendering(_ example: Case) {
    let result = rendered(example.template)
    #expect(result.contains(example.finding), "\(result)")
  }

  // MARK: Bounds

  /// A million elements, visited a million times.
  @Test func largeComprehensionEnds() {
    let many = TemplateValue.list((0..<1_000_000).map { .integer($0) })
    let result = rendered(
      "a: ${service.numbers.all(x, service.numbers.exists(y, y > x))}",
      ["service": .map(["numbers": many])])
    #expect(result.contains("the template needs more than 1000000 steps"), "\(result)")
  }

  /// One budget for all expressions of a rendering: many that are small are bounded too.
  @Test func nestedLoopsEnd() {
    let many = TemplateValue.list((0..<1000).map { .integer($0) })
    let loops = (0..<4).reduce("'${v0 + v1 + v2 + v3}'") { inner, index in
      "{$for: v\(index), $in: service.numbers, $yield: \(inner)}"
    }
    let result = rendered("a: \(loops)", ["service": .map(["numbers": many])])
    #expect(result.contains("the template needs more than 1000000 steps"), "\(result)")
    let literal = loops.replacing("'${v0 + v1 + v2 + v3}'", with: "x")
    #expect(
      rendered("a: \(literal)", ["service": .map(["numbers": many])]).contains("more than 1000000 nodes"))
  }

  /// What takes a backtracking matcher longer than the universe has lasted.
  @Test func patternsAreLinear() {
    let text = String(repeating: "a", count: 5000) + "!"
    #expect(rendered("a: ${text.matches('^(a+)+$')}", ["text": .string(text)]) == "a: false\n")
  }

  /// A template whose budget is used up is not tried again for the next object.
  @Test func exhaustionIsRemembered() throws {
    let many = TemplateValue.list((0..<100_000).map { .integer($0) })
    let text = "a: ${service.numbers.all(x, service.numbers.exists(y, y > x))}"
    let (template, _) = Template.compile(
      .init(path: "t", bytes: Array(text.utf8)), as: declaration)
    let compiled = try #require(template)
    let exhaustion = TemplateExhaustion()
    let time = ProcessorTime.measure {
      for _ in 0..<2000 {
        #expect(throws: TemplateError.self) {
          try compiled.render([["service": .map(["numbers": many])]], exhaustion)
        }
      }
    }
    #expect(time < .seconds(100))
    #expect(exhaustion.wasMet)
    // What another compile used up is not held against this one.
    let few = TemplateValue.map(["numbers": .list([.integer(1)])])
    #expect(throws: TemplateError.self) { try compiled.render([["service": few]], exhaustion) }
    #expect(try compiled.render([["service": few]]) != nil)
  }
}
