import Adoption
import Compiler
import Diagnostics
import Glibc
import Snapshot

extension Command {
  private static let cluster = Option(
    name: "--cluster", value: "NAME[/NAMESPACE]=PATH", repeats: true,
    help:
      "A cluster's manifests: a file, a directory or '-'; the same name again adds to them. NAMESPACE is that of objects that name none"
  )
  private static let pair = Option(
    name: "--pair", value: "PRIMARY=SECONDARY", repeats: true,
    help: "Two clusters that one Porter operator serves, where the manifests do not show it")
  private static let namespace = Option(
    name: "--namespace", short: "-n", value: "NAME", help: "The namespace of objects that name none")
  private static let owner = Option(
    name: "--owner", value: "TEAM", help: "Who answers for the connections; also their directory")
  private static let chartVersion = Option(
    name: "--chart-version", value: "VERSION",
    help: "The version of the Cilium chart, where the manifests do not say")
  private static let dryRun = Option(name: "--dry-run", help: "Show what would be written, and write nothing")
  private static let output = Option(
    name: "--output", short: "-o", value: "FORMAT", help: "The report: text or json",
    choices: ["text", "json"])

  /// `linkwright adopt`
  static let adopt = Command(
    name: "adopt", summary: "Write the specification for manifests that exist", arguments: ["[DIR]"],
    options: [
      cluster, pair, namespace, owner, chartVersion, dryRun, output, .format, .color, .quiet, .verbose,
    ],
    discussion: """
      Reads plain manifests, 'kubectl get -o yaml' dumps, or what kustomize and Helm print, and writes Cluster, Link and
      Connection documents that keep the names of live objects. Then it compiles them in memory and reports, object by
      object: identical, equivalent (and why), different. Existing files are never changed; run it again at any time.
      DIR is made where it does not exist.
      """,
    example: "linkwright adopt --cluster gold=manifests/gold --cluster golddr=manifests/golddr"
  ) { parsed throws(CommandFailure) in
    let location = try FleetLocation(parsed, mayBeNew: true)
    let reporting = try Reporting(parsed, prefix: location.prefix)
    var request = try AdoptionArguments(parsed.all(cluster), root: location.root).request
    request.fleetName = StarterFleet.name(for: location.root)
    request.pairs = try parsed.all(pair).map { text throws(CommandFailure) in
      let parts = text.split(separator: "=").map(String.init)
      let names = request.clusters.map(\.name)
      guard parts.count == 2, parts[0] != parts[1], parts.allSatisfy(names.contains) else {
        throw CommandFailure(
          message: "'\(text)' is not a pair of the clusters",
          help: "write --pair gold=golddr, with names given to --cluster")
      }
      return (parts[0], parts[1])
    }
    request.defaultNamespace = parsed.last(namespace)
    request.owner = parsed.last(owner)
    request.chartVersion = parsed.last(chartVersion)
    let snapshot: any Snapshot =
      location.isNew ? MemorySnapshot([:]) : DirectorySnapshot(root: location.root)
    let compiler = try Compiling.compiler()
    let adoption = try RecordingInput.reading { () throws(SnapshotError) in
      try Adoption(request, in: snapshot, compiler: compiler)
    }
    try reporting.print(adoption.findings)
    guard !adoption.isRefused else {
      reporting.summarize("nothing was written: the input is not the state of clusters")
      return .findings
    }
    let writes = !parsed.has(dryRun)
    if writes {
      for file in adoption.files { try FileWriting.write(file.content, to: file.path, below: location.root) }
    }
    Terminal.print(
      parsed.last(output) == "json"
        ? adoption.json(version: Compiler.version)
        : adoption.text(isDryRun: !writes, isVerbose: parsed.has(.verbose)))
    if !writes, parsed.has(.verbose), parsed.last(output) != "json" {
      for file in adoption.files {
        Terminal.print("\n--- \(file.path)\n\(String(decoding: file.content, as: UTF8.self))")
      }
    }
    return adoption.isClean ? .success : .findings
  }
}

/// `--cluster` arguments, read.
struct AdoptionArguments {
  let request: AdoptionRequest

  init(_ arguments: [String], root: String) throws(CommandFailure) {
    guard !arguments.isEmpty else {
      throw CommandFailure(
        message: "whose manifests are to be adopted?",
        help: "name each cluster: --cluster gold=manifests/gold")
    }
    var order: [String] = []
    var files: [String: [SourceFile]] = [:]
    var paths: [String: [String?]] = [:]
    var namespaces: [String: [String: String]] = [:]
    var readsInput = false
    for argument in arguments {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      let names = parts[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, !parts[1].isEmpty, names.count <= 2, names.allSatisfy(Self.isName) else {
        throw CommandFailure(
          message: "'\(argument)' is not NAME=PATH",
          help:
            "write --cluster gold=manifests/gold, or --cluster gold/c6af30-dev=dev.yaml; names are lower-case"
        )
      }
      guard parts[1] != "-" || !readsInput else {
        throw CommandFailure(
          message: "standard input can be read once, and two arguments ask for it",
          help: "write the manifests of each cluster to a file")
      }
      readsInput = readsInput || parts[1] == "-"
      let name = names[0]
      if files[name] == nil { order.append(name) }
      let inside = Self.inside(parts[1], root)
      paths[name, default: []].append(inside)
      for file in try InputFiles.read(parts[1]) {
        let path = Self.normal(inside.map { $0 + file.path.dropFirst(parts[1].count) } ?? file.path)
        if names.count == 2 {
          if let other = namespaces[name]?[path], other != names[1] {
            throw CommandFailure(
              message: "\(path) was given twice, for namespaces \(other) and \(names[1])",
              help: "give each namespace a file of its own")
          }
          namespaces[name, default: [:]][path] = names[1]
        }
        files[name, default: []].append(SourceFile(path: path, bytes: file.content))
      }
    }
    request = AdoptionRequest(
      clusters: order.map { name in
        let given = paths[name] ?? []
        return AdoptionRequest.Cluster(
          name: name, files: files[name] ?? [], path: given.count == 1 ? given[0] : nil,
          namespaces: namespaces[name] ?? [:])
      }, fleetName: "fleet")
  }

  private static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 63 && text.utf8.first != UInt8(ascii: "-")
      && text.utf8.last != UInt8(ascii: "-")
      && text.utf8.allSatisfy {
        $0 &- UInt8(ascii: "a") < 26 || $0 &- UInt8(ascii: "0") < 10 || $0 == UInt8(ascii: "-")
      }
  }

  /// A path from the fleet's root; nil for what lies elsewhere.
  private static func inside(_ path: String, _ root: String) -> String? {
    guard path != "-", let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    let absolute = String(cString: resolved)
    guard absolute.hasPrefix(root + "/") else { return nil }
    return String(absolute.dropFirst(root.count + 1))
  }

  /// Without doubled slashes, as a snapshot names paths.
  private static func normal(_ path: String) -> String {
    let parts = path.split(separator: "/").joined(separator: "/")
    return path.hasPrefix("/") ? "/" + parts : parts
  }
}
