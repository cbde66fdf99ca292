import Compiler
import Diagnostics

extension Command {
  private static let output = Option(
    name: "--output", short: "-o", value: "FORMAT", help: "Print as text or json", choices: ["text", "json"])

  /// `linkwright version`
  static let version = Command(
    name: "version", summary: "Print the version", options: [output], example: "linkwright version -o json"
  ) { parsed in
    if parsed.last(output) == "json" {
      var writer = JSONWriter(indentation: 2)
      writer.object { writer in
        writer.member("version", Compiler.version)
        writer.member("apiVersion", "linkwright.dev/v1alpha1")
      }
      Terminal.print(writer.finish() + "\n")
    } else {
      Terminal.print("linkwright \(Compiler.version)\n")
    }
    return .success
  }
}
