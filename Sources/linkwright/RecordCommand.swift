import Compiler
import Diagnostics
import Snapshot

extension Command {
  private static let source = Option(
    name: "--source", value: "REPO@SHA", help: "Where the manifests come from: a repository and a commit")
  private static let namespace = Option(
    name: "--namespace", short: "-n", value: "NAME", repeats: true,
    help: "Replace only this namespace; also that of objects that name none")

  /// `linkwright record`
  static let record = Command(
    name: "record", summary: "Record manifests that are rendered elsewhere", arguments: ["[DIR]"],
    options: [
      RecordingInput.recordedCluster, source, RecordingInput.file, namespace, .format, .color, .quiet,
      .verbose,
    ],
    discussion: """
      Keeps what Linkwright reads of manifests that another repository, kustomize or Helm makes, so that the same
      commit always compiles to the same output. The record is a state: it replaces what was recorded for the
      cluster before. Environment variables, Secrets and data of ConfigMaps are never kept.
      """,
    example:
      "helm template . | linkwright record --cluster gold --source https://example.com/app@3f2a91c -f -"
  ) { parsed throws(CommandFailure) in
    guard let text = parsed.last(source) else {
      throw CommandFailure(message: "where do the manifests come from?", help: "name it: --source REPO@SHA")
    }
    let origin: RecordSource
    do throws(RecordSource.Fault) {
      origin = try RecordSource(text)
    } catch {
      throw CommandFailure(message: error.message, help: error.help)
    }
    let input = try RecordingInput(parsed)
    guard let fleet = input.fleet else { return try input.refuse() }
    var options = Record.Options()
    options.namespaces = parsed.all(namespace)
    options.defaultNamespace = options.namespaces.count == 1 ? options.namespaces[0] : nil
    let place: RecordingPlace
    do throws(RecordingPlaceFault) {
      place = try RecordingPlace(.recorded, of: input.cluster, in: fleet)
    } catch {
      try input.reporting.print([error.finding])
      return .findings
    }
    let existing = try RecordingInput.reading { () throws(SnapshotError) in
      try place.existing(in: input.snapshot)
    }
    return try input.write(
      Record.reduce(input.files, from: origin, at: place, existing: existing, options: options))
  }
}
