import Diagnostics

/// Rules about claims, emitted or written by hand.
extension PorterRules {
  static let claimRules = [
    claimInSecondary, claimWithoutPorter, duplicateClaim, severalPorts, invalidClaim, unknownClaimField,
    operatorOwned,
    syncWave, claimRenamed, monitorTimeout, requestedPort, settingsConflict, keptClaimDiffers, claimFailed,
    requestedTwice,
  ]

  static let claimInSecondary = Rule(
    "LW2103", "claim-in-secondary", .error, "a claim stands in the secondary cluster",
    explanation: """
      Claims are created only in the primary of a pair; the operator serves both clusters from there (the \
      platform's documentation of TCP services). Whether the secondary even knows the kind is not documented.
      """,
    failing: pair(claim(cluster: "golddr")),
    passing: pair(claim()))

  static let claimWithoutPorter = Rule(
    "LW2105", "claim-without-porter", .error, "a claim stands in a cluster that no Porter link serves",
    explanation: """
      Porter runs in Silver and in the pair of Gold and GoldDR only. Elsewhere nothing reads the claim.
      """,
    failing: pair(
      """
      -- clusters/emerald.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: emerald}

      """ + claim(cluster: "emerald")),
    passing: pair())

  static let duplicateClaim = Rule(
    "LW2108", "duplicate-claim", .error, "two claims publish the same port of a Service",
    explanation: """
      Each claim gets a virtual server, and all of them write the same Service and Endpoints for clients. \
      Which port clients then find depends on who was reconciled last.
      """,
    failing: pair(claim() + claim(name: "yourservice-second")),
    passing: pair(claim())
  ).breaking(.loadBalancer)

  static let severalPorts = Rule(
    "LW2109", "several-ports", .error, "one Service is published at several ports",
    explanation: """
      The operator names the clients' Service and Endpoints after the target Service alone. With two claims for \
      one Service the last reconciled wins, and deleting either removes the objects for both. Teams publish \
      a dedicated Service per port instead (bcgov/sso-helm-charts b8868df).
      """,
    failing: pair(
      workloads(ports: "[{name: a, port: 8000}, {name: b, port: 8001}]")
        + workloads("golddr", ports: "[{name: a, port: 8000}, {name: b, port: 8001}]")
        + connection(to: "{clusters: [gold], service: yourservice, ports: [8000, 8001]}")),
    passing: pair()
  )

  static let invalidClaim = Rule(
    "LW2112", "invalid-claim", .error, "a claim written by hand cannot be served",
    explanation: """
      The CRD has no schema: the API server accepts any claim, and the operator's play fails or makes a virtual \
      server that leads nowhere. Service, a numeric servicePort and a complete monitor of type \
      tcp are required; overrideServicePort must be a real boolean.
      """,
    failing: pair(claim("{service: yourservice, servicePort: api, monitor: {type: tcp, interval: 10}}")),
    passing: pair(claim())
  ).breaking(.loadBalancer)

  static let unknownClaimField = Rule(
    "LW2113", "unknown-claim-field", .error, "a claim has a field that the operator does not know",
    explanation: "Unknown keys are ignored silently, so a misspelt option has no effect.",
    failing: pair(
      claim(
        "{service: yourservice, serviceport: 8000, servicePort: 8000, monitor: {type: tcp, interval: 10, timeout: 10}}"
      )),
    passing: pair(claim()))

  static let operatorOwned = Rule(
    "LW2116", "operator-owned", .error, "a TransportServer is written by hand",
    explanation: """
      TransportServers belong to the operator; a hand-written one takes no port from its pool and can collide \
      with an address and port in use, which the controller refuses.
      """,
    failing: pair(
      """
      -- workloads/gold/ts.yaml --
      apiVersion: cis.f5.com/v1
      kind: TransportServer
      metadata: {name: mine, namespace: a1b2c3-dev, labels: {f5cr: "true"}}
      spec: {virtualServerAddress: 142.34.229.62, virtualServerPort: 4000, mode: performance, pool: {service: yourservice, servicePort: 8000}}
      """),
    passing: pair())

  static let syncWave = Rule(
    "LW2122", "sync-wave", .warning, "a claim is applied no later than its Service",
    explanation: """
      A claim that meets no Service falls back to the legacy address, and is not corrected until the operator's \
      next round, hours later. An Argo CD sync wave after the Service's avoids it.
      """,
    failing: pair(
      """
      -- linkwright.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Fleet
      metadata: {name: porter-pair}
      spec: {output: {consumer: {type: argocd, version: "3"}}}

      """ + claim()),
    passing: pair(
      """
      -- linkwright.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Fleet
      metadata: {name: porter-pair}
      spec: {output: {consumer: {type: argocd, version: "3"}}}

      """ + claim(annotations: "{argocd.argoproj.io/sync-wave: \"1\"}")))

  static let claimRenamed = Rule(
    "LW2129", "claim-renamed", .warning, "a live claim gets another name and so another port",
    explanation: """
      A claim keeps its port as long as the TransportServer of its name exists. Under a new name it gets a \
      new random port; consumers with the old one and firewall rules break.
      """,
    failing: pair(
      """
      -- observed/gold/a1b2c3-dev.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: old-tsc, namespace: a1b2c3-dev}
      spec: {service: yourservice, servicePort: 8000}
      status: {port: "37650"}
      """),
    passing: pair(
      """
      -- observed/gold/a1b2c3-dev.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
      spec: {service: yourservice, servicePort: 8000}
      status: {port: "37650"}
      """))

  static let monitorTimeout = Rule(
    "LW2133", "monitor-timeout", .note, "a monitor's timeout is shorter than its interval",
    explanation: """
      F5 recommends a timeout of three times the interval plus one. The platform's own examples use 10 and 10, \
      which works, so equal values are accepted.
      """,
    failing: pair(connection(porter: "{overrideServicePort: true, monitor: {interval: 30, timeout: 10}}")),
    passing: pair(connection(porter: "{overrideServicePort: true, monitor: {interval: 10, timeout: 31}}")))

  static let requestedPort = Rule(
    "LW2134", "requested-port", .warning, "a requested port may not be granted",
    explanation: """
      requestedPort is read by the operator but not advertised: it is honoured only while no TransportServer of \
      the claim's name exists and the port is free; otherwise the port is random without a word.
      """,
    failing: pair(connection(porter: "{overrideServicePort: true, requestedPort: 30000}")),
    passing: pair())

  static let settingsConflict = Rule(
    "LW2140", "claim-settings-conflict", .error, "one claim is wanted in different ways",
    explanation: """
      A Service has one claim, however many connections use it: their settings must agree with each other, and with \
      the claim where somebody has written it already. Ports of clients, of ConfigMaps and of what is expected follow \
      from them.
      """,
    failing: pair(
      connection(porter: "{overrideServicePort: true}")
        + connection(name: "second", porter: "{overrideServicePort: false}")),
    passing: pair())

  static let keptClaimDiffers = Rule(
    "LW2147", "kept-claim-differs", .error, "a claim that exists does not say what a connection asks for",
    explanation: """
      A claim among the manifests stays as it is. Whether clients use the Service's port or a random one follows \
      from its overrideServicePort, whatever the connection says; its monitor and requested port hold likewise.
      """,
    failing: pair(
      claim("{service: yourservice, servicePort: 8000, monitor: {type: tcp, interval: 10, timeout: 10}}")),
    passing: pair(claim())
  ).breaking(.loadBalancer)

  static let claimFailed = Rule(
    "LW2151", "claim-failed", .warning, "the operator could not serve a claim",
    explanation: """
      The operator writes conditions into a claim's status (ansible-operator, manageStatus): Failure is True where \
      its last round broke off. What the claim needs does not come by waiting.
      """,
    failing: pair(
      """
      -- observed/gold/a1b2c3-dev.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
      spec: {service: yourservice, servicePort: 8000}
      status: {conditions: [{type: Failure, status: "True"}, {type: Running, status: "True"}]}
      """),
    passing: pair(
      """
      -- observed/gold/a1b2c3-dev.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
      spec: {service: yourservice, servicePort: 8000}
      status: {port: "37650", conditions: [{type: Failure, status: "False"}, {type: Successful, status: "True"}]}
      """))

  static let requestedTwice = Rule(
    "LW2152", "port-requested-twice", .warning, "two claims ask for the same port",
    explanation: """
      All claims of a cluster share an address, and a port there is granted once: whoever is served later gets a \
      random port without a word.
      """,
    failing: pair(
      connection(porter: "{overrideServicePort: true, requestedPort: 30000}")
        + connection(
          name: "second",
          to:
            "{clusters: [gold], service: {name: db, type: NodePort, selector: {app: db}, ports: [{port: 5432}]}, ports: [5432]}",
          porter: "{overrideServicePort: true, requestedPort: 30000}")),
    passing: pair(connection(porter: "{overrideServicePort: true, requestedPort: 30000}")))
}
