import Foundation
import TestSupport
import Testing

/// Commits one after the other, told from each other, are the commits that full compiles make: the same ids.
struct IncrementalCommitTests {
  private static func connection(
    _ name: String, _ namespace: String, port: Int, to service: String = "server"
  ) -> String {
    """
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: \(name), namespace: \(namespace)}
    spec:
      from: [{podSelector: {matchLabels: {app: client}}}]
      to: {namespace: \(namespace), service: \(service), ports: [\(port)]}
      exposure: {acknowledged: span-bc}

    """
  }

  private static func workload(_ namespace: String) -> String {
    """
    apiVersion: v1
    kind: Service
    metadata: {name: server, namespace: \(namespace)}
    spec: {selector: {app: server}, ports: [{port: 8000, name: a}, {port: 8001, name: b}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: second, namespace: \(namespace)}
    spec: {selector: {app: server}, ports: [{port: 9000}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: server, namespace: \(namespace)}
    spec:
      selector: {matchLabels: {app: server}}
      template:
        metadata: {labels: {app: server}}
        spec: {containers: [{name: server, image: x}]}

    """
  }

  private static let namespaces = (0..<5).map { "team\($0)-prod" }

  /// Edits of one fleet, each committed to a branch that goes on from what is remembered and to one that compiles
  /// everything. `prefix`: where the fleet lies in the repository.
  @Test(arguments: ["", "teams/a/"])
  func idsAreThoseOfFullCompiles(_ prefix: String) throws {
    let fleet = try FleetRepository(prefix: prefix)
    let directory = fleet.path + "/" + prefix
    for (index, namespace) in Self.namespaces.enumerated() {
      if index < 4 {
        try fleet.write(
          "connections/\(namespace).yaml", Self.connection("way\(index)", namespace, port: 8000))
      }
      for cluster in ["gold", "golddr"] {
        try fleet.write("workloads/\(cluster)/\(namespace).yaml", Self.workload(namespace))
      }
    }
    func commit(_ arguments: String...) throws -> String {
      let output = try FleetRepository.program.run(
        ["commit"] + arguments, in: directory, environment: FleetRepository.environment)
      #expect(output.status == 0, "\(arguments): \(output.errorText)")
      // Compiling everything, one also learns how many files there are.
      return output.errorText.split(separator: "\n").filter { !$0.hasPrefix("unchanged") }.joined(
        separator: "\n")
    }
    func step(_ what: String) throws {
      try fleet.git("add", "-A")
      try fleet.git("commit", "-q", "--allow-empty", "-m", what)
      let told = try commit("--branch", "told")
      let whole = try commit("--branch", "whole", "--recompile")
      #expect(try fleet.id("told") == fleet.id("whole"), "\(what)")
      // The same is said, too.
      // Where nothing is committed, the warnings are counted and not told again.
      if !told.isEmpty, !told.contains("as when it was compiled") {
        #expect(told.replacing("told", with: "whole") == whole, "\(what)")
      }
    }
    try step("Four teams")
    try fleet.write("connections/team1-prod.yaml", Self.connection("way1", "team1-prod", port: 8001))
    try step("A port")
    try fleet.write("connections/more.yaml", Self.connection("more", "team4-prod", port: 9000, to: "second"))
    try step("One more")
    try fleet.write(
      "connections/more.yaml", "# moved\n" + Self.connection("more", "team4-prod", port: 9000, to: "second"))
    try step("A line above")
    try fleet.git("mv", "\(fleet.prefix)connections/more.yaml", "\(fleet.prefix)connections/renamed.yaml")
    try step("Another file")
    try fleet.git("rm", "-q", "\(fleet.prefix)connections/renamed.yaml")
    try step("One less")
    try fleet.write("README.md", "Prose")
    try step("Prose")
    try fleet.write("workloads/gold/team3-prod.yaml", Self.workload("team3-prod") + "# manifest\n")
    try step("A manifest")
    for branch in ["told", "whole"] {
      // Somebody writes a file of their own beside the output.
      let tree = fleet.root + "/tree"
      try fleet.git("worktree", "add", "-q", tree, branch)
      try Data("notes\n".utf8).write(to: URL(fileURLWithPath: "\(tree)/\(fleet.prefix)rendered/NOTES"))
      try fleet.git("add", "-A", at: tree)
      try fleet.git("commit", "-q", "-m", "Notes", at: tree)
      try fleet.git("worktree", "remove", tree)
    }
    try fleet.write("connections/team0-prod.yaml", Self.connection("way0", "team0-prod", port: 8001))
    try step("Beside a file of somebody else")
    try fleet.write("connections/team0-prod.yaml", Self.connection("way0", "team0-prod", port: 8000))
    try step("Back")
    try fleet.expectClean()
  }

  /// The commit to go on from was rewritten and thrown away: everything is compiled.
  @Test func aSourceThatIsGoneIsNoFault() throws {
    let fleet = try FleetRepository()
    try fleet.changePort(8001)
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    let gone = try fleet.id("HEAD")
    try fleet.git("branch", "plain", "out")
    try fleet.git("commit", "-q", "--amend", "-m", "Said better")
    try fleet.git("reflog", "expire", "--expire=now", "--all")
    try fleet.git("gc", "-q", "--prune=now")
    #expect(try fleet.git("cat-file", "-t", gone, allowFailure: true).isEmpty)
    try fleet.changePort(8002)
    for branch in ["out", "plain"] {
      let output = try fleet.linkwright(
        "commit", "--branch", branch, "--replace-unrelated", branch == "out" ? "-q" : "--recompile")
      #expect(output.status == 0, "\(output.errorText)")
    }
    #expect(try fleet.id("out") == fleet.id("plain"))
    try fleet.expectClean()
  }

  /// Each change leaves a small file in the memo; none of them grows, and the large one stays.
  @Test func theMemoStaysSmall() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    let memo = fleet.path + "/.git/linkwright/memo"
    func size() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: memo).reduce(0) { sum, name in
        let attributes = try FileManager.default.attributesOfItem(atPath: memo + "/" + name)
        return sum + (attributes[.size] as? Int ?? 0)
      }
    }
    let base = try FileManager.default.attributesOfItem(atPath: memo + "/memo")[.systemFileNumber] as? Int
    for port in 8001..<8022 {
      try fleet.changePort(port)
      #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: memo).count <= 17)
    #expect(
      try FileManager.default.attributesOfItem(atPath: memo + "/memo")[.systemFileNumber] as? Int == base)
    #expect(try size() < 8 << 20)
  }
}
