import Glibc

extension Command {
  private static let link = Option(
    name: "--link", value: "TYPE",
    help: "Start with a link of this type: porter, static, gateway-dns or tetrate",
    choices: ["porter", "static", "gateway-dns", "tetrate"])

  /// `linkwright init`
  static let initialize = Command(
    name: "init", summary: "Start a fleet in a directory", arguments: ["[DIR]"], options: [link],
    discussion:
      "Writes linkwright.yaml, two clusters, a link and a commented connection. Existing files are kept.",
    example: "linkwright init my-fleet --link porter"
  ) { parsed throws(CommandFailure) in
    let directory = parsed.positional.first ?? "."
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
}
