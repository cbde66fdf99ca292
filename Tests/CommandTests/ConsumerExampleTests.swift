import Diagnostics
import Foundation
import TestSupport
import Testing
import YAMLTree

/// `examples/consumers`: what Argo CD, Flux and kustomize are told, held against the output that is really there.
@Suite struct ConsumerExampleTests {
  static let kubectl = Program.find("kubectl")

  static func documents(_ path: String) throws -> [Node] {
    let file = SourceFile(
      path: path, bytes: Array(try Data(contentsOf: URL(fileURLWithPath: Repository.path(path)))))
    let parsed = Tree.parse(file)
    try #require(parsed.findings.isEmpty, "\(path)")
    return parsed.tree.documents
  }

  /// Directories of the repository that a pattern of Argo CD's git generator finds: `*` is one component.
  static func directories(_ pattern: String) -> [String] {
    var found = [""]
    for component in pattern.split(separator: "/") {
      found = found.flatMap { base -> [String] in
        let names = (try? FileManager.default.contentsOfDirectory(atPath: Repository.path(base))) ?? []
        return names.filter { component == "*" || $0 == component }.map {
          base.isEmpty ? $0 : "\(base)/\($0)"
        }
      }.filter { path in
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: Repository.path(path), isDirectory: &isDirectory)
          && isDirectory.boolValue
      }
    }
    return found.sorted()
  }

  static func builds(_ path: String) throws {
    let kubectl = try #require(kubectl)
    let output = try kubectl.run(["kustomize", Repository.path(path)])
    #expect(output.status == 0, "\(path): \(output.errorText)")
    #expect(output.text.contains("kind: "), "\(path) builds nothing")
  }

  @Test(.enabled(if: kubectl != nil, "kubectl is not installed"))
  func applicationSetFindsEveryNamespace() throws {
    let set = try #require(try Self.documents("examples/consumers/argocd/applicationset.yaml").first)
    let generator = try #require(set.at("spec", "generators")?.elements.first { _ in true })
    let rules = try #require(generator.at("git", "directories")).elements.map { $0 }
    let excluded = Set(
      rules.filter { $0["exclude"]?.boolean == true }.flatMap { Self.directories($0["path"]?.text ?? "") })
    let found = rules.filter { $0["exclude"] == nil }.flatMap { Self.directories($0["path"]?.text ?? "") }
      .filter { !excluded.contains($0) }
    let fleet = try Self.documents("examples/patroni/linkwright.yaml")
    #expect(!fleet.isEmpty && found.count == 6, "\(found)")
    for path in found {
      let segments = path.split(separator: "/")
      // The template's name and destination are taken from these.
      #expect(["gold", "golddr"].contains(String(segments[3])), "\(path)")
      #expect(segments.last?.hasPrefix("c6af30-") == true, "\(path)")
      // A directory with a kustomization is no plain directory to Argo CD.
      #expect(FileManager.default.fileExists(atPath: Repository.path("\(path)/kustomization.yaml")))
      try Self.builds(path)
    }
    #expect(set.at("spec", "template", "spec", "source", "directory") == nil)
  }

  /// The tenant's project admits every kind that the example emits, and no other.
  @Test func projectAdmitsWhatIsEmitted() throws {
    let project = try #require(try Self.documents("examples/consumers/argocd/project.yaml").first)
    let admitted = Set(
      project.at("spec", "namespaceResourceWhitelist")?.elements.map {
        "\($0["group"]?.text ?? "")/\($0["kind"]?.text ?? "")"
      } ?? [])
    var emitted: Set<String> = []
    for directory in Self.directories("examples/patroni/rendered/*/*/manifests/*") {
      for name in try FileManager.default.contentsOfDirectory(atPath: Repository.path(directory)) {
        guard name.hasSuffix(".yaml"), name != "kustomization.yaml" else { continue }
        let object = try #require(try Self.documents("\(directory)/\(name)").first)
        let version = object["apiVersion"]?.text ?? ""
        let group = version.contains("/") ? String(version.prefix { $0 != "/" }) : ""
        emitted.insert("\(group)/\(object["kind"]?.text ?? "")")
      }
    }
    #expect(emitted == admitted)
  }

  /// The list that replaces Argo CD's default leaves in what Linkwright emits.
  @Test func exclusionsLeaveAddressesIn() throws {
    let patch = try #require(try Self.documents("examples/consumers/argocd/exclusions.yaml").first)
    let list = try #require(patch.at("data", "resource.exclusions")?.string)
    let tree = Tree.parse(text: list, path: "exclusions").tree
    let kinds = try #require(tree.root).elements.flatMap { $0["kinds"]?.elements.map(\.text) ?? [] }
    #expect(kinds.contains("CiliumEndpointSlice") && kinds.contains("Lease"))
    #expect(!kinds.contains("Endpoints") && !kinds.contains("EndpointSlice"))
  }

  @Test(.enabled(if: kubectl != nil, "kubectl is not installed"))
  func fluxPathsBuild() throws {
    let documents = try Self.documents("examples/consumers/flux/kustomizations.yaml")
    let kustomizations = documents.filter { $0["kind"]?.text == "Kustomization" }
    let names = kustomizations.compactMap { $0.at("metadata", "name")?.text }
    #expect(kustomizations.count == 2)
    for item in kustomizations {
      let path = try #require(item.at("spec", "path")?.string)
      try Self.builds(String(path.dropFirst(2)))
      for dependency in item.at("spec", "dependsOn")?.elements.map({ $0 }) ?? [] {
        #expect(names.contains(dependency["name"]?.text ?? ""))
      }
    }
  }

  @Test(.enabled(if: kubectl != nil, "kubectl is not installed"))
  func componentPatchesTheTeamsOwnService() throws {
    let kubectl = try #require(Self.kubectl)
    let output = try kubectl.run([
      "kustomize", Repository.path("examples/consumers/kustomize/overlays/cluster02"),
    ])
    #expect(output.status == 0, "\(output.errorText)")
    #expect(output.text.contains("service.cilium.io/global: \"true\""))
    #expect(output.text.contains("kind: Deployment"))
  }

  /// The plugin's own command line, in a copy of the example, as the sidecar runs it.
  @Test(.enabled(if: kubectl != nil, "kubectl is not installed"))
  func pluginPrintsManifestsOnly() throws {
    let plugin = try #require(try Self.documents("examples/consumers/argocd/plugin.yaml").first)
    let script = try #require(plugin.at("spec", "generate", "args")?.elements.first { _ in true }?.string)
    let fleet = try FleetRepository()
    let shell = try #require(Program.find("sh"))
    let folder = FleetRepository.program.path.split(separator: "/", omittingEmptySubsequences: false)
      .dropLast().joined(separator: "/")
    var environment = FleetRepository.environment
    environment["PATH"] = folder + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
    environment["PARAM_CLUSTER"] = "gold"
    let output = try shell.run(["-c", script], in: fleet.path, environment: environment)
    #expect(output.status == 0, "\(output.errorText)")
    let tree = Tree.parse(text: output.text, path: "stdout").tree
    #expect(
      tree.documents.compactMap { $0["kind"]?.text }.sorted() == ["NetworkPolicy", "TransportServerClaim"])

    // A fleet with an error gives no manifest at all, and the sync fails.
    try fleet.write("connections/yourservice.yaml", "kind: Connection\n")
    let broken = try shell.run(["-c", script], in: fleet.path, environment: environment)
    #expect(broken.status != 0 && broken.stdout.isEmpty)
    #expect(broken.errorText.contains("error[LW"))
  }
}
