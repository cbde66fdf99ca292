import Compiler
import Diagnostics
import Foundation
import Linker
import Snapshot
import TestSupport
import Testing
import YAMLTree

@Suite struct ObservationTests {
  private static let path = "observed/gold/a1b2c3-dev.yaml"

  private func observe(
    _ texts: String..., existing: [SourceFile] = [], options: Observation.Options = .init()
  ) throws -> Recording {
    Observation.reduce(
      texts.map { source($0) }, at: try observedInGold.get(), existing: existing, options: options)
  }

  @Test func keepsOnlyWhatLinkTypesRead() throws {
    let result = try observe(dump)
    #expect(result.findings.map(\.message) == [])
    #expect(result.files.map(\.path) == [Self.path])
    #expect(result.text(Self.path) == reduced)
    #expect(
      result.summary == [
        "observed 4 objects of gold: 4 new, 0 changed, 0 gone", "left out: 1 ConfigMap, 1 Secret",
      ])
  }

  @Test func neverWritesSecrets() throws {
    // A Secret beside, inside a list, in a list of its own without kinds, and in annotations of other objects.
    let inputs = [
      dump,
      """
      {"apiVersion": "v1", "kind": "SecretList", "metadata": {}, "items": [
        {"metadata": {"name": "s", "namespace": "a1b2c3-dev"}, "data": {"password": "aHVudGVyMg=="}}]}
      """,
      """
      apiVersion: v1
      kind: Service
      metadata:
        name: s
        namespace: a1b2c3-dev
        annotations: {password: hunter2}
      spec: {ports: [{port: 1, comment: hunter2}, hunter2], type: ClusterIP}
      data: {password: aHVudGVyMg==}
      """,
    ]
    let result = Observation.reduce(inputs.map { source($0) }, at: try observedInGold.get(), existing: [])
    #expect(result.findings.map(\.message) == [])
    let text = try #require(result.text(Self.path))
    for secret in [
      "hunter2", "aHVudGVyMg", "password", "Secret", "ConfigMap", "last-applied", "managedFields",
    ] {
      #expect(!text.contains(secret), "\(secret)")
    }
    #expect(text.contains("name: s\n"))
  }

  @Test func reducingWhatIsReducedChangesNothing() throws {
    let first = try observe(dump)
    let text = try #require(first.text(Self.path))
    #expect(try observe(text).text(Self.path) == text)
    // With the file on record there is nothing to write.
    #expect(try observe(text, existing: [source(text, Self.path)]).files.isEmpty)
    #expect(try observe(dump, existing: [source(text, Self.path)]).files.isEmpty)
  }

  @Test func doesNotDependOnOrder() throws {
    let documents = reduced.split(separator: "---\n").map { String($0) }
    let seed = SeededGenerator.seed()
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<20 {
      let shuffled = documents.shuffled(using: &generator)
      let cut = Int.random(in: 0...shuffled.count, using: &generator)
      let inputs = [shuffled[..<cut], shuffled[cut...]].filter { !$0.isEmpty }
        .map { source($0.joined(separator: "---\n")) }
      let result = Observation.reduce(inputs, at: try observedInGold.get(), existing: [])
      #expect(result.text(Self.path) == reduced, "TEST_SEED=\(seed)")
    }
  }

  @Test func readsJSON() throws {
    let json = """
      {"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"List","items":[
      {"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"db-gold","namespace":"a1b2c3-dev",
      "managedFields":[{"manager":"x"}]},"subsets":[{"addresses":[{"ip":"142.34.229.62"}],"ports":[{"port":37650}]}]}
      ]}]}
      """
    #expect(
      try observe(json).text(Self.path)?.hasSuffix(
        """
        apiVersion: v1
        kind: Endpoints
        metadata:
          name: db-gold
          namespace: a1b2c3-dev
        subsets:
        - addresses:
          - ip: 142.34.229.62
          ports:
          - port: 37650

        """) == true)
  }

  @Test func itemsOfAServersListTakeTheListsHeader() throws {
    let result = try observe(
      """
      {"kind":"EndpointSliceList","apiVersion":"discovery.k8s.io/v1","metadata":{"resourceVersion":"7"},"items":[
        {"metadata":{"name":"db-x1","namespace":"a1b2c3-dev","labels":{"kubernetes.io/service-name":"db","a":"b"}},
         "addressType":"IPv4","endpoints":[
          {"addresses":["10.1.0.9"],"conditions":{"ready":true,"serving":true},"nodeName":"n"},
          {"addresses":["10.1.0.10"],"conditions":{"ready":false}}],
         "ports":[{"name":"","port":5432,"protocol":"TCP"}]}]}
      """)
    #expect(
      result.text(Self.path)?.hasSuffix(
        """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata:
          name: db-x1
          namespace: a1b2c3-dev
          labels:
            kubernetes.io/service-name: db
        addressType: IPv4
        endpoints:
        - addresses:
          - 10.1.0.10
          conditions:
            ready: false
        - addresses:
          - 10.1.0.9
          conditions:
            ready: true
        ports:
        - name: ""
          port: 5432
          protocol: TCP

        """) == true)
  }

  @Test func writesOneFilePerNamespace() throws {
    func service(_ namespace: String) -> String {
      "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: \(namespace)}}"
    }
    let result = try observe("\(service("b-dev"))\n---\n\(service("a-dev"))\n---\n# nothing\n---\n")
    #expect(result.files.map(\.path) == ["observed/gold/a-dev.yaml", "observed/gold/b-dev.yaml"])
  }

  // MARK: Refreshing

  private func existing(_ extra: String = "") throws -> [SourceFile] {
    [source(reduced + extra, Self.path)]
  }

  @Test func refreshKeepsWhatWasNotAskedFor() throws {
    let result = try observe(
      """
      apiVersion: v1
      kind: List
      items:
      - {apiVersion: v1, kind: Service, metadata: {name: other, namespace: a1b2c3-dev}, spec: {type: ClusterIP}}
      """, existing: existing())
    let text = try #require(result.text(Self.path))
    #expect(text.contains("name: other"))
    #expect(!text.contains("nodePort: 31544"))
    for kind in ["Endpoints", "TransportServer", "TransportServerClaim"] {
      #expect(text.contains("kind: \(kind)\n"))
    }
    #expect(
      result.summary == [
        "observed 1 object of gold: 1 new, 0 changed, 1 gone", "gone: Service a1b2c3-dev/yourservice",
      ])
  }

  @Test func otherNamespacesStay() throws {
    let result = try observe(
      "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: b-dev}}", existing: existing())
    #expect(result.files.map(\.path) == ["observed/gold/b-dev.yaml"])
  }

  @Test func vanishedObjectsGoWhenTheyWereAskedFor() throws {
    let empty = "apiVersion: v1\nitems: []\nkind: List\n"
    #expect(places(try observe(empty, existing: existing()).findings) == ["LW1404 1:1"])
    var options = Observation.Options()
    options.kinds = try Observation.kinds(named: "tscs,TransportServer")
    options.namespaces = .named(["a1b2c3-dev"])
    let some = try observe(empty, existing: existing(), options: options)
    let text = try #require(some.text(Self.path))
    #expect(text.contains("kind: Service\n") && text.contains("kind: Endpoints\n"))
    #expect(!text.contains("kind: TransportServer"))
    options.kinds = try Observation.kinds(named: "tscs,ts,svc,endpoints")
    #expect(try observe(empty, existing: existing(), options: options).removed == [Self.path])
    options.namespaces = .all
    #expect(try observe(empty, existing: existing(), options: options).removed == [Self.path])
  }

  @Test func emptyInputNeverRemoves() throws {
    var options = Observation.Options()
    options.kinds = try Observation.kinds(named: "tscs,ts,svc,endpoints")
    options.namespaces = .all
    for text in ["", "\n", "# no resources found\n", "---\n"] {
      let result = try observe(text, existing: existing(), options: options)
      #expect(places(result.findings) == ["LW1404 1:1"], "\(text)")
      #expect(result.files.isEmpty)
    }
  }

  @Test func kindNames() throws {
    #expect(try Observation.kinds(named: "svc, services,Service").map(\.kind) == ["Service"])
    #expect(try Observation.kinds(named: "transportserverclaims.porter.devops.gov.bc.ca").count == 1)
    let error = #expect(throws: Observation.UnknownKind.self) { try Observation.kinds(named: "endpoint") }
    #expect(error?.message == "Linkwright observes no kind 'endpoint'")
    #expect(error?.help.contains("endpoints") == true)
  }

  @Test func takesOverADumpUnderTheNamespacesName() throws {
    let result = try observe(
      "{apiVersion: v1, kind: Service, metadata: {name: new, namespace: a1b2c3-dev}}",
      existing: [source(dump, Self.path)])
    let text = try #require(result.text(Self.path))
    #expect(text.contains("virtualServerPort: 37650") && text.contains("name: new"))
    #expect(!text.contains("hunter2"))
    #expect(result.summary.contains("\(Self.path) was not written by observe; it is now, reduced"))
  }

  /// `kubectl get svc NAME` asks for one object: the others stay.
  @Test func aLoneObjectReplacesItselfOnly() throws {
    let service = { (name: String, type: String) in
      "{apiVersion: v1, kind: Service, metadata: {name: \(name), namespace: a1b2c3-dev}, spec: {type: \(type)}}"
    }
    let both =
      "{apiVersion: v1, kind: List, items: [\(service("a", "NodePort")), \(service("b", "NodePort"))]}"
    let first = try #require(try observe(both, existing: []).text(Self.path))
    let result = try observe(service("a", "LoadBalancer"), existing: [source(first, Self.path)])
    let text = try #require(result.text(Self.path))
    #expect(text.contains("type: LoadBalancer") && text.contains("name: b"))
    #expect(text.contains("type: NodePort"))
  }

  @Test func anotherFileMayNotContradict() throws {
    let other = source(dump, "observed/gold/dumps/all.yaml")
    let answer = "{apiVersion: v1, kind: Service, metadata: {name: new, namespace: a1b2c3-dev}}"
    let result = try observe("{apiVersion: v1, kind: List, items: [\(answer)]}", existing: [other])
    #expect(result.findings.map(\.rule.id) == ["LW1408"])
    #expect(result.findings.first?.primary?.range.file.path == other.path)
    #expect(result.files.isEmpty)
    let elsewhere = try observe(
      "{apiVersion: v1, kind: Service, metadata: {name: new, namespace: b-dev}}", existing: [other])
    #expect(elsewhere.files.map(\.path) == ["observed/gold/b-dev.yaml"])
  }

  @Test func aBrokenFileOnRecordIsNotOverwritten() throws {
    let result = try observe(dump, existing: [source("a: [", Self.path)])
    #expect(result.findings.containErrors)
    #expect(result.findings.allSatisfy { $0.primary?.range.file.path == Self.path })
    #expect(result.files.isEmpty)
  }

  // MARK: Broken input

  @Test(arguments: [
    ("1️⃣[]\n", "LW1404"),
    ("1️⃣No resources found\n", "LW1404"),
    ("1️⃣name: x\nkind: Service\n", "LW1404"),
    ("kind: List\napiVersion: v1\nitems:\n- 1️⃣5\n", "LW1404"),
    ("kind: List\napiVersion: v1\nitems: 1️⃣{}\n", "LW1404"),
    ("1️⃣apiVersion: v1\nkind: Service\nmetadata: {namespace: a}\n", "LW1404"),
    (
      "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":1️⃣\"forbidden\"}",
      "LW1404"
    ),
    ("apiVersion: v1\nkind: Service\nmetadata:\n  name: 1️⃣db\n", "LW1405"),
    ("apiVersion: v1\nkind: Service\nmetadata:\n  name: db\n  namespace: 1️⃣../../etc\n", "LW1407"),
    ("apiVersion: v1\nkind: Service\nmetadata:\n  name: db\n  namespace: 1️⃣Dev\n", "LW1407"),
    ("kind: ServiceList\napiVersion: v1\nmetadata: {continue: 1️⃣abc}\nitems: []\n", "LW1409"),
    ("apiVersion: v1\nkind: Service\n1️⃣kind: Service\nmetadata: {name: a, namespace: b}\n", "LW1004"),
  ])
  func reportsEachFaultAtItsPlace(_ marked: String, _ rule: String) throws {
    let source = MarkedSource(marked, path: "<standard input>")
    let good = "{apiVersion: v1, kind: Service, metadata: {name: ok, namespace: a-dev}}"
    let result = Observation.reduce([source.file, second(good)], at: try observedInGold.get(), existing: [])
    let errors = result.findings.filter { $0.severity == .error }
    #expect(errors.map(\.rule.id) == [rule])
    #expect(errors.first?.primary?.range.start == source.offset(1))
    #expect(result.files.isEmpty)
  }

  private func second(_ text: String) -> SourceFile { source(text, "second.yaml") }

  @Test func theDefaultNamespaceFillsIn() throws {
    var options = Observation.Options()
    options.defaultNamespace = "a-dev"
    let result = try observe("{apiVersion: v1, kind: Service, metadata: {name: db}}", options: options)
    #expect(result.files.map(\.path) == ["observed/gold/a-dev.yaml"])
    #expect(result.text("observed/gold/a-dev.yaml")?.contains("namespace: a-dev") == true)
  }

  @Test func anObjectTwiceMustAgree() throws {
    func service(_ uid: String, _ type: String) -> String {
      "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: a-dev, uid: \(uid)}, spec: {type: \(type)}}"
    }
    let same = try observe(service("1", "NodePort"), service("2", "NodePort"))
    #expect(same.findings.map(\.message) == [])
    let differ = try observe(service("1", "NodePort"), service("2", "ClusterIP"))
    #expect(differ.findings.map(\.rule.id) == ["LW1406"])
    #expect(differ.findings.first?.secondary.count == 1)
    #expect(differ.files.isEmpty)
  }

  @Test func isBoundedInSize() throws {
    var options = Observation.Options()
    options.limits.bytes = 1000
    let result = try observe(dump, options: options)
    #expect(result.findings.containErrors)
    #expect(result.files.isEmpty)
    let deep = String(repeating: "{\"items\":[", count: 100_000)
    #expect(try observe(deep).findings.containErrors)
  }

  @Test func truncatedInputWritesNothing() throws {
    // kubectl prints the list's kind after its items: a list that is cut off has none.
    let bytes = Array(dump.utf8)
    let end = try #require(dump.range(of: "kind: List")).upperBound.utf16Offset(in: dump)
    let before = try existing()
    for cut in stride(from: 1, to: end, by: 37) {
      let input = SourceFile(path: "<standard input>", bytes: Array(bytes[..<cut]))
      let result = Observation.reduce([input], at: try observedInGold.get(), existing: before)
      #expect(result.findings.containErrors, "cut at \(cut)")
      #expect(result.files.isEmpty, "cut at \(cut)")
    }
  }

  @Test func damagedInputNeverTraps() throws {
    let seed = SeededGenerator.seed()
    var generator = SeededGenerator(seed: seed)
    let bytes = Array(dump.utf8)
    let pieces = [
      " ", "\n", ":", "-", "[", "{", "&a ", "*a", "null", "~", "\"", "kind: List", "items:", "\u{1b}",
    ]
    for _ in 0..<400 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let start = Int.random(in: 0..<damaged.count, using: &generator)
        let end = min(damaged.count, start + Int.random(in: 0...12, using: &generator))
        damaged.replaceSubrange(start..<end, with: Array(pieces.randomElement(using: &generator)!.utf8))
      }
      let result = Observation.reduce(
        [SourceFile(path: "damaged.yaml", bytes: damaged)], at: try observedInGold.get(), existing: [])
      for file in result.files {
        let content = try #require(file.content)
        let again = Observation.reduce(
          [SourceFile(path: file.path, bytes: content)], at: try observedInGold.get(), existing: [])
        #expect(again.findings.map(\.message) == [], "TEST_SEED=\(seed)")
        #expect(again.files.map(\.content) == [content], "TEST_SEED=\(seed)")
      }
      #expect(result.summary.allSatisfy { !$0.contains("\u{1b}") }, "TEST_SEED=\(seed)")
    }
  }

  // MARK: Places

  @Test func findsTheDirectoryOfThePattern() throws {
    #expect(try place().directory == "observed/gold")
    let nested =
      "spec: {sources: {observed: [\"!**/old/**\", \"facts/{cluster}.d/*\", \"facts/seen/{cluster}/**\"]}}"
    #expect(try place(spec: nested).directory == "facts/seen/gold")
    #expect(try place(.recorded).directory == "recorded/gold")
  }

  @Test(arguments: [
    "observed/{cluster}/*.yaml", "observed/**/{cluster}/**", "observed/{cluster}-x/**", "{cluster}.yaml",
  ])
  func otherPatternsAreNoPlace(_ pattern: String) throws {
    let spec = "spec: {sources: {observed: [\"\(pattern)\"]}}"
    let fault = #expect(throws: RecordingPlaceFault.self) { try place(spec: spec) }
    #expect(fault?.finding.rule.id == "LW1407")
    #expect(fault?.finding.primary?.range.file.path == "linkwright.yaml")
  }

  @Test(arguments: ["..", "a/b", "", "Gold", "a..b"])
  func clusterNamesStayInside(_ name: String) throws {
    #expect(throws: RecordingPlaceFault.self) { try RecordingPlace(.observed, of: name, in: fleet()) }
  }

  @Test func aFileThatIsExcludedIsNotWritten() throws {
    let spec = "spec: {sources: {observed: [\"observed/{cluster}/**\", \"!**/b-dev.yaml\"]}}"
    let result = Observation.reduce(
      [source("{apiVersion: v1, kind: Service, metadata: {name: db, namespace: b-dev}}")],
      at: try place(spec: spec),
      existing: [])
    #expect(result.findings.map(\.rule.id) == ["LW1407"])
    #expect(result.files.isEmpty)
  }

  @Test func existingFilesAreTheClustersOwn() throws {
    let snapshot = MemorySnapshot(texts: [
      "observed/gold/a.yaml": "a", "observed/gold/x/b.json": "b", "observed/gold/README.md": "c",
      "observed/golddr/a.yaml": "d", "workloads/gold/a.yaml": "e",
    ])
    #expect(
      try place().existing(in: snapshot).map(\.path) == ["observed/gold/a.yaml", "observed/gold/x/b.json"])
  }
}
