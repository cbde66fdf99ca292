package import Diagnostics
package import FleetSpec
package import Kubernetes
import YAMLTree

/// A plain directory of manifests as one cluster.
package struct ManifestNetwork: Sendable {
  package private(set) var network: ClusterNetwork
  package private(set) var services: [Service] = []
  package private(set) var findings: [Diagnostic] = []
  /// The workload behind each pod of the network; nil for the platform's.
  package private(set) var workloads: [Workload?] = []
  private var numbers: [String: Int] = [:]
  private var endpoints: [NamespacedName: [IPAddress]] = [:]
  private var primaryNetworks = PrimaryNetworks()
  private var secondaryNetworks = SecondaryNetworks()
  private var namespaceManifests: [String: Manifest] = [:]

  private let surroundings: Surroundings
  /// What Ingresses and Routes lead to.
  package private(set) var publications: [Publication] = []
  /// The pod that stands for a router that nobody knows; nil where nothing is published.
  package private(set) var ingressController: Int?

  /// Pods that operators make of objects among the manifests: labels that policies may well select by.
  private(set) var operatorPods: [(namespace: String, labels: Labels)] = []

  /// What a fleet says of a cluster beside its manifests.
  package struct Surroundings: Sendable {
    package var clusterName: String?
    /// The document that names its networks.
    package var cluster: Cluster?
    /// Policies that the platform puts into every namespace.
    package var baseline: [Manifest] = []
    /// False where nobody has said which those are.
    package var knowsBaseline = true
    /// Which policies are somebody's own, to be checked; nil for all. The numbers are places among the policies
    /// of the manifests.
    package var checkedPolicies: Range<Int>?
    /// The namespaces whose policies are checked, beside those of the whole cluster; nil for all.
    package var checkedNamespaces: Set<String>?
    /// Whether a pod's node reaches it whatever policies say: `ClusterNetwork.admitsLocalNode`.
    package var admitsLocalNode = false

    package init() {}
  }

  /// Reads objects in the order of their files. Objects without a namespace are in `default`, where kubectl
  /// puts them.
  package init(
    _ manifests: [Manifest], profile: NetworkProfile, platform: PlatformNamespaces? = nil,
    surroundings: Surroundings = Surroundings()
  ) {
    self.surroundings = surroundings
    network = ClusterNetwork(profile: profile)
    network.clusterName = surroundings.clusterName
    network.admitsLocalNode = surroundings.admitsLocalNode
    if let cluster = surroundings.cluster { network.takeNetworks(of: cluster) }
    for manifest in manifests where manifest.kind == "Namespace" && manifest.apiVersion == "v1" {
      addNamespace(manifest)
    }
    var seen: [ObjectIdentity: Manifest] = [:]
    for manifest in manifests where manifest.kind != "Namespace" {
      addOperatorPods(manifest)
      if SecondaryNetworks.isPolicy(manifest) {
        secondaryNetworks.add(
          policy: manifest, namespace: number(ofNamespace: manifest.namespace ?? "default"))
        continue
      }
      let policy = PolicyKind(manifest)
      // Of two manifests of one workload the first counts; two policies of one name are an error.
      if policy == nil {
        if let first = seen[manifest.identity] {
          reportTwice(manifest, first)
          continue
        }
        seen[manifest.identity] = manifest
      }
      if let policy { add(manifest, policy) } else { add(manifest) }
    }
    addBaseline(surroundings.baseline)
    // np-guard's conventions know no doubt.
    if !surroundings.knowsBaseline, profile.name != NetworkProfile.npGuard {
      network.unlistedNamespaces = network.namespaces.indices
    }
    network.take(primaryNetworks)
    network.services = services.map { ServiceFacts($0, addresses: endpoints[$0.key]) }
    if let platform {
      network.add(platform)
      workloads += Array(repeating: nil, count: network.pods.count - workloads.count)
    }
    if profile.name == NetworkProfile.npGuard { addIngressController() }
    findings += PolicyChecks(network, where: isChecked).findings
    for (index, manifest) in network.policies.enumerated() where isChecked(index) {
      if case .opaque? = PolicyKind(manifest) { reportNotEvaluated(manifest) }
    }
    reportWithoutEffect()
    if profile.name == NetworkProfile.npGuard { findings += leftOut() }
  }

  /// Networks beside the cluster's own, with the pods on them.
  package var attachedNetworks: [SecondaryNetworks.Attached] { secondaryNetworks.attached(in: network) }

  /// Gateways of install.tetrate.io: their pods carry `app: <name>` and the labels of the deployment.
  private mutating func addOperatorPods(_ manifest: Manifest) {
    guard manifest.identity.group == "install.tetrate.io",
      ["Gateway", "IngressGateway", "EgressGateway", "Tier1Gateway"].contains(manifest.kind)
    else { return }
    let own = Labels(manifest.node.at("spec", "kubeSpec", "deployment", "labels"))
    operatorPods.append(
      (
        manifest.namespace ?? "default",
        own["app"] == nil ? own.setting("app", to: manifest.name) : own
      ))
  }

  /// Whether findings about a policy are wanted.
  func isChecked(_ policy: Int) -> Bool {
    guard surroundings.checkedPolicies?.contains(policy) ?? true else { return false }
    let namespace = network.policyNamespaces[policy]
    guard namespace != ClusterNetwork.clusterScope, let names = surroundings.checkedNamespaces else {
      return true
    }
    return names.contains(network.namespaces[namespace].name)
  }

  /// Once per kind: the first of its policies stands for all.
  private mutating func reportWithoutEffect() {
    var reported: Set<String> = []
    for (index, manifest) in network.policies.enumerated() where isChecked(index) {
      let enforced: Ternary
      switch PolicyKind(manifest) {
      case .cilium?, .ciliumClusterwide?: enforced = network.profile.enforcesCiliumPolicies
      case .admin?, .adminBaseline?, .cluster?: enforced = network.profile.enforcesAdminPolicies
      case .network?, .opaque?, nil: continue
      }
      guard enforced != .yes, reported.insert(manifest.kind).inserted else { continue }
      let doubt =
        enforced == .no
        ? "have no effect with the profile '\(network.profile.name)'"
        : "may have no effect: the profile '\(network.profile.name)' does not tell"
      let profiles = NetworkProfile.all.filter {
        (manifest.identity.group == "cilium.io" ? $0.enforcesCiliumPolicies : $0.enforcesAdminPolicies)
          == .yes
      }
      findings.append(
        Diagnostic(
          ReachabilityRules.withoutEffect, "objects of kind \(manifest.kind) \(doubt)",
          at: manifest.nameNode.range, enforced == .no ? "left out" : "what it concerns depends on it",
          help: ["profiles that know them: \(listed(profiles.map(\.name)))"]))
    }
  }

  /// A policy of the baseline stands in every namespace, unless the namespace has one of its name.
  private mutating func addBaseline(_ baseline: [Manifest]) {
    guard !baseline.isEmpty else { return }
    var known: Set<NamespacedName> = []
    for (policy, namespace) in zip(network.policies, network.policyNamespaces)
    where PolicyKind(policy) == .network {
      known.insert(NamespacedName(network.namespaces[namespace].name, policy.name))
    }
    for index in network.namespaces.indices {
      for policy in baseline
      where !known.contains(NamespacedName(network.namespaces[index].name, policy.name)) {
        network.policies.append(policy)
        network.policyNamespaces.append(index)
      }
    }
  }

  /// np-guard takes the router that serves Ingresses and Routes for a pod without labels in a namespace of its own.
  private mutating func addIngressController() {
    guard !publications.isEmpty else { return }
    network.namespaces.append(NamespaceFacts(name: "ingress-controller-ns"))
    ingressController = network.pods.count
    network.pods.append(
      PodFacts(
        namespace: network.namespaces.count - 1, name: "ingress-controller", kind: "Pod", labels: Labels(),
        isPlatform: true))
    workloads.append(nil)
  }

  private mutating func reportTwice(_ manifest: Manifest, _ first: Manifest) {
    guard !first.node.isEqual(to: manifest.node) else { return }
    findings.append(
      Diagnostic(
        ReachabilityRules.manifestTwice,
        "\(manifest.identity.description) stands twice with different content", at: manifest.nameNode.range,
        "again, different; applied later, it would replace the first",
        also: [Label(first.nameNode.range, "first here; this one is used")], help: ["remove one"]))
  }

  private mutating func reportNotEvaluated(_ manifest: Manifest) {
    findings.append(
      Diagnostic(
        ReachabilityRules.notEvaluated, "\(manifest.identity.description) is not evaluated",
        at: manifest.nameNode.range,
        network.profile.name == NetworkProfile.npGuard ? "left out" : "what it may concern depends on it"))
  }

  private mutating func addNamespace(_ manifest: Manifest) {
    if let first = namespaceManifests[manifest.name] {
      reportTwice(manifest, first)
      return
    }
    namespaceManifests[manifest.name] = manifest
    numbers[manifest.name] = network.namespaces.count
    network.namespaces.append(NamespaceFacts(name: manifest.name, labels: manifest.labels))
    if let value = manifest.node.at("metadata", "labels")?[NamespaceFacts.nameLabel],
      value.text != manifest.name
    {
      findings.append(
        Diagnostic(
          ReachabilityRules.namespaceNameLabel,
          "namespace \(manifest.name) cannot be labelled as '\(value.text)'",
          at: value.range, "the API server writes '\(manifest.name)'", help: ["remove the label"]))
    }
  }

  private mutating func number(ofNamespace name: String) -> Int {
    if let known = numbers[name] { return known }
    numbers[name] = network.namespaces.count
    network.namespaces.append(NamespaceFacts(name: name, knowsLabels: false))
    return network.namespaces.count - 1
  }

  private mutating func add(_ manifest: Manifest, _ kind: PolicyKind) {
    network.policies.append(manifest)
    network.policyNamespaces.append(
      kind.isClusterwide(manifest)
        ? ClusterNetwork.clusterScope : number(ofNamespace: manifest.namespace ?? "default"))
  }

  private mutating func add(_ manifest: Manifest) {
    let namespace = manifest.namespace ?? "default"
    primaryNetworks.add(manifest, namespace: namespace)
    secondaryNetworks.add(manifest, namespace: namespace)
    if let (service, addresses) = ServiceFacts.endpoints(manifest, namespace: namespace) {
      endpoints[service, default: []] += addresses
    } else if let group = AddressGroup(manifest) {
      network.addressGroups.append(group)
    } else if manifest.apiVersion == "v1", manifest.kind == "Service" {
      services.append(Service(manifest, namespace: namespace))
      if Self.hasIPv6(manifest) { network.hasIPv6Services = true }
    } else if let found = Publication.all(manifest, namespace: namespace) {
      publications += found
    } else if let pod = Workload.podNode(of: manifest) ?? Self.virtualMachine(manifest) ?? other(manifest) {
      add(Workload(manifest, pod: pod, namespace: namespace), in: number(ofNamespace: namespace))
    }
  }

  /// A Service of the family IPv6, or of both. One that would rather have both says nothing about the cluster.
  private static func hasIPv6(_ service: Manifest) -> Bool {
    let spec = service.node["spec"]
    let addresses = [spec?["clusterIP"]] + (spec?["clusterIPs"]?.elements.map { $0 } ?? [])
    return spec?["ipFamilyPolicy"]?.string == "RequireDualStack"
      || spec?["ipFamilies"]?.elements.contains { $0.string == "IPv6" } ?? false
      || addresses.contains { $0?.string.flatMap { IPAddress($0) }?.isIPv6 ?? false }
  }

  private static func virtualMachine(_ manifest: Manifest) -> Node? {
    manifest.kind == "VirtualMachine" ? manifest.node.at("spec", "template") : nil
  }

  /// Kinds of others that make pods of a template where Deployments have theirs: Argo's Rollout, OpenKruise's CloneSet,
  /// Knative's Service. np-guard does not know them.
  private func other(_ manifest: Manifest) -> Node? {
    guard network.profile.name != NetworkProfile.npGuard,
      let template = manifest.node.at("spec", "template"),
      let containers = template.at("spec", "containers"), containers.kind == .sequence
    else { return nil }
    return template
  }

  private mutating func add(_ workload: Workload, in namespace: Int) {
    var ports = workload.namedPorts
    // np-guard takes the first port of a name.
    if network.profile.name == NetworkProfile.npGuard {
      var names: Set<String> = []
      ports = ports.filter { names.insert($0.name).inserted }
    }
    let owner = workload.kind == "Pod" ? owner(of: workload.manifest) : nil
    let status = workload.kind == "Pod" ? workload.manifest.node["status"] : nil
    var addresses = status?["podIPs"]?.elements.compactMap { IPAddress($0["ip"]?.text ?? "") } ?? []
    if addresses.isEmpty, let address = IPAddress(status?["podIP"]?.text ?? "") { addresses = [address] }
    var pod = PodFacts(
      namespace: namespace, name: owner?["name"]?.text ?? workload.key.name,
      kind: owner?["kind"]?.text ?? workload.kind,
      labels: labels(workload),
      runtimeLabels: network.profile.assumesNoOtherLabels ? [] : Self.runtimeLabels(workload),
      namedPorts: ports,
      isHostNetwork: workload.isHostNetwork, addresses: addresses,
      serviceAccount: workload.pod.at("spec", "serviceAccountName")?.string ?? "default")
    if owner?["name"] != nil { pod.podName = workload.key.name }
    secondaryNetworks.add(workload, pod: network.pods.count)
    network.pods.append(pod)
    workloads.append(workload)
  }

  /// What makes a pod. A node is no workload: a static pod stands for itself. Whoever controls the pod comes first; for
  /// np-guard nobody else counts.
  private func owner(of pod: Manifest) -> Node? {
    let owners = (pod.node.at("metadata", "ownerReferences")?.elements.map { $0 } ?? [])
      .filter { $0["kind"]?.text != "Node" }
    let controller = owners.first { $0["controller"]?.boolean == true }
    return network.profile.name == NetworkProfile.npGuard ? controller : controller ?? owners.first
  }

  /// The labels of a workload's pods. The name of a Job is a label of its pods.
  private func labels(_ workload: Workload) -> Labels {
    guard workload.kind == "Job", !network.profile.assumesNoOtherLabels else { return workload.podLabels }
    return Self.jobNames.reduce(workload.podLabels) { labels, key in
      labels[key] == nil ? labels.setting(key, to: workload.key.name) : labels
    }
  }

  private static let jobNames = ["job-name", "batch.kubernetes.io/job-name"]

  /// Labels that controllers add to the pods they make. A manifest of a running Pod has them already.
  static func runtimeLabels(_ workload: Workload) -> [RuntimeLabel] {
    let keys: [String]
    switch workload.kind {
    case "Deployment", "ReplicaSet": keys = ["pod-template-hash"]
    case "StatefulSet":
      keys = [
        "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "controller-revision-hash",
      ]
    case "DaemonSet": keys = ["controller-revision-hash", "pod-template-generation"]
    case "Job": keys = ["controller-uid", "batch.kubernetes.io/controller-uid"]
    case "CronJob": keys = jobNames + ["controller-uid", "batch.kubernetes.io/controller-uid"]
    default: keys = []
    }
    return keys.map { RuntimeLabel(key: $0, values: nil) }
  }
}
