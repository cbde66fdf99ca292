package import Diagnostics

/// Rules about Tetrate Service Bridge and its open-source equivalent. Sources: Tetrate's documentation and provider,
/// published manifests, objects that a running XCP made; istio/istio and istio.io, where numbers with '#' are issues.
package enum TetrateRules {
  package static let all =
    linkRules + hierarchyRules + gatewayRules + exposureRules + reachabilityRules + consumerRules + istioRules

  // MARK: Building blocks of the examples

  /// The example's link with some of its parts changed.
  static func link(
    name: String = "east-west", form: String = "gitops", organization: String = "tetrate",
    tenant: String = "dev", workspace: String = "{name: bookinfo-ws, namespaces: [\"*/bookinfo\"]}",
    config: String? = "cluster-1",
    gateway: String =
      "{name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: 172.18.255.175}}",
    also: String = ""
  ) -> String {
    """
    -- links/\(name).yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: \(name)}
    spec:
      tetrate:
        form: \(form)
        organization: \(organization)
        tenant: \(tenant)
        workspace: \(workspace)
        gateway: \(gateway)
    \(config.map { "    configCluster: \($0)\n" } ?? "")\(also.isEmpty ? "" : "    \(also)\n")
    """
  }

  /// The example's link without TSB, and the Service of its gateway.
  static func istio(
    also: String = "", gateway: String = "addresses: {cluster-1: 172.18.255.175}", service: String? = nil,
    proxies: Bool = true
  ) -> String {
    """
    -- links/east-west.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: east-west}
    spec:
      tetrate:
        form: istio
        gateway: {name: istio-eastwestgateway, \(gateway)}
    \(also.isEmpty ? "" : "    \(also)\n")
    -- workloads/cluster-1/gateway.yaml --
    \(service ?? gatewayService())
    \(proxies ? cluster(2, "{network: net-2, dnsProxy: true}") : "")
    """
  }

  static func gatewayService(
    ports: String = "[{name: tls, port: 15443}]", selector: String = "istio: eastwestgateway"
  )
    -> String
  {
    """
    apiVersion: v1
    kind: Service
    metadata: {name: istio-eastwestgateway, namespace: istio-system}
    spec: {type: LoadBalancer, selector: {\(selector)}, ports: \(ports)}
    """
  }

  /// A cluster of the example with another section.
  static func cluster(_ number: Int, _ tetrate: String, pods: String? = nil) -> String {
    """
    -- clusters/cluster-\(number).yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: cluster-\(number)}
    spec:
      network: {podCIDRs: [\(pods ?? "10.\(number).0.0/16")], baseline: []}
      tetrate: \(tetrate)

    """
  }

  /// The example's connection with some of its parts changed.
  static func connection(
    from: String = "[{clusters: [cluster-2], podSelector: {matchLabels: {app: sleep}}}]",
    to: String = "{clusters: [cluster-1], service: details, ports: [9080]}", name: String = "details"
  ) -> String {
    """
    -- connections/\(name).yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: \(name), namespace: bookinfo}
    spec:
      via: east-west
      from: \(from)
      to: \(to)

    """
  }

  /// A file among the workloads of a cluster.
  static func workload(_ cluster: Int, _ name: String, _ text: String) -> String {
    "-- workloads/cluster-\(cluster)/\(name).yaml --\n\(text)\n"
  }

  /// A Service of the workspace.
  static func service(
    _ name: String, labels: String, namespace: String = "bookinfo",
    ports: String = "[{name: http, port: 9080}]"
  ) -> String {
    """
    apiVersion: v1
    kind: Service
    metadata: {name: \(name), namespace: \(namespace), labels: \(labels)}
    spec: {selector: {app: \(name)}, ports: \(ports)}
    """
  }

  /// Pods of a Service.
  static func pods(_ name: String, labels: String? = nil) -> String {
    """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: \(name)-v1, namespace: bookinfo}
    spec:
      selector: {matchLabels: {app: \(name)}}
      template:
        metadata: {labels: \(labels ?? "{app: \(name)}")}
        spec: {containers: [{name: app, image: app, ports: [{containerPort: 9080}]}]}
    """
  }

  /// The Service of the example in the other cluster too, with its pods.
  static func twin(ports: String = "[{name: http, port: 9080}]") -> String {
    workload(
      2, "details", service("details", labels: "{app: details}", ports: ports) + "\n---\n" + pods("details"))
  }

  /// A gateway of install.tetrate.io.
  static func installed(
    _ cluster: Int = 1, kind: String = "Gateway",
    spec: String = "{type: EASTWEST, kubeSpec: {service: {type: LoadBalancer}}}",
    name: String = "eastwest-gateway", namespace: String = "bookinfo"
  ) -> String {
    workload(
      cluster, "gateway",
      """
      apiVersion: install.tetrate.io/v1alpha1
      kind: \(kind)
      metadata: {name: \(name), namespace: \(namespace)}
      spec: \(spec)
      """)
  }

  /// An object of TSB as a Kubernetes object.
  static func object(
    _ kind: String, name: String, spec: String, tenant: String? = nil, workspace: String? = nil,
    cluster: Int = 1, file: String? = nil
  ) -> String {
    var annotations = ["tsb.tetrate.io/organization: tetrate"]
    if let tenant { annotations.append("tsb.tetrate.io/tenant: \(tenant)") }
    if let workspace { annotations.append("tsb.tetrate.io/workspace: \(workspace)") }
    return workload(
      cluster, file ?? "\(kind.lowercased())-\(name)",
      """
      apiVersion: tsb.tetrate.io/v2
      kind: \(kind)
      metadata: {name: \(name), namespace: bookinfo, annotations: {\(annotations.joined(separator: ", "))}}
      spec: \(spec)
      """)
  }

  /// The WorkspaceSetting of the example's workspace, written by hand.
  static func setting(
    _ gateways: String, name: String = "bookinfo-ws-setting", workspace: String = "bookinfo-ws"
  )
    -> String
  {
    object(
      "WorkspaceSetting", name: name, spec: "{defaultEastWestGatewaySettings: \(gateways)}", tenant: "dev",
      workspace: workspace)
  }

  static let selector = "workloadSelector: {namespace: bookinfo, labels: {app: eastwest-gateway}}"

  static func tetrate(_ files: String = "") -> RuleExample { RuleExample(over: "tetrate", files) }
}
