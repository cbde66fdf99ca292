import Diagnostics
import FleetSpec
import Foundation
import Output
import Snapshot
import TestSupport
import Testing

@testable import Compiler

/// What is told from an earlier compile is what a full compile gives: bytes, findings, places, counts.
@Suite struct IncrementalCompileTests {
  /// A fleet with its output on record, and what is remembered; every step compares with a full compile.
  private struct History {
    var fleet: [String: [UInt8]]
    var record: [String: [UInt8]] = [:]
    /// The sources by their names.
    private var sources: [String: [String: [UInt8]]] = [:]
    private(set) var steps = 0
    private(set) var told = 0
    /// Checks that were told from earlier ones, by whether the output was compared.
    private(set) var toldChecks = [false: 0, true: 0]
    private var histories: [Bool: CheckHistory] = [:]
    /// The sides of checks by source and record.
    private var sides: [String: CheckedSide] = [:]
    private let memo = MemoryMemo()

    init(_ fleet: [String: [UInt8]]) { self.fleet = fleet }

    /// Compiles both ways and, where nothing is wrong, writes the output; false where something is.
    @discardableResult
    mutating func step(
      _ context: String, _ location: SourceLocation = #_sourceLocation
    ) throws -> Bool {
      steps += 1
      let compiler = try FixtureFleet.compiler.get()
      let head = NamedSnapshot(fleet)
      let recorded = NamedSnapshot(record)
      let whole = try compiler.compile(head, recorded: recorded)
      let name = "source \(steps)"
      sources[name] = fleet
      let options = CompileOptions()
      var quick: IncrementalCompile?
      if let declared = whole.fleet,
        let key = try RememberedCompile.key(of: recorded, fleet: declared, options: options),
        let remembered = RememberedCompile(key, in: memo)
      {
        let base = NamedSnapshot(try #require(sources[remembered.source]))
        quick = try compiler.compile(
          changeFrom: remembered, base: base, head: head, named: name, recorded: recorded,
          options: options, memo: memo)
      }
      if let quick {
        told += 1
        try Self.expectSame(quick, whole, recorded, context, location)
      }
      try check(whole, recorded, context, location)
      guard !whole.failed, whole.heldBack.isEmpty else { return false }
      let change = try Self.change(whole, recorded)
      guard change.foreign.isEmpty else { return false }
      for item in change.items { record[item.path] = item.content }
      try check(nil, NamedSnapshot(record), "\(context), written", location)
      let written = NamedSnapshot(record)
      if let quick {
        try quick.remember(output: written, options: options, in: memo)
      } else {
        try whole.remember(head, named: name, output: written, options: options, in: memo)
      }
      return true
    }

    /// Checks both ways: without and with a look at the output.
    mutating func check(
      _ known: Compilation?, _ recorded: NamedSnapshot, _ context: String,
      _ location: SourceLocation = #_sourceLocation
    ) throws {
      let compiler = try FixtureFleet.compiler.get()
      let head = CheckedSide(source: NamedSnapshot(fleet), record: recorded)
      let whole = try known ?? compiler.compile(head.source, recorded: recorded)
      let change = whole.failed ? nil : try Self.change(whole, recorded)
      let id = try #require(try head.source.directoryID(""))
      let check = CheckHistory.Check(
        source: id, record: try recorded.directoryID("")?.hexadecimal ?? "nothing")
      for compares in [false, true] {
        var history = histories[compares] ?? CheckHistory("\(compares)", in: memo)
        var options = CompileOptions()
        options.isCheckOnly = !compares
        var told: IncrementalCheck?
        for earlier in history.checks.prefix(2) where told == nil {
          guard let remembered = history.remembered(earlier, in: memo),
            let base = sides["\(earlier)"]
          else { continue }
          told = try compiler.check(
            changeFrom: remembered, base, head, named: id.hexadecimal, options: options,
            comparesOutput: compares, memo: memo)
        }
        if let told {
          toldChecks[compares, default: 0] += 1
          #expect(!whole.failed, "\(context)", sourceLocation: location)
          #expect(
            Self.reports(told.findings) == Self.reports(whole.findings), "\(context)",
            sourceLocation: location)
          #expect(
            told.connections == whole.connections && told.objects == whole.objects, "\(context)",
            sourceLocation: location)
          if compares {
            #expect(
              change?.isEmpty == true && told.fileCount == change?.unchanged, "\(context)",
              sourceLocation: location)
          }
          history.keep(check, told, in: memo)
        } else if !compares || change?.isEmpty == true && !whole.findings.containErrors {
          history.keep(check, whole, of: head.source, countsFiles: compares, in: memo)
        }
        histories[compares] = history
      }
      sides["\(check)"] = head
    }

    private static func reports(_ findings: [Diagnostic]) -> [String] {
      [ReportFormat.json, .text].map {
        $0.render(
          findings, rules: RuleCatalogue.all, options: ReportFormat.Options(version: Compiler.version))
      }
    }

    private static func change(_ whole: Compilation, _ recorded: NamedSnapshot) throws -> OutputChange {
      try OutputChange(from: whole.record, to: whole.output, keeps: { _ in false }) {
        (entry) throws(SnapshotError) in BlobID(of: try recorded.content(of: entry))
      }
    }

    private static func expectSame(
      _ quick: IncrementalCompile, _ whole: Compilation, _ recorded: NamedSnapshot, _ context: String,
      _ location: SourceLocation
    ) throws {
      #expect(!whole.failed && !whole.findings.containErrors, "\(context)", sourceLocation: location)
      let change = try Self.change(whole, recorded)
      func text(_ change: OutputChange) -> String {
        change.items.map { "\($0.kind) \($0.path) \($0.blob?.hexadecimal ?? "-")\n" }.joined()
          + "\(change.unchanged) unchanged, \(change.edited) \(change.missing) \(change.foreign)"
      }
      #expect(text(quick.change) == text(change), "\(context)", sourceLocation: location)
      #expect(quick.change.items.map(\.content) == change.items.map(\.content), sourceLocation: location)
      #expect(reports(quick.findings) == reports(whole.findings), "\(context)", sourceLocation: location)
    }
  }

  // MARK: Fleets

  private static let namespaces = (0..<6).map { "team\($0)-prod" }

  /// Six namespaces, some of whose connections lead to another one.
  private static func teams() throws -> [String: [UInt8]] {
    var files = try FixtureFleet(directory: "examples/porter-pair").files.filter {
      !$0.key.hasPrefix("rendered/") && !$0.key.hasPrefix("observed/") && !$0.key.hasPrefix("workloads/")
        && !$0.key.hasPrefix("connections/")
    }
    for (index, namespace) in namespaces.enumerated() {
      files["connections/\(namespace)/own.yaml"] = connection("way\(index)", namespace, to: namespace)
      for cluster in ["gold", "golddr"] {
        files["workloads/\(cluster)/\(namespace)/server.yaml"] = workload(namespace)
      }
    }
    files["connections/shared.yaml"] = connection("shared", namespaces[1], to: namespaces[2])
    return files
  }

  private static let plainFleet =
    "apiVersion: linkwright.dev/v1alpha1\nkind: Fleet\nmetadata: {name: teams}\nspec:\n  compilerVersion: \">=0.1\"\n"

  private static func connection(
    _ name: String, _ client: String, to namespace: String, port: Int = 8000, app: String = "client",
    more: String = ""
  ) -> [UInt8] {
    Array(
      """
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata:
        name: \(name)
        namespace: \(client)
      spec:
        from:
        - podSelector: {matchLabels: {app: \(app)}}
        to:
          namespace: \(namespace)
          service: server
          ports: [\(port)]
        exposure: {acknowledged: span-bc}
      \(more)
      """.utf8)
  }

  private static func workload(_ namespace: String, port: Int = 8000) -> [UInt8] {
    Array(
      """
      apiVersion: v1
      kind: Service
      metadata: {name: server, namespace: \(namespace)}
      spec:
        selector: {app: server}
        ports: [{port: \(port), name: a, protocol: TCP}, {port: \(port + 1), name: b, protocol: TCP}]
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: server, namespace: \(namespace)}
      spec:
        selector: {matchLabels: {app: server}}
        template:
          metadata: {labels: {app: server}}
          spec: {containers: [{name: server, image: x}]}

      """.utf8)
  }

  private static func policy(_ name: String, _ namespace: String) -> [UInt8] {
    Array(
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: \(name), namespace: \(namespace)}
      spec: {podSelector: {}, policyTypes: [Ingress, Egress]}

      """.utf8)
  }

  // MARK: Edits

  /// Edits as people make them, most of them of connections.
  private static func edit(_ files: inout [String: [UInt8]], _ random: inout SeededGenerator, _ step: Int) {
    let namespace = namespaces.randomElement(using: &random) ?? ""
    let other = namespaces.randomElement(using: &random) ?? ""
    let own = "connections/\(namespace)/own.yaml"
    func append(_ text: String, to path: String) { files[path]? += Array(text.utf8) }
    let isLocal = Int.random(in: 0..<3, using: &random) > 0
    switch isLocal ? Int.random(in: -6..<12, using: &random) : Int.random(in: 12..<24, using: &random) {
    case 0, 1:
      files[own] = connection(
        "way", namespace, to: namespace, port: 8000 + Int.random(in: 0...1, using: &random))
    case 2, 3: files["connections/extra\(step).yaml"] = connection("extra\(step)", namespace, to: other)
    case 4: files[own] = nil
    case 5: files[own] = connection("way", namespace, to: namespace, app: "other")
    case 6: append("# a remark\n", to: own)
    case 7: files[own]?.insert(contentsOf: Array("# a line above\n".utf8), at: 0)
    case 8:
      if let moved = files.removeValue(forKey: own) {
        files["connections/\(namespace)/moved.yaml"] = moved
      }
    case 9:
      files["connections/\(namespace)"] = nil
      for path in files.keys where path.hasPrefix("connections/extra") && Bool.random(using: &random) {
        files[path] = nil
      }
    case 10:
      files[own] = connection(
        "way", namespace, to: namespace, more: "  porter: {monitor: {interval: \(10 + step)}}\n")
    case 11:
      files[own] = connection("way", namespace, to: namespace).replacing(
        "  namespace: \(namespace)\nspec",
        with: "  namespace: \(namespace)\n  annotations: {linkwright.dev/ignore: 'LW2125: known'}\nspec")
    // Manifests, most of which only their own namespace looks at.
    case -1: files["workloads/gold/\(namespace)/policy.yaml"] = policy("deny", namespace)
    case -2:
      files["workloads/gold/\(namespace)/peers.yaml"] = Array(
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: peers, namespace: \(namespace)}
        spec:
          podSelector: {matchLabels: {app: server}}
          policyTypes: [Ingress]
          ingress:
          - from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: \(other)}}
              podSelector: {matchLabels: {app: \(["client", "server", "x\(step)"].randomElement(using: &random) ?? "")}}
            ports: [{port: \(8000 + step % 3)}, {port: name\(step % 2)}]

        """.utf8)
    case -3:
      for path in files.keys
      where path.hasPrefix("workloads/gold/\(namespace)/") && !path.hasSuffix("server.yaml") {
        files[path] = nil
      }
    case -4, -5:
      for cluster in ["gold", "golddr"] {
        let path = "workloads/\(cluster)/\(namespace)/server.yaml"
        files[path] = files[path]?.replacing("image: x", with: "image: x\(step)x")
      }
    case -6:
      files["workloads/golddr/\(namespace)/config.yaml"] = Array(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config, namespace: \(namespace)}\ndata: {step: '\(step)'}\n"
          .utf8)
    // What concerns more than connections: everything is compiled.
    case 12: files["workloads/gold/\(namespace)/policy.yaml"] = policy("deny", namespace)
    case 13:
      files["workloads/gold/\(namespace)/labels.yaml"] = Array(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: \(namespace), labels: {step: s\(step)}}\n".utf8)
    case 14: append("# cluster\n", to: "clusters/gold.yaml")
    case 15: append("# link\n", to: "links/gold-pair.yaml")
    case 16 where step % 2 == 0:
      files["workloads/gold/\(namespace)/server.yaml"] = workload(namespace, port: 8000 - step % 2)
    case 16:
      let path = "workloads/gold/\(namespace)/server.yaml"
      files[path] = files[path]?.replacing(
        "labels: {app: server}", with: "labels: {app: server, step: s\(step)}")
    case 17: append("# platform\n", to: "baseline/platform-services-controlled-default.yaml")
    case 18: files["docs/step\(step).md"] = Array("Prose".utf8)
    case 19: files["connections/broken.yaml"] = Array("kind: Connection\nbroken: [".utf8)
    case 20: files["connections/broken.yaml"] = nil
    case 21: append("\n", to: "linkwright.yaml")
    case 22:
      files["policies/rule.yaml"] = Array(
        """
        apiVersion: linkwright.dev/v1alpha1
        kind: Policy
        metadata: {name: names}
        spec:
          match: {kinds: [Connection]}
          rules:
          - expression: "object.metadata.name.size() < \(4 + step % 9)"
            message: too long
            severity: warning

        """.utf8)
    default:
      files["connections/two.yaml"] =
        connection("two", namespace, to: other) + Array("---\n".utf8) + connection("three", other, to: other)
    }
  }

  @Test(arguments: 0..<6) func editsGiveWhatAFullCompileGives(_ run: Int) throws {
    let seed = SeededGenerator.seed() &+ UInt64(run)
    print("TEST_SEED=\(seed &- UInt64(run)), run \(run)")
    var random = SeededGenerator(seed: seed)
    var files = try Self.teams()
    // With a consumer that leaves out kinds, totals over the whole fleet are part of what is said.
    if run % 3 == 0 { files["linkwright.yaml"] = Array(Self.plainFleet.utf8) }
    if run % 3 == 1 {
      files["linkwright.yaml"] = Array((Self.plainFleet + "  output: {clusterKustomization: false}\n").utf8)
    }
    var history = History(files)
    try history.step("new")
    // Long enough that something is tested, whatever was drawn.
    func isEnough() -> Bool { history.told >= 3 && history.toldChecks.values.allSatisfy { $0 >= 3 } }
    var step = -1
    while step < 23 || !isEnough() && step < 400 {
      step += 1
      let before = history.fleet
      for _ in 0..<Int.random(in: 1...2, using: &random) { Self.edit(&history.fleet, &random, step) }
      // Somebody works on the branch as well.
      if Int.random(in: 0..<20, using: &random) == 0 {
        history.record["rendered/gold/NOTES"] = Array("step \(step)".utf8)
      }
      let isWritten = try history.step("step \(step) of run \(run), seed \(seed)")
      // What somebody does to the output is seen.
      if Int.random(in: 0..<3, using: &random) == 0,
        let path = history.record.keys.sorted().randomElement(using: &random)
      {
        let record = history.record
        history.record[path] = Bool.random(using: &random) ? nil : Array("edited \(step)\n".utf8)
        if Bool.random(using: &random) {
          history.record["rendered/gold/inventory/x\(step).lock"] = record[path]
        }
        try history.check(
          nil, NamedSnapshot(history.record), "edited \(path) in step \(step) of run \(run), seed \(seed)")
        history.record = record
      }
      if !isWritten || Int.random(in: 0..<6, using: &random) == 0 { history.fleet = before }
    }
    #expect(history.told >= 3, "\(history.told) of \(history.steps), seed \(seed)")
    #expect(history.toldChecks.values.allSatisfy { $0 >= 3 }, "\(history.toldChecks), seed \(seed)")
  }

  /// A policy that comes, changes or goes is judged with the pods that it speaks of, wherever they are.
  @Test(arguments: [
    "egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: team3-prod}}, podSelector: {matchLabels: {app: nobody}}}]}]",
    "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: team3-prd}}}]}]",
    "ingress: [{from: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: app, operator: In, values: [nobody]}]}}]}]",
    "egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: team3-prod}}}], ports: [{port: nosuch}]}]",
    "egress: [{ports: [{port: nosuch}]}]", "ingress: [{from: [{podSelector: {matchLabels: {app: nobody}}}]}]",
  ])
  func policiesLookAtOtherNamespaces(_ rules: String) throws {
    var history = History(try Self.teams())
    try history.step("new")
    let path = "workloads/gold/peers.yaml"
    func policy(_ rules: String) -> [UInt8] {
      Array(
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: peers, namespace: team0-prod}
        spec: {podSelector: {matchLabels: {app: unused}}, \(rules)}
        """.utf8)
    }
    history.fleet[path] = policy(rules)
    try history.step("added: \(rules)")
    history.fleet[path] = policy(rules.replacing("nobody", with: "none"))
    try history.step("changed: \(rules)")
    history.fleet["connections/team1-prod/own.yaml"] = Self.connection(
      "way1", "team1-prod", to: "team1-prod", port: 8001)
    try history.step("another change: \(rules)")
    history.fleet[path] = nil
    try history.step("removed: \(rules)")
    #expect(history.told > 0)
  }

  /// Fleets of every kind, edited blindly.
  @Test(arguments: GoldenCase.all.map(\.input) + ExampleFleet.all.map(\.path))
  func damageGivesWhatAFullCompileGives(_ path: String) throws {
    let seed = SeededGenerator.seed()
    print("\(path): TEST_SEED=\(seed)")
    var random = SeededGenerator(seed: seed)
    let original = try FixtureFleet(directory: path).files
    var history = History(original)
    try history.step("\(path), new")
    for step in 0..<10 {
      var connections = FixtureFleet(history.fleet.filter { $0.key.hasPrefix("connections/") })
      switch Int.random(in: 0..<8, using: &random) {
      case 0: connections = FixtureFleet(original)
      case 1...2: connections = connections.damaged(&random)
      case 3: connections = FixtureFleet(history.fleet).damaged(&random)
      case 4: connections = FixtureFleet(history.fleet).crossed(&random)
      default: connections = connections.crossed(&random)
      }
      let before = history.fleet
      history.fleet.merge(connections.files) { $1 }
      try history.step("\(path), step \(step), seed \(seed)")
      if Bool.random(using: &random) { history.fleet = before }
    }
  }

  /// A change of one connection leaves the others out, also those of the same directory.
  @Test func onlyTheNamespacesOfAChangeAreCompiled() throws {
    let compiler = try FixtureFleet.compiler.get()
    let memo = MemoryMemo()
    var files = try Self.teams()
    let base = NamedSnapshot(files)
    let whole = try compiler.compile(base, recorded: MemorySnapshot([:]))
    let written = NamedSnapshot(whole.writtenFiles)
    let options = CompileOptions()
    try whole.remember(base, named: "base", output: written, options: options, in: memo)
    let fleet = try #require(whole.fleet)
    let key = try #require(try RememberedCompile.key(of: written, fleet: fleet, options: options))
    let remembered = try #require(RememberedCompile(key, in: memo))
    func change() throws -> IncrementalCompile? {
      try compiler.compile(
        changeFrom: remembered, base: base, head: NamedSnapshot(files), named: "head", recorded: written,
        options: options, memo: memo)
    }
    #expect(try change()?.connections == 0)
    files["connections/team0-prod/own.yaml"] = Self.connection(
      "way0", "team0-prod", to: "team0-prod", port: 8001)
    #expect(try change()?.connections == 1)
    files["connections/team1-prod/own.yaml"] = Self.connection(
      "way1", "team1-prod", to: "team1-prod", port: 8001)
    // team1, and shared, which joins it with team2's.
    #expect(try change()?.connections == 4)
    files["clusters/gold.yaml"]? += Array("# another\n".utf8)
    #expect(try change() == nil)
  }
}

extension [UInt8] {
  fileprivate func replacing(_ text: String, with other: String) -> [UInt8] {
    Array(String(decoding: self, as: UTF8.self).replacing(text, with: other).utf8)
  }
}
