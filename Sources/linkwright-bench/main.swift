import Glibc

// `linkwright-bench generate DIR N` writes a fleet of N connections into DIR, `generate-mesh DIR MEMBERS SERVICES` a mesh
// with global Services; `linkwright-bench reach SCENARIO NAMESPACES` measures the evaluation of policies. `.ci/bench`
// measures with all of them.

func fail(_ message: String) -> Never {
  let bytes = Array("\(message)\n".utf8)
  _ = write(STDERR_FILENO, bytes, bytes.count)
  exit(2)
}

let arguments = Array(CommandLine.arguments.dropFirst())
let usage =
  "usage: linkwright-bench generate DIR N\n       linkwright-bench generate-mesh DIR MEMBERS SERVICES\n       linkwright-bench reach \(NetworkGenerator.Scenario.allCases.map(\.rawValue).joined(separator: "|")) NAMESPACES"
guard arguments.count >= 3, let count = Int(arguments[2]), 1...1_000_000 ~= count else { fail(usage) }

func generate(
  _ files: (_ write: (String, String) throws(WriteFailure) -> Void) throws(WriteFailure) -> Void
) {
  var writer = FileWriter(root: arguments[1])
  do {
    try files { path, text throws(WriteFailure) in try writer.write(text, to: path) }
  } catch {
    fail("linkwright-bench: cannot write \(error.path): \(error.reason)")
  }
}

switch (arguments[0], arguments.count) {
case ("generate", 3): generate(FleetGenerator(count: count).files)
case ("generate-mesh", 4):
  guard let services = Int(arguments[3]), 2...511 ~= count, 0...1_000_000 ~= services else { fail(usage) }
  generate(MeshGenerator(members: count, services: services).files)
case ("reach", 3):
  guard let benchmark = ReachBenchmark(scenario: arguments[1], namespaces: count) else { fail(usage) }
  print(benchmark.run())
default: fail(usage)
}
