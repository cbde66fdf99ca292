import Kubernetes
import YAMLTree

/// What `toServices` of a Cilium policy names: pods by the selectors of Services, addresses where a Service has none
/// (`pkg/policy/k8s/service.go`).
struct ServicePeers: Sendable, Hashable {
  /// Selectors of Services that are surely meant.
  private(set) var sure: [EndpointSelector] = []
  private(set) var perhaps: [EndpointSelector] = []
  private(set) var addresses = AddressBlock([])
  /// False where Services may be meant that no manifest tells, or that lead to unknown addresses.
  private(set) var isComplete = true

  var selectors: [EndpointSelector] { sure + perhaps }

  init(_ items: [Node], among services: [ServiceFacts]) {
    for item in items {
      let named = item["k8sServiceSelector"].flatMap { $0.isNull ? nil : $0 }
      guard let reference = named ?? item["k8sService"] else {
        isComplete = false
        continue
      }
      let namespace = reference["namespace"]?.string.flatMap { $0.isEmpty ? nil : $0 }
      let labels = named.map { LabelSelector($0["selector"]) }
      let found = services.filter { service in
        guard namespace.map({ $0 == service.key.namespace }) ?? true else { return false }
        return labels?.matches(service.labels) ?? (service.key.name == reference["serviceName"]?.text)
      }
      // By labels, or in any namespace, there may be more than the manifests tell.
      if labels != nil || namespace == nil || found.isEmpty { isComplete = false }
      for service in found { add(service) }
    }
  }

  private mutating func add(_ service: ServiceFacts) {
    if let selector = service.selector {
      let pods = EndpointSelector(
        namespaces: LabelSelector(requirements: [.name(service.key.namespace)]),
        pods: LabelSelector(equality: selector),
        // Whether the pods of other clusters are meant too is not told: some cluster's they are.
        cluster: [.exists(key: CiliumLabels.cluster)])
      // Releases before March 2026 do not find labels with dots in their keys (cilium/cilium#41151).
      if selector.items.contains(where: { $0.key.utf8.contains(UInt8(ascii: ".")) }) {
        perhaps.append(pods)
      } else {
        sure.append(pods)
      }
    } else if let known = service.addresses {
      for address in known { addresses.add(address) }
    } else {
      isComplete = false
    }
  }
}

extension EvaluationTables {
  /// Pods, and addresses that are no pod's.
  mutating func evaluate(_ services: ServicePeers) -> TermAnswer {
    let outside = evaluateOutside(services.addresses)
    var (may, must) = (peerSets[outside.may], peerSets[outside.must])
    var questions = outside.questions
    let gate = profile.servicesSelectPods
    if gate == .depends, !services.selectors.isEmpty { questions.insert(.serviceSelectors) }
    for (selectors, isSure) in [(services.sure, true), (services.perhaps, false)] where gate.may {
      for selector in selectors {
        let found = answer(PeerTerm(.endpoints(selector), policyNamespace: nil))
        let (perhaps, sure) = (peerSets[found.may], peerSets[found.must])
        may = may.union(perhaps)
        questions.formUnion(found.questions)
        if !isSure, !perhaps.isEmpty { questions.insert(.serviceSelectors) }
        let local = PeerSet(classes: sure.classes.intersection(localClasses))
        if local != sure { questions.insert(.otherClusters) }
        if isSure, gate.must { must = must.union(local) }
      }
    }
    if !services.isComplete {
      let anybody = somebody(pods: true, nodes: true, addresses: true, .services)
      may = may.union(peerSets[anybody.may])
      questions.insert(.services)
    }
    return intern(may, must, questions)
  }
}
