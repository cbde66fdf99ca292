import Diagnostics

/// The clusters: their names, versions, and gateways.
extension GatewayDNSRules {
  static let memberRules = [
    notRegistered, nameInDNS, nameTooLong, sliceTwice, registeredTwice, addressTwice, routeRefused,
    removedAPI,
    mixedProfiles, gatewayService,
    gatewayAddress,
    contradiction, addressUnused, oldEndpointSlices,
  ]

  static let notRegistered = Rule(
    "LW4014", "gateway-not-registered", .error,
    "a link declares an address of a cluster that it does not reach",
    explanation: "The clusters of a link are those that spec.clusterAPI puts into its management namespace.",
    failing: link("", upstream: "{cluster-c: 10.96.0.50}"), passing: unchanged)

  static let nameInDNS = Rule(
    "LW4015", "gateway-name-in-dns", .error, "a name cannot be a part of a DNS name",
    explanation: "Cluster, namespace and host become labels of the name that clients ask for.",
    failing: clusterB(registration: "{managementCluster: mgmt, namespace: dev-team, name: cluster_b}"),
    passing: unchanged
  ).breaking(.name)

  static let nameTooLong = Rule(
    "LW4016", "gateway-name-too-long", .error, "a composed name is too long",
    explanation: """
      The slice's name <namespace>-<cluster>-gateway is also the value of a label, which has at most 63 characters \
      (253 in the older generation, which sets no label). A DNS name has at most 253.
      """,
    failing: clusterB(
      registration:
        "{managementCluster: mgmt, namespace: dev-team, name: a-cluster-with-a-very-long-name-of-its-own-in-the-north, labels: {hasContour: \"true\"}}",
      also: """
        -- links/dev-team.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Link
        metadata: {name: dev-team}
        spec:
          gatewayDNS:
            managementCluster: mgmt
            namespace: dev-team
            clusterSelector: {matchLabels: {hasContour: "true"}}
            service: projectcontour/envoy
            zone: xcc.test
        """),
    passing: unchanged
  ).breaking(.name)

  static let sliceTwice = Rule(
    "LW4017", "gateway-slice-twice", .error, "two clusters give one EndpointSlice",
    explanation: """
      The slice's name joins namespace and cluster with '-': a-b/c and a/b-c are the same. Where one cluster is \
      registered in both namespaces (two Cluster documents with one API server), the slices overwrite each other.
      """,
    failing: RuleExample(
      over: "gateway-dns",
      """
      -- clusters/cluster-a.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster-a}
      spec:
        apiServer: {server: "https://api.a.example.com:6443"}
        clusterAPI: {managementCluster: mgmt, namespace: dev-team, labels: {hasContour: "true"}}
        dns: {corefile: dns/cluster-a/Corefile}
      -- clusters/team.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: team-cluster-a}
      spec:
        apiServer: {server: "https://api.a.example.com:6443"}
        clusterAPI: {managementCluster: mgmt, namespace: dev}
      """), passing: unchanged
  ).breaking(.name)

  static let registeredTwice = Rule(
    "LW4054", "gateway-registered-twice", .error, "two clusters are one Cluster API object",
    explanation: """
      A workload cluster is one object of Cluster API: two Cluster documents with one name in one namespace of a management \
      cluster give their gateways one name and one EndpointSlice.
      """,
    failing: clusterB(
      registration:
        "{managementCluster: mgmt, namespace: dev-team, name: cluster-a, labels: {hasContour: \"true\"}}"),
    passing: unchanged
  ).breaking(.name)

  static let addressTwice = Rule(
    "LW4055", "gateway-address-twice", .error, "the gateways of two clusters have one address",
    explanation: """
      Each cluster's gateway has a load balancer of its own. With one address for two, the hosts of both clusters lead to \
      one of them, and the other's clients find another cluster's Services, or none.
      """,
    failing: bothGateways("203.0.113.10"), passing: bothGateways("203.0.113.20")
  ).breaking(.address)

  static let routeRefused = Rule(
    "LW4056", "gateway-route-refused", .error,
    "the route of a connection's host would be refused by the API server",
    explanation: """
      The gateway answers for a host by a route. An Ingress needs a pathType and a backend's port, an HTTPProxy a port for \
      each service: without them the object does not come to be, and nobody answers.
      """,
    failing: ingress("backend: {service: {name: kuard, port: {number: 80}}}"),
    passing: ingress("pathType: Prefix, backend: {service: {name: kuard, port: {number: 80}}}")
  ).breaking(.gateway)

  private static func ingress(_ path: String) -> RuleExample {
    file(
      "workloads/cluster-a/kuard-ingress.yaml",
      """
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata: {name: kuard, namespace: demo}
      spec:
        rules:
        - host: kuard.gateway.cluster-a.dev-team.clusters.xcc.test
          http: {paths: [{path: /, \(path)}]}
      """)
  }

  private static func bothGateways(_ address: String) -> RuleExample {
    let cluster = clusterB(
      registration: "{managementCluster: mgmt, namespace: dev-team, labels: {hasContour: \"true\"}}")
    let link = link("", addresses: "{cluster-a: [203.0.113.10], cluster-b: [\(address)]}")
    return RuleExample(over: "gateway-dns", cluster.files + "\n" + link.files)
  }

  static let removedAPI = Rule(
    "LW4018", "gateway-removed-api", .warning, "a cluster does not serve what a profile needs",
    explanation: """
      The generation of February 2021 uses CustomResourceDefinitions of v1beta1 on the management cluster (gone in \
      Kubernetes 1.22) and EndpointSlices of v1beta1 elsewhere (gone in 1.25).
      """,
    failing: link("profile: capi"), passing: unchanged)

  static let mixedProfiles = Rule(
    "LW4019", "gateway-mixed-profiles", .error, "a cluster runs the DNS server of another generation",
    explanation: """
      The controller writes into the namespace of its own generation (capi-dns or xcc-dns) and passes over clusters \
      without it; a DNS server reads its own namespace only. Mixed, nothing ever resolves.
      """,
    failing: file(
      "workloads/cluster-b/dns-server.yaml",
      """
      apiVersion: v1
      kind: Service
      metadata: {name: dns-server, namespace: capi-dns}
      spec: {selector: {app: dns-server}, ports: [{name: dns, port: 53, protocol: UDP}]}
      """),
    passing: file(
      "workloads/cluster-b/dns-server.yaml",
      """
      apiVersion: v1
      kind: Service
      metadata: {name: dns-server, namespace: xcc-dns}
      spec: {selector: {app: dns-server}, ports: [{name: dns, port: 53, protocol: UDP}]}
      """)
  ).breaking(.name)

  static let gatewayService = Rule(
    "LW4020", "gateway-service", .error, "a selected cluster has no gateway of type LoadBalancer",
    explanation: """
      A cluster whose Service is missing or of another type drops out: the controller deletes its name in every \
      cluster and says nothing.
      """,
    failing: file(
      "workloads/cluster-a/contour.yaml",
      """
      apiVersion: v1
      kind: Service
      metadata: {name: envoy, namespace: projectcontour}
      spec: {type: NodePort, selector: {app: envoy}, ports: [{port: 80}]}
      """),
    passing: unchanged
  )

  static let gatewayAddress = Rule(
    "LW4021", "gateway-address", .error, "a gateway's address cannot stand in the slice",
    explanation: """
      The controller copies what the load balancer reports into an EndpointSlice of type IPv4: a host name becomes an \
      empty address, IPv6 and special addresses are refused by the API server, and an endpoint takes at most 100. The \
      controller stops at the first refusal, so that slices of other clusters are left out as well.
      """,
    failing: RuleExample(
      over: "gateway-dns",
      """
      -- observed/cluster-a/projectcontour.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: envoy, namespace: projectcontour}
      spec: {type: LoadBalancer, ports: [{port: 80}]}
      status: {loadBalancer: {ingress: [{hostname: a1b2.elb.amazonaws.com}]}}
      """),
    passing: RuleExample(
      over: "gateway-dns",
      """
      -- observed/cluster-a/projectcontour.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: envoy, namespace: projectcontour}
      spec: {type: LoadBalancer, ports: [{port: 80}]}
      status: {loadBalancer: {ingress: [{ip: 203.0.113.10}]}}
      """)
  )

  static let contradiction = Rule(
    "LW4022", "gateway-declared-differs", .error, "an address is declared and observed differently",
    explanation:
      "A value comes from the specification or from an observation; where both have it, they must agree.",
    failing: RuleExample(
      over: "gateway-dns",
      """
      -- observed/cluster-a/projectcontour.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: envoy, namespace: projectcontour}
      spec: {type: LoadBalancer, ports: [{port: 80}]}
      status: {loadBalancer: {ingress: [{ip: 203.0.113.99}]}}
      """),
    passing: unchanged
  ).breaking(.gateway)

  static let addressUnused = Rule(
    "LW4052", "gateway-address-unused", .warning,
    "addresses are given for a cluster that the selector leaves out",
    explanation:
      "The controller publishes the gateways of selected clusters only: the addresses lead nowhere.",
    failing: link("", addresses: "{cluster-a: [203.0.113.10], cluster-b: [203.0.113.20]}"), passing: unchanged
  )

  static let oldEndpointSlices = Rule(
    "LW4053", "gateway-old-kubernetes", .error, "a cluster does not serve the API that the controller writes",
    explanation:
      "Profile xcc writes EndpointSlices of discovery.k8s.io/v1, which Kubernetes serves from 1.21 on.",
    failing: clusterB("kubernetesVersion: \"1.20\"\n  dns: {corefile: dns/cluster-b/Corefile}"),
    passing: clusterB("kubernetesVersion: \"1.21\"\n  dns: {corefile: dns/cluster-b/Corefile}")
  ).breaking(.name)
}
