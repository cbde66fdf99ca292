package import Diagnostics

/// Rules about Porter links. Sources: the operator's code (bcgov/platform-services-porter-operator) and the
/// platform's documentation (bcgov/platform-developer-docs).
package enum PorterRules {
  package static let all =
    linkRules + claimRules + serviceRules + policyRules + consumerRules

  // MARK: Building blocks of the examples

  /// The example's Service and Deployment with some lines of the Service's spec changed.
  static func workloads(
    _ cluster: String = "gold", type: String = "NodePort", selector: String = "{name: yourapp}",
    ports: String = "[{port: 8000, targetPort: 8000}]", service: String = "yourservice", also: String = ""
  ) -> String {
    """
    -- workloads/\(cluster)/yourservice.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: \(service), namespace: a1b2c3-dev}
    spec: {type: \(type), selector: \(selector), ports: \(ports)}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: yourapp, namespace: a1b2c3-dev}
    spec:
      selector: {matchLabels: {name: yourapp}}
      template:
        metadata: {labels: {name: yourapp}}
        spec: {containers: [{name: app, image: yourapp, ports: [{name: api, containerPort: 8000}]}]}
    \(also)

    """
  }

  /// The example's connection with a part changed.
  static func connection(
    name: String = "yourservice", namespace: String = "a1b2c3-dev", from: String = "[{clusters: [golddr]}]",
    to: String = "{clusters: [gold], service: yourservice, ports: [8000]}",
    porter: String = "{overrideServicePort: true}", exposure: String = "exposure: {acknowledged: span-bc}"
  ) -> String {
    """
    -- connections/\(name).yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: \(name), namespace: \(namespace)}
    spec:
      from: \(from)
      to: \(to)
      porter: \(porter)
      \(exposure)

    """
  }

  /// A claim written by hand.
  static func claim(
    _ spec: String =
      "{service: yourservice, servicePort: 8000, overrideServicePort: true, monitor: {type: tcp, interval: 10, timeout: 10}}",
    name: String = "yourservice-tsc", cluster: String = "gold", annotations: String = "{}"
  ) -> String {
    """
    -- workloads/\(cluster)/\(name).yaml --
    apiVersion: porter.devops.gov.bc.ca/v1alpha1
    kind: TransportServerClaim
    metadata: {name: \(name), namespace: a1b2c3-dev, annotations: \(annotations)}
    spec: \(spec)

    """
  }

  /// A policy written by hand.
  static func policy(_ selector: String = "{name: yourapp}", rule: String = "") -> String {
    """
    -- workloads/gold/policy.yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-from-f5-ingress, namespace: a1b2c3-dev}
    spec:
      podSelector: {matchLabels: \(selector)}
      ingress:
      - from: [{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}}]
        \(rule)
      policyTypes: [Ingress]

    """
  }

  static func pair(_ files: String = "") -> RuleExample { RuleExample(over: "porter-pair", files) }

  /// What a claim in the primary is observed as.
  static func observedServer(
    address: String = "142.34.229.70", port: Int = 37650, name: String = "yourservice-tsc"
  ) -> String {
    """
    -- observed/gold/a1b2c3-dev.yaml --
    apiVersion: cis.f5.com/v1
    kind: TransportServer
    metadata: {name: \(name), namespace: a1b2c3-dev}
    spec: {virtualServerAddress: \(address), virtualServerPort: \(port)}

    """
  }
}
