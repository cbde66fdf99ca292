package import Diagnostics
package import FleetSpec
package import Kubernetes
package import YAMLTree

/// The Kubernetes objects of one file, read once. Files are independent, so they are read in parallel.
package struct ManifestFacts: Sendable {
  package private(set) var manifests: [Manifest] = []
  /// What looks like an object and would be none, or not the one that it looks like.
  package private(set) var doubtful: [DoubtfulManifest] = []
  /// Kustomizations: nothing builds them.
  private(set) var kustomizations: [Kustomization] = []
  /// Nil for a file that was read to its end.
  package let unread: UnreadFile?

  /// - Parameter findings: what was said of the file when it was read.
  package init(_ tree: Tree, findings: [Diagnostic] = []) {
    unread = UnreadFile(tree.file, findings: findings)
    for document in tree.documents {
      if let kustomization = Kustomization(document) { kustomizations.append(kustomization) }
      Manifest.objects(in: document) { node, manifest in
        let doubt = DoubtfulManifest(node)
        // What no API server takes is in force nowhere.
        if let manifest, doubt?.isLeftOut != true { manifests.append(manifest) }
        if let doubt { doubtful.append(doubt) }
      }
    }
  }
}

/// What the manifests of one cluster declare.
package struct ClusterFacts: Sendable {
  package private(set) var services: [NamespacedName: Service] = [:]
  package private(set) var workloads: [String: [Workload]] = [:]
  package private(set) var policies: [String: [NetworkPolicy]] = [:]
  /// Cilium's own policies, by namespace.
  package private(set) var ciliumPolicies: [String: [CiliumPolicy]] = [:]
  /// Cilium's policies of the whole cluster, in the order of their files.
  package private(set) var clusterwideCiliumPolicies: [CiliumPolicy] = []
  package private(set) var namespaces: [String: Manifest] = [:]
  private var configMapsByNamespace: [String: [Manifest]] = [:]
  private var endpointsByNamespace: [String: [Manifest]] = [:]
  package private(set) var objects: [ObjectIdentity: Manifest] = [:]
  /// Objects of which two manifests say different things; the first of them counts.
  package private(set) var differing: Set<ObjectIdentity> = []
  /// Namespaced objects whose manifest names no namespace.
  package private(set) var unplaced: [Manifest] = []
  /// In the order of their files.
  package private(set) var doubtful: [DoubtfulManifest] = []
  /// In the order of their files.
  package private(set) var unread: [UnreadFile] = []
  package private(set) var findings: [Diagnostic] = []
  /// What is done to the manifests before they are applied.
  package private(set) var kustomizations = Kustomizations()

  package init() {}

  /// Joins the files of a cluster, in the order of their paths.
  ///
  /// - Parameter isSame: whether two manifests of one object say the same, where their trees differ.
  package init(_ files: [ManifestFacts], isSame: (Manifest, Manifest) -> Bool = { _, _ in false }) {
    kustomizations = Kustomizations(files)
    let count = files.reduce(0) { $0 + $1.manifests.count }
    objects.reserveCapacity(count)
    for file in files {
      for manifest in file.manifests { add(manifest, isSame) }
      doubtful += file.doubtful
      if let unread = file.unread { self.unread.append(unread) }
    }
  }

  /// A file that could not be read and that may declare something of that name.
  package func unread(mayHold name: String) -> UnreadFile? { unread.first { $0.mayHold(name) } }

  private mutating func add(_ manifest: Manifest, _ isSame: (Manifest, Manifest) -> Bool) {
    let identity = manifest.identity
    if let first = objects[identity] {
      if !first.node.isEqual(to: manifest.node), !isSame(manifest, first) { reportTwice(manifest, first) }
      return
    }
    objects[identity] = manifest
    if manifest.kind == "Namespace" {
      namespaces[manifest.name] = manifest
      return
    }
    if manifest.kind == "CiliumClusterwideNetworkPolicy", identity.group == "cilium.io" {
      clusterwideCiliumPolicies += CiliumPolicy.all(manifest)
      return
    }
    guard let namespace = manifest.namespace else {
      if Self.isNamespaced(manifest) { unplaced.append(manifest) }
      return
    }
    switch (identity.group, manifest.kind) {
    case ("", "Service"):
      services[NamespacedName(namespace, manifest.name)] = Service(manifest, namespace: namespace)
    case ("", "ConfigMap"): configMapsByNamespace[namespace, default: []].append(manifest)
    case ("", "Endpoints"), ("discovery.k8s.io", "EndpointSlice"):
      endpointsByNamespace[namespace, default: []].append(manifest)
    case ("networking.k8s.io", "NetworkPolicy"):
      policies[namespace, default: []].append(NetworkPolicy(manifest, namespace: namespace))
    case ("cilium.io", "CiliumNetworkPolicy"):
      ciliumPolicies[namespace, default: []] += CiliumPolicy.all(manifest)
    default:
      if let pod = Workload.podNode(of: manifest) {
        workloads[namespace, default: []].append(Workload(manifest, pod: pod, namespace: namespace))
      }
    }
  }

  /// The kinds that Linkwright interprets and that live in a namespace.
  private static func isNamespaced(_ manifest: Manifest) -> Bool {
    switch manifest.kind {
    case "Service", "NetworkPolicy", "CiliumNetworkPolicy", "Endpoints", "EndpointSlice",
      "TransportServerClaim", "TransportServer":
      true
    default: Workload.podNode(of: manifest) != nil
    }
  }

  private mutating func reportTwice(_ manifest: Manifest, _ first: Manifest) {
    differing.insert(manifest.identity)
    findings.append(
      Diagnostic(
        LinkerRules.objectTwice, "\(manifest.identity.description) stands twice with different content",
        at: manifest.nameNode.range, "again, different",
        also: [Label(first.nameNode.range, "first here; this one is used")],
        help: ["remove one, or exclude its file in spec.sources of linkwright.yaml"]))
  }

  /// The workloads whose pods a Service selects, with labels that controllers add at run time.
  package func pods(of service: Service, runtimeLabels: [String: [String]]) -> [Workload] {
    guard !service.selector.isEmpty else { return [] }
    let selector = LabelSelector(equality: service.selector)
    // Where a controller sets every label, it makes the pods too: no other template can be one of theirs.
    let runtimeLabels = service.hasOnlyRuntimeLabels(runtimeLabels) ? [:] : runtimeLabels
    return (workloads[service.key.namespace] ?? []).filter { workload in
      let ordinals = workload.ordinalLabels(askedBy: service.selector)
      return selector.matches(
        workload.podLabels,
        runtimeLabels: ordinals.isEmpty ? runtimeLabels : runtimeLabels.merging(ordinals) { $0 + $1 })
    }
  }

  /// The ConfigMaps of a namespace, in the order of their files.
  package func configMaps(in namespace: String) -> [Manifest] { configMapsByNamespace[namespace] ?? [] }

  /// The Endpoints and EndpointSlices of a namespace, in the order of their files.
  package func endpoints(in namespace: String) -> [Manifest] { endpointsByNamespace[namespace] ?? [] }

  /// Names of the Services of a namespace, ordered.
  package func serviceNames(in namespace: String) -> [String] {
    services.keys.filter { $0.namespace == namespace }.map(\.name).sorted()
  }

  /// True when the repository knows anything of a namespace.
  package func knows(namespace: String) -> Bool {
    namespaces[namespace] != nil || workloads[namespace] != nil || policies[namespace] != nil
      || services.keys.contains { $0.namespace == namespace }
  }
}

extension Service {
  /// True when controllers set every label of the selector while pods run: no manifest makes these pods.
  package func hasOnlyRuntimeLabels(_ labels: [String: [String]]) -> Bool {
    !selector.isEmpty && selector.items.allSatisfy { labels[$0.key]?.contains($0.value) == true }
  }
}
