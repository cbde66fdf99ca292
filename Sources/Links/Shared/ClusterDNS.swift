import FleetSpec
import Kubernetes
import Linker
import Templates

/// Who answers the DNS questions of a cluster's pods, as policies name them: pods that may not go out cannot ask for
/// names either. OpenShift's resolvers listen on another port (cluster-dns-operator); else CoreDNS in kube-system.
struct ClusterDNS {
  let namespace: String
  let labels: Labels
  let port: Int

  init(_ cluster: ClusterModel) {
    let isOpenShift = cluster.cluster.distribution == .openshift
    namespace = isOpenShift ? "openshift-dns" : "kube-system"
    labels =
      isOpenShift
      ? Labels(["dns.operator.openshift.io/daemonset-dns": "default"]) : Labels(["k8s-app": "kube-dns"])
    port = isOpenShift ? 5353 : 53
  }

  /// The variable `dns` of egress policies.
  ///
  /// - Parameter added: labels that a network gives all pods.
  func value(adding added: [String: String] = [:]) -> TemplateValue {
    var all: TemplateFields = [:]
    for (key, value) in added { all[key] = .string(value) }
    for label in labels.items { all[label.key] = .string(label.value) }
    return .map([
      "namespace": .string(namespace), "podLabels": .map(all),
      "port": .integer(port),
    ])
  }

  /// Its declaration.
  static let variable = TemplateField.field(
    "dns",
    .object([.field("namespace", .string), .field("podLabels", .labels), .field("port", .integer)]),
    "who answers the clients' questions")
}
