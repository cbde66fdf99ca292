import Compiler
import Diagnostics
import Reachability
import TestSupport
import Testing

/// Over-exposure is planted in emitted policies, and what the findings say is done: then nothing is left to say, and the
/// connections are proved as before.
@Suite struct RemedyTests {
  /// A rule of a policy, written as the template has it.
  struct Rule: Sendable {
    var peers: [String]?
    var ports: [String]?

    init(_ peers: [String]?, ports: [String]? = ["{port: 8000}"]) {
      self.peers = peers
      self.ports = ports
    }

    func text(_ list: String) -> String {
      let parts = [
        peers.map { "\(list): [\($0.joined(separator: ", "))]" },
        ports.map { "ports: [\($0.joined(separator: ", "))]" },
      ]
      return "{\(parts.compactMap { $0 }.joined(separator: ", "))}"
    }
  }

  /// A fleet whose emitted policy has the given rules.
  enum Place: Sendable {
    case porterIngress
    case porterEgress
    case meshIngress
    case meshEgress

    var list: String { self == .porterEgress || self == .meshEgress ? "to" : "from" }
    var base: String { self == .meshIngress || self == .meshEgress ? "clustermesh" : "porter-pair" }

    func files(_ rules: String) -> String {
      switch self {
      case .porterIngress:
        return JudgementTests.policyTemplate("{matchLabels: \"${policy.podSelector}\"}", rules)
          + RemedyTests.other
      case .porterEgress: return JudgementTests.egressTemplate(rules)
      case .meshIngress:
        return Self.mesh("ingress", "{matchLabels: \"${policy.podSelector}\"}", "Ingress", rules)
          + JudgementTests.policy("cluster02", "default", "{podSelector: {}, policyTypes: [Ingress]}")
      case .meshEgress:
        return Self.mesh("egress", "\"${policy.podSelector}\"", "Egress", rules)
          + JudgementTests.policy("cluster01", "default", "{podSelector: {}, policyTypes: [Egress]}")
      }
    }

    private static func mesh(_ list: String, _ selector: String, _ type: String, _ rules: String) -> String {
      JudgementTests.template(
        "cluster-mesh/\(list)-policy.yaml",
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: "${policy.name}", namespace: "${policy.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
        spec:
          podSelector: \(selector)
          policyTypes: [\(type)]
          \(list): [\(rules)]
        """)
    }
  }

  private static let other = """
    -- workloads/gold/other.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: other, namespace: a1b2c3-dev}
    spec:
      selector: {matchLabels: {name: other}}
      template: {metadata: {labels: {name: other}}, spec: {containers: [{name: app, image: other}]}}

    """

  struct Plant: Sendable, CustomTestStringConvertible {
    let name: String
    let place: Place
    let rules: [Rule]
    /// A part of a remedy, where more than its effect matters.
    var remedy = ""
    var testDescription: String { name }
  }

  private static let router =
    "{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}}"
  private static let server = "{ipBlock: {cidr: \"${policy.cidr}\"}}"
  private static let serverPort = ["{port: \"${policy.port}\"}"]
  private static let resolver =
    "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-dns}}, podSelector: {matchLabels: {dns.operator.openshift.io/daemonset-dns: default}}}"
  private static let questions = ["{port: 5353, protocol: UDP}", "{port: 5353}"]
  private static let kubeDNS =
    "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}"
  private static let kubeQuestions = ["{port: 53, protocol: UDP}", "{port: 53}"]

  private static func pods(_ labels: String, cluster: String? = nil, expressions: String? = nil) -> String {
    let label = cluster.map { ", io.cilium.k8s.policy.cluster: \($0)" } ?? ""
    let more = expressions.map { ", matchExpressions: [\($0)]" } ?? ""
    let all = (labels + label).drop { $0 == "," || $0 == " " }
    return "{podSelector: {matchLabels: {\(all)}\(more)}}"
  }

  static let plants: [Plant] = [
    Plant(
      name: "the own namespace beside the router", place: .porterIngress,
      rules: [Rule([router, "{podSelector: {}}"])], remedy: "take ingress[0].from[1] out"),
    Plant(
      name: "two peers too many", place: .porterIngress,
      rules: [
        Rule([
          router, "{namespaceSelector: {matchLabels: {team: one}}}",
          "{podSelector: {matchLabels: {name: other}}}",
        ])
      ]),
    Plant(
      name: "a list of namespaces", place: .porterIngress,
      rules: [
        Rule([
          "{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [openshift-ingress, tools]}]}}"
        ])
      ], remedy: "instead of ingress[0].from[0]"),
    Plant(
      name: "all namespaces but some", place: .porterIngress,
      rules: [
        Rule([
          router, "{namespaceSelector: {matchExpressions: [{key: env, operator: NotIn, values: [prod]}]}}",
        ])
      ], remedy: "take ingress[0].from[1] out"),
    Plant(name: "everybody at every port", place: .porterIngress, rules: [Rule(nil, ports: nil)]),
    Plant(
      name: "a second rule for nobody", place: .porterIngress,
      rules: [Rule([router]), Rule(["{namespaceSelector: {matchLabels: {team: one}}}"], ports: nil)],
      remedy: "take ingress[1] out: nobody is needed there"),
    Plant(
      name: "a second rule for everybody", place: .porterIngress,
      rules: [Rule([router]), Rule(["{namespaceSelector: {}}", "{ipBlock: {cidr: 0.0.0.0/0}}"])],
      remedy: "take ingress[1] out"),
    Plant(
      name: "everything out", place: .porterEgress, rules: [Rule(nil, ports: nil)],
      remedy: "instead of egress[0]"),
    Plant(
      name: "both needs at both ports", place: .porterEgress,
      rules: [Rule([server, resolver], ports: serverPort + questions)]),
    Plant(
      name: "a network and DNS of everybody", place: .porterEgress,
      rules: [
        Rule(["{ipBlock: {cidr: 142.34.0.0/16}}"], ports: serverPort), Rule(nil, ports: questions),
      ]),
    Plant(
      name: "all pods of the client's namespace", place: .meshIngress,
      rules: [Rule([pods("", cluster: "cluster01")], ports: ["{port: 80}"])], remedy: "name: x-wing"),
    Plant(
      name: "all namespaces of the client's cluster", place: .meshIngress,
      rules: [
        Rule(
          [
            "{namespaceSelector: {}, podSelector: {matchLabels: {io.cilium.k8s.policy.cluster: cluster01}}}"
          ], ports: ["{port: 80}"])
      ]),
    Plant(
      name: "clients of every cluster", place: .meshIngress,
      rules: [
        Rule(
          [
            pods(
              "name: x-wing", expressions: "{key: io.cilium.k8s.policy.cluster, operator: Exists}")
          ], ports: ["{port: 80}"])
      ]),
    Plant(
      name: "a list of pods", place: .meshIngress,
      rules: [
        Rule(
          [
            pods(
              "", cluster: "cluster01",
              expressions: "{key: name, operator: In, values: [x-wing, tie-fighter]}")
          ], ports: ["{port: 80}"])
      ]),
    Plant(
      name: "clients of two clusters", place: .meshIngress,
      rules: [
        Rule(
          [
            pods(
              "name: x-wing",
              expressions: "{key: io.cilium.k8s.policy.cluster, operator: In, values: [cluster01, cluster02]}"
            )
          ], ports: ["{port: 80}"])
      ]),
    Plant(
      name: "the client, and its own cluster's namespace", place: .meshIngress,
      rules: [
        Rule([pods("name: x-wing", cluster: "cluster01"), "{podSelector: {}}"], ports: ["{port: 80}"])
      ],
      remedy: "take ingress[0].from[1] out"),
    Plant(
      name: "out to all pods of the target's namespace", place: .meshEgress,
      rules: [
        Rule([pods("", cluster: "cluster02")], ports: ["{port: 80}"]), Rule([kubeDNS], ports: kubeQuestions),
      ]),
    Plant(
      name: "out to all clusters", place: .meshEgress,
      rules: [
        Rule(
          [
            pods(
              "name: rebel-base", expressions: "{key: io.cilium.k8s.policy.cluster, operator: Exists}")
          ], ports: ["{port: 80}"]), Rule([kubeDNS], ports: kubeQuestions),
      ]),
  ]

  @Test(arguments: plants)
  func whatIsSaidClosesIt(_ plant: Plant) throws {
    let planted = try Self.compile(plant.place, plant.rules.map { $0.text(plant.place.list) })
    let found = Self.excesses(planted)
    #expect(!found.isEmpty, "\(planted.findingsText)")
    #expect(found.contains { $0.help.joined().contains(plant.remedy) }, "\(planted.findingsText)")
    let mended = Self.applied(found.flatMap(\.help), to: plant.rules, plant.place.list)
    let compilation = try Self.compile(plant.place, mended)
    #expect(Self.excesses(compilation).isEmpty, "\(mended)\n\(compilation.findingsText)")
    let judgement = try #require(compilation.judgement)
    #expect(judgement.count(.proved) == judgement.crossings.count, "\(mended)\n\(compilation.findingsText)")
  }

  private static func compile(_ place: Place, _ rules: [String]) throws -> Compilation {
    try FixtureFleet(base: place.base).overlaid(by: place.files(rules.joined(separator: ", "))).compile()
  }

  private static func excesses(_ compilation: Compilation) -> [Diagnostic] {
    compilation.findings.filter { ["LW7221", "LW7222", "LW7223"].contains($0.rule.id) }
  }

  /// Does to rules what remedies say. A template serves several clusters: what they need is written once each.
  private static func applied(_ remedies: [String], to rules: [Rule], _ list: String) -> [String] {
    var texts: [Int: [String]] = [:]
    var peers: [Int: [Int: [String]]] = [:]
    var rules = rules
    var removed: Set<Int> = []
    for remedy in Set(remedies).sorted() {
      guard let place = remedy.firstMatch(of: /(?:ingress|egress)\[(\d+)\](?:\.(?:from|to)\[(\d+)\])?/),
        let rule = Int(place.1)
      else {
        Issue.record("no place in '\(remedy)'")
        continue
      }
      let written = remedy.firstMatch(of: /write '(.*)' (?:instead|into)/).map { String($0.1) }
      if let peer = place.2.flatMap({ Int($0) }) {
        peers[rule, default: [:]][peer, default: []] += written.map { [$0] } ?? []
      } else if let written, remedy.contains("instead of") {
        texts[rule, default: []].append(written)
      } else if let ports = written?.firstMatch(of: /^ports: \[(.*)\]$/) {
        rules[rule].ports = [String(ports.1)]
      } else if let all = written?.firstMatch(of: /^(?:from|to): \[(.*)\]$/) {
        rules[rule].peers = (rules[rule].peers ?? []) + [String(all.1)]
      } else {
        removed.insert(rule)
      }
    }
    return rules.indices.flatMap { number -> [String] in
      if let texts = texts[number] { return texts }
      if removed.contains(number) { return [] }
      var rule = rules[number]
      rule.peers = rule.peers.map { all in
        all.enumerated().flatMap { peers[number]?[$0] ?? [$1] }
      }
      return [rule.text(list)]
    }
  }
}
