import Compiler
import Diagnostics
import Foundation
import TestSupport
import Testing

/// East-west links and bad input: every fault at its place, in words.
@Suite struct TetrateTests {
  static func base() throws -> ExampleFleet {
    try ExampleFleet(directory: "Tests/CompilerTests/Fleets/tetrate")
  }

  // MARK: Bad input

  struct Fault: Sendable, CustomTestStringConvertible {
    let name: String
    /// Files laid over the example fleet.
    let files: String
    let rule: String
    let place: String
    /// Part of the message.
    let text: String
    var testDescription: String { name }
  }

  private static func link(_ tetrate: String) -> String {
    """
    -- links/east-west.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: east-west}
    spec:
      tetrate:
        organization: tetrate
        tenant: dev
        workspace: {name: bookinfo-ws, namespaces: ["*/bookinfo"]}
        configCluster: cluster-1
    \(tetrate.split(separator: "\n").map { "    \($0)\n" }.joined())
    """
  }

  private static let gateway =
    "gateway: {name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: 172.18.255.175}}\n"

  static let faults: [Fault] = [
    Fault(
      name: "reachability in the wrong direction", files: link(gateway + "reachability: {net-1: net-2}"),
      rule: "LW5061", place: "links/east-west.yaml:11:20",
      text: "reachability is written the wrong way round: 'net-2' must reach 'net-1'"),
    Fault(
      name: "no reachability at all", files: link(gateway + "reachability: {net-1: net-3}"), rule: "LW5061",
      place: "links/east-west.yaml:11:19", text: "network 'net-2' is not said to reach 'net-1'"),
    Fault(
      name: "network in another case", files: link(gateway + "reachability: {net-2: \"net-1,Net-1\"}"),
      rule: "LW5063", place: "links/east-west.yaml:11:27", text: "no cluster is in network 'Net-1'"),
    Fault(
      name: "blank after the comma", files: link(gateway + "reachability: {net-2: \"net-1, net-3\"}"),
      rule: "LW5064", place: "links/east-west.yaml:11:27", text: "' net-3' has blanks"),
    Fault(
      name: "exposed labels match no Service",
      files: link(
        gateway + "exposedServices:\n- serviceLabels: {app: detials}\n- serviceLabels: {app: details}"),
      rule: "LW5053", place: "links/east-west.yaml:12:7", text: "no Service of the workspace has app=detials"),
    Fault(
      name: "target not exposed", files: link(gateway + "exposedServices: [{serviceLabels: {version: v1}}]"),
      rule: "LW5054", place: "connections/details.yaml:7:40",
      text: "Service bookinfo/details in cluster-1 is not exposed"),
    Fault(
      name: "gateway selector matches no gateway",
      files: link("gateway: {workloadSelector: {namespace: eastwest, labels: {app: eastwest-gateway}}}"),
      rule: "LW5030", place: "links/east-west.yaml:10:33",
      text: "no gateway of eastwest in cluster-1 has app=eastwest-gateway"),
    Fault(
      name: "label value is a boolean",
      files: link(gateway + "exposedServices: [{serviceLabels: {failover: on}}]"), rule: "LW1102",
      place: "links/east-west.yaml:11:50", text: "must be a string"),
    Fault(
      name: "label of a Service is a boolean",
      files: """
        -- workloads/cluster-1/reviews.yaml --
        apiVersion: v1
        kind: Service
        metadata: {name: reviews, namespace: bookinfo, labels: {app: reviews, failover: yes}}
        spec: {selector: {app: reviews}, ports: [{port: 9080}]}
        """, rule: "LW5052", place: "workloads/cluster-1/reviews.yaml:3:81",
      text: "label 'failover' of Service bookinfo/reviews is a boolean, not text"),
    Fault(
      name: "label of a written WorkspaceSetting is a boolean",
      files: """
        -- workloads/cluster-1/setting.yaml --
        apiVersion: tsb.tetrate.io/v2
        kind: WorkspaceSetting
        metadata:
          name: s
          namespace: bookinfo
          annotations: {tsb.tetrate.io/organization: tetrate, tsb.tetrate.io/tenant: dev, tsb.tetrate.io/workspace: bookinfo-ws}
        spec:
          defaultEastWestGatewaySettings:
          - workloadSelector: {namespace: bookinfo, labels: {app: true}}
        """, rule: "LW5052", place: "workloads/cluster-1/setting.yaml:9:59",
      text: "label 'app' of a workloadSelector is a boolean, not text"),
    Fault(
      name: "two config clusters as a list",
      files: link(gateway).replacing(
        "configCluster: cluster-1", with: "configCluster: [cluster-1, cluster-2]"),
      rule: "LW1102", place: "links/east-west.yaml:9:20", text: "must be a string"),
    Fault(
      name: "two config clusters in two links",
      files: link(gateway).replacing("east-west", with: "second").replacing("*/bookinfo", with: "*/second")
        .replacing("bookinfo-ws", with: "second-ws").replacing(
          "configCluster: cluster-1", with: "configCluster: cluster-2"),
      rule: "LW5006", place: "links/second.yaml:9:20",
      text: "organization 'tetrate' would be configured from 'cluster-1' and from 'cluster-2'"),
    Fault(
      name: "two control planes push",
      files: [1, 2].map { number in
        """
        -- workloads/cluster-\(number)/controlplane.yaml --
        apiVersion: install.tetrate.io/v1alpha1
        kind: ControlPlane
        metadata: {name: controlplane, namespace: istio-system}
        spec: {components: {gitops: {enabled: true, reconcileInterval: 600s}}}

        """
      }.joined(), rule: "LW5006", place: "workloads/cluster-2/controlplane.yaml:4:39",
      text: "GitOps is enabled in 'cluster-1' and in 'cluster-2'"),
    Fault(
      name: "the other control plane pushes",
      files: """
        -- workloads/cluster-2/controlplane.yaml --
        apiVersion: install.tetrate.io/v1alpha1
        kind: ControlPlane
        metadata: {name: controlplane, namespace: istio-system}
        spec: {components: {gitops: {enabled: true}}}
        """, rule: "LW5006", place: "links/east-west.yaml:10:20",
      text: "GitOps is not enabled in config cluster 'cluster-1'"),
    Fault(
      name: "unknown config cluster",
      files: link(gateway).replacing("configCluster: cluster-1", with: "configCluster: cluster-3"),
      rule: "LW1201", place: "links/east-west.yaml:9:20", text: "there is no Cluster 'cluster-3'"),
    Fault(
      name: "failover to another namespace",
      files: link(gateway + "failoverSettings: {topologyChoice: CLUSTER}") + """
        -- workloads/cluster-2/details.yaml --
        apiVersion: v1
        kind: Service
        metadata: {name: details, namespace: bookinfo-dr, labels: {app: details}}
        spec: {selector: {app: details}, ports: [{name: http, port: 9080}]}
        """, rule: "LW5066", place: "connections/details.yaml:7:40",
      text: "cannot fail over to bookinfo-dr/details of cluster-2"),
    Fault(
      name: "one cluster without network",
      files: """
        -- clusters/cluster-2.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Cluster
        metadata: {name: cluster-2}
        spec: {network: {baseline: []}, tetrate: {}}
        """, rule: "LW5060", place: "clusters/cluster-2.yaml:3:18",
      text: "cluster 'cluster-2' names no network, and others do"),
  ]

  @Test(arguments: faults)
  func faultIsFoundAtItsPlace(_ fault: Fault) throws {
    let compilation = try Self.base().overlaid(by: fault.files).compile()
    #expect(compilation.failed, "\(compilation.lines)")
    let found = compilation.findings.filter { $0.rule.id == fault.rule && $0.severity == .error }
    let places = found.map { finding -> String in
      guard let range = finding.primary?.range else { return "-" }
      let position = range.startPosition
      return "\(range.file.path):\(position.line):\(position.column)"
    }
    #expect(places.contains(fault.place), "\(places)\n\(compilation.lines)")
    #expect(found.contains { $0.message.contains(fault.text) }, "\(compilation.lines)")
    #expect(found.allSatisfy { !$0.help.isEmpty })
  }

  /// Damage of every line of the link: findings, never a crash, and errors write nothing.
  @Test func everyDamagedLineOfTheLinkIsSurvived() throws {
    let text = try #require(try Self.base()["links/east-west.yaml"])
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for index in lines.indices where !lines[index].isEmpty {
      for replacement in [
        "", "\(lines[index].prefix { $0 == " " })gateway: 3", "\(lines[index])x", "  - [",
        "\(lines[index].prefix { $0 == " " })\(lines[index].drop { $0 == " " }.prefix { $0 != ":" }): [on, 7, null]",
      ] {
        var damaged = lines
        damaged[index] = Substring(replacement)
        var fleet = try Self.base()
        fleet["links/east-west.yaml"] = damaged.joined(separator: "\n")
        let compilation = try fleet.compile()
        #expect(compilation.failed || !compilation.findings.contains { $0.severity == .error })
      }
    }
  }
}
