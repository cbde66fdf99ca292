import Kubernetes
import YAMLTree

/// Peers of Cilium's policies that stand for other objects: Services, and groups of addresses.
extension NaiveEvaluator {
  /// One item of `toServices`.
  func service(_ item: Node, _ other: Endpoint) -> Ternary {
    let anybody = somebody(other, pods: true, nodes: true, addresses: true)
    var best = Ternary.no
    var isSettled = false
    for service in network.services {
      if let wanted = item["k8sServiceSelector"], !wanted.isNull {
        guard isIn(wanted["namespace"], service),
          NaiveSelector.matches(
            wanted["selector"],
            possibleValues: { key in [service.labels.items.first { $0.key == key }?.value] }) == .yes
        else { continue }
      } else {
        guard let wanted = item["k8sService"], isIn(wanted["namespace"], service),
          wanted["serviceName"]?.text == service.key.name
        else { continue }
        isSettled = wanted["namespace"]?.string?.isEmpty == false
      }
      best = greatest(best, reaches(service, other) ?? anybody)
    }
    return isSettled ? best : greatest(best, anybody)
  }

  private func isIn(_ namespace: Node?, _ service: ServiceFacts) -> Bool {
    guard let name = namespace?.string, !name.isEmpty else { return true }
    return name == service.key.namespace
  }

  /// Nil where nobody tells where the Service leads to.
  private func reaches(_ service: ServiceFacts, _ other: Endpoint) -> Ternary? {
    guard let selector = service.selector else {
      guard let addresses = service.addresses else { return nil }
      return addresses.reduce(Ternary.no) {
        greatest($0, outside(NaiveBlock(ranges: [$1.description]), other))
      }
    }
    guard case .pod(let index) = other else { return .no }
    let pod = network.pods[index]
    let namespace = network.namespaces[pod.namespace]
    guard namespace.name == service.key.namespace, !pod.isHostNetwork else { return .no }
    var answer = network.profile.servicesSelectPods
    for (key, value) in selector.items.map({ ($0.key, $0.value) }) {
      if key.contains(".") { answer = least(answer, .depends) }
      let possible = values(of: key, in: pod) ?? [nil, value]
      let isAnything = possible.contains(NaiveSelector.wildcard[0])
      guard isAnything || possible.contains(value) else { return .no }
      if isAnything || possible.contains(where: { $0 != value }) { answer = least(answer, .depends) }
    }
    return namespace.isRemote ? least(answer, .depends) : answer
  }

  /// An item of `fromCIDRSet` that names a group, by name or by labels.
  func group(_ item: Node, _ other: Endpoint) -> Ternary {
    let exceptions = item["except"]?.elements.compactMap { IPNetwork($0.text) } ?? []
    let anybody = somebody(other, pods: false, nodes: false, addresses: true)
    var best = Ternary.no
    var isSettled = false
    for group in network.addressGroups {
      if let name = item["cidrGroupRef"], !name.isNull {
        guard name.text == group.name else { continue }
        isSettled = true
      } else {
        guard
          NaiveSelector.matches(
            item["cidrGroupSelector"],
            possibleValues: { key in [group.labels.items.first { $0.key == key }?.value] }) == .yes
        else { continue }
      }
      best = greatest(best, outside(NaiveBlock(ranges: group.networks, exceptions: exceptions), other))
    }
    return isSettled ? best : greatest(best, anybody)
  }
}
