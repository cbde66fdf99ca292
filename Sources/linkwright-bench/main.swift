import Glibc

// `linkwright-bench generate DIR N` writes a fleet of N connections into DIR; `linkwright-bench reach SCENARIO
// NAMESPACES` measures the evaluation of policies. `.ci/bench` measures with both.

func fail(_ message: String) -> Never {
  let bytes = Array("\(message)\n".utf8)
  _ = write(STDERR_FILENO, bytes, bytes.count)
  exit(2)
}

let arguments = Array(CommandLine.arguments.dropFirst())
let usage =
  "usage: linkwright-bench generate DIR N\n       linkwright-bench reach \(NetworkGenerator.Scenario.allCases.map(\.rawValue).joined(separator: "|")) NAMESPACES"
guard arguments.count == 3, let count = Int(arguments[2]), 1...1_000_000 ~= count else { fail(usage) }
switch arguments[0] {
case "generate":
  var writer = FileWriter(root: arguments[1])
  do {
    try FleetGenerator(count: count).files { path, text throws(WriteFailure) in
      try writer.write(text, to: path)
    }
  } catch {
    fail("linkwright-bench: cannot write \(error.path): \(error.reason)")
  }
case "reach":
  guard let benchmark = ReachBenchmark(scenario: arguments[1], namespaces: count) else { fail(usage) }
  print(benchmark.run())
default: fail(usage)
}
