import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// One namespace of one cluster with its policies evaluated: its own pods, and whomever its connections meet.
///
/// NetworkPolicy only ever selects pods of its own namespace, so a namespace is judged on its own, and all of them
/// in parallel. A class: walks share them.
package final class NamespaceSlice: Sendable {
  /// Names a slice.
  package struct Key: Hashable, Sendable {
    package let cluster: String
    package let namespace: String
  }

  /// A policy with where it stands.
  struct Policy: Sendable {
    let object: KnownObject
    /// In the platform's baseline.
    var isBaseline = false
    /// Of the whole cluster.
    var isClusterwide = false
  }

  let cluster: JudgedCluster
  let namespace: String
  let engine: PolicyEngine
  /// The policies of `engine.network`, in its order.
  let policies: [Policy]
  /// The subjects, in the order of the network's first pods.
  let subjects: [SubjectPod]
  private let subjectNumbers: [String: Int]
  private let peerNumbers: [String: Int]
  /// Pods of other places that connections meet.
  let peerPods: [PeerPod]
  /// The pods of the platform's DNS.
  let resolvers: [Int]
  /// Pods that are in no manifest, with their names in findings; only where policies are emitted.
  let strangers: [Int: String]
  /// The classes that those pods fall into.
  let strangerClasses: IntervalSet<Int32>
  /// True where what connections need is compared with what policies open: some are emitted, or one that somebody wrote
  /// may admit everybody.
  let isCompared: Bool

  /// Linear in pods and policies of the namespace, and in the pods that each policy selects.
  init(_ cluster: JudgedCluster, _ namespace: String, subjects extra: [SubjectPod], peers: [PeerPod]) {
    self.cluster = cluster
    self.namespace = namespace
    let policies = Self.policies(cluster, namespace)
    self.policies = policies
    var network = ClusterNetwork(profile: cluster.profile)
    network.takeNetworks(of: cluster.model.cluster)
    let manifest = cluster.model.declared.namespaces[namespace]
    network.namespaces.append(
      NamespaceFacts(
        name: namespace, labels: manifest?.labels ?? Labels(), knowsLabels: manifest != nil))
    var subjects = cluster.workloads(in: namespace).map(SubjectPod.init)
    var numbers: [String: Int] = [:]
    for (number, subject) in subjects.enumerated() { numbers[subject.id] = number }
    for subject in extra where numbers[subject.id] == nil {
      numbers[subject.id] = subjects.count
      subjects.append(subject)
    }
    self.subjects = subjects
    subjectNumbers = numbers
    let looked = Self.selectedKeys(policies)
    network.pods = subjects.map { Self.pod($0, looked) }
    var peerNumbers: [String: Int] = [:]
    var namespaces: [String: Int] = [:]
    for peer in peers where peerNumbers[peer.id] == nil {
      peerNumbers[peer.id] = network.pods.count
      Self.add(peer, to: &network, &namespaces)
    }
    self.peerNumbers = peerNumbers
    peerPods = peers
    resolvers = Self.addResolvers(cluster, to: &network, &namespaces)
    let emitted = policies.map(\.object).filter { $0.evidence == .emitted }
    var strangers: [Int: String] = [:]
    if !emitted.isEmpty {
      let resolver = ClusterResolver(cluster.model.cluster.distribution).pod
      for stranger in Strangers(
        emitted, besides: peers + [resolver], subjects.map(\.labels), in: namespace,
        manifest?.labels ?? Labels(), cluster
      ).all {
        strangers[network.pods.count] = stranger.words
        Self.add(stranger.pod, to: &network, &namespaces)
      }
    }
    self.strangers = strangers
    network.policies = policies.map(\.object.manifest)
    network.policyNamespaces = policies.map { $0.isClusterwide ? ClusterNetwork.clusterScope : 0 }
    network.clusterName = cluster.meshName
    network.takeNamedObjects(of: cluster)
    let engine = PolicyEngine(network)
    self.engine = engine
    var strangerClasses = IntervalSet<Int32>()
    for number in Set(strangers.keys.map { engine.podClass(of: $0) }).sorted() {
      strangerClasses.append(number)
    }
    self.strangerClasses = strangerClasses
    let written = Set(
      policies.indices.filter { policies[$0].object.evidence == .declared && !policies[$0].isBaseline })
    isCompared = !emitted.isEmpty || engine.mayAdmitEverybody(among: written)
  }

  // MARK: What stands in the namespace

  private static func policies(_ cluster: JudgedCluster, _ namespace: String) -> [Policy] {
    namespacedPolicies(cluster, namespace)
      + cluster.clusterwidePolicies.map { Policy(object: $0, isClusterwide: true) }
  }

  /// The policies of a namespace, with those that the platform puts into it.
  static func namespacedPolicies(_ cluster: JudgedCluster, _ namespace: String) -> [Policy] {
    var policies: [Policy] = []
    var names: Set<String> = []
    for policy in cluster.model.declared.policies[namespace] ?? [] {
      names.insert(policy.manifest.name)
      policies.append(
        Policy(object: KnownObject(manifest: policy.manifest, evidence: .declared, subject: nil)))
    }
    for object in cluster.emittedObjects(in: namespace)
    where object.manifest.kind == "NetworkPolicy" && !names.contains(object.name) {
      names.insert(object.name)
      policies.append(Policy(object: object))
    }
    policies += cluster.otherPolicies(in: namespace).map { Policy(object: $0) }
    // What the platform puts into its users' namespaces does not stand where it runs its own DNS.
    guard namespace != ClusterResolver(cluster.model.cluster.distribution).pod.namespace else {
      return policies
    }
    for policy in ClusterModel.standing(cluster.model.baseline?.map(\.manifest) ?? [], besides: names) {
      policies.append(
        Policy(object: KnownObject(manifest: policy, evidence: .declared, subject: nil), isBaseline: true))
    }
    return policies
  }

  /// Label keys by which policies choose the pods that they isolate.
  private static func selectedKeys(_ policies: [Policy]) -> Set<String> {
    var keys: Set<String> = []
    for policy in policies {
      let spec = policy.object.node["spec"]
      for selector in [spec?["podSelector"], spec?["endpointSelector"]] {
        for requirement in LabelSelector(selector).requirements {
          keys.insert(
            requirement.key.hasPrefix("k8s:") ? String(requirement.key.dropFirst(4)) : requirement.key)
        }
      }
    }
    return keys
  }

  /// A subject as policies see it. Of pods that no manifest makes, only the labels are known that the connection
  /// names: whatever else a policy selects by may be there.
  private static func pod(_ subject: SubjectPod, _ looked: Set<String>) -> PodFacts {
    guard let workload = subject.workload else {
      let unknown = subject.knowsLabels ? [] : looked.filter { subject.labels[$0] == nil }.sorted()
      return PodFacts(
        namespace: 0, name: "pods", kind: "Pods", labels: subject.labels,
        runtimeLabels: unknown.map { RuntimeLabel(key: $0, values: nil) })
    }
    return pod(workload, labels: subject.labels, namespace: 0)
  }

  /// The pods of a workload as policies see them.
  static func pod(_ workload: Workload, labels: Labels? = nil, namespace: Int) -> PodFacts {
    let labels = labels ?? workload.podLabels
    let runtime = ManifestNetwork.runtimeLabels(workload).filter { labels[$0.key] == nil }
    return PodFacts(
      namespace: namespace, name: workload.key.name, kind: workload.kind, labels: labels,
      runtimeLabels: runtime, namedPorts: workload.namedPorts, isHostNetwork: workload.isHostNetwork,
      serviceAccount: workload.pod.at("spec", "serviceAccountName")?.string ?? "default")
  }

  // MARK: Whom it meets

  private static func add(
    _ peer: PeerPod, to network: inout ClusterNetwork, _ namespaces: inout [String: Int]
  ) {
    let place = peer.isRemote ? "remote \(peer.meshCluster ?? "") " : ""
    let key = "\(place)\(peer.namespace) \(peer.namespaceLabels.description)"
    let number: Int
    if let known = namespaces[key] {
      number = known
    } else if !peer.isRemote, peer.namespace == network.namespaces[0].name {
      number = 0
    } else {
      number = network.namespaces.count
      network.namespaces.append(
        NamespaceFacts(
          name: peer.namespace, labels: peer.namespaceLabels, knowsLabels: peer.knowsNamespaceLabels,
          isRemote: peer.isRemote, cluster: peer.meshCluster))
      namespaces[key] = number
    }
    network.pods.append(
      PodFacts(
        namespace: number, name: peer.name, kind: peer.kind, labels: peer.labels,
        runtimeLabels: peer.runtimeLabels, namedPorts: peer.namedPorts, isHostNetwork: peer.isHostNetwork,
        isPlatform: !peer.isRemote, serviceAccount: peer.serviceAccount))
  }

  private static func addResolvers(
    _ cluster: JudgedCluster, to network: inout ClusterNetwork, _ namespaces: inout [String: Int]
  ) -> [Int] {
    let resolver = ClusterResolver(cluster.model.cluster.distribution)
    add(resolver.pod, to: &network, &namespaces)
    return [network.pods.count - 1]
  }

  // MARK: Numbers

  /// The number of a subject in the network.
  func number(ofSubject id: String) -> Int? { subjectNumbers[id] }

  /// The number of a peer in the network.
  func number(ofPeer id: String) -> Int? { peerNumbers[id] }

  /// True where all policies of the namespace are known: the cluster says what the platform adds, and what nothing selects
  /// is open.
  var knowsBaseline: Bool { cluster.model.baseline != nil && !cluster.isClosedByDefault }
}

extension SubjectPod {
  /// The pods of a workload as its template makes them.
  init(_ workload: Workload) {
    self.init(id: "\(workload.kind)/\(workload.key.name)", workload: workload, labels: workload.podLabels)
  }
}

/// Who answers the DNS questions of a cluster's pods.
///
/// OpenShift: the DNS operator's DaemonSet, on port 5353 behind its Service (openshift/cluster-dns-operator). Else
/// CoreDNS in kube-system (kubernetes documentation, "Customizing DNS Service").
struct ClusterResolver: Sendable {
  /// The peer's id.
  static let id = "resolver"

  let pod: PeerPod
  let port: UInt16
  /// True where nothing else may answer: on other clusters a cache on the node is a common addition.
  let isSure: Bool

  init(_ distribution: Cluster.Distribution) {
    switch distribution {
    case .openshift:
      pod = PeerPod(
        id: Self.id, namespace: "openshift-dns", name: "dns-default", kind: "Platform",
        labels: Labels(["dns.operator.openshift.io/daemonset-dns": "default"]))
      port = 5353
      isSure = true
    case .kubernetes:
      pod = PeerPod(
        id: Self.id, namespace: "kube-system", name: "coredns", kind: "Platform",
        labels: Labels(["k8s-app": "kube-dns"]))
      port = 53
      isSure = false
    }
  }
}
