import Compiler
import Diagnostics
import FleetSpec
import Output
import Repository
import Snapshot
import Synchronization

/// What validate, build and check have in common: compile the fleet at a location.
struct Compiling {
  let source: FleetSource
  /// Where the output on record lies.
  let recorded: any Snapshot
  let compilation: Compilation
  let reporting: Reporting

  /// - Parameters:
  ///   - output: the directory whose output is on record; nil for the source's own, or the branches that the Fleet
  ///     names.
  ///   - isBeside: true where what lies beside the source counts, whatever branches are named.
  ///   - isCheckOnly: true where nobody looks at the files of the output.
  init(
    _ parsed: ParsedArguments, output: String? = nil, isBeside: Bool = false, isCheckOnly: Bool = false
  ) throws(CommandFailure) {
    let input = try CompileInput(parsed, output: output, isBeside: isBeside)
    var options = try Self.options(parsed, input)
    options.isCheckOnly = isCheckOnly
    // Elsewhere others may have output of their own.
    if output != nil { options.looksForFormerOutput = false }
    try self.init(input, options, reporting: Reporting(parsed, prefix: input.source.prefix))
    input.memo?.save()
  }

  /// Compiles; whoever calls this saves the memo.
  init(_ input: CompileInput, _ options: CompileOptions, reporting: Reporting) throws(CommandFailure) {
    source = input.source
    recorded = input.recorded
    self.reporting = reporting
    compilation = try Self.compile(source.snapshot, recorded: recorded, options, memo: input.memo)
    try Self.check(clusters: options.clusters + options.extraWorkloads.keys.sorted(), compilation)
    Self.keep(compilation)
  }

  /// What the command line and the input say about a compile.
  static func options(
    _ parsed: ParsedArguments, _ input: CompileInput
  ) throws(CommandFailure) -> CompileOptions {
    var options = try options(parsed)
    options.sourceDay = input.source.commit?.day
    options.looksForFormerOutput = input.branches == nil
    return options
  }

  /// What the command line says about a compile.
  static func options(_ parsed: ParsedArguments) throws(CommandFailure) -> CompileOptions {
    var options = CompileOptions()
    options.clusters = parsed.all(.cluster)
    options.isStrict = parsed.has(.strict)
    options.isParanoid = parsed.has(.paranoid)
    options.prunesPending = parsed.has(.prunePending)
    options.extraWorkloads = try Self.extraWorkloads(parsed.all(.workloads))
    return options
  }

  /// Compiles; a snapshot that cannot be read is a failure.
  static func compile(
    _ snapshot: any Snapshot, recorded: any Snapshot, _ options: CompileOptions,
    memo: (any MemoStore)? = nil, whenAssembled: (@Sendable (OutputTree) -> Void)? = nil
  ) throws(CommandFailure) -> Compilation {
    do {
      return try Self.compiler().compile(
        snapshot, recorded: recorded, options: options, memo: memo, whenAssembled: whenAssembled)
    } catch let failure as CommandFailure {
      throw failure
    } catch let error as SnapshotError {
      throw CommandFailure(message: "cannot read \(error.path): \(error.reason)")
    } catch {
      throw CommandFailure(message: "\(error)")
    }
  }

  /// The Fleet at the root of a snapshot, before anything else is read.
  static func fleet(_ snapshot: any Snapshot) throws(CommandFailure) -> (Fleet?, [Diagnostic]) {
    let compiler = try compiler()
    do {
      return try compiler.fleet(snapshot)
    } catch {
      throw CommandFailure(message: "cannot read \(error.path): \(error.reason)")
    }
  }

  /// Compilations live until the process ends: freeing a large one takes a tenth of the whole compile.
  private static let kept = Mutex<[Compilation]>([])

  /// Keeps a compilation until the process ends.
  static func keep(_ compilation: Compilation) { kept.withLock { $0.append(compilation) } }

  /// Compiled once: commands that compare compile several times.
  private static let shared: Result<Compiler, Resources.Fault> = {
    do throws(Resources.Fault) {
      return .success(Compiler(resources: try Resources()))
    } catch {
      return .failure(error)
    }
  }()

  static func compiler() throws(CommandFailure) -> Compiler {
    switch shared {
    case .success(let compiler): return compiler
    case .failure(let fault):
      throw CommandFailure(message: "this program was built from broken schemas: \(fault.message)")
    }
  }

  private static func check(clusters: [String], _ compilation: Compilation) throws(CommandFailure) {
    guard compilation.fleet != nil else { return }
    let known = compilation.clusters
    for cluster in clusters where !known.contains(cluster) {
      throw CommandFailure(
        message: "there is no Cluster '\(cluster)'",
        help: Suggestions.nearest(cluster, among: known) ?? "the clusters are \(listed(known))")
    }
  }

  /// `CLUSTER=PATH` arguments into files; a directory is read with all its YAML and JSON.
  private static func extraWorkloads(
    _ arguments: [String]
  ) throws(CommandFailure) -> [String: [(path: String, content: [UInt8])]] {
    var result: [String: [(path: String, content: [UInt8])]] = [:]
    for argument in arguments {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw CommandFailure(
          message: "'\(argument)' is not CLUSTER=PATH", help: "write --workloads gold=manifests/gold")
      }
      result[parts[0], default: []] += try InputFiles.read(parts[1])
    }
    return result
  }

  /// What the change from the output on record to the new one would be.
  ///
  /// - Parameter keeps: true for paths that are left as they are.
  func change(keeps: (String) -> Bool = { _ in false }) throws(CommandFailure) -> OutputChange {
    do {
      return try OutputChange(
        from: compilation.record, to: compilation.output,
        keeps: { compilation.isHeldBack($0) || keeps($0) },
        blob: { entry throws(SnapshotError) in
          compilation.record.blob(of: try recorded.content(of: entry), at: entry.path)
        })
    } catch {
      throw CommandFailure(message: "cannot read \(error.path): \(error.reason)")
    }
  }

  /// `3 connections, 24 objects in 2 clusters`.
  var summary: String { Self.summary(compilation.connections, compilation.objects) }

  static func summary(_ connections: Int, _ objects: Int) -> String {
    "\(connections) \(connections == 1 ? "connection" : "connections"), \(objects) objects"
  }

  /// Existing manifests that already do what would have been emitted, for --verbose.
  func printSatisfied(_ parsed: ParsedArguments) {
    guard parsed.has(.verbose) else { return }
    for line in compilation.satisfiedLines { Terminal.printError(line + "\n") }
  }
}
