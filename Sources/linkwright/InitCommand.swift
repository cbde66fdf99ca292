import Compiler
import Glibc

extension Command {
  private static let link = Option(
    name: "--link", value: "TYPE",
    help:
      "Start with a link of this type: porter, cluster-mesh, static, gateway-dns or tetrate; with --templates, only its templates",
    choices: TemplateCopies.folders)
  private static let templates = Option(
    name: "--templates", help: "Copy the built-in templates into the fleet, to be edited")

  /// `linkwright init`
  static let initialize = Command(
    name: "init", summary: "Start a fleet in a directory", arguments: ["[DIR]"], options: [link, templates],
    discussion: """
      Writes linkwright.yaml, two clusters, a link and a commented connection. A directory that has one of these
      files already is left as it is.

      With --templates it writes the built-in templates below templates/ instead, each with its variables and
      their types in a comment at the top. Templates that are there already are kept.
      """,
    example: "linkwright init my-fleet --link porter"
  ) { parsed throws(CommandFailure) in
    let directory = parsed.positional.first ?? "."
    if parsed.has(templates) { return try copyTemplates(to: directory, of: parsed.last(link)) }
    guard
      ["porter", "cluster-mesh", "static", "gateway-dns", "tetrate"].contains(parsed.last(link) ?? "porter")
    else {
      throw CommandFailure(
        message: "'init' writes no links of type \(parsed.last(link) ?? "")",
        help:
          "start with porter, cluster-mesh, static, gateway-dns or tetrate and edit the link, or copy one of the examples"
      )
    }
    let files = StarterFleet.files(
      link: parsed.last(link) ?? "porter", name: StarterFleet.name(for: directory))
    for (path, _) in files where access("\(directory)/\(path)", F_OK) == 0 {
      throw CommandFailure(
        message: "\(directory)/\(path) exists already",
        help: "'init' starts a fleet in a directory without one")
    }
    for (path, text) in files {
      try FileWriting.write(text, to: "\(directory)/\(path)")
      Terminal.print("wrote \(path)\n")
    }
    Terminal.printError(
      "next: put your manifests under workloads/<cluster>/, edit the connection, run 'linkwright validate'\n")
    return .success
  }

  /// True for the page of an earlier copy that nobody has edited: one of more types takes its place.
  private static func isOwnPage(_ path: String) -> Bool {
    guard path.hasSuffix("/README.md"), let compiler = try? Compiling.compiler(),
      let content = try? InputFiles.read(path).first?.content
    else { return false }
    let folders = TemplateCopies.folders.map(Optional.some) + [nil]
    return folders.contains { folder in
      TemplateCopies.files(of: compiler, folder: folder).last.map { Array($0.text.utf8) == content } ?? false
    }
  }

  /// `init --templates`: what is there already is somebody's work.
  private static func copyTemplates(to directory: String, of folder: String?) throws(CommandFailure)
    -> ExitCode
  {
    guard FileSystem.isDirectory(directory) else {
      throw CommandFailure(message: "there is no directory '\(directory)'", help: "make it first")
    }
    for (path, text) in TemplateCopies.files(of: try Compiling.compiler(), folder: folder) {
      let path = "templates/\(path)"
      guard access("\(directory)/\(path)", F_OK) != 0 || isOwnPage("\(directory)/\(path)") else {
        Terminal.print("kept \(path)\n")
        continue
      }
      try FileWriting.write(text, to: "\(directory)/\(path)")
      Terminal.print("wrote \(path)\n")
    }
    Terminal.printError(
      "next: edit the templates that you need and delete the others: those stay as the program has them\n")
    return .success
  }
}
