import Compiler
import Diagnostics
import FleetSpec
import Snapshot

/// What observe and record have in common: a cluster of a fleet, an input, files to be written.
struct RecordingInput {
  static let cluster = Option(name: "--cluster", value: "NAME", help: "The cluster that answered")
  /// `record` asks no cluster.
  static let recordedCluster = Option(
    name: "--cluster", value: "NAME", help: "The cluster that the manifests are for")
  static let file = Option(
    name: "--filename", short: "-f", value: "FILE", repeats: true,
    help: "The input: a file, a directory, or '-'")

  let location: FleetLocation
  let snapshot: DirectorySnapshot
  /// Where the output on record lies.
  let recorded: any Snapshot
  let compilation: Compilation
  let reporting: Reporting
  let cluster: String
  let files: [SourceFile]

  var fleet: Fleet? { compilation.fleet }

  init(_ parsed: ParsedArguments) throws(CommandFailure) {
    guard let name = parsed.last(Self.cluster) else {
      throw CommandFailure(message: "which cluster answered?", help: "name it: --cluster NAME")
    }
    let inputs = parsed.all(Self.file)
    guard !inputs.isEmpty else {
      throw CommandFailure(message: "there is no input", help: "name a file, or '-f -' for standard input")
    }
    location = try FleetLocation(parsed)
    reporting = try Reporting(parsed, prefix: location.prefix)
    let snapshot = DirectorySnapshot(root: location.root)
    let compiler = try Compiling.compiler()
    self.snapshot = snapshot
    // The fleet may have findings, not least because nothing was observed yet.
    let recorded: any Snapshot = try RecordedBranches(FleetSource(directoryOf: parsed))?.snapshot ?? snapshot
    self.recorded = recorded
    compilation = try Self.reading { () throws(SnapshotError) in
      try compiler.compile(snapshot, recorded: recorded)
    }
    cluster = name
    if compilation.fleet != nil, !compilation.clusters.contains(name) {
      throw CommandFailure(
        message: "there is no Cluster '\(name)'",
        help: Suggestions.nearest(name, among: compilation.clusters)
          ?? "the clusters are \(listed(compilation.clusters))")
    }
    var files: [SourceFile] = []
    for input in inputs {
      files += try InputFiles.read(input).map { SourceFile(path: $0.path, bytes: $0.content) }
    }
    self.files = files
  }

  /// Reports why there is no fleet.
  func refuse() throws(CommandFailure) -> ExitCode {
    try reporting.print(compilation.findings)
    return .findings
  }

  /// Writes a recording, or nothing when it has errors.
  func write(_ recording: Recording) throws(CommandFailure) -> ExitCode {
    try reporting.print(recording.findings)
    guard !recording.findings.containErrors else { return .findings }
    for file in recording.files {
      if let content = file.content {
        try FileWriting.write(content, to: file.path, below: location.root)
        reporting.summarize("wrote \(file.path)")
      } else {
        try FileWriting.remove("\(location.root)/\(file.path)")
        reporting.summarize("removed \(file.path)")
      }
    }
    if recording.files.isEmpty { reporting.summarize("nothing has changed") }
    for line in recording.summary { reporting.summarize(line) }
    return .success
  }

  /// Turns a failure to read into the command's.
  static func reading<Value>(_ body: () throws(SnapshotError) -> Value) throws(CommandFailure) -> Value {
    do {
      return try body()
    } catch {
      throw CommandFailure(message: "cannot read \(error.path): \(error.reason)")
    }
  }
}
