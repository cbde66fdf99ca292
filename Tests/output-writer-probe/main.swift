import Compiler
import Glibc
import Output

// output-writer-probe ROOT ROUNDS [--user ID] | output-writer-probe ROOT --files COUNT
//
// Writes the two generations of ProbeGeneration by turns until it is done or killed. `--files` measures: it
// writes that many files for the first time, again with other content, and removes them.

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count >= 2 else {
  print("usage: output-writer-probe ROOT ROUNDS [--user ID] | ROOT --files COUNT")
  exit(64)
}
// Two that take turns wait for each other as long as it takes.
let directory = OutputDirectory(root: arguments[0], patience: 600_000)

func measure(_ count: Int) throws(OutputError) {
  let paths = (0..<count).map {
    "rendered/cluster-\($0 % 10)/manifests/ns-\($0 / 10 % 700)/service-\($0).yaml"
  }
  for (name, kind, byte) in [
    ("new", OutputChange.Kind.added, 1), ("changed", .changed, 2), ("removed", .removed, 0),
  ] {
    let content = kind == .removed ? nil : [UInt8](repeating: UInt8(byte), count: 900)
    let change = OutputChange(items: paths.map { OutputChange.Item(path: $0, kind: kind, content: content) })
    let start = ContinuousClock.now
    try directory.apply(change)
    print("\(count) \(name): \(Int((ContinuousClock.now - start) / .milliseconds(1))) ms")
  }
}

do throws(OutputError) {
  if arguments[1] == "--files", arguments.count > 2 {
    try measure(Int(arguments[2]) ?? 1000)
    exit(0)
  }
  if arguments.count > 3, arguments[2] == "--user", let user = UInt32(arguments[3]) {
    guard setgid(user) == 0, setuid(user) == 0 else { exit(71) }
  }
  for round in 0..<(Int(arguments[1]) ?? 1) {
    try directory.apply(ProbeGeneration.change(to: round % 2))
  }
} catch {
  print("\(error.path): \(error.reason)")
  exit(1)
}
