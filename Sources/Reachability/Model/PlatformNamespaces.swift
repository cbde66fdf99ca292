import Kubernetes

/// Namespaces of a platform that are in no application repository, and what runs there that policies name.
///
/// Facts of the project on reachability 1.12, and the labels that the distributions' documentation tells
/// users to select.
package struct PlatformNamespaces: Sendable {
  package let name: String
  let entries: [Entry]

  struct Entry: Sendable {
    let namespace: String
    let labels: KeyValuePairs<String, String>
    let podName: String
    let podLabels: KeyValuePairs<String, String>
  }

  package static let all: [PlatformNamespaces] = [
    PlatformNamespaces(
      name: "openshift",
      entries: [
        Entry(
          namespace: "openshift-ingress",
          labels: [
            "policy-group.network.openshift.io/ingress": "", "network.openshift.io/policy-group": "ingress",
          ], podName: "router-default",
          podLabels: ["ingresscontroller.operator.openshift.io/deployment-ingresscontroller": "default"]),
        // Not pods: the synthetic namespace that host-network traffic is taken for.
        Entry(
          namespace: "openshift-host-network",
          labels: ["policy-group.network.openshift.io/host-network": ""], podName: "host-network",
          podLabels: [:]),
        Entry(
          namespace: "openshift-dns", labels: [:], podName: "dns-default",
          podLabels: ["dns.operator.openshift.io/daemonset-dns": "default"]),
        Entry(
          namespace: "openshift-monitoring", labels: ["network.openshift.io/policy-group": "monitoring"],
          podName: "prometheus-k8s", podLabels: ["app.kubernetes.io/name": "prometheus"]),
        Entry(
          namespace: "openshift-user-workload-monitoring",
          labels: ["network.openshift.io/policy-group": "monitoring"],
          podName: "prometheus-user-workload", podLabels: ["app.kubernetes.io/name": "prometheus"]),
      ]),
    PlatformNamespaces(
      name: "kubernetes",
      entries: [
        Entry(namespace: "kube-system", labels: [:], podName: "coredns", podLabels: ["k8s-app": "kube-dns"])
      ]),
  ]

  /// The facts of a distribution.
  package static func named(_ name: String) -> PlatformNamespaces? { all.first { $0.name == name } }
}

extension ClusterNetwork {
  /// Adds what the platform runs, where the manifests do not describe it themselves.
  package mutating func add(_ platform: PlatformNamespaces) {
    for entry in platform.entries {
      let index: Int
      if let known = namespaces.firstIndex(where: { $0.name == entry.namespace && !$0.isRemote }) {
        if namespaces[known].knowsLabels { continue }
        namespaces[known] = NamespaceFacts(
          name: entry.namespace, labels: Labels(entry.labels), knowsLabels: false)
        index = known
      } else {
        index = namespaces.count
        namespaces.append(
          NamespaceFacts(name: entry.namespace, labels: Labels(entry.labels), knowsLabels: false))
      }
      pods.append(
        PodFacts(
          namespace: index, name: entry.podName, kind: "Platform", labels: Labels(entry.podLabels),
          isPlatform: true))
    }
  }
}
