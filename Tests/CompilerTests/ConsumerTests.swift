import Compiler
import Diagnostics
import Foundation
import TestSupport
import Testing
import YAMLTree

/// What reads the output: Argo CD, Flux and kustomize take everything that lies in `manifests/`.
@Suite struct ConsumerTests {
  static let kubectl = Program.find("kubectl")

  /// A fleet of the cases or of the examples.
  struct Source: Sendable, CustomTestStringConvertible {
    let directory: String
    var testDescription: String { directory }
    static let all = (GoldenCase.all.map(\.input) + ExampleFleet.all.map(\.path)).map(Source.init)
  }

  @Test(arguments: Source.all)
  func manifestsHoldOnlyObjects(_ source: Source) throws {
    let compilation = try FixtureFleet(directory: source.directory).compile()
    for (path, content) in compilation.writtenFiles where path.split(separator: "/").contains("manifests") {
      #expect(path.hasSuffix(".yaml"), "\(path)")
      let parsed = Tree.parse(SourceFile(path: path, bytes: content))
      #expect(parsed.findings.isEmpty, "\(path)")
      #expect(parsed.tree.documents.count == 1, "\(path)")
      let root = try #require(parsed.tree.root)
      let apiVersion = try #require(root["apiVersion"]?.string)
      let kind = try #require(root["kind"]?.string)
      #expect(!apiVersion.contains("linkwright"), "\(path)")
      #expect((kind == "Kustomization") == path.hasSuffix("/kustomization.yaml"), "\(path)")
      if kind != "Kustomization" { #expect(root.at("metadata", "name")?.string != nil, "\(path)") }
      #expect(content.last == UInt8(ascii: "\n") && !content.contains(UInt8(ascii: "\r")), "\(path)")
    }
  }

  /// Every kustomization builds on its own; a component builds over the object that it patches.
  @Test(.enabled(if: ConsumerTests.kubectl != nil, "kubectl is not installed"), arguments: Source.all)
  func kustomizationsBuild(_ source: Source) throws {
    let kubectl = try #require(Self.kubectl)
    let compilation = try FixtureFleet(directory: source.directory).compile()
    let scratch = try ScratchDirectory()
    try scratch.write(compilation.writtenFiles)
    for path in compilation.writtenFiles.keys.sorted() where path.hasSuffix("/kustomization.yaml") {
      let directory = path.dropLast("/kustomization.yaml".count)
      if directory.split(separator: "/").dropLast().last == "components" {
        try buildComponent(String(directory), compilation.writtenFiles, scratch, kubectl)
      } else {
        let built = try kubectl.run(["kustomize", scratch.path(String(directory))])
        #expect(built.status == 0, "\(directory): \(built.errorText)")
        #expect(built.text.contains("kind: "), "\(directory) builds nothing")
      }
    }
  }

  private func buildComponent(
    _ directory: String, _ files: [String: [UInt8]], _ scratch: ScratchDirectory, _ kubectl: Program
  ) throws {
    let patches = files.keys.filter { $0.hasPrefix(directory + "/") && !$0.hasSuffix("/kustomization.yaml") }
    let patch = try #require(patches.first)
    let root = try #require(Tree.parse(SourceFile(path: patch, bytes: files[patch] ?? [])).tree.root)
    let overlay = "overlay-" + directory.replacingOccurrences(of: "/", with: "-")
    // A patch of a Namespace has none.
    let namespace = root.at("metadata", "namespace")?.string.map { ", namespace: \($0)" } ?? ""
    try scratch.write([
      "\(overlay)/kustomization.yaml": Array("resources: [base.yaml]\ncomponents: [../\(directory)]\n".utf8),
      "\(overlay)/base.yaml": Array(
        """
        apiVersion: \(root["apiVersion"]?.text ?? "")
        kind: \(root["kind"]?.text ?? "")
        metadata: {name: \(root.at("metadata", "name")?.text ?? "")\(namespace)}

        """.utf8),
    ])
    let built = try kubectl.run(["kustomize", scratch.path(overlay)])
    #expect(built.status == 0, "\(directory): \(built.errorText)")
    // The base alone has five lines.
    #expect(built.text.split(separator: "\n").count > 5, "\(directory) patches nothing")
  }
}
