import TestSupport
import Testing

@testable import CEL

/// What evaluating costs. Only optimised builds are measured.
@Suite struct SpeedTests {
  private static let isOptimised: Bool = {
    var isOptimised = true
    assert({ isOptimised = false }() == ())
    return isOptimised
  }()

  /// Fields as a host's tree has them: compared one after the other.
  struct Fields: CELObject {
    let names: [String]
    let values: [CELValue]
    var count: Int { names.count }
    var keys: [CELValue] { names.map { .string($0) } }
    func field(named name: String) -> CELValue? { names.firstIndex(of: name).map { values[$0] } }
  }

  /// Measured at 0.2 to 0.3 µs for the paths; the bounds allow for a slower machine.
  @Test(
    .enabled(if: isOptimised, "debug builds say nothing about speed"),
    arguments: [
      ("self.metadata.namespace", 2.0), ("self.metadata.labels.app", 2.0),
      ("self.metadata.namespace == 'shop-prod'", 3.0), ("self.metadata.namespace.endsWith('-dev')", 3.0),
    ])
  func evaluation(_ text: String, _ microseconds: Double) throws {
    let labels = Fields(names: ["tier", "app"], values: [.string("web"), .string("checkout")])
    let metadata = Fields(
      names: ["name", "namespace", "labels"], values: [.string("n"), .string("shop-prod"), .map(labels)])
    let environment = CELEnvironment(variables: ["self": .dyn, "link": .dyn])
    let bindings = environment.bindings(["self": .map(Fields(names: ["metadata"], values: [.map(metadata)]))])
    let expression = try CELExpression.compile(text, in: environment)
    let count = 100_000
    var best = Double.infinity
    for _ in 0..<3 {
      let elapsed = try ProcessorTime.measure {
        for _ in 0..<count { _ = try expression.evaluate(bindings) }
      }
      best = min(best, elapsed / .microseconds(1) / Double(count))
    }
    #expect(best < microseconds, "\(text) takes \(best) µs")
  }
}
