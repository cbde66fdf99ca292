import Foundation
import PackagePlugin

/// Runs `embed-resources` before a module is built: over the package's `schemas/` and `templates/` for `Compiler`, over
/// the facts of platforms and network plugins for `Reachability`, over the parts of its page for `Chart`.
@main
struct EmbedResources: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let root = context.package.directoryURL
    let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedResources.swift")
    var inputs: [URL] = []
    let directories =
      switch target.name {
      case "Reachability": ["Sources/Reachability/Platforms", "Sources/Reachability/Profiles"]
      case "Chart": ["Sources/Chart/Page"]
      default: ["schemas", "templates"]
      }
    for directory in directories {
      let base = root.appending(path: directory)
      let files = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
      while let file = files?.nextObject() as? URL {
        if ["json", "yaml", "html", "css", "js"].contains(file.pathExtension) { inputs.append(file) }
      }
    }
    inputs.sort { $0.path < $1.path }
    return [
      .buildCommand(
        displayName: "Embedding resources of \(target.name)",
        executable: try context.tool(named: "embed-resources").url,
        arguments: [output.path, root.path] + inputs.map(\.path),
        inputFiles: inputs, outputFiles: [output])
    ]
  }
}
