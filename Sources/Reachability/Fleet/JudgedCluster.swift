import Diagnostics
package import FleetSpec
package import Kubernetes
package import Linker
import YAMLTree

/// One cluster as it will be: manifests that exist or were recorded, what this compile emits, what the platform
/// puts into every namespace, and what the cluster answered.
///
/// A class because every walk holds some.
package final class JudgedCluster: Sendable {
  package let model: ClusterModel
  package let profile: NetworkProfile
  let emitted: [ObjectIdentity: KnownObject]
  private let emittedByNamespace: [String: [KnownObject]]
  let patches: [ObjectIdentity: KnownObject]
  private let fragments: [String: EmittedFragment]
  private let fragmentRoots: [String: Node]
  /// Declared and emitted objects of the kinds that systems ask for.
  private let byKind: [String: [KnownObject]]
  /// Policies of other kinds than NetworkPolicy, by namespace.
  private let policiesByNamespace: [String: [KnownObject]]
  /// Policies of the whole cluster.
  let clusterwidePolicies: [KnownObject]
  /// True where a manifest of the cluster is a policy of another kind than NetworkPolicy.
  package let declaresOtherPolicies: Bool
  /// Groups of addresses that Cilium's policies may name.
  let addressGroups: [AddressGroup]
  let primaryNetworks: PrimaryNetworks
  /// The Services that ask for a node port, of those whose manifests name some.
  let nodePorts: [Int: [NamespacedName]]
  /// The Services that take what is sent to an address outside, by their `externalIPs`.
  let externalAddresses: [IPAddress: [Service]]
  /// True where Cilium shuts every pod that no policy selects: `enable-policy: always` in its ConfigMap.
  let isClosedByDefault: Bool

  package var name: String { model.name }

  /// Linear in the objects of the cluster.
  init(
    _ model: ClusterModel, emitted: [EmittedObject], fragments: [EmittedFragment],
    indexing kinds: Set<String>,
    reading names: Set<String>
  ) {
    self.model = model
    profile = NetworkProfile.of(model.cluster)
    var groups: [AddressGroup] = []
    var networks = PrimaryNetworks()
    var nodePorts: [Int: [NamespacedName]] = [:]
    var externalAddresses: [IPAddress: [Service]] = [:]
    for service in model.declared.services.values {
      for port in service.ports {
        guard let number = port.nodePort, nodePorts[number]?.contains(service.key) != true else { continue }
        nodePorts[number, default: []].append(service.key)
      }
      for text in service.manifest.node.at("spec", "externalIPs")?.elements ?? Elements.none {
        if let address = IPAddress(text.text) { externalAddresses[address, default: []].append(service) }
      }
    }
    self.externalAddresses = externalAddresses.mapValues { services in
      services.sorted { ($0.key.namespace, $0.key.name) < ($1.key.namespace, $1.key.name) }
    }
    isClosedByDefault = Self.closesByDefault(model)
    self.nodePorts = nodePorts.mapValues { $0.sorted() }
    var objects: [ObjectIdentity: KnownObject] = [:]
    var byNamespace: [String: [KnownObject]] = [:]
    var patches: [ObjectIdentity: KnownObject] = [:]
    var byKind: [String: [KnownObject]] = [:]
    var policies: [KnownObject] = []
    // Once over all objects, which come by the ten thousand.
    for (identity, manifest) in model.declared.objects {
      if identity.kind == "CiliumCIDRGroup", let group = AddressGroup(manifest) { groups.append(group) }
      networks.add(manifest, namespace: manifest.namespace ?? "default")
      let isPolicy = identity.group != "networking.k8s.io" && PolicyKind(manifest) != nil
      let isIndexed = kinds.contains(identity.kind)
      guard isPolicy || isIndexed else { continue }
      let known = KnownObject(manifest: manifest, evidence: .declared, subject: nil)
      if isPolicy { policies.append(known) }
      if isIndexed { byKind[identity.kind, default: []].append(known) }
    }
    addressGroups = groups.sorted { $0.name < $1.name }
    primaryNetworks = networks
    declaresOtherPolicies = !policies.isEmpty
    for object in emitted {
      let known = KnownObject(
        manifest: object.manifest, evidence: .emitted, subject: object.subject,
        connections: object.connections, template: object.template)
      let identity = object.manifest.identity
      if object.isPatch {
        patches[identity] = known
        continue
      }
      // Of two units that emit one object, which is an error, the first counts for whoever looks.
      guard objects[identity] == nil else { continue }
      objects[identity] = known
      if identity.group != "networking.k8s.io", PolicyKind(object.manifest) != nil,
        model.declared.objects[identity] == nil
      {
        policies.append(known)
      }
      if let namespace = identity.namespace { byNamespace[namespace, default: []].append(known) }
      if kinds.contains(identity.kind), model.declared.objects[identity] == nil {
        byKind[identity.kind, default: []].append(known)
      }
    }
    self.emitted = objects
    emittedByNamespace = byNamespace
    self.patches = patches
    self.fragments = Dictionary(fragments.map { ($0.name, $0) }) { first, _ in first }
    var roots: [String: Node] = [:]
    for fragment in fragments where names.contains(fragment.name) && roots[fragment.name] == nil {
      roots[fragment.name] = Tree.parse(SourceFile(path: fragment.name, bytes: fragment.content)).tree.root
    }
    fragmentRoots = roots
    self.byKind = byKind.mapValues(Self.inOrder)
    var policiesByNamespace: [String: [KnownObject]] = [:]
    var clusterwide: [KnownObject] = []
    for policy in Self.inOrder(policies) {
      if PolicyKind(policy.manifest)?.isClusterwide(policy.manifest) ?? false {
        clusterwide.append(policy)
      } else {
        policiesByNamespace[policy.manifest.namespace ?? "default", default: []].append(policy)
      }
    }
    self.policiesByNamespace = policiesByNamespace
    clusterwidePolicies = clusterwide
  }

  private static func closesByDefault(_ model: ClusterModel) -> Bool {
    let namespace = model.cluster.node.at("spec", "cilium", "namespace")?.string ?? "kube-system"
    let map = ObjectIdentity(group: "", kind: "ConfigMap", namespace: namespace, name: "cilium-config")
    let known = model.observed.objects[map] ?? model.declared.objects[map]
    return known?.node.at("data", "enable-policy")?.text == "always"
  }

  private static func inOrder(_ objects: [KnownObject]) -> [KnownObject] {
    objects.sorted {
      ($0.manifest.namespace ?? "", $0.manifest.name, $0.manifest.kind)
        < ($1.manifest.namespace ?? "", $1.manifest.name, $1.manifest.kind)
    }
  }

  // MARK: Objects

  /// An object that stands or will stand: a manifest, or what this compile emits.
  package func object(_ apiVersion: String, _ kind: String, _ namespace: String?, _ name: String)
    -> KnownObject?
  {
    let identity = ObjectIdentity(apiVersion: apiVersion, kind: kind, namespace: namespace, name: name)
    if let manifest = model.declared.objects[identity] {
      return KnownObject(manifest: manifest, evidence: .declared, subject: nil)
    }
    return emitted[identity]
  }

  /// What the cluster answered about an object.
  package func observed(_ apiVersion: String, _ kind: String, _ namespace: String?, _ name: String)
    -> KnownObject?
  {
    let identity = ObjectIdentity(apiVersion: apiVersion, kind: kind, namespace: namespace, name: name)
    return model.observed.objects[identity].map {
      KnownObject(manifest: $0, evidence: .observed, subject: nil)
    }
  }

  /// Policies of Cilium that a template of the fleet's own makes, in order. Linear in what is emitted.
  var policiesOfTemplates: [KnownObject] {
    Self.inOrder(
      emitted.values.filter {
        $0.template != nil
          && ["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"].contains($0.manifest.kind)
      })
  }

  /// All objects of a kind that the system asks for in `kinds`, by namespace and name.
  package func objects(ofKind kind: String) -> [KnownObject] { byKind[kind] ?? [] }

  /// What this compile emits into a namespace, in the order of its units.
  package func emittedObjects(in namespace: String) -> [KnownObject] { emittedByNamespace[namespace] ?? [] }

  /// What this compile writes into `fragments/` of the cluster.
  package func fragment(_ name: String) -> EmittedFragment? { fragments[name] }

  /// The root of a fragment among those that systems read as YAML.
  func fragmentRoot(_ name: String) -> Node? { fragmentRoots[name] }

  /// Everything that this compile writes into `fragments/` of the cluster, by name.
  package var fragmentsInOrder: [EmittedFragment] { fragments.values.sorted { $0.name < $1.name } }

  /// An annotation as it will be once patches of this compile are applied.
  package func annotation(_ key: String, of object: KnownObject) -> String? {
    if let patch = patches[object.manifest.identity], let value = patch.manifest.annotation(key) {
      return value
    }
    return object.manifest.annotation(key)
  }

  /// True where this compile writes patches for objects of somebody else.
  package var hasPatches: Bool { !patches.isEmpty }

  /// The patch that this compile writes for an object of somebody else.
  package func patch(of identity: ObjectIdentity) -> KnownObject? { patches[identity] }

  /// A Service that stands or will stand.
  package func service(_ key: NamespacedName) -> (service: Service, object: KnownObject)? {
    if let service = model.declared.services[key] {
      return (service, KnownObject(manifest: service.manifest, evidence: .declared, subject: nil))
    }
    guard let object = object("v1", "Service", key.namespace, key.name) else { return nil }
    return (Service(object.manifest, namespace: key.namespace), object)
  }

  /// The Endpoints and EndpointSlices of a namespace: declared, then emitted, then observed.
  package func endpoints(in namespace: String) -> [KnownObject] {
    let declared = model.declared.endpoints(in: namespace).map {
      KnownObject(manifest: $0, evidence: .declared, subject: nil)
    }
    let emitted = emittedObjects(in: namespace).filter {
      // What stands there already keeps what is emitted out.
      ($0.manifest.kind == "Endpoints" || $0.manifest.kind == "EndpointSlice")
        && model.declared.objects[$0.manifest.identity] == nil
    }
    let observed = model.observed.endpoints(in: namespace).map {
      KnownObject(manifest: $0, evidence: .observed, subject: nil)
    }
    return declared + emitted + observed
  }

  /// Policies of a namespace of other kinds than NetworkPolicy, in order.
  func otherPolicies(in namespace: String) -> [KnownObject] { policiesByNamespace[namespace] ?? [] }

  /// The cluster's name in its mesh; nil where it is in none.
  package var meshName: String? {
    guard let cilium = model.cluster.node.at("spec", "cilium") else { return nil }
    return cilium["name"]?.text ?? name
  }

  /// The workloads of a namespace, in the order of their files.
  package func workloads(in namespace: String) -> [Workload] { model.declared.workloads[namespace] ?? [] }
}

extension ClusterNetwork {
  /// Takes over what a Cluster document says of its networks; what is no network is reported elsewhere.
  mutating func takeNetworks(of cluster: Cluster) {
    podNetworks = cluster.podCIDRs.compactMap { IPNetwork($0.value) }
    nodeNetworks = cluster.nodeCIDRs.compactMap { IPNetwork($0.value) }
    apiServerNetworks = cluster.apiServerCIDRs.compactMap { IPNetwork($0.value) }
  }
}

extension NetworkProfile {
  /// The profile of a cluster: the one that it names, else what its distribution or its network brings, with the
  /// switches that the Cluster answers itself.
  package static func of(_ cluster: Cluster) -> NetworkProfile {
    var profile = unchanged(cluster)
    guard let answers = cluster.node.at("spec", "network", "switches") else { return profile }
    for (name, path) in switches {
      if let answer = Ternary(answer: answers[name]) { profile[keyPath: path] = answer }
    }
    return profile
  }

  private static func unchanged(_ cluster: Cluster) -> NetworkProfile {
    if let name = cluster.node.at("spec", "network", "profile")?.string, let profile = named(name) {
      return profile
    }
    if let version = cluster.node.at("spec", "cilium", "chartVersion")?.string {
      let numbers = version.split(separator: ".").compactMap { Int($0) }
      let minor = numbers.first == 1 ? numbers.dropFirst().first ?? 0 : Int.max
      var profile = named(minor < 19 ? "cilium-1.18" : "cilium-1.19") ?? kubernetes
      // From 1.18 on the agent's option policy-default-local-cluster says it; 1.19 changed its default.
      if minor >= 18,
        let local = cluster.node.at("spec", "cilium", "policyDefaultLocalCluster")?.boolean
      {
        profile.selectorsCrossClusters = Ternary(!local)
      }
      return profile
    }
    return cluster.distribution == .openshift ? named("ovn-kubernetes") ?? kubernetes : kubernetes
  }
}
