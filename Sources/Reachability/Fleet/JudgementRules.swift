package import Diagnostics

/// Rules about connections as a whole: the first hop that fails names the rule.
///
/// They are the judge's, not a link type's: a fault that a rule finds at its source is reported there and not again
/// here. These errors can be suppressed with a reason in the Connection, since somebody may know what no repository
/// tells: a policy that is applied by hand, a forwarder that nobody observes.
package enum JudgementRules {
  package static let all = [
    egress, name, address, unpublished, service, targetPort, ingress, pods, tunnel, depends, waits,
    assumesComponent, overridesOwner,
    opensToOthers,
    opensOtherPods, opensOtherPorts, exposesServices, joinsNetworks, publishesGateways, leadsFurther,
    namesOtherPorts, claimsWithoutConnection, admitsIdentities, admitsAnyway, certificate, openAddress,
    openMesh,
  ]

  /// The silver fleet with files over it.
  private static func silver(_ files: String = "") -> RuleExample {
    RuleExample(over: "porter-silver", files)
  }

  private static func policy(_ cluster: String, _ spec: String) -> String {
    """
    -- workloads/\(cluster)/policy.yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: mine, namespace: a1b2c3-prod}
    spec: \(spec)
    """
  }

  /// The consumer applies no policies, so none is emitted that would mend it.
  private static let withoutPolicies = """

    -- linkwright.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Fleet
    metadata: {name: porter-silver}
    spec: {output: {consumer: {type: argocd, excludedKinds: [NetworkPolicy]}}}
    """

  private static let dns =
    "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-dns}}}], ports: [{protocol: UDP, port: 5353}, {protocol: TCP, port: 5353}]}"
  private static let virtualServer = "{to: [{ipBlock: {cidr: 142.34.194.68/32}}], ports: [{port: 3310}]}"

  package static let egress = Rule(
    "LW7201", "egress-closed", .error, "a client's policies do not let it out to where the connection leads",
    explanation: """
      A pod that some policy isolates for egress sends nothing but what a policy lets out, and policies see the \
      address behind a Service and the port there, not the Service's own. The connection times out at the client.
      """,
    failing: silver(
      policy("emerald", "{podSelector: {}, policyTypes: [Egress], egress: [\(dns)]}") + withoutPolicies),
    passing: silver(
      policy("emerald", "{podSelector: {}, policyTypes: [Egress], egress: [\(dns), \(virtualServer)]}"))
  ).suppressible

  package static let name = Rule(
    "LW7202", "name-unresolved", .error, "a client cannot resolve the name that the connection gives it",
    explanation: """
      Either the client's policies let no DNS question out (on OpenShift resolvers listen on port 5353 of their pods), \
      or no Service of its namespace leads to the address.
      """,
    failing: silver(
      policy("emerald", "{podSelector: {}, policyTypes: [Egress], egress: [\(virtualServer)]}")
        + withoutPolicies),
    passing: silver(
      policy("emerald", "{podSelector: {}, policyTypes: [Egress], egress: [\(dns), \(virtualServer)]}"))
  ).suppressible

  package static let address = Rule(
    "LW7203", "address-leads-elsewhere", .error, "the endpoints behind a name lead to another place",
    explanation: """
      The name resolves, and what it leads to is not where the target is published: another address, another port, or \
      a port under another name than the Service's.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- observed/golddr/endpoints.yaml --
      apiVersion: v1
      kind: Endpoints
      metadata: {name: yourservice-gold, namespace: a1b2c3-dev}
      subsets: [{addresses: [{ip: 142.34.229.70}], ports: [{port: 40000}]}]
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- observed/golddr/endpoints.yaml --
      apiVersion: v1
      kind: Endpoints
      metadata: {name: yourservice-gold, namespace: a1b2c3-dev}
      subsets: [{addresses: [{ip: 142.34.229.70}], ports: [{port: 37650}]}]
      """)
  ).suppressible

  private static func transportServer(_ service: String) -> String {
    """
    -- observed/gold/server.yaml --
    apiVersion: cis.f5.com/v1
    kind: TransportServer
    metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
    spec:
      virtualServerAddress: 142.34.229.70
      virtualServerPort: 37650
      pool: {service: \(service), servicePort: 8000}
    -- observed/gold/a1b2c3-dev.yaml --
    """
  }

  package static let unpublished = Rule(
    "LW7204", "target-not-published", .error, "no load balancer or gateway leads to the target",
    explanation: """
      Nothing publishes the target's port: no claim names it, the controller has refused it, or what it made leads to \
      another Service.
      """,
    failing: RuleExample(over: "porter-pair", transportServer("otherservice")),
    passing: RuleExample(over: "porter-pair", transportServer("yourservice"))
  ).suppressible

  private static func observedService(type: String) -> RuleExample {
    silver(
      """
      -- links/silver.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: silver}
      spec: {static: {addresses: {silver: observed}}}
      -- workloads/silver/service.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec: {type: \(type), selector: {app: clamav}, ports: [{port: 3310, targetPort: 3310}]}
      -- workloads/silver/clamav.yaml --
      apiVersion: apps/v1
      kind: StatefulSet
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec:
        selector: {matchLabels: {app: clamav}}
        template: {metadata: {labels: {app: clamav}}, spec: {containers: [{name: clamav, image: clamav}]}}
      -- observed/silver/service.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: clamav, namespace: a1b2c3-prod}
      status: {loadBalancer: {ingress: [{ip: 142.34.194.68}]}}
      """)
  }

  package static let service = Rule(
    "LW7205", "service-cannot-carry", .error, "the target's Service cannot take what the carrier brings",
    explanation: """
      The Service is missing, lacks the port, or is of a type that the carrier in front of it cannot use: a load \
      balancer's pool stays empty, and nothing says so.
      """,
    failing: observedService(type: "ClusterIP"), passing: observedService(type: "LoadBalancer")
  ).suppressible

  package static let targetPort = Rule(
    "LW7206", "target-port-unresolved", .error, "a Service leads to a port name that the target's pods lack",
    explanation: "The endpoints controller leaves such pods out of the port's endpoints.",
    unexampled: "LW1208 finds it first, at the Service; JudgeTests asks the judge alone"
  ).suppressible

  package static let ingress = Rule(
    "LW7207", "ingress-closed", .error, "no policy lets the sender in to the target's pods",
    explanation: """
      A pod that some policy isolates takes nothing but what a policy admits. Policies see the sender that the last \
      hop leaves: behind a load balancer that rewrites addresses it is not the client, and the port is the pod's, not \
      the Service's.
      """,
    failing: silver(policy("silver", "{podSelector: {}, policyTypes: [Ingress]}")),
    passing: silver(
      policy("silver", "{podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 3310}]}]}"))
  ).suppressible

  private static func scaled(to replicas: Int) -> RuleExample {
    silver(
      """
      -- workloads/silver/clamav.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec: {type: NodePort, selector: {app: clamav}, ports: [{port: 3310}]}
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec:
        replicas: \(replicas)
        selector: {matchLabels: {app: clamav}}
        template: {metadata: {labels: {app: clamav}}, spec: {containers: [{name: clamav, image: clamav}]}}
      """)
  }

  package static let pods = Rule(
    "LW7208", "no-pods", .error, "no pods are behind the target's Service",
    explanation: """
      The Service has no endpoints, so the connection is refused or times out at the last hop: nothing makes such pods, \
      or what would make them has replicas: 0 or is suspended. Where a standby is scaled up by hand, say so with \
      linkwright.dev/ignore at the connection.
      """,
    failing: scaled(to: 0), passing: scaled(to: 1)
  ).suppressible

  package static let tunnel = Rule(
    "LW7209", "clusters-not-joined", .error, "nothing joins the networks of the two clusters",
    explanation: """
      The carrier needs a path between the clusters' pods or gateways, and an object that would make it is missing or \
      says otherwise.
      """,
    unexampled: "the mesh's own rules find it first; JudgeTests asks the judge alone"
  ).suppressible

  package static let depends = Rule(
    "LW7210", "verdict-depends", .note, "whether a connection works hangs on something that nobody has said",
    explanation: """
      The API leaves some things open to network plugins, and a repository leaves some unsaid: which policies the \
      platform adds, which labels a namespace has. Every reading was tried, and not all of them let the connection \
      pass. Say what is known, in the Cluster's spec.network for instance, and the verdict becomes definite.
      """,
    failing: silver(
      """
      -- clusters/silver.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: silver}
      spec: {distribution: openshift}
      """), passing: silver())

  package static let waits = Rule(
    "LW7211", "verdict-pending", .warning,
    "whether a connection works cannot be told before something is observed",
    explanation: """
      Nothing is left out of the output for it (that would be LW1401), and yet the connection may fail: what stands \
      between its ends is known to the cluster alone. Once it is observed, the verdict is proved or refuted; --strict \
      makes it an error.
      """,
    failing: RuleExample(
      over: "gateway-dns",
      """
      -- clusters/cluster-b.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster-b}
      spec:
        network: {serviceCIDRs: [10.96.0.0/16], baseline: []}
        clusterAPI: {managementCluster: mgmt, namespace: dev-team}
        dns: {resolver: unmanaged}
      """), passing: RuleExample(over: "gateway-dns", ""))

  private static func rebelBase(_ annotations: String) -> String {
    """
    -- workloads/cluster02/rebel-base.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: rebel-base, namespace: default}
    spec:
      selector: {matchLabels: {name: rebel-base}}
      template:
        metadata: {labels: {name: rebel-base}}
        spec: {containers: [{name: rebel-base, image: nginx, ports: [{name: http, containerPort: 80}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: rebel-base, namespace: default, annotations: {\(annotations)}}
    spec: {selector: {name: rebel-base}, ports: [{name: http, port: 80, targetPort: 80}]}
    """
  }

  package static let assumesComponent = Rule(
    "LW7212", "component-assumed", .note,
    "a verdict takes a Component as applied that only an owner can apply",
    explanation: """
      Objects that somebody else keeps are patched by kustomize Components, which lie in the output and have no effect \
      until the kustomization of their owner lists them. Verdicts count them as applied.
      """,
    failing: RuleExample(over: "clustermesh", rebelBase("team: rebels")),
    passing: RuleExample(over: "clustermesh", ""))

  package static let overridesOwner = Rule(
    "LW7213", "component-overrides-owner", .warning,
    "a Component says the opposite of what an owner has written",
    explanation: """
      A connection needs an annotation or a label of an object that somebody else keeps, and its manifest has it with \
      another value: somebody may have meant it. The Component would overrule it.
      """,
    failing: RuleExample(
      over: "clustermesh",
      rebelBase("service.cilium.io/global: \"true\", service.cilium.io/shared: \"false\"")),
    passing: RuleExample(over: "clustermesh", ""))

  // MARK: The judge itself

  package static let certificate = Rule(
    "LW7231", "verdict-disputed", .error, "a second evaluation does not confirm a verdict",
    explanation: """
      With --paranoid every verdict's certificate is checked by an evaluator that shares no code with the first. This \
      is a fault of Linkwright, never of the fleet: report it, with the fleet if you can.
      """,
    unexampled: "no fleet makes the two evaluators disagree; CertificateTests falsifies certificates")
}
