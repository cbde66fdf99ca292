package import Kubernetes

/// A namespace, as far as selectors see it.
package struct NamespaceFacts: Sendable {
  package let name: String
  package let labels: Labels
  /// False where no manifest tells the labels: then every label but the name may or may not be there.
  package let knowsLabels: Bool
  /// In another cluster of the mesh: never a subject here.
  package let isRemote: Bool
  /// The name of that other cluster in the mesh; nil where not known.
  package let cluster: String?
  /// The primary network of its pods; nil for the cluster's own.
  package var primaryNetwork: String?

  package init(
    name: String, labels: Labels = Labels(), knowsLabels: Bool = true, isRemote: Bool = false,
    cluster: String? = nil
  ) {
    self.name = name
    self.labels = labels
    self.knowsLabels = knowsLabels
    self.isRemote = isRemote
    self.cluster = cluster
  }
}

/// A label that a controller sets while a pod runs.
package struct RuntimeLabel: Sendable, Hashable {
  package let key: String
  /// What it may be; nil where any value is possible.
  package let values: [String]?

  package init(key: String, values: [String]?) {
    self.key = key
    self.values = values
  }
}

/// A container's named port.
package struct NamedPort: Sendable, Hashable {
  package let name: String
  package let number: UInt16
  package let transport: TransportProtocol

  package init(name: String, number: UInt16, transport: TransportProtocol) {
    self.name = name
    self.number = number
    self.transport = transport
  }
}

extension Workload {
  /// The named ports of its pods, as policies and Services look them up.
  package var namedPorts: [NamedPort] {
    containerPorts.compactMap { port in
      guard let name = port.name, let number = UInt16(exactly: port.number), number > 0 else { return nil }
      return NamedPort(name: name, number: number, transport: port.transport)
    }
  }
}

/// A pod, or the pods of one template: what one end of a connection is inside the cluster.
package struct PodFacts: Sendable {
  /// Index into the namespaces of the network.
  package let namespace: Int
  package let name: String
  /// The kind of what makes the pods, for reports: `Deployment`.
  package let kind: String
  package let labels: Labels
  package let runtimeLabels: [RuntimeLabel]
  package let namedPorts: [NamedPort]
  package let isHostNetwork: Bool
  /// Empty where the manifests do not tell.
  package let addresses: [IPAddress]
  /// Stands for a part of the platform (router, host network) that is in no repository.
  package let isPlatform: Bool
  /// The pods' service account; nil where not known.
  package let serviceAccount: String?
  /// The name of the pod's own manifest, where `name` is its owner's.
  package var podName: String?

  package init(
    namespace: Int, name: String, kind: String, labels: Labels, runtimeLabels: [RuntimeLabel] = [],
    namedPorts: [NamedPort] = [], isHostNetwork: Bool = false, addresses: [IPAddress] = [],
    isPlatform: Bool = false, serviceAccount: String? = nil
  ) {
    self.namespace = namespace
    self.name = name
    self.kind = kind
    self.labels = labels
    self.runtimeLabels = runtimeLabels
    self.namedPorts = namedPorts
    self.isHostNetwork = isHostNetwork
    self.addresses = addresses
    self.isPlatform = isPlatform
    self.serviceAccount = serviceAccount
  }
}

/// One end of a connection.
package enum Endpoint: Sendable, Hashable {
  /// Index into the pods of the network.
  case pod(Int)
  /// An address that is no pod's.
  case address(IPAddress)
}

/// One cluster as NetworkPolicy sees it: the input of both evaluators.
package struct ClusterNetwork: Sendable {
  package var profile: NetworkProfile
  package var namespaces: [NamespaceFacts]
  package var pods: [PodFacts]
  /// NetworkPolicies, Cilium's and admin policies, and those of kinds that are not evaluated: what the latter
  /// may concern depends.
  package var policies: [Manifest]
  /// The namespace of each policy; index into `namespaces`, or `clusterScope`.
  package var policyNamespaces: [Int]
  /// Where the pods' addresses lie; empty where not known.
  package var podNetworks: [IPNetwork]
  /// Where the nodes' addresses lie; empty where not known.
  package var nodeNetworks: [IPNetwork]
  /// The addresses of the Kubernetes API server; empty where not known.
  package var apiServerNetworks: [IPNetwork] = []
  /// A node reaches its own pods whatever policies say, and a host-network pod may be on any node. False where policies
  /// alone are asked.
  package var admitsLocalNode = false
  /// The cluster's name in its mesh; nil where not known.
  package var clusterName: String?
  /// Namespaces into which the platform may put policies that nobody has listed: whatever no known policy isolates
  /// there may be isolated.
  package var unlistedNamespaces = 0..<0
  /// The Services that are known, for policies that name Services.
  package var services: [ServiceFacts] = []
  /// The groups of addresses that are known, for policies that name groups.
  package var addressGroups: [AddressGroup] = []
  /// A Service has an address of IPv6, or asks for one.
  package var hasIPv6Services = false

  /// Not the cluster's own network but one beside it (`SecondaryNetworks`): its policies are MultiNetworkPolicies.
  package var isSecondary = false

  /// Stands for a namespace where a policy is of the whole cluster.
  package static let clusterScope = -1

  package init(
    profile: NetworkProfile, namespaces: [NamespaceFacts] = [], pods: [PodFacts] = [],
    policies: [Manifest] = [],
    policyNamespaces: [Int] = [], podNetworks: [IPNetwork] = [], nodeNetworks: [IPNetwork] = []
  ) {
    self.profile = profile
    self.namespaces = namespaces
    self.pods = pods
    self.policies = policies
    self.policyNamespaces = policyNamespaces
    self.podNetworks = podNetworks
    self.nodeNetworks = nodeNetworks
  }

  /// `ns/name`, as messages name pods.
  package func description(of pod: Int) -> String {
    "\(namespaces[pods[pod].namespace].name)/\(pods[pod].name)"
  }
}

/// May and must of one pair.
package struct PairAnswer: Sendable, Hashable {
  package var may: PortSet
  package var must: PortSet

  package init(may: PortSet, must: PortSet) {
    self.may = may
    self.must = must
  }
}
