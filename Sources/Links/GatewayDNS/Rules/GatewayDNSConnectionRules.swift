import Diagnostics

/// Connections, and the routes of the gateways that they go through.
extension GatewayDNSRules {
  static let connectionRules = [
    notSelected, clientElsewhere, outsideClient, matchAny, notTCP, gatewayPort, routesUnknown, routeElsewhere,
    routeUnused, nestedHosts, externalNameHost, externalNameTwice, gatewayListener, hostTwice,
  ]

  private static func route(_ name: String, _ host: String) -> String {
    """
    -- workloads/cluster-a/\(name).yaml --
    apiVersion: projectcontour.io/v1
    kind: HTTPProxy
    metadata: {name: \(name), namespace: demo}
    spec: {virtualhost: {fqdn: \(host)}}
    """
  }

  static let notSelected = Rule(
    "LW4035", "gateway-target-not-selected", .error, "a target lies in a cluster without a published gateway",
    explanation: "Only the clusters that the link's selector takes have names.",
    failing: connection(
      to: "{clusters: [cluster-b], service: {name: kuard, ports: [{port: 80}]}, ports: [80]}",
      from: "[{clusters: [cluster-a]}]"),
    passing: unchanged
  ).breaking(.gateway)

  static let clientElsewhere = Rule(
    "LW4036", "gateway-client-elsewhere", .error, "a client lies in a cluster that never learns the names",
    explanation: """
      The controller copies the slices to the clusters of its management namespace. Other namespaces and other \
      management clusters are out of its reach (issue 93 of the project).
      """,
    failing: connection(
      from: "[{clusters: [cluster-c]}]",
      also: """
        -- clusters/cluster-c.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Cluster
        metadata: {name: cluster-c}
        """),
    passing: unchanged
  ).breaking(.name)

  static let outsideClient = Rule(
    "LW4037", "gateway-outside-client", .warning, "a client outside the clusters cannot resolve the name",
    explanation:
      "The zone exists in the clusters of the link only; the gateway itself may well be reachable.",
    failing: connection(
      from: "[{clusters: [cluster-b]}, {external: {name: office, cidrs: [192.0.2.0/24]}}]"),
    passing: unchanged)

  static let matchAny = Rule(
    "LW4038", "gateway-match-any", .error, "a name of GatewayDNS stands for one cluster",
    explanation: "There is no name that means the Service in whichever cluster, and no failover.",
    failing: connection(to: "{match: any, clusters: [cluster-a], service: kuard, ports: [80]}"),
    passing: unchanged
  ).breaking(.gateway)

  static let notTCP = Rule(
    "LW4039", "gateway-not-tcp", .error, "a gateway carries TCP only",
    explanation:
      "The gateway chooses the Service by the host of an HTTP request or by the server name of TLS.",
    failing: connection(
      to:
        "{clusters: [cluster-a], service: {name: dns, selector: {app: kuard}, ports: [{port: 5353, protocol: UDP}]}, ports: [5353]}",
      also: route("dns", "dns.gateway.cluster-a.dev-team.clusters.xcc.test")),
    passing: unchanged
  ).breaking(.gateway)

  static let gatewayPort = Rule(
    "LW4040", "gateway-port", .error, "the gateway has no such port",
    explanation: "Clients reach the gateway's ports, not the Service's.",
    failing: connection("gatewayDNS: {gatewayPort: 8000}"),
    passing: connection("gatewayDNS: {gatewayPort: 80}")
  ).breaking(.gateway)

  static let routesUnknown = Rule(
    "LW4041", "gateway-routes-unknown", .warning, "no route of the serving cluster is known",
    explanation: """
      The name resolves to the gateway; without a route with that host (HTTPProxy, Ingress, HTTPRoute, TLSRoute) it \
      answers 404, or closes a TLS connection. Routes that are known are followed when the connection is judged.
      """,
    failing: file(
      "workloads/cluster-a/kuard.yaml",
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: kuard, namespace: demo}
      spec:
        selector: {matchLabels: {app: kuard}}
        template:
          metadata: {labels: {app: kuard}}
          spec: {containers: [{name: kuard, image: kuard, ports: [{containerPort: 8080}]}]}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: kuard, namespace: demo}
      spec: {selector: {app: kuard}, ports: [{port: 80, targetPort: 8080}]}
      """), passing: unchanged)

  static let routeElsewhere = Rule(
    "LW4042", "gateway-route-elsewhere", .error, "a route has a host whose name leads to another cluster",
    explanation: """
      Names have the form <host>.gateway.<cluster>.<namespace>.clusters.<zone>; a route on another cluster, or in \
      another zone, is never asked for.
      """,
    failing: file(
      "workloads/cluster-a/other.yaml",
      """
      apiVersion: projectcontour.io/v1
      kind: HTTPProxy
      metadata: {name: other, namespace: demo}
      spec: {virtualhost: {fqdn: other.gateway.cluster-b.dev-team.clusters.xcc.test}}
      """),
    passing: unchanged)

  static let routeUnused = Rule(
    "LW4043", "gateway-route-unused", .warning, "no connection uses the host of a route",
    explanation:
      "The host is a name of this link, so that it is meant for other clusters; nobody there is declared.",
    failing: file(
      "workloads/cluster-a/other.yaml",
      """
      apiVersion: projectcontour.io/v1
      kind: HTTPProxy
      metadata: {name: other, namespace: demo}
      spec: {virtualhost: {fqdn: other.gateway.cluster-a.dev-team.clusters.xcc.test}}
      """),
    passing: unchanged)

  static let nestedHosts = Rule(
    "LW4044", "gateway-nested-hosts", .warning, "a host lies below another host of the same gateway",
    explanation: """
      The DNS server answers for any number of labels below the wildcard: both names go to the same address, and only \
      the gateway's routes tell them apart.
      """,
    failing: connection(
      also: """
        -- connections/v2.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Connection
        metadata: {name: v2, namespace: demo}
        spec:
          from: [{clusters: [cluster-b]}]
          to: {clusters: [cluster-a], service: kuard, ports: [80]}
          gatewayDNS: {host: v2.kuard}

        """ + route("v2", "v2.kuard.gateway.cluster-a.dev-team.clusters.xcc.test")),
    passing: unchanged)

  static let externalNameHost = Rule(
    "LW4045", "gateway-external-name-host", .note, "an ExternalName Service is an alias in DNS only",
    explanation: """
      A client that uses the Service's name sends that name as Host header, or as TLS server name; the gateway has a \
      route for the long name.
      """,
    failing: connection("gatewayDNS: {externalName: true}"), passing: unchanged)

  static let externalNameTwice = Rule(
    "LW4046", "gateway-external-name-twice", .error, "one ExternalName Service is asked for several targets",
    explanation: "A Service of type ExternalName stands for one name.",
    failing: connection(
      to: "{clusters: [cluster-a], services: [kuard, kuard-blue], ports: [80]}",
      "gatewayDNS: {externalName: kuard-remote}",
      also: """
        -- workloads/cluster-a/blue-service.yaml --
        apiVersion: v1
        kind: Service
        metadata: {name: kuard-blue, namespace: demo}
        spec: {selector: {app: kuard}, ports: [{port: 80, targetPort: 8080}]}

        """ + route("blue", "kuard-blue.gateway.cluster-a.dev-team.clusters.xcc.test")),
    passing: unchanged
  ).breaking(.name)

  static let gatewayListener = Rule(
    "LW4050", "gateway-listener", .error, "the gateway does not serve a connection's host at its port",
    explanation: """
      A gateway takes HTTP at one port (80, or the one named http) and TLS at another (443, https). Contour and Ingress \
      controllers serve a host without 'tls' at the first alone, and a host whose TLS is passed through at the second \
      alone.
      """,
    failing: connection("gatewayDNS: {gatewayPort: 443}"),
    passing: connection(
      "gatewayDNS: {host: secure, gatewayPort: 443}",
      also: """
        -- workloads/cluster-a/secure.yaml --
        apiVersion: projectcontour.io/v1
        kind: HTTPProxy
        metadata: {name: secure, namespace: demo}
        spec:
          virtualhost: {fqdn: secure.gateway.cluster-a.dev-team.clusters.xcc.test, tls: {secretName: secure}}
          routes: [{services: [{name: kuard, port: 80}]}]
        """)
  ).breaking(.gateway)

  static let hostTwice = Rule(
    "LW4051", "gateway-host-twice", .error, "two HTTPProxies have one host",
    explanation: "Contour marks both as invalid and serves neither, whatever their namespaces.",
    failing: connection(also: route("again", "kuard.gateway.cluster-a.dev-team.clusters.xcc.test")),
    passing: unchanged
  ).breaking(.gateway)
}
