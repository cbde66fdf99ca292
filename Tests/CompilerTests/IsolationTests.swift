import Compiler
import Diagnostics
import Linker
import Output
import Reachability
import Testing

/// A policy that opens the way for a connection isolates nobody who was open before.
@Suite struct IsolationTests {
  @Test func onlyIsolatedClientsGetAPolicy() throws {
    let fleet = try FixtureFleet(directory: "Tests/CompilerTests/Cases/porter-egress/input").overlaid(
      by: """
        -- clusters/emerald.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Cluster
        metadata: {name: emerald}
        spec: {distribution: openshift, network: {baseline: []}}
        -- workloads/emerald/web.yaml --
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: c6af30-prod}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "registry.example.com/web:1.0"}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: open, namespace: c6af30-prod}
        spec:
          selector: {matchLabels: {app: open}}
          template:
            metadata: {labels: {app: open}}
            spec: {containers: [{name: open, image: "registry.example.com/open:1.0"}]}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: c6af30-prod}
        spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}
        -- connections/db.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Connection
        metadata: {name: db, namespace: c6af30-prod}
        spec:
          from: [{clusters: [emerald]}]
          to: {clusters: [gold], service: db, ports: [5432]}
          exposure: {acknowledged: span-bc}
          porter: {overrideServicePort: true}
        """)
    let compilation = try fleet.compile()
    let policies = compilation.output.files.filter {
      $0.path.contains("emerald/manifests/c6af30-prod/networkpolicy-")
    }
    #expect(policies.count == 1, "\(compilation.findingsText)")
    let text = String(decoding: policies.first?.content ?? [], as: UTF8.self)
    #expect(text.contains("  podSelector:\n    matchLabels:\n      app: web\n"), "\(text)")
    #expect(!compilation.findings.containErrors, "\(compilation.findingsText)")
  }
  private static func deployment(_ name: String, _ namespace: String, _ labels: String, port: Int = 80)
    -> String
  {
    """
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: \(name), namespace: \(namespace)}
    spec:
      selector: {matchLabels: {\(labels)}}
      template:
        metadata: {labels: {\(labels)}}
        spec: {containers: [{name: app, image: "registry.example.com/app:1.0", ports: [{containerPort: \(port)}]}]}

    """
  }

  private static func policy(_ namespace: String, _ selector: String, _ type: String) -> String {
    """
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: closed, namespace: \(namespace)}
    spec: {podSelector: {matchLabels: {\(selector)}}, policyTypes: [\(type)]}

    """
  }

  /// A second workload at one end, one of the two isolated; what the emitted policy must select.
  struct Half: Sendable, CustomTestStringConvertible {
    let name: String
    let base: String
    let files: String
    /// Directory of the policies, and their podSelector.
    let place: String
    let selector: String
    /// A policy for every pod of the namespace closes the gateway too.
    var isolatesGateway = false
    /// Whether policies compare the gateway's address is the network plugin's to say.
    var hangsOnPlugin = false

    var testDescription: String { name }
  }

  static let halves: [Half] = [
    Half(
      name: "Porter, in", base: "porter-pair",
      files: "-- baseline/deny.yaml --\n\n-- clusters/gold.yaml --\n"
        + cluster("gold", "distribution: openshift, network: {baseline: []}") + "-- clusters/golddr.yaml --\n"
        + cluster("golddr", "distribution: openshift, network: {baseline: []}")
        + "-- workloads/gold/more.yaml --\n"
        + deployment("canary", "a1b2c3-dev", "name: yourapp, track: canary", port: 8000)
        + policy("a1b2c3-dev", "track: canary", "Ingress"),
      place: "gold/manifests/a1b2c3-dev/networkpolicy-",
      selector: "matchLabels:\n      name: yourapp\n      track: canary\n"),
    Half(
      name: "mesh, in", base: "clustermesh",
      files: "-- workloads/cluster02/more.yaml --\n"
        + deployment("canary", "default", "name: rebel-base, track: canary")
        + policy("default", "track: canary", "Ingress"),
      place: "cluster02/manifests/default/networkpolicy-",
      selector: "matchLabels:\n      name: rebel-base\n      track: canary\n"),
    Half(
      name: "mesh, out", base: "clustermesh",
      files: "-- workloads/cluster01/more.yaml --\n"
        + deployment("canary", "default", "name: x-wing, track: canary")
        + policy("default", "track: canary", "Egress"),
      place: "cluster01/manifests/default/networkpolicy-",
      selector: "matchLabels:\n      name: x-wing\n      track: canary\n"),
    Half(
      name: "mesh, out, CiliumNetworkPolicy", base: "clustermesh",
      files: "-- workloads/cluster01/more.yaml --\n"
        + deployment("canary", "default", "name: x-wing, track: canary")
          + """
          ---
          apiVersion: cilium.io/v2
          kind: CiliumNetworkPolicy
          metadata: {name: closed, namespace: default}
          spec:
            endpointSelector: {matchLabels: {"k8s:track": canary, "k8s:io.kubernetes.pod.namespace": default}}
            egress: [{toPorts: [{ports: [{port: "9999"}]}]}]

          """,
      place: "cluster01/manifests/default/networkpolicy-",
      selector: "matchLabels:\n      name: x-wing\n      track: canary\n"),
    Half(
      name: "Tetrate, in", base: "tetrate",
      files: "-- workloads/cluster-1/more.yaml --\n"
        + deployment("canary", "bookinfo", "app: details, track: canary", port: 9080)
        + policy("bookinfo", "track: canary", "Ingress"),
      place: "cluster-1/manifests/bookinfo/networkpolicy-",
      selector: "matchLabels:\n      app: details\n      track: canary\n", isolatesGateway: true),
    Half(
      name: "Tetrate, out", base: "tetrate",
      files: "-- workloads/cluster-2/more.yaml --\n"
        + deployment("canary", "bookinfo", "app: sleep, track: canary")
        + policy("bookinfo", "track: canary", "Egress"),
      place: "cluster-2/manifests/bookinfo/networkpolicy-",
      selector: "matchLabels:\n      app: sleep\n      track: canary\n", hangsOnPlugin: true),
  ]

  private static func cluster(_ name: String, _ spec: String) -> String {
    "apiVersion: linkwright.dev/v1alpha1\nkind: Cluster\nmetadata: {name: \(name)}\nspec: {\(spec)}\n"
  }

  /// The isolated half is let through, the other stays open, and all of it is proved.
  @Test(arguments: halves)
  func onlyTheIsolatedHalfIsSelected(_ half: Half) throws {
    let compilation = try FixtureFleet(base: half.base).overlaid(by: half.files).compile()
    let policies = compilation.output.files.filter { $0.path.contains(half.place) }
    #expect(policies.count == 1, "\(policies.map(\.path)) \(compilation.findingsText)")
    let text = String(decoding: policies.first?.content ?? [], as: UTF8.self)
    #expect(text.contains("  podSelector:\n    \(half.selector)  policyTypes:"), "\(text)")
    #expect(!compilation.findings.containErrors, "\(compilation.findingsText)")
    let judgement = try #require(compilation.judgement)
    #expect(!judgement.crossings.isEmpty)
    for judged in judgement.crossings {
      #expect(
        judged.verdict == .proved || half.hangsOnPlugin && judged.verdict == .depends,
        "\(judgement.trace(of: judged.crossing)?.text() ?? "")")
    }
  }

  /// The same where all pods are isolated, and where none is.
  @Test(arguments: halves)
  func allOrNone(_ half: Half) throws {
    let open = half.files.replacing("track: canary}}, policyTypes", with: "track: other}}, policyTypes")
      .replacing("\"k8s:track\": canary", with: "\"k8s:track\": other")
    let closed = half.files.replacing("podSelector: {matchLabels: {track: canary}}", with: "podSelector: {}")
      .replacing("\"k8s:track\": canary, ", with: "")
    for (files, count) in [(open, 0), (closed, half.isolatesGateway ? 2 : 1)] {
      let compilation = try FixtureFleet(base: half.base).overlaid(by: files).compile()
      let policies = compilation.output.files.filter { $0.path.contains(half.place) }
      #expect(policies.count == count, "\(policies.map(\.path)) \(compilation.findingsText)")
      let text = String(decoding: policies.first?.content ?? [], as: UTF8.self)
      #expect(!text.contains("track"), "\(text)")
      #expect(
        compilation.judgement?.crossings.allSatisfy {
          $0.verdict == .proved || half.hangsOnPlugin && $0.verdict == .depends
        } == true)
    }
  }
}
