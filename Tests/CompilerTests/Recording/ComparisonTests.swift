import Compiler
import Diagnostics
import Output
import Snapshot
import TestSupport
import Testing

@Suite struct ComparisonTests {
  private static let endpoints = MarkedSource(
    """
    apiVersion: v1
    kind: Endpoints
    metadata:
      name: 1️⃣yourservice-golddr
      namespace: a1b2c3-dev
      annotations:
        linkwright.dev/connection: a1b2c3-dev/yourservice
    subsets:
    - addresses:
      - ip: 2️⃣142.34.64.62
      ports:
      - port: 3️⃣36760

    """, path: "rendered/gold/expected/a1b2c3-dev/endpoints-yourservice-golddr.yaml")

  private static let server = MarkedSource(
    """
    apiVersion: cis.f5.com/v1
    kind: TransportServer
    metadata:
      name: yourservice-tsc
      namespace: a1b2c3-dev
      labels:
        app.kubernetes.io/managed-by: linkwright
        f5cr: 1️⃣nodeport
    spec:
      mode: 2️⃣performance
      pool:
        service: yourservice
        servicePort: 8000
      virtualServerPort: 37650

    """, path: "rendered/gold/expected/a1b2c3-dev/transportserver-yourservice-tsc.yaml")

  private static let expected = [endpoints.file, server.file]

  private func answer(
    _ endpointsPort: String = "36760", label: String = "nodeport", mode: String = "performance"
  ) -> String {
    """
    apiVersion: v1
    kind: List
    items:
    - apiVersion: v1
      kind: Endpoints
      metadata: {name: yourservice-golddr, namespace: a1b2c3-dev, uid: 5}
      subsets:
      - addresses: [{ip: 142.34.64.62}]
        ports: [{port: \(endpointsPort), protocol: TCP}]
    - apiVersion: cis.f5.com/v1
      kind: TransportServer
      metadata: {name: yourservice-tsc, namespace: a1b2c3-dev, labels: {f5cr: "\(label)"}}
      spec: {mode: \(mode), snat: auto, virtualServerPort: 37650, pool: {service: yourservice, servicePort: "8000"}}

    """
  }

  private func compare(_ text: String, options: Observation.Options = .init()) -> Comparison {
    Comparison([source(text)], of: "gold", expected: Self.expected, options: options)
  }

  @Test func fieldsThatAreNotExpectedAreFree() {
    let result = compare(answer())
    #expect(result.findings.map(\.message) == [])
    #expect(result.summary == ["2 objects of gold as expected, 0 different, 0 missing"])
  }

  /// It is there with every field as expected, and serves nobody.
  @Test func refusedServerIsNotAsExpected() {
    let text = answer().replacing(
      "servicePort: \"8000\"}}", with: "servicePort: \"8000\"}}\n  status: {status: ERROR}")
    let result = compare(text)
    #expect(result.findings.map(\.rule.id) == ["LW1402"], "\(result.findings.map(\.message))")
    #expect(result.findings.first?.message.contains("has refused it") == true)
    #expect((result.asExpected, result.differing, result.missing) == (1, 1, 0))
  }

  @Test func differencesPointIntoTheExpectedFile() throws {
    let result = compare(answer("37650", label: "true"))
    #expect(
      result.findings.map(\.message) == [
        "Endpoints a1b2c3-dev/yourservice-golddr: subsets[0].ports[0].port is 37650 in gold, 36760 was expected",
        "TransportServer a1b2c3-dev/yourservice-tsc: metadata.labels.f5cr is true in gold, nodeport was expected",
      ])
    #expect(result.findings.map(\.rule.id) == ["LW1402", "LW1402"])
    #expect(
      result.findings.map { $0.primary?.range.start } == [Self.endpoints.offset(3), Self.server.offset(1)])
    #expect(result.findings.allSatisfy { $0.secondary.first?.range.file.path == "<standard input>" })
    #expect(result.findings.containErrors)
    #expect((result.asExpected, result.differing, result.missing) == (0, 2, 0))
  }

  @Test func missingObjectsAndFields() {
    let text = """
      apiVersion: v1
      kind: Endpoints
      metadata: {name: yourservice-golddr, namespace: a1b2c3-dev}
      """
    let result = compare(text)
    #expect(result.findings.map(\.rule.id) == ["LW1402", "LW1403"])
    #expect(result.findings.first?.message.hasSuffix("subsets is missing in gold") == true)
    #expect(
      result.findings.last?.notes == ["the answer holds no TransportServer at all: was the kind asked for?"])
    #expect(result.summary == ["0 objects of gold as expected, 1 different, 1 missing"])
  }

  @Test func onlyWhatWasAskedForCanBeMissing() throws {
    let service = "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: b-dev}}"
    #expect(
      compare(service).summary == ["0 objects of gold as expected, 0 different, 0 missing, 2 not observed"])
    var options = Observation.Options()
    options.namespaces = .named(["a1b2c3-dev"])
    #expect(compare(service, options: options).missing == 2)
    options.kinds = try Observation.kinds(named: "endpoints,svc")
    #expect(compare(service, options: options).findings.map(\.rule.id) == ["LW1403"])
    options.namespaces = .all
    #expect(compare(service, options: options).missing == 1)
  }

  @Test func aReducedAnswerIsJudgedByWhatItKeeps() throws {
    let recorded = Observation.reduce(
      [source(answer(mode: "standard"))], at: try observedInGold.get(), existing: [])
    let text = try #require(recorded.text("observed/gold/a1b2c3-dev.yaml"))
    #expect(!text.contains("mode"))
    #expect(compare(text).findings.map(\.message) == [])
    #expect(compare(answer(mode: "standard")).differing == 1)
  }

  @Test func orderOfListsDoesNotMatter() {
    let wanted = source(
      """
      apiVersion: v1
      kind: Endpoints
      metadata: {name: db, namespace: a-dev}
      subsets: [{addresses: [{ip: 10.0.0.1}, {ip: 10.0.0.2}], ports: [{port: 1}]}]
      """, "expected.yaml")
    func found(_ addresses: String) -> Comparison {
      Comparison(
        [
          source(
            """
            apiVersion: v1
            kind: Endpoints
            metadata: {name: db, namespace: a-dev}
            subsets: [{addresses: [\(addresses)], ports: [{port: 1, protocol: TCP}]}]
            """)
        ], of: "gold", expected: [wanted])
    }
    #expect(found("{ip: 10.0.0.2, hostname: b}, {ip: 10.0.0.1}").asExpected == 1)
    #expect(found("{ip: 10.0.0.2}, {ip: 10.0.0.3}").differing == 1)
    #expect(found("{ip: 10.0.0.1}, {ip: 10.0.0.1}").differing == 1)
    #expect(
      found("{ip: 10.0.0.1}").findings.map(\.message) == [
        "Endpoints a-dev/db: subsets[0].addresses has 1 entries in gold, 2 were expected"
      ])
  }

  @Test func unusableInputIsNotCompared() {
    #expect(places(compare("").findings) == ["LW1404 1:1"])
    #expect(compare("").summary.isEmpty)
    #expect(Comparison([source(answer())], of: "gold", expected: []).findings.isEmpty)
  }

  // MARK: From a compile to its own comparison

  private static let fleetFiles = [
    "linkwright.yaml": """
    apiVersion: linkwright.dev/v1alpha1
    kind: Fleet
    metadata: {name: pair}
    spec: {}
    """,
    "clusters/pair.yaml": """
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: gold}
    ---
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: golddr}
    """,
    "links/pair.yaml": """
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: gold-pair}
    spec:
      porter:
        primary: gold
        secondary: golddr
        addresses: {gold: {NodePort: 142.34.229.62}, golddr: {NodePort: 142.34.64.62}}
    """,
    "connections/yourservice.yaml": """
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: yourservice, namespace: a1b2c3-dev}
    spec:
      from: [{clusters: [golddr]}]
      to: {clusters: [gold], service: yourservice, ports: [8000]}
      exposure: {acknowledged: span-bc}
    """,
    "workloads/gold/a.yaml": workload,
    "workloads/golddr/a.yaml": workload,
  ]

  private static let workload = """
    apiVersion: v1
    kind: Service
    metadata: {name: yourservice, namespace: a1b2c3-dev}
    spec: {type: NodePort, selector: {app: yourservice}, ports: [{port: 8000, protocol: TCP}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: yourservice, namespace: a1b2c3-dev}
    spec:
      selector: {matchLabels: {app: yourservice}}
      template:
        metadata: {labels: {app: yourservice}}
        spec: {containers: [{name: main, ports: [{containerPort: 8000}]}]}
    """

  @Test func whatWasObservedBecomesWhatIsExpected() throws {
    let compiler = Compiler(resources: try resources.get())
    var files = Self.fleetFiles.mapValues { Array($0.utf8) }
    let before = try compiler.compile(MemorySnapshot(files))
    let fleet = try #require(before.fleet)
    #expect(!before.pending.isEmpty)
    // Observe, build, compare.
    let place = try RecordingPlace(.observed, of: "gold", in: fleet)
    for file in Observation.reduce([source(dump)], at: place, existing: []).files {
      files[file.path] = file.content
    }
    let built = try compiler.compile(MemorySnapshot(files))
    #expect(!built.failed, "\(built.findings.map(\.message))")
    for file in built.output.files { files[file.path] = file.content }
    let snapshot = MemorySnapshot(files)
    let record = try compiler.compile(snapshot).record
    let expected = try Comparison.expectedFiles(of: "gold", in: fleet, record: record, snapshot: snapshot)
    #expect(
      expected.map(\.path).contains("rendered/gold/expected/a1b2c3-dev/transportserver-yourservice-tsc.yaml"))
    let same = Comparison([source(dump)], of: "gold", expected: expected)
    #expect(same.findings.filter { $0.rule.id == "LW1402" }.map(\.message) == [])
    #expect(same.asExpected >= 1)
    let moved = dump.replacing("virtualServerPort: 37650", with: "virtualServerPort: 37651")
    let different = Comparison([source(moved)], of: "gold", expected: expected)
    #expect(
      different.findings.filter { $0.rule.id == "LW1402" }.map(\.message) == [
        "TransportServer a1b2c3-dev/yourservice-tsc: spec.virtualServerPort is 37651 in gold, 37650 was expected"
      ])
  }
}
