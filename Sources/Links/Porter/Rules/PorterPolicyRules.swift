import Diagnostics

/// Rules about the policies that let the load balancer in.
extension PorterRules {
  static let policyRules = [
    notAdmitted, policyMissesPods, policyMissesPort, policyGroupLabel, oneLabel, isolationAssumed,
  ]

  static let notAdmitted = Rule(
    "LW2106", "load-balancer-not-admitted", .error,
    "no policy admits the load balancer to the Service's pods",
    explanation: """
      Every namespace of the platform starts with a policy that denies what is not admitted. Without a policy for \
      the ingress namespaces the virtual server is up and every connection times out (the platform's documentation of TCP services).
      """,
    failing: pair(connection(porter: "{overrideServicePort: true, networkPolicy: {emit: false}}")),
    passing: pair(connection(porter: "{overrideServicePort: true, networkPolicy: {emit: false}}") + policy())
  )

  static let policyMissesPods = Rule(
    "LW2107", "policy-misses-pods", .warning,
    "a policy for the load balancer selects other pods than the Service",
    explanation: """
      The policy names the ingress namespaces, so it is meant for the load balancer, but its podSelector does not \
      select all pods behind the Service. Linkwright emits a policy of its own; the old one misleads readers.
      """,
    failing: pair(policy("{name: yourappslabel}")),
    passing: pair(policy()))

  static let policyMissesPort = Rule(
    "LW2119", "policy-misses-port", .warning, "a policy for the load balancer leaves out the pods' port",
    explanation: """
      Policies are judged on the pod's port, after the Service has chosen it. A policy that lists the Service \
      port where targetPort differs admits nothing.
      """,
    failing: pair(policy(rule: "ports: [{port: 80}]")),
    passing: pair(policy(rule: "ports: [{port: 8000}]")))

  static let policyGroupLabel = Rule(
    "LW2131", "policy-group-label", .warning,
    "a namespace carries a label of the platform's ingress namespaces",
    explanation: """
      The labels network.openshift.io/policy-group and policy-group.network.openshift.io/ingress belong to the \
      platform (Red Hat's documentation). On a tenant's namespace they open every policy that admits the \
      load balancer to all pods of that namespace.
      """,
    failing: pair(
      """
      -- workloads/gold/namespace.yaml --
      apiVersion: v1
      kind: Namespace
      metadata: {name: a1b2c3-dev, labels: {network.openshift.io/policy-group: ingress}}
      """),
    passing: pair())

  static let oneLabel = Rule(
    "LW2132", "one-ingress-label", .note, "a policy knows only one label of the ingress namespaces",
    explanation: """
      OpenShift marks the router's namespace with network.openshift.io/policy-group: ingress and, newer, with \
      policy-group.network.openshift.io/ingress: "". The old one is deprecated since OpenShift 4.6 and may be \
      removed; selecting both works before and after.
      """,
    failing: pair(policy()),
    passing: pair())

  static let isolationAssumed = Rule(
    "LW2145", "isolation-assumed", .note,
    "a policy is emitted because nobody says what the platform isolates",
    explanation: """
      A policy is emitted only where pods are isolated. Without spec.network.baseline of the Cluster that is \
      unknown, and Linkwright assumes the platform's documented default, which denies.
      """,
    failing: pair(
      """
      -- clusters/gold.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: gold}
      """),
    passing: pair())
}
