import Adoption
import Compiler
import Diagnostics
import Foundation
import Output
import Snapshot
import TestSupport
import Testing

/// The report of every case is held against what other programs find: the output, built by kustomize, beside the
/// manifests as they were given, compared in Python.
@Suite struct ProofTests {
  static let kubectl = Program.find("kubectl")
  static let python = Program.python(importing: ["yaml"])
  private static let script = Repository.path("Tests/AdoptionTests/Proof/proof.py")

  @Test(
    .enabled(if: kubectl != nil && python != nil, "kubectl or the repository's Python is not installed"),
    // What has faults does not compile before they are mended.
    arguments: AdoptionCase.all.filter { !["faults", "lone-claim-in-secondary"].contains($0.name) })
  func reportIsTrue(_ example: AdoptionCase) throws {
    let adoption = try example.adopt()
    guard !adoption.isRefused else { return }
    let python = try #require(Self.python)
    let root = NSTemporaryDirectory() + "linkwright-proof-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: root) }
    let request = try example.request()
    let fleet = try example.files("fleet")
    let elsewhere = Dictionary(
      uniqueKeysWithValues: try example.files("elsewhere").map { ("elsewhere/\($0)", $1) })
    try Self.write(fleet.merging(adoption.writtenFiles) { $1 }, to: "\(root)/fleet")
    try Self.write(fleet.merging(elsewhere) { $1 }, to: "\(root)/original")
    let clusters = request.clusters.map { ($0.name, $0.files.map(\.path)) }
    var facts: [String: [UInt8]] = [
      "report.json": Array(adoption.json(version: "1").utf8),
      "clusters.json": Array(
        try JSONSerialization.data(withJSONObject: Dictionary(uniqueKeysWithValues: clusters))),
    ]
    if let namespace = request.defaultNamespace { facts["options"] = Array("namespace=\(namespace)".utf8) }
    try Self.write(facts, to: root)
    // As it stands, nothing is emitted in the place of what is there; then the manifests are handed over.
    try Self.build(example, "\(root)/fleet")
    let handover = try python.run([Self.script, "handover", root])
    #expect(handover.status == 0, "\(handover.errorText)")
    try Self.build(example, "\(root)/fleet")
    let compared = try python.run([Self.script, "compare", root])
    #expect(compared.status == 0, "\(compared.text)\(compared.errorText)")
  }

  /// Compiles a directory and writes its output into it.
  private static func build(_ example: AdoptionCase, _ root: String) throws {
    let compilation = try AdoptionCase.compiler.get().compile(DirectorySnapshot(root: root))
    let errors = compilation.findings.filter { $0.severity == .error && $0.suppression == nil }.map(\.message)
    #expect(errors == [])
    let files = compilation.output.files.filter { $0.unit != nil || $0.path.hasSuffix("kustomization.yaml") }
    try write(
      Dictionary(files.map { ($0.path, $0.content) }) { first, _ in first }, to: root)
  }

  private static func write(_ files: [String: [UInt8]], to root: String) throws {
    for (path, content) in files {
      let place = URL(fileURLWithPath: "\(root)/\(path)")
      try FileManager.default.createDirectory(
        at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(content).write(to: place)
    }
  }
}
