import Diagnostics

/// Rules about `form: istio`, and about Istio's objects among the manifests.
extension TetrateRules {
  static let istioRules = [
    istioNetwork, flatNetwork, gatewayService, gatewayMode, networkView, hostNotPassed, unresolvedName,
    serviceEntry,
    shadowedEntry, withoutOutlierDetection, entryName,
  ]

  static let istioNetwork = Rule(
    "LW5101", "istio-network-missing", .error, "a member of an Istio mesh names no network",
    explanation: """
      istiod uses a gateway for endpoints of other networks only. Without a name every cluster is in the same \
      network, and pods are called by addresses that cannot be reached (#28381, #42516).
      """,
    failing: tetrate(istio() + cluster(1, "{}")), passing: tetrate(istio())
  )

  static let flatNetwork = Rule(
    "LW5102", "istio-same-network", .error,
    "two clusters name one network though their pods cannot call each other",
    explanation: """
      Within a network endpoints are pod addresses. Clusters may share a name only where pods reach each other, \
      so their pod networks are known and do not overlap (#39712).
      """,
    failing: tetrate(
      istio(proxies: false) + cluster(1, "{network: net-1}", pods: "10.0.0.0/8")
        + cluster(2, "{network: net-1, dnsProxy: true}")),
    passing: tetrate(istio(proxies: false) + cluster(2, "{network: net-1, dnsProxy: true}"))
  ).breaking(.address)

  static let gatewayService = Rule(
    "LW5103", "istio-gateway-service", .error, "the Service of an east-west gateway cannot be used",
    explanation: """
      istiod finds a network's gateway by a Service with label topology.istio.io/network and port 15443; one \
      without the port is ignored with a line in the log. The label comes as a patch.
      """,
    failing: tetrate(istio(service: gatewayService(ports: "[{name: status, port: 15021}]"))),
    passing: tetrate(istio())
  ).breaking(.gateway)

  private static func gateway(_ tls: String) -> String {
    workload(
      1, "cross-network",
      """
      apiVersion: networking.istio.io/v1
      kind: Gateway
      metadata: {name: own-gateway, namespace: istio-system}
      spec:
        selector: {istio: eastwestgateway}
        servers: [{port: {number: 15443, name: tls, protocol: TLS}, tls: \(tls), hosts: ["*.local"]}]
      """)
  }

  static let gatewayMode = Rule(
    "LW5104", "istio-gateway-mode", .error, "an east-west Gateway does not pass TLS on unopened",
    explanation: """
      Sidecars talk mutual TLS with each other through the gateway, which routes by server name: mode \
      AUTO_PASSTHROUGH. Certificates are ignored in it; that is a warning.
      """,
    failing: tetrate(istio() + gateway("{mode: PASSTHROUGH}")),
    passing: tetrate(istio() + gateway("{mode: AUTO_PASSTHROUGH}"))
  ).breaking(.gateway)

  private static func gatewayPods(_ network: String) -> String {
    workload(
      1, "gateway-pods",
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: istio-eastwestgateway, namespace: istio-system}
      spec:
        selector: {matchLabels: {istio: eastwestgateway}}
        template:
          metadata: {labels: {istio: eastwestgateway}}
          spec:
            containers:
            - {name: istio-proxy, image: auto, env: [{name: ISTIO_META_REQUESTED_NETWORK_VIEW, value: \(network)}]}
      """)
  }

  static let networkView = Rule(
    "LW5105", "istio-network-view", .warning, "an east-west gateway does not limit itself to its own network",
    explanation: """
      With ISTIO_META_REQUESTED_NETWORK_VIEW the gateway gets the endpoints of its network alone; without it, it \
      can send traffic back to another gateway.
      """,
    failing: tetrate(istio() + gatewayPods("net-2")), passing: tetrate(istio() + gatewayPods("net-1")))

  static let hostNotPassed = Rule(
    "LW5106", "istio-host-not-passed", .error, "the gateway's hosts do not include a Service that is reached",
    explanation: "The Gateway passes only hosts of its list on; connections to others are closed.",
    failing: tetrate(istio(also: "istio: {hosts: [reviews.bookinfo.svc.cluster.local]}")),
    passing: tetrate(istio(also: "istio: {hosts: [details.bookinfo.svc.cluster.local]}"))
  ).breaking(.gateway)

  static let unresolvedName = Rule(
    "LW5107", "istio-name-unresolved", .warning,
    "clients cannot resolve the name of a Service of another cluster",
    explanation: """
      A ServiceEntry has no name in the cluster's DNS. Sidecars answer for it when DNS capture is on, with an \
      address that istiod allocates.
      """,
    failing: tetrate(istio(proxies: false)), passing: tetrate(istio()))

  private static func entry(_ spec: String, cluster: Int = 2) -> String {
    workload(
      cluster, "entry",
      """
      apiVersion: networking.istio.io/v1
      kind: ServiceEntry
      metadata: {name: entry, namespace: bookinfo}
      spec: \(spec)
      """)
  }

  static let serviceEntry = Rule(
    "LW5108", "service-entry", .error, "a ServiceEntry is not valid",
    explanation: """
      istiod's validation: hosts without '*', ports with names and numbers of their own, endpoints that fit the \
      resolution, and port names that exist. Without its webhook an invalid entry is dropped silently.
      """,
    failing: tetrate(
      entry(
        "{hosts: [db.example.com], resolution: STATIC, ports: [{name: tcp, number: 5432, protocol: TCP}], endpoints: [{address: db.internal}]}"
      )),
    passing: tetrate(
      entry(
        "{hosts: [db.example.com], resolution: DNS, ports: [{name: tcp, number: 5432, protocol: TCP}], endpoints: [{address: db.internal}]}"
      ))
  ).breaking(.name)

  static let shadowedEntry = Rule(
    "LW5109", "service-entry-shadowed", .error, "a ServiceEntry has the host of a Service of its cluster",
    explanation: """
      Such an entry only decorates the Service; its endpoints are ignored. XCP writes WorkloadEntries in that \
      case.
      """,
    failing: tetrate(
      entry(
        "{hosts: [details.bookinfo.svc.cluster.local], resolution: STATIC, ports: [{name: http, number: 9080, protocol: HTTP}], endpoints: [{address: 172.18.0.9}]}",
        cluster: 1)),
    passing: tetrate(
      entry(
        "{hosts: [other.bookinfo.svc.cluster.local], resolution: STATIC, ports: [{name: http, number: 9080, protocol: HTTP}], endpoints: [{address: 172.18.0.9}]}",
        cluster: 1))
  ).breaking(.name)

  private static func rule(_ also: String) -> String {
    workload(
      2, "rule",
      """
      apiVersion: networking.istio.io/v1
      kind: DestinationRule
      metadata: {name: details, namespace: bookinfo}
      spec:
        host: details.bookinfo.svc.cluster.local
        trafficPolicy:
          loadBalancer: {localityLbSetting: {failover: [{from: eu-west-2, to: eu-west-1}]}}
          \(also)
      """)
  }

  static let withoutOutlierDetection = Rule(
    "LW5110", "failover-without-outlier-detection", .warning,
    "a DestinationRule fails over and never notices a failure",
    explanation: "Locality failover needs outlierDetection: without it every endpoint counts as healthy.",
    failing: tetrate(rule("")), passing: tetrate(rule("outlierDetection: {consecutive5xxErrors: 5}")))

  private static func named(_ section: String, services: String = "services: [details]") -> String {
    """
    -- connections/bookinfo.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: bookinfo, namespace: bookinfo}
    spec:
      from: [{clusters: [cluster-2]}]
      to: {clusters: [cluster-1], \(services), ports: [9080]}
      tetrate: \(section)
    """
  }

  static let entryName = Rule(
    "LW5111", "istio-entry-name", .error, "a connection names entries that it does not have, or too many",
    explanation: """
      A name belongs to one object: the entry of one Service in a cluster. TSB's entries have names that its control \
      plane chooses.
      """,
    failing: tetrate(named("{serviceEntryName: details-elsewhere}")),
    passing: tetrate(istio() + named("{serviceEntryName: details-elsewhere}"))
  )
}
