package import Diagnostics

/// Rules about what global Services and identities open beyond the connections.
extension JudgementRules {
  private static func mesh(_ files: String) -> RuleExample { RuleExample(over: "clustermesh", files) }

  private static func service(
    _ cluster: Int, annotations: String = "", ports: String = "{name: http, port: 80}"
  )
    -> String
  {
    """
    -- workloads/cluster0\(cluster)/moon.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: moon, namespace: default, annotations: {service.cilium.io/global: "true"\(annotations)}}
    spec: {selector: {name: moon}, ports: [\(ports)]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: moon, namespace: default}
    spec:
      selector: {matchLabels: {name: moon}}
      template: {metadata: {labels: {name: moon}}, spec: {containers: [{name: moon, image: nginx}]}}

    """
  }

  private static func connection(_ cluster: Int, to others: Int...) -> String {
    """
    -- connections/moon-\(cluster).yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: moon-\(cluster), namespace: default}
    spec:
      from: [{clusters: [cluster0\(cluster)], podSelector: {matchLabels: {name: x-wing}}}]
      to: {clusters: [\(others.map { "cluster0\($0)" }.joined(separator: ", "))], service: moon, ports: [80]}

    """
  }

  package static let leadsFurther = Rule(
    "LW7227", "mesh-leads-further", .note,
    "clients are led to pods of another cluster that no connection declares",
    explanation: """
      A Service that is global and shared gives its pods to every member with a global Service of its name, and that \
      member's clients are led there whether or not anybody declared it; an export does so in every member that has \
      the namespace. What this compile emits without need is a warning (LW7224); this is about what authors wrote, and \
      about what one name cannot tell apart. 'exposure.acknowledged' in a connection says that the latter is known. \
      Who gets in is up to policies all the same.
      """,
    failing: mesh(service(1) + service(2)),
    passing: mesh(
      service(1, annotations: ", service.cilium.io/shared: \"false\"") + service(2) + connection(1, to: 2)))

  package static let namesOtherPorts = Rule(
    "LW7228", "mesh-other-ports", .note,
    "a global Service names ports that no connection uses and that its pods' policies leave open",
    explanation: """
      All ports of a global Service are known in every member that has the Service. A port that no connection uses is \
      reported where the policies of its pods may let other clusters in.
      """,
    failing: mesh(
      service(2, ports: "{name: http, port: 80}, {name: admin, port: 81}") + connection(1, to: 2)),
    passing: mesh(service(2) + connection(1, to: 2)))

  private static func claim(_ port: Int) -> RuleExample {
    RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/claim.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: by-hand, namespace: a1b2c3-dev}
      spec: {service: \(port == 8000 ? "yourservice" : "other"), servicePort: \(port), overrideServicePort: true, monitor: {type: tcp, interval: 10, timeout: 10}}
      -- workloads/gold/other.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: other, namespace: a1b2c3-dev}
      spec: {selector: {name: yourapp}, ports: [{port: 9000}]}

      """)
  }

  package static let claimsWithoutConnection = Rule(
    "LW7240", "claim-without-connection", .note,
    "a claim publishes a Service that no connection reaches",
    explanation: """
      Whoever reaches the data-centre network reaches what a TransportServerClaim publishes, and no policy of a cluster \
      tells who sends there. A claim that somebody wrote for a Service of which no connection speaks is open to all of \
      them; a connection would say who is meant, and 'exposure.acknowledged' that it is known.
      """,
    failing: claim(9000), passing: claim(8000))

  private static func identities(_ rule: String) -> RuleExample {
    RuleExample(
      over: "tetrate",
      """
      -- templates/tetrate/+identities.yaml --
      $scope: target
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata: {name: details, namespace: "${place.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
      spec: {selector: {matchLabels: {app: details}}, action: ALLOW, rules: [\(rule)]}

      """)
  }

  package static let admitsIdentities = Rule(
    "LW7229", "admits-other-identities", .warning,
    "an emitted AuthorizationPolicy admits identities that no connection comes with",
    explanation: """
      Mutual TLS is not ended on the way through an east-west gateway, so the target's pods see the client's own \
      namespace and service account. A rule without 'from' admits everybody; a list of namespaces or principals shall \
      hold those of the connections' clients and nobody else. Policies that authors wrote also admit clients inside of \
      the cluster, which no connection declares: those are left alone as long as they name somebody.
      """,
    failing: identities("{from: [{source: {namespaces: [bookinfo, others]}}]}"),
    passing: identities("{from: [{source: {namespaces: [bookinfo]}}]}"))

  package static let admitsAnyway = Rule(
    "LW7230", "admits-everybody-anyway", .note,
    "an existing policy admits everybody to the pods of a connection",
    explanation: """
      The pods are isolated, and a policy that somebody wrote lets in everybody all the same: every address, every pod of \
      the cluster or the mesh, or every identity. Whatever connections declare makes no difference there, and nothing that is emitted can narrow it, \
      since policies add up. The platform's own baseline is not looked at.
      """,
    failing: pairPolicy("ingress: [{ports: [{port: 8000}]}]"),
    passing: pairPolicy(
      "ingress: [{from: [{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}}], ports: [{port: 8000}]}]"
    ))

  private static func pairPolicy(_ rules: String) -> RuleExample {
    RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/policy.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: mine, namespace: a1b2c3-dev}
      spec: {podSelector: {}, policyTypes: [Ingress], \(rules)}

      """)
  }
}
