import Glibc

// `linkwright-bench generate DIR N` writes a fleet of N connections into DIR. `.ci/bench` measures with it.

func fail(_ message: String) -> Never {
  let bytes = Array("\(message)\n".utf8)
  _ = write(STDERR_FILENO, bytes, bytes.count)
  exit(2)
}

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count == 3, arguments[0] == "generate", let count = Int(arguments[2]), 1...1_000_000 ~= count
else {
  fail("usage: linkwright-bench generate DIR N")
}
var writer = FileWriter(root: arguments[1])
do {
  try FleetGenerator(count: count).files { path, text throws(WriteFailure) in try writer.write(text, to: path)
  }
} catch {
  fail("linkwright-bench: cannot write \(error.path): \(error.reason)")
}
