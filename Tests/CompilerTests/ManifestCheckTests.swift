import Compiler
import Diagnostics
import Foundation
import Output
import TestSupport
import Testing

/// What an API server would refuse of manifests that connections build on, and what is said when a file cannot be read.
@Suite struct ManifestCheckTests {
  static let file = "workloads/gold/yourservice.yaml"
  static let service = """
    apiVersion: v1
    kind: Service
    metadata: {name: yourservice, namespace: a1b2c3-dev}
    spec: {type: NodePort, selector: {name: yourapp}, ports: [{port: 8000, targetPort: 8000}]}

    """

  static func workload(
    _ kind: String = "Deployment", selector: String = "{matchLabels: {name: yourapp}}",
    labels: String = "{name: yourapp}", annotations: String = "{}",
    containers: String = "[{name: app, image: yourapp}]"
  ) -> String {
    """
    ---
    apiVersion: apps/v1
    kind: \(kind)
    metadata: {name: yourapp, namespace: a1b2c3-dev}
    spec:
      selector: \(selector)
      template:
        metadata: {labels: \(labels), annotations: \(annotations)}
        spec: {containers: \(containers)}

    """
  }

  /// Findings beyond those of the base, each as `severity LW1234 path:line:column message`.
  static func findings(_ files: [String: String]) throws -> [String] {
    var fleet = try FixtureFleet(base: "porter-pair")
    for (path, text) in files { fleet = fleet.overlaid(by: "-- \(path) --\n\(text)") }
    return try fleet.compile().findings.map(\.goldenText)
  }

  /// The one finding, with its message, place and help.
  static func expect(
    _ texts: String..., in files: [String: String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let found = try findings(files)
    #expect(found.count == 1, "\(found)", sourceLocation: sourceLocation)
    for text in texts {
      #expect(found.first?.contains(text) == true, "\(text) in \(found)", sourceLocation: sourceLocation)
    }
  }

  // MARK: Workloads

  @Test func baseIsFine() throws {
    #expect(try Self.findings([Self.file: Self.service + Self.workload()]).isEmpty)
    // What a cluster writes, and what stands for nothing.
    let odd = Self.workload(
      labels: "{name: yourapp, empty: , \"on\": \"yes\"}", annotations: "",
      containers: "[{name: app, image: a, env: [{name: A, value: }, {name: B, valueFrom: {fieldRef: {}}}]}]")
    #expect(try Self.findings([Self.file: Self.service + odd]).isEmpty)
  }

  @Test(arguments: ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"])
  func selectorThatMissesItsOwnPods(_ kind: String) throws {
    try Self.expect(
      "error[LW1304] \(Self.file):10:34: \(kind) yourapp is refused: it selects name=yourap, but its own pods have name=yourapp",
      "\(Self.file):12:31: its pods' labels", "help: write the same labels",
      in: [Self.file: Self.service + Self.workload(kind, selector: "{matchLabels: {name: yourap}}")])
    try Self.expect(
      "it selects tier, but its own pods have no label tier",
      in: [
        Self.file: Self.service
          + Self.workload(
            kind,
            selector: "{matchLabels: {name: yourapp}, matchExpressions: [{key: tier, operator: Exists}]}")
      ])
  }

  @Test func labelsThatAreNoTexts() throws {
    for (text, kind) in [
      ("1.10", "a number"), ("yes", "a boolean"), ("8080", "an integer"), ("0x1F", "an integer"),
    ] {
      try Self.expect(
        "error[LW1304]", "spec.template.metadata.labels.version must be a string, but \(text) is \(kind)",
        "help: quote it: \"\(text)\"",
        in: [Self.file: Self.service + Self.workload(labels: "{name: yourapp, version: \(text)}")])
    }
    try Self.expect(
      "spec.template.metadata.annotations.prometheus.io/port must be a string, but 8080 is an integer",
      in: [Self.file: Self.service + Self.workload(annotations: "{prometheus.io/port: 8080}")])
    try Self.expect(
      "the value of environment variable PORT must be a string, but 8080 is an integer",
      in: [
        Self.file: Self.service
          + Self.workload(containers: "[{name: app, image: a, env: [{name: PORT, value: 8080}]}]")
      ])
  }

  @Test func portsInQuotes() throws {
    let quoted = Self.workload(
      containers: "[{name: app, image: a, ports: [{containerPort: '8000'}]}]")
    try Self.expect("LW1304", "help: remove the quotes", in: [Self.file: Self.service + quoted])
    try Self.expect(
      "LW1203", "a text, where an API server takes a number", "help: remove the quotes",
      in: [Self.file: Self.service.replacing("port: 8000,", with: "port: '8000',") + Self.workload()])
    try Self.expect(
      "LW1208", "help: remove the quotes",
      in: [
        Self.file: Self.service.replacing("targetPort: 8000", with: "targetPort: '8000'") + Self.workload()
      ])
    try Self.expect(
      "LW1304", "help: remove the quotes",
      in: [
        "workloads/gold/policy.yaml": """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: mine, namespace: a1b2c3-dev}
        spec: {podSelector: {}, ingress: [{ports: [{port: '8080'}]}]}
        """
      ])
  }

  /// Clients' workloads are told of, and other namespaces' are not looked at.
  @Test func onlyWhatConnectionsMeet() throws {
    let bad = Self.workload(labels: "{name: other, version: 1.10}", containers: "[{name: a, image: a}]")
      .replacing("name: yourapp, namespace", with: "name: other, namespace")
      .replacing("{matchLabels: {name: yourapp}}", with: "{matchLabels: {name: other}}")
    try Self.expect("warning[LW1306]", in: ["workloads/golddr/other.yaml": bad])
    #expect(
      try Self.findings([
        "workloads/golddr/other.yaml": bad.replacing("a1b2c3-dev", with: "d4e5f6-dev")
      ]).isEmpty)
  }

  /// What chooses no pods, and what is no port.
  @Test(arguments: [
    ("{}", "[{name: app, image: a}]", "its selector is empty"),
    ("{matchLabels: {}}", "[{name: app, image: a}]", "its selector is empty"),
    (
      "{matchLabels: {name: yourapp}}",
      "[{name: app, image: a, ports: [{containerPort: 8000}, {containerPort: 80000}]}]",
      "containerPort 80000 is not between 1 and 65535"
    ),
  ])
  func workloadsThatAreRefused(_ selector: String, _ containers: String, _ message: String) throws {
    try Self.expect(
      "error[LW1304]", message,
      in: [Self.file: Self.service + Self.workload(selector: selector, containers: containers)])
  }

  @Test(arguments: [("\"3\"", "remove the quotes"), ("-1", "write how many"), ("three", "write how many")])
  func replicasThatAreNoNumber(_ replicas: String, _ help: String) throws {
    let workload = Self.workload().replacing("spec:\n", with: "spec:\n  replicas: \(replicas)\n")
    try Self.expect(
      "error[LW1304]", "replicas must be a number", help, in: [Self.file: Self.service + workload])
    for fine in ["3", "0x3", "null"] {
      let workload = Self.workload().replacing("spec:\n", with: "spec:\n  replicas: \(fine)\n")
      #expect(try Self.findings([Self.file: Self.service + workload]).isEmpty)
    }
  }

  /// Of a selector's labels the one that is wrong; and a test that Helm runs is nobody's endpoint.
  @Test func theLabelThatIsWrong() throws {
    let service = Self.service.replacing(
      "selector: {name: yourapp}", with: "selector: {name: yourapp, tier: web}")
    try Self.expect("error[LW1207]", ":4:56", in: [Self.file: service + Self.workload()])
    let named = Self.service.replacing("targetPort: 8000", with: "targetPort: http")
    let pods = Self.workload(containers: "[{name: a, image: a, ports: [{name: http, containerPort: 8000}]}]")
    let test = """
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: test, namespace: a1b2c3-dev, labels: {name: yourapp}, annotations: {helm.sh/hook: test}}
      spec: {containers: [{name: a, image: a}]}

      """
    #expect(try Self.findings([Self.file: named + pods + test]).isEmpty)
  }

  // MARK: Files that cannot be read

  @Test func anUnreadableFileIsNoReasonToGuess() throws {
    let broken = (Self.service + Self.workload()).replacing("kind: Service", with: "kind: [Service")
    let other = Self.service.replacing("name: yourservice", with: "name: yourservices")
    let found = try Self.findings([Self.file: broken, "workloads/gold/other.yaml": other + Self.workload()])
    #expect(found.count == 2 && found.contains { $0.contains("LW1001") }, "\(found)")
    let missing = try #require(found.first { $0.contains("LW1202") })
    #expect(
      missing.contains("Service a1b2c3-dev/yourservice in gold is not known: \(Self.file) cannot be read"))
    #expect(!missing.contains("did you mean"), "\(missing)")
    // A file that does not hold the name has nothing to do with it.
    let elsewhere = try Self.findings([
      "workloads/gold/odd.yaml": "a: [\n", Self.file: other + Self.workload(),
    ])
    #expect(elsewhere.contains { $0.contains("LW1202") && $0.contains("did you mean 'yourservices'?") })
  }

  @Test func aWorkloadThatCannotBeReadMayBeTheOne() throws {
    let broken = Self.service + Self.workload().replacing("kind: Deployment", with: "kind: [Deployment")
    let found = try Self.findings([Self.file: broken])
    let pods = try #require(found.first { $0.contains("LW1207") })
    #expect(pods.contains("are not known: \(Self.file) cannot be read"), "\(pods)")
    #expect(!pods.contains("nearest") && !pods.contains("runtimeLabels"), "\(pods)")
  }

  @Test(arguments: [
    ("kind: Service", "kin: Service", "this object has no kind"),
    ("apiVersion: v1\nkind: Service", "kind: Service", "this Service has no apiVersion"),
    ("metadata: {name: yourservice,", "metadata: {nam: yourservice,", "this Service has no metadata.name"),
    (
      "apiVersion: v1\nkind: Service", "apiVersion: apps/v1\nkind: Service",
      "this Service has apiVersion 'apps/v1'"
    ),
  ])
  func anIncompleteDocumentIsNoReasonToGuess(_ old: String, _ new: String, _ fault: String) throws {
    let other = Self.service.replacing("name: yourservice", with: "name: yourservices")
    let found = try Self.findings([
      Self.file: Self.service.replacing(old, with: new) + Self.workload(), "workloads/gold/other.yaml": other,
    ])
    let missing = try #require(found.first { $0.contains("LW1202") }, "\(found)")
    #expect(missing.contains(fault) && !missing.contains("did you mean"), "\(missing)")
  }

  @Test(arguments: [("clusters/gold.yaml", "LW1201"), ("links/gold-pair.yaml", "LW1205")])
  func anUnreadableDocumentIsToldOnce(_ path: String, _ rule: String) throws {
    let text = String(
      decoding: try #require(try FixtureFleet(base: "porter-pair").files[path]), as: UTF8.self)
    let found = try Self.findings([path: text.replacing("metadata: {", with: "metadata: [{")])
    #expect(found.count == 1 && found.first?.contains("LW1001") == true, "\(found)")
  }

  // MARK: The specification

  @Test func hostBitsAreTold() throws {
    let cluster = "apiVersion: linkwright.dev/v1alpha1\nkind: Cluster\nmetadata: {name: extra}\n"
    for (text, meant) in [
      ("10.1.2.3/16", "10.1.0.0/16"), ("10.0.0.1/0", "0.0.0.0/0"),
      ("\"fd00:1:2:3::4/64\"", "fd00:1:2:3::/64"),
      ("\"2001:db8::1/127\"", "2001:db8::/127"), ("\"::1/0\"", "::/0"),
    ] {
      try Self.expect(
        "warning[LW1119] clusters/extra.yaml:4:29", "means \(meant)",
        in: ["clusters/extra.yaml": cluster + "spec: {network: {podCIDRs: [\(text)]}}\n"])
    }
    for text in ["10.1.2.3/32", "10.0.0.0/8", "0.0.0.0/0", "\"fd00::/8\"", "\"fd00::1/128\""] {
      #expect(
        try Self.findings(["clusters/extra.yaml": cluster + "spec: {network: {nodeCIDRs: [\(text)]}}\n"])
          .isEmpty)
    }
  }

  /// A warning about a client's networks does not lose the connection.
  @Test func hostBitsOfClientsKeepTheConnection() throws {
    let connection = """
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec:
        from: [{clusters: [golddr]}, {external: {name: zone-b, cidrs: [10.1.2.3/16]}}]
        to: {clusters: [gold], service: yourservice, ports: [8000]}
        exposure: {acknowledged: span-bc}
        porter: {overrideServicePort: true}
      """
    let fleet = try FixtureFleet(base: "porter-pair").overlaid(
      by: "-- connections/yourservice.yaml --\n\(connection)")
    let compilation = try fleet.compile()
    #expect(compilation.findings.contains { $0.rule.id == "LW1119" })
    #expect(compilation.connections == 1 && !compilation.failed)
  }

  @Test func exposureNamesTheNetworkThatIsOpen() throws {
    let path = "connections/yourservice.yaml"
    let text = String(
      decoding: try #require(try FixtureFleet(base: "porter-pair").files[path]), as: UTF8.self)
    try Self.expect(
      "warning[LW2128] \(path):", "not in 'spanbc'", "help: did you mean 'span-bc'?",
      in: [path: text.replacing("span-bc", with: "spanbc")])
    #expect(try Self.findings([path: text.replacing("span-bc", with: "SPAN-BC")]).isEmpty)
  }

  @Test func documentsWhereNoneIsReadAreTold() throws {
    let document = """
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: second, namespace: a1b2c3-dev}
      spec: {}
      """
    for path in ["second.yaml", "connection/second.yml", "teams/a/connections/second.yaml"] {
      try Self.expect(
        "warning[LW1120] \(path):2:7: Connection 'second' has no effect: \(path) is not read",
        in: [path: document])
    }
    try Self.expect(
      "warning[LW1120] workloads/gold/second.yaml:2:7", "it lies among the manifests of gold",
      in: ["workloads/gold/second.yaml": document])
    for path in [
      ".github/second.yaml", "rendered/second.yaml", "connection/second.txt", "templates/second.md",
    ] {
      #expect(try Self.findings([path: document]).isEmpty, "\(path)")
    }
    // Another fleet, and what somebody excludes on purpose.
    #expect(
      try Self.findings(["other/linkwright.yaml": "kind: Fleet\n", "other/connections/second.yaml": document])
        .isEmpty)
    let fleet = """
      apiVersion: linkwright.dev/v1alpha1
      kind: Fleet
      metadata: {name: porter-pair}
      spec: {sources: {spec: ["clusters/**", "links/**", "connections/**", "!docs/**"]}}
      """
    #expect(try Self.findings(["linkwright.yaml": fleet, "docs/second.yaml": document]).isEmpty)
  }

  @Test func suppressionsAreShownWhereTheyStand() throws {
    let path = "connections/yourservice.yaml"
    let text = String(
      decoding: try #require(try FixtureFleet(base: "porter-pair").files[path]), as: UTF8.self)
    func annotated(_ value: String) -> String {
      text.replacing(
        "metadata: {name: yourservice, namespace: a1b2c3-dev}",
        with:
          "metadata:\n  name: yourservice\n  namespace: a1b2c3-dev\n  annotations:\n    linkwright.dev/ignore: \(value)"
      )
    }
    let found = try Self.findings([
      path: annotated("|\n      LW2137: not needed\n      LW2128: has a password")
    ])
    #expect(found.count == 2, "\(found)")
    #expect(found.first?.hasPrefix("warning[LW1118] \(path):8:7:") == true, "\(found)")
    #expect(found.last?.hasPrefix("warning[LW1118] \(path):9:7:") == true, "\(found)")
    let quoted = try Self.findings([path: annotated("\"LW2137: it is \\\"so\\\"; LW2128\"")])
    #expect(
      quoted.contains { $0.hasPrefix("error[LW1112] \(path):7:51: 'LW2128' gives no reason") }, "\(quoted)")
    try Self.expect(
      "error[LW1112] \(path):7:29: there is no rule 'LW9999'", in: [path: annotated("'LW9999: why'")])
  }
}
