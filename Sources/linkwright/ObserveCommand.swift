import Compiler
import Diagnostics
import Snapshot

extension Command {
  private static let compare = Option(
    name: "--compare", help: "Compare with what the output expects there, and write nothing")
  private static let kinds = Option(
    name: "--kinds", value: "KINDS",
    help: "What was asked for, as given to 'kubectl get': objects of these kinds that are gone are removed")
  private static let namespace = Option(
    name: "--namespace", short: "-n", value: "NAME", repeats: true,
    help: "The namespace that was asked for, and that of objects that name none")
  private static let allNamespaces = Option(
    name: "--all-namespaces", short: "-A", help: "All namespaces were asked for")

  /// `linkwright observe`
  static let observe = Command(
    name: "observe", summary: "Record what a cluster answered", arguments: ["[DIR]"],
    options: [
      RecordingInput.cluster, RecordingInput.file, compare, kinds, namespace, allNamespaces, .format, .color,
      .quiet,
      .verbose,
    ],
    discussion: """
      Reads what 'kubectl get -o yaml' printed and keeps the few fields that matter, sorted and without time
      stamps. For each kind and namespace in the input the observations on record are replaced; others stay.
      With --compare nothing is written: exit status 1 when the cluster differs from what is expected.
      """,
    example: "oc -n a1b2c3-dev get tscs,ts,svc,endpoints -o yaml | linkwright observe --cluster gold -f -"
  ) { parsed throws(CommandFailure) in
    guard !parsed.has(allNamespaces) || !parsed.has(namespace) else {
      throw CommandFailure(
        message: "were all namespaces asked for, or \(listed(parsed.all(namespace)))?",
        help: "leave out -A or -n, as 'kubectl get' was called")
    }
    let input = try RecordingInput(parsed)
    var options = Observation.Options()
    let namespaces = parsed.all(namespace)
    options.defaultNamespace = namespaces.count == 1 ? namespaces[0] : nil
    if parsed.has(allNamespaces) {
      options.namespaces = .all
    } else if !namespaces.isEmpty {
      options.namespaces = .named(namespaces)
    }
    if let list = parsed.last(kinds) {
      do throws(Observation.UnknownKind) {
        options.kinds = try Observation.kinds(named: list)
      } catch {
        throw CommandFailure(message: error.message, help: error.help)
      }
    }
    guard let fleet = input.fleet else { return try input.refuse() }
    if parsed.has(compare) {
      let expected = try RecordingInput.reading { () throws(SnapshotError) in
        try Comparison.expectedFiles(
          of: input.cluster, in: fleet, record: input.compilation.record, snapshot: input.recorded)
      }
      guard !expected.isEmpty else {
        throw CommandFailure(
          message: "the output on record expects nothing of cluster '\(input.cluster)'",
          help: "build or commit the output first; what controllers will create stands below expected/")
      }
      let comparison = Comparison(input.files, of: input.cluster, expected: expected, options: options)
      try input.reporting.print(comparison.findings)
      for line in comparison.summary { input.reporting.summarize(line) }
      return comparison.findings.containErrors ? .findings : .success
    }
    let place: RecordingPlace
    do throws(RecordingPlaceFault) {
      place = try RecordingPlace(.observed, of: input.cluster, in: fleet)
    } catch {
      try input.reporting.print([error.finding])
      return .findings
    }
    let existing = try RecordingInput.reading { () throws(SnapshotError) in
      try place.existing(in: input.snapshot)
    }
    return try input.write(Observation.reduce(input.files, at: place, existing: existing, options: options))
  }
}
