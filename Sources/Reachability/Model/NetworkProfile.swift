package import Diagnostics
import Kubernetes
import YAMLTree

/// What a network plugin does where the NetworkPolicy API leaves it open: the files of `Profiles/`, each answer with its
/// origin.
///
/// A switch that is `depends` makes `may` and `must` differ, and the difference is reported with its reason.
package struct NetworkProfile: Sendable, Hashable {
  package let name: String
  /// One line for help texts.
  package let summary: String
  /// An ipBlock is compared with the addresses of pods.
  package var ipBlockMatchesPods = Ternary.depends
  /// An ipBlock is compared with the addresses of nodes.
  package var ipBlockMatchesNodes = Ternary.depends
  /// `networks` of an admin policy are compared with the addresses of pods, those of the host network among them.
  package var networksMatchPods = Ternary.depends
  /// A host-network pod is isolated and selected as any other pod. Otherwise it is part of its node.
  package var hostNetworkIsPod = Ternary.depends
  /// A peer with namespaceSelector alone includes host-network traffic of those namespaces.
  package var namespaceSelectorIncludesHostNetwork = Ternary.depends
  /// A peer with namespaceSelector and an empty podSelector includes host-network traffic.
  package var emptyPodSelectorIncludesHostNetwork = Ternary.depends
  /// Selectors of a plain NetworkPolicy also match pods of the other clusters of a mesh.
  package var selectorsCrossClusters = Ternary.depends
  /// An egress rule is compared with the address behind a Service, not with the Service's own. Where a packet is
  /// rewritten before or after policies look at it is not defined by the API.
  package var egressSeesEndpoints = Ternary.depends
  /// Egress rules have an effect.
  package var enforcesEgress = Ternary.depends
  /// An ipBlock with `except` has an effect.
  package var enforcesExcept = Ternary.depends
  /// CiliumNetworkPolicies have an effect, and pods carry Cilium's own labels (their cluster's name).
  package var enforcesCiliumPolicies = Ternary.depends
  /// Pods of different primary networks (UserDefinedNetworks of OVN-Kubernetes) do not meet.
  package var isolatesPrimaryNetworks = Ternary.depends
  /// Cilium's `toServices` means the pods that the selectors of the Services select.
  package var servicesSelectPods = Ternary.depends
  /// AdminNetworkPolicies, the baseline policy and ClusterNetworkPolicies have an effect.
  package var enforcesAdminPolicies = Ternary.depends
  /// A namespace without a manifest has no labels but its name. False: its other labels are not known.
  package var assumesNoOtherLabels = false

  /// Every switch by its name in the files and in a Cluster; `assumesNoOtherLabels` is a convention of lists, not of a
  /// plugin, and knows no `depends`.
  package static let switches:
    [(name: String, value: any WritableKeyPath<NetworkProfile, Ternary> & Sendable)] = [
      ("ipBlockMatchesPods", \.ipBlockMatchesPods), ("ipBlockMatchesNodes", \.ipBlockMatchesNodes),
      ("networksMatchPods", \.networksMatchPods), ("hostNetworkIsPod", \.hostNetworkIsPod),
      ("namespaceSelectorIncludesHostNetwork", \.namespaceSelectorIncludesHostNetwork),
      ("emptyPodSelectorIncludesHostNetwork", \.emptyPodSelectorIncludesHostNetwork),
      ("selectorsCrossClusters", \.selectorsCrossClusters), ("egressSeesEndpoints", \.egressSeesEndpoints),
      ("enforcesEgress", \.enforcesEgress), ("enforcesExcept", \.enforcesExcept),
      ("enforcesCiliumPolicies", \.enforcesCiliumPolicies),
      ("isolatesPrimaryNetworks", \.isolatesPrimaryNetworks),
      ("servicesSelectPods", \.servicesSelectPods), ("enforcesAdminPolicies", \.enforcesAdminPolicies),
    ]

  /// What the program brings along: `kubernetes` first, then by name.
  package static let all: [NetworkProfile] = files.map(\.profile).sorted {
    ($0.name != kubernetesName ? 1 : 0, $0.name) < ($1.name != kubernetesName ? 1 : 0, $1.name)
  }

  /// What is wrong with the files; a test keeps it empty.
  package static let faults: [String] = files.flatMap(\.faults)

  private static let files = EmbeddedResources.files(in: "Profiles").map(read)
  private static let kubernetesName = "kubernetes"

  /// Only what the API itself says.
  package static let kubernetes =
    named(kubernetesName) ?? NetworkProfile(name: kubernetesName, summary: "every answer depends")

  /// The name of the profile that follows np-guard's conventions.
  package static let npGuard = "np-guard"

  /// The profile with a name.
  package static func named(_ name: String) -> NetworkProfile? { all.first { $0.name == name } }

  // MARK: Files

  /// Reads a file. A switch that it does not answer, or not rightly, depends and is among the faults.
  package static func read(_ file: SourceFile) -> (profile: NetworkProfile, faults: [String]) {
    let parsed = Tree.parse(file)
    let root = parsed.tree.root
    var faults = parsed.findings.map(\.message)
    func text(_ key: String) -> String {
      if let text = root?[key]?.string, !text.isEmpty { return text }
      faults.append("'\(key)' is missing")
      return ""
    }
    var profile = NetworkProfile(name: text("profile"), summary: text("summary"))
    if file.path.split(separator: "/").last.map(String.init) != "\(profile.name).yaml" {
      faults.append("the file is not named after profile '\(profile.name)'")
    }
    var unread = Set(root?["switches"]?.entries.map { $0.key.text } ?? [])
    let known = ["profile", "summary", "switches"]
    if let root {
      for (key, _) in root.entries where !known.contains(key.text) {
        faults.append("nobody reads '\(key.text)'")
      }
    }
    func answer(_ name: String) -> Ternary? {
      unread.remove(name)
      guard let node = root?["switches"]?[name], node["origin"]?.string?.isEmpty == false,
        node.count == 2, let answer = Ternary(answer: node["answer"])
      else {
        faults.append("\(name): an answer (true, false, depends) and its origin are expected")
        return nil
      }
      return answer
    }
    for (name, path) in switches {
      if let answer = answer(name) { profile[keyPath: path] = answer }
    }
    switch answer("assumesNoOtherLabels") {
    case .depends?: faults.append("assumesNoOtherLabels: a list either assumes it or does not")
    case let other: profile.assumesNoOtherLabels = other == .yes
    }
    faults += unread.sorted().map { "there is no switch '\($0)'" }
    return (profile, faults.map { "\(file.path): \($0)" })
  }
}

extension Ternary {
  /// An answer as files and Cluster documents write it; nil for anything else.
  init?(answer node: Node?) {
    if let boolean = node?.boolean {
      self.init(boolean)
    } else if node?.string == "depends" {
      self = .depends
    } else {
      return nil
    }
  }
}

extension EmbeddedResources {
  /// The YAML files of one of the module's directories of data.
  static func files(in directory: String) -> [SourceFile] {
    files.filter { "\($0.path)".contains("/\(directory)/") && "\($0.path)".hasSuffix(".yaml") }.map { file in
      SourceFile(
        path: "\(file.path)",
        bytes: Array(UnsafeBufferPointer(start: file.text.utf8Start, count: file.text.utf8CodeUnitCount)))
    }
  }
}
