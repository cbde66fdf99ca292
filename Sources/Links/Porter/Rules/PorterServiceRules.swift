import Diagnostics

/// Rules about the published Service and the names that the operator makes of it.
extension PorterRules {
  static let serviceRules = [
    nameTooLong, nameTaken, cannotBePooled, notTCP, typeDiffers, obsoleteType, multiPort, webPort,
  ]

  static let nameTooLong = Rule(
    "LW2110", "generated-name-too-long", .error,
    "a name that the operator makes is longer than 63 characters",
    explanation: """
      The operator makes the Services <service>-<cluster>, and <service>-<port>-<cluster> for a Service with \
      several ports. Service names are DNS labels of at most 63 characters.
      """,
    failing: pair(
      workloads(service: String(repeating: "s", count: 57))
        + workloads("golddr", service: String(repeating: "s", count: 57))
        + connection(to: "{clusters: [gold], service: \(String(repeating: "s", count: 57)), ports: [8000]}")),
    passing: pair()
  ).breaking(.loadBalancer)

  static let nameTaken = Rule(
    "LW2111", "generated-name-taken", .error, "a manifest has the name of an object that the operator makes",
    explanation: """
      The operator overwrites Service and Endpoints <service>-<cluster>. Declared in git as well, the operator \
      and an Argo CD that heals drift would fight over them.
      """,
    failing: pair(
      """
      -- workloads/golddr/extra.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: yourservice-gold, namespace: a1b2c3-dev}
      spec: {ports: [{port: 8000}]}
      """),
    passing: pair()
  )

  static let cannotBePooled = Rule(
    "LW2114", "service-cannot-be-pooled", .error, "the load balancer cannot use a Service of this form",
    explanation: """
      A pool needs the nodes' ports of a Service with a selector. ExternalName, headless and selectorless \
      Services give it no members (F5Networks/k8s-bigip-ctlr issue 2319).
      """,
    failing: pair(
      """
      -- workloads/gold/yourservice.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec: {type: ExternalName, externalName: db.example.com, ports: [{port: 8000}]}
      """),
    passing: pair()
  )

  static let notTCP = Rule(
    "LW2115", "not-tcp", .error, "a published port is not TCP",
    explanation:
      "TransportServers made from claims are of type tcp; a claim has no field for another protocol.",
    failing: pair(
      workloads(ports: "[{port: 8000, protocol: UDP}]")
        + workloads("golddr", ports: "[{port: 8000, protocol: UDP}]")),
    passing: pair()
  )

  static let typeDiffers = Rule(
    "LW2117", "service-type-differs", .error, "a Service has different types in the two clusters of a pair",
    explanation: """
      The operator reads the Service's type in the primary only and labels both TransportServers by it. With \
      another type on the other side, the controller there finds no node ports and adds no pool members.
      """,
    failing: pair(workloads("golddr", type: "ClusterIP")),
    passing: pair()
  ).breaking(.service)

  static let obsoleteType = Rule(
    "LW2121", "service-type-obsolete", .warning, "a published Service is of another type than the platform's",
    explanation: """
      Since the move to OVN-Kubernetes in February 2026 published Services are of type NodePort (the platform's \
      documentation of TCP services, 'Service Migration'). The address changes on both sides when the type does; the port stays. A link for a \
      platform that has not moved sets serviceType: ClusterIP. The operator tells NodePort from every other type: a \
      LoadBalancer is served at the former address too.
      """,
    failing: pair(workloads(type: "ClusterIP") + workloads("golddr", type: "ClusterIP")),
    passing: pair())

  static let multiPort = Rule(
    "LW2126", "multi-port-service", .warning, "a published Service has several ports",
    explanation: """
      For such a Service the operator also makes a Service <service>-<port>-<cluster>, for which the public \
      source writes no Endpoints. A Service with the published port alone avoids the question.
      """,
    failing: pair(
      workloads(ports: "[{name: a, port: 8000}, {name: b, port: 8001}]")
        + workloads("golddr", ports: "[{name: a, port: 8000}, {name: b, port: 8001}]")),
    passing: pair())

  static let webPort = Rule(
    "LW2127", "web-port", .warning, "a claim for a port that looks like HTTP",
    explanation: """
      Claims are for direct TCP access other than HTTPS (the platform's documentation of TCP services). Web traffic belongs to a Route, which \
      brings names, certificates and allow lists.
      """,
    failing: pair(
      workloads(ports: "[{port: 8443, targetPort: 8000}]")
        + workloads("golddr", ports: "[{port: 8443, targetPort: 8000}]")
        + connection(to: "{clusters: [gold], service: yourservice, ports: [8443]}")),
    passing: pair())
}
