package import Diagnostics
import FleetSpec

/// Rules about names: every one is bound or reported.
package enum LinkerRules {
  package static let all = [
    unknownCluster, unknownService, unknownPort, unknownLink, ambiguousLink, sameCluster,
    serviceSelectsNothing,
    unknownTargetPort, undeclaredTargetPort, notAMember, clientSelectsNothing, unknownNamespace,
    inlineServiceExists, unusedLink, objectTwice, overrideElsewhere, sectionElsewhere,
  ]

  /// A connection of the example fleet with one line changed.
  private static func connection(_ to: String, from: String = "[{clusters: [golddr]}]", via: String? = nil)
    -> String
  {
    """
    -- connections/yourservice.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: yourservice, namespace: a1b2c3-dev}
    spec:
      from: \(from)
      to: \(to)
      exposure: {acknowledged: span-bc}
    \(via.map { "  via: \($0)\n" } ?? "")
    """
  }

  /// What may be wrong with a connection's target, by their ids: the rest of its way can be judged all the same.
  static let targetRules = Set(
    [unknownService, unknownPort, serviceSelectsNothing, unknownTargetPort].map(\.id))

  /// Errors about one target or port of a connection, which carry them (`BoundTarget`, `BoundPort`).
  package static let carriedRules = Set([unknownService, unknownPort].map(\.id))

  package static let unknownCluster = Rule(
    "LW1201", "unknown-cluster", .error, "a document names a cluster that is not declared",
    explanation: "Clusters are declared by Cluster documents; their names stand in links and connections.",
    failing: RuleExample(
      over: "porter-pair", connection("{clusters: [glod], service: yourservice, ports: [8000]}")),
    passing: RuleExample(over: "porter-pair", ""))

  package static let unknownService = Rule(
    "LW1202", "unknown-service", .error, "a connection names a Service that its cluster does not have",
    explanation: """
      The Service's ports and selector come from its manifest, so it must be among the workloads or records of \
      every target cluster. A claim for a Service that does not exist leaves the load balancer with an empty \
      pool, and nothing says so.
      """,
    failing: RuleExample(
      over: "porter-pair", connection("{clusters: [gold], service: yuorservice, ports: [8000]}")),
    passing: RuleExample(over: "porter-pair", "")
  ).breaking(.service)

  package static let unknownPort = Rule(
    "LW1203", "unknown-port", .error, "a connection names a port that the Service does not have",
    explanation: """
      Connections name Service ports by number or name, never target ports or node ports. A port that the \
      Service lacks is accepted by the load balancer's controllers and answers nothing.
      """,
    failing: RuleExample(
      over: "porter-pair", connection("{clusters: [gold], service: yourservice, ports: [8080]}")),
    passing: RuleExample(over: "porter-pair", "")
  ).breaking(.service)

  package static let unknownLink = Rule(
    "LW1204", "unknown-link", .error, "a connection names a link that is not declared",
    explanation: "Links are declared by Link documents; 'via' names one.",
    failing: RuleExample(
      over: "porter-pair",
      connection("{clusters: [gold], service: yourservice, ports: [8000]}", via: "gold-piar")),
    passing: RuleExample(over: "porter-pair", ""))

  package static let ambiguousLink = Rule(
    "LW1205", "ambiguous-link", .error, "no link, or more than one, joins the two ends of a connection",
    explanation: "Without 'via' exactly one link must reach the target; with several, the author chooses.",
    failing: RuleExample(
      over: "porter-pair",
      """
      -- links/second.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: second}
      spec: {static: {addresses: {gold: 142.34.229.62, golddr: 142.34.64.62}}}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let sameCluster = Rule(
    "LW1206", "same-cluster", .error, "client and target are in the same cluster",
    explanation: "A Service already reaches the pods of its own cluster; a link joins different ones.",
    failing: RuleExample(
      over: "porter-pair",
      connection("{clusters: [gold], service: yourservice, ports: [8000]}", from: "[{clusters: [gold]}]")),
    passing: RuleExample(over: "porter-pair", ""))

  package static let serviceSelectsNothing = Rule(
    "LW1207", "service-selects-nothing", .error, "a target Service selects no pods",
    explanation: """
      No pod template in the Service's namespace carries all labels of its selector, so the Service has no \
      endpoints and the load balancer an empty pool. Labels that a controller sets while pods run (a leader's \
      role, say) are declared as runtimeLabels. (The platform's troubleshooting page lists this second.)
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/yourservice.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec: {type: NodePort, selector: {name: yourap}, ports: [{port: 8000, targetPort: 8000}]}
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: yourapp, namespace: a1b2c3-dev}
      spec:
        selector: {matchLabels: {name: yourapp}}
        template: {metadata: {labels: {name: yourapp}}, spec: {containers: [{name: app, image: yourapp}]}}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let unknownTargetPort = Rule(
    "LW1208", "unknown-target-port", .error, "a Service's target port has a name that no container declares",
    explanation: """
      A named targetPort is looked up among the container ports of each selected pod. A pod without that name \
      gets no endpoint for the port.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/yourservice.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec: {type: NodePort, selector: {name: yourapp}, ports: [{port: 8000, targetPort: api}]}
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: yourapp, namespace: a1b2c3-dev}
      spec:
        selector: {matchLabels: {name: yourapp}}
        template:
          metadata: {labels: {name: yourapp}}
          spec: {containers: [{name: app, image: yourapp, ports: [{name: web, containerPort: 8000}]}]}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let undeclaredTargetPort = Rule(
    "LW1213", "undeclared-target-port", .note, "a Service leads to a port that no container declares",
    explanation: """
      Container ports are declarations only: a process may listen elsewhere. Where every workload behind the Service \
      declares ports and none of them is the target, one of the two numbers is often a slip of the pen.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/yourservice.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec: {type: NodePort, selector: {name: yourapp}, ports: [{port: 8000, targetPort: 8008}]}
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: yourapp, namespace: a1b2c3-dev}
      spec:
        selector: {matchLabels: {name: yourapp}}
        template:
          metadata: {labels: {name: yourapp}}
          spec: {containers: [{name: app, image: yourapp, ports: [{containerPort: 8080}]}]}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let notAMember = Rule(
    "LW1209", "not-a-member", .error, "a target lies in a cluster that the link does not reach",
    explanation: "A link delivers traffic to its members only.",
    failing: RuleExample(
      over: "porter-pair",
      """
      -- clusters/silver.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: silver}
      """
        + "\n"
        + connection("{clusters: [silver], service: yourservice, ports: [8000]}", via: "gold-pair")),
    passing: RuleExample(over: "porter-pair", ""))

  package static let clientSelectsNothing = Rule(
    "LW1210", "client-selects-nothing", .warning, "a client's pod selector selects no known workload",
    explanation: """
      The namespace has workloads in the repository, but none whose pods carry the client's labels. Policies \
      for the client would select nothing.
      """,
    failing: RuleExample(
      over: "porter-pair",
      connection(
        "{clusters: [gold], service: yourservice, ports: [8000]}",
        from: "[{clusters: [golddr], podSelector: {matchLabels: {name: yuorapp}}}]")),
    passing: RuleExample(over: "porter-pair", ""))

  package static let unknownNamespace = Rule(
    "LW1220", "unknown-client-namespace", .warning,
    "nothing but one connection knows of a client's namespace",
    explanation: """
      Objects emitted into a namespace that does not exist are refused by the API server, and the clients that were \
      meant stay closed. A repository that holds no manifests of the cluster cannot tell: this is reported where the \
      cluster's Namespaces are among its manifests, and where one that they name is spelt nearly alike.
      """,
    failing: RuleExample(
      over: "porter-pair",
      connection(
        "{clusters: [gold], service: yourservice, ports: [8000]}",
        from: "[{clusters: [golddr], namespace: a1b2c3-dve}]")),
    passing: RuleExample(
      over: "porter-pair",
      connection(
        "{clusters: [gold], service: yourservice, ports: [8000]}",
        from: "[{clusters: [golddr], namespace: frontends}]")))

  package static let inlineServiceExists = Rule(
    "LW1211", "inline-service-exists", .warning, "a connection declares a Service that has a manifest",
    explanation:
      "An inline declaration is for a Service whose manifest is not in the repository. Two would drift apart.",
    failing: RuleExample(
      over: "porter-pair",
      connection(
        "{clusters: [gold], service: {name: yourservice, type: NodePort, ports: [{port: 8000}]}, ports: [8000]}"
      )),
    passing: RuleExample(over: "porter-pair", ""))

  package static let unusedLink = Rule(
    "LW1212", "unused-link", .note, "a link carries no connection",
    explanation: "Nothing is wrong with it; a link that nobody uses is often a leftover or a misspelt 'via'.",
    failing: RuleExample(
      over: "porter-pair",
      """
      -- clusters/silver.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: silver}
      -- links/silver.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: silver}
      spec: {static: {addresses: {silver: 142.34.194.68}}}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let objectTwice = Rule(
    "LW1301", "object-twice", .warning, "two manifests of one cluster describe the same object differently",
    explanation: """
      Which of the two is applied depends on who applies last. Overlays and bases side by side are the usual \
      cause: exclude one of them in spec.sources.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/zz-overlay.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec: {type: NodePort, selector: {name: yourapp}, ports: [{port: 9000}]}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let overrideElsewhere = Rule(
    "LW9105", "override-elsewhere", .error, "an override is for a cluster or a link type that takes no part",
    explanation: """
      Values of the target can be overridden in its clusters, wishes of clients in theirs. Anywhere else they would \
      silently be without effect.
      """,
    failing: OverrideRules.connection("{clusters: [golddr], porter: {networkPolicy: {hostNetwork: true}}}"),
    passing: OverrideRules.connection("{clusters: [gold], porter: {networkPolicy: {hostNetwork: true}}}"))

  package static let sectionElsewhere = Rule(
    "LW1221", "section-elsewhere", .warning, "a connection has a section for another type of link",
    explanation: "The section of the type of the link that carries the connection is read, and no other.",
    failing: RuleExample(
      over: "porter-pair",
      connection("{clusters: [gold], service: yourservice, ports: [8000]}")
        + "\n  gatewayDNS: {host: yourservice}\n"),
    passing: RuleExample(
      over: "porter-pair",
      connection("{clusters: [gold], service: yourservice, ports: [8000]}")
        + "\n  porter: {claimName: yourservice-tsc}\n"))
}
