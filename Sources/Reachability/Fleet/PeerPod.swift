package import Kubernetes

/// Pods outside a namespace that its policies meet: the platform's, or those of another cluster of a mesh.
package struct PeerPod: Sendable {
  /// Tells peers apart; equal ids mean equal pods.
  package let id: String
  package let namespace: String
  /// What is known of the namespace's labels beside its name.
  package let namespaceLabels: Labels
  /// False where the namespace may have other labels as well.
  package let knowsNamespaceLabels: Bool
  package let name: String
  package let kind: String
  package let labels: Labels
  package let runtimeLabels: [RuntimeLabel]
  package let namedPorts: [NamedPort]
  package let isHostNetwork: Bool
  /// In another cluster of a mesh.
  package let isRemote: Bool
  /// The name of that other cluster in the mesh.
  package let meshCluster: String?
  package let serviceAccount: String?
  /// The selector by which a connection means the pods, whatever else their manifests say; nil where none does.
  package let meaning: LabelSelector?

  package init(
    id: String, namespace: String, namespaceLabels: Labels = Labels(), knowsNamespaceLabels: Bool = false,
    name: String, kind: String, labels: Labels = Labels(), runtimeLabels: [RuntimeLabel] = [],
    namedPorts: [NamedPort] = [], isHostNetwork: Bool = false, isRemote: Bool = false,
    meshCluster: String? = nil, serviceAccount: String? = nil, meaning: LabelSelector? = nil
  ) {
    self.id = id
    self.namespace = namespace
    self.namespaceLabels = namespaceLabels
    self.knowsNamespaceLabels = knowsNamespaceLabels
    self.name = name
    self.kind = kind
    self.labels = labels
    self.runtimeLabels = runtimeLabels
    self.namedPorts = namedPorts
    self.isHostNetwork = isHostNetwork
    self.isRemote = isRemote
    self.meshCluster = meshCluster
    self.serviceAccount = serviceAccount
    self.meaning = meaning
  }
}

/// Pods of a namespace that a connection means: those of a workload, with labels that they carry while the
/// connection reaches them or comes from them.
package struct SubjectPod: Sendable {
  /// Tells subjects of one namespace apart.
  let id: String
  /// Nil where no manifest makes such pods.
  let workload: Workload?
  let labels: Labels
  /// True where the pods have no other labels than these, though no manifest makes them.
  var knowsLabels = false

  /// `Deployment db`, or `pods with app=db`.
  var description: String {
    workload?.description ?? (labels.isEmpty ? "pods" : "pods with \(labels.description)")
  }

  /// The number that a target port means in the pods; nil for a name that no container declares.
  func number(of target: PortReference, _ transport: TransportProtocol) -> Int? {
    if let workload { return workload.number(of: target, transport) }
    if case .number(let number) = target { return number }
    return nil
  }
}

/// Who a hop's next hop takes for the sender.
package enum Sender: Sendable {
  /// The client itself, with its own address: nothing has rewritten it yet.
  case client
  /// Pods with their own identities: all of them must be admitted.
  case pods([PeerPod], description: String)
  /// A part of the platform, in every guise in which it may arrive: it is admitted for sure where all of them are. Where
  /// some are, or one of the others, or addresses of nodes, it depends.
  case platform(PeerPod, guises: [PeerPod], others: [PeerPod], description: String)
  /// Addresses that are no pod's: all of them must be admitted.
  case networks([IPNetwork], description: String)
  /// Nobody can say: proved only where everyone is admitted.
  case unknown(description: String)
  /// Somebody of another cluster, with an address that nobody knows: never a pod of the namespace itself.
  case outside(description: String)

  package var description: String {
    switch self {
    case .client: "the client's own address"
    case .pods(_, let text), .platform(_, _, _, let text), .networks(_, let text), .unknown(let text),
      .outside(let text):
      text
    }
  }

  /// True for senders whose addresses nobody knows.
  var isOfUnknownAddress: Bool {
    switch self {
    case .unknown, .outside: true
    case .client, .pods, .platform, .networks: false
    }
  }

  /// The pods among them.
  var pods: [PeerPod] {
    switch self {
    case .pods(let peers, _): peers
    case .platform(let peer, _, _, _): [peer]
    case .client, .networks, .unknown, .outside: []
    }
  }
}
