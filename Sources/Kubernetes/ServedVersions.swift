import Diagnostics
package import YAMLTree

/// The versions under which API servers serve the kinds that Linkwright reads.
///
/// From the Kubernetes API's deprecation guide (removals up to 1.32), OpenShift's API reference, and the operators' own
/// CustomResourceDefinitions.
package enum ServedVersions {
  private struct Kind {
    let group: String
    let versions: [String]
  }

  private static let kinds: [String: Kind] = [
    "ConfigMap": Kind(group: "", versions: ["v1"]),
    "Endpoints": Kind(group: "", versions: ["v1"]),
    "Namespace": Kind(group: "", versions: ["v1"]),
    "Pod": Kind(group: "", versions: ["v1"]),
    "ReplicationController": Kind(group: "", versions: ["v1"]),
    "Service": Kind(group: "", versions: ["v1"]),
    "DaemonSet": Kind(group: "apps", versions: ["v1"]),
    "Deployment": Kind(group: "apps", versions: ["v1"]),
    "ReplicaSet": Kind(group: "apps", versions: ["v1"]),
    "StatefulSet": Kind(group: "apps", versions: ["v1"]),
    "CronJob": Kind(group: "batch", versions: ["v1"]),
    "Job": Kind(group: "batch", versions: ["v1"]),
    // Served until 1.24.
    "EndpointSlice": Kind(group: "discovery.k8s.io", versions: ["v1", "v1beta1"]),
    "NetworkPolicy": Kind(group: "networking.k8s.io", versions: ["v1"]),
    "CiliumNetworkPolicy": Kind(group: "cilium.io", versions: ["v2"]),
    "CiliumClusterwideNetworkPolicy": Kind(group: "cilium.io", versions: ["v2"]),
    "AdminNetworkPolicy": Kind(group: "policy.networking.k8s.io", versions: ["v1alpha1"]),
    "BaselineAdminNetworkPolicy": Kind(group: "policy.networking.k8s.io", versions: ["v1alpha1"]),
    "ClusterNetworkPolicy": Kind(group: "policy.networking.k8s.io", versions: ["v1alpha2", "v1beta1"]),
    // Served until 1.21.
    "Ingress": Kind(group: "networking.k8s.io", versions: ["v1", "v1beta1"]),
    "HTTPProxy": Kind(group: "projectcontour.io", versions: ["v1"]),
    "HTTPRoute": Kind(group: "gateway.networking.k8s.io", versions: ["v1", "v1beta1"]),
    "GRPCRoute": Kind(group: "gateway.networking.k8s.io", versions: ["v1"]),
    "AuthorizationPolicy": Kind(group: "security.istio.io", versions: ["v1", "v1beta1"]),
    "PeerAuthentication": Kind(group: "security.istio.io", versions: ["v1", "v1beta1"]),
    "DeploymentConfig": Kind(group: "apps.openshift.io", versions: ["v1"]),
    "TransportServer": Kind(group: "cis.f5.com", versions: ["v1"]),
    "TransportServerClaim": Kind(group: "porter.devops.gov.bc.ca", versions: ["v1alpha1"]),
  ]

  /// Groups of the Kubernetes project that have no domain.
  private static let plainGroups: Set<String> = ["", "apps", "app", "batch", "core", "extensions", "policy"]

  /// The apiVersion that a kind should have; nil where it has it, where the kind is none of these, and where another
  /// project has a kind of that name (Knative's Service, Calico's NetworkPolicy).
  package static func wanted(apiVersion: String, kind: String) -> String? {
    guard let known = kinds[kind] else { return nil }
    let wanted = known.group.isEmpty ? known.versions[0] : "\(known.group)/\(known.versions[0])"
    guard apiVersion != wanted else { return nil }
    let parts = apiVersion.split(separator: "/", maxSplits: 1)
    let group = parts.count == 2 ? String(parts[0]) : ""
    let isItsOwn = group.lowercased() == known.group
    guard isItsOwn || plainGroups.contains(group.lowercased()) || group.hasSuffix(".k8s.io") else {
      return nil
    }
    if isItsOwn, group == known.group, let version = parts.last, known.versions.contains(String(version)) {
      return nil
    }
    return wanted
  }

  /// Kinds of cluster scope that are widely known, with their groups: their objects belong to no namespace.
  private static let clusterScoped: [String: String] = [
    "Namespace": "", "Node": "", "PersistentVolume": "", "ClusterRole": "rbac.authorization.k8s.io",
    "ClusterRoleBinding": "rbac.authorization.k8s.io", "StorageClass": "storage.k8s.io",
    "IngressClass": "networking.k8s.io", "GatewayClass": "gateway.networking.k8s.io",
    "PriorityClass": "scheduling.k8s.io", "CustomResourceDefinition": "apiextensions.k8s.io",
    "APIService": "apiregistration.k8s.io", "AdminNetworkPolicy": "policy.networking.k8s.io",
    "BaselineAdminNetworkPolicy": "policy.networking.k8s.io",
    "ClusterNetworkPolicy": "policy.networking.k8s.io",
    "CiliumClusterwideNetworkPolicy": "cilium.io", "GlobalNetworkPolicy": "crd.projectcalico.org",
    "ValidatingAdmissionPolicy": "admissionregistration.k8s.io",
    "ValidatingAdmissionPolicyBinding": "admissionregistration.k8s.io",
    "ValidatingWebhookConfiguration": "admissionregistration.k8s.io",
    "MutatingWebhookConfiguration": "admissionregistration.k8s.io", "Project": "project.openshift.io",
  ]

  /// True for kinds whose objects are known to belong to no namespace.
  package static func isClusterScoped(group: String, kind: String) -> Bool {
    clusterScoped[kind] == group
  }

  /// The kind that is meant by one in other letters, of the same group; nil where it is written as it should be.
  package static func meant(apiVersion: String, kind: String) -> String? {
    guard kinds[kind] == nil, let known = spellings[kind.lowercased()] else { return nil }
    let group = apiVersion.contains("/") ? String(apiVersion.prefix { $0 != "/" }) : ""
    return kinds[known]?.group == group ? known : nil
  }

  private static let spellings = Dictionary(
    kinds.keys.map { ($0.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })

  /// True for the kinds whose objects, where their apiVersion is not served, are taken for what they would be: a rule
  /// tells it, and what they prove is a question.
  static func isTakenAnyway(kind: String) -> Bool {
    guard let known = kinds[kind] else { return true }
    return ["", "apps", "batch", "apps.openshift.io", "cis.f5.com", "porter.devops.gov.bc.ca"]
      .contains(known.group)
  }

  /// True for the kinds of this table.
  package static func knows(kind: String) -> Bool { kinds[kind] != nil }

  /// True for the kinds of this table, and for others that are widely known.
  package static func isWidelyKnown(kind: String) -> Bool { kinds[kind] != nil || clusterScoped[kind] != nil }
}

/// A document that is meant for an API server and that none would take as what it seems to be.
package struct DoubtfulManifest: Sendable {
  /// What is wrong, after "this Service".
  package let fault: String
  package let kind: String
  package let namespace: String?
  /// Nil where that is what is missing.
  package let name: String?
  package let place: Node
  package let remedy: String
  /// True where nothing of it is in force: policies and routes that the cluster refuses.
  package private(set) var isLeftOut = false

  /// OpenShift's kind whose objects are none yet.
  package static let template = "Template"

  /// The kind of a document that names none.
  package static let anyKind = "object"

  /// Nil for an object that is whole, and for what was never meant to be one.
  package init?(_ node: Node) {
    guard node.kind == .mapping else { return nil }
    let (version, kind) = (node["apiVersion"], node["kind"])
    let name = node.at("metadata", "name")
    let hasName = name.map { $0.isScalar && !$0.isNull } ?? false
    namespace = node.at("metadata", "namespace")?.string
    self.name = hasName ? name?.text : nil
    if let version = version?.string, let kindText = kind?.string {
      let meant = ServedVersions.meant(apiVersion: version, kind: kindText)
      self.kind = meant ?? kindText
      if kindText == Self.template, version.hasPrefix("template.openshift.io/") || version == "v1",
        node["objects"]?.kind == .sequence
      {
        fault = "holds objects that are made only when it is processed"
        place = name ?? node
        remedy = "put what 'oc process' prints there, or pipe it into 'linkwright record'"
        return
      }
      if let meant, let kind {
        fault = "is written '\(kindText)', which no API server knows"
        place = kind
        remedy = "write 'kind: \(meant)'"
        return
      }
      guard ServedVersions.knows(kind: kindText) else { return nil }
      if let wanted = ServedVersions.wanted(apiVersion: version, kind: kindText) {
        fault = "has apiVersion '\(version)', under which no API server serves it"
        place = node["apiVersion"] ?? node
        remedy = "write 'apiVersion: \(wanted)'"
        isLeftOut = !ServedVersions.isTakenAnyway(kind: kindText)
        return
      }
      if let (value, known) = Self.unknownValue(node, kindText, version) {
        fault = "says '\(value.text)', which no API server takes"
        place = value
        remedy = didYouMean(value.text, among: known) ?? "the values are \(listed(known))"
        isLeftOut = true
        return
      }
      guard !hasName, node.at("metadata", "generateName") == nil else { return nil }
      fault = "has no metadata.name"
      place = name ?? kind ?? node
      remedy = "name it"
      return
    }
    // One of the two is missing: a manifest only where the rest says so.
    guard hasName, version == nil || kind == nil, let known = version ?? kind else { return nil }
    self.kind = kind?.string ?? Self.anyKind
    if kind == nil {
      guard node["spec"] != nil || node["data"] != nil else { return nil }
    } else if !ServedVersions.knows(kind: self.kind) {
      return nil
    }
    fault = version == nil ? "has no apiVersion" : "has no kind"
    place = known
    remedy = version == nil ? "write its apiVersion" : "write its kind"
  }

  /// The first value that is none of those the kind's schema lists, of the kinds whose policies are read without one.
  private static func unknownValue(_ node: Node, _ kind: String, _ version: String) -> (Node, [String])? {
    guard version.hasPrefix("security.istio.io/") else { return nil }
    let spec = node["spec"]
    let found: [Node]
    let known: [String]
    switch kind {
    case "AuthorizationPolicy":
      known = ["ALLOW", "DENY", "AUDIT", "CUSTOM"]
      found = [spec?["action"]].compactMap { $0 }
    case "PeerAuthentication":
      known = ["UNSET", "DISABLE", "PERMISSIVE", "STRICT"]
      let ports = spec?["portLevelMtls"]?.entries.map { $1["mode"] } ?? []
      found = ([spec?.at("mtls", "mode")] + ports).compactMap { $0 }
    default: return nil
    }
    return found.first { $0.isScalar && !$0.isNull && !known.contains($0.text) }.map { ($0, known) }
  }
}
