import Foundation
import TestSupport
import Testing

/// Keeps the list of mutants (`Mutations/mutants.txt`) applicable: a mutant whose text is gone would be tried no more,
/// and nobody would notice. `Mutations/run` compiles and tries them, and writes down which suite catches each.
@Suite struct MutationListTests {
  private struct Mutant {
    let rule: String
    var file = ""
    var old: [String] = []
    var new: [String] = []
  }

  private static func read(_ path: String) throws -> String {
    try String(contentsOfFile: Repository.path(path), encoding: .utf8)
  }

  private static func mutants() throws -> [Mutant] {
    var mutants: [Mutant] = []
    let text = try read("Tests/ReachabilityTests/Mutations/mutants.txt")
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let content = String(line.dropFirst(2))
      if line.hasPrefix("# ") {
        mutants.append(Mutant(rule: content))
      } else if let last = mutants.indices.last {
        switch line.first {
        case "@": mutants[last].file = content
        case "-": mutants[last].old.append(content)
        case "+": mutants[last].new.append(content)
        default: break
        }
      }
    }
    return mutants
  }

  @Test func everyMutantFitsTheSources() throws {
    var sources: [String: String] = [:]
    let mutants = try Self.mutants()
    #expect(mutants.count >= 110)
    #expect(Set(mutants.map(\.rule)).count == mutants.count)
    for mutant in mutants {
      let path = "Sources/Reachability/Engine/\(mutant.file)"
      let source = try sources[path] ?? Self.read(path)
      sources[path] = source
      let (old, new) = (mutant.old.joined(separator: "\n"), mutant.new.joined(separator: "\n"))
      #expect(
        !old.isEmpty && source.components(separatedBy: old).count == 2, "\(mutant.rule): \(mutant.file)")
      #expect(new.contains("mutant(N)"), "\(mutant.rule)")
    }
  }

  /// The page lists every mutant, in order, with the suites that caught it in the last run.
  @Test func thePageIsOfThisList() throws {
    let page = try Self.read("Tests/ReachabilityTests/Mutations/README.md")
    let rows = page.split(separator: "\n").filter {
      $0.hasPrefix("| ") && $0.dropFirst(2).first?.isNumber == true
    }
    .map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
    let mutants = try Self.mutants()
    #expect(rows.map { $0[0] } == (1...mutants.count).map(String.init))
    #expect(rows.map { $0[1] } == mutants.map(\.rule))
    for row in rows { #expect(row.count == 3 && row[2].hasSuffix("Tests"), "\(row)") }
  }
}
