import FleetSpec
import Foundation
import JSONSchema
import TestSupport
import Testing

@testable import Compiler

/// Reference pages are made from the rules and the schemas; a page that is stale fails, with the command that
/// mends it.
@Suite struct GeneratedPageTests {
  @Test func rulesPageIsCurrent() throws {
    let page = try String(contentsOfFile: Repository.path("docs/rules.md"), encoding: .utf8)
    #expect(page == RulePage.markdown(of: RuleCatalogue.all), "run 'make docs'")
  }

  @Test func specificationPageIsCurrent() throws {
    let page = try String(contentsOfFile: Repository.path("docs/specification.md"), encoding: .utf8)
    let schemas = try FixtureFleet.compiler.get().schemaTexts
    #expect(page == SchemaPage.markdown(of: schemas), "run 'make docs'")
  }

  /// A fleet compiles the schemas that it meets; here all of them are met.
  @Test func everySchemaCompiles() throws {
    let resources = try FixtureFleet.compiler.get().resources
    try resources.specSchemas.compileAll()
    try resources.objectSchemas.compileAll()
  }
}
