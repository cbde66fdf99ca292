import Foundation
import Linker
import Templates
import TestSupport
import Testing
import YAMLTree

@testable import Compiler

/// What link types hand to templates is what they declare.
@Suite struct TemplateVariablesTests {
  /// The examples, the rules' base fleets and the golden cases.
  static let fleets: [String] = {
    func directories(_ path: String) -> [String] {
      let names = try? FileManager.default.contentsOfDirectory(atPath: Repository.path(path))
      return (names ?? []).sorted().map { "\(path)/\($0)" }
    }
    return directories("examples") + directories("Tests/CompilerTests/Fleets")
      + directories("Tests/CompilerTests/Cases").map { $0 + "/input" }
  }()

  @Test(arguments: fleets)
  func valuesHaveTheirDeclaredTypes(_ directory: String) throws {
    guard let workings = try ExampleFleet(directory: directory).compile().workings else { return }
    for unit in workings.plan.units {
      let lowered = unit.lower()
      for emission in lowered.emissions {
        check(emission.template, [lowered.variables, emission.variables], workings)
      }
      for fragment in lowered.fragments {
        guard case .template(let path, let variables) = fragment.content else { continue }
        check(path, [lowered.variables, variables], workings)
      }
    }
  }

  @Test func sharedTemplatesAreDeclaredOnce() {
    var known: [String: String] = [:]
    for declaration in LinkRegistry.types.flatMap({ $0.descriptor.templates }) {
      let text = "\(declaration.variables)"
      #expect(known.updateValue(text, forKey: declaration.path) ?? text == text, "\(declaration.path)")
    }
  }

  private func check(
    _ path: String, _ layers: [TemplateFields], _ workings: Compilation.Workings
  ) {
    guard let declaration = workings.model.templates[path]?.declaration else {
      Issue.record("there is no template \(path)")
      return
    }
    let values = layers.reduce(TemplateFields()) { $0.merging($1) }
    for field in declaration.variables where field.name != "common" {
      check(values[field.name], field, "\(path): \(field.name)")
    }
  }

  private func check(_ value: TemplateValue?, _ field: TemplateField, _ place: String) {
    switch value {
    case nil, .none?: #expect(field.isOptional, "\(place) is absent")
    case let value?: check(value, field.type, place)
    }
  }

  private func check(_ value: TemplateValue, _ type: TemplateType, _ place: String) {
    switch (type, value) {
    case (.any, _), (.string, .string), (.integer, .integer), (.boolean, .boolean),
      (.integerOrString, .string),
      (.integerOrString, .integer):
      break
    case (.list(let element), .list(let values)):
      for value in values { check(value, element, place + "[]") }
    case (.map(let element), .map(let entries)):
      for (key, value) in entries { check(value, element, "\(place).\(key)") }
    case (.object(let fields), .map(let entries)):
      for field in fields { check(entries[field.name], field, "\(place).\(field.name)") }
      for key in entries.keys where !fields.contains(where: { $0.name == key }) {
        Issue.record("\(place).\(key) is not declared")
      }
    case (_, .node(let node)): check(node, type, place)
    default: Issue.record("\(place) is no \(type.description): \(value)")
    }
  }

  private func check(_ node: Node, _ type: TemplateType, _ place: String) {
    switch (type, node.kind) {
    case (.any, _), (.string, .string), (.integer, .integer), (.boolean, .boolean),
      (.integerOrString, .string),
      (.integerOrString, .integer):
      break
    case (.list(let element), .sequence):
      for value in node.elements { check(value, element, place + "[]") }
    case (.map(let element), .mapping):
      for (key, value) in node.entries { check(value, element, "\(place).\(key.text)") }
    case (.object(let fields), .mapping):
      for (key, value) in node.entries {
        guard let field = fields.first(where: { $0.name == key.text }) else {
          Issue.record("\(place).\(key.text) is not declared")
          continue
        }
        check(value, field.type, "\(place).\(field.name)")
      }
    default: Issue.record("\(place) is no \(type.description)")
    }
  }
}
