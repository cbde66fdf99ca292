import Compiler
import Diagnostics
import Reachability
import Testing

/// What is left of former states: endpoints at an old port, Endpoints without addresses, pods that nobody makes any more,
/// lines that became comments.
@Suite struct LeftoverTests {
  typealias Break = SurroundingBreakTests.Break

  private static func slice(
    _ port: Int, _ address: String = "142.34.194.68", version: String = "v1"
  ) -> String {
    """
    -- workloads/emerald/leftover.yaml --
    apiVersion: discovery.k8s.io/\(version)
    kind: EndpointSlice
    metadata: {name: leftover, namespace: a1b2c3-prod, labels: {kubernetes.io/service-name: clamav-silver}}
    addressType: IPv4
    endpoints: [{addresses: [\(address)], conditions: {ready: true}}]
    ports: [{port: \(port), protocol: TCP}]

    """
  }

  private static func byHand(_ port: Int) -> String {
    """
    -- workloads/emerald/hand.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: clamav-silver, namespace: a1b2c3-prod}
    spec: {ports: [{port: 3310, targetPort: 3310}]}
    ---
    apiVersion: v1
    kind: Endpoints
    metadata: {name: clamav-silver, namespace: a1b2c3-prod}
    subsets: [{addresses: [{ip: 142.34.194.68}], ports: [{port: \(port)}]}]

    """
  }

  private static func scanner(_ spec: String, _ pod: String = "") -> String {
    """
    -- workloads/emerald/scanner.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: scanner, namespace: a1b2c3-prod}
    spec:
      \(spec)
      selector: {matchLabels: {app: scanner}}
      template:
        metadata: {labels: {app: scanner}}
        spec: {containers: [{name: scanner, image: "registry.example.com/scanner:1.0"\(pod)}]}

    """
  }

  private static func publishing(_ asked: String) -> String {
    """
    -- connections/clamav.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: clamav, namespace: a1b2c3-prod}
    spec:
      from: [{clusters: [emerald]}]
      to: {clusters: [silver], service: clamav, ports: [3310]}
      exposure: {acknowledged: span-bc}
      publish: {configMap: clamav-peer}

    """
      + scanner(
        "replicas: 1",
        ", env: [{name: HOST, valueFrom: {configMapKeyRef: {name: \(asked), key: host}}}]")
  }

  private static func batch(_ kind: String) -> String {
    let template = """
      metadata: {labels: {app: clamav}}
      spec: {restartPolicy: Never, containers: [{name: clamav, image: "registry.example.com/clamav:1.0", ports: [{containerPort: 3310}]}]}
      """
    let indented = template.split(separator: "\n").map { "          \($0)" }.joined(separator: "\n")
    return """
      -- workloads/silver/clamav.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec: {selector: {app: clamav}, ports: [{port: 3310, targetPort: 3310}]}
      ---
      apiVersion: batch/v1
      kind: CronJob
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec:
        schedule: "0 3 * * *"
        jobTemplate:
          spec:
            template:
      \(indented)

      """
  }

  static let all = [
    Break("a slice at an old port", over: "porter-silver", .refuted, at: .address, slice(16000)),
    // Clusters before 1.25 serve it.
    Break(
      "a slice of the former version at an old port", over: "porter-silver", .refuted, at: .address,
      slice(16000, version: "v1beta1")),
    Break("a slice at the port", over: "porter-silver", .proved, at: nil, slice(3310)),
    Break("Endpoints by hand at an old port", over: "porter-silver", .refuted, at: .address, byHand(16000)),
    Break("Endpoints by hand at the port", over: "porter-silver", .proved, at: nil, byHand(3310)),
    Break("clients without pods", over: "porter-silver", .depends, at: .client, scanner("replicas: 0")),
    Break(
      "clients of a label that nobody has", over: "porter-silver", .depends, at: .client,
      """
      -- connections/clamav.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec:
        from: [{clusters: [emerald], podSelector: {matchLabels: {app: scaner}}}]
        to: {clusters: [silver], service: clamav, ports: [3310]}
        exposure: {acknowledged: span-bc}

      """),
    Break(
      "clients of a cluster of which nothing is known", over: "porter-silver", .proved, at: nil,
      "-- workloads/emerald/scanner.yaml --\n\n"),
    Break("clients with pods", over: "porter-silver", .proved, at: nil, scanner("replicas: 2")),
    Break(
      "clients that ask for what is published", over: "porter-silver", .proved, at: nil,
      publishing("clamav-peer")),
    Break(
      "clients that ask for nearly what is published", over: "porter-silver", .depends, at: .name,
      publishing("clamav-pear")),
    Break("pods that run now and then", over: "porter-silver", .depends, at: .pod, batch("CronJob")),
    Break(
      "Endpoints without addresses", over: "porter-pair", .refuted, at: .address,
      """
      -- observed/golddr/a1b2c3-dev.yaml --
      apiVersion: v1
      kind: Endpoints
      metadata: {name: yourservice-gold, namespace: a1b2c3-dev}
      subsets: []
      -- observed/gold/a1b2c3-dev.yaml --
      apiVersion: cis.f5.com/v1
      kind: TransportServer
      metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
      spec: {virtualServerAddress: 142.34.229.70, virtualServerPort: 37650, pool: {service: yourservice, servicePort: 8000}}

      """),
  ]

  @Test(arguments: all) func leftoversAreSeen(_ planted: Break) throws {
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile(options)
    let crossing = try #require(compilation.judgement?.crossings.first, "\(compilation.findingsText)")
    #expect(crossing.verdict == planted.verdict, "\(crossing.openHops) \(compilation.findingsText)")
    if let hop = planted.hop { #expect(crossing.decisiveHop?.kind == hop, "\(crossing.openHops)") }
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }
}
