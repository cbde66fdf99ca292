import Foundation
import TestSupport
import Testing

/// `validate` and `check` of commits and the index say the same with what earlier runs left as without.
struct CheckMemoryTests {
  private static let namespaces = (0..<4).map { "team\($0)-prod" }

  private static func connection(_ name: String, _ namespace: String, port: Int = 8000) -> String {
    """
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: \(name), namespace: \(namespace)}
    spec:
      from: [{podSelector: {matchLabels: {app: client}}}]
      to: {namespace: \(namespace), service: server, ports: [\(port)]}
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

  private static func fleet(_ prefix: String) throws -> FleetRepository {
    let fleet = try FleetRepository(prefix: prefix)
    for (index, namespace) in namespaces.enumerated() {
      try fleet.write("connections/\(namespace).yaml", connection("way\(index)", namespace))
      for cluster in ["gold", "golddr"] {
        try fleet.write("workloads/\(cluster)/\(namespace).yaml", workload(namespace))
      }
    }
    return fleet
  }

  /// Runs a command with what is remembered and, afterwards, without.
  private static func expectSame(
    _ fleet: FleetRepository, _ arguments: [String], _ context: String,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    func run(_ parameters: String) throws -> [String] {
      let output = try FleetRepository.program.run(
        arguments, in: fleet.path + "/" + fleet.prefix,
        environment: FleetRepository.environment.merging(["GIT_CONFIG_PARAMETERS": parameters]) { $1 })
      return ["\(output.status)", output.text, output.errorText]
    }
    let told = try run("")
    let again = try run("")
    let whole = try run("'linkwright.memo=false'")
    #expect(told == whole, "\(context): \(arguments)", sourceLocation: location)
    #expect(again == whole, "\(context), again: \(arguments)", sourceLocation: location)
  }

  private static let commands = [
    ["validate", "--ref", "HEAD"], ["check", "--ref", "HEAD"], ["validate", "--staged"],
    ["check", "--staged"],
    ["validate", "--ref", "HEAD", "--format", "sarif"], ["check", "--ref", "HEAD", "--format", "json"],
    ["validate", "--ref", "HEAD", "--strict", "--verbose"], ["validate", "--staged", "--format", "json"],
  ]

  /// The output lies beside the source, in the same commits and in ones of its own.
  @Test(arguments: ["", "teams/a/"])
  func outputBesideTheSource(_ prefix: String) throws {
    let fleet = try Self.fleet(prefix)
    func build() throws { #expect(try fleet.linkwright("build", prefix.isEmpty ? "." : prefix).status == 0) }
    func step(_ what: String, builds: Bool = true) throws {
      if builds { try build() }
      try fleet.git("add", "-A")
      for command in Self.commands where command.contains("--staged") {
        try Self.expectSame(fleet, command, what)
      }
      try fleet.git("commit", "-q", "--allow-empty", "-m", what)
      for command in Self.commands { try Self.expectSame(fleet, command, what) }
    }
    try step("new")
    try fleet.write("connections/team0-prod.yaml", Self.connection("way0", "team0-prod", port: 8001))
    try step("a port")
    try fleet.write("connections/team1-prod.yaml", Self.connection("way1", "team1-prod", port: 8001))
    try step("a port, not built", builds: false)
    try step("built")
    try fleet.write("connections/team2-prod.yaml", Self.connection("way2", "team2-prod", port: 8002))
    try step("an error", builds: false)
    try fleet.write("connections/team2-prod.yaml", Self.connection("way2", "team2-prod"))
    try step("mended")
    try fleet.write("README.md", "Prose")
    try step("prose")
    let claim = "rendered/gold/manifests/team3-prod/transportserverclaim-server-tsc.yaml"
    try fleet.write(claim, try fleet.read(claim) + "# edited\n")
    try step("edited by hand", builds: false)
    try fleet.git("rm", "-q", fleet.prefix + claim)
    try step("removed by hand", builds: false)
    try step("restored")
    try fleet.write("rendered/gold/inventory/team9-prod.lock", "")
    try step("an inventory of nobody", builds: false)
    try fleet.git("rm", "-q", "-f", fleet.prefix + "rendered/gold/inventory/team9-prod.lock")
    try fleet.git("rm", "-q", fleet.prefix + "connections/team3-prod.yaml")
    try step("one less")
    // Output in a place of before.
    try FleetRepository.run(["cp", "-r", "rendered", "former"], in: fleet.path + "/" + fleet.prefix)
    try step("a copy of the output", builds: false)
    try fleet.git("rm", "-q", "-r", fleet.prefix + "former")
    try step("without it")
    try fleet.git("revert", "--no-edit", "HEAD")
    for command in Self.commands { try Self.expectSame(fleet, command, "reverted") }
    try fleet.expectClean()
  }

  /// The output goes to a branch, which commits move.
  @Test func outputOnABranch() throws {
    let fleet = try Self.fleet("")
    let text = try fleet.read("linkwright.yaml")
    try fleet.write(
      "linkwright.yaml", text.replacing("    path: rendered\n", with: "    path: rendered\n    branch: out\n")
    )
    func step(_ what: String, commits: Bool) throws {
      try fleet.git("add", "-A")
      try fleet.git("commit", "-q", "--allow-empty", "-m", what)
      for command in Self.commands { try Self.expectSame(fleet, command, what) }
      guard commits else { return }
      #expect(try fleet.linkwright("commit").status == 0)
      for command in Self.commands { try Self.expectSame(fleet, command, "\(what), committed") }
    }
    try step("new", commits: true)
    for (index, namespace) in Self.namespaces.enumerated() {
      try fleet.write("connections/\(namespace).yaml", Self.connection("way\(index)", namespace, port: 8001))
      try step("port of \(namespace)", commits: index % 2 == 0)
    }
    // A claim under another name: a warning as long as the branch has the former one.
    try fleet.write(
      "connections/team0-prod.yaml",
      Self.connection("way0", "team0-prod") + "  porter: {claimName: other-tsc}\n")
    try step("renamed", commits: true)
    try fleet.expectClean()
  }

  /// Exceptions end on a day: the same files on another day say something else.
  @Test func theDayOfTheSourceCounts() throws {
    let fleet = try Self.fleet("")
    try fleet.write(
      "policies/owners.yaml",
      """
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: owners}
      spec:
        match: {kinds: [Connection]}
        rules: [{name: owner, expression: has(self.owner)}]
        exceptions: [{rules: [owner], reason: older than the rule, until: "2023-11-20"}]

      """)
    try fleet.commitAll("A policy")
    try fleet.git("branch", "early")
    func validate(_ revision: String) throws -> Program.Output {
      try fleet.linkwright("validate", "--ref", revision)
    }
    let early = try validate("early")
    let tree = try fleet.id("HEAD^{tree}")
    let late = try FleetRepository.run(
      [
        "env", "GIT_COMMITTER_DATE=1800000000 +0000", "git", "commit-tree", tree, "-p", "HEAD", "-m", "Later",
      ],
      in: fleet.path)
    for command in [
      ["validate", "--ref", late], ["validate", "--ref", "early"], ["validate", "--ref", late],
    ] {
      try Self.expectSame(fleet, command, "\(early.status)")
    }
    #expect(try validate(late).errorText != early.errorText)
  }

  /// What is remembered is a matter of speed only: damage is not told.
  @Test func damageIsNotTold() throws {
    let fleet = try Self.fleet("")
    try fleet.commitAll("Teams")
    try Self.expectSame(fleet, ["validate", "--ref", "HEAD"], "new")
    let memo = fleet.path + "/.git/linkwright/memo/"
    for name in try FileManager.default.contentsOfDirectory(atPath: memo) {
      var bytes = try Data(contentsOf: URL(fileURLWithPath: memo + name))
      for index in stride(from: 64, to: bytes.count, by: 97) { bytes[index] ^= 0x5A }
      try bytes.write(to: URL(fileURLWithPath: memo + name))
    }
    try Self.expectSame(fleet, ["validate", "--ref", "HEAD"], "damaged")
  }
}
