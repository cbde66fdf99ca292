import Diagnostics

/// Rules about east-west gateways.
extension TetrateRules {
  static let gatewayRules = [
    noGateway, selectorIncomplete, selectorTwice, sharedGateway, gatewayCannotServe, notEastWestOnly,
    gatewayFields,
    legacyGateway, withoutService, gatewayPorts, nodePort, externalAddresses, nameWithoutResolution,
    addressDiffers, layerSeven, gatewayPlace, nameTwice, gatewayInside,
  ]

  static let noGateway = Rule(
    "LW5030", "no-east-west-gateway", .error, "a selector chooses no gateway of an exposing cluster",
    explanation: """
      A workloadSelector names the gateway's pods, by default labelled app: <name of the gateway>. When nothing \
      matches, TSB accepts it and exposes nothing.
      """,
    failing: tetrate(
      link(gateway: "{workloadSelector: {namespace: bookinfo, labels: {app: eastwest-gatewya}}}")
        + installed()),
    passing: tetrate(
      link(
        gateway:
          "{workloadSelector: {namespace: bookinfo, labels: {app: eastwest-gateway}}, addresses: {cluster-1: 172.18.255.175}}"
      ) + installed())
  ).breaking(.gateway)

  static let selectorIncomplete = Rule(
    "LW5031", "workload-selector-incomplete", .error, "a workloadSelector lacks its namespace or its labels",
    explanation: "Both are required, and at least one label.",
    failing: tetrate(setting("[{\(selector)}, {workloadSelector: {labels: {app: x}}}]")),
    passing: tetrate(setting("[{\(selector)}]"))
  ).breaking(.gateway)

  static let selectorTwice = Rule(
    "LW5032", "workload-selector-twice", .error, "two entries of a WorkspaceSetting select one gateway",
    explanation: "TSB takes one entry for a workload selector in a namespace.",
    failing: tetrate(
      setting("[{\(selector)}, {\(selector), exposedServices: [{serviceLabels: {app: details}}]}]")),
    passing: tetrate(setting("[{\(selector)}]"))
  ).breaking(.gateway)

  static let sharedGateway = Rule(
    "LW5033", "gateway-shared", .warning, "two workspaces expose Services at one gateway",
    explanation: "It works; load and faults of one workspace then reach the other.",
    failing: tetrate(
      link(name: "second", workspace: "{name: second-ws, namespaces: [\"*/second\"]}")),
    passing: tetrate(
      link(
        name: "second", workspace: "{name: second-ws, namespaces: [\"*/second\"]}",
        gateway: "{name: second-gateway, namespace: second}")))

  static let gatewayCannotServe = Rule(
    "LW5034", "gateway-without-port", .error, "the selected gateway does not take traffic of other clusters",
    explanation: """
      Traffic between clusters arrives on port 15443. An EgressGateway, a Gateway of type EGRESS, and a gateway \
      whose Service lists other ports only do not have it; XCP's edge then logs "no required Gateway port".
      """,
    failing: tetrate(installed(spec: "{type: EGRESS}")), passing: tetrate(installed())
  ).breaking(.gateway)

  static let notEastWestOnly = Rule(
    "LW5035", "gateway-not-east-west-only", .warning,
    "the selected gateway serves clients outside the mesh too",
    explanation: """
      Every ingress gateway opens 15443 beside its other ports. As an east-west gateway it works, but a change \
      for the one use reaches the other.
      """,
    failing: tetrate(installed(kind: "IngressGateway", spec: "{eastWestOnly: false}")),
    passing: tetrate(installed(kind: "IngressGateway", spec: "{eastWestOnly: true}")))

  static let gatewayFields = Rule(
    "LW5036", "gateway-fields", .error, "a gateway has the field of the other kind",
    explanation: """
      IngressGateway has eastWestOnly, Gateway has type. The other's field is dropped, and the gateway opens 80 \
      and 443.
      """,
    failing: tetrate(installed(kind: "IngressGateway", spec: "{eastWestOnly: true, type: EASTWEST}")),
    passing: tetrate(installed())
  ).breaking(.gateway)

  static let legacyGateway = Rule(
    "LW5037", "legacy-gateway", .note, "a gateway has a kind that is to be deprecated",
    explanation: """
      Tetrate's documentation announces the end of IngressGateway, Tier1Gateway and EgressGateway in favour of \
      kind Gateway. They work.
      """,
    failing: tetrate(
      link(
        gateway:
          "{name: eastwest-gateway, namespace: bookinfo, kind: IngressGateway, addresses: {cluster-1: 172.18.255.175}}"
      )), passing: tetrate(link()))

  static let withoutService = Rule(
    "LW5038", "gateway-without-service", .warning, "a Gateway of type EASTWEST has no kubeSpec.service",
    explanation: """
      Builds of XCP were seen to give such a gateway the ports 80 and 443 instead of 15443. With the stanza it \
      gets 15443.
      """,
    failing: tetrate(installed(spec: "{type: EASTWEST}")), passing: tetrate(installed()))

  static let gatewayPorts = Rule(
    "LW5039", "gateway-ports", .error, "an east-west gateway's Service has other ports than 15443",
    explanation: "Ports in kubeSpec.service replace the installer's. Without 15443 nobody gets in.",
    failing: tetrate(
      installed(spec: "{type: EASTWEST, kubeSpec: {service: {ports: [{name: https, port: 443}]}}}")),
    passing: tetrate(
      installed(spec: "{type: EASTWEST, kubeSpec: {service: {ports: [{name: mtls, port: 15443}]}}}"))
  ).breaking(.gateway)

  static let nodePort = Rule(
    "LW5040", "gateway-node-port", .error, "a gateway with a NodePort Service does not say on which nodes",
    explanation: """
      Without the annotation traffic.istio.io/nodeSelector no node's address is taken for the gateway's, and \
      consumers get no endpoint.
      """,
    failing: tetrate(installed(spec: "{type: EASTWEST, kubeSpec: {service: {type: NodePort}}}")),
    passing: tetrate(
      installed(
        spec:
          "{type: EASTWEST, kubeSpec: {service: {type: NodePort, annotations: {traffic.istio.io/nodeSelector: '{\"role\":\"edge\"}'}}}}"
      ))
  ).breaking(.gateway)

  static let externalAddresses = Rule(
    "LW5041", "gateway-addresses", .error, "the addresses of a gateway are not what XCP takes",
    explanation: """
      xcp.tetrate.io/cluster-external-addresses holds one IP address, one DNS name, or several IP addresses \
      with commas; several names, and names mixed with addresses, are not taken.
      """,
    failing: tetrate(
      link(
        gateway:
          "{name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: [172.18.255.175, gw.example.com]}}"
      )),
    passing: tetrate(
      link(
        gateway:
          "{name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: [172.18.255.175, 172.18.255.176]}}"
      ))
  ).breaking(.gateway)

  static let nameWithoutResolution = Rule(
    "LW5042", "gateway-name-unresolved", .warning,
    "a gateway has a DNS name, and the edge is not said to resolve it",
    explanation: """
      Load balancers of some clouds answer with a name. XCP's edge puts it into endpoints as it is unless \
      ENABLE_DNS_RESOLUTION_AT_EDGE is set.
      """,
    failing: tetrate(
      link(gateway: "{name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: gw.example.com}}")),
    passing: tetrate(
      link(gateway: "{name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: gw.example.com}}")
        + cluster(1, "{network: net-1, dnsResolutionAtEdge: true}")))

  static let addressDiffers = Rule(
    "LW5043", "gateway-address-differs", .error, "a gateway's declared address is not the observed one",
    explanation: "One of the two is stale; which, only the cluster knows.",
    failing: tetrate(
      """
      -- observed/cluster-1/bookinfo.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: eastwest-gateway, namespace: bookinfo}
      status: {loadBalancer: {ingress: [{ip: 172.18.255.200}]}}

      """),
    passing: tetrate(
      """
      -- observed/cluster-1/bookinfo.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: eastwest-gateway, namespace: bookinfo}
      status: {loadBalancer: {ingress: [{ip: 172.18.255.175}]}}

      """)
  ).breaking(.gateway)

  static let layerSeven = Rule(
    "LW5044", "gateway-load-balancer", .warning,
    "a load balancer in front of a gateway ends its TLS connections",
    explanation: """
      Mutual TLS runs from sidecar to sidecar; a load balancer that ends TLS or speaks HTTP breaks it \
      (istio.io#16648).
      """,
    failing: tetrate(
      link(
        gateway:
          "{name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: 172.18.255.175}, service: {annotations: {service.beta.kubernetes.io/aws-load-balancer-backend-protocol: http}}}"
      )),
    passing: tetrate(
      link(
        gateway:
          "{name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: 172.18.255.175}, service: {annotations: {service.beta.kubernetes.io/aws-load-balancer-backend-protocol: tcp}}}"
      )))

  static let gatewayPlace = Rule(
    "LW5123", "gateway-place", .error, "an address cannot be that of a cluster's gateway",
    explanation: """
      Other clusters call the gateway from outside: an unspecified or loopback address, one of pods or of cluster IPs, \
      leads nowhere from there. Two gateways behind one address cannot be told apart.
      """,
    failing: tetrate(
      link(gateway: "{name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: 127.0.0.1}}")),
    passing: tetrate()
  ).breaking(.gateway)

  static let nameTwice = Rule(
    "LW5127", "tetrate-name-twice", .error, "two clusters have one name in TSB",
    explanation: """
      TSB knows a cluster of an organization by its name: with one for two, objects, selectors and remote endpoints mean \
      whichever was onboarded last.
      """,
    failing: tetrate(
      """
      -- clusters/cluster-3.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster-3}
      spec: {tetrate: {name: cluster-1}}
      """),
    passing: tetrate(
      """
      -- clusters/cluster-3.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster-3}
      spec: {tetrate: {name: third}}
      """)
  ).breaking(.address)

  static let gatewayInside = Rule(
    "LW5124", "gateway-cluster-ip", .warning, "a gateway's Service has no address outside its cluster",
    explanation: """
      A Service of type ClusterIP is reached inside its cluster only, unless somebody routes cluster IPs to the others.
      """,
    failing: tetrate(installed(spec: "{type: EASTWEST, kubeSpec: {service: {type: ClusterIP}}}")),
    passing: tetrate(installed(spec: "{type: EASTWEST, kubeSpec: {service: {type: LoadBalancer}}}")))
}
