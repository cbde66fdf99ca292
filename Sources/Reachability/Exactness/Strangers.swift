import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Pods that are in no manifest, put into a namespace's network to see whether emitted policies let them pass.
struct Strangers {
  /// A pod with its name in findings.
  struct Stranger {
    let pod: PeerPod
    let words: String
  }

  private(set) var all: [Stranger]
  private let meshName: String?
  private let own: String

  /// - Parameters:
  ///   - emitted: the emitted policies.
  ///   - known: pods of other places that connections need.
  ///   - labels: labels of the namespace's own pods.
  init(
    _ emitted: [KnownObject], besides known: [PeerPod], _ labels: [Labels], in namespace: String,
    _ meshName: String?
  ) {
    self.meshName = meshName
    own = namespace
    all = [
      Stranger(
        pod: PeerPod(
          id: "stranger", namespace: "another-namespace", knowsNamespaceLabels: true, name: "any pod",
          kind: "Pod"),
        words: "pods of any other namespace")
    ]
    if meshName != nil {
      all.append(
        Stranger(
          pod: PeerPod(
            id: "remote stranger", namespace: namespace, knowsNamespaceLabels: true, name: "any pod",
            kind: "Pod",
            isRemote: true, meshCluster: "another-cluster"),
          words: "pods of any other cluster of the mesh"))
    }
    var seen: Set<String> = []
    for policy in emitted {
      for (list, key) in [("ingress", "from"), ("egress", "to")] {
        for rule in policy.node["spec"]?[list]?.elements.map({ $0 }) ?? [] {
          for peer in rule[key]?.elements.map({ $0 }) ?? [] where peer["ipBlock"] == nil {
            add(peer, known, labels, &seen)
          }
          for selector in rule["\(key)Endpoints"]?.elements.map({ $0 }) ?? [] {
            addEndpoint(selector, known, labels, &seen)
          }
        }
      }
    }
  }

  /// A pod that carries what a selector of Cilium's asks for. Namespaces are labels there.
  private mutating func addEndpoint(
    _ selector: Node, _ known: [PeerPod], _ labels: [Labels], _ seen: inout Set<String>
  ) {
    let all = LabelSelector(selector).requirements
    let wanted = Self.labels(LabelSelector(requirements: all)).items.map {
      label -> (key: String, value: String) in
      (label.key.hasPrefix("k8s:") ? String(label.key.dropFirst(4)) : label.key, label.value)
    }
    let description = "endpoints \(wanted.map { "\($0.key)=\($0.value)" }.joined(separator: ","))"
    guard !wanted.isEmpty, seen.insert(description).inserted else { return }
    var place = Labels()
    var carried = Labels()
    var namespace: String?
    for (key, value) in wanted {
      if key == Self.namespaceKey {
        namespace = value
      } else if key.hasPrefix(Self.namespaceLabelsKey) {
        place = place.setting(String(key.dropFirst(Self.namespaceLabelsKey.count)), to: value)
        namespace = namespace ?? "another-namespace"
      } else {
        carried = carried.setting(key, to: value)
      }
    }
    let name = namespace ?? own
    place = place.setting(NamespaceFacts.nameLabel, to: name)
    let isKnown = known.contains { pod in
      pod.namespace == name
        && carried.items.allSatisfy { label in
          label.key == Self.clusterLabel
            ? label.value == (pod.isRemote ? pod.meshCluster : meshName)
            : pod.labels[label.key] == label.value
        }
    }
    let isOwn = name == own && labels.contains { own in carried.items.allSatisfy { own[$0.key] == $0.value } }
    guard !isKnown, !isOwn else { return }
    let cluster = carried[Self.clusterLabel]
    let words = carried.isEmpty ? "all pods" : "pods with \(carried.description)"
    self.all.append(
      Stranger(
        pod: PeerPod(
          id: "stranger \(description)", namespace: name, namespaceLabels: place, knowsNamespaceLabels: true,
          name: "a pod", kind: "Pod", labels: carried, isRemote: cluster != nil && cluster != meshName,
          meshCluster: cluster),
        words: name == own ? words : "\(words) of namespace \(name)"))
  }

  /// A pod that carries what a peer selects, where the peer is about nobody who is needed.
  private mutating func add(_ peer: Node, _ known: [PeerPod], _ labels: [Labels], _ seen: inout Set<String>) {
    let namespaces = peer["namespaceSelector"].map { LabelSelector($0) }
    let pods = LabelSelector(peer["podSelector"])
    let description = "\(namespaces?.description ?? "-") \(pods.description)"
    guard seen.insert(description).inserted else { return }
    let isKnown = known.contains { pod in
      let place = pod.namespaceLabels.setting(NamespaceFacts.nameLabel, to: pod.namespace)
      let cluster = pod.isRemote ? pod.meshCluster : meshName
      let all = cluster.map { pod.labels.setting(Self.clusterLabel, to: $0) } ?? pod.labels
      return (namespaces?.matches(place) ?? (pod.namespace == own)) && pods.matches(all)
    }
    let isOwn =
      namespaces?.matches(Labels([NamespaceFacts.nameLabel: own])) ?? true
      && labels.contains(where: pods.matches)
    guard !isKnown, !isOwn else { return }
    var place = Self.labels(namespaces)
    let name = place[NamespaceFacts.nameLabel] ?? (namespaces == nil ? own : "another-namespace")
    place = place.setting(NamespaceFacts.nameLabel, to: name)
    let carried = Self.labels(pods)
    let cluster = carried[Self.clusterLabel]
    all.append(
      Stranger(
        pod: PeerPod(
          id: "stranger \(description)", namespace: name, namespaceLabels: place, knowsNamespaceLabels: true,
          name: "a pod", kind: "Pod", labels: carried, isRemote: cluster != nil && cluster != meshName,
          meshCluster: cluster),
        words: words(namespaces, pods)))
  }

  private static let namespaceKey = "io.kubernetes.pod.namespace"
  private static let namespaceLabelsKey = "io.cilium.k8s.namespace.labels."
  private static let clusterLabel = "io.cilium.k8s.policy.cluster"

  private func words(_ namespaces: LabelSelector?, _ pods: LabelSelector) -> String {
    let who = pods.selectsEverything ? "all pods" : "pods with \(pods.description)"
    guard let namespaces else { return who }
    return "\(who) of namespaces with \(namespaces.description)"
  }

  /// Labels that meet a selector.
  private static func labels(_ selector: LabelSelector?) -> Labels {
    var labels = Labels()
    for requirement in selector?.requirements ?? [] {
      switch requirement {
      case .isIn(let key, let values): labels = labels.setting(key, to: values.first ?? "")
      case .exists(let key): labels = labels.setting(key, to: "any")
      case .notIn, .doesNotExist: break
      }
    }
    return labels
  }
}
