package import Diagnostics

/// Rules about what emitted objects open beyond the declared connections.
extension JudgementRules {
  private static func template(selector: String = "{matchLabels: \"${policy.podSelector}\"}", _ rule: String)
    -> RuleExample
  {
    RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/network-policy.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: "${policy.name}", namespace: "${service.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
      spec:
        podSelector: \(selector)
        policyTypes: [Ingress]
        ingress: [\(rule)]
      -- workloads/gold/other.yaml --
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: other, namespace: a1b2c3-dev}
      spec:
        selector: {matchLabels: {name: other}}
        template: {metadata: {labels: {name: other}}, spec: {containers: [{name: app, image: other}]}}
      """)
  }

  private static let ingressPeer =
    "{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}}"

  package static let opensToOthers = Rule(
    "LW7221", "opens-to-others", .warning, "an emitted policy admits somebody whom no connection needs",
    explanation: """
      What is emitted shall open what is declared and nothing else. Every emitted policy is compared with what the \
      connections need of it; pods and addresses that are in no manifest count too. \
      A policy that somebody else wrote and that opens the same is not held against the emitted one.
      """,
    failing: template("{from: [\(ingressPeer), {namespaceSelector: {}}], ports: [{port: 8000}]}"),
    passing: template("{from: [\(ingressPeer)], ports: [{port: 8000}]}"))

  package static let opensOtherPods = Rule(
    "LW7222", "opens-other-pods", .warning, "an emitted policy opens pods that no connection leads to",
    explanation: """
      The podSelector of an emitted policy takes in pods beside those of the connection: what it admits reaches them \
      as well.
      """,
    failing: template(selector: "{}", "{from: [\(ingressPeer)], ports: [{port: 8000}]}"),
    passing: template("{from: [\(ingressPeer)], ports: [{port: 8000}]}"))

  package static let opensOtherPorts = Rule(
    "LW7223", "opens-other-ports", .warning, "an emitted policy opens ports that no connection needs",
    explanation: """
      The policy admits those whom a connection needs, at more ports than it needs. A link may be set so on purpose \
      (networkPolicy.ports: all): then a note says what would be enough. A template of the fleet's own is warned of.
      """,
    failing: template("{from: [\(ingressPeer)]}"),
    passing: template("{from: [\(ingressPeer)], ports: [{port: 8000}]}"))

  // MARK: Objects that are no policies

  private static func tetrate(_ path: String, _ body: String) -> RuleExample {
    RuleExample(
      over: "tetrate",
      """
      -- templates/tetrate/\(path).yaml --
      \(body)
      -- workloads/cluster-1/reviews.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: reviews, namespace: bookinfo, labels: {app: reviews}}
      spec: {selector: {app: reviews}, ports: [{name: http, port: 9080}]}
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: reviews-v1, namespace: bookinfo}
      spec:
        selector: {matchLabels: {app: reviews}}
        template:
          metadata: {labels: {app: reviews}}
          spec: {containers: [{name: reviews, image: reviews, ports: [{containerPort: 9080}]}]}
      """)
  }

  private static func setting(_ exposed: String) -> RuleExample {
    tetrate(
      "workspace-setting",
      """
      apiVersion: tsb.tetrate.io/v2
      kind: WorkspaceSetting
      metadata:
        name: ${object.name}
        namespace: ${object.namespace}
        labels: ${common.labels}
        annotations:
          $merge: ${common.annotations}
          tsb.tetrate.io/organization: ${object.organization}
          tsb.tetrate.io/tenant: ${object.tenant}
          tsb.tetrate.io/workspace: ${object.workspace}
      spec:
        defaultEastWestGatewaySettings:
        - workloadSelector: {namespace: bookinfo, labels: {app: eastwest-gateway}}
          exposedServices: [\(exposed)]
      """)
  }

  package static let exposesServices = Rule(
    "LW7224", "exposes-other-services", .warning,
    "an emitted object exposes a Service that no connection reaches",
    explanation: """
      A gateway or a load balancer leads clients of other clusters to whatever the object names: every Service whose labels \
      match, every host. The judge compares that with the connections, whoever wrote the template.
      """,
    failing: setting("{serviceLabels: {app: details}}, {serviceLabels: {app: reviews}}"),
    passing: setting("{serviceLabels: {app: details}}"))

  private static func reach(_ map: String) -> RuleExample {
    tetrate(
      "organization-setting",
      """
      apiVersion: tsb.tetrate.io/v2
      kind: OrganizationSetting
      metadata:
        name: ${object.name}
        namespace: ${object.namespace}
        labels: ${common.labels}
        annotations: {$merge: "${common.annotations}", tsb.tetrate.io/organization: "${object.organization}"}
      spec: {networkSettings: {networkReachability: \(map)}}
      """)
  }

  package static let joinsNetworks = Rule(
    "LW7225", "joins-other-networks", .warning, "an emitted object joins networks that no connection crosses",
    explanation: """
      What one network may reach of another holds for every Service that is exposed there, now and later.
      """,
    failing: reach("{net-2: net-1, net-1: net-2}"), passing: reach("{net-2: net-1}"))

  private static func gatewayDNS(_ selector: String) -> RuleExample {
    RuleExample(
      over: "gateway-dns",
      """
      -- templates/gateway-dns/gateway-dns.yaml --
      apiVersion: connectivity.tanzu.vmware.com/v1alpha1
      kind: GatewayDNS
      metadata:
        name: ${gatewayDNS.name}
        namespace: ${gatewayDNS.namespace}
        labels: ${common.labels}
        annotations: ${common.annotations}
      spec: {service: projectcontour/envoy, resolutionType: loadBalancer, clusterSelector: \(selector)}
      """)
  }

  package static let publishesGateways = Rule(
    "LW7226", "publishes-other-gateways", .note,
    "a GatewayDNS publishes the gateway of a cluster that no connection reaches",
    explanation: """
      The selector of a GatewayDNS takes in clusters beside those of the connections: all clusters of the management \
      namespace learn the addresses of their gateways.
      """,
    failing: gatewayDNS("{}"), passing: gatewayDNS("{matchLabels: {hasContour: \"true\"}}"))
}
