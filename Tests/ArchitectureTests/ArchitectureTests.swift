import Compiler
import Diagnostics
import Foundation
import TestSupport
import Testing

/// The sources hold to the map that `Package.swift` draws and `docs/architecture.md` explains.
@Suite struct ArchitectureTests {
  let map: PackageMap
  let sources: [SwiftSource]

  /// Read once for all tests.
  private static let package = Result {
    let map = try PackageMap()
    return (map: map, sources: try SwiftSource.all(map.modules))
  }

  init() throws {
    (map, sources) = try Self.package.get()
    try #require(map.modules.count > 10 && sources.count > 100)
  }

  // MARK: Layers

  @Test func targetsDependOnlyOnTargetsAboveThem() {
    var above: Set<String> = []
    for module in map.modules {
      for dependency in module.dependencies {
        #expect(
          above.contains(dependency),
          "\(module.name) depends on \(dependency), which is not above it in Package.swift")
      }
      #expect(module.dependencies == module.dependencies.sorted(), "\(module.name): dependencies are sorted")
      above.insert(module.name)
    }
  }

  @Test func importsAreDeclared() {
    let names = Set(map.modules.map(\.name))
    for source in sources {
      let declared = map.modules.first { $0.name == source.module }?.dependencies ?? []
      for name in source.imports where names.contains(name) {
        #expect(declared.contains(name), "\(source.path) imports \(name)")
      }
    }
  }

  @Test func dependenciesAreUsed() {
    for module in map.modules where module.kind != "plugin" {
      let imported = Set(sources.filter { $0.module == module.name }.flatMap(\.imports))
      for dependency in module.dependencies where !dependency.contains("-") {
        #expect(imported.contains(dependency), "\(module.name) declares \(dependency) and never imports it")
      }
    }
  }

  /// C libraries and what is not ours: each has one place.
  @Test(arguments: [
    ("CLibYAML", ["YAMLTree"]), ("CLibGit2", ["Repository"]), ("CZlib", ["Repository"]),
    ("CMalloc", ["linkwright"]),
    ("Dispatch", ["Compiler"]),
    ("Foundation", ["EmbedResources"]), ("FoundationEssentials", []), ("PackagePlugin", ["EmbedResources"]),
    // CEL and Snapshot take arithmetic and memory comparison from it, nothing that sees the world.
    (
      "Glibc",
      [
        "CEL", "Compiler", "Repository", "Snapshot", "YAMLTree", "linkwright", "linkwright-bench",
        "embed-resources",
      ]
    ),
  ])
  func moduleHasItsPlace(_ name: String, _ allowed: [String]) {
    for source in sources where source.imports.contains(name) {
      #expect(allowed.contains(source.module), "\(source.path) imports \(name)")
    }
  }

  /// The judge must not repeat the mistakes of what it judges.
  @Test func judgeDoesNotKnowTheEmitters() {
    for source in sources where source.module == "Reachability" {
      #expect(!source.imports.contains("Links") && !source.imports.contains("Templates"), "\(source.path)")
    }
    #expect(map.modules.first { $0.name == "Reachability" }?.dependencies.contains("Links") != true)
  }

  /// Folders below `Sources` and targets are the same list.
  @Test func everyFolderIsATarget() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Repository.path("Sources")).sorted()
    #expect(folders == map.modules.map { String($0.path.dropFirst("Sources/".count)) }.sorted())
  }

  // MARK: Size

  @Test func filesAreShort() throws {
    for source in try sources + SwiftSource.all(map.tests) {
      #expect(source.lines.count <= 500, "\(source.path) has \(source.lines.count) lines")
    }
  }

  // MARK: What no input may reach

  /// The build step runs on the package's own files and may stop at them.
  @Test func sourcesDoNotTrap() {
    for source in sources where source.module != "embed-resources" {
      #expect(source.lines(with: "try", followedBy: "!").isEmpty, "try! in \(source.path)")
      #expect(source.lines(with: "as", followedBy: "!").isEmpty, "as! in \(source.path)")
      let traps = source.calls(of: ["fatalError", "preconditionFailure", "assertionFailure"])
      #expect(traps.isEmpty, "traps in \(source.path):\(traps)")
    }
  }

  /// Standard streams belong to `Terminal`, and only the program ends itself.
  @Test func onlyTheProgramPrintsAndExits() {
    for source in sources
    where !["embed-resources", "linkwright", "linkwright-bench"].contains(source.module) {
      let calls = source.calls(of: ["print", "debugPrint", "puts", "exit", "_exit", "abort"])
      #expect(calls.isEmpty, "\(source.path):\(calls)")
    }
  }

  /// Tasks and threads start in one module; state that all share exists nowhere.
  @Test func onlyTheCompilerStartsTasks() {
    let starters: Set = ["Task", "withTaskGroup", "withThrowingTaskGroup", "DispatchQueue", "pthread_create"]
    for source in sources where source.module != "Compiler" {
      #expect(source.uses(of: starters).isEmpty, "\(source.path):\(source.uses(of: starters))")
    }
    // The wrapper of a C library says itself what its handles may do.
    for source in sources where source.module != "Repository" {
      #expect(source.uses(of: ["@unchecked"]).isEmpty, "\(source.path)")
    }
  }

  /// The core knows no clock, no environment and no chance.
  @Test func coreIsPure() {
    let outside = [
      "Compiler", "Repository", "linkwright", "linkwright-bench", "embed-resources", "EmbedResources",
    ]
    let impure: Set = [
      "getenv", "time", "clock_gettime", "gettimeofday", "ContinuousClock", "SuspendingClock",
      "SystemRandomNumberGenerator", "ProcessInfo", "fopen", "readdir", "setlocale", "localtime",
    ]
    for source in sources where !outside.contains(source.module) {
      #expect(source.calls(of: impure).isEmpty, "\(source.path):\(source.calls(of: impure))")
    }
  }

  /// What crosses modules is `package`, so that nothing is promised to anybody outside.
  @Test func nothingIsPublic() {
    for source in sources where source.module != "EmbedResources" {
      let lines = source.words.filter { $0.isFirst && $0.text == "public" }.map(\.line)
      #expect(lines.isEmpty, "\(source.path):\(lines)")
    }
  }

  // MARK: Tests

  /// Tests run beside each other on machines that do more: how long something takes says nothing, and a limit of Swift
  /// Testing's counts while a test waits for its turn. `Waiting`, `ProcessorTime`, `Program` and `SeededGenerator` say
  /// what there is instead. What belongs to the whole process is no single test's.
  @Test func testsDoNotDependOnTimeOrOnEachOther() throws {
    let words: Set = [
      "timeLimit", "timeIntervalSince", "timeIntervalSinceNow", "Process", "SystemRandomNumberGenerator",
      "setenv", "unsetenv", "chdir", "changeCurrentDirectoryPath",
    ]
    for source in try SwiftSource.all(map.tests) {
      #expect(source.uses(of: words).isEmpty, "\(source.path):\(source.uses(of: words))")
    }
  }

  // MARK: Rules

  @Test func ruleIdsAreUniqueAndWellFormed() {
    let rules = RuleCatalogue.all
    #expect(rules.count > 50)
    #expect(Set(rules.map(\.id)).count == rules.count)
    for (id, group) in Dictionary(grouping: rules, by: \.id) where group.count > 1 {
      Issue.record("\(id) is used by \(group.map(\.name))")
    }
    for (name, group) in Dictionary(grouping: rules, by: \.name) where group.count > 1 {
      Issue.record("the name \(name) is used by \(group.map(\.id))")
    }
    for rule in rules {
      #expect(rule.id.wholeMatch(of: /LW[0-9]{4}/) != nil, "\(rule.id)")
      #expect(rule.name.wholeMatch(of: /[a-z0-9]+(-[a-z0-9]+)*/) != nil, "\(rule.id) \(rule.name)")
      #expect(
        !rule.summary.hasSuffix(".") && rule.summary.first?.isUppercase != true
          || rule.summary.hasPrefix("YAML"), "\(rule.id): \(rule.summary)")
      #expect(
        rule.explanation.hasSuffix(".") || rule.explanation.hasSuffix(".)"), "\(rule.id): \(rule.explanation)"
      )
    }
  }

  /// A rule that is declared but not listed would never be explained.
  @Test func everyDeclaredRuleIsInTheCatalogue() {
    let known = Set(RuleCatalogue.all.map(\.id))
    for source in sources {
      for (index, line) in source.lines.enumerated() {
        guard let match = line.firstMatch(of: /^\s*"(LW[0-9]{4})",\s*"[a-z]/) else { continue }
        #expect(known.contains(String(match.1)), "\(source.path):\(index + 1) declares \(match.1)")
      }
    }
  }

  /// A rule that nothing reports is a promise that nobody keeps: its name stands in its declaration, in the
  /// list of its module, and where it is reported.
  @Test func everyRuleIsReported() {
    var counts: [String: Int] = [:]
    for word in sources.flatMap(\.words) { counts[word.text, default: 0] += 1 }
    var declared = 0
    for source in sources where source.path.hasSuffix("Rules.swift") {
      for (index, word) in source.words.enumerated().dropFirst(2)
      where word.text.lowercased() == "rule" && word.after == UInt8(ascii: "(") {
        let name = source.words[index - 1].text
        guard source.words[index - 2].text == "let" else { continue }
        declared += 1
        #expect(counts[name, default: 0] > 2, "\(source.path): \(name) is never reported")
      }
    }
    #expect(declared == RuleCatalogue.all.count)
  }

  // MARK: Schemas

  /// What a Connection says can be overridden: a new section of `spec` stands in `definitions.override` too.
  @Test func overridesKnowEverySectionOfAConnection() throws {
    let data = try Data(contentsOf: Repository.root.appendingPathComponent("schemas/connection.json"))
    let schema = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    func keys(_ path: String...) throws -> Set<String> {
      var value: [String: Any] = schema
      for key in path { value = try #require(value[key] as? [String: Any], "\(path)") }
      return Set(value.keys)
    }
    let spec = try keys("properties", "spec", "properties").subtracting(["namespaces", "overrides"])
    let override = try keys("definitions", "override", "properties").subtracting(["namespaces", "clusters"])
    #expect(spec == override)
  }
}
