import Kubernetes
import YAMLTree

/// A policy, or one of the `specs` of a Cilium policy, with the defaults of its API applied, strings still
/// strings. What reads each kind stands in a file of its own (`…Reading.swift`).
struct PolicyRules: Sendable {
  /// When a policy is asked.
  enum Stage: Sendable, Hashable {
    /// Before all others, by priority; the first rule that matches decides.
    case admin(priority: Int)
    /// All together: what is denied is denied; isolated pods need a rule that allows.
    case policy
    /// After all others, for what nobody has decided.
    case baseline(priority: Int)
    /// May allow, deny or neither.
    case opaque
  }

  /// Whom a policy is about.
  enum Subject: Sendable, Hashable {
    /// Pods of the policy's namespace; the profile says whether host-network pods are among them.
    case pods(LabelSelector)
    /// Pods, never those of the host network.
    case endpoints(EndpointSelector)
    /// Every pod of the policy's scope, which is not read.
    case anyone
    /// Nodes, and what runs in their network.
    case hosts
  }

  enum Action: Sendable, Hashable {
    case allow
    case deny
    /// Leaves the decision to the next stage.
    case pass
  }

  /// One direction of a policy.
  struct Section: Sendable {
    /// What no rule allows is denied.
    let isolates: Bool
    let rules: [Rule]
  }

  struct Rule: Sendable {
    /// Nil: everyone.
    let peers: [Peer]?
    /// Nil: every port of every protocol.
    let ports: [Port]?
    var action = Action.allow
    /// Why the rule may have less effect than it says; empty where it surely has.
    var doubts: OpenQuestions = []
    let node: Node
    /// `ingress`, `egressDeny`, and the place in that list, from 1.
    let list: StaticString
    let number: Int

    /// `ingress rule 2`, of admin policies with the name that it may have.
    var name: String {
      let own = node["name"]?.string.map { " '\($0)'" } ?? ""
      return "\(list) rule \(number)\(own)"
    }
  }

  enum Peer: Sendable, Hashable {
    /// The cluster requirements are those of `podSelector` that name Cilium's label.
    case pods(
      namespaceSelector: LabelSelector?, podSelector: LabelSelector?, cluster: [LabelSelector.Requirement])
    /// Cilium's and admin policies': never host-network pods.
    case endpoints(EndpointSelector)
    case block(AddressBlock)
    /// Cilium's CIDR rules: never pods.
    case outside(AddressBlock)
    /// Admin policies' networks: whoever has such an address.
    case networks(AddressBlock)
    case entities(CiliumEntities)
    /// Cilium's `toServices`.
    case services(ServicePeers)
    /// Somebody whom only the running cluster knows, and what that is called.
    case somebody(pods: Bool, nodes: Bool, addresses: Bool, OpenQuestions = .liveFacts)
    /// Not valid: matches nothing.
    case nothing
  }

  enum Port: Sendable, Hashable {
    case numbers(TransportProtocol, IntervalSet<UInt16>)
    case name(TransportProtocol, String)
    /// Not valid: matches nothing.
    case nothing
  }

  /// The policy's place among those of the network.
  let manifest: Int
  /// Nil: the whole cluster.
  let namespace: Int?
  let stage: Stage
  let subject: Subject
  /// Whether policies of this kind have an effect at all.
  var enforced = Ternary.yes
  /// Nil where the policy says nothing about that direction.
  let ingress: Section?
  let egress: Section?

  /// The same policy, if it selected nobody.
  var withoutEffect: PolicyRules {
    PolicyRules(
      manifest: manifest, namespace: namespace, stage: stage, subject: .endpoints(.nobody), ingress: nil,
      egress: nil)
  }

  /// True where a rule is about addresses that pods may have, whatever the profile says.
  var looksAtPodAddresses: Bool {
    ((ingress?.rules ?? []) + (egress?.rules ?? [])).contains { rule in
      (rule.peers ?? []).contains { if case .networks = $0 { true } else { false } }
    }
  }

  /// True where a rule names a range of IPv6, `::/0` and Cilium's `world-ipv6` among them. Everybody is no range.
  var namesIPv6: Bool {
    ((ingress?.rules ?? []) + (egress?.rules ?? [])).contains { rule in
      (rule.peers ?? []).contains { peer in
        switch peer {
        case .block(let block), .outside(let block), .networks(let block): !block.ipv6.isEmpty
        case .entities(let entities): entities.contains(.worldIPv6) && !entities.contains(.worldIPv4)
        case .services(let services): !services.addresses.ipv6.isEmpty
        case .pods, .endpoints, .somebody, .nothing: false
        }
      }
    }
  }

  func section(_ direction: NetworkPolicy.Direction) -> Section? {
    direction == .ingress ? ingress : egress
  }

  /// The rules of a policy: one for most, several for a Cilium policy with `specs`, none where the kind decides
  /// nothing.
  static func all(
    _ manifest: Manifest, number: Int, namespace: Int, network: borrowing ClusterNetwork
  ) -> [PolicyRules] {
    let scope = namespace == ClusterNetwork.clusterScope ? nil : namespace
    switch PolicyKind(manifest) {
    case .network?:
      guard let scope else { return [] }
      return [PolicyRules(networkPolicy: manifest, number: number, namespace: scope)]
    case .cilium?, .ciliumClusterwide?:
      let name = scope.map { network.namespaces[$0].name }
      return CiliumPolicyReading.all(
        manifest, number: number, namespace: scope, name: name, network: network)
    case .admin?, .adminBaseline?, .cluster?:
      return [
        AdminPolicyReading.rules(
          manifest, number: number, enforced: network.profile.enforcesAdminPolicies,
          leavesOut: network.profile.name == NetworkProfile.npGuard)
      ]
    case .opaque(let egressOnly)?:
      // np-guard's conventions know one answer, and leave these kinds out.
      if network.profile.name == NetworkProfile.npGuard { return [] }
      let nothing = Section(isolates: false, rules: [])
      return [
        PolicyRules(
          manifest: number, namespace: scope, stage: .opaque, subject: .anyone, enforced: .depends,
          ingress: egressOnly ? nil : nothing, egress: nothing)
      ]
    case nil:
      guard network.isSecondary, let scope else { return [] }
      // np-guard takes MultiNetworkPolicies for enforced; nothing else here says so.
      var rules = PolicyRules(networkPolicy: manifest, number: number, namespace: scope)
      rules.enforced = network.profile.name == NetworkProfile.npGuard ? .yes : .depends
      return [rules]
    }
  }
}

/// A selector over all that a plugin knows of an endpoint: labels of the pod, of its namespace, its cluster.
struct EndpointSelector: Sendable, Hashable {
  /// Requirements of the namespace, its name among them (as its name label).
  var namespaces = LabelSelector(requirements: [])
  var pods = LabelSelector(requirements: [])
  /// Requirements of the cluster's name, by Cilium's label.
  var cluster: [LabelSelector.Requirement] = []
}
